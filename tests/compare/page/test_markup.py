"""Whatever is not markup is escaped."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.compare.page.markup import Markup, number, tag, together


def test_text_and_attributes_are_escaped() -> None:
    made = tag("p", "<script>", tag("b", "a & b"), title='"><script>')
    assert made == ('<p title="&quot;&gt;&lt;script&gt;">&lt;script&gt;<b>a &amp; b</b></p>')


def test_names_of_attributes_and_empty_elements() -> None:
    assert tag("line", class_="grid", x1=1.0, stroke_width=2, id=None) == (
        '<line class="grid" x1="1" stroke-width="2" />'
    )


def test_what_turns_a_line_round_or_breaks_a_parser_is_shown() -> None:
    assert together("a\u202eb\x00\x1b[1m\udcff") == "a\\u202eb\\x00\\x1b[1m\\udcff"


@given(st.text())
def test_any_text_comes_back_from_a_parser_or_is_shown_escaped(text: str) -> None:
    made = tag("p", text, title=text)
    found = ET.fromstring(made.encode("utf-8"))
    assert not [*found], "no element came of it"
    if text.isprintable():
        assert ((found.text or ""), found.get("title")) == (text, text)


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (-0.001, "0"), (12.346, "12.35"), (100.0, "100"), (0.5, "0.5")]
)
def test_coordinates_are_short(value: float, text: str) -> None:
    assert number(value) == text


def test_markup_is_left_alone() -> None:
    assert together(Markup("<b>"), "<i>") == "<b>&lt;i&gt;"
