"""The file server's part of a story: what programs did, what the server had, what it came to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from emu.net.file_records import (
    Done,
    FileRecords,
    Lifetime,
    SessionTable,
    id_text,
    status_text,
)
from emu.net.records import SessionRecord
from emu.result import RunResult
from emu.units import format_duration

#: Of events alike so many are told, and the last one; the rest is counted.
ALIKE_FIRST = 2
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+")


@dataclass(frozen=True, slots=True)
class Told:
    """One event.  ``bad``: something went wrong for somebody.  ``dim``: a matter of course.

    ``order``: its place among others of one instant, as in ``story``: 2 is a session's change.
    """

    at_ns: int
    text: str
    bad: bool = False
    dim: bool = False
    order: int = 1


def file_events(files: FileRecords, sessions: Sequence[SessionRecord]) -> Iterator[Told]:
    """All of them; of many alike the first and the last."""
    yield from _condensed(_tasks(files.done))
    yield from _condensed(_states(sessions))
    yield from _condensed(_lifetimes(files.lifetimes))
    yield from _condensed(
        Told(each.at_ns, f"{each.client} is refused: {each.rule}", bad=True)
        for each in files.refusals
    )
    for lost in files.lost:
        text = f"{lost.octets} B written to {lost.file} at {lost.client} are lost"
        yield Told(lost.at_ns, text, bad=True)
    yield from _tables(files.tables)


def _condensed(events: Iterable[Told]) -> Iterator[Told]:
    """What differs in numbers alone is alike."""
    alike: dict[str, list[Told]] = {}
    for event in events:
        alike.setdefault(_NUMBER.sub("#", event.text), []).append(event)
    for group in alike.values():
        yield from group[:ALIKE_FIRST]
        left = group[ALIKE_FIRST:]
        if len(left) > 1:
            more = f"... {len(left) - 1} more like that ..."
            yield Told(left[0].at_ns, f"{more} ({_shape(left[0])})", dim=True, order=5)
        if left:
            yield left[-1]


def _shape(event: Told) -> str:
    return event.text if len(event.text) <= 48 else f"{event.text[:47]}…"


def _tasks(done: Iterable[Done]) -> Iterator[Told]:
    for each in done:
        yield Told(each.at_ns, each.told, bad=_is_bad(each))


def _is_bad(each: Done) -> bool:
    return bool(each.status) or bool(each.foreign)


def _states(sessions: Sequence[SessionRecord]) -> Iterator[Told]:
    """Sessions as they begin and end."""
    for record in sessions:
        before = "NEW"
        for state in record.states:
            after = state.state.upper()
            text = f"session {record.id} {before} -> {after}: {state.cause}"
            yield Told(state.at_ns, text, order=2)
            before = after


def _lifetimes(lifetimes: Iterable[Lifetime]) -> Iterator[Told]:
    """Trees and files of the server; its sessions have their states."""
    for each in lifetimes:
        if each.kind not in ("tree", "open"):
            continue
        name = "TID" if each.kind == "tree" else "FID"
        what = "tree" if each.kind == "tree" else "file"
        owner = f"session {each.session}" if each.session is not None else f"UID {each.uid:#06x}"
        verb = "has" if each.began else "no longer has"
        why = f": {each.cause}" if each.cause else ""
        text = f"{owner} {verb} {what} {each.what} ({name} {id_text(each.number)}){why}"
        yield Told(each.at_ns, text, dim=True, order=3 if each.began else 1)


def _tables(tables: list[SessionTable]) -> Iterator[Told]:
    """``net session`` at the first and at the last interesting instants."""
    shown = tables if len(tables) <= 2 * ALIKE_FIRST else [*tables[:ALIKE_FIRST], tables[-1]]
    for table in shown:
        why = "" if table.why == "net-session" else f" ({table.why})"
        rows = [
            f"{row.user}@{row.client} UID {id_text(row.uid)}"
            f"{'' if row.owner else ' WITHOUT OWNER'}, {row.opens} open, idle {row.idle_s} s"
            for row in table.rows
        ]
        yield Told(table.at_ns, f"net session{why}: {_listed(rows)}", dim=True, order=4)


def _listed(rows: list[str]) -> str:
    if len(rows) > 6:
        rows = [*rows[:3], f"... {len(rows) - 4} more ...", rows[-1]]
    return "; ".join(rows) if rows else "nobody"


# --- sentences -------------------------------------------------------------------------------


def file_sentences(result: RunResult) -> Iterator[str]:
    """What it came to, in whole sentences; nothing where all went well and nothing leaked."""
    files = result.records.files
    if files is None:
        return
    yield from _wrong_pages(files)
    yield from _refused(result, files)
    yield from _leaked(result, files)
    if files.octets_lost:
        yield f"{files.octets_lost} B that programs had written never reached the server."


def _wrong_pages(files: FileRecords) -> Iterator[str]:
    failed = [each for each in files.done if each.do == "touch" and each.status]
    if failed:
        first = failed[0]
        more = f" ({len(failed)} pages in all)" if len(failed) > 1 else ""
        yield (
            f"{first.who} needed a page and got {status_text(first.status)}: {first.why}"
            f"{first.sent}{more}."
        )
    foreign = [each for each in files.done if each.foreign]
    if foreign:
        first = foreign[0]
        yield f"{first.who} asked for {first.words} and got octets of {first.foreign}, unawares."


def _refused(result: RunResult, files: FileRecords) -> Iterator[str]:
    by_rule = Counter(each.rule for each in files.refusals)
    for rule, count in by_rule.items():
        first = next(each for each in files.refusals if each.rule == rule)
        times = "once" if count == 1 else f"{count} times"
        yield (
            f"The server refused {times} for its limit ({rule}), first {first.client} at"
            f" {format_duration(round(first.at_ns, -6))}; {result.records.peak_sessions} sessions"
            " at most."
        )


def _leaked(result: RunResult, files: FileRecords) -> Iterator[str]:
    leaks = [*files.leaks(result.horizon_ns)]
    if not leaks:
        yield f"No session outlived whoever had logged on; {files.setups} session set-ups."
        return
    longest = max(outlived for _, outlived in leaks)
    dead = files.dead_at_the_end()
    still = f"; {dead} of them still there at the end" if dead else ""
    word = "session" if len(leaks) == 1 else "sessions"
    yield (
        f"{len(leaks)} {word} outlived whoever had logged on, the longest by"
        f" {format_duration(round(longest, -6))}{still}; {files.setups} session set-ups."
    )
