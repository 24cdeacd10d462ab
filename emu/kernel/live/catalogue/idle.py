"""An idle connection whose client is gone: keepalive and TCP_USER_TIMEOUT."""

from __future__ import annotations

from emu.kernel.live.scenario import HEARTBEAT, NEIGHBOUR, WRITE, Scenario, ka

IDLE = (
    Scenario(name="idle_1_1_4", what="silent client, keepalive 1/1/4", options=ka(1, 1, 4)),
    Scenario(name="idle_2_1_1", what="a count of one: one lost probe", options=ka(2, 1, 1)),
    Scenario(name="idle_1_3_2", what="interval longer than idle", options=ka(1, 3, 2)),
    Scenario(
        name="idle_all_dropped",
        what="ARP is dead too, but the neighbour is still trusted",
        options=ka(1, 1, 3),
        vanish="drop_all",
    ),
    Scenario(
        name="idle_arp_dead",
        what="ARP fails before the count: still ETIMEDOUT",
        options=ka(2, 1, 4),
        sysctl=NEIGHBOUR,
        vanish="drop_all",
    ),
    Scenario(
        name="idle_link_down",
        what="the client's end of the cable is down: no carrier",
        options=ka(2, 1, 2),
        vanish="client_link_down",
    ),
    Scenario(
        name="idle_server_link_down",
        what="the server's own interface is down: no route",
        options=ka(1, 1, 3),
        vanish="server_link_down",
    ),
    Scenario(
        name="idle_interface_deleted",
        what="the interface is gone for good",
        options=ka(1, 1, 3),
        vanish="netns_del",
    ),
    Scenario(
        name="idle_on_listener",
        what="options set on the listener are inherited",
        options=ka(1, 2, 2),
        options_on_listener=True,
    ),
    Scenario(
        name="idle_after_traffic",
        what="idle counts from the client's last octet",
        options=ka(2, 1, 2),
        before=(0.4, 0.4, 0.03),
    ),
    Scenario(name="idle_off", what="no keepalive: never noticed", bound=6),
    Scenario(
        name="late_idle_first",
        what="TCP_KEEPIDLE before SO_KEEPALIVE: from the call",
        options=ka(2, 1, 2),
        timeline=((3.0, "sopt", "idle,intvl,cnt,keepalive"),),
    ),
    Scenario(
        name="late_keepalive_first",
        what="SO_KEEPALIVE before TCP_KEEPIDLE: from the last octet",
        options=ka(2, 1, 2),
        timeline=((3.0, "sopt", "keepalive,idle,intvl,cnt"),),
    ),
    Scenario(
        name="changed_count",
        what="TCP_KEEPCNT raised while probes are out",
        options=ka(1, 1, 2),
        timeline=((1.5, "sopt", {"cnt": 4}),),
    ),
    Scenario(
        name="changed_interval",
        what="TCP_KEEPINTVL changed while probes are out: from the next timer",
        options=ka(1, 1, 3),
        timeline=((1.5, "sopt", {"intvl": 2}),),
    ),
    Scenario(
        name="changed_idle",
        what="TCP_KEEPIDLE changed while idle: from the last octet",
        options=ka(6, 1, 2),
        timeline=((1.0, "sopt", {"idle": 2}),),
    ),
    Scenario(
        name="changed_off",
        what="SO_KEEPALIVE off while probes are out: never noticed",
        options=ka(1, 1, 3),
        timeline=((1.5, "sopt", {"keepalive": 0}),),
        bound=6,
    ),
    Scenario(
        name="changed_off_and_on",
        what="SO_KEEPALIVE off and on again while probes are out",
        options=ka(1, 1, 3),
        timeline=((1.5, "sopt", {"keepalive": 0}), (2.0, "sopt", {"keepalive": 1})),
    ),
)

USER_TIMEOUT = (
    Scenario(name="uto_500", what="below idle: one probe", options=ka(2, 1, 3, uto=500)),
    Scenario(name="uto_3500", what="between two probes", options=ka(2, 1, 9, uto=3500)),
    Scenario(name="uto_6000", what="beyond the count", options=ka(2, 1, 2, uto=6000)),
    Scenario(name="uto_alone", what="no keepalive, idle: never", options={"uto": 1000}, bound=5),
    Scenario(
        name="uto_set_late",
        what="TCP_USER_TIMEOUT set while probes are out",
        options=ka(1, 1, 9),
        timeline=((2.5, "sopt", {"uto": 3000}),),
    ),
    Scenario(
        name="data_uto_1500",
        what="data in flight, 1.5 s of patience",
        options={"uto": 1500},
        timeline=WRITE,
    ),
    Scenario(
        name="data_uto_5000",
        what="data in flight, 5 s of patience",
        options={"uto": 5000},
        timeline=WRITE,
    ),
    Scenario(
        name="heartbeat_uto",
        what="one-way heartbeat, cured by TCP_USER_TIMEOUT",
        options=ka(2, 1, 3, uto=3000),
        timeline=HEARTBEAT,
    ),
)
