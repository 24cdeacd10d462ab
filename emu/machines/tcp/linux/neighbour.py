"""Who is at an address, as the kernel keeps it (net/core/neighbour.c; facts/tcp.md 3.5).

An entry is good for ``reachable`` after it was last confirmed, by an ARP reply or by a TCP
acknowledgement; then used on trust for ``delay``; then asked for, to its own address first and
after that to all.  What waits for an answer that does not come is reported to its sender as
EHOSTUNREACH: that is how data in flight learns of a dead neighbour and idle probes do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from emu.machines.base import NEVER
from emu.machines.tcp.linux.wheel import Wheel
from emu.units import NS_PER_S

_NS_PER_MS = 1_000_000


class Reach(Enum):
    """NUD states (RFC 4861 7.3.2, as the kernel uses them for ARP)."""

    NONE = "none"
    INCOMPLETE = "incomplete"
    REACHABLE = "reachable"
    STALE = "stale"
    DELAY = "delay"
    PROBE = "probe"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourParams:
    """Sysctls of net.ipv4.neigh by their names.  The kernel varies ``reachable_ms`` between half
    and one and a half of base_reachable_time; here it is what the caller gives."""

    reachable_ms: int = 30_000
    delay_first_probe_s: int = 5
    retrans_ms: int = 1_000
    ucast_solicit: int = 3
    mcast_solicit: int = 3


# What it wants done.
@dataclass(frozen=True, slots=True)
class Ask:
    """Send a who-has; ``unicast``: to the address that was known."""

    unicast: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """Send what waited, to the address that is known."""

    packet: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """Tell the sender of this packet: EHOSTUNREACH."""

    packet: Any


Wanted = Ask | Pass | Refused


class Neighbour:
    """One entry.  ``due``: the instant of its timer, NEVER for none."""

    __slots__ = ("_asked", "_confirmed", "_params", "_used", "_waiting", "_wheel", "due", "state")

    def __init__(self, params: NeighbourParams, wheel: Wheel) -> None:
        self._params = params
        self._wheel = wheel
        self.state = Reach.NONE
        self._confirmed = 0
        self._used = 0
        self._asked = 0
        self._waiting: list[Any] = []
        self.due = NEVER

    @property
    def waiting(self) -> tuple[Any, ...]:
        """What it has been given and not passed on."""
        return tuple(self._waiting)

    def output(self, packet: Any, now: int) -> list[Wanted]:
        """Something is to be sent there (neigh_event_send)."""
        self._used = now
        if self.state in (Reach.NONE, Reach.FAILED):
            self.state, self._asked, self._waiting = Reach.INCOMPLETE, 1, [packet]
            self._arm(self._wheel.from_ms(self._params.retrans_ms), now)
            return [Ask(unicast=False)]
        if self.state is Reach.INCOMPLETE:
            self._waiting.append(packet)
            return []
        if self.state is Reach.STALE:
            self._trust(now)
        return [Pass(packet)]

    def confirmed(self, now: int) -> None:
        """The first segment after TCP made progress with it (sock_confirm_neigh)."""
        self._confirmed = now

    def heard(self, now: int, *, reply: bool) -> list[Wanted]:
        """An ARP reply; or a request of its, which proves only that it could reach us."""
        waiting, self._waiting = self._waiting, []
        if reply:
            self._reached(now, now)
        elif self.state in (Reach.NONE, Reach.INCOMPLETE, Reach.FAILED):
            self.state, self.due = Reach.STALE, NEVER
        return [Pass(packet) for packet in waiting]

    def lost(self) -> None:
        """The interface went down or lost its carrier: the entry is gone with what waited."""
        self.state, self._waiting, self.due = Reach.NONE, [], NEVER

    def expired(self, now: int) -> list[Wanted]:
        """Its timer (neigh_timer_handler)."""
        return _ON_EXPIRY[self.state](self, now)

    def _arm(self, delay: int, now: int) -> None:
        self.due = self._wheel.fires(now, delay)

    def _reached(self, confirmed: int, now: int) -> None:
        """Good for ``reachable`` from when it was confirmed."""
        self.state, self._confirmed = Reach.REACHABLE, confirmed
        spent_ms = (now - confirmed) // _NS_PER_MS
        self._arm(self._wheel.from_ms(max(0, self._params.reachable_ms - spent_ms)), now)

    def _trust(self, now: int) -> None:
        self.state = Reach.DELAY
        self._arm(self._wheel.from_s(self._params.delay_first_probe_s), now)

    def grows_old(self, now: int) -> list[Wanted]:
        """Confirmed since: go on.  In use: trust it a while.  Else nobody needs to know."""
        if now <= self._confirmed + self._params.reachable_ms * _NS_PER_MS:
            self._reached(self._confirmed, now)
        elif now <= self._used + self._params.delay_first_probe_s * NS_PER_S:
            self._trust(now)
        else:
            self.state, self.due = Reach.STALE, NEVER
        return []

    def trusted_long_enough(self, now: int) -> list[Wanted]:
        """Confirmed meanwhile, or asked for at its own address."""
        if now <= self._confirmed + self._params.delay_first_probe_s * NS_PER_S:
            self._reached(self._confirmed, now)
            return []
        self.state, self._asked = Reach.PROBE, 1
        self._arm(self._wheel.from_ms(self._params.retrans_ms), now)
        return [Ask(unicast=True)]

    def ask_again(self, now: int) -> list[Wanted]:
        """No answer yet: once more, or report what waits."""
        unicast = self.state is Reach.PROBE
        most = self._params.ucast_solicit if unicast else self._params.mcast_solicit
        if self._asked >= most:
            return self._fail()
        self._asked += 1
        self._arm(self._wheel.from_ms(self._params.retrans_ms), now)
        return [Ask(unicast=unicast)]

    def _fail(self) -> list[Wanted]:
        waiting, self._waiting = self._waiting, []
        self.state, self.due = Reach.FAILED, NEVER
        return [Refused(packet) for packet in waiting]

    def nothing(self, _now: int) -> list[Wanted]:
        """No timer runs in this state."""
        self.due = NEVER
        return []


_ON_EXPIRY: Mapping[Reach, Callable[[Neighbour, int], list[Wanted]]] = {
    Reach.NONE: Neighbour.nothing,
    Reach.STALE: Neighbour.nothing,
    Reach.FAILED: Neighbour.nothing,
    Reach.REACHABLE: Neighbour.grows_old,
    Reach.DELAY: Neighbour.trusted_long_enough,
    Reach.PROBE: Neighbour.ask_again,
    Reach.INCOMPLETE: Neighbour.ask_again,
}
