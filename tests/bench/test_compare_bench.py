"""The comparison's benchmark runs and prints its two rows; no ratio is asserted."""

from __future__ import annotations

import os

import pytest

from tests.bench.compare import report

pytestmark = pytest.mark.slow


def test_one_process_and_two_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [*report(50 if os.environ.get("EMU_SLOW") else 4)]
    with capsys.disabled():
        print("", *lines, sep="\n")
    assert [line.split()[0] for line in lines[2:]] == ["1", "2"]
    assert all(float(line.split()[1].replace(",", "")) > 0 for line in lines[2:])
