"""ISDN calls from access to access over the exchange: who is told what, and what is charged."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.net.isdn import IsdnControl
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.net.call_parts import SET_UP, Scene
from tests.wire.strategies import thorough

#: D channel frames take milliseconds: an instant after which a call's messages have gone.
SOON = ms(500)


def scene(*names: str, set_up_ns: int = SET_UP, channels: int = 2) -> Scene:
    def make(scene: Scene) -> IsdnControl:
        return IsdnControl(
            scene.timeline,
            scene,
            scene.calls,
            set_up_ns=set_up_ns,
            channels=channels,
            obstacle=lambda: scene.obstacle,
        )

    made = Scene(make)
    assert isinstance(made.control, IsdnControl)
    for name in names or ("a", "b"):
        made.control.join(name)
    return made


def test_a_call_connects_after_the_set_up_time_and_both_are_told() -> None:
    world = scene().place("a", "b")
    world.run(SET_UP)
    assert world.told == []
    world.run(SET_UP + SOON)
    assert sorted(world.told) == [
        ("a", "connected", "b"), ("b", "arrived", "a"), ("b", "connected", "a"),
    ]  # fmt: skip
    (call,) = world.calls
    assert call.connected_ns is not None
    assert SET_UP < call.connected_ns < SET_UP + SOON
    assert (call.channel, call.is_up) == (1, True)


@pytest.mark.parametrize(("by", "other"), [("a", "b"), ("b", "a")])
def test_either_router_ends_it_and_both_are_told_once(by: str, other: str) -> None:
    world = scene().place("a", "b").run(s(5)).end(by, other).run(s(6))
    assert [world.of(each).count("over") for each in ("a", "b")] == [1, 1]
    (call,) = world.calls
    assert call.ended_ns is not None
    assert s(5) <= call.ended_ns < s(5) + SOON
    assert call.cause == "16 normal call clearing"
    world.run(s(600))
    assert len(world.told) == 5


def test_a_refused_call_is_never_charged_and_who_refused_is_not_told() -> None:
    world = scene()
    world.answers["b"] = "refuse"
    world.place("a", "b").run(s(5))
    assert world.told == [("b", "arrived", "a"), ("a", "over", "b")]
    (call,) = world.calls
    assert call.connected_ns is None
    assert call.cause.startswith("17 ")


@pytest.mark.parametrize(("obstacle", "cause"), [("busy", "17 "), ("out-of-order", "27 ")])
def test_an_obstacle_is_a_cause(obstacle: str, cause: str) -> None:
    world = scene()
    world.obstacle = obstacle
    world.place("a", "b").run(SET_UP)
    assert world.told == [("a", "over", "b")]
    assert world.causes[0].startswith(cause)


def test_nobody_answers_until_the_caller_has_enough() -> None:
    world = scene()
    world.obstacle = "no-answer"
    world.place("a", "b").run(s(20))
    assert world.told == []
    world.end("a", "b").run(s(21))
    assert world.told == [("a", "over", "b")]


def test_two_calls_have_two_b_channels_and_a_third_is_busy() -> None:
    world = scene("a", "b", "c", "d")
    for called in ("b", "c", "d"):
        world.place("a", called).run(world.timeline.now + ms(100))
    world.run(s(5))
    assert [call.channel for call in world.calls] == [1, 2, 0]
    assert [call.is_up for call in world.calls] == [True, True, False]
    assert world.of("d") == []
    assert world.calls[2].cause.startswith("17 ")
    world.end("a", "b").run(s(6)).place("a", "d").run(s(9))
    assert world.calls[3].channel == 1, "the first one is free again"


def test_a_line_of_one_channel_has_no_second() -> None:
    world = scene("a", "b", "c", channels=1).place("a", "b").run(s(3)).place("c", "a").run(s(6))
    assert [call.is_up for call in world.calls] == [True, False]


def test_both_dial_at_once_and_each_refuses_the_other() -> None:
    """Each is told of the end of its own call, once, and of nothing else."""
    world = scene()
    world.answers.update(a="refuse", b="refuse")
    world.place("a", "b").place("b", "a").run(s(5))
    for router in ("a", "b"):
        assert world.of(router) == ["arrived", "over"]
    assert [call.connected_ns for call in world.calls] == [None, None]


def test_one_refuses_beside_its_own_call_which_goes_on() -> None:
    """a's refusal of b's call says nothing of a's own, and a's hang-up ends its own."""
    world = scene()
    world.answers["a"] = "refuse"
    world.place("b", "a").run(ms(900)).place("a", "b").run(s(5))
    assert world.of("a") == ["arrived", "connected"]
    assert [call.is_up for call in world.calls] == [False, True]
    world.end("a", "b").run(s(6))
    assert world.of("a")[-1] == "over"
    assert world.calls[1].ended_ns is not None


def test_a_call_redialled_in_the_turn_in_which_the_last_ended() -> None:
    """The exchange has not quite done with the old one then."""
    world = scene().place("a", "b").run(s(5))
    redialled: list[int] = []

    def again(router: str, other: str, now: int) -> None:
        if router == "a" and not redialled:
            redialled.append(now)
            world.control.place("a", "b", now)

    world.on_over = again
    world.end("a", "b").run(s(10))
    assert [call.is_up for call in world.calls] == [False, True]
    assert world.of("b") == ["arrived", "connected", "over", "arrived", "connected"]
    world.end("b", "a").run(s(11))
    assert not any(call.is_up for call in world.calls)


def test_ending_what_is_not_there_is_answered_all_the_same() -> None:
    """A link that is hanging up waits for that."""
    world = scene().end("a", "b").run(s(1))
    assert world.told == [("a", "over", "b")]


def test_a_caller_that_hangs_up_while_the_other_answers() -> None:
    """CONNECT meets DISCONNECT at the exchange, at any instant of the answer: no charge for a
    call that its caller was not told of, and both ends are free."""
    for offset in range(0, 60, 2):
        world = scene().place("a", "b").run(SET_UP + ms(offset)).end("a", "b").run(s(10))
        (call,) = world.calls
        assert call.ended_ns is not None
        if "connected" not in world.of("a") and call.connected_ns is not None:
            # The exchange had said CONNECT already: charged for the moment until it heard.
            assert call.ended_ns - call.connected_ns < ms(100)
        assert world.of("a")[-1] == "over"
        assert world.of("b")[-1:] in ([], ["over"])
        world.place("b", "a").run(s(20))
        assert world.calls[1].is_up


def test_a_cut_clears_calls_in_every_state() -> None:
    """From when SETUP has reached the exchange; before, the obstacle is what it meets."""
    for at in range(50, 1200, 50):
        world = scene().place("a", "b").run(ms(at))
        world.control.cut(world.timeline.now)
        world.run(s(200))
        assert world.of("a").count("over") == 1
        assert world.of("b").count("over") == world.of("b").count("arrived")
        assert all(call.ended_ns is not None for call in world.calls)
        world.place("a", "b").run(s(210))
        assert world.calls[-1].is_up, at


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["place", "end", "cut", "obstacle"]),
        st.permutations(["a", "b", "c"]),
        st.sampled_from([0, ms(1), ms(7), ms(50), ms(990), SET_UP, s(3)]),
    ),
    max_size=20,
)


@given(_STEPS, st.integers(0, 2**32))
@thorough
def test_whatever_happens_every_call_ends_and_nobody_is_told_twice(
    steps: list[tuple[str, list[str], int]], seed: int
) -> None:
    """A router places a call only to where it has none, as a dialled link does."""
    dice = Random(seed)
    world = scene("a", "b", "c")
    for what, (one, other, _), pause in steps:
        for name in ("a", "b", "c"):
            world.answers[name] = dice.choice(["answer", "answer", "refuse", ""])
        if what == "place" and not _busy(world, one, other):
            world.place(one, other)
        elif what == "end" and _busy(world, one, other):
            world.end(one, other)
        elif what == "cut":
            world.control.cut(world.timeline.now)
        elif what == "obstacle":
            world.obstacle = dice.choice(["", "", "busy", "out-of-order", "no-answer"])
        world.run(world.timeline.now + pause)
    world.obstacle = ""
    for _ in range(2):
        world.control.cut(world.timeline.now)
        for one, other in (pair for pair in _PAIRS if _busy(world, *pair)):
            world.end(one, other)
        world.run(world.timeline.now + s(300))
    assert all(call.ended_ns is not None for call in world.calls)
    assert not any(_busy(world, *pair) for pair in _PAIRS)
    world.answers.clear()
    world.place("a", "b").place("c", "b").run(world.timeline.now + s(5))
    assert [call.is_up for call in world.calls[-2:]] == [True, True]


_PAIRS = [(one, other) for one in "abc" for other in "abc" if one != other]


def _busy(world: Scene, one: str, other: str) -> bool:
    """Whether a call of this router's to the other side is not over, as far as it was told."""
    placed = sum(1 for call in world.calls if (call.caller, call.called) == (one, other))
    told = [what for who, what, by in world.told if (who, by) == (one, other)]
    arrived = sum(1 for call in world.calls if (call.called, call.caller) == (one, other)
                  and call.reached)  # fmt: skip
    return placed + arrived > told.count("over")
