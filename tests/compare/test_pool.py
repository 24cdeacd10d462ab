"""Workers that fail: loud, and nobody is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emu.compare.plan import Batch
from emu.compare.pool import WorkerFailed, play_all
from tests.compare.worlds import plan_of


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A plan whose portions go wrong."""

    entries: tuple[int, ...] = (0, 1)
    runs: int = 2
    deadly: bool = False

    def batches(self, jobs: int) -> list[Batch]:
        return [Batch(0, 0, 1), Batch(1, 0, 1)]

    def play(self, batch: Batch) -> list[Any]:
        if self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        raise ZeroDivisionError("a bug of ours")


@pytest.mark.slow
def test_a_workers_exception_is_the_parents() -> None:
    with pytest.raises(WorkerFailed, match="ZeroDivisionError: a bug of ours"):
        play_all(Trouble(), 2)  # type: ignore[arg-type]
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_a_worker_that_is_killed_is_noticed() -> None:
    with pytest.raises(WorkerFailed, match="ended in the middle"):
        play_all(Trouble(deadly=True), 2)  # type: ignore[arg-type]
    assert multiprocessing.active_children() == []


def test_progress_counts_every_run(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    plan = plan_of(tmp_path, policies=["tcp-no-keepalive"], seeds=3)
    play_all(plan, 1, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)
    assert seen == sorted(seen)
