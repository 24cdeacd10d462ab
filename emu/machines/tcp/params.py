"""What a TCP policy says, in nanoseconds and octets.  Ranges: ``emu/transports/tcp.py``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpParams:
    """``retransmissions`` is NT's TcpMaxDataRetransmissions: it counts keepalive probes too.

    ``first_probe_counts``: whether that count includes the first probe (facts/tcp.md 5).
    ``arp_lifetime_ns``: None for entries that never expire (architecture.md 7).
    """

    keepalive: bool
    keepalive_idle_ns: int
    keepalive_interval_ns: int
    retransmissions: int
    first_probe_counts: bool
    first_rto_ns: int
    syn_rto_ns: int
    syn_retransmissions: int
    ack_delay_ns: int
    window: int
    mss: int
    time_wait_ns: int
    reset_on_probe_give_up: bool
    reset_on_data_give_up: bool
    arp_lifetime_ns: int | None
