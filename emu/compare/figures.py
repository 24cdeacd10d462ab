"""A row's figures as people read them, and the words that explain them: one wording everywhere.

The terminal's table and the page show the same texts; only their frames differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from emu.compare.comparison import Comparison
from emu.compare.rows import Row, cost_field
from emu.units import format_duration, seconds


class Verdict(NamedTuple):
    """One threshold over all policies it is for.  ``breaches``: (policy, why)."""

    that: str
    text: str
    holds: bool
    breaches: tuple[tuple[str, str], ...]


def seeds_text(count: int) -> str:
    """Which seeds were played."""
    return "seed 0" if count == 1 else f"{count} seeds"


def headline(comparison: Comparison) -> str:
    """What was compared."""
    seeds, rows = seeds_text(comparison.seeds), comparison.rows
    varied = [row["varied"] for row in rows if row.get("varied")]
    names = {each["policy"] for each in varied} or {row["policy"] for row in rows}
    policies = f"{len(names)} {'policy' if len(names) == 1 else 'policies'}"
    if len(names) == 1 and varied:
        (policies,) = names
    values = {each["value"] for each in varied}
    plural = "value" if len(values) == 1 else "values"
    over = f" at {len(values)} {plural} of {varied[0]['key']}" if varied else ""
    return f"{comparison.scenario} under {policies}{over}, {seeds}, the same faults for each"


def heading(rows: Sequence[Row]) -> list[str]:
    """The columns' names; those about money only where a link charges."""
    if _serve_files(rows):
        names = ["policy", "noticed", "max", "false", "B on wire"]
        names += ["peak", "leaked", "refused", "B lost"]
    else:
        names = ["policy", "noticed", "median", "p95", "max", "false", "probes", "B on wire"]
    currency = currency_of(rows)
    return names if currency is None else [*names, "calls", currency]


def cells(row: Row, rows: Sequence[Row]) -> list[str]:
    """One row's texts, in the order of ``heading``."""
    delay, found = row["notice_delay_s"], row["noticed"] + row["never"]
    figures = [f"{row['noticed']}/{found}"]
    files = _serve_files(rows)
    delays = ("max",) if files else ("p50", "p95", "max")
    figures += [delay_text(delay[name], found) for name in delays]
    counts = ("probes",) if not files else ()
    figures += [f"{row[name]:,}" for name in ("false_disconnects", *counts, "bytes_on_wire")]
    if files:
        figures += [f"{row['peak_sessions']:,}", delay_text(row["leaked_session_s"], 0)]
        figures += [f"{row['refused_by_limit']:,}", f"{row['data_lost_bytes']:,}"]
    if currency_of(rows) is not None:
        figures += [f"{row['wan_calls']:,}", f"{row['cost']:,.2f}"]
    return [row["policy"], *figures]


def _serve_files(rows: Sequence[Row]) -> bool:
    """Whether the sessions are a file server's."""
    return any(row.get("leaked_session_s") is not None for row in rows)


def currency_of(rows: Sequence[Row]) -> str | None:
    """The currency a link charges in; None where none charges."""
    return next((row["currency"] for row in rows if row["currency"]), None)


def delay_text(delay_s: float | None, found: int) -> str:
    """To the second from a minute on, to a tenth of a second below; with its units.

    ``found``: how many sessions had something to notice; with none there is no delay.
    """
    if delay_s is None:
        return "never" if found else "-"
    return format_duration(seconds(round(delay_s) if delay_s >= 60 else round(delay_s, 1)))


def legend(rows: Sequence[Row], mark: str = "*") -> Iterator[str]:
    """What the columns mean; ``mark``: what stands beside who is on the Pareto front."""
    cost = "money" if cost_field(rows) == "cost" else "B on wire"
    probes = "B on wire of probes and" if _serve_files(rows) else "probes, and B on wire with"
    yield (
        "noticed: of the sessions whose client was lost for good; delays from the fault, nearest"
        f" rank. false: live clients thrown out. {probes} their answers: summed over all sessions"
        " and seeds."
    )
    if _serve_files(rows):
        yield (
            "peak: sessions at once. leaked: time of sessions whose owner had left, summed."
            " refused: by a limit. B lost: written and never told to the server."
        )
    broke = ", refused, B lost, leaked" if _serve_files(rows) else ""
    goods = f"p95, {cost}{broke} and false"
    yield f"{mark} no other policy is as good in {goods} at once (Pareto front)."


def false_rates(rows: Sequence[Row]) -> Iterator[str]:
    """How often live clients were thrown out, where any was."""
    for row in rows:
        rate = row["false_disconnect_rate"]
        if row["false_disconnects"]:
            low, high = 100 * rate["low"], 100 * rate["high"]
            share = f"{100 * rate['value']:.1f} % of sessions (95 %: {low:.1f} to {high:.1f} %)"
            yield f"false disconnects of {row['policy']}: {share}"


def verdicts(thresholds: Sequence[Mapping[str, Any]]) -> Iterator[Verdict]:
    """Every threshold in the scenario's order."""
    for that, group in groupby(thresholds, key=lambda each: each["that"]):
        each = [*group]
        breaches = tuple((one["policy"], one["why"]) for one in each if not one["holds"])
        held = f"holds for {len(each) - len(breaches)} of {len(each)}"
        yield Verdict(that, f"{that}: {held}", not breaches, breaches)


def not_applicable_note(comparison: Comparison) -> str:
    """One line about the policies that cannot play it; empty if all can."""
    by_why = groupby(comparison.not_applicable, key=lambda each: each.why)
    reasons = [f"{', '.join(each.policy for each in group)} ({why})" for why, group in by_why]
    return f"cannot play {comparison.scenario}: {'; '.join(reasons)}" if reasons else ""
