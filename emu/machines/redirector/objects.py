"""What a redirector holds, under the names of RDBSS (facts/redirector.md 1.2).

SRV_CALL (server, one VC), NET_ROOT (share), V_NET_ROOT (a user's share), FCB (file on a share,
whoever opened it), SRV_OPEN (open on the server), FOBX (a program's handle), and the image section
that hangs on the FCB.  References are counted by asking who refers: a count of its own could be
wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from emu.machines.redirector.requests import SentAs
from emu.machines.redirector.snapshot import CircuitState
from emu.machines.smb.calls import Access, Oplock


@dataclass(slots=True, kw_only=True, eq=False)
class Logon:
    """A logon session of the computer.  ``busy``: its requests under way.

    ``is_ending``: its log-off has begun; ``is_alive``: its rundown is not through yet.
    """

    luid: int
    user: str
    is_service: bool
    is_alive: bool = True
    is_ending: bool = False
    busy: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class SrvCall:
    """``circuits``: how many circuits there have been; numbers are worth nothing on the next.

    ``busy``: programs' requests that name it.  ``changed_ns``: when one ended, or a file was
    closed: no look for idleness before; ``bare_since_ns``: since when the circuit is up without
    any session.  ``is_direct_ipx``: it wants an ECHO when nothing was said; ``said_ns``: when.
    """

    name: str
    state: CircuitState = CircuitState.DOWN
    circuits: int = 0
    cause: str = ""
    max_commands: int = 1
    share_level: bool = False
    outstanding: int = 0
    busy: int = 0
    changed_ns: int = 0
    bare_since_ns: int = 0
    is_direct_ipx: bool = False
    said_ns: int = 0
    net_roots: dict[str, NetRoot] = field(default_factory=dict[str, "NetRoot"])
    sessions: dict[int, Session] = field(default_factory=dict[int, "Session"])

    @property
    def is_up(self) -> bool:
        return self.state is CircuitState.UP

    def net_root(self, share: str) -> NetRoot:
        found = self.net_roots.get(share.upper())
        if found is None:
            found = self.net_roots[share.upper()] = NetRoot(server=self, share=share)
        return found

    def opens(self) -> Iterator[SrvOpen]:
        """Every FID that lives, session by session."""
        return (each for session in self.sessions.values() for each in session.opens())

    def living_sessions(self) -> list[Session]:
        """Those with a UID."""
        return [each for each in self.sessions.values() if each.uid is not None]


@dataclass(slots=True, kw_only=True, eq=False)
class NetRoot:
    server: SrvCall
    share: str
    fcbs: dict[str, Fcb] = field(default_factory=dict[str, "Fcb"])

    def fcb(self, path: str) -> Fcb:
        """Names differ neither by case nor by the backslash in front."""
        key = path.lstrip("\\").upper()
        return self.fcbs.setdefault(key, Fcb(net_root=self, path=key))


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """A logon session on one server.

    ``mark_ns``: since when it is idle, for the scavenger; None for unmarked.
    ``is_finishing``: its files, trees and itself are being ended.
    ``is_missed``: its log-off was skipped; ``bars_keep_conn``: and the circuit is never idle again.
    """

    server: SrvCall
    logon: Logon
    uid: int | None = None
    is_setting_up: bool = False
    is_finishing: bool = False
    is_withheld: bool = False
    is_missed: bool = False
    bars_keep_conn: bool = False
    mark_ns: int | None = None
    trees: dict[str, VNetRoot] = field(default_factory=dict[str, "VNetRoot"])

    def tree(self, share: str) -> VNetRoot:
        found = self.trees.get(share.upper())
        if found is None:
            found = VNetRoot(session=self, net_root=self.server.net_root(share))
            self.trees[share.upper()] = found
        return found

    @property
    def has_uid(self) -> bool:
        return self.uid is not None

    def opens(self) -> Iterator[SrvOpen]:
        return (each for tree in self.trees.values() for each in tree.opens)


@dataclass(slots=True, kw_only=True, eq=False)
class VNetRoot:
    """``drives``: the names it is connected under, "" for deviceless.

    ``ends_with_last_open``: disconnected by its user, and kept for files opened otherwise.
    """

    session: Session
    net_root: NetRoot
    tid: int | None = None
    is_connecting: bool = False
    ends_with_last_open: bool = False
    drives: set[str] = field(default_factory=set[str])
    opens: list[SrvOpen] = field(default_factory=list["SrvOpen"])


@dataclass(slots=True, kw_only=True, eq=False)
class Fcb:
    """``image``: one for all users: that is the whole of Q179983 (facts/redirector.md 1.2)."""

    net_root: NetRoot
    path: str
    image: Section | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class SrvOpen:
    """``section``: the image section that was made on it and pages through it.

    ``dirty``: offsets and octets the server has not been told; ``dirty_since_ns`` the oldest's.
    """

    tree: VNetRoot
    fcb: Fcb
    sent_as: SentAs
    access: Access
    sharing: Access
    oplock: Oplock
    is_alive: bool = True
    is_flushing: bool = False
    dormant_since_ns: int | None = None
    dirty_since_ns: int | None = None
    section: Section | None = None
    handles: list[Fobx] = field(default_factory=list["Fobx"])
    dirty: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])

    @property
    def server(self) -> SrvCall:
        return self.tree.net_root.server

    @property
    def references(self) -> int:
        return len(self.handles) + (self.section is not None)

    @property
    def dirty_octets(self) -> int:
        return sum(len(data) for _offset, data in self.dirty)


@dataclass(slots=True, kw_only=True, eq=False)
class Fobx:
    """``drive``: the name it was opened under.  ``busy``: reads and writes under way."""

    handle: int
    logon: Logon
    drive: str
    opened: SrvOpen
    busy: int = 0
    is_closing: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Section:
    """``via``: the SRV_OPEN of its first mapper; ``circuit``: the circuit its numbers are of.

    ``drive``: the name that open went by.  ``pages``: resident, whoever brought them in.
    """

    fcb: Fcb
    via: SrvOpen
    circuit: int
    drive: str
    views: list[View] = field(default_factory=list["View"])
    pages: dict[int, bytes] = field(default_factory=dict[int, bytes])
    reading: set[int] = field(default_factory=set[int])

    @property
    def server(self) -> SrvCall:
        return self.fcb.net_root.server

    @property
    def is_of_this_circuit(self) -> bool:
        return self.circuit == self.server.circuits


@dataclass(slots=True, kw_only=True, eq=False)
class View:
    """A process's mapping of a section."""

    number: int
    logon: Logon
    section: Section
    busy: int = 0
    is_closing: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Computer:
    """Everything, by the numbers the askers chose."""

    servers: dict[str, SrvCall] = field(default_factory=dict[str, SrvCall])
    logons: dict[int, Logon] = field(default_factory=dict[int, Logon])
    handles: dict[int, Fobx] = field(default_factory=dict[int, Fobx])
    views: dict[int, View] = field(default_factory=dict[int, View])

    def server(self, name: str) -> SrvCall:
        return self.servers.setdefault(name, SrvCall(name=name))
