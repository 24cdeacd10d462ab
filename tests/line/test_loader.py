"""Lines that ship with emu, and what is said of a bad file."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.errors import InputError
from emu.line import line_names, load_line
from emu.resources import lines_folder
from emu.units import milliseconds as ms
from emu.units import seconds as s

GOOD = (lines_folder() / "isdn-64k.toml").read_text("utf-8")


def test_isdn() -> None:
    """Two B channels; about a second to CONNECT, PPP on top (facts/ipx.md 4.3)."""
    line = load_line("isdn-64k")
    assert (line.kind, line.bits_per_second, line.channels) == ("isdn", 64_000, 2)
    assert (line.set_up_ns, line.opening_ns) == (s(1), ms(1500))
    assert [each["what"] for each in line.assumptions()] == ["line.opening"]


@pytest.mark.parametrize("name", line_names())
def test_modems_take_15_to_60_seconds(name: str) -> None:
    line = load_line(name)
    assert line.kind == "isdn" or (line.channels == 1 and s(15) <= line.set_up_ns <= s(60))
    assert s(1) <= line.opening_ns <= s(2)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"1s"', '"1"', "set_up: expected a duration"),
        ("channels = 2", "channels = 0", "channels: expected a whole number from 1 to 30"),
        ('kind = "isdn"', 'kind = "dsl"', 'kind: expected one of "isdn", "modem"'),
        ("channels = {", "chanels = {", "a line for channels"),
        ("title", "titel", 'did you mean "title"?'),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_line(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
