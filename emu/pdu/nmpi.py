"""NMPI: name queries and mailslots on IPX (facts/ipx.md 1.10), sockets 0551 and 0553."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from emu.pdu.nbipx import NO_NETWORKS

SOCKET_NAME_QUERY = 0x0551
SOCKET_MAILSLOT = 0x0553

NAME_MACHINE = 1
NAME_WORKGROUP = 2
NAME_BROWSER = 3


class NmpiOperation(IntEnum):
    """facts/ipx.md 1.10, "opcode"."""

    CLAIM = 0xF1
    DELETE = 0xF2
    QUERY = 0xF3
    FOUND = 0xF4
    MESSENGER_HANG_UP = 0xF5
    MAILSLOT_WRITE = 0xFC
    FIND = 0xFD
    NAME = 0xFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Nmpi:
    """68 octets and data (an SMB).  ``message_id``: little-endian, 16 bits."""

    operation: NmpiOperation
    name_type: int
    message_id: int
    requested: bytes
    source: bytes
    networks: tuple[int, ...] = NO_NETWORKS
    data: bytes = b""
