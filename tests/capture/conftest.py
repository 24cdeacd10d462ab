"""What the tests of this folder need from outside: tshark, capinfos, real captures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import outside
from tests.outside import Tool


@pytest.fixture(scope="session")
def tshark() -> Tool:
    """Runs tshark and returns what it prints; a complaint on stderr fails the test."""
    return outside.tool("tshark")


@pytest.fixture(scope="session")
def capinfos() -> Tool:
    return outside.tool("capinfos")


@pytest.fixture(scope="session")
def real_captures() -> list[Path]:
    """Captures that others recorded (see their INDEX.md); packed ones left out."""
    return [path for path in outside.real_captures() if path.suffix != ".gz"]
