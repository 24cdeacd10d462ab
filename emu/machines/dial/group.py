"""Several destinations over few channels: two B channels of a basic rate interface, say.

A destination takes a channel when its first interesting packet comes and gives it back when its
link is down and wants nothing.  While somebody waits, the links that are up live on fast-idle
(facts/ipx.md 4.2: "contention").  Who waited longest is served first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    EXPIRED,
    NOTHING,
    Asked,
    Deliver,
    Effect,
    Effects,
    Expired,
    Note,
    Received,
    Stimulus,
    Transmit,
)
from emu.machines.dial.block import NOT_INTERESTING, QUEUE_FULL, NextUnit, State
from emu.machines.dial.calls import Arrived, Carry, Contend, Raise, RefuseCall
from emu.machines.dial.link import DialLink
from emu.machines.dial.params import DialParams


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A packet for one destination."""

    destination: str
    octets: bytes
    interesting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class On:
    """A value of ``dial.calls``, or octets, of one destination's link.

    ``channel``: 1 is the first; 0 when it has none, as with a call refused for want of one.
    """

    destination: str
    channel: int
    value: Any


class DialGroup:
    """``channels``: how many calls at a time.  ``waiting``: destinations without a channel."""

    __slots__ = (
        "_channels",
        "_next_unit",
        "_params",
        "_waiting",
        "dropped",
        "links",
        "taken",
    )

    def __init__(
        self, params: DialParams, *, channels: int, next_unit: NextUnit | None = None
    ) -> None:
        self.links: dict[str, DialLink] = {}
        self.taken: dict[str, int] = {}
        self.dropped = {NOT_INTERESTING: 0, QUEUE_FULL: 0}
        self._params, self._next_unit, self._channels = params, next_unit, channels
        self._waiting: dict[str, deque[bytes]] = {}

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who waits for a channel, longest first."""
        return tuple(self._waiting)

    @property
    def queued(self) -> int:
        """Packets of those who wait for a channel."""
        return sum(map(len, self._waiting.values()))

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus for whichever link it is about."""
        match stimulus:
            case Asked(request=Route() as route):
                effects = [*self._route(route, now)]
            case Received(pdu=On() as on):
                effects = [*self._told(on, now)]
            case Asked(request=Raise(destination=name)):
                effects = [*self._raise(name, now)]
            case Asked(request=On() as on):
                effects = [*self._step(on.destination, Asked(on.value), now)]
            case Expired():
                effects = [*self._expire(now)]
            case _:
                raise LocalProtocolError(f"a dial group cannot take {stimulus}")
        return [*effects, *self._serve(now)]

    def due(self) -> int | None:
        dues = [due for name in self.taken if (due := self.links[name].due()) is not None]
        return min(dues, default=None)

    def timers(self) -> Mapping[str, int]:
        """By destination and timer, in the order in which timers of one instant are served."""
        return {
            f"{name}.{timer}": due
            for name in self._in_order()
            for timer, due in self.links[name].timers().items()
        }

    # --- inside ------------------------------------------------------------------------------

    def _route(self, route: Route, now: int) -> Iterator[Effect]:
        name = route.destination
        packet = Carry(octets=route.octets, interesting=route.interesting)
        if name in self.taken:
            yield from self._step(name, Asked(packet), now)
        elif not route.interesting:
            yield self._drop(name, NOT_INTERESTING)
        elif len(self.taken) < self._channels and not self._waiting:
            self._take(name)
            yield from self._step(name, Asked(packet), now)
        else:
            yield from self._wait(name, route.octets, now)

    def _raise(self, name: str, now: int) -> Iterator[Effect]:
        """By hand: only a destination that has no call, and only over a free channel."""
        if name not in self.taken and len(self.taken) < self._channels:
            self._take(name)
            yield from self._step(name, Asked(Raise()), now)

    def _wait(self, name: str, octets: bytes, now: int) -> Iterator[Effect]:
        """Keep it until a channel is free; the links that are up are told that somebody waits."""
        queue = self._waiting.setdefault(name, deque())
        if len(queue) >= self._params.queue_frames:
            yield self._drop(name, QUEUE_FULL)
        else:
            queue.append(octets)
        if len(self._waiting) == 1:
            yield from self._contend(now)

    def _told(self, on: On, now: int) -> Iterator[Effect]:
        name = on.destination
        if isinstance(on.value, Arrived) and name not in self.taken:
            if len(self.taken) >= self._channels:
                yield Deliver(On(destination=name, channel=0, value=RefuseCall()))
                return
            self._take(name)
        yield from self._step(name, Received(on.value), now)

    def _expire(self, now: int) -> Iterator[Effect]:
        for name in self._in_order():
            due = self.links[name].due()
            if due is not None and due <= now:
                yield from self._step(name, EXPIRED, now)

    def _step(self, name: str, stimulus: Stimulus, now: int) -> Effects:
        """One link; gives its channel back when it wants nothing more."""
        if name not in self.taken:
            raise LocalProtocolError(f"{name} has no channel and cannot take {stimulus}")
        link, channel = self.links[name], self.taken[name]
        effects = [_on(name, channel, effect) for effect in link.step(stimulus, now)]
        if link.state is State.DOWN and link.due() is None:
            del self.taken[name]
        return effects

    def _serve(self, now: int) -> Effects:
        """Free channels go to whoever waited longest."""
        if not self._waiting or len(self.taken) >= self._channels:
            return NOTHING
        effects: list[Effect] = []
        while self._waiting and len(self.taken) < self._channels:
            name = next(iter(self._waiting))
            effects += self._start(name, self._waiting.pop(name), now)
        return [*effects, *self._contend(now)]

    def _start(self, name: str, queue: deque[bytes], now: int) -> Iterator[Effect]:
        """A waiter without a queue (it is 0) wants the link all the same: its packet was
        dropped and counted, the next one finds a channel."""
        if queue:
            self._take(name)
        for octets in queue:
            packet = Carry(octets=octets, interesting=True)
            yield from self._step(name, Asked(packet), now)

    def _contend(self, now: int) -> Effects:
        told = Asked(Contend(waiting=bool(self._waiting)))
        return [effect for name in self._in_order() for effect in self._step(name, told, now)]

    def _take(self, name: str) -> None:
        used = set(self.taken.values())
        channel = next(n for n in range(1, self._channels + 1) if n not in used)
        if name not in self.links:
            self.links[name] = DialLink(self._params, next_unit=self._next_unit)
        self.links[name].contended = bool(self._waiting)
        self.taken[name] = channel

    def _in_order(self) -> list[str]:
        return sorted(self.taken, key=self.taken.__getitem__)

    def _drop(self, name: str, why: str) -> Note:
        self.dropped[why] += 1
        return Note("dropped", {"why": why, "frames": 1, "destination": name})


def _on(name: str, channel: int, effect: Effect) -> Effect:
    match effect:
        case Transmit(pdu=pdu, about=about):
            return Transmit(On(destination=name, channel=channel, value=pdu), about)
        case Deliver(value=value):
            return Deliver(On(destination=name, channel=channel, value=value))
        case Note(kind=kind, facts=facts):
            return Note(kind, {**facts, "destination": name, "channel": channel})
