"""Data: acknowledgements, windows, repeats, gaps, give-up (RFC 793 3.7, 3.9; RFC 1122 4.2.3.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Data, Ended, Lost
from emu.machines.tcp.control import Abort, Close, Send
from emu.pdu.ip_tcp import ACK, Segment
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .tcp_parts import NT4, Ends, again, stateless_rst

E = Ends()
#: Both ends' numbers pass 2**32 somewhere in the dialogue; the second passes 2**31.
ENDS = [E, Ends(0xFFFF_FFFD, 0xFFFF_FFFC), Ends(0x7FFF_FFFD, 0x7FFF_FFFC)]
CIRCLES = pytest.mark.parametrize("ends", ENDS, ids=["plain", "2**32", "2**31"])
AT_ONCE = replace(NT4, ack_delay_ns=0)


def idle(ends: Ends = E, params=NT4) -> Dialogue:
    return Dialogue(ends.established(params, probing=False))


@CIRCLES
def test_one_segment_is_acknowledged_after_the_delay(ends: Ends) -> None:
    d = idle(ends)
    d.at(s(1)).receives(ends.theirs("PA", 1, 1, b"key")).delivers(Data(b"key"))
    d.armed({"acknowledgement": s(1.2)}).quiet_until(s(1.2) - 1)
    d.at(s(1.2)).sends(ends.ours("A", 1, 4)).armed({})


@CIRCLES
def test_the_second_segment_is_acknowledged_at_once(ends: Ends) -> None:
    """RFC 1122 4.2.3.2: an ACK for at least every second segment."""
    d = idle(ends)
    d.at(s(1)).receives(ends.theirs("PA", 1, 1, b"one")).delivers(Data(b"one"))
    d.at(s(1.1)).receives(ends.theirs("PA", 4, 1, b"two"))
    d.sends(ends.ours("A", 1, 7)).delivers(Data(b"two")).armed({})
    d.at(s(1.3)).receives(ends.theirs("PA", 7, 1, b"3")).delivers(Data(b"3"))
    d.armed({"acknowledgement": s(1.5)})


def test_no_delay_acknowledges_at_once() -> None:
    d = idle(E, AT_ONCE)
    d.at(s(1)).receives(E.theirs("PA", 1, 1, b"x")).sends(E.ours("A", 1, 2)).delivers(Data(b"x"))
    d.armed({})


@CIRCLES
def test_the_acknowledgement_rides_on_data(ends: Ends) -> None:
    d = idle(ends)
    d.at(s(1)).receives(ends.theirs("PA", 1, 1, b"key")).delivers(Data(b"key"))
    d.at(s(1.1)).asked(Send(b"screen")).sends(ends.ours("PA", 1, 4, b"screen"))
    d.armed({"retransmission": s(1.6)})
    d.at(s(1.15)).receives(ends.theirs("A", 4, 7)).armed({})


def test_the_acknowledgement_rides_on_a_retransmission() -> None:
    """A repeat carries today's ACK (RFC 793 3.7), so that the delayed one has nothing to say."""
    d = idle()
    d.at(s(1)).asked(Send(b"x")).sends(E.ours("PA", 1, 1, b"x"))
    d.at(s(1.4)).receives(E.theirs("PA", 1, 1, b"key")).delivers(Data(b"key"))
    d.at(s(1.5)).sends(E.ours("PA", 1, 4, b"x"), about=again(1)).armed({"retransmission": s(2.5)})


def test_a_bare_ack_says_what_a_delayed_one_would_have_said() -> None:
    d = idle()
    d.at(s(1)).receives(E.theirs("PA", 1, 1, b"key")).delivers(Data(b"key"))
    d.at(s(1.1)).receives(E.theirs("A", 3, 1)).sends(E.ours("A", 1, 4)).armed({})


def test_both_ends_of_one_keystroke() -> None:
    """Keystroke, echo with the ACK on it, the echo's ACK after the client's delay."""
    client, server = idle(E), idle(Ends(E.irs, E.iss))
    peer = Ends(E.irs, E.iss)
    key, echo = E.ours("PA", 1, 1, b"k"), peer.ours("PA", 1, 2, b"k!")
    client.at(s(1)).asked(Send(b"k")).sends(key)
    server.at(s(1)).receives(key).delivers(Data(b"k"))
    server.asked(Send(b"k!")).sends(echo).armed({"retransmission": s(1.5)})
    client.receives(echo).delivers(Data(b"k!")).armed({"acknowledgement": s(1.2)})
    last = E.ours("A", 2, 3)
    client.at(s(1.2)).sends(last).armed({})
    server.at(s(1.2)).receives(last).armed({})


@CIRCLES
def test_the_peers_window_limits_what_is_in_flight(ends: Ends) -> None:
    """Window 4: four octets at once, and as many more as each ACK makes room for."""
    d = idle(ends)
    d.at(0).receives(ends.theirs("A", 1, 1, window=4))
    d.asked(Send(b"abcdefg")).sends(ends.ours("A", 1, 1, b"abcd"))
    d.at(ms(1)).receives(ends.theirs("A", 1, 3, window=4)).sends(ends.ours("A", 5, 1, b"ef"))
    d.at(ms(2)).receives(ends.theirs("A", 1, 7, window=4)).sends(ends.ours("PA", 7, 1, b"g"))
    d.at(ms(3)).receives(ends.theirs("A", 1, 8, window=4)).armed({})


def test_a_shut_window_holds_data_back_until_it_opens() -> None:
    """Window probes come with the linux stack; what opens the window is the peer's ACK."""
    d = idle()
    d.at(0).receives(E.theirs("A", 1, 1, window=0)).asked(Send(b"ab")).silent().armed({})
    d.at(s(60)).receives(E.theirs("A", 1, 1, window=1)).sends(E.ours("A", 1, 1, b"a"))
    d.at(s(60.1)).receives(E.theirs("A", 1, 2, window=9)).sends(E.ours("PA", 2, 1, b"b"))
    d.armed({"retransmission": s(60.6)})


def test_an_old_ack_does_not_move_the_window() -> None:
    """RFC 793 p. 72: only SND.UNA =< SEG.ACK updates SND.WND."""
    d = idle()
    d.at(0).asked(Send(b"abc")).sends(E.ours("PA", 1, 1, b"abc"))
    d.at(ms(1)).receives(E.theirs("A", 1, 4)).receives(E.theirs("A", 1, 1, window=0))
    d.asked(Send(b"d")).sends(E.ours("PA", 4, 1, b"d")).armed({"retransmission": ms(501)})


@CIRCLES
@pytest.mark.parametrize("reset", [True, False])
def test_data_is_repeated_doubling_and_given_up(ends: Ends, *, reset: bool) -> None:
    """0.5 (1 + 2 + 4 + 8 + 16 + 32) = 31.5 s; repeats at 0.5, 1.5, 3.5, 7.5, 15.5 s."""
    d = idle(ends, replace(NT4, reset_on_data_give_up=reset))
    data = ends.ours("PA", 1, 1, b"x")
    d.at(s(100)).asked(Send(b"x")).sends(data)
    for number, at in enumerate((0.5, 1.5, 3.5, 7.5, 15.5), start=1):
        d.quiet_until(s(100 + at) - 1)
        d.at(s(100 + at)).sends(data, about=again(number))
    d.armed({"retransmission": s(131.5)}).quiet_until(s(131.5) - 1)
    d.at(s(131.5))
    if reset:
        d.sends(ends.ours("RA", 2, 1))
    d.delivers(Lost("5 retransmissions unanswered")).armed({})


def test_an_ack_on_the_last_deadline_counts() -> None:
    d = idle(E, replace(NT4, retransmissions=0))
    d.at(0).asked(Send(b"x")).sends(E.ours("PA", 1, 1, b"x"))
    d.at(ms(500)).receives(E.theirs("A", 1, 2)).armed({})


def test_an_ack_ends_the_doubling() -> None:
    """RFC 6298 5.3: what is still outstanding waits the first wait again."""
    d = idle()
    d.at(0).asked(Send(b"a")).sends(E.ours("PA", 1, 1, b"a"))
    d.asked(Send(b"b")).sends(E.ours("PA", 2, 1, b"b"))
    d.at(s(0.5)).sends(E.ours("PA", 1, 1, b"a"), about=again(1))
    d.at(s(1.5)).sends(E.ours("PA", 1, 1, b"a"), about=again(2))
    d.at(s(1.6)).receives(E.theirs("A", 1, 2)).armed({"retransmission": s(2.1)})
    d.at(s(2.1)).sends(E.ours("PA", 2, 1, b"b"), about=again(1))
    d.at(s(2.2)).receives(E.theirs("A", 1, 3)).armed({})


def test_a_partial_ack_keeps_the_segment_outstanding() -> None:
    d = idle()
    d.at(0).asked(Send(b"abcd")).sends(E.ours("PA", 1, 1, b"abcd"))
    d.at(ms(1)).receives(E.theirs("A", 1, 3)).armed({"retransmission": ms(501)})
    d.at(ms(501)).sends(E.ours("PA", 1, 1, b"abcd"), about=again(1))
    d.at(ms(600)).receives(E.theirs("A", 1, 5)).armed({})


@CIRCLES
def test_a_duplicate_is_acknowledged_and_not_delivered(ends: Ends) -> None:
    d = idle(ends, AT_ONCE)
    key = ends.theirs("PA", 1, 1, b"key")
    d.at(0).receives(key).sends(ends.ours("A", 1, 4)).delivers(Data(b"key"))
    d.at(1).receives(key).sends(ends.ours("A", 1, 4)).armed({})


@CIRCLES
def test_of_an_overlap_only_what_is_new_is_delivered(ends: Ends) -> None:
    d = idle(ends, AT_ONCE)
    d.at(0).receives(ends.theirs("PA", 1, 1, b"abc")).sends(ends.ours("A", 1, 4))
    d.delivers(Data(b"abc"))
    d.at(1).receives(ends.theirs("PA", 2, 1, b"bcde")).sends(ends.ours("A", 1, 6))
    d.delivers(Data(b"de")).armed({})


@CIRCLES
def test_a_gap_is_answered_with_what_is_missing(ends: Ends) -> None:
    d = idle(ends)
    d.at(0).receives(ends.theirs("PA", 4, 1, b"def")).sends(ends.ours("A", 1, 1)).armed({})
    d.at(1).receives(ends.theirs("PA", 1, 1, b"abcdef")).delivers(Data(b"abcdef"))
    d.armed({"acknowledgement": ms(200) + 1})


def test_text_beyond_the_window_is_cut_off() -> None:
    """Window 4: "abcd" of "abcdef" is in it; a FIN behind it is not (RFC 793 p. 70)."""
    d = idle(E, replace(AT_ONCE, window=4))
    w4 = Ends(window=4)
    d.at(0).receives(E.theirs("FPA", 1, 1, b"abcdef")).sends(w4.ours("A", 1, 5))
    d.delivers(Data(b"abcd")).armed({})


@pytest.mark.parametrize("at", [8761, 100_000, -100_000, -(1 << 31)])
def test_text_outside_the_window_draws_an_ack(at: int) -> None:
    d = idle()
    d.at(0).receives(E.theirs("PA", at, 1, b"x")).sends(E.ours("A", 1, 1)).armed({})


def test_an_ack_of_what_was_never_sent_draws_an_ack_and_is_dropped() -> None:
    """RFC 793 p. 72: the text with it is dropped, too."""
    d = idle()
    d.at(0).receives(E.theirs("PA", 1, 2, b"x")).sends(E.ours("A", 1, 1)).armed({})


def test_a_segment_without_ack_is_dropped() -> None:
    d = idle()
    for letters in ("", "P", "F", "FP"):
        d.at(0).receives(E.theirs(letters, 1, octets=b"x")).silent()
    d.armed({})


@CIRCLES
def test_a_rst_must_stand_in_the_window(ends: Ends) -> None:
    """RFC 793 p. 37: SEQ in [RCV.NXT, RCV.NXT + RCV.WND).  Text does not help it in."""
    d = idle(ends)
    d.at(0).receives(ends.theirs("R", 0)).silent()
    d.receives(ends.theirs("RA", 0, 1, b"text")).silent()
    d.receives(ends.theirs("R", 8761)).silent()
    d.receives(ends.theirs("R", 8760)).delivers(Lost("RST received")).armed({})


def test_abort_sends_one_rst() -> None:
    d = idle()
    d.at(0).asked(Send(b"x")).sends(E.ours("PA", 1, 1, b"x"))
    d.asked(Abort()).sends(E.ours("RA", 2, 1)).delivers(Ended("aborted")).armed({})


def test_after_the_end_everything_draws_a_reset() -> None:
    d = idle()
    d.at(0).asked(Abort()).sends(E.ours("RA", 1, 1)).delivers(Ended("aborted"))
    d.receives(E.theirs("PA", 1, 1, b"x")).sends(stateless_rst(E.iss + 1))
    d.receives(stateless_rst(E.irs + 1)).asked(Close()).asked(Abort()).armed({})
    d.refuses(Send(b"x"))


def test_an_empty_send_says_nothing() -> None:
    d = idle()
    d.at(0).asked(Send(b"")).silent().armed({})


def test_a_bare_segment_is_what_it_says() -> None:
    """SEQ = SND.NXT, ACK = RCV.NXT, our window, no options (RFC 793 3.9)."""
    assert E.ours("A", 1, 1) == Segment(1001, 70_001, ACK, 8760)
