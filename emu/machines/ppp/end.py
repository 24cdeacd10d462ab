"""One end of a PPP link: LCP, and above it the protocols whose packets it is to carry.

Opened when every protocol is; lost when LCP or one of them gets no answer; ended in order by a
Terminate-Request of either side.  Left out: authentication (its time is part of the line's
``opening``), echo requests of our own, compression.  A link that is negotiated anew while it is
open is not reported again: whoever holds it goes on sending.

Read: RFC 1661 3, 4; RFC 1332, RFC 1552, RFC 2097 for what is negotiated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    Asked,
    Deliver,
    Effect,
    Effects,
    Ended,
    Expired,
    Lost,
    Opened,
    Received,
    Stimulus,
    Transmit,
)
from emu.machines.ppp.automaton import (
    Automaton,
    Event,
    Said,
    Signal,
    State,
)
from emu.machines.ppp.params import Negotiated, PppParams
from emu.pdu.ppp import CONTROL_PROTOCOLS, PROTOCOL_LCP, Control, ControlPacket, PppCode

_MAGIC_OCTETS = 4
_MAGIC_KIND = 5


@dataclass(frozen=True, slots=True)
class Open:
    """The line is there (CONNECT, carrier)."""


@dataclass(frozen=True, slots=True)
class Close:
    """End the link in order; the line is hung up when it has ended."""


class PppEnd:
    """``lcp`` must be LCP's; ``networks``: what is opened above it, in this order."""

    __slots__ = ("_automata", "_told")

    def __init__(
        self, params: PppParams, *, lcp: Negotiated, networks: Sequence[Negotiated]
    ) -> None:
        if lcp.protocol != PROTOCOL_LCP or not networks:
            raise LocalProtocolError("PPP: expected LCP and a protocol above it")
        self._automata = {each.protocol: Automaton(each, params) for each in (lcp, *networks)}
        self._told = False

    @property
    def opened(self) -> bool:
        """Whether packets may flow."""
        return all(each.state is State.OPENED for each in self._automata.values())

    @property
    def is_started(self) -> bool:
        """Whether there is anything to terminate."""
        return self._automata[PROTOCOL_LCP].state is not State.CLOSED

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` for what nobody asks of a link."""
        match stimulus:
            case Asked(request=Open()):
                self._told = False
                return [*self._event(PROTOCOL_LCP, Event.OPEN, None, now)]
            case Asked(request=Close()):
                return [*self._close(now)]
            case Received(pdu=packet):
                return [*self._received(packet, now)]
            case Expired():
                return [*self._expired(now)]
            case _:
                raise LocalProtocolError(f"a PPP link cannot take {stimulus}")

    def due(self) -> int | None:
        due_ns = min(each.due_ns for each in self._automata.values())
        return None if due_ns == NEVER else due_ns

    def timers(self) -> Mapping[str, int]:
        return {
            CONTROL_PROTOCOLS[protocol]: each.due_ns
            for protocol, each in self._automata.items()
            if each.due_ns != NEVER
        }

    # --- inside ------------------------------------------------------------------------------

    def _received(self, packet: ControlPacket, now: int) -> Iterator[Effect]:
        lcp = self._automata[PROTOCOL_LCP]
        automaton = self._automata.get(packet.protocol)
        if automaton is None:
            yield from self._reject(packet)
        elif automaton is not lcp and lcp.state is not State.OPENED:
            return  # RFC 1661 3.4: before LCP is open, everything else is discarded
        elif isinstance(packet, Control) and packet.code is PppCode.ECHO_REQUEST:
            yield from self._echo(packet)
        elif isinstance(packet, Control) and packet.code is PppCode.PROTOCOL_REJECT:
            yield from self._fail(f"{packet.data[:2].hex()} rejected by the peer")
        else:
            event = automaton.event_of(packet)
            if event is not None:
                yield from self._event(packet.protocol, event, packet, now)

    def _event(
        self, protocol: int, event: Event, packet: ControlPacket | None, now: int
    ) -> Iterator[Effect]:
        yield from self._heed(protocol, self._automata[protocol].step(event, packet, now), now)

    def _heed(self, protocol: int, said: Sequence[Said], now: int) -> Iterator[Effect]:
        """Transmissions go out; signals are for here."""
        for each in said:
            match each:
                case Signal.UP:
                    yield from self._up(protocol, now)
                case Signal.DOWN if protocol == PROTOCOL_LCP:
                    self._reset_networks()
                case Signal.FINISHED:
                    yield from self._over(Ended(f"{CONTROL_PROTOCOLS[protocol]} terminated"))
                case Signal.ABSENT:
                    yield from self._fail(f"no answer to {CONTROL_PROTOCOLS[protocol]}")
                case Transmit():
                    yield each
                case _:
                    continue

    def _up(self, protocol: int, now: int) -> Iterator[Effect]:
        if protocol == PROTOCOL_LCP:
            for network in self._networks():
                yield from self._event(network, Event.OPEN, None, now)
        if self.opened and not self._told:
            self._told = True
            yield Deliver(Opened())

    def _close(self, now: int) -> Iterator[Effect]:
        """A link that never got as far as a request has nothing to terminate."""
        self._reset_networks()
        if self._automata[PROTOCOL_LCP].state is State.CLOSED:
            yield Deliver(Ended("there was no link"))
        yield from self._event(PROTOCOL_LCP, Event.CLOSE, None, now)

    def _over(self, end: Ended | Lost) -> Iterator[Effect]:
        for automaton in self._automata.values():
            automaton.reset()
        yield Deliver(end)

    def _fail(self, cause: str) -> Iterator[Effect]:
        yield from self._over(Lost(cause))

    def _expired(self, now: int) -> Iterator[Effect]:
        for protocol, automaton in self._automata.items():
            if automaton.due_ns <= now:
                yield from self._event(protocol, Event.TIMEOUT, None, now)

    def _echo(self, packet: Control) -> Iterator[Effect]:
        """RFC 1661 5.8: only in Opened, with our own magic number, 0 if none was agreed."""
        lcp = self._automata[PROTOCOL_LCP]
        if lcp.state is State.OPENED:
            magic = next((o.data for o in lcp.options if o.kind == _MAGIC_KIND), bytes(4))
            yield _lcp(PppCode.ECHO_REPLY, packet.identifier, magic + packet.data[_MAGIC_OCTETS:])

    def _reject(self, packet: ControlPacket) -> Iterator[Effect]:
        """RFC 1661 5.7: only in Opened; the rejected protocol in front.  What of the packet
        itself follows it there is left out: no reader of ours needs it."""
        if self._automata[PROTOCOL_LCP].state is State.OPENED:
            protocol = packet.protocol.to_bytes(2, "big")
            yield _lcp(PppCode.PROTOCOL_REJECT, packet.identifier, protocol)

    def _networks(self) -> list[int]:
        return [protocol for protocol in self._automata if protocol != PROTOCOL_LCP]

    def _reset_networks(self) -> None:
        for protocol in self._networks():
            self._automata[protocol].reset()


def _lcp(code: PppCode, identifier: int, data: bytes) -> Transmit:
    return Transmit(Control(protocol=PROTOCOL_LCP, code=code, identifier=identifier, data=data))
