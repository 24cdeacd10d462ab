"""The answer: one verdict a connection, as values, as JSON, as text (product.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from emu.check.rules import Confidence, FlowClass
from emu.check.timeline import SIDE_NAMES, How, Mechanism
from emu.units import in_seconds

SCHEMA_VERSION = 1

#: Style of a line for ``emu.cli.printing``, and its text.
Line = tuple[str, str]

_STYLES = {
    FlowClass.GAVE_UP: "bad",
    FlowClass.REBOOTED: "bad",
    FlowClass.SILENT: "bad",
    FlowClass.HUNG: "bad",
    FlowClass.ALIVE: "good",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One flow.  Instants are nanoseconds after the file's first frame; sides are 0 and 1.

    ``interface``: where it was judged.  ``seen_elsewhere``: interfaces that show another class.
    """

    transport: str
    a: str
    b: str
    frames: int
    first_ns: int
    last_ns: int
    mechanism: Mechanism
    prober: int | None
    idle_ns: int | None
    interval_ns: int | None
    probes_unanswered: int
    flow_class: FlowClass
    confidence: Confidence
    dead: int | None
    host_alive: bool | None
    last_heard_ns: int | None
    silent_since_ns: int | None
    disconnected_at_ns: int | None
    how: How
    sentence: str
    evidence: tuple[int, ...]
    interface: str = ""
    seen_elsewhere: tuple[tuple[str, FlowClass], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One file.  ``note``: why reading stopped before its end, empty when it did not.

    ``without_flow``: frames that were read and carry no connection, by what they are.
    """

    file: str
    frames: int
    unread: int
    flows: Sequence[Verdict]
    note: str = ""
    without_flow: Mapping[str, int] = field(default_factory=dict[str, int])


def report_json(report: Report) -> dict[str, object]:
    """The object of product.md, "JSON of emu check"."""
    return {**report_head(report), "flows": [verdict_json(flow) for flow in report.flows]}


def report_head(report: Report) -> dict[str, object]:
    """All of it but the flows."""
    return {
        "schema_version": SCHEMA_VERSION,
        "file": report.file,
        "frames": report.frames,
        "unread": report.unread,
        "without_flow": dict(report.without_flow),
    }


def verdict_json(verdict: Verdict) -> dict[str, object]:
    """``seen_elsewhere`` is there when the taps of a flow disagree."""
    elsewhere = [
        {"interface": name, "class": flow_class.value}
        for name, flow_class in verdict.seen_elsewhere
    ]
    return {**_verdict_json(verdict), **({"seen_elsewhere": elsewhere} if elsewhere else {})}


def _verdict_json(verdict: Verdict) -> dict[str, object]:
    return {
        "transport": verdict.transport,
        "a": verdict.a,
        "b": verdict.b,
        "frames": verdict.frames,
        "first_s": in_seconds(verdict.first_ns),
        "last_s": in_seconds(verdict.last_ns),
        "mechanism": verdict.mechanism.value,
        "prober": _side(verdict.prober),
        "idle_s": _seconds(verdict.idle_ns),
        "interval_s": _seconds(verdict.interval_ns),
        "probes_unanswered": verdict.probes_unanswered,
        "class": verdict.flow_class.value,
        "confidence": verdict.confidence.name.lower(),
        "dead": _side(verdict.dead),
        "host_alive": verdict.host_alive,
        "last_heard_s": _seconds(verdict.last_heard_ns),
        "silent_since_s": _seconds(verdict.silent_since_ns),
        "disconnected_at_s": _seconds(verdict.disconnected_at_ns),
        "how": verdict.how.value,
        "verdict": verdict.sentence,
        "evidence": list(verdict.evidence),
        "interface": verdict.interface,
    }


def _side(side: int | None) -> str | None:
    return None if side is None else SIDE_NAMES[side]


def _seconds(at_ns: int | None) -> float | None:
    return None if at_ns is None else in_seconds(at_ns)


def report_lines(report: Report) -> Iterator[Line]:
    """For people: a heading, then a flow a line with the frames that prove it."""
    unread = f", {_counted(report.unread, 'frame')} unread" if report.unread else ""
    counts = f"{_counted(report.frames, 'frame')}, {_counted(len(report.flows), 'flow')}"
    yield "loud", f"{report.file}: {counts}{_without_flow(report)}{unread}"
    for flow in report.flows:
        style = _STYLES.get(flow.flow_class, "")
        frames = ", ".join(str(number) for number in flow.evidence)
        head = f"{flow.flow_class:<11} {flow.confidence.name.lower():<8} {flow.transport:<5}"
        yield style, f"{head} {flow.sentence} [frames {frames}{_elsewhere(flow)}]"
    if not report.flows:
        yield "dim", "no connection of tcp, ncp, spx, nbipx or nbf in it"


def _without_flow(report: Report) -> str:
    """Rows of events go without saying; the frames of a line are worth a word."""
    names = (("lapd", "LAPD"), ("ppp-control", "PPP control"))
    return "".join(
        f", {count} {name}" for kind, name in names if (count := report.without_flow.get(kind))
    )


def _elsewhere(flow: Verdict) -> str:
    """`` at server-lan; at office: silent``, where taps disagree."""
    if not flow.seen_elsewhere:
        return ""
    others = ", ".join(f"at {name}: {flow_class}" for name, flow_class in flow.seen_elsewhere)
    return f" at {flow.interface}; {others}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
