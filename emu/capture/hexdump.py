"""Octets as rows of hexadecimal text, alone or two against each other."""

from __future__ import annotations

from collections.abc import Iterator

_ROW = 16
#: Rows of a comparison; behind them only a count is given.
_ROWS_MAX = 8


def rows(octets: bytes, *, at: int = 0) -> Iterator[str]:
    """16 octets a row, each row with the offset of its first octet (``at`` for the first)."""
    for start in range(0, len(octets), _ROW):
        yield f"  {at + start:06x}  {octets[start : start + _ROW].hex(' ')}"


def differing(stored: bytes, fresh: bytes, *, at: int) -> Iterator[str]:
    """The rows that differ: stored, fresh, and a marker below each octet that differs."""
    shown = left_out = 0
    for start in range(0, max(len(stored), len(fresh)), _ROW):
        old, new = stored[start : start + _ROW], fresh[start : start + _ROW]
        if old == new:
            continue
        if shown == _ROWS_MAX:
            left_out += 1
            continue
        shown += 1
        yield f"  {at + start:06x}  stored  {old.hex(' ')}"
        yield f"          fresh   {new.hex(' ')}"
        yield f"                  {_marker(old, new)}"
    if left_out:
        yield f"          ... {left_out} more rows differ"


def _marker(old: bytes, new: bytes) -> str:
    length = max(len(old), len(new))
    marks = ["^^" if old[i : i + 1] != new[i : i + 1] else "  " for i in range(length)]
    return " ".join(marks).rstrip()
