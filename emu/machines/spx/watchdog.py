"""Who asks an idle peer whether it is still there, when, and when to stop asking.

Two personalities.  NWLink and SPXS.NLM *count*: after so long without a packet of the peer's a
probe, then another every interval, and after N of them the connection is gone.  Novell's client
stack (and NETBIOS.EXE) has *three clocks* and no count: it says something whenever it has said
nothing for "verify", asks for something when it has heard nothing for "listen", and drops the
connection when it has heard nothing for "abort".

Both are silent when they give up, and both ends of a connection have one of their own.
Read: facts/ipx.md 2.2, 2.3, 3.2.
"""

from __future__ import annotations

from enum import Enum

from emu.machines.base import NEVER
from emu.machines.spx.params import CountingParams, NovellParams, WatchdogParams
from emu.units import ticks


class Verdict(Enum):
    """What an expiry means.  LAST_PROBE: one more probe, and give up with it."""

    PROBE = "probe"
    VERIFY = "verify"
    LAST_PROBE = "last probe"
    GIVE_UP = "give up"


class CountingWatchdog:
    """``due``: next expiry, NEVER while off.  ``unanswered``: probes since the last packet.

    A probe that leaves late moves those behind it: the spacing is kept.
    """

    __slots__ = ("_on", "_params", "due", "unanswered")

    def __init__(self, params: CountingParams) -> None:
        self._params = params
        self._on = False
        self.due = NEVER
        self.unanswered = 0

    @property
    def probes_max(self) -> int:
        """How many probes there are before the end."""
        return self._params.probes

    @property
    def cause(self) -> str:
        """Why the connection was given up."""
        return f"{self._params.probes} watchdog probe{'s'[: self._params.probes > 1]} unanswered"

    def start(self, now: int) -> None:
        """The connection is up: silence counts from here."""
        self._on = True
        self.due = now + self._params.idle_ns

    def stop(self) -> None:
        self._on = False
        self.due = NEVER

    def heard(self, now: int) -> bool:
        """A packet of the peer's.  True if it answered a probe."""
        if not self._on:
            return False
        answered, self.unanswered = self.unanswered > 0, 0
        self.due = now + self._params.idle_ns
        return answered

    def said(self, now: int) -> None:
        """A packet of ours: this kind does not look at those."""

    def expired(self, now: int) -> Verdict:
        params = self._params
        if self.unanswered == params.probes:
            self.due = NEVER
            return Verdict.GIVE_UP
        self.unanswered += 1
        self.due = now + params.interval_ns
        if self.unanswered == params.probes and not params.wait_after_last_probe:
            self.due = NEVER
            return Verdict.LAST_PROBE
        return Verdict.PROBE


class NovellWatchdog:
    """``due``: the next of the three clocks, NEVER while off.

    All three are looked at once a tick: a request that is due within the tick says what a
    verify packet would have said, so none is sent beside it; and "abort" comes first.
    """

    __slots__ = ("_abort_ns", "_heard_ns", "_listen_ns", "_on", "_params", "_verify_ns",
                 "due", "probes_max", "unanswered")  # fmt: skip

    def __init__(self, params: NovellParams) -> None:
        self._params = params
        self._on = False
        self._heard_ns = 0
        self._verify_ns = self._listen_ns = self._abort_ns = self.due = NEVER
        self.unanswered = 0
        # From "listen" on, every ``request_ticks``, and strictly before "abort".
        room = params.abort_ticks - params.listen_ticks
        self.probes_max = max(0, -(-room // params.request_ticks))

    @property
    def cause(self) -> str:
        """Why the connection was given up."""
        return f"nothing heard for {self._params.abort_ticks} ticks"

    def start(self, now: int) -> None:
        """The connection is up: silence counts from here, on both sides."""
        self._on = True
        self.heard(now)
        self.said(now)

    def stop(self) -> None:
        self._on = False
        self._verify_ns = self._listen_ns = self._abort_ns = self.due = NEVER

    def heard(self, now: int) -> bool:
        """A packet of the peer's.  True if it answered a request."""
        if not self._on:
            return False
        answered, self.unanswered = self.unanswered > 0, 0
        self._heard_ns = now
        self._listen_ns = now + ticks(self._params.listen_ticks)
        self._abort_ns = now + ticks(self._params.abort_ticks)
        self._look(now)
        return answered

    def said(self, now: int) -> None:
        """A packet of ours, of whatever kind."""
        if self._on:
            self._verify_ns = now + ticks(self._params.verify_ticks)
            self._look(now)

    def expired(self, now: int) -> Verdict:
        params = self._params
        if self._abort_ns <= now:
            self.stop()
            return Verdict.GIVE_UP
        if self._listen_ns > now:
            return Verdict.VERIFY
        self.unanswered += 1
        # Counted from what was heard, in ticks: rounding each one would pile up.
        next_ticks = params.listen_ticks + self.unanswered * params.request_ticks
        self._listen_ns = self._heard_ns + ticks(next_ticks)
        self._look(now)
        return Verdict.PROBE

    def _look(self, now: int) -> None:
        asked_ns = min(self._listen_ns, self._abort_ns)
        if self._verify_ns > asked_ns - ticks(1):
            self.due = asked_ns
        else:
            # It is overdue when it was left to a request that is not needed any more.
            self.due = max(now, self._verify_ns)


Watchdog = CountingWatchdog | NovellWatchdog


def watchdog_for(params: WatchdogParams) -> Watchdog:
    """The personality that the parameters are for; off until it is started."""
    if isinstance(params, CountingParams):
        return CountingWatchdog(params)
    return NovellWatchdog(params)
