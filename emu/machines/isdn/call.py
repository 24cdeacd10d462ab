"""One end of one ISDN call on its D channel: Q.931 5 for circuit-switched calls, sans-IO.

The same table serves the user who calls, the user who is called, and the exchange in front of
either: who dials, who proceeds and who answers is a matter of what they are asked.  The call
reference is the caller's and given from above.  A call that fails ends in its cause without
ever having been answered, so it is never charged.

Left out: overlap sending, restart, suspend, STATUS (an unexpected message is dropped), and
messages of other calls (whoever holds several ends tells them apart by reference).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effects,
    Expired,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.isdn.block import CallBlock, State
from emu.machines.isdn.calls import Alert, Answer, Clear, Dial, Offered, Proceed
from emu.pdu.q931 import (
    CAUSE_NORMAL,
    CAUSE_TIMER_EXPIRED,
    CalledNumber,
    Cause,
    Channel,
    MessageKind,
    Q931Message,
    SendingComplete,
    UnrestrictedDigital,
)

_ANY_CHANNEL = Channel(number=3, exclusive=False)


class CallEnd(CallBlock):
    """See the module; ``CallBlock`` for the arguments."""

    __slots__ = ()

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """Illegal requests raise; unexpected messages are dropped (5.8.4, without STATUS)."""
        match stimulus:
            case Expired():
                key: object = "expired"
            case Asked():
                key = _kind(stimulus.request)
            case Received():
                key = stimulus.pdu.kind if stimulus.pdu.reference == self.reference else None
        row = TABLE.get((self.state, key))
        if row is None and isinstance(stimulus, Received):
            return NOTHING
        if row is None:
            raise LocalProtocolError(f"a call in state {self.state.value} cannot take {stimulus}")
        before = self.state
        effects = row.action(self, stimulus, now)
        assert self.state is before or self.state in row.leads_to, f"{before} -> {self.state}"
        return effects

    def due(self) -> int | None:
        return None if self.due_ns == NEVER else self.due_ns

    def timers(self) -> Mapping[str, int]:
        return {} if self.due_ns == NEVER else {self.timer: self.due_ns}

    # --- setting up --------------------------------------------------------------------------

    def dial(self, stimulus: Any, now: int) -> Effects:
        request: Dial = stimulus.request
        wanted = Channel(number=request.channel, exclusive=False)
        channel = wanted if request.channel else _ANY_CHANNEL
        number = CalledNumber(digits=request.number)
        elements = (SendingComplete(), UnrestrictedDigital(), channel, number)
        self.called, self.connected, self.channel = False, False, 0
        self.state, self.repeats = State.INITIATED, 0
        self.arm("T303", self.params.t303_ns, now)
        return [self.say(MessageKind.SETUP, *elements)]

    def setup_unanswered(self, _: Stimulus, now: int) -> Effects:
        """T303: once more, then the call is given up (5.1.1)."""
        if not self.repeats and self.last is not None:
            self.repeats = 1
            self.arm("T303", self.params.t303_ns, now)
            return [Transmit(self.last)]
        cause = self.own(CAUSE_TIMER_EXPIRED)
        return [self.say(MessageKind.RELEASE_COMPLETE, cause), *self.gone(cause)]

    def proceeding(self, stimulus: Any, now: int) -> Effects:
        self.take_channel(stimulus.pdu)
        self.state = State.PROCEEDING
        self.arm("T310", self.params.t310_ns, now)
        return NOTHING

    def alerting(self, stimulus: Any, now: int) -> Effects:
        self.take_channel(stimulus.pdu)
        self.state = State.DELIVERED
        self.arm("T301", self.params.t301_ns, now)
        return NOTHING

    def connect(self, stimulus: Any, _now: int) -> Effects:
        self.take_channel(stimulus.pdu)
        return [self.say(MessageKind.CONNECT_ACKNOWLEDGE), *self.active()]

    # --- being called ------------------------------------------------------------------------

    def offered(self, stimulus: Any, _now: int) -> Effects:
        setup: Q931Message = stimulus.pdu
        self.called, self.connected, self.channel = True, False, 0
        self.state = State.PRESENT
        self.take_channel(setup)
        digits = [each.digits for each in setup.elements if isinstance(each, CalledNumber)]
        return [Deliver(Offered(number="".join(digits[:1]), channel=self.channel))]

    def repeated(self, _: Stimulus, _now: int) -> Effects:
        """SETUP again: the caller's T303, our answer is on its way."""
        return NOTHING

    def proceed(self, stimulus: Any, _now: int) -> Effects:
        self.state, self.channel = State.INCOMING, stimulus.request.channel
        channel = Channel(number=self.channel, exclusive=True)
        return [self.say(MessageKind.CALL_PROCEEDING, channel)]

    def alert(self, _: Stimulus, _now: int) -> Effects:
        self.state = State.INCOMING
        return [self.say(MessageKind.ALERTING)]

    def answer(self, _: Stimulus, now: int) -> Effects:
        said = self.say(MessageKind.CONNECT)
        if self.network:
            return [said, *self.active()]
        self.state = State.CONNECT_REQUEST
        self.arm("T313", self.params.t313_ns, now)
        return [said]

    def acknowledged(self, _: Stimulus, _now: int) -> Effects:
        return self.active()

    def refuse(self, stimulus: Any, _now: int) -> Effects:
        """Before anything was answered, RELEASE COMPLETE is enough; later on it is DISCONNECT
        (5.2.5.1), which is what a caller in state 3 expects."""
        cause: Cause = stimulus.request.cause
        return [self.say(MessageKind.RELEASE_COMPLETE, cause), *self.gone(cause)]

    # --- clearing ----------------------------------------------------------------------------

    def clear(self, stimulus: Any, now: int) -> Effects:
        return self._disconnect(stimulus.request.cause, now)

    def too_slow(self, _: Stimulus, now: int) -> Effects:
        """T301, T310 or T313."""
        return self._disconnect(self.own(CAUSE_TIMER_EXPIRED), now)

    def _disconnect(self, cause: Cause, now: int) -> Effects:
        self.state, self.cause = State.DISCONNECT_REQUEST, cause
        self.arm("T305", self.params.t305_ns, now)
        return [self.say(MessageKind.DISCONNECT, cause)]

    def disconnected(self, stimulus: Any, now: int) -> Effects:
        """The other side clears, with its cause; so does a collision of two DISCONNECT."""
        if self.state is not State.DISCONNECT_REQUEST:
            self.cause = stimulus.pdu.cause or self.own(CAUSE_NORMAL)
        return self._release(now)

    def not_released(self, _: Stimulus, now: int) -> Effects:
        """T305."""
        return self._release(now)

    def _release(self, now: int) -> Effects:
        self.state, self.repeats = State.RELEASE_REQUEST, 0
        self.arm("T308", self.params.t308_ns, now)
        return [self.say(MessageKind.RELEASE, self.own(CAUSE_NORMAL))]

    def release_unanswered(self, _: Stimulus, now: int) -> Effects:
        """T308: once more, then the reference is free all the same (5.3.3)."""
        if not self.repeats and self.last is not None:
            self.repeats = 1
            self.arm("T308", self.params.t308_ns, now)
            return [Transmit(self.last)]
        return self.gone(self.cause)

    def released(self, stimulus: Any, _now: int) -> Effects:
        """RELEASE: its cause counts unless we had one before."""
        if self.state is not State.DISCONNECT_REQUEST:
            self.cause = stimulus.pdu.cause or self.own(CAUSE_NORMAL)
        return [self.say(MessageKind.RELEASE_COMPLETE), *self.gone(self.cause)]

    def unknown(self, stimulus: Any, _now: int) -> Effects:
        """RELEASE for a call that is long gone here: the peer missed our RELEASE COMPLETE."""
        self.called = not stimulus.pdu.from_destination
        return [self.say(MessageKind.RELEASE_COMPLETE)]

    def complete(self, stimulus: Any, _now: int) -> Effects:
        """RELEASE COMPLETE: the end, or a call refused at once."""
        clearing = self.state in (State.DISCONNECT_REQUEST, State.RELEASE_REQUEST)
        refused = stimulus.pdu.cause or self.own(CAUSE_NORMAL)
        return self.gone(self.cause if clearing else refused)

    def collided(self, _: Stimulus, _now: int) -> Effects:
        """Two RELEASE: both references are free (5.3.5)."""
        return self.gone(self.cause)


def _kind(value: object) -> type:
    return type(value)


_SETTING_UP = (State.INITIATED, State.PROCEEDING, State.DELIVERED)
_CONNECTED = (State.CONNECT_REQUEST, State.ACTIVE)
_N, _A = State.NULL, State.ACTIVE
_DR, _RR = State.DISCONNECT_REQUEST, State.RELEASE_REQUEST
_P, _I = State.PRESENT, State.INCOMING

_Action = Callable[[CallEnd, Any, int], Effects]
_Line = tuple[tuple[State, ...], object, _Action, tuple[State, ...], str]

_LINES: tuple[_Line, ...] = (
    ((_N,), Dial, CallEnd.dial, (State.INITIATED,), "5.1.1"),
    ((_N,), MessageKind.SETUP, CallEnd.offered, (_P,), "5.2.1"),
    ((_N,), MessageKind.RELEASE, CallEnd.unknown, (), "5.8.3.2"),
    ((State.INITIATED,), "expired", CallEnd.setup_unanswered, (_N,), "5.1.1, T303"),
    (
        (State.INITIATED,),
        MessageKind.CALL_PROCEEDING,
        CallEnd.proceeding,
        (State.PROCEEDING,),
        "5.1.5",
    ),
    (_SETTING_UP[:2], MessageKind.ALERTING, CallEnd.alerting, (State.DELIVERED,), "5.1.7"),
    (_SETTING_UP, MessageKind.CONNECT, CallEnd.connect, (_A,), "5.1.8"),
    (_SETTING_UP[1:], "expired", CallEnd.too_slow, (_DR,), "table 9-2, T310, T301"),
    ((_P, _I), MessageKind.SETUP, CallEnd.repeated, (), "5.2.1"),
    ((_P,), Proceed, CallEnd.proceed, (_I,), "5.2.5.2"),
    ((_P, _I), Alert, CallEnd.alert, (_I,), "5.2.5.2"),
    ((_P, _I), Answer, CallEnd.answer, (State.CONNECT_REQUEST, _A), "5.2.7"),
    ((_P,), Clear, CallEnd.refuse, (_N,), "5.2.5.1"),
    (
        (State.CONNECT_REQUEST,),
        MessageKind.CONNECT_ACKNOWLEDGE,
        CallEnd.acknowledged,
        (_A,),
        "5.2.8",
    ),
    ((State.CONNECT_REQUEST,), "expired", CallEnd.too_slow, (_DR,), "5.2.8, T313"),
    ((*_SETTING_UP, _I, *_CONNECTED), Clear, CallEnd.clear, (_DR,), "5.3.3"),
    (
        (*_SETTING_UP, _P, _I, *_CONNECTED, _DR),
        MessageKind.DISCONNECT,
        CallEnd.disconnected,
        (_RR,),
        "5.3.3, 5.3.5",
    ),
    (
        (*_SETTING_UP, _P, _I, *_CONNECTED, _DR),
        MessageKind.RELEASE,
        CallEnd.released,
        (_N,),
        "5.3.3",
    ),
    (
        (*_SETTING_UP, _P, _I, *_CONNECTED, _DR, _RR),
        MessageKind.RELEASE_COMPLETE,
        CallEnd.complete,
        (_N,),
        "5.3.2, 5.3.3",
    ),
    ((_DR,), "expired", CallEnd.not_released, (_RR,), "5.3.3, T305"),
    ((_RR,), MessageKind.RELEASE, CallEnd.collided, (_N,), "5.3.5"),
    ((_RR,), "expired", CallEnd.release_unanswered, (_N,), "5.3.3, T308"),
)
TABLE: Mapping[tuple[State, object], Row[CallEnd, State]] = {
    (state, key): Row(action, frozenset(leads_to), f"Q.931 {section}")
    for states, key, action, leads_to, section in _LINES
    for state in states
}
