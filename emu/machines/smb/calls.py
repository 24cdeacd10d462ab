"""What an SMB server is asked and what it answers: values of its own, no octets, no SMB words.

The server machine and the redirector machine both speak them.

A station makes a ``Call`` of every SMB request (of an AndX chain: one each, in order, the
number a part was given put into the next) and an SMB reply of every ``Answer``.  Numbers in a
Call are the client's claim; nothing here has been looked up.

Read facts/redirector.md 1.1, 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag, IntEnum

from emu.machines.smb.faults import Fault


class Standing(Enum):
    """Who a log-on turned out to be.  The station judges; it knows challenge and passwords."""

    USER = "user"
    ADMINISTRATOR = "administrator"
    GUEST = "guest"
    ANONYMOUS = "anonymous"
    REJECTED = "rejected"


class Oplock(IntEnum):
    """Levels as NT_CREATE_ANDX names them in its reply (facts/redirector.md 4.3)."""

    NONE = 0
    EXCLUSIVE = 1
    BATCH = 2
    LEVEL_II = 3


class Access(Flag):
    """What an opener wants, or lets others have at the same time."""

    NOTHING = 0
    READ = 1
    WRITE = 2
    DELETE = 4


class Disposition(IntEnum):
    """NT_CREATE_ANDX's values (G: MS-CIFS 2.2.4.64.1)."""

    SUPERSEDE = 0
    OPEN = 1
    CREATE = 2
    OPEN_IF = 3
    OVERWRITE = 4
    OVERWRITE_IF = 5


# Requests of a client.
@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiate:
    """``extended_security``: what was agreed; only one VC 0 rule asks for it."""

    extended_security: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """SESSION_SETUP_ANDX.  ``level_ii``: the client's capability bit for level II oplocks.

    ``client_type``: its operating system's text, such as "Windows NT 1381".
    """

    user: str
    standing: Standing
    vc_number: int
    level_ii: bool = True
    client_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeConnect:
    """``share``: its name alone, without the server's."""

    share: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """NT_CREATE_ANDX or OPEN_ANDX.  ``oplock``: what is wanted: NONE, EXCLUSIVE or BATCH."""

    path: str
    access: Access = Access.READ
    share: Access = Access.READ
    disposition: Disposition = Disposition.OPEN
    oplock: Oplock = Oplock.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    fid: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    fid: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    fid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OplockBreakAcknowledge:
    """LOCKING_ANDX with type 02.  It is not answered (G: MS-CIFS, no lock ranges, no reply)."""

    fid: int
    level: Oplock = Oplock.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class FindFirst:
    """``pattern``: a name with * and ?.  ``count``: names wanted at once, >= 1.

    ``close_at_end``: the search ends itself with the last name (the end-of-search flag).
    """

    pattern: str
    count: int
    close_at_end: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FindNext:
    sid: int
    count: int
    close_at_end: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FindClose:
    sid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeDisconnect:
    """The tree is the Call's TID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOff:
    """The session is the Call's UID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """``count``: replies wanted; 0 wants none."""

    count: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request on one connection.

    ``connection``: the station's serial of it.  ``tag``: what the answer must carry so that the
    station finds the request (MID and PID, or a serial of its own).
    """

    connection: int
    tag: int
    uid: int
    tid: int
    request: object


# Results.
@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """``max_mpx``: requests outstanding at once; ``max_vcs``: VCs a client.

    ``share_level``: passwords belong to shares and the server knows no users (Q139506).
    """

    max_mpx: int
    max_vcs: int
    share_level: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReady:
    uid: int
    guest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeReady:
    tid: int
    is_ipc: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReady:
    """``created``: there was no such file before.  ``size``: octets."""

    fid: int
    oplock: Oplock
    size: int
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadData:
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """``sid`` None: the search is over and has no number."""

    sid: int | None
    names: tuple[str, ...]
    is_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Echoed:
    """``sequence``: 1 to the count asked for."""

    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It worked and there is nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """``as_dos``: in the DOS form whatever was negotiated (Flags2 bit 0x4000 clear)."""

    fault: Fault
    as_dos: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``uid``, ``tid``: as the reply's header shows them: the Call's, or the number just given."""

    connection: int
    tag: int
    uid: int
    tid: int
    result: object


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakOplock:
    """Server to client, no reply to anything: MID and PID are FFFF (facts/redirector.md 4.3)."""

    connection: int
    tid: int
    fid: int
    level: Oplock
