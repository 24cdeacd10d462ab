"""The retransmission timer: doubling waits, and an end by count or by time (facts/tcp.md 5).

NT 4: five retransmissions from 0.5 s give up 0.5 * (1+2+4+8+16+32) = 31.5 s after the data went
out.  BSD and lwIP bound the growth, BSD and Solaris the wait itself; Solaris ends by time.
A measured round trip is in no fact sheet for these: every wait starts from ``first_rto``.
"""

from __future__ import annotations

from emu.machines.base import NEVER
from emu.machines.tcp.params import Personality
from emu.machines.tcp.ticks import Ticks


class Retransmission:
    """``due``: next expiry, NEVER while nothing is outstanding.  ``count``: repeats so far.

    ``since_ns``: when the first of these waits began, NEVER while nothing is outstanding; the
    end of the connection leaves it as it was.
    """

    __slots__ = ("_abort_ns", "_first_ns", "_ticks", "_wait_max_ns", "_wait_ns", "count",
                 "count_max", "due", "since_ns")  # fmt: skip

    def __init__(self, personality: Personality, *, first_rto_ns: int, count_max: int) -> None:
        """The waits are bounded by ``backoff_max`` times the first, and by ``rto_max``."""
        self.due = NEVER
        self.since_ns = NEVER
        self.count = 0
        self.count_max = count_max
        self._first_ns = first_rto_ns
        self._wait_ns = first_rto_ns
        self._abort_ns = personality.data_abort_ns
        self._ticks: Ticks = personality.ticks
        grown_ns = first_rto_ns * personality.backoff_max if personality.backoff_max else NEVER
        self._wait_max_ns = max(first_rto_ns, min(grown_ns, personality.rto_max_ns or NEVER))

    def sent(self, now: int) -> None:
        """Something new went out; the timer runs from the oldest of what is outstanding."""
        if self.due == NEVER:
            self.due = self._ticks.after(now, self._wait_ns)
            self.since_ns = now

    def acknowledged(self, now: int, *, outstanding: bool) -> None:
        """The peer took something new: back to the first wait (RFC 6298 5.3)."""
        self.count = 0
        self._wait_ns = self._first_ns
        self.due = self._ticks.after(now, self._wait_ns) if outstanding else NEVER
        self.since_ns = now if outstanding else NEVER

    def stop(self) -> None:
        self.due = NEVER

    def expired(self, now: int) -> bool:
        """The timer fired.  True: send the oldest again.  False: the last wait is over."""
        if self._over(now):
            self.due = NEVER
            return False
        self.count += 1
        self._wait_ns = min(2 * self._wait_ns, self._wait_max_ns)
        due = self._ticks.after(now, self._wait_ns)
        if self._abort_ns is not None:  # the last wait ends with the patience
            due = min(due, self.since_ns + self._abort_ns)
        self.due = min(due, NEVER)  # 255 doublings reach past the end of time
        return True

    def _over(self, now: int) -> bool:
        if self._abort_ns is not None:
            return now - self.since_ns >= self._abort_ns
        return self.count >= self.count_max
