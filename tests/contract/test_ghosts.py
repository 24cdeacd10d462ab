"""Awkward stories: struck twice, struck in the middle of a log-on, two transports, a user who
logs on again at once.  Nobody is counted twice, blamed falsely, or left in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.policy.loader import load_policy
from tests.contract.worlds import ENOUGH, NOTICING, POLICIES, US, S, made, ns, played

POWER_LOSS = 'kind = "power-loss"\n'


@pytest.mark.parametrize("policy", POLICIES)
def test_a_ghost_is_counted_once_however_often_its_client_is_struck(
    policy: str, tmp_path: Path
) -> None:
    """Lost at 200 s, back at 270 s, on again at 271 s, and lost for good at 280 s."""
    scenario = made(
        tmp_path,
        POWER_LOSS + 'at = "200s"\noff_for = "10s"',
        POWER_LOSS + 'at = "280s"',
        after_restart='{ after = "1s", do = "log-on" }',
        horizon="3h",
    )
    run = played(scenario, policy)
    ghost = 0
    for session in run.json["sessions"]:
        struck = 200 * S if session["id"] == 1 else 280 * S
        assert ns(session["client_lost_at_s"]) == struck
        moves = [m for m in run.trace.moves(session["id"]) if m.at_ns >= struck]
        since = struck
        for move in moves:
            if move.before == "ACTIVE":
                ghost += move.at_ns - since
            since = 280 * S if move.after == "ACTIVE" else 0
        if run.trace.moves(session["id"])[-1].after == "ACTIVE":
            ghost += scenario.horizon_ns - since
        assert session["false_disconnect"] is False
    assert ns(run.json["server"]["ghost_session_s"]) == ghost
    assert run.failures() == []


def claiming_ns(policy: str) -> int:
    """What a NetBIOS client waits before it calls: nobody may object to its name meanwhile."""
    values = load_policy(policy).values
    tries, wait = {
        "nbf": ("nbf.claim_tries", "nbf.claim_timeout"),
        "nbipx": ("nbipx.name_broadcasts", "nbipx.name_interval"),
    }.get(load_policy(policy).transport, ("", ""))
    return int(values[tries] or 0) * int(values[wait] or 0) if tries else 0


@pytest.mark.slow
@pytest.mark.parametrize("policy", ENOUGH)
def test_power_may_fail_at_any_point_of_a_log_on(policy: str, tmp_path: Path) -> None:
    """A log-on that arrives when its client is dark opens a ghost, struck when power failed."""
    program = '{ at = "1s", do = "log-on" }'
    seen = set()
    claimed_ns = S + claiming_ns(policy)
    for after_ns in range(0, 1_200 * US, 20 * US):
        struck = claimed_ns + after_ns
        fault = POWER_LOSS + f'at = "{struck}ns"'
        run = played(made(tmp_path, fault, program=program, horizon="3h"), policy)
        seen.add(len(run.json["sessions"]))
        for session in run.json["sessions"]:
            assert ns(session["client_lost_at_s"]) == struck
            assert session["false_disconnect"] is False
            moves = run.trace.moves(1)
            noticed = [m.at_ns for m in moves if m.before == "ACTIVE"]
            assert ns(session["noticed_at_s"]) == (noticed[0] if noticed else None)
            # Data in flight (TCP's WELCOME) is noticed even without keepalive.
            acknowledged = run.trace.connections[0].unacknowledged_since_ns is None
            if policy not in NOTICING:
                assert bool(noticed) != acknowledged
            else:
                assert noticed
        assert run.failures() == []
    assert seen == {0, 1}


@pytest.mark.slow
@pytest.mark.parametrize("policy", ENOUGH)
def test_power_may_fail_at_any_point_of_a_log_off(policy: str, tmp_path: Path) -> None:
    """Logged off is closed: neither noticed nor false; else a ghost like any other."""
    program = '{ at = "0s", do = "log-on" }, { at = "100s", do = "log-off" }'
    for after_ns in range(0, 400 * US, 20 * US):
        fault = POWER_LOSS + f'at = "{100 * S + after_ns}ns"'
        run = played(made(tmp_path, fault, program=program, horizon="3h"), policy)
        (session,) = run.json["sessions"]
        assert [state["state"] for state in session["states"]] == ["active", "closed"]
        assert session["noticed_at_s"] is None and session["false_disconnect"] is False
        assert not [text for text in run.failures() if "closed formula" in text]


def test_two_transports_share_a_server(tmp_path: Path) -> None:
    """Each client's policy judges its own session: 305 s of TCP, 80 s of NetWare."""
    second = """
[clients.ws2]
user = "bob"
boot_time = "60s"
policy = "ncp-netware-tight"
program = [{ at = "0s", do = "log-on" }, { at = "100s", do = "work" }]

[[faults]]
client = "ws2"
kind = "power-loss"
at = "101s"
"""
    scenario = made(tmp_path, POWER_LOSS + 'at = "101s"', more=second, horizon="1h")
    run = played(scenario, "tcp-keepalive-nt4-5min")
    by_client = {session["client"]: session for session in run.json["sessions"]}
    assert {name: each["transport"] for name, each in by_client.items()} == {
        "ws1": "tcp",
        "ws2": "ncp",
    }
    assert by_client["ws1"]["silence_s"] == 305.0
    assert 79.9 < by_client["ws2"]["silence_s"] < 80.1
    assert by_client["ws1"]["probes"]["frames"] == 5
    assert by_client["ws2"]["probes"]["frames"] == 2 * 3 + 5
    assert run.failures() == []


@pytest.mark.parametrize("again", ["1ms", "1s", "60s"])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_refused_user_may_try_again_at_any_pace(policy: str, again: str, tmp_path: Path) -> None:
    """One licence, held by Ann; Bob tries five times."""
    bob = f"""
[clients.ws2]
user = "bob"
boot_time = "60s"
program = [{{ at = "10s", do = "log-on" }}]
log_on_again_every = "{again}"
log_on_tries = 5
"""
    run = played(made(tmp_path, more=bob, horizon="1h"), policy, "policy.server.session_limit=1")
    assert run.json["server"]["refused_by_limit"] == 5
    assert [session["user"] for session in run.json["sessions"]] == ["ann"]


@pytest.mark.parametrize("apart", ["0s", "100us", "1s"])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_user_may_log_off_and_on_again_at_once(policy: str, apart: str, tmp_path: Path) -> None:
    first = "100s"
    second = {"0s": "100s", "100us": "100.0001s", "1s": "101s"}[apart]
    program = f"""
        {{ at = "0s", do = "log-on" }}, {{ at = "{first}", do = "log-off" }},
        {{ at = "{second}", do = "log-on" }}, {{ at = "110s", do = "work" }}"""
    run = played(made(tmp_path, program=program, horizon="1h"), policy)
    states = [[s["state"] for s in each["states"]] for each in run.json["sessions"]]
    assert states == [["active", "closed"], ["active"]]
    assert not any(each["false_disconnect"] for each in run.json["sessions"])
    assert run.failures() == []


@pytest.mark.parametrize("policy", POLICIES)
def test_who_is_logged_on_does_not_log_on_again(policy: str, tmp_path: Path) -> None:
    """A program may ask for it; one person at one computer has one session."""
    program = (
        '{ at = "0s", do = "log-on" }, { at = "5s", do = "log-on" }, { at = "9s", do = "work" }'
    )
    run = played(made(tmp_path, program=program, horizon="1h"), policy)
    assert [s["state"] for each in run.json["sessions"] for s in each["states"]] == ["active"]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_session_follows_its_user_to_another_computer(policy: str, tmp_path: Path) -> None:
    """Ann's computer dies at 150 s; she takes her session up at ws2, whose power fails later.

    Without keepalive a second session opens there; either way the fault at ws2 strikes what is
    active at ws2, and the one at ws1 is not blamed for it.
    """
    second = """
[clients.ws2]
user = "ann"
boot_time = "60s"
program = [{ at = "9000s", do = "log-on" }]

[[faults]]
client = "ws2"
kind = "power-loss"
at = "9100s"
"""
    scenario = made(tmp_path, POWER_LOSS + 'at = "150s"', more=second, horizon="6h")
    run = played(scenario, policy)
    records = run.result.records.sessions
    losses = [[(loss.client, loss.at_ns // S) for loss in r.losses] for r in records.values()]
    if policy not in NOTICING:
        assert losses == [[("ws1", 150)], [("ws2", 9100)]]
    else:
        assert losses == [[("ws1", 150), ("ws2", 9100)]]
        assert [loss.noticed_at_ns is not None for loss in records[1].losses] == [True, True]
    assert not any(record.false_disconnect for record in records.values())
    assert run.failures() == []


def test_a_change_is_blamed_on_a_frame_of_its_own_client(tmp_path: Path) -> None:
    """mars_nwe looks after everybody at one check: as one is cleared, others are polled.

    Ann's client dies; six live ones, before and after it, were last heard in each of the three
    phases of their polls (every third check), so some are polled at the very check.
    """
    names = ("pc1", "pc2", "pc3", "pc4", "pc5", "pc6")
    crowd = "".join(
        f"""
[clients.{name}]
user = "{name}"
boot_time = "60s"
program = [{{ at = "0s", do = "log-on" }}, {{ at = "{at}s", do = "work" }}]
"""
        for name, at in zip(names, (100, 130, 160, 101, 131, 161), strict=True)
    )
    scenario = made(tmp_path, POWER_LOSS + 'at = "300s"', more=crowd, horizon="1h")
    # Polled at every check, she is the last at hers: her timer was set one check ago.
    run = played(scenario, "ncp-mars-nwe", "policy.ncp.delay_between_polls=20s")
    (ann,) = (session for session in run.json["sessions"] if session["user"] == "ann")
    left = ann["states"][-1]
    (connection,) = run.trace.carriers(ann["id"])
    (move,) = (m for m in run.trace.moves(ann["id"]) if m.before == "ACTIVE")
    lan = [f for f in run.trace.frames if f.link_type == 1 and f.number < move.row]
    assert lan[-1].at_ns == move.at_ns, "somebody is polled at this check, before she is cleared"
    assert left["frame"]["number"] == connection.probes[-1].frame.number


@pytest.mark.parametrize(("late_ns", "states"), [(0, 1), (1, 2)])
def test_an_answer_exactly_on_the_deadline_counts(
    late_ns: int, states: int, tmp_path: Path
) -> None:
    """57.6 us of frame and 442.4 us of cable, twice: the answer is there after 1 ms sharp.

    One probe, given up after 1 ms: frames go before timers at one instant (architecture.md 1).
    """
    cable = f"links.server-lan.propagation={442_400 + late_ns}ns"
    run = played(
        made(tmp_path, horizon="1h"),
        "tcp-keepalive-nt4-5min",
        cable,
        "policy.tcp.retransmissions=1",
        "policy.tcp.keepalive_interval=1ms",
    )
    (session,) = run.json["sessions"]
    assert len(session["states"]) == states
    assert session["false_disconnect"] is (states == 2)
