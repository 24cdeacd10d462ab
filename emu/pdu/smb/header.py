"""The SMB1 header: commands, flags, status (facts/redirector.md 4.2; on IPX facts/ipx.md 1.11)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

#: Sockets of SMB directly on IPX (facts/ipx.md 1.11).
SOCKET_SMB_SERVER = 0x0550
SOCKET_SMB_CLIENT = 0x0552


class Command(IntEnum):
    """Those of facts/redirector.md 4.3, and (MS-CIFS 2.2.2.1) others seen in real captures."""

    CREATE_DIRECTORY = 0x00
    DELETE_DIRECTORY = 0x01
    CLOSE = 0x04
    DELETE = 0x06
    WRITE = 0x0B
    CHECK_DIRECTORY = 0x10
    LOCKING_ANDX = 0x24
    TRANSACTION = 0x25
    ECHO = 0x2B
    OPEN_ANDX = 0x2D
    READ_ANDX = 0x2E
    WRITE_ANDX = 0x2F
    TRANSACTION2 = 0x32
    FIND_CLOSE2 = 0x34
    TREE_DISCONNECT = 0x71
    NEGOTIATE = 0x72
    SESSION_SETUP_ANDX = 0x73
    LOGOFF_ANDX = 0x74
    TREE_CONNECT_ANDX = 0x75
    QUERY_INFORMATION_DISK = 0x80
    SEARCH = 0x81
    NT_CREATE_ANDX = 0xA2
    NT_CANCEL = 0xA4


#: Their words begin with a link to the next block (MS-CIFS 2.2.3.4).
ANDX_COMMANDS = frozenset(
    {
        Command.LOCKING_ANDX,
        Command.OPEN_ANDX,
        Command.READ_ANDX,
        Command.WRITE_ANDX,
        Command.SESSION_SETUP_ANDX,
        Command.LOGOFF_ANDX,
        Command.TREE_CONNECT_ANDX,
        Command.NT_CREATE_ANDX,
    }
)
#: In the link: no block follows.
ANDX_NONE = 0xFF


class Flags(IntFlag):
    """One octet (facts/redirector.md 4.2)."""

    CASELESS = 0x08
    CANONICAL = 0x10
    REPLY = 0x80


class Flags2(IntFlag):
    """Two octets (facts/redirector.md 4.2)."""

    LONG_NAMES = 0x0001
    EXTENDED_ATTRIBUTES = 0x0002
    SIGNED = 0x0004
    EXTENDED_SECURITY = 0x0800
    NT_STATUS = 0x4000
    UNICODE = 0x8000


#: What an NT 4 client writes, and its server's answer (facts/redirector.md 4.2).
NT_REQUEST_FLAGS = Flags.CASELESS | Flags.CANONICAL
NT_REQUEST_FLAGS2 = Flags2.UNICODE | Flags2.NT_STATUS | Flags2.LONG_NAMES

#: MID and PID of what the server sends unasked (facts/redirector.md 4.2, 4.3).
MID_OPLOCK_BREAK = 0xFFFF
PID_OPLOCK_BREAK = 0xFFFF

#: facts/redirector.md 1.1.
UID_NONE = 0x0000
TID_NONE = 0xFFFF

#: CID that no server gives (facts/ipx.md 1.11); sequence 0 is "unsequenced".
CID_INVALID = frozenset({0x0000, 0xFFFF})
SEQUENCE_NONE = 0

#: Classes of a DOS status (facts/redirector.md 3.4), with the low octet of the status.
DOS_ERRDOS, DOS_ERRSRV, DOS_ERRHRD = 1, 2, 3


def dos_status(dos_class: int, code: int) -> int:
    """The status field for a class and a code: class, 0, code (facts/redirector.md 4.2)."""
    return dos_class | code << 16


def dos_class_and_code(status: int) -> tuple[int, int]:
    """What ``dos_status`` put together."""
    return status & 0xFF, status >> 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SmbHeader:
    """All of the 32 octets but the command, which the first body names.

    ``key``, ``cid`` and ``sequence`` are the eight octets at 14: their meaning is that of
    facts/ipx.md 1.11 on IPX; elsewhere they are the signature, zeros when nothing is signed.
    """

    status: int = 0
    flags: int = int(NT_REQUEST_FLAGS)
    flags2: int = int(NT_REQUEST_FLAGS2)
    pid_high: int = 0
    key: int = 0
    cid: int = 0
    sequence: int = 0
    reserved: int = 0
    tid: int = 0
    pid: int = 0
    uid: int = UID_NONE
    mid: int = 0

    @property
    def is_reply(self) -> bool:
        """Bit 80 of the flags."""
        return bool(self.flags & Flags.REPLY)

    @property
    def is_unicode(self) -> bool:
        """Texts are UTF-16, but for those that are ASCII always."""
        return bool(self.flags2 & Flags2.UNICODE)

    @property
    def has_nt_status(self) -> bool:
        """Else the status is a DOS class and code."""
        return bool(self.flags2 & Flags2.NT_STATUS)
