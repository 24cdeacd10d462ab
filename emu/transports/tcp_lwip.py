"""lwIP, whose timers hang on a tick, and smoltcp, which is described and not played."""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.tcp.params import Personality, TcpParams
from emu.machines.tcp.ticks import Ticks
from emu.transports.base import Portrait, Stack, Value
from emu.transports.tcp_parameters import (
    BACKOFF_MAX,
    COMMON,
    DAY,
    FIRST_RTO,
    KEEPALIVE,
    KEEPALIVE_COUNT,
    RETRANSMISSIONS,
    Given,
    duration,
)
from emu.units import milliseconds, seconds

#: IP_DEFAULT_TTL, TCP_TTL of lwIP; not in the fact sheets: an assumption.
_TTL = 255

LWIP = Stack(
    name="lwip",
    title="lwIP",
    parameters=(
        KEEPALIVE,
        duration("keepalive_idle", "silence before the first probe", seconds(1), 49 * DAY),
        duration("keepalive_interval", "spacing of unanswered probes", seconds(1), DAY),
        KEEPALIVE_COUNT,
        duration(
            "tick",
            "how often the timers are looked at (TCP_SLOW_INTERVAL)",
            milliseconds(10),
            seconds(1),
        ),
        duration(
            "tick_start", "where a tick stands after instant 0 of a run", 0, milliseconds(999)
        ),
        RETRANSMISSIONS,
        FIRST_RTO,
        BACKOFF_MAX,
        *COMMON,
    ),
    portrait=Portrait(
        defaults="7200 s / 75 s / 9",
        probe="0 octets, SEQ SND.NXT-1",
        death="idle > I + C x V, seen on a 500 ms tick",
        nominal="7875 s and up to 1 s",
        ending="RST",
        data="12 repeats from 3 s, waits grow to 128 x; probes go on beside it",
        grade="C",
        source="lwIP source; off unless SOF_KEEPALIVE (facts/tcp.md 5)",
        unverified="whether the last repeat is waited out; where the tick stands is a choice",
    ),
)

SMOLTCP = Stack(
    name="smoltcp",
    title="smoltcp, described only",
    parameters=(),
    plays=False,
    portrait=Portrait(
        defaults="off; one interval, one time-out X",
        probe="1 octet 0x00, SEQ-1",
        death="X after the last octet; no count",
        nominal="X",
        ending="RST",
        data="X as well; RTO 1 to 60 s, from 1 s",
        grade="C",
        source="smoltcp source; probes from the moment it is set, the first at once (facts/tcp.md"
        " 5)",
        unverified="not played here: there is no machine",
    ),
)


def params(values: Mapping[str, Value]) -> TcpParams:
    """What a policy of lwIP amounts to."""
    given = Given(values)
    ticks = Ticks(every_ns=given.number("tick"), first_ns=given.number("tick_start"))
    return TcpParams(
        keepalive=given.flag("keepalive"),
        keepalive_idle_ns=given.number("keepalive_idle"),
        keepalive_interval_ns=given.number("keepalive_interval"),
        retransmissions=given.number("retransmissions"),
        first_probe_counts=True,
        first_rto_ns=given.number("first_rto"),
        **given.common(),
        personality=Personality(
            keepalive_count=given.number("keepalive_count"),
            probes_beside_data=True,
            probes_below_next=True,
            backoff_max=given.number("backoff_max"),
            ticks=ticks,
            ttl=_TTL,
        ),
    )
