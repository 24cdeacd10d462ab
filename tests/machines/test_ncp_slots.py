"""Who has which connection number (facts/ipx.md 1.5, 3.1.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.ncp.slots import SLOTS_MAX, SlotTable
from emu.pdu.ipx import IpxAddress


def station(number: int, socket: int = 0x4003) -> IpxAddress:
    return IpxAddress(network=10, node=number.to_bytes(6, "big"), socket=socket)


def full_up_to(count: int) -> SlotTable[str]:
    table: SlotTable[str] = SlotTable()
    for number in range(1, count + 1):
        assert table.occupy(station(number), f"c{number}") == number
    return table


def test_the_lowest_free_slot_is_given_out() -> None:
    table = full_up_to(5)
    table.release(4)
    table.release(2)
    assert table.free_number() == 2
    assert [table.occupy(station(n), "x") for n in (10, 11, 12)] == [2, 4, 6]
    assert len(table) == 6


def test_a_slot_is_found_by_its_own_station_only() -> None:
    table = full_up_to(2)
    assert table.at(1, station(1)) == "c1"
    assert table.at(1, station(2)) is None
    assert table.at(1, station(1, 0x4007)) is None
    assert table.at(3, station(1)) is None
    table.release(1)
    assert table.at(1, station(1)) is None
    assert table.held_by(station(1)) == []


def test_a_second_slot_of_one_address_comes_after_the_first() -> None:
    table = full_up_to(1)
    table.occupy(station(1), "again")
    assert table.held_by(station(1)) == ["c1", "again"]
    table.release(1)
    assert table.held_by(station(1)) == ["again"]
    assert list(table) == ["again"]


def test_re_use_keeps_slot_and_address() -> None:
    table = full_up_to(2)
    table.replace(1, "new life")
    assert table.at(1, station(1)) == "new life"
    assert table.held_by(station(1)) == ["new life"]
    assert (len(table), table.free_number()) == (2, 3)


def test_beyond_255_the_low_octet_and_the_address_find_the_answer() -> None:
    table = full_up_to(300)
    assert table.answering(1, station(257)) == ["c257"]
    assert table.answering(1, station(1)) == ["c1"]
    assert table.answering(2, station(1)) == []
    assert table.answering(0, station(256)) == ["c256"]


def test_one_address_with_two_slots_256_apart_answers_for_both() -> None:
    table = full_up_to(256)
    table.occupy(station(1), "second")
    assert table.answering(1, station(1)) == ["c1", "second"]


def test_the_number_a_station_sends_without_one_is_never_given_out() -> None:
    table = full_up_to(SLOTS_MAX)
    assert SLOTS_MAX == 0xFFFE
    assert table.free_number() is None
    with pytest.raises(AssertionError, match="no slot"):
        table.occupy(station(1), "one too many")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=60))
def test_the_table_agrees_with_a_plain_dictionary(moves: list[tuple[bool, int]]) -> None:
    table: SlotTable[int] = SlotTable()
    plain: dict[int, tuple[IpxAddress, int]] = {}
    for serial, (arrives, which) in enumerate(moves):
        if arrives:
            lowest = next(n for n in range(1, 100) if n not in plain)
            assert table.free_number() == lowest
            assert table.occupy(station(which), serial) == lowest
            plain[lowest] = (station(which), serial)
        elif plain:
            number = sorted(plain)[which % len(plain)]
            table.release(number)
            del plain[number]
        assert sorted(table) == sorted(serial for _address, serial in plain.values())
        for which in range(8):
            held = [serial for address, serial in plain.values() if address == station(which)]
            assert table.held_by(station(which)) == sorted(held)
