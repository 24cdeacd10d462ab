"""Many scenarios at once, each in a process and namespaces of its own, each judged at its end.

The processes share nothing and leave nothing: namespaces are file descriptors, frames stay in
memory unless they are to be kept, and a process whose parent is gone is killed by the kernel.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from emu.kernel.compare import Verdict, judge
from emu.kernel.live import recorder
from emu.kernel.live.facilities import Facilities
from emu.kernel.live.forwarder import hurry
from emu.kernel.live.network import Network
from emu.kernel.live.program import Program
from emu.kernel.live.scenarios import Scenario
from emu.kernel.trace import trace_of

#: Scenarios under way at one time; most of them wait most of the time.
AT_ONCE = 24
#: What a scenario may take beyond its watch: building, judging, on a busy machine.
_GRACE_S = 90.0
_PR_SET_PDEATHSIG = 1
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One of three: ``verdict``; ``skipped``, why; ``broken``, the trouble with the run itself.

    ``first``: what was wrong at the first try, where this is the second.
    """

    scenario: Scenario
    verdict: Verdict | None = None
    skipped: str | None = None
    broken: str | None = None
    first: str = ""

    @property
    def holds(self) -> bool:
        return self.skipped is not None or (self.verdict is not None and self.verdict.holds)


@dataclass(slots=True)
class _Running:
    scenario: Scenario
    process: BaseProcess
    result: Connection
    until: float


def run(
    scenarios: Iterable[Scenario], facilities: Facilities, *, keep: Path | None = None
) -> Iterator[Outcome]:
    """Each as it ends.  ``keep``: the folder that recordings go to.

    A machine with other work may disturb a scenario (a frame that waits for a processor comes
    behind a timer): one that does not hold is played once more, alone, and says so.
    """
    todo: list[Scenario] = []
    for scenario in sorted(scenarios, key=lambda each: each.bound):
        why_not = facilities.why_not(scenario)
        if why_not is None:
            todo.append(scenario)
        else:
            yield Outcome(scenario=scenario, skipped=why_not)
    running: list[_Running] = []
    failed: list[Outcome] = []
    with _terminated_is_interrupted():
        try:
            while todo or running:
                while todo and len(running) < AT_ONCE:
                    running.append(_start(todo.pop(), facilities.hz, keep))
                for outcome in _ended(running):
                    if outcome.holds:
                        yield outcome
                    else:
                        failed.append(outcome)
            for outcome in failed:
                running.append(_start(outcome.scenario, facilities.hz, keep))
                (second,) = _ended(running)
                yield replace(second, first=_trouble(outcome))
        finally:
            _end_all(running)


def _trouble(outcome: Outcome) -> str:
    if outcome.verdict is None:
        return (outcome.broken or "").strip().rpartition("\n")[2]
    return outcome.verdict.troubles[0]


@contextlib.contextmanager
def _terminated_is_interrupted() -> Generator[None]:
    """SIGTERM unwinds as Control-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start(scenario: Scenario, hz: int, keep: Path | None) -> _Running:
    result, own = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_child, args=(os.getpid(), own, scenario, hz, keep))
    process.start()
    own.close()
    return _Running(scenario, process, result, time.monotonic() + scenario.bound + _GRACE_S)


def _ended(running: list[_Running]) -> Iterator[Outcome]:
    """Wait until one or more have ended, or taken too long."""
    patience = max(0.0, min(each.until for each in running) - time.monotonic())
    wait([each.result for each in running], patience)
    for each in list(running):
        late = time.monotonic() >= each.until
        if each.result.poll() or late:
            running.remove(each)
            yield _outcome(each)


def _outcome(each: _Running) -> Outcome:
    try:
        received = each.result.recv() if each.result.poll() else "took too long"
    except EOFError:
        received = "its process died"
    _end_all([each])
    if isinstance(received, Verdict):
        return Outcome(scenario=each.scenario, verdict=received)
    return Outcome(scenario=each.scenario, broken=str(received))


def _end_all(running: list[_Running]) -> None:
    for each in running:
        each.process.kill()
    for each in running:
        each.process.join()
        each.process.close()
        each.result.close()
    running.clear()


# --- in a scenario's process -----------------------------------------------------------------


def _child(parent: int, result: Connection, scenario: Scenario, hz: int, keep: Path | None) -> None:
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        result.send(perform(scenario, hz=hz, keep=keep))
    except Exception:
        result.send(traceback.format_exc())


def die_with(parent: int) -> None:
    """Be killed when the parent dies, however it does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it already has
        os._exit(1)


def perform(scenario: Scenario, *, hz: int, keep: Path | None = None) -> Verdict:
    """Play one in this process, and judge it."""
    with Network(scenario) as network:
        program = Program(scenario, network, hz=hz)
        with _hurried():
            facts = program.perform()
    if keep is not None:
        recorder.write(keep, facts, program.capture.frames)
    return judge(trace_of(facts, ((at_ns, octets) for at_ns, _, octets in program.capture.frames)))


@contextlib.contextmanager
def _hurried() -> Generator[None]:
    """Nothing else of this machine delays the programs; the judging may wait."""
    hurry()
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.nice(5)
