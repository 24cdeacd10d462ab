"""Verdicts in words: a line a scenario, and the two packet lists side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emu.kernel.compare import Row, Verdict
from emu.kernel.packets import Packet
from emu.units import NS_PER_MS, NS_PER_S

_SIDE = 46
#: Said of a scenario that held only with timers of ours moved to where the recording's were.
_LATE = " beside timers as late as the kernel's"


def line(verdict: Verdict) -> str:
    """holds or FAILS, what became of the server's socket, and how close we came."""
    trace = verdict.trace
    word = "holds" if verdict.holds else "FAILS"
    end = trace.error or "alive"
    at_ns = trace.watched_ns if trace.dead_ns is None else trace.dead_ns
    return (
        f"{word} {trace.name:<26} {end} at {at_ns / NS_PER_S:.3f} s,"
        f" {len(verdict.rows)} packets, {verdict.worst_ns / NS_PER_MS:.1f} ms off at most"
        f"{'' if verdict.punctual else _LATE}"
    )


def table(verdict: Verdict) -> Iterator[str]:
    """Times after the last segment heard from the client."""
    yield f"{'kernel':<{_SIDE}}  {'emulator':<{_SIDE}}  off"
    for row in verdict.rows:
        yield f"{_cell(row.kernel):<{_SIDE}}  {_cell(row.ours):<{_SIDE}}  {_off(row)}".rstrip()
    trace, played = verdict.trace, verdict.played
    ends = (_end(trace.error, trace.dead_ns), _end(played.error, played.dead_ns))
    yield f"{ends[0]:<{_SIDE}}  {ends[1]}"
    yield from (f"! {trouble}" for trouble in verdict.troubles)


def as_dict(verdict: Verdict) -> dict[str, Any]:
    """The same for programs."""
    return {
        "name": verdict.trace.name,
        "what": verdict.trace.what,
        "holds": verdict.holds,
        "troubles": list(verdict.troubles),
        "kernel": {"error": verdict.trace.error, "dead_ns": verdict.trace.dead_ns},
        "emulator": {"error": verdict.played.error, "dead_ns": verdict.played.dead_ns},
        "worst_ns": verdict.worst_ns,
        "punctual": verdict.punctual,
        "wheel": verdict.wheel,
        "packets": [
            {"kernel": _cell(row.kernel), "emulator": _cell(row.ours), "trouble": row.trouble}
            for row in verdict.rows
        ],
    }


def _cell(packet: Packet | None) -> str:
    if packet is None:
        return "-"
    way = ">" if packet.from_server else "<"
    what = packet.about or f"{packet.flags} {packet.sequence}:{packet.acknowledgement}"
    octets = f" {packet.length} octets" if packet.length else ""
    return f"{packet.at_ns / NS_PER_S:10.4f} {way} {packet.kind:<9} {what}{octets}"


def _off(row: Row) -> str:
    if row.kernel is None or row.ours is None:
        return row.trouble
    off = f"{(row.kernel.at_ns - row.ours.at_ns) / NS_PER_MS:+.1f} ms"
    return f"{off}  {row.trouble}".rstrip()


def _end(error: str | None, dead_ns: int | None) -> str:
    return "alive" if dead_ns is None else f"{dead_ns / NS_PER_S:10.4f}   {error or 'gone'}"
