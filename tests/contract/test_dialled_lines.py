"""What keeping watch over a dialled line costs, and what it breaks (facts/ipx.md 4.4).

Every expected number is worked out here from the documents' timers, never taken from a run.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.worlds import played

S = 10**9
#: facts/ipx.md 2.1: before the first poll, between polls, how many.
D1, D2, POLLS = 296.597, 59.319, 10
DAY = 86_400


def line(scenario: str, policy: str, *settings: str) -> dict[str, Any]:
    """The account of its one dialled line."""
    run = played(scenario, policy, *settings)
    (found,) = [link for link in run.json["links"] if link["kind"] == "dial"]
    return found


@pytest.mark.parametrize("set_up_s", [1, 2, 3])
def test_every_poll_of_an_idle_client_is_a_call_of_two_units(set_up_s: int) -> None:
    """The raising poll waits for the line, so the next one is due D1 and the set-up later."""
    told = line(
        "dial-on-demand-idle",
        "ncp-netware",
        f"links.wan.set_up={set_up_s}s",
        "links.wan.opening=0s",
    )
    assert abs(told["calls"] - DAY / (D1 + set_up_s)) <= 1
    assert 288 <= told["calls"] <= 290
    # The day may end in the middle of the last call.
    assert 2 * told["calls"] - 1 <= told["charged_units"] <= 2 * told["calls"]
    assert 69 <= told["cost"] <= 70 and told["currency"] == "DEM"


def test_a_dropped_poll_costs_a_poll_interval() -> None:
    told = line("dial-on-demand-idle", "ncp-netware", "links.wan.while_dialling=drop")
    assert abs(told["calls"] - DAY / (D1 + D2)) <= 1
    assert abs(told["calls"] - 242) <= 1


def test_spoofed_polls_cost_nothing() -> None:
    told = line("dial-on-demand-idle", "ncp-netware-spoofed")
    assert (told["calls"], told["charged_units"], told["cost"]) == (0, 0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["spx-nwlink", "nbipx-nwlink"])
def test_probes_closer_than_the_idle_time_hold_the_line_all_day(policy: str) -> None:
    """86400 s are 960 units of 90 s, less what belongs to the log-on."""
    told = line("dial-on-demand-idle", policy)
    assert (told["calls"], told["setup_calls"]) == (0, 1)
    assert DAY - 130 < told["connected_s"] < DAY
    assert abs(told["charged_units"] - DAY / 90) <= 3
    assert 114 <= told["cost"] <= 116


@pytest.mark.parametrize(("policy", "calls"), [("tcp-keepalive-nt4", 11), ("tcp-no-keepalive", 0)])
def test_keepalive_of_two_hours_makes_eleven_calls(policy: str, calls: int) -> None:
    """facts/tcp.md 5: 7200 s and the set-up: (86400 - 5) / 7202.6 = 11.99."""
    told = line("dial-on-demand-idle", policy)
    assert (told["calls"], told["setup_calls"]) == (calls, 1)


@pytest.mark.parametrize(("idle_s", "calls"), [(120, 1), (19, POLLS)])
def test_a_dead_client_is_noticed_at_the_same_time_either_way(idle_s: int, calls: int) -> None:
    """Ten polls 59.3 s apart hold a line of 120 s in one stretch, and dial one of 19 s each time.

    Before that, the live client has cost five calls: half an hour of polls 296.6 s apart.
    """
    setting = f"links.wan.idle_timeout={idle_s}s"
    run = played("spoofed-forever", "ncp-netware", setting)
    (session,) = run.json["sessions"]
    assert 889.5 <= session["silence_s"] <= 889.9
    told = next(link for link in run.json["links"] if link["kind"] == "dial")
    assert told["calls"] == 5 + calls
    lines = {link.name: link for link in run.result.links}
    last = [end - start for start, end in lines["wan"].calls_ns][-calls:]
    if idle_s == 120:
        # From CONNECT: what is left of the set-up, nine intervals, and the idle time.
        (stretch,) = last
        assert 650 * S < stretch < 655 * S and abs(stretch / S - (9 * D2 + 120)) < 3
    else:
        assert all(19 * S < each < 22 * S for each in last)


def test_cabletrons_rule_throws_a_live_idle_client_out() -> None:
    run = played("dial-on-demand-idle", "ncp-netware-spoofed-then-dropped")
    (session,) = run.json["sessions"]
    assert session["false_disconnect"] is True and session["client_lost_at_s"] is None
    # 120 min behind the hang-up of the log-on call, and the server's own time.
    at = next(each["at_s"] for each in session["states"] if each["state"] == "disconnected")
    assert 7200 + POLLS * D2 < at < 7200 + 130 + D1 + POLLS * D2


@pytest.mark.parametrize(
    ("policy", "false"),
    [("ncp-netware", 2), ("spx-nwlink", 2), ("nbf-nt4", 2), ("tcp-no-keepalive", 0)],
)
def test_an_outage_throws_healthy_clients_out_but_for_tcp(policy: str, false: int) -> None:
    run = played("wan-outage-30min", policy)
    sessions = run.json["sessions"]
    assert [each["fault"] for each in sessions] == ["line-outage"] * 2
    assert sum(each["false_disconnect"] for each in sessions) == false


@pytest.mark.parametrize(
    ("policy", "false"), [("tcp-keepalive-nt4", True), ("tcp-keepalive-nt4-5min", False)]
)
def test_a_nat_that_forgets_in_350_s(policy: str, false: bool) -> None:
    """7200 s are longer than 350, 300 s are not; ws1's NAT answers RST, ws2's says nothing."""
    run = played("nat-forgets-350s", policy)
    by_client = {each["client"]: each for each in run.json["sessions"]}
    assert [by_client[name]["false_disconnect"] for name in ("ws1", "ws2")] == [false, false]
    if false:
        causes = [by_client[name]["states"][1]["cause"] for name in ("ws1", "ws2")]
        assert causes == ["RST received", "5 keepalive probes unanswered"]
