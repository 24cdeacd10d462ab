"""The server's end of one connection: its number, and each sequenced request at most once.

The first NEGOTIATE makes the connection; its answer carries the CID.  A sequenced request must
have the number after the last one's; the last one again is answered from memory, or with
"working" while the layer above has no answer yet; any other number is ignored.  What has number 0
is handed up as often as it comes.  The server repeats nothing by itself and has no timer.

Assumptions, where facts/ipx.md 1.11 is silent: a copy of the first NEGOTIATE is treated as a
sequenced request's would be, until the first sequenced request shows that its answer came
through; the next number while the last one is still being worked on is a wrong number.

Read: facts/ipx.md 1.11, 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NOTHING,
    Asked,
    Data,
    Deliver,
    Effects,
    Ended,
    Note,
    Opened,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.ipx_direct.requests import Close, Send
from emu.pdu.smb.direct import (
    STATUS_INVALID_CONNECTION,
    STATUS_WORKING,
    DirectSmb,
    sequence_after,
)
from emu.pdu.smb.header import SEQUENCE_NONE, Command, Flags, Flags2

#: About a packet that answers a repeated request.
REPLAYED = Note("replayed")
WORKING = Note("working")


def refusal(request: DirectSmb, status: int = STATUS_INVALID_CONNECTION) -> DirectSmb:
    """A carrier's own error: DOS class and code, whatever kind of status the client asked for."""
    header = replace(
        request.header,
        status=status,
        flags=request.header.flags | Flags.REPLY,
        flags2=request.header.flags2 & ~Flags2.NT_STATUS,
    )
    return DirectSmb(header=header, command=request.command, octets=b"", is_answered=False)


class State(Enum):
    """NEW: no NEGOTIATE yet.  FIRST: nothing sequenced yet."""

    NEW = "new"
    FIRST = "first"
    UP = "up"
    OVER = "over"


class Event(Enum):
    """What a stimulus is to the server."""

    SEND = "send asked for"
    CLOSE = "close asked for"
    NEGOTIATE = "the first request of all"
    NEXT = "the next sequenced request"
    AGAIN = "the last request once more"
    UNSEQUENCED = "a request without a number"
    OTHER = "a reply, or a wrong number"
    FOREIGN = "nothing this machine has a row for"


class DirectServer:
    """``cid``: what the client is to call this connection."""

    __slots__ = ("_answer", "_first", "_request", "_sequence", "cid", "state")

    def __init__(self, *, cid: int) -> None:
        self.cid = cid
        self.state = State.NEW
        self._first: bytes | None = None
        self._sequence = SEQUENCE_NONE
        #: The last sequenced request (or the NEGOTIATE), and its answer once there is one.
        self._request: DirectSmb | None = None
        self._answer: DirectSmb | None = None

    @property
    def is_over(self) -> bool:
        return self.state is State.OVER

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """The server never waits for an answer."""
        return None

    def is_copy(self, message: DirectSmb) -> bool:
        """Whether a NEGOTIATE is the first one once more."""
        return self.state is State.FIRST and message.octets == self._first

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        row = TABLE.get((self.state, self._event(stimulus)))
        if row is None:
            raise LocalProtocolError(f"a server that is {self.state.value} cannot take {stimulus}")
        return row.action(self, stimulus, now)

    def due(self) -> int | None:
        return None

    def timers(self) -> Mapping[str, int]:
        return {}

    def on_negotiate(self, stimulus: Received, _now: int) -> Effects:
        self.state, self._first, self._request = State.FIRST, stimulus.pdu.octets, stimulus.pdu
        return (Deliver(Opened()), Deliver(Data(stimulus.pdu.octets)))

    def on_next(self, stimulus: Received, _now: int) -> Effects:
        self.state, self._sequence = State.UP, stimulus.pdu.header.sequence
        self._request, self._answer = stimulus.pdu, None
        return (Deliver(Data(stimulus.pdu.octets)),)

    def on_again(self, stimulus: Received, _now: int) -> Effects:
        if self._answer is not None:
            return (Transmit(self._answer, REPLAYED),)
        working = refusal(stimulus.pdu, STATUS_WORKING)
        return (Transmit(self._numbered(working, working.header.sequence), WORKING),)

    def on_unsequenced(self, stimulus: Received, _now: int) -> Effects:
        return (Deliver(Data(stimulus.pdu.octets)),)

    def on_send(self, stimulus: Asked, _now: int) -> Effects:
        """The answer that is waited for is kept; anything else goes without a number."""
        message: DirectSmb = stimulus.request.message
        if not self._is_awaited(message):
            return (Transmit(self._numbered(message, SEQUENCE_NONE)),)
        self._answer = self._numbered(message, self._sequence)
        return (Transmit(self._answer),)

    def on_close(self, stimulus: Asked, _now: int) -> Effects:
        self.state = State.OVER
        return (Deliver(Ended(stimulus.request.cause)),)

    def ignore(self, _stimulus: Stimulus, _now: int) -> Effects:
        return NOTHING

    def _is_awaited(self, message: DirectSmb) -> bool:
        asked = self._request
        if asked is None or self._answer is not None or not message.header.is_reply:
            return False
        return (message.header.pid, message.header.mid) == (asked.header.pid, asked.header.mid)

    def _numbered(self, message: DirectSmb, sequence: int) -> DirectSmb:
        return replace(message, header=replace(message.header, cid=self.cid, sequence=sequence))

    def _event(self, stimulus: Stimulus) -> Event:
        match stimulus:
            case Received(DirectSmb() as message):
                return self._kind(message)
            case Asked(Send()):
                return Event.SEND
            case Asked(Close()):
                return Event.CLOSE
            case _:
                return Event.FOREIGN

    def _kind(self, message: DirectSmb) -> Event:
        header = message.header
        if header.is_reply:
            return Event.OTHER
        if header.cid != self.cid:
            return self._kind_without_cid(message)
        if header.sequence == SEQUENCE_NONE:
            return Event.UNSEQUENCED
        if header.sequence == self._sequence:
            return Event.AGAIN
        is_next = header.sequence == sequence_after(self._sequence)
        return Event.NEXT if is_next and self._answer is not None else Event.OTHER

    def _kind_without_cid(self, message: DirectSmb) -> Event:
        if self.state is State.NEW and message.command == Command.NEGOTIATE:
            return Event.NEGOTIATE
        return Event.AGAIN if self.is_copy(message) else Event.OTHER


def _table() -> Mapping[tuple[State, Event], Row[DirectServer, State]]:
    server = DirectServer
    first, up, over = (frozenset({each}) for each in (State.FIRST, State.UP, State.OVER))
    table: dict[tuple[State, Event], Row[DirectServer, State]] = {
        (State.NEW, Event.NEGOTIATE): Row(server.on_negotiate, first, "ipx.md 1.11, 3.4"),
        (State.OVER, Event.CLOSE): Row(server.ignore, over, "over already"),
    }
    for state, here in ((State.FIRST, first), (State.UP, up)):
        table |= {
            (state, Event.NEXT): Row(server.on_next, up, "ipx.md 1.11, sequence number"),
            (state, Event.AGAIN): Row(server.on_again, here, "ipx.md 1.11, replay and ERRworking"),
            (state, Event.UNSEQUENCED): Row(server.on_unsequenced, here, "ipx.md 1.11"),
            (state, Event.SEND): Row(server.on_send, here, "ipx.md 1.11, last response kept"),
            (state, Event.CLOSE): Row(server.on_close, over, "ipx.md 1.11 has no packet for it"),
        }
    for state in State:
        for event in _IGNORED:
            late = Row(server.ignore, frozenset({state}), "ipx.md 1.11: wrong sequence is ignored")
            table.setdefault((state, event), late)
    return table


_IGNORED = (Event.NEGOTIATE, Event.NEXT, Event.AGAIN, Event.UNSEQUENCED, Event.OTHER)

TABLE = _table()
