"""``python -m tests.bench.compare [SEEDS]``: runs a second of CPU, one process against two.

A run is one policy with one seed of ``dial-on-demand-power-loss``: one client, hours of probes
that raise a line, a power loss.  Wall time is told too, and says little on a machine that others
use, so the last column is worked out of CPU seconds: how much sooner two quiet cores are through,
``one process / (parent + workers / 2)``.  It leaves out that a worker may wait for the other's
last portion, a thirty-second of all runs at most.
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
    """Runs, the seconds of CPU of this process and of its workers, and of wall time."""

    jobs: int
    runs: int
    own_s: float
    workers_s: float
    wall_s: float

    @property
    def cpu_s(self) -> float:
        """All of it."""
        return self.own_s + self.workers_s

    @property
    def quiet_s(self) -> float:
        """How long it takes where every process has a core of its own."""
        return self.own_s + self.workers_s / self.jobs


def plan_for(seeds: int) -> Plan:
    """The benchmark's plan."""
    policies = [load_policy(name) for name in POLICIES]
    return make_plan(load_scenario("dial-on-demand-power-loss"), policies, seeds)


def measure(plan: Plan, jobs: int) -> Measured:
    """Play it once.  Workers have ended when it is over, so their CPU time is known."""
    before, wall = os.times(), time.perf_counter()
    play_all(plan, jobs)
    after, wall = os.times(), time.perf_counter() - wall
    own, workers = (
        after[kind] + after[kind + 1] - before[kind] - before[kind + 1] for kind in (0, 2)
    )
    return Measured(jobs, plan.runs, own, workers, wall)


def report(seeds: int) -> Iterator[str]:
    """The table, line by line."""
    plan = plan_for(seeds)
    yield f"comparison: {len(plan.policies)} policies x {seeds} seeds"
    yield f"  {'processes':<12}{'runs/s of CPU':>16}{'CPU s':>10}{'wall s':>10}{'quiet':>10}"
    one = measure(plan, 1)
    for found in (one, measure(plan, 2)):
        rate, sooner = found.runs / found.cpu_s, one.quiet_s / found.quiet_s
        yield (
            f"  {found.jobs:<12}{rate:>16,.1f}{found.cpu_s:>10.2f}{found.wall_s:>10.2f}"
            f"{sooner:>9.2f}x"
        )


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if sys.argv[1:] else 50):
        print(line, flush=True)
