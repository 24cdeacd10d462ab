"""Linux: sysctls and socket options by their names, and the timer wheel (facts/tcp.md 3)."""

from __future__ import annotations

from collections.abc import Mapping

from emu.errors import InputError
from emu.machines.tcp.linux.params import LinuxParams
from emu.transports.base import Portrait, Stack, Value
from emu.transports.tcp_parameters import (
    DAY,
    KEEPALIVE,
    KEEPALIVE_COUNT,
    Given,
    count,
    duration,
    flag,
)
from emu.units import NS_PER_MS, NS_PER_S, NS_PER_US, milliseconds, seconds

#: TCP_KEEPIDLE and TCP_KEEPINTVL go up to 32767 s (MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL).
_KEEP_MAX = seconds(32_767)

LINUX = Stack(
    name="linux",
    title="Linux",
    parameters=(
        KEEPALIVE,
        duration(
            "keepalive_idle",
            "silence before the first probe, whole seconds (TCP_KEEPIDLE)",
            seconds(1),
            _KEEP_MAX,
        ),
        duration(
            "keepalive_interval",
            "spacing of unanswered probes, whole seconds (TCP_KEEPINTVL)",
            seconds(1),
            _KEEP_MAX,
        ),
        KEEPALIVE_COUNT,
        duration(
            "user_timeout",
            "the server's socket: data unacknowledged, or probes unanswered, for so long end it;"
            " replaces the count (TCP_USER_TIMEOUT; never: not set)",
            milliseconds(1),
            49 * DAY,
            never=True,
        ),
        flag("nodelay", "whether small segments wait for nothing (TCP_NODELAY)"),
        count(
            "retries1",
            "repeats before the route is doubted (tcp_retries1); no route here ever is",
            1,
            255,
        ),
        count(
            "retries2",
            "how long data is repeated: a budget of time, so many doublings of 0.2 s"
            " (tcp_retries2)",
            1,
            255,
        ),
        count("orphan_retries", "the same for a closed socket; 0 means 8", 0, 255),
        count("syn_retries", "repeats of a SYN (tcp_syn_retries)", 1, 127),
        count("synack_retries", "repeats of a SYN,ACK (tcp_synack_retries)", 1, 255),
        duration("rto_min", "least wait of a repeat (tcp_rto_min_us)", milliseconds(1), seconds(1)),
        duration("rto_max", "longest wait of a repeat (tcp_rto_max_ms)", seconds(1), seconds(120)),
        duration(
            "invalid_ratelimit",
            "an empty segment out of the window is answered once in so long"
            " (tcp_invalid_ratelimit)",
            0,
            seconds(60),
        ),
        flag("early_retrans", "whether a tail loss probe goes out first (tcp_early_retrans)"),
        flag("timestamps", "whether segments carry timestamps (tcp_timestamps)"),
        duration(
            "fin_timeout", "how long a closed socket waits for the peer's FIN", 0, seconds(600)
        ),
        duration(
            "time_wait",
            "how long the end that closed first keeps the connection's name",
            0,
            seconds(600),
        ),
        count("hz", "ticks (jiffies) a second of the kernel's timers (CONFIG_HZ)", 100, 1_000),
        count(
            "wheel_start", "where the timer wheel stands at instant 0 of a run, jiffies", 0, 1 << 32
        ),
        count("initial_window", "segments sent before the first acknowledgement", 1, 100),
        count("window", "receive window, octets", 1, 65_535),
        count("mss", "maximum segment size, octets", 88, 1_460),
        duration(
            "arp_lifetime", "how long an ARP entry is good for", seconds(1), 49 * DAY, never=True
        ),
    ),
    portrait=Portrait(
        defaults="7200 s / 75 s / 9",
        probe="0 octets, SEQ SND.UNA-1",
        death="9 probes unanswered, or silent for the user timeout",
        nominal="7875 s; 7882 to 8013 s with the timer wheel",
        ending="RST,ACK after probes, nothing after data",
        data="loss probe, then repeats for 924.6 s by budget, 938.6 s measured",
        grade="A, measured",
        source="a kernel's recordings, Linux 6.18 at HZ=250; off unless SO_KEEPALIVE (facts/tcp.md"
        " 3)",
        unverified="HZ=1000 is computed; the wheel's place at the start is a choice",
    ),
)


def params(values: Mapping[str, Value]) -> LinuxParams:
    """What a policy amounts to, in the kernel's own units."""
    given = Given(values)
    return LinuxParams(
        hz=given.number("hz"),
        wheel_first=given.number("wheel_start"),
        wheel_edge_ns=0,
        keepalive=given.flag("keepalive"),
        keepalive_idle_s=_whole(given, "keepalive_idle", NS_PER_S, "seconds"),
        keepalive_interval_s=_whole(given, "keepalive_interval", NS_PER_S, "seconds"),
        keepalive_count=given.number("keepalive_count"),
        user_timeout_ms=_whole(given, "user_timeout", NS_PER_MS, "milliseconds"),
        nodelay=given.flag("nodelay"),
        retries1=given.number("retries1"),
        retries2=given.number("retries2"),
        orphan_retries=given.number("orphan_retries"),
        syn_retries=given.number("syn_retries"),
        synack_retries=given.number("synack_retries"),
        rto_min_us=_whole(given, "rto_min", NS_PER_US, "microseconds"),
        rto_max_ms=_whole(given, "rto_max", NS_PER_MS, "milliseconds"),
        invalid_ratelimit_ms=_whole(given, "invalid_ratelimit", NS_PER_MS, "milliseconds"),
        early_retrans=given.flag("early_retrans"),
        timestamps=given.flag("timestamps"),
        fin_timeout_ns=given.number("fin_timeout"),
        time_wait_ns=given.number("time_wait"),
        initial_window=given.number("initial_window"),
        window=given.number("window"),
        mss=given.number("mss"),
        arp_lifetime_ns=given.maybe("arp_lifetime"),
    )


def _whole(given: Given, name: str, unit_ns: int, unit: str) -> int:
    """The kernel's interface takes whole units and would silently cut the rest."""
    duration_ns = given.number(name)
    if duration_ns % unit_ns:
        found = f"{duration_ns / unit_ns} {unit}"
        raise InputError(f"tcp.{name}", expected=f"whole {unit}", found=found)
    return duration_ns // unit_ns
