"""Lanes of one run: places by hand, and what is left out when there is too much."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from emu.compare.page.scale import time_axis
from emu.compare.page.timeline import (
    density,
    description,
    drawn_sessions,
    left_out,
    ticks,
    timeline,
)
from emu.compare.trace import LinkTrace, Span, Trace
from tests.compare.page.pages import S, of_class, session, strike, trace, words


def drawn(found: Trace) -> ET.Element:
    return ET.fromstring(timeline(found, 1))


def place(at_s: float) -> float:
    """1000 s from 158 to 944 pixels."""
    return 158 + 786 * at_s / 1000


def only(found: ET.Element, name: str) -> ET.Element:
    (each,) = of_class(found, name)
    return each


def test_states_ghost_and_notice_stand_at_their_instants() -> None:
    states = (Span("active", 10 * S, 500 * S), Span("disconnected", 500 * S, 1000 * S))
    svg = drawn(trace(session(1, strike(200, 500), spans=states)))

    def extent(name: str) -> tuple[float, float]:
        bar = only(svg, name)
        left = float(bar.get("x") or 0)
        return left, left + float(bar.get("width") or 0)

    assert extent("active") == pytest.approx((place(10), place(500)), abs=0.02)
    assert extent("ghost") == pytest.approx((place(200), place(500)), abs=0.02)
    assert extent("disconnected") == pytest.approx((place(500), place(1000)), abs=0.02)
    noticed = only(svg, "noticed")
    assert float(noticed.get("x1") or 0) == pytest.approx(place(500), abs=0.02)
    assert (only(svg, "fault").get("d") or "").startswith(f"M{place(200):g} ")
    assert words(only(svg, "word")) == "power-loss, noticed after 5m"


def test_a_notice_within_a_pixel_is_still_seen() -> None:
    svg = drawn(trace(session(1, strike(200, 200))))
    assert float(only(svg, "ghost").get("width") or 0) == 2


def test_never_is_a_word() -> None:
    svg = drawn(trace(session(1, strike(200, None))))
    assert words(only(svg, "word")) == "power-loss, never noticed"
    assert not [*of_class(svg, "noticed")]


def test_a_cable_back_in_time_and_a_live_client_thrown_out() -> None:
    mended = strike(200, None, fault="cable", ghost_until_ns=None, mended=True)
    thrown = (Span("active", 10 * S, 600 * S), Span("closed", 600 * S, 1000 * S))
    svg = drawn(trace(session(1, mended, spans=thrown, false_disconnect=True)))
    assert [words(each) for each in of_class(svg, "word")] == [
        "cable, back in time", "a live client was thrown out",
    ]  # fmt: skip
    assert not [*of_class(svg, "ghost")]
    assert float(only(svg, "closed").get("x1") or 0) == pytest.approx(place(600), abs=0.02)


def test_words_near_the_right_edge_go_to_the_left() -> None:
    svg = drawn(trace(session(1, strike(990, None))))
    assert only(svg, "word").get("text-anchor") == "end"


def test_up_to_six_sessions_are_all_drawn() -> None:
    found = trace(*(session(i) for i in range(1, 7)))
    assert len(drawn_sessions(found)) == 6
    assert left_out(found) == ""


def test_of_more_only_those_struck_and_a_count() -> None:
    others = [session(i) for i in range(2, 13)]
    found = trace(session(1, strike(200, 500)), *others)
    assert [each.id for each in drawn_sessions(found)] == [1]
    assert left_out(found) == "and 11 more sessions that no fault struck"
    assert len([*of_class(drawn(found), "session")]) == 1


def test_of_many_struck_eight_are_drawn() -> None:
    found = trace(*(session(i, strike(200, 500)) for i in range(1, 21)))
    assert [each.id for each in drawn_sessions(found)] == [*range(1, 9)]
    assert left_out(found) == "and 12 more sessions"


def test_few_probes_are_ticks_and_many_their_density() -> None:
    axis, _ = time_axis(1000.0, 158.0, 944.0)
    few = [100 * S, 100 * S + 1, 500 * S]
    assert [x for x, _ in ticks(few, axis)] == pytest.approx([236.5, 551.0])
    # Column 26 spans 236 to 239 pixels, 99.24 to 103.05 s; it has two, the next has one.
    heights = dict(density([100 * S, 102 * S, 104 * S], axis))
    assert heights == {158 + 26.5 * 3: 9.0, 158 + 27.5 * 3: 4.5}
    probes = tuple(range(10 * S, 1000 * S, S))
    svg = drawn(trace(session(1, probes_ns=probes)))
    assert len((only(svg, "density").get("d") or "").split("M")) - 1 == 260
    assert not [*of_class(svg, "probes")]


def test_a_link_is_up_while_a_call_lasts() -> None:
    """Two calls an hour apart are two bars; two within half a pixel one."""
    calls = ((100 * S, 200 * S), (200 * S + 1, 300 * S), (600 * S, 700 * S))
    svg = drawn(trace(session(1), links=(LinkTrace("isdn", calls),)))
    (bars,) = of_class(svg, "up")
    assert (bars.get("d") or "").count("z") == 2
    assert (bars.get("d") or "").startswith(f"M{place(100):g} ")
    assert "up: 3 calls" in words(svg)


def test_names_in_lanes_are_words_not_markup() -> None:
    svg = drawn(trace(session(1, user="<script>", client="a&b")))
    assert words(only(svg, "lane-name")) == "session 1, <script>"


def test_it_is_told_in_words_too() -> None:
    found = trace(session(1, strike(200, 500), probes_ns=(300 * S,)), session(2),
                  links=(LinkTrace("isdn", ((1, 2),)),))  # fmt: skip
    assert description(found) == (
        "isdn made 1 call; session 1 of user1: power-loss at 3m20s, noticed after 5m; 1 probe;"
        " session 2 of user2: no fault; 0 probes."
    )
    assert words(only(drawn(found), "lanes")[1]) == description(found)
