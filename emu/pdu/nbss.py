"""NetBIOS session service over TCP 139 (RFC 1002 4.3; facts/redirector.md 4.1).

Names are the 16 octets of ``emu.pdu.netbios_name``, as NBF and NBIPX carry them; only here they
are written as letters on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

#: RFC 1002 4.3.1 and IANA "netbios-ssn".
PORT_NETBIOS_SESSION = 139

#: RFC 1002 4.3.1: 16 bits of length and the extension bit above them.
LENGTH_MAX = 0x1FFFF

#: The called name that fits any server (facts/redirector.md 4.1).
WILDCARD_SERVER = b"*SMBSERVER".ljust(15) + b"\x20"


class NbssType(IntEnum):
    """RFC 1002 4.3.1."""

    MESSAGE = 0x00
    REQUEST = 0x81
    POSITIVE = 0x82
    NEGATIVE = 0x83
    RETARGET = 0x84
    KEEPALIVE = 0x85


class NbssError(IntEnum):
    """Why no session is made (RFC 1002 4.3.4)."""

    NOT_LISTENING_ON_CALLED = 0x80
    NOT_LISTENING_FOR_CALLING = 0x81
    CALLED_NAME_ABSENT = 0x82
    NO_RESOURCES = 0x83
    OTHER = 0x8F


@dataclass(frozen=True, slots=True, kw_only=True)
class NbssMessage:
    """What the session carries, 0 to 131071 octets."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NbssRequest:
    """The first packet on the connection; ``called`` and ``calling``: 16 octets each."""

    called: bytes
    calling: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NbssPositive:
    """The session is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NbssNegative:
    """No session.  ``error``: one of ``NbssError``, or whatever a peer wrote."""

    error: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NbssRetarget:
    """Call again, there.  ``address``: 4 octets."""

    address: bytes
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NbssKeepalive:
    """Nothing but a proof that TCP gets through; neither end answers it."""


NbssPdu = NbssMessage | NbssRequest | NbssPositive | NbssNegative | NbssRetarget | NbssKeepalive
