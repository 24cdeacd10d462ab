"""SMB policies for tests: any rules over any carrier."""

from __future__ import annotations

from pathlib import Path

from emu.policy.loader import load_policy
from emu.policy.model import Policy
from tests.policy.files import write

OVER = """
title = "SMB over something"
what = "For a test."
extends = [{}]
"""


def over(folder: Path, *bases: str, more: str = "") -> str:
    """The path of a policy that extends these, in this order."""
    names = ", ".join(f'"{base}"' for base in bases)
    return write(folder, OVER.format(names) + more, f"{'-on-'.join(bases)}.toml")


def policy_over(folder: Path, *bases: str, more: str = "") -> Policy:
    """The policy itself."""
    return load_policy(over(folder, *bases, more=more))
