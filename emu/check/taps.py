"""A connection that several taps saw is judged at one of them.

Whoever asks in vain is best heard beside itself: on the way its probes are lost, delayed by a
line that is being dialled, or answered by a router in the name of somebody dead (facts/ipx.md
4.1, facts/netbeui.md 4, facts/tcp.md 8).  So believed is, in this order: the tap at which the
connection goes on both ways when all others have lost the caller, since somebody answers there
and the server does not know; the tap nearest to the called side if that asks in vain there,
since who is disconnected is the server's word; the tap that saw most.  What others made of it
is told.

A NAT and a full proxy change endpoints: what has other names is another connection here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from emu.check.book import Book, Sighting
from emu.check.cases import Case, make_case
from emu.check.report import Verdict
from emu.check.rules import FlowClass, decide
from emu.check.timeline import CROSSED_NS, A, B, Timeline
from emu.check.verdicts import judge


class Views:
    """What the taps make of one connection.  ``case``: that of the tap that is believed."""

    __slots__ = ("_others", "case", "interface")

    def __init__(self, book: Book, sightings: Sequence[Sighting], ended_ns: int) -> None:
        believed = _believed(book, sightings, ended_ns)
        self.case = _case(book, believed, ended_ns)
        self.interface = book.names.get(believed.tap, str(believed.tap))
        self._others = [
            (book.names.get(each.tap, str(each.tap)), _case(book, each, ended_ns))
            for each in sightings
            if each is not believed
        ]

    def verdict(self, case: Case, zero_ns: int) -> Verdict:
        """The verdict on the believed case; whatever has one cause with it has it everywhere."""
        verdict = judge(case, zero_ns, self.interface)
        others = self._disagreeing(case, verdict.flow_class) if self._others else ()
        return replace(verdict, seen_elsewhere=others) if others else verdict

    def _disagreeing(self, case: Case, flow_class: FlowClass) -> tuple[tuple[str, FlowClass], ...]:
        found = (
            (name, decide(replace(other, common=case.common, link=case.link)).flow_class)
            for name, other in self._others
        )
        return tuple((name, other) for name, other in found if other is not flow_class)


def _case(book: Book, sighting: Sighting, ended_ns: int) -> Case:
    return make_case(sighting.timeline, book.hosts(sighting.tap), ended_ns)


def _believed(book: Book, sightings: Sequence[Sighting], ended_ns: int) -> Sighting:
    if len(sightings) == 1:
        return sightings[0]
    spoken_for = next((each for each in sightings if _goes_on(each, sightings)), None)
    if spoken_for is not None:
        return spoken_for
    # Of equals the first: nearest to the called side, then first seen.
    ordered = sorted(sightings, key=lambda each: _came_ns(each.timeline))
    case = _case(book, ordered[0], ended_ns)
    if case.waiting == A and case.is_silence:
        return ordered[0]
    return max(ordered, key=lambda each: each.timeline.frames)


def _goes_on(sighting: Sighting, sightings: Sequence[Sighting]) -> bool:
    """Whether both sides are heard here when the caller's last words elsewhere cannot be on
    their way any more."""
    here = [mark.at_ns for mark in sighting.timeline.heard if mark is not None]
    there = [_last_words_ns(each.timeline) for each in sightings if each is not sighting]
    return len(here) == 2 and min(here) - max(there) >= CROSSED_NS


def _last_words_ns(timeline: Timeline) -> int:
    """Behind the end nobody is ``heard``, but may speak."""
    heard, end = timeline.heard[B], timeline.end
    late_ns = timeline.late_ns if end is not None and end.side == A else 0
    return max(late_ns, heard.at_ns if heard is not None else 0)


def _came_ns(timeline: Timeline) -> tuple[bool, int]:
    """When the called side was first heard; never is last."""
    came = timeline.came[A]
    return came is None, came.at_ns if came is not None else 0
