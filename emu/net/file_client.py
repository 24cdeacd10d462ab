"""What programs at a client do with files, through the redirector, at the scenario's instants.

One ``FileClient`` is one life of a client: its logon sessions, and by name what they have open.
Tasks are asked for in their turn and not waited for: several people work here at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from emu.machines.base import Note
from emu.machines.redirector import Redirector
from emu.machines.redirector.params import RedirectorParams
from emu.machines.redirector.requests import DataLost, Finished, LogOffWanted
from emu.net.file_programs import SERVER, Holdings
from emu.net.file_records import Done, FileRecords, Lost
from emu.net.file_server import password_of
from emu.net.timeline import PROGRAM, Timeline
from emu.scenario.files import FileService, FileSpec, Task, content_of
from emu.stations.smb.client import ServerEnd, SmbClient

if TYPE_CHECKING:
    from emu.capture.ledger import Ledger
    from emu.capture.recording import Recording
    from emu.net.host import Boot
    from emu.stations.base import ClientStation, Connection, User

#: STATUS_INVALID_HANDLE (facts/redirector.md 3.4).
INVALID_HANDLE = 0xC0000008
#: Octets of a page of an image: an x86's (G).
PAGE_OCTETS = 4096


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


class FileClient:
    """``scan_phase_ns``: when the redirector's scans begin, drawn from the seed."""

    def __init__(self, desk: Desk, boot: Boot, params: RedirectorParams) -> None:
        self.desk = desk
        self.smb: SmbClient | None = None
        self._end: ServerEnd | None = None
        self._boot = boot
        phase_ns = boot.dice("redirector").randrange(max(1, params.scan_period_ns))
        self.redirector = Redirector(params, scan_phase_ns=phase_ns, now=desk.timeline.now)
        self._holdings = Holdings()
        self._asked: dict[int, tuple[Done, Task, str]] = {}
        #: UIDs of who is logging off, by ticket.
        self._leaving: dict[int, list[int]] = {}

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
        for request in self._holdings.killed():
            self._ask(request, self.desk.timeline.now)

    def do(self, task: Task, now: int) -> None:
        """One task, now."""
        holdings = self._holdings
        ticket = holdings.number()
        done = Done(
            at_ns=now, client=self.desk.client, by=holdings.by(task), words=task.words, do=task.do
        )
        self.desk.records.done.append(done)
        self._log(now, "asked", request=task.words, by=done.by)
        missing = holdings.missing(task)
        if missing:
            done.status, done.done_ns, done.why = INVALID_HANDLE, now, missing
            self._tell(done, now)
            return
        self._asked[ticket] = (done, task, holdings.file_of(task))
        for request in holdings.requests(task, ticket):
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
        for request in self._holdings.orphaned(finished):
            self._ask(request, now)
        for uid in self._leaving.pop(finished.ticket, ()):  # what lives now lives without owner
            self.desk.left(self.desk.client, uid, now)
        asked = self._asked.pop(finished.ticket, None)
        if asked is None:  # a part of a task, or a dead program's
            return
        done, task, file = asked
        self._holdings.got(finished, task)
        for request in self._holdings.browsed(finished, task):
            self._ask(request, now)
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


def _part(share: str, file: FileSpec, offset: int, length: int) -> bytes:
    return content_of(share, file)[offset : offset + length]
