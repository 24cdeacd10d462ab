"""One end of a dial-on-demand link, sans-IO: down, dialling, opening, up, hanging up.

An interesting packet raises the link and keeps it up; any other passes while it is up and is
dropped while it is not.  Time is charged from CONNECT, packets flow once PPP is open.

Left out: snapshot routing, bandwidth on demand (a second channel to the *same* place), and
call collision: a call that arrives while this end dials is refused, so two ends that dial each
other at the same instant both see busy and come back after their pauses.

Read: facts/ipx.md 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effects,
    Expired,
    Note,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.dial.block import DialBlock, State
from emu.machines.dial.calls import (
    AnswerCall,
    Arrived,
    Carry,
    Cleared,
    Connected,
    Contend,
    Failed,
    HangUpNow,
    Heard,
    LinkOpened,
    Raise,
    RefuseCall,
)

_TIMERS = {
    State.DOWN: "dial",
    State.DIALLING: "carrier",
    State.UP: "idle",
}


class Event(Enum):
    """What a stimulus is to a dialled link."""

    CARRY = "a packet to carry"
    HEARD = "a packet that came"
    CONNECTED = "connected"
    OPENED = "link opened"
    FAILED = "failed"
    CLEARED = "cleared"
    ARRIVED = "a call arrives"
    CONTEND = "contention"
    HANG_UP = "hang up"
    RAISE = "raise"
    EXPIRED = "expired"
    FOREIGN = "nothing this machine has a row for"


class DialLink(DialBlock):
    """See the module.  ``next_unit`` prices nothing: it only says when the next unit starts."""

    __slots__ = ()

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        row = TABLE.get((self.state, event_of(stimulus)))
        if row is None:
            raise LocalProtocolError(f"a link that is {self.state.value} cannot take {stimulus}")
        before = self.state
        effects = row.action(self, stimulus, now)
        assert self.state is before or self.state in row.leads_to, f"{before} -> {self.state}"
        return effects

    def due(self) -> int | None:
        return None if self._due_ns == NEVER else self._due_ns

    def timers(self) -> Mapping[str, int]:
        return {} if self._due_ns == NEVER else {_TIMERS[self.state]: self._due_ns}

    # --- down --------------------------------------------------------------------------------

    def raise_link(self, stimulus: Any, now: int) -> Effects:
        """Dial now, or when the pause is over if the packet could be kept until then."""
        said = self.keep(stimulus.request)
        if not stimulus.request.interesting or self._redialling:
            return said
        if now >= self._may_dial_ns:
            return [*said, *self.dial(now)]
        if self._queue:
            self._due_ns = self._may_dial_ns
        return said

    def raise_by_hand(self, _: Stimulus, now: int) -> Effects:
        """As if something interesting had come, but with nothing to carry."""
        return self.dial(now)

    def pause_over(self, _: Stimulus, now: int) -> Effects:
        return self.dial(now)

    def answer(self, _: Stimulus, now: int) -> Effects:
        """Somebody calls: as good as a call of our own, but theirs to pay and to try again."""
        self.state, self.called, self._redialling = State.DIALLING, True, False
        self._due_ns = now + self._params.carrier_wait_ns
        return [Note("answer"), Deliver(AnswerCall())]

    # --- dialling, opening -------------------------------------------------------------------

    def wait(self, stimulus: Any, _now: int) -> Effects:
        return self.keep(stimulus.request)

    def connected(self, _: Stimulus, now: int) -> Effects:
        self.state, self.connected_ns, self._due_ns = State.OPENING, now, NEVER
        self.calls += 1
        return [Note("connected")]

    def no_call(self, stimulus: Any, now: int) -> Effects:
        return self.failed(stimulus.pdu.cause, now)

    def no_carrier(self, _: Stimulus, _now: int) -> Effects:
        return self.hang_up("no carrier in time", failed=True)

    def no_link(self, stimulus: Any, _now: int) -> Effects:
        """Connected, but PPP did not open: the call is there and must be ended."""
        return self.hang_up(stimulus.pdu.cause, failed=True)

    def opened(self, _: Stimulus, now: int) -> Effects:
        self.state, self._failures = State.UP, 0
        waited = len(self._queue)
        self.interesting(now)
        return [Note("up", {"queued": waited}), *self.flush()]

    # --- up ----------------------------------------------------------------------------------

    def carry(self, stimulus: Any, now: int) -> Effects:
        """What does not count still flows."""
        if stimulus.request.interesting:
            self.interesting(now)
        return [Transmit(stimulus.request.octets)]

    def heard(self, stimulus: Any, now: int) -> Effects:
        if stimulus.pdu.interesting and self._params.inbound_counts:
            self.interesting(now)
        return NOTHING

    def idle(self, _: Stimulus, _now: int) -> Effects:
        return self.hang_up(self.idle_words(), failed=False)

    def lost(self, stimulus: Any, now: int) -> Effects:
        return self.over(stimulus.pdu.cause, now)

    def contend_up(self, stimulus: Any, now: int) -> Effects:
        self.contended = stimulus.request.waiting
        self.arm_idle(now)
        return NOTHING

    # --- anywhere ----------------------------------------------------------------------------

    def contend(self, stimulus: Any, _now: int) -> Effects:
        self.contended = stimulus.request.waiting
        return NOTHING

    def refuse(self, _: Stimulus, _now: int) -> Effects:
        return [Deliver(RefuseCall())]

    def give_up(self, stimulus: Any, _now: int) -> Effects:
        return self.hang_up(stimulus.request.why, failed=True)

    def end(self, stimulus: Any, _now: int) -> Effects:
        return self.hang_up(stimulus.request.why, failed=False)

    def gone(self, stimulus: Any, now: int) -> Effects:
        """The answer to HangUp."""
        if self._giving_up:
            return self.failed(stimulus.pdu.cause, now)
        return self.over(stimulus.pdu.cause, now)

    def too_late(self, _: Stimulus, _now: int) -> Effects:
        """It crossed with our HangUp, whose answer is still to come."""
        return NOTHING

    def connected_too_late(self, _: Stimulus, now: int) -> Effects:
        """CONNECT crossed with our HangUp: a call for the bill all the same."""
        if self.connected_ns is None:
            self.connected_ns = now
            self.calls += 1
        return [Note("connected")]


_DOWN, _DIALLING, _OPENING = State.DOWN, State.DIALLING, State.OPENING
_UP, _HANGING_UP = State.UP, State.HANGING_UP
_STAYS: frozenset[State] = frozenset()
_TO_DOWN = frozenset({_DOWN})
_TO_DIALLING = frozenset({_DIALLING})
_TO_HANGING_UP = frozenset({_HANGING_UP})

_DEMAND = "facts/ipx.md 4.2: a dialer-list's traffic raises the link"
_CARRIER = "facts/ipx.md 4.2: wait-for-carrier-time"
_ENABLE = "facts/ipx.md 4.2: enable-timeout; redial of diald and pppd"
_IDLE = "facts/ipx.md 4.2: idle-timeout, fast-idle, hang-up before the next charge unit"
_CALL = "Q.931 5.1.8, 5.3"
_OPEN = "RFC 1661 3.2"

TABLE: Mapping[tuple[State, Event], Row[DialLink, State]] = {
    (_DOWN, Event.CARRY): Row(DialLink.raise_link, _TO_DIALLING, _DEMAND),
    (_DOWN, Event.RAISE): Row(DialLink.raise_by_hand, _TO_DIALLING, _DEMAND),
    (_DOWN, Event.EXPIRED): Row(DialLink.pause_over, _TO_DIALLING, _ENABLE),
    (_DOWN, Event.ARRIVED): Row(DialLink.answer, _TO_DIALLING, _CALL),
    (_DOWN, Event.CONTEND): Row(DialLink.contend, _STAYS, _IDLE),
    (_DIALLING, Event.CARRY): Row(DialLink.wait, _STAYS, _DEMAND),
    (_DIALLING, Event.CONNECTED): Row(DialLink.connected, frozenset({_OPENING}), _CALL),
    (_DIALLING, Event.FAILED): Row(DialLink.no_call, _TO_DOWN, _ENABLE),
    (_DIALLING, Event.CLEARED): Row(DialLink.no_call, _TO_DOWN, _ENABLE),
    (_DIALLING, Event.EXPIRED): Row(DialLink.no_carrier, _TO_HANGING_UP, _CARRIER),
    (_DIALLING, Event.ARRIVED): Row(DialLink.refuse, _STAYS, _CALL),
    (_DIALLING, Event.CONTEND): Row(DialLink.contend, _STAYS, _IDLE),
    (_DIALLING, Event.HANG_UP): Row(DialLink.give_up, _TO_HANGING_UP, _CALL),
    (_OPENING, Event.CARRY): Row(DialLink.wait, _STAYS, _DEMAND),
    (_OPENING, Event.OPENED): Row(DialLink.opened, frozenset({_UP}), _OPEN),
    (_OPENING, Event.FAILED): Row(DialLink.no_link, _TO_HANGING_UP, _OPEN),
    (_OPENING, Event.CLEARED): Row(DialLink.no_call, _TO_DOWN, _ENABLE),
    (_OPENING, Event.ARRIVED): Row(DialLink.refuse, _STAYS, _CALL),
    (_OPENING, Event.CONTEND): Row(DialLink.contend, _STAYS, _IDLE),
    (_OPENING, Event.HANG_UP): Row(DialLink.give_up, _TO_HANGING_UP, _CALL),
    (_UP, Event.CARRY): Row(DialLink.carry, _STAYS, _IDLE),
    (_UP, Event.HEARD): Row(DialLink.heard, _STAYS, _IDLE),
    (_UP, Event.EXPIRED): Row(DialLink.idle, _TO_HANGING_UP, _IDLE),
    (_UP, Event.CLEARED): Row(DialLink.lost, _TO_DOWN, _CALL),
    (_UP, Event.ARRIVED): Row(DialLink.refuse, _STAYS, _CALL),
    (_UP, Event.CONTEND): Row(DialLink.contend_up, _STAYS, _IDLE),
    (_UP, Event.HANG_UP): Row(DialLink.end, _TO_HANGING_UP, _CALL),
    (_HANGING_UP, Event.CARRY): Row(DialLink.wait, _STAYS, _DEMAND),
    (_HANGING_UP, Event.HEARD): Row(DialLink.too_late, _STAYS, _CALL),
    (_HANGING_UP, Event.CONNECTED): Row(DialLink.connected_too_late, _STAYS, _CALL),
    (_HANGING_UP, Event.OPENED): Row(DialLink.too_late, _STAYS, _OPEN),
    (_HANGING_UP, Event.CLEARED): Row(DialLink.gone, _TO_DOWN, _CALL),
    (_HANGING_UP, Event.FAILED): Row(DialLink.gone, _TO_DOWN, _CALL),
    (_HANGING_UP, Event.ARRIVED): Row(DialLink.refuse, _STAYS, _CALL),
    (_HANGING_UP, Event.CONTEND): Row(DialLink.contend, _STAYS, _IDLE),
    (_HANGING_UP, Event.HANG_UP): Row(DialLink.too_late, _STAYS, _CALL),
}

_EVENTS: Mapping[type, Event] = {
    Carry: Event.CARRY,
    Contend: Event.CONTEND,
    HangUpNow: Event.HANG_UP,
    Raise: Event.RAISE,
    Heard: Event.HEARD,
    Connected: Event.CONNECTED,
    LinkOpened: Event.OPENED,
    Failed: Event.FAILED,
    Cleared: Event.CLEARED,
    Arrived: Event.ARRIVED,
}


def event_of(stimulus: Stimulus) -> Event:
    """Which column of the table."""
    match stimulus:
        case Expired():
            return Event.EXPIRED
        case Asked():
            return _event_of(stimulus.request)
        case Received():
            return _event_of(stimulus.pdu)


def _event_of(value: object) -> Event:
    return _EVENTS.get(type(value), Event.FOREIGN)
