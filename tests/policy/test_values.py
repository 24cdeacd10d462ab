"""Values: what fits, what does not, and how a message says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.policy.values import (
    Unfit,
    describe,
    expectation,
    friendly,
    nearest,
    quoted,
    read_text,
    read_value,
)
from emu.transports.base import Parameter
from emu.units import NS_PER_S, milliseconds, seconds, ticks

DURATION = Parameter(
    name="x.t1", kind="duration", what="", low=milliseconds(50), high=seconds(60), never=True
)
PLAIN_DURATION = Parameter(name="x.t2", kind="duration", what="", low=seconds(1), high=seconds(60))
COUNT = Parameter(name="x.n", kind="count", what="", low=5, high=100, never=True)
FLAG = Parameter(name="x.on", kind="flag", what="")
CHOICE = Parameter(name="x.rule", kind="choice", what="", choices=("end", "disconnect"))
NUMBERED = Parameter(name="x.error", kind="choice", what="", choices=("71", "1395"))


@pytest.mark.parametrize(
    ("parameter", "raw", "value"),
    [
        (DURATION, "400ms", 400_000_000),
        (DURATION, "never", None),
        (DURATION, "18ticks", ticks(18)),
        (COUNT, 5, 5),
        (COUNT, 100, 100),
        (COUNT, "none", None),
        (FLAG, True, True),
        (CHOICE, "end", "end"),
    ],
)
def test_what_fits_is_kept(parameter: Parameter, raw: object, value: object) -> None:
    assert read_value(parameter, raw) == value


@pytest.mark.parametrize(
    ("parameter", "raw"),
    [
        (DURATION, 400),
        (DURATION, 0.4),
        (DURATION, "400"),
        (DURATION, "-400ms"),
        (DURATION, "49ms"),
        (DURATION, "61s"),
        (DURATION, "none"),
        (DURATION, True),
        (PLAIN_DURATION, "never"),
        (COUNT, 4),
        (COUNT, 101),
        (COUNT, "10"),
        (COUNT, True),
        (COUNT, 10.0),
        (COUNT, "never"),
        (FLAG, "true"),
        (FLAG, 1),
        (CHOICE, "End"),
        (CHOICE, 1),
        (CHOICE, {}),
    ],
)
def test_what_does_not_fit_is_refused(parameter: Parameter, raw: object) -> None:
    with pytest.raises(Unfit):
        read_value(parameter, raw)


def test_a_message_names_range_and_example() -> None:
    assert expectation(DURATION) == 'a duration from 50ms to 1m, such as "400ms", or "never"'
    assert expectation(PLAIN_DURATION) == 'a duration from 1s to 1m, such as "10s"'
    assert expectation(COUNT) == 'a whole number from 5 to 100, or "none"'
    assert expectation(CHOICE) == 'one of "end", "disconnect"'


def test_a_bare_number_is_called_a_number_without_a_unit() -> None:
    with pytest.raises(Unfit) as caught:
        read_value(DURATION, 5)
    assert caught.value.found == "5 without a unit"


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (DURATION, " 10s ", 10 * NS_PER_S),
        (DURATION, "never", None),
        (COUNT, "10", 10),
        (COUNT, "none", None),
        (FLAG, "false", False),
        (CHOICE, "end", "end"),
        (NUMBERED, "1395", "1395"),
    ],
)
def test_the_command_line_says_the_same_as_a_file(
    parameter: Parameter, text: str, value: object
) -> None:
    assert read_value(parameter, read_text(parameter, text)) == value


@pytest.mark.parametrize("text", ["-5", "5.0", "yes", "9" * 5000, "", "٣"])
def test_the_command_line_is_judged_like_a_file(text: str) -> None:
    for parameter in (COUNT, FLAG, DURATION, CHOICE):
        with pytest.raises(Unfit):
            read_value(parameter, read_text(parameter, text))


def test_whole_ticks_are_shown_as_ticks() -> None:
    assert friendly(ticks(286)) == "286ticks"
    assert friendly(seconds(90)) == "1m30s"


def test_the_nearest_name_is_suggested_only_when_it_is_near() -> None:
    assert nearest("pols", ["polls", "framing"]) == 'did you mean "polls"?'
    assert nearest("zebra", ["polls", "framing"]) == ""


@given(st.text())
def test_quoted_text_is_one_short_printable_line(text: str) -> None:
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) <= 60 * 10 + 2  # an escape takes up to ten columns


def test_a_number_of_thousands_of_digits_is_not_printed() -> None:
    assert describe(16**6000) == "a number of very many digits"
