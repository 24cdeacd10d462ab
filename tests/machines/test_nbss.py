"""The NetBIOS session on TCP: request and answer, messages, keepalive, wrong packets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Data, Deliver, Ended, Lost, Note, Opened, Received
from emu.machines.nbss import (
    Active,
    Begin,
    HangUp,
    Leave,
    Malformed,
    NbssSession,
    Send,
    Settled,
    State,
)
from emu.machines.nbss.session import TABLE
from emu.pdu.nbss import (
    NbssKeepalive,
    NbssMessage,
    NbssNegative,
    NbssPositive,
    NbssRequest,
    NbssRetarget,
)
from emu.units import seconds as s

from .dialogue import Dialogue

SERVER, WS1 = b"SERVER         \x20", b"WS1            \x00"
REQUEST = NbssRequest(called=SERVER, calling=WS1)
HOUR = s(3600)
PROBE = Note("probe", {"number": 1, "of": 1})
ABORT, CLOSE = HangUp(abnormal=True), HangUp(abnormal=False)
PACKETS: tuple[Any, ...] = (
    REQUEST,
    NbssPositive(),
    NbssNegative(error=0x82),
    NbssRetarget(address=bytes(4), port=139),
    NbssMessage(data=b"x"),
    NbssKeepalive(),
    Malformed("octets"),
)


def fresh(keepalive_ns: int | None = HOUR) -> NbssSession:
    return NbssSession(called=SERVER, calling=WS1, keepalive_ns=keepalive_ns)


def listening(keepalive_ns: int | None = HOUR) -> NbssSession:
    return NbssSession(called=SERVER, keepalive_ns=keepalive_ns)


def calling(keepalive_ns: int | None = HOUR) -> NbssSession:
    machine = fresh(keepalive_ns)
    machine.step(Asked(Begin()), 0)
    return machine


def up(keepalive_ns: int | None = HOUR) -> NbssSession:
    machine = listening(keepalive_ns)
    machine.step(Received(REQUEST), 0)
    return machine


def leaving() -> NbssSession:
    machine = up()
    machine.step(Asked(Leave()), 0)
    return machine


def gone() -> NbssSession:
    machine = up()
    machine.step(Asked(Lost("x")), 0)
    return machine


# --- set-up --------------------------------------------------------------------------------------


def test_the_caller_asks_and_what_waited_goes_out_behind_the_answer() -> None:
    d = Dialogue(fresh())
    d.at(0).asked(Send(b"a")).silent().asked(Begin()).sends(REQUEST).asked(Send(b"b")).armed({})
    d.at(s(9)).receives(NbssPositive()).delivers(Opened())
    d.sends(NbssMessage(data=b"a"), NbssMessage(data=b"b")).armed({"keepalive": s(9) + HOUR})


@pytest.mark.parametrize("called", [SERVER, b"*SMBSERVER     \x20"])
def test_the_called_answers_to_its_name_and_to_the_wildcard(called: bytes) -> None:
    d = Dialogue(listening())
    d.at(0).receives(NbssRequest(called=called, calling=WS1)).sends(NbssPositive())
    d.delivers(Opened()).armed({"keepalive": HOUR})
    assert d.machine.calling == WS1  # type: ignore[attr-defined]


def test_another_name_is_refused_with_82_and_the_end_is_orderly() -> None:
    """The same name of another type is another name."""
    d = Dialogue(listening())
    d.at(0).receives(NbssRequest(called=SERVER[:15] + b"\0", calling=WS1))
    d.sends(NbssNegative(error=0x82)).delivers(CLOSE).asked(Ended("FIN")).armed({})


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (NbssNegative(error=0x82), "called name absent (82)"),
        (NbssNegative(error=0x83), "no resources (83)"),
        (NbssNegative(error=0x17), "error (17)"),
        (NbssRetarget(address=bytes(4), port=139), "the called name is elsewhere (retarget)"),
    ],
)
def test_a_refusal_has_a_reason(answer: Any, why: str) -> None:
    d = Dialogue(calling())
    d.at(0).receives(answer).delivers(CLOSE).delivers(Lost(f"session refused: {why}"))
    d.asked(Ended("FIN")).asked(Send(b"late")).asked(Leave()).armed({})


# --- messages, the end ---------------------------------------------------------------------------


def test_messages_both_ways_and_an_unanswered_keepalive() -> None:
    d = Dialogue(up())
    d.at(0).asked(Send(b"")).sends(NbssMessage(data=b""))
    d.receives(NbssMessage(data=b"up")).delivers(Data(b"up", last=True))
    d.receives(NbssKeepalive()).armed({"keepalive": HOUR})


@pytest.mark.parametrize("end", [Ended("FIN"), Lost("5 retransmissions unanswered")])
@pytest.mark.parametrize("machine", [fresh, calling, up, leaving])
def test_tcps_end_is_the_sessions_and_said_once(machine: Any, end: Any) -> None:
    d = Dialogue(machine())
    d.at(0).asked(end).delivers(end).asked(end).asked(Active(0)).armed({})


def test_nobody_is_told_of_a_caller_that_never_asked() -> None:
    d = Dialogue(listening())
    d.at(0).asked(Lost("RST received")).receives(*PACKETS).armed({})


def test_who_leaves_hears_no_packet_any_more() -> None:
    d = Dialogue(leaving())
    d.at(0).receives(*PACKETS).asked(Send(b"late")).quiet_until(2 * HOUR)
    d.asked(Ended("FIN")).delivers(Ended("FIN")).armed({})


# --- the keepalive -------------------------------------------------------------------------------


def test_it_goes_out_when_the_session_was_idle_for_its_time() -> None:
    d = Dialogue(up())
    d.quiet_until(HOUR - 1).at(HOUR).sends(NbssKeepalive(), about=PROBE)
    d.armed({"keepalive": 2 * HOUR})
    d.at(HOUR + s(1)).asked(Settled()).notes("probe-answered", by="ACK")
    d.asked(Settled()).asked(Active(HOUR + s(1))).armed({"keepalive": 2 * HOUR + s(1)})


def test_what_is_heard_moves_it_and_old_news_do_not() -> None:
    d = Dialogue(up())
    d.at(s(100)).asked(Active(s(90))).armed({"keepalive": s(90) + HOUR})
    d.asked(Active(s(80))).armed({"keepalive": s(90) + HOUR})
    d.quiet_until(s(90) + HOUR - 1).at(s(90) + HOUR).sends(NbssKeepalive(), about=PROBE)
    d.armed({"keepalive": s(90) + 2 * HOUR})


def test_never_is_never() -> None:
    d = Dialogue(up(None))
    d.at(0).asked(Active(0)).armed({}).quiet_until(1000 * HOUR)


def test_an_early_waking_finds_nothing_due() -> None:
    machine = up()
    assert list(machine.step(EXPIRED, HOUR - 1)) == []
    assert machine.due() == HOUR


# --- what should not be there --------------------------------------------------------------------


@pytest.mark.parametrize("packet", [each for each in PACKETS if each is not REQUEST])
def test_a_wrong_first_packet_ends_it_and_nobody_is_told(packet: Any) -> None:
    d = Dialogue(listening())
    d.at(0).receives(packet).delivers(ABORT).asked(Ended("aborted")).armed({})


@pytest.mark.parametrize(
    ("machine", "packet", "what"),
    [
        (up, REQUEST, "a request out of place"),
        (up, NbssPositive(), "a positive out of place"),
        (up, Malformed("no packet starts with 7f000000"), "no packet starts with 7f000000"),
        (calling, NbssMessage(data=b"x"), "a message out of place"),
        (calling, NbssKeepalive(), "a keepalive out of place"),
        (fresh, NbssPositive(), "a positive out of place"),
    ],
)
def test_a_packet_out_of_place_aborts_the_session(machine: Any, packet: Any, what: str) -> None:
    d = Dialogue(machine())
    d.at(0).receives(packet).delivers(ABORT).delivers(Lost(f"session aborted: {what}"))
    d.asked(Ended("aborted")).armed({})


def test_what_may_not_be_asked() -> None:
    for machine in (calling(), listening(), up(), leaving(), gone()):
        due = machine.due()
        Dialogue(machine).refuses(Begin()).armed({} if due is None else {"keepalive": due})
    Dialogue(listening()).refuses(Send(b"x")).refuses("anything").armed({})


def test_every_row_cites_somebody_and_every_packet_has_one_everywhere() -> None:
    for (state, kind), row in TABLE.items():
        assert row.citation and row.leads_to <= frozenset(State), (state, kind)
    for state in State:
        for packet in PACKETS:
            assert (state, type(packet)) in TABLE


@given(st.lists(st.sampled_from(PACKETS), max_size=12), st.sampled_from([calling, listening, up]))
def test_no_order_of_packets_is_refused_and_one_end_is_said(packets: list[Any], make: Any) -> None:
    """At most one opening, at most one loss, and nothing behind the loss but silence."""
    machine = make()
    effects = [effect for packet in packets for effect in machine.step(Received(packet), 0)]
    said = [effect.value for effect in effects if isinstance(effect, Deliver)]
    lost = [at for at, value in enumerate(said) if isinstance(value, Lost)]
    assert said.count(Opened()) <= 1 and len(lost) <= 1
    assert not lost or lost == [len(said) - 1]
    assert (machine.state is State.GONE) == any(isinstance(value, HangUp) for value in said)
