"""``emu`` as a test calls it: in this process, or as a user does in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from emu.cli.main import main

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """Exit code and both streams."""

    code: int
    out: str
    err: str


def emu(capsys: pytest.CaptureFixture[str], *arguments: str) -> Answer:
    """Run one command in this process."""
    code = main(arguments)
    out, err = capsys.readouterr()
    return Answer(code=code, out=out, err=err)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this Python on this checkout, wherever the test was started."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
