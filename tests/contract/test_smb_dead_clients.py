"""Clients of a file server that lose power: who notices, when, and who waits for it.

facts/redirector.md 3.1, 3.7.  What an instant must be is worked out here; when a client was last
heard of, and when its session ended, is read from the frames and rows of the capture.
"""

from __future__ import annotations

import pytest

from tests.contract.smb_runs import S, requests, run_of, table, wire_of
from tests.contract.worlds import Played
from tests.reader_smb import CREATE, LOCKING, Smb

LOSS, LOCKED = "file-server-power-loss", "locked-file-of-a-dead-client"
NBT, NBF, NBIPX, IPX = (f"smb-nt4-sp6a-{carrier}" for carrier in ("nbt", "nbf", "nbipx", "ipx"))
MINUTE = 60


def last_heard_ns(run: Played, client: str) -> int:
    """The last frame with this client's address at the server's tap."""
    (mac,) = [mac for mac, name in run.trace.names.items() if name == client and len(mac) == 6]
    return max(
        frame.at_ns
        for frame in run.trace.frames
        if frame.link_type == 1 and frame.octets[6:12] == mac
    )


def closed_ns(run: Played, session: int) -> int:
    """By its row in the capture."""
    (move,) = [move for move in run.trace.moves(session) if move.after == "CLOSED"]
    return move.at_ns


def test_idle_and_without_files_autodisconnect_ends_it() -> None:
    """Ann's last operation is her tree connect; 15 min, and the scavenger's look every 30 s."""
    run = run_of(LOSS, NBT)
    (last,) = [each for each in wire_of(LOSS, NBT) if each.client == "ws1"][-1:]
    silence_ns = closed_ns(run, 1) - last.at_ns
    assert 15 * MINUTE * S <= silence_ns <= (15 * MINUTE + 30) * S
    ann = run.json["sessions"][0]
    assert (ann["client"], ann["client_lost_at_s"]) == ("ws1", 60.0)
    # product.md: autodisconnect is neither noticed nor a false disconnect.
    assert (ann["noticed_at_s"], ann["silence_s"], ann["false_disconnect"]) == (None, None, False)
    assert ann["states"][-1]["state"] == "closed"
    assert ann["states"][-1]["cause"].startswith("autodisconnect")


@pytest.mark.parametrize(
    ("settings", "first_rto_s"),
    [((), 0.5), (("policy.tcp.first_rto=1s",), 1), (("policy.tcp.first_rto=3s",), 3)],
)
def test_with_an_open_file_netbts_keepalive_and_tcp_notice(
    settings: tuple[str, ...], first_rto_s: float
) -> None:
    """3600 s of silence, one keepalive and five repetitions: 63 first waits in all."""
    run = run_of(LOSS, NBT, *settings)
    wanted_ns = (3600 + int(63 * first_rto_s * 2) / 2) * S
    assert wanted_ns in (3631.5 * S, 3663 * S, 3789 * S)
    assert closed_ns(run, 2) - last_heard_ns(run, "ws2") == wanted_ns
    bob = run.json["sessions"][1]
    assert (bob["client"], bob["silence_s"], bob["false_disconnect"]) == (
        "ws2",
        wanted_ns / S,
        False,
    )
    # On the wire: NBSS 85, an hour after the last octet, then after 1, 3, 7, 15, 31 first waits.
    spoken = [
        frame.at_ns - last_heard_ns(run, "ws2")
        for frame in run.trace.frames
        if frame.link_type == 1
        and frame.octets[54:58] == b"\x85\0\0\0"
        and frame.octets[:6] == frame.octets[:5] + b"\x0c"
    ]
    assert spoken == [round((3600 + first_rto_s * n) * S) for n in (0, 1, 3, 7, 15, 31)]


def test_an_open_file_bars_autodisconnect() -> None:
    """At 20 min Ann is gone, and Bob, silent for longer than 15, is not."""
    (row,) = table(run_of(LOSS, NBT), 1200.0)
    assert (row["user"], row["opens"], row["files"]) == ("bob", 1, ["PLAN.XLS"])
    assert row["idle_s"] > 15 * MINUTE


def test_without_autodisconnect_the_idle_one_waits_for_netbt_too() -> None:
    run = run_of(LOSS, "smb-nt4-autodisconnect-off")
    assert [each["silence_s"] for each in run.json["sessions"]] == [3631.5, 3631.5]


def test_over_netbeui_it_is_noticed_in_under_a_minute() -> None:
    """facts/netbeui.md: Ti 30 s, then 0.45 0.65 0.95 1.4 2.05 3.05 4.55 6.8 s: 49.9 s."""
    run = run_of(LOSS, NBF)
    for number, client in ((1, "ws1"), (2, "ws2")):
        silence_ns = closed_ns(run, number) - last_heard_ns(run, client)
        assert silence_ns == 49_900_000_000 < MINUTE * S
        told = run.json["sessions"][number - 1]
        assert told["notice_delay_s"] < MINUTE
        assert told["states"][-1]["cause"] == "8 LLC polls unanswered"


def test_over_direct_ipx_nobody_asks_and_open_files_bar_nothing() -> None:
    """[3.1] 15 min without a command, whatever is open, at the scavenger's look."""
    run, found = run_of(LOSS, IPX), wire_of(LOSS, IPX)
    for number, client in ((1, "ws1"), (2, "ws2")):
        last = max(each.at_ns for each in found if each.client == client)
        assert 15 * MINUTE * S <= closed_ns(run, number) - last <= (15 * MINUTE + 30) * S
        assert run.json["sessions"][number - 1]["noticed_at_s"] is None


# --- the second client -----------------------------------------------------------------------


def bobs_open(policy: str) -> tuple[Smb, Smb, Smb]:
    """His request at 660 s, the break it caused, and the reply that let him in."""
    found = wire_of(LOCKED, policy)
    (asked,) = requests(found, "ws2", CREATE)
    (granted,) = [
        each
        for each in found
        if each.from_server and (each.client, each.mid, each.status) == ("ws2", asked.mid, 0)
        and each.commands == (CREATE,)
    ]  # fmt: skip
    breaks = [each for each in found if each.client == "ws1" and each.commands == (LOCKING,)]
    assert len(breaks) == 1 and breaks[0].from_server and breaks[0].mid == 0xFFFF
    return asked, breaks[0], granted


@pytest.mark.parametrize(
    ("policy", "wait_s", "after"),
    [
        (IPX, 35.0, "the oplock's wait (Q102630)"),
        (f"{NBT}-rto-3s", 35.0, "the oplock's wait: TCP needs 189 s"),
        (NBT, 31.5, "TCP: 0.5 s and five doublings"),
    ],
)
def test_the_second_client_waits_for_the_oplock_or_for_tcp(
    policy: str, wait_s: float, after: str
) -> None:
    asked, broken, granted = bobs_open(policy)
    assert broken.at_ns == asked.at_ns
    assert granted.at_ns - broken.at_ns == wait_s * S, after
    assert 660 * S <= asked.at_ns < 661 * S
    moves = run_of(LOCKED, policy).trace.moves(1)
    is_by_tcp = moves[-1].at_ns == granted.at_ns
    assert is_by_tcp == (wait_s < 35)


@pytest.mark.parametrize("policy", [NBF, NBIPX])
def test_where_the_transport_asks_nobody_waits_for_a_dead_clients_oplock(policy: str) -> None:
    """It was found dead long before: two frames' time."""
    found = wire_of(LOCKED, policy)
    (asked,) = requests(found, "ws2", CREATE)
    (granted,) = [
        each for each in found
        if each.commands == (CREATE,) and each.from_server and each.client == "ws2"
    ]  # fmt: skip
    assert granted.at_ns - asked.at_ns < S // 1000
    assert [each for each in found if each.commands == (LOCKING,)] == []


def test_the_dead_clients_session_ends_as_its_carrier_can() -> None:
    """TCP 31.5 s or 189 s after the break; direct IPX 15 min after Ann's last command."""
    for policy, after_s in ((NBT, 31.5), (f"{NBT}-rto-3s", 189.0)):
        _, broken, _ = bobs_open(policy)
        assert closed_ns(run_of(LOCKED, policy), 1) - broken.at_ns == after_s * S
    last = max(each.at_ns for each in requests(wire_of(LOCKED, IPX), "ws1", 0x2E))
    ended = closed_ns(run_of(LOCKED, IPX), 1)
    assert 15 * MINUTE * S <= ended - last <= (15 * MINUTE + 30) * S
