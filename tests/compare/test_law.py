"""The law of a fault at any time, worked out on paper and without ``Transport.delay()``.

An idle client is asked every D1; a fault that is uniform over whole cycles leaves a uniform rest
of the wait, then N probes D2 apart are waited out: detection is uniform on [N D2, D1 + N D2].

Two tests, both at alpha = 0.01 for fixed seeds.  Kolmogorov and Smirnov's looks at the whole
shape; but a D1 that is 5 % off moves the distribution by less than 0.05, which it sees from 1,060
runs on only.  What a wrong D1 does change is where the distribution ends, so the second test
is on the extremes: of n draws none lies in the last (or first) g of the interval with
probability (1 - g)^n; half of alpha for each end gives g = 1 - 0.005^(1/n).

Behind a dialled line the server hears the answer of a first probe the set-up of the line later,
s, about 2.6 s for the ISDN line of the scenario.  The wait begins with what was heard, so that a
cycle lasts D1 + s; a fault u after it began, u uniform on [0, D1 + s], is noticed D1 + N D2 - u
later, because the server's own clock starts its N D2 when it has sent the first probe, whether a
line has to come up for it or not.  So detection is uniform on [N D2 - s, D1 + N D2]: the upper
end stays, the lower one moves by s.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import sqrt
from typing import NamedTuple

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

#: facts/ipx.md 4.2: a second to connect and one or two for PPP; the line's profile has 2.6 s.
SET_UP_S = 2.6


class Case(NamedTuple):
    """A policy in a scenario whose faults are spread over ``cycles`` whole cycles from ``from_s``.

    ``idle`` and ``waited``: the idle wait and the probes' wait, s; ``set_up``: of the line, s.
    """

    scenario: str
    policy: str
    idle: float
    waited: float
    from_s: int
    cycles: int
    set_up: float = 0.0

    @property
    def window(self) -> str:
        """The instants of the fault, as ``--set faults.1.at`` takes them."""
        until = self.from_s + self.cycles * (self.idle + self.set_up)
        return f'{{ from = "{self.from_s}s", until = "{until:.3f}s" }}'

    @property
    def ends(self) -> tuple[float, float]:
        """Between these detection is uniform, s."""
        return self.waited - self.set_up, self.idle + self.waited


#: Two cycles are as good as the scenario's own 24.07 (two hours), which only take ten times longer.
LAN, DIALLED = "power-loss-any-time", "dial-on-demand-power-loss"
CASES = {
    "ncp-netware": Case(LAN, "ncp-netware", D1, WAITED, 7200, 97),
    "tcp-keepalive-nt4": Case(LAN, "tcp-keepalive-nt4", TWO_HOURS, FIVE_S, 7200, 4),
    "ncp-netware, dialled": Case(DIALLED, "ncp-netware", D1, WAITED, 600, 2, SET_UP_S),
    "tcp-keepalive-nt4, dialled": Case(
        DIALLED, "tcp-keepalive-nt4", TWO_HOURS, FIVE_S, 7500, 1, SET_UP_S
    ),
}
#: A wait of 5 % more, and of 5 % less.
WRONG = {
    "ncp-netware": ("ncp.delay_before_first_poll", ("5670ticks", "5130ticks")),
    "tcp-keepalive-nt4": ("tcp.keepalive_idle", ("7560s", "6840s")),
}


@cache
def delays_s(name: str, key: str = "", value: str = "") -> list[float]:
    """Detection delays, one a seed, with one value of the policy changed or none."""
    case = CASES[name]
    scenario = load_scenario(case.scenario).with_setting("faults.1.at", case.window)
    policy = load_policy(case.policy)
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
    delays = delays_s(name)
    assert len(delays) == SEEDS
    assert complaints(delays, *CASES[name].ends) == []


@pytest.mark.slow
def test_the_scenarios_own_window_gives_the_same_law() -> None:
    """2 h and 2.6 s, 24.07 cycles of NetWare's: the 0.07 of one weigh 0.3 % of all faults."""
    case = CASES["ncp-netware, dialled"]
    plan = make_plan(load_scenario(case.scenario), [load_policy(case.policy)], SEEDS)
    struck = [each for outcome in plan.play(Batch(0, 0, SEEDS)) for each in outcome.struck]
    delays = [each.delay_ns / 1e9 for each in struck if each.delay_ns is not None]
    assert len(delays) == SEEDS
    assert complaints(delays, *case.ends) == []


@pytest.mark.slow
@pytest.mark.parametrize("less", [False, True], ids=["5 % more", "5 % less"])
@pytest.mark.parametrize("name", CASES)
def test_a_wait_that_is_5_percent_off_is_seen(name: str, less: bool) -> None:
    """A test that could not fail would prove nothing."""
    key, values = WRONG[CASES[name].policy]
    assert complaints(delays_s(name, key, values[less]), *CASES[name].ends) != []


@pytest.mark.slow
def test_a_dialled_line_changes_the_lower_end_alone() -> None:
    """By its set-up: no detection is later than on a LAN, none is earlier by more than that."""
    low, high = CASES["tcp-keepalive-nt4"].ends
    dialled = delays_s("tcp-keepalive-nt4, dialled")
    assert low - SET_UP_S - SLACK_S <= min(dialled)
    assert max(dialled) <= high + SLACK_S


def test_the_tests_of_the_law_see_other_shapes() -> None:
    even = [(i + 0.5) / 200 for i in range(200)]
    assert complaints([10 * u for u in even], 0, 10) == []
    assert complaints([10 * u * u for u in even], 0, 10) != [], "bunched at the start"
    assert complaints([10.5 * u for u in even], 0, 10) != []
    assert complaints([9.5 * u for u in even], 0, 10) != []
