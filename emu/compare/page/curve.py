"""What a varied comparison comes to as curves: cost and delay over the value, a line a policy.

Plain figures; ``curve_picture`` draws them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

from emu.compare.comparison import Comparison
from emu.compare.figures import currency_of
from emu.compare.plan import Entry, Plan
from emu.compare.rows import Row
from emu.policy.values import duration_in
from emu.units import in_seconds

#: How long an idle client is left alone before the first probe, of every transport that probes.
PROBE_WAITS = frozenset(
    f"policy.{name}"
    for name in (
        "ncp.delay_before_first_poll",
        "ncp.idle_before_first_poll",
        "spx.keepalive_timeout",
        "nbipx.keepalive_timeout",
        "nbf.ti",
        "tcp.keepalive_idle",
    )
)


class Sample(NamedTuple):
    """One row.  ``x``: its value, in seconds where it is a duration."""

    x: float
    row: Row

    @property
    def told(self) -> bool:
        """Whether there was anything to notice."""
        return self.row["noticed"] + self.row["never"] > 0

    @property
    def late_s(self) -> float | None:
        """The 95th percentile of the delay; None for never."""
        return self.row["notice_delay_s"]["p95"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One policy over the values, by value.  ``idle_s``: when its line hangs up, None for no mark.

    ``number`` tells it from the others, from 0.
    """

    number: int
    name: str
    samples: tuple[Sample, ...]
    idle_s: float | None

    def stretches(self) -> list[list[Sample]]:
        """The samples in two parts where the line's time-out lies between them: no value there
        is between those on its two sides, so nothing may be drawn that says so."""
        parts = [[*self.samples[:1]]]
        for one, other in pairwise(self.samples):
            if self.idle_s is not None and one.x < self.idle_s <= other.x:
                parts.append([])
            parts[-1].append(other)
        return parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """``key``: what is varied; ``times``: whether its values are durations.

    ``field``: the row's figure that is the cost; ``currency``: of it, if it is money.
    ``left_out``: values that are no place on an axis, such as ``never``.
    """

    key: str
    times: bool
    field: str
    currency: str | None
    series: tuple[Series, ...]
    left_out: tuple[str, ...]

    @property
    def samples(self) -> list[Sample]:
        """Those of all series."""
        return [sample for series in self.series for sample in series.samples]

    @property
    def idle_s(self) -> list[float]:
        """When lines hang up, each time once."""
        return sorted({each.idle_s for each in self.series if each.idle_s is not None})


def curve_of(plan: Plan, comparison: Comparison) -> Curve | None:
    """The curves of a comparison; None where nothing is varied, or not over numbers."""
    rows = {row["policy"]: row for row in comparison.rows if row.get("varied")}
    entries = [entry for entry in plan.entries if entry.varied and entry.name in rows]
    times, places = _places([entry.varied.value for entry in entries if entry.varied])
    if len({*places.values()}) < 2:
        return None
    names = dict.fromkeys(entry.policy.name for entry in entries)
    series = [
        _series(number, [each for each in entries if each.policy.name == name], rows, places)
        for number, name in enumerate(names)
    ]
    key = next(entry.varied.key for entry in entries if entry.varied)
    values = dict.fromkeys(entry.varied.value for entry in entries if entry.varied)
    return Curve(
        key=key,
        times=times,
        field=cost_of([*rows.values()]),
        currency=currency_of([*rows.values()]),
        series=tuple(series),
        left_out=tuple(value for value in values if value not in places),
    )


def cost_of(rows: Sequence[Row]) -> str:
    """Money where a link charges, else the time a line was up, else the probes' octets."""
    if currency_of(rows) is not None:
        return "cost"
    connected = any(row["wan_connected_s"] for row in rows)
    return "wan_connected_s" if connected else "bytes_on_wire"


def _places(values: Sequence[str]) -> tuple[bool, dict[str, float]]:
    """Whether they are durations, and where each stands; what is of no kind, or of the rarer
    kind, stands nowhere."""
    spans = {value: duration_in(value) for value in values}
    times = {value: in_seconds(ns) for value, ns in spans.items() if ns is not None}
    numbers = {value: each for value in values if (each := _number(value)) is not None}
    return (True, times) if len(times) >= len(numbers) else (False, numbers)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _series(
    number: int, entries: Sequence[Entry], rows: dict[str, Row], places: dict[str, float]
) -> Series:
    samples = [
        Sample(places[entry.varied.value], rows[entry.name])
        for entry in entries
        if entry.varied and entry.varied.value in places
    ]
    return Series(
        number=number,
        name=entries[0].policy.name,
        samples=tuple(sorted(samples, key=lambda sample: sample.x)),
        idle_s=_idle_s(entries[0]),
    )


def _idle_s(entry: Entry) -> float | None:
    """When the line hangs up, where what is varied is how long it hears nothing.

    A policy's routers have the word before the link (product.md, "Commands").
    """
    if entry.varied is None or entry.varied.key not in PROBE_WAITS:
        return None
    lines = [link.dial for link in entry.scenario.links if link.dial is not None]
    if not lines:
        return None
    idle_ns = entry.policy.values.get("router.idle_timeout", lines[0].params.idle_ns)
    return in_seconds(idle_ns) if isinstance(idle_ns, int) else None
