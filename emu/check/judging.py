"""A capture from its first frame to its report.

Frames go by, timelines stay.  A connection seen at several taps has a timeline at each; the
tap that saw most of it is believed, since it stood nearest to whoever kept asking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from emu.capture.recording import LINKTYPE_ETHERNET, LINKTYPE_UPPER_PDU
from emu.check.book import Book
from emu.check.flows import Tap
from emu.check.reading import Records
from emu.check.report import Report, Verdict
from emu.check.rules import RANK, Case, make_case
from emu.check.timeline import Timeline
from emu.check.verdicts import judge
from emu.units import NS_PER_S

#: Hosts that stop within this of each other stopped together (INDEX 09: 30 ms).
_TOGETHER_NS = NS_PER_S


def check_file(path: Path | str, *, name: str = "") -> Report:
    """Judge a capture.  ``name``: how the report calls it, as the user typed it.

    Raises ``InputError`` when the file is not a capture.
    """
    records = Records(Path(path))
    book, taps = Book(), dict[int, Tap]()
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
    flows = _verdicts(book, max(last_ns, records.ended_ns), zero_ns)
    return Report(
        file=name or str(path),
        frames=frames,
        unread=unread,
        flows=tuple(flows),
        note=records.note,
    )


def _verdicts(book: Book, ended_ns: int, zero_ns: int) -> Iterable[Verdict]:
    cases = [make_case(timeline, book.hosts, ended_ns) for timeline in _nearest(book.connections())]
    together = _together(cases)
    verdicts = [judge(replace(case, common=id(case) in together), zero_ns) for case in cases]
    return sorted(verdicts, key=_order)


def _order(verdict: Verdict) -> tuple[object, ...]:
    """Dead first, then by time."""
    return RANK[verdict.flow_class], verdict.first_ns, verdict.a, verdict.b


def _nearest(taps: Iterable[Sequence[Timeline]]) -> Iterable[Timeline]:
    """Of the timelines of one connection the one with most frames; of equals the first."""
    for timelines in taps:
        yield max(timelines, key=lambda each: each.frames)


def _together(cases: Sequence[Case]) -> set[int]:
    """Cases of TCP in which different hosts behind one gateway fell silent together (INDEX 09)."""
    silences: list[tuple[bytes, int, bytes, int]] = []
    for case in cases:
        if case.timeline.transport != "tcp" or not case.is_silence or case.silent is None:
            continue
        if case.timeline.end is None and (heard := case.timeline.heard[case.silent]):
            gateway = case.timeline.gateways[case.silent]
            host = case.timeline.hosts[case.silent]
            silences.append((gateway, heard.at_ns, host, id(case)))
    silences.sort()
    found: set[int] = set()
    for one, two in pairwise(silences):
        if one[0] == two[0] and two[1] - one[1] <= _TOGETHER_NS and one[2] != two[2]:
            found.update((one[3], two[3]))
    return found
