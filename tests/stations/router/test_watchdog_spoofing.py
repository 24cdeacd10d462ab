"""NetWare's watchdog through spoofing routers: the octets, and what becomes of sessions.

D1 is 5400 ticks = 296.5974 s, D2 1080 ticks = 59.3195 s, N 10 (facts/ipx.md 2.1): a dead client
is noticed 889.792 s after its last packet, the last poll is 830.473 s after it.  Log-on is over
within the first 2 ms, so the last packet of a client that dies then is "at 0" below.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.spoof import (
    CYBERSWITCH,
    IOS_WINDOWS,
    Always,
    Forward,
    Mode,
    SpoofThenDrop,
    Windows,
)
from emu.stations.router.inspector import PASS, Ruling
from emu.stations.router.spoofing import WatchdogSpoofer
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.wire.outside import find_tshark

from .parts import ANSWER, POLL, ROUTER, SERVER, STARTS, RoutedWorld, framed

DAY = s(86_400)


def poll(name: str = "802.2") -> bytes:
    return framed(name, POLL, to=ROUTER, by=SERVER)


# --- octets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STARTS)
def test_the_answer_is_the_fact_sheets_from_the_routers_mac(name: str) -> None:
    """facts/ipx.md 1.13, both vectors; transport control 0 as whoever makes a datagram writes."""
    ruling = WatchdogSpoofer(Always()).outbound(poll(name), 0)
    assert ruling == Ruling(
        forward=False,
        answers=(framed(name, ANSWER, to=SERVER, by=ROUTER),),
        why="NCP watchdog poll answered for 0000000A:00A0C9112233:4004",
    )


def test_hops_and_checksum_of_the_poll_are_not_the_answers() -> None:
    """The poll crossed a router on its way here, and has a checksum (802.2 may)."""
    travelled = bytes.fromhex("1234") + POLL[2:4] + b"\1" + POLL[5:]
    frame = framed("802.2", travelled, to=ROUTER, by=SERVER)
    answers = WatchdogSpoofer(Always()).outbound(frame, 0).answers
    assert answers == (framed("802.2", ANSWER, to=SERVER, by=ROUTER),)


def test_a_sender_that_counts_padding_in_the_length_is_not_copied() -> None:
    """802.3 length 002E, all of the frame; the answer's is 0023: LLC 3, IPX 32."""
    poll_of_46 = ROUTER + SERVER + bytes.fromhex("002e e0e003") + POLL
    answers = WatchdogSpoofer(Always()).outbound(poll_of_46.ljust(60, b"\0"), 0).answers
    assert answers == (framed("802.2", ANSWER, to=SERVER, by=ROUTER),)


@pytest.mark.parametrize(
    "datagram",
    [
        ANSWER,
        POLL[:-1] + b"\x21",
        POLL[:5] + b"\x04" + POLL[6:],
        POLL[:3] + b"\x21" + POLL[4:] + b"\x00",
        POLL[:3] + b"\xff" + POLL[4:],
        POLL[:20],
    ],
    ids=["answer", "message", "not NCP", "three octets", "length beyond", "cut short"],
)
def test_what_is_no_poll_passes(datagram: bytes) -> None:
    frame = framed("802.2", datagram, to=ROUTER, by=SERVER)
    assert WatchdogSpoofer(Always()).outbound(frame, 0) == PASS


@given(octets=st.binary(max_size=80))
def test_any_octets_pass_or_are_ruled(octets: bytes) -> None:
    spoofer = WatchdogSpoofer(Always())
    assert spoofer.inbound(octets, 0) == PASS
    assert spoofer.outbound(octets, 0) == PASS or POLL[-1:] in octets


def test_a_poll_from_the_far_side_is_not_answered_here() -> None:
    assert WatchdogSpoofer(Always()).inbound(poll(), 0) == PASS


def test_a_dropped_poll_says_so() -> None:
    ruling = WatchdogSpoofer(SpoofThenDrop(spoof_ns=s(1))).outbound(poll(), s(1))
    why = "NCP watchdog poll for 0000000A:00A0C9112233:4004 dropped"
    assert ruling == Ruling(forward=False, why=why)


@pytest.mark.slow
@pytest.mark.parametrize("name", STARTS)
def test_tshark_reads_a_spoofed_answer_as_it_reads_a_real_one(name: str, tmp_path: Path) -> None:
    """The real one crossed two routers: transport control 2, and nothing else differs."""
    (spoofed,) = WatchdogSpoofer(Always()).outbound(poll(name), 0).answers
    real = framed(name, ANSWER[:4] + b"\2" + ANSWER[5:], to=SERVER, by=ROUTER)
    fields = ("_ws.col.Protocol", "_ws.col.Info", "ipx.src", "ipx.dst", "eth.src", "_ws.malformed",
              "_ws.expert.severity")  # fmt: skip
    mine, theirs = find_tshark(str(tmp_path)).fields([spoofed, real], *fields)
    assert mine == theirs
    assert mine["_ws.col.Info"] == "Station is still using the connection, Connection 5"
    assert (mine["_ws.malformed"], mine["_ws.expert.severity"]) == ("", "")


# --- sessions -------------------------------------------------------------------------------


def test_without_spoofing_a_dead_client_is_asked_ten_times() -> None:
    world = RoutedWorld(WatchdogSpoofer(Forward()))
    world.dead_client()
    assert world.run(ms(889_700)) == []
    assert world.run(ms(889_900)) == ["lost"]
    assert (len(world.asked), world.answered, world.dropped) == (10, [], [])


def test_always_never_asks_the_far_end_and_nobody_notices() -> None:
    """A week: a poll every 296.5974 s and the millisecond its answer takes: 2039 of them."""
    world = RoutedWorld(WatchdogSpoofer(Always()))
    world.dead_client()
    assert world.run(7 * DAY) == []
    assert (world.asked, world.dropped, len(world.answered)) == ([], [], 2039)


def test_an_off_window_of_18_minutes_lets_the_whole_run_through() -> None:
    """On until 3600 s: answered last at 12 x D1 = 3559.2 s.  Off until 4680 s: ten polls from
    3855.8 s to 4389.6 s reach the far side, and at 3559.2 + 889.8 = 4449.0 s it is noticed."""
    world = RoutedWorld(WatchdogSpoofer(IOS_WINDOWS))
    world.dead_client()
    assert world.run(s(4_448)) == []
    assert world.run(s(4_450)) == ["lost"]
    assert (len(world.answered), len(world.asked)) == (12, 10)
    assert s(3_855) < world.asked[0] < world.asked[-1] < s(4_390)


@pytest.mark.parametrize("from_s", range(0, 4_680, 360))
def test_18_minutes_are_enough_in_any_phase(from_s: int) -> None:
    """First poll of the window within D1 of its start, the tenth 533.9 s later: 830.5 s <
    1080 s.  So at the latest one period, D1 + 9 x D2 and D2 after the start."""
    world = RoutedWorld(WatchdogSpoofer(replace(IOS_WINDOWS, from_ns=s(from_s))))
    world.dead_client()
    assert world.run(s(4_680 + 890)) == ["lost"]


def test_an_off_window_of_9_minutes_does_not() -> None:
    """On until 3600 s, off until 4140 s: polls at 3855.8, 3915.1, 3974.4, 4033.7, 4093.0 s go
    on; that of 4152.3 s is answered, and the count is at naught again."""
    world = RoutedWorld(WatchdogSpoofer(replace(IOS_WINDOWS, off_ns=s(540))))
    world.dead_client()
    assert world.run(s(12 * 3_600)) == []
    assert [at // s(1) for at in world.asked[:5]] == [3855, 3915, 3974, 4033, 4093]
    assert s(4_152) < world.answered[12] < s(4_153)


def test_9_minutes_are_enough_only_when_the_first_poll_comes_at_once() -> None:
    """All ten polls must fall into the window; the last interval need not, for the router is
    not asked any more.  9 x D2 = 533.9 s, so 540 s leave 6.1 s.  Off from 3558 s to 4098 s:
    polls from 12 x D1 = 3559.2 s to 4093.0 s; noticed at 11 x D1 + 889.8 s = 4152.4 s."""
    mode = Windows(on_ns=s(3_600), off_ns=s(540), from_ns=-s(42))
    world = RoutedWorld(WatchdogSpoofer(mode))
    world.dead_client()
    assert world.run(s(4_153)) == ["lost"]
    assert (len(world.answered), len(world.asked)) == (11, 10)


def test_less_than_nine_intervals_are_never_enough() -> None:
    """530 s < 533.9 s: not in 30 days, in which the phase drifts through all of D1."""
    world = RoutedWorld(WatchdogSpoofer(replace(IOS_WINDOWS, off_ns=s(530))))
    world.dead_client()
    assert world.run(30 * DAY) == []
    assert max(b - a for a, b in zip(world.answered, world.answered[1:], strict=False)) < s(890)


def test_cyberswitch_spoofs_for_t_behind_the_hang_up_and_then_is_silent() -> None:
    """Down at 100 s: answered from 296.6 s to 24 x D1 = 7118.4 s < 7300 s; ten polls from
    7415.0 s on dropped; noticed at 7118.4 + 889.8 = 8008.2 s, without a call."""
    world = RoutedWorld(WatchdogSpoofer(CYBERSWITCH))
    world.dead_client()
    world.link(up=True)
    world.run(s(100))
    world.link(up=False)
    assert world.run(s(8_007)) == []
    assert world.run(s(8_009)) == ["lost"]
    assert (len(world.answered), len(world.dropped), world.asked) == (24, 10, [])


def test_cyberswitch_throws_a_live_idle_client_out() -> None:
    """Nobody asks it, and nobody tells it."""
    world = RoutedWorld(WatchdogSpoofer(CYBERSWITCH))
    world.world.log_on()
    world.asked.clear()
    assert world.run(s(8_009)) == ["lost"]
    assert world.asked == []
    assert [what for what, *_ in world.world.program.what()] == ["opened", "message"]


def test_cyberswitch_forwards_while_the_link_is_up() -> None:
    """A live client answers for itself, for a day; T begins with the hang-up at its end."""
    world = RoutedWorld(WatchdogSpoofer(CYBERSWITCH))
    world.link(up=True)
    world.world.log_on()
    world.asked.clear()
    assert world.run(DAY) == []
    # 86400 / 296.6 = 291.3.
    assert (len(world.asked), world.answered, world.dropped) == (291, [], [])
    world.link(up=False)
    assert world.run(DAY + s(7_200)) == []
    assert (len(world.asked), len(world.answered), world.dropped) == (291, 24, [])
    assert world.run(DAY + s(7_200 + 890)) == ["lost"]


# --- whatever else comes along ---------------------------------------------------------------


@pytest.mark.parametrize("mode", [Always(), IOS_WINDOWS, CYBERSWITCH, Forward()])
def test_other_protocols_pass_in_every_mode(mode: Mode) -> None:
    other = b"\xff" * 6 + SERVER + b"\x08\x06" + bytes(46)
    assert WatchdogSpoofer(mode).outbound(other, s(9_999)) == PASS
