"""What programs at a client have open by name, and their tasks as requests to the redirector.

Pure bookkeeping: numbers are counted up, nothing is sent here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from emu.machines.redirector.requests import (
    CloseWanted,
    ConnectShareWanted,
    DisconnectShareWanted,
    Finished,
    LogOffWanted,
    LogOnWanted,
    MapImageWanted,
    OpenWanted,
    ReadWanted,
    TouchWanted,
    UnmapWanted,
    WriteWanted,
)
from emu.machines.smb.calls import Access
from emu.scenario.files import Task
from emu.scenario.files_checks import IPC

#: What the server is called by its clients; stations name it so on the wire.
SERVER = "SERVER"

_ACCESS = {"read": Access.READ, "read-write": Access.READ | Access.WRITE}
_SHARING = {
    "read": Access.READ,
    "read-write": Access.READ | Access.WRITE,
    "none": Access.NOTHING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Something a program has: a handle or a view.  ``file``: ``share/path``."""

    number: int
    by: str
    file: str
    is_view: bool = False


class Holdings:
    """One life of a client: who is logged on, and by name what is open or mapped."""

    def __init__(self) -> None:
        self._luids: dict[str, int] = {}
        #: By name: the number it has, whose it is, and the file.  Only what was really opened.
        self._handles: dict[str, Held] = {}
        self._views: dict[str, Held] = {}
        self._coming: dict[int, Held] = {}
        #: The same of programs that were killed meanwhile: to be closed as soon as it is there.
        self._orphans: dict[int, Held] = {}
        self._numbers = 0

    def number(self) -> int:
        """One that no ticket, logon session, handle or view of this life has."""
        self._numbers += 1
        return self._numbers

    def killed(self) -> list[object]:
        """The programs are dead; the kernel closes what they had open, and nobody logs off."""
        closing = [self._closing(held) for held in (*self._views.values(), *self._handles.values())]
        self._views, self._handles = {}, {}
        self._orphans |= self._coming
        self._coming = {}
        return closing

    def orphaned(self, finished: Finished) -> list[object]:
        """A kernel closes for a dead program what it gets only now."""
        held = self._orphans.pop(finished.ticket, None)
        return [] if held is None or finished.status != 0 else [self._closing(held)]

    def _closing(self, held: Held) -> object:
        if held.is_view:
            return UnmapWanted(ticket=self.number(), view=held.number)
        return CloseWanted(ticket=self.number(), handle=held.number)

    def got(self, finished: Finished, task: Task) -> None:
        """What was opened or mapped can be worked with from now on."""
        held = self._coming.pop(finished.ticket, None)
        if held is not None and finished.status == 0:
            names = self._views if task.do == "map" else self._handles
            names[task.view if task.do == "map" else task.name] = held

    def browsed(self, finished: Finished, task: Task) -> list[object]:
        """NT 4 drops IPC$ right after validation, not before (Q153066, Q153070)."""
        luid = self._luids.get(task.by)
        if task.do != "browse" or finished.status != 0 or luid is None:
            return []
        return [self._disconnect(self.number(), luid, IPC, "")]

    def by(self, task: Task) -> str:
        """Whose task it is."""
        if task.by:
            return task.by
        held = self._views.get(task.view) or self._handles.get(task.name)
        return "" if held is None else held.by

    def missing(self, task: Task) -> str:
        """What a program finds out by itself: there is nothing to work on, or it has that name."""
        if task.do in ("log-on", "start") and task.by in self._luids:
            return f"{task.by} is logged on already"
        if task.by and task.do not in ("log-on", "start") and task.by not in self._luids:
            return f"{task.by} is not logged on"
        if task.do == "open" and task.name in self._handles:
            return f"{task.name} is open already"
        if task.do == "map" and task.view in self._views:
            return f"{task.view} is mapped already"
        if task.name and task.do != "open" and task.name not in self._handles:
            return f"{task.name} is not open"
        if task.view and task.do != "map" and task.view not in self._views:
            return f"{task.view} is not mapped"
        return ""

    def requests(self, task: Task, ticket: int) -> list[object]:
        """A task that lacks nothing, as the redirector is asked for it."""
        match task.do:
            case "log-on" | "start":
                luid = self._luids[task.by] = self.number()
                service = task.do == "start"
                return [LogOnWanted(ticket=ticket, luid=luid, user=task.by, service=service)]
            case "log-off" | "stop":
                luid = self._luids.pop(task.by)
                self._forget_all_of(task.by)
                return [LogOffWanted(ticket=ticket, luid=luid, service=task.do == "stop")]
            case "connect" | "disconnect" | "browse":
                return self._connections(task, ticket)
            case "open":
                return [self._open(task, ticket)]
            case "map" | "touch" | "unmap":
                return [self._image(task, ticket)]
            case _:
                return [self._on_handle(task, ticket)]

    def _connections(self, task: Task, ticket: int) -> list[object]:
        luid = self._luids[task.by]
        if task.do == "disconnect":
            return [self._disconnect(ticket, luid, task.share, task.drive)]
        share = IPC if task.do == "browse" else task.share
        wanted = ConnectShareWanted(
            ticket=ticket, luid=luid, server=SERVER, share=share, drive=_drive(task.drive)
        )
        return [wanted]

    def _disconnect(self, ticket: int, luid: int, share: str, drive: str) -> object:
        return DisconnectShareWanted(
            ticket=ticket, luid=luid, server=SERVER, share=share, drive=_drive(drive)
        )

    def _open(self, task: Task, ticket: int) -> object:
        share, _, path = task.file.partition("/")
        handle = self.number()
        self._coming[ticket] = Held(number=handle, by=task.by, file=task.file)
        return OpenWanted(
            ticket=ticket,
            luid=self._luids[task.by],
            handle=handle,
            server=SERVER,
            share=share,
            path=path,
            access=_ACCESS[task.access],
            sharing=_SHARING[task.sharing],
            drive=_drive(task.drive),
        )

    def _image(self, task: Task, ticket: int) -> object:
        if task.do == "map":
            held = self._handles[task.name]
            view = self._coming[ticket] = replace(held, number=self.number(), is_view=True)
            return MapImageWanted(ticket=ticket, handle=held.number, view=view.number)
        if task.do == "touch":
            return TouchWanted(ticket=ticket, view=self._views[task.view].number, page=task.page)
        return UnmapWanted(ticket=ticket, view=self._views.pop(task.view).number)

    def _on_handle(self, task: Task, ticket: int) -> object:
        if task.do == "close":
            return CloseWanted(ticket=ticket, handle=self._handles.pop(task.name).number)
        held = self._handles[task.name]
        if task.do == "read":
            return ReadWanted(
                ticket=ticket, handle=held.number, offset=task.offset, length=task.octets
            )
        word = f"{held.by} has written into {held.file}. ".encode()
        data = (word * (task.octets // len(word) + 1))[: task.octets]
        return WriteWanted(ticket=ticket, handle=held.number, offset=task.offset, data=data)

    def file_of(self, task: Task) -> str:
        """The file a read or a page is of: ``share/path``."""
        held = self._views.get(task.view) if task.do == "touch" else self._handles.get(task.name)
        return held.file if held is not None and task.do in _READS else ""

    def _forget_all_of(self, by: str) -> None:
        """The rundown at a log-off closes what they had."""
        self._views = {name: held for name, held in self._views.items() if held.by != by}
        self._handles = {name: held for name, held in self._handles.items() if held.by != by}
        self._coming = {ticket: held for ticket, held in self._coming.items() if held.by != by}


_READS = frozenset({"read", "touch"})


def _drive(letter: str) -> str:
    return f"{letter.upper()}:" if letter else ""
