"""Scenario files for tests: one small complete scenario, to be changed in one place."""

from __future__ import annotations

from pathlib import Path

SMALL = """
title = "A small scenario"
story = "For a test."
sources = "tests"
horizon = "1h"
default_policies = ["ncp-netware"]

[links.lan]
kind = "lan"
bandwidth = "10Mbit/s"
propagation = "5us"

[clients.ws1]
user = "ann"
boot_time = "60s"
program = [
    { at = "0s", do = "log-on" },
    { from = "10s", until = "30s", every = "10s", do = "work" },
]

[[faults]]
at = "600s"
client = "ws1"
kind = "power-loss"
off_for = "5m"

[[expect]]
session = 1
field = "silence_s"
between = ["10s", "20s"]
why = "a test"
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    """Write a scenario file and give its path as a user would type it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)
