"""The server's end of one connection: sequence rules, work, death (facts/ipx.md 1.6, 3.1)."""

from __future__ import annotations

import pytest

from emu.machines.base import Asked, Ended, Lost, Opened, Received
from emu.machines.ncp import Clear, Reply, ServerConnection
from emu.machines.ncp.connection import TABLE, Event, State, answer_stranger, answer_table_full
from emu.pdu.ncp import NcpType
from emu.units import seconds as s

from .dialogue import Dialogue, snapshot
from .ncp_parts import answer, busy, create, destroy, params, poll, probe, reply, request

CREATED = reply(0, task=0)


def new(number: int = 5) -> ServerConnection:
    return ServerConnection(params(), number=number, now=0)


def attached() -> Dialogue:
    d = Dialogue(new())
    return d.at(0).receives(create()).sends(CREATED).delivers(Opened())


def ready(sequence: int = 1) -> Dialogue:
    """After ``sequence`` requests, each answered at 0."""
    d = attached()
    for number in range(1, sequence + 1):
        d.receives(request(number % 256)).delivers(request(number % 256))
        d.asked(Reply(data=b"done")).sends(reply(number % 256, data=b"done"))
    return d


def working() -> Dialogue:
    d = ready()
    return d.receives(request(2)).delivers(request(2))


def gone() -> Dialogue:
    return ready().asked(Clear())


def test_create_assigns_the_number_and_opens() -> None:
    attached().armed({"watchdog": s(30)})


def test_a_create_repeated_before_any_request_gets_the_same_answer() -> None:
    """The reply was lost: the slot is the same, and nobody hears "opened" twice."""
    attached().at(s(3)).receives(create()).sends(CREATED).armed({"watchdog": s(33)})


def test_a_request_is_delivered_and_answered_when_the_work_is_done() -> None:
    d = attached()
    d.at(s(1)).receives(request(1, data=b"abc")).delivers(request(1, data=b"abc"))
    d.at(s(3)).asked(Reply(data=b"xyz")).sends(reply(1, data=b"xyz"))
    d.armed({"watchdog": s(31)})


def test_completion_and_status_go_into_the_reply() -> None:
    d = attached().receives(request(1)).delivers(request(1))
    d.asked(Reply(completion=0xF9, status=4)).sends(reply(1, completion=0xF9, status=4))
    d.armed({"watchdog": s(30)})


def test_a_retry_after_the_reply_gets_the_same_reply_again() -> None:
    d = ready()
    d.at(s(2)).receives(request(1)).sends(reply(1, data=b"done")).armed({"watchdog": s(32)})


def test_a_retry_of_a_request_in_work_is_told_so() -> None:
    d = working()
    d.at(s(2)).receives(request(2)).sends(busy(2))
    d.at(s(3)).receives(request(2)).sends(busy(2))
    d.at(s(4)).asked(Reply()).sends(reply(2)).armed({"watchdog": s(33)})


def test_the_next_request_while_one_is_in_work_is_not_taken() -> None:
    d = working()
    d.at(s(2)).receives(request(3)).armed({"watchdog": s(32)})
    d.asked(Reply()).sends(reply(2)).receives(request(3)).delivers(request(3))
    d.armed({"watchdog": s(32)})


@pytest.mark.parametrize("sequence", [0, 3, 4, 100, 255])
def test_any_other_sequence_is_only_a_sign_of_life(sequence: int) -> None:
    d = ready()
    d.at(s(2)).receives(request(sequence)).armed({"watchdog": s(32)})


@pytest.mark.parametrize("sequence", [0, 2, 255])
def test_the_first_request_is_number_one(sequence: int) -> None:
    attached().receives(request(sequence)).armed({"watchdog": s(30)})


def test_sequences_wrap_at_256() -> None:
    d = ready(255)
    d.receives(request(0)).delivers(request(0)).asked(Reply()).sends(reply(0))
    d.receives(request(0)).sends(reply(0))
    d.receives(request(1)).delivers(request(1)).receives(request(1)).sends(busy(1))
    d.armed({"watchdog": s(30)})


def test_a_reply_can_be_given_once() -> None:
    ready().refuses(Reply()).armed({"watchdog": s(30)})
    attached().refuses(Reply()).armed({"watchdog": s(30)})


def test_destroy_is_answered_and_ends() -> None:
    d = ready()
    d.at(s(2)).receives(destroy(2)).sends(reply(2)).delivers(Ended("logged off")).armed({})


@pytest.mark.parametrize("start", [attached, ready, working])
@pytest.mark.parametrize("sequence", [0, 1, 2, 3, 77])
def test_destroy_is_believed_whatever_its_sequence(start, sequence: int) -> None:
    start().receives(destroy(sequence)).sends(reply(sequence)).delivers(Ended("logged off")).armed(
        {}
    )


def test_a_silent_station_is_polled_and_cleared_without_a_word() -> None:
    d = ready()
    for number in range(5):
        d.at(s(30 + 10 * number)).sends(poll(), about=probe(number + 1, 5))
    d.quiet_until(s(80) - 1)
    d.at(s(80)).delivers(Lost("5 watchdog polls unanswered")).armed({})


def test_an_unfinished_request_does_not_hurry_the_watchdog() -> None:
    """The server repeats nothing (facts/ipx.md 3.1.6)."""
    d = working()
    d.quiet_until(s(30) - 1)
    d.at(s(30)).sends(poll(), about=probe(1, 5))
    d.at(s(31)).receives(answer()).notes("probe-answered", number=1, of=5)
    d.at(s(32)).asked(Reply()).sends(reply(2)).armed({"watchdog": s(61)})


def test_a_station_with_a_request_in_work_is_cleared_all_the_same() -> None:
    d = working()
    for number in range(5):
        d.at(s(30 + 10 * number)).sends(poll(), about=probe(number + 1, 5))
    d.at(s(80)).delivers(Lost("5 watchdog polls unanswered")).refuses(Reply()).armed({})


def test_the_slot_rule_ends_it_at_once() -> None:
    d = working()
    d.at(s(7)).asked(Clear(cause="attached again")).delivers(Lost("attached again")).armed({})


def test_administration_ends_it_in_silence() -> None:
    ready().at(s(7)).asked(Clear()).silent().armed({})


def test_a_create_on_a_connection_in_use_is_the_slot_tables_business() -> None:
    for d in (ready(), working()):
        before = snapshot(d.machine)
        d.at(s(5)).receives(create()).armed({"watchdog": s(30)})
        assert snapshot(d.machine) == before


@pytest.mark.parametrize("start", [gone, lambda: Dialogue(new())])
def test_without_a_connection_a_peer_may_say_anything_but_nobody_asks(start) -> None:
    d: Dialogue = start()
    timers = dict(d.machine.timers())
    for pdu in (request(1), destroy(2), answer(), poll(), reply(1), object()):
        before = snapshot(d.machine)
        d.receives(pdu).silent()
        assert snapshot(d.machine) == before
    d.refuses(Reply()).refuses(Clear()).refuses("nonsense").armed(timers)


def test_a_connection_that_is_gone_hears_no_create() -> None:
    gone().receives(create()).armed({})


def test_every_row_cites_its_document() -> None:
    assert all(row.citation.startswith("ipx.md") for row in TABLE.values())


def test_every_peer_event_has_a_row_in_every_state() -> None:
    heard = (Event.CREATE, Event.REQUEST, Event.DESTROY, Event.OTHER)
    assert all((state, event) in TABLE for state in State for event in heard)


def test_rows_lead_where_they_say() -> None:
    stimuli = [
        *(Received(pdu) for pdu in (create(), request(1), request(2), destroy(3), answer())),
        Asked(Reply()),
        Asked(Clear()),
    ]
    for start in (attached, ready, working, gone, lambda: Dialogue(new())):
        for stimulus in stimuli:
            d = start()
            machine = d.machine
            before = machine.state
            event = {Reply: Event.REPLY, Clear: Event.CLEAR}.get(
                type(getattr(stimulus, "request", None))
            ) or {
                NcpType.CREATE: Event.CREATE,
                NcpType.REQUEST: Event.REQUEST,
                NcpType.DESTROY: Event.DESTROY,
            }.get(getattr(stimulus.pdu, "kind", None), Event.OTHER)
            row = TABLE.get((before, event))
            if row is not None:
                machine.step(stimulus, 0)
                assert machine.state in row.leads_to
            Dialogue.opened.remove(d)


def test_strangers_learn_that_they_must_attach_again() -> None:
    """facts/ipx.md 1.6: a 2222 gets status 01, a late 5555 gets 00/00."""
    assert answer_stranger(request(9, number=300)) == reply(9, number=300, status=1)
    assert answer_stranger(destroy(9, number=300)) == reply(9, number=300)


def test_a_full_table_refuses() -> None:
    assert answer_table_full(create()) == reply(0, number=0xFFFF, task=0, completion=0xF9, status=4)
