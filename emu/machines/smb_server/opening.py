"""Opens: the file, its share modes, and the wait for somebody else's oplock.

An open that collides with an exclusive or batch oplock is not answered until the holder
acknowledges the break, closes, is gone, or has been silent for 35 s (facts/redirector.md 3.7).
"""

from __future__ import annotations

from emu.machines.base import Effect, Note, Transmit
from emu.machines.smb import faults
from emu.machines.smb.calls import (
    BreakOplock,
    Call,
    Disposition,
    Open,
    OpenReady,
    Oplock,
)
from emu.machines.smb.faults import Fault
from emu.machines.smb_server import oplocks
from emu.machines.smb_server.answers import answer, limited, refused
from emu.machines.smb_server.book import Book
from emu.machines.smb_server.limits import refuse_open
from emu.machines.smb_server.objects import (
    PATH_MAX,
    File,
    OpenFile,
    Session,
    Tree,
    Waiting,
    path_key,
)
from emu.machines.smb_server.oplocks import TRUNCATING, Second
from emu.machines.smb_server.params import BreakUnanswered, ServerParams


class Opener:
    """Part of a server; it shares its book."""

    def __init__(self, params: ServerParams, book: Book) -> None:
        self._params = params
        self._book = book

    def open(
        self, call: Call, wanted: Open, session: Session, tree: Tree, now: int
    ) -> list[Effect]:
        """Answer an open at once, or begin to wait."""
        found = self._file_for(wanted, tree)
        if isinstance(found, Fault):
            return [refused(call, found)]
        waiting = Waiting(
            connection=session.connection,
            session=session,
            tree=tree,
            file=found,
            call=call,
            wanted=wanted,
        )
        return self._attempt(waiting, now, is_new=True)

    def settle(self, now: int) -> list[Effect]:
        """Look again at who waits for a file that has changed hands."""
        effects: list[Effect] = []
        while self._book.stirred:
            file = self._book.stirred.pop(0)
            for waiting in tuple(file.waiting):
                effects += self._attempt(waiting, now, is_new=False)
        return effects

    def acknowledge(self, opened: OpenFile, level: Oplock) -> None:
        """The holder answers a break; an answer that nobody asked for changes nothing."""
        if opened.breaking_to is not None:
            self._broken(opened, oplocks.after_break(opened.breaking_to, level))

    def expire(self, now: int) -> list[Effect]:
        """Holders that have been silent for too long."""
        effects: list[Effect] = []
        breaks = self._book.breaks
        while breaks and next(iter(breaks.values())) <= now:
            file_id, _due = breaks.popitem(last=False)
            effects += self._unanswered(self._book.opens_by_id[file_id])
        return effects

    def wrote(self, writer: OpenFile) -> list[Effect]:
        """Nobody else may go on reading what was there: level II is broken without a wait (G)."""
        effects: list[Effect] = []
        for each in writer.file.opens:
            if each is not writer and each.oplock is Oplock.LEVEL_II:
                each.oplock = Oplock.NONE
                effects.append(Transmit(_notice(each, Oplock.NONE)))
        return effects

    def _file_for(self, wanted: Open, tree: Tree) -> File | Fault:
        """The file, or a new one, which is in its share only once the open has succeeded."""
        key = path_key(wanted.path)
        if not key or len(key) > PATH_MAX:
            return faults.NAME_INVALID
        file = tree.share.files.get(key)
        if file is not None:
            is_new = wanted.disposition is Disposition.CREATE
            return faults.NAME_COLLISION if is_new else file
        if wanted.disposition in (Disposition.OPEN, Disposition.OVERWRITE):
            return faults.NO_SUCH_FILE
        if tree.share.is_ipc:
            return faults.NO_SUCH_FILE  # pipes are not made by clients
        if len(tree.share.files) >= self._params.files_max:
            return faults.DISK_FULL
        return File(share=tree.share, path=key, content=bytearray())

    def _attempt(self, waiting: Waiting, now: int, *, is_new: bool) -> list[Effect]:
        wanted, file = waiting.wanted, waiting.file
        second = oplocks.judge_second(file.opens, access=wanted.access, share=wanted.share)
        if second is Second.WAITS:
            return self._wait(waiting, now, is_new=is_new)
        if not is_new:
            self._book.no_longer_waits(waiting)
        if second is Second.VIOLATES:
            return [refused(waiting.call, faults.SHARING_VIOLATION)]
        connection = waiting.connection
        refusal = refuse_open(self._params, on_this_vc=len(connection.opens))
        if refusal is None:
            return self._ready(waiting)
        return limited(waiting.call, refusal)

    def _wait(self, waiting: Waiting, now: int, *, is_new: bool) -> list[Effect]:
        connection, file = waiting.connection, waiting.file
        if is_new:
            # The client was told how many requests it may have outstanding (MaxMpxCt).
            if len(connection.waiting) >= self._params.max_mpx:
                return [refused(waiting.call, faults.INSUFF_SERVER_RESOURCES)]
            connection.waiting.append(waiting)
            file.waiting.append(waiting)
        holder = file.holder()
        assert holder is not None, "waits for nobody"
        if holder.breaking_to is not None:
            return []
        level = oplocks.level_to_break_to(
            level_ii=holder.session.connection.level_ii,
            truncates=waiting.wanted.disposition in TRUNCATING,
        )
        holder.breaking_to = level
        self._book.breaks[holder.file_id] = now + self._params.oplock_break_wait_ns
        return [Transmit(_notice(holder, level))]

    def _ready(self, waiting: Waiting) -> list[Effect]:
        wanted, file, session = waiting.wanted, waiting.file, waiting.session
        effects: list[Effect] = []
        created = file.path not in file.share.files
        file.share.files[file.path] = file
        if wanted.disposition in TRUNCATING:
            file.content.clear()
        self._book.file_ids += 1
        opened = OpenFile(
            session=session,
            tree=waiting.tree,
            file=file,
            fid=session.connection.opens.free_number(),
            file_id=self._book.file_ids,
            access=wanted.access,
            share=wanted.share,
            oplock=oplocks.grant(
                Oplock.NONE if file.share.is_ipc else wanted.oplock,
                is_alone=not file.opens,
                level_ii=session.connection.level_ii,
            ),
        )
        session.connection.opens.add(opened)
        effects.append(self._book.begin_open(opened))
        if wanted.disposition in TRUNCATING:
            effects += self.wrote(opened)
        result = OpenReady(
            fid=opened.fid, oplock=opened.oplock, size=len(file.content), created=created
        )
        return [*effects, answer(waiting.call, result)]

    def _unanswered(self, holder: OpenFile) -> list[Effect]:
        facts = {"connection": holder.session.connection.serial, "fid": holder.fid}
        note = Note("oplock-break-unanswered", facts)
        match self._params.break_unanswered:
            case BreakUnanswered.REVOKE:
                self._broken(holder, Oplock.NONE)
                return [note]
            case BreakUnanswered.CLOSE_FIRST:
                return [note, *self._book.end_open(holder, "oplock break unanswered")]
            case BreakUnanswered.FAIL_SECOND_OPEN:
                holder.breaking_to = None
                return [note, *self._fail_waiting(holder.file)]

    def _fail_waiting(self, file: File) -> list[Effect]:
        effects: list[Effect] = []
        for waiting in tuple(file.waiting):
            self._book.no_longer_waits(waiting)
            effects.append(refused(waiting.call, faults.SHARING_VIOLATION))
        return effects

    def _broken(self, opened: OpenFile, keeps: Oplock) -> None:
        opened.oplock, opened.breaking_to = keeps, None
        self._book.breaks.pop(opened.file_id, None)
        self._book.stir(opened.file)


def _notice(opened: OpenFile, level: Oplock) -> BreakOplock:
    return BreakOplock(
        connection=opened.session.connection.serial,
        tid=opened.tree.tid,
        fid=opened.fid,
        level=level,
    )
