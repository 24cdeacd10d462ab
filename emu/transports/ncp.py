"""NCP: NetWare's watchdog over IPX (facts/ipx.md 1.5, 1.6, 2.1, 3.1).

Only the server probes, and it clears a silent station without a word on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.ncp import MarsNweParams, NcpParams, NetWareParams
from emu.stations.ncp import NcpClientStation, NcpServerStation
from emu.transports.base import Fault, Parameter, Stack, Transport, Value
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
            name="ncp.polls", kind="count", low=5, high=100, what="polls before the station is cleared"
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
            name="ncp.polls", kind="count", low=1, high=100, what="polls before the station is cleared"
        ),
        Parameter(
            name="ncp.activity_spacing",
            kind="duration",
            low=0,
            high=seconds(86_400),
            what="a request counts as a sign of life only if the one before it is longer ago",
        ),
        *_COMMON,
    ),
)


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
        )
    return NcpParams(
        watchdog=watchdog,
        same_address_reuses=given["slot_rule"] == "same-address-reuses",
        same_client_socket=given["client_socket"] == "same",
        framing=str(given["framing"]),
        request_timeout_ns=duration("request_timeout"),
        request_retries=int(given["request_retries"] or 0),
    )
