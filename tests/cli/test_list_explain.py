"""``emu list`` and ``emu explain`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emu.cli import completion
from emu.policy.loader import load_policy, policy_names
from emu.scenario.loader import scenario_names
from tests.cli.commands import emu


def test_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    answer = emu(capsys, "list")
    assert answer.code == 0
    names = [line.split()[0] for line in answer.out.splitlines() if line.startswith("  ")]
    assert set(policy_names()) | set(scenario_names()) | {"ncp", "tcp", "reboot"} <= set(names)
    assert max(map(len, answer.out.splitlines())) <= 100


def test_a_section_is_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    lines = emu(capsys, "list", "policies").out.splitlines()
    assert [line.split()[0] for line in lines] == policy_names()
    faults = emu(capsys, "list", "faults").out.splitlines()
    names = ["power-loss", "reboot", "os-hang", "app-hang", "kill", "cable", "suspend"]
    names += ["line-outage"]
    assert [line.split()[0] for line in faults] == names


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.loads(emu(capsys, "list", "--json").out)
    assert list(answer) == [
        "schema_version",
        "scenarios",
        "policies",
        "transports",
        "faults",
        "tariffs",
        "lines",
        "boxes",
    ]
    tcp = next(each for each in answer["transports"] if each["name"] == "tcp")
    assert "windows-nt4" in tcp["stacks"]
    assert "server-push" in tcp["provides"]
    assert list(json.loads(emu(capsys, "list", "faults", "--json").out)) == [
        "schema_version",
        "faults",
    ]


def test_a_policy_of_ones_own_starts_from_a_printed_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    printed = emu(capsys, "explain", "tcp-keepalive-nt4", "--toml").out
    path = tmp_path / "tcp-keepalive-nt4.toml"
    path.write_text(printed, encoding="utf-8")
    assert load_policy(path) == load_policy("tcp-keepalive-nt4")
    path.write_text(printed.replace('"2h"', '"10m"'), encoding="utf-8")
    assert "605 s" in emu(capsys, "explain", str(path)).out


def test_explain_as_text_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert "889.792 s" in emu(capsys, "explain", "ncp-netware").out
    answer = json.loads(emu(capsys, "explain", "ncp-netware", "tcp-no-keepalive", "--json").out)
    assert [each["name"] for each in answer["policies"]] == ["ncp-netware", "tcp-no-keepalive"]


@pytest.mark.parametrize("kind", ["policy", "scenario"])
def test_the_schema_is_json(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    schema = json.loads(emu(capsys, "explain", "--schema", kind).out)
    assert schema["title"] == f"emu {kind}"


def test_paths_are_completed_where_one_was_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.toml").touch()
    (tmp_path / "own" / "notes.txt").touch()
    monkeypatch.chdir(tmp_path)
    assert completion.policies("ncp") == policy_names()
    assert "own/mine.toml" in completion.policies("own/")
    assert "own/notes.txt" not in completion.policies("own/")
    assert "./own/" in completion.scenarios("./")
    assert completion.scenarios("./none/x") == scenario_names()


def test_the_stacks_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    printed = emu(capsys, "explain", "--stacks").out
    assert "windows-modern" in printed and "not verified" in printed
    assert json.loads(emu(capsys, "explain", "--stacks", "--json").out)["stacks"]
    refused = emu(capsys, "explain", "--stacks", "ncp-netware")
    assert refused.code == 2 and "no policy beside it" in refused.err


def test_a_policy_on_a_stack_that_is_only_described(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'title = "x"\nwhat = "y"\nextends = ["_server-defaults"]\ntransport = "tcp"\n'
        'stack = "smoltcp"\n'
    )
    answer = emu(capsys, "run", "client-power-loss", "--policy", str(path))
    assert answer.code == 2 and answer.out == ""
    assert answer.err.count("\n") == 1 and "stack smoltcp: expected a stack" in answer.err
