"""What a run keeps about files: leaks, tables, sums."""

from __future__ import annotations

from emu.net.file_records import (
    TABLES_FIRST,
    TABLES_LAST,
    Done,
    FileRecords,
    Lost,
    SessionTable,
)
from emu.units import seconds as s


def _table(number: int) -> SessionTable:
    return SessionTable(at_ns=s(number), why=f"look {number}", rows=())


def test_a_leak_lasts_from_the_owners_leaving_to_the_end_or_the_horizon() -> None:
    records = FileRecords()
    records.left_ns = {1: s(10), 2: s(20), 3: s(30), 4: s(40)}
    records.ended_ns = {1: s(15), 2: s(20), 4: s(39), 5: s(50)}
    assert [*records.leaks(s(100))] == [(1, s(5)), (3, s(70))]
    assert records.leaked_ns(s(100)) == s(75)
    assert records.dead_at_the_end() == 1


def test_nobody_left_nothing_leaked() -> None:
    records = FileRecords(ended_ns={1: s(3)})
    assert records.leaked_ns(s(100)) == 0
    assert records.dead_at_the_end() == 0


def test_of_many_tables_the_first_and_the_last_are_kept_in_order() -> None:
    records = FileRecords()
    for number in range(100):
        records.look(_table(number))
    kept = [int(table.at_ns / s(1)) for table in records.tables]
    assert kept == [*range(TABLES_FIRST), *range(100 - TABLES_LAST, 100)]


def test_as_many_as_fit_are_all_kept() -> None:
    records = FileRecords()
    for number in range(TABLES_FIRST + TABLES_LAST):
        records.look(_table(number))
    assert len(records.tables) == TABLES_FIRST + TABLES_LAST


def test_what_failed_is_neither_done_nor_under_way() -> None:
    done = [
        Done(at_ns=0, client="ws1", by="ann", words="read plan", do="read", status=status)
        for status in (None, 0, 0xC0000008, 2404)
    ]
    assert FileRecords(done=done).failed == 2


def test_octets_lost_are_summed() -> None:
    lost = [Lost(at_ns=0, client="ws1", file="docs/plan.xls", octets=n) for n in (5, 7)]
    assert FileRecords(lost=lost).octets_lost == 12
    assert FileRecords().octets_lost == 0
