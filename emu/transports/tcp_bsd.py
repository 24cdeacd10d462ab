"""FreeBSD and macOS (XNU), two of a family (facts/tcp.md 5)."""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.tcp.params import Personality, TcpParams
from emu.transports.base import Portrait, Stack, Value
from emu.transports.tcp_parameters import (
    BACKOFF_MAX,
    COMMON,
    DAY,
    FIRST_RTO,
    KEEPALIVE,
    KEEPALIVE_COUNT,
    RETRANSMISSIONS,
    RTO_MAX,
    Given,
    duration,
    flag,
)
from emu.units import milliseconds, seconds

#: Both send with 64, Windows with 128; no fact sheet says so: an assumption.
_TTL = 64

_PARAMETERS = (
    KEEPALIVE,
    duration("keepalive_idle", "silence before the first probe", seconds(1), 49 * DAY),
    duration("keepalive_interval", "spacing of probes", milliseconds(1), DAY),
    KEEPALIVE_COUNT,
    flag("probes_beside_data", "whether it probes although data of its own waits"),
    RETRANSMISSIONS,
    FIRST_RTO,
    BACKOFF_MAX,
    RTO_MAX,
    *COMMON,
)

FREEBSD = Stack(
    name="freebsd",
    title="FreeBSD",
    parameters=_PARAMETERS,
    portrait=Portrait(
        defaults="7200 s / 75 s / 8",
        probe="0 octets, SEQ SND.UNA-1",
        death="silent for I + C x V",
        nominal="7800 s",
        ending="RST, assumed",
        data="12 repeats, waits grow to 512 x RTO, at most 64 s; probes go on beside it",
        grade="C",
        source="an older source tree; on for every socket (always_keepalive = 1) (facts/tcp.md 5)",
        unverified="the last word; the first RTO without a measured round trip; today's tree",
    ),
)

MACOS = Stack(
    name="macos",
    title="macOS (XNU)",
    parameters=_PARAMETERS,
    portrait=Portrait(
        defaults="7200 s / 75 s / 8",
        probe="0 octets, SEQ SND.UNA-1",
        death="silent for I + C x V",
        nominal="7800 s",
        ending="RST, assumed",
        data="12 repeats, waits grow to 64 x RTO, at most 64 s",
        grade="C",
        source="xnu-11417; off by default (always_keepalive = 0) (facts/tcp.md 5)",
        unverified="the last word; the first RTO without a measured round trip; whether it"
        " probes beside data",
    ),
)


def params(values: Mapping[str, Value]) -> TcpParams:
    """What a policy of either amounts to: time and count come to the same instant."""
    given = Given(values)
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
            probes_beside_data=given.flag("probes_beside_data"),
            backoff_max=given.number("backoff_max"),
            rto_max_ns=given.number("rto_max"),
            ttl=_TTL,
        ),
    )
