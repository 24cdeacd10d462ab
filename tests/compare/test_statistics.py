"""Quantiles, intervals and the front, against small samples worked by hand."""

from __future__ import annotations

import pytest

from emu.compare.statistics import Rate, pareto_front, quantile, wilson


def test_quantiles_are_nearest_rank() -> None:
    """Of five values the 50 % rank is ceil(2.5) = 3, the 95 % rank ceil(4.75) = 5."""
    values = [50, 15, 40, 20, 35]
    assert [quantile(values, share) for share in (0.0, 0.5, 0.95, 1.0)] == [15, 35, 50, 50]


def test_p95_of_twenty_is_the_nineteenth() -> None:
    """0.95 x 20 = 19 exactly; in binary fractions it is a little more, which is no rank 20."""
    assert quantile([*range(1, 21)], 0.95) == 19
    assert quantile([*range(1, 101)], 0.95) == 95
    assert quantile([*range(1, 22)], 0.95) == 20  # ceil(19.95)


def test_never_ranks_as_infinite() -> None:
    values = [3, None, 1, 2]
    assert quantile(values, 0.75) == 3
    assert quantile(values, 0.95) is None
    assert quantile([None], 0.0) is None


def test_nothing_has_no_quantile() -> None:
    assert quantile([], 0.5) is None


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # z = 1.96, z2 = 3.8416.  (0.3 + 0.19208 -+ 1.96 sqrt(0.021 + 0.009604)) / 1.38416
        (3, 10, 0.10779, 0.60322),
        # No event in ten: from 0 to z2 / (n + z2) = 3.8416 / 13.8416.
        (0, 10, 0.0, 0.27754),
        # All of ten: the mirror image.
        (10, 10, 0.72246, 1.0),
        # One of 200 (Newcombe 1998 gives the formula): (0.005 + 0.009604 -+ 0.013727) / 1.019208
        (1, 200, 0.00088, 0.02778),
    ],
)
def test_wilsons_interval(count: int, of: int, low: float, high: float) -> None:
    rate = wilson(count, of)
    assert rate.value == count / of
    assert (rate.low, rate.high) == (pytest.approx(low, abs=3e-5), pytest.approx(high, abs=3e-5))


def test_the_rate_of_nothing_is_unknown() -> None:
    assert wilson(0, 0) == Rate(value=None, low=None, high=None)


def test_the_front_is_whoever_nobody_beats() -> None:
    """(1, 9) and (9, 1) trade; (5, 5) too; (5, 6) is beaten by (5, 5); (9, 9) by all."""
    assert pareto_front([(1, 9), (5, 5), (9, 1), (5, 6), (9, 9)]) == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_equals_share_the_front() -> None:
    assert pareto_front([(1, 1), (1, 1), (1, 2)]) == [True, True, False]


def test_never_is_on_the_front_when_nothing_is_cheaper() -> None:
    never = float("inf")
    assert pareto_front([(never, 0), (60, 10), (never, 5)]) == [True, True, False]
