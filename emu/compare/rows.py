"""What a policy's runs come to: one row of the comparison, by the contract of product.md."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, inf
from typing import Any

from emu.compare.outcome import Outcome
from emu.compare.statistics import pareto_front, quantile, wilson
from emu.compare.vary import Varied
from emu.policy.model import Policy
from emu.units import in_seconds

Row = dict[str, Any]


def row_of(policy: Policy, outcomes: Sequence[Outcome], varied: Varied | None = None) -> Row:
    """One row; ``pareto`` is decided when all rows are known.

    ``noticed`` and ``never`` count the sessions that had something to notice.  What a terminal
    server cannot have (data lost, sessions leaked to a scavenger) is None, not a 0 that claims it.
    """
    delays = [struck.delay_ns for each in outcomes for struck in each.struck]
    never = sum(delay is None for delay in delays)
    sessions = sum(each.sessions for each in outcomes)
    dropped = sum(each.false_disconnects for each in outcomes)
    rate = wilson(dropped, sessions)
    leaked_ns = _summed([each.leaked_ns for each in outcomes])
    return {
        "policy": policy.name if varied is None else varied.name,
        "varied": None if varied is None else varied._asdict(),
        "transport": policy.transport,
        "sessions": sessions,
        "noticed": len(delays) - never,
        "never": never,
        "notice_delay_s": _quantiles(delays),
        "false_disconnects": dropped,
        "probes": sum(each.probes for each in outcomes),
        "frames": sum(each.frames for each in outcomes),
        "bytes_on_wire": sum(each.bytes_on_wire for each in outcomes),
        "wan_calls": sum(each.calls for each in outcomes),
        "wan_connected_s": fsum(each.connected_s for each in outcomes),
        "cost": fsum(each.cost for each in outcomes),
        "currency": next((each.currency for each in outcomes if each.currency), None),
        "ghost_session_s": in_seconds(sum(each.ghost_ns for each in outcomes)),
        "refused_by_limit": sum(each.refused_by_limit for each in outcomes),
        "false_disconnect_rate": {"value": rate.value, "low": rate.low, "high": rate.high},
        "peak_sessions": max(each.peak_sessions for each in outcomes),
        "leaked_session_s": None if leaked_ns is None else in_seconds(leaked_ns),
        "data_lost_bytes": _summed([each.octets_lost for each in outcomes]),
        "pareto": False,
    }


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Best first, each with its place on or off the front.

    By the 95th percentile of the delay (never last), then by how often never, by the median,
    by false disconnects, by what broke on a file server, by what it cost; equals by name.
    """
    cost = cost_field(rows)
    fronts = pareto_front([_point(row, cost) for row in rows])
    marked = [{**row, "pareto": front} for row, front in zip(rows, fronts, strict=True)]
    return sorted(marked, key=lambda row: _place(row, cost))


def cost_field(rows: Sequence[Row]) -> str:
    """What noticing costs: money where a link has a tariff, else the probes' octets."""
    return "cost" if any(row["currency"] for row in rows) else "bytes_on_wire"


def _summed(figures: Sequence[int | None]) -> int | None:
    """None where nothing was measured."""
    found = [figure for figure in figures if figure is not None]
    return sum(found) if found else None


def _quantiles(delays: Sequence[int | None]) -> dict[str, float | None]:
    shares = {"min": 0.0, "p50": 0.5, "p95": 0.95, "max": 1.0}
    found = {name: quantile(delays, share) for name, share in shares.items()}
    return {name: None if ns is None else in_seconds(ns) for name, ns in found.items()}


def _point(row: Row, cost: str) -> tuple[float, ...]:
    return _late(row, "p95"), row[cost], row["false_disconnects"], *_broke(row)


def _place(row: Row, cost: str) -> tuple[Any, ...]:
    late = _late(row, "p95"), row["never"], _late(row, "p50")
    return (*late, row["false_disconnects"], *_broke(row), row[cost], row["policy"])


def _broke(row: Row) -> tuple[float, ...]:
    """Who was refused, what was lost, how long nobody's sessions lived; nothing of a terminal's."""
    if row["leaked_session_s"] is None:
        return ()
    return row["refused_by_limit"], row["data_lost_bytes"], row["leaked_session_s"]


def _late(row: Row, name: str) -> float:
    """Never ranks as infinite, and so does what was not measured."""
    found = row["notice_delay_s"][name]
    return inf if found is None else found
