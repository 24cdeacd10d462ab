"""The keepalive timers of the stacks that share ``machine.Tcp`` (facts/tcp.md 5).

``Keepalive`` counts: after ``idle`` without a segment from the peer it probes, then every
``interval`` while no answer comes; when the count is used up and the last probe has been waited
out, it gives up.  BSD compares the idle time with I + C*V instead of counting, which is the
same instant.  ``TickedKeepalive`` does it on lwIP's ticks, ``DoublingKeepalive`` is Solaris's.
"""

from __future__ import annotations

from enum import Enum

from emu.machines.base import NEVER
from emu.machines.tcp.params import TcpParams
from emu.machines.tcp.ticks import Ticks


class Verdict(Enum):
    """What an expiry means."""

    PROBE = "probe"
    WAIT = "wait"
    GIVE_UP = "give up"


class Keepalive:
    """``due``: next expiry, NEVER while off.  ``unanswered``: probes since the last segment.

    ``probes_max``: how many there will be; 0 where nothing bounds them.
    """

    __slots__ = ("_beside_data", "_idle_ns", "_interval_ns", "_on", "due", "probes_max",
                 "unanswered")  # fmt: skip

    def __init__(
        self, *, idle_ns: int, interval_ns: int, probes_max: int, beside_data: bool = False
    ) -> None:
        self.due = NEVER
        self.unanswered = 0
        self.probes_max = probes_max
        self._on = False
        self._idle_ns = idle_ns
        self._interval_ns = interval_ns
        self._beside_data = beside_data

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
        judge, so this timer just comes back an idle time later.  BSD and lwIP probe all the same.
        """
        if outstanding and not self._beside_data:
            self.due = now + self._idle_ns
            return Verdict.WAIT
        if self._over():
            self.due = NEVER
            return Verdict.GIVE_UP
        self.unanswered += 1
        self.due = now + self._gap_ns()
        return Verdict.PROBE

    def _over(self) -> bool:
        """Whether the last probe has been waited out."""
        return self.unanswered >= self.probes_max

    def _gap_ns(self) -> int:
        """From the probe that goes out now to the next, or to the end."""
        return self._interval_ns


class TickedKeepalive(Keepalive):
    """lwIP: each probe at the first tick at which *more* than its time of silence has gone by."""

    __slots__ = ("_heard_ns", "_ticks")

    def __init__(self, ticks: Ticks, *, idle_ns: int, interval_ns: int, probes_max: int) -> None:
        super().__init__(
            idle_ns=idle_ns, interval_ns=interval_ns, probes_max=probes_max, beside_data=True
        )
        self._ticks = ticks
        self._heard_ns = 0

    def start(self, now: int) -> None:
        super().start(now)
        self._silent_from(now)

    def heard(self, now: int) -> int:
        answered = super().heard(now)
        if self._on:
            self._silent_from(now)
        return answered

    def _silent_from(self, now: int) -> None:
        self._heard_ns = now
        self.due = self._ticks.past(now, self._idle_ns)

    def _gap_ns(self) -> int:
        """Counted from the silence's begin, so that parts of a tick do not add up."""
        silence_ns = self._idle_ns + self.unanswered * self._interval_ns
        return self._ticks.past(self._heard_ns, silence_ns) - self.due


class DoublingKeepalive(Keepalive):
    """Solaris: gaps from one time-out up, each twice the one before, until ``abort`` is over.

    Whether the wait behind the last probe is cut to end with ``abort`` is not in the fact
    sheet; here it is, so that the nominal I + 480 s comes out.
    """

    __slots__ = ("_abort_ns", "_first_gap_ns", "_gap_max_ns", "_next_gap_ns", "_waited_ns")

    def __init__(
        self, *, idle_ns: int, first_gap_ns: int, gap_max_ns: int, abort_ns: int | None
    ) -> None:
        probes = 0 if abort_ns is None else _doublings(first_gap_ns, gap_max_ns, abort_ns)
        super().__init__(idle_ns=idle_ns, interval_ns=first_gap_ns, probes_max=probes)
        self._abort_ns = abort_ns
        self._first_gap_ns = self._next_gap_ns = first_gap_ns
        self._gap_max_ns = gap_max_ns
        self._waited_ns = 0

    def heard(self, now: int) -> int:
        self._waited_ns = 0
        self._next_gap_ns = self._first_gap_ns
        return super().heard(now)

    def _over(self) -> bool:
        return self._abort_ns is not None and self._waited_ns >= self._abort_ns

    def _gap_ns(self) -> int:
        gap_ns = min(self._next_gap_ns, self._gap_max_ns)
        self._next_gap_ns = 2 * gap_ns
        if self._abort_ns is not None:
            gap_ns = min(gap_ns, self._abort_ns - self._waited_ns)
        self._waited_ns += gap_ns
        return gap_ns


def _doublings(gap_ns: int, gap_max_ns: int, abort_ns: int) -> int:
    """How many probes fit, for who counts along."""
    count, waited_ns = 0, 0
    while waited_ns < abort_ns:
        count, waited_ns = count + 1, waited_ns + gap_ns
        gap_ns = min(2 * gap_ns, gap_max_ns)
    return count


def keepalive_of(params: TcpParams) -> Keepalive:
    """The timer of a policy's stack."""
    its = params.personality
    count = its.keepalive_count
    if its.doubling_probes:
        return DoublingKeepalive(
            idle_ns=params.keepalive_idle_ns,
            first_gap_ns=params.first_rto_ns,
            gap_max_ns=its.rto_max_ns or NEVER,
            abort_ns=its.keepalive_abort_ns,
        )
    if count is None:
        count = params.retransmissions + (not params.first_probe_counts)
    if its.ticks.every_ns:
        return TickedKeepalive(
            its.ticks,
            idle_ns=params.keepalive_idle_ns,
            interval_ns=params.keepalive_interval_ns,
            probes_max=count,
        )
    return Keepalive(
        idle_ns=params.keepalive_idle_ns,
        interval_ns=params.keepalive_interval_ns,
        probes_max=count,
        beside_data=its.probes_beside_data,
    )
