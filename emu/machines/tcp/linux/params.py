"""What a policy of the linux stack says.  Ranges: ``emu/transports/tcp_linux.py``."""

from __future__ import annotations

from dataclasses import dataclass

from emu.machines.tcp.linux.wheel import Wheel


@dataclass(slots=True, kw_only=True)
class SocketOptions:
    """What a program set on its socket.  Changed by ``SetOption``; a listener's are inherited.

    ``idle_s``, ``interval_s``, ``count``: TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT.
    ``user_timeout_ms``: TCP_USER_TIMEOUT, 0 for none.  ``nodelay``: TCP_NODELAY.
    """

    keepalive: bool
    idle_s: int
    interval_s: int
    count: int
    user_timeout_ms: int
    nodelay: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinuxParams:
    """Sysctls of net.ipv4 by their names, the wheel, and what a socket starts with.

    ``retries2``: a budget of time, not a count (facts/tcp.md 3.2).  ``orphan_retries``: 0 means
    8 while the back-off is below its ceiling.  ``early_retrans``: tail loss probes.
    ``receive_buffer``: octets a program may leave unread; ``window``: the most that is offered.
    ``initial_window``: segments (RFC 6928).
    """

    hz: int
    wheel_first: int
    wheel_edge_ns: int
    keepalive: bool
    keepalive_idle_s: int
    keepalive_interval_s: int
    keepalive_count: int
    user_timeout_ms: int
    nodelay: bool
    retries1: int
    retries2: int
    orphan_retries: int
    syn_retries: int
    synack_retries: int
    rto_min_us: int
    rto_max_ms: int
    invalid_ratelimit_ms: int
    early_retrans: bool
    timestamps: bool
    fin_timeout_ns: int
    time_wait_ns: int
    initial_window: int
    window: int
    mss: int
    arp_lifetime_ns: int | None

    def wheel(self) -> Wheel:
        """A host's clock by this policy."""
        return Wheel(self.hz, self.wheel_first, self.wheel_edge_ns)

    def options(self, *, keepalive: bool) -> SocketOptions:
        """What a new socket has; ``keepalive``: whether this end turns it on at all."""
        return SocketOptions(
            keepalive=keepalive and self.keepalive,
            idle_s=self.keepalive_idle_s,
            interval_s=self.keepalive_interval_s,
            count=self.keepalive_count,
            user_timeout_ms=self.user_timeout_ms,
            nodelay=self.nodelay,
        )
