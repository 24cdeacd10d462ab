"""Quantiles with *never* in them, intervals for rates, and the Pareto front.

Plain functions of plain numbers; they know nothing of policies or runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt

#: The 0.975 quantile of the normal distribution, for two-sided 95 % (any table of it).
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share with its 95 % interval, all 0 to 1; all None when there was nothing to count."""

    value: float | None
    low: float | None
    high: float | None


def quantile(values: Sequence[int | None], share: float) -> int | None:
    """Nearest rank (product.md): the smallest value with at least that share at or below it.

    None is *never* and ranks as infinite; a quantile that falls there is None, and so is that
    of nothing.
    """
    if not values:
        return None
    ranked = sorted(inf if value is None else value for value in values)
    # A share such as 0.95 is no exact binary fraction: 0.95 * 20 must not become rank 20.
    rank = max(1, ceil(round(share * len(ranked), 9)))
    found = ranked[rank - 1]
    return None if found == inf else int(found)


def wilson(count: int, of: int) -> Rate:
    """Wilson's score interval (E. B. Wilson, JASA 22, 1927), good for few and for no events."""
    if of == 0:
        return Rate(value=None, low=None, high=None)
    share, z2 = count / of, Z_95 * Z_95
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    low = 0.0 if count == 0 else max(0.0, middle - half)
    high = 1.0 if count == of else min(1.0, middle + half)
    return Rate(value=share, low=low, high=high)


def pareto_front(points: Sequence[tuple[float, ...]]) -> list[bool]:
    """For each point whether no other is at least as low everywhere and lower somewhere."""
    return [not any(_dominates(other, point) for other in points) for point in points]


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(mine <= its for mine, its in zip(one, other, strict=True))
