"""The contract of every scenario that ships, now and later."""

from __future__ import annotations

import pytest

from emu.policy.carrying import provided_by
from emu.policy.loader import load_policy, policy_names
from emu.policy.model import SCENARIO
from emu.scenario.loader import load_scenario, scenario_names, scenario_titles
from emu.scenario.schema import json_schema
from emu.units import NS_PER_S
from tests.library import on_a_lan

NAMES = (
    "client-power-loss",
    "client-power-loss-and-restart",
    "client-quick-reboot",
    "healthy-day",
    "licence-limit",
    "restart-same-port",
)


def playable(scenario_name: str) -> list[str]:
    """The shipped policies that can play a scenario."""
    scenario = load_scenario(scenario_name)
    provides = {name: provided_by(load_policy(name)) for name in policy_names()}
    return [name for name in provides if not scenario.unmet_needs(provides[name])]


def test_the_promised_scenarios_are_there() -> None:
    assert set(NAMES) <= set(scenario_names())


@pytest.mark.parametrize("name", scenario_names())
def test_defaults_can_play_it_and_every_expectation_says_why(name: str) -> None:
    scenario = load_scenario(name)
    assert set(scenario.default_policies) <= set(playable(name))
    for expect in scenario.expects:
        assert set(expect.policies) <= set(playable(name))
        assert len(expect.why) > 10


@pytest.mark.parametrize("name", scenario_names())
def test_every_playable_policy_is_expected_something_of(name: str) -> None:
    scenario = load_scenario(name)
    here = set(playable(name)) if len(scenario.lans()) > 1 else {*playable(name)} & {*on_a_lan()}
    for policy in sorted(here):
        assert scenario.expects_for(policy), policy


@pytest.mark.parametrize("name", scenario_names())
def test_its_rules_fit_every_policy(name: str) -> None:
    scenario = load_scenario(name)
    for policy in playable(name):
        applied = scenario.applied_to(load_policy(policy))
        changed = {key for key, source in applied.sources.items() if source.grade == SCENARIO}
        assert changed == set(scenario.server_rules)


@pytest.mark.parametrize("name", scenario_names())
def test_a_title_fits_the_list(name: str) -> None:
    """A name of up to 27 letters stands in a column; a longer one pushes its title aside."""
    assert len(scenario_titles()[name]) + max(27, len(name)) <= 96


def test_client_power_loss_is_the_issues_timeline() -> None:
    """Log on at 0, work until 533 s every 53.3 s, power lost at 600 s, horizon 3 h."""
    scenario = load_scenario("client-power-loss")
    deeds = scenario.client("ws1").deeds()
    assert deeds[0] == (0, "log-on")
    assert [at_ns for at_ns, do in deeds if do == "work"] == [
        number * 53_300_000_000 for number in range(1, 11)
    ]
    (fault,) = scenario.faults
    assert (fault.at_ns, fault.kind, fault.off_for_ns) == (600 * NS_PER_S, "power-loss", None)
    assert scenario.horizon_ns == 3 * 3600 * NS_PER_S


def test_the_schema_knows_every_table() -> None:
    schema = json_schema()
    assert {"links", "clients", "faults", "expect", "server", "hosts"} <= set(schema["properties"])
    assert schema["properties"]["server"]["anyOf"][0]["$ref"] == "#/$defs/values-server"
    assert "values-server" in schema["$defs"]
