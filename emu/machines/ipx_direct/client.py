"""The client's end of one connection: the name, the CID, one request at a time, repetitions.

The server is found by its name; the first request, NEGOTIATE, is unsequenced and has CID 0; its
answer brings the CID.  From then on every request has the CID and the next number, waits for its
answer before the next one leaves, and is repeated with the same number while nobody answers.
What is never answered (an oplock's release, a cancel) leaves at once and without a number.

Assumptions, where facts/ipx.md 1.11 is silent: all answered requests are sequenced, not only
those that must not run twice (capture T3: an echo is); the answer repeats PID, MID and sequence
of its request; "working" proves that the server lives, so that the count of copies which may
stay unanswered begins anew, but not the growth of the gaps.

Left out: requests with several answers (an echo of more than one): the first one counts.

Read: facts/ipx.md 1.10, 1.11, 3.4; real capture 02 (T3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Data,
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
from emu.machines.ipx_direct.params import IpxDirectParams
from emu.machines.ipx_direct.requests import Close, Find, Send
from emu.pdu.netbios_name import name_text
from emu.pdu.nmpi import NAME_MACHINE, Nmpi, NmpiOperation
from emu.pdu.smb.direct import (
    STATUS_INVALID_CONNECTION,
    STATUS_WORKING,
    DirectSmb,
    sequence_after,
)
from emu.pdu.smb.header import CID_INVALID, SEQUENCE_NONE, Command


@dataclass(frozen=True, slots=True)
class NameQuery:
    """A broadcast.  ``is_routed``: type 20, which routers pass on; the first copy is type 4."""

    packet: Nmpi
    is_routed: bool


class State(Enum):
    """FOUND: no CID yet.  OVER: lost, or forgotten."""

    FRESH = "fresh"
    FINDING = "finding"
    FOUND = "found"
    UP = "up"
    OVER = "over"


class Event(Enum):
    """What a stimulus is to the client."""

    FIND = "find asked for"
    SEND = "send asked for"
    CLOSE = "close asked for"
    NAME_FOUND = "name found"
    ANSWER = "the answer to what is unanswered"
    WORKING = "the server is still working on it"
    INVALID = "the server does not know this connection"
    UNASKED = "a message of the server's own"
    OTHER = "another packet"
    EXPIRED = "expired"


class DirectClient:
    """``called``, ``own_name``: 16 octets.  ``query_id``: the message id of the name queries."""

    __slots__ = (
        "_copies",
        "_due_ns",
        "_params",
        "_query",
        "_queue",
        "_sequence",
        "_since_ns",
        "_unanswered",
        "_waiting_for",
        "cid",
        "state",
    )

    def __init__(
        self, params: IpxDirectParams, *, called: bytes, own_name: bytes, query_id: int
    ) -> None:
        self.state = State.FRESH
        self.cid = 0
        self._params = params
        self._query = Nmpi(
            operation=NmpiOperation.QUERY,
            name_type=NAME_MACHINE,
            message_id=query_id,
            requested=called,
            source=own_name,
        )
        self._queue: deque[DirectSmb] = deque()
        self._waiting_for: DirectSmb | None = None
        self._since_ns: int | None = None
        self._sequence = SEQUENCE_NONE
        #: Copies of the query or the request that left; and those since a sign of life.
        self._copies = self._unanswered = 0
        self._due_ns = NEVER

    @property
    def is_over(self) -> bool:
        return self.state is State.OVER

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """When the request that is unanswered first left."""
        return self._since_ns

    def wants_name(self, packet: Nmpi) -> bool:
        """Whether a packet is the answer to the query."""
        if self.state is not State.FINDING or packet.operation is not NmpiOperation.FOUND:
            return False
        return packet.requested == self._query.requested

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        row = TABLE.get((self.state, self._event(stimulus)))
        if row is None:
            raise LocalProtocolError(f"a client that is {self.state.value} cannot take {stimulus}")
        return row.action(self, stimulus, now)

    def due(self) -> int | None:
        return None if self._due_ns == NEVER else self._due_ns

    def timers(self) -> Mapping[str, int]:
        if self._due_ns == NEVER:
            return {}
        return {"query" if self.state is State.FINDING else "retransmission": self._due_ns}

    # --- the name ------------------------------------------------------------------------------

    def on_find(self, _stimulus: Asked, now: int) -> Effects:
        self.state = State.FINDING
        return self._look(now)

    def on_query_expired(self, _stimulus: Expired, now: int) -> Effects:
        if self._copies < self._params.name_queries:
            return self._look(now)
        return self._lose(f"the name {name_text(self._query.requested)} was not found")

    def on_name_found(self, _stimulus: Received, _now: int) -> Effects:
        self.state, self._due_ns = State.FOUND, NEVER
        return (Deliver(Opened()),)

    def _look(self, now: int) -> Effects:
        self._copies += 1
        self._due_ns = now + self._params.name_interval_ns
        return (Transmit(NameQuery(self._query, is_routed=self._copies > 1)),)

    # --- requests ------------------------------------------------------------------------------

    def on_send(self, stimulus: Asked, now: int) -> Effects:
        """A request waits for the one before it; what has no answer waits for nothing."""
        message: DirectSmb = stimulus.request.message
        if self.state is State.FOUND:
            is_first = self._waiting_for is None
            if is_first is not (message.command == Command.NEGOTIATE) or not message.is_answered:
                raise LocalProtocolError(f"command {message.command:02X} before a CID is known")
        if not message.is_answered:
            return (Transmit(self._numbered(message, SEQUENCE_NONE)),)
        self._queue.append(message)
        return NOTHING if self._waiting_for is not None else self._ask(now)

    def on_expired(self, _stimulus: Expired, now: int) -> Effects:
        """The same octets once more, or the end."""
        if self._unanswered <= self._params.retries:
            return self._say(now, Note("retransmission", {"number": self._copies}))
        return self._lose(f"{self._params.retries} repetitions of a request unanswered")

    def on_negotiated(self, stimulus: Received, now: int) -> Effects:
        """Without a CID there is no connection; an error says why (ERRnotme, say)."""
        answer: DirectSmb = stimulus.pdu
        if answer.header.cid in CID_INVALID:
            if not answer.header.status:
                return NOTHING
            return self._lose(f"the server refuses a connection: {answer.header.status:08X}")
        self.state, self.cid = State.UP, answer.header.cid
        return self.on_answer(stimulus, now)

    def on_answer(self, stimulus: Received, now: int) -> Effects:
        """The next request follows."""
        self._waiting_for, self._since_ns, self._due_ns = None, None, NEVER
        told = Deliver(Data(stimulus.pdu.octets))
        return (*(self._ask(now) if self._queue else NOTHING), told)

    def on_working(self, _stimulus: Received, now: int) -> Effects:
        self._unanswered = 0
        self._due_ns = now + self._params.gap_ns(self._copies)
        return NOTHING

    def on_invalid(self, _stimulus: Received, _now: int) -> Effects:
        return self._lose("the server does not know this connection (ERRinvsess)")

    def on_unasked(self, stimulus: Received, _now: int) -> Effects:
        return (Deliver(Data(stimulus.pdu.octets)),)

    def on_close(self, stimulus: Asked, _now: int) -> Effects:
        return self._finish(Ended(stimulus.request.cause))

    def ignore(self, _stimulus: Stimulus, _now: int) -> Effects:
        return NOTHING

    def _ask(self, now: int) -> Effects:
        message = self._queue.popleft()
        sequence = SEQUENCE_NONE
        if self.cid:
            sequence = self._sequence = sequence_after(self._sequence)
        self._waiting_for = self._numbered(message, sequence)
        self._since_ns = now
        self._copies = self._unanswered = 0
        return self._say(now, None)

    def _say(self, now: int, about: Note | None) -> Effects:
        self._copies += 1
        self._unanswered += 1
        self._due_ns = now
        if self._unanswered <= self._params.retries or self._params.wait_after_last:
            self._due_ns += self._params.gap_ns(self._copies)
        return (Transmit(self._waiting_for, about),)

    def _numbered(self, message: DirectSmb, sequence: int) -> DirectSmb:
        return replace(message, header=replace(message.header, cid=self.cid, sequence=sequence))

    def _lose(self, cause: str) -> Effects:
        return self._finish(Lost(cause))

    def _finish(self, told: Lost | Ended) -> Effects:
        self.state, self._due_ns = State.OVER, NEVER
        self._queue.clear()
        return (Deliver(told),)

    # --- what a stimulus is --------------------------------------------------------------------

    def _event(self, stimulus: Stimulus) -> Event:
        match stimulus:
            case Asked(Find()):
                return Event.FIND
            case Asked(Send()):
                return Event.SEND
            case Asked(Close()):
                return Event.CLOSE
            case Received(Nmpi() as packet):
                return Event.NAME_FOUND if self.wants_name(packet) else Event.OTHER
            case Received(DirectSmb() as message):
                return self._kind(message)
            case Expired():
                return Event.EXPIRED
            case _:
                return Event.OTHER

    def _kind(self, message: DirectSmb) -> Event:
        header = message.header
        if not header.is_reply:
            return Event.UNASKED if header.cid == self.cid else Event.OTHER
        if self.cid and self.cid == header.cid and header.status == STATUS_INVALID_CONNECTION:
            return Event.INVALID
        if not self._answers(message):
            return Event.OTHER
        return Event.WORKING if header.status == STATUS_WORKING else Event.ANSWER

    def _answers(self, message: DirectSmb) -> bool:
        """Whether a reply belongs to the request that is unanswered."""
        asked, header = self._waiting_for, message.header
        if asked is None or message.command != asked.command:
            return False
        if self.cid and header.cid != self.cid:
            return False
        mark = (header.pid, header.mid, header.sequence)
        return mark == (asked.header.pid, asked.header.mid, asked.header.sequence)


def _table() -> Mapping[tuple[State, Event], Row[DirectClient, State]]:
    client = DirectClient
    finding, found, up = (frozenset({each}) for each in (State.FINDING, State.FOUND, State.UP))
    over = frozenset({State.OVER})
    table: dict[tuple[State, Event], Row[DirectClient, State]] = {
        (State.FRESH, Event.FIND): Row(client.on_find, finding, "ipx.md 3.4"),
        (State.FINDING, Event.EXPIRED): Row(
            client.on_query_expired, finding | over, "ipx.md 1.10; real capture 02, frames 65-92"
        ),
        (State.FINDING, Event.NAME_FOUND): Row(client.on_name_found, found, "ipx.md 1.10, 3.4"),
        (State.FOUND, Event.SEND): Row(client.on_send, found, "ipx.md 3.4"),
        (State.FOUND, Event.ANSWER): Row(client.on_negotiated, found | up | over, "ipx.md 1.11"),
        (State.UP, Event.SEND): Row(client.on_send, up, "ipx.md 1.11"),
        (State.UP, Event.ANSWER): Row(client.on_answer, up, "ipx.md 1.11"),
        (State.UP, Event.INVALID): Row(client.on_invalid, over, "ipx.md 1.11, 3.4"),
        (State.UP, Event.UNASKED): Row(client.on_unasked, up, "redirector.md 4.3, oplock break"),
        (State.OVER, Event.CLOSE): Row(client.ignore, over, "over already"),
    }
    for state, here in ((State.FOUND, found), (State.UP, up)):
        table |= {
            (state, Event.WORKING): Row(client.on_working, here, "ipx.md 1.11, ERRworking"),
            (state, Event.EXPIRED): Row(
                client.on_expired, here | over, "ipx.md 2.4; real capture 02, frames 43-55"
            ),
        }
    for state in State:
        close = Row(client.on_close, over, "no packet ends a connection: ipx.md 1.11 has none")
        table.setdefault((state, Event.CLOSE), close)
        for event in Event:
            if event not in _NEVER_IGNORED:
                late = Row(client.ignore, frozenset({state}), "late, or for nobody")
                table.setdefault((state, event), late)
    return table


_NEVER_IGNORED = frozenset({Event.FIND, Event.SEND, Event.CLOSE, Event.EXPIRED})

TABLE = _table()
