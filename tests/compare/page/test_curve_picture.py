"""The picture of cost over a value: the step at the hang-up time is there to be seen."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from emu.compare.page.curve import Curve, Sample, Series
from emu.compare.page.curve_picture import curve_key, curve_picture
from emu.compare.page.markup import tag
from tests.compare.page.pages import by_id, of_class, row, words

KEY = "policy.tcp.keepalive_idle"


def sample(value: str, x: float, cost: float, p95: float | None = None, **more: Any) -> Sample:
    varied = {"policy": "p", "key": KEY, "value": value}
    found = row(f"p keepalive_idle={value}", p95, cost=cost, currency="DEM", varied=varied)
    return Sample(x, {**found, **more})


#: Up all day, then a call a probe, then fewer and fewer calls.
STEP = (
    sample("60s", 60, 115.0, 30.0),
    sample("110s", 110, 115.0, 55.0),
    sample("130s", 130, 156.0, 65.0),
    sample("2h", 7200, 2.6),
)


def curve(*series: tuple[Sample, ...], idle_s: float | None = 120.0) -> Curve:
    return Curve(
        key=KEY,
        times=True,
        field="cost",
        currency="DEM",
        series=tuple(
            Series(number=i, name=f"p{i}", samples=each, idle_s=idle_s)
            for i, each in enumerate(series)
        ),
        left_out=(),
    )


def drawn(found: Curve) -> ET.Element:
    return ET.fromstring(curve_picture(found))


def height(svg: ET.Element, index: int) -> float:
    """Of a dot of the upper panel; pictures count downwards."""
    return float([*of_class(svg, "curve-dot")][index].get("cy", ""))


def test_the_step_is_upwards_at_the_mark() -> None:
    svg = drawn(curve(STEP))
    mark = float(next(of_class(svg, "hang-up")).get("x1", ""))
    places = [float(dot.get("cx", "")) for dot in of_class(svg, "curve-dot")][:4]
    assert places[1] < mark < places[2]
    assert places == sorted(places)
    assert height(svg, 0) == height(svg, 1)
    # 156 stands above 115 in the ratio of the two, from the axis at 340 of a panel 300 high.
    above = [340 - height(svg, index) for index in (1, 2)]
    assert abs(above[1] / above[0] - 156 / 115) < 0.001
    assert height(svg, 3) > height(svg, 1)


def test_no_line_crosses_the_mark() -> None:
    svg = drawn(curve(STEP))
    mark = float(next(of_class(svg, "hang-up")).get("x1", ""))
    lines = [each.get("points", "").split() for each in of_class(svg, "curve-line")]
    assert lines
    for line in lines:
        xs = [float(corner.split(",")[0]) for corner in line]
        assert max(xs) < mark or min(xs) > mark


def test_the_two_figures_beside_the_step_are_written_out() -> None:
    svg = drawn(curve(STEP, tuple(s._replace(row={**s.row, "cost": 1.0}) for s in STEP)))
    assert [words(each) for each in of_class(svg, "on-front")] == [
        "110s: 115.00 DEM", "130s: 156.00 DEM",
    ]  # fmt: skip
    (said,) = of_class(svg, "hung")
    assert words(said) == "the line hangs up after 2m"


def test_it_is_told_in_words_too() -> None:
    svg = drawn(curve(STEP))
    named = (svg.get("aria-labelledby") or "").split()
    title, described = (words(by_id(svg, name)) for name in named)
    assert title == f"Cost over {KEY}"
    assert "110s 115.00 DEM, 130s 156.00 DEM" in described
    assert "the line hangs up after 2m" in described


def test_never_has_its_band_in_the_lower_panel() -> None:
    svg = drawn(curve(STEP))
    assert len([*of_class(svg, "curve-dot")]) == 2 * len(STEP)
    assert len([*of_class(svg, "band")]) == 1
    assert "never" in words(svg)


def test_without_anything_to_notice_there_is_one_panel() -> None:
    healthy = tuple(each._replace(row={**each.row, "noticed": 0, "never": 0}) for each in STEP)
    svg = drawn(curve(healthy))
    assert len([*of_class(svg, "curve-dot")]) == len(STEP)
    assert "p95 of the delay" not in words(svg)


def test_without_a_mark_the_line_is_whole() -> None:
    svg = drawn(curve(tuple(STEP[:3]), idle_s=None))
    assert [*of_class(svg, "hang-up")] == []
    assert len([*of_class(svg, "curve-line")]) == 2, "cost and delay"


def test_a_mark_beyond_the_values_is_not_drawn() -> None:
    svg = drawn(curve(STEP[:2]))
    assert [*of_class(svg, "hang-up")] == []


def test_whose_line_is_which_stands_below() -> None:
    key = ET.fromstring(tag("div", curve_key(curve(STEP, STEP))))
    assert words(key) == "p0p1"
    assert [each.get("class") for each in key.iter("i")] == [
        "curve-key series-0", "curve-key series-1",
    ]  # fmt: skip
