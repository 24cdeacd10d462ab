"""What the tests need and the project does not bring: tshark, capinfos, the shared folder.

What is missing is skipped with its reason on a user's machine, and is an error where
``EMU_REQUIRE`` is "all" (architecture.md 8).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

PROJECT = Path(__file__).resolve().parents[1]

Tool = Callable[..., str]


def missing(reason: str) -> NoReturn:
    """Skip, or fail where everything must be there."""
    if os.environ.get("EMU_REQUIRE") == "all":
        pytest.fail(f"{reason} (EMU_REQUIRE=all)")
    pytest.skip(reason)


def shared_folder() -> Path:
    """The folder of facts and real captures."""
    folder = Path(os.environ.get("EMU_SHARED", PROJECT.parent / "shared"))
    return folder if folder.is_dir() else missing("no shared folder: set EMU_SHARED to it")


def real_captures() -> list[Path]:
    """Every capture that others recorded, packed ones too, in order of name."""
    found = sorted((shared_folder() / "real-captures").glob("[0-9]*.*cap*"))
    return found or missing("no real captures in the shared folder")


def tool(name: str) -> Tool:
    """Runs a program of Wireshark's and returns what it prints; a complaint fails the test."""
    program = shutil.which(name) or missing(f"no {name}: install it to be judged by it")

    def run(*arguments: str | Path) -> str:
        done = subprocess.run(
            [program, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        complaints = [x for x in done.stderr.splitlines() if not x.startswith("Running as user")]
        assert (done.returncode, complaints) == (0, []), arguments
        return done.stdout

    return run
