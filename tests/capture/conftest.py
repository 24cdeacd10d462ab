"""What the tests of this folder need from outside: tshark, capinfos, real captures.

What is missing is skipped with its reason, and is an error where EMU_REQUIRE is "all".
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Tool = Callable[..., str]


def _missing(what: str) -> None:
    if os.environ.get("EMU_REQUIRE") == "all":
        pytest.fail(f"{what} is missing, and EMU_REQUIRE is all")
    pytest.skip(f"{what} is missing")


def _tool(name: str) -> Tool:
    program = shutil.which(name) or ""
    if not program:
        _missing(name)

    def run(*arguments: str | Path) -> str:
        done = subprocess.run(
            [program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
        )
        complaints = [x for x in done.stderr.splitlines() if not x.startswith("Running as user")]
        assert (done.returncode, complaints) == (0, [])
        return done.stdout

    return run


@pytest.fixture(scope="session")
def tshark() -> Tool:
    """Runs tshark and returns what it prints; a complaint on stderr fails the test."""
    return _tool("tshark")


@pytest.fixture(scope="session")
def capinfos() -> Tool:
    return _tool("capinfos")


@pytest.fixture(scope="session")
def real_captures() -> list[Path]:
    """Captures that others recorded (see their INDEX.md); packed ones left out."""
    shared = Path(os.environ.get("EMU_SHARED", Path(__file__).parents[3] / "shared"))
    found = sorted(shared.glob("real-captures/*.*cap*"))
    if not found:
        _missing("the folder of real captures (EMU_SHARED)")
    return [path for path in found if path.suffix != ".gz"]
