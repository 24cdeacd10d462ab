"""The timeline: one heap decides what happens next, and wakes one program at a time.

Trio runs simultaneous tasks in random order on purpose; a capture must be a function of
(scenario, policy, seed).  So hosts and links are passive and stepped by plain calls from
here, in the order ``(due, rank, serial)``, and a Trio task (a program, a fault script) is
woken only when it has something to do; the timeline waits until it is parked again before it
goes on.  This is the one module of ``emu.net`` that may sleep or wait (architecture.md 1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from heapq import heappop, heapreplace
from typing import Any

import outcome
import trio
from trio.lowlevel import Abort, RaiseCancelT, Task, current_task, wait_task_rescheduled

from emu.errors import Livelock
from emu.net.agenda import Action, Agenda

# What happens first at one instant.  A reply that lands exactly on the deadline counts,
# because frames go before timers; power fails last, so what was due at that instant is done.
FRAME = 0
TIMER = 1
PROGRAM = 2
OPERATOR = 3

RANK_NAMES = ("frame", "timer", "program", "operator")

#: More turns than this without time moving on is a livelock.  A broadcast storm of a thousand
#: hosts answering each other once stays far below it.
TURNS_PER_INSTANT_MAX = 1_000_000

#: Turns between two looks at Trio, so that Ctrl-C and a progress line get their chance.
TURNS_PER_CHECKPOINT = 20_000


class Wait:
    """One parked task.  ``task`` is None once it was woken or cancelled."""

    __slots__ = ("task", "value")

    def __init__(self, task: Task) -> None:
        self.task: Task | None = task
        self.value: Any = None


class Signal:
    """Something a program waits for, set by a plain call from a host."""

    __slots__ = ("_timeline", "_value", "_wait")

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._wait: Wait | None = None
        self._value: Any = None

    def set(self, value: Any) -> None:
        """Continue the waiting program at this instant, in its turn; else keep the value."""
        wait, self._wait = self._wait, None
        if wait is None:
            self._value = value
        else:
            self._timeline.wake(wait, self._timeline.now, PROGRAM, value)

    async def wait(self) -> Any:
        """Park until ``set`` is called; a value set before is taken at once."""
        value, self._value = self._value, None
        if value is not None:
            return value
        wait = Wait(current_task())
        self._wait = wait
        return await self._timeline.park(wait)


class Timeline:
    """Owns virtual time, in integer nanoseconds since the start of the run.

    ``at(due, rank, action, argument)`` calls ``action(argument, due)`` at ``due``, in the order
    (due, rank, serial).
    """

    def __init__(self) -> None:
        self.turns = 0
        self.agenda = Agenda()
        self.at = self.agenda.at
        self._turns_here = 0
        self._busiest: Counter[str] | None = None
        self._woken: Wait | None = None
        self._stop = False
        self._running = 0
        self._task: Task | None = None

    # --- plain calls: hosts, links, machines -------------------------------------------------

    @property
    def now(self) -> int:
        """The instant that is being played."""
        return self.agenda.now

    def next_due(self) -> int | None:
        """When something happens next, None if nothing ever will."""
        heap = self.agenda.heap
        return heap[0][0] if heap else None

    def advance(self, limit: int, turns_max: int) -> Wait | None:
        """Take turns up to and including ``limit``; stop early when a task gets the turn.

        Returns the wait of a program to continue; None when one was started, or when the
        limit or ``turns_max`` was reached.
        """
        agenda = self.agenda
        heap, now = agenda.heap, agenda.now
        turn, first_turn_here = 0, self._turns_here
        while heap and turn < turns_max:
            due, rank, _, action, argument, lane = heap[0]
            if due > limit:
                break
            if lane is None:
                heappop(heap)
            else:
                lane.popleft()
                if lane:
                    heapreplace(heap, lane[0])
                else:
                    heappop(heap)
            turn += 1
            if due != now:
                agenda.now = now = due
                first_turn_here = turn
            elif turn - first_turn_here > TURNS_PER_INSTANT_MAX:
                self._suspect(rank, action)
            action(argument, due)
            if self._stop:
                break
        self.turns += turn
        self._turns_here = first_turn_here - turn
        woken, self._woken, self._stop = self._woken, None, False
        return woken

    def _suspect(self, rank: int, action: Action) -> None:
        """Count who takes the turns of an instant that does not end, then say so."""
        if self._busiest is None:
            self._busiest = Counter()
        owner = getattr(action, "__self__", None)
        self._busiest[f"{RANK_NAMES[rank]} {getattr(owner, 'name', type(owner).__name__)}"] += 1
        if self._busiest.total() < 1_000:
            return
        names = ", ".join(f"{name} ({count})" for name, count in self._busiest.most_common(3))
        raise Livelock(f"{self.now} ns: the instant does not end; busiest in 1000 turns: {names}")

    # --- tasks: programs, fault scripts ------------------------------------------------------

    def wake(self, wait: Wait, due: int, rank: int, value: Any = None) -> None:
        """Continue a parked task at ``due``."""
        wait.value = value
        self.at(due, rank, self._mark, wait)

    def _mark(self, wait: Wait, _now: int) -> None:
        if wait.task is not None:  # else it was cancelled while its turn was coming
            self._woken = wait
            self._stop = True

    async def until(self, due: int, *, rank: int = PROGRAM) -> None:
        """Park the calling task until ``due`` (at once in its turn, if that is now or past)."""
        wait = Wait(current_task())
        self.wake(wait, max(due, self.now), rank)
        await self.park(wait)

    async def park(self, wait: Wait) -> Any:
        """Give the turn back.  Returns what ``wake`` was given."""

        def abort(_: RaiseCancelT) -> Abort:
            wait.task = None
            self._running += 1  # it runs again, to unwind; the timeline waits for that too
            return Abort.SUCCEEDED

        self._leave()
        return await wait_task_rescheduled(abort)

    def spawn(
        self, nursery: trio.Nursery, body: Callable[[], Awaitable[None]], *, rank: int, name: str
    ) -> None:
        """Start a task in its turn at this instant."""

        async def run() -> None:
            try:
                await body()
            finally:
                self._leave()

        def start(_: None, _now: int) -> None:
            self._running += 1
            self._stop = True
            nursery.start_soon(run, name=name)

        self.at(self.now, rank, start, None)

    def _leave(self) -> None:
        self._running -= 1
        if self._running == 0 and self._task is not None:
            task, self._task = self._task, None
            trio.lowlevel.reschedule(task)

    async def _quiet(self) -> None:
        """Wait until every task this timeline woke or started is parked again or gone."""
        while self._running:

            def abort(_: RaiseCancelT) -> Abort:
                self._task = None
                return Abort.SUCCEEDED

            self._task = current_task()
            await wait_task_rescheduled(abort)

    async def run(
        self,
        horizon: int,
        *,
        speed: float | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Play until ``horizon``.  ``speed``: virtual seconds a real second, None for no wait."""
        started = trio.current_time()
        while True:
            await self._quiet()
            due = self.next_due()
            if due is None or due > horizon:
                break
            limit = horizon
            if speed is not None:
                # Floats meet integer time here only: how late a wake-up is depends on the
                # machine, so these gears are judged with a tolerance, never byte for byte.
                await trio.sleep_until(started + due / (speed * 1e9))
                limit = due
            woken = self.advance(limit, TURNS_PER_CHECKPOINT)
            if woken is not None:
                self._resume(woken)
            else:
                await trio.lowlevel.checkpoint()
                if progress is not None:
                    progress(self.now)
        self.agenda.now = horizon

    def _resume(self, wait: Wait) -> None:
        task, wait.task = wait.task, None
        if task is not None:
            self._running += 1
            trio.lowlevel.reschedule(task, outcome.Value(wait.value))
