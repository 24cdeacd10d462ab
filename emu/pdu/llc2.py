"""IEEE 802.2 LLC type 2: the frames of a data link (facts/netbeui.md 1.2).

What a link station says to another.  The addresses (MAC and SAP) belong to the link, not to
the frame; whether it is a command or a response is the low bit of the SSAP and is kept here.
Control fields are modulo 128 ("extended") always: no sender of ours knows modulo 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

#: Numbers N(S), N(R), V(S), V(R) count modulo 128 (IEEE 802.2 5.3.2).
MODULUS = 128

SAP_NETBIOS = 0xF0

#: Why a frame was rejected (facts/netbeui.md 1.2, the flag octet of FRMR).
REJECT_CONTROL = 0x01  # W: bad or unimplemented control field
REJECT_INFO_NOT_ALLOWED = 0x02  # X
REJECT_INFO_TOO_LONG = 0x04  # Y
REJECT_RECEIVE_NUMBER = 0x08  # Z: N(R) was never sent
REJECT_SEND_NUMBER = 0x10  # V: N(S) is outside the window


class UnnumberedKind(IntEnum):
    """The control octet with P/F = 0."""

    UI = 0x03
    DM = 0x0F
    DISC = 0x43
    UA = 0x63
    SABME = 0x6F
    FRMR = 0x87
    XID = 0xAF
    TEST = 0xE3


class SupervisoryKind(IntEnum):
    """The first control octet."""

    RR = 0x01
    RNR = 0x05
    REJ = 0x09


@dataclass(frozen=True, slots=True, kw_only=True)
class Unnumbered:
    """A U frame.  ``poll_final``: P of a command, F of a response."""

    kind: UnnumberedKind
    poll_final: bool
    response: bool
    info: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisory:
    """An S frame.  ``nr``: N(R), 0..127, the next number expected."""

    kind: SupervisoryKind
    nr: int
    poll_final: bool
    response: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """An I frame.  ``ns``, ``nr``: 0..127.  ``poll``: P, or F of an I frame that responds.

    802.2 allows I responses; no capture has one (facts/netbeui.md 1.2), so ``response`` is
    False unless somebody says otherwise.
    """

    ns: int
    nr: int
    poll: bool
    data: bytes
    response: bool = False


Llc2Pdu = Unnumbered | Supervisory | Information


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameReject:
    """The information field of FRMR, 5 octets.

    ``control``: the rejected control field, 2 octets, that of a U frame with a zero behind it.
    ``vs``, ``vr``: 0..127, the variables of the station that rejects.  ``response``: whether
    the rejected frame was one.  ``reasons``: the flag octet.  ``reserved``: the low bit of the
    octet of V(S), kept as it was.
    """

    control: bytes
    vs: int
    vr: int
    response: bool
    reasons: int
    reserved: bool = False


def is_poll(pdu: Llc2Pdu) -> bool:
    """A command with P = 1: it must be answered at once, with F = 1."""
    return _poll_final(pdu) and not pdu.response


def is_final(pdu: Llc2Pdu) -> bool:
    """A response with F = 1."""
    return _poll_final(pdu) and pdu.response


def _poll_final(pdu: Llc2Pdu) -> bool:
    return pdu.poll if isinstance(pdu, Information) else pdu.poll_final
