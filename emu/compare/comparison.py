"""The whole comparison: play, sum up, rank, judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emu.compare.plan import NotApplicable, Plan
from emu.compare.pool import Progress, play_all
from emu.compare.rows import Row, ranked, row_of
from emu.compare.trace import Trace
from emu.result import SCHEMA_VERSION
from emu.scenario.thresholds import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``rows``: best first.  ``thresholds``: the scenario's, judged.

    ``traces``: by the row's name, the first seed's run, if the plan asked for it.
    """

    scenario: str
    seeds: int
    rows: Sequence[Row]
    not_applicable: Sequence[NotApplicable]
    thresholds: Sequence[dict[str, Any]]
    traces: Mapping[str, Trace]

    @property
    def holds(self) -> bool:
        """Whether no threshold is breached."""
        return all(threshold["holds"] for threshold in self.thresholds)


def compare(plan: Plan, *, jobs: int = 1, progress: Progress | None = None) -> Comparison:
    """Play a plan; the same comparison for any number of ``jobs``."""
    outcomes = play_all(plan, jobs, progress)
    played = [*zip(plan.entries, outcomes, strict=True)]
    rows = ranked([row_of(entry.policy, runs, entry.varied) for entry, runs in played])
    return Comparison(
        scenario=plan.scenario.name,
        seeds=plan.seeds,
        rows=rows,
        not_applicable=plan.not_applicable,
        thresholds=[*judge(plan.scenario, rows)],
        traces={
            entry.name: each.trace
            for entry, runs in played
            for each in runs
            if each.trace is not None
        },
    )


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """One comparison as one object (product.md, "JSON of emu compare")."""
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": comparison.scenario,
        "seeds": comparison.seeds,
        "rows": [*comparison.rows],
        "not_applicable": [
            {"policy": each.policy, "why": each.why} for each in comparison.not_applicable
        ],
        "thresholds": [*comparison.thresholds],
    }
