"""The law of a fault at any time, worked out on paper and without ``Transport.delay()``.

An idle client is asked every D1; a fault that is uniform over whole cycles leaves a uniform rest
of the wait, then N probes D2 apart are waited out: detection is uniform on [N D2, D1 + N D2].

Two tests, both at alpha = 0.01 for fixed seeds.  Kolmogorov and Smirnov's looks at the whole
shape; but a D1 that is 5 % off moves the distribution by less than 0.05, which it sees from 1,060
runs on only.  What a wrong D1 does change is where the distribution ends, so the second test
is on the extremes: of n draws none lies in the last (or first) g of the interval with
probability (1 - g)^n; half of alpha for each end gives g = 1 - 0.005^(1/n).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import sqrt

import pytest

from emu.compare.plan import Batch, make_plan
from emu.policy.loader import load_policy
from emu.scenario.loader import load_scenario

#: 0.95^n < 0.005 from n = 104 on: fewer could not tell a D1 that is 5 % too short.
SEEDS = 200
#: sqrt(ln(2 / 0.01) / 2): the limit of the Kolmogorov-Smirnov statistic times sqrt(n).
KS_01 = 1.6276
#: Round trips of a probe and its answer, about 0.2 ms each, that make a cycle longer than D1.
SLACK_S = 0.01

#: PC timer ticks: facts/ipx.md 2.1, D1 5400, N 10, D2 1080, 18.2065 a second.
D1, WAITED = 5400 / 18.2065, 10 * 1080 / 18.2065
#: facts/tcp.md 5: NT 4's KeepAliveTime, and five times its KeepAliveInterval.
TWO_HOURS, FIVE_S = 7200.0, 5.0

CASES = {
    # The idle wait, the probes' wait, and how many whole cycles the faults are spread over.
    "ncp-netware": (D1, WAITED, 97),
    "tcp-keepalive-nt4": (TWO_HOURS, FIVE_S, 4),
}
WRONG = {
    "ncp-netware, 5 % more": ("ncp-netware", "ncp.delay_before_first_poll", "5670ticks"),
    "ncp-netware, 5 % less": ("ncp-netware", "ncp.delay_before_first_poll", "5130ticks"),
    "tcp-keepalive-nt4, 5 % more": ("tcp-keepalive-nt4", "tcp.keepalive_idle", "7560s"),
    "tcp-keepalive-nt4, 5 % less": ("tcp-keepalive-nt4", "tcp.keepalive_idle", "6840s"),
}


@cache
def delays_s(name: str, key: str = "", value: str = "") -> list[float]:
    """Detection delays, one a seed, with one value of the policy changed or none."""
    idle, _, cycles = CASES[name]
    window = f'{{ from = "2h", until = "{7200 + cycles * idle:.3f}s" }}'
    scenario = load_scenario("power-loss-any-time").with_setting("faults.1.at", window)
    policy = load_policy(name)
    if key:
        policy = policy.with_setting(key, value)
    plan = make_plan(scenario, [policy], SEEDS)
    struck = [each for outcome in plan.play(Batch(0, 0, SEEDS)) for each in outcome.struck]
    assert len(struck) == SEEDS
    return [each.delay_ns / 1e9 for each in struck if each.delay_ns is not None]


def complaints(delays: Sequence[float], low: float, high: float) -> list[str]:
    """What speaks against a uniform distribution on [low, high]."""
    n, found = len(delays), list[str]()
    shares = sorted((delay - low) / (high - low) for delay in delays)
    slack = SLACK_S / (high - low)
    gap = 1 - 0.005 ** (1 / n)
    distance = max(max((i + 1) / n - u, u - i / n) for i, u in enumerate(shares))
    if distance > KS_01 / sqrt(n):
        found.append(f"Kolmogorov-Smirnov {distance:.4f} > {KS_01 / sqrt(n):.4f}")
    if not -slack <= shares[0] <= gap:
        found.append(f"the least is at {shares[0]:.4f}, not within 0 and {gap:.4f}")
    if not 1 - gap <= shares[-1] <= 1 + slack:
        found.append(f"the greatest is at {shares[-1]:.4f}, not within {1 - gap:.4f} and 1")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_detection_is_uniform_over_the_cycle(name: str) -> None:
    idle, waited, _ = CASES[name]
    delays = delays_s(name)
    assert len(delays) == SEEDS
    assert complaints(delays, waited, idle + waited) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", WRONG)
def test_a_wait_that_is_5_percent_off_is_seen(case: str) -> None:
    """A test that could not fail would prove nothing."""
    name, key, value = WRONG[case]
    idle, waited, _ = CASES[name]
    assert complaints(delays_s(name, key, value), waited, idle + waited) != []


def test_the_tests_of_the_law_see_other_shapes() -> None:
    even = [(i + 0.5) / 200 for i in range(200)]
    assert complaints([10 * u for u in even], 0, 10) == []
    assert complaints([10 * u * u for u in even], 0, 10) != [], "bunched at the start"
    assert complaints([10.5 * u for u in even], 0, 10) != []
    assert complaints([9.5 * u for u in even], 0, 10) != []
