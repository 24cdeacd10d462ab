"""What a client may do besides being gone."""

from __future__ import annotations

from emu.kernel.live.scenario import Scenario, ka

CLIENT = (
    Scenario(
        name="client_killed",
        what="the client's process ends: FIN",
        options=ka(1, 1, 3),
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
        options=ka(1, 1, 2),
        vanish="none",
        bound=7,
    ),
    Scenario(
        name="client_back_idle",
        what="silent for a while, back before the count is used up",
        options=ka(1, 1, 5),
        timeline=((3.4, "restore"),),
        bound=8,
    ),
    Scenario(
        name="reboot_probe",
        what="power loss, back without state: RST to the first probe",
        options=ka(2, 1, 3),
        vanish="power_off",
        timeline=((0.5, "restore"),),
    ),
    Scenario(
        name="reboot_second_probe",
        what="power loss, back between two probes",
        options=ka(1, 1, 3),
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
        options=ka(2, 1, 3),
        vanish="netns_del",
        timeline=((0.8, "netns_new"),),
    ),
    Scenario(
        name="both_probe",
        what="both ends probe a living peer: each one's probes keep the other silent",
        options=ka(2, 1, 3),
        client_options=ka(1, 1, 3),
        vanish="none",
        bound=8,
    ),
    Scenario(
        name="both_probe_silent",
        what="both ends probe into silence",
        options=ka(2, 1, 2),
        client_options=ka(1, 1, 2),
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
