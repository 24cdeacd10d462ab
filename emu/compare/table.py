"""A comparison for people: a table of at most 100 columns, thresholds, and what the marks mean."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from emu.compare.comparison import Comparison
from emu.compare.rows import Row, cost_field
from emu.units import format_duration, seconds

#: Columns of a terminal (product.md, "Commands").
WIDTH = 100
#: A name longer than the space that is left is cut, but not to less than this.
_NAME_MIN = 12

PLAIN, BAD, GOOD, LOUD, DIM = "", "bad", "good", "loud", "dim"
Lines = Iterator[tuple[str, str]]


def table_lines(comparison: Comparison) -> Lines:
    """(style, line): heading, rows, legend, thresholds."""
    seeds = "seed 0" if comparison.seeds == 1 else f"{comparison.seeds} seeds"
    policies = f"{len(comparison.rows)} {'policy' if len(comparison.rows) == 1 else 'policies'}"
    yield LOUD, f"{comparison.scenario} under {policies}, {seeds}, the same faults for each"
    yield PLAIN, ""
    yield from _table(comparison)
    yield PLAIN, ""
    yield from _legend(comparison.rows)
    yield from _thresholds(comparison.thresholds)


def not_applicable_note(comparison: Comparison) -> str:
    """One line about the policies that cannot play it; empty if all can."""
    by_why = groupby(comparison.not_applicable, key=lambda each: each.why)
    reasons = [f"{', '.join(each.policy for each in group)} ({why})" for why, group in by_why]
    return f"cannot play {comparison.scenario}: {'; '.join(reasons)}" if reasons else ""


def _table(comparison: Comparison) -> Lines:
    breached = {each["policy"] for each in comparison.thresholds if not each["holds"]}
    cells = [_heading(comparison.rows), *(_cells(row, comparison) for row in comparison.rows)]
    names = [line[0] for line in cells]
    widths = [max(len(line[i]) for line in cells) for i in range(1, len(cells[0]))]
    room = max(_NAME_MIN, WIDTH - 2 - sum(width + 2 for width in widths))
    name_width = min(room, max(map(len, names)))
    styles = [DIM, *(BAD if row["policy"] in breached else PLAIN for row in comparison.rows)]
    marks = [" ", *("*" if row["pareto"] else " " for row in comparison.rows)]
    for style, mark, line in zip(styles, marks, cells, strict=True):
        figures = "".join(
            f"  {text:>{width}}" for text, width in zip(line[1:], widths, strict=True)
        )
        yield style, f"{mark} {_cut(line[0], name_width):{name_width}}{figures}"


def _heading(rows: Sequence[Row]) -> list[str]:
    heading = ["policy", "noticed", "median", "p95", "max", "false", "probes", "B on wire"]
    return [*heading, *_money_heading(rows)]


def _cells(row: Row, comparison: Comparison) -> list[str]:
    delay, found = row["notice_delay_s"], row["noticed"] + row["never"]
    figures = [f"{row['noticed']}/{found}"]
    figures += [_delay(delay[name], found) for name in ("p50", "p95", "max")]
    figures += [f"{row[name]:,}" for name in ("false_disconnects", "probes", "bytes_on_wire")]
    return [row["policy"], *figures, *_money(row, comparison.rows)]


def _money_heading(rows: Sequence[Row]) -> list[str]:
    currency = next((row["currency"] for row in rows if row["currency"]), None)
    return [] if currency is None else ["calls", currency]


def _money(row: Row, rows: Sequence[Row]) -> list[str]:
    return [f"{row['wan_calls']:,}", f"{row['cost']:,.2f}"] if _money_heading(rows) else []


def _delay(delay_s: float | None, found: int) -> str:
    """To the second from a minute on, to a tenth of a second below; with its units."""
    if delay_s is None:
        return "never" if found else "-"
    return format_duration(seconds(round(delay_s) if delay_s >= 60 else round(delay_s, 1)))


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 3]}..."


def _legend(rows: Sequence[Row]) -> Lines:
    cost = "money" if cost_field(rows) == "cost" else "B on wire"
    yield from _wrapped(
        DIM,
        "noticed: of the sessions whose client was lost for good; delays from the fault, nearest"
        " rank. false: live clients thrown out. probes, and B on wire with their answers: summed"
        " over all sessions and seeds.",
    )
    yield from _wrapped(
        DIM, f"* no other policy is as good in p95, {cost} and false at once (Pareto front)."
    )
    if any(row["false_disconnects"] for row in rows):
        yield from _rates(rows)
    yield from _wrapped(DIM, "The assumptions these figures rest on: emu explain POLICY.")


def _rates(rows: Sequence[Row]) -> Lines:
    for row in rows:
        rate = row["false_disconnect_rate"]
        if row["false_disconnects"]:
            low, high = 100 * rate["low"], 100 * rate["high"]
            share = f"{100 * rate['value']:.1f} % of sessions (95 %: {low:.1f} to {high:.1f} %)"
            yield from _wrapped(PLAIN, f"false disconnects of {row['policy']}: {share}")


def _thresholds(thresholds: Sequence[dict[str, Any]]) -> Lines:
    if thresholds:
        yield PLAIN, ""
    for that, group in groupby(thresholds, key=lambda each: each["that"]):
        each = [*group]
        breaches = [one for one in each if not one["holds"]]
        held = f"holds for {len(each) - len(breaches)} of {len(each)}"
        yield from _wrapped(BAD if breaches else GOOD, f"threshold  {that}: {held}")
        for breach in breaches:
            yield from _wrapped(BAD, f"BREACHED by {breach['policy']}: {breach['why']}")


def _wrapped(style: str, text: str) -> Lines:
    for line in textwrap.wrap(text, WIDTH, subsequent_indent="  "):
        yield style, line
