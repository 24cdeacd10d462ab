"""From values to places on an axis, linear or by powers, with room for *zero* and *never*.

Plain numbers in, pixels out; an axis runs from ``start`` to ``end`` in either direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

#: From this ratio of largest to smallest on, a linear axis would press the small ones together.
LOG_FROM_RATIO = 10
#: Room of a band beside the axis proper, in pixels.
BAND = 46
#: How far, in pixels, two ticks must be apart: times stand above each other, numbers side by side.
_TIMES_APART, _NUMBERS_APART = 30, 64

_TIMES_S = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30),
    *(60, 120, 300, 600, 1200, 1800, 3600, 2 * 3600, 4 * 3600, 6 * 3600, 12 * 3600),
    *(86400, 2 * 86400, 5 * 86400, 10 * 86400, 30 * 86400, 100 * 86400),
)
#: Ticks of a log axis of times: each a unit people think in.
_LOG_TIMES_S = (
    *(0.001, 0.01, 0.1, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800),
    *(3600, 2 * 3600, 4 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 30 * 86400),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """``low``, ``high``: values at ``start`` and ``end``, pixels.

    ``zero``: where nothing at all stands, None without such a band; ``never``: the same for
    what never comes.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool
    zero: float | None = None
    never: float | None = None

    def at(self, value: float | None) -> float:
        """The place of a value; None is *never*."""
        if value is None:
            assert self.never is not None
            return self.never
        if self.log and value <= 0:
            assert self.zero is not None
            return self.zero
        return self.start + (self.end - self.start) * self._share(value)

    def _share(self, value: float) -> float:
        if self.log:
            return log10(value / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def thinned(self, ticks: Sequence[float], apart: float) -> list[float]:
        """Those ticks that lie on the axis and are so many pixels apart."""
        found: list[float] = []
        for tick in ticks:
            on_it = self.low <= tick <= self.high
            if on_it and (not found or abs(self.at(tick) - self.at(found[-1])) >= apart):
                found.append(tick)
        return found


def axis_for(values: Sequence[float | None], start: float, end: float) -> Axis:
    """An axis on which all of ``values`` have a place; None is *never*."""
    known = [value for value in values if value is not None]
    above = [value for value in known if value > 0]
    log = bool(above) and max(above) >= LOG_FROM_RATIO * min(above)
    inwards = BAND if end > start else -BAND
    never_at = end - inwards / 2 if len(known) < len(values) else None
    last = end if never_at is None else end - inwards
    if not log:
        high = max(above, default=1.0) * 1.12
        return Axis(low=0.0, high=high, start=start, end=last, log=False, never=never_at)
    zero_at = start + inwards / 2 if len(above) < len(known) else None
    first = start if zero_at is None else start + inwards
    return Axis(
        low=min(above) / 1.35,
        high=max(above) * 1.35,
        start=first,
        end=last,
        log=True,
        zero=zero_at,
        never=never_at,
    )


def time_ticks(axis: Axis) -> list[float]:
    """Seconds at which an axis of times has its ticks."""
    if axis.log:
        return axis.thinned(_LOG_TIMES_S, _TIMES_APART)
    return _even(axis, _TIMES_S)


def number_ticks(axis: Axis) -> list[float]:
    """The same for numbers: 1, 2, 5 and so on; on a log axis powers of ten if they suffice."""
    exponent = floor(log10(axis.high))
    below = floor(log10(axis.low)) if axis.log else exponent - 3
    decades = [10.0**power for power in range(below, exponent + 1)]
    if not axis.log:
        return _even(axis, [digit * decade for decade in decades for digit in (1, 2, 5)])
    powers = axis.thinned(decades, _NUMBERS_APART)
    if len(powers) >= 3:
        return powers
    finer = [digit * decade for decade in decades for digit in (1, 2, 5)]
    return axis.thinned(finer, _NUMBERS_APART)


def time_axis(horizon_s: float, start: float, end: float) -> tuple[Axis, list[float]]:
    """From 0 to the end of a run, with its ticks."""
    axis = Axis(low=0.0, high=horizon_s, start=start, end=end, log=False)
    return axis, _even(axis, _TIMES_S, parts=10)


def across_axis(values: Sequence[float], start: float, end: float, *, log: bool) -> Axis:
    """From the least to the greatest value, with a little room on both sides."""
    low, high = min(values), max(values)
    if log:
        room = (high / low) ** 0.04
        return Axis(low=low / room, high=high * room, start=start, end=end, log=True)
    room = (high - low) * 0.04
    return Axis(low=low - room, high=high + room, start=start, end=end, log=False)


def across_ticks(axis: Axis, *, times: bool) -> list[float]:
    """Ticks of such an axis, side by side: round times or round numbers."""
    if axis.log and times:
        return axis.thinned(_LOG_TIMES_S, _NUMBERS_APART - 20)
    if axis.log:
        return number_ticks(axis)
    exponent = floor(log10(axis.high - axis.low))
    decades = [10.0**power for power in range(exponent - 2, exponent + 1)]
    steps = _TIMES_S if times else [digit * decade for decade in decades for digit in (1, 2, 5)]
    span = axis.high - axis.low
    step = next((each for each in steps if span / each <= 10), steps[-1])
    first, last = ceil(axis.low / step), floor(axis.high / step)
    return [step * index for index in range(first, last + 1)]


def _even(axis: Axis, steps: Sequence[float], parts: int = 6) -> list[float]:
    """Multiples of the smallest step that divides the axis into at most so many parts."""
    step = next((each for each in steps if axis.high / each <= parts), steps[-1])
    while axis.high / step > parts:
        step *= 10
    count = floor(axis.high / step + 1e-9)
    return [step * index for index in range(count + 1)]
