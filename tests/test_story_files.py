"""The file server's part of a story: condensed where it repeats itself, plain where it matters."""

from __future__ import annotations

from emu.net.file_records import Done, FileRecords, Lost, Refusal, SessionTable, TableRow
from emu.net.records import SessionRecord, StateRecord
from emu.story_files import Told, file_events
from emu.units import seconds as s


def _done(at_s: int, words: str = "read plan", **more: object) -> Done:
    fields = {"status": 0, "done_ns": s(at_s), **more}
    return Done(at_ns=s(at_s), client="ws1", by="ann", words=words, do="read", **fields)  # pyright: ignore[reportArgumentType]


def _told(files: FileRecords) -> list[Told]:
    return [*file_events(files, [])]


def _texts(files: FileRecords) -> list[str]:
    return [event.text for event in _told(files)]


def test_up_to_three_alike_are_all_told() -> None:
    assert _texts(FileRecords(done=[_done(n) for n in range(3)])) == ["ann@ws1: read plan"] * 3


def test_of_more_the_first_two_the_count_and_the_last() -> None:
    events = _told(FileRecords(done=[_done(n) for n in range(10)]))
    assert [event.at_ns for event in events] == [s(0), s(1), s(2), s(9)]
    assert events[2].text == "... 7 more like that ... (ann@ws1: read plan)"
    assert events[2].dim and not events[3].dim


def test_what_differs_in_numbers_alone_is_alike_and_in_words_is_not() -> None:
    numbers = [_done(n, f"touch image page {n}") for n in range(5)]
    assert len(_texts(FileRecords(done=numbers))) == 4
    words = [_done(n, f"touch {name}") for n, name in enumerate("abcde")]
    assert len(_texts(FileRecords(done=words))) == 5


def test_a_failure_is_not_hidden_among_successes() -> None:
    failed = _done(7, status=0xC0000006, why="gone", sent_as=(0x800, 0x801, 0x802))
    done = [*(_done(n) for n in range(6)), failed]
    (event,) = [event for event in _told(FileRecords(done=done)) if event.bad]
    assert event.text == (
        "ann@ws1: read plan FAILS with 0xC0000006: gone (asked for with UID 0x0800, FID 0x0802)"
    )


def test_how_a_task_came_out() -> None:
    foreign = _done(2, foreign="apps/other.dll")
    pending = _done(3, status=None, done_ns=None)
    late = _done(4, done_ns=s(39))
    resident = _done(5, resident=True)
    assert _texts(FileRecords(done=[foreign, pending, late, resident])) == [
        "ann@ws1: read plan brings octets of ANOTHER FILE, apps/other.dll",
        "ann@ws1: read plan (no answer yet when the run ends)",
        "ann@ws1: read plan after 35s",
        "ann@ws1: read plan, resident",
    ]


def test_losses_and_refusals_are_bad() -> None:
    files = FileRecords(
        lost=[Lost(at_ns=s(4), client="ws1", file="docs/A", octets=512)],
        refusals=[Refusal(at_ns=s(5), client="ws2", rule="users")],
    )
    told = {event.text: event.bad for event in _told(files)}
    assert told == {
        "512 B written to docs/A at ws1 are lost": True,
        "ws2 is refused: users": True,
    }


def test_a_session_goes_from_new_through_its_states() -> None:
    record = SessionRecord(id=4, client="ws1", holder="ws1", user="ann", transport="t", policy="p")
    record.states += [
        StateRecord(at_ns=s(1), state="active", cause="ann logged on", frame=0),
        StateRecord(at_ns=s(2), state="closed", cause="logged off", frame=0),
    ]
    assert [event.text for event in file_events(FileRecords(), [record])] == [
        "session 4 NEW -> ACTIVE: ann logged on",
        "session 4 ACTIVE -> CLOSED: logged off",
    ]


def _table(at_s: int, rows: int) -> SessionTable:
    row = TableRow(session=1, client="ws1", user="ann", uid=0x800, owner=False, opens=1,
                   files=("A",), time_s=3, idle_s=2)  # fmt: skip
    return SessionTable(at_ns=s(at_s), why="net-session", rows=(row,) * rows)


def test_of_many_tables_the_first_two_and_the_last_are_shown_and_long_ones_shortened() -> None:
    tables = [_table(n, 0) for n in range(8)] + [_table(8, 9)]
    events = _told(FileRecords(tables=tables))
    assert [event.at_ns for event in events] == [s(0), s(1), s(8)]
    assert events[0].text == "net session: nobody"
    row = "ann@ws1 UID 0x0800 WITHOUT OWNER, 1 open, idle 2 s"
    assert events[2].text == f"net session: {row}; {row}; {row}; ... 5 more ...; {row}"
