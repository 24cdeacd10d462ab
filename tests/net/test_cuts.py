"""Cables that are cut while a frame is on its way, cut twice, mended twice."""

from __future__ import annotations

import pytest

from emu.net.link import Nic
from emu.net.timeline import OPERATOR
from tests.net.test_link import SERVER, WS1, WS2, Segment, frame

#: One way for a minimum frame: test_link.py's first test has the sum.
TRIP_NS = 62_600


def _ports(segment: Segment) -> dict[str, Nic | None]:
    return {"client": segment.ports[WS1], "server": segment.ports[SERVER], "trunk": None}


def _passes(segment: Segment, source: bytes = WS1, to: bytes = SERVER) -> bool:
    """Whether a frame gets through now."""
    segment.heard.clear()
    segment.lan.offer(segment.ports[source], frame(to, source), segment.timeline.now)
    segment.run()
    return bool(segment.heard)


@pytest.mark.parametrize("place", ["client", "server", "trunk"])
def test_a_frame_on_its_way_arrives_although_the_cable_is_cut(place: str) -> None:
    """A simplification that Lan.cut confesses: what was offered before the cut is through."""
    segment = Segment()
    port = _ports(segment)[place]
    segment.lan.offer(segment.ports[WS1], frame(SERVER, WS1), 0)
    segment.timeline.at(TRIP_NS // 2, OPERATOR, lambda *_: segment.lan.cut(port), None)
    segment.run()
    assert [(name, now) for name, now, _, _ in segment.heard] == [("server", TRIP_NS)]
    assert len(segment.recording) == 1
    assert not _passes(segment)


@pytest.mark.parametrize("place", ["client", "server", "trunk"])
def test_a_frame_into_a_cut_cable_is_lost_although_that_is_mended_before_it_would_arrive(
    place: str,
) -> None:
    segment = Segment()
    port = _ports(segment)[place]
    segment.lan.cut(port)
    segment.lan.offer(segment.ports[WS1], frame(SERVER, WS1), 0)
    segment.timeline.at(TRIP_NS // 2, OPERATOR, lambda *_: segment.lan.mend(port), None)
    segment.run()
    assert segment.heard == []
    assert _passes(segment)


@pytest.mark.parametrize("place", ["client", "server", "trunk"])
def test_what_was_cut_twice_is_whole_when_it_was_mended_twice(place: str) -> None:
    segment = Segment()
    port = _ports(segment)[place]
    passes = []
    for change in (segment.lan.cut, segment.lan.cut, segment.lan.mend, segment.lan.mend):
        change(port)
        passes.append(_passes(segment))
    assert passes == [False, False, False, True]


@pytest.mark.parametrize("place", ["client", "server", "trunk"])
def test_mending_what_is_whole_changes_nothing(place: str) -> None:
    """Nor does it keep the next cut from being one."""
    segment = Segment()
    port = _ports(segment)[place]
    segment.lan.mend(port)
    assert _passes(segment)
    segment.lan.cut(port)
    assert not _passes(segment)


def test_two_cables_are_two_cuts() -> None:
    segment = Segment()
    for source in (WS1, WS2):
        segment.lan.cut(segment.ports[source])
    segment.lan.mend(segment.ports[WS1])
    assert (_passes(segment, WS1), _passes(segment, WS2)) == (True, False)
