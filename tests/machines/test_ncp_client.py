"""The station's end: find, attach, ask, answer polls, leave (facts/ipx.md 1.5, 1.6, 3.1)."""

from __future__ import annotations

import pytest

from emu.machines.base import Ended, Lost, Note, Opened, Received
from emu.machines.ncp import Call, ClientShell, Connect, Leave, Result
from emu.machines.ncp.client import TABLE, Event, State
from emu.pdu.rip_sap import Rip, RipEntry, Sap, SapEntry
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue, snapshot
from .ncp_parts import answer, busy, create, destroy, params, poll, reply, request

SERVER = 0xDEADBEEF
TIMEOUT = ms(500)
QUERY = Sap(operation=3, service=4)
ROUTE = Rip(operation=1, entries=(RipEntry(network=SERVER, hops=0xFFFF, ticks=0xFFFF),))
LOGIN = Call(function=0x17, data=b"ann")
WORK = Call(function=0x14)


def entry(network: int = SERVER, service: int = 4) -> SapEntry:
    node = bytes.fromhex("000000000001")
    return SapEntry(
        service=service,
        name=b"S".ljust(48, b"\0"),
        network=network,
        node=node,
        socket=0x451,
        hops=1,
    )


def found(*entries: SapEntry) -> Sap:
    return Sap(operation=4, entries=entries or (entry(),))


def way(network: int = SERVER) -> Rip:
    return Rip(operation=2, entries=(RipEntry(network=network, hops=1, ticks=2),))


def retry(number: int, of: int = 2) -> Note:
    return Note("retry", {"number": number, "of": of})


def closed() -> Dialogue:
    return Dialogue(ClientShell(params(), server_network=SERVER))


def finding() -> Dialogue:
    return closed().at(0).asked(Connect()).sends(QUERY)


def routing() -> Dialogue:
    return finding().receives(found()).sends(ROUTE)


def attaching() -> Dialogue:
    return routing().receives(way()).sends(create())


def ready() -> Dialogue:
    return attaching().receives(reply(0, task=0)).delivers(Opened())


def waiting() -> Dialogue:
    return ready().asked(WORK).sends(request(1))


def leaving() -> Dialogue:
    return ready().asked(Leave()).sends(destroy(1))


def gone() -> Dialogue:
    return leaving().receives(reply(1)).delivers(Ended("logged off"))


LIVES = (closed, finding, routing, attaching, ready, waiting, leaving, gone)


def test_the_way_to_a_connection() -> None:
    """Query, route, create, then the login that waited for its turn; sequence starts at 1."""
    d = closed()
    d.at(0).asked(Connect()).sends(QUERY).armed({"reply": TIMEOUT})
    d.asked(LOGIN).silent()
    d.at(ms(1)).receives(found()).sends(ROUTE).armed({"reply": ms(501)})
    d.at(ms(2)).receives(way()).sends(create()).armed({"reply": ms(502)})
    d.at(ms(3)).receives(reply(0, task=0)).delivers(Opened()).sends(request(1, 0x17, data=b"ann"))
    d.armed({"reply": ms(503)})
    d.at(ms(4)).receives(reply(1)).delivers(Result(call=LOGIN, reply=reply(1))).armed({})
    assert d.machine.server == entry()


def test_one_request_at_a_time() -> None:
    d = waiting()
    d.asked(WORK).asked(LOGIN).armed({"reply": TIMEOUT})
    d.at(ms(9)).receives(reply(1)).delivers(Result(call=WORK, reply=reply(1))).sends(request(2))
    d.receives(reply(2)).delivers(Result(call=WORK, reply=reply(2)))
    d.sends(request(3, 0x17, data=b"ann")).armed({"reply": ms(509)})


def test_destroy_carries_the_next_sequence() -> None:
    d = waiting().receives(reply(1)).delivers(Result(call=WORK, reply=reply(1)))
    d.at(s(1)).asked(Leave()).sends(destroy(2)).armed({"reply": s(1) + TIMEOUT})
    d.at(s(2) - TIMEOUT).receives(reply(2)).delivers(Ended("logged off")).armed({})


def test_leaving_waits_for_what_was_asked_before() -> None:
    d = waiting().asked(Leave()).refuses(WORK).refuses(Leave())
    d.receives(reply(1)).delivers(Result(call=WORK, reply=reply(1))).sends(destroy(2))
    d.refuses(WORK).refuses(Leave()).armed({"reply": TIMEOUT})


def test_sequences_wrap_at_256() -> None:
    d = ready()
    for number in range(1, 259):
        sequence = number % 256
        d.asked(WORK).sends(request(sequence)).receives(reply(sequence))
        d.delivers(Result(call=WORK, reply=reply(sequence)))
    d.armed({})


@pytest.mark.parametrize(
    ("start", "pdu", "what"),
    [
        (finding, QUERY, "the nearest-server query"),
        (routing, ROUTE, "the route request"),
        (attaching, create(), "create connection"),
        (waiting, request(1), "request 14h"),
        (leaving, destroy(1), "destroy connection"),
    ],
)
def test_every_step_is_repeated_unchanged_and_then_given_up(start, pdu, what: str) -> None:
    """Two retries, each waited out: 3 x 500 ms."""
    d: Dialogue = start()
    d.quiet_until(ms(499))
    d.at(ms(500)).sends(pdu, about=retry(1)).armed({"reply": ms(1000)})
    d.at(ms(1000)).sends(pdu, about=retry(2)).armed({"reply": ms(1500)})
    d.quiet_until(ms(1500) - 1)
    d.at(ms(1500)).delivers(Lost(f"no reply to {what}")).armed({})


def test_without_retries_the_first_timeout_is_the_last() -> None:
    d = Dialogue(ClientShell(params(request_retries=0), server_network=SERVER))
    d.at(0).asked(Connect()).sends(QUERY)
    d.at(TIMEOUT).delivers(Lost("no reply to the nearest-server query")).armed({})


def test_a_reply_on_the_deadline_counts() -> None:
    d = waiting()
    d.at(TIMEOUT).receives(reply(1)).delivers(Result(call=WORK, reply=reply(1))).armed({})


def test_the_count_of_retries_starts_anew_with_every_request() -> None:
    d = waiting()
    d.at(ms(500)).sends(request(1), about=retry(1))
    d.at(ms(600)).receives(reply(1)).delivers(Result(call=WORK, reply=reply(1)))
    d.at(ms(700)).asked(WORK).sends(request(2))
    d.at(ms(1200)).sends(request(2), about=retry(1)).armed({"reply": ms(1700)})


@pytest.mark.parametrize(("start", "sequence"), [(waiting, 1), (leaving, 1)])
def test_busy_means_alive_and_waiting_starts_anew(start, sequence: int) -> None:
    d: Dialogue = start()
    pdu = request(1) if start is waiting else destroy(1)
    d.at(ms(500)).sends(pdu, about=retry(1))
    d.at(ms(510)).receives(busy(sequence)).armed({"reply": ms(1010)})
    d.at(ms(1010)).sends(pdu, about=retry(1)).armed({"reply": ms(1510)})


def test_late_and_foreign_replies_change_nothing() -> None:
    d = waiting()
    for stray in (reply(0), reply(2), reply(1, number=6), busy(2), create(), object()):
        before = snapshot(d.machine)
        d.receives(stray).armed({"reply": TIMEOUT})
        assert snapshot(d.machine) == before


def test_a_reply_to_an_earlier_life_does_not_attach_this_one() -> None:
    attaching().receives(reply(7)).receives(busy(0)).armed({"reply": TIMEOUT})


def test_only_the_wanted_file_server_will_do() -> None:
    d = finding()
    d.receives(found(entry(network=1), entry(service=7))).receives(Sap(operation=4))
    d.receives(Sap(operation=2, entries=(entry(),))).receives(QUERY).armed({"reply": TIMEOUT})
    d.receives(found(entry(network=1), entry())).sends(ROUTE).armed({"reply": TIMEOUT})


def test_only_a_way_to_the_wanted_network_will_do() -> None:
    d = routing()
    d.receives(way(1)).receives(ROUTE).receives(Rip(operation=2, entries=()))
    d.armed({"reply": TIMEOUT})


def test_a_server_without_a_free_connection_refuses() -> None:
    d = attaching().asked(LOGIN)
    d.receives(reply(0, number=0xFFFF, task=0, completion=0xF9, status=4))
    d.delivers(Lost("the server gave no connection: completion F9, status 04")).armed({})


def test_a_server_that_cleared_us_says_so() -> None:
    """facts/ipx.md 3.1.8: a late packet gets connection status 01."""
    d = waiting().receives(reply(1, status=1))
    d.delivers(Lost("the server does not know this connection any more (status 01)")).armed({})


def test_other_status_bits_are_news_not_death() -> None:
    """40: a broadcast message waits."""
    d = waiting().receives(reply(1, status=0x40))
    d.delivers(Result(call=WORK, reply=reply(1, status=0x40))).armed({})


@pytest.mark.parametrize("start", LIVES[1:])
@pytest.mark.parametrize("low", [0, 5, 77, 255])
def test_polls_are_answered_for_any_connection_once_the_shell_is_loaded(start, low: int) -> None:
    """The trap of facts/ipx.md 3.1.4: even for a number of a former life."""
    d: Dialogue = start()
    timers = dict(d.machine.timers())
    before = snapshot(d.machine)
    d.receives(poll(low)).sends(answer(low)).armed(timers)
    assert snapshot(d.machine) == before


def test_without_a_shell_no_poll_is_answered() -> None:
    closed().receives(poll()).armed({})


def test_an_answer_is_never_answered() -> None:
    ready().receives(answer()).armed({})


@pytest.mark.parametrize("start", LIVES)
def test_connect_is_for_a_shell_that_has_not_connected(start) -> None:
    d: Dialogue = start()
    timers = dict(d.machine.timers())
    if start is not closed:
        d.refuses(Connect())
    if start in (closed, gone):
        d.refuses(WORK).refuses(Leave())
    d.refuses("nonsense").armed(timers)


def test_every_peer_event_has_a_row_in_every_state() -> None:
    heard = (Event.SERVICE, Event.ROUTE, Event.REPLY, Event.POLL, Event.OTHER)
    assert all((state, event) in TABLE for state in State for event in heard)
    assert all(row.citation and row.leads_to for row in TABLE.values())


def test_rows_lead_where_they_say() -> None:
    said = {
        Event.SERVICE: found(),
        Event.ROUTE: way(),
        Event.REPLY: reply(0, task=0),
        Event.POLL: poll(),
        Event.OTHER: create(),
    }
    for start in LIVES:
        for event, pdu in said.items():
            d = start()
            row = TABLE[d.machine.state, event]
            d.machine.step(Received(pdu), d.now)
            assert d.machine.state in row.leads_to
            Dialogue.opened.remove(d)
