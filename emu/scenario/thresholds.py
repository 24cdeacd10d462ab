"""Thresholds: read from a file, put in words, and judged on the rows of ``emu compare``.

The judge sees the same rows a user sees (product.md, "JSON of emu compare") and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emu.policy.values import Unfit, describe, duration_in, nearest, quoted
from emu.scenario.model import Scenario, ThresholdSpec
from emu.scenario.vocabulary import ROW_FIELDS
from emu.units import NS_PER_S, format_duration

#: What each kind of field is bounded by, in words.
_EXPECTED = {
    "seconds": 'a duration such as "15m"',
    "count": "a whole number, 0 or more",
    "rate": "a number from 0 to 1, such as 0.01",
    "money": "an amount, 0 or more, such as 2.5",
}


def judge(scenario: Scenario, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every threshold for every policy it is for, in the file's order, then the rows'."""
    for threshold in scenario.thresholds:
        for row in rows:
            if not threshold.policies or _policy_of(row) in threshold.policies:
                holds, found = _judge_one(threshold, row)
                yield {
                    "that": threshold.that,
                    "policy": row["policy"],
                    "holds": holds,
                    "why": f"found {found}; {threshold.why}",
                }


def _policy_of(row: Mapping[str, Any]) -> str:
    """Without the value that a row of ``--vary`` has in its name."""
    varied = row.get("varied")
    return row["policy"] if varied is None else varied["policy"]


def found_in(row: Mapping[str, Any], name: str) -> Any:
    """The value of a field such as ``notice_delay_s.p95`` in a row."""
    value: Any = row
    for key in name.split("."):
        value = value[key]
    return value


def read_threshold(
    number: int, *, policies: Sequence[str], name: str, at_most: Any, why: str
) -> ThresholdSpec:
    """One ``[[threshold]]`` table; raises ``Unfit`` when field and bound do not agree."""
    if name not in ROW_FIELDS:
        hint = nearest(name, ROW_FIELDS) or f"the fields are {', '.join(ROW_FIELDS)}"
        raise Unfit(
            expected="a field of a row of emu compare", found=quoted(name), hint=hint, key="field"
        )
    kind = ROW_FIELDS[name]
    bound = _bound(kind, at_most)
    if bound is None:
        raise Unfit(expected=_EXPECTED[kind], found=describe(at_most), key="at_most")
    return ThresholdSpec(
        number=number,
        policies=tuple(policies),
        field=name,
        at_most=bound,
        that=f"{name} is at most {at_most}",
        why=why,
    )


def _bound(kind: str, raw: Any) -> float | None:
    if kind == "seconds":
        return duration_in(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not raw >= 0:
        return None
    if kind == "count" and not isinstance(raw, int):
        return None
    return raw if kind != "rate" or raw <= 1 else None


def _judge_one(threshold: ThresholdSpec, row: Mapping[str, Any]) -> tuple[bool, str]:
    """Never is more than any bound; where nothing had to be noticed, nothing is breached."""
    found, kind = found_in(row, threshold.field), ROW_FIELDS[threshold.field]
    if found is None:
        never = threshold.field.startswith("notice_delay_s") and row["never"] > 0
        return not never, "never" if never else "none to measure"
    if kind == "seconds":
        found_ns = round(found * NS_PER_S)
        return found_ns <= threshold.at_most, format_duration(found_ns)
    return found <= threshold.at_most, str(found)
