"""Every number of the redirector, one tick or one count wrong, fails a check that passes with it.

A check drives a machine by its own clock and states instants; the mutants show that each of them
can fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from emu.machines.redirector import NT4_SP6A, RedirectorParams, ReuseRearms
from emu.units import seconds as s

from .office import BOTH, FILES, Client, Office

Check = Callable[[RedirectorParams], None]


def worker(params: RedirectorParams) -> Client:
    client = Office().client(params)
    client.log_on(1)
    client.connect(1)
    client.sent.clear()
    return client


def silent_then(client: Client, instant_ns: int, *wire: str) -> None:
    client.office.until(instant_ns - 1)
    assert client.wire() == []
    client.office.until(instant_ns)
    assert client.wire() == list(wire)


def keep_conn(params: RedirectorParams) -> None:
    """The look at the very instant counts; a nanosecond of use later it is the next one."""
    ends = ("TreeDisconnect 800/800", "LogOff 800/0")
    silent_then(worker(params), s(600), *ends)
    client = worker(params)
    client.office.until(1)
    client.open(1, 1)
    client.close(1)
    client.sent.clear()
    silent_then(client, s(20), "Close 800/800 800")
    silent_then(client, s(630), *ends)


def dead_sessions(params: RedirectorParams) -> None:
    """The same numbers where dead sessions are judged by themselves."""
    client = worker(replace(params, reuse_rearms=ReuseRearms.ALWAYS))
    client.open(1, 1)
    client.log_on(2, service=True)
    client.connect(2)
    client.log_off(2)
    client.sent.clear()
    silent_then(client, s(600), "TreeDisconnect 801/801", "LogOff 801/0")


def dormancy(params: RedirectorParams) -> None:
    """Closed at 10 s: the look at 20 s; a nanosecond later: the look at 40 s."""
    for late_ns, until_ns in ((0, s(20)), (1, s(40))):
        client = worker(params)
        client.open(1, 1)
        client.office.until(s(10) + late_ns)
        client.close(1)
        client.sent.clear()
        silent_then(client, until_ns, "Close 800/800 800")


def session_timeout(params: RedirectorParams) -> None:
    client = worker(params)
    client.office.silence_server()
    asked = client.opening(1, 1)
    client.begin(asked)
    client.office.until(s(45) - 1)
    assert client.hangs_up == 0
    client.office.until(s(45))
    assert client.hangs_up == 1
    assert client.finished[asked.ticket].status == 0xC00000C9


def write_behind(params: RedirectorParams) -> None:
    client = worker(params)
    client.open(1, 1, access=BOTH)
    client.write(1, b"x")
    client.sent.clear()
    silent_then(client, s(5), "Write 800/800 800")


def pieces(params: RedirectorParams) -> None:
    """Exactly one message for 4,096 octets, two for one more."""
    client = worker(replace(params, write_behind=False))
    client.open(1, 1, "TOOL.DLL", access=BOTH)
    client.sent.clear()
    for octets, messages in ((4096, 1), (4097, 2)):
        client.write(1, bytes(octets))
        assert client.wire() == ["Write 800/800 800"] * messages
        assert len(client.read(1, length=octets).data) == octets
        assert client.wire() == ["Read 800/800 800"] * messages


def pages(params: RedirectorParams) -> None:
    client = worker(params)
    client.open(1, 1, "TOOL.DLL")
    client.map(1, 1)
    assert client.touch(1, 1).data == FILES["TOOL.DLL"][4096:8192]


def dormant_files(params: RedirectorParams) -> None:
    """45 of 46."""
    files = {f"F{number}": b"" for number in range(46)}
    client = Office.with_files(files).client(params)
    client.log_on(1)
    for number in range(46):
        client.open(1, number, f"F{number}")
    client.sent.clear()
    for number in range(46):
        client.close(number)
    assert client.wire() == ["Close 800/800 82d"]


def commands(params: RedirectorParams) -> None:
    """The server allows 50 as well, so only fewer than that can be seen here."""
    client = worker(params)
    client.office.silence_server()
    for number in range(60):
        client.begin(client.opening(1, number, f"F{number}"))
    assert len(client.wire()) == 50


CHECKS: dict[str, tuple[Check, tuple[int, ...]]] = {
    "keep_conn_ns": (keep_conn, (1, -1)),
    "scavenger_period_ns": (keep_conn, (1, -1)),
    "cache_file_timeout_ns": (dormancy, (1, -1)),
    "scan_period_ns": (dormancy, (1, -1)),
    "sess_timeout_ns": (session_timeout, (1, -1)),
    "write_behind_delay_ns": (write_behind, (1, -1)),
    "read_max": (pieces, (1, -1)),
    "write_max": (pieces, (1, -1)),
    "page_octets": (pages, (1, -1)),
    "dormant_limit": (dormant_files, (1, -1)),
    "max_commands": (commands, (-1,)),
}


@pytest.mark.parametrize(
    "check", [*dict.fromkeys(check for check, _bys in CHECKS.values()), dead_sessions]
)
def test_the_check_passes_with_the_right_numbers(check: Check) -> None:
    check(NT4_SP6A)


@pytest.mark.parametrize(
    ("name", "by"), [(name, by) for name, (_check, bys) in CHECKS.items() for by in bys]
)
def test_a_number_that_is_wrong_by_one_is_noticed(name: str, by: int) -> None:
    wrong = replace(NT4_SP6A, **{name: getattr(NT4_SP6A, name) + by})
    with pytest.raises(AssertionError):
        CHECKS[name][0](wrong)


@pytest.mark.parametrize(
    ("name", "by"),
    [("keep_conn_ns", 1), ("scavenger_period_ns", 1), ("scavenger_period_ns", -1)],
)
def test_so_it_is_for_dead_sessions(name: str, by: int) -> None:
    """KeepConn a nanosecond shorter ends at the same look."""
    with pytest.raises(AssertionError):
        dead_sessions(replace(NT4_SP6A, **{name: getattr(NT4_SP6A, name) + by}))
