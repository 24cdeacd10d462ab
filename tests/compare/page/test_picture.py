"""The picture as an SVG: every policy a dot with its words, told apart by more than colour."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from emu.compare.page.dots import key
from emu.compare.page.markup import tag
from emu.compare.page.picture import picture
from tests.compare.page.pages import by_id, of_class, row, words

ROWS = [
    row("quick", 10.0, 10_000, pareto=True),
    row("unkind", 20.0, 20_000, false_disconnects=3),
    row("alike-1", 100.0, 1000),
    row("alike-2", 100.0, 1000),
    row("none", None, 0, pareto=True),
    row("none-unkind", None, 0, false_disconnects=1),
]


def drawn() -> ET.Element:
    return ET.fromstring(picture(ROWS))


def test_it_has_a_title_and_a_description() -> None:
    svg = drawn()
    named = (svg.get("aria-labelledby") or "").split()
    told = [words(by_id(svg, name)) for name in named]
    assert told[0] == "Detection against cost"
    assert "quick, none" in told[1]
    assert svg.get("role") == "img"


def test_every_policy_has_a_dot_that_tells_its_figures() -> None:
    svg = drawn()
    assert words(by_id(svg, "point-1")) == "quick: p95 10s, 10,000 B on wire, 0 false"
    assert words(by_id(svg, "point-5")) == "none: p95 never, 0 B on wire, 0 false"
    assert [words(by_id(svg, f"point-{i}")).partition(":")[0] for i in range(1, 7)] == [
        each["policy"] for each in ROWS
    ]


def test_shape_tells_false_disconnects_and_filling_the_front() -> None:
    svg = drawn()
    looks = [(by_id(svg, f"point-{i}")[1].tag, by_id(svg, f"point-{i}")[1].get("class"))
             for i in range(1, 7)]  # fmt: skip
    assert looks == [
        ("circle", "dot on-front"),
        ("path", "dot"),
        ("circle", "dot"),
        ("circle", "dot"),
        ("circle", "dot on-front"),
        ("path", "dot"),
    ]


def test_unlike_marks_at_one_place_stand_side_by_side() -> None:
    svg = drawn()
    circle, triangle = by_id(svg, "point-5")[1], by_id(svg, "point-6")[1]
    x = float(circle.get("cx") or 0)
    assert (triangle.get("d") or "").startswith(f"M{x + 14:g} ")


def test_every_name_is_written_once_and_never_is_a_word() -> None:
    labels = [words(each) for each in of_class(drawn(), "label")]
    assert sorted(labels) == [
        "alike-1", "alike-2", "none", "none-unkind (1 false)", "quick", "unkind (3 false)",
    ]  # fmt: skip
    assert "never" in [words(each) for each in of_class(drawn(), "tick")]


def test_names_too_long_are_cut_but_told_in_full() -> None:
    name = "a-very-long-name-" * 5
    svg = ET.fromstring(picture([row(name, 5.0, 5)]))
    (label,) = of_class(svg, "label")
    assert words(label) == f"{name[:29]}…"
    assert words(by_id(svg, "point-1")).startswith(f"{name}: ")


def test_money_is_named_with_its_currency() -> None:
    rows = [row("a", 5.0, 5, currency="DEM", cost=69.6)]
    names = [words(each) for each in of_class(ET.fromstring(picture(rows)), "name")]
    assert "cost of the calls, DEM" in names


def test_the_key_explains_every_mark() -> None:
    text = words(ET.fromstring(tag("p", key())))
    for each in ("on the Pareto front", "not on it", "throws live clients out"):
        assert each in text
