"""Triggered updates with the router at the other end of a link (RFC 1582), of RIP or of SAP.

A machine of its own: it is told what there is to say (``Offer``) and says it once, after a short
wait for more, until it is acknowledged.  A response carries the whole table, since what is
absent from it is unreachable (RFC 1582 2.6): "only changes" are sent in the sense that nothing
is when nothing changed.

Left out: the limit on outstanding messages to many routers (2.9), and poisoned reverse (2.7, an
option).

Read: RFC 1582, sections 2 and 7; facts/ipx.md 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effect,
    Effects,
    Expired,
    Note,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.routing.params import Triggered
from emu.pdu.rip_sap import (
    TRIGGERED,
    TRIGGERED_ACKNOWLEDGEMENT,
    TRIGGERED_REQUEST,
    TRIGGERED_RESPONSE,
    Rip,
    RipEntry,
    Sap,
    SapEntry,
    UpdateHeader,
)

_SEQUENCES = 1 << 16
Entries = tuple[RipEntry, ...] | tuple[SapEntry, ...]


# What the router asks of it.
@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to say now."""

    entries: Entries


@dataclass(frozen=True, slots=True)
class CircuitUp:
    """``stale``: it was away so long that what is known from there must be asked for anew."""

    stale: bool


@dataclass(frozen=True, slots=True)
class CircuitDown:
    """The link could not be made."""


# What it tells the router.
@dataclass(frozen=True, slots=True)
class Told:
    """A whole update has come: everything the other router has to say."""

    entries: Entries


@dataclass(frozen=True, slots=True)
class PeerLost:
    """The other router answers nothing any more."""


class State(Enum):
    """DOWN: no circuit, so nothing arrives; POLLING: given up, asked now and then; LEFT: not
    even asked."""

    TALKING = "talking"
    DOWN = "down"
    POLLING = "polling"
    LEFT = "left alone"


class Event(Enum):
    """What a stimulus is to an exchange."""

    REQUEST = TRIGGERED_REQUEST
    RESPONSE = TRIGGERED_RESPONSE
    ACKNOWLEDGEMENT = TRIGGERED_ACKNOWLEDGEMENT
    OFFER = "offer"
    UP = "circuit up"
    DOWN = "circuit down"
    EXPIRED = "expired"
    FOREIGN = "nothing this machine has a row for"


class Exchange:
    """One protocol with one router.  ``kind``: ``Rip`` or ``Sap``; ``entries_max``: a packet."""

    def __init__(
        self, params: Triggered, kind: type[Rip] | type[Sap], *, entries_max: int, start_ns: int
    ) -> None:
        self.state = State.TALKING
        self.sequence = 0
        self._params = params
        self._kind: Any = kind
        self._entries_max = entries_max
        self._offer: Any = ()
        self._said: Any = None
        self._unacknowledged: dict[int, Any] = {}
        self._heard: dict[int, Any] = {}
        self._before = State.TALKING
        self._requests = self._resends = 0
        self._request_ns = start_ns
        self._resend_ns = self._gather_ns = self._reassembly_ns = NEVER

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        row = TABLE.get((self.state, event_of(stimulus)))
        if row is None:
            raise LocalProtocolError(
                f"an exchange that is {self.state.value} cannot take {stimulus}"
            )
        before = self.state
        effects = row.action(self, stimulus, now)
        assert self.state is before or self.state in row.leads_to, f"{before} -> {self.state}"
        return effects

    def due(self) -> int | None:
        return min(self.timers().values(), default=None)

    def timers(self) -> Mapping[str, int]:
        if self.state is State.DOWN:
            return {}
        named = {
            "reassembly": self._reassembly_ns,
            "poll" if self.state is State.POLLING else "request": self._request_ns,
            "retransmission": self._resend_ns,
            "gather": self._gather_ns,
        }
        return {name: at for name, at in named.items() if at != NEVER}

    # --- talking -----------------------------------------------------------------------------

    def on_offer(self, stimulus: Any, now: int) -> Effects:
        """Wait a little for more changes, unless this one takes back what was waited for."""
        self._offer = stimulus.request.entries
        if self._offer == self._said:
            self._gather_ns = NEVER
        elif self._gather_ns == NEVER:
            self._gather_ns = now + self._params.gather_ns
        return NOTHING

    def on_request(self, _: Stimulus, now: int) -> Effects:
        return self._publish(now)

    def on_response(self, stimulus: Any, now: int) -> Effects:
        """Acknowledged at once, fragment by fragment; believed when it is whole."""
        packet = stimulus.pdu
        header = packet.update
        if header is None or not 1 <= header.fragment <= header.fragments:
            return NOTHING
        self._request_ns = NEVER
        heard = UpdateHeader(sequence=header.sequence, fragment=header.fragment, fragments=0)
        acknowledgement = self._kind(operation=TRIGGERED_ACKNOWLEDGEMENT, update=heard)
        return [Transmit(acknowledgement), *self._assemble(packet, now)]

    def on_acknowledgement(self, stimulus: Any, _now: int) -> Effects:
        """One for an older update says nothing about this one (RFC 1582 2.5)."""
        header = stimulus.pdu.update
        if header is not None and header.sequence == self.sequence:
            self._unacknowledged.pop(header.fragment, None)
            if not self._unacknowledged:
                self._resend_ns = NEVER
        return NOTHING

    def on_expired(self, _: Stimulus, now: int) -> Effects:
        said: list[Effect] = []
        if self._reassembly_ns <= now:
            self._reassembly_ns = NEVER
            self._heard = {}
            self._begin_asking(now)
        if self._request_ns <= now:
            said += self._ask(now)
        if self.state is State.TALKING and self._resend_ns <= now:
            said += self._resend(now)
        if self.state is State.TALKING and self._gather_ns <= now:
            said += self._publish(now)
        return said

    def go_down(self, _: Stimulus, _now: int) -> Effects:
        self._before, self.state = self.state, State.DOWN
        self._heard, self._reassembly_ns = {}, NEVER
        return NOTHING

    # --- down --------------------------------------------------------------------------------

    def come_up(self, stimulus: Any, now: int) -> Effects:
        """What waited goes out at once; the counting goes on where it was (RFC 1582 7.2)."""
        self.state = self._before
        if self._unacknowledged:
            self._resend_ns = now
        if self._request_ns != NEVER:
            self._request_ns = now
        elif stimulus.request.stale and self.state is State.TALKING:
            self._begin_asking(now)
        waiting = self.state is State.TALKING and self._offer != self._said
        self._gather_ns = now + self._params.gather_ns if waiting else NEVER
        return NOTHING

    # --- given up ----------------------------------------------------------------------------

    def poll(self, _: Stimulus, now: int) -> Effects:
        if self._params.polls_max is not None and self._requests >= self._params.polls_max:
            self.state, self._request_ns = State.LEFT, NEVER
            return [Note("left alone", {"polls": self._requests})]
        self._requests += 1
        self._request_ns = now + self._params.poll_ns
        return [Transmit(self._kind(operation=TRIGGERED_REQUEST))]

    def note_offer(self, stimulus: Any, _now: int) -> Effects:
        self._offer = stimulus.request.entries
        return NOTHING

    def on_return(self, stimulus: Any, now: int) -> Effects:
        """It speaks again: each tells the other everything (RFC 1582 2.7, 7.2)."""
        self.state = State.TALKING
        if stimulus.pdu.operation == TRIGGERED_RESPONSE:
            return [*self.on_response(stimulus, now), *self._publish(now)]
        self._begin_asking(now)
        return self._publish(now)

    def ignore(self, _: Stimulus, _now: int) -> Effects:
        return NOTHING

    # --- inside ------------------------------------------------------------------------------

    def _publish(self, now: int) -> Effects:
        self.sequence = (self.sequence + 1) % _SEQUENCES
        self._said, self._gather_ns = self._offer, NEVER
        self._resends, self._resend_ns = 0, now + self._params.retransmit_ns
        size = self._entries_max
        parts = [self._said[at : at + size] for at in range(0, len(self._said), size)] or [()]
        self._unacknowledged = {
            number: self._response(part, number, len(parts)) for number, part in enumerate(parts, 1)
        }
        return [Transmit(packet) for packet in self._unacknowledged.values()]

    def _response(self, entries: Entries, fragment: int, fragments: int) -> Rip | Sap:
        header = UpdateHeader(sequence=self.sequence, fragment=fragment, fragments=fragments)
        return self._kind(operation=TRIGGERED_RESPONSE, update=header, entries=entries)

    def _assemble(self, packet: Any, now: int) -> Effects:
        """Fragments of another update, or of one with this number that differs, end the old
        one's: the other router may have been switched off and count anew."""
        number, header = packet.update.fragment, packet.update
        old = next(iter(self._heard.values()), packet).update
        if (old.sequence, old.fragments) != (header.sequence, header.fragments) or (
            self._heard.get(number, packet) != packet
        ):
            self._heard, self._reassembly_ns = {}, NEVER
        self._heard[number] = packet
        if len(self._heard) < header.fragments:
            if self._reassembly_ns == NEVER:
                self._reassembly_ns = now + self._params.reassembly_ns
            return NOTHING
        self._reassembly_ns = NEVER
        told = [entry for _, part in sorted(self._heard.items()) for entry in part.entries]
        return [Deliver(Told(tuple(told)))]

    def _begin_asking(self, now: int) -> None:
        self._requests, self._request_ns = 0, now

    def _ask(self, now: int) -> Effects:
        if self._requests > self._params.retransmissions:
            return self._give_up(now)
        self._requests += 1
        self._request_ns = now + self._params.retransmit_ns
        return [Transmit(self._kind(operation=TRIGGERED_REQUEST), _again(self._requests - 1))]

    def _resend(self, now: int) -> Effects:
        if self._resends >= self._params.retransmissions:
            return self._give_up(now)
        self._resends += 1
        self._resend_ns = now + self._params.retransmit_ns
        about = _again(self._resends)
        return [Transmit(packet, about) for packet in self._unacknowledged.values()]

    def _give_up(self, now: int) -> Effects:
        self.state, self._requests = State.POLLING, 0
        self._unacknowledged, self._heard, self._said = {}, {}, None
        self._resend_ns = self._gather_ns = self._reassembly_ns = NEVER
        self._request_ns = now + self._params.poll_ns
        return [Deliver(PeerLost())]


def _again(number: int) -> Note | None:
    return Note("retransmission", {"number": number}) if number else None


def event_of(stimulus: Stimulus) -> Event:
    match stimulus:
        case Received(Rip(operation=operation) | Sap(operation=operation)):
            return Event(operation) if operation in TRIGGERED else Event.FOREIGN
        case Asked(request):
            return _REQUESTS.get(request.__class__, Event.FOREIGN)
        case Expired():
            return Event.EXPIRED
        case _:
            return Event.FOREIGN


_REQUESTS: Mapping[type[Any], Event] = {
    Offer: Event.OFFER,
    CircuitUp: Event.UP,
    CircuitDown: Event.DOWN,
}
_TALKING, _DOWN, _POLLING, _LEFT = State.TALKING, State.DOWN, State.POLLING, State.LEFT


def _row(action: Any, leads_to: set[State], citation: str) -> Row[Exchange, State]:
    return Row(action, frozenset(leads_to), citation)


_GIVEN_UP = {
    Event.OFFER: _row(Exchange.note_offer, set(), "RFC 1582 2.7: it is told when it answers"),
    Event.REQUEST: _row(Exchange.on_return, {_TALKING}, "RFC 1582 2.7"),
    Event.RESPONSE: _row(Exchange.on_return, {_TALKING}, "RFC 1582 7.2"),
    Event.ACKNOWLEDGEMENT: _row(Exchange.ignore, set(), "RFC 1582 2.5: of an older update"),
    Event.UP: _row(Exchange.ignore, set(), "RFC 1582 7.2: the next poll finds out"),
    Event.DOWN: _row(Exchange.go_down, {_DOWN}, "RFC 1582 7.2"),
}
_PUBLISHING = "RFC 1582 2.7: a response MUST be sent, and is repeated until acknowledged"
_TALKING_ROWS = {
    Event.OFFER: _row(Exchange.on_offer, set(), "RFC 1582 2.1: delayed, to be grouped"),
    Event.REQUEST: _row(Exchange.on_request, set(), _PUBLISHING),
    Event.RESPONSE: _row(Exchange.on_response, set(), "RFC 1582 2.5, 2.8, 7.3"),
    Event.ACKNOWLEDGEMENT: _row(Exchange.on_acknowledgement, set(), "RFC 1582 2.5"),
    Event.EXPIRED: _row(Exchange.on_expired, {_POLLING}, "RFC 1582 7.2, 7.3"),
    Event.UP: _row(Exchange.ignore, set(), "RFC 1582 2.2: it was presumed to be there"),
    Event.DOWN: _row(Exchange.go_down, {_DOWN}, "RFC 1582 7.2: retransmission is suppressed"),
}
_DOWN_ROWS = {
    Event.OFFER: _row(Exchange.note_offer, set(), "RFC 1582 7.2: it waits for the circuit"),
    Event.UP: _row(Exchange.come_up, {_TALKING, _POLLING, _LEFT}, "RFC 1582 7.1, 7.2"),
    Event.DOWN: _row(Exchange.ignore, set(), "RFC 1582 2.2: again in vain"),
}
TABLE: Mapping[tuple[State, Event], Row[Exchange, State]] = {
    **{(_TALKING, event): row for event, row in _TALKING_ROWS.items()},
    **{(_DOWN, event): row for event, row in _DOWN_ROWS.items()},
    **{(_POLLING, event): row for event, row in _GIVEN_UP.items()},
    (_POLLING, Event.EXPIRED): _row(Exchange.poll, {_LEFT}, "RFC 1582 7.2: 60 s, 5 or more"),
    **{(_LEFT, event): row for event, row in _GIVEN_UP.items()},
}
