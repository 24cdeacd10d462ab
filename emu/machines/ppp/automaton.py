"""One control protocol of PPP: the option negotiation automaton of RFC 1661 4, cut to size.

It speaks ``Configure`` and ``Control`` of its own protocol and says ``Signal`` to whoever holds
it: this layer is up, down, finished.  Left out: Stopping as a state of its own (an end that
acknowledged a Terminate-Request is gone at once), Code-Reject, and Naks of ours: an option that
is not known is rejected, a known one is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from emu.errors import LocalProtocolError
from emu.machines.base import NEVER, Transmit
from emu.machines.ppp.params import Negotiated, PppParams
from emu.pdu.ppp import Configure, ConfigureOption, Control, ControlPacket, PppCode


@dataclass(frozen=True, slots=True)
class Transition:
    """What to do, and where that may lead: a row of RFC 1661 4.1."""

    action: Action
    leads_to: frozenset[State]


class State(Enum):
    """RFC 1661 4.2, as far as they are needed here."""

    CLOSED = "closed"
    REQUEST_SENT = "request sent"
    ACK_RECEIVED = "ack received"
    ACK_SENT = "ack sent"
    OPENED = "opened"
    CLOSING = "closing"


class Event(Enum):
    """RFC 1661 4.3, with its own names for them."""

    OPEN = "Up and Open"
    CLOSE = "Close"
    TIMEOUT = "TO"
    GOOD_REQUEST = "RCR+"
    BAD_REQUEST = "RCR-"
    ACK = "RCA"
    REFUSAL = "RCN"
    TERMINATE = "RTR"
    TERMINATED = "RTA"


class Signal(Enum):
    """What the layer above is told (RFC 1661 4.4: tlu, tld, tlf)."""

    UP = "up"
    DOWN = "down"
    FINISHED = "finished"
    ABSENT = "no answer"


Said = Transmit | Signal


class Automaton:
    """See the module.  ``options``: what our next request asks for."""

    __slots__ = (
        "_identifier",
        "_params",
        "_restart_ns",
        "_sent",
        "_setting",
        "due_ns",
        "options",
        "state",
    )

    def __init__(self, setting: Negotiated, params: PppParams) -> None:
        self.state = State.CLOSED
        self.options = setting.wants
        self.due_ns = NEVER
        self._setting, self._params = setting, params
        self._restart_ns = params.restart_ns if setting.restart_ns is None else setting.restart_ns
        self._identifier = self._sent = 0

    def reset(self) -> None:
        """The layer below went away: nothing that was agreed holds."""
        self.state, self.due_ns, self._sent = State.CLOSED, NEVER, 0
        self.options = self._setting.wants

    def step(self, event: Event, packet: ControlPacket | None, now: int) -> Sequence[Said]:
        """One event of RFC 1661 4.3.  What arrives while closed belongs to an earlier call."""
        row = TABLE.get((self.state, event))
        if row is None:
            return ()
        before = self.state
        said = row.action(self, packet, now)
        assert self.state is before or self.state in row.leads_to, f"{before} -> {self.state}"
        return said

    def event_of(self, packet: ControlPacket) -> Event | None:
        """What a packet is; None for an answer to no request of ours, which is dropped."""
        match packet:
            case Configure(code=PppCode.CONFIGURE_REQUEST):
                return Event.BAD_REQUEST if self._unknown(packet) else Event.GOOD_REQUEST
            case Configure(code=code, identifier=identifier):
                if identifier != self._identifier:
                    return None
                return Event.ACK if code is PppCode.CONFIGURE_ACK else Event.REFUSAL
            case Control(code=PppCode.TERMINATE_REQUEST):
                return Event.TERMINATE
            case Control(code=PppCode.TERMINATE_ACK):
                return Event.TERMINATED
            case Control():
                return None

    def _unknown(self, request: Configure) -> tuple[ConfigureOption, ...]:
        return tuple(each for each in request.options if each.kind not in self._setting.knows)

    # --- the actions of RFC 1661 4.4 ---------------------------------------------------------

    def start(self, _: ControlPacket | None, now: int) -> Sequence[Said]:
        self.state = State.REQUEST_SENT
        return [self._request(now)]

    def again(self, packet: ControlPacket | None, now: int) -> Sequence[Said]:
        """TO: the same request, or the peer is not there.  An Ack that was had is void."""
        del packet
        if self._sent >= self._params.configure_max:
            self.state, self.due_ns = State.CLOSED, NEVER
            return [Signal.ABSENT]
        if self.state is State.ACK_RECEIVED:
            self.state = State.REQUEST_SENT
        return [self._repeat(now)]

    def acknowledge(self, packet: ControlPacket | None, _now: int) -> Sequence[Said]:
        """RCR+: from Ack-Received this completes the handshake."""
        up = self.state is State.ACK_RECEIVED
        self.state = State.OPENED if up else State.ACK_SENT
        if up:
            self.due_ns = NEVER
        return [self._answer(packet, PppCode.CONFIGURE_ACK), *([Signal.UP] if up else [])]

    def reject(self, packet: ControlPacket | None, _now: int) -> Sequence[Said]:
        """RCR-: name the options that are not known."""
        if self.state is State.ACK_SENT:
            self.state = State.REQUEST_SENT
        return [self._answer(packet, PppCode.CONFIGURE_REJECT)]

    def agreed(self, _: ControlPacket | None, now: int) -> Sequence[Said]:
        """RCA: the peer has taken ours; its own may still be open."""
        self._sent = 0
        if self.state is State.ACK_SENT:
            self.state, self.due_ns = State.OPENED, NEVER
            return [Signal.UP]
        self.state, self.due_ns = State.ACK_RECEIVED, now + self._restart_ns
        return []

    def adapt(self, packet: ControlPacket | None, now: int) -> Sequence[Said]:
        """RCN: leave out what was rejected, take over what was proposed, and ask anew.

        Unlike RFC 1661's irc, a refusal does not start the count anew: two ends that never
        agree would go on for ever.
        """
        assert isinstance(packet, Configure)
        named = {each.kind: each for each in packet.options}
        if packet.code is PppCode.CONFIGURE_REJECT:
            self.options = tuple(each for each in self.options if each.kind not in named)
        else:
            self.options = tuple(named.get(each.kind, each) for each in self.options)
        if self.state is State.ACK_RECEIVED:
            self.state = State.REQUEST_SENT
        return [self._request(now)]

    def crossed(self, _: ControlPacket | None, now: int) -> Sequence[Said]:
        """RCA again while acknowledged already: something went wrong, ask anew."""
        self.state = State.REQUEST_SENT
        return [self._request(now)]

    def renegotiate(self, packet: ControlPacket | None, now: int) -> Sequence[Said]:
        """RCR in Opened: the peer missed our Ack, or starts over (RFC 1661 4.1, note 3)."""
        self._sent = 0
        self.state = State.ACK_SENT
        request = self._request(now)
        return [Signal.DOWN, request, self._answer(packet, PppCode.CONFIGURE_ACK)]

    def renegotiate_badly(self, packet: ControlPacket | None, now: int) -> Sequence[Said]:
        self._sent = 0
        self.state = State.REQUEST_SENT
        request = self._request(now)
        return [Signal.DOWN, request, self._answer(packet, PppCode.CONFIGURE_REJECT)]

    def close(self, _: ControlPacket | None, now: int) -> Sequence[Said]:
        self._sent, self.state = 0, State.CLOSING
        self._identifier = self._identifier + 1 & 0xFF
        return [self._terminate(now)]

    def close_again(self, _: ControlPacket | None, now: int) -> Sequence[Said]:
        if self._sent >= self._params.terminate_max:
            self.state, self.due_ns = State.CLOSED, NEVER
            return [Signal.FINISHED]
        return [self._terminate(now)]

    def closed(self, _: ControlPacket | None, _now: int) -> Sequence[Said]:
        self.state, self.due_ns = State.CLOSED, NEVER
        return [Signal.FINISHED]

    def be_closed(self, packet: ControlPacket | None, now: int) -> Sequence[Said]:
        """RTR: say yes and be gone."""
        return [*self.say_yes(packet, now), *self.closed(packet, now)]

    def say_yes(self, packet: ControlPacket | None, _now: int) -> Sequence[Said]:
        identifier = 0 if packet is None else packet.identifier
        return [self._control(PppCode.TERMINATE_ACK, identifier)]

    # --- packets -----------------------------------------------------------------------------

    def _request(self, now: int) -> Transmit:
        self._identifier = self._identifier + 1 & 0xFF
        return self._repeat(now)

    def _repeat(self, now: int) -> Transmit:
        self._sent += 1
        self.due_ns = now + self._restart_ns
        return Transmit(self._configure(PppCode.CONFIGURE_REQUEST, self._identifier, self.options))

    def _terminate(self, now: int) -> Transmit:
        self._sent += 1
        self.due_ns = now + self._restart_ns
        return self._control(PppCode.TERMINATE_REQUEST, self._identifier)

    def _answer(self, packet: ControlPacket | None, code: PppCode) -> Transmit:
        if not isinstance(packet, Configure):
            raise LocalProtocolError(f"PPP: only a Configure-Request is answered, got {packet}")
        rejects = code is PppCode.CONFIGURE_REJECT
        options = self._unknown(packet) if rejects else packet.options
        return Transmit(self._configure(code, packet.identifier, options))

    def _configure(
        self, code: PppCode, identifier: int, options: tuple[ConfigureOption, ...]
    ) -> Configure:
        return Configure(
            protocol=self._setting.protocol, code=code, identifier=identifier, options=options
        )

    def _control(self, code: PppCode, identifier: int) -> Transmit:
        packet = Control(protocol=self._setting.protocol, code=code, identifier=identifier)
        return Transmit(packet)


_C, _RS, _AR = State.CLOSED, State.REQUEST_SENT, State.ACK_RECEIVED
_AS, _O, _CL = State.ACK_SENT, State.OPENED, State.CLOSING

#: What a row does, on a packet if there is one.
Action = Callable[[Automaton, ControlPacket | None, int], Sequence[Said]]

#: RFC 1661 4.1, the state transition table.
_ROWS: Sequence[
    tuple[
        State,
        Event,
        Callable[[Automaton, ControlPacket | None, int], Sequence[Said]],
        tuple[State, ...],
    ]
] = (
    (_C, Event.OPEN, Automaton.start, (_RS,)),
    (_C, Event.TERMINATE, Automaton.say_yes, ()),
    (_RS, Event.TIMEOUT, Automaton.again, (_C,)),
    (_RS, Event.GOOD_REQUEST, Automaton.acknowledge, (_AS,)),
    (_RS, Event.BAD_REQUEST, Automaton.reject, ()),
    (_RS, Event.ACK, Automaton.agreed, (_AR,)),
    (_RS, Event.REFUSAL, Automaton.adapt, ()),
    (_AR, Event.TIMEOUT, Automaton.again, (_RS, _C)),
    (_AR, Event.GOOD_REQUEST, Automaton.acknowledge, (_O,)),
    (_AR, Event.BAD_REQUEST, Automaton.reject, ()),
    (_AR, Event.ACK, Automaton.crossed, (_RS,)),
    (_AR, Event.REFUSAL, Automaton.adapt, (_RS,)),
    (_AS, Event.TIMEOUT, Automaton.again, (_C,)),
    (_AS, Event.GOOD_REQUEST, Automaton.acknowledge, ()),
    (_AS, Event.BAD_REQUEST, Automaton.reject, (_RS,)),
    (_AS, Event.ACK, Automaton.agreed, (_O,)),
    (_AS, Event.REFUSAL, Automaton.adapt, ()),
    (_O, Event.GOOD_REQUEST, Automaton.renegotiate, (_AS,)),
    (_O, Event.BAD_REQUEST, Automaton.renegotiate_badly, (_RS,)),
    (_CL, Event.TIMEOUT, Automaton.close_again, (_C,)),
    (_CL, Event.TERMINATED, Automaton.closed, (_C,)),
    (_CL, Event.TERMINATE, Automaton.say_yes, ()),
    *((state, Event.CLOSE, Automaton.close, (_CL,)) for state in (_RS, _AR, _AS, _O)),
    *((state, Event.TERMINATE, Automaton.be_closed, (_C,)) for state in (_RS, _AR, _AS, _O)),
)
TABLE: Mapping[tuple[State, Event], Transition] = {
    (state, event): Transition(action, frozenset(leads_to))
    for state, event, action, leads_to in _ROWS
}
