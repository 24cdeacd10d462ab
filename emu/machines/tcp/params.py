"""What a TCP policy says, in nanoseconds and octets.  Ranges: ``emu/transports/tcp_*.py``."""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.machines.tcp.ticks import Ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """What other stacks do otherwise than NT 4, whose ways are the defaults (facts/tcp.md 5).

    ``keepalive_count``: probes, where the count is not shared with data (None: it is).
    ``keepalive_abort_ns``: Solaris gives up so long behind the idle time, whatever the number of
    probes, whose gaps double from ``first_rto`` to ``rto_max``; ``doubling_probes`` says that
    it does, and None that it never gives up.
    ``probes_beside_data``: BSD and lwIP probe although data is waiting.
    ``probe_octets``: what a probe carries.  ``probes_below_next``: its SEQ is SND.NXT-1 and not
    SND.UNA-1, which only differ beside data.
    ``backoff_max``: by how much the first wait may grow; ``rto_max_ns``: and up to where.
    ``data_abort_ns``: data unacknowledged for so long ends the connection (None: a count does).
    ``ticks``: what the timers hang on.
    ``ttl``: of every datagram, 1..255.
    """

    keepalive_count: int | None = None
    doubling_probes: bool = False
    keepalive_abort_ns: int | None = None
    probes_beside_data: bool = False
    probe_octets: bytes = b""
    probes_below_next: bool = False
    backoff_max: int | None = None
    rto_max_ns: int | None = None
    data_abort_ns: int | None = None
    ticks: Ticks = field(default_factory=Ticks)
    ttl: int = 128


#: Windows NT 4 has nothing that the parameters below do not say.
WINDOWS_NT4 = Personality()


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
    personality: Personality = WINDOWS_NT4
