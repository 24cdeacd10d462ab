"""``emu run`` as its users meet it: output, files, exit codes, wrong input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emu.cli.main import main

POWER_LOSS = ["run", "client-power-loss", "--policy", "tcp-keepalive-nt4-5min"]


def test_the_sentence_that_matters_comes_last(capsys: pytest.CaptureFixture[str]) -> None:
    """Lost at 600 s, last octet 533.2 s, noticed 305 s later: 238.2 s after the fault."""
    assert main(POWER_LOSS) == 0
    out = capsys.readouterr().out
    last = " ".join(out.splitlines()[-2:])
    assert "noticed that ws1 was gone 3m58.2s after it was lost (5m5s after its last octet)" in last
    assert "5 probes and 0 answers, 320 B on wire" in last
    assert len(out.splitlines()) < 40
    assert max(map(len, out.splitlines())) <= 100


def test_no_colour_and_no_progress_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    main(POWER_LOSS)
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out
    assert captured.err == ""


def test_never_is_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "client-power-loss", "--policy", "tcp-no-keepalive"])
    assert "never noticed that ws1 was gone" in " ".join(capsys.readouterr().out.split())
    main(["run", "client-power-loss", "--policy", "tcp-no-keepalive", "--json"])
    session = json.loads(capsys.readouterr().out)["sessions"][0]
    assert (session["noticed_at_s"], session["notice_delay_s"], session["silence_s"]) == (None,) * 3


def test_one_policy_is_one_object_and_several_are_runs(capsys: pytest.CaptureFixture[str]) -> None:
    main([*POWER_LOSS, "--json"])
    one = json.loads(capsys.readouterr().out)
    main([*POWER_LOSS, "--policy", "ncp-netware", "--json"])
    several = json.loads(capsys.readouterr().out)
    assert one["policy"] == "tcp-keepalive-nt4-5min"
    assert several["schema_version"] == 1
    assert [run["policy"] for run in several["runs"]] == ["tcp-keepalive-nt4-5min", "ncp-netware"]
    assert several["runs"][0] == one


def test_several_policies_end_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    main([*POWER_LOSS, "--policy", "tcp-no-keepalive"])
    *_, head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["policy", "noticed", "after"]
    assert first.split()[:2] == ["tcp-keepalive-nt4-5min", "3m58.2s"]
    assert second.split()[:2] == ["tcp-no-keepalive", "never"]


def test_several_policies_write_several_files(tmp_path: Path) -> None:
    out, ledger = tmp_path / "x.pcapng", tmp_path / "x.jsonl"
    command = [*POWER_LOSS, "--policy", "ncp-netware", "-w", str(out), "--ledger", str(ledger)]
    assert main([*command, "--json"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "x-ncp-netware.jsonl",
        "x-ncp-netware.pcapng",
        "x-tcp-keepalive-nt4-5min.jsonl",
        "x-tcp-keepalive-nt4-5min.pcapng",
    ]


def test_a_file_on_the_command_line_is_named_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main([*POWER_LOSS, "-w", "./x.pcapng", "--json"])
    assert json.loads(capsys.readouterr().out)["capture"]["path"] == "./x.pcapng"
    assert [path.name for path in tmp_path.iterdir()] == ["x.pcapng"]


def test_set_reaches_policy_and_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    """Four probes 2 s apart after 100 s are 108 s of silence; the fault moves to 700 s."""
    settings = ["policy.tcp.keepalive_idle=100s", "policy.tcp.keepalive_interval=2s",
                "policy.tcp.retransmissions=4", "faults.1.at=700s"]  # fmt: skip
    arguments = [argument for each in settings for argument in ("--set", each)]
    code = main([*POWER_LOSS, *arguments, "--json"])
    run = json.loads(capsys.readouterr().out)
    session = run["sessions"][0]
    assert session["client_lost_at_s"] == 700.0
    assert session["silence_s"] == 108.0
    # The scenario's own figure for this policy is 305 s, so its expectation now fails.
    assert code == 1
    assert [e["holds"] for e in run["expectations"] if "formula" in e["that"]] == [True]


def test_a_failed_expectation_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*POWER_LOSS, "--set", "policy.tcp.keepalive_idle=10m"]) == 1
    assert "FAILS" in capsys.readouterr().out


def test_the_diary_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    main([*POWER_LOSS, "--json", "--verbose"])
    captured = capsys.readouterr()
    json.loads(captured.out)
    assert "power-off" in captured.err


WRONG = {
    "unknown scenario": (["run", "client-power-los"], "client-power-loss"),
    "unknown policy": (["run", "client-power-loss", "--policy", "ncp-netwar"], "ncp-netware"),
    "unknown clock": ([*POWER_LOSS, "--clock", "fast"], "paced:N"),
    "clock that stands": ([*POWER_LOSS, "--clock", "paced:0"], "paced:N"),
    "no value to set": ([*POWER_LOSS, "--set", "policy.tcp.window"], "KEY=VALUE"),
    "misspelt key": ([*POWER_LOSS, "--set", "policy.tcp.keepalive_idel=5m"], "keepalive_idle"),
    "bare number": ([*POWER_LOSS, "--set", "policy.tcp.keepalive_idle=300"], "300"),
    "negative time": ([*POWER_LOSS, "--set", "faults.1.at=-5s"], "-5s"),
    "no such fault": ([*POWER_LOSS, "--set", "faults.7.at=5s"], "faults"),
    "folder that is not there": ([*POWER_LOSS, "-w", "nowhere/x.pcapng"], "nowhere"),
    "ledger in a folder that is not there": ([*POWER_LOSS, "--ledger", "no/x.jsonl"], "no"),
    "a folder as output": ([*POWER_LOSS, "-w", "."], "folder"),
    "a scenario the policy cannot play": (
        ["run", "restart-same-port", "--policy", "ncp-netware"],
        "lacks tcp",
    ),
    "a scenario of terminals on what carries SMB alone": (
        ["run", "client-power-loss", "--policy", "ipx-direct-nt4"],
        "ipx-direct, which lacks terminal",
    ),
    "unknown flag": (["run", "client-power-loss", "--polcy", "x"], "--polcy"),
    "no scenario": (["run"], "SCENARIO"),
    "show a folder": (["show", "."], "."),
    "show nothing": (["show", "missing.pcapng"], "missing.pcapng"),
    "verify what is not there": (["verify", "client-power-los"], "client-power-loss"),
    "record what is not there": (["record", "healthy-day/nobody"], "healthy-day"),
}


@pytest.mark.parametrize(("arguments", "mentions"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_one_line_and_exit_code_2(
    arguments: list[str],
    mentions: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert mentions in line
    assert [*tmp_path.iterdir()] == [], "nothing is written"


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x7fELF" * 100, b"[" * 5_000, b"horizon = 3"])
@pytest.mark.parametrize("kind", ["scenario", "policy"])
def test_unreadable_files_are_one_line(
    kind: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_bytes(content)
    command = ["run", str(path)] if kind == "scenario" else [*POWER_LOSS[:3], str(path)]
    assert main(command) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert "wrong.toml" in line


@pytest.mark.slow
def test_a_killed_run_leaves_no_half_written_capture(tmp_path: Path) -> None:
    """SIGKILL at many instants: under the final name stands nothing, or all of it."""
    whole = tmp_path / "whole.pcapng"
    command = [sys.executable, "-m", "emu", "run", "licence-limit", "--policy", "tcp-no-keepalive"]
    started = time.monotonic()
    subprocess.run([*command, "-w", str(whole), "--json"], check=True, capture_output=True)
    lasted = time.monotonic() - started
    expected = whole.read_bytes()
    for step in range(8):
        target = tmp_path / f"killed{step}.pcapng"
        process = subprocess.Popen(
            [*command, "-w", str(target)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=lasted * (0.55 + 0.06 * step))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        if target.exists():
            assert target.read_bytes() == expected


@pytest.mark.parametrize("command", ["verify", "record"])
def test_the_gallery_speaks_json(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("emu.gallery.captures_folder", lambda: tmp_path)
    code = main([command, "client-power-loss/ncp-netware", "--json"])
    found = json.loads(capsys.readouterr().out)
    (row,) = found["captures"]
    assert row["name"] == "client-power-loss/ncp-netware"
    assert (code, row.get("same")) == ((1, False) if command == "verify" else (0, None))


def test_show_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.pcapng"
    main([*POWER_LOSS, "-w", str(path), "--json"])
    capsys.readouterr()
    assert main(["show", str(path), "--json"]) == 0
    story = json.loads(capsys.readouterr().out)["story"]
    assert any("ACTIVE -> DISCONNECTED" in line for line in story)


def test_a_capture_says_what_it_takes_to_make_it_again(tmp_path: Path) -> None:
    from emu.capture.reader import read

    path = tmp_path / "x.pcapng"
    main([*POWER_LOSS, "--seed", "7", "--set", "faults.1.at=601s", "-w", str(path), "--json"])
    assert read(path).comment == (
        "emu scenario=client-power-loss policy=tcp-keepalive-nt4-5min seed=7 --set faults.1.at=601s"
    )
