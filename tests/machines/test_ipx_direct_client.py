"""The client on direct IPX: its name query, its CID, one request at a time, T3's repetitions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Data, Ended, Lost, Note, Opened
from emu.machines.ipx_direct import Close, DirectClient, Find, NameQuery, Send
from emu.machines.ipx_direct.client import TABLE
from emu.pdu.smb.header import Command
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.units import ticks

from .dialogue import Dialogue
from .ipx_direct_parts import (
    BREAK,
    CID,
    FOUND,
    NEGOTIATE,
    NEGOTIATED,
    QUERY,
    RELEASE,
    SERVER,
    T3,
    WS1,
    answer,
    client_up,
    finding,
    found,
    numbered,
    request,
)

STEP = ticks(7)
#: facts/ipx.md 2.4: the gaps of capture T3 in steps.
GAPS = (1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
WORKING, INVALID, NOT_ME = 0x0011_0002, 0x0010_0002, 0x0012_0002


def test_the_name_is_asked_for_first_for_this_segment_then_for_all() -> None:
    d = Dialogue(DirectClient(T3, called=SERVER, own_name=WS1, query_id=0x8001))
    d.at(s(1)).asked(Find()).sends(NameQuery(QUERY, is_routed=False))
    d.at(s(1) + ticks(10)).sends(NameQuery(QUERY, is_routed=True))
    d.at(s(1) + ticks(10) + 1).receives(replace(FOUND, requested=WS1)).receives(QUERY).silent()
    d.receives(FOUND).delivers(Opened()).armed({})
    d.quiet_until(s(1000))


def test_nobody_has_the_name() -> None:
    d = Dialogue(finding())
    for number in range(1, 5):
        d.at(number * T3.name_interval_ns).sends(NameQuery(QUERY, is_routed=True))
    d.at(5 * T3.name_interval_ns).delivers(Lost("the name SERVER1<20> was not found")).armed({})
    d.receives(FOUND).silent().armed({})


def test_negotiate_brings_the_cid_and_then_every_request_has_a_number() -> None:
    d = Dialogue(found())
    d.at(0).asked(Send(NEGOTIATE)).sends(numbered(NEGOTIATE, 0, cid=0))
    d.at(ms(1)).receives(numbered(NEGOTIATED, 0)).delivers(Data(b"re 1")).armed({})
    for sequence in (1, 2):
        d.at(s(sequence)).asked(Send(request(sequence + 1)))
        d.sends(numbered(request(sequence + 1), sequence))
        d.receives(numbered(answer(sequence + 1), sequence))
        d.delivers(Data(b"re %d" % (sequence + 1))).armed({})


def test_before_the_cid_nothing_but_negotiate_and_that_once() -> None:
    d = Dialogue(found())
    d.at(0).refuses(Send(request(2))).refuses(Send(RELEASE))
    d.asked(Send(NEGOTIATE)).sends(numbered(NEGOTIATE, 0, cid=0)).refuses(Send(NEGOTIATE))
    d.asked(Send(request(2))).silent().armed({"retransmission": STEP})


@pytest.mark.parametrize("cid", [0x0000, 0xFFFF])
def test_a_cid_that_is_none(cid: int) -> None:
    """Such an answer is none; an error in it says that there will be no connection."""
    d = Dialogue(found())
    d.at(0).asked(Send(NEGOTIATE)).sends(numbered(NEGOTIATE, 0, cid=0))
    d.at(ms(1)).receives(numbered(NEGOTIATED, 0, cid=cid)).silent()
    refused = answer(1, command=Command.NEGOTIATE, status=NOT_ME)
    d.receives(numbered(refused, 0, cid=cid))
    d.delivers(Lost("the server refuses a connection: 00120002")).armed({})


def test_one_request_at_a_time_the_others_wait() -> None:
    d = Dialogue(client_up())
    d.at(s(1)).asked(Send(request(2))).sends(numbered(request(2), 1))
    d.asked(Send(request(3))).asked(Send(request(4))).silent()
    d.at(s(1) + ms(1)).receives(numbered(answer(2), 1))
    d.sends(numbered(request(3), 2)).delivers(Data(b"re 2"))
    d.receives(numbered(answer(2), 1)).silent()
    d.receives(numbered(answer(3), 2)).sends(numbered(request(4), 3)).delivers(Data(b"re 3"))
    d.receives(numbered(answer(4), 3)).delivers(Data(b"re 4")).armed({})


def test_a_break_is_released_beside_a_request_that_waits() -> None:
    """Else the server would wait for a client that waits for the server."""
    d = Dialogue(client_up())
    d.at(s(1)).asked(Send(request(2))).sends(numbered(request(2), 1))
    d.receives(numbered(BREAK, 0, cid=CID + 1)).silent()
    d.receives(numbered(BREAK, 0)).delivers(Data(b"break"))
    d.asked(Send(RELEASE)).sends(numbered(RELEASE, 0)).armed({"retransmission": s(1) + STEP})


def test_what_is_unanswered_is_repeated_as_in_the_capture_and_then_given_up() -> None:
    """25.8 s from the first copy to the last (facts/ipx.md 2.4), and one more gap."""
    d = Dialogue(client_up())
    sent = numbered(request(2), 1)
    at = s(1)
    d.at(at).asked(Send(request(2))).sends(sent).asked(Send(request(3)))
    assert d.machine.unacknowledged_since_ns == s(1)
    for number, gap in enumerate(GAPS, 1):
        at += gap * STEP
        d.at(at).sends(sent, about=Note("retransmission", {"number": number}))
    assert abs(at - s(1) - s(25.8)) < ms(50)
    d.at(at + 12 * STEP).delivers(Lost("12 repetitions of a request unanswered")).armed({})
    d.receives(numbered(answer(2), 1)).asked(Close()).silent().armed({})


def test_without_a_wait_behind_the_last_copy() -> None:
    d = Dialogue(client_up(replace(T3, retries=1, wait_after_last=False)))
    sent = numbered(request(2), 1)
    d.at(0).asked(Send(request(2))).sends(sent)
    d.at(STEP).sends(sent, about=Note("retransmission", {"number": 1}))
    d.delivers(Lost("1 repetitions of a request unanswered")).armed({})


def test_a_server_that_is_working_is_alive() -> None:
    """It is asked for ever, at gaps that grow; the answer is taken when it comes."""
    d = Dialogue(client_up(replace(T3, retries=1)))
    sent, at = numbered(request(2), 1), 0
    d.at(at).asked(Send(request(2))).sends(sent)
    for number, gap in enumerate((1, 1, 2, 3, 4), 1):
        at += gap * STEP
        d.at(at).sends(sent, about=Note("retransmission", {"number": number}))
        d.receives(numbered(answer(2, status=WORKING), 1)).silent()
    d.receives(numbered(answer(2), 1)).delivers(Data(b"re 2")).armed({})
    assert d.machine.unacknowledged_since_ns is None


def test_what_answers_nothing_is_passed_over() -> None:
    d = Dialogue(client_up())
    d.at(0).receives(numbered(answer(2), 1)).asked(Send(request(2))).sends(numbered(request(2), 1))
    d.receives(numbered(answer(2), 1, cid=CID + 1))
    d.receives(numbered(answer(2), 2)).receives(numbered(answer(3), 1))
    d.receives(numbered(answer(2, command=Command.CLOSE), 1)).receives(NEGOTIATED).receives(FOUND)
    d.silent().armed({"retransmission": STEP})


def test_a_server_that_was_restarted_does_not_know_the_connection() -> None:
    d = Dialogue(client_up())
    d.at(0).asked(Send(request(2))).sends(numbered(request(2), 1))
    d.receives(numbered(answer(2, status=INVALID), 1, cid=CID + 1)).silent()
    d.receives(numbered(answer(2, status=INVALID), 1))
    d.delivers(Lost("the server does not know this connection (ERRinvsess)")).armed({})


@pytest.mark.parametrize("make", [finding, found, client_up])
def test_closing_says_nothing(make: type) -> None:
    d = Dialogue(make())
    d.at(1).asked(Close()).delivers(Ended("forgotten")).asked(Close("again")).silent().armed({})
    d.refuses(Send(request(2)))
    assert d.machine.is_over


def test_sequence_numbers_begin_anew_at_1() -> None:
    """facts/ipx.md 1.11: 1, 2 ... 65535, 1 ..."""
    d = Dialogue(client_up())
    d.at(0)
    for number in range(1, 0x10000):
        d.asked(Send(request(7))).sends(numbered(request(7), number))
        d.receives(numbered(answer(7), number)).delivers(Data(b"re 7"))
    d.asked(Send(request(7))).sends(numbered(request(7), 1)).armed({"retransmission": STEP})


def test_every_row_says_who_says_so() -> None:
    assert all(row.citation and row.leads_to for row in TABLE.values())
