"""Keepalive of NT 4: I = 7200 s, V = 1 s, 5 probes, 7205 s (facts/tcp.md 2, 5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Data, Lost, Note
from emu.machines.tcp.control import Send
from emu.pdu.ip_tcp import ACK, Segment
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .tcp_parts import NT4, Ends, again, probe, stateless_rst

E = Ends()
ENDS = [E, Ends(0xFFFF_FFFF, 0xFFFF_FFFF), Ends(0x7FFF_FFFF, 0x7FFF_FFFF)]
GIVEN_UP = Lost("5 keepalive probes unanswered")


def of_probe(ends: Ends = E) -> Segment:
    """SEQ = SND.NXT - 1, length 0 (facts/tcp.md 5); nothing was sent since the SYN."""
    return ends.ours("A", 0, 1)


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("reset", [True, False])
def test_a_silent_peer_is_given_up_after_7205_s(ends: Ends, *, reset: bool) -> None:
    """7200 + 5 x 1: probes at 7200..7204, each waited out; RST,ACK at SEQ = SND.NXT, or nothing."""
    d = Dialogue(ends.established(replace(NT4, reset_on_probe_give_up=reset)))
    d.armed({"keepalive": s(7200)}).quiet_until(s(7200) - 1)
    for number in range(1, 6):
        d.at(s(7199 + number)).sends(of_probe(ends), about=probe(number))
        d.quiet_until(s(7200 + number) - 1)
    d.at(s(7205))
    if reset:
        d.sends(ends.ours("RA", 1, 1))
    d.delivers(GIVEN_UP).armed({})


def test_the_probe_is_one_left_of_the_window() -> None:
    """The peer counts from 1000: its RCV.NXT is 1001, the probe's SEQ 1000; no octet, no PSH."""
    assert of_probe() == Segment(1000, 70_001, ACK, 8760, b"")
    wrapped = Ends(0xFFFF_FFFF, 5)
    assert of_probe(wrapped) == Segment(0xFFFF_FFFF, 6, ACK, 8760)


def test_the_other_reading_has_a_sixth_probe_and_one_interval_more() -> None:
    """facts/tcp.md 5: "one interval more if the last wait is counted": 7206 s."""
    d = Dialogue(E.established(replace(NT4, first_probe_counts=False)))
    for number in range(1, 7):
        d.at(s(7199 + number)).sends(of_probe(), about=probe(number, 6))
    d.quiet_until(s(7206) - 1)
    d.at(s(7206)).sends(E.ours("RA", 1, 1)).delivers(Lost("6 keepalive probes unanswered"))
    d.armed({})


def test_five_minutes_instead_of_two_hours() -> None:
    """300 + 5 x 1 = 305 s."""
    d = Dialogue(E.established(replace(NT4, keepalive_idle_ns=s(300))))
    for number in range(1, 6):
        d.at(s(299 + number)).sends(of_probe(), about=probe(number))
    d.at(s(305)).sends(E.ours("RA", 1, 1)).delivers(GIVEN_UP).armed({})


@pytest.mark.parametrize("probing", [True, False])
def test_off_means_silence_for_ever(*, probing: bool) -> None:
    """KB Q187049: nothing is sent to an idle peer.  ``probing`` is the server's end."""
    d = Dialogue(E.established(replace(NT4, keepalive=not probing), probing=probing))
    d.armed({}).quiet_until(s(10 * 365 * 86_400))


@pytest.mark.parametrize("answered_after", [1, 2, 5])
def test_an_answer_restarts_the_idle_period_and_the_count(answered_after: int) -> None:
    d = Dialogue(E.established())
    for number in range(1, answered_after + 1):
        d.at(s(7199 + number)).sends(of_probe(), about=probe(number))
    heard = s(7199 + answered_after) + ms(1)
    d.at(heard).receives(E.theirs("A", 1, 1)).notes("probe-answered", by="ACK")
    d.armed({"keepalive": heard + s(7200)}).quiet_until(heard + s(7200) - 1)
    for number in range(1, 6):
        d.at(heard + s(7199 + number)).sends(of_probe(), about=probe(number))
    d.at(heard + s(7205)).sends(E.ours("RA", 1, 1)).delivers(GIVEN_UP).armed({})


def test_an_answer_on_the_deadline_counts() -> None:
    """At one instant the frame comes before the timer (architecture.md 1)."""
    d = Dialogue(E.established())
    for number in range(1, 6):
        d.at(s(7199 + number)).sends(of_probe(), about=probe(number))
    d.at(s(7205)).receives(E.theirs("A", 1, 1)).notes("probe-answered", by="ACK")
    d.armed({"keepalive": s(14_405)})


def test_both_ends_of_a_probe() -> None:
    server, client = Dialogue(E.established()), Dialogue(Ends(E.irs, E.iss).established(probing=0))
    server.at(s(7200)).sends(of_probe(), about=probe(1))
    answer = Ends(E.irs, E.iss).ours("A", 1, 1)
    client.at(s(7200)).receives(of_probe()).sends(answer).armed({})
    server.receives(answer).notes("probe-answered", by="ACK").armed({"keepalive": s(14_400)})


def test_a_garbage_octet_is_answered_and_not_delivered() -> None:
    """RFC 1122 4.2.3.6; facts/tcp.md 4.1: "same ACK; data not delivered"."""
    d = Dialogue(E.established(probing=False))
    d.at(s(1)).receives(E.theirs("A", 0, 1, b"\0")).sends(E.ours("A", 1, 1)).armed({})
    d.receives(E.theirs("A", 0, 1)).sends(E.ours("A", 1, 1)).armed({})


def test_traffic_pushes_the_probe_back() -> None:
    """Data and ACKs alike; the later one counts: 100.5 + 7200 s."""
    d = Dialogue(E.established())
    d.at(s(100)).receives(E.theirs("PA", 1, 1, b"k")).delivers(Data(b"k"))
    d.asked(Send(b"s")).sends(E.ours("PA", 1, 2, b"s"))
    d.at(s(100.5)).receives(E.theirs("A", 2, 2)).armed({"keepalive": s(7300.5)})


def test_our_own_octets_do_not_push_it_back() -> None:
    """The idle time counts what was received; the ACK of what we send is what restarts it."""
    d = Dialogue(E.established(replace(NT4, keepalive_idle_ns=s(10))))
    d.at(s(9)).asked(Send(b"s")).sends(E.ours("PA", 1, 1, b"s"))
    d.armed({"keepalive": s(10), "retransmission": s(9.5)})
    d.at(s(9.4)).receives(E.theirs("A", 1, 2)).armed({"keepalive": s(19.4)})


def test_it_is_silent_while_data_is_outstanding() -> None:
    """RFC 9293 MUST-26: idle 10 s runs out at 10 and 20 s, retransmission alone speaks."""
    slow = replace(NT4, keepalive_idle_ns=s(10), first_rto_ns=s(15))
    d = Dialogue(E.established(slow))
    data = E.ours("PA", 1, 1, b"s")
    d.at(s(5)).asked(Send(b"s")).sends(data)
    d.quiet_until(s(20) - 1)
    d.at(s(20)).sends(data, about=again(1)).armed({"keepalive": s(30), "retransmission": s(50)})
    d.at(s(45)).receives(E.theirs("A", 1, 2)).armed({"keepalive": s(55)})
    d.at(s(55)).sends(E.ours("A", 1, 1), about=probe(1)).armed({"keepalive": s(56)})


def test_it_is_silent_while_the_window_is_shut() -> None:
    d = Dialogue(E.established())
    d.at(0).receives(E.theirs("A", 1, 1, window=0)).asked(Send(b"s")).silent()
    d.quiet_until(s(7300)).armed({"keepalive": s(14_400)})


def test_a_rst_answers_the_probe_and_ends_the_connection() -> None:
    """facts/tcp.md 11.10: RST with SEQ = the probe's ACK field, no ACK flag."""
    d = Dialogue(E.established())
    d.at(s(7200)).sends(of_probe(), about=probe(1))
    d.at(s(7200) + 1).receives(stateless_rst(E.irs + 1)).notes("probe-answered", by="RST")
    d.delivers(Lost("RST received")).armed({})


def test_a_rst_with_ack_answers_it_as_well() -> None:
    d = Dialogue(E.established())
    d.at(s(7200)).sends(of_probe(), about=probe(1))
    d.at(s(7200) + 1).receives(E.theirs("RA", 1, 1)).notes("probe-answered", by="RST")
    d.delivers(Lost("RST received")).armed({})


@pytest.mark.parametrize("at", [0, 8761, 1 << 31])
def test_a_rst_out_of_the_window_answers_nothing(at: int) -> None:
    """It is no octet of this connection: the count goes on to 7205 s."""
    d = Dialogue(E.established())
    d.at(s(7200)).sends(of_probe(), about=probe(1))
    d.at(s(7200.5)).receives(stateless_rst(E.irs + at)).silent()
    for number in range(2, 6):
        d.at(s(7199 + number)).sends(of_probe(), about=probe(number))
    d.at(s(7205)).sends(E.ours("RA", 1, 1)).delivers(GIVEN_UP).armed({})


def test_a_syn_of_a_restarted_client_is_no_sign_of_life() -> None:
    """RFC 9293 3.8.4 counts data and acknowledgements; it draws its ACK, the silence goes on."""
    d = Dialogue(E.established())
    d.at(s(7199)).receives(E.theirs("S", 3_000_000)).sends(E.ours("A", 1, 1))
    d.armed({"keepalive": s(7200)})


def test_a_half_closed_connection_is_probed_too() -> None:
    """FIN-WAIT-2, nothing outstanding: SND.NXT - 1 is the FIN's number."""
    d = Dialogue(E.fin_wait_2())
    d.at(s(7200)).sends(E.ours("A", 1, 1), about=probe(1))
    d.at(s(7200.1)).receives(E.theirs("A", 1, 2)).notes("probe-answered", by="ACK")
    d.armed({"keepalive": s(14_400.1)})


def test_time_wait_is_not_probed() -> None:
    d = Dialogue(E.time_wait(replace(NT4, keepalive_idle_ns=s(1))))
    d.armed({"time-wait": s(240)}).quiet_until(s(240)).armed({})


def test_notes_name_the_count_in_force() -> None:
    assert probe(2) == Note("probe", {"number": 2, "of": 5})
