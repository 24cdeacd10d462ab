"""Routers and boxes that answer for the dead, judged at the server's tap and beside the dead.

What the wire of one LAN cannot show, another one does: both are asserted, each from a capture
that holds nothing else, and from the one that holds all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.check import Report, Verdict, check_file
from emu.check.rules import FlowClass
from emu.check.timeline import How
from emu.policy.loader import load_policy
from emu.run import parse_gear, play, write_capture
from emu.scenario.loader import load_scenario
from emu.units import NS_PER_S


def judged(folder: Path, scenario_name: str, policy_name: str, *only: str) -> Report:
    """The verdict on a run's capture; ``only``: interfaces whose frames stay in it."""
    scenario = load_scenario(scenario_name)
    policy = scenario.applied_to(load_policy(policy_name))
    result = play(scenario, policy, seed=0, gear=parse_gear("virtual"))
    recording = result.recording
    if only:
        names = [each.name for each in recording.interfaces]
        first = recording.frames[0]
        # The first row is the zero of all times.
        recording.frames[:] = [
            each for each in recording.frames if names[each[0]] in only or each is first
        ]
        recording.comments.clear()
    path = folder / "run.pcapng"
    write_capture(result, path)
    return check_file(path)


def one(report: Report, transport: str) -> Verdict:
    (flow,) = [flow for flow in report.flows if flow.transport == transport]
    return flow


def seconds(at_ns: int | None) -> float:
    assert at_ns is not None
    return at_ns / NS_PER_S


@pytest.mark.parametrize("policy", ["ncp-netware-spoofed", "spx-nwlink-spoofed"])
def test_a_spoofed_client_is_alive_to_its_server_and_silent_at_home(
    tmp_path: Path, policy: str
) -> None:
    """``spoofed-forever``: dark from 1800 s on, asked and answered for until 4 h."""
    transport = policy.partition("-")[0]
    flow = one(judged(tmp_path, "spoofed-forever", policy), transport)
    assert (flow.flow_class, flow.dead, flow.interface) == (FlowClass.ALIVE, None, "server-lan")
    assert seconds(flow.last_ns) > 14_400 - 300
    elsewhere = dict(flow.seen_elsewhere)
    assert set(elsewhere) == {"office", "wan-b1"}
    assert FlowClass.ALIVE not in elsewhere.values()
    far = one(judged(tmp_path, "spoofed-forever", policy, "office"), transport)
    assert far.interface == "office"
    assert seconds(far.last_ns) < 1800, "nobody speaks in its name there"
    near = one(judged(tmp_path, "spoofed-forever", policy, "server-lan"), transport)
    assert near.flow_class is FlowClass.ALIVE
    assert near.seen_elsewhere == ()


def test_dlsw_tells_the_server_goodbye_and_the_far_lan_shows_who_died(tmp_path: Path) -> None:
    """``nbf-nt4-dlsw``: 8 polls of the far router in vain, 18 s, and a DISC to the server."""
    flow = one(judged(tmp_path, "spoofed-forever", "nbf-nt4-dlsw"), "nbf")
    assert (flow.flow_class, flow.interface) == (FlowClass.CLOSED, "server-lan")
    assert flow.seen_elsewhere == (("office", FlowClass.GAVE_UP),)
    far = one(judged(tmp_path, "spoofed-forever", "nbf-nt4-dlsw", "office"), "nbf")
    assert (far.flow_class, far.dead, far.how) == (FlowClass.GAVE_UP, 1, How.END_FRAME)
    assert seconds(far.last_heard_ns) < 1800


@pytest.mark.parametrize(
    ("policy", "bob", "noticed_s"),
    [
        ("tcp-keepalive-nt4-5min", FlowClass.GAVE_UP, 906.2),
        ("tcp-no-keepalive", FlowClass.UNKNOWN, None),
    ],
)
def test_a_full_proxy_makes_two_connections_of_one(
    tmp_path: Path, policy: str, bob: FlowClass, noticed_s: float | None
) -> None:
    """``load-balancer-answers``: each leg has its own endpoints and its own verdict.

    Bob's last octet is the acknowledgement at 601.2 s; 300 s and 5 probes later is 906.2 s.
    """
    report = judged(tmp_path, "load-balancer-answers", policy)
    legs = {flow.interface + flow.b.partition(":")[0]: flow for flow in report.flows}
    asked = policy != "tcp-no-keepalive"
    ann = FlowClass.ALIVE if asked else FlowClass.UNKNOWN
    assert {name: flow.flow_class for name, flow in legs.items()} == {
        "server-lan10.0.254.254": ann,
        "anns-lan10.1.0.11": FlowClass.UNKNOWN,
        "server-lan10.0.254.253": bob,
        "bobs-lan10.2.0.12": bob,
    }
    assert seconds(legs["anns-lan10.1.0.11"].last_ns) < 660, "dark since then"
    if noticed_s is not None:
        for name in ("server-lan10.0.254.253", "bobs-lan10.2.0.12"):
            assert legs[name].dead == 1
            assert legs[name].host_alive is False
            assert seconds(legs[name].disconnected_at_ns) == pytest.approx(noticed_s, abs=0.1)


def test_a_nat_that_forgot_looks_like_a_restart_or_a_death(tmp_path: Path) -> None:
    """``nat-forgets-350s``: one NAT refuses what comes later, the other one says nothing; at
    25 h both people work on, and their side gets the same treatment."""
    report = judged(tmp_path, "nat-forgets-350s", "tcp-keepalive-nt4")
    found = {
        (flow.interface, flow.b.partition(":")[0]): flow
        for flow in report.flows
        if flow.b.endswith((":1025", ":49152"))
    }
    assert {name: (flow.flow_class, flow.dead) for name, flow in found.items()} == {
        ("server-lan", "10.0.254.254"): (FlowClass.REBOOTED, 1),
        ("server-lan", "10.0.254.253"): (FlowClass.GAVE_UP, 1),
        ("anns-lan", "10.1.0.11"): (FlowClass.REBOOTED, 0),
        ("bobs-lan", "10.2.0.12"): (FlowClass.GAVE_UP, 0),
    }
    assert {flow.host_alive for flow in found.values()} == {True}, "false deaths, all of them"


@pytest.mark.parametrize("only", ["server-lan", "wan-b1", "office"])
def test_any_single_tap_names_the_dead(tmp_path: Path, only: str) -> None:
    """``dial-on-demand-power-loss``, NT 4: five probes a second apart, and a RST.

    The line brings three of them in one burst, which counts once, and the fourth 0.4 s behind it,
    too soon for a probe of its own.
    """
    flow = one(judged(tmp_path, "dial-on-demand-power-loss", "tcp-keepalive-nt4", only), "tcp")
    assert (flow.flow_class, flow.dead, flow.how) == (FlowClass.GAVE_UP, 1, How.RST)
    assert flow.interface == only
    assert flow.probes_unanswered == (5 if only == "server-lan" else 2)
    assert seconds(flow.disconnected_at_ns) == pytest.approx(14412.86, abs=0.01)


def test_lines_and_events_are_read(tmp_path: Path) -> None:
    report = judged(tmp_path, "dial-on-demand-power-loss", "tcp-keepalive-nt4")
    assert report.unread == 0
    # Three calls: LAPD's set-up and Q.931, 20 frames each; LCP, IPCP and the end, 10 each.
    assert dict(report.without_flow) == {"event-row": 4, "lapd": 60, "ppp-control": 30}
