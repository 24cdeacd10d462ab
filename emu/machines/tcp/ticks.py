"""The clock that a stack's timers hang on: exact, or a tick that comes around at its own pace.

lwIP looks at its timers every 500 ms (TCP_SLOW_INTERVAL, facts/tcp.md 5).  The linux stack has
a wheel of its own (``linux.wheel``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """``every_ns``: from tick to tick; 0: timers are exact.  ``first_ns``: one of the ticks."""

    every_ns: int = 0
    first_ns: int = 0

    def after(self, now: int, delay_ns: int) -> int:
        """The tick at which a counter that is raised on every tick reaches ``delay``.

        Counting starts below ``now``, so the part of a tick that is over counts as a whole one.
        """
        if not self.every_ns:
            return now + delay_ns
        return self._tick(now) + -(-delay_ns // self.every_ns) * self.every_ns

    def past(self, now: int, delay_ns: int) -> int:
        """The first tick at which more than ``delay`` has gone by (lwIP's strict ">")."""
        if not self.every_ns:
            return now + delay_ns
        return self._tick(now) + (delay_ns // self.every_ns + 1) * self.every_ns

    def _tick(self, now: int) -> int:
        """The last tick up to ``now``."""
        return now - (now - self.first_ns) % self.every_ns
