"""Cost over a varied value and, below it on the same axis, the p95 of the delay.

A line a policy, told apart by dashes as well as by colour; broken where a dialled line hangs up,
because there the cost jumps.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from emu.compare.figures import delay_text
from emu.compare.page.curve import Curve, Sample, Series
from emu.compare.page.markup import Markup, number, tag
from emu.compare.page.scale import BAND, Axis, across_axis, across_ticks, axis_for, number_ticks
from emu.compare.page.scale import time_ticks as delay_ticks
from emu.units import format_duration, seconds

WIDTH = 960.0
LEFT, RIGHT = 66.0, 924.0
#: From the top, in pixels: room for the heading, cost, room for the next, delay, room for values.
_HEAD, _COST, _BETWEEN, _DELAY, _FOOT = 40.0, 300.0, 62.0, 190.0, 52.0
_DOT = 4.0
#: So many ways to draw a line; more policies take turns (their names tell them still).
_LOOKS = 4
_CHARACTER = 6.3


def curve_picture(curve: Curve) -> Markup:
    """The whole SVG."""
    across = across_axis([sample.x for sample in curve.samples], LEFT, RIGHT, log=_log(curve))
    top, bottom = _HEAD, _HEAD + _COST
    panels = [*_panel(curve, across, _cost_axis(curve, bottom, top), top, bottom, cost=True)]
    delays = [sample.late_s for sample in curve.samples if sample.told]
    if delays:
        top = bottom + _BETWEEN
        bottom = top + _DELAY
        panels += _panel(curve, across, axis_for(delays, bottom, top), top, bottom, cost=False)
    return tag(
        "svg",
        tag("title", heading(curve), id="curve-title"),
        tag("desc", description(curve), id="curve-desc"),
        *panels,
        *_across(curve, across, bottom),
        class_="picture curve",
        viewBox=f"0 0 {number(WIDTH)} {number(bottom + _FOOT)}",
        role="img",
        aria_labelledby="curve-title curve-desc",
    )


def curve_key(curve: Curve) -> Markup:
    """Whose line is which."""
    lines = [
        tag("i", class_=f"curve-key series-{series.number % _LOOKS}") for series in curve.series
    ]
    names = [series.name for series in curve.series]
    return tag(
        "p",
        *(tag("span", *pair) for pair in zip(lines, names, strict=True)),
        class_="key",
    )


def heading(curve: Curve) -> str:
    """What the picture shows."""
    return f"Cost over {curve.key}"


def description(curve: Curve) -> str:
    """The picture in words, for who cannot see it."""
    told = [_told(series, curve) for series in curve.series]
    hung = [f"the line hangs up after {_value(each, curve)}" for each in curve.idle_s]
    return f"{_cost_name(curve)}. {'. '.join([*told, *hung])}."


def _told(series: Series, curve: Curve) -> str:
    points = [f"{each.row['varied']['value']} {_amount(each, curve)}" for each in series.samples]
    return f"{series.name}: {', '.join(points)}"


def _log(curve: Curve) -> bool:
    values = [sample.x for sample in curve.samples]
    return min(values) > 0 and max(values) >= 10 * min(values)


def _cost_axis(curve: Curve, bottom: float, top: float) -> Axis:
    """From nothing, and even: a step must look as high as it is."""
    high = max([sample.row[curve.field] for sample in curve.samples])
    return Axis(low=0.0, high=(high or 1.0) * 1.15, start=bottom, end=top, log=False)


# --- panels ----------------------------------------------------------------------------------


def _panel(
    curve: Curve, across: Axis, up: Axis, top: float, bottom: float, *, cost: bool
) -> Iterator[Markup]:
    name = _cost_name(curve) if cost else "p95 of the delay from the fault until it was noticed"
    scale = ", log scale" if up.log else ""
    yield tag("text", f"{name}{scale}", x=0, y=top - 16, class_="name")
    yield from _grid(up, cost)
    for tick in across_ticks(across, times=curve.times):
        x = across.at(tick)
        yield tag("line", class_="grid", x1=x, y1=top, x2=x, y2=bottom)
    if up.never is not None:
        high = float(BAND - 8)
        yield tag(
            "rect", class_="band", x=LEFT, y=up.never - high / 2, width=RIGHT - LEFT, height=high
        )
        yield tag("text", "never", x=LEFT - 10, y=up.never + 4, class_="tick", text_anchor="end")
    yield from _hang_ups(curve, across, top, bottom, named=cost)
    yield tag("line", class_="axis", x1=LEFT, y1=bottom, x2=RIGHT, y2=bottom)
    for series in curve.series:
        yield from _line(series, curve, across, up, cost=cost)
    if cost:
        yield from _figures(curve, across, up)


def _grid(up: Axis, cost: bool) -> Iterator[Markup]:
    for tick in number_ticks(up) if cost else delay_ticks(up):
        y = up.at(tick)
        text = f"{tick:,.6g}" if cost else format_duration(seconds(tick))
        yield tag("line", class_="grid", x1=LEFT, y1=y, x2=RIGHT, y2=y)
        yield tag("text", text, x=LEFT - 10, y=y + 4, class_="tick", text_anchor="end")


def _across(curve: Curve, across: Axis, bottom: float) -> Iterator[Markup]:
    for tick in across_ticks(across, times=curve.times):
        text, x = _value(tick, curve), across.at(tick)
        yield tag("text", text, x=x, y=bottom + 20, class_="tick", text_anchor="middle")
    name = f"{curve.key}, log scale" if across.log else curve.key
    yield tag("text", name, x=RIGHT, y=bottom + 44, class_="name", text_anchor="end")


def _hang_ups(
    curve: Curve, across: Axis, top: float, bottom: float, *, named: bool
) -> Iterator[Markup]:
    """Where a line hangs up: a stroke from top to bottom, with its name on the side with room."""
    for idle_s in curve.idle_s:
        if not across.low <= idle_s <= across.high:
            continue
        x = across.at(idle_s)
        yield tag("line", class_="hang-up", x1=x, y1=top - 8, x2=x, y2=bottom)
        if named:
            text = f"the line hangs up after {_value(idle_s, curve)}"
            right = x + 7 + len(text) * _CHARACTER <= RIGHT
            at, anchor = (x + 7, None) if right else (x - 7, "end")
            yield tag("text", text, x=at, y=top - 1, class_="hung", text_anchor=anchor)


def _line(series: Series, curve: Curve, across: Axis, up: Axis, *, cost: bool) -> Iterator[Markup]:
    look = f"series-{series.number % _LOOKS}"
    for stretch in series.stretches():
        places = [(across.at(s.x), up.at(_y(s, curve, cost))) for s in stretch if cost or s.told]
        corners = " ".join(f"{number(x)},{number(y)}" for x, y in places)
        if len(places) > 1:
            yield tag("polyline", class_=f"curve-line {look}", points=corners)
    for sample in series.samples:
        if cost or sample.told:
            yield tag(
                "g",
                tag("title", _title(sample, curve)),
                tag(
                    "circle",
                    class_=f"curve-dot {look}",
                    cx=across.at(sample.x),
                    cy=up.at(_y(sample, curve, cost)),
                    r=_DOT,
                ),
            )


def _figures(curve: Curve, across: Axis, up: Axis) -> Iterator[Markup]:
    """The two figures beside the highest step, written out."""
    steps = [
        (one, other)
        for series in curve.series
        for one, other in pairwise(series.samples)
        if series.idle_s is not None and one.x < series.idle_s <= other.x
    ]
    if steps:
        one, other = max(steps, key=lambda step: step[1].row[curve.field])
        yield from _figure(one, curve, across, up, -9.0, "end")
        yield from _figure(other, curve, across, up, 9.0, "start")


def _figure(
    sample: Sample, curve: Curve, across: Axis, up: Axis, aside: float, anchor: str
) -> Iterator[Markup]:
    x, y = across.at(sample.x) + aside, up.at(sample.row[curve.field])
    text = f"{sample.row['varied']['value']}: {_amount(sample, curve)}"
    yield tag("text", text, class_="label on-front", x=x, y=y - 8, text_anchor=anchor)


# --- figures as text -------------------------------------------------------------------------


def _y(sample: Sample, curve: Curve, cost: bool) -> float | None:
    return sample.row[curve.field] if cost else sample.late_s


def _value(x: float, curve: Curve) -> str:
    return format_duration(seconds(x)) if curve.times and x else f"{x:,.6g}"


def _amount(sample: Sample, curve: Curve) -> str:
    value = sample.row[curve.field]
    if curve.field == "cost":
        return f"{value:,.2f} {curve.currency}"
    unit = "s up" if curve.field == "wan_connected_s" else "B on wire"
    return f"{value:,.0f} {unit}"


def _title(sample: Sample, curve: Curve) -> str:
    delay = delay_text(sample.late_s, sample.row["noticed"] + sample.row["never"])
    return f"{sample.row['policy']}: {_amount(sample, curve)}, p95 {delay}"


def _cost_name(curve: Curve) -> str:
    if curve.field == "cost":
        return f"Cost of the calls, {curve.currency}"
    if curve.field == "wan_connected_s":
        return "Time for which the line was up, s"
    return "Probes and their answers on the wire, octets (B)"
