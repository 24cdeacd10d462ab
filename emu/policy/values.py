"""One value of a file or of ``--set``: from what a user typed to what the machines take.

Knows the kinds of ``Parameter`` and nothing of files.  What does not fit raises ``Unfit``,
which says what was expected and what was found; the caller adds where.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from emu.transports.base import Parameter, Value
from emu.units import format_duration, nearest_tick, parse_duration, ticks

#: Examples for messages: the first that lies in the range is shown.
_EXAMPLES = ("400ms", "10s", "90s", "10m", "2h", "4m56.6s")
#: Text longer than this is cut in messages: they are one line.
_SHOWN_MAX = 60
#: No whole number of a file needs more digits, and int() would choke on thousands of them.
_DIGITS_MAX = 18


class Unfit(ValueError):
    """A value that does not fit.  ``key``: the key below the one being read, or empty."""

    def __init__(self, *, expected: str, found: str, hint: str = "", key: str = "") -> None:
        self.expected, self.found, self.hint, self.key = expected, found, hint, key
        super().__init__(f"expected {expected}, found {found}")


def read_value(parameter: Parameter, raw: object) -> Value:
    """The value inside for one from a file: durations as ns, ``never`` and ``none`` as None."""
    value = _READERS[parameter.kind](parameter, raw)
    if isinstance(value, int) and not isinstance(value, bool):
        below = parameter.low is not None and value < parameter.low
        above = parameter.high is not None and value > parameter.high
        if below or above:
            raise Unfit(expected=expectation(parameter), found=describe(raw))
    return value


def read_text(parameter: Parameter, text: str) -> object:
    """What a file would have held for ``text`` from the command line; ``read_value`` judges."""
    stripped = text.strip()
    if parameter.kind == "flag" and stripped in ("true", "false"):
        return stripped == "true"
    if parameter.kind == "choice":  # one of them may be a number: 71 or 1395
        return stripped
    digits = stripped.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX:
        return int(stripped)
    return stripped


def duration_in(raw: object) -> int | None:
    """Nanoseconds in a duration's text; None for anything that is none."""
    # The reader of durations takes quadratic time for a long row of digits: not even tried.
    if not isinstance(raw, str) or len(raw) > _SHOWN_MAX:
        return None
    try:
        return parse_duration(raw)
    except ValueError:
        return None


def text_of(raw: object) -> str:
    """A value as its file has it, as text: ``5400ticks``, ``10``, ``true``."""
    return str(raw).lower() if isinstance(raw, bool) else str(raw).strip()


def expectation(parameter: Parameter) -> str:
    """What fits, in words with range and example: the middle of an error line."""
    if parameter.kind == "flag":
        return "true or false"
    if parameter.kind == "choice":
        return one_of(parameter.choices)
    low, high = parameter.low, parameter.high
    if parameter.kind == "count":
        words = f"a whole number{_range(low, high, str)}"
        return f'{words}, or "none"' if parameter.never else words
    words = f'a duration{_range(low, high, friendly)}, such as "{_example(low, high)}"'
    return f'{words}, or "never"' if parameter.never else words


def friendly(duration_ns: int) -> str:
    """A duration in the unit it was meant in: whole PC timer ticks stay ticks."""
    count = nearest_tick(duration_ns)
    if duration_ns % 1_000_000 and ticks(count) == duration_ns:
        return f"{count}ticks"
    return format_duration(duration_ns)


def describe(raw: object) -> str:
    """What was found, short and on one line."""
    if isinstance(raw, str):
        return quoted(raw)
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, int):
        return str(raw) if abs(raw) < 10**_DIGITS_MAX else "a number of very many digits"
    if isinstance(raw, dict | list):
        return "a table" if isinstance(raw, dict) else "a list"
    return "nothing" if raw is None else str(raw)


def quoted(text: str) -> str:
    """Text in quotes, on one line whatever it holds, cut when long."""
    cut = text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 3] + "..."
    return '"' + "".join(map(_printable, cut)) + '"'


def one_of(names: Iterable[str]) -> str:
    """``one of "a", "b"`` or, for one name, ``"a"``."""
    known = [f'"{name}"' for name in names]
    return known[0] if len(known) == 1 else f"one of {', '.join(known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean "polls"?``, or nothing when no known name comes close."""
    close = difflib.get_close_matches(name[:_SHOWN_MAX].lower(), list(known), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


def _printable(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def _range(low: int | None, high: int | None, show: Callable[[int], str]) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f" of at least {show(low or 0)}"
    return f" from {show(low or 0)} to {show(high)}"


def _example(low: int | None, high: int | None) -> str:
    for text in _EXAMPLES:
        fits = parse_duration(text)
        if (low is None or fits >= low) and (high is None or fits <= high):
            return text
    return friendly(low or 0)


def _read_duration(parameter: Parameter, raw: object) -> Value:
    if parameter.never and raw == "never":
        return None
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        found = f"{describe(raw)} without a unit"
        raise Unfit(expected=expectation(parameter), found=found, hint="add the unit")
    duration_ns = duration_in(raw)
    if duration_ns is None:
        raise Unfit(expected=expectation(parameter), found=describe(raw))
    return duration_ns


def _read_count(parameter: Parameter, raw: object) -> Value:
    if parameter.never and raw == "none":
        return None
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise Unfit(expected=expectation(parameter), found=describe(raw))
    return raw


def _read_flag(parameter: Parameter, raw: object) -> Value:
    if not isinstance(raw, bool):
        raise Unfit(expected=expectation(parameter), found=describe(raw))
    return raw


def _read_choice(parameter: Parameter, raw: object) -> Value:
    if not isinstance(raw, str) or raw not in parameter.choices:
        hint = nearest(raw, parameter.choices) if isinstance(raw, str) else ""
        raise Unfit(expected=expectation(parameter), found=describe(raw), hint=hint)
    return raw


_READERS: dict[str, Callable[[Parameter, Any], Value]] = {
    "duration": _read_duration,
    "count": _read_count,
    "flag": _read_flag,
    "choice": _read_choice,
}
