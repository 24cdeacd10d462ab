"""Every scenario of the library under every policy that can play it: check agrees with the run.

What is expected comes from the run's own account of its sessions (``emu.result``), which the
judge never sees; the classes follow from how the server noticed (product.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from emu.check import Report, Verdict, check_file
from emu.check.rules import FlowClass
from emu.check.timeline import How
from emu.errors import InputError
from emu.policy.loader import load_policy
from emu.resources import policy_names, scenario_names
from emu.result import run_json
from emu.run import check_playable, parse_gear, play, write_capture
from emu.scenario.loader import load_scenario
from emu.units import NS_PER_S

#: Transports that clear a dead peer without a word (facts/ipx.md 3.1 to 3.3).
SPEECHLESS = ("ncp", "spx", "nbipx")
DEAD = {FlowClass.GAVE_UP, FlowClass.REBOOTED, FlowClass.SILENT, FlowClass.HUNG}

Json = dict[str, Any]


def playable() -> Iterator[tuple[str, str]]:
    """Every pair of the library that can be played."""
    for scenario_name in scenario_names():
        scenario = load_scenario(scenario_name)
        for policy_name in policy_names():
            with suppress(InputError):
                check_playable(scenario, scenario.applied_to(load_policy(policy_name)))
                yield scenario_name, policy_name


def played(scenario_name: str, policy_name: str, folder: Path) -> tuple[Json, Report]:
    scenario = load_scenario(scenario_name)
    policy = scenario.applied_to(load_policy(policy_name))
    result = play(scenario, policy, seed=0, gear=parse_gear("virtual"))
    path = folder / "run.pcapng"
    return run_json(write_capture(result, path)), check_file(path)


def wanted_class(session: Json) -> tuple[FlowClass, How | None]:
    """How the server noticed, and what of it is on the wire."""
    noticed = next((each for each in session["states"] if each["state"] == "disconnected"), None)
    if session["noticed_at_s"] is None or noticed is None:
        return FlowClass.UNKNOWN, None
    if "unanswered" not in noticed["cause"]:
        return FlowClass.REBOOTED, None
    if session["transport"] in SPEECHLESS:
        return FlowClass.SILENT, How.NOT_ON_THE_WIRE
    return FlowClass.GAVE_UP, None


def seconds(at_ns: int | None) -> float:
    assert at_ns is not None
    return at_ns / NS_PER_S


def flow_of(session: Json, report: Report) -> Verdict:
    """The flow whose client was last heard when the run says so, to a second."""
    found = [
        flow
        for flow in report.flows
        if flow.last_heard_ns is not None
        and abs(flow.last_heard_ns / NS_PER_S - session["last_octet_at_s"]) < 1
        and flow.flow_class is wanted_class(session)[0]
    ]
    assert found, (session, [flow.sentence for flow in report.flows])
    return found[0]


@pytest.mark.parametrize(("scenario", "policy"), [*playable()])
def test_check_agrees_with_the_run(scenario: str, policy: str, tmp_path: Path) -> None:
    run, report = played(scenario, policy, tmp_path)
    lost = [each for each in run["sessions"] if each["fault"] is not None]
    for session in lost:
        flow_class, how = wanted_class(session)
        flow = flow_of(session, report)
        assert flow.transport == session["transport"]
        if flow_class is FlowClass.UNKNOWN:
            continue
        assert flow.dead == 1, "the client is the one that was not called"
        if how is not None:
            assert (flow.how, flow.disconnected_at_ns) == (how, None)
        else:
            at_s = seconds(flow.disconnected_at_ns)
            assert abs(at_s - session["noticed_at_s"]) < 1, flow.sentence
    noticed = [each for each in lost if each["noticed_at_s"] is not None]
    dead = [flow for flow in report.flows if flow.flow_class in DEAD]
    assert len(dead) == len(noticed), "not one false death, not one missed"
    assert report.unread == 0


@pytest.mark.parametrize("policy", policy_names())
def test_not_one_false_death_on_a_healthy_day(policy: str, tmp_path: Path) -> None:
    _, report = played("healthy-day", policy, tmp_path)
    assert {flow.flow_class for flow in report.flows} <= {FlowClass.ALIVE, FlowClass.UNKNOWN}
    assert {flow.dead for flow in report.flows} == {None}


def test_the_server_s_own_account_is_not_read(tmp_path: Path) -> None:
    """The same capture without its event rows gives the same flows, frame numbers aside."""
    scenario = load_scenario("client-power-loss")
    policy = scenario.applied_to(load_policy("ncp-netware"))
    result = play(scenario, policy, seed=0, gear=parse_gear("virtual"))
    full, mute = tmp_path / "full.pcapng", tmp_path / "mute.pcapng"
    write_capture(result, full)
    events = next(
        index for index, each in enumerate(result.recording.interfaces) if each.link_type == 252
    )
    frames = result.recording.frames
    first = frames[0]
    # The first row stays: it is the zero of all times.
    frames[:] = [each for each in frames if each[0] != events or each is first]
    result.recording.comments.clear()
    write_capture(result, mute)
    one, two = check_file(full).flows, check_file(mute).flows
    assert [each.sentence for each in one] == [each.sentence for each in two]
