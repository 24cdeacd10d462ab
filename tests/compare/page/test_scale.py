"""Places on axes, computed by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.compare.page.scale import (
    across_axis,
    across_ticks,
    axis_for,
    number_ticks,
    time_axis,
    time_ticks,
)


def test_within_a_decade_it_is_linear_from_zero() -> None:
    """The largest stands at 1/1.12 of the way."""
    axis = axis_for([1.0, 5.6], 0.0, 1120.0)
    assert not axis.log
    assert [axis.at(value) for value in (0.0, 2.8, 5.6)] == pytest.approx([0, 500, 1000])
    assert number_ticks(axis) == [0, 2, 4, 6]


def test_over_decades_it_is_logarithmic() -> None:
    """Equal ratios are equal ways: the mean by ratio is in the middle."""
    axis = axis_for([100.0, 10_000.0], 0.0, 800.0)
    assert axis.log
    assert axis.at(1000.0) == pytest.approx(400.0)
    assert axis.at(1000.0) - axis.at(100.0) == pytest.approx(axis.at(10_000.0) - axis.at(1000.0))
    assert number_ticks(axis) == [100, 1000, 10_000]


def test_zero_and_never_have_bands_of_46_pixels_of_their_own() -> None:
    axis = axis_for([0.0, 100.0, 10_000.0, None], 0.0, 892.0)
    assert (axis.at(0.0), axis.at(None)) == (23.0, 892.0 - 23.0)
    assert axis.at(1000.0) == pytest.approx(446.0)
    assert axis.at(100.0) > 46.0 and axis.at(10_000.0) < 892.0 - 46.0


def test_upwards_never_is_at_the_top() -> None:
    axis = axis_for([30.0, None], 560.0, 34.0)
    assert axis.at(None) == 57.0
    assert 80.0 < axis.at(30.0) < 560.0


def test_only_never_and_only_zero_still_have_a_place() -> None:
    assert axis_for([None, None], 500.0, 0.0).at(None) == 23.0
    assert axis_for([0, 0], 0.0, 500.0).at(0) == 0.0


@pytest.mark.parametrize(
    ("horizon_s", "expected"),
    [
        (90.0, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]),
        (3600.0, [0, 600, 1200, 1800, 2400, 3000, 3600]),
        (86400.0, [0, 14400, 28800, 43200, 57600, 72000, 86400]),
    ],
)
def test_time_has_ticks_in_units_people_think_in(horizon_s: float, expected: list[float]) -> None:
    axis, ticks = time_axis(horizon_s, 0.0, 900.0)
    assert ticks == expected
    assert axis.at(horizon_s) == 900.0


#: Seconds to the nanosecond, octets, or money: nothing is between zero and a billionth.
amounts = st.just(0.0) | st.floats(min_value=1e-9, max_value=1e12)
values = st.lists(st.none() | amounts, min_size=1, max_size=30)


@given(values)
def test_whatever_the_values_order_is_kept_and_all_are_inside(found: list[float | None]) -> None:
    axis = axis_for(found, 50.0, 950.0)
    places = [axis.at(value) for value in sorted(v for v in found if v is not None)]
    places += [axis.at(None)] if None in found else []
    assert places == sorted(places)
    assert all(50.0 <= place <= 950.0 for place in places)
    for ticks in (number_ticks(axis), time_ticks(axis)):
        assert all(50.0 <= axis.at(tick) <= 950.0 + 1e-6 for tick in ticks)
        assert len(ticks) <= 32


def test_an_axis_across_has_room_on_both_sides_and_ticks_in_between() -> None:
    """100 to 150: 4 % of 50 on either side, and a tick every 5 makes eleven, so every 10."""
    axis = across_axis([100.0, 150.0], 0.0, 540.0, log=False)
    assert [axis.at(value) for value in (98.0, 100.0, 152.0)] == pytest.approx([0, 20, 540])
    assert across_ticks(axis, times=False) == [100, 110, 120, 130, 140, 150]
    # 480 pixels over 2 x 1.08 decades: from 20 to 30 it is 39 of them, which is too near.
    decades = across_axis([1.0, 100.0], 0.0, 480.0, log=True)
    assert decades.at(10.0) == pytest.approx(240.0)
    assert across_ticks(decades, times=True) == [1, 2, 5, 10, 20, 60, 120]
