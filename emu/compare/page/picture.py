"""Detection against cost: a dot a policy, the Pareto front as a step line, *never* as a band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emu.compare.figures import currency_of
from emu.compare.page.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart_of, front_line
from emu.compare.page.dots import dots
from emu.compare.page.markup import Markup, number, tag
from emu.compare.page.scale import BAND, Axis, number_ticks, time_ticks
from emu.compare.rows import Row, cost_field
from emu.units import format_duration, seconds


def picture(rows: Sequence[Row]) -> Markup:
    """The whole SVG."""
    chart = chart_of(rows)
    corners = " ".join(f"{number(x)},{number(y)}" for x, y in front_line(chart.points))
    return tag(
        "svg",
        tag("title", "Detection against cost", id="picture-title"),
        tag("desc", _description(rows), id="picture-desc"),
        *_band(chart.up, chart.band),
        *_delay_axis(chart.up),
        *_cost_axis(chart.across, rows),
        tag("polyline", class_="front", points=corners),
        *dots(chart),
        class_="picture",
        viewBox=f"0 0 {number(WIDTH)} {number(HEIGHT)}",
        role="img",
        aria_labelledby="picture-title picture-desc",
    )


def _description(rows: Sequence[Row]) -> str:
    front = ", ".join(row["policy"] for row in rows if row["pareto"])
    what = "money" if cost_field(rows) == "cost" else "octets on the wire"
    return (
        f"Across: cost in {what}. Up: 95th percentile of the time until the loss of a client was"
        f" noticed. The table has every figure. On the Pareto front: {front}."
    )


def _text(x: float, y: float, text: str, class_: str, anchor: str | None = None) -> Markup:
    return tag("text", text, x=x, y=y, class_=class_, text_anchor=anchor)


def _band(up: Axis, text: str) -> Iterator[Markup]:
    """Not a place on the scale: a strip of its own above it."""
    if up.never is not None:
        height = float(BAND - 8)
        top = up.never - height / 2
        yield tag("rect", class_="band", x=LEFT, y=top, width=RIGHT - LEFT, height=height)
        yield _text(LEFT - 10, up.never + 4, text, "tick", "end")


def _delay_axis(up: Axis) -> Iterator[Markup]:
    name = "p95 of the delay from the fault until it was noticed, h m s"
    yield _text(0, TOP - 18, f"{name}, log scale" if up.log else name, "name")
    for tick in time_ticks(up):
        y = up.at(tick)
        yield tag("line", class_="grid", x1=LEFT, y1=y, x2=RIGHT, y2=y)
        yield _text(LEFT - 10, y + 4, format_duration(seconds(tick)), "tick", "end")
    if up.zero is not None:
        yield _text(LEFT - 10, up.zero + 4, "0s", "tick", "end")


def _cost_axis(across: Axis, rows: Sequence[Row]) -> Iterator[Markup]:
    for tick in number_ticks(across):
        x = across.at(tick)
        yield tag("line", class_="grid", x1=x, y1=TOP, x2=x, y2=BOTTOM)
        yield _text(x, BOTTOM + 20, _amount(tick), "tick", "middle")
    if across.zero is not None:
        yield _text(across.zero, BOTTOM + 20, "0", "tick", "middle")
        gap = across.start - 4
        yield tag("line", class_="axis gap", x1=gap, y1=TOP, x2=gap, y2=BOTTOM)
    yield tag("line", class_="axis", x1=LEFT, y1=BOTTOM, x2=RIGHT, y2=BOTTOM)
    yield _text(RIGHT, BOTTOM + 46, _cost_name(across, rows), "name", "end")


def _cost_name(across: Axis, rows: Sequence[Row]) -> str:
    currency = currency_of(rows)
    calls = f"cost of the calls, {currency}"
    what = calls if currency else "probes and their answers on the wire, octets (B)"
    return f"{what}, log scale" if across.log else what


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 or value == 0 else f"{value:g}"
