"""Workers that fail: loud, and nobody is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emu.compare.plan import Batch
from emu.compare.pool import WorkerFailed, play_all
from tests.cli.commands import python
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


ORPHANED = """
import multiprocessing, os, signal
from emu.compare.pool import _staff
with _staff(None, 2) as pipes:
    print(*[process.pid for process in multiprocessing.active_children()], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_no_worker_outlives_a_parent_that_is_killed() -> None:
    """Forks have each other's pipes unless they close them, and would wait for ever."""
    done = python("-c", ORPHANED)
    workers = [int(pid) for pid in done.stdout.split()]
    assert len(workers) == 2
    patience = time.monotonic() + 10
    while any(alive(pid) for pid in workers) and time.monotonic() < patience:
        continue
    assert not any(alive(pid) for pid in workers)


def alive(pid: int) -> bool:
    """Not dead: a zombie waits only for whoever inherited it (proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.slow
def test_beside_a_second_thread_workers_are_spawned_and_say_the_same(tmp_path: Path) -> None:
    """A fork would copy that thread's locks in whatever state they are."""
    plan = plan_of(tmp_path, seeds=2)
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        beside = play_all(plan, 2)
    finally:
        over.set()
        thread.join()
    assert beside == play_all(plan, 2) == play_all(plan, 1)
