"""A capture from its first frame to its report.

Frames go by, timelines stay.  A connection seen at several taps has a timeline at each, and
``emu.check.taps`` says which one is believed.
"""

from __future__ import annotations

from pathlib import Path

from emu.capture.recording import LINKTYPE_UPPER_PDU
from emu.check.book import Book
from emu.check.common import with_common_causes
from emu.check.links import Links
from emu.check.reading import Records
from emu.check.report import Report, Verdict
from emu.check.rules import RANK
from emu.check.settling import Settler
from emu.check.shelf import Flows
from emu.check.taps import Views


def check_file(path: Path | str, *, name: str = "") -> Report:
    """Judge a capture.  ``name``: how the report calls it, as the user typed it.

    Raises ``InputError`` when the file is not a capture.
    """
    records = Records(Path(path))
    book = Book()
    links, settler = Links(book), Settler(book)
    readers, interfaces = links.readers, records.contents.interfaces
    zero_ns = last_ns = frames = unread = 0
    for record in records:
        if not frames:
            zero_ns = record.at_ns
        frames = record.number
        interface = interfaces[record.interface]
        reader = readers.get(record.interface) or links.open(record.interface, interface)
        unread += not reader(record.at_ns, record.number, record.octets, record.direction)
        if interface.link_type == LINKTYPE_UPPER_PDU:
            continue  # what a server says about itself is not on any wire
        last_ns = max(last_ns, record.at_ns)
        settler.look(last_ns, zero_ns)
        if book.finished:
            _forget(book, links)
    kept = _verdicts(book, max(last_ns, records.ended_ns), zero_ns)
    return Report(
        file=name or str(path),
        frames=frames,
        unread=unread,
        without_flow={kind.value: count for kind, count in sorted(links.without_flow.items())},
        flows=Flows(settler.shelf, kept) if settler.shelf else tuple(kept),
        note=records.note,
    )


def _forget(book: Book, links: Links) -> None:
    for tap, key, timeline in book.finished:
        links.taps[tap].forget(key, timeline)
    book.finished.clear()


def _verdicts(book: Book, ended_ns: int, zero_ns: int) -> list[Verdict]:
    views = [Views(book, sightings, ended_ns) for sightings in book.connections()]
    cases = with_common_causes([each.case for each in views])
    verdicts = [each.verdict(case, zero_ns) for each, case in zip(views, cases, strict=True)]
    return sorted(verdicts, key=_order)


def _order(verdict: Verdict) -> tuple[object, ...]:
    """Dead first, then by time."""
    return RANK[verdict.flow_class], verdict.first_ns, verdict.a, verdict.b
