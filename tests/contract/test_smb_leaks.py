"""Q248371 and Q258837 on the wire: log-offs that come late, and log-offs that never come.

facts/redirector.md 2.4, 3.1, 3.2.  A task ``from`` t ``every`` p is done first at t + p.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emu.scenario.loader import load_scenario
from tests.contract.smb_runs import S, of_user, requests, run_of, wire_of
from tests.contract.worlds import played
from tests.outside import PROJECT
from tests.reader_smb import (
    LOGOFF,
    SETUP,
    TREE_CONNECT,
    TREE_DISCONNECT,
    Smb,
    answer_to,
    messages,
)

#: [3.4] REQUEST_NOT_ACCEPTED, Win32 71; LICENSE_QUOTA_EXCEEDED, Win32 1395.
REFUSED_71, REFUSED_1395 = 0xC00000D0, 0xC0000259
KEEP_CONN, IDLE_SCAN = 600, 30
#: What quick-relogon's share admits, and who works there: Ann and Bob.
ADMITTED, PEOPLE = 3, 2


# --- Q248371 ---------------------------------------------------------------------------------


def uses(found: tuple[Smb, ...]) -> list[tuple[int, int]]:
    """(instant, tree connects of the share), as replies say: a log-off ends its user's."""
    held: dict[int, int] = {}
    counts: list[tuple[int, int]] = []
    for each in found:
        if not each.from_server:
            continue
        if each.commands[-1] == TREE_CONNECT and each.blocks[-1].words:
            held[each.tid] = each.uid
        elif each.commands == (TREE_DISCONNECT,):
            del held[each.tid]
        elif each.commands == (LOGOFF,):
            held = {tid: uid for tid, uid in held.items() if uid != each.uid}
        counts.append((each.at_ns, len(held)))
    return counts


def people(run: Any, at_ns: int) -> int:
    """How many are logged on, by what they asked for themselves."""
    present: set[str] = set()
    for each in run.json["smb"]["tasks"]:
        if each["at_s"] * S <= at_ns and each["do"] == "log-on":
            present.add(each["by"])
        elif each["at_s"] * S <= at_ns and each["do"] == "log-off":
            present.discard(each["by"])
    return len(present)


def test_before_uses_exceed_users_and_one_is_refused_below_the_limit() -> None:
    """Bob has one use and Ann's first two cycles leave one each; six more cycles are refused."""
    run, found = run_of("quick-relogon", "smb-tse-sp5"), wire_of("quick-relogon", "smb-tse-sp5")
    assert max(count for _, count in uses(found)) == ADMITTED > PEOPLE
    refused = [each for each in found if each.status == REFUSED_71]
    assert [round(each.at_ns / S) for each in refused] == [71, 91, 111, 131, 151, 171]
    assert all(each.commands == (SETUP, TREE_CONNECT) for each in refused)
    assert {people(run, each.at_ns) for each in refused} == {PEOPLE}
    assert run.json["server"]["refused_by_limit"] == 6


def test_after_uses_never_exceed_users() -> None:
    run, found = run_of("quick-relogon", "smb-tse-sp6"), wire_of("quick-relogon", "smb-tse-sp6")
    counts = uses(found)
    assert max(count for _, count in counts) == PEOPLE and counts[-1][1] == 0
    # While a log-off is under way its three replies are not in yet: a second.
    assert all(count <= max(people(run, at_ns), people(run, at_ns - S)) for at_ns, count in counts)
    assert not any(each.status for each in found)
    assert (run.json["server"]["refused_by_limit"], run.json["smb"]["leaked_sessions"]) == (0, 0)


def ends_of(run: Any, client: str, user: str) -> list[tuple[float, str]]:
    """When and why their sessions ended; without those that live."""
    return [
        (each["states"][-1]["at_s"], each["states"][-1]["cause"])
        for each in of_user(run, client, user)
        if each["states"][-1]["state"] == "closed"
    ]


def test_what_leaked_ends_with_keepconn() -> None:
    """The circuit was last used at 171 s, when Ann was refused the last time."""
    run, found = run_of("quick-relogon", "smb-tse-sp5"), wire_of("quick-relogon", "smb-tse-sp5")
    first, second = ends_of(run, "tse1", "ann")[:2]
    for at_s, cause in (first, second):
        assert 171 + KEEP_CONN <= at_s <= 171 + KEEP_CONN + IDLE_SCAN + 1 and cause == "logged off"
    late = [each for each in requests(found, "tse1", LOGOFF) if each.at_ns > 300 * S]
    assert [each.uid for each in late] == [0x801, 0x802]


def test_or_with_the_circuit_by_switch() -> None:
    """Bob's LOGOFF at 200 s was the last operation; 15 min, and the scavenger's look every 30 s."""
    switch = "policy.smb.leak_until=vc-end"
    run = run_of("quick-relogon", "smb-tse-sp5", switch)
    found = wire_of("quick-relogon", "smb-tse-sp5", switch)
    first, second = ends_of(run, "tse1", "ann")[:2]
    for at_s, cause in (first, second):
        assert 200 + 900 <= at_s <= 200 + 930 and cause.startswith("autodisconnect")
    assert [each for each in found if each.at_ns > 201 * S] == []
    assert run.json["smb"]["leaked_session_s"] > 2 * 900


# --- Q258837 ---------------------------------------------------------------------------------

LEAK = "service-restart-leak"
SP6A, HOTFIX, CURED = "smb-nt4-sp6a", "smb-nt4-sp6a-hotfix", "smb-nt4-sp6a-hotfix-keepconn0"
#: Starts of the service on "busy": 310 s, 610 s ... 6610 s.
STARTS = range(310, 6611, 300)


def living(found: tuple[Smb, ...], client: str, at_s: float) -> int:
    """Sessions of a client's at an instant: UIDs given out and not taken back."""
    uids: set[int] = set()
    for each in found:
        if each.from_server and each.client == client and each.at_ns <= at_s * S:
            if each.commands[0] == SETUP and each.status == 0:
                uids.add(each.uid)
            elif each.commands == (LOGOFF,) and each.status == 0:
                uids.discard(each.uid)
    return len(uids)


@pytest.mark.parametrize("policy", [SP6A, HOTFIX])
def test_before_each_restart_leaves_one_more_until_the_server_is_full(policy: str) -> None:
    """Twenty sessions: nineteen of "busy", all dead by 6010 s, and the browser's."""
    found = wire_of(LEAK, policy)
    admitted = [living(found, "busy", start + 5) for start in STARTS]
    assert admitted == [*range(1, 20), 19, 19, 19]
    # Dead before the next start: the service stopped 230 s after it began.
    assert [living(found, "busy", start + 235) for start in STARTS] == admitted
    assert requests(found, "busy", LOGOFF) == []
    refused = [each for each in found if each.status]
    assert {each.status for each in refused} == {REFUSED_71}
    assert [(each.client, round(each.at_ns / S)) for each in refused] == [
        ("busy", 6011),
        ("quiet", 6021),
        ("browsed", 6041),
        ("busy", 6311),
        ("busy", 6611),
    ]
    run = run_of(LEAK, policy)
    assert (run.json["server"]["peak_sessions"], run.json["server"]["refused_by_limit"]) == (20, 5)
    assert run.json["smb"]["dead_sessions_at_end"] == 19


def test_with_licences_instead_the_refusal_is_1395() -> None:
    settings = (
        "policy.smb.users=none",
        "policy.smb.licences=20",
        "policy.smb.licence_refusal=1395",
    )
    refused = [each for each in wire_of(LEAK, SP6A, *settings) if each.status]
    assert {each.status for each in refused} == {REFUSED_1395}
    assert [each.client for each in refused] == ["busy", "quiet", "browsed", "busy", "busy"]


def test_with_the_hotfix_and_keepconn_0_none_is_left() -> None:
    """Logged off when idle: its file is dormant 30 s at most, and looks are 30 s apart."""
    run, found = run_of(LEAK, CURED), wire_of(LEAK, CURED)
    for client in ("busy", "quiet", "browsed"):
        for session in of_user(run, client, "svc"):
            began, ended = session["states"]
            assert ended["cause"] == "logged off"
            assert ended["at_s"] - began["at_s"] <= 3 + 30 + IDLE_SCAN
    assert [living(found, "busy", start + 5) for start in STARTS] == [1] * len(STARTS)
    assert [living(found, "busy", start + 235) for start in STARTS] == [0] * len(STARTS)
    smb = run.json["smb"]
    assert (smb["leaked_sessions"], smb["leaked_session_s"], smb["failed_tasks"]) == (0, 0.0, 0)
    assert run.json["server"]["refused_by_limit"] == 0


def test_at_the_price_of_a_set_up_for_each_start() -> None:
    """22 starts on "busy", 4 on "quiet", 4 on "browsed"; and the browser's nine hellos."""
    set_ups = {
        client: len(requests(wire_of(LEAK, CURED), client, SETUP, TREE_CONNECT))
        for client in ("busy", "quiet", "browsed")
    }
    assert set_ups == {"busy": 22, "quiet": 4, "browsed": 4 + 9}
    assert run_of(LEAK, CURED).json["smb"]["session_setups"] == 22 + 4 + 13
    # Before, a session that still was there served the browser's hello at 2191 s, 3631 s, 5071 s,
    # 6511 s: nine less four, three starts that were let in.
    browsed = requests(wire_of(LEAK, SP6A), "browsed", SETUP, TREE_CONNECT)
    granted = [
        each
        for each in browsed
        for reply in [answer_to(each, wire_of(LEAK, SP6A))]
        if reply is not None and reply.status == 0
    ]
    assert len(granted) == (9 - 4) + 3


def test_the_hotfix_without_its_value_changes_no_figure() -> None:
    one, other = run_of(LEAK, SP6A).json, run_of(LEAK, HOTFIX).json
    assert one["smb"] == other["smb"] and one["server"] == other["server"]
    assert [each["states"] for each in one["sessions"]] == [
        each["states"] for each in other["sessions"]
    ]
    assert [each.message[:32] for each in wire_of(LEAK, SP6A)] == [
        each.message[:32] for each in wire_of(LEAK, HOTFIX)
    ]


def test_restarts_further_apart_than_keepconn_leave_one_at_most() -> None:
    """Starts at 1520 s, 3020 s, 4520 s; stops 220 s later, and KeepConn and a look from there."""
    run, found = run_of(LEAK, SP6A), wire_of(LEAK, SP6A)
    assert {living(found, "quiet", at_s) for at_s in range(0, 7200, 10)} == {0, 1}
    ends = [at_s for at_s, _ in ends_of(run, "quiet", "svc")]
    for stopped, ended in zip((1740, 3240, 4740), ends, strict=True):
        assert stopped + KEEP_CONN <= ended <= stopped + KEEP_CONN + IDLE_SCAN + 1


def test_the_browsers_hello_keeps_a_dead_session_past_its_deadline() -> None:
    """Its hellos at 2191 s, 3631 s, 5071 s come 451 s, 391 s and 331 s after the stops."""
    run, found = run_of(LEAK, SP6A), wire_of(LEAK, SP6A)
    ends = [at_s for at_s, _ in ends_of(run, "browsed", "svc")]
    hellos = [each.at_ns // S for each in requests(found, "browsed", TREE_CONNECT)]
    assert hellos[:3] == [2191, 3631, 5071]
    for stopped, hello, ended in zip((1740, 3240, 4740), hellos, ends, strict=False):
        assert ended > stopped + KEEP_CONN + IDLE_SCAN + 1
        assert hello + KEEP_CONN <= ended <= hello + KEEP_CONN + IDLE_SCAN + 1
    assert len(ends) == 3


def test_a_browser_quicker_than_keepconn_keeps_them_all(tmp_path: Path) -> None:
    """Hellos every 9 minutes: starts at 1540 s, 3040 s, 4540 s leave a session each, for good."""
    text = (PROJECT / "emu/scenario/library/service-restart-leak.toml").read_text()
    changed = text.replace('every = "12m"', 'every = "9m"').replace("users = 20", "users = 200")
    assert changed.count('every = "9m"') == 1
    (tmp_path / "quicker.toml").write_text(changed)
    run = played(load_scenario(tmp_path / "quicker.toml"), SP6A)
    found = tuple(messages(run.trace))
    # The browser's own, and one more after each stop.
    assert [living(found, "browsed", at_s) for at_s in (1500, 3000, 4500, 6000, 7190)] == [
        1, 2, 3, 4, 5
    ]  # fmt: skip
