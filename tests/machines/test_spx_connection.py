"""One SPX connection: set-up, data in its window, retransmission, the orderly and the other end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Data, Ended, Lost, Opened
from emu.machines.spx import Abort, Close, Connect, Send, SpxConnection, State
from emu.machines.spx.connection import TABLE
from emu.pdu.spx import Spx
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .spx_parts import (
    DATA,
    NWLINK,
    OURS,
    THEIRS,
    again,
    changed,
    connecting,
    ending,
    fresh,
    opened,
    ours,
    packet,
    request,
    theirs,
)

GONE = Lost("8 retransmissions unanswered")

# --- set-up --------------------------------------------------------------------------------------


def test_the_set_up_is_that_of_the_golden_vectors() -> None:
    """facts/ipx.md 1.13: C0 with FFFF, answered 80 by the other's id; window 4 is 0003."""
    d = Dialogue(fresh())
    d.at(0).asked(Connect()).sends(request())
    assert request() == packet(0xC0, OURS, 0xFFFF, (0, 0, 3))
    d.armed({"retransmission": s(1)})
    d.receives(theirs(0x80)).delivers(Opened()).armed({"watchdog": s(6)})
    server = SpxConnection(NWLINK, own_id=THEIRS)
    e = Dialogue(server)
    e.at(0).receives(request()).sends(packet(0x80, THEIRS, OURS, (0, 0, 3))).delivers(Opened())
    e.armed({"watchdog": s(6)})


def test_ten_requests_a_second_apart_each_waited_out() -> None:
    """ConnectionCount 10, ConnectionTimeout 2 half-seconds (facts/ipx.md 2.2)."""
    d = Dialogue(connecting())
    for number in range(1, 10):
        d.at(s(number)).sends(request(), about=again(number, 9))
    d.quiet_until(s(10) - 1)
    d.at(s(10)).delivers(Lost("connection request unanswered 10 times")).armed({})


def test_a_request_whose_answer_got_lost_is_answered_again() -> None:
    d = Dialogue(SpxConnection(NWLINK, own_id=THEIRS))
    d.at(0).receives(request()).sends(theirs(0x80)).delivers(Opened())
    d.at(s(1)).receives(request()).sends(theirs(0x80)).armed({"watchdog": s(7)})


def test_another_callers_request_is_not_ours() -> None:
    d = Dialogue(SpxConnection(NWLINK, own_id=THEIRS))
    d.at(0).receives(request()).sends(theirs(0x80)).delivers(Opened())
    d.at(s(1)).receives(replace(request(), source_id=0x1234)).armed({"watchdog": s(6)})


def test_what_is_sent_before_the_answer_waits_for_it() -> None:
    d = Dialogue(connecting())
    d.at(0).asked(Send(b"x")).silent()
    d.at(ms(1)).receives(theirs(0x80)).delivers(Opened()).sends(ours(0x50, data=b"x"))
    d.armed({"retransmission": ms(501), "watchdog": ms(1) + s(6)})


def test_closing_before_the_answer_tells_nobody() -> None:
    d = Dialogue(connecting())
    d.at(ms(1)).asked(Close()).delivers(Ended("closed before it opened")).armed({})


# --- data ----------------------------------------------------------------------------------------


def test_data_is_acknowledged_by_a_system_packet_that_takes_no_sequence() -> None:
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x50, data=b"a")).sends(ours(0x80, 0, 1)).delivers(Data(b"a"))
    d.receives(theirs(0x40, 1, data=b"b")).sends(ours(0x80, 0, 2))
    d.delivers(Data(b"b", last=False))
    d.asked(Send(b"c")).sends(ours(0x50, 0, 2, data=b"c"))
    d.receives(theirs(0x80, 2, 1)).armed({"watchdog": s(6)})


def test_data_without_the_wish_is_not_acknowledged() -> None:
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x10, data=b"a")).delivers(Data(b"a")).armed({"watchdog": s(6)})


def test_an_abort_says_nothing() -> None:
    """facts/ipx.md 1.3."""
    d = Dialogue(opened())
    d.at(0).asked(Send(b"c")).sends(ours(0x50, data=b"c"))
    d.asked(Abort()).delivers(Ended("aborted")).armed({}).quiet_until(s(1000))
    d = Dialogue(connecting())
    d.at(0).asked(Abort()).delivers(Ended("aborted")).armed({})


def test_a_long_message_is_cut_and_only_its_end_says_end_of_message() -> None:
    """534 octets are the most (facts/ipx.md 1.3)."""
    text = bytes(range(256)) * 5
    d = Dialogue(opened())
    d.at(0).asked(Send(text))
    d.sends(ours(0x40, 0, data=text[:534]), ours(0x40, 1, data=text[534:1068]))
    d.sends(ours(0x50, 2, data=text[1068:]))
    d.armed({"retransmission": ms(500), "watchdog": s(6)})


def test_the_allocation_of_the_peer_is_the_window() -> None:
    """Allocation 0003 with acknowledgement 0: four packets, and one more for each taken."""
    d = Dialogue(opened())
    d.at(0)
    for number in range(4):
        d.asked(Send(b"x")).sends(ours(0x50, number, data=b"x"))
    d.asked(Send(b"y")).silent()
    d.receives(theirs(0x80, 0, 1)).sends(ours(0x50, 4, data=b"y"))
    d.receives(theirs(0x80, 0, 5)).armed({"watchdog": s(6)})


def test_an_allocation_that_does_not_move_holds_data_back() -> None:
    d = Dialogue(opened(window=1))
    d.at(0).asked(Send(b"x")).sends(ours(0x50, data=b"x"))
    d.receives(theirs(0x80, 0, 1, window=0)).asked(Send(b"y")).armed({"watchdog": s(6)})
    d.receives(theirs(0x80, 0, 1)).sends(ours(0x50, 1, data=b"y"))
    d.receives(theirs(0x80, 0, 2)).armed({"watchdog": s(6)})


def test_what_was_taken_before_is_only_acknowledged_again() -> None:
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x50, data=b"a")).sends(ours(0x80, 0, 1)).delivers(Data(b"a"))
    d.receives(theirs(0x50, data=b"a")).sends(ours(0x80, 0, 1)).armed({"watchdog": s(6)})


def test_what_comes_too_early_is_not_taken() -> None:
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x50, 1, data=b"b")).sends(ours(0x80, 0, 0)).armed({"watchdog": s(6)})


def test_numbers_go_round_at_65536() -> None:
    spx = opened()
    spx._send_next = spx._receive_next = 0xFFFE
    spx._allocated = 1
    d = Dialogue(spx)
    d.at(0)
    for number in range(0xFFFE, 0x10002):
        d.asked(Send(b"x")).sends(ours(0x50, number, 0xFFFE, data=b"x"))
    d.asked(Send(b"y")).silent()
    d.receives(theirs(0x50, 0xFFFE, 0x10002, data=b"a"))
    d.sends(ours(0x80, 2, 0xFFFF)).delivers(Data(b"a")).sends(ours(0x50, 2, 0xFFFF, data=b"y"))
    d.receives(theirs(0x80, 0xFFFF, 3)).armed({"watchdog": s(6)})


# --- retransmission ------------------------------------------------------------------------------


def test_retransmission_to_give_up_doubling() -> None:
    """0.5 x (1 + 2 + ... + 256) = 255.5 s: eight repeats, each waited out."""
    data = ours(0x50, data=b"x")
    d = Dialogue(opened(changed(watchdog_with_data=False)))
    d.at(0).asked(Send(b"x")).sends(data)
    for number in range(1, 9):
        d.at(ms(500) * (2**number - 1)).sends(data, about=again(number))
    d.quiet_until(s(255.5) - 1)
    d.at(s(255.5)).delivers(GONE).armed({})


def test_retransmission_to_give_up_constant() -> None:
    """9 x 0.5 = 4.5 s; not waiting behind the last one 8 x 0.5 = 4 s (facts/ipx.md 2.3)."""
    data = ours(0x50, data=b"x")
    for waits, end in ((True, s(4.5)), (False, s(4))):
        law = replace(DATA, doubling=False, wait_after_last=waits)
        d = Dialogue(opened(changed(data=law)))
        d.at(0).asked(Send(b"x")).sends(data)
        for number in range(1, 9):
            d.at(ms(500) * number).sends(data, about=again(number))
        if waits:
            d.quiet_until(end - 1).at(end)
        d.delivers(GONE).armed({})
        assert d.now == end


def test_without_any_repeat_the_first_wait_is_the_last() -> None:
    for waits in (True, False):
        d = Dialogue(opened(changed(data=replace(DATA, repeats=0, wait_after_last=waits))))
        d.at(0).asked(Send(b"x")).sends(ours(0x50, data=b"x"))
        d.at(ms(500)).delivers(Lost("0 retransmissions unanswered")).armed({})


def test_the_oldest_is_repeated_with_todays_acknowledgement() -> None:
    d = Dialogue(opened())
    d.at(0).asked(Send(b"x")).sends(ours(0x50, data=b"x"))
    d.asked(Send(b"y")).sends(ours(0x50, 1, data=b"y"))
    d.at(ms(100)).receives(theirs(0x50, data=b"a")).sends(ours(0x80, 2, 1)).delivers(Data(b"a"))
    d.at(ms(500)).sends(ours(0x50, 0, 1, data=b"x"), about=again(1))
    d.at(ms(600)).receives(theirs(0x80, 1, 1))
    d.at(ms(1100)).sends(ours(0x50, 1, 1, data=b"y"), about=again(1))
    d.receives(theirs(0x80, 1, 2)).armed({"watchdog": ms(1100) + s(6)})


def test_since_when_something_waits() -> None:
    spx = opened()
    d = Dialogue(spx)
    assert spx.unacknowledged_since_ns is None
    d.at(s(1)).asked(Send(b"x")).sends(ours(0x50, data=b"x"))
    assert spx.unacknowledged_since_ns == s(1)
    d.at(s(1.1)).receives(theirs(0x80, 0, 1)).armed({"watchdog": s(7.1)})
    assert spx.unacknowledged_since_ns is None


# --- the end -------------------------------------------------------------------------------------


def test_the_orderly_end_of_who_asks_for_it() -> None:
    """50 with FE, which takes a sequence number, answered by 00 with FF (facts/ipx.md 1.3)."""
    end = ours(0x50, stream=0xFE)
    d = Dialogue(opened())
    d.at(0).asked(Close()).sends(end).armed({"retransmission": ms(500), "watchdog": s(6)})
    d.at(ms(500)).sends(end, about=again(1))
    d.receives(theirs(0x00, 0, 1, stream=0xFF)).delivers(Ended("connection ended")).armed({})


def test_the_orderly_end_of_who_is_told() -> None:
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x50, stream=0xFE)).sends(ours(0x00, 0, 1, stream=0xFF))
    d.delivers(Ended("the peer ended the connection")).armed({})


def test_the_end_waits_until_everything_is_acknowledged() -> None:
    d = Dialogue(opened())
    d.at(0).asked(Send(b"x")).sends(ours(0x50, data=b"x")).asked(Close()).silent()
    d.receives(theirs(0x80, 0, 1)).sends(ours(0x50, 1, stream=0xFE))
    d.receives(theirs(0x00, 0, 2, stream=0xFF)).delivers(Ended("connection ended")).armed({})


def test_both_may_end_it_at_once() -> None:
    d = Dialogue(ending())
    d.at(0).receives(theirs(0x50, stream=0xFE)).sends(ours(0x00, 0, 1, stream=0xFF))
    d.delivers(Ended("the peer ended the connection")).armed({})


def test_an_acknowledgement_is_no_end() -> None:
    """Only FF is."""
    d = Dialogue(ending())
    d.at(0).receives(theirs(0x80, 0, 1)).armed({"retransmission": ms(500), "watchdog": s(6)})


def test_an_end_acknowledged_that_was_not_asked_for_is_no_end() -> None:
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x00, stream=0xFF)).armed({"watchdog": s(6)})


def test_an_end_that_comes_too_early_is_not_taken() -> None:
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x50, 1, stream=0xFE)).armed({"watchdog": s(6)})


def test_data_still_arrives_while_the_end_is_on_its_way() -> None:
    d = Dialogue(ending())
    d.at(0).receives(theirs(0x50, data=b"a")).sends(ours(0x80, 0, 1)).delivers(Data(b"a"))
    d.armed({"retransmission": ms(500), "watchdog": s(6)})


def test_an_end_that_nobody_answers_is_a_loss() -> None:
    d = Dialogue(ending(changed(watchdog_with_data=False, data=replace(DATA, repeats=0))))
    d.at(ms(500)).delivers(Lost("0 retransmissions unanswered")).armed({})


# --- what the table allows -----------------------------------------------------------------------


def test_nothing_is_taken_any_more_when_it_is_over() -> None:
    spx = ending()
    d = Dialogue(spx)
    d.at(0).receives(theirs(0x00, 0, 1, stream=0xFF)).delivers(Ended("connection ended"))
    d.receives(theirs(0xC0), theirs(0x50, data=b"x"), theirs(0x50, stream=0xFE), request())
    d.refuses(Send(b"x")).refuses(Close()).refuses(Connect()).armed({})
    assert spx.is_over and not spx.can_send


@pytest.mark.parametrize("pdu", [theirs(0xC0), theirs(0x80), theirs(0x50, data=b"x"), "octets"])
def test_a_fresh_one_hears_only_requests(pdu: Spx | str) -> None:
    Dialogue(fresh()).receives(pdu).armed({})


def test_what_may_not_be_asked() -> None:
    Dialogue(fresh()).refuses(Send(b"x")).refuses(Close()).refuses("anything").armed({})
    Dialogue(opened()).refuses(Connect()).quiet_until(0)
    Dialogue(ending()).refuses(Send(b"x")).refuses(Close()).quiet_until(0)


def test_every_row_cites_its_document_and_leads_somewhere() -> None:
    for (state, event), row in TABLE.items():
        assert row.citation, (state, event)
        assert row.leads_to <= frozenset(State), (state, event)
