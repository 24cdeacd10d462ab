"""Opening: active, passive, simultaneous, refused, repeated, given up (RFC 793 3.4, 3.9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Asked, Data, Ended, Lost, Opened, Received, Transmit
from emu.machines.tcp.control import Abort, Close, Connect, Send, State
from emu.pdu.ip_tcp import ACK, RST, Segment
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .tcp_parts import NT4, WINDOW, Ends, again, stateless_rst

E = Ends()
WRAPPING = pytest.mark.parametrize(
    "ends", [E, Ends(0xFFFF_FFFF, 0xFFFF_FFFF), Ends(0, 0x7FFF_FFFF), Ends(0x7FFF_FFFF, 0)]
)


@WRAPPING
def test_active_open(ends: Ends) -> None:
    """RFC 793 figure 7, left end; the SYN's timer starts at 3 s and stops with the answer."""
    d = Dialogue(ends.fresh(probing=False))
    d.at(0).asked(Connect()).sends(ends.ours("S", 0, mss=1460)).armed({"retransmission": s(3)})
    d.at(ms(10)).receives(ends.theirs("SA", 0, 1, mss=1460))
    d.sends(ends.ours("A", 1, 1)).delivers(Opened()).armed({})
    assert d.machine.state is State.ESTABLISHED


@WRAPPING
def test_passive_open(ends: Ends) -> None:
    """RFC 793 figure 7, right end; keepalive counts from the third segment: 10 ms + 7200 s."""
    d = Dialogue(ends.fresh())
    d.at(0).receives(ends.theirs("S", 0, mss=1460)).sends(ends.ours("SA", 0, 1, mss=1460))
    d.armed({"retransmission": s(3)})
    d.at(ms(10)).receives(ends.theirs("A", 1, 1)).delivers(Opened())
    d.armed({"keepalive": s(7200) + ms(10)})


def test_simultaneous_open() -> None:
    """RFC 793 figure 8, by the letter of p. 69: the SYN,ACK lies left of the window, its answer
    is an ACK, and the peer's like answer opens the connection.
    """
    d = Dialogue(E.fresh(probing=False))
    d.at(0).asked(Connect()).sends(E.ours("S", 0, mss=1460))
    d.at(ms(1)).receives(E.theirs("S", 0, mss=1460)).sends(E.ours("SA", 0, 1, mss=1460))
    assert d.machine.state is State.SYN_RECEIVED
    d.at(ms(2)).receives(E.theirs("SA", 0, 1, mss=1460)).sends(E.ours("A", 1, 1))
    d.at(ms(3)).receives(E.theirs("A", 1, 1)).delivers(Opened()).armed({})


def test_syn_is_repeated_doubling_and_given_up_in_silence() -> None:
    """3 + 6 + 12 + 24 = 45 s: three retransmissions at 3, 9, 21 s, each wait lived out."""
    d = Dialogue(E.fresh())
    syn = E.ours("S", 0, mss=1460)
    d.at(0).asked(Connect()).sends(syn)
    for number, at in enumerate((3, 9, 21), start=1):
        d.quiet_until(s(at) - 1)
        d.at(s(at)).sends(syn, about=again(number, 3))
    d.quiet_until(s(45) - 1)
    d.at(s(45)).delivers(Lost("SYN unanswered 4 times")).armed({})


def test_syn_ack_is_repeated_and_given_up_in_silence() -> None:
    d = Dialogue(E.fresh())
    syn_ack = E.ours("SA", 0, 1, mss=1460)
    d.at(0).receives(E.theirs("S", 0)).sends(syn_ack)
    for number, at in enumerate((3, 9, 21), start=1):
        d.at(s(at)).sends(syn_ack, about=again(number, 3))
    d.quiet_until(s(45) - 1)
    d.at(s(45)).delivers(Lost("SYN unanswered 4 times")).armed({})


def test_an_answer_on_the_deadline_counts() -> None:
    d = Dialogue(E.fresh(replace(NT4, syn_retransmissions=0), probing=False))
    d.at(0).asked(Connect()).sends(E.ours("S", 0, mss=1460))
    d.at(s(3)).receives(E.theirs("SA", 0, 1)).sends(E.ours("A", 1, 1)).delivers(Opened())
    d.armed({})


def test_syn_again_in_syn_received_draws_an_ack() -> None:
    """The client's SYN once more lies left of the window (RFC 793 p. 69)."""
    d = Dialogue(E.syn_received())
    d.at(ms(1)).receives(E.theirs("S", 0, mss=1460)).sends(E.ours("A", 1, 1))
    d.armed({"retransmission": s(3)})


def test_syn_ack_again_in_established_draws_an_ack() -> None:
    """The handshake's third segment was lost: the server repeats, the client acknowledges."""
    d = Dialogue(E.established())
    d.at(s(3)).receives(E.theirs("SA", 0, 1)).sends(E.ours("A", 1, 1))
    d.armed({"keepalive": s(7203)})


def test_refused_by_rst() -> None:
    d = Dialogue(E.syn_sent())
    d.at(ms(1)).receives(E.theirs("RA", 0, 1)).delivers(Lost("connection refused by RST"))
    d.armed({})


def test_rst_without_our_ack_is_no_refusal() -> None:
    """RFC 793 p. 67: without ACK, or with a wrong one, it is dropped."""
    d = Dialogue(E.syn_sent())
    for stray in (E.theirs("R", 0), E.theirs("RA", 0, 0), E.theirs("RA", 0, 2)):
        d.at(ms(1)).receives(stray).silent()
    d.armed({"retransmission": s(3)})


@pytest.mark.parametrize("letters", ["A", "SA", "FA", "PA"])
@pytest.mark.parametrize("ack", [0, 2, 500_000])
def test_an_ack_that_is_not_ours_in_syn_sent_draws_rst_and_we_stay(letters: str, ack: int) -> None:
    """RFC 793 3.4, figure 10: the half-open peer is reset with SEQ = SEG.ACK; the SYN goes on."""
    d = Dialogue(E.syn_sent())
    d.at(ms(1)).receives(E.theirs(letters, 900, ack)).sends(stateless_rst(E.iss + ack))
    d.armed({"retransmission": s(3)})
    d.at(s(3)).sends(E.ours("S", 0, mss=1460), about=again(1, 3)).armed({"retransmission": s(9)})


def test_bare_ack_of_our_syn_is_dropped() -> None:
    """RFC 793 p. 68: neither SYN nor RST."""
    d = Dialogue(E.syn_sent())
    d.at(ms(1)).receives(E.theirs("A", 1, 1)).silent().armed({"retransmission": s(3)})


def test_an_old_ack_does_not_open_a_passive_connection() -> None:
    """RFC 9293 3.10.7.4: in SYN-RECEIVED only SND.UNA < SEG.ACK =< SND.NXT opens; else RST."""
    d = Dialogue(E.syn_received())
    for ack in (0, 2):
        d.at(ms(1)).receives(E.theirs("A", 1, ack)).sends(stateless_rst(E.iss + ack))
    d.armed({"retransmission": s(3)})
    assert d.machine.state is State.SYN_RECEIVED


def test_rst_in_syn_received_ends_it() -> None:
    d = Dialogue(E.syn_received())
    d.at(ms(1)).receives(E.theirs("R", 1)).delivers(Lost("RST received")).armed({})


def test_what_comes_to_a_listener_and_is_no_syn() -> None:
    """RFC 793 p. 65: RST nothing, ACK a RST from its ACK field, neither a RST,ACK of all."""
    d = Dialogue(E.fresh())
    d.at(0).receives(E.theirs("R", 0)).silent()
    d.receives(E.theirs("A", 0, 7)).sends(stateless_rst(E.iss + 7))
    d.receives(E.theirs("SA", 0, 7)).sends(stateless_rst(E.iss + 7))
    d.receives(E.theirs("F", 9, octets=b"ab")).sends(stateless_rst(0, E.irs + 12))
    d.armed({})


def test_a_closed_connection_is_not_opened_again() -> None:
    d = Dialogue(E.closed())
    d.at(s(1)).refuses(Connect()).refuses(Send(b"x"))
    d.receives(E.theirs("S", 0)).sends(stateless_rst(0, E.irs + 1)).armed({})


@pytest.mark.parametrize(
    ("offered", "segments"),
    [
        (1460, [1460, 540]),
        (536, [536, 536, 536, 392]),
        (None, [536, 536, 536, 392]),
        (9000, [1460, 540]),
    ],
)
def test_the_smaller_mss_wins(offered: int | None, segments: list[int]) -> None:
    """RFC 9293 3.7.1: 536 where the peer offers none; 2000 octets cut accordingly."""
    tcp = E.fresh(probing=False)
    tcp.step(Received(E.theirs("S", 0, mss=offered)), 0)
    tcp.step(Received(E.theirs("A", 1, 1)), 0)
    sent = [
        effect.pdu
        for effect in tcp.step(Asked(Send(bytes(2000))), 0)
        if isinstance(effect, Transmit)
    ]
    assert [len(segment.payload) for segment in sent] == segments


def test_a_peer_that_offers_an_mss_of_0_can_be_sent_to() -> None:
    d = Dialogue(E.fresh(probing=False))
    d.at(0).receives(E.theirs("S", 0, mss=0)).sends(E.ours("SA", 0, 1, mss=1460))
    d.receives(E.theirs("A", 1, 1)).delivers(Opened())
    d.asked(Send(b"ab")).sends(E.ours("A", 1, 1, b"a"), E.ours("PA", 2, 1, b"b"))
    d.armed({"retransmission": ms(500)})


def test_what_is_sent_before_it_is_open_follows_the_handshake() -> None:
    d = Dialogue(E.fresh(probing=False))
    d.at(0).asked(Connect()).sends(E.ours("S", 0, mss=1460)).asked(Send(b"log")).silent()
    d.asked(Send(b"on")).silent()
    d.at(ms(1)).receives(E.theirs("SA", 0, 1, mss=1460)).sends(E.ours("A", 1, 1))
    d.delivers(Opened()).sends(E.ours("PA", 1, 1, b"logon"))
    d.armed({"retransmission": ms(501)})


def test_data_with_the_third_segment_is_taken() -> None:
    d = Dialogue(E.syn_received())
    d.at(0).receives(E.theirs("PA", 1, 1, b"hi")).delivers(Opened(), Data(b"hi"))
    d.armed({"keepalive": s(7200), "acknowledgement": ms(200)})


def test_close_before_the_peer_answered_says_nothing() -> None:
    """RFC 793 p. 60: SYN-SENT, delete the TCB."""
    d = Dialogue(E.syn_sent())
    d.at(ms(1)).asked(Close()).delivers(Ended("closed before it opened")).armed({})
    d.asked(Close()).asked(Abort()).armed({})


def test_close_in_syn_received_sends_a_fin() -> None:
    """RFC 793 p. 60: the peer may have a connection by now; a FIN ends it in order."""
    d = Dialogue(E.syn_received())
    d.at(ms(1)).asked(Close()).sends(E.ours("FA", 1, 1))
    assert d.machine.state is State.FIN_WAIT_1
    d.at(ms(2)).receives(E.theirs("A", 1, 2)).armed({})
    assert d.machine.state is State.FIN_WAIT_2
    d.refuses(Send(b"x")).armed({})


def test_close_behind_queued_data_waits_for_the_handshake() -> None:
    """RFC 793 p. 60: "otherwise queue for processing"."""
    d = Dialogue(E.fresh(probing=False))
    d.at(0).asked(Connect()).sends(E.ours("S", 0, mss=1460)).asked(Send(b"x"))
    d.receives(E.theirs("S", 0, mss=1460)).sends(E.ours("SA", 0, 1, mss=1460))
    d.asked(Close()).silent()
    d.receives(E.theirs("A", 1, 1)).sends(E.ours("PA", 1, 1, b"x"), E.ours("FA", 2, 1))
    d.receives(E.theirs("A", 1, 3)).armed({})
    assert d.machine.state is State.FIN_WAIT_2


def test_abort_says_rst_only_where_the_peer_has_a_connection() -> None:
    """RFC 793 p. 62: SYN-SENT none, SYN-RECEIVED <SEQ=SND.NXT><CTL=RST>."""
    d = Dialogue(E.syn_sent())
    d.at(0).asked(Abort()).delivers(Ended("aborted")).armed({})
    d = Dialogue(E.syn_received())
    d.at(0).asked(Abort()).sends(E.ours("RA", 1, 1)).delivers(Ended("aborted")).armed({})


def test_syn_in_the_window_resets() -> None:
    """RFC 793 p. 71: an error; the reset answers the SYN: SEQ 0, ACK = SEG.SEQ + 1."""
    for at in (1, 500, WINDOW):
        d = Dialogue(E.established())
        d.at(s(1)).receives(E.theirs("S", at, mss=1460))
        d.sends(Segment(0, E.irs + at + 1, RST | ACK, 0)).delivers(Lost("SYN in the window"))
        d.armed({})


def test_syn_out_of_the_window_draws_an_ack_and_nothing_else() -> None:
    """RFC 793 3.4, figure 10 line 4; the window is [1, 8761).  Silence goes on counting."""
    d = Dialogue(E.established())
    for at in (0, -1, WINDOW + 1, 3_000_000):
        d.at(s(1)).receives(E.theirs("S", at, mss=1460)).sends(E.ours("A", 1, 1))
    d.armed({"keepalive": s(7200)})


def test_half_open_is_discovered_from_both_sides() -> None:
    """RFC 793 figure 10: SYN out of the window, ACK, RST with SEQ = SEG.ACK, and it is gone."""
    server, client = Dialogue(E.established()), Dialogue(Ends(3_000_000, E.iss).fresh())
    fresh = Ends(3_000_000, E.iss)
    syn = fresh.ours("S", 0, mss=1460)
    client.at(s(9)).asked(Connect()).sends(syn)
    server.at(s(9)).receives(syn).sends(E.ours("A", 1, 1))
    rst = stateless_rst(E.irs + 1)
    client.receives(E.ours("A", 1, 1)).sends(rst)
    server.receives(rst).delivers(Lost("RST received")).armed({})
    client.at(s(12)).sends(syn, about=again(1, 3)).armed({"retransmission": s(18)})
