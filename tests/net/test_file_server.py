"""The server's account of SMB sessions: whose they are, who ended them, and the administrator."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.net.file_records import FileRecords, SessionTable
from emu.result import RunResult
from emu.units import seconds as s
from tests.net.test_file_client import FAULT, run
from tests.scenario.smb_files import ANN, CARRIERS, clients, listed, text_of

ANN_TOO = tuple(task.replace('at = "', 'at = "1') for task in ANN)  # 11 s to 14 s
BOB = tuple(task.replace("ann", "bob") for task in ANN_TOO)


def files_of(result: RunResult) -> FileRecords:
    assert result.records.files is not None
    return result.records.files


def table_at(result: RunResult, at_s: int) -> SessionTable:
    (found,) = [table for table in files_of(result).tables if table.at_ns == s(at_s)]
    return found


@pytest.mark.parametrize("policy", CARRIERS)
def test_sessions_are_told_apart_by_client_over_every_carrier(policy: str, tmp_path: Path) -> None:
    look = "[hosts.server]\n" + listed("tasks", ['at = "20s", do = "net-session"'])
    text = text_of(*ANN_TOO, rest=clients({"ws2": BOB}) + look)
    rows = table_at(run(tmp_path, text, policy), 20).rows
    told = {(row.client, row.user, row.uid, row.opens, row.files, row.owner) for row in rows}
    assert told == {
        ("ws1", "ann", 0x800, 1, ("TOOL.DLL",), True),
        ("ws2", "bob", 0x800, 1, ("TOOL.DLL",), True),
    }


@pytest.mark.parametrize("policy", CARRIERS)
@pytest.mark.parametrize(
    ("whose", "left"),
    [
        ('client = "ws1"', ["ws2"]),
        ('user = "bob"', ["ws1"]),
        ('client = "ws1", user = "ann"', ["ws2"]),
        ('client = "ws1", user = "bob"', ["ws1", "ws2"]),
    ],
)
def test_sessions_are_deleted_by_client_and_user(
    policy: str, whose: str, left: list[str], tmp_path: Path
) -> None:
    """An administrator's doing is no false disconnect: nothing was taken for dead."""
    delete = "[hosts.server]\n" + listed("tasks", [f'at = "20s", do = "delete-sessions", {whose}'])
    text = text_of(*ANN_TOO, rest=clients({"ws2": BOB}) + delete, horizon="60s")
    result = run(tmp_path, text, policy)
    assert [row.client for row in table_at(result, 20).rows] == left
    assert not any(each.false_disconnect for each in result.records.sessions.values())


def test_a_file_is_closed_whoever_has_it(tmp_path: Path) -> None:
    close = "[hosts.server]\n" + listed(
        "tasks", ['at = "20s", do = "close-file", file = "apps/tool.dll"']
    )
    text = text_of(*ANN_TOO, rest=clients({"ws2": BOB}) + close, horizon="60s")
    rows = table_at(run(tmp_path, text), 20).rows
    assert [(row.client, row.opens) for row in rows] == [("ws1", 0), ("ws2", 0)]


def test_a_session_from_before_a_restart_is_not_left_by_whoever_logs_off_after_it(
    tmp_path: Path,
) -> None:
    """Both have UID 0x800; with autodisconnect barred by an open file the old one stays."""
    connect = 'at = "2s", by = "ann", do = "connect", share = "docs"'
    off = 'at = "20s", by = "ann", do = "log-off"'
    again = listed("tasks_after_restart", [ANN[0], connect, off])
    fault = FAULT.format(at="30s", kind="power-loss", more='off_for = "1s"')
    look = "[hosts.server]\n" + listed("tasks", ['at = "5m", do = "net-session"'])
    head = '[smb]\nvc_zero = "off"\n'
    text = text_of(*ANN_TOO, more=again, rest=fault + look, head=head, horizon="10m")
    result = run(tmp_path, text)
    old = {row.session: row for row in table_at(result, 300).rows}[1]
    assert (old.client, old.owner, old.opens) == ("ws1", True, 1)
    assert 1 not in files_of(result).left_ns


def test_a_second_circuit_of_one_address_ends_the_first_by_vc_zero(tmp_path: Path) -> None:
    """A client that is back: its old session was a ghost, and is noticed then."""
    again = listed("tasks_after_restart", ANN)
    fault = FAULT.format(at="30s", kind="power-loss", more='off_for = "1s"')
    text = text_of(*ANN_TOO, more=again, rest=fault, horizon="10m")
    result = run(tmp_path, text)
    first = result.records.sessions[1]
    assert first.states[-1].cause.startswith("VC 0")
    assert first.losses[0].noticed_at_ns == first.states[-1].at_ns
    assert not first.false_disconnect


def test_a_refusal_is_an_attempt_a_refusal_and_a_look_at_the_table(tmp_path: Path) -> None:
    text = text_of(*ANN_TOO, rest=clients({"ws2": [task.replace('at = "1', 'at = "2')
                   for task in BOB]}), head="[smb]\nusers = 1\n", horizon="60s")  # fmt: skip
    result = run(tmp_path, text)
    files = files_of(result)
    assert {each.client for each in files.refusals} == {"ws2"}
    assert result.records.refused_by_limit == len(files.refusals) >= 1
    assert result.records.peak_sessions == 1
    assert files.setups == 1
    assert {each.outcome for each in result.records.attempts} == {"refused"}
    assert files.tables[0].why.startswith("ws2 is refused: ")
