"""IEEE 802.2 LLC type 2 frames (facts/netbeui.md 1.2): U with one control octet, S and I with two.

The low bit of the SSAP says command or response.  What a data link of type 2 does not use
(SREJ, SABM, reserved bits of an S frame, information in an S frame) is refused: a station
answers it with FRMR or drops it, a reader leaves it octets.
"""

from __future__ import annotations

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ethernet import FRAME_MIN_OCTETS, EthernetFrame, Framing, Llc
from emu.pdu.llc2 import (
    SAP_NETBIOS,
    FrameReject,
    Information,
    Llc2Pdu,
    Supervisory,
    SupervisoryKind,
    Unnumbered,
    UnnumberedKind,
)
from emu.wire.ethernet import address_octets, is_unnumbered

#: P/F of a U frame's control octet, and the low bit of an SSAP (IEEE 802.2 5.2, 3.3.1.2).
_POLL_FINAL = 0x10
_RESPONSE = 0x01

FRAME_REJECT_OCTETS = 5
_NUMBER_MAX = 127

_UNNUMBERED = {int(kind): kind for kind in UnnumberedKind}
_SUPERVISORY = {int(kind): kind for kind in SupervisoryKind}


def encode_control(pdu: Llc2Pdu) -> bytes:
    """The control field: one octet of a U frame, two of an S or I frame."""
    match pdu:
        case Unnumbered():
            return bytes((pdu.kind | (_POLL_FINAL if pdu.poll_final else 0),))
        case Supervisory():
            return bytes((pdu.kind, _number(pdu.nr) << 1 | pdu.poll_final))
        case Information():
            return bytes((_number(pdu.ns) << 1, _number(pdu.nr) << 1 | pdu.poll))


def _number(number: int) -> int:
    if not 0 <= number <= _NUMBER_MAX:
        raise LocalProtocolError(f"LLC2 number: expected 0 to 127, got {number}")
    return number


def information_field(pdu: Llc2Pdu) -> bytes:
    """What stands behind the control field."""
    match pdu:
        case Unnumbered():
            return pdu.info
        case Supervisory():
            return b""
        case Information():
            return pdu.data


def encode_llc2(pdu: Llc2Pdu, *, dsap: int = SAP_NETBIOS, ssap: int = SAP_NETBIOS) -> bytes:
    """DSAP, SSAP, control and information.  ``ssap``: even, its low bit is the PDU's."""
    if (dsap | ssap) & 1:
        raise LocalProtocolError(f"SAP: expected individual addresses, got {dsap:02X} {ssap:02X}")
    saps = bytes((dsap, ssap | pdu.response))
    return saps + encode_control(pdu) + information_field(pdu)


def decode_llc2(octets: bytes) -> tuple[int, int, Llc2Pdu]:
    """DSAP, SSAP without its low bit, and the frame that fills ``octets``.

    ``octets`` end where the 802.3 length says: padding may be anything.
    """
    if len(octets) < 3:
        raise PeerProtocolError(f"LLC: expected 3 octets or more, got {len(octets)}")
    end = 3 if is_unnumbered(octets[2]) else 4
    pdu = decode_fields(ssap=octets[1], control=octets[2:end], info=octets[end:])
    return octets[0], octets[1] & ~_RESPONSE, pdu


def decode_fields(*, ssap: int, control: bytes, info: bytes) -> Llc2Pdu:
    """The frame whose parts were told apart already, as ``decode_ethernet`` does."""
    response = bool(ssap & _RESPONSE)
    if len(control) == 1 and is_unnumbered(control[0]):
        return _unnumbered(control[0], response, info)
    if len(control) != 2 or is_unnumbered(control[0]):
        raise PeerProtocolError(f"LLC control: expected 1 octet or 2, got {control.hex()}")
    if not control[0] & 1:
        return Information(
            ns=control[0] >> 1,
            nr=control[1] >> 1,
            poll=bool(control[1] & 1),
            data=info,
            response=response,
        )
    return _supervisory(control, response, info)


def _unnumbered(control: int, response: bool, info: bytes) -> Unnumbered:
    kind = _UNNUMBERED.get(control & ~_POLL_FINAL)
    if kind is None:
        raise PeerProtocolError(f"LLC U frame: unknown control {control:02X}")
    poll_final = bool(control & _POLL_FINAL)
    return Unnumbered(kind=kind, poll_final=poll_final, response=response, info=info)


def _supervisory(control: bytes, response: bool, info: bytes) -> Supervisory:
    kind = _SUPERVISORY.get(control[0])
    if kind is None:
        raise PeerProtocolError(f"LLC S frame: unknown control {control.hex()}")
    if info:
        raise PeerProtocolError(f"LLC S frame: expected no information, got {len(info)} octets")
    final = bool(control[1] & 1)
    return Supervisory(kind=kind, nr=control[1] >> 1, poll_final=final, response=response)


def llc2_framing(pdu: Llc2Pdu, *, sap: int = SAP_NETBIOS, length: int | None = None) -> Llc:
    """The framing of a frame that carries ``pdu`` between two equal SAPs."""
    return Llc(dsap=sap, ssap=sap | pdu.response, control=encode_control(pdu), length=length)


def llc2_frame(pdu: Llc2Pdu, *, destination: bytes, source: bytes, sap: int = SAP_NETBIOS) -> bytes:
    """A whole frame, padded to 60 octets with zeros outside the length."""
    llc = encode_llc2(pdu, dsap=sap, ssap=sap)
    start = address_octets(destination) + address_octets(source) + len(llc).to_bytes(2, "big")
    return (start + llc).ljust(FRAME_MIN_OCTETS, b"\0")


def carries_netbios(framing: Framing) -> bool:
    """Whether a framing is that of NetBEUI: F0 to F0, command or response."""
    return (
        isinstance(framing, Llc)
        and framing.dsap == SAP_NETBIOS
        and framing.ssap & ~_RESPONSE == SAP_NETBIOS
    )


def llc2_of_frame(frame: EthernetFrame) -> Llc2Pdu | None:
    """The LLC frame between NetBIOS SAPs in an Ethernet frame; None when it has other SAPs.

    Raises ``PeerProtocolError`` when the SAPs say NetBIOS and the control field is unknown.
    """
    framing = frame.framing
    if not isinstance(framing, Llc) or not carries_netbios(framing):
        return None
    return decode_fields(ssap=framing.ssap, control=framing.control, info=frame.body)


def encode_frame_reject(reject: FrameReject) -> bytes:
    """The information field of FRMR."""
    if len(reject.control) != 2:
        raise LocalProtocolError(f"FRMR: expected a control of 2 octets, got {reject.control!r}")
    vs = _number(reject.vs) << 1 | reject.reserved
    vr = _number(reject.vr) << 1 | reject.response
    return reject.control + bytes((vs, vr, reject.reasons))


def decode_frame_reject(octets: bytes) -> FrameReject:
    """Why the peer rejected a frame."""
    if len(octets) != FRAME_REJECT_OCTETS:
        raise PeerProtocolError(f"FRMR: expected 5 octets, got {len(octets)}")
    return FrameReject(
        control=octets[:2],
        vs=octets[2] >> 1,
        reserved=bool(octets[2] & 1),
        vr=octets[3] >> 1,
        response=bool(octets[3] & 1),
        reasons=octets[4],
    )
