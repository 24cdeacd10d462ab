"""The SMB server: one machine for all its virtual circuits, since limits and oplocks span them.

It hears ``Received(Call)`` from clients and ``Asked`` from the station (circuits that come and
break) and from administrators; it says ``Transmit(Answer)``, ``Transmit(BreakOplock)`` and
``Deliver``s what began, what ended and which circuit to close.

Read facts/redirector.md 1.1, 3, 6.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import Asked, Deliver, Effect, Effects, Expired, Received, Stimulus
from emu.machines.smb.calls import Call
from emu.machines.smb_server.administration import (
    Administration,
    FileClose,
    FileEnum,
    SessionDel,
    SessionEnum,
    SessionRow,
)
from emu.machines.smb_server.book import Book, Statistics
from emu.machines.smb_server.content import Searcher
from emu.machines.smb_server.desk import Desk
from emu.machines.smb_server.events import Began, Connected, ConnectionBroke, Kind
from emu.machines.smb_server.objects import ShareSetting, new_connection
from emu.machines.smb_server.on_tree import TreeWork
from emu.machines.smb_server.opening import Opener
from emu.machines.smb_server.params import ServerParams
from emu.machines.smb_server.scavenger import Scavenger


class SmbServer:
    """``now``: when the service started; its scavenger counts from there."""

    def __init__(
        self, params: ServerParams, shares: Iterable[ShareSetting] = (), *, now: int = 0
    ) -> None:
        self.book = Book(shares)
        self._params = params
        self._opener = Opener(params, self.book)
        searcher = Searcher(params, self.book)
        self._desk = Desk(params, self.book, TreeWork(params, self.book, self._opener, searcher))
        self._administration = Administration(params, self.book)
        self._scavenger = Scavenger(params, self.book, searcher, start_ns=now)

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; whoever waited for what it changed is answered in the same step."""
        match stimulus:
            case Received(Call() as call):
                effects = self._desk.call(call, now)
            case Asked(request) if type(request) in ASKED:
                effects = ASKED[type(request)].action(self, request, now)
            case Expired():
                # Who waited for an oplock gets his file before the scavenger looks who is idle.
                effects = [*self._opener.expire(now), *self._opener.settle(now)]
                effects += self._scavenger.expire(now)
            case _:
                raise LocalProtocolError(f"smb server: no row for {stimulus}")
        return [*effects, *self._opener.settle(now)]

    def due(self) -> int | None:
        """The scavenger's next look, or the end of somebody's time to answer a break."""
        scan, breaks = self._scavenger.due(), self.book.breaks
        dues = [] if scan is None else [scan]
        return min([*dues, *([next(iter(breaks.values()))] if breaks else [])], default=None)

    def timers(self) -> Mapping[str, int]:
        breaks = self.book.breaks.items()
        timers = {f"oplock break of file {file_id}": due for file_id, due in breaks}
        scan = self._scavenger.due()
        return timers if scan is None else {**timers, "scavenger": scan}

    @property
    def statistics(self) -> Statistics:
        return self.book.statistics

    def net_session(self, now: int) -> tuple[SessionRow, ...]:
        """What ``net session`` shows, connection by connection."""
        return tuple(
            self._administration.row(session, now)
            for connection in self.book.connections.values()
            for session in connection.sessions
        )

    def row_of(self, connection: int, uid: int, now: int) -> SessionRow:
        """One line of it; ``KeyError`` when there is no such session."""
        session = self.book.connections[connection].sessions.get(uid)
        if session is None:
            raise KeyError(f"no session {uid} on connection {connection}")
        return self._administration.row(session, now)

    def on_connected(self, about: Connected, now: int) -> list[Effect]:
        serial = about.connection
        if serial in self.book.connections:
            raise LocalProtocolError(f"smb server: connection {serial} is up already")
        connection = new_connection(about, self._params, now)
        self._scavenger.connected(now)
        self.book.connections[serial] = connection
        what = connection.client
        return [
            Deliver(Began(kind=Kind.CONNECTION, connection=serial, number=serial, uid=0, what=what))
        ]

    def on_broke(self, broke: ConnectionBroke, _now: int) -> list[Effect]:
        """Nothing to do for a circuit that the server has dropped itself."""
        connection = self.book.connections.get(broke.connection)
        return [] if connection is None else self.book.end_connection(connection, broke.cause)

    def on_session_enum(self, asked: SessionEnum, now: int) -> list[Effect]:
        return self._administration.enumerate_sessions(asked, now)

    def on_session_del(self, asked: SessionDel, now: int) -> list[Effect]:
        return self._administration.delete_sessions(asked, now)

    def on_file_enum(self, asked: FileEnum, now: int) -> list[Effect]:
        return self._administration.enumerate_files(asked, now)

    def on_file_close(self, asked: FileClose, now: int) -> list[Effect]:
        return self._administration.close_file(asked, now)


@dataclass(frozen=True, slots=True)
class AskedRow:
    """What does a request of our own side, and who says so."""

    action: Callable[[SmbServer, Any, int], list[Effect]]
    citation: str


ASKED: Mapping[type, AskedRow] = {
    Connected: AskedRow(SmbServer.on_connected, "redirector.md 1.1"),
    ConnectionBroke: AskedRow(SmbServer.on_broke, "redirector.md 1.1: VC end"),
    SessionEnum: AskedRow(SmbServer.on_session_enum, "redirector.md 3.5"),
    SessionDel: AskedRow(SmbServer.on_session_del, "redirector.md 3.5"),
    FileEnum: AskedRow(SmbServer.on_file_enum, "redirector.md 3.5: opnum 9"),
    FileClose: AskedRow(SmbServer.on_file_close, "redirector.md 3.5: opnum 11"),
}
