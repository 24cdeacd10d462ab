"""When periodic updates go out: all the time, or in the active periods of snapshot routing.

Read: facts/ipx.md 1.12, 4.2.
"""

from __future__ import annotations

from enum import Enum

from emu.machines.base import NEVER
from emu.machines.routing.params import Periodic, Snapshot


class Beat(Enum):
    """What an instant brings."""

    UPDATE = "send the table"
    WAKE = "switched on, or an active period begins: ask everybody and send the table"
    SLEEP = "a quiet period begins"


class Cadence:
    """One interface's.  ``update_ns``: the next update; ``turn_ns``: the next end of a period.

    A period ends before an update that is due at the same instant.
    """

    __slots__ = (
        "_active_ns",
        "_fresh",
        "_interval_ns",
        "_quiet_ns",
        "_wakes",
        "turn_ns",
        "update_ns",
    )

    def __init__(self, updates: Periodic | Snapshot, *, start_ns: int) -> None:
        snapshot = updates if isinstance(updates, Snapshot) else None
        self._interval_ns = updates.interval_ns
        self._active_ns = snapshot.active_ns if snapshot else NEVER
        self._quiet_ns = snapshot.quiet_ns if snapshot else NEVER
        self._fresh = True
        self._wakes = snapshot is not None and snapshot.link_up_wakes
        self.update_ns = start_ns
        self.turn_ns = start_ns + snapshot.active_ns if snapshot else NEVER

    @property
    def is_quiet(self) -> bool:
        return self.update_ns == NEVER

    def due(self) -> int:
        return min(self.update_ns, self.turn_ns)

    def expire(self, now: int) -> Beat | None:
        """What is due now, one thing at a time; None: nothing."""
        if self.turn_ns <= now:
            return self._wake(now) if self.is_quiet else self._sleep(now)
        if self.update_ns <= now:
            self.update_ns += self._interval_ns
            beat, self._fresh = Beat.WAKE if self._fresh else Beat.UPDATE, False
            return beat
        return None

    def link_up(self, now: int) -> Beat | None:
        """Whether that begins an active period."""
        return self._wake(now) if self._wakes and self.is_quiet else None

    def _wake(self, now: int) -> Beat:
        self.update_ns = now + self._interval_ns
        self.turn_ns = now + self._active_ns
        return Beat.WAKE

    def _sleep(self, now: int) -> Beat:
        self.update_ns = NEVER
        self.turn_ns = now + self._quiet_ns
        return Beat.SLEEP
