"""A scenario that a busy machine disturbed is played once more, alone, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.kernel.compare import Verdict, judge
from emu.kernel.live import run as runner
from emu.kernel.live.facilities import Facilities
from emu.kernel.live.scenarios import SCENARIOS
from tests.kernel.recordings import recording

EVERYTHING = Facilities(hz=250, lacking={})


@pytest.mark.parametrize("disturbed", [1, 2], ids=["once", "for good"])
def test_the_second_try_has_the_word(
    disturbed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try is a process of its own; what they share is a folder."""

    def perform(*_args: object, **_more: object) -> Verdict:
        tries = len(list(tmp_path.iterdir()))
        (tmp_path / str(tries)).touch()
        if tries < disturbed:
            raise RuntimeError("a frame waited for a processor")
        return judge(recording("ka_idle_cnt1"))

    monkeypatch.setattr(runner, "perform", perform)
    (outcome,) = runner.run(SCENARIOS[:1], EVERYTHING)
    assert outcome.first == "RuntimeError: a frame waited for a processor"
    assert outcome.holds is (disturbed == 1)
    assert len(list(tmp_path.iterdir())) == 2
