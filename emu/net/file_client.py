"""What programs at a client do with files, through the redirector, at the scenario's instants.

One ``FileClient`` is one life of a client: its logon sessions, and by name what they have open.
Tasks are asked for in their turn and not waited for: several people work here at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from emu.machines.base import Note
from emu.machines.redirector import Redirector
from emu.machines.redirector.params import RedirectorParams
from emu.machines.redirector.requests import (
    CloseWanted,
    ConnectShareWanted,
    DataLost,
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
from emu.net.file_records import Done, FileRecords, Lost
from emu.net.file_server import password_of
from emu.net.timeline import PROGRAM, Timeline
from emu.scenario.files import FileService, FileSpec, Task, content_of
from emu.scenario.files_checks import IPC
from emu.stations.smb.client import ServerEnd, SmbClient

if TYPE_CHECKING:
    from emu.capture.ledger import Ledger
    from emu.capture.recording import Recording
    from emu.net.host import Boot
    from emu.stations.base import ClientStation, Connection, User

#: What the server is called (``world.SERVER``).
SERVER = "SERVER"
#: STATUS_INVALID_HANDLE (facts/redirector.md 3.4).
INVALID_HANDLE = 0xC0000008
#: Octets of a page of an image: an x86's (G).
PAGE_OCTETS = 4096

_ACCESS = {"read": Access.READ, "read-write": Access.READ | Access.WRITE}
_SHARING = {
    "read": Access.READ,
    "read-write": Access.READ | Access.WRITE,
    "none": Access.NOTHING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a client works with.  ``left``: told (client, UID) whenever an owner is gone."""

    client: str
    timeline: Timeline
    service: FileService
    records: FileRecords
    recording: Recording | None
    ledger: Ledger | None
    left: Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Something a program has: a handle or a view.  ``file``: ``share/path``."""

    number: int
    by: str
    file: str
    is_view: bool = False


class FileClient:
    """``scan_phase_ns``: when the redirector's scans begin, drawn from the seed."""

    def __init__(self, desk: Desk, boot: Boot, params: RedirectorParams) -> None:
        self.desk = desk
        self.smb: SmbClient | None = None
        self._end: ServerEnd | None = None
        self._boot = boot
        phase_ns = boot.dice("redirector").randrange(max(1, params.scan_period_ns))
        self.redirector = Redirector(params, scan_phase_ns=phase_ns, now=desk.timeline.now)
        self._luids: dict[str, int] = {}
        #: By name: the number it has, whose it is, and the file.  Only what was really opened.
        self._handles: dict[str, Held] = {}
        self._views: dict[str, Held] = {}
        self._coming: dict[int, Held] = {}
        #: The same of programs that were killed meanwhile: to be closed as soon as it is there.
        self._orphans: dict[int, Held] = {}
        self._asked: dict[int, tuple[Done, Task, str]] = {}
        #: UIDs of who is logging off, by ticket.
        self._leaving: dict[int, list[int]] = {}
        self._numbers = 0

    def plug_in(self, make_station: Callable[[User], ClientStation]) -> None:
        """Build what it speaks by, from the top: SMB, then the carrier below."""
        passwords = {each.name: password_of(each.name) for each in self.desk.service.accounts}
        self.smb = SmbClient(self.redirector, self._boot, passwords=passwords, observer=self)
        self._end = self.smb.towards(SERVER)
        self._end.attach(make_station(self._end))

    @property
    def connection(self) -> Connection | None:
        """Its circuit, None while there is none."""
        circuit = None if self._end is None else self._end.circuit
        return cast("Connection | None", circuit)  # a station's: SMB asks less of it than we do

    # --- the program ---------------------------------------------------------------------------

    async def follow(self, tasks: Sequence[tuple[int, Task]]) -> None:
        """Ask for everything in its turn."""
        for at_ns, task in tasks:
            await self.desk.timeline.until(at_ns, rank=PROGRAM)
            await self._boot.going()
            self.do(task, self.desk.timeline.now)

    def killed(self) -> None:
        """The programs are dead; the kernel closes what they had open, and nobody logs off."""
        now = self.desk.timeline.now
        for view in self._views.values():
            self._ask(UnmapWanted(ticket=self._number(), view=view.number), now)
        for held in self._handles.values():
            self._ask(CloseWanted(ticket=self._number(), handle=held.number), now)
        self._views, self._handles = {}, {}
        self._orphans |= self._coming
        self._coming = {}

    def do(self, task: Task, now: int) -> None:
        """One task, now."""
        ticket = self._number()
        done = Done(
            at_ns=now, client=self.desk.client, by=self._by(task), words=task.words, do=task.do
        )
        self.desk.records.done.append(done)
        self._log(now, "asked", request=task.words, by=done.by)
        missing = self._missing(task)
        if missing:
            done.status, done.done_ns, done.why = INVALID_HANDLE, now, missing
            self._tell(done, now)
            return
        self._asked[ticket] = (done, task, self._file_of(task))
        for request in self._requests(task, ticket):
            self._ask(request, now)

    def _ask(self, request: object, now: int) -> None:
        assert self.smb is not None, "plugged in at boot"
        if isinstance(request, LogOffWanted):
            self._leaving[request.ticket] = self._uids(request.luid)
        self.smb.ask(request, now)

    def _uids(self, luid: int) -> list[int]:
        """The UIDs a logon session has just now."""
        view = self.redirector.view()
        found = [each for server in view.servers for each in server.sessions if each.luid == luid]
        return [each.uid for each in found if each.uid is not None]

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _by(self, task: Task) -> str:
        if task.by:
            return task.by
        held = self._views.get(task.view) or self._handles.get(task.name)
        return "" if held is None else held.by

    def _missing(self, task: Task) -> str:
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

    # --- tasks as requests ---------------------------------------------------------------------

    def _requests(self, task: Task, ticket: int) -> list[object]:
        match task.do:
            case "log-on" | "start":
                luid = self._luids[task.by] = self._number()
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
        handle = self._number()
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
            view = self._coming[ticket] = replace(held, number=self._number(), is_view=True)
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

    def _file_of(self, task: Task) -> str:
        """The file a read or a page is of: ``share/path``."""
        held = self._views.get(task.view) if task.do == "touch" else self._handles.get(task.name)
        return held.file if held is not None and task.do in _READS else ""

    def _forget_all_of(self, by: str) -> None:
        """The rundown at a log-off closes what they had."""
        self._views = {name: held for name, held in self._views.items() if held.by != by}
        self._handles = {name: held for name, held in self._handles.items() if held.by != by}
        self._coming = {ticket: held for ticket, held in self._coming.items() if held.by != by}

    # --- what comes of it ----------------------------------------------------------------------

    def delivered(self, value: object, now: int, /) -> None:
        """The redirector has finished something, or lost something."""
        match value:
            case Finished() as finished:
                self._finished(finished, now)
            case DataLost() as lost:
                self._lost(lost, now)
            case other:
                raise AssertionError(f"a redirector delivered {other!r}")

    def noted(self, note: Note, now: int, /) -> None:
        """The redirector's own remarks are for the ledger."""
        self._log(now, note.kind, **note.facts)

    def _finished(self, finished: Finished, now: int) -> None:
        self._close_orphan(finished, now)
        for uid in self._leaving.pop(finished.ticket, ()):  # what lives now lives without owner
            self.desk.left(self.desk.client, uid, now)
        asked = self._asked.pop(finished.ticket, None)
        if asked is None:  # a part of a task, or a dead program's
            return
        done, task, file = asked
        self._got(finished, task)
        self._browsed(finished, task, now)
        done.status, done.done_ns, done.why = finished.status, now, finished.why
        done.resident = finished.resident
        if finished.sent_as is not None:
            sent = finished.sent_as
            done.sent_as = (sent.uid, sent.tid, sent.fid)
        if file and finished.status == 0 and not finished.resident:
            offset = task.page * PAGE_OCTETS if task.do == "touch" else task.offset
            done.foreign = self._foreign(file, offset, finished.data)
        self._log(now, "finished", request=done.words, status=done.status, why=done.why)
        self._tell(done, now)

    def _close_orphan(self, finished: Finished, now: int) -> None:
        """A kernel closes for a dead program what it gets only now."""
        held = self._orphans.pop(finished.ticket, None)
        if held is None or finished.status != 0:
            return
        if held.is_view:
            self._ask(UnmapWanted(ticket=self._number(), view=held.number), now)
        else:
            self._ask(CloseWanted(ticket=self._number(), handle=held.number), now)

    def _got(self, finished: Finished, task: Task) -> None:
        """What was opened or mapped can be worked with from now on."""
        held = self._coming.pop(finished.ticket, None)
        if held is not None and finished.status == 0:
            names = self._views if task.do == "map" else self._handles
            names[task.view if task.do == "map" else task.name] = held

    def _browsed(self, finished: Finished, task: Task, now: int) -> None:
        """NT 4 drops IPC$ right after validation, not before (Q153066, Q153070)."""
        luid = self._luids.get(task.by)
        if task.do == "browse" and finished.status == 0 and luid is not None:
            self._ask(self._disconnect(self._number(), luid, IPC, ""), now)

    def _foreign(self, file: str, offset: int, data: bytes) -> str:
        """Whose octets they are, if not the file's own; a file that was written to is its own."""
        contents = self._contents(offset, len(data))
        if not data or contents.get(file) == data:  # a few octets may be anybody's
            return ""
        return next((name for name, content in contents.items() if content == data), "")

    def _contents(self, offset: int, length: int) -> dict[str, bytes]:
        return {
            f"{share.name}/{each.path}": _part(share.name, each, offset, length)
            for share in self.desk.service.shares
            for each in share.files
        }

    def _lost(self, lost: DataLost, now: int) -> None:
        self.desk.records.lost.append(
            Lost(at_ns=now, client=self.desk.client, file=lost.path, octets=lost.octets)
        )
        self._log(now, "data-lost", file=lost.path, octets=lost.octets)
        if self.desk.recording is not None:
            text = f"{lost.octets} B written to {lost.path} are lost"
            self.desk.recording.event(now, text, hostname=self.desk.client, msgid="TASK")

    def _tell(self, done: Done, now: int) -> None:
        """A row of the capture: who did what, and what came of it."""
        if self.desk.recording is not None:
            text = done.told
            self.desk.recording.event(now, text, hostname=self.desk.client, msgid="TASK")

    def _log(self, now: int, event: str, **fields: int | str | None) -> None:
        if self.desk.ledger is not None:
            self.desk.ledger.note(now, event, host=self.desk.client, **fields)


_READS = frozenset({"read", "touch"})


def _drive(letter: str) -> str:
    return f"{letter.upper()}:" if letter else ""


def _part(share: str, file: FileSpec, offset: int, length: int) -> bytes:
    return content_of(share, file)[offset : offset + length]
