"""Where everything of the picture stands: axes, a point a policy, corners of the front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from emu.compare.page.scale import Axis, axis_for
from emu.compare.rows import Row, cost_field

WIDTH, HEIGHT = 960.0, 620.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 924.0, 34.0, 560.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A row's place in the picture.  ``rank``: its place in the table, from 1."""

    row: Row
    rank: int
    x: float
    y: float

    @property
    def front(self) -> bool:
        """On the Pareto front."""
        return self.row["pareto"]

    @property
    def false(self) -> int:
        """How many live clients it threw out."""
        return self.row["false_disconnects"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The axes and every point on them.  ``band``: what the band above them says, if any."""

    across: Axis
    up: Axis
    points: Sequence[Point]
    band: str


def chart_of(rows: Sequence[Row]) -> Chart:
    """Cost to the right, the p95 of the delay upwards."""
    field = cost_field(rows)
    delays = [row["notice_delay_s"]["p95"] for row in rows]
    across = axis_for([row[field] for row in rows], LEFT, RIGHT)
    up = axis_for(delays, BOTTOM, TOP)
    return Chart(
        across=across,
        up=up,
        points=[
            Point(row=row, rank=rank, x=across.at(row[field]), y=up.at(delay))
            for rank, (row, delay) in enumerate(zip(rows, delays, strict=True), 1)
        ],
        band=_band_text(rows),
    )


def _band_text(rows: Sequence[Row]) -> str:
    late = [row for row in rows if row["notice_delay_s"]["p95"] is None]
    texts = {"never" if row["never"] else "none lost" for row in late}
    return ", ".join(sorted(texts))


def front_line(points: Sequence[Point]) -> list[tuple[float, float]]:
    """Corners of the step line through the front, cheapest first.

    From each dot on it goes right at the same delay, until a dearer policy notices sooner.
    The front is that of three figures (``rows.ranked``); those of its policies that others beat
    in the two shown here, and that are on it for their false disconnects, are beside the line.
    """
    front = sorted({(point.x, point.y) for point in points if point.front})
    # y grows downwards: a larger y is a shorter delay.
    best = [
        one
        for one in front
        if not any(o != one and o[0] <= one[0] and o[1] >= one[1] for o in front)
    ]
    corners = best[:1]
    for (_, y), (x, sooner) in pairwise(best):
        corners += [(x, y), (x, sooner)]
    return corners
