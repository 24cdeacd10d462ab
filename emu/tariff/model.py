"""The price of one call, exactly: integer nanoseconds in, decimals out, no float anywhere.

A call is charged from CONNECT, not from dialling.  Its time is cut into units; a unit that was
started is paid for, so a call of no length costs one, and a call that ends on the nanosecond at
which a unit would start does not pay for that one.  The rate of a unit is the rate of the
instant at which it starts (an assumption: no source says what happened to a unit that was
running when the hour changed).

Left out: public holidays (the calendars are in no source), and summer time: a tariff has one
offset from UTC, because the time zone data of a machine would make a run depend on the machine.

Read: facts/ipx.md 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from emu.capture.recording import EPOCH_NS
from emu.policy.model import Source
from emu.units import NS_PER_S

DAY_NS = 86_400 * NS_PER_S
#: 1970-01-01 was a Thursday; Monday is 0.
_FIRST_WEEKDAY = 3
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Hours of some weekdays.  ``days``: 0 = Monday.  ``start_ns``, ``end_ns``: since midnight.

    ``end_ns`` at or before ``start_ns`` goes on past midnight; those hours still belong to the
    weekday on the calendar, not to the evening before.
    """

    days: frozenset[int]
    start_ns: int
    end_ns: int

    def holds(self, weekday: int, time_ns: int) -> bool:
        """Whether a local time lies in it, the end excluded."""
        if weekday not in self.days:
            return False
        if self.start_ns < self.end_ns:
            return self.start_ns <= time_ns < self.end_ns
        return time_ns >= self.start_ns or time_ns < self.end_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """``price`` for every started ``unit_ns``.  ``week`` None: whenever no other rate holds."""

    unit_ns: int
    price: Decimal
    week: Week | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """``price`` for every started ``octets`` of a call, both directions together."""

    octets: int
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """``units``: charge units of time; ``cost``: all of it, in the tariff's currency."""

    units: int = 0
    cost: Decimal = _NOTHING

    def __add__(self, other: Bill) -> Bill:
        return Bill(units=self.units + other.units, cost=self.cost + other.cost)

    def __sub__(self, other: Bill) -> Bill:
        return Bill(units=self.units - other.units, cost=self.cost - other.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """``call_price``: once per connected call.  ``minimum``: what a call costs at least.

    ``rates``: the first that holds at an instant is charged; the last one always holds.  Empty:
    time costs nothing.  ``utc_offset_ns``: local time minus UTC.  ``epoch_ns``: nanoseconds
    from 1970 to instant 0 of a run.  ``sources``: by top-level key of the file.
    """

    name: str
    title: str
    currency: str
    call_price: Decimal = _NOTHING
    minimum: Decimal = _NOTHING
    rates: tuple[Rate, ...] = ()
    volume: Volume | None = None
    utc_offset_ns: int = 0
    epoch_ns: int = EPOCH_NS
    sources: Mapping[str, Source]

    def bill(self, *, connected_ns: int, ended_ns: int, octets: int = 0) -> Bill:
        """A whole call from CONNECT to its end."""
        units, cost = 0, self.call_price
        for rate, count in self._runs(connected_ns, ended_ns):
            units += count
            cost += rate.price * count
        if self.volume is not None:
            cost += self.volume.price * -(-octets // self.volume.octets)
        return Bill(units=units, cost=max(cost, self.minimum))

    def next_unit(self, *, connected_ns: int, after_ns: int) -> int | None:
        """When the first unit later than ``after_ns`` starts; None when time costs nothing.

        A hang-up at that very instant does not pay for it.
        """
        start = connected_ns
        if not self.rates:
            return None
        while start <= after_ns:
            rate, until = self._at(start)
            # Whole units up to the last start at or before both the change and the question.
            last = min(until - 1, after_ns)
            start += (last - start) // rate.unit_ns * rate.unit_ns + rate.unit_ns
        return start

    def assumptions(self) -> list[dict[str, str]]:
        """What no source decides, as the answers of a run list it."""
        return [
            {"what": f"tariff.{key}", "value": self.name, "why": source.text}
            for key, source in self.sources.items()
            if source.grade == "assumption"
        ]

    def _runs(self, start: int, ended: int) -> Iterator[tuple[Rate, int]]:
        """How many units start under which rate, in order; a day is as cheap as a minute."""
        first = True
        while self.rates and (first or start < ended):
            rate, until = self._at(start)
            end = max(min(until, ended), start + 1) if first else min(until, ended)
            count = -(-(end - start) // rate.unit_ns)
            yield rate, count
            start, first = start + count * rate.unit_ns, False

    def _at(self, instant: int) -> tuple[Rate, int]:
        """The rate that a unit starting now has, and until when starts have it, at least."""
        days, time = divmod(instant + self.epoch_ns + self.utc_offset_ns, DAY_NS)
        weekday = (days + _FIRST_WEEKDAY) % 7
        until = min((edge for edge in self._edges() if edge > time), default=DAY_NS)
        return rate_at(self.rates, weekday, time), instant + until - time

    def _edges(self) -> Iterator[int]:
        """Times of day at which another rate may begin; midnight is one anyway."""
        for rate in self.rates:
            if rate.week is not None:
                yield from (rate.week.start_ns, rate.week.end_ns)


def rate_at(rates: Sequence[Rate], weekday: int, time_ns: int) -> Rate:
    """The first that holds; the last holds always, which the loader makes sure of."""
    for rate in rates[:-1]:
        if rate.week is None or rate.week.holds(weekday, time_ns):
            return rate
    return rates[-1]
