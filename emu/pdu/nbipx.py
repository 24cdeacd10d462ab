"""NetBIOS over IPX, socket 0455 (facts/ipx.md 1.9): names, datagrams, sessions.

Session packets are little-endian inside the big-endian IPX.  The packets of the set-up carry
38 octets of names and limits, the reply with all its lengths zero, so ``data`` is whatever
follows the header and the lengths are the sender's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

SOCKET_NETBIOS = 0x0455

#: How many networks a broadcast may pass; the list is filled with zeros.
NETWORKS_MAX = 8
NO_NETWORKS = (0,) * NETWORKS_MAX

NAME_GROUP = 0x80
NAME_IN_USE = 0x40
NAME_REGISTERED = 0x04
NAME_DUPLICATE = 0x02
NAME_DEREGISTERED = 0x01

CONTROL_SYSTEM = 0x80
CONTROL_ACK_WANTED = 0x40
CONTROL_ATTENTION = 0x20
CONTROL_END_OF_MESSAGE = 0x10
#: In an acknowledgement: send that again (inferred from capture 22, facts/ipx.md 1.9).
CONTROL_RESEND = 0x08

#: Destination id of a set-up.
CONNECTION_NONE = 0xFFFF

#: What follows the two names in both set-up packets of captures 22 and 23.  Limits or timers;
#: the meaning is not sourced, so it is copied.
SETUP_LIMITS = bytes.fromhex("000415000900")


class NbipxNameKind(IntEnum):
    """Datastream type of a name packet."""

    FIND = 0x01
    RECOGNIZED = 0x02
    CHECK = 0x03
    IN_USE = 0x04
    DEREGISTER = 0x05


class NbipxSessionKind(IntEnum):
    """Datastream type of a session packet."""

    DATA = 0x06
    END = 0x07
    END_ACK = 0x08
    STATUS_QUERY = 0x09
    STATUS_RESPONSE = 0x0A


class NbipxDatagramKind(IntEnum):
    """Datastream type of a datagram; a broadcast still carries a destination name."""

    DIRECTED = 0x0B
    BROADCAST = 0x0C


@dataclass(frozen=True, slots=True, kw_only=True)
class NbipxName:
    """50 octets.  ``flags``: of the name's type; ``networks``: those passed, eight."""

    kind: NbipxNameKind
    flags: int
    name: bytes
    networks: tuple[int, ...] = NO_NETWORKS


@dataclass(frozen=True, slots=True, kw_only=True)
class NbipxDatagram:
    """34 octets and data.  The source's name comes first (tshark's labels are swapped)."""

    kind: NbipxDatagramKind
    source: bytes
    destination: bytes
    control: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class NbipxSession:
    """18 octets and data.

    ``total_length``: of the message, ``data_length``: of this part, at ``offset`` in it;
    octets.  ``bytes_received``: Novell's meaning of the last field; with Microsoft's extensions
    it is the window edge (facts/ipx.md 1.9).  Every real one is 0.
    """

    kind: NbipxSessionKind
    control: int
    source_id: int
    destination_id: int
    send_sequence: int = 0
    total_length: int = 0
    offset: int = 0
    data_length: int = 0
    receive_sequence: int = 0
    bytes_received: int = 0
    data: bytes = b""


NbipxPdu = NbipxName | NbipxDatagram | NbipxSession
