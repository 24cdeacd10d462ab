"""What is sent again until it is answered, and how often (facts/ipx.md 2.2, 2.3).

How the waits of NWLink and Novell grow is in no source, so both laws are here.
"""

from __future__ import annotations

from enum import Enum

from emu.machines.base import NEVER
from emu.machines.spx.params import TrialParams


class Trial(Enum):
    """What an expiry means.  LAST: once more, and give up with it."""

    AGAIN = "again"
    LAST = "last"
    GIVE_UP = "give up"


class Retransmission:
    """``due``: next expiry, NEVER while nothing is outstanding.  ``count``: repeats so far.

    ``since_ns``: when the first of these waits began, NEVER while nothing is outstanding; the
    end of the connection leaves it as it was.
    """

    __slots__ = ("_params", "_wait_ns", "count", "due", "since_ns")

    def __init__(self, params: TrialParams) -> None:
        self._params = params
        self._wait_ns = params.first_ns
        self.count = 0
        self.due = NEVER
        self.since_ns = NEVER

    @property
    def count_max(self) -> int:
        """How many repeats there are before the end."""
        return self._params.repeats

    def sent(self, now: int) -> None:
        """Something new went out; the timer runs from the oldest of what is outstanding."""
        if self.due == NEVER:
            self.restart(now)

    def restart(self, now: int) -> None:
        """The peer took something, or said that it lives and cannot take it yet."""
        self.count = 0
        self._wait_ns = self._params.first_ns
        self.due = now + self._wait_ns
        self.since_ns = now

    def settle(self) -> None:
        """Everything is acknowledged."""
        self.count = 0
        self.due = self.since_ns = NEVER

    def stop(self) -> None:
        self.due = NEVER

    def expired(self, now: int) -> Trial:
        params = self._params
        if self.count == params.repeats:
            self.due = NEVER
            return Trial.GIVE_UP
        self.count += 1
        if params.doubling:
            self._wait_ns *= 2
        self.due = min(now + self._wait_ns, NEVER)  # 255 doublings reach past the end of time
        if self.count == params.repeats and not params.wait_after_last:
            self.due = NEVER
            return Trial.LAST
        return Trial.AGAIN
