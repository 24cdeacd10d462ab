"""The rows as a CSV file: one line a policy, whole or not at all.

Keys within keys become ``notice_delay_s.p95``; *never* is a word, what is not measured is empty.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emu.capture.files import replacing
from emu.compare.comparison import Comparison
from emu.compare.rows import Row


def write_csv(comparison: Comparison, path: str) -> None:
    """Write it; ``InputError`` when it cannot be written."""
    with replacing(Path(path)) as stream:
        stream.write(csv_text(comparison).encode("utf-8"))


def csv_text(comparison: Comparison) -> str:
    """Header and rows.  RFC 4180 but for the line ends, which are those of this system's tools."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    flat = [dict(_cells(row)) for row in comparison.rows]
    writer.writerow([*flat[0]])
    writer.writerows(cells.values() for cells in flat)
    return out.getvalue()


def _cells(row: Row) -> Iterator[tuple[str, str]]:
    for key, value in row.items():
        if key == "varied" and value is None:
            continue  # a column that nothing could be in
        if isinstance(value, dict):
            for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                never = key == "notice_delay_s" and row["never"] > 0
                yield f"{key}.{name}", "never" if inner is None and never else _text(inner)
        else:
            yield key, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
