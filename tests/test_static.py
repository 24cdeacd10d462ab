"""ruff and pyright strict have nothing to say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def complaints(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    assert complaints("ruff", "check", "-q", "emu", "tests") == ""


def test_ruff_would_format_nothing() -> None:
    assert complaints("ruff", "format", "--check", "-q", "emu", "tests") == ""


def test_pyright_strict_finds_nothing_in_emu() -> None:
    # The project file by name: a stray pyrightconfig.json above the checkout is not ours.
    project = str(ROOT / "pyproject.toml")
    assert complaints("pyright", "--pythonpath", sys.executable, "-p", project) == ""
