"""Durations and instants: integer nanoseconds inside, text with units at the edge.

An instant is nanoseconds since the start of a run; a duration is nanoseconds.  Floats exist
only where a number is printed.  A bare number is never a duration: users write ``90s``,
``4m56.6s``, ``400ms`` or ``5400ticks`` (product.md, "Commands").
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

#: One tick of the PC timer is 1/18.2065 s (facts/ipx.md, heading; Novell rounds to 18.21).
TICKS_PER_S = Fraction(182_065, 10_000)

_UNITS: dict[str, Fraction] = {
    "ns": Fraction(1),
    "us": Fraction(NS_PER_US),
    "ms": Fraction(NS_PER_MS),
    "s": Fraction(NS_PER_S),
    "m": Fraction(60 * NS_PER_S),
    "min": Fraction(60 * NS_PER_S),
    "h": Fraction(3600 * NS_PER_S),
    "d": Fraction(86_400 * NS_PER_S),
    "tick": NS_PER_S / TICKS_PER_S,
    "ticks": NS_PER_S / TICKS_PER_S,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\s*")


def seconds(value: float) -> int:
    """Nanoseconds in ``value`` seconds, to the nearest nanosecond."""
    return round(value * NS_PER_S)


def milliseconds(value: float) -> int:
    """Nanoseconds in ``value`` milliseconds, to the nearest nanosecond."""
    return round(value * NS_PER_MS)


@lru_cache(maxsize=1024)
def ticks(count: int) -> int:
    """Nanoseconds in ``count`` PC timer ticks, rounded once, for the whole count.

    Remembered: a policy has few counts, and SPX asks for them five times a frame.
    """
    return round(count * NS_PER_S / TICKS_PER_S)


def nearest_tick(duration_ns: int) -> int:
    """How many PC timer ticks come closest to a duration."""
    return round(duration_ns * TICKS_PER_S / NS_PER_S)


def parse_duration(text: str) -> int:
    """Nanoseconds in a duration such as ``"4m56.6s"``.

    Raises ``ValueError`` (with a reason, no place) when the text is not a duration: no unit,
    an unknown unit, a sign, or anything left over.
    """
    total, position = Fraction(0), 0
    stripped = text.strip().lower()
    for match in _PART.finditer(stripped):
        if match.start() != position:
            break
        unit = _UNITS.get(match.group(2))
        if unit is None:
            raise ValueError(f'unknown unit "{match.group(2)}"')
        total += Fraction(match.group(1)) * unit
        position = match.end()
    if position == 0 or position != len(stripped):
        raise ValueError("not a number with a unit")
    return round(total)


def in_seconds(duration_ns: int) -> float:
    """The one place where nanoseconds become the float seconds of JSON."""
    return duration_ns / NS_PER_S


def format_seconds(duration_ns: int, *, digits: int = 3) -> str:
    """``7205.5 s``: at most ``digits`` decimals, no trailing zeros."""
    text = f"{duration_ns / NS_PER_S:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} s"


def format_duration(duration_ns: int) -> str:
    """A duration as people write it, and as ``parse_duration`` reads it: ``14m49.792s``."""
    if duration_ns and abs(duration_ns) < NS_PER_S:
        return f"{duration_ns / NS_PER_MS:.6f}".rstrip("0").rstrip(".") + "ms"
    sign, rest = ("-", -duration_ns) if duration_ns < 0 else ("", duration_ns)
    minutes, rest = divmod(rest, 60 * NS_PER_S)
    hours, minutes = divmod(minutes, 60)
    second = f"{rest / NS_PER_S:.9f}".rstrip("0").rstrip(".")
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    if rest or not (hours or minutes):
        parts.append(f"{second}s")
    return sign + "".join(parts)
