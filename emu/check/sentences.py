"""One sentence a flow: who, since when, by what, and what became of it.

Every sentence names both ends: files are full of flows that share one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from emu.check.cases import Case
from emu.check.report import Verdict
from emu.check.rules import FlowClass
from emu.check.timeline import A, B, How, Mechanism
from emu.units import format_seconds

_ASKS = {
    Mechanism.NONE: "repetitions",
    Mechanism.TCP_KEEPALIVE: "keepalive probes",
    Mechanism.TCP_RETRANSMISSION: "retransmissions",
    Mechanism.TCP_ZERO_WINDOW: "window probes",
    Mechanism.NCP_WATCHDOG: "watchdog polls",
    Mechanism.SPX_WATCHDOG: "watchdog requests",
    Mechanism.NBIPX_KEEPALIVE: "keep-alives",
    Mechanism.LLC2_POLL: "LLC polls",
    Mechanism.NBF_SESSION_ALIVE: "repetitions of a session alive frame",
}
#: What a mechanism sends when it is answered, where that is not what it repeats in vain.
_BEATS = _ASKS | {Mechanism.NBF_SESSION_ALIVE: "session alive frames"}


def sentence(verdict: Verdict, case: Case, zero_ns: int) -> Verdict:
    """The verdict with its sentence."""
    return replace(verdict, sentence=_SENTENCES[verdict.flow_class](verdict, case, zero_ns))


def _name(verdict: Verdict, side: int | None) -> str:
    return (verdict.a, verdict.b)[side] if side is not None else "nobody"


def _at(at_ns: int | None) -> str:
    return "never" if at_ns is None else format_seconds(at_ns)


def _asks(case: Case) -> str:
    """``5 keepalive probes unanswered (first gap 1 s)``."""
    kinds = [(count, kind) for kind, count in case.asks.kinds.items() if count]
    counted = " and ".join(_counted(count, kind) for count, kind in kinds)
    gap_ns = case.asks.gap_ns if len(kinds) == 1 and case.asks.count > 1 else 0
    first_gap = f" (first gap {format_seconds(gap_ns)})" if gap_ns else ""
    return f"{counted} unanswered{first_gap}"


def _counted(count: int, kind: Mechanism) -> str:
    name = _ASKS[kind]
    if count == 1:
        name = name.replace("repetitions", "repetition").removesuffix("s")
    return f"{count} {name}"


def _gave_up(verdict: Verdict, case: Case, zero_ns: int) -> str:
    del zero_ns
    took = ""
    if verdict.disconnected_at_ns is not None and verdict.last_heard_ns is not None:
        took = f", {format_seconds(verdict.disconnected_at_ns - verdict.last_heard_ns)} later"
    alive = "; its host is seen alive afterwards" if verdict.host_alive else ""
    return (
        f"{_name(verdict, verdict.dead)} was last heard at {_at(verdict.last_heard_ns)};"
        f" {_name(verdict, case.waiting)} gave up at {_at(verdict.disconnected_at_ns)}"
        f" ({verdict.how}){took}, {_asks(case)}{alive}"
    )


def _rebooted(verdict: Verdict, case: Case, zero_ns: int) -> str:
    rebirth = case.timeline.rebirth
    name = _name(verdict, verdict.dead)
    other = _name(verdict, None if verdict.dead is None else 1 - verdict.dead)
    heard = f"{name} was last heard by {other} at {_at(verdict.last_heard_ns)}"
    if rebirth is None:
        boot = case.boot
        at = _at(boot.at_ns - zero_ns) if boot else "a later time"
        return f"{heard} and starts anew at {at}; {_asks(case)}"
    anew = rebirth.certain or case.timeline.end is None
    what = "starts anew" if anew else "has no memory of the connection"
    ended = verdict.disconnected_at_ns
    over = f", which ends it at {_at(ended)} ({verdict.how})" if ended is not None else ""
    last = case.asks.last
    before = " before" if last is not None and last.at_ns <= rebirth.at.at_ns else ""
    asks = f"; {_asks(case)}{before}" if case.asks.count else ""
    return f"{heard} and {what} at {_at(rebirth.at.at_ns - zero_ns)}{over}{asks}"


def _silent(verdict: Verdict, case: Case, zero_ns: int) -> str:
    asker = _name(verdict, case.waiting)
    if verdict.how is How.NOT_ON_THE_WIRE and case.asks.last is not None:
        stopped = _at(case.asks.last.at_ns - zero_ns)
        rest = f"{asker} asked last at {stopped}: when it gave up is not on the wire"
    else:
        ends = "file ends" if case.broken is None else "capture breaks off"
        rest = f"the {ends} while {asker} still asks"
    return (
        f"{_name(verdict, verdict.dead)} was last heard at {_at(verdict.last_heard_ns)};"
        f" {_asks(case)}, {rest}"
    )


def _hung(verdict: Verdict, case: Case, zero_ns: int) -> str:
    asker = _name(verdict, case.waiting)
    gave_up = (
        f"{asker} gave up at {_at(verdict.disconnected_at_ns)} ({verdict.how})"
        if case.timeline.end is not None
        else f"{asker} gave up without a word"
    )
    back = _at(case.back.at_ns - zero_ns if case.back else None)
    return (
        f"{_name(verdict, case.silent)} was last heard at {_at(verdict.last_heard_ns)};"
        f" {_asks(case)}, {gave_up}; it goes on where it stopped at {back}"
    )


def _froze(verdict: Verdict, case: Case, zero_ns: int) -> str:
    return f"{_hung(verdict, case, zero_ns)}: it hung, slept or was cut off"


def _link_down(verdict: Verdict, case: Case, zero_ns: int) -> str:
    return f"{_hung(verdict, case, zero_ns)}, as another host does: their link was down"


def _broken(verdict: Verdict, case: Case, zero_ns: int) -> str:
    broken = case.broken
    assert broken is not None, "a rule that gives this class looks at it"
    start, stop = (_at(mark.at_ns - zero_ns) for mark in (broken.start, broken.stop))
    what = (
        f"the capture has a hole from {start} to {stop}"
        if verdict.flow_class is FlowClass.GAP
        else f"the clock jumps from {start} to {stop}"
    )
    ends = f"{verdict.a} and {verdict.b}"
    return f"{ends} were alive at {_at(verdict.last_ns)} and are not seen after it; {what}"


def _half_open(verdict: Verdict, case: Case, zero_ns: int) -> str:
    end, again = case.timeline.end, case.timeline.again
    gone = _name(verdict, end.side if end else None)
    other = _name(verdict, 1 - end.side if end else None)
    at = _at(again.at_ns - zero_ns) if again else "never"
    return (
        f"{gone} ended it at {_at(verdict.disconnected_at_ns)} ({verdict.how}),"
        f" {other} does not know and is still talking at {at}"
    )


def _path_drop(verdict: Verdict, case: Case, zero_ns: int) -> str:
    del zero_ns
    why = (
        "its host is heard on other connections meanwhile"
        if case.asks.host_seen
        else "another host behind the same gateway fell silent at the same moment"
    )
    return (
        f"{_name(verdict, case.silent)} was last heard by {_name(verdict, case.waiting)} at"
        f" {_at(verdict.last_heard_ns)}; {_asks(case)}, but {why}: the path drops packets"
    )


def _stalled(verdict: Verdict, case: Case, zero_ns: int) -> str:
    shut = [(mark, side) for side, mark in enumerate(case.timeline.shut) if mark]
    mark, side = shut[0]
    return (
        f"{_name(verdict, side)} answers {_name(verdict, 1 - side)} but has not taken data since"
        f" {_at(mark.at_ns - zero_ns)} (window 0): its program does not read"
    )


def _syn_timeout(verdict: Verdict, case: Case, zero_ns: int) -> str:
    del zero_ns
    alive = ", although its host is alive" if verdict.host_alive else ""
    return (
        f"{_name(verdict, case.silent)} never accepted {_name(verdict, case.waiting)};"
        f" {_asks(case)} after {_at(verdict.silent_since_ns)}{alive}"
    )


def _aborted(verdict: Verdict, case: Case, zero_ns: int) -> str:
    del zero_ns
    end = case.timeline.end
    side = end.side if end else None
    other = _name(verdict, None if side is None else 1 - side)
    at = f"{_at(verdict.disconnected_at_ns)} ({verdict.how})"
    if not case.timeline.opened:
        return f"{_name(verdict, side)} refused {other} at {at}"
    return f"{_name(verdict, side)} ended it at {at} although {other} was alive"


def _closed(verdict: Verdict, case: Case, zero_ns: int) -> str:
    del zero_ns
    goodbye = case.timeline.goodbye
    side = goodbye.side if goodbye else None
    rest = f"; {_asks(case)}, which is no death" if case.is_silence else ""
    other = _name(verdict, None if side is None else 1 - side)
    return (
        f"{_name(verdict, side)} said goodbye to {other} at {_at(verdict.disconnected_at_ns)}"
        f" ({verdict.how}){rest}"
    )


def _alive(verdict: Verdict, case: Case, zero_ns: int) -> str:
    del case, zero_ns
    asks = (
        f", {_BEATS[verdict.mechanism]} of {_name(verdict, verdict.prober)} answered"
        if verdict.prober is not None
        else ""
    )
    return (
        f"{verdict.a} and {verdict.b} are alive when the file ends, last frame at"
        f" {_at(verdict.last_ns)}{asks}"
    )


def _unknown(verdict: Verdict, case: Case, zero_ns: int) -> str:
    if not case.timeline.opened or None in case.timeline.heard:
        heard = _name(verdict, B if case.timeline.heard[A] is None else A)
        other = verdict.a if heard == verdict.b else verdict.b
        return f"only {heard} is heard, last at {_at(verdict.last_ns)}: nobody can tell of {other}"
    quiet = format_seconds(case.ended_ns - zero_ns - verdict.last_ns)
    single = f"{_asks(case)} and " if case.asks.count else ""
    ends = f"{verdict.a} and {verdict.b}"
    return f"{ends}: {single}nothing on the wire for {quiet} after {_at(verdict.last_ns)}"


_Writer = Callable[[Verdict, Case, int], str]
_SENTENCES: dict[FlowClass, _Writer] = {
    FlowClass.GAVE_UP: _gave_up,
    FlowClass.REBOOTED: _rebooted,
    FlowClass.SILENT: _silent,
    FlowClass.HUNG: _froze,
    FlowClass.LINK_DOWN: _link_down,
    FlowClass.GAP: _broken,
    FlowClass.CLOCK_STEP: _broken,
    FlowClass.HALF_OPEN: _half_open,
    FlowClass.PATH_DROP: _path_drop,
    FlowClass.APP_STALLED: _stalled,
    FlowClass.SYN_TIMEOUT: _syn_timeout,
    FlowClass.ABORTED: _aborted,
    FlowClass.CLOSED: _closed,
    FlowClass.ALIVE: _alive,
    FlowClass.UNKNOWN: _unknown,
}
