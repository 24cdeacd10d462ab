"""Where the picture's points stand, by hand."""

from __future__ import annotations

import pytest

from emu.compare.page.chart import chart_of, front_line
from tests.compare.page.pages import row


def test_points_stand_where_a_slide_rule_puts_them() -> None:
    """Across, 66 to 924; up, 560 to 34.  Both axes go 1.35 times beyond the outermost points.

    lg 1.35 = 0.130334, and from end to end lg(100 x 1.35^2) = 2.260668, so the first point is
    0.0576528 of the way in: 858 x that = 49.466 and 526 x that = 30.325.
    """
    rows = [row("quick", 10.0, 10_000), row("middle", 100.0, 1000), row("slow", 1000.0, 100)]
    chart = chart_of(rows)
    expected = [(874.534, 529.675), (495.0, 297.0), (115.466, 64.325)]
    for point, (x, y) in zip(chart.points, expected, strict=True):
        assert (point.x, point.y) == (pytest.approx(x, abs=0.001), pytest.approx(y, abs=0.001))
    assert [point.rank for point in chart.points] == [1, 2, 3]


def test_never_is_a_band_at_the_top_and_free_one_at_the_left() -> None:
    rows = [row("slow", 1000.0, 100), row("quick", 10.0, 10_000), row("none", None, 0)]
    chart = chart_of(rows)
    none = chart.points[2]
    assert (none.x, none.y) == (66 + 23, 34 + 23)
    assert chart.band == "never"


def test_without_faults_there_was_nothing_to_notice() -> None:
    chart = chart_of([row("a", None, 5, never=0)])
    assert chart.band == "none lost"


def test_money_is_the_cost_where_a_link_charges() -> None:
    """Linear: 0 to 1.12 x 2 DEM over 858 pixels."""
    rows = [row(name, 10.0, 7, cost=cost, currency="DEM") for name, cost in (("a", 1), ("b", 2))]
    first, second = chart_of(rows).points
    assert first.x == pytest.approx(66 + 858 / 2.24)
    assert second.x == pytest.approx(66 + 858 / 1.12)


def test_the_front_is_a_staircase_of_its_own_points() -> None:
    rows = [
        row("quick", 10.0, 10_000, pareto=True),
        row("middle", 100.0, 1000, pareto=True),
        row("worse", 200.0, 2000),
        row("slow", 1000.0, 100, pareto=True),
        # On the front only because it throws nobody out: dearer than "middle", and later.
        row("kind", 150.0, 5000, pareto=True),
    ]
    chart = chart_of(rows)
    at = {point.row["policy"]: (point.x, point.y) for point in chart.points}
    assert front_line(chart.points) == [
        at["slow"],
        (at["middle"][0], at["slow"][1]),
        at["middle"],
        (at["quick"][0], at["middle"][1]),
        at["quick"],
    ]


def test_a_front_of_one_is_one_point() -> None:
    chart = chart_of([row("a", 1.0, 1, pareto=True), row("b", 1.0, 1, pareto=True)])
    assert len(front_line(chart.points)) == 1
