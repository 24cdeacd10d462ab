"""Data in flight, closed sockets, shut windows."""

from __future__ import annotations

from emu.kernel.live.scenario import HEARTBEAT, NEIGHBOUR, R3, R4, WRITE, Scenario, ka

DATA = (
    Scenario(
        name="data_retries2_3",
        what="data in flight, a budget of 3 s",
        sysctl=R3,
        timeline=WRITE,
    ),
    Scenario(
        name="data_retries2_4",
        what="data in flight, a budget of 6.2 s",
        sysctl=R4,
        timeline=WRITE,
    ),
    Scenario(
        name="data_keepalive",
        what="data in flight silences keepalive",
        options=ka(1, 1, 2),
        sysctl=R4,
        timeline=WRITE,
    ),
    Scenario(
        name="data_rto_max",
        what="retransmissions at most 1 s apart",
        sysctl={"net.ipv4.tcp_retries2": 5, "net.ipv4.tcp_rto_max_ms": 1000},
        timeline=WRITE,
        needs=("tcp_rto_max_ms",),
    ),
    Scenario(
        name="data_rto_min",
        what="the floor of the time-out at 50 ms; the budget's base stays",
        sysctl={"net.ipv4.tcp_retries2": 3, "net.ipv4.tcp_rto_min_us": 50000},
        timeline=WRITE,
        needs=("tcp_rto_min_us",),
    ),
    Scenario(
        name="heartbeat",
        what="one-way heartbeat: dies like a single write",
        options=ka(2, 1, 3),
        sysctl=R3,
        timeline=HEARTBEAT,
    ),
    Scenario(
        name="data_arp_dead",
        what="data in flight, ARP fails: EHOSTUNREACH",
        sysctl={**R3, **NEIGHBOUR},
        vanish="drop_all",
        timeline=WRITE,
    ),
    Scenario(
        name="data_link_down",
        what="data in flight, no carrier",
        sysctl=R3,
        vanish="client_link_down",
        timeline=WRITE,
    ),
    Scenario(
        name="data_interface_deleted",
        what="data in flight, no route",
        sysctl=R3,
        vanish="netns_del",
        timeline=WRITE,
    ),
    Scenario(
        name="data_back",
        what="the client is back before the budget is spent",
        options=ka(1, 1, 3),
        sysctl=R4,
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
        options=ka(1, 1, 2),
        vanish="none",
        timeline=((0.2, "flood"),),
        client_rcvbuf=4096,
        client_reads=False,
    ),
    Scenario(
        name="window_shut_uto",
        what="hung application, window shut: TCP_USER_TIMEOUT ends it though answered",
        options=ka(1, 1, 2, uto=3000),
        vanish="none",
        timeline=((0.2, "flood"),),
        client_rcvbuf=4096,
        client_reads=False,
    ),
    Scenario(
        name="window_shut_power_off",
        what="window shut, then power loss: tcp_retries2 probes in a row",
        sysctl=R3,
        vanish="none",
        timeline=((0.2, "flood"), (2.5, "power_off")),
        client_rcvbuf=4096,
        client_reads=False,
        bound=25,
    ),
)
