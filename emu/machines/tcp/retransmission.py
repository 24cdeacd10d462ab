"""The retransmission timer of Windows NT 4: doubling waits, a fixed count (facts/tcp.md 5).

Five retransmissions from 0.5 s give up 0.5 * (1+2+4+8+16+32) = 31.5 s after the data went out.
NT's own estimate of the round trip is in no fact sheet: every wait starts from ``first_rto``.
"""

from __future__ import annotations

from emu.machines.base import NEVER


class Retransmission:
    """``due``: next expiry, NEVER while nothing is outstanding.  ``count``: repeats so far.

    ``since_ns``: when the first of these waits began, NEVER while nothing is outstanding; the
    end of the connection leaves it as it was.
    """

    __slots__ = ("_first_ns", "_wait_ns", "count", "count_max", "due", "since_ns")

    def __init__(self, *, first_rto_ns: int, count_max: int) -> None:
        self.due = NEVER
        self.since_ns = NEVER
        self.count = 0
        self.count_max = count_max
        self._first_ns = first_rto_ns
        self._wait_ns = first_rto_ns

    def sent(self, now: int) -> None:
        """Something new went out; the timer runs from the oldest of what is outstanding."""
        if self.due == NEVER:
            self.due = now + self._wait_ns
            self.since_ns = now

    def acknowledged(self, now: int, *, outstanding: bool) -> None:
        """The peer took something new: back to the first wait (RFC 6298 5.3)."""
        self.count = 0
        self._wait_ns = self._first_ns
        self.due = now + self._wait_ns if outstanding else NEVER
        self.since_ns = now if outstanding else NEVER

    def stop(self) -> None:
        self.due = NEVER

    def expired(self, now: int) -> bool:
        """The timer fired.  True: send the oldest again.  False: the last wait is over."""
        if self.count >= self.count_max:
            self.due = NEVER
            return False
        self.count += 1
        self._wait_ns *= 2
        self.due = min(now + self._wait_ns, NEVER)  # 255 doublings reach past the end of time
        return True
