"""A comparison for people: a table of at most 100 columns, thresholds, and what the marks mean."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from emu.compare.comparison import Comparison
from emu.compare.figures import cells, false_rates, heading, headline, legend, verdicts

#: Columns of a terminal (product.md, "Commands").
WIDTH = 100
#: A name longer than the space that is left is cut, but not to less than this.
_NAME_MIN = 12

PLAIN, BAD, GOOD, LOUD, DIM = "", "bad", "good", "loud", "dim"
Lines = Iterator[tuple[str, str]]


def table_lines(comparison: Comparison) -> Lines:
    """(style, line): heading, rows, legend, thresholds."""
    yield from _wrapped(LOUD, headline(comparison))
    yield PLAIN, ""
    yield from _table(comparison)
    yield PLAIN, ""
    for text in legend(comparison.rows):
        yield from _wrapped(DIM, text)
    for text in false_rates(comparison.rows):
        yield from _wrapped(PLAIN, text)
    yield from _wrapped(DIM, "The assumptions these figures rest on: emu explain POLICY.")
    yield from _thresholds(comparison)


#: How much of a long name's beginning stays, and what stands for its middle.
_HEAD, _GAP = 4, ".."


def _table(comparison: Comparison) -> Lines:
    rows = comparison.rows
    breached = {each["policy"] for each in comparison.thresholds if not each["holds"]}
    lines = [heading(rows), *(cells(row, rows) for row in rows)]
    names = [line[0] for line in lines]
    widths = [max(len(line[i]) for line in lines) for i in range(1, len(lines[0]))]
    room = max(_NAME_MIN, WIDTH - 2 - sum(width + 2 for width in widths))
    name_width = min(room, max(map(len, names)))
    styles = [DIM, *(BAD if row["policy"] in breached else PLAIN for row in rows)]
    marks = [" ", *("*" if row["pareto"] else " " for row in rows)]
    varied = [None, *(row.get("varied") for row in rows)]
    tails = ["" if each is None else f"={each['value']}" for each in varied]
    for style, mark, line, tail in zip(styles, marks, lines, tails, strict=True):
        figures = "".join(
            f"  {text:>{width}}" for text, width in zip(line[1:], widths, strict=True)
        )
        yield style, f"{mark} {_cut(line[0], name_width, tail):{name_width}}{figures}"


def _cut(name: str, width: int, tail: str) -> str:
    """A name that is too long loses its middle: variants of one policy differ in their ends.

    ``tail``: what must be seen of it whole, a varied value.
    """
    if len(name) <= width:
        return name
    end = max(len(tail), width - len(_GAP) - _HEAD)
    head = max(0, width - len(_GAP) - end)
    return f"{name[:head]}{_GAP}{name[-end:]}"[:width]


def _thresholds(comparison: Comparison) -> Lines:
    if comparison.thresholds:
        yield PLAIN, ""
    for verdict in verdicts(comparison.thresholds):
        yield from _wrapped(GOOD if verdict.holds else BAD, f"threshold  {verdict.text}")
        for policy, why in verdict.breaches:
            yield from _wrapped(BAD, f"BREACHED by {policy}: {why}")


def _wrapped(style: str, text: str) -> Lines:
    for line in textwrap.wrap(text, WIDTH, subsequent_indent="  "):
        yield style, line
