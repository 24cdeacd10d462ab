"""Bodies of TRANSACTION and TRANSACTION2, and what TRANSACTION2 carries (facts/redirector.md 4.3).

A transaction of several messages is one PDU a message; putting them together is the machine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from emu.pdu.smb.header import Command

#: Setup of TRANSACTION: transact on a named pipe, and the FID (facts/redirector.md 4.3).
SETUP_TRANSACT_PIPE = 0x0026


class Trans2(IntEnum):
    """Setup of TRANSACTION2 (facts/redirector.md 4.3; 2 and 5: MS-CIFS 2.2.2.2)."""

    FIND_FIRST2 = 0x01
    FIND_NEXT2 = 0x02
    QUERY_FS_INFORMATION = 0x03
    QUERY_PATH_INFORMATION = 0x05
    QUERY_FILE_INFORMATION = 0x07
    GET_DFS_REFERRAL = 0x10


#: Information levels that real clients ask for (facts/redirector.md 6.3).
LEVEL_FIND_BOTH_DIRECTORY = 0x0104
LEVEL_FILE_ALL = 0x0107
LEVEL_FS_FULL_SIZE = 0x03EF


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRequest:
    """14 words and the setup.  ``name``: "" for TRANSACTION2.

    The totals are None when all of it is in this message.
    """

    reply: ClassVar[bool] = False
    command: Command
    setup: tuple[int, ...]
    parameters: bytes
    data: bytes = b""
    name: str = ""
    parameters_max: int = 0
    data_max: int = 0
    setup_max: int = 0
    flags: int = 0
    timeout_ms: int = 0
    parameters_total: int | None = None
    data_total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionResponse:
    """10 words and the setup.  ``*_at``: where in the whole this message's part belongs."""

    reply: ClassVar[bool] = True
    command: Command
    parameters: bytes
    data: bytes = b""
    setup: tuple[int, ...] = ()
    parameters_at: int = 0
    data_at: int = 0
    parameters_total: int | None = None
    data_total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindFirstRequest:
    """Parameters of FIND_FIRST2 (MS-CIFS 2.2.6.2.1)."""

    attributes: int
    count: int
    flags: int
    level: int
    pattern: str
    storage: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FindFirstResponse:
    """``last_name_at``: offset of the last name in the data, for the next FIND_NEXT2."""

    sid: int
    count: int
    end: int
    last_name_at: int
    ea_error_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FindNextRequest:
    """Parameters of FIND_NEXT2 (MS-CIFS 2.2.6.3.1)."""

    sid: int
    count: int
    level: int
    resume_key: int
    flags: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindNextResponse:
    """As of FIND_FIRST2, without the search's number."""

    count: int
    end: int
    last_name_at: int
    ea_error_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFsRequest:
    """The volume."""

    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPathRequest:
    """A file by name."""

    level: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFileRequest:
    """A file that is open."""

    fid: int
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralRequest:
    """Where a DFS path leads; an error is answer enough (facts/redirector.md 6.3)."""

    level_max: int
    path: str


Trans2Request = (
    FindFirstRequest
    | FindNextRequest
    | QueryFsRequest
    | QueryPathRequest
    | QueryFileRequest
    | ReferralRequest
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryEntry:
    """One entry of LEVEL_FIND_BOTH_DIRECTORY (MS-CIFS 2.2.8.1.7)."""

    name: str
    created: int
    accessed: int
    written: int
    changed: int
    size: int
    allocation: int
    attributes: int
    short_name: str = ""
    ea_octets: int = 0
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAll:
    """LEVEL_FILE_ALL (MS-CIFS 2.2.8.3.10)."""

    name: str
    created: int
    accessed: int
    written: int
    changed: int
    size: int
    allocation: int
    attributes: int
    links: int = 1
    delete_pending: bool = False
    directory: bool = False
    ea_octets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FsFullSize:
    """LEVEL_FS_FULL_SIZE: in units of ``sectors`` times ``sector_octets`` (MS-FSCC 2.5.4)."""

    total: int
    available_to_caller: int
    available: int
    sectors: int
    sector_octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindCloseRequest:
    """FIND_CLOSE2 ends a search."""

    command: ClassVar[Command] = Command.FIND_CLOSE2
    reply: ClassVar[bool] = False
    sid: int
