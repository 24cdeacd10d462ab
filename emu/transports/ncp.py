"""NCP: NetWare's watchdog over IPX (facts/ipx.md 1.5, 1.6, 2.1, 3.1).

Only the server probes, and it clears a silent station without a word on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.ncp import MarsNweParams, NcpParams, NetWareParams
from emu.stations.ncp import NcpClientStation, NcpServerStation
from emu.transports.base import Fault, Parameter, Stack, Transport, Value, heard_again
from emu.units import NS_PER_S, format_seconds, milliseconds, nearest_tick, seconds, ticks

_COMMON = (
    Parameter(
        name="ncp.slot_rule",
        kind="choice",
        choices=("same-address-reuses", "new-slot"),
        what="what a create-connection from an address that already has a slot does: release the"
        " old state and re-use the slot, or open a second slot",
    ),
    Parameter(
        name="ncp.client_socket",
        kind="choice",
        choices=("same", "new-each-boot"),
        what="whether a restarted client attaches from the socket it had before",
    ),
    Parameter(
        name="ncp.framing",
        kind="choice",
        choices=("ethernet-ii", "raw-802.3", "802.2", "snap"),
        what="how IPX is framed on Ethernet",
    ),
    Parameter(
        name="ncp.request_timeout",
        kind="duration",
        low=milliseconds(100),
        high=seconds(60),
        what="how long a client waits for a reply before it repeats its request",
    ),
    Parameter(
        name="ncp.request_retries",
        kind="count",
        low=0,
        high=255,
        what="how often a client repeats a request before it gives up",
    ),
    Parameter(
        name="ncp.spoof_tolerance",
        kind="count",
        low=0,
        high=65_535,
        what="watchdog answers by another than the station that a server lets pass before it"
        " closes the connection (event 2025); 0, as without it: it does not look",
        optional=True,
    ),
    Parameter(
        name="ncp.advertise_every",
        kind="duration",
        low=seconds(1),
        high=seconds(86_400),
        never=True,
        what="how often the server broadcasts its name (SAP) and the way to it (RIP) on its LAN;"
        " never without it",
        optional=True,
    ),
)

_NETWARE = Stack(
    name="netware",
    title="Novell NetWare 3.x/4.x server",
    parameters=(
        Parameter(
            name="ncp.delay_before_first_poll",
            kind="duration",
            low=ticks(286),
            high=14 * 86_400 * NS_PER_S,
            what="idle time before the first watchdog poll, rounded to the nearest tick",
        ),
        Parameter(
            name="ncp.delay_between_polls",
            kind="duration",
            low=ticks(180),
            high=ticks(11_400),
            what="spacing of the watchdog polls, rounded to the nearest tick",
        ),
        Parameter(
            name="ncp.polls",
            kind="count",
            low=5,
            high=100,
            what="polls before the station is cleared",
        ),
        Parameter(
            name="ncp.wait_after_last_poll",
            kind="flag",
            what="whether the last poll is waited out (N intervals) or not (N-1)",
        ),
        *_COMMON,
    ),
)

_MARS_NWE = Stack(
    name="mars-nwe",
    title="mars_nwe, the free NetWare server for Linux",
    parameters=(
        Parameter(
            name="ncp.check_interval",
            kind="duration",
            low=seconds(1),
            high=seconds(600),
            what="the server looks at its watchdogs only at multiples of this, from its start",
        ),
        Parameter(
            name="ncp.idle_before_first_poll",
            kind="duration",
            low=seconds(1),
            high=seconds(86_400),
            what="a check polls a station that has been idle for longer than this",
        ),
        Parameter(
            name="ncp.delay_between_polls",
            kind="duration",
            low=seconds(1),
            high=seconds(86_400),
            what="a check polls again when the last poll is longer ago than this",
        ),
        Parameter(
            name="ncp.polls",
            kind="count",
            low=1,
            high=100,
            what="polls before the station is cleared",
        ),
        Parameter(
            name="ncp.activity_spacing",
            kind="duration",
            low=0,
            high=seconds(86_400),
            what="a request counts as a sign of life only if the one before it is longer ago",
        ),
        Parameter(
            name="ncp.watchdog_ticks",
            kind="count",
            low=0,
            high=65_535,
            what="stations so many ticks away or more are never polled (option 310): 7 without it;"
            " 0 polls all",
            optional=True,
        ),
        *_COMMON,
    ),
)

#: facts/ipx.md 2.1, mars_nwe, slow nets: option 310, default 7.
_TICKS_MAX = 7


def _make_params(stack: str, values: Mapping[str, Value]) -> NcpParams:
    given = {name.removeprefix("ncp."): value for name, value in values.items()}

    def duration(name: str) -> int:
        return int(given[name] or 0)

    def in_ticks(name: str) -> int:
        return ticks(nearest_tick(duration(name)))

    watchdog: NetWareParams | MarsNweParams
    if stack == "netware":
        watchdog = NetWareParams(
            delay_before_first_poll_ns=in_ticks("delay_before_first_poll"),
            delay_between_polls_ns=in_ticks("delay_between_polls"),
            polls=int(given["polls"] or 0),
            wait_after_last_poll=bool(given["wait_after_last_poll"]),
        )
    else:
        watchdog = MarsNweParams(
            check_interval_ns=duration("check_interval"),
            idle_before_first_poll_ns=duration("idle_before_first_poll"),
            delay_between_polls_ns=duration("delay_between_polls"),
            polls=int(given["polls"] or 0),
            activity_spacing_ns=duration("activity_spacing"),
            ticks_max=int(given.get("watchdog_ticks", _TICKS_MAX) or 0),
        )
    advertise_every = given.get("advertise_every")
    return NcpParams(
        watchdog=watchdog,
        same_address_reuses=given["slot_rule"] == "same-address-reuses",
        same_client_socket=given["client_socket"] == "same",
        framing=str(given["framing"]),
        request_timeout_ns=duration("request_timeout"),
        request_retries=int(given["request_retries"] or 0),
        spoof_tolerance=int(given.get("spoof_tolerance") or 0),
        advertise_every_ns=None if advertise_every is None else int(advertise_every),
    )


# --- closed formulas -----------------------------------------------------------------------
#
# They share no code with the machines on purpose (architecture.md 3).  "Idle" below is silence
# since the last octet heard.  For mars-nwe they hold when that octet reset the watchdog, as an
# answer always does and a request does when the one before it is more than activity_spacing
# ago; a request that does not count leaves the clock where the sign of life before it put it,
# and ``delay`` is told where (``Fault.idle_since_ns``).


def _silence(params: NcpParams, last_octet_ns: int, /, idle_since_ns: int | None = None) -> int:
    """From the last octet, whether it started the watchdog's clock anew or not."""
    since_ns = last_octet_ns if idle_since_ns is None else idle_since_ns
    return _patience(params, since_ns) - (last_octet_ns - since_ns)


def _patience(params: NcpParams, last_octet_ns: int) -> int:
    """D1 + N x D2 (or N - 1), or the check at which mars_nwe clears: never is no answer here."""
    watchdog = params.watchdog
    if isinstance(watchdog, NetWareParams):
        return watchdog.delay_before_first_poll_ns + _waits(watchdog) * (
            watchdog.delay_between_polls_ns
        )
    first_poll_ns = _first_check(watchdog, last_octet_ns)
    return first_poll_ns + watchdog.polls * _check_spacing(watchdog) - last_octet_ns


def _polls(params: NcpParams, last_octet_ns: int) -> list[int]:
    """The instants of the polls that an answer can follow."""
    watchdog = params.watchdog
    if isinstance(watchdog, NetWareParams):
        first_ns = last_octet_ns + watchdog.delay_before_first_poll_ns
        spacing_ns, count = watchdog.delay_between_polls_ns, _waits(watchdog)
    else:
        first_ns = _first_check(watchdog, last_octet_ns)
        spacing_ns, count = _check_spacing(watchdog), watchdog.polls
    return [first_ns + n * spacing_ns for n in range(count)]


def _delay(params: NcpParams, fault: Fault, last_octet_ns: int) -> int | None:
    """From the fault to noticing.

    The client's return changes something only when it attaches again, from the same address,
    while the old state is still there (facts/ipx.md 3.1.4): then the slot rule ends that state,
    or, with a new slot for it, the client answers the next poll for the old one, and so for
    ever.  Attaching behind the last poll is too late: the interval after it runs out in silence.
    The shell answers below the programs, so neither a hung nor a killed program is noticed.
    """
    if fault.kind in ("app-hang", "kill"):
        return None
    if fault.idle_since_ns is not None:
        last_octet_ns = fault.idle_since_ns
    cleared_ns = last_octet_ns + _patience(params, last_octet_ns)
    if heard_again(fault, [*_polls(params, last_octet_ns), cleared_ns]):
        return None
    attaches_ns = fault.attaches_at_ns
    same_address = fault.same_address and params.same_client_socket
    if attaches_ns is None or not same_address or attaches_ns > cleared_ns:
        return cleared_ns - fault.lost_at_ns
    if params.same_address_reuses:
        return attaches_ns - fault.lost_at_ns
    # NetWare's N-th is one only if it is waited out: the other reading clears with it.
    if attaches_ns <= _polls(params, last_octet_ns)[-1]:
        return None
    return cleared_ns - fault.lost_at_ns


def _idle_probes(params: NcpParams, last_octet_ns: int, until_ns: int) -> int:
    """Polls later than the last octet, up to and including ``until_ns``, each answered at once.

    mars_nwe polls at checks only, and an answer comes a little after one: so the next poll is
    at the first check more than the idle time later, the tie included.
    """
    watchdog = params.watchdog
    if isinstance(watchdog, NetWareParams):
        return max(0, until_ns - last_octet_ns) // watchdog.delay_before_first_poll_ns
    first_poll_ns = _first_check(watchdog, last_octet_ns)
    interval_ns = watchdog.check_interval_ns
    period_ns = (watchdog.idle_before_first_poll_ns // interval_ns + 1) * interval_ns
    return 0 if until_ns < first_poll_ns else (until_ns - first_poll_ns) // period_ns + 1


def _formula(params: NcpParams) -> str:
    watchdog = params.watchdog
    silence = format_seconds(_patience(params, 0))
    if isinstance(watchdog, NetWareParams):
        first = format_seconds(watchdog.delay_before_first_poll_ns)
        between = format_seconds(watchdog.delay_between_polls_ns)
        last = "waited out too" if watchdog.wait_after_last_poll else "not waited out"
        return (
            f"{first} + {_waits(watchdog)} x {between} = {silence} of silence:"
            f" {watchdog.polls} polls, the last one {last}"
        )
    idle_ns, interval_ns = watchdog.idle_before_first_poll_ns, watchdog.check_interval_ns
    spacing_ns = _check_spacing(watchdog)
    shortest_ns = idle_ns + watchdog.polls * spacing_ns
    return (
        f"first check with more than {format_seconds(idle_ns)} of silence,"
        f" + {watchdog.polls} x {format_seconds(spacing_ns)} (checks every"
        f" {format_seconds(interval_ns)}, polls more than"
        f" {format_seconds(watchdog.delay_between_polls_ns)} apart):"
        f" more than {format_seconds(shortest_ns)},"
        f" at most {format_seconds(shortest_ns + interval_ns)} of silence"
    )


def _waits(watchdog: NetWareParams) -> int:
    """Intervals that are waited behind the first poll."""
    return watchdog.polls if watchdog.wait_after_last_poll else watchdog.polls - 1


def _first_check(watchdog: MarsNweParams, last_octet_ns: int) -> int:
    """The first multiple of the interval with *more* than the idle time since the last octet."""
    idle_until_ns = last_octet_ns + watchdog.idle_before_first_poll_ns
    return (idle_until_ns // watchdog.check_interval_ns + 1) * watchdog.check_interval_ns


def _check_spacing(watchdog: MarsNweParams) -> int:
    """From one poll's check to the next one *more* than the delay later."""
    checks = watchdog.delay_between_polls_ns // watchdog.check_interval_ns + 1
    return checks * watchdog.check_interval_ns


NCP = Transport(
    name="ncp",
    title="NetWare Core Protocol over IPX, server watchdog",
    provides=frozenset({"ncp", "requests", "terminal"}),
    stacks=(_NETWARE, _MARS_NWE),
    make_params=_make_params,
    server=NcpServerStation,
    client=NcpClientStation,
    silence=_silence,
    delay=_delay,
    idle_probes=_idle_probes,
    formula=_formula,
    same_address=True,
)
