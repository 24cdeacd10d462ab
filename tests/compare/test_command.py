"""``emu compare`` as its users meet it: table, files, exit codes, wrong input, Ctrl-C."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from emu.cli.main import main
from emu.compare.progress import Pace
from tests.cli.commands import CHECKOUT, emu
from tests.compare.worlds import ONE

QUICK = ["--policy", "spx-nwlink", "--policy", "tcp-no-keepalive", "--jobs", "1"]
THRESHOLD = '\n[[threshold]]\nfield = "notice_delay_s.p95"\nat_most = "2m"\nwhy = "a test"\n'
KEPT = THRESHOLD.replace("[[threshold]]", '[[threshold]]\npolicies = ["spx-nwlink"]')


@pytest.fixture
def one(tmp_path: Path) -> str:
    path = tmp_path / "one.toml"
    path.write_text(ONE, encoding="utf-8")
    return str(path)


def test_the_table_is_ranked_and_fits_100_columns(
    one: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tmp_path / f"{'a-very-long-name-' * 5}.toml"
    long.write_text('title = "x"\nwhat = "x"\nextends = ["nbf-nt4"]\n')
    answer = emu(capsys, "compare", one, *QUICK, "--policy", str(long), "--seeds", "3")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert max(map(len, lines)) <= 100
    assert [line.split()[0] for line in lines[2:3]] == ["policy"]
    assert [line[2:].split()[0][:10] for line in lines[3:6]] == [
        "a-ve..-a-v", "spx-nwlink", "tcp-no-kee",
    ]  # fmt: skip
    assert lines[3][2:].split()[0].endswith("-very-long-name-"), "variants differ in their ends"
    assert "never" in lines[5] and "0/3" in lines[5]


def test_csv_opens_with_the_csv_module(
    one: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    answer = emu(capsys, "compare", one, *QUICK, "--csv", str(out), "--json")
    rows = json.loads(answer.out)["rows"]
    with out.open(newline="", encoding="utf-8") as stream:
        read = [*csv.DictReader(stream)]
    assert [each["policy"] for each in read] == [each["policy"] for each in rows]
    for cells, row in zip(read, rows, strict=True):
        assert int(cells["bytes_on_wire"]) == row["bytes_on_wire"]
        p95 = row["notice_delay_s"]["p95"]
        assert cells["notice_delay_s.p95"] == ("never" if p95 is None else str(p95))
        assert cells["pareto"] == str(row["pareto"]).lower()
        assert cells["data_lost_bytes"] == ""


def test_a_page_beside_table_json_and_csv(
    one: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes nothing away from the others, and is the same whatever else is asked for."""
    pages = [tmp_path / f"{number}.html" for number in (1, 2)]
    plain = emu(capsys, "compare", one, *QUICK)
    told = emu(capsys, "compare", one, *QUICK, "--html", str(pages[0]))
    assert told == plain
    out = tmp_path / "out.csv"
    both = ["--json", "--csv", str(out), "--html", str(pages[1])]
    assert len(json.loads(emu(capsys, "compare", one, *QUICK, *both).out)["rows"]) == 2
    assert out.read_text().startswith("policy,")
    first, second = (page.read_bytes() for page in pages)
    assert first == second
    assert first.startswith(b"<!DOCTYPE html>") and first.endswith(b"</html>\n")
    assert b"tcp-no-keepalive" in first


def test_a_breached_threshold_is_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """spx-nwlink is through within a minute, tcp-no-keepalive never."""
    path = tmp_path / "one.toml"
    path.write_text(ONE + THRESHOLD, encoding="utf-8")
    answer = emu(capsys, "compare", str(path), *QUICK)
    assert answer.code == 1
    assert "BREACHED by tcp-no-keepalive: found never; a test" in answer.out
    assert "holds for 1 of 2" in answer.out
    judged = json.loads(emu(capsys, "compare", str(path), *QUICK, "--json").out)["thresholds"]
    assert [(each["policy"], each["holds"]) for each in judged] == [
        ("spx-nwlink", True), ("tcp-no-keepalive", False),
    ]  # fmt: skip
    assert set(judged[0]) == {"that", "policy", "holds", "why"}


def test_a_threshold_of_some_policies_is_theirs_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.toml"
    path.write_text(ONE + KEPT, encoding="utf-8")
    answer = emu(capsys, "compare", str(path), *QUICK)
    assert answer.code == 0
    assert "threshold  notice_delay_s.p95 is at most 2m: holds for 1 of 1" in answer.out


def test_who_cannot_play_is_named_in_one_note(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", "restart-same-port", "--policy", "tcp-no-keepalive", "--jobs", "1"]
    command += ["--policy", "ncp-netware", "--policy", "nbf-nt4"]
    answer = emu(capsys, *command)
    assert answer.code == 0
    (line,) = answer.err.splitlines()
    assert "ncp-netware" in line and "nbf-nt4" in line and "tcp" in line
    found = json.loads(emu(capsys, *command, "--json").out)
    assert [each["policy"] for each in found["not_applicable"]] == ["ncp-netware", "nbf-nt4"]
    assert [each["policy"] for each in found["rows"]] == ["tcp-no-keepalive"]


def test_a_policy_named_twice_is_one_row(one: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = emu(capsys, "compare", one, "--policy", "spx-nwlink", *QUICK, "--json")
    assert len(json.loads(answer.out)["rows"]) == 2


def wrong(text: str, old: str = "", new: str = "") -> str:
    assert old in text
    return text.replace(old, new, 1)


LIST = "from = "
WRONG = {
    "unknown threshold field": (wrong(ONE + THRESHOLD, "p95", "p99"), [], "notice_delay_s.p95"),
    "unknown threshold policy": (wrong(ONE + KEPT, '["spx-nwlink"]', '["spx-nwlin"]'), [],
                                 "spx-nwlink"),
    "bare number as bound": (wrong(ONE + THRESHOLD, '"2m"', "120"), [], "threshold.1.at_most"),
    "unknown threshold key": (wrong(ONE + THRESHOLD, "at_most", "atmost"), [], "at_most"),
    "range backwards": (wrong(ONE, '"20m"', '"5m"'), [], "faults.1.at.until"),
    "range without an end": (wrong(ONE, ', until = "20m" }', " }"), [], "faults.1.at"),
    "range past the horizon": (wrong(ONE, '"20m"', '"2h"'), [], "faults.1.at.until"),
    "bare number in a range": (wrong(ONE, '"10m"', "600"), [], "faults.1.at.from"),
    "unknown policy": (ONE, ["--policy", "ncp-netwar"], "ncp-netware"),
    "no seeds": (ONE, ["--seeds", "0"], "--seeds"),
    "no jobs": (ONE, ["--jobs", "0"], "--jobs"),
    "seeds that are no number": (ONE, ["--seeds", "many"], "--seeds"),
    "a folder that is not there": (ONE, ["--csv", "nowhere/x.csv"], "nowhere"),
    "a folder as output": (ONE, ["--csv", "."], "folder"),
    "no folder for the page": (ONE, ["--html", "nowhere/x.html"], "nowhere"),
    "a folder as page": (ONE, ["--html", "."], "folder"),
    "one file for both": (ONE, ["--html", "./out.csv"], "--html"),
    "nobody who can play": (wrong(ONE, "horizon", 'needs = ["smb"]\nhorizon'), [], "needs"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "arguments", "mentions"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_one_line_and_exit_code_2(
    text: str,
    arguments: list[str],
    mentions: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "one.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    out = [] if "--csv" in arguments else ["--csv", "out.csv"]
    assert main(["compare", "one.toml", *QUICK, *out, *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert mentions in line
    assert [path.name for path in tmp_path.iterdir()] == ["one.toml"], "nothing is written"


def test_faults_that_could_overlap_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Back from the first at 20 m at the latest, for a minute: 20.5 m is too early."""
    again = '\n[[faults]]\nclient = "ws1"\nkind = "cable"\nat = "20m30s"\nfor = "1s"\n'
    path = tmp_path / "one.toml"
    for minutes, code in ((1, 2), (0.1, 0)):
        cable = ONE.replace('"power-loss"', f'"cable"\nfor = "{minutes}m"')
        path.write_text(cable + again, encoding="utf-8")
        assert emu(capsys, "compare", str(path), *QUICK).code == code


def living(group: int) -> list[str]:
    """Processes of a group that are not dead: a zombie waits only for its parent (proc(5))."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            text = path.read_text()
            state, _parent, its_group = text.rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(text)
    return found


def interrupted(process: subprocess.Popen[str], *, workers: int) -> tuple[str, str]:
    """What it says to a Ctrl-C that comes when it is well under way, and not done.

    On a busy machine four seconds are not enough to have started, so workers are waited for.
    """
    patience = time.monotonic() + 60
    while len(living(process.pid)) < 1 + workers and time.monotonic() < patience:
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=1)
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=4)
    os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=20)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_everything_quietly(jobs: str, tmp_path: Path) -> None:
    """As a terminal sends it: to every process of the group.  Nothing is half written."""
    (tmp_path / "one.toml").write_text(ONE, encoding="utf-8")
    command = [sys.executable, "-m", "emu", "compare", "one.toml", "--seeds", "100000"]
    command += ["--jobs", jobs, "--csv", "out.csv", "--html", "out.html"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = interrupted(process, workers=int(jobs) if jobs != "1" else 0)
        assert (process.returncode, out) == (130, "")
        assert err.splitlines() == ["emu: interrupted"]
        assert [path.name for path in tmp_path.iterdir()] == ["one.toml"]
        # Python's own resource tracker ends by itself, an instant after the workers it served.
        patience = time.monotonic() + 10
        while living(process.pid) and time.monotonic() < patience:
            continue
        assert living(process.pid) == []
    finally:  # whatever became of it, nothing of it outlives this test
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_the_time_left_is_told_at_the_pace_so_far() -> None:
    """Twelve of 50 runs in 6 s: the other 38 take 19 s."""
    pace = Pace(what="office-lan", started_s=100.0)
    assert pace.line(12, 50, 106.0) == "office-lan: 12 of 50 runs, about 19s left"
    assert pace.line(50, 50, 125.0) == "office-lan: 50 of 50 runs, about 0s left"
