"""From a timeline to a verdict: the row of ``emu.check.rules``, its times, its sentence."""

from __future__ import annotations

from emu.check.cases import Case
from emu.check.report import Verdict
from emu.check.rules import FlowClass, Rule, decide, mechanism_of
from emu.check.sentences import sentence
from emu.check.timeline import How, Mark

#: Classes in which a side is gone.  A deaf end, a lossy path and a set-up that never came up
#: name nobody dead.
_DEAD = frozenset({FlowClass.GAVE_UP, FlowClass.REBOOTED, FlowClass.SILENT, FlowClass.HUNG})
#: Classes whose end, if any, is the orderly goodbye.
_BY_GOODBYE = frozenset({FlowClass.CLOSED})
#: Classes whose end is the frame that tore the connection down.
_BY_END = frozenset(
    {
        FlowClass.GAVE_UP,
        FlowClass.REBOOTED,
        FlowClass.HUNG,
        FlowClass.LINK_DOWN,
        FlowClass.HALF_OPEN,
        FlowClass.ABORTED,
    }
)


def judge(case: Case, zero_ns: int, interface: str = "") -> Verdict:
    """The verdict on a flow; ``zero_ns`` is the instant of the file's first frame."""
    rule = decide(case)
    timeline = case.timeline
    dead = _dead(case, rule)
    heard = timeline.heard[_subject(case, dead)]
    disconnected, how = _end(case, rule.flow_class)
    since = _silent_since(case, rule.flow_class)
    mechanism, prober = mechanism_of(case)
    verdict = Verdict(
        transport=timeline.transport,
        a=timeline.ends[0],
        b=timeline.ends[1],
        frames=timeline.frames,
        first_ns=timeline.first_ns - zero_ns,
        last_ns=timeline.last_ns - zero_ns,
        mechanism=mechanism,
        prober=prober,
        idle_ns=timeline.idle_ns(),
        interval_ns=timeline.intervals.get(mechanism),
        probes_unanswered=case.asks.count,
        flow_class=rule.flow_class,
        confidence=rule.confidence(case),
        dead=dead,
        host_alive=_host_alive(case, rule.flow_class, dead),
        last_heard_ns=heard.at_ns - zero_ns if heard else None,
        silent_since_ns=since.at_ns - zero_ns if since else None,
        disconnected_at_ns=disconnected.at_ns - zero_ns if disconnected else None,
        how=how,
        sentence="",
        evidence=_evidence(case, heard, disconnected),
        interface=interface,
    )
    return sentence(verdict, case, zero_ns)


def _dead(case: Case, rule: Rule) -> int | None:
    if rule.flow_class not in _DEAD:
        return None
    rebirth = case.timeline.rebirth
    return rebirth.side if rebirth is not None and case.silent is None else case.silent


def _subject(case: Case, dead: int | None) -> int:
    """Whose last octet is ``last_heard_s``: the dead side's; of nobody dead the side that did
    not end it; of an open connection the one that was heard less recently."""
    timeline = case.timeline
    if dead is not None:
        return dead
    if case.silent is not None:
        return case.silent
    end = timeline.end or timeline.goodbye
    if end is not None:
        return 1 - end.side
    times = [mark.at_ns if mark else -1 for mark in timeline.heard]
    return 0 if times[0] < times[1] else 1


def _end(case: Case, flow_class: FlowClass) -> tuple[Mark | None, How]:
    timeline = case.timeline
    if flow_class in _BY_GOODBYE and timeline.goodbye is not None:
        return timeline.goodbye.at, timeline.goodbye.how
    if flow_class in _BY_END and timeline.end is not None:
        return timeline.end.at, timeline.end.how
    # What ends by itself leaves nothing on the wire; that the asks stopped is all there is.
    stopped = case.is_silence and case.stopped
    return None, How.NOT_ON_THE_WIRE if stopped else How.STILL_OPEN


def _silent_since(case: Case, flow_class: FlowClass) -> Mark | None:
    if case.is_silence or flow_class in _DEAD or flow_class is FlowClass.SYN_TIMEOUT:
        rebirth = case.timeline.rebirth
        return case.asks.first or (rebirth.at if rebirth else None)
    return None


def _host_alive(case: Case, flow_class: FlowClass, dead: int | None) -> bool | None:
    if flow_class is FlowClass.UNKNOWN:
        return None
    if case.timeline.rebirth is not None and flow_class is FlowClass.REBOOTED:
        return True
    if dead is not None:
        return case.lives(dead)
    if flow_class is FlowClass.SYN_TIMEOUT and case.silent is not None:
        return case.lives(case.silent)
    return True


def _evidence(case: Case, heard: Mark | None, end: Mark | None) -> tuple[int, ...]:
    """The frames a reader should look at: last heard, first and last ask, the end."""
    timeline = case.timeline
    asks, rebirth = case.asks, timeline.rebirth
    broken = case.broken
    breaks = (broken.start, broken.stop) if broken is not None else ()
    marks = (heard, asks.first, asks.last, rebirth.at if rebirth else None, case.boot, end)
    more = (timeline.again, case.back, *breaks, *timeline.shut)
    found = {mark.frame for mark in (*marks, *more) if mark is not None}
    # Of a side that was never heard there is nothing to show but the other one.
    return tuple(sorted(found or {timeline.last_frame}))


def silence_ns(verdict: Verdict) -> int | None:
    """``silence``: disconnected minus last heard; None when either is unknown."""
    if verdict.disconnected_at_ns is None or verdict.last_heard_ns is None:
        return None
    return verdict.disconnected_at_ns - verdict.last_heard_ns
