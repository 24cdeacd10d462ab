"""The story of a capture in plain lines, for people without Wireshark.

Server events stand out; around each stand the frames just before and after it, with their
comments.  What is left out is counted, so that no line pretends to be the next frame.  Times
are seconds since the start of the run (in a foreign file since its first frame), cut to
microseconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emu.capture.decode import event_line, event_text, link_name, printable, summary
from emu.capture.reader import CaptureFile, read
from emu.capture.recording import EPOCH_NS, LINKTYPE_UPPER_PDU
from emu.capture.records import Record
from emu.units import NS_PER_S, NS_PER_US

#: Frames shown before and after an event.
BEFORE, AFTER = 3, 2
#: Frames shown at either end of a capture without events.
FIRST, LAST = 10, 5
#: A silence between two shown frames that deserves a line of its own.
QUIET_NS = 60 * NS_PER_S


@dataclass(slots=True)
class _Overview:
    """What a first pass finds out."""

    frames: int = 0
    first_ns: int = 0
    last_ns: int = 0
    counts: dict[int, int] = field(default_factory=dict[int, int])
    events: int = 0


def story(path: Path | str) -> Iterator[str]:
    """The lines.  Raises ``InputError`` before the first one when the file is no capture."""
    capture = read(path)
    overview = _overview(capture)
    start_ns = EPOCH_NS if capture.application == "emu" else overview.first_ns
    yield from _header(capture, overview, start_ns)
    if not overview.frames:
        return
    yield ""
    if overview.events:
        chosen = _around_events(capture)
        yield f"{_count(overview.events, 'server event')}, with the frames around:"
    else:
        chosen = _both_ends(capture, overview.frames)
        yield "No server events in this file; its first and last frames:"
    yield f"{'seconds':>16}  {'frame':>7}  interface"
    yield from _Telling(capture, start_ns).lines(chosen)


def _overview(capture: CaptureFile) -> _Overview:
    seen = _Overview()
    for record in capture:
        if not seen.frames:
            seen.first_ns = seen.last_ns = record.at_ns
        seen.frames += 1
        seen.last_ns = max(seen.last_ns, record.at_ns)
        seen.counts[record.interface] = seen.counts.get(record.interface, 0) + 1
        seen.events += _event(capture, record) is not None
    return seen


def _event(capture: CaptureFile, record: Record) -> str | None:
    """The syslog line of a server event, None for every other frame."""
    if capture.interfaces[record.interface].link_type != LINKTYPE_UPPER_PDU:
        return None
    return event_line(record.octets)


def _header(capture: CaptureFile, seen: _Overview, start_ns: int) -> Iterator[str]:
    yield f"{capture.path}: {_count(seen.frames, 'frame')}"
    for line in capture.comment.splitlines():
        yield f"  {printable(line)}"
    for index, interface in enumerate(capture.interfaces):
        name = printable(interface.name) or f"interface {index}"
        speed = interface.bits_per_second
        rate = "" if speed is None else f", {speed} bit/s"
        told = f"  ({printable(interface.description)})" if interface.description else ""
        yield (
            f"  {name:16} {link_name(interface.link_type)}{rate}, "
            f"{_count(seen.counts.get(index, 0), 'frame')}{told}"
        )
    if seen.frames:
        first, last = seen.first_ns - start_ns, seen.last_ns - start_ns
        yield f"  first frame at {seconds(first)} s, last at {seconds(last)} s"


#: A frame to show, or one to count as left out.
_Chosen = Iterator[tuple[Record, bool]]


def _around_events(capture: CaptureFile) -> _Chosen:
    waiting: deque[Record] = deque()
    after = 0
    for record in capture:
        waiting.append(record)
        if _event(capture, record) is not None:
            after = AFTER + 1
        if after:
            after -= 1
            yield from ((each, True) for each in waiting)
            waiting.clear()
        elif len(waiting) > BEFORE:
            yield waiting.popleft(), False
    yield from ((each, False) for each in waiting)


def _both_ends(capture: CaptureFile, frames: int) -> _Chosen:
    for record in capture:
        yield record, record.number <= FIRST or record.number > frames - LAST


class _Telling:
    """Turns chosen frames into lines and counts the others."""

    def __init__(self, capture: CaptureFile, start_ns: int) -> None:
        self.capture, self.start_ns = capture, start_ns
        self.left_out = self.commented = 0
        self.shown_ns: int | None = None

    def lines(self, chosen: _Chosen) -> Iterator[str]:
        last_ns = 0
        for record, shown in chosen:
            last_ns = record.at_ns
            if not shown:
                self.left_out += 1
                self.commented += bool(record.comment)
                continue
            yield from self._gap(record.at_ns)
            yield from self._frame(record)
            self.shown_ns = record.at_ns
        if self.left_out:
            yield from self._gap(last_ns)

    def _gap(self, until_ns: int) -> Iterator[str]:
        before_ns = self.shown_ns if self.shown_ns is not None else self.start_ns
        passed_ns = until_ns - before_ns
        if self.left_out:
            what = _count(self.left_out, "frame")
            if self.commented:
                what += f" ({self.commented} with comments)"
            yield f"{'...':>16}  {what} in {duration(passed_ns)} ..."
        elif self.shown_ns is not None and passed_ns >= QUIET_NS:
            yield f"{'...':>16}  nothing for {duration(passed_ns)} ..."
        self.left_out = self.commented = 0

    def _frame(self, record: Record) -> Iterator[str]:
        interface = self.capture.interfaces[record.interface]
        event = _event(self.capture, record)
        when = seconds(record.at_ns - self.start_ns)
        if event is not None:
            yield f"{'==> ' + when:>16}  {record.number:>7}  {printable(event_text(event))}"
        else:
            name = printable(interface.name) or f"interface {record.interface}"
            text = printable(summary(interface.link_type, record.octets))
            yield f"{when:>16}  {record.number:>7}  {name}  {text}"
        for line in record.comment.splitlines():
            yield f"{'':>25}  # {printable(line)}"


def seconds(since_ns: int) -> str:
    """Seconds with six digits, cut, not rounded: no event moves behind its successor."""
    second, rest = divmod(abs(since_ns), NS_PER_S)
    return f"{'-' if since_ns < 0 else ''}{second}.{rest // NS_PER_US:06}"


def duration(length_ns: int) -> str:
    """``9 m 12 s``: two units, the smaller cut."""
    whole = abs(length_ns) // NS_PER_S
    if whole < 60:
        return f"{seconds(abs(length_ns))[:-3]} s"
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours} h {minute} m" if hours else f"{minutes} m {second} s"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
