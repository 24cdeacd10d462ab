"""Policy files for tests: one complete NCP policy, and small changes to it."""

from __future__ import annotations

from pathlib import Path

#: A variant of a shipped policy is enough for most tests.
VARIANT = """
title = "A variant"
what = "For a test."
extends = ["ncp-netware"]

[ncp]
polls = 7

[sources.ncp]
polls = { grade = "C", source = "tests" }
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    """Write a policy file and give its path as a user would type it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)
