"""Plays a plan's portions on several processes of this machine.

Every run is a function of (scenario, policy, seed), so neither the number of workers nor the
size of the portions can change a result; they only change when it comes.  Workers are told
portions one at a time through a pipe of their own.

They are forks of this process where that is safe: a fresh one takes nearly a second to import
what it plays with, which is half of what a second core can save on a short comparison.  With a
second thread in this process (a fork would copy its locks as they are), or off Linux (other
systems' libraries do not promise to survive a fork), they are spawned.

Why not ``concurrent.futures``: a Ctrl-C must end everything at once and quietly, and Python
3.11 has no way to end an executor's workers in the middle of their work.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from emu.compare.outcome import Outcome
from emu.compare.plan import Batch, Plan

#: Called with runs done and runs in all.
Progress = Callable[[int, int], None]
#: What a worker's pipe carries: to it a portion, from it outcomes or a traceback's text.
if TYPE_CHECKING:
    Wire = Connection[Any, Any]
else:
    Wire = Connection


class WorkerFailed(RuntimeError):
    """A worker's own exception, as text, or its sudden end: a bug of ours or a full machine."""


def play_all(plan: Plan, jobs: int, progress: Progress | None = None) -> list[list[Outcome]]:
    """For every entry of the plan its outcomes in the order of seeds."""
    batches = plan.batches(jobs)
    workers = min(jobs, len(batches))
    played = _here(plan, batches) if workers == 1 else _elsewhere(plan, batches, workers)
    found: dict[Batch, list[Outcome]] = {}
    done = 0
    for batch, outcomes in played:
        found[batch] = outcomes
        done += len(outcomes)
        if progress is not None:
            progress(done, plan.runs)
    return [
        [each for batch in sorted(found) if batch.entry == entry for each in found[batch]]
        for entry in range(len(plan.entries))
    ]


Played = Iterator[tuple[Batch, list[Outcome]]]


def _here(plan: Plan, batches: Sequence[Batch]) -> Played:
    for batch in batches:
        yield batch, plan.play(batch)


def _elsewhere(plan: Plan, batches: Sequence[Batch], workers: int) -> Played:
    with _staff(plan, workers) as staff:
        waiting, busy = iter(batches), dict[Wire, Batch]()
        for pipe in staff:
            _next(pipe, waiting, busy)
        while busy:
            for pipe in wait([*busy]):
                assert isinstance(pipe, Connection)
                yield busy.pop(pipe), _received(pipe)
                _next(pipe, waiting, busy)


def _next(pipe: Wire, waiting: Iterator[Batch], busy: dict[Wire, Batch]) -> None:
    batch = next(waiting, None)
    if batch is not None:
        busy[pipe] = batch
        pipe.send(batch)


def _received(pipe: Wire) -> list[Outcome]:
    try:
        answer = pipe.recv()
    except (EOFError, ConnectionError) as error:
        raise WorkerFailed("a worker process ended in the middle of its work") from error
    if isinstance(answer, str):
        raise WorkerFailed(answer)
    return answer


@contextmanager
def _staff(plan: Plan, workers: int) -> Generator[list[Wire]]:
    """Workers; whatever happens, none of them outlives the block."""
    staff: list[tuple[BaseProcess, Wire]] = []
    try:
        for _ in range(workers):
            staff.append(_hired(plan, [pipe for _, pipe in staff]))
        yield [pipe for _, pipe in staff]
    finally:
        for process, pipe in staff:
            pipe.close()
            process.terminate()
        for process, _ in staff:
            process.join()


def _hired(plan: Plan, others: Sequence[Wire]) -> tuple[BaseProcess, Wire]:
    """A worker that waits, and this end of its pipe.  ``others``: this end of earlier pipes."""
    forks = sys.platform == "linux" and threading.active_count() == 1
    fork, spawn = multiprocessing.get_context("fork"), multiprocessing.get_context("spawn")
    context = fork if forks else spawn
    ours, theirs = context.Pipe()
    # A fork has this process's ends too; kept open, no worker would see this process go.
    inherited = (*others, ours) if forks else ()
    process = context.Process(target=_work, args=(theirs, plan, inherited), daemon=True)
    # Blocked while it starts: a terminal's Ctrl-C reaches the worker too, but is the parent's.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    theirs.close()
    return process, ours


def _work(pipe: Wire, plan: Plan, inherited: Sequence[Wire]) -> None:
    """A worker's life: one portion after the other, until the parent's end of the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in inherited:
        other.close()
    while True:
        try:
            batch = pipe.recv()
        except EOFError:
            return
        try:
            answer: list[Outcome] | str = plan.play(batch)
        except Exception:
            answer = traceback.format_exc()
        pipe.send(answer)
