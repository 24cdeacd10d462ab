"""Spoofing, played in the world (facts/ipx.md 4.4): what must fit into a window that is off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.policy.loader import load_policy
from emu.run import play
from emu.scenario.loader import load_scenario

S = 10**9


def noticed_s(policy: str, *, off: str | None = None, horizon_s: int | None = None) -> float | None:
    """When the dead client is noticed, in seconds."""
    scenario = load_scenario("spoofed-forever")
    if horizon_s is not None:
        scenario = replace(scenario, horizon_ns=horizon_s * S)
    chosen = load_policy(policy)
    if off is not None:
        chosen = chosen.with_setting("policy.router.ncp_watchdog_off", off)
    (session,) = play(scenario, chosen).records.sessions.values()
    noticed = session.losses[0].noticed_at_ns
    return None if noticed is None else noticed / S


def test_always_is_never() -> None:
    assert noticed_s("ncp-netware-spoofed") is None


def test_a_window_of_eighteen_minutes_holds_a_whole_run() -> None:
    """On from 0 to 1 h, off to 1 h 18 min: noticed in it or just behind it."""
    noticed = noticed_s("ncp-netware-spoofed-windows")
    assert noticed is not None and 3600 + 593 < noticed < 3600 + 1080 + 60


@pytest.mark.parametrize("off", ["9m", "530s"])
def test_nine_minutes_are_not_enough_in_four_hours(off: str) -> None:
    """540 s < N x D2 = 593 s, but 540 s > (N - 1) x D2 = 533.9 s: see the next test."""
    assert noticed_s("ncp-netware-spoofed-windows", off=off) is None


def test_what_must_fit_is_nine_intervals_between_ten_polls() -> None:
    """The last interval may be over when the router answers again: nobody asks it by then."""
    assert noticed_s("ncp-netware-spoofed-windows", off="9m", horizon_s=5 * 3600) is not None
    assert noticed_s("ncp-netware-spoofed-windows", off="533s", horizon_s=10 * 86_400) is None


def test_answered_for_two_hours_and_then_dropped() -> None:
    """120 min after the hang-up, and the server's time: less than D1 + N x D2 = 889.8 s of it,
    since the last answer was the router's."""
    noticed = noticed_s("ncp-netware-spoofed-then-dropped")
    assert noticed is not None and 7200 + 593 < noticed < 7200 + 125 + 890


def test_an_answer_over_dlsw_lists_what_its_switches_assume() -> None:
    """Their numbers stand in no policy file, so the run has to confess them."""
    result = play(load_scenario("spoofed-forever"), load_policy("nbf-nt4-dlsw"))
    assumed = {str(each["what"]): each["value"] for each in result.assumptions}
    assert assumed["dlsw.link.window"] == "7"
    assert assumed["dlsw.circuit_start_ns"] == "1m"
    plain = play(load_scenario("spoofed-forever"), load_policy("nbf-nt4"))
    assert not [each for each in plain.assumptions if str(each["what"]).startswith("dlsw")]
