"""Triggered updates with one other router (RFC 1582 2 and 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emu.machines.base import Note
from emu.machines.routing.exchange import (
    CircuitDown,
    CircuitUp,
    Exchange,
    Offer,
    PeerLost,
    State,
    Told,
)
from emu.machines.routing.params import RFC_1582, Triggered
from emu.pdu.rip_sap import Rip, UpdateHeader
from emu.units import seconds as s

from .dialogue import Dialogue
from .routing_parts import REQUEST, heard, rip, update, way

OURS = (way(0x0A, 1, 7),)
THEIRS = (way(0x0C, 1, 7),)


def exchange(params: Triggered = RFC_1582) -> Exchange:
    return Exchange(params, Rip, entries_max=2, start_ns=0)


def again(number: int) -> Note:
    return Note("retransmission", {"number": number})


def settled(params: Triggered = RFC_1582) -> Dialogue:
    """Both have told each other everything, ours as update 1; the time is 1 s."""
    d = Dialogue(exchange(params))
    d.at(0).sends(REQUEST)
    d.asked(Offer(OURS)).receives(REQUEST).sends(update(1, *OURS))
    d.receives(heard(1))
    d.at(s(1)).receives(update(9, *THEIRS)).sends(heard(9)).delivers(Told(THEIRS)).armed({})
    return d


def test_between_two_changes_nothing_is_said() -> None:
    """A day; that is what RFC 1582 is for."""
    settled().quiet_until(s(86_400))


def test_a_change_waits_for_others_and_is_said_once() -> None:
    """Gathered for 3 s from the first; what is acknowledged is not repeated."""
    d = settled()
    more, most = (*OURS, way(0x0E, 2, 8)), (way(0x0E, 2, 8), way(0x0F, 2, 8))
    d.at(s(10)).asked(Offer(more)).silent()
    d.at(s(12)).asked(Offer(most)).armed({"gather": s(13)})
    d.at(s(13)).sends(update(2, *most))
    d.at(s(14)).receives(heard(2)).armed({})


def test_a_change_that_is_taken_back_is_not_said() -> None:
    d = settled()
    d.at(s(10)).asked(Offer(())).armed({"gather": s(13)})
    d.at(s(11)).asked(Offer(OURS)).armed({})


def test_an_update_is_repeated_every_5_s_and_given_up_after_10_times() -> None:
    """RFC 1582 7.2: first at 13 s, then 18 to 63 s; given up at 68 s, polled from 128 s on."""
    d = settled()
    d.at(s(10)).asked(Offer(())).silent()
    d.at(s(13)).sends(update(2))
    for number in range(1, 11):
        d.at(s(13 + 5 * number)).sends(update(2), about=again(number))
    d.at(s(68)).delivers(PeerLost()).armed({"poll": s(128)})
    d.at(s(128)).sends(REQUEST)
    d.at(s(188)).sends(REQUEST).armed({"poll": s(248)})


def test_a_request_is_repeated_every_5_s_and_given_up_after_10_times() -> None:
    d = Dialogue(exchange())
    d.at(0).sends(REQUEST)
    for number in range(1, 11):
        d.at(s(5 * number)).sends(REQUEST, about=again(number))
    d.at(s(55)).delivers(PeerLost()).armed({"poll": s(115)})


def test_an_acknowledgement_of_an_older_update_counts_for_nothing() -> None:
    d = settled()
    d.at(s(10)).asked(Offer(())).silent()
    d.at(s(13)).sends(update(2)).receives(heard(1)).armed({"retransmission": s(18)})


def test_fragments_are_acknowledged_and_repeated_one_by_one() -> None:
    """Two entries a packet here; the sequence number is that of the whole update."""
    three = (way(1, 1, 1), way(2, 1, 1), way(3, 1, 1))
    first = update(2, *three[:2], fragment=1, fragments=2)
    second = update(2, three[2], fragment=2, fragments=2)
    d = settled()
    d.at(s(10)).asked(Offer(three)).silent()
    d.at(s(13)).sends(first, second).receives(heard(2, 1)).silent()
    d.at(s(18)).sends(second, about=again(1)).receives(heard(2, 2)).armed({})


def test_fragments_are_believed_when_all_are_there() -> None:
    one, two = (way(1, 1, 1),), (way(2, 1, 1),)
    d = settled()
    d.at(s(10)).receives(update(10, *two, fragment=2, fragments=2)).sends(heard(10, 2))
    d.armed({"reassembly": s(30)})
    d.at(s(11)).receives(update(10, *one, fragment=1, fragments=2)).sends(heard(10, 1))
    d.delivers(Told((*one, *two))).armed({})


def test_fragments_that_do_not_come_are_asked_for_after_four_retransmission_times() -> None:
    """RFC 1582 7.3: 20 s."""
    d = settled()
    d.at(s(10)).receives(update(10, fragment=1, fragments=2)).sends(heard(10))
    d.at(s(30)).sends(REQUEST).armed({"request": s(35)})


def test_a_fragment_of_a_newer_update_ends_the_old_one_without_a_request() -> None:
    d = settled()
    d.at(s(10)).receives(update(10, fragment=1, fragments=2)).sends(heard(10))
    d.at(s(20)).receives(update(11, *THEIRS)).sends(heard(11)).delivers(Told(THEIRS)).armed({})


def test_a_router_that_counts_anew_is_believed() -> None:
    """Switched off and on, it may use a number again for something else."""
    d = settled()
    d.at(s(10)).receives(update(9, way(5, 1, 1))).sends(heard(9))
    d.delivers(Told((way(5, 1, 1),))).armed({})


def test_a_response_without_a_sensible_header_is_let_pass() -> None:
    d = settled()
    d.at(s(10)).receives(Rip(operation=7), Rip(operation=8)).silent()
    for header in (
        UpdateHeader(sequence=1, fragment=0, fragments=1),
        UpdateHeader(sequence=1, fragment=2, fragments=1),
    ):
        d.receives(Rip(operation=7, update=header)).silent()
    d.armed({})


def test_who_was_given_up_and_answers_is_told_everything() -> None:
    d = given_up()
    d.asked(Offer(OURS)).silent()
    d.at(s(115)).sends(REQUEST)
    d.at(s(116)).receives(update(3, *THEIRS)).sends(heard(3)).delivers(Told(THEIRS))
    d.sends(update(1, *OURS)).receives(heard(1)).armed({})


def test_who_was_given_up_and_asks_is_told_and_asked() -> None:
    d = given_up()
    d.at(s(60)).receives(REQUEST).sends(update(1)).sends(REQUEST)
    d.receives(heard(1), update(3)).sends(heard(3)).delivers(Told(())).armed({})


def test_an_administrator_may_end_the_polls() -> None:
    """Five of them, 115 to 355 s; the router over there is heard all the same."""
    d = given_up(replace(RFC_1582, polls_max=5))
    for at in (115, 175, 235, 295, 355):
        d.at(s(at)).sends(REQUEST)
    d.at(s(415)).notes("left alone", polls=5).armed({})
    d.at(s(9000)).receives(update(3)).sends(heard(3)).delivers(Told(())).sends(update(1))
    d.receives(heard(1)).armed({})


def given_up(params: Triggered = RFC_1582) -> Dialogue:
    """At 55 s, with nothing to say."""
    d = Dialogue(exchange(params))
    d.at(0).sends(REQUEST)
    for number in range(1, 11):
        d.at(s(5 * number)).sends(REQUEST, about=again(number))
    return d.at(s(55)).delivers(PeerLost())


def test_without_a_circuit_nothing_is_repeated_and_the_count_goes_on() -> None:
    d = settled()
    d.at(s(10)).asked(Offer(())).silent()
    d.at(s(13)).sends(update(2))
    d.at(s(18)).sends(update(2), about=again(1)).asked(CircuitDown()).armed({})
    d.quiet_until(s(100))
    d.asked(CircuitUp(stale=False)).sends(update(2), about=again(2))
    d.receives(heard(2)).armed({})


def test_a_circuit_that_was_away_for_long_makes_us_ask() -> None:
    d = settled()
    d.at(s(10)).asked(CircuitDown()).quiet_until(s(500))
    d.asked(CircuitUp(stale=True)).sends(REQUEST).armed({"request": s(505)})


def test_what_changed_without_a_circuit_is_said_when_there_is_one() -> None:
    d = settled()
    d.at(s(10)).asked(CircuitDown()).asked(CircuitDown()).asked(Offer(())).quiet_until(s(50))
    d.asked(CircuitUp(stale=False)).silent()
    d.at(s(53)).sends(update(2)).receives(heard(2)).armed({})


def test_the_sequence_number_wraps() -> None:
    """16 bits: 65535 is followed by 0."""
    machine = exchange()
    machine.sequence = 0xFFFF
    d = Dialogue(machine)
    d.at(0).sends(REQUEST).receives(REQUEST).sends(update(0))
    d.receives(heard(0), update(4)).sends(heard(4)).delivers(Told(())).armed({})


def test_what_has_no_row_is_refused() -> None:
    d = settled()
    d.refuses(object()).refuses_pdu(rip()).armed({})
    d.asked(CircuitDown()).refuses_pdu(REQUEST).armed({})
    assert d.machine.state is State.DOWN  # pyright: ignore


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("name", ["gather_ns", "retransmit_ns", "retransmissions", "poll_ns"])
def test_a_number_off_by_one_is_caught(name: str, by: int) -> None:
    wrong: Any = replace(RFC_1582, **{name: getattr(RFC_1582, name) + by})
    with pytest.raises(AssertionError):
        story(wrong)
    Dialogue.opened.clear()


def story(params: Triggered) -> None:
    d = settled(params)
    d.at(s(10)).asked(Offer(())).silent()
    d.at(s(13)).sends(update(2))
    for number in range(1, 11):
        d.at(s(13 + 5 * number)).sends(update(2), about=again(number))
    d.at(s(68)).delivers(PeerLost()).armed({"poll": s(128)})
    d.at(s(128)).sends(REQUEST).armed({"poll": s(188)})


def test_the_story_is_true() -> None:
    story(RFC_1582)
