"""What a run keeps about files while it plays: who owned which session, tree and file when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from emu.units import NS_PER_S, format_duration


def status_text(status: int | None) -> str | None:
    """``0xC0000006``, or for ``net use`` the number it prints; None while it is under way."""
    if status is None:
        return None
    return f"0x{status:08X}" if status > 0xFFFF or not status else str(status)


def id_text(number: int) -> str:
    """A UID, TID or FID as Wireshark shows it."""
    return f"0x{number:04x}"


#: Looks at the server's table beyond so many are not kept: the first and the last are.
TABLES_FIRST, TABLES_LAST = 24, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """A session, tree, open or search began or ended on the server.

    ``kind``: one of these words, or ``connection``.  ``number``: UID, TID, FID or SID.
    ``session``: the record's id, None for a connection.  ``cause``: empty where it began.
    """

    at_ns: int
    kind: str
    began: bool
    client: str
    connection: int
    number: int
    uid: int
    session: int | None
    what: str
    cause: str
    frame: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One line of ``net session``.  ``owner``: whether the one who logged on still is.

    ``files``: what it has open.  ``idle_s``, ``time_s``: whole seconds.
    """

    session: int
    client: str
    user: str
    uid: int
    owner: bool
    opens: int
    files: tuple[str, ...]
    time_s: int
    idle_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTable:
    """The server's sessions at an interesting instant.  ``why`` it is one."""

    at_ns: int
    why: str
    rows: tuple[TableRow, ...]


@dataclass(slots=True, kw_only=True)
class Done:
    """One task and what came of it.

    ``status``: None while it is under way; 0; an NT status; below 65536 a Win32 number.
    ``sent_as``: (UID, TID, FID) that a page was asked for with.  ``resident``: it was there.
    ``foreign``: the file whose octets came instead, "" if they were the right ones.
    """

    at_ns: int
    client: str
    by: str
    words: str
    do: str
    status: int | None = None
    done_ns: int | None = None
    why: str = ""
    sent_as: tuple[int, int, int] | None = None
    resident: bool = False
    foreign: str = ""

    @property
    def who(self) -> str:
        """``bob@ws1``."""
        return f"{self.by}@{self.client}" if self.by else self.client

    @property
    def sent(self) -> str:
        """Under which numbers, in words; empty for what the program's own open did."""
        if self.sent_as is None:
            return ""
        uid, _tid, fid = self.sent_as
        return f" (asked for with UID {id_text(uid)}, FID {id_text(fid)})"

    @property
    def told(self) -> str:
        """The task and what came of it, as a person would say it."""
        return f"{self.who}: {self.words}{self._outcome()}"

    def _outcome(self) -> str:
        if self.status is None:
            return " (no answer yet when the run ends)"
        took = (self.done_ns or self.at_ns) - self.at_ns
        late = f" after {format_duration(round(took, -6))}" if took >= NS_PER_S else ""
        if self.status:
            return f" FAILS{late} with {status_text(self.status)}: {self.why}{self.sent}"
        if self.foreign:
            return f" brings octets of ANOTHER FILE, {self.foreign}{self.sent}"
        resident = ", resident" if self.resident else ""
        return f"{resident}{self.sent}{late}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Octets that a program had written and no server ever got."""

    at_ns: int
    client: str
    file: str
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A limit was met.  ``rule``: which one, in the server's words."""

    at_ns: int
    client: str
    rule: str


@dataclass(slots=True)
class FileRecords:
    """All of it.  ``left_ns``: by session, when its owner had logged off or stopped."""

    lifetimes: list[Lifetime] = field(default_factory=list[Lifetime])
    tables: list[SessionTable] = field(default_factory=list[SessionTable])
    done: list[Done] = field(default_factory=list[Done])
    lost: list[Lost] = field(default_factory=list[Lost])
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    left_ns: dict[int, int] = field(default_factory=dict[int, int])
    ended_ns: dict[int, int] = field(default_factory=dict[int, int])
    setups: int = 0

    def look(self, table: SessionTable) -> None:
        """Keep a table; of very many the middle is dropped."""
        self.tables.append(table)
        if len(self.tables) > TABLES_FIRST + TABLES_LAST:
            del self.tables[TABLES_FIRST]

    def leaks(self, horizon_ns: int) -> Iterator[tuple[int, int]]:
        """(session, how long it outlived its owner), for those that did."""
        for session, left_ns in self.left_ns.items():
            outlived = self.ended_ns.get(session, horizon_ns) - left_ns
            if outlived > 0:
                yield session, outlived

    def leaked_ns(self, horizon_ns: int) -> int:
        """Time in which sessions stayed without an owner, summed."""
        return sum(outlived for _, outlived in self.leaks(horizon_ns))

    def dead_at_the_end(self) -> int:
        """Sessions without an owner that never ended."""
        return sum(session not in self.ended_ns for session in self.left_ns)

    @property
    def octets_lost(self) -> int:
        """All of them."""
        return sum(lost.octets for lost in self.lost)

    @property
    def failed(self) -> int:
        """Tasks that came to nothing."""
        return sum(done.status not in (None, 0) for done in self.done)
