"""Bodies of the SMB1 messages about open files (facts/redirector.md 4.3).

Times of eight octets are 100 ns since 1601, of four octets seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from emu.pdu.smb.header import Command

#: Flags of NT_CREATE_ANDX (facts/redirector.md 4.3).
CREATE_WANTS_OPLOCK = 0x02
CREATE_WANTS_BATCH_OPLOCK = 0x04

#: Last write of CLOSE: leave it (facts/redirector.md 4.3).
TIME_UNCHANGED = 0xFFFFFFFF
#: Remaining of READ_ANDX's reply, for a file (facts/redirector.md 4.3).
REMAINING_UNKNOWN = 0xFFFF

#: Type bits of LOCKING_ANDX (MS-CIFS 2.2.4.32.1).
LOCKING_OPLOCK_RELEASE = 0x02
LOCKING_LARGE_FILES = 0x10


class Oplock(IntEnum):
    """As NT_CREATE_ANDX grants it; a break's new level is 0 (none) or 1 (level II)."""

    NONE = 0
    EXCLUSIVE = 1
    BATCH = 2
    LEVEL_II = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NtCreateRequest:
    """24 words.  ``root``: FID of the directory that ``name`` is relative to; 0: the share."""

    command: ClassVar[Command] = Command.NT_CREATE_ANDX
    reply: ClassVar[bool] = False
    flags: int
    root: int
    access: int
    allocation: int
    attributes: int
    share: int
    disposition: int
    options: int
    impersonation: int
    security_flags: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NtCreateResponse:
    """34 words."""

    command: ClassVar[Command] = Command.NT_CREATE_ANDX
    reply: ClassVar[bool] = True
    oplock: int
    fid: int
    action: int
    created: int
    accessed: int
    written: int
    changed: int
    attributes: int
    allocation: int
    size: int
    file_type: int
    state: int
    directory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """15 words."""

    command: ClassVar[Command] = Command.OPEN_ANDX
    reply: ClassVar[bool] = False
    flags: int
    access: int
    search: int
    attributes: int
    created: int
    mode: int
    allocation: int
    timeout_ms: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenResponse:
    """15 words."""

    command: ClassVar[Command] = Command.OPEN_ANDX
    reply: ClassVar[bool] = True
    fid: int
    attributes: int
    written: int
    size: int
    access: int
    file_type: int
    state: int
    action: int
    server_fid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """``offset``: up to 64 bits, with 12 words if ``large``, else 32 bits with 10 words."""

    command: ClassVar[Command] = Command.READ_ANDX
    reply: ClassVar[bool] = False
    fid: int
    offset: int
    octets_max: int
    octets_min: int = 0
    timeout_ms: int = 0
    remaining: int = 0
    large: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResponse:
    """12 words."""

    command: ClassVar[Command] = Command.READ_ANDX
    reply: ClassVar[bool] = True
    data: bytes
    remaining: int = REMAINING_UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """``offset``: up to 64 bits, with 14 words if ``large``, else 32 bits with 12 words."""

    command: ClassVar[Command] = Command.WRITE_ANDX
    reply: ClassVar[bool] = False
    fid: int
    offset: int
    data: bytes
    timeout_ms: int = 0
    mode: int = 0
    remaining: int = 0
    large: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResponse:
    """``octets``: how many were written, up to 32 bits."""

    command: ClassVar[Command] = Command.WRITE_ANDX
    reply: ClassVar[bool] = True
    octets: int
    available: int = REMAINING_UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRequest:
    """``written``: the file's new time of last write, or ``TIME_UNCHANGED``."""

    command: ClassVar[Command] = Command.CLOSE
    reply: ClassVar[bool] = False
    fid: int
    written: int = TIME_UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRange:
    """Octets ``offset`` to ``offset + length`` - 1; 64 bits each under LOCKING_LARGE_FILES."""

    pid: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LockingRequest:
    """Locks, unlocks; or an oplock's break, from server to client and never answered as a reply.

    ``kind``: LOCKING_* bits.  ``level``: the oplock that is left, with LOCKING_OPLOCK_RELEASE.
    """

    command: ClassVar[Command] = Command.LOCKING_ANDX
    reply: ClassVar[bool] = False
    fid: int
    kind: int
    level: int = 0
    timeout_ms: int = 0
    unlocks: tuple[LockRange, ...] = ()
    locks: tuple[LockRange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockingResponse:
    """Locked, unlocked."""

    command: ClassVar[Command] = Command.LOCKING_ANDX
    reply: ClassVar[bool] = True
