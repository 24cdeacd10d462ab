"""Rows, traces and pages for tests, and a page as a tree."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from emu.compare.comparison import compare
from emu.compare.page.document import page_text
from emu.compare.trace import LinkTrace, SessionTrace, Span, Strike, Trace
from tests.compare.worlds import plan_of

S = 1_000_000_000


def row(name: str, p95: float | None, octets: int = 0, **changed: Any) -> dict[str, Any]:
    """A row of ``emu compare`` with one session lost; None: never noticed."""
    late = {"min": p95, "p50": p95, "p95": p95, "max": p95}
    plain = {
        "policy": name,
        "noticed": int(p95 is not None),
        "never": int(p95 is None),
        "notice_delay_s": late,
        "false_disconnects": 0,
        "false_disconnect_rate": {"value": 0.0, "low": 0.0, "high": 0.8},
        "probes": 1,
        "bytes_on_wire": octets,
        "wan_calls": 0,
        "cost": 0.0,
        "currency": None,
        "refused_by_limit": 0,
        "peak_sessions": 1,
        "leaked_session_s": None,
        "data_lost_bytes": None,
        "pareto": False,
    }
    return {**plain, **changed}


def session(number: int, *strikes: Strike, **changed: Any) -> SessionTrace:
    """A session that is active from 10 s to 1000 s."""
    plain = SessionTrace(
        id=number,
        client=f"ws{number}",
        user=f"user{number}",
        spans=(Span("active", 10 * S, 1000 * S),),
        strikes=strikes,
        probes_ns=(),
        false_disconnect=False,
    )
    return replace(plain, **changed)


def strike(at_s: int, noticed_s: int | None, **changed: Any) -> Strike:
    """Power lost for good, and noticed or not by 1000 s."""
    noticed = None if noticed_s is None else noticed_s * S
    lost = Strike("power-loss", "ws1", at_s * S, noticed or 1000 * S, False, noticed)
    return lost._replace(**changed)


def trace(*sessions: SessionTrace, links: tuple[LinkTrace, ...] = ()) -> Trace:
    """A run of 1000 s."""
    return Trace(seed=0, horizon_ns=1000 * S, sessions=sessions, links=links)


def page_of(folder: Path, *, jobs: int = 1, **wanted: Any) -> str:
    """The page of a small comparison; ``wanted`` as ``plan_of`` has it."""
    plan = replace(plan_of(folder, **wanted), traced=True)
    return page_text(plan, compare(plan, jobs=jobs))


def tree(page: str) -> ET.Element:
    """A page is well-formed XML, too; anything unescaped would break it."""
    doctype, _, rest = page.partition("\n")
    assert doctype == "<!DOCTYPE html>"
    return ET.fromstring(rest)


def of_class(element: ET.Element, name: str) -> Iterator[ET.Element]:
    """All elements with a class."""
    return (each for each in element.iter() if name in each.get("class", "").split())


def words(element: ET.Element) -> str:
    """All text in it."""
    return "".join(element.itertext())


def by_id(element: ET.Element, name: str) -> ET.Element:
    """The one element with that id."""
    (found,) = (each for each in element.iter() if each.get("id") == name)
    return found
