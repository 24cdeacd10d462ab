"""The redirector: SMB client of one computer, for all its logon sessions and any server.

Programs and circuits ask it (``requests``); it says ``Transmit(Exchange)``, ``Deliver(Dial)`` and
``Deliver(HangUp)`` downwards, ``Deliver(Finished)`` and ``Deliver(DataLost)`` upwards.

Read facts/redirector.md 1.2, 1.3, 2, 3.1 to 3.3, 3.7.  Not here: a circuit for each terminal
session (MultipleUsersOnConnection 0): one VC a server is the default, and what all the rules are
about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import Asked, Effects, Expired, Received, Stimulus
from emu.machines.redirector import statuses
from emu.machines.redirector.circuits import Circuits
from emu.machines.redirector.errands import CircuitLost, Errand, Errands, Failed, Until, Way
from emu.machines.redirector.files import Files
from emu.machines.redirector.images import Images
from emu.machines.redirector.logoffs import LogOffs
from emu.machines.redirector.objects import Computer, Fobx, Logon, SrvCall, View
from emu.machines.redirector.params import RedirectorParams
from emu.machines.redirector.requests import (
    Broken,
    CircuitBroke,
    CircuitUp,
    CloseWanted,
    ConnectShareWanted,
    DisconnectShareWanted,
    Finished,
    LogOffWanted,
    LogOnWanted,
    MapImageWanted,
    OpenWanted,
    ReadWanted,
    Reply,
    TouchWanted,
    UnmapWanted,
    WriteWanted,
)
from emu.machines.redirector.scavenger import Scavenger
from emu.machines.redirector.snapshot import CircuitState, RedirectorView
from emu.machines.redirector.viewing import view_of


class Redirector:
    """``now``: when the computer started; its scans beat from ``now + scan_phase_ns``."""

    def __init__(self, params: RedirectorParams, *, scan_phase_ns: int = 0, now: int = 0) -> None:
        self._computer = computer = Computer()
        self._luids_used: set[int] = set()
        self._opening: set[int] = set()
        self._errands = errands = Errands(params)
        self._circuits = circuits = Circuits(params, errands)
        self._files = files = Files(params, errands, circuits, computer)
        self._log_offs = LogOffs(params, errands, circuits, files, computer)
        self._images = Images(params, errands, circuits, files, self._log_offs, computer)
        self._scavenger = Scavenger(
            params,
            errands,
            circuits,
            files,
            self._log_offs,
            computer,
            start_ns=now + scan_phase_ns,
        )

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus, and everything that can go on because of it."""
        self._errands.now = now
        match stimulus:
            case Asked(request) if type(request) in ASKED:
                ASKED[type(request)].action(self, request)
            case Received(Reply() as reply):
                self._errands.received(reply)
            case Received(Broken() as notice):
                self._files.broken(self._computer.server(notice.server), notice)
            case Expired():
                self._scavenger.expire()
            case _:
                raise LocalProtocolError(f"redirector: no row for {stimulus}")
        return self._errands.taken()

    def due(self) -> int | None:
        """The earliest of all timers."""
        return min(self.timers().values(), default=None)

    def timers(self) -> Mapping[str, int]:
        return self._scavenger.timers()

    def view(self) -> RedirectorView:
        """What there is, for reports and tests."""
        return view_of(self._computer)

    # Circuits.
    def on_circuit_up(self, up: CircuitUp) -> None:
        server = self._computer.server(up.server)
        if server.state is not CircuitState.DIALLING:
            raise LocalProtocolError(f"redirector: {up.server} was not dialled")
        server.is_direct_ipx = up.is_direct_ipx
        self._errands.start(self._circuits.negotiate(server))

    def on_circuit_broke(self, broke: CircuitBroke) -> None:
        """One that is down already was hung up by ourselves meanwhile."""
        server = self._computer.server(broke.server)
        if server.state is not CircuitState.DOWN:
            self._circuits.lost(server, broke.cause)

    # Logon sessions.
    def on_log_on(self, asked: LogOnWanted) -> None:
        if asked.luid in self._luids_used:
            raise LocalProtocolError(f"redirector: luid {asked.luid} has been used before")
        self._luids_used.add(asked.luid)
        self._computer.logons[asked.luid] = Logon(
            luid=asked.luid, user=asked.user, is_service=asked.service
        )
        self._errands.deliver(Finished(ticket=asked.ticket))

    def on_log_off(self, asked: LogOffWanted) -> None:
        logon = self._logon(asked.luid)
        logon.is_ending = True
        logon.is_service = logon.is_service or asked.service
        self._errands.start(self._log_off(logon, asked.ticket))

    def _log_off(self, logon: Logon, ticket: int) -> Errand:
        """Rundown first: views, then handles; then server by server."""
        yield Until(lambda: logon.busy == 0)
        for view in [each for each in self._computer.views.values() if each.logon is logon]:
            yield from _come_what_may(self._images.unmap(view))
        for fobx in [each for each in self._computer.handles.values() if each.logon is logon]:
            yield from _come_what_may(self._files.close(fobx))
        logon.is_alive = False
        del self._computer.logons[logon.luid]
        for server in tuple(self._computer.servers.values()):
            session = server.sessions.get(logon.luid)
            if session is not None:
                yield from _come_what_may(self._log_offs.give_up(session))
        self._errands.deliver(Finished(ticket=ticket))

    # Shares.
    def on_connect(self, asked: ConnectShareWanted) -> None:
        logon, server = self._logon(asked.luid), self._computer.server(asked.server)

        def connect() -> Way:
            tree = yield from self._circuits.tree(server, logon, asked.share)
            tree.drives.add(asked.drive.upper())
            tree.ends_with_last_open = False

        self._run(asked.ticket, logon, server, connect())

    def on_disconnect(self, asked: DisconnectShareWanted) -> None:
        logon, server = self._logon(asked.luid), self._computer.server(asked.server)
        session = server.sessions.get(asked.luid)
        self._run(asked.ticket, logon, server, self._log_offs.disconnect(session, asked))

    # Files.
    def on_open(self, asked: OpenWanted) -> None:
        if asked.handle in self._computer.handles or asked.handle in self._opening:
            raise LocalProtocolError(f"redirector: handle {asked.handle} is open already")
        logon, server = self._logon(asked.luid), self._computer.server(asked.server)

        def opened() -> Way:
            self._opening.add(asked.handle)
            try:
                yield from self._files.open(server, logon, asked)
            finally:
                self._opening.discard(asked.handle)

        self._run(asked.ticket, logon, server, opened())

    def on_close(self, asked: CloseWanted) -> None:
        fobx = self._fobx(asked.handle)
        self._on_handle(asked.ticket, fobx, self._files.close(fobx))

    def on_read(self, asked: ReadWanted) -> None:
        fobx = self._fobx(asked.handle)
        self._on_handle(asked.ticket, fobx, self._files.read(fobx, asked.offset, asked.length))

    def on_write(self, asked: WriteWanted) -> None:
        fobx = self._fobx(asked.handle)
        self._on_handle(asked.ticket, fobx, self._files.write(fobx, asked.offset, asked.data))

    # Images.
    def on_map(self, asked: MapImageWanted) -> None:
        fobx = self._fobx(asked.handle)
        if asked.view in self._computer.views:
            raise LocalProtocolError(f"redirector: view {asked.view} is mapped already")
        try:
            self._images.map(fobx, asked.view)
            finished = Finished(ticket=asked.ticket)
        except Failed as failure:
            finished = Finished(ticket=asked.ticket, status=failure.status, why=failure.why)
        self._errands.deliver(finished)

    def on_touch(self, asked: TouchWanted) -> None:
        view = self._view(asked.view)
        self._run(
            asked.ticket,
            view.logon,
            view.section.server,
            self._images.touch(view, asked.page, asked.ticket),
        )

    def on_unmap(self, asked: UnmapWanted) -> None:
        view = self._view(asked.view)
        self._run(asked.ticket, view.logon, view.section.server, self._images.unmap(view))

    # Inside.
    def _on_handle(self, ticket: int, fobx: Fobx, way: Way) -> None:
        self._run(ticket, fobx.logon, fobx.opened.server, way)

    def _run(self, ticket: int, logon: Logon, server: SrvCall, way: Way) -> None:
        logon.busy += 1
        server.busy += 1
        self._errands.start(self._for_program(ticket, logon, server, way))

    def _for_program(self, ticket: int, logon: Logon, server: SrvCall, way: Way) -> Errand:
        """However it ends, the program is told."""
        try:
            told = yield from way
            finished = told if isinstance(told, Finished) else _finished(ticket, told)
        except Failed as failure:
            finished = Finished(ticket=ticket, status=failure.status, why=failure.why)
        except CircuitLost as lost:
            finished = Finished(ticket=ticket, status=statuses.NAME_DELETED, why=str(lost))
        logon.busy -= 1
        server.busy -= 1
        server.changed_ns = self._errands.now
        self._errands.deliver(finished)

    def _logon(self, luid: int) -> Logon:
        logon = self._computer.logons.get(luid)
        if logon is None or logon.is_ending:
            raise LocalProtocolError(f"redirector: there is no logon session {luid}")
        return logon

    def _fobx(self, handle: int) -> Fobx:
        fobx = self._computer.handles.get(handle)
        if fobx is None or fobx.logon.is_ending or fobx.is_closing:
            raise LocalProtocolError(f"redirector: there is no handle {handle}")
        return fobx

    def _view(self, number: int) -> View:
        view = self._computer.views.get(number)
        if view is None or view.logon.is_ending or view.is_closing:
            raise LocalProtocolError(f"redirector: there is no view {number}")
        return view


def _finished(ticket: int, told: bytes | None) -> Finished:
    return Finished(ticket=ticket, data=told or b"")


def _come_what_may(way: Way) -> Way:
    """A rundown goes on whatever becomes of its parts."""
    try:
        yield from way
    except (Failed, CircuitLost):
        return


@dataclass(frozen=True, slots=True)
class AskedRow:
    """What does a request, and who says so."""

    action: Callable[[Redirector, Any], None]
    citation: str


ASKED: Mapping[type, AskedRow] = {
    CircuitUp: AskedRow(Redirector.on_circuit_up, "redirector.md 1.1: NEGOTIATE once"),
    CircuitBroke: AskedRow(Redirector.on_circuit_broke, "redirector.md 1.1, 3.4: VC dropped"),
    LogOnWanted: AskedRow(Redirector.on_log_on, "redirector.md 1.2: sorted by LUID"),
    LogOffWanted: AskedRow(Redirector.on_log_off, "redirector.md 1.3, 2.4, 3.2"),
    ConnectShareWanted: AskedRow(Redirector.on_connect, "redirector.md 1.2, Q122422"),
    DisconnectShareWanted: AskedRow(
        Redirector.on_disconnect, "redirector.md 0: Q172530, Q179873, Q214563"
    ),
    OpenWanted: AskedRow(Redirector.on_open, "redirector.md 1.2, 2.1, 2.2"),
    CloseWanted: AskedRow(Redirector.on_close, "redirector.md 2.2: RxCommonClose"),
    ReadWanted: AskedRow(Redirector.on_read, "redirector.md 4.3"),
    WriteWanted: AskedRow(Redirector.on_write, "redirector.md 2.1, 4.3"),
    MapImageWanted: AskedRow(Redirector.on_map, "redirector.md 1.2, 1.3"),
    TouchWanted: AskedRow(Redirector.on_touch, "redirector.md 1.3"),
    UnmapWanted: AskedRow(Redirector.on_unmap, "redirector.md 1.3"),
}
