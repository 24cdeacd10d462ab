"""Programs on files, played: every task, and what a program finds out without asking anybody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from emu.net.file_records import Done
from emu.policy.loader import load_policy
from emu.result import RunResult
from emu.run import play
from emu.scenario.files import TASKS
from emu.units import seconds as s
from tests.scenario.smb_files import ANN, CARRIERS, clients, listed, scenario_of, text_of

FAULT = '[[faults]]\nat = "{at}"\nclient = "ws1"\nkind = "{kind}"\n{more}\n'


def on_the_wire(result: RunResult) -> int:
    """Frames of the LAN; what programs did has rows of its own in the capture."""
    recording = result.recording
    return sum(recording.interfaces[each[0]].name == "lan" for each in recording.frames)


def run(folder: Path, text: str, policy: str = "smb-nt4-sp3-nbt") -> RunResult:
    scenario = scenario_of(folder, text)
    return play(scenario, scenario.applied_to(load_policy(policy)))


def done_of(result: RunResult) -> Sequence[Done]:
    assert result.records.files is not None
    return result.records.files.done


EVERYTHING = (
    'at = "5s", by = "ann", do = "log-on"',
    'at = "6s", by = "root", do = "start"',
    'at = "7s", by = "ann", do = "connect", share = "apps", drive = "x"',
    'at = "12s", by = "root", do = "browse"',
    'at = "15s", by = "ann", do = "open", file = "apps/tool.dll", name = "dll", drive = "x"',
    (
        'at = "16s", by = "ann", do = "open", file = "docs/plan.xls", name = "plan",'
        ' access = "read-write", sharing = "read-write"'
    ),
    'at = "18s", do = "read", name = "plan", offset = 8, octets = 5000',
    'at = "19s", do = "write", name = "plan", octets = 700',
    'at = "20s", do = "map", name = "dll", view = "image"',
    'at = "21s", do = "touch", view = "image", page = 2',
    'at = "22s", do = "unmap", view = "image"',
    'at = "23s", do = "close", name = "dll"',
    'at = "24s", do = "close", name = "plan"',
    'at = "70s", by = "ann", do = "disconnect", share = "apps", drive = "x"',
    'at = "71s", by = "root", do = "stop"',
    'at = "72s", by = "ann", do = "log-off"',
)


@pytest.mark.parametrize("policy", CARRIERS)
def test_every_kind_of_task_is_done_over_every_carrier(policy: str, tmp_path: Path) -> None:
    done = done_of(run(tmp_path, text_of(*EVERYTHING), policy))
    assert {each.do for each in done} == {*TASKS}
    assert [(each.words, each.status, each.why) for each in done if each.status != 0] == []
    assert [each.words for each in done if each.foreign] == []


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ('at = "9s", do = "close", name = "dll"', "dll is not open"),
        ('at = "9s", do = "read", name = "dll"', "dll is not open"),
        ('at = "9s", by = "ann", do = "browse"', "ann is not logged on"),
        ('at = "9s", by = "ann", do = "log-off"', "ann is not logged on"),
        ('at = "9s", do = "touch", view = "image"', "image is not mapped"),
        ('at = "9s", do = "unmap", view = "image"', "image is not mapped"),
    ],
)
def test_behind_a_log_off_a_program_finds_out_by_itself(
    task: str, why: str, tmp_path: Path
) -> None:
    """Nothing of it is on the wire: the same frames as without the task."""
    before = (*ANN, 'at = "6s", by = "ann", do = "log-off"')
    result, quiet = run(tmp_path, text_of(*before, task)), run(tmp_path, text_of(*before))
    last = done_of(result)[-1]
    assert (last.status, last.why, last.done_ns) == (0xC0000008, why, s(9))
    assert on_the_wire(result) == on_the_wire(quiet)


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (ANN[0].replace("1s", "9s"), "ann is logged on already"),
        (ANN[1].replace("2s", "9s"), "dll is open already"),
        (ANN[2].replace("3s", "9s"), "image is mapped already"),
    ],
)
def test_a_name_is_not_given_twice(task: str, why: str, tmp_path: Path) -> None:
    """The first would be out of anybody's reach, and never be closed."""
    last = done_of(run(tmp_path, text_of(*ANN, task)))[-1]
    assert (last.status, last.why) == (0xC0000008, why)


def test_what_a_killed_program_was_opening_is_closed_as_soon_as_it_is_open(tmp_path: Path) -> None:
    """Another holds the oplock and is cut off: the open waits 35 s, and the kill comes first."""
    held = (
        'at = "1s", by = "ann", do = "log-on"',
        (
            'at = "2s", by = "ann", do = "open", file = "docs/plan.xls", name = "plan",'
            ' access = "read-write", sharing = "read-write"'
        ),
    )
    waits = (
        'at = "1s", by = "bob", do = "log-on"',
        'at = "3s", by = "bob", do = "open", file = "apps/tool.dll", name = "dll"',
        (
            'at = "20s", by = "bob", do = "open", file = "docs/plan.xls", name = "plan",'
            ' access = "read-write", sharing = "read-write"'
        ),
    )
    faults = FAULT.format(at="10s", kind="cable", more="") + FAULT.format(
        at="25s", kind="kill", more=""
    ).replace("ws1", "ws2")
    text = text_of(*held, rest=clients({"ws2": waits}) + faults, horizon="5m")
    result = run(tmp_path, text, "smb-nt4-sp6a-nbt-rto-3s")
    (opened,) = [each for each in done_of(result) if each.at_ns == s(20)]
    assert opened.done_ns is not None and opened.done_ns > s(50)
    assert result.records.files is not None
    opens = [each for each in result.records.files.lifetimes if each.kind == "open"]
    mine = [each.began for each in opens if each.client == "ws2"]
    assert mine == [True, False, True, False] or mine == [True, True, False, False]


def test_a_few_octets_are_the_files_own(tmp_path: Path) -> None:
    """Both files of the share begin alike."""
    read = 'at = "4s", do = "read", name = "b", octets = 5'
    done = done_of(run(tmp_path, text_of(ANN[0], ANN[1].replace("tool", "other").replace(
        '"dll"', '"b"'), read)))  # fmt: skip
    assert [(each.words, each.status, each.foreign) for each in done][-1] == ("read b", 0, "")


def test_a_service_says_that_it_is_one(tmp_path: Path) -> None:
    """Q150275: while a service has a file open nobody else is logged off."""
    tasks = (
        'at = "1s", by = "root", do = "start"',
        'at = "2s", by = "root", do = "open", file = "apps/tool.dll", name = "dll"',
        'at = "3s", by = "ann", do = "log-on"',
        'at = "4s", by = "ann", do = "connect", share = "docs"',
        'at = "9s", by = "ann", do = "log-off"',
    )
    closed = {}
    for rule in ("before", "after"):
        scenario = scenario_of(tmp_path, text_of(*tasks, horizon="5m"))
        policy = load_policy("smb-nt4-sp6a").with_setting("policy.smb.q150275", rule)
        records = play(scenario, scenario.applied_to(policy)).records
        states = [each.states[-1].state for each in records.sessions.values() if each.user == "ann"]
        closed[rule] = states
    assert closed == {"before": ["active"], "after": ["closed"]}


@pytest.mark.parametrize("policy", CARRIERS)
@pytest.mark.parametrize(
    ("kind", "more", "gone"),
    [
        ("reboot", "", True),
        ("power-loss", 'off_for = "30s"', True),
        ("power-loss", "", True),
        ("kill", "", True),
        ("app-hang", 'for = "40s"', False),
        ("os-hang", 'for = "3s"', False),
        ("os-hang", 'for = "4m"', False),
        ("suspend", 'for = "2m"', False),
        ("cable", 'for = "5s"', False),
        ("cable", "", False),
    ],
)
def test_every_fault_is_played_and_told(
    policy: str, kind: str, more: str, gone: bool, tmp_path: Path
) -> None:
    again = listed("tasks_after_restart", ANN)
    fault = FAULT.format(at="20s", kind=kind, more=more)
    tasks = (ANN[0], *(each.replace('at = "', 'at = "1') for each in ANN[1:]))
    result = run(tmp_path, text_of(*tasks, more=again, rest=fault, horizon="80m"), policy)
    first = result.records.sessions[1]
    (loss,) = first.losses
    assert (loss.client, loss.fault, loss.at_ns, loss.gone) == ("ws1", kind, s(20), gone)
    assert not (first.false_disconnect and gone)
    restarts = kind == "reboot" or "off_for" in more
    assert len(result.records.sessions) == (2 if restarts else 1)
    if restarts:
        lives = [each for each in done_of(result) if each.at_ns > s(20)]
        assert [each.do for each in lives] == ["log-on", "open", "map", "touch"]
        assert lives[1].status == 0
        assert result.records.sessions[2].states[-1].state in ("active", "closed")


def test_tasks_wait_while_a_program_hangs(tmp_path: Path) -> None:
    tasks = (*ANN, 'at = "30s", do = "touch", view = "image", page = 9')
    fault = FAULT.format(at="20s", kind="app-hang", more='for = "40s"')
    last = done_of(run(tmp_path, text_of(*tasks, rest=fault)))[-1]
    assert (last.at_ns, last.status) == (s(60), 0)


def test_a_pinned_client_has_the_redirector_of_its_own_policy(tmp_path: Path) -> None:
    """ws1: KeepConn 10 s over TCP; the policy under test has 600 s over NetBEUI."""
    tasks = (ANN[0], 'at = "2s", by = "ann", do = "connect", share = "apps"',
             'at = "5s", by = "ann", do = "disconnect", share = "apps"')  # fmt: skip
    text = text_of(*tasks, more='policy = "smb-nt4-keepconn-10s"', rest=clients({"ws2": tasks}))
    result = run(tmp_path, text, "smb-nt4-sp6a-nbf")
    ended = {
        record.client: record.states[-1].at_ns
        for record in result.records.sessions.values()
        if record.states[-1].state == "closed"
    }
    assert ended["ws1"] < s(60)
    assert ended["ws2"] > s(600)
