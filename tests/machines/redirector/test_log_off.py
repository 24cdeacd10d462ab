"""Log-offs: the three articles, before and after, and two of their neighbours.

The first dialogue of each pair is the shrunk example of ``test_random.py`` with that rule taken
away.  All wire is written as "requests UID/TID FID", hexadecimal.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.redirector import (
    NT4_SP3,
    NT4_SP4,
    NT4_SP6A,
    NT4_SP6A_HOTFIX,
    NT4_SP6A_HOTFIX_KEEPCONN0,
    TSE_SP5,
    TSE_SP6,
    LeakUntil,
    RedirectorParams,
    ReuseRearms,
)
from emu.machines.redirector.requests import SentAs
from emu.machines.redirector.snapshot import CircuitState
from emu.machines.smb_server import NT4_SERVER, ShareSetting
from emu.units import seconds as s

from .office import FILES, Client, Office

A, B = 1, 2
PAGE = {0: b"A" * 4096, 1: b"B" * 4096, 2: b"C" * 100 + bytes(3996)}
AS_A = SentAs(uid=0x800, tid=0x800, fid=0x800)
ENDS_A = ["Close 800/800 800", "TreeDisconnect 800/800", "LogOff 800/0"]


def two_run_the_program(params: RedirectorParams, *, first: int = A) -> Client:
    """Both map the same image, ``first`` before the other, and close their handles."""
    client = Office().client(params)
    for luid in (first, B if first == A else A):
        client.log_on(luid, "ab"[luid - 1])
        assert client.open(luid, luid, "TOOL.DLL").status == 0
        assert client.map(luid, luid).status == 0
        assert client.close(luid).status == 0
    client.sent.clear()
    return client


def users(client: Client) -> list[tuple[str | None, int | None]]:
    office = client.office
    return [(each.user, each.opens) for each in office.server.net_session(office.now)]


# Q179983: too early.
@pytest.mark.parametrize("params", [NT4_SP3, NT4_SP4])
def test_every_page_comes_through_the_first_mapper(params: RedirectorParams) -> None:
    """1.3 (a): B's READs bear A's numbers; a page that is there needs no wire."""
    client = two_run_the_program(params)
    told = client.touch(B, 1)
    assert (told.status, told.data, told.sent_as, told.resident) == (0, PAGE[1], AS_A, False)
    assert client.wire() == ["Read 800/800 800"]
    told = client.touch(A, 1)
    assert (told.status, told.data, told.sent_as, told.resident) == (0, PAGE[1], None, True)
    assert client.wire() == []


def test_before_sp4_the_first_users_log_off_takes_everybodys_pages() -> None:
    """1.3 (b), (c)."""
    client = two_run_the_program(NT4_SP3)
    assert client.touch(B, 0).status == 0
    client.sent.clear()
    assert client.log_off(A).status == 0
    assert client.wire() == ENDS_A
    assert users(client) == [("b", 1)]
    assert client.touch(B, 0).resident, "what is there needs nobody"
    told = client.touch(B, 1)
    assert (told.status, told.data, told.sent_as) == (0xC0000006, b"", AS_A)
    assert told.why == "READ as UID 0x800, FID 0x800: SMB_BAD_UID"
    assert client.wire() == ["Read 800/800 800"]


def test_from_sp4_on_the_session_outlives_its_user_until_nobody_pages() -> None:
    """1.3 (d): A is still listed, with one open, until B unmaps."""
    client = two_run_the_program(NT4_SP4)
    assert client.log_off(A).status == 0
    assert client.wire() == []
    assert users(client) == [("a", 1), ("b", 1)]
    assert [each.is_withheld for each in client.server.sessions] == [True, False]
    for page, content in PAGE.items():
        assert client.touch(B, page).data == content
    client.sent.clear()
    assert client.unmap(B).status == 0
    assert client.wire() == ENDS_A
    assert users(client) == [("b", 1)]


@pytest.mark.parametrize("params", [NT4_SP3, NT4_SP4])
def test_who_did_not_map_first_may_leave_at_any_time(params: RedirectorParams) -> None:
    """1.3, the mirror image: B first; A leaves and B's pages are his own."""
    client = two_run_the_program(params, first=B)
    client.log_off(A)
    assert client.touch(B, 0).sent_as == AS_A, "the lowest numbers are B's here"
    assert client.touch(B, 1).data == PAGE[1]


def test_before_sp4_a_third_users_file_is_read_under_the_stale_numbers() -> None:
    """1.3 (e): lowest-free numbers; C opens another file, and B reads it for his program."""
    client = two_run_the_program(NT4_SP3)
    client.log_off(A)
    client.log_on(3, "c")
    assert client.open(3, 3, "OTHER.DLL").status == 0
    assert client.wire()[-1] == "Open 800/800"
    told = client.touch(B, 0)
    assert (told.status, told.data, told.sent_as) == (0, b"x" * 4096, AS_A)


def test_a_page_is_use_by_who_needs_it_whoever_it_is_read_as() -> None:
    """3.2: B's paging keeps B's mark young, and takes A's away."""
    client = two_run_the_program(NT4_SP4)
    client.office.until(s(50))
    client.touch(B, 0)
    assert [each.idle_since_ns for each in client.server.sessions] == [None, s(50)]


def test_one_file_under_two_share_names_is_two_files() -> None:
    """1.3, last line: different NET_ROOTs, two FCBs, no fault."""
    shares = tuple(ShareSetting(name=name, files=FILES) for name in ("DATA", "TWO"))
    client = Office(shares).client(NT4_SP3)
    for luid, share in ((A, "DATA"), (B, "TWO")):
        client.log_on(luid)
        client.open(luid, luid, "TOOL.DLL", share=share)
        client.map(luid, luid)
    client.log_off(A)
    assert client.touch(B, 1).data == PAGE[1]


def test_views_go_before_handles_at_a_log_off() -> None:
    """The rundown of the only mapper: nothing is withheld, nothing is left."""
    client = Office().client(NT4_SP4)
    client.log_on(A)
    client.open(A, 1, "TOOL.DLL")
    client.map(1, 1)
    client.touch(1, 0)
    client.sent.clear()
    client.log_off(A)
    # Dormant files are what SP4 does not close at a log-off: that is the next article.
    assert [each.facts["rule"] for each in client.notes] == ["q248371"]
    after = Office().client(NT4_SP6A)
    after.log_on(A)
    after.open(A, 1, "TOOL.DLL")
    after.map(1, 1)
    after.sent.clear()
    after.log_off(A)
    assert after.wire() == ENDS_A
    assert users(after) == []


# Q248371: too late.
def cycles(client: Client, count: int) -> int:
    """Quick log-ons: how many of them were let in to the share."""
    let_in = 0
    for luid in range(10, 10 + count):
        client.log_on(luid)
        told = client.open(luid, luid)
        if told.status == 0:
            client.close(luid)
            let_in += 1
        else:
            assert told.status == 0xC00000D0
        client.log_off(luid)
    return let_in


def limited() -> Office:
    return Office((ShareSetting(name="DATA", files=FILES, users_max=3),))


def test_before_tse_sp6_a_dormant_file_makes_the_log_off_be_skipped() -> None:
    """2.4: one user at a time, and the fourth is refused."""
    office = limited()
    client = office.client(TSE_SP5)
    assert cycles(client, 4) == 3
    assert office.server.book.shares["DATA"].uses == 3
    assert [each.uid for each in client.server.sessions] == [0x800, 0x801, 0x802]
    assert not any(each.is_alive for each in client.server.sessions)


def test_from_tse_sp6_on_uses_never_exceed_users() -> None:
    office = limited()
    client = office.client(TSE_SP6)
    assert cycles(client, 9) == 9
    assert office.server.book.shares["DATA"].uses == 0
    assert client.wire()[-3:] == ENDS_A


def test_a_missed_log_off_ends_with_keepconn() -> None:
    """Dormant until the look at 20 s; KeepConn from the log-off at 0: the look at 600 s.

    The first user's dormant file was closed before: the second one's open broke its oplock.
    """
    client = limited().client(TSE_SP5)
    cycles(client, 2)
    client.sent.clear()
    client.office.until(s(20) - 1)
    assert client.wire() == []
    client.office.until(s(20))
    assert client.wire() == ["Close 801/801 800"]
    client.office.until(s(600) - 1)
    assert client.wire() == []
    client.office.until(s(600))
    assert client.wire() == [
        *("TreeDisconnect 800/800", "LogOff 800/0"),
        *("TreeDisconnect 801/801", "LogOff 801/0"),
    ]
    assert client.hangs_up == 1


def test_a_missed_log_off_has_keepconn_from_the_last_use_of_the_circuit() -> None:
    """facts/redirector.md 2.4, "later": use at 500 s; every look before 1100 s is too soon."""
    client = limited().client(TSE_SP5)
    cycles(client, 1)
    client.office.until(s(500))
    client.log_on(99, "bob")
    assert client.connect(99, "DATA").status == 0
    client.log_off(99)
    client.sent.clear()
    client.office.until(s(500 + 600) - 1)
    assert client.wire() == []
    client.office.until(s(500 + 600 + 30))
    assert client.wire() == ["TreeDisconnect 800/800", "LogOff 800/0"]


def test_or_with_the_circuit_by_switch() -> None:
    """leak_until vc_end: only the server's autodisconnect helps, 15 min after the last CLOSE."""
    client = limited().client(replace(TSE_SP5, leak_until=LeakUntil.VC_END))
    cycles(client, 1)
    client.office.until(s(20 + 900) - 1)
    assert users(client) == [("user10", 0)]
    assert client.hangs_up == 0
    client.office.until(s(20 + 900 + 30))
    assert users(client) == []
    assert client.server.sessions == ()


# Q258837: never.
def restarts(params: RedirectorParams, interval_s: int, count: int = 4) -> Client:
    """A service with its own account, started and stopped ``count`` times."""
    client = Office().client(params)
    for luid in range(10, 10 + count):
        client.log_on(luid, "svc", service=True)
        assert client.connect(luid, "DATA").status == 0
        client.log_off(luid)
        client.office.pass_ns(s(interval_s))
    return client


@pytest.mark.parametrize("params", [NT4_SP6A, NT4_SP6A_HOTFIX])
def test_before_the_hotfix_or_without_its_value_every_restart_leaves_a_session(
    params: RedirectorParams,
) -> None:
    """3.2: T = 300 s < KeepConn; the files alone change nothing."""
    client = restarts(params, 300)
    assert users(client) == [("svc", 0)] * 4
    assert [each.idle_since_ns for each in client.server.sessions] == [None] * 3 + [s(900)]


def test_with_the_hotfix_and_its_value_none_is_left_at_the_price_of_a_set_up() -> None:
    client = restarts(NT4_SP6A_HOTFIX_KEEPCONN0, 1)
    assert users(client) == []
    assert [each for each in client.wire() if each.startswith(("SetUp", "LogOff"))] == [
        "SetUp+TreeConnect 0/0",
        "LogOff 800/0",
    ] * 4


def test_longer_than_keepconn_leaves_one_at_most() -> None:
    """T = 601 s > KeepConn: the look at 600 s is at the beat, later ones up to 30 s late."""
    assert len(users(restarts(NT4_SP6A, 631, 3))) == 0
    client = restarts(NT4_SP6A, 599, 1)
    assert len(users(client)) == 1


def test_keepconn_zero_without_the_hotfix_is_the_default() -> None:
    """Unknown 4: our assumption."""
    client = restarts(replace(NT4_SP6A, keep_conn_ns=0), 300, 2)
    assert len(users(client)) == 2


def served_by_a_living_user(rearms: ReuseRearms) -> Client:
    """A dead service's session, a use of the circuit by somebody at 60 s, then a quiet file."""
    client = Office().client(replace(NT4_SP6A, reuse_rearms=rearms))
    client.log_on(1, "svc", service=True)
    client.connect(1)
    client.log_off(1)
    client.office.until(s(60))
    client.log_on(2, "alive")
    client.open(2, 2)
    return client


@pytest.mark.parametrize(
    ("rearms", "last_s"), [(ReuseRearms.NEVER, None), (ReuseRearms.ALWAYS, 660)]
)
def test_reuse_rearms_or_does_not(rearms: ReuseRearms, last_s: int | None) -> None:
    """The use takes the mark away for ever, or sets it anew: 60 + 600 s, the look at 660 s."""
    client = served_by_a_living_user(rearms)
    client.office.until(s(660) - 1)
    assert users(client) == [("svc", 0), ("alive", 1)]
    client.office.until(s(660))
    assert len(users(client)) == (2 if last_s is None else 1)
    client.office.until(s(36_000))
    assert len(users(client)) == (2 if last_s is None else 1)


def test_immediate_leaves_nothing_to_a_scavenger() -> None:
    client = served_by_a_living_user(ReuseRearms.IMMEDIATE)
    assert users(client) == [("alive", 1)]


def test_an_interactive_users_log_off_is_not_left_to_a_scavenger() -> None:
    client = Office().client(NT4_SP6A)
    client.log_on(1)
    client.connect(1)
    client.sent.clear()
    client.log_off(1)
    assert client.wire() == ["TreeDisconnect 800/800", "LogOff 800/0"]
    assert client.server.circuit is CircuitState.UP


# Neighbours.
@pytest.mark.parametrize("is_cured", [False, True])
def test_q150275_a_services_open_file_and_an_interactive_log_off(is_cured: bool) -> None:
    client = Office().client(replace(NT4_SP6A, q150275=is_cured))
    client.log_on(1, "svc", service=True)
    client.open(1, 1)
    client.log_on(2, "bob")
    client.connect(2)
    client.sent.clear()
    client.log_off(2)
    assert client.wire() == (["TreeDisconnect 801/801", "LogOff 801/0"] if is_cured else [])
    assert len(users(client)) == (1 if is_cured else 2)


@pytest.mark.parametrize("is_cured", [False, True])
def test_q139506_a_share_level_server_takes_a_log_off_for_everybody(is_cured: bool) -> None:
    """Everybody dies with error 59, that is 0xC00000C4."""
    office = Office(server=replace(NT4_SERVER, share_level=True))
    client = office.client(replace(NT4_SP6A, q139506=is_cured))
    for luid in (1, 2):
        client.log_on(luid)
        client.open(luid, luid)
    client.sent.clear()
    client.log_off(1)
    ends = ["Close 800/800 800", "TreeDisconnect 800/800"]
    assert client.wire() == (ends if is_cured else [*ends, "LogOff 800/0"])
    told = client.read(2)
    assert (told.status, told.data) == ((0, b"alpha") if is_cured else (0xC00000C4, b""))


def test_q139506_who_is_alone_on_a_share_level_circuit_is_logged_off() -> None:
    client = Office(server=replace(NT4_SERVER, share_level=True)).client(NT4_SP6A)
    client.log_on(1)
    client.connect(1)
    client.sent.clear()
    client.log_off(1)
    assert client.wire() == ["TreeDisconnect 800/800", "LogOff 800/0"]
