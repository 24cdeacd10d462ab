"""``--expect 'FIELD OP VALUE'``: a statement that every flow must fulfil.

Fields are those of the JSON, and ``silence``; a name that ends in ``_s`` may leave it out.
Times are durations with units, as everywhere; ``null`` fails every comparison but the one
with ``null`` itself.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emu.check.report import Report, Verdict, verdict_json
from emu.check.rules import Confidence, FlowClass
from emu.check.timeline import How, Mechanism
from emu.check.verdicts import silence_ns
from emu.errors import InputError
from emu.units import NS_PER_S, format_seconds, parse_duration

_FORM = re.compile(r"\s*([a-z_]+)\s*(<=|>=|==|!=|<|>)\s*(\S.*?)\s*")
_OPERATORS: dict[str, Callable[[object, object], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}  # pyright: ignore[reportAssignmentType]
_EQUALITY = frozenset({"==", "!="})

_TIMES = ("first_s", "last_s", "idle_s", "interval_s", "last_heard_s", "silent_since_s",
          "disconnected_at_s")  # fmt: skip
_COUNTS = ("frames", "probes_unanswered")
_TRANSPORTS = ("tcp", "ncp", "spx", "nbipx", "nbf")
_TEXTS = ("a", "b", "verdict")
_WORDS: dict[str, tuple[str, ...]] = {
    "class": tuple(FlowClass),
    "confidence": tuple(each.name.lower() for each in Confidence),
    "how": tuple(How),
    "mechanism": tuple(Mechanism),
    "transport": _TRANSPORTS,
    "prober": ("a", "b"),
    "dead": ("a", "b"),
    "host_alive": ("true", "false"),
}
FIELDS = ("silence", *_TIMES, *_COUNTS, *_WORDS, *_TEXTS)
_EXAMPLE = "FIELD OP VALUE, such as 'silence < 60s' or 'class == alive'"

#: Nanoseconds, a count, a word, or None for null.
Value = int | str | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """``text``: as typed."""

    text: str
    field: str
    comparison: str
    value: Value

    def holds(self, verdict: Verdict) -> bool:
        found = _field(verdict, self.field)
        if self.comparison in _EQUALITY and self.value is None:
            return (found is None) == (self.comparison == "==")
        if found is None or self.value is None:
            return False
        return _OPERATORS[self.comparison](found, self.value)


@dataclass(frozen=True, slots=True)
class Failure:
    """What was expected of a flow, and what was found."""

    expectation: Expectation
    file: str
    verdict: Verdict | None

    def __str__(self) -> str:
        where = f"{self.file}: expected {self.expectation.text}"
        if self.verdict is None:
            return f"{where}, found no flow at all"
        shown = _shown(self.expectation.field, _field(self.verdict, self.expectation.field))
        return f"{where}, found {shown}: {self.verdict.a} - {self.verdict.b}"


def parse_expectation(text: str) -> Expectation:
    """Raises ``InputError`` when the statement is none."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise InputError("--expect", expected=_EXAMPLE, found=f'"{text}"')
    name, comparison, value = match.groups()
    field = name if name in FIELDS else f"{name}_s"
    if field not in FIELDS:
        expected = f"one of the fields {', '.join(FIELDS)}"
        raise InputError("--expect", expected=expected, found=f'"{name}"')
    if comparison not in _EQUALITY and (field in _WORDS or field in _TEXTS):
        raise InputError("--expect", expected=f"== or != for {field}", found=comparison)
    return Expectation(text.strip(), field, comparison, _value(field, value))


def _value(field: str, text: str) -> Value:
    text = text.strip("\"'")
    if text == "null":
        return None
    if field in _COUNTS:
        if not text.isascii() or not text.isdigit():
            raise InputError(f"--expect {field}", expected="a number", found=f'"{text}"')
        return int(text)
    if field in _WORDS:
        if text not in _WORDS[field]:
            expected = f"one of {', '.join(_WORDS[field])}"
            raise InputError(f"--expect {field}", expected=expected, found=f'"{text}"')
        return text
    return text if field in _TEXTS else _duration(field, text)


def _duration(field: str, text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(
            f"--expect {field}",
            expected='a duration such as "60s"',
            found=f'"{text}" ({error})',
        ) from error


def _field(verdict: Verdict, field: str) -> Value:
    if field == "silence":
        return silence_ns(verdict)
    value = verdict_json(verdict)[field]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return round(value * NS_PER_S)
    return value if isinstance(value, int | str) else None


def _shown(field: str, value: Value) -> str:
    if value is None:
        return f"{field} null"
    if isinstance(value, int) and field not in _COUNTS:
        return f"{field} {format_seconds(value)}"
    return f"{field} {value}"


def failures(expectations: Sequence[Expectation], reports: Sequence[Report]) -> list[Failure]:
    """Every flow of every file is held against every expectation; no flow fulfils none."""
    found: list[Failure] = []
    for report in reports:
        for expectation in expectations:
            if not report.flows:
                found.append(Failure(expectation, report.file, None))
            found.extend(
                Failure(expectation, report.file, verdict)
                for verdict in report.flows
                if not expectation.holds(verdict)
            )
    return found
