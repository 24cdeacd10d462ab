"""Our machines against what a real kernel was recorded doing (shared/kernel-traces)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emu.cli.main import main
from emu.kernel.compare import judge
from emu.kernel.report import line, table
from emu.kernel.trace import load_trace, traces_in
from tests.outside import PROJECT, missing, shared_folder

#: Recorded by ``emu verify --kernel --keep`` on Linux 6.18, HZ=250: one a rule found that way.
VECTORS = traces_in(PROJECT / "tests" / "vectors" / "kernel", [])


@pytest.fixture
def folder() -> Path:
    found = shared_folder() / "kernel-traces"
    return found if found.is_dir() else missing("no kernel traces in the shared folder")


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_our_own_recordings_hold(path: Path) -> None:
    assert judge(load_trace(path)).troubles == ()


def test_a_recording_holds_and_is_told_side_by_side(folder: Path) -> None:
    verdict = judge(load_trace(folder / "ka_idle_cnt1.json"))
    assert verdict.holds
    assert line(verdict).startswith("holds ka_idle_cnt1")
    rows = list(table(verdict))
    assert "keepalive" in rows[1]
    assert rows[-1].count("ETIMEDOUT") == 2


def test_the_command_judges_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["verify", "--kernel", "--traces", str(folder), "ka_off", "reboot_rst_on_probe"]
    assert main([*given, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["scenarios"]
    assert [(row["name"], row["holds"]) for row in rows] == [
        ("ka_off", True),
        ("reboot_rst_on_probe", True),
    ]


def test_a_recording_of_something_else_fails(folder: Path, tmp_path: Path) -> None:
    """A judge that cannot say no judges nothing."""
    facts = json.loads((folder / "ka_idle_cnt1.json").read_text())
    facts["options"]["cnt"] = 2
    forged = tmp_path / "ka_idle_cnt1.json"
    forged.write_text(json.dumps(facts))
    forged.with_suffix(".pcap").write_bytes((folder / "ka_idle_cnt1.pcap").read_bytes())
    assert not judge(load_trace(forged)).holds
    assert main(["verify", "--kernel", "--traces", str(tmp_path)]) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (lambda _: ["--traces", "/nowhere"], "recordings of a kernel"),
        (lambda folder: ["--traces", folder, "ka_of"], "found 'ka_of'"),
        (lambda folder: ["--traces", folder, "--keep", folder], "a live run"),
    ],
)
def test_wrong_usage_is_one_line(
    folder: Path,
    arguments: Callable[[str], list[str]],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["verify", "--kernel", *arguments(str(folder))]) == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1


def test_without_the_switch_its_options_mean_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--traces", "x"]) == 2
    assert "expected --kernel" in capsys.readouterr().err


def test_a_folder_lists_its_scenarios_only(folder: Path) -> None:
    names = {path.stem for path in traces_in(folder, [])}
    assert "ka_off" in names
    assert not names & {"answers", "granularity"}
