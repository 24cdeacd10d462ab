"""The scenarios of a live run, as data.  Times in seconds after the client vanished.

``options``: what the server's program sets (keepalive/idle/intvl/cnt, uto in ms).  Short timers
throughout: what is checked is the rules, not the patience of a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``before``: pauses in s after which the client says one more octet before it vanishes.

    ``bound``: how long to watch, at most.  ``path``: see ``emu.kernel.path``.  ``needs``: names
    of ``facilities``.  ``slow``: only with EMU_SLOW=1.
    """

    name: str
    what: str
    options: Mapping[str, int] = field(default_factory=_nothing)
    client_options: Mapping[str, int] = field(default_factory=_nothing)
    sysctl: Mapping[str, int] = field(default_factory=_nothing)
    router: Mapping[str, int] = field(default_factory=_nothing)
    path: Mapping[str, Any] = field(default_factory=_nothing)
    topology: str = "two"
    vanish: str = "drop_l3"
    timeline: tuple[tuple[Any, ...], ...] = ()
    before: tuple[float, ...] = ()
    bound: float = 15
    options_on_listener: bool = False
    client_rcvbuf: int | None = None
    client_reads: bool = True
    needs: tuple[str, ...] = ()
    slow: bool = False

    def late(self) -> bool:
        """Whether its options are set by the timeline rather than at the start."""
        return any(what == "sopt" and isinstance(more[0], str) for _, what, *more in self.timeline)

    def facts(self) -> dict[str, Any]:
        """What a recording says of its scenario."""
        return {
            "scenario": self.name,
            "desc": self.what,
            "topology": self.topology,
            "options": dict(self.options),
            "client_options": dict(self.client_options),
            "sysctl": dict(self.sysctl),
            "router": dict(self.router),
            "path": dict(self.path),
            "vanish": self.vanish,
            "timeline": [list(each) for each in self.timeline],
            "bound": self.bound,
            "client_rcvbuf": self.client_rcvbuf,
            "client_reads": self.client_reads,
            "options_on_listener": self.options_on_listener,
        }


def _ka(idle: int, intvl: int, cnt: int, **more: int) -> dict[str, int]:
    return {"keepalive": 1, "idle": idle, "intvl": intvl, "cnt": cnt, **more}


_R3 = {"net.ipv4.tcp_retries2": 3}
_R4 = {"net.ipv4.tcp_retries2": 4}
_HEARTBEAT = tuple((0.3 + second, "write", 1) for second in range(12))
#: A neighbour that is doubted at once and given up after a second.
_NEIGHBOUR = {
    "net.ipv4.neigh.%if%.base_reachable_time_ms": 600,
    "net.ipv4.neigh.%if%.delay_first_probe_time": 1,
    "net.ipv4.neigh.%if%.retrans_time_ms": 300,
    "net.ipv4.neigh.%if%.ucast_solicit": 1,
    "net.ipv4.neigh.%if%.mcast_solicit": 1,
}
_WRITE = ((0.3, "write", 100),)

_IDLE = (
    Scenario(name="idle_1_1_4", what="silent client, keepalive 1/1/4", options=_ka(1, 1, 4)),
    Scenario(name="idle_2_1_1", what="a count of one: one lost probe", options=_ka(2, 1, 1)),
    Scenario(name="idle_1_3_2", what="interval longer than idle", options=_ka(1, 3, 2)),
    Scenario(
        name="idle_all_dropped",
        what="ARP is dead too, but the neighbour is still trusted",
        options=_ka(1, 1, 3),
        vanish="drop_all",
    ),
    Scenario(
        name="idle_arp_dead",
        what="ARP fails before the count: still ETIMEDOUT",
        options=_ka(2, 1, 4),
        sysctl=_NEIGHBOUR,
        vanish="drop_all",
    ),
    Scenario(
        name="idle_link_down",
        what="the client's end of the cable is down: no carrier",
        options=_ka(2, 1, 2),
        vanish="client_link_down",
    ),
    Scenario(
        name="idle_server_link_down",
        what="the server's own interface is down: no route",
        options=_ka(1, 1, 3),
        vanish="server_link_down",
    ),
    Scenario(
        name="idle_interface_deleted",
        what="the interface is gone for good",
        options=_ka(1, 1, 3),
        vanish="netns_del",
    ),
    Scenario(
        name="idle_on_listener",
        what="options set on the listener are inherited",
        options=_ka(1, 2, 2),
        options_on_listener=True,
    ),
    Scenario(
        name="idle_after_traffic",
        what="idle counts from the client's last octet",
        options=_ka(2, 1, 2),
        before=(0.4, 0.4, 0.03),
    ),
    Scenario(name="idle_off", what="no keepalive: never noticed", bound=6),
    Scenario(
        name="late_idle_first",
        what="TCP_KEEPIDLE before SO_KEEPALIVE: from the call",
        options=_ka(2, 1, 2),
        timeline=((3.0, "sopt", "idle,intvl,cnt,keepalive"),),
    ),
    Scenario(
        name="late_keepalive_first",
        what="SO_KEEPALIVE before TCP_KEEPIDLE: from the last octet",
        options=_ka(2, 1, 2),
        timeline=((3.0, "sopt", "keepalive,idle,intvl,cnt"),),
    ),
    Scenario(
        name="changed_count",
        what="TCP_KEEPCNT raised while probes are out",
        options=_ka(1, 1, 2),
        timeline=((1.5, "sopt", {"cnt": 4}),),
    ),
    Scenario(
        name="changed_interval",
        what="TCP_KEEPINTVL changed while probes are out: from the next timer",
        options=_ka(1, 1, 3),
        timeline=((1.5, "sopt", {"intvl": 2}),),
    ),
    Scenario(
        name="changed_idle",
        what="TCP_KEEPIDLE changed while idle: from the last octet",
        options=_ka(6, 1, 2),
        timeline=((1.0, "sopt", {"idle": 2}),),
    ),
    Scenario(
        name="changed_off",
        what="SO_KEEPALIVE off while probes are out: never noticed",
        options=_ka(1, 1, 3),
        timeline=((1.5, "sopt", {"keepalive": 0}),),
        bound=6,
    ),
    Scenario(
        name="changed_off_and_on",
        what="SO_KEEPALIVE off and on again while probes are out",
        options=_ka(1, 1, 3),
        timeline=((1.5, "sopt", {"keepalive": 0}), (2.0, "sopt", {"keepalive": 1})),
    ),
)

_USER_TIMEOUT = (
    Scenario(name="uto_500", what="below idle: one probe", options=_ka(2, 1, 3, uto=500)),
    Scenario(name="uto_3500", what="between two probes", options=_ka(2, 1, 9, uto=3500)),
    Scenario(name="uto_6000", what="beyond the count", options=_ka(2, 1, 2, uto=6000)),
    Scenario(name="uto_alone", what="no keepalive, idle: never", options={"uto": 1000}, bound=5),
    Scenario(
        name="uto_set_late",
        what="TCP_USER_TIMEOUT set while probes are out",
        options=_ka(1, 1, 9),
        timeline=((2.5, "sopt", {"uto": 3000}),),
    ),
    Scenario(
        name="data_uto_1500",
        what="data in flight, 1.5 s of patience",
        options={"uto": 1500},
        timeline=_WRITE,
    ),
    Scenario(
        name="data_uto_5000",
        what="data in flight, 5 s of patience",
        options={"uto": 5000},
        timeline=_WRITE,
    ),
    Scenario(
        name="heartbeat_uto",
        what="one-way heartbeat, cured by TCP_USER_TIMEOUT",
        options=_ka(2, 1, 3, uto=3000),
        timeline=_HEARTBEAT,
    ),
)

_DATA = (
    Scenario(
        name="data_retries2_3",
        what="data in flight, a budget of 3 s",
        sysctl=_R3,
        timeline=_WRITE,
    ),
    Scenario(
        name="data_retries2_4",
        what="data in flight, a budget of 6.2 s",
        sysctl=_R4,
        timeline=_WRITE,
    ),
    Scenario(
        name="data_keepalive",
        what="data in flight silences keepalive",
        options=_ka(1, 1, 2),
        sysctl=_R4,
        timeline=_WRITE,
    ),
    Scenario(
        name="data_rto_max",
        what="retransmissions at most 1 s apart",
        sysctl={"net.ipv4.tcp_retries2": 5, "net.ipv4.tcp_rto_max_ms": 1000},
        timeline=_WRITE,
        needs=("tcp_rto_max_ms",),
    ),
    Scenario(
        name="data_rto_min",
        what="the floor of the time-out at 50 ms; the budget's base stays",
        sysctl={"net.ipv4.tcp_retries2": 3, "net.ipv4.tcp_rto_min_us": 50000},
        timeline=_WRITE,
        needs=("tcp_rto_min_us",),
    ),
    Scenario(
        name="heartbeat",
        what="one-way heartbeat: dies like a single write",
        options=_ka(2, 1, 3),
        sysctl=_R3,
        timeline=_HEARTBEAT,
    ),
    Scenario(
        name="data_arp_dead",
        what="data in flight, ARP fails: EHOSTUNREACH",
        sysctl={**_R3, **_NEIGHBOUR},
        vanish="drop_all",
        timeline=_WRITE,
    ),
    Scenario(
        name="data_link_down",
        what="data in flight, no carrier",
        sysctl=_R3,
        vanish="client_link_down",
        timeline=_WRITE,
    ),
    Scenario(
        name="data_interface_deleted",
        what="data in flight, no route",
        sysctl=_R3,
        vanish="netns_del",
        timeline=_WRITE,
    ),
    Scenario(
        name="data_back",
        what="the client is back before the budget is spent",
        options=_ka(1, 1, 3),
        sysctl=_R4,
        timeline=((0.3, "write", 100), (2.4, "restore")),
        bound=9,
    ),
    Scenario(
        name="orphan_retries_2",
        what="written, then closed: an orphan with two retries",
        sysctl={"net.ipv4.tcp_orphan_retries": 2},
        timeline=((0.3, "write", 100), (0.4, "close")),
    ),
    Scenario(
        name="orphan_fin",
        what="closed while the client is gone: the FIN is repeated",
        sysctl={"net.ipv4.tcp_orphan_retries": 3},
        timeline=((0.5, "close"),),
    ),
    Scenario(
        name="window_shut",
        what="hung application, window shut: probes for ever",
        options=_ka(1, 1, 2),
        vanish="none",
        timeline=((0.2, "flood"),),
        client_rcvbuf=4096,
        client_reads=False,
    ),
    Scenario(
        name="window_shut_uto",
        what="hung application, window shut: TCP_USER_TIMEOUT ends it though answered",
        options=_ka(1, 1, 2, uto=3000),
        vanish="none",
        timeline=((0.2, "flood"),),
        client_rcvbuf=4096,
        client_reads=False,
    ),
    Scenario(
        name="window_shut_power_off",
        what="window shut, then power loss: tcp_retries2 probes in a row",
        sysctl=_R3,
        vanish="none",
        timeline=((0.2, "flood"), (2.5, "power_off")),
        client_rcvbuf=4096,
        client_reads=False,
        bound=25,
    ),
)

_CLIENT = (
    Scenario(
        name="client_killed",
        what="the client's process ends: FIN",
        options=_ka(1, 1, 3),
        vanish="none",
        timeline=((0.5, "client_close"),),
        bound=5,
    ),
    Scenario(
        name="client_killed_unread",
        what="the client's process ends with octets unread: RST",
        vanish="none",
        timeline=((0.3, "write", 10), (0.6, "client_close")),
        client_reads=False,
        bound=5,
    ),
    Scenario(
        name="client_hung",
        what="the client's program hangs, its kernel answers: never noticed",
        options=_ka(1, 1, 2),
        vanish="none",
        bound=7,
    ),
    Scenario(
        name="client_back_idle",
        what="silent for a while, back before the count is used up",
        options=_ka(1, 1, 5),
        timeline=((3.4, "restore"),),
        bound=8,
    ),
    Scenario(
        name="reboot_probe",
        what="power loss, back without state: RST to the first probe",
        options=_ka(2, 1, 3),
        vanish="power_off",
        timeline=((0.5, "restore"),),
    ),
    Scenario(
        name="reboot_second_probe",
        what="power loss, back between two probes",
        options=_ka(1, 1, 3),
        vanish="power_off",
        timeline=((1.3, "restore"),),
    ),
    Scenario(
        name="reboot_data",
        what="power loss, back without state: RST to data",
        vanish="power_off",
        timeline=((0.5, "restore"), (1.0, "write", 10)),
        bound=5,
    ),
    Scenario(
        name="reboot_same_port",
        what="a SYN from the same port: challenge ACK, RST, ECONNRESET",
        vanish="power_off",
        timeline=((0.4, "restore"), (0.8, "reconnect", "same")),
        bound=5,
    ),
    Scenario(
        name="reboot_other_port",
        what="a SYN from another port: the old socket stays",
        vanish="power_off",
        timeline=((0.4, "restore"), (0.8, "reconnect", "other")),
        bound=4,
    ),
    Scenario(
        name="reboot_rebuilt",
        what="the namespace is gone and built again",
        options=_ka(2, 1, 3),
        vanish="netns_del",
        timeline=((0.8, "netns_new"),),
    ),
    Scenario(
        name="both_probe",
        what="both ends probe a living peer: each one's probes keep the other silent",
        options=_ka(2, 1, 3),
        client_options=_ka(1, 1, 3),
        vanish="none",
        bound=8,
    ),
    Scenario(
        name="both_probe_silent",
        what="both ends probe into silence",
        options=_ka(2, 1, 2),
        client_options=_ka(1, 1, 2),
        path={"flaps": [[0.2, 60]]},
        vanish="none",
    ),
    Scenario(
        name="simultaneous_close",
        what="FINs cross: CLOSING, then TIME-WAIT",
        path={"latency_ms": 100},
        vanish="none",
        timeline=((0.3, "close"), (0.35, "client_close")),
        bound=3,
    ),
)

_WAY = (
    Scenario(
        name="icmp_idle",
        what="the router says unreachable; about probes nobody listens",
        options=_ka(1, 1, 3),
        topology="router",
        vanish="router_far_link_down",
    ),
    Scenario(
        name="icmp_data",
        what="the router says unreachable, data in flight: ENETUNREACH, doublings undone",
        sysctl=_R4,
        topology="router",
        vanish="router_far_link_down",
        timeline=_WRITE,
        bound=25,
    ),
    Scenario(
        name="icmp_client_off_idle",
        what="the router asks for the client in vain: ICMP host unreachable",
        options=_ka(2, 1, 4),
        router=_NEIGHBOUR,
        topology="router",
        vanish="drop_all",
    ),
    Scenario(
        name="icmp_client_off_data",
        what="the same with data in flight: EHOSTUNREACH",
        sysctl=_R3,
        router=_NEIGHBOUR,
        topology="router",
        vanish="drop_all",
        timeline=_WRITE,
        bound=25,
    ),
    Scenario(
        name="loss_of_probe",
        what="the second probe is lost",
        options=_ka(1, 1, 3),
        path={"drop": [["server>", "keepalive", 2]]},
        vanish="none",
        bound=6,
    ),
    Scenario(
        name="loss_of_answer",
        what="the answers to the first two probes are lost",
        options=_ka(1, 1, 3),
        path={"drop": [[">server", "ack", 1], [">server", "ack", 2]]},
        vanish="none",
        bound=7,
    ),
    Scenario(
        name="loss_of_data",
        what="one segment is lost: the loss probe repairs it",
        options=_ka(1, 1, 3),
        path={"drop": [["server>", "data", 1]]},
        vanish="none",
        timeline=_WRITE,
        bound=4,
    ),
    Scenario(
        name="loss_of_data_and_probe",
        what="the segment and its loss probe are lost: the time-out repairs it",
        path={"drop": [["server>", "data", 1], ["server>", "rtx", 1]]},
        vanish="none",
        timeline=_WRITE,
        bound=4,
    ),
    Scenario(
        name="loss_of_ack",
        what="the acknowledgement is lost: the loss probe draws another",
        path={"drop": [[">server", "ack", 1]]},
        vanish="none",
        timeline=_WRITE,
        bound=4,
    ),
    Scenario(
        name="far_idle",
        what="300 ms away: a silent client's probes",
        options=_ka(2, 1, 2),
        path={"latency_ms": 150},
    ),
    Scenario(
        name="far_answered",
        what="300 ms away: answered probes",
        options=_ka(1, 1, 3),
        path={"latency_ms": 150},
        vanish="none",
        bound=6,
    ),
    Scenario(
        name="far_data",
        what="300 ms away: the time-out is an estimate, the budget is not",
        sysctl=_R3,
        path={"latency_ms": 150},
        timeline=_WRITE,
        bound=25,
    ),
    Scenario(
        name="far_data_back",
        what="300 ms away: data in flight, the client is back in time",
        sysctl=_R4,
        path={"latency_ms": 150},
        timeline=((0.3, "write", 100), (1.4, "restore"), (6.0, "write", 100)),
        bound=8,
    ),
    Scenario(
        name="far_talk",
        what="300 ms away: the estimate settles over five exchanges, then silence",
        sysctl=_R3,
        path={"latency_ms": 150, "flaps": [[3.6, 60]]},
        vanish="none",
        timeline=tuple((0.2 + 0.7 * n, "write", 50) for n in range(6)),
        bound=25,
    ),
    Scenario(
        name="flap_silent",
        what="a way that is silent twice, shorter than the count",
        options=_ka(1, 1, 3),
        path={"flaps": [[0.5, 2.6], [4.5, 6.6]]},
        vanish="none",
        bound=10,
    ),
    Scenario(
        name="flap_data",
        what="a way that is silent while data is in flight",
        options=_ka(1, 1, 3),
        sysctl=_R4,
        path={"flaps": [[0.2, 1.5]]},
        vanish="none",
        timeline=_WRITE,
        bound=6,
    ),
    Scenario(
        name="flap_carrier",
        what="the client's carrier goes and comes back before the count is used up",
        options=_ka(2, 1, 6),
        vanish="none",
        timeline=((0.2, "client_link_down"), (4.4, "client_link_up")),
        bound=9,
    ),
    Scenario(
        name="flap_too_long",
        what="back after the server gave up: its RST was lost, the client's octet draws another",
        options=_ka(1, 1, 2),
        timeline=((3.8, "restore"),),
        bound=6,
    ),
)

_SLOW = (
    Scenario(
        name="slow_idle_20_5_3",
        what="timers in the next level of the wheel",
        options=_ka(20, 5, 3),
        bound=60,
        slow=True,
    ),
    Scenario(
        name="slow_orphan",
        what="tcp_orphan_retries 0 stands for 8",
        timeline=((0.3, "write", 100), (0.4, "close")),
        bound=130,
        slow=True,
    ),
)

SCENARIOS = (*_IDLE, *_USER_TIMEOUT, *_DATA, *_CLIENT, *_WAY, *_SLOW)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
