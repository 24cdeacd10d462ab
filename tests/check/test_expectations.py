"""``--expect``: what it reads, what it refuses, what it decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.check import Report
from emu.check.expectations import failures, parse_expectation
from emu.errors import InputError
from emu.units import NS_PER_S
from tests.check.frames import Tcp, judged
from tests.check.test_tcp import given_up


@pytest.mark.parametrize(
    ("text", "field", "comparison", "value"),
    [
        ("silence < 60s", "silence", "<", 60 * NS_PER_S),
        ("silence<=1m0.5s", "silence", "<=", 60_500_000_000),
        ("class == alive", "class", "==", "alive"),
        ("class!=gave-up", "class", "!=", "gave-up"),
        ('class == "gave-up"', "class", "==", "gave-up"),
        ("probes_unanswered == 0", "probes_unanswered", "==", 0),
        ("idle_s == 2h", "idle_s", "==", 7200 * NS_PER_S),
        ("idle == 2h", "idle_s", "==", 7200 * NS_PER_S),
        ("disconnected_at_s == null", "disconnected_at_s", "==", None),
        ("dead == b", "dead", "==", "b"),
        ("host_alive == true", "host_alive", "==", "true"),
        ("a == 10.0.0.1:1494", "a", "==", "10.0.0.1:1494"),
    ],
)
def test_what_is_read(text: str, field: str, comparison: str, value: object) -> None:
    found = parse_expectation(text)
    assert (found.field, found.comparison, found.value) == (field, comparison, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "silence",
        "silence <",
        "silence < 60",
        "silence < soon",
        "silence = 60s",
        "silences < 60s",
        "class == dead",
        "class < alive",
        "dead == c",
        "probes_unanswered == few",
        "probes_unanswered == \u0663",
        "frames > -1",
        "__class__ == alive",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse_expectation(text)
    assert "--expect" in str(error.value)
    assert "expected" in str(error.value)


@pytest.fixture
def gave_up(tmp_path: Path) -> Report:
    """Silence 12.0 s: last heard at 10.2, RST at 22.2 (see ``given_up``)."""
    return judged(tmp_path, given_up(5).frames)


@pytest.fixture
def alive(tmp_path: Path) -> Report:
    return judged(tmp_path, Tcp().opened().exchange(10).frames)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("silence < 12.1s", True),
        ("silence < 11.9s", False),
        ("silence >= 11.9s", True),
        ("class == gave-up", True),
        ("class != gave-up", False),
        ("dead == b", True),
        ("probes_unanswered > 4", True),
        ("probes_unanswered > 5", False),
        ("how == rst", True),
        ("disconnected_at_s == null", False),
        ("disconnected_at_s != null", True),
        ("host_alive == false", True),
        ("mechanism == tcp-keepalive", True),
    ],
)
def test_a_give_up(gave_up: Report, text: str, holds: bool) -> None:
    assert (failures([parse_expectation(text)], [gave_up]) == []) is holds


@pytest.mark.parametrize("comparison", ["<", "<=", ">", ">=", "==", "!="])
def test_null_fails_every_comparison(alive: Report, comparison: str) -> None:
    expectation = parse_expectation(f"silence {comparison} 60s")
    (failure,) = failures([expectation], [alive])
    assert "found silence null" in str(failure)


def test_null_equals_null(alive: Report) -> None:
    assert failures([parse_expectation("silence == null")], [alive]) == []


def test_every_flow_of_every_file_must_hold(gave_up: Report, alive: Report) -> None:
    expectation = parse_expectation("class == alive")
    assert len(failures([expectation], [alive, gave_up, alive])) == 1


def test_no_flow_fulfils_nothing() -> None:
    """A capture of the wrong network must not pass for a healthy one."""
    empty = Report(file="x", frames=0, unread=0, flows=())
    (failure,) = failures([parse_expectation("class == alive")], [empty])
    assert "no flow" in str(failure)
