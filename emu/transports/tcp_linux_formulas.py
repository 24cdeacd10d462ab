"""Closed formulas of the linux stack; the timer wheel is written down a second time here.

facts/tcp.md 3.1 (probes), 3.2 (data in flight), 3.4 (the wheel).  Every instant is a span of
jiffies, earliest and latest: how late the wheel makes the first timer depends on traffic that a
formula does not know, and the time-out of data on the measured round trip.  ``delay`` is the
earliest, ``lateness`` the width; who comes back within a span may be heard or not (``doubtful``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from emu.machines.tcp.linux.params import LinuxParams
from emu.transports.base import Fault, heard_again
from emu.units import NS_PER_MS, NS_PER_S, format_seconds

#: facts/tcp.md 3.4: delays below 63 jiffies are exact to one, each level above is 8 times coarser.
_FINEST, _COARSER, _COARSEST = 63, 8, 8**8
#: facts/tcp.md 3.2: the budget is reckoned from 0.2 s whatever the real time-out is.
_BUDGET_BASE_MS = 200
#: On a LAN a time-out is rto_min and the round trip, whose longest part is a delayed
#: acknowledgement; three times rto_min has room for it and for its deviation (facts/tcp.md 3.2).
_RTO_SPREAD = 3

#: Earliest and latest, jiffies.
Span = tuple[int, int]


def silence(
    params: LinuxParams, last_octet_ns: int, idle_since_ns: int | None = None
) -> int | None:
    """At the least, from the last octet to the end, nothing being in flight.

    ``idle_since_ns``: when the timer was first armed; None where nobody knows.
    """
    if not params.keepalive:
        return None
    end = _probing(params, last_octet_ns, idle_since_ns)[-1]
    return _instant(params, end[0]) - last_octet_ns


def delay(params: LinuxParams, fault: Fault, last_octet_ns: int) -> int | None:
    """At the least, from the fault to the end."""
    found = _noticed(params, fault, last_octet_ns)
    return None if found is None else found[0] - fault.lost_at_ns


def lateness(params: LinuxParams, fault: Fault, last_octet_ns: int) -> int:
    """By how much the timers may make it later."""
    found = _noticed(params, fault, last_octet_ns)
    return 0 if found is None else found[1] - found[0]


def _noticed(params: LinuxParams, fault: Fault, last_octet_ns: int) -> Span | None:
    """Earliest and latest instant (ns); as for the other stacks, see ``tcp_formulas.delay``."""
    if fault.kind == "app-hang":
        return None
    if fault.kind == "kill":
        return fault.lost_at_ns, fault.lost_at_ns
    trials = _trials(params, fault, last_octet_ns)
    if heard_again(fault, _certain(params, fault, trials)):
        return None
    found = [*trials[-1:], *_met(fault, trials)]
    if fault.attaches_at_ns is not None and fault.same_address:
        found.append((fault.attaches_at_ns, fault.attaches_at_ns))
    if not found:
        return None
    return min(earliest for earliest, _ in found), min(latest for _, latest in found)


def doubtful(params: LinuxParams, fault: Fault, last_octet_ns: int) -> bool:
    """Whether the client comes back within a span: a trial may still reach it, or none does."""
    if fault.kind in ("app-hang", "kill"):
        return False
    trials = _trials(params, fault, last_octet_ns)
    possible = heard_again(fault, [latest for _, latest in trials])
    return possible and not heard_again(fault, _certain(params, fault, trials))


def _certain(params: LinuxParams, fault: Fault, trials: Sequence[Span]) -> list[int]:
    """The earliest instants of the trials that take place whatever the timers do, and the end's.

    A count is certain, and so is one trial: the user timeout needs a probe, the budget counts from
    a repeat (facts/tcp.md 11.1, 11.6).  Time may be up before a later trial's turn comes.
    """
    if not trials:
        return []
    *attempts, end = trials
    counted = fault.unacknowledged_since_ns is None and not params.user_timeout_ms
    sure = [first for first, last in attempts[1:] if counted or last < end[0]]
    return [*(first for first, _ in attempts[:1]), *sure, end[0]]


def _met(fault: Fault, trials: Sequence[Span]) -> list[Span]:
    """The trial that a host without state answers with RST: the first that it can hear.

    Where only the end is sure to come after the host, the latest is the end's.
    """
    back_ns = fault.back_at_ns
    if back_ns is None or not trials:
        return []
    *attempts, end = trials
    possible = [max(earliest, back_ns) for earliest, latest in attempts if latest >= back_ns]
    certain = [latest for earliest, latest in attempts if earliest >= back_ns]
    return [(possible[0], (certain or end[1:])[0])] if possible else []


def _trials(params: LinuxParams, fault: Fault, last_octet_ns: int) -> list[Span]:
    """All attempts to reach the peer, and last, the end; in ns."""
    if fault.unacknowledged_since_ns is not None:
        spans = _repeating(params, fault.unacknowledged_since_ns)
    elif params.keepalive:
        spans = _probing(params, last_octet_ns, fault.idle_since_ns)
    else:
        spans = []
    return [(_instant(params, first), _instant(params, last)) for first, last in spans]


# --- probes ----------------------------------------------------------------------------------


def _probing(params: LinuxParams, last_octet_ns: int, armed_ns: int | None) -> list[Span]:
    """I after the last octet, then every V; the last one is the end."""
    heard = _jiffy(params, last_octet_ns)
    idle, interval = params.keepalive_idle_s * params.hz, params.keepalive_interval_s * params.hz
    first, last = heard + idle, heard + idle + _first_lateness(params, heard, armed_ns)
    spans: list[Span] = []
    while not _gives_up(params, len(spans), first - heard):
        spans.append((first, last))
        first, last = _fires(first, interval), _fires(last, interval)
    return [*spans, _user_timeout_end(params, spans, heard, (first, last))]


def _gives_up(params: LinuxParams, probes: int, silent: int) -> bool:
    """facts/tcp.md 3.1 (4): by count, or by the user timeout, which needs one probe."""
    if params.user_timeout_ms:
        return probes > 0 and silent >= _from_ms(params, params.user_timeout_ms)
    return probes >= params.keepalive_count


def _user_timeout_end(params: LinuxParams, probes: list[Span], heard: int, certain: Span) -> Span:
    """The user timeout may be over at an earlier expiry already, if that one comes late."""
    if not params.user_timeout_ms:
        return certain
    due = heard + _from_ms(params, params.user_timeout_ms)
    early = [max(first, due) for first, last in probes[1:] if last >= due]
    return min([certain[0], *early]), certain[1]


def _first_lateness(params: LinuxParams, heard: int, armed_ns: int | None) -> int:
    """How late the timer may find that the idle time is over (jiffies).

    It was armed at ``armed`` and fires once an idle time, whatever is heard; what is then left of
    the peer's idle time is waited for, with the granule of that rest.
    """
    idle, interval = params.keepalive_idle_s * params.hz, params.keepalive_interval_s * params.hz
    late = _granule(idle)
    known = 0 if armed_ns is None else heard - _jiffy(params, armed_ns)
    if known > late:
        late = _granule(min(idle, known))
    if armed_ns is None or known >= idle:  # the last expiry may have sent a probe, answered since
        late = max(late, interval + _granule(interval) - idle)
    return late


# --- data in flight --------------------------------------------------------------------------


def _repeating(params: LinuxParams, since_ns: int) -> list[Span]:
    """Loss probe, first repeat R1, and the budget that counts from there (facts/tcp.md 3.2)."""
    sent = _jiffy(params, since_ns)
    least = -(-params.rto_min_us * params.hz // 1_000_000)
    most = _RTO_SPREAD * least
    late = most + _granule(most)
    # R1 comes a time-out after the loss probe, which a peer without SACK does not get; what
    # was sent behind something that was acknowledged later has the timer start anew once.
    first_repeat = (sent + least, sent + 3 * late)
    spans = [(sent + least - 1, sent + 2 * late)] if params.early_retrans else []
    spans.append(first_repeat)
    ends = [_budget_end(params, rto) for rto in range(least, most + 1)]
    end = (first_repeat[0] + min(e for e, _ in ends), first_repeat[1] + max(e for _, e in ends))
    for (first, _), (_, last) in zip(_repeats(params, least), _repeats(params, most), strict=True):
        if first_repeat[0] + first < end[1]:
            spans.append((first_repeat[0] + first, min(end[1], first_repeat[1] + last)))
    return [*spans, end]


def _repeats(params: LinuxParams, rto: int) -> list[Span]:
    """Expiries behind R1, counted from it, as long as any budget lasts."""
    most, first, last = _from_ms(params, params.rto_max_ms), 0, 0
    wait, spans = rto, list[Span]()
    for _number in range(params.retries2 + 2):
        wait = min(2 * wait, most)
        first, last = first + wait, last + wait + _granule(wait)
        spans.append((first, last))
    return spans


def _budget_end(params: LinuxParams, rto: int) -> Span:
    """The first expiry at or past the budget; with a user timeout the timer is cut to it."""
    user_ms = params.user_timeout_ms
    budget = (user_ms or _budget_ms(params)) * params.hz // 1_000
    if user_ms:
        return budget, budget + _granule(budget) + 1
    most, first, last, wait = _from_ms(params, params.rto_max_ms), 0, 0, rto
    earliest: int | None = None
    for _number in count():
        wait = min(2 * wait, most)
        first, last = first + wait, last + wait + _granule(wait)
        if earliest is None and last >= budget:
            earliest = max(first, budget)
        if earliest is not None and first >= budget:
            return earliest, last
    raise AssertionError("an unbounded row")


def _budget_ms(params: LinuxParams) -> int:
    """(2**(r+1) - 1) * 0.2 s while 0.2 s * 2**r is below the ceiling, then the ceiling each."""
    total, wait = 0, _BUDGET_BASE_MS
    for _retry in range(params.retries2 + 1):
        total += min(wait, params.rto_max_ms)
        wait *= 2
    return total


# --- the wheel, and a healthy peer ------------------------------------------------------------


def _granule(wait: int) -> int:
    granule, bound = 1, _FINEST
    while wait >= bound and granule < _COARSEST:
        granule, bound = granule * _COARSER, bound * _COARSER
    return granule


def _fires(tick: int, wait: int) -> int:
    granule = _granule(wait)
    return ((tick + wait) // granule + 1) * granule


def _jiffy(params: LinuxParams, instant_ns: int) -> int:
    return params.wheel_first + instant_ns * params.hz // NS_PER_S


def _instant(params: LinuxParams, tick: int) -> int:
    return -(-(tick - params.wheel_first) * NS_PER_S // params.hz)


def _from_ms(params: LinuxParams, milliseconds: int) -> int:
    return -(-milliseconds * params.hz // 1_000)


def idle_probes(params: LinuxParams, last_octet_ns: int, until_ns: int) -> int:
    """From the answer to a probe on: the interval passes, then the rest of the idle time."""
    if not params.keepalive:
        return 0
    idle, interval = params.keepalive_idle_s * params.hz, params.keepalive_interval_s * params.hz
    heard, found = _jiffy(params, last_octet_ns), 0
    while True:
        looked = _fires(heard, interval)
        probe = looked if looked - heard >= idle else _fires(looked, heard + idle - looked)
        if _instant(params, probe) > until_ns:
            return found
        heard, found = probe, found + 1


def formula(params: LinuxParams) -> str:
    """The arithmetic in words, nominal, and what the wheel makes of it."""
    if not params.keepalive:
        return "no keepalive: an idle connection to a dead client is never given up"
    idle_s, interval_s = params.keepalive_idle_s, params.keepalive_interval_s
    number = params.keepalive_count
    words = ""
    if params.user_timeout_ms:
        over_ms = params.user_timeout_ms - idle_s * 1_000
        number = max(1, -(-over_ms // (interval_s * 1_000)))
        limit = format_seconds(params.user_timeout_ms * NS_PER_MS)
        words = f"the first expiry at or past the user timeout of {limit}: "
    total = idle_s + number * interval_s
    late_ns = _granule(idle_s * params.hz) * NS_PER_S // params.hz
    wait = interval_s * params.hz
    gap_ns = (wait // _granule(wait) + 1) * _granule(wait) * NS_PER_S // params.hz
    return (
        f"{words}keepalive_idle + {number} x keepalive_interval = {idle_s} s + {number} x"
        f" {interval_s} s = {total} s nominal; the timer wheel ({params.hz} Hz) waits up to"
        f" {format_seconds(late_ns)} longer at first, then {format_seconds(gap_ns)} each time"
    )
