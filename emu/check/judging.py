"""A capture from its first frame to its report.

Frames go by, timelines stay.  A connection seen at several taps has a timeline at each; the
tap that saw most of it is believed, since it stood nearest to whoever kept asking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from emu.capture.recording import LINKTYPE_ETHERNET, LINKTYPE_UPPER_PDU
from emu.check.book import Book
from emu.check.cases import make_case
from emu.check.common import with_common_causes
from emu.check.flows import Tap
from emu.check.reading import Records
from emu.check.report import Report, Verdict
from emu.check.rules import RANK
from emu.check.settling import Settler
from emu.check.shelf import Flows
from emu.check.timeline import Timeline
from emu.check.verdicts import judge


def check_file(path: Path | str, *, name: str = "") -> Report:
    """Judge a capture.  ``name``: how the report calls it, as the user typed it.

    Raises ``InputError`` when the file is not a capture.
    """
    records = Records(Path(path))
    book, taps = Book(), dict[int, Tap]()
    settler = Settler(book)
    zero_ns = last_ns = frames = unread = 0
    for record in records:
        if not frames:
            zero_ns = record.at_ns
        frames = record.number
        link_type = records.contents.interfaces[record.interface].link_type
        if link_type == LINKTYPE_UPPER_PDU:
            continue  # what a server says about itself is not on any wire
        last_ns = max(last_ns, record.at_ns)
        tap = taps.get(record.interface)
        if tap is None:
            tap = taps[record.interface] = Tap(record.interface, book)
        known = link_type == LINKTYPE_ETHERNET
        unread += not (known and tap.ethernet(record.at_ns, record.number, record.octets))
        settler.look(last_ns, zero_ns)
        if book.finished:
            _forget(book, taps)
    kept = _verdicts(book, max(last_ns, records.ended_ns), zero_ns)
    return Report(
        file=name or str(path),
        frames=frames,
        unread=unread,
        flows=Flows(settler.shelf, kept) if settler.shelf else tuple(kept),
        note=records.note,
    )


def _forget(book: Book, taps: dict[int, Tap]) -> None:
    for tap, key, timeline in book.finished:
        taps[tap].forget(key, timeline)
    book.finished.clear()


def _verdicts(book: Book, ended_ns: int, zero_ns: int) -> list[Verdict]:
    cases = [make_case(timeline, book.hosts, ended_ns) for timeline in _nearest(book.connections())]
    verdicts = [judge(case, zero_ns) for case in with_common_causes(cases)]
    return sorted(verdicts, key=_order)


def _order(verdict: Verdict) -> tuple[object, ...]:
    """Dead first, then by time."""
    return RANK[verdict.flow_class], verdict.first_ns, verdict.a, verdict.b


def _nearest(taps: Iterable[Sequence[Timeline]]) -> Iterable[Timeline]:
    """Of the timelines of one connection the one with most frames; of equals the first."""
    for timelines in taps:
        yield max(timelines, key=lambda each: each.frames)
