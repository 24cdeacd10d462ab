"""What a server holds: connections, sessions, trees, opens, searches, shares and their files.

Plain records; ``book`` begins and ends them.  Directories, byte-range locks, printers and what
is said through a pipe are left out: no rule of facts/redirector.md rests on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emu.machines.smb.calls import Access, Call, Open, Oplock, Standing
from emu.machines.smb_server.events import Connected
from emu.machines.smb_server.numbers import NumberTable
from emu.machines.smb_server.params import ServerParams

#: Longest path or pattern taken, in characters: ours, no source.
PATH_MAX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSetting:
    """A share as an administrator makes it.

    ``users_max``: the user limit, None for none.  ``is_ipc``: it holds pipes.
    ``files``: path to content; of a pipe the content is what every read gives.
    """

    name: str
    users_max: int | None = None
    is_ipc: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(slots=True, kw_only=True, eq=False)
class Waiting:
    """An open that waits for somebody's oplock to break."""

    connection: Connection
    session: Session
    tree: Tree
    file: File
    call: Call
    wanted: Open


@dataclass(slots=True, kw_only=True, eq=False)
class File:
    """``opens``: on all connections, oldest first.  ``waiting``: in order of arrival."""

    share: Share
    path: str
    content: bytearray
    opens: list[OpenFile] = field(default_factory=list["OpenFile"])
    waiting: list[Waiting] = field(default_factory=list[Waiting])

    def holder(self) -> OpenFile | None:
        """The open with an exclusive or batch oplock; there is one at most."""
        for each in self.opens:
            if each.oplock in (Oplock.EXCLUSIVE, Oplock.BATCH):
                return each
        return None


@dataclass(slots=True, kw_only=True, eq=False)
class Share:
    """``uses``: tree connects, of all connections (MS-SRVS 3.1.6.6)."""

    name: str
    users_max: int | None
    is_ipc: bool
    files: dict[str, File] = field(default_factory=dict[str, File])
    uses: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """One virtual circuit and its tables.  ``last_ns``: its last operation.

    ``level_ii``: the client understands level II oplocks.
    """

    about: Connected
    since_ns: int
    last_ns: int
    sessions: NumberTable[Session]
    trees: NumberTable[Tree]
    opens: NumberTable[OpenFile]
    searches: NumberTable[Search]
    waiting: list[Waiting] = field(default_factory=list[Waiting])
    is_negotiated: bool = False
    extended_security: bool = False
    level_ii: bool = False

    @property
    def serial(self) -> int:
        return self.about.connection

    @property
    def client(self) -> str:
        """Calling names are upper-case (facts/redirector.md 4.1)."""
        return self.about.client.upper()

    @property
    def bars_autodisconnect(self) -> bool:
        """An open file or pipe, a search, or a request under way (facts/redirector.md 3.1)."""
        return bool(len(self.opens) or len(self.searches) or self.waiting)


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """A log-on of a user.  ``last_ns``: the last operation that named it.

    ``opens``: how many files it has open.
    """

    connection: Connection
    uid: int
    user: str
    standing: Standing
    client_type: str
    since_ns: int
    last_ns: int
    opens: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Tree:
    """``session``: who connected it; others on the VC may use it (facts/redirector.md 6.3)."""

    session: Session
    tid: int
    share: Share


@dataclass(slots=True, kw_only=True, eq=False)
class OpenFile:
    """``file_id``: what an administrator names it by, one on the whole server.

    ``breaking_to``: the level its holder was told, None when no break is under way.
    """

    session: Session
    tree: Tree
    file: File
    fid: int
    file_id: int
    access: Access
    share: Access
    oplock: Oplock
    breaking_to: Oplock | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Search:
    """``names``: those not told yet."""

    session: Session
    tree: Tree
    sid: int
    pattern: str
    names: list[str]
    last_ns: int


def new_connection(about: Connected, params: ServerParams, now: int) -> Connection:
    """A virtual circuit with empty tables: numbers start again (Q184998)."""
    return Connection(
        about=about,
        since_ns=now,
        last_ns=now,
        sessions=NumberTable(params.sessions_per_vc),
        trees=NumberTable(params.trees_per_vc),
        opens=NumberTable(params.opens_per_vc),
        searches=NumberTable(params.searches_per_vc),
    )


def new_share(setting: ShareSetting) -> Share:
    share = Share(name=setting.name, users_max=setting.users_max, is_ipc=setting.is_ipc)
    for path, content in setting.files.items():
        key = path_key(path)
        share.files[key] = File(share=share, path=key, content=bytearray(content))
    return share


def path_key(path: str) -> str:
    """Names differ neither by case nor by the backslash in front."""
    return path.lstrip("\\").upper()
