"""The whole page, and writing it: there whole or not at all."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from emu.capture.files import replacing
from emu.compare.comparison import Comparison
from emu.compare.figures import delay_text, headline, seeds_text, verdicts
from emu.compare.page.curve import Curve, curve_of
from emu.compare.page.curve_picture import curve_key, curve_picture, heading
from emu.compare.page.dots import key
from emu.compare.page.markup import Markup, tag, together
from emu.compare.page.picture import picture
from emu.compare.page.style import CSS
from emu.compare.page.tables import (
    assumptions,
    figures_table,
    not_applicable_table,
    notes,
    thresholds_list,
)
from emu.compare.page.timeline import left_out, timeline
from emu.compare.plan import Plan
from emu.compare.rows import Row, cost_field
from emu.compare.trace import Trace


def write_page(plan: Plan, comparison: Comparison, path: str) -> None:
    """Write it; ``InputError`` when it cannot be written."""
    with replacing(Path(path)) as stream:
        stream.write(page_text(plan, comparison).encode("utf-8"))


def page_text(plan: Plan, comparison: Comparison) -> str:
    """The page.  It depends on the comparison only: no clock, no machine, no version."""
    title = f"{comparison.scenario}: emu compare"
    page = tag(
        "html",
        tag("head", *_head(title)),
        tag("body", tag("main", *_sections(plan, comparison))),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{page}\n"


def _head(title: str) -> Iterator[Markup]:
    """The policy lets in this one style sheet, by its digest, and nothing else at all."""
    digest = b64encode(sha256(CSS.encode("utf-8")).digest()).decode("ascii")
    allowed = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    yield tag("meta", charset="utf-8")
    yield Markup(f'<meta http-equiv="Content-Security-Policy" content="{allowed}" />')
    yield tag("meta", name_="viewport", content_="width=device-width, initial-scale=1")
    yield tag("meta", name_="color-scheme", content_="light dark")
    yield tag("title", title)
    yield tag("style", Markup(CSS))


def _sections(plan: Plan, comparison: Comparison) -> Iterator[Markup]:
    yield _header(plan, comparison)
    yield _section(
        "figures", "Figures", _scrolled(figures_table(comparison), "Figures"), *notes(comparison)
    )
    if comparison.thresholds:
        yield _section("thresholds", "Thresholds", thresholds_list(comparison))
    curve = curve_of(plan, comparison)
    if curve is not None:
        yield _curve(curve)
    yield _section(
        "cost",
        "Detection against cost",
        _scrolled(picture(comparison.rows), "Detection against cost"),
        tag("p", key(), class_="key"),
        tag("p", "Where dots crowd, one list names them from left to right.", class_="note"),
    )
    yield _timelines(plan, comparison)
    if comparison.not_applicable:
        heading = f"Cannot play {comparison.scenario}"
        yield _section("unable", heading, not_applicable_table(comparison))


def _curve(curve: Curve) -> Markup:
    left_out = ", ".join(curve.left_out)
    note = f"No place on the axis: {left_out}." if left_out else ""
    return _section(
        "curve",
        heading(curve),
        _scrolled(curve_picture(curve), heading(curve)),
        curve_key(curve),
        tag("p", note, class_="note") if note else together(),
    )


def _section(name: str, heading: str, *content: str) -> Markup:
    return tag("section", tag("h2", heading, id=f"{name}-h"), *content, aria_labelledby=f"{name}-h")


def _scrolled(content: Markup, name: str) -> Markup:
    """Wide things scroll by themselves, by keyboard too, not the page."""
    return tag("div", content, class_="scrolled", role="region", aria_label=name, tabindex="0")


def _header(plan: Plan, comparison: Comparison) -> Markup:
    return tag(
        "header",
        tag("p", headline(comparison), class_="note"),
        tag("h1", plan.scenario.title),
        tag("p", *_front(comparison), class_="lead"),
        tag("p", *_held(comparison), class_="lead"),
    )


def _front(comparison: Comparison) -> Iterator[str]:
    """Who is on the Pareto front, each with its p95; those with the same together."""
    cost = "money" if cost_field(comparison.rows) == "cost" else "octets on the wire"
    front = [(row["policy"], _late(row)) for row in comparison.rows if row["pareto"]]
    yield f"On the Pareto front (p95 delay, {cost}, false disconnects): "
    for index, (delay, group) in enumerate(groupby(front, key=itemgetter(1))):
        yield "; " if index else ""
        yield from _listed([name for name, _ in group])
        yield f" {delay}"
    yield "."


def _late(row: Row) -> str:
    return delay_text(row["notice_delay_s"]["p95"], row["noticed"] + row["never"])


def _listed(names: Sequence[str]) -> Iterator[Markup]:
    for index, name in enumerate(names):
        yield together(", " if index else "", tag("b", name))


def _held(comparison: Comparison) -> Iterator[str]:
    """Which thresholds are breached, and by whom."""
    found = [*verdicts(comparison.thresholds)]
    broken = [verdict for verdict in found if not verdict.holds]
    if not broken:
        yield "✓ Every threshold holds." if found else "The scenario sets no threshold."
    for index, verdict in enumerate(broken):
        yield tag("b", f"{' ' if index else ''}✗ Breached", class_="wrong")
        yield f": “{verdict.that}” by "
        yield from _listed([policy for policy, _ in verdict.breaches])
        yield "."


def _timelines(plan: Plan, comparison: Comparison) -> Markup:
    by_name = {entry.name: entry.policy for entry in plan.entries}
    runs = [
        tag(
            "article",
            tag("h3", f"{rank}. {row['policy']} ", tag("span", _result(row), class_="result")),
            _scrolled(timeline(comparison.traces[row["policy"]], rank), f"Run of {row['policy']}"),
            _more(comparison, row),
            assumptions(by_name[row["policy"]]),
            id=f"run-{rank}",
        )
        for rank, row in enumerate(comparison.rows, 1)
    ]
    which = "the run" if comparison.seeds == 1 else f"seed 0 of {seeds_text(comparison.seeds)}"
    return _section("runs", f"Timelines: {which}", _key([*comparison.traces.values()]), *runs)


def _more(comparison: Comparison, row: Row) -> Markup:
    text = left_out(comparison.traces[row["policy"]])
    return tag("p", text, class_="note") if text else together()


def _result(row: Row) -> str:
    """One line that says what the lanes show."""
    found = row["noticed"] + row["never"]
    if not found:
        text = "nothing to notice"
    else:
        delay = row["notice_delay_s"]["p95"]
        text = f"noticed {row['noticed']} of {found}, p95 {delay_text(delay, found)}"
    wrong = row["false_disconnects"]
    return f"{text}, {wrong} false" if wrong else text


def _key(traces: Sequence[Trace]) -> Markup:
    """What the lanes' marks mean; links only where one dials."""
    kinds = [
        ("active", "active"),
        ("ghost", "active, but the client is gone"),
        ("disconnected", "disconnected"),
        ("fault", "fault"),
        ("noticed", "noticed"),
        ("probes", "the server's probes; many: their density"),
    ]
    if any(trace.links for trace in traces):
        kinds.append(("up", "link up"))
    return tag(
        "p",
        *(tag("span", tag("i", class_=f"key-{name}"), text) for name, text in kinds),
        class_="key",
    )
