"""Closed formulas of the stacks that share one machine; not one line of it is shared with them.

A formula is a row of trials: when the server tries to reach a silent peer, and last, when it
gives up.  ``None`` for that last instant where it never does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count, islice, repeat

from emu.machines.tcp.params import TcpParams
from emu.transports.base import Fault, heard_again
from emu.units import format_seconds

#: Trials that are looked at where nothing ends them: more than any run can hold.
_TRIALS_MAX = 100_000

Trials = tuple[list[int], int | None]


def probes_max(params: TcpParams) -> int:
    """How many probes a silent peer gets; 0 where time decides and not a count."""
    its = params.personality
    if its.doubling_probes:
        return 0
    if its.keepalive_count is not None:
        return its.keepalive_count
    return params.retransmissions + (0 if params.first_probe_counts else 1)


def silence(params: TcpParams, last_octet_ns: int, idle_since_ns: int | None = None) -> int | None:
    """From the last octet to the end, nothing being in flight; None for never.

    Every segment starts the clock anew, so that nobody needs to know where it stood.
    """
    del idle_since_ns
    if not params.keepalive:
        return None
    end_ns = _probing(params, last_octet_ns)[1]
    return None if end_ns is None else end_ns - last_octet_ns


def _probing(params: TcpParams, last_octet_ns: int) -> Trials:
    its = params.personality
    if its.doubling_probes:
        return _doubling(params, last_octet_ns)
    number = probes_max(params)
    idle_ns, interval_ns = params.keepalive_idle_ns, params.keepalive_interval_ns
    if its.ticks.every_ns:
        times = [_strictly_more(params, last_octet_ns, idle_ns + n * interval_ns)
                 for n in range(number + 1)]  # fmt: skip
    else:
        times = [last_octet_ns + idle_ns + n * interval_ns for n in range(number + 1)]
    return times[:-1], times[-1]


def _strictly_more(params: TcpParams, last_octet_ns: int, silent_ns: int) -> int:
    """lwIP: both ends of a silence are counted in ticks that have begun, and ">" is strict."""
    every, first = params.personality.ticks.every_ns, params.personality.ticks.first_ns
    heard_in = (last_octet_ns - first) // every
    return (heard_in + silent_ns // every + 1) * every + first


def _doubling(params: TcpParams, last_octet_ns: int) -> Trials:
    """Solaris: I, then one RTO, two, four ... up to the ceiling, until I + abort is reached."""
    its, at_ns = params.personality, last_octet_ns + params.keepalive_idle_ns
    end_ns = None if its.keepalive_abort_ns is None else at_ns + its.keepalive_abort_ns
    times: list[int] = []
    for wait_ns in islice(_waits(params), _TRIALS_MAX):
        if end_ns is not None and at_ns >= end_ns:
            break
        times.append(at_ns)
        at_ns += wait_ns
    return times, end_ns


def _waits(params: TcpParams) -> Iterator[int]:
    """RTO, 2 RTO, 4 RTO ... up to what the stack allows."""
    its, first = params.personality, params.first_rto_ns
    powers = (1 << n for n in chain(range(64), repeat(64)))
    for power in powers:
        grown = first * min(power, its.backoff_max or power)
        yield max(first, min(grown, its.rto_max_ns or grown))


def _repeating(params: TcpParams, since_ns: int) -> Trials:
    """Data: N repeats, each wait as long as the row above says, the last one waited out."""
    its, at_ns = params.personality, _counted_from(params, since_ns)
    times: list[int] = []
    ends_ns = None if its.data_abort_ns is None else since_ns + its.data_abort_ns
    for number, wait_ns in zip(count(), _waits(params), strict=False):
        at_ns += _whole(params, wait_ns)
        if ends_ns is not None and at_ns >= ends_ns:
            return times, ends_ns
        if ends_ns is None and number == params.retransmissions:
            return times, at_ns
        times.append(at_ns)
    raise AssertionError("a row of waits has no end")


def _counted_from(params: TcpParams, since_ns: int) -> int:
    """lwIP counts the tick that has begun as a whole one."""
    ticks = params.personality.ticks
    if not ticks.every_ns:
        return since_ns
    return (since_ns - ticks.first_ns) // ticks.every_ns * ticks.every_ns + ticks.first_ns


def _whole(params: TcpParams, wait_ns: int) -> int:
    every = params.personality.ticks.every_ns
    return -(-wait_ns // every) * every if every else wait_ns


def trials(params: TcpParams, last_octet_ns: int, since_ns: int | None) -> Trials:
    """Probes, or repeats while data is unacknowledged: then nothing is probed (RFC 9293 3.8.4).

    BSD and lwIP do both, and the earlier end ends it.
    """
    probing: Trials = ([], None)
    if params.keepalive and (since_ns is None or params.personality.probes_beside_data):
        probing = _probing(params, last_octet_ns)
    repeating: Trials = ([], None) if since_ns is None else _repeating(params, since_ns)
    ends = [end for _, end in (probing, repeating) if end is not None]
    end_ns = min(ends) if ends else None
    times = sorted(chain(probing[0], repeating[0]))
    return [at for at in times if end_ns is None or at < end_ns], end_ns


def delay(params: TcpParams, fault: Fault, last_octet_ns: int) -> int | None:
    """The earliest of: the trials used up, a RST to one of them, a RST after a SYN on the old port.

    A host that is back without state answers the next trial with RST (RFC 793 3.4); its own SYN
    touches the old connection only if it comes from the old port.  A stack whose program hangs
    answers for it; one whose program was killed says FIN or RST at once.
    """
    if fault.kind == "app-hang":
        return None
    if fault.kind == "kill":
        return 0
    times, end_ns = trials(params, last_octet_ns, fault.unacknowledged_since_ns)
    ends = [] if end_ns is None else [end_ns]
    if heard_again(fault, [*times, *(ends or times[-1:])]):
        return None
    noticed = list(ends)
    if fault.back_at_ns is not None:
        noticed += [at for at in times if at >= fault.back_at_ns][:1]
    if fault.attaches_at_ns is not None and fault.same_address:
        noticed.append(fault.attaches_at_ns)
    return min(noticed) - fault.lost_at_ns if noticed else None


def idle_probes(params: TcpParams, last_octet_ns: int, until_ns: int) -> int:
    """A healthy idle peer is probed once an idle time; each answer starts the next."""
    if not params.keepalive:
        return 0
    if not params.personality.ticks.every_ns:
        return (until_ns - last_octet_ns) // params.keepalive_idle_ns
    found, heard_ns = 0, last_octet_ns
    while (heard_ns := _strictly_more(params, heard_ns, params.keepalive_idle_ns)) <= until_ns:
        found += 1
    return found


def formula(params: TcpParams) -> str:
    """The arithmetic in words."""
    if not params.keepalive:
        return "no keepalive: an idle connection to a dead client is never given up"
    if params.personality.doubling_probes:
        return _formula_by_time(params)
    number = probes_max(params)
    total = params.keepalive_idle_ns + number * params.keepalive_interval_ns
    words = (
        f"keepalive_idle + {number} x keepalive_interval = "
        f"{format_seconds(params.keepalive_idle_ns)} + "
        f"{number} x {format_seconds(params.keepalive_interval_ns)} = {format_seconds(total)}"
    )
    if params.personality.ticks.every_ns:
        tick = format_seconds(params.personality.ticks.every_ns)
        return f"{words}, noticed on the first tick after it, one every {tick}"
    return words


def _formula_by_time(params: TcpParams) -> str:
    abort_ns, idle_ns = params.personality.keepalive_abort_ns, params.keepalive_idle_ns
    if abort_ns is None:
        return "no abort threshold: a silent peer is probed for ever and never given up"
    return (
        f"keepalive_idle + keepalive_abort = {format_seconds(idle_ns)} + "
        f"{format_seconds(abort_ns)} = {format_seconds(idle_ns + abort_ns)}"
    )
