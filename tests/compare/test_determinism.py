"""Same input, same bytes: for any worker count, any portions, any hash seed, and again."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from emu.compare.comparison import Comparison, compare, comparison_json
from emu.compare.csv_file import csv_text
from emu.compare.plan import Batch
from tests.cli.commands import python
from tests.compare.worlds import ONE, plan_of


def octets(comparison: Comparison) -> tuple[str, str]:
    return json.dumps(comparison_json(comparison)), csv_text(comparison)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [2, 4])
def test_any_number_of_workers_gives_the_same_bytes(jobs: int, tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert octets(compare(plan, jobs=jobs)) == octets(compare(plan))


def test_the_same_again_gives_the_same_bytes(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, seeds=2)
    assert octets(compare(plan)) == octets(compare(plan))


@pytest.mark.slow
def test_any_hash_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """In processes of their own, JSON and CSV, one worker and two."""
    (tmp_path / "one.toml").write_text(ONE, encoding="utf-8")
    found: list[tuple[str, bytes]] = []
    for number, hash_seed in enumerate(("0", "1", "4711")):
        out = tmp_path / f"{number}.csv"
        command = ["-m", "emu", "compare", str(tmp_path / "one.toml"), "--seeds", "2", "--json"]
        command += ["--policy", "spx-nwlink", "--policy", "nbf-nt4", "--csv", str(out)]
        done = python(*command, "--jobs", str(1 + number % 2), PYTHONHASHSEED=hash_seed)
        assert (done.returncode, done.stderr) == (0, "")
        found.append((done.stdout, out.read_bytes()))
    assert found[1:] == found[:1] * 2


def test_portions_change_nothing(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, seeds=3)
    whole = plan.play(Batch(0, 0, 3))
    assert [each for seed in range(3) for each in plan.play(Batch(0, seed, seed + 1))] == whole


def test_portions_are_all_runs_once(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, seeds=250)
    for jobs in (1, 2, 7):
        runs = [(b.entry, seed) for b in plan.batches(jobs) for seed in range(b.first, b.end)]
        assert sorted(runs) == [(p, s) for p in range(len(plan.policies)) for s in range(250)]


def test_a_plan_crosses_processes_whole(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert pickle.loads(pickle.dumps(plan)) == plan
