"""A D channel's two ends talking: the data link, calls, and their references.

Q.931 5.1 (setting up), 5.3 (clearing), 4.3 (references); Q.921 5.5 (the data link).
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emu.stations.isdn import CallKey
from emu.units import seconds as s
from tests.stations.isdn.parts import TRIP, Channel, calls_of
from tests.wire.strategies import thorough

OURS, THEIRS = CallKey(1, ours=True), CallKey(1, ours=False)


def connected() -> Channel:
    """The user's call 1 on B channel 2, answered."""
    channel = Channel()
    channel.exchange.on_offer = lambda key, now: channel.exchange.end.proceed(key, 2, now)
    channel.user.end.dial("5550101", 0)
    channel.run(s(1))
    channel.exchange.end.answer(THEIRS, s(1))
    return channel.run(s(2))


def test_a_call_is_set_up_and_its_link_with_it() -> None:
    channel = connected()
    assert channel.messages == [
        "user SETUP",
        "exchange CALL_PROCEEDING",
        "exchange CONNECT",
        "user CONNECT_ACKNOWLEDGE",
    ]
    assert channel.link_frames == ["user SABME", "exchange UA"]
    assert channel.user.told == [("answered", OURS, 2)]
    # An exchange does not wait for the acknowledgement (Q.931 5.1.8).
    assert channel.exchange.told == [("offered", THEIRS, "5550101"), ("answered", THEIRS, 2)]
    frames = len(channel.frames)
    assert len(channel.run(s(3600)).frames) == frames, "an idle call says nothing"


@pytest.mark.parametrize("by", ["user", "exchange"])
def test_either_side_clears(by: str) -> None:
    """DISCONNECT, RELEASE, RELEASE COMPLETE (Q.931 5.3); then the user lets the link go."""
    channel = connected()
    before = len(channel.messages)
    side, key = (channel.user, OURS) if by == "user" else (channel.exchange, THEIRS)
    other = {"user": "exchange", "exchange": "user"}[by]
    side.end.clear(key, 16, s(2))
    channel.run(s(3))
    assert channel.messages[before:] == [
        f"{by} DISCONNECT",
        f"{other} RELEASE",
        f"{by} RELEASE_COMPLETE",
    ]
    assert channel.user.told[-1] == ("over", OURS, 16, True)
    assert channel.exchange.told[-1] == ("over", THEIRS, 16, True)
    assert channel.link_frames[2:] == ["user DISC", "exchange UA"]
    assert not calls_of(channel.user) | calls_of(channel.exchange)


def test_both_sides_clear_at_once() -> None:
    """Two DISCONNECT cross, two RELEASE cross, and both references are free (5.3.5)."""
    channel = connected()
    channel.user.end.clear(OURS, 16, s(2))
    channel.exchange.end.clear(THEIRS, 27, s(2))
    channel.run(s(3))
    assert channel.user.told[-1] == ("over", OURS, 16, True)
    assert channel.exchange.told[-1] == ("over", THEIRS, 27, True)
    assert not calls_of(channel.user) | calls_of(channel.exchange)


def test_a_call_that_is_being_cleared_is_not_cleared_twice() -> None:
    channel = connected()
    channel.user.end.clear(OURS, 16, s(2))
    frames = len(channel.frames)
    channel.user.end.clear(OURS, 17, s(2))
    assert len(channel.frames) == frames
    channel.run(s(3))
    assert channel.user.told[-1] == ("over", OURS, 16, True)


def test_a_refusal_ends_in_its_cause_without_connect() -> None:
    """User busy: RELEASE COMPLETE in answer to SETUP is enough (5.2.5.1)."""
    channel = Channel()
    channel.exchange.on_offer = lambda key, now: channel.exchange.end.clear(key, 17, now)
    channel.user.end.dial("5550101", 0)
    channel.run(s(1))
    assert channel.messages == ["user SETUP", "exchange RELEASE_COMPLETE"]
    assert channel.user.told == [("over", OURS, 17, False)]
    assert channel.exchange.told[-1] == ("over", THEIRS, 17, False)
    assert channel.link_frames[-2:] == ["user DISC", "exchange UA"]


def test_a_call_refused_after_it_proceeded_is_disconnected() -> None:
    channel = Channel()
    channel.exchange.on_offer = lambda key, now: channel.exchange.end.proceed(key, 1, now)
    channel.user.end.dial("5550101", 0)
    channel.run(s(1))
    channel.exchange.end.clear(THEIRS, 27, s(1))
    channel.run(s(2))
    assert channel.messages[1:] == [
        "exchange CALL_PROCEEDING",
        "exchange DISCONNECT",
        "user RELEASE",
        "exchange RELEASE_COMPLETE",
    ]
    assert channel.user.told == [("over", OURS, 27, False)]


def test_the_exchange_calls_the_user() -> None:
    """The link is set up by whoever has something to say, and let go by the user."""
    channel = Channel()
    channel.user.on_offer = lambda key, now: channel.user.end.answer(key, now)
    channel.exchange.end.dial("5550100", 0, channel=1)
    channel.run(s(1))
    assert channel.link_frames == ["exchange SABME", "user UA"]
    assert channel.messages == [
        "exchange SETUP",
        "user CONNECT",
        "exchange CONNECT_ACKNOWLEDGE",
    ]
    assert channel.user.told == [("offered", THEIRS, "5550100"), ("answered", THEIRS, 1)]
    channel.exchange.end.clear(OURS, 16, s(1))
    channel.run(s(2))
    assert channel.link_frames[-2:] == ["user DISC", "exchange UA"]


def test_two_calls_of_one_reference_from_both_sides_are_two() -> None:
    """Q.931 4.3: the flag says whose the reference is."""
    channel = Channel()
    for side in (channel.user, channel.exchange):
        side.on_offer = lambda key, now, end=side.end: end.answer(key, now)
    channel.user.end.dial("1", 0)
    channel.exchange.end.dial("2", 0, channel=1)
    channel.run(s(1))
    assert calls_of(channel.user) == calls_of(channel.exchange) == {OURS, THEIRS}
    channel.user.end.clear(OURS, 16, s(1))
    channel.run(s(2))
    assert calls_of(channel.user) == {THEIRS}
    assert calls_of(channel.exchange) == {OURS}
    assert "user DISC" not in channel.link_frames, "there is a call left"


def test_references_go_round_and_are_used_again() -> None:
    """1 to 127, the next one each time, and 1 again after 127."""
    channel = Channel()
    channel.exchange.on_offer = lambda key, now: channel.exchange.end.clear(key, 17, now)
    keys = []
    for number in range(130):
        keys.append(channel.user.end.dial("1", s(number)).reference)
        channel.run(s(number + 1) - 1)
    assert keys == [*range(1, 128), 1, 2, 3]
    assert channel.user.what == ["over"] * 130


def test_a_reference_in_use_is_passed_over() -> None:
    channel = connected()
    channel.exchange.on_offer = lambda key, now: channel.exchange.end.clear(key, 17, now)
    for number in range(126):
        channel.user.end.dial("1", s(2 + number))
        channel.run(s(3 + number) - 1)
    assert channel.user.end.dial("1", s(200)).reference == 2, "1 is still up"


def test_a_call_dialled_in_the_very_turn_in_which_another_ended_gets_through() -> None:
    """The old link is being let go just then."""
    channel = connected()
    said = channel.user.over

    def over_and_dial(*what: object) -> None:
        said(*what)  # type: ignore[arg-type]
        channel.user.end.dial("2", channel.now)

    channel.user.over = over_and_dial  # type: ignore[method-assign]
    channel.user.end.clear(OURS, 16, s(2))
    channel.run(s(3))
    assert channel.user.end.has(CallKey(2, ours=True))
    assert channel.exchange.told[-1] == ("offered", CallKey(2, ours=False), "2")


@pytest.mark.parametrize("lost", range(1, 20))
def test_one_lost_frame_delays_a_call_and_nothing_more(lost: int) -> None:
    """LAPD sends it again after T200 = 1 s (Q.921 5.6.7, 5.9.1)."""
    channel = Channel(lose=lambda number: number == lost)
    channel.exchange.on_offer = lambda key, now: channel.exchange.end.proceed(key, 1, now)
    channel.user.end.dial("1", 0)
    channel.run(s(5))
    channel.exchange.end.answer(THEIRS, s(5))
    channel.run(s(10))
    assert channel.user.told == [("answered", OURS, 1)]
    channel.user.end.clear(OURS, 16, s(10))
    channel.run(s(30))
    assert channel.user.told[-1] == ("over", OURS, 16, True)
    assert channel.exchange.told[-1] == ("over", THEIRS, 16, True)
    assert not calls_of(channel.user) | calls_of(channel.exchange)


def test_a_dead_exchange_fails_the_call_by_its_timer() -> None:
    """Nobody answers SABME: T303 twice, 4 s each (Q.931 5.1.1, table 9-2), then cause 102."""
    channel = Channel(lose=lambda _number: True)
    channel.user.end.dial("1", 0)
    channel.run(s(8) - 1)
    assert channel.user.told == []
    channel.run(s(8))
    assert channel.user.told == [("over", OURS, 102, False)]
    assert not calls_of(channel.user)
    channel.run(s(30))
    frames = len(channel.frames)
    assert len(channel.run(s(3600)).frames) == frames, "and then there is silence"


def test_an_exchange_that_dies_in_a_call_is_given_up_when_the_user_clears() -> None:
    """T305 30 s, then RELEASE and T308 4 s twice: 38 s (Q.931 5.3.3)."""
    channel = connected()
    channel.lose = lambda _number: True
    channel.user.end.clear(OURS, 16, s(2))
    channel.run(s(2 + 38) - 1)
    assert channel.user.told[-1] == ("answered", OURS, 2)
    channel.run(s(2 + 38))
    assert channel.user.told[-1] == ("over", OURS, 16, True)
    assert not calls_of(channel.user)


@pytest.mark.parametrize("network", [False, True])
def test_what_is_no_frame_is_dropped(network: bool) -> None:
    channel = connected()
    end = (channel.exchange if network else channel.user).end
    for octets in (b"", b"\0", b"\0\x81\x7f\xff\xff", bytes(200)):
        end.receive(octets, s(2))
    assert len(calls_of(channel.user)) == len(calls_of(channel.exchange)) == 1


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["dial", "answer", "proceed", "clear"]),
        st.booleans(),
        st.integers(1, 2),
        st.sampled_from([0, 1, TRIP, 2 * TRIP, 10 * TRIP, s(1), s(5)]),
    ),
    max_size=24,
)


@given(_STEPS, st.integers(0, 2**32), st.sampled_from([0.0, 0.0, 0.1, 0.5]))
@example([("dial", False, 1, 0), ("clear", False, 1, 0)], 0, 0.0)
@thorough
def test_no_interleaving_leaves_a_call_half_open_or_a_reference_taken(
    steps: list[tuple[str, bool, int, int]], seed: int, loss: float
) -> None:
    """Whatever was asked, once both sides have cleared everything and the timers have run out,
    both ends are empty, everybody was told of every end exactly once, and it is silent."""
    dice = Random(seed)
    lossy = [True]
    channel = Channel(lose=lambda _number: lossy[0] and dice.random() < loss)
    for what, network, reference, pause in steps:
        _do(channel, what, network, reference)
        channel.run(channel.now + pause)
    lossy[0] = False
    for _ in range(2):
        for side in (channel.user, channel.exchange):
            for key in sorted(calls_of(side)):
                side.end.clear(key, 16, channel.now)
        channel.run(channel.now + s(300))
    assert not calls_of(channel.user)
    assert not calls_of(channel.exchange)
    for side in (channel.user, channel.exchange):
        overs = side.what.count("over")
        dialled = sum(1 for what, network, _, _ in steps if what == "dial" and
                      network is side.network)  # fmt: skip
        assert overs == dialled + side.what.count("offered")
    frames = len(channel.frames)
    assert len(channel.run(channel.now + s(3600)).frames) == frames


def _do(channel: Channel, what: str, network: bool, reference: int) -> None:
    side = channel.exchange if network else channel.user
    key = CallKey(reference, ours=False)
    if what == "dial":
        side.end.dial("1", channel.now, channel=1 if network else 0)
    elif what == "clear":
        side.end.clear(CallKey(reference, ours=reference == 1), 16, channel.now)
    elif _answerable(side.told, key, side.end.has(key)) and what == "answer":
        side.told.append(("answers", key))
        side.end.answer(key, channel.now)
    elif what == "proceed" and side.told[-1:] == [("offered", key, "1")]:
        side.told.append(("proceeds", key))
        side.end.proceed(key, 1, channel.now)


def _answerable(told: list[tuple[object, ...]], key: CallKey, has: bool) -> bool:
    """Offered, and neither answered nor being cleared: what a user of an end knows."""
    mine = [each[0] for each in told if each[1] == key]
    return has and mine[-1:] in (["offered"], ["proceeds"])
