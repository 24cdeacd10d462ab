"""What a scenario says of files: shares, who may log on, and what programs do with them.

Plain frozen values, times in nanoseconds; ``files_schema`` reads them.  A client of a file
server has *tasks* where a terminal's has a program: each is somebody's (``by``), and what they
open goes by names of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """A file on a share.  ``octets``: its size; what is in it says whose it is."""

    path: str
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSpec:
    """``users_max``: the share's user limit, None for no limit."""

    name: str
    files: tuple[FileSpec, ...]
    users_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """Who may log on.  ``administrator``: is let in beyond the licences."""

    name: str
    administrator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind:
    """One thing a program can do, and which keys of a task it needs and may have."""

    name: str
    what: str
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


TASK_KINDS = (
    TaskKind(name="log-on", what="somebody logs on at this client; nothing is sent yet",
             needs=("by",)),
    TaskKind(name="log-off", what="and off: what is still open is closed first", needs=("by",)),
    TaskKind(name="start", what="a service with an account of its own starts", needs=("by",)),
    TaskKind(name="stop", what="and stops: its session is going idle", needs=("by",)),
    TaskKind(name="connect", what="a connection to a share (net use)", needs=("by", "share"),
             may=("drive",)),
    TaskKind(name="disconnect", what="net use /delete", needs=("by", "share"), may=("drive",)),
    TaskKind(name="browse", what="a connection to IPC$ and back, as the browser makes",
             needs=("by",)),
    TaskKind(name="open", what="a file is opened under a name of the program's",
             needs=("by", "file", "name"), may=("access", "sharing", "drive")),
    TaskKind(name="close", what="and closed by the program", needs=("name",)),
    TaskKind(name="read", what="octets of an open file", needs=("name",),
             may=("offset", "octets")),
    TaskKind(name="write", what="octets into an open file", needs=("name",),
             may=("offset", "octets")),
    TaskKind(name="map", what="an open file is mapped as an image", needs=("name", "view")),
    TaskKind(name="touch", what="a page of an image is needed", needs=("view",), may=("page",)),
    TaskKind(name="unmap", what="the image is given up", needs=("view",)),
)  # fmt: skip
TASKS = tuple(kind.name for kind in TASK_KINDS)

#: What an administrator does at the server (facts/redirector.md 3.5).
SERVER_TASK_KINDS = (
    TaskKind(name="net-session", what="look at the sessions"),
    TaskKind(name="delete-sessions", what="net session /delete: of a client, of one user, or both",
             may=("client", "user")),
    TaskKind(name="close-file", what="net file /close: every open of a file", needs=("file",)),
)  # fmt: skip
SERVER_TASKS = tuple(kind.name for kind in SERVER_TASK_KINDS)

#: What an opener wants, and lets others have meanwhile; the first is the default.
ACCESSES = ("read", "read-write")
SHARINGS = ("read", "read-write", "none")

#: Octets of a read or write that does not say how many.
OCTETS_DEFAULT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do.  ``file``: ``share/path``.  ``offset``, ``octets``: of a read or write.

    ``page``: of an image, 4096 octets each.  ``client``, ``user``: whose sessions, at a server.
    """

    do: str
    by: str = ""
    share: str = ""
    drive: str = ""
    file: str = ""
    name: str = ""
    view: str = ""
    page: int = 0
    offset: int = 0
    octets: int = OCTETS_DEFAULT
    access: str = ACCESSES[0]
    sharing: str = SHARINGS[0]
    client: str = ""
    user: str = ""

    @property
    def words(self) -> str:
        """As a person would say it."""
        what = self.file or self.share or self.name or self.view
        if self.do == "open":
            what += f" as {self.name}"
        elif self.do == "map":
            what += f" as {self.view}"
        elif self.do == "touch":
            what += f" page {self.page}"
        elif self.drive:
            what += f" as {self.drive}:"
        who = " of ".join(part for part in (self.user, self.client) if part)
        return " ".join(part for part in (self.do, what, who) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStep:
    """A task and when: at ``at_ns``, or at ``at_ns + every_ns``, ``at_ns + 2 * every_ns``, ...
    up to and including ``until_ns``."""

    task: Task
    at_ns: int
    every_ns: int | None = None
    until_ns: int | None = None

    def instants(self) -> Iterable[int]:
        """All of them, in order."""
        if self.every_ns is None or self.until_ns is None:
            return (self.at_ns,)
        return range(self.at_ns + self.every_ns, self.until_ns + 1, self.every_ns)


def expanded_tasks(steps: Iterable[TaskStep]) -> list[tuple[int, Task]]:
    """(instant, task) in order; ties stay in the order written."""
    tasks = [(at_ns, step.task) for step in steps for at_ns in step.instants()]
    return sorted(tasks, key=lambda task: task[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class FileService:
    """What the server offers besides, and who may use it."""

    shares: tuple[ShareSpec, ...] = ()
    accounts: tuple[AccountSpec, ...] = ()

    def share(self, name: str) -> ShareSpec | None:
        """The share of that name, None if there is none."""
        return next((share for share in self.shares if share.name == name), None)


def content_of(share: str, file: FileSpec) -> bytes:
    """What is in a file: its own name, over and over, so that a reader sees whose octets it has."""
    word = f"{share}/{file.path} ".encode("ascii", "replace")
    return (word * (file.octets // len(word) + 1))[: file.octets]
