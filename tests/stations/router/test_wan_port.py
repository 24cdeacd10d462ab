"""A dialled port: what waits, when PPP opens, and in which order it all ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.dial import CISCO, State
from emu.machines.interesting import EVERYTHING
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.stations.router.wan_lan import FAR, NEAR, PARAMS, POLL, RIP, TRIP, Line, ipx


def test_a_poll_raises_the_link_waits_and_crosses_when_ppp_is_open() -> None:
    """LCP and IPXCP each take a request and an acknowledgement: two round trips, then a trip."""
    line = Line()
    line.near.port.carry(ipx(), 0)
    assert line.near.said == [(0, "place", FAR)]
    line.at(s(1)).connect()
    assert line.far.words == ["answer"]
    line.at(s(2))
    (arrived,) = line.far.got
    assert arrived == (s(1) + 5 * TRIP, POLL)
    assert line.near.said[1:] == [(s(1) + 4 * TRIP, "up", FAR)]
    assert line.far.said[1:] == [(s(1) + 4 * TRIP, "up", NEAR)]
    assert line.near.state is line.far.state is State.UP


def test_ppp_begins_the_opening_time_after_connect() -> None:
    line = Line(opening_ns=ms(700))
    line.near.port.carry(ipx(), 0)
    line.at(s(1)).connect()
    line.at(s(1) + ms(700) - 1)
    assert line.near.ppp == line.far.ppp == []
    line.at(s(1) + ms(700))
    assert line.near.ppp == line.far.ppp == [(s(1) + ms(700), "LCP CONFIGURE_REQUEST")]


@pytest.mark.parametrize("first", ["near", "far"])
def test_ppp_begins_with_whoever_is_ready_first(first: str) -> None:
    """RFC 1661 4.1: a request that comes early starts this end, too; nothing is lost."""
    line = Line(opening_ns=ms(700))
    line.near.port.carry(ipx(), 0)
    line.at(s(1))
    early, late, names = (
        (line.near, line.far, (FAR, NEAR))
        if first == "near"
        else (line.far, line.near, (NEAR, FAR))
    )
    line.far.port.arrived(NEAR, s(1))
    early.port.connected(names[0], s(1))
    line.at(s(1) + ms(300))
    late.port.connected(names[1], line.now)
    line.at(s(3))
    assert late.ppp[0] == (s(1) + ms(700) + TRIP, "LCP CONFIGURE_REQUEST")
    assert line.near.state is line.far.state is State.UP


def test_a_frame_before_connect_does_no_harm() -> None:
    """CONNECT may take longer to one side than the first PPP frame of the other."""
    line = Line()
    line.near.port.carry(ipx(), 0)
    line.at(s(1))
    line.far.port.arrived(NEAR, s(1))
    line.far.port.connected(NEAR, s(1))
    line.at(s(1) + 2 * TRIP)
    line.near.port.connected(FAR, line.now)
    line.at(s(10))
    assert line.near.state is line.far.state is State.UP
    assert [payload for _, payload in line.far.got] == [POLL]


def test_what_waits_crosses_once_and_in_order() -> None:
    line = Line()
    polls = [POLL[:-1] + bytes((number,)) for number in range(3)]
    for number, poll in enumerate(polls):
        line.at(ms(number)).near.port.carry(ipx(poll), line.now)
    line.at(s(1)).connect()
    line.near.port.carry(ipx(POLL), line.now)
    line.at(s(2))
    assert [payload for _, payload in line.far.got] == [*polls, POLL]


def test_a_queue_of_none_drops_what_raised_the_link() -> None:
    line = Line(replace(PARAMS, queue_frames=0))
    line.near.port.carry(ipx(), 0)
    assert line.near.words == ["place"]
    line.at(s(1)).connect()
    line.at(s(2))
    assert line.far.got == []
    line.near.port.carry(ipx(), s(2))
    line.at(s(3))
    assert line.far.got == [(s(2) + TRIP, POLL)]


def test_what_does_not_count_neither_raises_nor_holds_but_flows() -> None:
    line = Line()
    line.near.port.carry(ipx(RIP), 0)
    assert line.near.said == []
    assert [note.facts["why"] for note in line.near.told("dropped")] == ["not interesting"]
    line.up()
    line.at(s(60)).near.port.carry(ipx(RIP), s(60))
    line.at(s(61))
    assert line.far.got[-1] == (s(60) + TRIP, RIP)
    line.at(s(1) + 4 * TRIP + s(120))
    assert line.near.state is State.HANGING_UP


def test_what_is_urgent_raises_whatever_the_list_says() -> None:
    line = Line()
    line.near.port.carry(ipx(RIP, urgent=True), 0)
    assert line.near.words == ["place"]


def test_another_list_another_answer() -> None:
    line = Line(dialer_list=EVERYTHING)
    line.near.port.carry(ipx(RIP), 0)
    assert line.near.words == ["place"]


def test_idle_ends_ppp_first_and_then_the_call() -> None:
    """Terminate-Request, Terminate-Ack, then the call (RFC 1661 3.7)."""
    line = Line().up()
    idle = s(1) + 4 * TRIP + s(120)
    line.at(idle - 1)
    assert line.near.words[-1] == "up"
    line.at(idle)
    assert line.near.ppp[-1] == (idle, "LCP TERMINATE_REQUEST")
    assert line.near.said[-1] == (idle, "down", FAR)
    line.at(idle + s(1))
    assert line.far.ppp[-1] == (idle + TRIP, "LCP TERMINATE_ACK")
    (end,) = [each for each in line.near.said if each[1] == "end"]
    assert end[:3] == (idle + 2 * TRIP, "end", FAR)
    line.clear()
    assert line.near.state is line.far.state is State.DOWN
    frames = len(line.near.ppp) + len(line.far.ppp)
    line.at(s(3600))
    assert len(line.near.ppp) + len(line.far.ppp) == frames, "and then it is silent"


def test_a_far_end_that_is_dead_does_not_keep_the_call() -> None:
    """Terminate-Request is sent twice, 3 s apart (RFC 1661 4.6: Max-Terminate 2)."""
    line = Line().up()
    line.alive = False
    idle = s(1) + 4 * TRIP + s(120)
    line.at(idle + s(6) - 1)
    assert "end" not in line.near.words
    line.at(idle + s(6))
    assert line.near.words[-1] == "end"
    assert [what for _, what in line.near.ppp].count("LCP TERMINATE_REQUEST") == 2


def test_the_far_side_hangs_up_first() -> None:
    """Its Terminate-Request is acknowledged; then there is nothing left to keep a call for."""
    line = Line().up()
    line.at(s(5)).far.port.hang_up("operator", s(5))
    line.at(s(6))
    assert (s(5) + TRIP, "LCP TERMINATE_ACK") in line.near.ppp
    assert line.near.said[-2][:2] == (s(5) + TRIP, "down")
    line.clear()
    line.at(s(7))
    assert line.near.state is line.far.state is State.DOWN


def test_a_call_that_is_cut_takes_the_link_down_at_once() -> None:
    line = Line().up()
    line.clear("27 destination out of order")
    assert line.near.said[-1] == (s(2), "down", FAR)
    assert line.near.state is State.DOWN
    assert "failed" not in line.near.words
    line.at(s(3600))
    assert line.near.words.count("place") == 1


def test_a_call_that_fails_while_dialling_drops_what_waits() -> None:
    """CISCO: no redial, and 15 s of peace before the next attempt (facts/ipx.md 4.2)."""
    line = Line()
    line.near.port.carry(ipx(), 0)
    line.at(s(1)).near.port.over(FAR, "17 user busy", s(1))
    assert line.near.words == ["place", "failed"]
    dropped = [note.facts for note in line.near.told("dropped")]
    assert [(each["why"], each["frames"]) for each in dropped] == [("call failed", 1)]
    line.near.port.carry(ipx(), s(2))
    line.at(s(16) - 1)
    assert line.near.words == ["place", "failed"]
    line.at(s(16))
    assert line.near.words == ["place", "failed", "place"]


def test_no_carrier_in_time_ends_the_call() -> None:
    """wait-for-carrier 30 s."""
    line = Line()
    line.near.port.carry(ipx(), 0)
    line.at(s(30) - 1)
    assert line.near.words == ["place"]
    line.at(s(30))
    assert line.near.said[-1] == (s(30), "end", FAR, "no carrier in time")
    line.near.port.over(FAR, "16 normal", s(31))
    assert line.near.state is State.DOWN


def test_a_carrier_that_comes_too_late_is_let_go() -> None:
    """CONNECT crosses with our hang-up: no PPP on that call, and it ends."""
    line = Line()
    line.near.port.carry(ipx(), 0)
    line.at(s(30))
    line.near.port.connected(FAR, s(30) + 1)
    line.near.port.over(FAR, "16 normal", s(31))
    line.at(s(32))
    assert line.near.state is State.DOWN
    assert "up" not in line.near.words


def test_ppp_that_does_not_open_ends_the_call() -> None:
    """Ten Configure-Requests, 3 s apart (RFC 1661 4.6): 30 s after CONNECT."""
    line = Line()
    line.alive = False
    line.near.port.carry(ipx(), 0)
    line.at(s(1)).connect()
    line.at(s(31) - 1)
    assert "end" not in line.near.words
    line.at(s(31))
    assert line.near.words[-1] == "end"
    assert [what for _, what in line.near.ppp] == ["LCP CONFIGURE_REQUEST"] * 10


def test_a_packet_that_comes_while_hanging_up_raises_the_next_call() -> None:
    """It waits for the old call to be gone and for the line to have rested (15 s)."""
    line = Line().up()
    idle = s(1) + 4 * TRIP + s(120)
    line.at(idle).near.port.carry(ipx(), idle)
    got = len(line.far.got)
    line.at(idle + s(1)).clear()
    line.at(idle + s(16) - 1)
    assert line.near.words.count("place") == 1
    line.at(idle + s(16))
    assert line.near.words.count("place") == 2
    line.connect().at(idle + s(17))
    assert len(line.far.got) == got + 1


def test_a_call_that_arrives_while_one_is_placed_is_refused() -> None:
    """Glare: whoever holds both calls tells them apart; here only that it is refused."""
    line = Line()
    line.near.port.carry(ipx(), 0)
    line.near.port.arrived(FAR, ms(1))
    assert line.near.words == ["place", "refuse"]
    assert line.near.state is State.DIALLING


def test_frames_of_a_call_that_is_over_do_not_confuse_the_next() -> None:
    line = Line().up()
    line.clear()
    line.near.port.heard(FAR, bytes.fromhex("c021050100 04".replace(" ", "")), s(3))
    line.near.port.heard(FAR, b"", s(3))
    line.near.port.heard(FAR, b"\0\x2b" + POLL, s(3))
    assert line.near.state is State.DOWN
    assert line.near.got == []
    line.at(s(20)).near.port.carry(ipx(), s(20))
    line.at(s(21)).connect().at(s(22))
    assert line.near.state is line.far.state is State.UP


def test_packets_of_the_far_side_hold_the_link_if_both_directions_count() -> None:
    for params, held in ((PARAMS, True), (CISCO, False)):
        line = Line(params).up()
        line.at(s(60)).far.port.carry(ipx(to=NEAR), s(60))
        line.at(s(130))
        assert (line.near.state is State.UP) is held


def test_raised_by_hand_with_nothing_to_carry() -> None:
    line = Line()
    line.near.port.raise_lines(0)
    line.near.port.raise_lines(ms(1))
    assert line.near.words == ["place"]
    line.at(s(1)).connect().at(s(2))
    assert line.near.state is State.UP
    assert line.far.got == []
    line.near.port.raise_lines(s(2))
    assert line.near.words == ["place", "up"]


def test_a_broadcast_goes_to_every_destination() -> None:
    line = Line(destinations=(FAR, "other"), channels=2)
    line.near.port.carry(ipx(to=None), 0)
    assert line.near.said == [(0, "place", FAR), (0, "place", "other")]


def test_the_third_destination_waits_for_a_channel_and_the_others_live_on_fast_idle() -> None:
    """Contention: 20 s instead of 120 s (facts/ipx.md 4.2), counted from the last packet."""
    line = Line(destinations=(FAR, "other"), channels=1).up()
    line.at(s(30)).near.port.carry(ipx(to="other"), s(30))
    line.at(s(31))
    assert line.near.words[-1] == "end", "it had been idle for longer than 20 s"
    line.clear()
    assert line.near.said[-1] == (s(31), "place", "other")
