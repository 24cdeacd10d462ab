"""The keepalive timer of Windows NT 4 (facts/tcp.md 5; RFC 9293 3.8.4).

After ``idle`` without a segment from the peer it probes, then every ``interval`` while no
answer comes; when the count is used up and the last probe has been waited out, it gives up.
"""

from __future__ import annotations

from enum import Enum

from emu.machines.base import NEVER


class Verdict(Enum):
    """What an expiry means."""

    PROBE = "probe"
    WAIT = "wait"
    GIVE_UP = "give up"


class Keepalive:
    """``due``: next expiry, NEVER while off.  ``unanswered``: probes since the last segment."""

    __slots__ = ("_idle_ns", "_interval_ns", "_on", "due", "probes_max", "unanswered")

    def __init__(self, *, idle_ns: int, interval_ns: int, probes_max: int) -> None:
        self.due = NEVER
        self.unanswered = 0
        self.probes_max = probes_max
        self._on = False
        self._idle_ns = idle_ns
        self._interval_ns = interval_ns

    def start(self, now: int) -> None:
        """The connection is up: silence counts from here."""
        self._on = True
        self.due = now + self._idle_ns

    def stop(self) -> None:
        self._on = False
        self.due = NEVER

    def heard(self, now: int) -> int:
        """A segment of the peer's came in.  Returns how many probes it answered."""
        if not self._on:
            return 0
        answered, self.unanswered = self.unanswered, 0
        self.due = now + self._idle_ns
        return answered

    def expired(self, now: int, *, outstanding: bool) -> Verdict:
        """The timer fired.  ``outstanding``: data of ours is unacknowledged or unsent.

        MUST-26 of RFC 9293: probe only when nothing is outstanding; retransmission is then the
        judge, so this timer just comes back an idle time later.
        """
        if outstanding:
            self.due = now + self._idle_ns
            return Verdict.WAIT
        if self.unanswered >= self.probes_max:
            self.due = NEVER
            return Verdict.GIVE_UP
        self.unanswered += 1
        self.due = now + self._interval_ns
        return Verdict.PROBE
