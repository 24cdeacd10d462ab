"""Runs the contestants in shuffled rounds and prints what they cost, beside the goals."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import simpy

from emu.capture import pcapng
from emu.capture.recording import Recording
from emu.pdu.ip_tcp import ACK, Segment
from emu.wire.ip_tcp import TcpFlow
from tests.bench.farm import (
    IDLE_NS,
    WARM_NS,
    HeapFarm,
    MockClockFarm,
    SimPyFarm,
    WorldFarm,
    mac,
    score,
)

#: One cycle is two frames a session.
CYCLES = 5
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """``ratio`` against ``limit``; ``at_most`` or at least."""

    what: str
    ratio: float
    limit: float
    at_most: bool = True

    @property
    def met(self) -> bool:
        return self.ratio <= self.limit if self.at_most else self.ratio >= self.limit

    def line(self) -> str:
        sign = "<=" if self.at_most else ">="
        verdict = "met" if self.met else "FALLS SHORT"
        return f"  {self.what:<62} {self.ratio:8.2f}  {sign} {self.limit:<6g} {verdict}"


def world_plain(sessions: int) -> float:
    farm = WorldFarm(sessions, recording=None)
    return score(farm, farm.play, cycles=CYCLES).us_per_frame


def world_in_trio(sessions: int) -> float:
    farm = WorldFarm(sessions, recording=None)
    return score(farm, farm.play_in_trio, cycles=CYCLES).us_per_frame


def world_captured(sessions: int) -> float:
    """Capture on: recorded, and the file written, within the time."""
    recording = Recording()
    farm = WorldFarm(sessions, recording=recording)
    farm.play_in_trio(WARM_NS)
    before, first = farm.probes + farm.answers, len(recording)
    with TemporaryDirectory() as folder:
        started = process_time()
        farm.play_in_trio(WARM_NS + CYCLES * IDLE_NS)
        del recording.frames[:first]
        pcapng.write(recording, Path(folder) / "farm.pcapng", "farm")
        spent = process_time() - started
    return spent / (farm.probes + farm.answers - before) * 1e6


def bare_heap(sessions: int) -> float:
    farm = HeapFarm(sessions)
    return score(farm, farm.play, cycles=CYCLES).us_per_frame


def simpy_model(sessions: int) -> float:
    farm = SimPyFarm(sessions)
    return score(farm, farm.play, cycles=CYCLES).us_per_frame


def mock_clock(sessions: int) -> float:
    """Its tasks cannot be paused, so start and first cycles are within; fewer cycles."""
    farm = MockClockFarm(sessions)
    farm.play(2 * IDLE_NS)
    return (process_time() - farm.started) / (farm.probes + farm.answers) * 1e6


def counting_heap(sessions: int) -> float:
    """Counter-only, no octets, no machines: information, not a contestant."""
    phases = Random("phases")
    heap: list[tuple[int, int, int]] = []
    for number in range(sessions):
        heappush(heap, (phases.randrange(IDLE_NS), number, 0))
    frames, started = 0, process_time()
    while heap[0][0] < CYCLES * IDLE_NS:
        due, number, phase = heappop(heap)
        frames += 1
        heappush(heap, (due + (IDLE_NS if phase else 50_000_000), number, 1 - phase))
    return (process_time() - started) / frames * 1e6


def counting_simpy(sessions: int) -> float:
    """Counter-only, no octets, no machines: information, not a contestant."""
    env, frames = simpy.Environment(), [0]

    def session(phase: int) -> Iterator[Any]:
        yield env.timeout(phase)
        while True:
            frames[0] += 1
            yield env.timeout(50_000_000)
            frames[0] += 1
            yield env.timeout(IDLE_NS)

    phases = Random("phases")
    for _ in range(sessions):
        env.process(session(phases.randrange(IDLE_NS)))
    started = process_time()
    env.run(until=CYCLES * IDLE_NS)
    return (process_time() - started) / frames[0] * 1e6


CONTESTANTS: dict[str, Callable[[int], float]] = {
    "whole world in Trio, capture off": world_in_trio,
    "whole world in Trio, capture on and written": world_captured,
    "same world, timeline without Trio": world_plain,
    "machines and codecs in a bare heapq loop": bare_heap,
    "SimPy, a process per session, same machines and codecs": simpy_model,
    "Trio with MockClock, a task per session, same machines": mock_clock,
}
INFORMATION: dict[str, Callable[[int], float]] = {
    "counter only: bare heapq": counting_heap,
    "counter only: SimPy": counting_simpy,
}


def measure(sessions: int, rounds: int) -> dict[str, float]:
    """CPU microseconds a frame, the median of rounds in shuffled order."""
    everybody = [*CONTESTANTS.items(), *INFORMATION.items()]
    found: dict[str, list[float]] = {name: [] for name, _ in everybody}
    order = Random(1)
    for _ in range(rounds):
        order.shuffle(everybody)
        for name, run in everybody:
            gc.collect()
            found[name].append(run(sessions))
    return {name: median(found[name]) for name in [*CONTESTANTS, *INFORMATION]}


def bytes_per_session(sessions: int = 2_000) -> float:
    """Both ends, timers and flows of established sessions; no program."""
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    farm = WorldFarm(sessions, recording=None)
    farm.play(WARM_NS)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / sessions


def template_ratio() -> float:
    """A full Scapy build of a bare segment against the patched template."""
    from tests.wire.test_tcp_flow import full_scapy_build

    ends: dict[str, Any] = {
        "source_mac": mac(1),
        "destination_mac": mac(2),
        "source_ip": b"\x0a\0\0\x01",
        "destination_ip": b"\x0a\0\0\x02",
        "source_port": 1494,
        "destination_port": 1025,
        "ttl": 128,
    }
    flow = TcpFlow(**ends)
    segment = Segment(1, 2, ACK, 8760)
    assert full_scapy_build(ends, segment, 7) == flow.encode(segment, 7)

    def cost(build: Callable[[], object], count: int) -> float:
        started = process_time()
        for _ in range(count):
            build()
        return (process_time() - started) / count

    full = cost(lambda: full_scapy_build(ends, segment, 7), 500)
    return full / cost(lambda: flow.encode(segment, 7), 100_000)


def goals(cost: dict[str, float], small: float, large: float, memory: float) -> list[Goal]:
    trio, capture, plain, heap, sim, mock = (cost[name] for name in CONTESTANTS)
    return [
        Goal(what="world in Trio / same world without Trio", ratio=trio / plain, limit=1.15),
        Goal(what="world in Trio / machines in a bare heapq loop", ratio=trio / heap, limit=3),
        Goal(what="MockClock design / world in Trio", ratio=mock / trio, limit=4, at_most=False),
        Goal(what="SimPy / world in Trio", ratio=sim / trio, limit=0.9, at_most=False),
        Goal(what="capture on / capture off", ratio=capture / trio, limit=1.25),
        Goal(what="CPU a frame, most sessions / 100 sessions", ratio=large / small, limit=1.5),
        Goal(what="bytes a session without a program", ratio=memory, limit=4_000),
        Goal(what="full Scapy build / template", ratio=template_ratio(), limit=150, at_most=False),
    ]


def report(sessions: int, rounds: int) -> Iterator[str]:
    """The table, then the goals."""
    started = time.monotonic()
    cost = measure(sessions, rounds)
    yield f"idle-keepalive farm: {sessions} TCP sessions, a probe every 75 s, median of {rounds}"
    yield f"  {'contestant':<58} {'us CPU a frame':>14} {'frames/s of CPU':>16}"
    for name, us in cost.items():
        yield f"  {name:<58} {us:14.2f} {1e6 / us:16,.0f}"
    small = median(_few(world_in_trio) for _ in range(rounds))
    yield ""
    found = goals(cost, small, cost["whole world in Trio, capture off"], bytes_per_session())
    yield from (goal.line() for goal in found)
    yield f"  ({time.monotonic() - started:.0f} s in all)"


def _few(run: Callable[[int], float]) -> float:
    """A hundred sessions make few frames: the median of many short runs."""
    return median(run(100) for _ in range(15))
