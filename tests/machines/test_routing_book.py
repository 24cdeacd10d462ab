"""What a router knows, and for how long (RFC 1582 2.6, 7.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import NEVER
from emu.machines.routing.book import Book, Source, route_book, service_book, service_key
from emu.machines.routing.params import RFC_1582_AGEING, Ageing
from emu.pdu.rip_sap import RipEntry
from emu.units import seconds as s

from .routing_parts import server, way

ONE, TWO = Source("lan", b"\1" * 6), Source("wan", b"\2" * 6)


def heard(ageing: Ageing = RFC_1582_AGEING) -> Book[RipEntry]:
    """Network 1 from router ONE, at instant 0."""
    book = route_book(ageing)
    book.hear(way(1, 1, 2), ONE, 0, until_ns=ageing.entry_ns)
    return book


def reachable(book: Book[RipEntry]) -> bool | None:
    best = book.best(1)
    return None if best is None else best.reachable


def ages(ageing: Ageing) -> None:
    book = heard(ageing)
    assert (reachable(book), book.due()) == (True, s(180))
    book.age(s(180) - 1)
    assert reachable(book) is True
    book.age(s(180))
    assert (reachable(book), book.due()) == (False, s(300))
    book.age(s(300))
    assert (reachable(book), book.due()) == (None, NEVER)


def test_an_entry_is_believed_180_s_and_held_120() -> None:
    ages(RFC_1582_AGEING)


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("name", ["entry_ns", "hold_ns"])
def test_a_number_off_by_one_is_caught(name: str, by: int) -> None:
    with pytest.raises(AssertionError):
        ages(replace(RFC_1582_AGEING, **{name: getattr(RFC_1582_AGEING, name) + by}))


def test_a_hold_down_time_that_runs_is_not_started_anew() -> None:
    """RFC 2091 6.2."""
    book = heard()
    book.lose("lan", s(10))
    book.lose("lan", s(20))
    book.hear(way(1, 16, 2), ONE, s(30), until_ns=NEVER)
    assert book.due() == s(130)


def test_the_version_moves_only_when_something_may_be_said_differently() -> None:
    book = heard()
    before = book.version
    book.hear(way(1, 1, 2), ONE, s(60), until_ns=s(240))
    book.doubt("lan", s(60))
    book.trust("lan")
    book.hear(way(2, 16, 2), ONE, s(60), until_ns=s(240))
    assert book.version == before
    book.hear(way(1, 2, 2), ONE, s(61), until_ns=s(241))
    assert book.version > before


def test_what_is_fixed_neither_ages_nor_is_lost_nor_heard() -> None:
    book = route_book(RFC_1582_AGEING)
    book.fix(way(1, 1, 2), ONE)
    book.doubt("lan", 0)
    book.lose("lan", 0)
    book.hear_all((), ONE, 0)
    book.hear(way(1, 9, 9), ONE, 0, until_ns=0)
    book.age(s(10**6))
    best = book.best(1)
    assert best is not None
    assert (best.entry, best.reachable, book.due()) == (way(1, 1, 2), True, NEVER)


def test_an_update_of_everything_concerns_its_sender_alone() -> None:
    book = heard()
    book.hear_all((way(1, 1, 9), way(2, 1, 9)), TWO, s(1))
    book.hear_all((way(2, 1, 9),), TWO, s(2))
    assert [(known.entry, known.reachable) for known in book.all_best()] == [
        (way(1, 1, 2), True),
        (way(2, 1, 9), True),
    ]
    book.lose("lan", s(3))
    assert reachable(book) is False  # TWO said that it is gone


def test_scrap_behind_a_name_makes_no_other_service() -> None:
    book = service_book(RFC_1582_AGEING)
    book.hear(server(3), ONE, 0, until_ns=NEVER)
    book.hear(replace(server(2), name=b"FS1\0scrap".ljust(48)), TWO, 0, until_ns=NEVER)
    (best,) = book.all_best()
    assert best.entry.hops == 2
    assert book.best(service_key(4, b"FS1")) is best
