"""Scenarios of files that do not fit: one line that says where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.errors import InputError
from tests.scenario.files import SMALL
from tests.scenario.smb_files import ANN, clients, listed, scenario_of, text_of

ON = ANN[0]


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        scenario_of(folder, text)
    said = str(caught.value)
    assert said.startswith(str(folder)) and "\n" not in said
    assert ": expected " in said and ", found " in said
    return said


def server(task: str) -> str:
    return "[hosts.server]\n" + listed("tasks", [task])


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (['at="2s",by="ann",do="opn"'], 'tasks.2.do: expected one of "log-on"'),
        (['at="2s",by="ann",do="log-off",share="apps"'], "tasks.2.share: "),
        (['at="2s",by="ann",do="open",name="x"'], 'add file to "open"'),
        (['at="2s",do="read",name="x"'], "tasks (read x at 2s): expected a name that was made"),
        (['at="2s",do="touch",view="x"'], "tasks (touch x page 0 at 2s)"),
        (['at="2s",by="ann",do="connect",share="dcs"'], 'did you mean "docs"?'),
        (['at="2s",by="anna",do="log-on"'], 'did you mean "ann"?'),
        (['at="2s",by="bob",do="browse"'], 'expected "bob" to have logged on before'),
        (['at="2h",by="ann",do="log-off"'], "found one at 2h; raise the horizon"),
        (['at="2s",by="ann",do="open",file="apps",name="x"'], "expected share/path"),
        (['at="2s",by="ann",do="open",file="apps/a/b",name="x"'], "expected a path"),
        (['at="2s",by="ann",do="connect",share="apps",drive="xy"'], "expected a letter"),
        (['by="ann",do="browse"'], "expected either at, or all of from, until and every, found n"),
        (['at="2s",from="1s",by="ann",do="browse"'], "found at, from"),
        (['from="2s",until="2s",every="5s",by="ann",do="browse"'], "tasks.2.until"),
        (['from="2s",until="50m",every="1ms",by="ann",do="browse"'], "at most 100000 instants"),
    ],
)
def test_a_wrong_task(tasks: list[str], said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, text_of(ON, *tasks))


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ('at = "1s", do = "delete-sessions", client = "ws3"', 'did you mean "ws1"?'),
        ('at = "1s", do = "delete-sessions", user = "nobody"', 'found "nobody"'),
        ('at = "1s", do = "delete-sessions"', "expected a client, a user, or both"),
        ('at = "1s", do = "close-file", file = "x/y"', 'found "x"'),
        ('at = "2h", do = "net-session"', "raise the horizon"),
        ('at = "1s", do = "net-session", by = "ann"', "hosts.server.tasks.1.by"),
    ],
)
def test_a_wrong_task_of_the_administrator(task: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, text_of(rest=server(task)))


def test_behind_the_horizon_by_its_phase(tmp_path: Path) -> None:
    late = 'at = "59m", by = "ann", do = "log-off"'
    assert scenario_of(tmp_path, text_of(ON, late)).serves_files
    said = refusal(tmp_path, text_of(ON, late, more='phase = "2m"'))
    assert "raise the horizon" in said


def test_tasks_are_for_every_client_or_for_none(tmp_path: Path) -> None:
    terminal = '[clients.ws2]\nboot_time = "1s"\nuser = "bob"\nprogram = [{at="0s",do="log-on"}]'
    said = refusal(tmp_path, text_of(rest=terminal))
    assert "clients.ws2.tasks: expected tasks for every client, or for none" in said
    both = text_of(more='user = "ann"\nprogram = [{ at = "0s", do = "log-on" }]')
    assert "beside tasks, found both" in refusal(tmp_path, both)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[shares.docs]\nfiles = { "a" = 1 }', "shares"),
        ("[accounts.ann]", "accounts"),
        ("[smb]\nusers = 1", "smb"),
        ('[hosts.server]\ntasks = [{ at = "1s", do = "net-session" }]', "hosts.server.tasks"),
    ],
)
def test_where_terminals_are_served_nothing_is_said_of_files(
    table: str, key: str, tmp_path: Path
) -> None:
    said = refusal(tmp_path, f"{SMALL}\n{table}\n")
    assert f": {key}: expected a client with tasks beside it, found none" in said


def test_where_files_are_served_nothing_is_said_of_terminals(tmp_path: Path) -> None:
    said = refusal(tmp_path, text_of(head="[server]\nsession_limit = 3\n"))
    assert ": server: expected rules of a file server in [smb]" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("user = 3", 'smb.user: expected a key that this table has, found "user"'),
        ("users = 0", "smb.users: expected a whole number from 1"),
        ('q179983 = "later"', 'did you mean "after"?'),
        ('keep_conn = "soon"', "smb.keep_conn: expected a duration"),
    ],
)
def test_wrong_smb_rules(line: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, text_of(head=f"[smb]\n{line}\n"))


def test_a_share_has_every_file_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, text_of().replace('"other.dll"', '"TOOL.DLL"'))
    assert "shares.apps.files: expected every file once, whatever its capitals" in said


def test_a_name_is_made_anew_behind_a_restart(tmp_path: Path) -> None:
    again = listed("tasks_after_restart", [ON, 'at = "2s", do = "read", name = "dll"'])
    assert "tasks_after_restart (read dll at 2s)" in refusal(tmp_path, text_of(more=again))


def test_repeated_tasks_and_phases(tmp_path: Path) -> None:
    browse = 'from = "10s", until = "30s", every = "10s", by = "ann", do = "browse"'
    scenario = scenario_of(tmp_path, text_of(ON, browse, more='phase = "5s"',
                                             rest=clients({"ws2": [ON]})))  # fmt: skip
    s = 10**9
    assert [at for at, _ in scenario.client("ws1").tasks()] == [s, 20 * s, 30 * s]
    drawn = scenario.drawn(3)
    first, second, third = (at for at, _ in drawn.client("ws1").tasks())
    assert second - first == 19 * s and third - second == 10 * s
    assert 0 <= first - s <= 5 * s and first != s
    assert drawn.client("ws2") == scenario.client("ws2")
    assert scenario.drawn(3) == drawn != scenario.drawn(4)


def test_one_value_of_a_task_is_reached_by_a_setting(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, text_of())
    changed = scenario.with_setting("clients.ws1.tasks.4.page", "7")
    assert changed.client("ws1").tasks()[3][1].page == 7
    with pytest.raises(InputError, match=r"--set clients.ws1.tasks.1.at: clients.ws1.tasks \(open"):
        scenario.with_setting("clients.ws1.tasks.1.at", "5s")
