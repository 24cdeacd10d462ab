"""The kernel's timer wheel: timers are never early, and late by up to one granule.

facts/tcp.md 3.4: with d the delay in jiffies, level 0 takes d < 63 with a granule of 1 jiffy,
level n takes 63 * 8**(n-1) <= d < 63 * 8**n with a granule of 8**n jiffies, and a timer fires at
tick (floor((now + d) / g) + 1) * g.  A timer armed inside another's handler starts on a
granule's edge, which is why the gaps of a row of probes are fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.units import NS_PER_S

#: Delays of up to this many jiffies go into level 0 (LVL_START in kernel/time/timer.c).
_LEVEL_0 = 63
#: Each level is this much coarser than the one before (LVL_CLK_SHIFT 3).
_COARSER_BITS = 3
#: The last level; longer delays are cut to it (LVL_DEPTH 9 for HZ > 100, 8 below).
_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Wheel:
    """A host's clock.  ``hz``: ticks (jiffies) a second.

    ``first``: jiffies that had passed at instant 0; ``edge_ns``: where, after instant 0, the
    next jiffy begins (0 <= edge_ns < 1/hz).
    """

    hz: int
    first: int = 0
    edge_ns: int = 0

    def jiffies(self, now: int) -> int:
        """The jiffy that ``now`` (ns) lies in."""
        return self.first + (now - self.edge_ns) * self.hz // NS_PER_S

    def instant(self, jiffies: int) -> int:
        """When that jiffy begins, in ns."""
        return self.edge_ns - (self.first - jiffies) * NS_PER_S // self.hz

    def fires(self, now: int, delay: int) -> int:
        """When a timer armed ``now`` for ``delay`` jiffies fires, in ns (calc_wheel_index)."""
        tick = self.jiffies(now)
        if delay <= 0:  # already over: at the next tick
            return self.instant(tick + 1)
        shift = _COARSER_BITS * level(delay)
        return self.instant(((tick + delay >> shift) + 1) << shift)

    # --- units -------------------------------------------------------------------------------

    def from_us(self, microseconds: int) -> int:
        """usecs_to_jiffies: rounded up."""
        return -(-microseconds * self.hz // 1_000_000)

    def from_ms(self, milliseconds: int) -> int:
        """msecs_to_jiffies: rounded up."""
        return -(-milliseconds * self.hz // 1_000)

    def from_s(self, seconds: int) -> int:
        return seconds * self.hz


def level(delay: int) -> int:
    """The level of the wheel that takes a delay of so many jiffies."""
    for number in range(_LEVELS):
        if delay < _LEVEL_0 << _COARSER_BITS * number:
            return number
    return _LEVELS


def granule(delay: int) -> int:
    """How late, in jiffies, a timer of that delay may be."""
    return 1 << _COARSER_BITS * level(delay)
