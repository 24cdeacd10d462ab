"""Fixtures that reach outside: the shared folder, tshark."""

from __future__ import annotations

import pytest

from tests.wire.outside import Tshark, find_real_captures, find_tshark


@pytest.fixture(scope="session")
def real_captures() -> list[str]:
    """Paths of captures that others recorded."""
    return find_real_captures()


@pytest.fixture
def tshark(tmp_path: object) -> Tshark:
    """tshark, reading what a test writes below its own folder."""
    return find_tshark(str(tmp_path))
