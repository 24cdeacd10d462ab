"""When a router spoofs: instants and half-open windows (facts/ipx.md 4.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError
from emu.machines.spoof import (
    CYBERSWITCH,
    IOS_WINDOWS,
    Always,
    Forward,
    Spoofing,
    SpoofThenDrop,
    Verdict,
    Windows,
)
from emu.units import seconds as s

FORWARD, ANSWER, DROP = Verdict.FORWARD, Verdict.ANSWER, Verdict.DROP
DAY = s(86_400)


def test_the_numbers_of_the_products() -> None:
    """1 h and 18 min, 120 min, in nanoseconds."""
    assert (IOS_WINDOWS.on_ns, IOS_WINDOWS.off_ns) == (3_600 * 10**9, 1_080 * 10**9)
    assert CYBERSWITCH.spoof_ns == 7_200 * 10**9


@given(now=st.integers(0, 10 * DAY), changes=st.lists(st.booleans()))
def test_two_modes_look_at_nothing(now: int, changes: list[bool]) -> None:
    always, never = Spoofing(Always()), Spoofing(Forward())
    for up in changes:
        always.link_changed(up=up, now=0)
        never.link_changed(up=up, now=0)
    assert (always.verdict(now), never.verdict(now)) == (ANSWER, FORWARD)


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (0, ANSWER),
        (s(3_600) - 1, ANSWER),
        (s(3_600), FORWARD),
        (s(4_680) - 1, FORWARD),
        (s(4_680), ANSWER),
        (s(4_680) + s(3_600), FORWARD),
        (10 * s(4_680) + s(3_600) - 1, ANSWER),
    ],
)
def test_windows_alternate_and_are_half_open(now: int, verdict: Verdict) -> None:
    """On for 3600 s, off for 1080 s: a period of 4680 s."""
    assert Spoofing(IOS_WINDOWS).verdict(now) is verdict


def test_windows_have_a_phase_that_reaches_back() -> None:
    """From 1000 s on; so the 1080 s before 1000 s are off, although the count starts at 1000 s."""
    spoofing = Spoofing(Windows(on_ns=s(3_600), off_ns=s(1_080), from_ns=s(1_000)))
    instants = [0, s(1_000) - 1, s(1_000), s(4_600) - 1, s(4_600)]
    assert [spoofing.verdict(at) for at in instants] == [FORWARD, FORWARD, ANSWER, ANSWER, FORWARD]


def test_windows_do_not_look_at_the_link() -> None:
    spoofing = Spoofing(IOS_WINDOWS)
    for up in (True, False):
        spoofing.link_changed(up=up, now=s(1))
        assert (spoofing.verdict(s(2)), spoofing.verdict(s(3_601))) == (ANSWER, FORWARD)


def test_behind_a_hang_up_it_spoofs_for_t_and_then_drops() -> None:
    """Up at 10 s, down at 100 s, T = 7200 s: dropped from 7300 s on."""
    spoofing = Spoofing(CYBERSWITCH)
    spoofing.link_changed(up=True, now=s(10))
    assert [spoofing.verdict(at) for at in (s(10), s(99), DAY)] == [FORWARD] * 3
    spoofing.link_changed(up=False, now=s(100))
    assert [spoofing.verdict(at) for at in (s(100), s(7_300) - 1)] == [ANSWER] * 2
    assert [spoofing.verdict(at) for at in (s(7_300), 100 * DAY)] == [DROP] * 2


def test_each_disconnect_starts_t_anew() -> None:
    spoofing = Spoofing(SpoofThenDrop(spoof_ns=s(60)))
    spoofing.link_changed(up=True, now=s(10))
    spoofing.link_changed(up=False, now=s(20))
    assert spoofing.verdict(s(80)) is DROP
    spoofing.link_changed(up=True, now=s(100))
    assert spoofing.verdict(s(100)) is FORWARD
    spoofing.link_changed(up=False, now=s(200))
    assert [spoofing.verdict(at) for at in (s(260) - 1, s(260))] == [ANSWER, DROP]


def test_a_failed_call_is_no_disconnect() -> None:
    """Told "down" again without an "up" between, T goes on."""
    spoofing = Spoofing(SpoofThenDrop(spoof_ns=s(60)), now=s(5))
    spoofing.link_changed(up=False, now=s(50))
    assert [spoofing.verdict(at) for at in (s(65) - 1, s(65))] == [ANSWER, DROP]


@pytest.mark.parametrize("bad", [0, -1])
def test_times_are_above_0(bad: int) -> None:
    with pytest.raises(LocalProtocolError):
        Windows(on_ns=bad, off_ns=1)
    with pytest.raises(LocalProtocolError):
        Windows(on_ns=1, off_ns=bad)
    with pytest.raises(LocalProtocolError):
        SpoofThenDrop(spoof_ns=bad)
