"""A timeline and what the rest of the file says about its hosts: what the rules look at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from emu.check.breaks import Break, Mark
from emu.check.hosts import Hosts
from emu.check.timeline import Asks, Timeline, Woken

#: No single unanswered probe may be taken as death (RFC 1122 4.2.3.6; facts/tcp.md 2).
UNANSWERED_MIN = 2


@dataclass(frozen=True, slots=True)
class Case:
    """``waiting``: the side whose asks are unanswered, None for nobody.

    ``ended_ns``: when the capture stopped, for this flow.  ``broken``: what it stopped at, if
    not the end of the file.  ``common``: another host behind the same gateway fell silent at
    the same moment.  ``link``: another host did, and came back when this one did.
    """

    timeline: Timeline
    hosts: Hosts
    ended_ns: int
    waiting: int | None
    common: bool = False
    link: bool = False
    broken: Break | None = None

    @property
    def asks(self) -> Asks:
        """The unanswered asks; an empty series when nobody waits."""
        return self.timeline.asks[self.waiting] if self.waiting is not None else Asks()

    @property
    def silent(self) -> int | None:
        return None if self.waiting is None else 1 - self.waiting

    @property
    def is_silence(self) -> bool:
        return self.asks.count >= UNANSWERED_MIN

    @property
    def stopped(self) -> bool:
        """The asker stopped asking although the capture went on."""
        return self.asks.overdue(self.ended_ns)

    @property
    def boot(self) -> Mark | None:
        """A start of the silent host after it was last heard here."""
        if self.silent is None:
            return None
        heard = self.timeline.heard[self.silent]
        since_ns = heard.at_ns if heard else self.timeline.first_ns
        return self.hosts.boot_after(self.timeline.hosts[self.silent], since_ns)

    @property
    def back(self) -> Mark | None:
        """The silent side speaks again after it was given up."""
        woken = self.timeline.woken
        return woken.back if woken is not None else self.timeline.again

    def lives(self, side: int) -> bool:
        """The host of a side was heard, on anything, after it left the first ask unanswered."""
        first = self.timeline.asks[1 - side].first
        return first is not None and self.hosts.seen_after(self.timeline.hosts[side], first.at_ns)


def make_case(timeline: Timeline, hosts: Hosts, ended_ns: int) -> Case:
    """What is not seen any more after a break of the capture is judged up to there."""
    broken = None
    if timeline.end is None and timeline.breaks is not None:
        broken = timeline.breaks.after(timeline.last_frame)
    if broken is not None:
        ended_ns = min(ended_ns, max(broken.start.at_ns, timeline.last_ns))
    woken = timeline.woken
    if woken is not None and _given_up_before(timeline, woken):
        timeline, waiting = timeline.before(woken), 1 - woken.side
    else:
        waiting = _waiting(timeline)
        timeline = replace(timeline, woken=None) if woken is not None else timeline
    return Case(timeline, hosts, ended_ns, waiting, broken=broken)


def _waiting(timeline: Timeline) -> int | None:
    """Both sides may wait when neither hears the other: then the longer series counts."""
    if timeline.rebirth is not None:
        waiting = 1 - timeline.rebirth.side
        return waiting if timeline.asks[waiting].count else None
    if timeline.end is not None:
        return timeline.end.side if timeline.given_up else None
    counts = [asks.count for asks in timeline.asks]
    longer = 0 if counts[0] >= counts[1] else 1
    return longer if counts[longer] else None


def _given_up_before(timeline: Timeline, woken: Woken) -> bool:
    """Whoever comes back asks in vain, or is told that nobody knows it: the other side had
    given it up, and that side's silence now is the consequence and no death."""
    side = 1 - woken.side
    if timeline.rebirth is not None:
        return timeline.rebirth.side == side
    if timeline.end is not None:
        return timeline.end.side == side and timeline.again is not None
    return timeline.asks[woken.side].count >= UNANSWERED_MIN
