"""The timeline: written order, one task at a time, bounds, gears (architecture.md 1)."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import Livelock
from emu.net import agenda
from emu.net import timeline as module
from emu.net.timeline import FRAME, OPERATOR, PROGRAM, TIMER, Signal, Timeline
from emu.units import NS_PER_S, seconds

Body = Callable[[], Awaitable[None]]


async def play(timeline: Timeline, *bodies: Body, horizon: int = seconds(100)) -> None:
    async with trio.open_nursery() as nursery:
        for index, body in enumerate(bodies):
            timeline.spawn(nursery, body, rank=PROGRAM, name=f"program {index}")
        await timeline.run(horizon)
        nursery.cancel_scope.cancel()


def test_one_instant_has_a_written_order() -> None:
    """Frame, timer, program, operator; whatever was scheduled first of one rank goes first."""
    timeline, seen = Timeline(), []
    for rank in (OPERATOR, TIMER, PROGRAM, FRAME, TIMER):
        name = f"{module.RANK_NAMES[rank]} {len(seen)}"
        timeline.at(7, rank, lambda argument, now: seen.append((argument, now)), (rank, name))
    timeline.advance(7, 100)
    assert [rank for (rank, _), _ in seen] == [FRAME, TIMER, TIMER, PROGRAM, OPERATOR]
    assert {now for _, now in seen} == {7}


def test_serial_breaks_the_tie_within_a_rank() -> None:
    timeline, seen = Timeline(), []
    for number in range(50):
        timeline.at(3, TIMER, lambda argument, _: seen.append(argument), number)
    timeline.advance(3, 100)
    assert seen == [*range(50)]


def test_a_frame_scheduled_by_a_timer_of_the_same_instant_still_goes_before_later_timers() -> None:
    timeline, seen = Timeline(), []

    def first(_: None, now: int) -> None:
        seen.append("timer 1")
        timeline.at(now, FRAME, lambda *_: seen.append("frame"), None)

    timeline.at(5, TIMER, first, None)
    timeline.at(5, TIMER, lambda *_: seen.append("timer 2"), None)
    timeline.advance(5, 100)
    assert seen == ["timer 1", "frame", "timer 2"]


def test_nothing_happens_beyond_the_limit() -> None:
    timeline, seen = Timeline(), []
    timeline.at(10, TIMER, lambda *_: seen.append(10), None)
    timeline.at(11, TIMER, lambda *_: seen.append(11), None)
    timeline.advance(10, 100)
    assert (seen, timeline.now, timeline.next_due()) == ([10], 10, 11)


async def test_programs_run_one_at_a_time_and_in_order() -> None:
    """Fifty programs in step: what they do interleaves in the order they were started."""
    timeline, seen = Timeline(), []

    def body(number: int) -> Body:
        async def run() -> None:
            for _ in range(3):
                await timeline.until(timeline.now + NS_PER_S)
                seen.append((timeline.now, number))

        return run

    await play(timeline, *(body(number) for number in range(50)))
    expected = [(seconds(s), number) for s in (1, 2, 3) for number in range(50)]
    assert seen == expected


async def test_a_program_is_parked_again_before_the_timeline_goes_on() -> None:
    """What a woken program schedules at the same instant happens before the next entry."""
    timeline, seen = Timeline(), []

    async def run() -> None:
        await timeline.until(seconds(1))
        timeline.at(timeline.now, TIMER, lambda *_: seen.append("scheduled by program"), None)
        seen.append("program")

    def late(*_: object) -> None:
        seen.append("program entry behind it")

    timeline.at(seconds(1) + 1, TIMER, late, None)
    await play(timeline, run)
    assert seen == ["program", "scheduled by program", "program entry behind it"]


async def test_a_signal_continues_its_program_at_the_instant_it_is_set() -> None:
    timeline, seen = Timeline(), []
    signal = Signal(timeline)

    async def run() -> None:
        seen.append((await signal.wait(), timeline.now))

    timeline.at(seconds(2), FRAME, lambda *_: signal.set("hello"), None)
    await play(timeline, run)
    assert seen == [("hello", seconds(2))]


async def test_a_signal_set_before_anybody_waits_is_kept() -> None:
    timeline, seen = Timeline(), []
    signal = Signal(timeline)
    signal.set("early")

    async def run() -> None:
        seen.append(await signal.wait())

    await play(timeline, run)
    assert seen == ["early"]


async def test_until_in_the_past_gives_the_turn_back_and_returns_now() -> None:
    timeline, seen = Timeline(), []

    async def run() -> None:
        await timeline.until(seconds(5))
        await timeline.until(seconds(1))
        seen.append(timeline.now)

    await play(timeline, run)
    assert seen == [seconds(5)]


async def test_a_cancelled_program_unwinds_before_time_goes_on() -> None:
    """And the entry that would have woken it finds nobody."""
    timeline, seen = Timeline(), []
    scopes: list[trio.CancelScope] = []

    async def victim() -> None:
        with trio.CancelScope() as scope:
            scopes.append(scope)
            try:
                await timeline.until(seconds(10))
            finally:
                seen.append(("unwound", timeline.now))

    async def operator() -> None:
        await timeline.until(seconds(3), rank=OPERATOR)
        scopes[0].cancel()
        await timeline.until(seconds(4))
        seen.append(("operator", timeline.now))

    await play(timeline, victim, operator)
    assert seen == [("unwound", seconds(3)), ("operator", seconds(4))]
    assert timeline.now == seconds(100)


async def test_everybody_parked_and_nothing_scheduled_ends_at_the_horizon() -> None:
    timeline = Timeline()

    async def forever() -> None:
        await Signal(timeline).wait()

    await play(timeline, forever, horizon=seconds(42))
    assert timeline.now == seconds(42)


async def test_a_failing_program_is_loud() -> None:
    timeline = Timeline()

    async def run() -> None:
        await timeline.until(seconds(1))
        raise RuntimeError("a bug in a program")

    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="a bug in a program")):
        await play(timeline, run)


async def test_a_failing_machine_is_loud() -> None:
    timeline = Timeline()

    def broken(*_: object) -> None:
        raise RuntimeError("a bug in a machine")

    timeline.at(seconds(1), TIMER, broken, None)
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="a bug in a machine")):
        await play(timeline)


def test_an_instant_that_does_not_end_names_the_busiest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURNS_PER_INSTANT_MAX", 1_000)
    timeline = Timeline()

    class Noisy:
        name = "ws7"

        def talk(self, argument: object, now: int) -> None:
            timeline.at(now, FRAME, self.talk, argument)

    timeline.at(9, FRAME, Noisy().talk, None)
    with pytest.raises(Livelock, match=r"9 ns.*frame ws7 \(1000\)"):
        timeline.advance(10, 1 << 30)


def test_many_turns_spread_over_time_are_no_livelock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURNS_PER_INSTANT_MAX", 10)
    timeline, seen = Timeline(), []
    for number in range(1_000):
        timeline.at(number // 5, TIMER, lambda argument, _: seen.append(argument), number)
    while timeline.next_due() is not None:
        timeline.advance(1 << 40, 7)
    assert len(seen) == 1_000


def test_paced_time_follows_the_clock() -> None:
    """paced:10 under a clock that jumps: ten virtual seconds cost one of the clock's."""

    async def main() -> float:
        timeline = Timeline()
        for second in range(11):
            timeline.at(seconds(second), TIMER, lambda *_: None, None)
        started = trio.current_time()
        await timeline.run(seconds(10), speed=10.0)
        return trio.current_time() - started

    spent = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert spent == pytest.approx(1.0)


async def test_progress_is_told_now_and_then() -> None:
    timeline, told = Timeline(), []

    def tick(_: None, now: int) -> None:
        timeline.at(now + 1, TIMER, tick, None)

    timeline.at(1, TIMER, tick, None)
    await timeline.run(3 * module.TURNS_PER_CHECKPOINT, progress=told.append)
    assert told == [module.TURNS_PER_CHECKPOINT * turn for turn in (1, 2, 3)]


def _drained(entries: list[tuple[int, int, int]], *, reschedule: int) -> list[tuple[int, int, int]]:
    """Play entries (delay, rank, name); each schedules itself again with its delay."""
    timeline, seen = Timeline(), []

    def again(entry: tuple[int, int, int], now: int) -> None:
        delay, rank, name = entry
        seen.append((now, rank, name))
        if len(seen) < reschedule:
            timeline.at(now + delay, rank, again, entry)

    for entry in entries:
        timeline.at(entry[0], entry[1], again, entry)
    timeline.advance(1 << 60, 1 << 30)
    return seen


def _by_one_heap(
    entries: list[tuple[int, int, int]], *, reschedule: int
) -> list[tuple[int, int, int]]:
    """The same with one heap and no lanes."""
    heap: list[tuple[int, int, int, tuple[int, int, int]]] = []
    serial, seen = 0, []
    for entry in entries:
        serial += 1
        heapq.heappush(heap, (entry[0], entry[1], serial, entry))
    while heap:
        now, rank, _, entry = heapq.heappop(heap)
        seen.append((now, rank, entry[2]))
        if len(seen) < reschedule:
            serial += 1
            heapq.heappush(heap, (now + entry[0], rank, serial, entry))
    return seen


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 5, 7, 30, 1_000]), st.integers(0, 3)),
        min_size=1,
        max_size=40,
    )
)
def test_lanes_keep_the_order_of_one_heap(drawn: list[tuple[int, int]]) -> None:
    """Few delays used often, so that lanes come into being while entries wait in the heap."""
    entries = [(delay, rank, name) for name, (delay, rank) in enumerate(drawn)]
    assert _drained(entries, reschedule=600) == _by_one_heap(entries, reschedule=600)


def test_many_distinct_delays_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "LANES_MAX", 4)
    monkeypatch.setattr(agenda, "CANDIDATES_MAX", 16)
    entries = [(delay, TIMER, delay) for delay in range(1, 200)]
    assert _drained(entries, reschedule=5_000) == _by_one_heap(entries, reschedule=5_000)
