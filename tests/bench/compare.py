"""``python -m tests.bench.compare [SEEDS]``: runs a second of CPU, one process against two.

A run is one policy with one seed of ``power-loss-any-time``: one client, hours of probes, a
power loss.  Wall time is told too, and says little on a machine that others use.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from emu.compare.plan import Plan, make_plan
from emu.compare.pool import play_all
from emu.policy.loader import load_policy
from emu.scenario.loader import load_scenario

POLICIES = ("ncp-netware", "tcp-keepalive-nt4", "nbipx-nwlink", "tcp-user-timeout-linux")


class Measured(NamedTuple):
    """Runs, and the seconds of CPU (workers included) and of wall time that they took."""

    jobs: int
    runs: int
    cpu_s: float
    wall_s: float


def plan_for(seeds: int) -> Plan:
    """The benchmark's plan."""
    policies = [load_policy(name) for name in POLICIES]
    return make_plan(load_scenario("power-loss-any-time"), policies, seeds)


def measure(plan: Plan, jobs: int) -> Measured:
    """Play it once.  Workers have ended when it is over, so their CPU time is known."""
    cpu, wall = _cpu_s(), time.perf_counter()
    play_all(plan, jobs)
    return Measured(jobs, plan.runs, _cpu_s() - cpu, time.perf_counter() - wall)


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def report(seeds: int) -> Iterator[str]:
    """The table, line by line."""
    plan = plan_for(seeds)
    yield f"comparison: {len(plan.policies)} policies x {seeds} seeds"
    yield f"  {'processes':<12}{'runs/s of CPU':>16}{'CPU s':>10}{'wall s':>10}"
    for jobs in (1, 2):
        found = measure(plan, jobs)
        rate = found.runs / found.cpu_s
        yield f"  {jobs:<12}{rate:>16,.1f}{found.cpu_s:>10.2f}{found.wall_s:>10.2f}"


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if sys.argv[1:] else 50):
        print(line, flush=True)
