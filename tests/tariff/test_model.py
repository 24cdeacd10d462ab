"""What calls cost: the worked figures of facts/ipx.md 4.4, and the edges to the nanosecond."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.tariff import load_tariff, tariff_names
from emu.tariff.model import DAY_NS, Tariff
from emu.units import NS_PER_S, ticks
from emu.units import seconds as s

FLAT = load_tariff("de-1996-flat90")
CITY = load_tariff("de-1996")
HOUR = 3600 * NS_PER_S
#: Of 1998-06-01, a Monday, in ns of a run: German summer time is two hours ahead of UTC.
NINE = 7 * HOUR


def cost(tariff: Tariff, start: int, length: int, octets: int = 0) -> tuple[int, str]:
    bill = tariff.bill(connected_ns=start, ended_ns=start + length, octets=octets)
    return bill.units, str(bill.cost)


@pytest.mark.parametrize(
    ("length", "units"),
    [(0, 1), (1, 1), (s(90) - 1, 1), (s(90), 1), (s(90) + 1, 2), (s(180), 2), (s(180) + 1, 3)],
)
def test_any_started_unit_counts_to_the_nanosecond(length: int, units: int) -> None:
    assert cost(FLAT, 5, length) == (units, str(units * Decimal("0.12")))


def test_a_link_held_all_day_is_960_units() -> None:
    """86400 / 90 = 960; 960 x 0.12 = 115.20."""
    assert cost(FLAT, 0, DAY_NS) == (960, "115.20")


@pytest.mark.parametrize(("set_up_s", "cost_low", "cost_high"), [(1, 69, 70), (3, 69, 70)])
def test_an_idle_client_costs_69_to_70_marks_a_day(
    set_up_s: int, cost_low: int, cost_high: int
) -> None:
    """facts/ipx.md 4.4: 86400 / (296.6 + s) calls a day, each 120 s of idle-timeout and so two
    units.  The poll's clock starts anew with the answer, which waits for the set-up."""
    period = ticks(5400) + s(set_up_s)
    calls = DAY_NS // period
    assert calls == int(86400 / (296.597 + set_up_s))
    units, price = 0, Decimal(0)
    for call in range(calls):
        bill = FLAT.bill(connected_ns=call * period, ended_ns=call * period + s(120))
        units, price = units + bill.units, price + bill.cost
    assert units == 2 * calls
    assert cost_low <= price <= cost_high


def test_hours_and_weekdays_choose_the_unit() -> None:
    """Four minutes: 3 units of 90 s by day, 2 of 150 s in leisure hours, 1 of 240 s by night."""
    assert cost(CITY, NINE, s(240)) == (3, "0.36")
    assert cost(CITY, NINE + 9 * HOUR, s(240)) == (2, "0.24")
    assert cost(CITY, NINE + 13 * HOUR, s(240)) == (1, "0.12")
    saturday = NINE + 5 * DAY_NS
    assert cost(CITY, saturday, s(240)) == (2, "0.24")


def test_a_unit_keeps_the_length_it_started_with() -> None:
    """Started 1 ns before nine, a leisure unit lasts 150 s; at nine sharp, 90 s."""
    assert cost(CITY, NINE - 1, s(150)) == (1, "0.12")
    assert cost(CITY, NINE, s(90) + 1) == (2, "0.24")
    assert cost(CITY, NINE - 1, s(150) + 1) == (2, "0.24")


def test_hours_past_midnight() -> None:
    """Evening is 21 to 2 (25 s), night 2 to 5 (120 s)."""
    far = load_tariff("de-1996-far")
    one_at_night = NINE + 16 * HOUR
    assert cost(far, one_at_night, s(100)) == (4, "0.48")
    assert cost(far, one_at_night + HOUR, s(100)) == (1, "0.12")


def test_per_call_per_minute_and_minimum() -> None:
    assert cost(load_tariff("us-michigan-1998"), 0, 5 * HOUR) == (0, "0.06")
    assert cost(load_tariff("us-pacbell-1998"), 0, s(60)) == (1, "0.03")
    assert cost(load_tariff("us-pacbell-1998"), 0, s(60) + 1) == (2, "0.04")
    bt = load_tariff("gb-bt-1998")
    assert cost(bt, 0, s(60)) == (60, "0.042"), "3.36 p is below the minimum"
    assert cost(bt, 0, s(120)) == (120, "0.06720")


@pytest.mark.parametrize(
    ("octets", "price"),
    [(0, "0.00"), (1, "0.10"), (1_000_000, "0.10"), (1_000_001, "0.20")],
)
def test_a_started_megabyte_counts(octets: int, price: str) -> None:
    """Time costs nothing there: no units, and no next one."""
    tariff = load_tariff("per-megabyte")
    assert cost(tariff, 0, HOUR, octets) == (0, price)
    assert tariff.next_unit(connected_ns=0, after_ns=5) is None


def test_a_call_is_split_by_subtraction() -> None:
    """What lies beyond the log-on, inside the same call (product.md, ``setup_cost``)."""
    whole = FLAT.bill(connected_ns=0, ended_ns=DAY_NS)
    setup = FLAT.bill(connected_ns=0, ended_ns=s(300))
    assert ((whole - setup).units, (whole - setup).cost) == (956, Decimal("114.72"))
    assert whole - setup + setup == whole


@pytest.mark.parametrize("name", tariff_names())
def test_shipped_tariffs_load(name: str) -> None:
    tariff = load_tariff(name)
    assert tariff.bill(connected_ns=0, ended_ns=s(60)).cost >= 0
    assert all(assumed["what"].startswith("tariff.") for assumed in tariff.assumptions())


def test_hours_are_confessed() -> None:
    assert [each["what"] for each in CITY.assumptions()] == ["tariff.hours", "tariff.utc_offset"]


def by_hand(tariff: Tariff, start: int, ended: int) -> int:
    """Unit by unit, without any arithmetic over many."""
    units, at = 0, start
    while units == 0 or at < ended:
        after = tariff.next_unit(connected_ns=start, after_ns=at)
        assert after is not None
        assert after > at
        units, at = units + 1, after
    return units


instants = st.integers(0, 9 * DAY_NS)


@given(start=instants, length=st.integers(0, DAY_NS // 4))
def test_the_bill_is_the_walk_from_unit_to_unit(start: int, length: int) -> None:
    assert CITY.bill(connected_ns=start, ended_ns=start + length).units == by_hand(
        CITY, start, start + length
    )


@given(start=instants, length=st.integers(1, DAY_NS), more=st.integers(0, s(400)))
def test_longer_is_never_cheaper_and_the_edge_is_the_edge(
    start: int, length: int, more: int
) -> None:
    """Up to the next unit's start the bill stays; one nanosecond later it is a unit more."""
    units = CITY.bill(connected_ns=start, ended_ns=start + length).units
    assert CITY.bill(connected_ns=start, ended_ns=start + length + more).units >= units
    edge = CITY.next_unit(connected_ns=start, after_ns=start + length - 1)
    assert edge is not None
    assert CITY.bill(connected_ns=start, ended_ns=edge).units == units
    assert CITY.bill(connected_ns=start, ended_ns=edge + 1).units == units + 1
