"""A kernel's packets beside ours (facts/tcp.md 4, "Checking an emulator packet for packet").

Direction, kind, flags, relative sequence numbers and lengths must be equal, one by one.  Times:
where the kernel's timer wheel stood is the one thing a recording does not tell, so it is searched
for.  With the wheel in its place no packet may be earlier than ours by more than two jiffies nor
later than a granule and two jiffies (a busy machine serves its timers late), and all but one in
ten must come within two jiffies either way.  A recording that no place of the wheel explains,
fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emu.kernel.packets import Packet
from emu.kernel.play import Played, play
from emu.kernel.trace import Trace
from emu.machines.tcp.linux.wheel import granule
from emu.units import NS_PER_S

#: Jiffies by which a packet may be off (facts/tcp.md 4), and what the recordings' rounded times
#: and the wire's latency add.
TOLERANCE = 2
_ROUNDED_NS = 500_000
#: When the socket is in a system call, the keepalive timer comes back in HZ/20 (facts/tcp.md 3.1).
_LOCKED_SHARE = 20
#: Longer delays than this (in s, at HZ=250; facts/tcp.md 3.4) bring the next granule into play.
_GRANULES = ((15, 64), (128, 512), (1030, 4096), (8257, 32768))
#: Places of the wheel that a second, whole search is worth: half a second of work.
_WORTH_SEARCHING = 512
#: ``ss`` was asked this often by the recorder, so an orphan's end is known no better.
_POLLED_NS = NS_PER_S // 4
#: What an end that comes too early weighs in the search.
_EARLY = 20


@dataclass(frozen=True, slots=True)
class Row:
    """Two packets side by side, or one that the other list lacks.

    ``late``: the kernel's fell behind ours by more than two jiffies, as a busy machine's may.
    """

    kernel: Packet | None
    ours: Packet | None
    trouble: str
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a scenario came out.  ``wheel``: the place found; ``worst_ns``: the largest residual.

    ``punctual``: found without making any timer of ours as late as the recording's.
    """

    trace: Trace
    played: Played
    wheel: int
    worst_ns: int
    punctual: bool
    rows: tuple[Row, ...]
    troubles: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.troubles


def judge(trace: Trace) -> Verdict:
    """Play the scenario and hold it against the recording.

    First with timers that fire when the wheel says.  Only a recording for which that fits no place
    of the wheel is played with timers as late as its own (facts/tcp.md 4: two jiffies a timer).
    """
    verdict = _judge(trace, punctual=True)
    return verdict if verdict.holds else _judge(trace, punctual=False)


def _judge(trace: Trace, *, punctual: bool) -> Verdict:
    """A recording that the quick search finds no place for is searched through once more."""
    verdict = _judge_at(trace, *_find_wheel(trace, punctual), punctual)
    if verdict.holds or _places(trace) > _WORTH_SEARCHING:
        return verdict
    return _judge_at(trace, *_find_wheel(trace, punctual, step=1), punctual)


def _judge_at(trace: Trace, wheel: int, edge_ns: int, punctual: bool) -> Verdict:
    played = play(trace, wheel_first=wheel, wheel_edge_ns=edge_ns, punctual=punctual)
    rows = tuple(_side_by_side(trace, played))
    troubles = [row.trouble for row in rows if row.trouble]
    late = sum(row.late for row in rows)
    if late > 1 + len(rows) // 10:
        troubles.append(f"{late} of {len(rows)} packets are late, more than chance allows")
    return Verdict(
        trace=trace,
        played=played,
        wheel=wheel,
        worst_ns=max((_apart(row) for row in rows), default=0),
        punctual=punctual,
        rows=rows,
        troubles=(*troubles, *_outcome(trace, played)),
    )


# --- the wheel's place -----------------------------------------------------------------------


def _edge(trace: Trace) -> int:
    """Where jiffies begin: what a timer sends leaves on an edge, within some microseconds."""
    tick = NS_PER_S // trace.hz
    timed = [
        p.at_ns for p in trace.packets if p.from_server and p.kind in ("keepalive", "rtx", "zwp")
    ]
    if timed:
        return min(timed, key=lambda at_ns: at_ns % tick) % tick
    return (trace.dead_ns or 0) % tick


def _places(trace: Trace) -> int:
    """How many places of the wheel make a difference: the granule of the longest wait."""
    ends_s = (trace.dead_ns or trace.watched_ns) // NS_PER_S
    return next((g for limit, g in _GRANULES if ends_s <= limit), _GRANULES[-1][1])


def _find_wheel(trace: Trace, punctual: bool, *, step: int | None = None) -> tuple[int, int]:
    """The place with the smallest sum of residuals, and where jiffies begin.

    ``step`` None: in eight coarse steps first and finer ones around the best; 1: every place.
    """
    places, edge_ns = _places(trace), _edge(trace)

    def misfit(place: int) -> int:
        at = place % places
        played = play(trace, wheel_first=at, wheel_edge_ns=edge_ns, punctual=punctual)
        rows = list(_side_by_side(trace, played))
        dead = _ends_apart(trace, played)
        missing = sum(1 for row in rows if row.kernel is None or row.ours is None)
        return sum(_apart(row) for row in rows) + dead + missing * 1000 * NS_PER_S

    best, width = 0, places
    while width > 1:
        finer = step or max(1, width // 8)
        best = min(range(best - width, best + width, finer), key=misfit) % places
        width = finer
    return best, edge_ns


def _ends_apart(trace: Trace, played: Played) -> int:
    """An end is seen late, by a poll for one, and never early."""
    if not trace.error:
        return 0
    off = (trace.dead_ns or 0) - (played.dead_ns or 0)
    return off if off >= 0 else -off * _EARLY


# --- packet by packet ------------------------------------------------------------------------


def _comparable(packets: Sequence[Packet], trace: Trace) -> list[Packet]:
    """What is held together: no ARP; from the ACK that shut the window, where one did; and not
    past the end of the watch, which falls somewhere between two packets."""
    shut = [p.at_ns for p in packets if not p.from_server and p.kind == "ack" and not p.window]
    start = shut[0] if shut else -NS_PER_S
    end = NS_PER_S * 10**6 if trace.error else trace.watched_ns
    if not trace.complete:
        end = trace.packets[-1].at_ns + NS_PER_S
    return [p for p in packets if p.kind != "arp" and start <= p.at_ns <= end]


def _side_by_side(trace: Trace, played: Played) -> Iterator[Row]:
    kernel = _comparable(trace.packets, trace)
    ours = _comparable(played.packets, trace)
    lag = 0  # of the packet before: what one late timer delays counts once
    for index in range(max(len(kernel), len(ours))):
        theirs = kernel[index] if index < len(kernel) else None
        own = ours[index] if index < len(ours) else None
        if theirs is None or own is None:
            yield Row(theirs, own, _lacking(theirs, own))
            continue
        trouble = _difference(theirs, own)
        since_ns = theirs.at_ns - (kernel[index - 1].at_ns if index else 0)
        early, late = _window(since_ns, trace.hz)
        off = theirs.at_ns - own.at_ns
        if not trouble and not -early <= off <= late:
            trouble = f"{theirs.kind}: {-off / 10**6:+.1f} ms off"
        yield Row(theirs, own, trouble, late=off - lag > early)
        lag = off


def _window(since_ns: int, hz: int) -> tuple[int, int]:
    """How much earlier and later than ours a packet may be that comes so long after the last."""
    early = TOLERANCE * NS_PER_S // hz + _ROUNDED_NS
    wait = max(granule(since_ns * hz // NS_PER_S), hz // _LOCKED_SHARE + 1)
    return early, early + wait * NS_PER_S // hz


def _lacking(kernel: Packet | None, ours: Packet | None) -> str:
    lacking, one = ("the kernel", ours) if kernel is None else ("the emulator", kernel)
    assert one is not None
    return f"{lacking} has no {one.kind} at {one.at_ns / NS_PER_S:.4f} s"


def _difference(kernel: Packet, ours: Packet) -> str:
    for name in ("from_server", "kind", "flags", "sequence", "acknowledgement", "length", "about"):
        if getattr(kernel, name) != getattr(ours, name):
            return f"{name}: kernel {getattr(kernel, name)!r}, emulator {getattr(ours, name)!r}"
    return ""


def _apart(row: Row) -> int:
    if row.kernel is None or row.ours is None:
        return 0
    return abs(row.kernel.at_ns - row.ours.at_ns)


def _outcome(trace: Trace, played: Played) -> Iterator[str]:
    """How it ended for the program, and when."""
    orphan = (trace.error or "").startswith("orphan")
    expected = None if orphan else trace.error
    if not orphan and expected != played.error:
        yield f"outcome: kernel {expected or 'alive'}, emulator {played.error or 'alive'}"
    if trace.dead_ns is None:
        return
    if played.dead_ns is None:
        yield "outcome: the kernel gave up, the emulator did not"
        return
    seen = _comparable(trace.packets, trace)
    last_ns = seen[-1].at_ns if seen else 0
    early, late = _window(max(0, trace.dead_ns - last_ns), trace.hz)
    off = trace.dead_ns - played.dead_ns
    if not -early <= off <= late + (_POLLED_NS if orphan else 0):
        yield f"end: {-off / 10**6:+.1f} ms off"
