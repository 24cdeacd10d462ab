"""Limits, licences, the administrator, KeepConn's second call, and VcNumber 0.

facts/redirector.md 3.1 to 3.6.
"""

from __future__ import annotations

import pytest

from tests.contract.smb_runs import S, of_user, requests, run_of, table, task, wire_of
from tests.reader_smb import READ, SETUP, TREE_CONNECT, WRITE, answer_to

REFUSED_71, REFUSED_1395 = 0xC00000D0, 0xC0000259


# --- net-session-delete ----------------------------------------------------------------------


@pytest.mark.parametrize("carrier", ["nbt", "nbf", "nbipx"])
def test_a_deleted_session_takes_unwritten_octets_along(carrier: str) -> None:
    """3000 B at 20 s reach the server 5 s later; 2000 B at 118 s had two seconds of their five."""
    policy = f"smb-nt4-sp6a-{carrier}"
    run, found = run_of("net-session-delete", policy), wire_of("net-session-delete", policy)
    written = requests(found, "ws1", WRITE)
    octets = sum(int.from_bytes(each.blocks[0].words[20:22], "little") for each in written)
    assert octets == 3000 and {each.at_ns // S for each in written} == {25}
    smb = run.json["smb"]
    assert smb["data_lost_bytes"] == 2000
    assert [(each["client"], each["file"], each["bytes"]) for each in smb["data_lost"]] == [
        ("ws1", smb["data_lost"][0]["file"], 2000)
    ]
    assert smb["data_lost"][0]["file"].lower().endswith("report.doc")
    for client, user, at_s in (("ws2", "svc", 61.0), ("ws1", "ann", 120.0)):
        (session,) = of_user(run, client, user)
        assert session["states"][-1] == {
            **session["states"][-1],
            "at_s": at_s,
            "state": "closed",
            "cause": "deleted by an administrator",
        }
        assert (session["noticed_at_s"], session["false_disconnect"]) == (None, False)
    # The service's had nobody left from 30 s on.
    assert (smb["leaked_sessions"], smb["leaked_session_s"]) == (1, 31.0)
    assert task(run, "ws1", 150.0)["status"] == "0xC00000C9"


# --- workstation-limit-10 --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("carrier", "refused", "admitted_s"),
    [
        # Silent from 34 s on, 49.9 s of LLC polls: gone before the first try.
        ("nbf", 0, 120),
        # Its last probe was answered at 33.5 s; 30 s and eight probes 30 s apart: 303.5 s.
        ("nbipx", 2, 360),
        # Autodisconnect: 2 s and 15 min is 902 s, the look after that is at 930 s.
        ("nbt", 7, 960),
        ("ipx", 7, 960),
    ],
)
def test_how_long_a_dead_one_keeps_the_eleventh_out(
    carrier: str, refused: int, admitted_s: int
) -> None:
    """He tries every two minutes from 120 s on."""
    policy = f"smb-nt4-sp6a-{carrier}"
    run, found = run_of("workstation-limit-10", policy), wire_of("workstation-limit-10", policy)
    tries = requests(found, "ws11", SETUP, TREE_CONNECT)
    answers = [answer_to(each, found) for each in tries]
    statuses = [each.status for each in answers if each is not None]
    assert statuses[: refused + 1] == [REFUSED_71] * refused + [0]
    assert all(status == 0 for status in statuses[refused:])
    assert tries[refused].at_ns // S in (admitted_s, admitted_s + 1)  # NetBIOS names: 1.5 s
    assert run.json["server"]["peak_sessions"] == 10
    assert run.json["server"]["refused_by_limit"] == refused


# --- per-server-licences ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "status"), [("smb-nt4-sp6a", REFUSED_71), ("smb-nt4-licence-1395", REFUSED_1395)]
)
def test_an_administrator_comes_in_beyond_the_licences(policy: str, status: int) -> None:
    """Five licences: the sixth user is refused, and the fifth when he comes back (Q130933)."""
    run, found = run_of("per-server-licences", policy), wire_of("per-server-licences", policy)
    answers = {
        (client, each.at_ns // S): reply.status
        for client in (f"ws{number}" for number in range(1, 8))
        for each in requests(found, client, SETUP, TREE_CONNECT)
        for reply in [answer_to(each, found)]
        if reply is not None
    }
    assert answers == {
        **{(f"ws{number}", 10 + number): 0 for number in range(1, 6)},
        ("ws6", 21): status,
        ("ws7", 31): 0,
        ("ws5", 71): status,
    }
    assert [row["user"] for row in table(run, 40.0)] == ["u1", "u2", "u3", "u4", "u5", "admin"]
    assert (run.json["server"]["peak_sessions"], run.json["server"]["refused_by_limit"]) == (6, 2)


# --- keepconn-dials-twice --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "calls_a_cycle"), [("smb-nt4-sp6a", 2), ("smb-nt4-keepconn-10s", 1)]
)
def test_keepconn_of_ten_minutes_dials_twice_a_cycle(policy: str, calls_a_cycle: int) -> None:
    """Hellos at 722 s, 1442 s ... 13 682 s: nineteen; the line hangs up after 60 s."""
    run = run_of("keepconn-dials-twice", policy)
    cycles = len(range(722, 4 * 3600, 720))
    assert cycles == 19
    (line,) = [each for each in run.json["links"] if each["kind"] == "dial"]
    assert line["calls"] == cycles * calls_a_cycle
    ends = [each["states"][-1] for each in run.json["sessions"]]
    kept = [
        end["at_s"] - each["states"][0]["at_s"]
        for end, each in zip(ends, run.json["sessions"], strict=True)
    ]
    keep_conn = 600 if calls_a_cycle == 2 else 10
    # The first hello dials, 2 s and more; the look for idle circuits is every 30 s.
    assert all(keep_conn <= each <= keep_conn + 30 + 5 for each in kept)
    assert {(end["state"], end["cause"]) for end in ends} == {("closed", "logged off")}


# --- nat-and-vc-zero -------------------------------------------------------------------------


def vc_number(policy: str) -> list[int]:
    """[4.3] The fourth field of a log-on's words."""
    return [
        int.from_bytes(each.blocks[0].words[8:10], "little")
        for each in wire_of("nat-and-vc-zero", policy)
        if not each.from_server and each.commands[0] == SETUP
    ]


def test_nt4_compares_names_and_leaves_the_neighbour_alone() -> None:
    policy = "smb-nt4-sp6a-nbt"
    run, found = run_of("nat-and-vc-zero", policy), wire_of("nat-and-vc-zero", policy)
    assert vc_number(policy) == [0, 0]
    assert [row["user"] for row in table(run, 70.0)] == ["ann", "bob"]
    reads = [each for each in found if each.commands == (READ,) and each.from_server]
    assert [(each.at_ns // S, each.status) for each in reads] == [(3, 0), (80, 0)]
    assert [len(each["states"]) for each in run.json["sessions"]] == [1, 1]


def test_samba_with_reset_on_zero_vc_ends_the_neighbours_circuit() -> None:
    policy = "smb-samba-reset-on-zero-vc"
    run, found = run_of("nat-and-vc-zero", policy), wire_of("nat-and-vc-zero", policy)
    assert vc_number(policy) == [0, 0]
    assert [row["user"] for row in table(run, 70.0)] == ["bob"]
    (ann,) = of_user(run, "ws1", "ann")
    bobs = [each for each in found if not each.from_server and each.commands[0] == SETUP][1]
    ended = ann["states"][-1]
    assert ended["state"] == "closed" and ended["cause"].startswith("VC 0")
    assert round(ended["at_s"] * S) == bobs.at_ns
    # She was alive and well: a false disconnect, and her next read finds nothing.
    assert ann["false_disconnect"] is True
    assert task(run, "ws1", 80.0)["status"] == "0xC00000C9"
    assert [each for each in found if each.commands == (READ,) and each.at_ns > 61 * S] == []
    # The circuit ended on the wire at the same instant: RST or FIN to the address they share.
    goodbyes = [
        frame.at_ns
        for frame in run.trace.frames
        if frame.interface == "server-lan" and frame.link_type == 1
        and frame.octets[12:14] == b"\x08\x00" and frame.octets[34:36] == b"\x00\x8b"
        and frame.octets[47] & 5
    ]  # fmt: skip
    assert goodbyes[:1] == [bobs.at_ns]
