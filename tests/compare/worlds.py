"""Small scenarios for comparisons, and comparisons of them in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emu.compare.plan import Plan, make_plan
from emu.policy.loader import load_policy
from emu.scenario.loader import load_scenario

#: One client that is lost at some instant of ten minutes; loss and jitter on its way.
ONE = """
title = "One client, lost by and by"
story = "For a test."
sources = "tests"
horizon = "1h"
default_policies = ["ncp-netware"]

[links.lan]
kind = "lan"
bandwidth = "10Mbit/s"
propagation = "5us"
jitter = "2ms"
loss = 0.02

[clients.ws1]
user = "ann"
boot_time = "60s"
phase = "5m"
program = [
    { at = "0s", do = "log-on" },
    { from = "0s", until = "4m", every = "20s", do = "work" },
]

[[faults]]
client = "ws1"
kind = "power-loss"
at = { from = "10m", until = "20m" }
"""

#: Of three transports, and one that never notices.
POLICIES = ("nbf-nt4", "spx-nwlink", "tcp-keepalive-nt4-5min", "tcp-no-keepalive")


def plan_of(
    folder: Path, text: str = ONE, policies: Sequence[str] = POLICIES, seeds: int = 3
) -> Plan:
    """A plan of a scenario given as text."""
    path = folder / "one.toml"
    path.write_text(text, encoding="utf-8")
    scenario = load_scenario(path)
    return make_plan(scenario, [scenario.applied_to(load_policy(p)) for p in policies], seeds)
