"""Modem calls: rows of what was said, and who is told what."""

from __future__ import annotations

import pytest

from emu.net.modem import ModemControl
from emu.units import seconds as s
from tests.net.call_parts import Scene

SET_UP = s(30)


def scene() -> tuple[Scene, list[str]]:
    said: list[str] = []

    def make(scene: Scene) -> ModemControl:
        return ModemControl(
            scene.timeline,
            scene,
            scene.calls,
            set_up_ns=SET_UP,
            obstacle=lambda: scene.obstacle,
            say=said.append,
        )

    return Scene(make), said


def test_carrier_comes_after_the_set_up_time_at_both_ends_at_once() -> None:
    world, said = scene()
    world.place("a", "b").run(SET_UP - 1)
    assert world.told == []
    world.run(SET_UP)
    assert world.told == [("b", "arrived", "a"), ("a", "connected", "b"), ("b", "connected", "a")]
    assert world.calls[0].connected_ns == SET_UP
    assert said == ["a dials b", "a and b: CONNECT"]


@pytest.mark.parametrize(("by", "other"), [("a", "b"), ("b", "a")])
def test_either_side_hangs_up(by: str, other: str) -> None:
    world, said = scene()
    world.place("a", "b").run(s(40)).end(by, other).run(s(41))
    assert world.calls[0].ended_ns == s(40)
    assert [world.of(each)[-1] for each in ("a", "b")] == ["over", "over"]
    assert said[-1] == "a and b: call over (idle)"


def test_an_engaged_line_and_one_that_refuses() -> None:
    world, said = scene()
    world.place("a", "b").run(s(40)).place("c", "b").run(s(80))
    assert world.of("c") == ["over"]
    assert said[-1] == "c and b: call over (BUSY)"
    world, said = scene()
    world.answers["b"] = "refuse"
    world.place("a", "b").run(s(40))
    assert world.told == [("b", "arrived", "a"), ("a", "over", "b")]
    assert said[-1] == "a and b: call over (BUSY)"


@pytest.mark.parametrize("word", ["BUSY", "NO DIALTONE"])
def test_an_obstacle_ends_the_call_after_the_set_up_time(word: str) -> None:
    world, _ = scene()
    world.obstacle = word
    world.place("a", "b").run(SET_UP)
    assert (world.told, world.causes) == ([("a", "over", "b")], [word])


def test_nobody_answers_until_the_caller_has_enough() -> None:
    world, _ = scene()
    world.obstacle = "NO ANSWER"
    world.place("a", "b").run(s(60))
    assert world.told == []
    world.end("a", "b").run(s(60))
    assert world.told == [("a", "over", "b")]


def test_a_caller_without_patience_ends_before_carrier() -> None:
    """The called side never hears of it."""
    world, said = scene()
    world.place("a", "b").run(s(20)).end("a", "b").run(s(60))
    assert world.told == [("a", "over", "b")]
    assert said == ["a dials b", "a and b: call over (idle)"]


def test_both_dial_and_one_gives_up_its_own() -> None:
    """b's hang-up must not end a's call, of which b has not heard yet."""
    world, _ = scene()
    world.place("a", "b").run(s(10)).place("b", "a").run(s(20)).end("b", "a").run(s(21))
    assert world.told == [("b", "over", "a")]
    assert [call.ended_ns for call in world.calls] == [None, s(20)]
    world.run(s(31))
    assert world.calls[0].is_up


def test_both_dial_and_the_first_to_ring_is_refused() -> None:
    world, _ = scene()
    world.answers["b"] = "refuse"
    world.place("a", "b").run(s(10)).place("b", "a").run(s(60))
    assert world.of("a") == ["over", "arrived", "connected"]
    assert world.of("b") == ["arrived", "connected"]
    assert [call.is_up for call in world.calls] == [False, True]


def test_a_dead_line_drops_carriers_at_both_ends() -> None:
    world, said = scene()
    world.place("a", "b").run(s(40))
    world.control.cut(s(40))
    assert [world.of(each)[-1] for each in ("a", "b")] == ["over", "over"]
    assert said[-1] == "a and b: call over (NO CARRIER)"
    world.control.cut(s(40))
    assert len(world.told) == 5


def test_a_line_that_dies_while_it_rings_is_over_for_who_answers_too() -> None:
    world, _ = scene()
    world.answers["b"] = ""
    world.place("a", "b").run(s(40))
    world.control.cut(s(40))
    assert world.told == [("b", "arrived", "a"), ("a", "over", "b"), ("b", "over", "a")]


def test_ending_what_is_not_there_is_answered_all_the_same() -> None:
    world, said = scene()
    world.end("a", "b").run(s(1))
    assert (world.told, said) == ([("a", "over", "b")], [])
