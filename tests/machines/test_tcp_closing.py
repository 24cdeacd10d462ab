"""Ends: FIN in every order, half-close, TIME-WAIT, late and repeated segments (RFC 793 3.5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Data, Ended, Lost
from emu.machines.tcp.control import Abort, Close, Send, State
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .tcp_parts import NT4, Ends, again

E = Ends()
ENDS = pytest.mark.parametrize(
    "ends", [E, Ends(0xFFFF_FFFE, 0xFFFF_FFFE), Ends(0x7FFF_FFFE, 0x7FFF_FFFE)]
)
BY_FIN = Ended("connection closed by FIN")


def up(ends: Ends = E, params=NT4) -> Dialogue:
    return Dialogue(ends.established(params, probing=False))


@ENDS
def test_we_close_first(ends: Ends) -> None:
    """RFC 793 figure 13, left end; TIME-WAIT lasts 240 s."""
    d = up(ends)
    d.at(0).asked(Close()).sends(ends.ours("FA", 1, 1)).armed({"retransmission": ms(500)})
    d.at(1).receives(ends.theirs("A", 1, 2)).armed({})
    assert d.machine.state is State.FIN_WAIT_2
    d.at(2).receives(ends.theirs("FA", 1, 2)).sends(ends.ours("A", 2, 2)).delivers(BY_FIN)
    d.armed({"time-wait": s(240) + 2}).quiet_until(s(240) + 1)
    assert d.machine.state is State.TIME_WAIT
    d.quiet_until(s(240) + 2).armed({})
    assert d.machine.state is State.CLOSED


@ENDS
def test_the_peer_closes_first(ends: Ends) -> None:
    """RFC 793 figure 13, right end: no TIME-WAIT."""
    d = up(ends)
    d.at(0).receives(ends.theirs("FA", 1, 1)).sends(ends.ours("A", 1, 2)).delivers(BY_FIN)
    d.armed({})
    assert d.machine.state is State.CLOSE_WAIT
    d.at(1).asked(Close()).sends(ends.ours("FA", 1, 2)).armed({"retransmission": ms(500) + 1})
    assert d.machine.state is State.LAST_ACK
    d.at(2).receives(ends.theirs("A", 2, 2)).armed({})
    assert d.machine.state is State.CLOSED


@ENDS
def test_simultaneous_close(ends: Ends) -> None:
    """RFC 793 figure 14: FIN-WAIT-1, CLOSING, TIME-WAIT."""
    d = up(ends)
    d.at(0).asked(Close()).sends(ends.ours("FA", 1, 1))
    d.at(1).receives(ends.theirs("FA", 1, 1)).sends(ends.ours("A", 2, 2)).delivers(BY_FIN)
    assert d.machine.state is State.CLOSING
    d.at(2).receives(ends.theirs("A", 2, 2)).armed({"time-wait": s(240) + 2})


def test_a_fin_with_the_ack_of_ours_skips_a_state() -> None:
    """RFC 793 p. 75: "If our FIN has been ACKed (perhaps in this segment)": TIME-WAIT."""
    d = up()
    d.at(0).asked(Close()).sends(E.ours("FA", 1, 1))
    d.at(1).receives(E.theirs("FA", 1, 2)).sends(E.ours("A", 2, 2)).delivers(BY_FIN)
    d.armed({"time-wait": s(240) + 1})


def test_a_fin_again_in_time_wait_is_acknowledged_and_restarts_it() -> None:
    """RFC 793 p. 73: "Acknowledge it, and restart the 2 MSL timeout"."""
    d = Dialogue(E.time_wait())
    d.at(s(100)).receives(E.theirs("FA", 1, 2)).sends(E.ours("A", 2, 2))
    d.armed({"time-wait": s(340)}).quiet_until(s(340)).armed({})


def test_other_segments_in_time_wait_do_not_restart_it() -> None:
    d = Dialogue(E.time_wait())
    d.at(s(1)).receives(E.theirs("A", 2, 2)).silent()
    d.receives(E.theirs("A", 1, 2)).sends(E.ours("A", 2, 2))
    d.receives(E.theirs("PA", 2, 2, b"late")).silent().armed({"time-wait": s(240)})


@pytest.mark.parametrize("maker", [Ends.closing, Ends.last_ack, Ends.time_wait])
def test_a_rst_behind_both_fins_ends_it_without_another_word(maker) -> None:
    """RFC 793 p. 70: "enter the CLOSED state, delete the TCB, and return"."""
    d = Dialogue(maker(E))
    d.at(1).receives(E.theirs("R", 2)).silent().armed({})
    assert d.machine.state is State.CLOSED


@pytest.mark.parametrize("maker", [Ends.fin_wait_1, Ends.fin_wait_2, Ends.close_wait])
def test_a_rst_before_that_is_a_loss(maker) -> None:
    d = Dialogue(maker(E))
    d.at(1).receives(E.theirs("R", 2)).delivers(Lost("RST received")).armed({})


def test_half_close_takes_data_until_the_peer_closes() -> None:
    """RFC 793 3.5, case 1: FIN-WAIT-2 goes on receiving; each second segment is ACKed at once."""
    d = Dialogue(E.fin_wait_2(probing=False))
    d.at(0).receives(E.theirs("PA", 1, 2, b"late")).delivers(Data(b"late"))
    d.at(1).receives(E.theirs("PA", 5, 2, b"r")).sends(E.ours("A", 2, 6)).delivers(Data(b"r"))
    d.at(2).receives(E.theirs("FA", 6, 2)).sends(E.ours("A", 2, 7)).delivers(BY_FIN)
    d.armed({"time-wait": s(240) + 2})


def test_half_close_sends_data_until_we_close() -> None:
    """RFC 793 3.5, case 2: CLOSE-WAIT goes on sending."""
    d = Dialogue(E.close_wait(probing=False))
    d.at(0).asked(Send(b"last")).sends(E.ours("PA", 1, 2, b"last"))
    d.at(1).receives(E.theirs("A", 2, 5)).armed({})
    d.asked(Close()).sends(E.ours("FA", 5, 2))
    d.receives(E.theirs("A", 2, 6)).armed({})


def test_data_and_fin_in_one_segment() -> None:
    d = up()
    d.at(0).receives(E.theirs("FPA", 1, 1, b"bye")).delivers(Data(b"bye"))
    d.sends(E.ours("A", 1, 5)).delivers(BY_FIN).armed({})


def test_a_fin_behind_a_gap_waits() -> None:
    d = up()
    d.at(0).receives(E.theirs("FA", 4, 1)).sends(E.ours("A", 1, 1)).armed({})
    assert d.machine.state is State.ESTABLISHED


def test_a_fin_again_in_close_wait_is_acknowledged() -> None:
    d = Dialogue(E.close_wait(probing=False))
    d.at(0).receives(E.theirs("FA", 1, 1)).sends(E.ours("A", 1, 2)).armed({})


def test_the_fin_waits_behind_what_the_window_holds_back() -> None:
    d = up()
    d.at(0).receives(E.theirs("A", 1, 1, window=2)).asked(Send(b"abc"))
    d.sends(E.ours("A", 1, 1, b"ab")).asked(Close()).silent().refuses(Send(b"d"))
    d.receives(E.theirs("A", 1, 3, window=2)).sends(E.ours("PA", 3, 1, b"c"), E.ours("FA", 4, 1))
    d.receives(E.theirs("A", 1, 4)).armed({"retransmission": ms(500)})
    assert d.machine.state is State.FIN_WAIT_1
    d.receives(E.theirs("A", 1, 5)).armed({})
    assert d.machine.state is State.FIN_WAIT_2


@pytest.mark.parametrize("maker", [Ends.fin_wait_1, Ends.last_ack])
def test_a_fin_is_repeated_and_given_up_like_data(maker) -> None:
    """31.5 s after it was sent, with 5 repeats."""
    tcp = maker(E, replace(NT4, reset_on_data_give_up=False), probing=False)
    d = Dialogue(tcp)
    fin = E.ours("FA", 1, tcp.rcv_nxt - E.irs)
    for number, at in enumerate((0.5, 1.5, 3.5, 7.5, 15.5), start=1):
        d.at(s(at)).sends(fin, about=again(number))
    d.quiet_until(s(31.5) - 1)
    d.at(s(31.5)).delivers(Lost("5 retransmissions unanswered")).armed({})


@pytest.mark.parametrize("maker", [Ends.closing, Ends.last_ack, Ends.time_wait])
def test_abort_behind_both_fins_says_nothing_on_the_wire(maker) -> None:
    """RFC 793 p. 62: "respond with ok and delete the TCB"."""
    d = Dialogue(maker(E))
    d.at(0).asked(Abort()).delivers(Ended("aborted")).armed({})


@pytest.mark.parametrize("maker", [Ends.fin_wait_1, Ends.fin_wait_2, Ends.close_wait])
def test_abort_before_that_sends_a_rst(maker) -> None:
    tcp = maker(E)
    rst = E.ours("RA", tcp.snd_nxt - E.iss, tcp.rcv_nxt - E.irs)
    d = Dialogue(tcp)
    d.at(0).asked(Abort()).sends(rst).delivers(Ended("aborted")).armed({})


def test_no_time_wait_at_all() -> None:
    d = Dialogue(E.fin_wait_2(replace(NT4, time_wait_ns=0), probing=False))
    d.at(5).receives(E.theirs("FA", 1, 2)).sends(E.ours("A", 2, 2)).delivers(BY_FIN)
    d.silent().armed({})


def test_both_ends_of_an_orderly_end() -> None:
    client, server = up(E), up(Ends(E.irs, E.iss))
    peer = Ends(E.irs, E.iss)
    client.at(0).asked(Close()).sends(E.ours("FA", 1, 1))
    server.at(0).receives(E.ours("FA", 1, 1)).sends(peer.ours("A", 1, 2)).delivers(BY_FIN)
    client.receives(peer.ours("A", 1, 2)).armed({})
    server.asked(Close()).sends(peer.ours("FA", 1, 2))
    client.receives(peer.ours("FA", 1, 2)).sends(E.ours("A", 2, 2)).delivers(BY_FIN)
    client.armed({"time-wait": s(240)})
    server.receives(E.ours("A", 2, 2)).armed({})
