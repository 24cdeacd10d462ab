"""What a timeline amounts to: an ordered table, the first row that holds decides.

Rows look at a ``Case``.  Each row cites where its reading comes from; "INDEX" is
real-captures/INDEX.md, whose words product.md turned into the classes.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import NamedTuple

from emu.check.breaks import BreakKind
from emu.check.cases import Case
from emu.check.timeline import REPETITION, Mechanism, Timeline
from emu.units import NS_PER_S

#: So many unanswered asks and a goodbye of the asker leave no doubt (Linux 9, NT 4 5, NBF 8,
#: NCP 10 of them; three is the lowest retransmission limit of facts/tcp.md 2).
UNANSWERED_CERTAIN = 3
#: A flow that stopped this recently has not been seen to be idle (assumption).
RECENT_NS = 60 * NS_PER_S
#: One ask may wait this long for its answer when the file ends (assumption).
_ANSWER_NS = 5 * NS_PER_S
#: A window shut for less closes and opens in a working transfer (INDEX 18: 10 ms).
_SHUT_MIN_NS = NS_PER_S


class FlowClass(StrEnum):
    """product.md, "JSON of emu check"; in the order of a report, dead first."""

    GAVE_UP = "gave-up"
    REBOOTED = "rebooted"
    SILENT = "silent"
    HUNG = "hung"
    HALF_OPEN = "half-open"
    LINK_DOWN = "link-down"
    PATH_DROP = "path-drop"
    APP_STALLED = "app-stalled"
    SYN_TIMEOUT = "syn-timeout"
    ABORTED = "aborted"
    GAP = "gap"
    CLOCK_STEP = "clock-step"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    ALIVE = "alive"


RANK = {each: rank for rank, each in enumerate(FlowClass)}


class Confidence(IntEnum):
    POSSIBLE = 0
    LIKELY = 1
    CERTAIN = 2


def _refused(case: Case) -> bool:
    timeline = case.timeline
    return not timeline.opened and timeline.end is not None and not timeline.given_up


def _never_opened(case: Case) -> bool:
    return not case.timeline.opened and case.waiting is not None


def _reborn(case: Case) -> bool:
    """Unless the asker had stopped before: then it had forgotten the connection first."""
    rebirth = case.timeline.rebirth
    if rebirth is None:
        return False
    return not case.timeline.asks[1 - rebirth.side].overdue(rebirth.at.at_ns)


def is_hung(case: Case) -> bool:
    """It left asks unanswered until it was given up, and then went on where it had stopped.

    Whoever had said goodbye, or was heard elsewhere meanwhile, was deaf or cut off (INDEX 20).
    Its old state outweighs what looks like a start: hosts claim their address on waking, too.
    """
    timeline = case.timeline
    given_up = timeline.woken is not None or timeline.given_up > 0
    if not given_up or case.back is None or not case.is_silence or case.asks.host_seen:
        return False
    return timeline.goodbye is None or timeline.goodbye.side != case.silent


def _link(case: Case) -> bool:
    return case.link and is_hung(case)


def _half_open(case: Case) -> bool:
    return case.timeline.end is not None and case.timeline.again is not None


def _closed(case: Case) -> bool:
    goodbye = case.timeline.goodbye
    return goodbye is not None and (goodbye.side == case.silent or not case.is_silence)


def _gave_up(case: Case) -> bool:
    return case.timeline.given_up > 0


def _ended(case: Case) -> bool:
    return case.timeline.end is not None and case.timeline.rebirth is None


def _booted(case: Case) -> bool:
    """While it was still asked: what starts later says nothing about this connection."""
    boot = case.boot
    return case.is_silence and boot is not None and not case.asks.overdue(boot.at_ns)


def _path(case: Case) -> bool:
    return case.is_silence and (case.asks.host_seen or case.common)


def _silent(case: Case) -> bool:
    return case.is_silence


def _stalled(case: Case) -> bool:
    return any(
        mark is not None and case.ended_ns - mark.at_ns >= _SHUT_MIN_NS
        for mark in case.timeline.shut
    )


def _alive(case: Case) -> bool:
    timeline = case.timeline
    if not timeline.opened or None in timeline.heard:
        return False
    last = case.asks.last
    if last is not None and case.ended_ns - last.at_ns > _ANSWER_NS:
        return False
    return case.ended_ns - timeline.last_ns <= _quiet_max_ns(timeline)


def _hole(case: Case) -> bool:
    return case.broken is not None and case.broken.kind is BreakKind.HOLE and _alive(case)


def _clock(case: Case) -> bool:
    return case.broken is not None and case.broken.kind is BreakKind.CLOCK and _alive(case)


def _quiet_max_ns(timeline: Timeline) -> int:
    """As long as the flow was quiet before, or as its probes allow, it may well be alive."""
    period_ns = timeline.idle_ns() or 0
    return max(RECENT_NS, timeline.pause_ns, period_ns) + 2 * NS_PER_S


def _always(case: Case) -> bool:
    del case
    return True


def _by_count(case: Case) -> Confidence:
    return Confidence.CERTAIN if case.asks.count >= UNANSWERED_CERTAIN else Confidence.LIKELY


def _by_silence(case: Case) -> Confidence:
    return Confidence.LIKELY if case.asks.count >= UNANSWERED_CERTAIN else Confidence.POSSIBLE


def _by_rebirth(case: Case) -> Confidence:
    rebirth = case.timeline.rebirth
    return Confidence.CERTAIN if rebirth and rebirth.certain else Confidence.LIKELY


def _by_path(case: Case) -> Confidence:
    return Confidence.LIKELY if case.asks.host_seen else Confidence.POSSIBLE


def _by_break(case: Case) -> Confidence:
    """Octets that are missing and stamps that run backwards are there to see."""
    seen = case.broken is not None and (case.broken.missing or case.broken.backward)
    return Confidence.LIKELY if seen else Confidence.POSSIBLE


def _certain(case: Case) -> Confidence:
    del case
    return Confidence.CERTAIN


def _likely(case: Case) -> Confidence:
    del case
    return Confidence.LIKELY


def _possible(case: Case) -> Confidence:
    del case
    return Confidence.POSSIBLE


class Rule(NamedTuple):
    flow_class: FlowClass
    holds: Callable[[Case], bool]
    confidence: Callable[[Case], Confidence]
    cite: str


#: In this order.
RULES: tuple[Rule, ...] = (
    Rule(FlowClass.ABORTED, _refused, _certain, "RFC 9293 3.10.7.3: RST answers a SYN"),
    Rule(FlowClass.SYN_TIMEOUT, _never_opened, _by_count, "INDEX: connection never came up"),
    Rule(FlowClass.REBOOTED, _reborn, _by_rebirth, "RFC 9293 3.5.1; facts/netbeui.md 3, DM"),
    Rule(FlowClass.LINK_DOWN, _link, _likely, "INDEX: all go down with it, and up again"),
    Rule(FlowClass.HUNG, is_hung, _by_silence, "INDEX: a freeze with later wake-up"),
    Rule(FlowClass.HALF_OPEN, _half_open, _likely, "INDEX 20: the other end does not know yet"),
    Rule(FlowClass.CLOSED, _closed, _certain, "INDEX: a missing last ACK is no death"),
    Rule(FlowClass.GAVE_UP, _gave_up, _by_count, "INDEX: asked in vain, then ended it itself"),
    Rule(FlowClass.ABORTED, _ended, _certain, "INDEX LOCAL_ABORT: the other was alive"),
    Rule(FlowClass.REBOOTED, _booted, _likely, "INDEX: silence with evidence of a later boot"),
    Rule(FlowClass.PATH_DROP, _path, _by_path, "INDEX: the host is alive on other flows"),
    Rule(FlowClass.SILENT, _silent, _by_silence, "INDEX: silent, the file ends unresolved"),
    Rule(FlowClass.APP_STALLED, _stalled, _certain, "INDEX 13; RFC 9293 3.8.6.1"),
    Rule(FlowClass.GAP, _hole, _by_break, "product.md: alive up to a hole in the capture"),
    Rule(FlowClass.CLOCK_STEP, _clock, _by_break, "product.md: alive until the clock was set"),
    Rule(FlowClass.ALIVE, _alive, _likely, "INDEX: no end in the file"),
    Rule(FlowClass.UNKNOWN, _always, _possible, "product.md: idle without keepalive is no death"),
)


def decide(case: Case) -> Rule:
    """The first row that holds; the last one always does."""
    return next(rule for rule in RULES if rule.holds(case))


def mechanism_of(case: Case) -> tuple[Mechanism, int | None]:
    """What noticed, or would have, and who asked: the pending series, else the usual probes."""
    if case.is_silence or (case.timeline.given_up and case.asks.count):
        return case.asks.mechanism, case.waiting
    probes = [
        (count, mechanism, side)
        for (mechanism, side), count in case.timeline.probes.items()
        if mechanism not in REPETITION
    ]
    if not probes:
        return Mechanism.NONE, None
    # The most frequent one; of equals the first in the alphabet, then the side called first.
    _, mechanism, side = min(probes, key=lambda each: (-each[0], each[1], each[2]))
    return mechanism, side
