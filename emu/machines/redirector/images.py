"""Image sections: one for a file, whoever maps it, and every page comes through its first mapper.

Read facts/redirector.md 1.2 and 1.3.  A section lives as long as somebody has it mapped; that
Windows keeps unmapped ones for a while is left out.  The last page is filled with zeros (G).
"""

from __future__ import annotations

from emu.machines.redirector import statuses
from emu.machines.redirector.circuits import Circuits
from emu.machines.redirector.errands import (
    Ask,
    CircuitLost,
    Errands,
    Failed,
    Until,
    Way,
    result_of,
)
from emu.machines.redirector.files import Files
from emu.machines.redirector.logoffs import LogOffs
from emu.machines.redirector.objects import Computer, Fobx, Section, View
from emu.machines.redirector.params import RedirectorParams
from emu.machines.redirector.requests import Finished
from emu.machines.smb.calls import Read, ReadData


class Images:
    """Part of a redirector."""

    def __init__(
        self,
        params: RedirectorParams,
        errands: Errands,
        circuits: Circuits,
        files: Files,
        log_offs: LogOffs,
        computer: Computer,
    ) -> None:
        self._params = params
        self._errands = errands
        self._circuits = circuits
        self._files = files
        self._log_offs = log_offs
        self._computer = computer

    def map(self, fobx: Fobx, number: int) -> None:
        """An existing section is found by its file, not by who opened it (1.3)."""
        opened = fobx.opened
        if not opened.is_alive:
            raise Failed(statuses.NAME_DELETED, "the file is not open on the server any more")
        section = opened.fcb.image
        if section is None or self._is_replaced(section):
            section = Section(
                fcb=opened.fcb, via=opened, circuit=opened.server.circuits, drive=fobx.drive
            )
            opened.fcb.image = opened.section = section
        view = View(number=number, logon=fobx.logon, section=section)
        section.views.append(view)
        self._computer.views[number] = view

    def _is_replaced(self, section: Section) -> bool:
        """Whether a new mapper is spared a section whose numbers are dead."""
        if section.via.is_alive:
            return False
        return self._params.q179983 if section.is_of_this_circuit else self._params.q184998

    def touch(self, view: View, page: int, ticket: int) -> Way:
        """The page's octets, from the section or from the server; returns ``Finished``."""
        section = view.section
        view.busy += 1
        try:
            yield Until(lambda: page not in section.reading)
            if page in section.pages:
                return Finished(ticket=ticket, data=section.pages[page], resident=True)
            return (yield from self._page_in(view, page, ticket))
        finally:
            view.busy -= 1

    def _page_in(self, view: View, page: int, ticket: int) -> Way:
        section = view.section
        sent_as = section.via.sent_as
        section.reading.add(page)
        try:
            yield from self._circuit_of(section)
            section.pages[page] = yield from self._read_page(view, page)
        except Failed as failure:
            why = f"READ as UID {sent_as.uid:#x}, FID {sent_as.fid:#x}: {failure.why}"
            is_sent = failure.fault is not None
            return Finished(
                ticket=ticket,
                status=statuses.IN_PAGE_ERROR,
                why=why if is_sent else failure.why,
                sent_as=sent_as if is_sent else None,
            )
        except CircuitLost as lost:
            return Finished(ticket=ticket, status=statuses.IN_PAGE_ERROR, why=str(lost))
        finally:
            section.reading.discard(page)
        return Finished(ticket=ticket, data=section.pages[page], sent_as=sent_as)

    def _circuit_of(self, section: Section) -> Way:
        """Numbers of an earlier circuit are used again, or not (Q184998)."""
        if section.is_of_this_circuit:
            return
        if self._params.q184998:
            raise Failed(statuses.NAME_DELETED, "the circuit the image was opened on is gone")
        yield from self._circuits.ready(section.server)

    def _read_page(self, view: View, page: int) -> Way:
        size, data = self._params.page_octets, bytearray()
        while len(data) < size:
            piece = min(size - len(data), self._params.read_max)
            told = yield from self._read_piece(view, page * size + len(data), piece)
            data += told
            if len(told) < piece:
                break
        return bytes(data).ljust(size, b"\0")

    def _read_piece(self, view: View, offset: int, length: int) -> Way:
        """A READ that bears the numbers of the section's first mapper, whoever needs the page."""
        section = view.section
        sent_as, server = section.via.sent_as, section.server
        ask = Ask(
            server=server,
            requests=(Read(fid=sent_as.fid, offset=offset, length=length),),
            uid=sent_as.uid,
            tid=sent_as.tid,
            user=server.sessions.get(view.logon.luid),
        )
        reply = yield from self._errands.ask(ask)
        try:
            return result_of(reply, ReadData).data[:length]
        except Failed as refusal:
            self._heed(section, refusal)
            raise

    def _heed(self, section: Section, refusal: Failed) -> None:
        """Stale numbers may be somebody else's by now: what is said of them is not heeded."""
        if refusal.fault is None or not section.via.is_alive:
            return
        sent_as = section.via.sent_as
        if statuses.is_dead_file(refusal.fault):
            self._circuits.kill(section.via)
        self._circuits.heed(section.server, refusal.fault, uid=sent_as.uid, tid=sent_as.tid)

    def unmap(self, view: View) -> Way:
        """The last one lets go of the open that pages came through."""
        view.is_closing = True
        yield Until(lambda: view.busy == 0)
        section = view.section
        del self._computer.views[view.number]
        section.views.remove(view)
        if section.views:
            return
        if section.fcb.image is section:
            section.fcb.image = None
        opened = section.via
        opened.section = None
        session = opened.tree.session
        if session.is_withheld:
            yield from self._log_offs.finish(session)
        else:
            yield from self._files.release(opened)
