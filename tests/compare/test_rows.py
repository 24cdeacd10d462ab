"""What a row says of its policy's runs, and in which order the rows stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emu.compare.comparison import compare, comparison_json
from emu.compare.outcome import Outcome, Struck
from emu.compare.rows import ranked, row_of
from emu.policy.loader import load_policy
from emu.result import run_json
from emu.run import play
from tests.compare.worlds import plan_of

S = 10**9


def outcome(*delays_s: int | None, **changed: Any) -> Outcome:
    """One run whose clients were lost and noticed after so many seconds."""
    struck = tuple(Struck("ws1", 0, None if d is None else d * S) for d in delays_s)
    figures: dict[str, Any] = {
        "seed": 0, "sessions": 10, "struck": struck, "false_disconnects": 0,
        "probes": 4, "frames": 6, "bytes_on_wire": 384, "calls": 0, "connected_s": 0.0,
        "cost": 0.0, "currency": None, "ghost_ns": 0, "refused_by_limit": 0, "peak_sessions": 3,
    }  # fmt: skip
    return Outcome(**{**figures, **changed})


def row(name: str, *outcomes: Outcome) -> dict[str, Any]:
    return {**row_of(load_policy("tcp-no-keepalive"), outcomes), "policy": name}


def test_runs_are_summed_and_delays_pooled() -> None:
    """Delays 10, 20, 30, never: rank ceil(0.5 x 4) = 2 is 20, rank ceil(3.8) = 4 is never."""
    found = row(
        "p",
        outcome(10, 30, false_disconnects=1, ghost_ns=5 * S, peak_sessions=7),
        outcome(20, None, ghost_ns=S, refused_by_limit=2),
    )
    assert found["notice_delay_s"] == {"min": 10.0, "p50": 20.0, "p95": None, "max": None}
    assert (found["noticed"], found["never"], found["sessions"]) == (3, 1, 20)
    assert (found["probes"], found["frames"], found["bytes_on_wire"]) == (8, 12, 768)
    assert (found["ghost_session_s"], found["peak_sessions"]) == (6.0, 7)
    assert (found["refused_by_limit"], found["false_disconnects"]) == (2, 1)
    assert found["false_disconnect_rate"]["value"] == 0.05


def test_without_anything_to_notice_there_is_no_delay() -> None:
    found = row("p", outcome())
    assert found["notice_delay_s"] == dict.fromkeys(("min", "p50", "p95", "max"))
    assert (found["noticed"], found["never"]) == (0, 0)


def test_the_quickest_stands_first_and_never_last() -> None:
    rows = [row("never", outcome(None)), row("slow", outcome(90)), row("quick", outcome(9))]
    assert [each["policy"] for each in ranked(rows)] == ["quick", "slow", "never"]


def test_equally_quick_are_ranked_by_false_disconnects_then_cost_then_name() -> None:
    rows = [
        row("b", outcome(9)),
        row("false", outcome(9, false_disconnects=1, bytes_on_wire=1)),
        row("cheap", outcome(9, bytes_on_wire=100)),
        row("a", outcome(9)),
    ]
    assert [each["policy"] for each in ranked(rows)] == ["cheap", "a", "b", "false"]


def test_the_front_is_on_delay_octets_and_false_disconnects() -> None:
    rows = ranked(
        [
            row("quick", outcome(9)),
            row("cheap", outcome(90, bytes_on_wire=10)),
            row("beaten", outcome(90, bytes_on_wire=20)),
            row("silent", outcome(None, bytes_on_wire=0)),
        ]
    )
    assert {each["policy"]: each["pareto"] for each in rows} == {
        "quick": True, "cheap": True, "beaten": False, "silent": True,
    }  # fmt: skip


def test_where_a_link_has_a_tariff_money_is_the_cost() -> None:
    rows = ranked(
        [
            row("dear", outcome(9, cost=2.5, currency="DEM", bytes_on_wire=1)),
            row("beaten", outcome(9, cost=3.0, currency="DEM", bytes_on_wire=0)),
        ]
    )
    assert [(each["policy"], each["pareto"]) for each in rows] == [
        ("dear", True),
        ("beaten", False),
    ]


def test_rows_are_what_emu_run_says_seed_by_seed(tmp_path: Path) -> None:
    """The same figures, summed: a comparison knows nothing that a run does not say."""
    plan = plan_of(tmp_path, policies=["spx-nwlink", "tcp-no-keepalive"], seeds=2)
    by_name = {each["policy"]: each for each in compare(plan).rows}
    for policy in plan.policies:
        runs = [run_json(play(plan.scenario, policy, seed=seed)) for seed in range(2)]
        sessions = [session for run in runs for session in run["sessions"]]
        delays = sorted(
            each["notice_delay_s"] for each in sessions if each["notice_delay_s"] is not None
        )
        found = by_name[policy.name]
        assert found["sessions"] == len(sessions)
        assert found["frames"] == sum(each["probes"]["frames"] for each in sessions)
        assert found["bytes_on_wire"] == sum(each["probes"]["bytes_on_wire"] for each in sessions)
        assert found["notice_delay_s"]["min"] == (delays[0] if delays else None)
        assert found["ghost_session_s"] == pytest.approx(
            sum(run["server"]["ghost_session_s"] for run in runs)
        )
        assert found["peak_sessions"] == max(run["server"]["peak_sessions"] for run in runs)


GLITCH = """
[[faults]]
client = "ws1"
kind = "cable"
at = "6m"
for = "4s"
"""


def test_a_fault_that_is_sat_out_leaves_nothing_to_notice(tmp_path: Path) -> None:
    """product.md: under a cable's cut the client is alive; whoever keeps it is right."""
    from tests.compare.worlds import ONE

    text = ONE.split("[[faults]]")[0].replace("loss = 0.02", "loss = 0") + GLITCH
    (found,) = compare(plan_of(tmp_path, text, ["ncp-netware"], seeds=2)).rows
    assert (found["sessions"], found["noticed"], found["never"]) == (2, 0, 0)
    assert found["false_disconnects"] == 0


def test_a_live_client_thrown_out_is_a_false_disconnect_and_no_detection(tmp_path: Path) -> None:
    """Ten minutes without a cable: NT 4's NetBEUI is through after 50 s (facts/netbeui.md 2.5)."""
    from tests.compare.worlds import ONE

    text = ONE.split("[[faults]]")[0] + GLITCH.replace('"4s"', '"10m"')
    (found,) = compare(plan_of(tmp_path, text, ["nbf-nt4"], seeds=1)).rows
    assert (found["noticed"], found["never"], found["false_disconnects"]) == (0, 0, 1)


def test_the_json_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    found = comparison_json(compare(plan_of(tmp_path, policies=["spx-nwlink"], seeds=1)))
    assert [*found] == ["schema_version", "scenario", "seeds", "rows", "not_applicable",
                        "thresholds"]  # fmt: skip
    contract = """policy transport sessions noticed never notice_delay_s false_disconnects frames
        bytes_on_wire wan_calls wan_connected_s cost currency ghost_session_s refused_by_limit
        false_disconnect_rate peak_sessions leaked_session_s data_lost_bytes pareto"""
    assert set(contract.split()) <= set(found["rows"][0])
    assert (found["schema_version"], found["seeds"]) == (1, 1)
