"""Names stay inside, and off each other while there is room."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from emu.compare.page.labels import CHARACTER, LINE, Box, Dot, place

FIELD = Box(0, 0, 900, 500)


def dot(x: float, y: float, *lines: str) -> Dot:
    return Dot(Box(x - 6, y - 6, x + 6, y + 6), lines)


def test_alone_a_name_is_right_beside_its_dot() -> None:
    (label,) = place([dot(100, 100, "abcd")], FIELD)
    assert label.box == Box(109, 100 - LINE / 2, 109 + 4 * CHARACTER, 100 + LINE / 2)
    assert not label.away


def test_at_the_edge_it_goes_to_the_other_side() -> None:
    (label,) = place([dot(890, 100, "abcd")], FIELD)
    assert label.box.right == 890 - 9


def test_a_wall_is_not_written_over() -> None:
    wall = Box(90, 98, 300, 102)
    (label,) = place([dot(100, 100, "abcd")], FIELD, [wall])
    assert label.box.overlap(wall) == 0


def test_a_list_has_a_straight_edge() -> None:
    """To the right or left of its dot, never centred above or below it."""
    walls = [Box(0, 90, 94, 110), Box(106, 90, 900, 110)]
    (label,) = place([dot(100, 100, "abcdefghijkl", "b", "c")], FIELD, walls)
    assert label.box.left >= 100 or label.box.right <= 100


places = st.tuples(st.integers(0, 900), st.integers(0, 500))


@given(st.lists(places, max_size=60))
def test_all_stay_inside(found: list[tuple[int, int]]) -> None:
    for label in place([dot(x, y, "a-policy-of-some-length") for x, y in found], FIELD):
        assert label.box.left >= -0.001 and label.box.right <= 900.001
        assert label.box.top >= -0.001 and label.box.bottom <= 500.001


@given(st.lists(places, max_size=12, unique=True))
def test_a_dozen_names_never_cover_each_other(found: list[tuple[int, int]]) -> None:
    labels = place([dot(x, y, "tcp-keepalive-nt4-5min") for x, y in found], FIELD)
    assert all(a.box.overlap(b.box) == 0 for a, b in combinations(labels, 2))
