"""``--vary KEY=V1,V2,...``: a row a value, the same figures as ``--set``, wrong input refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from emu.cli.main import main
from emu.compare.vary import Varied, Vary, read_vary
from emu.errors import InputError
from tests.cli.commands import emu
from tests.compare.worlds import ONE

KEY = "policy.tcp.keepalive_idle"
SEEDS = ["--seeds", "2", "--jobs", "1"]
#: Of the policy alone: who is late by its own threshold.
LATE = """
[[threshold]]
policies = ["tcp-keepalive-nt4"]
field = "notice_delay_s.p95"
at_most = "2m"
why = "a test"
"""


@pytest.fixture
def one(tmp_path: Path) -> str:
    path = tmp_path / "one.toml"
    path.write_text(ONE, encoding="utf-8")
    return str(path)


def rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    answer = emu(capsys, "compare", *arguments, *SEEDS, "--json")
    assert (answer.code, answer.err) == (0, "")
    return json.loads(answer.out)["rows"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=1s", ("1s",)),
        ("a.b= 1s , 2h ,1s", ("1s", "2h")),
        ('a.b=[1, 2],{x = "3,4"}', ("[1, 2]", '{x = "3,4"}')),
        ('a.b="x,y","it\'s"', ('"x,y"', '"it\'s"')),
        ("a.b=x=y,z", ("x=y", "z")),
    ],
)
def test_values_are_split_at_commas_and_each_is_there_once(
    text: str, values: tuple[str, ...]
) -> None:
    assert read_vary(text) == Vary("a.b", values)


@pytest.mark.parametrize("text", ["", "a.b", "a.b=", "=1s", "a.b=1s,,2s", "a.b=,", "a.b=1s,"])
def test_an_empty_list_or_value_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--vary: expected KEY=VALUE"):
        read_vary(text)


def test_so_many_values_are_a_slip() -> None:
    assert len(read_vary("k=" + ",".join(map(str, range(1000)))).values) == 1000
    with pytest.raises(InputError, match="at most 1000 values"):
        read_vary("k=" + ",".join(map(str, range(1001))))


def test_a_row_is_named_after_the_last_word_of_the_key() -> None:
    varied = Varied("tcp-keepalive-nt4", KEY, "110s")
    assert varied.name == "tcp-keepalive-nt4 keepalive_idle=110s"


def test_each_value_is_what_set_makes_of_it(one: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but the row's name and ``varied`` tells them from a comparison at that setting."""
    policy = ["--policy", "tcp-keepalive-nt4"]
    found = rows(capsys, one, *policy, "--vary", f"{KEY}=30s,5m")
    assert [each["policy"] for each in found] == [
        "tcp-keepalive-nt4 keepalive_idle=30s", "tcp-keepalive-nt4 keepalive_idle=5m",
    ]  # fmt: skip
    for row, value in zip(found, ("30s", "5m"), strict=True):
        assert row["varied"] == {"policy": "tcp-keepalive-nt4", "key": KEY, "value": value}
        (alone,) = rows(capsys, one, *policy, "--set", f"{KEY}={value}")
        assert alone["varied"] is None
        own = {"policy", "varied", "pareto"}
        assert {k: v for k, v in row.items() if k not in own} == {
            k: v for k, v in alone.items() if k not in own
        }
    early, late = (each["notice_delay_s"]["max"] for each in found)
    assert early < late


def test_a_setting_of_the_scenario_varies_for_every_policy_named(
    one: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With ``--set`` for all rows; every frame lost leaves nobody logged on."""
    policies = ["--policy", "spx-nwlink", "--policy", "tcp-no-keepalive"]
    found = rows(
        capsys, one, *policies, "--vary", "links.lan.loss=0,1", "--set", "clients.ws1.phase=1s"
    )
    by_name = {each["policy"]: each["sessions"] for each in found}
    assert by_name == {
        "spx-nwlink loss=0": 2, "spx-nwlink loss=1": 0,
        "tcp-no-keepalive loss=0": 2, "tcp-no-keepalive loss=1": 0,
    }  # fmt: skip


def test_without_a_policy_it_is_the_scenarios_first(
    one: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(capsys, one, "--vary", "policy.ncp.polls=10,20")
    assert {each["varied"]["policy"] for each in found} == {"ncp-netware"}


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(
    one: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[tuple[str, bytes, bytes]] = []
    for jobs in ("1", "2", "4"):
        table, page = tmp_path / f"{jobs}.csv", tmp_path / f"{jobs}.html"
        answer = emu(
            capsys, "compare", one, "--vary", "policy.ncp.polls=10,11,12", "--seeds", "2", "--json",
            "--jobs", jobs, "--csv", str(table), "--html", str(page),
        )  # fmt: skip
        said.append((answer.out, table.read_bytes(), page.read_bytes()))
    assert said[1:] == said[:1] * 2


def test_csv_has_the_setting_in_columns_of_its_own(
    one: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    varied, plain = tmp_path / "varied.csv", tmp_path / "plain.csv"
    rows(capsys, one, "--vary", "policy.ncp.polls=10,20", "--csv", str(varied))
    rows(capsys, one, "--policy", "ncp-netware", "--csv", str(plain))
    with varied.open(newline="", encoding="utf-8") as stream:
        read = [*csv.DictReader(stream)]
    assert sorted((each["varied.key"], each["varied.value"]) for each in read) == [
        ("policy.ncp.polls", "10"), ("policy.ncp.polls", "20"),
    ]  # fmt: skip
    assert "varied" not in plain.read_text()


def test_a_threshold_of_the_policy_holds_for_its_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.toml"
    path.write_text(ONE + LATE, encoding="utf-8")
    command = ["compare", str(path), "--policy", "tcp-keepalive-nt4", "--vary", f"{KEY}=30s,5m"]
    answer = emu(capsys, *command, *SEEDS)
    assert answer.code == 1
    assert "holds for 1 of 2" in answer.out
    assert "BREACHED by tcp-keepalive-nt4 keepalive_idle=5m" in answer.out


def test_the_table_fits_and_shows_every_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{'long-' * 12}.toml"
    path.write_text(ONE, encoding="utf-8")
    (tmp_path / "a-policy-with-a-very-long-name.toml").write_text(
        'title = "x"\nwhat = "x"\nextends = ["tcp-keepalive-nt4"]\n'
    )
    policy = str(tmp_path / "a-policy-with-a-very-long-name.toml")
    command = ["compare", str(path), "--policy", policy, "--vary", f"{KEY}=30s,4m56.6s"]
    lines = emu(capsys, *command, *SEEDS).out.splitlines()
    assert max(map(len, lines)) <= 100
    assert " at 2 values of policy.tcp.keepalive_idle" in " ".join(line.strip() for line in lines)
    assert sum("=30s " in line for line in lines) == sum("=4m56.6s " in line for line in lines) == 1


WRONG = {
    "no such key": (["--vary", "policy.tcp.keepalive_idl=1s"], "keepalive_idle"),
    "a key of another policy": (["--vary", "policy.ncp.polls=1,2"], "policy.ncp.polls"),
    "no such link": (["--vary", "links.wan.loss=0,1"], "lan"),
    "not a key at all": (["--vary", "nothing=1,2"], "links.NAME.*"),
    "a value that does not fit": (["--vary", f"{KEY}=30s,fast"], f"--vary {KEY}"),
    "a bare number": (["--vary", f"{KEY}=30s,60"], "add the unit"),
    "an empty list": (["--vary", f"{KEY}="], "--vary"),
    "no values": (["--vary", KEY], "--vary"),
    "two settings": (["--vary", f"{KEY}=1s", "--vary", "links.lan.loss=0"], "one setting"),
    "a setting beside it": (["--vary", f"{KEY}=30s", "--set", f"{KEY}=no"], f"--set {KEY}"),
    "an unknown policy": (["--vary", f"{KEY}=30s", "--policy", "tcp-no"], "tcp-no"),
}


@pytest.mark.parametrize(("arguments", "mentions"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_one_line_and_nothing_is_played(
    arguments: list[str],
    mentions: str,
    one: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def played(*_: object) -> None:
        raise AssertionError("nothing may be played")

    monkeypatch.setattr("emu.compare.comparison.play_all", played)
    assert main(["compare", one, "--policy", "tcp-keepalive-nt4", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert mentions in line
