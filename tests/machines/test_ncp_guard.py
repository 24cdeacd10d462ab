"""FPNW's count of watchdog answers that are not the station's own (facts/ipx.md 4.1)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emu.machines.ncp import SpoofGuard


def test_the_eleventh_strange_answer_is_one_too_many() -> None:
    """AllowableBadSequencePkts 10: ten are allowed."""
    guard = SpoofGuard(10)
    guard.requested(2)
    assert [guard.answered(0) for _ in range(11)] == [False] * 10 + [True]
    assert guard.cause == "event 2025: 11 watchdog answers were not the station's own"


def test_genuine_answers_between_do_not_count_and_do_not_forgive() -> None:
    guard = SpoofGuard(1)
    guard.requested(2)
    assert [guard.answered(hops) for hops in (2, 0, 2, 2, 0)] == [False] * 4 + [True]
    assert guard.strange == 2


def test_the_latest_request_says_which_way_is_the_stations() -> None:
    """A route may change: answers go by it from the next request on."""
    guard = SpoofGuard(1)
    guard.requested(2)
    assert not guard.answered(3)
    guard.requested(3)
    assert [guard.answered(3) for _ in range(5)] == [False] * 5
    assert guard.answered(2)


@given(hops=st.lists(st.integers(0, 15)))
def test_0_does_not_look(hops: list[int]) -> None:
    guard = SpoofGuard(0)
    guard.requested(1)
    assert not any(guard.answered(each) for each in hops)


@given(tolerance=st.integers(0, 5), answers=st.integers(0, 20))
def test_on_one_lan_nothing_is_strange(tolerance: int, answers: int) -> None:
    guard = SpoofGuard(tolerance)
    assert not guard.answered(0)  # before any request there is nothing to compare with
    guard.requested(0)
    assert not any(guard.answered(0) for _ in range(answers))
    assert guard.strange == 0
