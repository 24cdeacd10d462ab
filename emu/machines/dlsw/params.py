"""The numbers of a data link switch, each with its source and grade.

Grades as in policies: A primary document, B one good secondary source, C derived or one
secondary source, assumption.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from emu.machines.llc2.back_off import Fixed
from emu.machines.llc2.params import DM_THEN_ACCEPT, LinkParams
from emu.machines.tcp.params import Personality, TcpParams
from emu.units import format_duration, milliseconds, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DlswParams:
    """``link``: of the LLC2 links to the switch's own stations.

    ``idle_polling``: whether it polls them when they are silent for Ti; without it an idle dead
    station is not noticed until data for it comes.  ``circuit_start_ns``: how long the station
    that called is kept waiting for the far switch (the timer CIRCUIT_START).
    ``tcp``: of the connection to the other switch.  ``pacing_window``: what the capabilities
    exchange announces, 1..65535 (nothing is paced here).
    """

    link: LinkParams
    idle_polling: bool
    circuit_start_ns: int
    tcp: TcpParams
    pacing_window: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number is from."""

    grade: str
    text: str


#: Cisco IOS, as far as the fact sheet has it; idle LLC2 links are polled.
CISCO = DlswParams(
    link=LinkParams(
        reply=Fixed(first_ns=seconds(1), then_ns=seconds(1)),
        set_up=Fixed(first_ns=seconds(1), then_ns=seconds(1)),
        n2=8,
        first_poll_counts=True,
        data_wait_counts=False,
        inactivity_ns=seconds(10),
        ack_delay_ns=milliseconds(3200),
        ack_frames=3,
        window=7,
        resets=False,
        live_sabme=DM_THEN_ACCEPT,
    ),
    idle_polling=True,
    circuit_start_ns=seconds(60),
    tcp=TcpParams(
        keepalive=False,
        keepalive_idle_ns=seconds(7200),
        keepalive_interval_ns=seconds(75),
        retransmissions=5,
        first_probe_counts=True,
        first_rto_ns=seconds(3),
        syn_rto_ns=seconds(3),
        syn_retransmissions=5,
        ack_delay_ns=milliseconds(200),
        window=8192,
        mss=1460,
        time_wait_ns=seconds(60),
        reset_on_probe_give_up=True,
        reset_on_data_give_up=True,
        arp_lifetime_ns=None,
        personality=Personality(ttl=255),
    ),
    pacing_window=20,
)

_CISCO_T2 = "Cisco IOS 10.2, llc2 ack-delay-time 3200 ms (facts/netbeui.md 2.3)"

#: By the names of the fields above.
SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "link.reply": Source("C", "T1 1 s, Planet CS-6306R, a clone (facts/netbeui.md 2.3)"),
        "link.set_up": Source("assumption", "SABME and DISC wait as long as polls do"),
        "link.n2": Source("C", "8, Planet CS-6306R, a clone (facts/netbeui.md 2.3)"),
        "link.first_poll_counts": Source(
            "assumption", "8 s behind Ti; 9 s in the other reading (facts/netbeui.md 2.5)"
        ),
        "link.data_wait_counts": Source("assumption", "the I frame's own wait is no poll"),
        "link.inactivity_ns": Source(
            "A", "Cisco IOS 10.2, llc2 idle-time 10 s (facts/netbeui.md 2.3)"
        ),
        "link.ack_delay_ns": Source("A", _CISCO_T2),
        "link.ack_frames": Source("assumption", "no document at hand: 3"),
        "link.window": Source("assumption", "no document at hand: 7"),
        "link.live_sabme": Source("A", "RFC 1795 5.1: DM, then the next SABME is accepted"),
        "idle_polling": Source("A", "an idle-time there is (facts/netbeui.md 2.3), so it polls"),
        "circuit_start_ns": Source(
            "assumption", "RFC 1795 5.2.3 gives no value; longer than a modem takes to dial"
        ),
        "tcp.keepalive": Source("A", "RFC 1122 4.2.3.6: off by default"),
        "tcp.retransmissions": Source(
            "C", "RFC 1122 4.2.3.5: at least 100 s; 3 s doubled five times are 189 s"
        ),
        "tcp.syn_retransmissions": Source("C", "RFC 1122 4.2.3.5: at least 3 minutes; 189 s"),
        "tcp.first_rto_ns": Source("A", "RFC 1122 4.2.3.1: 3 s before anything is measured"),
        "tcp.ack_delay_ns": Source("assumption", "below RFC 1122 4.2.3.2's 500 ms"),
        "tcp.personality": Source("assumption", "time to live 255"),
        "pacing_window": Source("assumption", "RFC 1795 7.6.3 wants it not to be zero"),
    }
)


def assumptions(params: DlswParams) -> list[dict[str, str]]:
    """What no source decides, as the answers of a run list it."""
    return [
        {"what": f"dlsw.{name}", "value": _shown(params, name), "why": source.text}
        for name, source in SOURCES.items()
        if source.grade == "assumption"
    ]


def _shown(params: DlswParams, name: str) -> str:
    value: object = params
    for part in name.split("."):
        value = getattr(value, part)
    match value:
        case Fixed(first_ns=first_ns):
            return format_duration(first_ns)
        case Personality(ttl=ttl):
            return f"TTL {ttl}"
        case int() if name.endswith("_ns"):
            return format_duration(value)
        case _:
            return str(value).lower()
