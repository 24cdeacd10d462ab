"""The live scenarios as data: each can be told, and be played by both sides."""

from __future__ import annotations

import json

import pytest

from emu.kernel import play
from emu.kernel.live import ends
from emu.kernel.live.facilities import Facilities
from emu.kernel.live.scenarios import BY_NAME, SCENARIOS, Scenario
from emu.kernel.path import read_plan


def test_names_are_one_each_and_say_what_for() -> None:
    assert len(BY_NAME) == len(SCENARIOS)
    assert all(scenario.what and "\n" not in scenario.what for scenario in SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_both_sides_know_every_doing(scenario: Scenario) -> None:
    facts = json.loads(json.dumps(scenario.facts()))
    read_plan(facts["path"])
    assert scenario.vanish in ends.VANISH
    assert scenario.vanish in play._VANISH  # pyright: ignore[reportPrivateUsage]
    for at, what, *_ in scenario.timeline:
        assert 0 <= at < scenario.bound
        assert what in ends.ACTIONS
        assert what in play._ACTIONS  # pyright: ignore[reportPrivateUsage]


def test_the_long_ones_are_marked() -> None:
    assert all(scenario.slow == (scenario.bound > 30) for scenario in SCENARIOS)


def test_options_set_by_name_are_not_set_at_the_start() -> None:
    assert BY_NAME["late_idle_first"].late()
    assert not BY_NAME["changed_count"].late()


def test_what_the_kernel_lacks_is_named() -> None:
    old = Facilities(250, {"tcp_rto_max_ms": "no net.ipv4.tcp_rto_max_ms in this kernel"})
    assert old.why_not(BY_NAME["data_rto_max"]) == "no net.ipv4.tcp_rto_max_ms in this kernel"
    assert old.why_not(BY_NAME["data_retries2_3"]) is None
    loud = Facilities(250, {"nf_tables": "no nf_tables: Protocol not supported"})
    assert loud.why_not(BY_NAME["idle_1_1_4"]) == "no nf_tables: Protocol not supported"
    assert loud.why_not(BY_NAME["client_hung"]) is None
