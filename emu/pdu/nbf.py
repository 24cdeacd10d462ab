"""NetBIOS Frames (NetBEUI): what NetBIOS stations say over LLC (facts/netbeui.md 1.3, 1.4).

Two forms: frames with names travel in UI frames, frames with session numbers in I frames of an
established link.  Every command has the same two octets of options, ``data1`` and ``data2``,
whose meaning is the command's; reserved ones are kept and not validated (Windows 98 and the
DOS client write scrap into them).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from emu.pdu.netbios_name import NO_NAME

#: Where name and datagram frames go when they are not for one station.
MULTICAST = bytes.fromhex("030000000001")

#: Session numbers 0 and 255 are reserved (KB Q102942).
SESSION_MIN = 1
SESSION_MAX = 254

#: ``data2`` low octet of NAME_RECOGNIZED (and of NAME_QUERY: FIND.NAME only).
NO_SESSION = 0x00
NO_RESOURCES = 0xFF

#: Name types: ``data2`` high octet of NAME_QUERY and NAME_RECOGNIZED, all of it in
#: ADD_NAME_RESPONSE.
NAME_UNIQUE = 0
NAME_GROUP = 1

#: ``data1`` of data frames.  02 set means that **no** acknowledgement is wanted: tshark's label
#: has it the wrong way round (facts/netbeui.md 1.4, disagreement 2).
DATA_RECEIVE_CONTINUE = 0x01
DATA_NO_ACK = 0x02
DATA_ACK_WITH_DATA_ALLOWED = 0x04
DATA_ACK_INCLUDED = 0x08
#: ``data2`` of the first data frame after RECEIVE_OUTSTANDING.
DATA_RESYNC = 1

#: ``data1`` of SESSION_INITIALIZE and SESSION_CONFIRM.
SESSION_SEND_NO_ACK = 0x80
SESSION_VERSION_2 = 0x01
#: Bits 3..1 of SESSION_INITIALIZE's ``data1``; every sender on Ethernet writes code 7.
SESSION_LARGEST_FRAME_MASK = 0x0E
LARGEST_FRAME_OCTETS = (516, 1500, 2052, 4472, 8144, 11407, 17800, 65535)

#: ``data2`` of SESSION_END.
END_NORMAL = 0
END_ABNORMAL = 1

#: Most user data in an I frame on Ethernet: 1500 - 4 - 14 (facts/netbeui.md 1.1).
DATA_MAX_OCTETS = 1482


class NbfCommand(IntEnum):
    """facts/netbeui.md 1.4."""

    ADD_GROUP_NAME_QUERY = 0x00
    ADD_NAME_QUERY = 0x01
    NAME_IN_CONFLICT = 0x02
    STATUS_QUERY = 0x03
    TERMINATE_TRACE_REMOTE = 0x07
    DATAGRAM = 0x08
    DATAGRAM_BROADCAST = 0x09
    NAME_QUERY = 0x0A
    ADD_NAME_RESPONSE = 0x0D
    NAME_RECOGNIZED = 0x0E
    STATUS_RESPONSE = 0x0F
    TERMINATE_TRACE = 0x13
    DATA_ACK = 0x14
    DATA_FIRST_MIDDLE = 0x15
    DATA_ONLY_LAST = 0x16
    SESSION_CONFIRM = 0x17
    SESSION_END = 0x18
    SESSION_INITIALIZE = 0x19
    NO_RECEIVE = 0x1A
    RECEIVE_OUTSTANDING = 0x1B
    RECEIVE_CONTINUE = 0x1C
    SESSION_ALIVE = 0x1F


SESSION_COMMANDS = frozenset(c for c in NbfCommand if c >= NbfCommand.DATA_ACK)
NAME_COMMANDS = frozenset(NbfCommand) - SESSION_COMMANDS


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFrame:
    """A frame with names, 44 octets and data.

    ``destination``, ``source``: names of 16 octets.  ``data1`` 0..255, ``data2`` and the
    correlators 0..65535.  ``data``: of datagrams and STATUS_RESPONSE.
    """

    kind: NbfCommand
    destination: bytes = NO_NAME
    source: bytes = NO_NAME
    data1: int = 0
    data2: int = 0
    transmit_correlator: int = 0
    response_correlator: int = 0
    data: bytes = b""

    @property
    def session(self) -> int:
        """Low octet of ``data2``: session number of NAME_QUERY and NAME_RECOGNIZED."""
        return self.data2 & 0xFF

    @property
    def name_type(self) -> int:
        """High octet of ``data2`` of NAME_QUERY and NAME_RECOGNIZED: unique or group."""
        return self.data2 >> 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFrame:
    """A frame with session numbers, 14 octets and data.

    ``destination``, ``source``: session numbers, the receiver's and the sender's.
    """

    kind: NbfCommand
    destination: int
    source: int
    data1: int = 0
    data2: int = 0
    transmit_correlator: int = 0
    response_correlator: int = 0
    data: bytes = b""


NbfPdu = NameFrame | SessionFrame
