"""The shape of a tariff file, for pydantic: keys, units and ranges."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field
from pydantic import model_validator as validates

from emu.policy.judged import judged
from emu.policy.problems import FileModel
from emu.policy.schema import Line, SourceEntry, Text
from emu.policy.values import Unfit, describe, nearest, one_of, quoted
from emu.transports.base import Parameter
from emu.units import NS_PER_MS, NS_PER_S

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Keys that hold numbers, and so need a source.  ``hours`` goes with rates that name some.
PRICED = ("call_price", "minimum", "rates", "hours", "volume", "utc_offset")
_PRICE = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d)", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
#: UTC-12 to UTC+14 are the zones there are.
_OFFSET_MAX_MINUTES = 14 * 60


def _price(raw: Any) -> Decimal:
    if isinstance(raw, str) and _PRICE.fullmatch(raw):
        return Decimal(raw)
    hint = "" if isinstance(raw, str) else "put it in quotes: binary fractions are not exact"
    raise Unfit(expected='a price such as "0.12"', found=describe(raw), hint=hint)


def _time(raw: Any) -> int:
    """Nanoseconds since midnight."""
    match = _TIME.fullmatch(raw) if isinstance(raw, str) else None
    if match is not None:
        minutes = int(match[1]) * 60 + int(match[2])
        if int(match[2]) < 60 and minutes <= 24 * 60:
            return minutes * 60 * NS_PER_S
    raise Unfit(expected='a time of day from "00:00" to "24:00"', found=describe(raw))


def _offset(raw: Any) -> int:
    match = _OFFSET.fullmatch(raw) if isinstance(raw, str) else None
    if match is not None:
        minutes = int(match[2]) * 60 + int(match[3])
        if int(match[3]) < 60 and minutes <= _OFFSET_MAX_MINUTES:
            return (-1 if match[1] == "-" else 1) * minutes * 60 * NS_PER_S
    raise Unfit(expected='an offset from UTC such as "+02:00"', found=describe(raw))


def _day(raw: Any) -> int:
    if raw in DAYS:
        return DAYS.index(raw)
    hint = nearest(raw, DAYS) if isinstance(raw, str) else ""
    raise Unfit(expected=one_of(DAYS), found=describe(raw), hint=hint)


def _currency(raw: Any) -> str:
    if isinstance(raw, str) and _CURRENCY.fullmatch(raw):
        return raw
    raise Unfit(expected='a currency of three letters such as "DEM"', found=describe(raw))


Price = Annotated[Decimal, BeforeValidator(_price)]
TimeOfDay = Annotated[int, BeforeValidator(_time)]
Offset = Annotated[int, BeforeValidator(_offset)]
Day = Annotated[int, BeforeValidator(_day)]
Currency = Annotated[str, BeforeValidator(_currency)]
#: From a millisecond to a day.
Unit = Annotated[
    int,
    judged(Parameter(name="", kind="duration", what="", low=NS_PER_MS, high=86_400 * NS_PER_S)),
]
Octets = Annotated[
    int, judged(Parameter(name="", kind="count", what="", low=1, high=1_000_000_000))
]


class RateTable(FileModel):
    """``[[rates]]``: hours from ``start`` to ``end`` on ``days``; without both, always."""

    unit: Unit
    price: Price
    days: list[Day] | None = Field(default=None, min_length=1)
    start: TimeOfDay | None = None
    end: TimeOfDay | None = None

    @validates(mode="after")
    def _both_or_none(self) -> Self:
        if (self.start is None) != (self.end is None):
            missing = "start" if self.start is None else "end"
            raise Unfit(
                expected="start and end together", found="one of them", hint=f"add {missing}"
            )
        return self

    @property
    def limited(self) -> bool:
        """Whether it holds at some times only."""
        return self.days is not None or self.start is not None


class VolumeTable(FileModel):
    """``[volume]``."""

    octets: Octets
    price: Price


class TariffFile(FileModel):
    """A tariff file."""

    title: Line
    what: Text
    currency: Currency
    call_price: Price | None = None
    minimum: Price | None = None
    utc_offset: Offset | None = None
    rates: list[RateTable] = Field(default_factory=list[RateTable])
    volume: VolumeTable | None = None
    sources: dict[str, SourceEntry]

    @validates(mode="after")
    def _last_rate_holds_always(self) -> Self:
        if self.rates and self.rates[-1].limited:
            raise Unfit(
                key="rates",
                expected="a last rate without days, start and end",
                found="hours that no rate may cover",
                hint="take days, start and end away from the last of [[rates]]",
            )
        if any(rate.limited for rate in self.rates) and self.utc_offset is None:
            raise Unfit(
                key="utc_offset",
                expected='an offset from UTC such as "+02:00"',
                found="nothing",
                hint="rates with hours need to know where the clock stands",
            )
        return self

    @validates(mode="after")
    def _every_number_has_a_source(self) -> Self:
        present = self.numbers()
        if not any(key in present for key in ("call_price", "rates", "volume", "minimum")):
            raise Unfit(expected="a price", found="a tariff of nothing", hint="add [[rates]]")
        for key in present:
            if key not in self.sources:
                hint = f'add {key} = {{ grade = "assumption", source = "..." }} there'
                raise Unfit(key="sources", expected=f"a line for {key}", found="none", hint=hint)
        for key in self.sources:
            if key not in present:
                expected = one_of(present)
                raise Unfit(key="sources", expected=expected, found=quoted(key))
        return self

    def numbers(self) -> list[str]:
        """The keys of PRICED that this file gives."""
        given = {key for key in PRICED if key in self.model_fields_set}
        if any(rate.limited for rate in self.rates):
            given.add("hours")
        return [key for key in PRICED if key in given]
