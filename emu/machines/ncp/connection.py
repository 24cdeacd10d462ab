"""The server's end of one NCP connection: sequence rules, work, and its watchdog.

NCP is client-driven (facts/ipx.md 3.1.6): the server says nothing that was not asked for, except
watchdog polls.  Requests are delivered upward as they are, one at a time; the layer above
answers with ``Asked(Reply(...))`` when it likes, and a retry that arrives before that is told
"being processed".  Which slot a connection has, and what becomes of a create-connection from
an address that has one already, is not decided here but in ``slots``.

Read: facts/ipx.md 1.6, 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NOTHING,
    Asked,
    Deliver,
    Effects,
    Ended,
    Expired,
    Lost,
    Opened,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.ncp.params import NcpParams
from emu.machines.ncp.watchdog import watchdog_for
from emu.pdu.ncp import (
    COMPLETION_NO_CONNECTION,
    COMPLETION_OK,
    STATUS_BAD_CONNECTION,
    STATUS_NO_CONNECTION_AVAILABLE,
    NcpReply,
    NcpRequest,
    NcpType,
    Watchdog,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The layer above has done the work it was delivered."""

    completion: int = COMPLETION_OK
    status: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Free the slot without a word on the wire.  ``cause`` None: who asks needs no telling."""

    cause: str | None = None


class State(Enum):
    """NEW: before its create-connection.  ATTACHED: created, nothing requested yet."""

    NEW = "new"
    ATTACHED = "attached"
    READY = "ready"
    WORKING = "working"
    GONE = "gone"


class Event(Enum):
    """What a stimulus is to a connection."""

    CREATE = "create connection"
    REQUEST = "request"
    DESTROY = "destroy connection"
    OTHER = "watchdog answer, or anything else of the station"
    REPLY = "reply asked for"
    CLEAR = "clearing asked for"
    EXPIRED = "expired"
    FOREIGN = "nothing this machine has a row for"


class ServerConnection:
    """One slot in use.  ``number``: the connection number, 1 to 65534."""

    __slots__ = ("_reply", "_request", "_watchdog", "number", "state")

    def __init__(self, params: NcpParams, *, number: int, now: int) -> None:
        self.number = number
        self.state = State.NEW
        self._watchdog = watchdog_for(params.watchdog, connection=number, now=now)
        # The newest request taken, and its reply once there is one.
        self._request: NcpRequest | None = None
        self._reply: NcpReply | None = None

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        row = TABLE.get((self.state, _event(stimulus)))
        if row is None:
            raise LocalProtocolError(
                f"connection {self.number} is {self.state.value} and cannot take {stimulus}"
            )
        return row.action(self, stimulus, now)

    def due(self) -> int | None:
        return None if self.state is State.GONE else self._watchdog.due()

    def timers(self) -> Mapping[str, int]:
        return {} if self.state is State.GONE else self._watchdog.timers()

    @property
    def is_gone(self) -> bool:
        """Nothing can be asked of it any more."""
        return self.state is State.GONE

    @property
    def idle_since_ns(self) -> int:
        """When the watchdog's idle clock last started."""
        return self._watchdog.idle_since_ns

    @property
    def is_unused(self) -> bool:
        """Nothing was requested yet: a create-connection from the same address is a retry."""
        return self.state in (State.NEW, State.ATTACHED)

    def on_create(self, stimulus: Received, now: int) -> Effects:
        opened = () if self.state is State.ATTACHED else (Deliver(Opened()),)
        heard = self._watchdog.step(stimulus, now)
        self.state = State.ATTACHED
        # The number is in the header of the reply (facts/ipx.md 1.6, "the number just assigned").
        reply = _reply_to(stimulus.pdu, connection=self.number)
        return (*heard, Transmit(reply), *opened)

    def on_request(self, stimulus: Received, now: int) -> Effects:
        heard = self._watchdog.step(stimulus, now)
        request: NcpRequest = stimulus.pdu
        if request.sequence == self._sequence() and self._request is not None:
            return (*heard, Transmit(self._reply or _busy(request)))
        if request.sequence != self._next_sequence() or self.state is State.WORKING:
            # Neither the next one nor the last one again: no rule answers it.
            return heard
        self.state, self._request, self._reply = State.WORKING, request, None
        return (*heard, Deliver(request))

    def on_destroy(self, stimulus: Received, now: int) -> Effects:
        """A station that says good-bye is believed, whatever its sequence.

        After a request it gave up on, its sequence is one further than we know.
        """
        heard = self._watchdog.step(stimulus, now)
        self.state = State.GONE
        return (*heard, Transmit(_reply_to(stimulus.pdu)), Deliver(Ended("logged off")))

    def on_other(self, stimulus: Received, now: int) -> Effects:
        return self._watchdog.step(stimulus, now)

    def on_reply(self, stimulus: Asked, _now: int) -> Effects:
        asked: Reply = stimulus.request
        assert self._request is not None, "WORKING without a request"
        self.state = State.READY
        self._reply = _reply_to(
            self._request, completion=asked.completion, status=asked.status, data=asked.data
        )
        return (Transmit(self._reply),)

    def on_clear(self, stimulus: Asked, _now: int) -> Effects:
        self.state = State.GONE
        cause = stimulus.request.cause
        return NOTHING if cause is None else (Deliver(Lost(cause)),)

    def on_expired(self, stimulus: Expired, now: int) -> Effects:
        effects = self._watchdog.step(stimulus, now)
        if self._watchdog.due() is None:
            self.state = State.GONE
        return effects

    def ignore(self, _stimulus: Stimulus, _now: int) -> Effects:
        return NOTHING

    def _sequence(self) -> int:
        return 0 if self._request is None else self._request.sequence

    def _next_sequence(self) -> int:
        return (self._sequence() + 1) % 256


def _table() -> Mapping[tuple[State, Event], Row[ServerConnection, State]]:
    """One row per legal pair; NEW and GONE leave the layer above nothing to ask for."""
    end, gone = ServerConnection, frozenset({State.GONE})
    table: dict[tuple[State, Event], Row[ServerConnection, State]] = {
        (State.NEW, Event.CREATE): Row(
            end.on_create, frozenset({State.ATTACHED}), "ipx.md 1.6, 3.1.1"
        ),
        (State.ATTACHED, Event.CREATE): Row(
            end.on_create, frozenset({State.ATTACHED}), "ipx.md 1.6: a lost reply, asked for again"
        ),
        (State.WORKING, Event.REPLY): Row(end.on_reply, frozenset({State.READY}), "ipx.md 1.6"),
    }
    for state in (State.READY, State.WORKING):
        stays = frozenset({state})
        table[state, Event.CREATE] = Row(end.ignore, stays, "ipx.md 3.1.4: the slot table's")
    for state in (State.ATTACHED, State.READY, State.WORKING):
        stays = frozenset({state})
        table |= {
            (state, Event.REQUEST): Row(
                end.on_request, stays | {State.WORKING}, "ipx.md 1.6, sequence, 9999"
            ),
            (state, Event.DESTROY): Row(end.on_destroy, gone, "ipx.md 3.1.7"),
            (state, Event.OTHER): Row(end.on_other, stays, "ipx.md 2.1, idle clock"),
            (state, Event.CLEAR): Row(end.on_clear, gone, "ipx.md 3.1.4, 3.1.3"),
            (state, Event.EXPIRED): Row(end.on_expired, stays | gone, "ipx.md 3.1.2, 3.1.3"),
        }
    for event in (Event.CREATE, Event.REQUEST, Event.DESTROY, Event.OTHER):
        for state in (State.NEW, State.GONE):
            late = Row(end.ignore, frozenset({state}), "ipx.md 3.1.8: the slot table answers")
            table.setdefault((state, event), late)
    return table


TABLE = _table()


def answer_stranger(request: NcpRequest) -> NcpReply:
    """To a request on a connection that is unknown or another station's (facts/ipx.md 1.6)."""
    late_destroy = request.kind is NcpType.DESTROY
    return _reply_to(request, status=0 if late_destroy else STATUS_BAD_CONNECTION)


def answer_table_full(request: NcpRequest) -> NcpReply:
    """To a create-connection when no slot is free (facts/ipx.md 1.6)."""
    return _reply_to(
        request,
        completion=COMPLETION_NO_CONNECTION,
        status=STATUS_NO_CONNECTION_AVAILABLE,
    )


def _reply_to(
    request: NcpRequest,
    *,
    connection: int | None = None,
    completion: int = COMPLETION_OK,
    status: int = 0,
    data: bytes = b"",
) -> NcpReply:
    return NcpReply(
        kind=NcpType.REPLY,
        sequence=request.sequence,
        connection=request.connection if connection is None else connection,
        task=request.task,
        completion=completion,
        status=status,
        data=data,
    )


def _busy(request: NcpRequest) -> NcpReply:
    """Request being processed: the header only (facts/ipx.md 1.6)."""
    return NcpReply(
        kind=NcpType.BUSY,
        sequence=request.sequence,
        connection=request.connection,
        task=request.task,
        completion=COMPLETION_OK,
        status=0,
    )


_REQUEST_EVENTS = {
    NcpType.CREATE: Event.CREATE,
    NcpType.REQUEST: Event.REQUEST,
    NcpType.DESTROY: Event.DESTROY,
}


def _event(stimulus: Stimulus) -> Event:
    match stimulus:
        case Received(NcpRequest(kind=kind)):
            return _REQUEST_EVENTS.get(kind, Event.OTHER)
        case Received(Watchdog()) | Received():
            return Event.OTHER
        case Asked(Reply()):
            return Event.REPLY
        case Asked(Clear()):
            return Event.CLEAR
        case Expired():
            return Event.EXPIRED
        case _:
            return Event.FOREIGN
