"""Every policy meets the same instants: drawn from the seed, and from nothing else."""

from __future__ import annotations

from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from emu.compare.plan import Batch
from emu.net.link import Lan, Nic
from emu.scenario.loader import load_scenario
from emu.units import NS_PER_S
from tests.compare.worlds import ONE, plan_of

MINUTE = 60 * NS_PER_S


def struck_at(folder: Path, text: str = ONE) -> list[list[int]]:
    """By policy, the instants at which the client was lost, by seed."""
    plan = plan_of(folder, text, seeds=4)
    return [
        [each.at_ns for outcome in plan.play(Batch(number, 0, 4)) for each in outcome.struck]
        for number in range(len(plan.policies))
    ]


def test_every_policy_meets_the_same_instants(tmp_path: Path) -> None:
    first, *others = struck_at(tmp_path)
    assert others == [first] * 3
    assert len(set(first)) == 4
    assert all(10 * MINUTE <= at_ns <= 20 * MINUTE for at_ns in first)


def test_another_fault_moves_none_of_the_others(tmp_path: Path) -> None:
    """Each draw has dice of its own."""
    more = ONE.replace("[[faults]]", '[clients.ws2]\nuser = "bob"\nboot_time = "60s"\n'
                       'program = [{ at = "0s", do = "log-on" }]\n\n[[faults]]', 1) + (
        '\n[[faults]]\nclient = "ws2"\nkind = "power-loss"\n'
        'at = { from = "10m", until = "20m" }\n'
    )  # fmt: skip
    (tmp_path / "a.toml").write_text(ONE)
    (tmp_path / "b.toml").write_text(more)
    one, two = (load_scenario(tmp_path / name).drawn(7) for name in ("a.toml", "b.toml"))
    assert two.faults[0] == one.faults[0]
    assert two.faults[1].at_ns != one.faults[0].at_ns
    assert two.client("ws1") == one.client("ws1")


def test_the_phase_moves_the_whole_program(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(ONE)
    scenario = load_scenario(tmp_path / "a.toml")
    written = scenario.client("ws1").deeds()
    phases: set[int] = set()
    for seed in range(20):
        deeds = scenario.drawn(seed).client("ws1").deeds()
        (phase,) = {new - old for (old, _), (new, _) in zip(written, deeds, strict=True)}
        assert [do for _, do in deeds] == [do for _, do in written]
        phases.add(phase)
    assert len(phases) == 20
    assert min(phases) >= 0 and max(phases) <= 5 * MINUTE


def test_a_drawn_scenario_is_drawn_for_good(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(ONE)
    once = load_scenario(tmp_path / "a.toml").drawn(3)
    assert once.drawn(4) == once


@pytest.mark.parametrize("setting", ["700s", '{ from = "700s", until = "701s" }'])
def test_set_puts_an_instant_or_another_range_there(setting: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(ONE)
    scenario = load_scenario(tmp_path / "a.toml").with_setting("faults.1.at", setting)
    assert 700 * NS_PER_S <= scenario.drawn(9).faults[0].at_ns <= 701 * NS_PER_S


def test_jitter_delays_frames_and_keeps_their_order() -> None:
    """57.6 us of serialisation and 5 us of propagation at least (IEEE 802.3 3.1.1, 4.2.7)."""
    arrivals: list[int] = []
    clock: Any = SimpleNamespace(at=lambda due, *_: arrivals.append(due))
    lan = Lan(
        "lan",
        clock,
        bits_per_second=10**7,
        propagation_ns=5_000,
        loss=0.0,
        dice=Random(0),
        jitter_ns=2_000_000,
        jitter_dice=Random(1),
        recording=None,
    )
    sender, target = (Nic(name, b"\x02" + bytes(4) + name.encode(), lan) for name in "ab")
    frame = target.mac + sender.mac + b"\x08\x00" + bytes(46)
    for number in range(200):
        lan.offer(sender, frame, number * 100_000)
    delays = [at - number * 100_000 for number, at in enumerate(arrivals)]
    assert arrivals == sorted(arrivals)
    assert min(delays) >= 62_600 and max(delays) <= 62_600 + 2_000_000
    assert max(delays) - min(delays) > 1_000_000
