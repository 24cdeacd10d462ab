"""Windows: NT 4 and its heirs, and the stack since Vista (facts/tcp.md 5)."""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.tcp.params import Personality, TcpParams
from emu.transports.base import Portrait, Stack, Value
from emu.transports.tcp_parameters import (
    COMMON,
    DAY,
    FIRST_RTO,
    KEEPALIVE,
    KEEPALIVE_COUNT,
    RETRANSMISSIONS,
    Given,
    count,
    duration,
    flag,
)
from emu.units import milliseconds, seconds

_IDLE = duration(
    "keepalive_idle", "silence before the first probe (KeepAliveTime)", seconds(1), 49 * DAY
)
_INTERVAL = duration(
    "keepalive_interval",
    "spacing of unanswered probes (KeepAliveInterval)",
    milliseconds(1),
    DAY,
)

NT4 = Stack(
    name="windows-nt4",
    title="Windows NT 4.0, 2000 and Server 2003",
    parameters=(
        KEEPALIVE,
        _IDLE,
        _INTERVAL,
        count(
            "retransmissions",
            "unanswered probes, or retransmissions of data, before the connection is given up"
            " (TcpMaxDataRetransmissions)",
            # 0 would drop every idle peer without a single probe (RFC 9293 MUST-29).
            1,
            255,
        ),
        flag(
            "first_probe_counts",
            "whether the count includes the first probe (N probes, each waited out) or only"
            " those that repeat it (one probe and one interval more)",
        ),
        FIRST_RTO,
        *COMMON,
    ),
    portrait=Portrait(
        defaults="7200 s / 1 s / 5",
        probe="0 octets, SEQ SND.NXT-1",
        death="5 probes unanswered",
        nominal="7205 s",
        ending="RST, assumed",
        data="5 repeats, each wait doubled: 63 x RTO, about 32 s",
        grade="A, the rest assumed",
        source="Microsoft: KeepAliveTime, KeepAliveInterval, TcpMaxDataRetransmissions; off by"
        " default (facts/tcp.md 5)",
        unverified="never measured here: probe length, whether the first probe counts, the RST,"
        " the first RTO",
    ),
)

MODERN = Stack(
    name="windows-modern",
    title="Windows Vista and later",
    parameters=(
        KEEPALIVE,
        _IDLE,
        _INTERVAL,
        KEEPALIVE_COUNT,
        flag("probe_octet", "whether a probe carries one octet or none"),
        RETRANSMISSIONS,
        FIRST_RTO,
        *COMMON,
    ),
    portrait=Portrait(
        defaults="7200 s / 1 s / 10",
        probe="1 octet, SEQ SND.NXT-1",
        death="10 probes unanswered",
        nominal="7210 s",
        ending="RST, as in a capture",
        data="5 repeats, assumed as before",
        grade="A, the rest assumed",
        source="Microsoft: the count 10 cannot be changed by SIO_KEEPALIVE_VALS; off by default"
        " (facts/tcp.md 5)",
        unverified="the octet in the probe is what captures commonly show, from memory; nothing"
        " about data in flight is in the fact sheets",
    ),
)


def nt4_params(values: Mapping[str, Value]) -> TcpParams:
    """What a policy of NT 4 amounts to."""
    given = Given(values)
    return TcpParams(
        keepalive=given.flag("keepalive"),
        keepalive_idle_ns=given.number("keepalive_idle"),
        keepalive_interval_ns=given.number("keepalive_interval"),
        retransmissions=given.number("retransmissions"),
        first_probe_counts=given.flag("first_probe_counts"),
        first_rto_ns=given.number("first_rto"),
        **given.common(),
    )


def modern_params(values: Mapping[str, Value]) -> TcpParams:
    """And one of Vista: the count of probes is its own."""
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
            probe_octets=b"\0" if given.flag("probe_octet") else b"",
        ),
    )
