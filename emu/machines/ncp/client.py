"""The station's end of NCP: find a server, attach, ask one thing at a time, log off.

It also answers watchdog polls, below everything else: from the moment it was first told to
connect (the shell is loaded then), for whatever connection number the poll carries, even for
one that a former life of the same machine had (the trap of facts/ipx.md 3.1.4).

Simplified: a step that gets no reply is repeated as it is, never over another route, and only
the server that was asked for is accepted where real shells attach to the nearest one first.

Read: facts/ipx.md 1.5, 1.6, 1.12, 3.1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effects,
    Ended,
    Expired,
    Lost,
    Note,
    Opened,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.ncp.params import NcpParams
from emu.pdu.ncp import (
    COMPLETION_OK,
    CONNECTION_NONE,
    STATUS_BAD_CONNECTION,
    WATCHDOG_ANSWER,
    WATCHDOG_POLL,
    NcpReply,
    NcpRequest,
    NcpType,
    Watchdog,
)
from emu.pdu.rip_sap import (
    RIP_REQUEST,
    RIP_RESPONSE,
    SAP_NEAREST_QUERY,
    SAP_NEAREST_RESPONSE,
    SERVICE_FILE_SERVER,
    Rip,
    RipEntry,
    Sap,
    SapEntry,
)

#: The task of requests on an open connection; 0 in create (the vectors of facts/ipx.md 1.13).
TASK = 1
#: Hops and ticks of a request entry: "unreachable" marks what is asked for, as every RIP
#: request in capture T1 has it.
ASKED_FOR = 0xFFFF


@dataclass(frozen=True, slots=True)
class Connect:
    """Load the shell: find the server and attach to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request for the server; it waits its turn."""

    function: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Leave:
    """Destroy the connection once every call before it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Delivered upward: the reply to a call."""

    call: Call
    reply: NcpReply


class State(Enum):
    """Where the shell stands.  GONE: the connection is no more, the shell stays loaded."""

    CLOSED = "closed"
    FINDING = "finding"
    ROUTING = "routing"
    ATTACHING = "attaching"
    READY = "ready"
    WAITING = "waiting"
    LEAVING = "leaving"
    GONE = "gone"


class Event(Enum):
    """What a stimulus is to the shell."""

    SERVICE = "nearest-server response"
    ROUTE = "route response"
    REPLY = "reply or busy"
    POLL = "watchdog poll"
    OTHER = "anything else"
    CONNECT = "connect asked for"
    CALL = "call asked for"
    LEAVE = "leave asked for"
    EXPIRED = "expired"
    FOREIGN = "nothing this machine has a row for"


class ClientShell:
    """One connection.  ``server``: its SAP entry once found, where requests go to."""

    __slots__ = (
        "_call",
        "_due_ns",
        "_outstanding",
        "_params",
        "_queue",
        "_retries",
        "_sequence",
        "_server_network",
        "_what",
        "connection",
        "server",
        "state",
    )

    def __init__(self, params: NcpParams, *, server_network: int) -> None:
        self.state = State.CLOSED
        self.server: SapEntry | None = None
        self.connection = CONNECTION_NONE
        self._params = params
        self._server_network = server_network
        self._queue: deque[Call | Leave] = deque()
        self._call: Call | None = None
        self._sequence = 0
        # What waits for a reply, in octets and in words, and how often it was repeated.
        self._outstanding: Sap | Rip | NcpRequest | None = None
        self._what = ""
        self._retries = 0
        self._due_ns = NEVER

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        row = TABLE.get((self.state, _event(stimulus)))
        if row is None:
            raise LocalProtocolError(f"a shell that is {self.state.value} cannot take {stimulus}")
        return row.action(self, stimulus, now)

    def due(self) -> int | None:
        return None if self._due_ns == NEVER else self._due_ns

    def timers(self) -> Mapping[str, int]:
        return {} if self._due_ns == NEVER else {"reply": self._due_ns}

    @property
    def is_gone(self) -> bool:
        """The connection is over."""
        return self.state is State.GONE

    @property
    def is_leaving(self) -> bool:
        """It is over, or will be when what was asked for is done: nothing more can be asked."""
        last = self._queue[-1] if self._queue else None
        return self.state in (State.LEAVING, State.GONE) or isinstance(last, Leave)

    # Asked for.
    def on_connect(self, _stimulus: Asked, now: int) -> Effects:
        self.state = State.FINDING
        query = Sap(operation=SAP_NEAREST_QUERY, service=SERVICE_FILE_SERVER)
        return self._send(query, "the nearest-server query", now)

    def on_queue(self, stimulus: Asked, _now: int) -> Effects:
        if self.is_leaving:
            raise LocalProtocolError(f"nothing comes after leaving, not {stimulus.request}")
        self._queue.append(stimulus.request)
        return NOTHING

    def on_ready(self, stimulus: Asked, now: int) -> Effects:
        self._queue.append(stimulus.request)
        return self._next(now)

    # Received.
    def on_service(self, stimulus: Received, now: int) -> Effects:
        response: Sap = stimulus.pdu
        entry = next(filter(self._is_wanted, response.entries), None)
        if entry is None:
            return NOTHING
        self.server, self.state = entry, State.ROUTING
        wanted = RipEntry(network=entry.network, hops=ASKED_FOR, ticks=ASKED_FOR)
        request = Rip(operation=RIP_REQUEST, entries=(wanted,))
        return self._send(request, "the route request", now)

    def on_route(self, stimulus: Received, now: int) -> Effects:
        response: Rip = stimulus.pdu
        if all(entry.network != self._server_network for entry in response.entries):
            return NOTHING
        self.state = State.ATTACHING
        create = self._request(NcpType.CREATE, function=0, task=0)
        return self._send(create, "create connection", now)

    def on_created(self, stimulus: Received, now: int) -> Effects:
        reply: NcpReply = stimulus.pdu
        if reply.kind is not NcpType.REPLY or reply.sequence != 0:
            return NOTHING
        if reply.completion != COMPLETION_OK:
            return self._lose(
                f"the server gave no connection: completion {reply.completion:02X},"
                f" status {reply.status:02X}"
            )
        self.connection, self.state = reply.connection, State.READY
        self._settle()
        return (Deliver(Opened()), *self._next(now))

    def on_reply(self, stimulus: Received, now: int) -> Effects:
        reply: NcpReply = stimulus.pdu
        if not self._is_awaited(reply):
            return NOTHING
        if reply.kind is NcpType.BUSY:
            return self._go_on_waiting(now)
        if reply.status & STATUS_BAD_CONNECTION:
            return self._lose("the server does not know this connection any more (status 01)")
        call, self._call = self._call, None
        assert call is not None, "WAITING without a call"
        self.state = State.READY
        self._settle()
        return (Deliver(Result(call=call, reply=reply)), *self._next(now))

    def on_left(self, stimulus: Received, now: int) -> Effects:
        if not self._is_awaited(stimulus.pdu):
            return NOTHING
        if stimulus.pdu.kind is NcpType.BUSY:
            return self._go_on_waiting(now)
        self.state = State.GONE
        self._settle()
        return (Deliver(Ended("logged off")),)

    def on_poll(self, stimulus: Received, _now: int) -> Effects:
        """Copy the octet, whatever it is: no client looks at it (facts/ipx.md 1.5)."""
        poll: Watchdog = stimulus.pdu
        return (Transmit(Watchdog(connection_low=poll.connection_low, mark=WATCHDOG_ANSWER)),)

    def ignore(self, _stimulus: Stimulus, _now: int) -> Effects:
        return NOTHING

    # Time.
    def on_expired(self, _stimulus: Expired, now: int) -> Effects:
        if self._retries == self._params.request_retries:
            return self._lose(f"no reply to {self._what}")
        self._retries += 1
        self._due_ns = now + self._params.request_timeout_ns
        about = Note("retry", {"number": self._retries, "of": self._params.request_retries})
        return (Transmit(self._outstanding, about),)

    # Inside.
    def _next(self, now: int) -> Effects:
        """Send what waits longest, if anything does."""
        if not self._queue:
            return NOTHING
        # First request 1, +1 per new request, destroy included (facts/ipx.md 1.6, 3.1.7).
        self._sequence = (self._sequence + 1) % 256
        item = self._queue.popleft()
        if isinstance(item, Leave):
            self.state = State.LEAVING
            return self._send(self._request(NcpType.DESTROY), "destroy connection", now)
        self.state, self._call = State.WAITING, item
        request = self._request(NcpType.REQUEST, function=item.function, data=item.data)
        return self._send(request, f"request {item.function:02X}h", now)

    def _request(
        self, kind: NcpType, *, function: int = 0, data: bytes = b"", task: int = TASK
    ) -> NcpRequest:
        return NcpRequest(
            kind=kind,
            sequence=self._sequence,
            connection=self.connection,
            task=task,
            function=function,
            data=data,
        )

    def _send(self, pdu: Sap | Rip | NcpRequest, what: str, now: int) -> Effects:
        self._outstanding, self._what, self._retries = pdu, what, 0
        self._due_ns = now + self._params.request_timeout_ns
        return (Transmit(pdu),)

    def _go_on_waiting(self, now: int) -> Effects:
        """The server lives and works on it: the count of unanswered repetitions starts anew."""
        self._retries = 0
        self._due_ns = now + self._params.request_timeout_ns
        return NOTHING

    def _settle(self) -> None:
        self._outstanding, self._retries, self._due_ns = None, 0, NEVER

    def _lose(self, cause: str) -> Effects:
        self.state = State.GONE
        self._queue.clear()
        self._call = None
        self._settle()
        return (Deliver(Lost(cause)),)

    def _is_wanted(self, entry: SapEntry) -> bool:
        return entry.service == SERVICE_FILE_SERVER and entry.network == self._server_network

    def _is_awaited(self, reply: NcpReply) -> bool:
        return reply.sequence == self._sequence and reply.connection == self.connection


def _table() -> Mapping[tuple[State, Event], Row[ClientShell, State]]:
    shell = ClientShell
    ready = frozenset({State.READY, State.WAITING, State.LEAVING})
    lost = frozenset({State.GONE})
    table: dict[tuple[State, Event], Row[ClientShell, State]] = {
        (State.CLOSED, Event.CONNECT): Row(
            shell.on_connect, frozenset({State.FINDING}), "ipx.md 3.1.1"
        ),
        (State.FINDING, Event.SERVICE): Row(
            shell.on_service, frozenset({State.FINDING, State.ROUTING}), "ipx.md 3.1.1, 1.12"
        ),
        (State.ROUTING, Event.ROUTE): Row(
            shell.on_route, frozenset({State.ROUTING, State.ATTACHING}), "ipx.md 3.1.1, 1.12"
        ),
        (State.ATTACHING, Event.REPLY): Row(
            shell.on_created, ready | lost | {State.ATTACHING}, "ipx.md 1.6, 3.1.1"
        ),
        (State.WAITING, Event.REPLY): Row(shell.on_reply, ready | lost, "ipx.md 1.6, 3.1.8"),
        (State.LEAVING, Event.REPLY): Row(shell.on_left, lost | {State.LEAVING}, "ipx.md 3.1.7"),
        (State.CLOSED, Event.POLL): Row(
            shell.ignore, frozenset({State.CLOSED}), "ipx.md 1.5: no shell is loaded"
        ),
    }
    for event in (Event.CALL, Event.LEAVE):
        table[State.READY, event] = Row(shell.on_ready, ready, "ipx.md 3.1.6: client-driven")
        for state in (State.FINDING, State.ROUTING, State.ATTACHING, State.WAITING):
            waits = Row(shell.on_queue, frozenset({state}), "ipx.md 1.6: one request at a time")
            table[state, event] = waits
    for state in (State.FINDING, State.ROUTING, State.ATTACHING, State.WAITING, State.LEAVING):
        table[state, Event.EXPIRED] = Row(
            shell.on_expired, lost | {state}, "ipx.md 1.6: unchanged on a retry"
        )
    for state in State:
        stays = frozenset({state})
        polled = Row(shell.on_poll, stays, "ipx.md 1.5: below the application, any number")
        table.setdefault((state, Event.POLL), polled)
        for event in (Event.SERVICE, Event.ROUTE, Event.REPLY, Event.OTHER):
            late = Row(shell.ignore, stays, "late or not ours: no rule answers it")
            table.setdefault((state, event), late)
    return table


TABLE = _table()


def _event(stimulus: Stimulus) -> Event:
    match stimulus:
        case Received(pdu):
            return _received(pdu)
        case Asked(Connect()):
            return Event.CONNECT
        case Asked(Call()):
            return Event.CALL
        case Asked(Leave()):
            return Event.LEAVE
        case Asked():
            return Event.FOREIGN
        case Expired():
            return Event.EXPIRED


def _received(pdu: object) -> Event:
    match pdu:
        case Sap(operation=operation) if operation == SAP_NEAREST_RESPONSE:
            return Event.SERVICE
        case Rip(operation=operation) if operation == RIP_RESPONSE:
            return Event.ROUTE
        case NcpReply():
            return Event.REPLY
        case Watchdog(mark=mark) if mark == WATCHDOG_POLL:
            return Event.POLL
        case _:
            return Event.OTHER
