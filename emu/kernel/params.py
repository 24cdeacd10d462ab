"""The stack of a recording: a Linux kernel's defaults with what its scenario changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emu.errors import InputError
from emu.kernel.trace import Trace
from emu.machines.tcp.linux.neighbour import NeighbourParams
from emu.machines.tcp.linux.params import LinuxParams
from emu.units import NS_PER_S

#: Room for the run before L: the hosts' clocks start this long before.
START_NS = 100 * NS_PER_S

#: net.ipv4 of Linux, by facts/tcp.md 3, read on the kernel that made the recordings.
KERNEL = LinuxParams(
    hz=250,
    wheel_first=0,
    wheel_edge_ns=0,
    keepalive=False,
    keepalive_idle_s=7200,
    keepalive_interval_s=75,
    keepalive_count=9,
    user_timeout_ms=0,
    nodelay=True,
    retries1=3,
    retries2=15,
    orphan_retries=0,
    syn_retries=6,
    synack_retries=5,
    rto_min_us=200_000,
    rto_max_ms=120_000,
    invalid_ratelimit_ms=500,
    early_retrans=True,
    timestamps=True,
    fin_timeout_ns=60 * NS_PER_S,
    time_wait_ns=60 * NS_PER_S,
    initial_window=10,
    window=64_240,
    mss=1_460,
    arp_lifetime_ns=None,
)

_SYSCTLS: Mapping[str, str] = {
    "tcp_retries1": "retries1",
    "tcp_retries2": "retries2",
    "tcp_orphan_retries": "orphan_retries",
    "tcp_syn_retries": "syn_retries",
    "tcp_synack_retries": "synack_retries",
    "tcp_rto_min_us": "rto_min_us",
    "tcp_rto_max_ms": "rto_max_ms",
    "tcp_invalid_ratelimit": "invalid_ratelimit_ms",
    "tcp_keepalive_time": "keepalive_idle_s",
    "tcp_keepalive_intvl": "keepalive_interval_s",
    "tcp_keepalive_probes": "keepalive_count",
}
KERNEL_OPTIONS: Mapping[str, str] = {
    "keepalive": "keepalive",
    "idle": "keepalive_idle_s",
    "intvl": "keepalive_interval_s",
    "cnt": "keepalive_count",
    "uto": "user_timeout_ms",
}
_NEIGHBOUR: Mapping[str, str] = {
    "base_reachable_time_ms": "reachable_ms",
    "delay_first_probe_time": "delay_first_probe_s",
    "retrans_time_ms": "retrans_ms",
    "ucast_solicit": "ucast_solicit",
    "mcast_solicit": "mcast_solicit",
}


def kernel_params(trace: Trace, wheel_first: int, wheel_edge_ns: int) -> LinuxParams:
    """The server's stack: its sysctls, its options, its wheel."""
    changed: dict[str, Any] = {}
    for name, value in trace.sysctl.items():
        short = name.rpartition(".")[2]
        if short in _SYSCTLS:
            changed[_SYSCTLS[short]] = int(value)
        elif short not in _NEIGHBOUR:
            raise InputError(
                trace.name, expected=f"a sysctl of {', '.join(_SYSCTLS)}", found=repr(name)
            )
    late = any(a.what == "sopt" and isinstance(a.arguments[0], str) for a in trace.actions)
    options = {} if late else _options(trace.facts["options"])
    return replace(_machine(trace, wheel_first, wheel_edge_ns), **changed, **options)


def client_params(trace: Trace, wheel_first: int, wheel_edge_ns: int) -> LinuxParams:
    """The client's: the same machine, hence the same wheel, with its own options and window."""
    offered = next(p.window for p in trace.before if p.kind == "syn")
    options = _options(trace.facts.get("client_options") or {})
    return replace(_machine(trace, wheel_first, wheel_edge_ns), **options, window=offered)


def _machine(trace: Trace, wheel_first: int, wheel_edge_ns: int) -> LinuxParams:
    at_zero = wheel_first - START_NS * trace.hz // NS_PER_S
    return replace(KERNEL, hz=trace.hz, wheel_first=at_zero, wheel_edge_ns=wheel_edge_ns)


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        KERNEL_OPTIONS[name]: bool(value) if name == "keepalive" else int(value)
        for name, value in given.items()
    }


def neighbour_params(sysctls: Mapping[str, Any], reachable_ms: int | None) -> NeighbourParams:
    """``reachable_ms``: what the kernel has drawn around base_reachable_time_ms, if known."""
    given = {
        _NEIGHBOUR[name.rpartition(".")[2]]: int(value)
        for name, value in sysctls.items()
        if name.rpartition(".")[2] in _NEIGHBOUR
    }
    if reachable_ms is not None:
        given["reachable_ms"] = reachable_ms
    return NeighbourParams(**given)
