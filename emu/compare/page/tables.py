"""The page's tables: the figures, the thresholds, and what each policy assumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from emu.compare.comparison import Comparison
from emu.compare.figures import cells, currency_of, false_rates, heading, legend, verdicts
from emu.compare.page.markup import Markup, tag, together
from emu.compare.rows import Row
from emu.policy.model import Policy

#: What each column counts, in the order of ``figures.heading``.
_UNITS = ("of those lost", "h m s", "h m s", "h m s", "sessions", "frames", "octets")
#: What stands for *never* and for wrong in a cell, besides its word.
_NEVER, _WRONG = "never", "wrong"


def figures_table(comparison: Comparison) -> Markup:
    """Every policy a row, best first."""
    rows = comparison.rows
    judged = bool(comparison.thresholds)
    names = zip(heading(rows), ("", *_units(rows)), strict=True)
    head = [_column("#", ""), *(_column(*pair) for pair in names)]
    head += [_column("threshold", "") if judged else together()]
    head.insert(1, _column(tag("abbr", "●", title="on the Pareto front"), "front"))
    return tag(
        "table",
        tag("caption", "Ranked by p95, then by how often never, by the median, by false, by cost."),
        tag("thead", tag("tr", *head)),
        tag("tbody", *(_row(rank, row, comparison) for rank, row in enumerate(rows, 1))),
        class_="figures",
    )


def _units(rows: Sequence[Row]) -> tuple[str, ...]:
    return _UNITS if currency_of(rows) is None else (*_UNITS, "made", "cost")


def _column(name: str, unit: str) -> Markup:
    return tag("th", name, tag("small", unit) if unit else "", scope="col")


def _row(rank: int, row: Row, comparison: Comparison) -> Markup:
    name, *texts = cells(row, comparison.rows)
    front = row["pareto"]
    link = tag("a", name, href=f"#run-{rank}")
    mark = together("●", tag("span", "on the Pareto front", class_="unseen")) if front else ""
    return tag(
        "tr",
        tag("td", str(rank), class_="rank"),
        tag("td", mark, class_="mark"),
        tag("th", link, scope="row"),
        *(tag("td", text, class_=_class(index, text)) for index, text in enumerate(texts)),
        _verdict(row["policy"], comparison),
        id=f"row-{rank}",
        class_="on-front" if front else None,
    )


def _class(index: int, text: str) -> str | None:
    if text == "never":
        return _NEVER
    return _WRONG if index == 4 and text != "0" else None


def _verdict(policy: str, comparison: Comparison) -> Markup:
    own = [each["holds"] for each in comparison.thresholds if each["policy"] == policy]
    broken = not all(own)
    if not comparison.thresholds:
        return together()
    if not own:
        return tag("td", "none", class_="verdict none")
    text = "✗ breached" if broken else "✓ holds"
    return tag("td", text, class_="verdict wrong" if broken else "verdict right")


def notes(comparison: Comparison) -> Iterator[Markup]:
    """What the columns mean, as the terminal says it."""
    for text in (*legend(comparison.rows, "●"), *false_rates(comparison.rows)):
        yield tag("p", text, class_="note")


def thresholds_list(comparison: Comparison) -> Markup:
    """Every threshold, whether it holds, and who breaches it."""
    return tag(
        "ul", *(_threshold(*each) for each in verdicts(comparison.thresholds)), class_="thresholds"
    )


def _threshold(_that: str, text: str, holds: bool, breaches: Sequence[tuple[str, str]]) -> Markup:
    mark, class_ = ("✓", "right") if holds else ("✗", "wrong")
    told = [tag("li", "breached by ", tag("b", policy), f": {why}") for policy, why in breaches]
    return tag(
        "li",
        tag("span", mark, class_=class_, aria_hidden="true"),
        f" {text}",
        tag("ul", *told) if told else "",
    )


def not_applicable_table(comparison: Comparison) -> Markup:
    """Who cannot play the scenario, by reason."""
    by_why = groupby(comparison.not_applicable, key=lambda each: each.why)
    items = [
        tag("li", tag("b", ", ".join(each.policy for each in group)), f": {why}")
        for why, group in by_why
    ]
    return tag("ul", *items)


def assumptions(policy: Policy) -> Markup:
    """What no source decides, folded away; nothing if everything has a source."""
    found = policy.assumptions()
    if not found:
        return tag("p", "Every parameter has a source: nothing assumed.", class_="note")
    plural = "assumption" if len(found) == 1 else "assumptions"
    return tag(
        "details",
        tag("summary", f"{len(found)} {plural}"),
        tag("dl", *(part for each in found for part in _assumption(each))),
    )


def _assumption(assumption: Mapping[str, Any]) -> Iterator[Markup]:
    value = assumption["value"]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    yield tag("dt", f"{assumption['what']} = {text}")
    yield tag("dd", str(assumption["why"]))
