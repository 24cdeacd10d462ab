"""The ledger: fixed order, whole numbers, whole files."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.capture.ledger import Ledger, read_ledger
from emu.errors import InputError


class _Kind(StrEnum):
    RETRY = "retry"


class _Number(IntEnum):
    TEN = 10


def test_fields_keep_their_order_behind_time_and_event() -> None:
    ledger = Ledger()
    ledger.note(600, "power-loss", host="ws1", zone=None, after=[1, [True, "x"]])
    ledger.note(601, "frame", octets=b"\x00\xff", host="b\u00e4r", kind=_Kind.RETRY, n=_Number.TEN)
    assert list(ledger.lines()) == [
        '{"t_ns":600,"event":"power-loss","host":"ws1","zone":null,"after":[1,[true,"x"]]}',
        '{"t_ns":601,"event":"frame","octets":"00ff","host":"b\u00e4r","kind":"retry","n":10}',
    ]


@pytest.mark.parametrize("value", [1.5, {"a": 1}, {1}, object(), [0.0]])
def test_what_loses_its_value_in_json_is_not_kept(value: Any) -> None:
    ledger = Ledger()
    ledger.note(0, "x", field=value)
    with pytest.raises(TypeError, match="ledger field field: "):
        list(ledger.lines())


def test_a_field_cannot_hide_the_time() -> None:
    ledger = Ledger()
    ledger.note(0, "x", t_ns=5)
    with pytest.raises(TypeError, match="t_ns"):
        list(ledger.lines())


def test_a_ledger_that_is_off_forgets() -> None:
    ledger = Ledger.off()
    ledger.note(0, "x", field=1.5)  # pyright: ignore[reportArgumentType]
    assert (ledger.enabled, len(ledger), list(ledger.lines())) == (False, 0, [])


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
_fields = st.dictionaries(
    st.text("abcdefgh", min_size=1).filter(lambda name: name != "event"), _values, max_size=4
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**63), st.text("abc-", min_size=1), _fields), max_size=6))
def test_what_is_written_is_read_back(entries: list[tuple[int, str, dict[str, Any]]]) -> None:
    ledger = Ledger()
    for at_ns, event, fields in entries:
        ledger.note(at_ns, event, **fields)
    with TemporaryDirectory() as folder:
        ledger.write(Path(folder) / "a.jsonl")
        got = list(read_ledger(Path(folder) / "a.jsonl"))
    assert [list(each.items()) for each in got] == [
        [("t_ns", at_ns), ("event", event), *fields.items()] for at_ns, event, fields in entries
    ]


def test_a_failed_write_leaves_the_earlier_file(tmp_path: Path) -> None:
    path, ledger = tmp_path / "a.jsonl", Ledger()
    path.write_text("earlier")
    ledger.note(0, "fine")
    ledger.note(1, "x", field=1.5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError):
        ledger.write(path)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["earlier"]


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        (b'{"t_ns":1,"event":"x"}', "line 1: expected a line end, found a line that was cut"),
        (b'{"t_ns":1,"event":"x"}\n[]\n', "line 2: expected a JSON object, found b'[]"),
        (b"\xff\xfe\n", "line 1: expected a JSON object, found "),
        (b"[" * 100_000 + b"\n", "line 1: expected a JSON object, found "),
        (b'{"t_ns":1.5,"event":"x"}\n', "line 1: expected a JSON object, found the fraction 1.5"),
        (b'{"t_ns":true,"event":"x"}\n', 'line 1: expected whole nanoseconds in "t_ns"'),
        (b'{"event":"x"}\n', 'line 1: expected whole nanoseconds in "t_ns"'),
    ],
)
def test_what_is_no_ledger_is_told_with_its_line(tmp_path: Path, octets: bytes, line: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(octets)
    with pytest.raises(InputError) as error:
        list(read_ledger(path))
    assert str(error.value).startswith(f"{path}: {line}")
    assert "\n" not in str(error.value)


def test_a_missing_ledger_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found no such file"):
        list(read_ledger(tmp_path / "none"))
