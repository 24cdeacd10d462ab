"""The live kernel: verdicts hold, and nothing is left behind, whatever ends a run.

Needs root, network namespaces and ip(8).  EMU_SLOW=1 plays every scenario.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emu.errors import InputError
from emu.kernel.live import facilities
from emu.kernel.live.facilities import Facilities
from emu.kernel.live.run import Outcome, run
from emu.kernel.live.scenarios import BY_NAME, SCENARIOS
from emu.kernel.trace import load_trace
from tests.outside import PROJECT, missing

#: Some of each kind, none longer than six seconds.
PICKED = (
    "idle_2_1_1",
    "uto_500",
    "data_uto_1500",
    "client_killed_unread",
    "reboot_same_port",
    "reboot_rebuilt",
    "loss_of_ack",
    "far_idle",
    "icmp_idle",
    "simultaneous_close",
)


@pytest.fixture
def found() -> Facilities:
    if os.geteuid():
        pytest.skip("no root: a live kernel is not played with")
    try:
        return facilities.look()
    except InputError as error:
        missing(str(error))


def descendants(parent: int) -> set[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children")
    try:
        own = {int(pid) for pid in children.read_text().split()}
    except OSError:
        return set()
    return own.union(*(descendants(pid) for pid in own))


def held() -> set[str]:
    """Network namespaces that this process holds open."""
    links = {str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()}
    return {link for link in links if link.startswith("net:")}


@pytest.fixture
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    before = held(), named(), Path("/proc/self/ns/net").readlink()
    yield
    assert descendants(os.getpid()) == set()
    assert (held(), named(), Path("/proc/self/ns/net").readlink()) == before
    assert list((tmp_path / "tmp").iterdir()) == []


def named() -> str:
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False)
    return listed.stdout


@pytest.mark.slow
def test_verdicts_hold_and_recordings_are_kept(
    found: Facilities, nothing_left: None, tmp_path: Path
) -> None:
    slow = os.environ.get("EMU_SLOW") == "1"
    picked = [s for s in SCENARIOS if slow or s.name in PICKED]
    outcomes = list(run(picked, found, keep=tmp_path))
    assert {outcome.scenario.name for outcome in outcomes} == {s.name for s in picked}
    assert [trouble(outcome) for outcome in outcomes if not outcome.holds] == []
    kept = load_trace(tmp_path / "idle_2_1_1.json")
    assert (kept.error, kept.hz) == ("ETIMEDOUT", found.hz)


def trouble(outcome: Outcome) -> tuple[str, object]:
    verdict = outcome.verdict
    return outcome.scenario.name, outcome.broken if verdict is None else verdict.troubles


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_nothing(
    number: signal.Signals, found: Facilities, nothing_left: None
) -> None:
    command = [
        sys.executable,
        "-m",
        "emu",
        "verify",
        "--kernel",
        "idle_1_1_4",
        "far_idle",
        "idle_off",
    ]
    started = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    family = wait_for_a_family(started.pid)
    started.send_signal(number)
    said, _ = started.communicate(timeout=20)
    assert "Traceback" not in said
    assert started.returncode == (-9 if number is signal.SIGKILL else 130)
    deadline = time.monotonic() + 5
    while alive(family) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert alive(family) == set()


def wait_for_a_family(parent: int) -> set[int]:
    """Three scenarios and a forwarder are under way."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = descendants(parent)
        if len(found) >= 4:
            time.sleep(0.5)
            return descendants(parent)
        time.sleep(0.05)
    raise AssertionError("the scenarios did not start")


def alive(family: set[int]) -> set[int]:
    return {pid for pid in family if Path(f"/proc/{pid}").exists() and not zombie(pid)}


def zombie(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def test_a_lacking_kernel_is_told_by_name(
    found: Facilities, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from emu.cli.main import main

    lacking = Facilities(found.hz, {"tcp_rto_max_ms": "no net.ipv4.tcp_rto_max_ms in this kernel"})
    monkeypatch.setattr(facilities, "look", lambda: lacking)
    assert main(["verify", "--kernel", "data_rto_max"]) == 0
    assert "data_rto_max" in (told := capsys.readouterr().out)
    assert "skipped: no net.ipv4.tcp_rto_max_ms" in told
    assert "0 of 0 scenarios hold, 1 skipped" in told


def test_no_root_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from emu.cli.main import main

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["verify", "--kernel", "--json"]) == 2
    assert capsys.readouterr().err == (
        "emu: --kernel: expected root (network namespaces), found no root\n"
    )


def test_names_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    from emu.cli.main import main

    assert main(["verify", "--kernel", "nonsense"]) == 2
    assert "found 'nonsense'" in capsys.readouterr().err
    assert "idle_off" in BY_NAME
    assert json.dumps(BY_NAME["idle_off"].facts())
