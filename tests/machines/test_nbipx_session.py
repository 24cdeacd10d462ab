"""One NetBIOS session over IPX: set-up, data, resend, probes, and both kinds of end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import EXPIRED, Data, Ended, Lost, Note, Opened
from emu.machines.nbipx import Abandon
from emu.machines.nbipx.session import TABLE
from emu.machines.spx import Close, Connect, Send, State
from emu.pdu.nbipx import NbipxSession, NbipxSessionKind
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.units import ticks

from .dialogue import Dialogue
from .nbipx_parts import (
    CALLER,
    NOVELL_NB,
    NWLINK,
    called,
    caller,
    changed,
    connecting,
    ending,
    find,
    finding,
    opened,
    ours,
    recognized,
    set_up,
    set_up_answer,
    theirs,
)
from .spx_parts import again, probe

IDLE = {"watchdog": s(30)}

# --- set-up --------------------------------------------------------------------------------------


def test_find_recognized_request_answer() -> None:
    """facts/ipx.md 1.9; field for field in test_nbipx_captures."""
    d = Dialogue(caller())
    d.at(0).asked(Connect()).sends(find()).armed({"retransmission": ms(500)})
    d.receives(recognized(CALLER)).silent()
    d.receives(recognized()).sends(set_up()).armed({"retransmission": s(1)})
    d.receives(set_up_answer()).delivers(Opened()).armed(IDLE)


def test_the_called_answers_with_the_same_octets_and_no_lengths() -> None:
    d = Dialogue(called())
    d.at(0).receives(set_up()).sends(set_up_answer()).delivers(Opened()).armed(IDLE)
    d.at(s(1)).receives(set_up()).sends(set_up_answer()).armed({"watchdog": s(31)})
    d.receives(set_up(0x1234)).armed({"watchdog": s(31)})


def test_three_questions_for_a_name() -> None:
    """BroadcastCount 3, BroadcastTimeout 1 half-second."""
    d = Dialogue(finding())
    d.at(ms(500)).sends(find(), about=again(1, 2)).at(ms(1000)).sends(find(), about=again(2, 2))
    d.quiet_until(ms(1500) - 1)
    d.at(ms(1500)).delivers(Lost("nobody is called FOOBARMACHINE<7b>: asked 3 times")).armed({})


def test_five_requests_for_a_session() -> None:
    """ConnectionCount 5, ConnectionTimeout 2 half-seconds."""
    d = Dialogue(connecting())
    for number in range(1, 5):
        d.at(s(number)).sends(set_up(), about=again(number, 4))
    d.at(s(5)).delivers(Lost("connection request unanswered 5 times")).armed({})


def test_what_is_sent_early_waits() -> None:
    d = Dialogue(caller())
    d.at(0).asked(Send(b"x")).silent().asked(Connect()).sends(find())
    d.asked(Send(b"y")).receives(recognized()).sends(set_up())
    d.receives(set_up_answer()).delivers(Opened())
    d.sends(ours(0x40, 1, data=b"x"), ours(0x40, 2, data=b"y"))
    d.receives(theirs(0x80, 0, 3)).armed(IDLE)


@pytest.mark.parametrize("make", [caller, finding, connecting])
def test_closing_early_tells_nobody(make) -> None:
    d = Dialogue(make())
    d.at(0).asked(Close()).delivers(Ended("closed before it opened")).armed({})


def test_without_a_name_there_is_no_call() -> None:
    d = Dialogue(caller())
    d.at(0).asked(Abandon("the name is in use")).delivers(Lost("the name is in use")).armed({})


# --- data ----------------------------------------------------------------------------------------


def test_an_acknowledgement_waits_for_data_to_ride_on() -> None:
    """AckDelayTime 250 ms (facts/ipx.md 2.3)."""
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x40, data=b"a")).delivers(Data(b"a"))
    d.armed({"acknowledgement": ms(250), "watchdog": s(30)})
    d.at(ms(100)).asked(Send(b"b")).sends(ours(0x40, 1, 1, data=b"b"))
    d.receives(theirs(0x80, 1, 2)).armed({"watchdog": ms(100) + s(30)})


def test_it_leaves_alone_after_its_delay() -> None:
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x40, data=b"a")).delivers(Data(b"a"))
    d.quiet_until(ms(250) - 1)
    d.at(ms(250)).sends(ours(0x80, 1, 1)).armed(IDLE)


def test_the_second_packet_makes_it_leave() -> None:
    """AckWindow 2."""
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x40, data=b"a")).delivers(Data(b"a"))
    d.receives(theirs(0x40, 1, data=b"b")).sends(ours(0x80, 1, 2)).delivers(Data(b"b"))
    d.receives(theirs(0x40, 2, data=b"c")).delivers(Data(b"c"))
    d.armed({"acknowledgement": ms(250), "watchdog": s(30)})


def test_novells_leaves_at_once_and_says_nothing_in_the_last_field() -> None:
    d = Dialogue(opened(NOVELL_NB))
    d.at(0).receives(theirs(0x40, data=b"a", edge=0))
    d.sends(ours(0x80, 1, 1, edge=0)).delivers(Data(b"a")).armed({"watchdog": ticks(54)})


def test_the_window_edge_runs_three_ahead() -> None:
    """KB Q140007: receive sequence 0D with 10, 10 with 13 (facts/ipx.md 1.9)."""
    assert ours(0x80, 1, 0x0D).bytes_received == 0x10
    assert ours(0x80, 1, 0x10).bytes_received == 0x13


def test_at_most_a_window_is_on_its_way() -> None:
    d = Dialogue(opened())
    d.at(0)
    for number in range(1, 5):
        d.asked(Send(b"x")).sends(ours(0x40, number, data=b"x"))
    d.asked(Send(b"y")).silent()
    d.receives(theirs(0x80, 0, 3)).sends(ours(0x40, 5, data=b"y"))
    d.receives(theirs(0x80, 0, 6)).armed(IDLE)


def test_a_long_message_says_its_total_length_and_offsets() -> None:
    text = bytes(range(256)) * 3
    first = replace(ours(0x40, 1, data=text[:528]), total_length=768)
    second = replace(ours(0x40, 2, data=text[528:]), total_length=768, offset=528)
    d = Dialogue(opened())
    d.at(0).asked(Send(text)).sends(first, second)
    d.receives(theirs(0x80, 0, 3)).armed(IDLE)


def test_numbers_go_round_at_65536() -> None:
    machine = opened()
    machine._send_next = machine._receive_next = 0xFFFF
    d = Dialogue(machine)
    d.at(0).asked(Send(b"x")).sends(ours(0x40, 0xFFFF, 0xFFFF, data=b"x"))
    d.asked(Send(b"y")).sends(ours(0x40, 0, 0xFFFF, data=b"y"))
    d.receives(theirs(0x40, 0xFFFF, 1, data=b"a")).delivers(Data(b"a"))
    d.at(ms(250)).sends(ours(0x80, 1, 0)).armed(IDLE)


# --- again ---------------------------------------------------------------------------------------


def test_88_asks_for_everything_again_at_once() -> None:
    """Capture 22, frames 17 and 18."""
    x, y = ours(0x40, 1, data=b"x"), ours(0x40, 2, data=b"y")
    d = Dialogue(opened())
    d.at(0).asked(Send(b"x")).sends(x).asked(Send(b"y")).sends(y)
    resent = Note("resent", {"packets": 2})
    d.at(ms(400)).receives(theirs(0x88, 0, 1)).sends(x, y, about=resent)
    d.armed({"retransmission": ms(900), "watchdog": ms(400) + s(30)})
    d.receives(theirs(0x88, 0, 2)).sends(y, about=Note("resent", {"packets": 1}))
    d.receives(theirs(0x80, 0, 3)).armed({"watchdog": ms(400) + s(30)})


def test_88_without_anything_on_its_way_is_a_sign_of_life() -> None:
    d = Dialogue(opened())
    d.at(s(1)).receives(theirs(0x88)).armed({"watchdog": s(31)})


def test_80_that_expects_what_it_expected_says_not_yet() -> None:
    """Capture 22, frame 16: the wait and the count begin anew."""
    machine = opened()
    d = Dialogue(machine)
    x = ours(0x40, 1, data=b"x")
    d.at(0).asked(Send(b"x")).sends(x).at(ms(500)).sends(x, about=again(1))
    d.at(ms(600)).receives(theirs(0x80, 0, 1))
    d.armed({"retransmission": ms(1100), "watchdog": ms(600) + s(30)})
    assert machine.unacknowledged_since_ns == ms(600)
    d.at(ms(1100)).sends(x, about=again(1))
    d.armed({"retransmission": ms(2100), "watchdog": ms(600) + s(30)})


def test_what_comes_too_early_is_answered_88() -> None:
    d = Dialogue(opened())
    d.at(0).receives(theirs(0x40, 1, data=b"b")).sends(ours(0x88, 1, 0)).armed(IDLE)


def test_what_was_taken_before_is_acknowledged_again() -> None:
    d = Dialogue(opened(NOVELL_NB))
    d.at(0).receives(theirs(0x40, data=b"a", edge=0))
    d.sends(ours(0x80, 1, 1, edge=0)).delivers(Data(b"a"))
    d.receives(theirs(0x40, data=b"a", edge=0)).sends(ours(0x80, 1, 1, edge=0))
    d.armed({"watchdog": ticks(54)})


def test_retransmission_to_give_up() -> None:
    """RetransmitMax 8 from 500 ms, doubling, the last waited out: 255.5 s (facts/ipx.md 2.3)."""
    x = ours(0x40, 1, data=b"x")
    d = Dialogue(opened())
    d.at(0).asked(Send(b"x")).sends(x)
    said = []
    while (due := d.machine.due()) is not None:
        said += [(due, effect) for effect in d.machine.step(EXPIRED, due)]
    repeats = [at for at, effect in said if getattr(effect, "about", None) and "retr" in
               effect.about.kind]  # fmt: skip
    assert repeats == [ms(500) * (2**n - 1) for n in range(1, 9)]
    assert said[-1] == (s(255.5), type(said[-1][1])(Lost("8 retransmissions unanswered")))
    d.armed({})


# --- idle ----------------------------------------------------------------------------------------


def test_eight_probes_each_waited_out() -> None:
    """30 + 8 x 30 = 270 s; C0 type 06 without data (assumption, facts/ipx.md 1.9)."""
    d = Dialogue(opened())
    for number in range(1, 9):
        d.quiet_until(s(30 * number) - 1)
        d.at(s(30 * number)).sends(ours(0xC0), about=probe(number))
    d.quiet_until(s(270) - 1)
    d.at(s(270)).delivers(Lost("8 watchdog probes unanswered")).armed({})


def test_a_probe_is_answered_and_the_answer_counts() -> None:
    d = Dialogue(opened())
    d.at(s(10)).receives(theirs(0xC0)).sends(ours(0x80), about=Note("answer"))
    d.armed({"watchdog": s(40)})
    d.at(s(40)).sends(ours(0xC0), about=probe(1))
    d.receives(theirs(0x80)).notes("probe-answered", by="acknowledgement")
    d.armed({"watchdog": s(70)})


def test_the_other_reading_of_the_probe_is_a_status_query() -> None:
    """facts/ipx.md 1.9: 09, answered by 0A; whichever is asked is answered in kind."""
    query, response = NbipxSessionKind.STATUS_QUERY, NbipxSessionKind.STATUS_RESPONSE
    d = Dialogue(opened(replace(NWLINK, status_query=True)))
    d.at(s(10)).receives(replace(theirs(0xC0), kind=query))
    d.sends(replace(ours(0x80), kind=response), about=Note("answer")).armed({"watchdog": s(40)})
    d.at(s(40)).sends(replace(ours(0xC0), kind=query), about=probe(1))
    d.receives(replace(theirs(0x80), kind=response))
    d.notes("probe-answered", by="acknowledgement").armed({"watchdog": s(70)})


def test_novells_clocks_are_those_of_its_spx() -> None:
    d = Dialogue(opened(NOVELL_NB))
    d.at(ticks(54)).sends(ours(0x80, edge=0), about=Note("verify"))
    d.at(ticks(108)).sends(ours(0xC0, edge=0), about=probe(1, 4)).quiet_until(ticks(108))


# --- the end -------------------------------------------------------------------------------------


def test_the_orderly_end_takes_no_number() -> None:
    """40 type 07, answered 40 type 08 (facts/ipx.md 1.9)."""
    d = Dialogue(opened())
    d.at(0).asked(Close()).sends(ours(0x40, kind=7))
    d.armed({"retransmission": ms(500), "watchdog": s(30)})
    d.receives(theirs(0x40, kind=8)).delivers(Ended("connection ended")).armed({})
    e = Dialogue(opened())
    e.at(0).receives(theirs(0x40, kind=7)).sends(ours(0x40, kind=8))
    e.delivers(Ended("the peer ended the connection")).armed({})


def test_the_end_waits_until_everything_is_acknowledged() -> None:
    d = Dialogue(opened())
    d.at(0).asked(Send(b"x")).sends(ours(0x40, 1, data=b"x")).asked(Close()).silent()
    d.receives(theirs(0x80, 0, 2)).sends(ours(0x40, 2, kind=7))
    d.at(ms(500)).sends(ours(0x40, 2, kind=7), about=again(1))
    d.receives(theirs(0x40, 0, 2, kind=8)).delivers(Ended("connection ended")).armed({})


def test_what_nobody_knows_the_meaning_of_is_not_answered() -> None:
    """Status query and response (facts/ipx.md 1.9)."""
    query = replace(theirs(0x40), kind=NbipxSessionKind.STATUS_QUERY)
    response = replace(theirs(0x40), kind=NbipxSessionKind.STATUS_RESPONSE)
    end_ack = theirs(0x40, kind=8)
    d = Dialogue(opened())
    d.at(0).receives(query, response, end_ack, find(), "octets").armed(IDLE)


# --- what the table allows -----------------------------------------------------------------------


def test_nothing_is_taken_any_more_when_it_is_over() -> None:
    machine = ending()
    d = Dialogue(machine)
    d.at(0).receives(theirs(0x40, kind=8)).delivers(Ended("connection ended"))
    d.receives(theirs(0xC0), theirs(0x40, data=b"x"), theirs(0x40, kind=7), set_up())
    d.refuses(Send(b"x")).refuses(Close()).refuses(Connect()).armed({})
    assert machine.is_over and not machine.can_send


@pytest.mark.parametrize("pdu", [theirs(0xC0), set_up_answer(), recognized(), find()])
def test_a_fresh_one_hears_only_requests(pdu: NbipxSession) -> None:
    Dialogue(caller()).receives(pdu).armed({})


def test_what_may_not_be_asked() -> None:
    Dialogue(opened()).refuses(Connect()).refuses(Abandon("x")).quiet_until(0)
    Dialogue(ending()).refuses(Send(b"x")).refuses(Close()).quiet_until(0)
    Dialogue(caller()).refuses("anything").armed({})


def test_every_row_cites_its_document_and_leads_somewhere() -> None:
    for (state, event), row in TABLE.items():
        assert row.citation, (state, event)
        assert row.leads_to <= frozenset(State), (state, event)


def test_a_delayed_acknowledgement_never_reaches_the_first_retransmission() -> None:
    """250 ms are over before the peer's 500 ms: no needless repeat in either direction."""
    assert NWLINK.ack_delay_ns < NWLINK.sliding.data.first_ns
    assert changed(NWLINK, window=1).sliding.window == 1
