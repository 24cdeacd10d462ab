"""Flows that nothing can change any more are judged while the file is still being read.

Both ends have said goodbye and both goodbyes are acknowledged, or the connection was refused,
and both have kept silent since.  Whoever was merely reset may not know it yet and is live.
"""

from __future__ import annotations

from collections.abc import Sequence

from emu.check.book import Book, Sighting
from emu.check.rules import FlowClass
from emu.check.shelf import Shelf
from emu.check.taps import Views
from emu.units import NS_PER_S

#: What is late is gone after twice the longest life of a segment, 2 minutes (RFC 9293 3.4.2).
_QUIET_NS = 240 * NS_PER_S
#: So many connections are looked at for the first time (assumption: a few megabytes).
_FLOWS_MIN = 1000
_FINAL = frozenset({FlowClass.CLOSED, FlowClass.ABORTED})


class Settler:
    """Looks at all connections whenever they have doubled, so its work grows with the file."""

    def __init__(self, book: Book) -> None:
        self.shelf = Shelf()
        self._book = book
        self._limit = _FLOWS_MIN

    def look(self, at_ns: int, zero_ns: int) -> None:
        """Called with the time of every frame."""
        if self._book.added < self._limit:
            return
        for key, sightings in list(self._book.oldest()):
            if all(_is_over(each, at_ns) for each in sightings):
                self._settle(sightings, key, at_ns, zero_ns)
        self._limit = self._book.added + max(_FLOWS_MIN, len(self._book))

    def _settle(self, sightings: Sequence[Sighting], key: object, at_ns: int, zero_ns: int) -> None:
        views = Views(self._book, sightings, at_ns)
        verdict = views.verdict(views.case, zero_ns)
        if verdict.flow_class in _FINAL:
            self.shelf.put(verdict)
            self._book.remove(key, sightings)


def _is_over(sighting: Sighting, at_ns: int) -> bool:
    timeline = sighting.timeline
    return timeline.over and timeline.last_ns < at_ns - _QUIET_NS
