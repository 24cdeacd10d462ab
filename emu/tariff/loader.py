"""From a tariff's name or path to a ``Tariff``; whatever is wrong is one line of text."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from emu import resources
from emu.policy.data_files import judged_file, sources_of, titles
from emu.policy.toml_files import Library
from emu.tariff.model import DAY_NS, Rate, Tariff, Volume, Week

if TYPE_CHECKING:
    from emu.tariff.schema import RateTable, TariffFile

_EVERY_DAY = frozenset(range(7))


def tariff_names() -> list[str]:
    """Names of the tariffs that ship with emu, sorted."""
    return resources.tariff_names()


def tariff_titles() -> dict[str, str]:
    """Name and title of every shipped tariff, without judging the files any further."""
    return titles(_library())


def _library() -> Library:
    return Library(
        kind="tariff",
        folder=resources.tariffs_folder(),
        names=tariff_names(),
        listing="tariffs",
    )


def _schema() -> type[TariffFile]:
    from emu.tariff.schema import TariffFile

    return TariffFile


def load_tariff(name_or_path: str | Path, *, where: str = "") -> Tariff:
    """The tariff of that name from the library, or from a file.

    ``where``: what named it, for messages.  Raises ``InputError`` for whatever is wrong.
    """
    name, judged = judged_file(name_or_path, _library(), _schema, where=where)
    return _tariff(judged, name)


def _tariff(judged: TariffFile, name: str) -> Tariff:
    volume = judged.volume
    return Tariff(
        name=name,
        title=judged.title,
        currency=judged.currency,
        call_price=judged.call_price or Decimal(0),
        minimum=judged.minimum or Decimal(0),
        rates=tuple(map(_rate, judged.rates)),
        volume=None if volume is None else Volume(octets=volume.octets, price=volume.price),
        utc_offset_ns=judged.utc_offset or 0,
        sources=sources_of(judged.sources),
    )


def _rate(table: RateTable) -> Rate:
    if not table.limited:
        return Rate(unit_ns=table.unit, price=table.price)
    week = Week(
        days=_EVERY_DAY if table.days is None else frozenset(table.days),
        start_ns=table.start or 0,
        end_ns=DAY_NS if table.end is None else table.end,
    )
    return Rate(unit_ns=table.unit, price=table.price, week=week)
