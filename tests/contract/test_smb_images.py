"""Q179983 and Q184998 on the wire: who pages through whom, and what a log-off takes along.

facts/redirector.md 1.3.  Instants are those of image-on-unc-path; what the wire says is read by
tests/reader_smb.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from emu.story_files import file_sentences
from tests.contract.smb_runs import (
    CARRIERS,
    between,
    of_user,
    requests,
    run_of,
    table,
    task,
    wire_of,
)
from tests.reader_smb import CLOSE, CREATE, LOGOFF, READ, SETUP, TREE_CONNECT, Smb, answer_to

SCENARIO = "image-on-unc-path"
BEFORE, AFTER = "smb-nt4-sp3", "smb-nt4-sp4"
BEFORE_OVER = [BEFORE, *(f"{BEFORE}-{carrier}" for carrier in CARRIERS)]
#: [3.4] As the status field has them, little-endian.
BAD_UID, SESSION_DELETED = 0x005B0002, 0xC0000203
NT_STATUS_BIT = 0x4000
PAGE = 4096
FIRST, SECOND = 0x0800, 0x0801


def uid_of(found: tuple[Smb, ...], client: str, user: str) -> int:
    """By the log-on itself: the account's name goes out, the UID comes back."""
    (asked,) = [
        each
        for each in requests(found, client, SETUP, TREE_CONNECT)
        if user.encode("utf-16-le") in each.blocks[0].octets
    ]
    reply = answer_to(asked, found)
    assert reply is not None and reply.status == 0
    return reply.uid


def page_reads(found: tuple[Smb, ...], client: str, page: int) -> list[Smb]:
    return [
        each
        for each in requests(found, client, READ)
        if page * PAGE <= each.offset < (page + 1) * PAGE
    ]


@pytest.mark.parametrize("policy", BEFORE_OVER)
@pytest.mark.parametrize(
    ("client", "first", "second"), [("ws1", "ann", "bob"), ("ws2", "bob", "ann")]
)
def test_before_the_second_user_pages_as_the_first_and_loses_with_him(
    policy: str, client: str, first: str, second: str
) -> None:
    found = wire_of(SCENARIO, policy)
    assert uid_of(found, client, first) == FIRST
    assert uid_of(found, client, second) == SECOND
    paged = between(requests(found, client, READ), 12, 60)
    assert paged and {(each.uid, each.fid) for each in paged} == {(FIRST, FIRST)}
    # His own file is open and never read.
    opened = [each for each in found if each.client == client and each.commands == (CREATE,)]
    assert [each.fid for each in opened if each.from_server] == [FIRST, SECOND]
    (left,) = between(requests(found, client, LOGOFF), 0, 60)
    assert left.uid == FIRST and 30 * 10**9 <= left.at_ns < 31 * 10**9
    (failed,) = between(paged, 31, 60)
    assert failed.offset == 2 * PAGE and 41 * 10**9 <= failed.at_ns < 42 * 10**9
    reply = answer_to(failed, found)
    assert reply is not None and (reply.status, reply.blocks[0].words) == (BAD_UID, b"")
    assert task(run_of(SCENARIO, policy), client, 41.0)["status"] == "0xC0000006"


@pytest.mark.parametrize("policy", BEFORE_OVER)
def test_before_resident_pages_are_safe_and_silent(policy: str) -> None:
    """ws1: page 0 was Ann's at 7 s, page 1 Bob's at 14 s; ws2: page 0 was Bob's at 7 s."""
    run, found = run_of(SCENARIO, policy), wire_of(SCENARIO, policy)
    for client, at_s, page, last_s in (("ws1", 13, 0, 8), ("ws1", 40, 1, 15), ("ws2", 40, 0, 8)):
        told = task(run, client, at_s)
        assert (told["status"], told["resident"], told["sent_as"]) == ("0x00000000", True, None)
        reads = page_reads(found, client, page)
        assert reads and max(each.at_ns for each in reads) < last_s * 10**9
        assert between([each for each in found if each.client == client], at_s, at_s + 0.9) == []


@pytest.mark.parametrize("policy", BEFORE_OVER)
def test_before_stale_numbers_bring_another_file_and_the_run_says_so(policy: str) -> None:
    """A file here is its own name, over and over; page 2 begins at octet 8192."""
    run, found = run_of(SCENARIO, policy), wire_of(SCENARIO, policy)
    stale = between(requests(found, "ws3", READ), 41, 42)
    assert {(each.uid, each.fid) for each in stale} == {(FIRST, FIRST)}
    assert uid_of(found, "ws3", "carol") == FIRST and uid_of(found, "ws3", "bob") == SECOND
    replies = [answer_to(each, found) for each in stale]
    brought = b"".join(each.data for each in replies if each is not None and each.status == 0)
    assert brought == (b"apps/other.dll " * 1000)[2 * PAGE : 3 * PAGE]
    assert task(run, "ws3", 41.0)["wrong_file"] == "apps/other.dll"
    assert run.json["smb"]["wrong_file_reads"] == 1
    assert (
        "bob@ws3 asked for touch bobs-image page 2 and got octets of apps/other.dll, unawares."
        in file_sentences(run.result)
    )


@pytest.mark.parametrize(("client", "first"), [("ws1", "ann"), ("ws2", "bob"), ("ws3", "ann")])
def test_after_the_first_users_session_lives_until_the_second_unmaps(
    client: str, first: str
) -> None:
    run, found = run_of(SCENARIO, AFTER), wire_of(SCENARIO, AFTER)
    (row,) = [
        each for each in table(run, 50.0) if (each["client"], each["user"]) == (client, first)
    ]
    assert (row["uid"], row["owner"], row["opens"], row["files"]) == (
        "0x0800",
        False,
        1,
        ["TOOL.DLL"],
    )
    goodbyes = [each for each in requests(found, client, LOGOFF) if each.uid == FIRST]
    closes = [each for each in requests(found, client, CLOSE) if each.fid == FIRST]
    # Behind the unmap at 60 s, and the file before the session.
    assert [int(each.at_ns / 10**9) for each in (*closes, *goodbyes)] == [60, 60]
    assert closes[0].number < goodbyes[0].number
    (session,) = of_user(run, client, first)
    assert [(int(each["at_s"]), each["state"]) for each in session["states"]] == [
        (2, "active"),
        (60, "closed"),
    ]


def test_after_every_page_is_the_right_one() -> None:
    run, found = run_of(SCENARIO, AFTER), wire_of(SCENARIO, AFTER)
    assert (run.json["smb"]["failed_pages"], run.json["smb"]["wrong_file_reads"]) == (0, 0)
    for client in ("ws1", "ws2", "ws3"):
        (asked,) = between(requests(found, client, READ), 41, 42)
        reply = answer_to(asked, found)
        assert (asked.uid, asked.fid) == (FIRST, FIRST)
        assert reply is not None and reply.data == (b"apps/tool.dll " * 1000)[2 * PAGE : 3 * PAGE]
    # Carol has numbers of her own: two are taken.
    assert uid_of(found, "ws3", "carol") == 0x0802


def figures(policy: str) -> dict[str, Any]:
    """The account without what depends on how long a frame takes."""
    smb = run_of(SCENARIO, policy).json["smb"]
    untimed = {key: value for key, value in smb.items() if not isinstance(value, list | float)}
    untimed["tasks"] = sorted(
        repr({key: value for key, value in each.items() if key != "done_at_s"})
        for each in smb["tasks"]
    )
    untimed["tables"] = [
        sorted(
            repr({k: v for k, v in row.items() if k not in ("session", "time_s", "idle_s")})
            for row in each["sessions"]
        )
        for each in smb["tables"]
    ]
    untimed["lives"] = sorted(
        (each["client"], each["kind"], each["began"], each["id"], each["what"])
        for each in smb["lifetimes"]
        if each["kind"] != "connection"
    )
    return untimed


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_carrier_changes_nothing_of_it(carrier: str) -> None:
    assert figures(f"{BEFORE}-{carrier}") == figures(BEFORE)


def test_q179983_alone_cures_it() -> None:
    run = run_of(SCENARIO, BEFORE, "policy.smb.q179983=after")
    smb = run.json["smb"]
    assert (smb["failed_pages"], smb["wrong_file_reads"], smb["failed_tasks"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("choice", "status", "is_nt"),
    [
        ("negotiated", BAD_UID, True),
        ("dos", BAD_UID, False),  # [3.4] the same octets, class 2 code 91; Flags2 tells
        ("session-deleted", SESSION_DELETED, True),
    ],
)
def test_which_status_is_a_switch(choice: str, status: int, is_nt: bool) -> None:
    found = wire_of(SCENARIO, BEFORE, f"policy.smb.bad_uid={choice}")
    run = run_of(SCENARIO, BEFORE, f"policy.smb.bad_uid={choice}")
    refused = [each for each in found if each.from_server and each.status]
    assert [(each.client, each.status, bool(each.flags2 & NT_STATUS_BIT)) for each in refused] == [
        ("ws2", status, is_nt),
        ("ws1", status, is_nt),
    ]
    assert [task(run, client, 41.0)["status"] for client in ("ws1", "ws2")] == ["0xC0000006"] * 2


def test_the_switchs_default_has_a_grade() -> None:
    """The issue: which error, named, with its grade."""
    policy = run_of(SCENARIO, BEFORE).policy
    assert policy.values["smb.bad_uid"] == "negotiated"
    source = policy.sources["smb.bad_uid"]
    assert source.grade == "B" and "STATUS_SMB_BAD_UID" in source.text
