"""Curves over a varied value: where points stand, where lines break, what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emu.compare.comparison import Comparison
from emu.compare.page.curve import PROBE_WAITS, Curve, cost_of, curve_of
from emu.compare.plan import Entry, Plan
from emu.compare.vary import Varied
from emu.policy.loader import load_policy
from emu.resources import policy_names
from emu.scenario.loader import load_scenario
from tests.compare.page.pages import row
from tests.compare.worlds import plan_of

IDLE = "policy.tcp.keepalive_idle"
#: A value, what it cost, and the p95.
COSTS = {"110s": 115.0, "130s": 156.0, "2h": 2.6}


def curve(
    *values: str,
    key: str = IDLE,
    policies: tuple[str, ...] = ("tcp-keepalive-nt4",),
    scenario: str = "dial-on-demand-power-loss",
    **changed: Any,
) -> Curve | None:
    """Policies over values, in that order, each row with the cost from ``COSTS``."""
    played = load_scenario(scenario)
    entries = [
        Entry(policy=load_policy(name), scenario=played, varied=Varied(name, key, value))
        for name in policies
        for value in values
    ]
    plan = Plan(scenario=played, entries=tuple(entries), seeds=1)
    rows: list[dict[str, Any]] = []
    for entry in entries:
        assert entry.varied is not None
        paid: dict[str, Any] = {"currency": "DEM", "cost": COSTS.get(entry.varied.value, 1.0)}
        found = row(entry.name, 10.0, varied=entry.varied._asdict(), wan_connected_s=0.0)
        rows.append({**found, **paid, **changed})
    return curve_of(plan, compared(rows))


def compared(rows: list[dict[str, Any]]) -> Comparison:
    return Comparison(scenario="x", seeds=1, rows=rows, not_applicable=[], thresholds=[], traces={})


def test_values_stand_in_order_however_they_were_typed() -> None:
    found = curve("2h", "110s", "2m10s")
    assert found is not None
    (series,) = found.series
    assert [sample.x for sample in series.samples] == [110.0, 130.0, 7200.0]
    assert (found.times, found.field, found.currency) == (True, "cost", "DEM")


def test_the_line_is_broken_where_the_dialled_line_hangs_up() -> None:
    """120 s in this scenario: 110 s is on one side, 130 s and 2 h on the other."""
    found = curve("110s", "130s", "2h")
    assert found is not None and found.idle_s == [120.0]
    parts = found.series[0].stretches()
    assert [[sample.x for sample in part] for part in parts] == [[110.0], [130.0, 7200.0]]


def test_a_value_at_the_time_out_itself_is_beyond_it() -> None:
    found = curve("110s", "120s")
    assert found is not None
    assert [len(part) for part in found.series[0].stretches()] == [1, 1]


@pytest.mark.parametrize(
    ("key", "scenario"),
    [
        ("policy.tcp.keepalive_interval", "dial-on-demand-power-loss"),
        ("links.wan.idle_timeout", "dial-on-demand-power-loss"),
        (IDLE, "power-loss-any-time"),
    ],
)
def test_only_a_probe_wait_behind_a_dialled_line_has_a_mark(key: str, scenario: str) -> None:
    found = curve("110s", "130s", key=key, scenario=scenario)
    assert found is not None and found.idle_s == []
    assert len(found.series[0].stretches()) == 1


def test_numbers_are_numbers_and_words_are_left_out() -> None:
    found = curve("5", "20", "none", key="policy.ncp.polls", policies=("ncp-netware",))
    assert found is not None
    assert (found.times, found.left_out) == (False, ("none",))
    assert [sample.x for sample in found.samples] == [5.0, 20.0]


@pytest.mark.parametrize("values", [("110s",), ("same", "new"), ("2m", "120s"), ("nan", "inf")])
def test_without_two_places_there_is_no_curve(values: tuple[str, ...]) -> None:
    assert curve(*values) is None


def test_without_a_varied_setting_there_is_no_curve(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, seeds=1)
    assert curve_of(plan, compared([row("nbf-nt4", 1.0)])) is None


def test_every_policy_is_a_line_of_its_own() -> None:
    found = curve("30s", "60s", policies=("tcp-keepalive-nt4", "tcp-keepalive-linux"))
    assert found is not None
    assert [(each.number, each.name) for each in found.series] == [
        (0, "tcp-keepalive-nt4"),
        (1, "tcp-keepalive-linux"),
    ]


def test_cost_is_money_else_the_time_up_else_octets() -> None:
    free = row("a", 1.0, wan_connected_s=0.0)
    assert cost_of([free]) == "bytes_on_wire"
    assert cost_of([free, {**free, "wan_connected_s": 5.0}]) == "wan_connected_s"
    assert cost_of([free, {**free, "currency": "DEM"}]) == "cost"


def test_every_probe_wait_is_a_duration_of_some_policy() -> None:
    kinds = {
        f"policy.{name}": parameter.kind
        for policy in policy_names()
        for name, parameter in load_policy(policy).parameters.items()
    }
    assert {kinds.get(key) for key in PROBE_WAITS} == {"duration"}
