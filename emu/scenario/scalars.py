"""The values in a scenario file: instants, spans, names, bandwidths, ranges for the seed."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator

from emu.policy.judged import Judged, judged, value_schema
from emu.policy.schema import Line
from emu.policy.values import Unfit, describe, friendly, quoted, read_value
from emu.scenario.vocabulary import DEEDS
from emu.transports.base import Parameter
from emu.units import NS_PER_MS, NS_PER_S

#: A year of virtual time: more was not meant.
_LONGEST_NS = 366 * 86_400 * NS_PER_S
_BIT_UNITS = {"bit/s": 1, "kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9}
_BANDWIDTH = re.compile(r"(\d{1,9})(?:\.(\d{1,6}))?\s*([kMG]?bit/s)", re.ASCII)
_BANDWIDTH_WORDS = 'a bandwidth from 300bit/s to 100Gbit/s, such as "10Mbit/s"'
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_NAME_WORDS = "a name of small letters, digits and hyphens, at most 32"


def _named(raw: str) -> str:
    if not _NAME.fullmatch(raw):
        raise Unfit(expected=_NAME_WORDS, found=quoted(raw))
    return raw


def _bandwidth(raw: Any) -> int:
    """Bits a second in text such as ``10Mbit/s``."""
    match = _BANDWIDTH.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None:
        raise Unfit(expected=_BANDWIDTH_WORDS, found=describe(raw))
    whole, fraction, unit = match.group(1), match.group(2) or "", match.group(3)
    bits = int(whole + fraction) * _BIT_UNITS[unit] // 10 ** len(fraction)
    if not 300 <= bits <= 100 * 10**9:
        raise Unfit(expected=_BANDWIDTH_WORDS, found=describe(raw))
    return bits


def _probability(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw <= 1:
        raise Unfit(expected="a probability from 0 to 1, such as 0.01", found=describe(raw))
    return float(raw)


def _duration(low_ns: int) -> Judged:
    return judged(Parameter(name="", kind="duration", what="", low=low_ns, high=_LONGEST_NS))


def count(low: int, high: int) -> Judged:
    return judged(Parameter(name="", kind="count", what="", low=low, high=high))


#: A fault strikes from the first millisecond on: at 0 nobody is there yet.
_STRUCK = Parameter(name="", kind="duration", what="", low=NS_PER_MS, high=_LONGEST_NS)


def _struck(raw: Any) -> tuple[int, int | None]:
    """One instant, or ``{ from = ..., until = ... }``, between which the seed chooses."""
    if not isinstance(raw, dict):
        return _instant(raw, ""), None
    ends: dict[str, Any] = raw  # pyright: ignore[reportUnknownVariableType]
    if set(ends) != {"from", "until"}:
        found = " and ".join(ends) or "an empty table"
        raise Unfit(expected='a duration, or a table of "from" and "until"', found=found)
    low, high = _instant(ends["from"], "from"), _instant(ends["until"], "until")
    if high <= low:
        expected = f"an instant after from ({friendly(low)})"
        raise Unfit(expected=expected, found=quoted(friendly(high)), key="until")
    return low, high


def _instant(raw: Any, key: str) -> int:
    try:
        value = read_value(_STRUCK, raw)
    except Unfit as unfit:
        raise Unfit(expected=unfit.expected, found=unfit.found, hint=unfit.hint, key=key) from None
    assert isinstance(value, int), "a duration that may not be never"
    return value


def _struck_schema() -> dict[str, Any]:
    one = value_schema(_STRUCK)
    ends = {"from": one, "until": one}
    table = {
        "type": "object",
        "properties": ends,
        "required": [*ends],
        "additionalProperties": False,
    }
    return {"anyOf": [one, table]}


def choice(choices: tuple[str, ...]) -> Judged:
    return judged(Parameter(name="", kind="choice", what="", choices=choices))


Name = Annotated[Line, AfterValidator(_named)]
#: Nanoseconds from some start, zero included; and a stretch of time, at least a millisecond.
Instant = Annotated[int, _duration(0)]
Span = Annotated[int, _duration(NS_PER_MS)]
#: When a fault strikes: the first and, if the seed chooses, the last instant.
Struck = Annotated[tuple[int, int | None], Judged(_struck, _struck_schema())]
Deed = Annotated[str, choice(DEEDS)]
Port = Annotated[int, count(1, 65_535)]
Sequence = Annotated[int, count(0, 0xFFFF_FFFF)]
Bandwidth = Annotated[int, Judged(_bandwidth, {"type": "string", "description": _BANDWIDTH_WORDS})]
Probability = Annotated[float, Judged(_probability, {"type": "number", "minimum": 0, "maximum": 1})]
