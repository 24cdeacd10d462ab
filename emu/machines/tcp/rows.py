"""The table of RFC 793, for the machine of any stack: what each state allows, and who says so.

Pages are RFC 793's.  CLOSE while closing and SEND after CLOSE have no row: RFC 793 calls them
errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from emu.machines.base import Effects, Expired, Received, Row
from emu.machines.tcp.control import Abort, Close, Connect, Send, State


class Connection(Protocol):
    """What a machine of any stack does in the states of RFC 793."""

    def connect(self, asked: Connect, now: int, /) -> Effects: ...
    def accept(self, asked: Received, now: int, /) -> Effects: ...
    def send(self, asked: Send, now: int, /) -> Effects: ...
    def hold(self, asked: Send, now: int, /) -> Effects: ...
    def close(self, asked: Close, now: int, /) -> Effects: ...
    def give_up_opening(self, asked: Close, now: int, /) -> Effects: ...
    def close_opening(self, asked: Close, now: int, /) -> Effects: ...
    def abort(self, asked: Abort, now: int, /) -> Effects: ...
    def forget(self, asked: Abort, now: int, /) -> Effects: ...
    def expired(self, asked: Expired, now: int, /) -> Effects: ...
    def answer_in_syn_sent(self, asked: Received, now: int, /) -> Effects: ...
    def arrive(self, asked: Received, now: int, /) -> Effects: ...
    def refuse(self, asked: Received, now: int, /) -> Effects: ...
    def ignore(self, asked: Any, now: int, /) -> Effects: ...


C = TypeVar("C", bound=Connection)
Rows = Mapping[type[Any], Row[C, State]]

_CLOSED = frozenset({State.CLOSED})
_NOWHERE: frozenset[State] = frozenset()

#: Where a segment may lead (RFC 793 3.2, figure 6).  Any of them may be a RST.
_ARRIVING = {
    State.SYN_SENT: (State.SYN_RECEIVED, State.ESTABLISHED),
    State.SYN_RECEIVED: (State.ESTABLISHED, State.CLOSE_WAIT),
    State.ESTABLISHED: (State.CLOSE_WAIT,),
    State.CLOSE_WAIT: (),
    State.FIN_WAIT_1: (State.FIN_WAIT_2, State.CLOSING, State.TIME_WAIT),
    State.FIN_WAIT_2: (State.TIME_WAIT,),
    State.CLOSING: (State.TIME_WAIT,),
    State.LAST_ACK: (),
    State.TIME_WAIT: (),
}


def rows(tcp: type[C]) -> tuple[Rows[C], Mapping[State, Rows[C]]]:
    """What a machine that was never used may hear, and what every state may hear."""

    def row(
        action: Callable[[C, Any, int], Effects], leads_to: frozenset[State], cites: str
    ) -> Row[C, State]:
        return Row(action, leads_to, cites)

    def arrive(state: State) -> Row[C, State]:
        leads_to = _CLOSED | set(_ARRIVING[state])
        if state is State.SYN_SENT:
            return row(tcp.answer_in_syn_sent, leads_to, "RFC 793 3.9 SEGMENT ARRIVES, p. 66-68")
        return row(tcp.arrive, leads_to, "RFC 793 3.9 SEGMENT ARRIVES, p. 69-76")

    expired = row(tcp.expired, _CLOSED, "RFC 793 3.9 TIMEOUTS; RFC 1122 4.2.3.6")
    abort = row(tcp.abort, _CLOSED, "RFC 793 3.9 ABORT, p. 62")
    forget = row(tcp.forget, _CLOSED, "RFC 793 3.9 ABORT, p. 62: no RST")
    ignore = row(tcp.ignore, _NOWHERE, "RFC 793 3.9: no connection, nothing to do")
    hold = row(tcp.hold, _NOWHERE, "RFC 793 3.9 SEND, p. 56: queued")
    flowing: Rows[C] = {
        Expired: expired,
        Send: row(tcp.send, _NOWHERE, "RFC 793 3.9 SEND, p. 56"),
        Close: row(
            tcp.close,
            frozenset({State.FIN_WAIT_1, State.LAST_ACK}),
            "RFC 793 3.9 CLOSE, p. 60; RFC 1122 4.2.2.20 (a)",
        ),
        Abort: abort,
    }
    syn_sent: Rows[C] = {
        Expired: expired,
        Send: hold,
        Close: row(tcp.give_up_opening, _CLOSED, "RFC 793 3.9 CLOSE, p. 60"),
        Abort: forget,
    }
    syn_received: Rows[C] = {
        Expired: expired,
        Send: hold,
        Close: row(tcp.close_opening, frozenset({State.FIN_WAIT_1}), "RFC 793 3.9 CLOSE, p. 60"),
        Abort: abort,
    }
    waiting: Rows[C] = {Expired: expired, Abort: abort}
    ending: Rows[C] = {Expired: expired, Abort: forget}
    states = {
        State.SYN_SENT: syn_sent,
        State.SYN_RECEIVED: syn_received,
        State.ESTABLISHED: flowing,
        State.CLOSE_WAIT: flowing,
        State.FIN_WAIT_1: waiting,
        State.FIN_WAIT_2: waiting,
        State.CLOSING: ending,
        State.LAST_ACK: ending,
        State.TIME_WAIT: ending,
    }
    no_connection: Rows[C] = {Expired: ignore, Close: ignore, Abort: ignore}
    listening = row(
        tcp.accept, frozenset({State.SYN_RECEIVED}), "RFC 793 3.9 SEGMENT ARRIVES, LISTEN, p. 65"
    )
    fresh: Rows[C] = {
        **no_connection,
        Received: listening,
        Connect: row(tcp.connect, frozenset({State.SYN_SENT}), "RFC 793 3.9 OPEN, p. 54"),
    }
    stray = row(tcp.refuse, _NOWHERE, "RFC 793 3.9 SEGMENT ARRIVES, CLOSED, p. 65")
    table = {state: {**others, Received: arrive(state)} for state, others in states.items()}
    return fresh, {State.CLOSED: {**no_connection, Received: stray}, **table}
