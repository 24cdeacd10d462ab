"""The picture's dots and their names.

A circle is a policy that throws no live client out, a triangle one that does; filled are those
on the Pareto front.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from emu.compare.figures import delay_text
from emu.compare.page.chart import BOTTOM, LEFT, TOP, WIDTH, Chart, Point, front_line
from emu.compare.page.labels import LINE, Box, Dot, Label, place
from emu.compare.page.markup import Markup, number, tag, together
from emu.compare.rows import Row

RADIUS = 5.0
#: From mark to mark where unlike ones share a place.
_ASIDE = 14.0
#: Nearer dots that are not on the front are named in one list.
_BUNCH = 16.0
#: Longer names are cut in the picture; the table and the dot's own title have them whole.
_NAME_MAX = 30


def dots(chart: Chart) -> Iterator[Markup]:
    """Names first, dots above them, those of the front on top."""
    bunches = _bunches(chart.points)
    wanted = [Dot(_extent(bunch), tuple(_short(each.row) for each in bunch)) for bunch in bunches]
    inside = Box(LEFT + 2, TOP - 6, WIDTH - 4, BOTTOM - 4)
    labels = place(wanted, inside, _walls(front_line(chart.points)))
    for bunch, dot, label in zip(bunches, wanted, labels, strict=True):
        yield from _label(bunch, dot, label)
    aside = _aside(chart.points)
    for point in sorted(chart.points, key=lambda point: (point.front, point.rank)):
        yield _dot(point, point.x + aside[point.rank])


def key() -> Markup:
    """What the marks mean, as a line of text."""

    def mark(class_: str, *, false: bool = False) -> Markup:
        shape = _shape(8, 8, class_, false=false)
        return tag("svg", shape, class_="mark", viewBox="0 0 16 16", aria_hidden="true")

    return together(
        tag("span", mark("dot on-front"), "on the Pareto front"),
        tag("span", mark("dot"), "not on it"),
        tag("span", mark("dot", false=True), "throws live clients out"),
        tag("span", tag("i", class_="step"), "shortest p95 at that cost or less"),
    )


# --- names -----------------------------------------------------------------------------------


def _bunches(points: Sequence[Point]) -> list[list[Point]]:
    """Points that get one list of names, from left to right; those with the front first.

    On the front only those at one place; elsewhere those that follow each other closely.
    """
    bunches: list[list[Point]] = []
    for point in sorted(points, key=lambda point: (not point.front, point.x, point.rank)):
        near = [bunch for bunch in bunches if any(_belongs(point, each) for each in bunch)]
        for bunch in near:
            bunches.remove(bunch)
        bunches.append([each for bunch in near for each in bunch] + [point])
    return sorted(bunches, key=lambda bunch: (not bunch[0].front, bunch[0].rank))


def _belongs(one: Point, other: Point) -> bool:
    if _place(one) == _place(other):
        return True
    distance = ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5
    return not one.front and not other.front and distance < _BUNCH


def _place(point: Point) -> tuple[float, float]:
    """To the pixel: what is nearer cannot be told apart."""
    return round(point.x), round(point.y)


def _extent(bunch: Sequence[Point]) -> Box:
    """What its marks cover."""
    aside = _ASIDE if len({_look(each) for each in bunch}) > 1 else 0.0
    xs, ys = [each.x for each in bunch], [each.y for each in bunch]
    reach = RADIUS + 1
    return Box(min(xs) - reach, min(ys) - reach, max(xs) + aside + reach, max(ys) + reach)


def _walls(corners: Sequence[tuple[float, float]]) -> list[Box]:
    """The step line, as boxes that no name should cover."""
    return [
        Box(min(x1, x2) - 2, min(y1, y2) - 2, max(x1, x2) + 2, max(y1, y2) + 2)
        for (x1, y1), (x2, y2) in pairwise(corners)
    ]


def _short(row: Row) -> str:
    name, false = row["policy"], row["false_disconnects"]
    # The value that is varied stays: without it the names of a policy's dots would be alike.
    end = f"…={row['varied']['value']}"[:_NAME_MAX] if row.get("varied") else "…"
    name = name if len(name) <= _NAME_MAX else f"{name[: _NAME_MAX - len(end)]}{end}"
    return f"{name} ({false:,} false)" if false else name


def _label(bunch: Sequence[Point], dot: Dot, label: Label) -> Iterator[Markup]:
    box, mark = label.box, dot.mark
    if label.away:
        yield _leader(mark, box)
    middle = (mark.left + mark.right) / 2
    x, anchor = (box.left + box.right) / 2, "middle"
    if box.left >= middle:
        x, anchor = box.left, "start"
    elif box.right <= middle:
        x, anchor = box.right, "end"
    for index, (point, line) in enumerate(zip(bunch, dot.lines, strict=True)):
        class_ = "label on-front" if point.front else "label"
        y = box.top + 11 + index * LINE
        yield tag("text", line, x=x, y=y, class_=class_, text_anchor=anchor)


def _leader(mark: Box, box: Box) -> Markup:
    """From the middle of a mark to the nearest edge of its label."""
    x, y = (mark.left + mark.right) / 2, (mark.top + mark.bottom) / 2
    near_x = min(max(x, box.left - 1), box.right + 1)
    near_y = min(max(y, box.top + 2), box.bottom - 2)
    return tag("line", class_="leader", x1=x, y1=y, x2=near_x, y2=near_y)


# --- marks -----------------------------------------------------------------------------------


def _look(point: Point) -> tuple[bool, bool]:
    return point.front, point.false == 0


def _aside(points: Sequence[Point]) -> dict[int, float]:
    """By rank, how far a mark is moved because one that looks different has its place."""
    looks: dict[tuple[float, float], set[tuple[bool, bool]]] = {}
    for point in points:
        looks.setdefault(_place(point), set()).add(_look(point))
    order = {where: sorted(found, reverse=True) for where, found in looks.items()}
    return {p.rank: _ASIDE * order[_place(p)].index(_look(p)) for p in points}


def _dot(point: Point, x: float) -> Markup:
    class_ = "dot on-front" if point.front else "dot"
    shape = _shape(x, point.y, class_, false=point.false > 0)
    return tag("g", tag("title", _told(point.row)), shape, id=f"point-{point.rank}")


def _shape(x: float, y: float, class_: str, *, false: bool) -> Markup:
    if not false:
        return tag("circle", class_=class_, cx=x, cy=y, r=RADIUS)
    top, base, half = y - RADIUS - 2, y + RADIUS - 0.5, RADIUS + 1.5
    corners = f"M{number(x)} {number(top)}L{number(x + half)} {number(base)}H{number(x - half)}Z"
    return tag("path", class_=class_, d=corners)


def _told(row: Row) -> str:
    delay = delay_text(row["notice_delay_s"]["p95"], row["noticed"] + row["never"])
    currency = row["currency"]
    cost = f"{row['cost']:,.2f} {currency}" if currency else f"{row['bytes_on_wire']:,} B on wire"
    return f"{row['policy']}: p95 {delay}, {cost}, {row['false_disconnects']} false"
