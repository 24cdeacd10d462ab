"""Tariff files: a user's own by path, and one line for whatever is wrong with one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from emu.errors import InputError
from emu.tariff import load_tariff

GOOD = """
title = "mine"
what = "a test"
currency = "EUR"
utc_offset = "-05:30"
[[rates]]
days = ["sat", "sun"]
unit = "30s"
price = "0.01"
[[rates]]
unit = "1m"
price = "0.05"
[sources]
utc_offset = { grade = "A", source = "x" }
rates = { grade = "B", source = "x" }
hours = { grade = "C", source = "x" }
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_a_users_own_file(tmp_path: Path) -> None:
    tariff = load_tariff(written(tmp_path, GOOD))
    assert (tariff.name, tariff.currency, len(tariff.rates)) == ("mine", "EUR", 2)
    assert tariff.rates[-1].price == Decimal("0.05")
    assert tariff.utc_offset_ns == -(5 * 3600 + 1800) * 10**9


BAD = {
    "no file": ("", "an empty file"),
    "price as a number": (GOOD.replace('"0.05"', "0.05"), "put it in quotes"),
    "negative price": (GOOD.replace('"0.05"', '"-1"'), 'a price such as "0.12"'),
    "no unit": (GOOD.replace('"1m"', "60"), "without a unit"),
    "unit too short": (GOOD.replace('"1m"', '"1us"'), "from 1ms to 24h"),
    "bad day": (GOOD.replace('"sat"', '"sad"'), 'did you mean "sat"?'),
    "bad offset": (GOOD.replace('"-05:30"', '"CET"'), 'such as "+02:00"'),
    "no offset": (
        GOOD.replace('utc_offset = "-05:30"', "").replace(
            'utc_offset = { grade = "A", source = "x" }', ""
        ),
        "where the clock stands",
    ),
    "hours that end nowhere": (
        GOOD.replace('unit = "1m"', 'start = "01:00"\nunit = "1m"'),
        "add end",
    ),
    "last rate limited": (
        GOOD.replace('unit = "1m"', 'days = ["mon"]\nunit = "1m"'),
        "take days, start and end away",
    ),
    "bad time": (
        GOOD.replace('unit = "1m"', 'start = "25:00"\nend = "26:00"\nunit = "1m"'),
        '"00:00" to "24:00"',
    ),
    "number without source": (GOOD.replace('hours = { grade = "C", source = "x" }', ""), "hours"),
    "source without number": (GOOD + 'volume = { grade = "A", source = "x" }', "volume"),
    "bad grade": (GOOD.replace('"C"', '"D"'), "grade"),
    "unknown key": ("colour = 1\n" + GOOD, "colour"),
    "free of charge": (
        'title = "t"\nwhat = "w"\ncurrency = "EUR"\n[sources]\n',
        "a tariff of nothing",
    ),
    "bad currency": (GOOD.replace('"EUR"', '"Euro"'), 'such as "DEM"'),
    "no toml": ("= 3", "something else"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_files_are_one_line(tmp_path: Path, what: str) -> None:
    """Where, what was expected, what was found."""
    text, said = BAD[what]
    with pytest.raises(InputError) as caught:
        load_tariff(written(tmp_path, text))
    line = str(caught.value)
    assert said in line
    assert "expected" in line
    assert "found" in line
    assert "mine.toml" in line
    assert "\n" not in line


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(InputError) as caught:
        load_tariff("de-1996-flat9", where="links.wan.tariff")
    assert str(caught.value) == (
        "links.wan.tariff: expected the name of a tariff or a path ending in .toml, "
        'found "de-1996-flat9"; did you mean "de-1996-flat90"?'
    )
