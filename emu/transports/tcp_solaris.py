"""Solaris and illumos: probes whose gaps double, and an end by time (facts/tcp.md 5)."""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.tcp.params import Personality, TcpParams
from emu.transports.base import Portrait, Stack, Value
from emu.transports.tcp_parameters import (
    COMMON,
    DAY,
    FIRST_RTO,
    KEEPALIVE,
    RTO_MAX,
    Given,
    duration,
    flag,
)
from emu.units import seconds

#: As the other Unix stacks here; no fact sheet says so: an assumption.
_TTL = 64

SOLARIS = Stack(
    name="solaris",
    title="Solaris and illumos",
    parameters=(
        KEEPALIVE,
        duration("keepalive_idle", "silence before the first probe", seconds(10), 49 * DAY),
        duration(
            "keepalive_abort",
            "unanswered probing for so long behind the idle time ends the connection"
            " (TCP_KEEPALIVE_ABORT_THRESHOLD; never: probe for ever)",
            seconds(1),
            49 * DAY,
            never=True,
        ),
        flag("probe_octet", "whether a probe carries one octet or none"),
        duration(
            "data_abort",
            "data unacknowledged for so long ends the connection",
            seconds(1),
            49 * DAY,
        ),
        FIRST_RTO,
        RTO_MAX,
        *COMMON,
    ),
    portrait=Portrait(
        defaults="7200 s / doubling / -; abort 480 s",
        probe="1 zero octet, SEQ SND.UNA-1",
        death="idle > I + 480 s",
        nominal="7680 s",
        ending="RST, assumed",
        data="doubling to rto_max until an abort time, 480 s assumed",
        grade="C",
        source="illumos source, Oracle's manuals; probes only when SND.NXT = SND.UNA"
        " (facts/tcp.md 5)",
        unverified="the last wait and the last word; RTO and its ceiling; everything about data"
        " in flight",
    ),
)


def params(values: Mapping[str, Value]) -> TcpParams:
    """What a policy amounts to.  The machine counts neither probes nor repeats."""
    given = Given(values)
    return TcpParams(
        keepalive=given.flag("keepalive"),
        keepalive_idle_ns=given.number("keepalive_idle"),
        keepalive_interval_ns=0,
        retransmissions=0,
        first_probe_counts=True,
        first_rto_ns=given.number("first_rto"),
        **given.common(),
        personality=Personality(
            doubling_probes=True,
            keepalive_abort_ns=given.maybe("keepalive_abort"),
            probe_octets=b"\0" if given.flag("probe_octet") else b"",
            data_abort_ns=given.number("data_abort"),
            rto_max_ns=given.number("rto_max"),
            ttl=_TTL,
        ),
    )
