"""One NBF session: set-up, messages, their acknowledgements, the end (facts/netbeui.md 1.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Data, Deliver, Ended, Lost, Opened, Received, Transmit
from emu.machines.nbf.params import NbfParams
from emu.machines.nbf.session import Drop, End, Initialize, Send, Session, State
from emu.pdu.nbf import SESSION_COMMANDS, NbfCommand, SessionFrame
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .llc2_parts import NT4 as LINK

PARAMS = NbfParams(
    link=LINK,
    alive_interval_ns=s(30),
    data_ack_delay_ns=ms(100),
    claim_tries=3,
    claim_timeout_ns=ms(500),
    query_tries=3,
    query_timeout_ns=ms(500),
    find_first=False,
)
OURS, THEIRS = 0x15, 0x03


def ours(kind: str, data: bytes = b"", **fields: int) -> SessionFrame:
    return SessionFrame(kind=NbfCommand[kind], destination=THEIRS, source=OURS, data=data, **fields)


def theirs(kind: str, data: bytes = b"", **fields: int) -> SessionFrame:
    return SessionFrame(kind=NbfCommand[kind], destination=OURS, source=THEIRS, data=data, **fields)


INITIALIZE = {"data1": 0x8F, "data2": 1482, "transmit_correlator": 0x15, "response_correlator": 3}


def fresh(params: NbfParams = PARAMS, *, probing: bool = True) -> Session:
    return Session(params, number=OURS, probing=probing)


def called(params: NbfParams = PARAMS, *, probing: bool = True, octets: int = 1482) -> Session:
    """Up at 0."""
    session = fresh(params, probing=probing)
    wanted = {**INITIALIZE, "data2": octets}
    session.step(Received(theirs("SESSION_INITIALIZE", **wanted)), 0)
    return session


def data(number: int, octets: bytes, *, ack: int | None = None) -> SessionFrame:
    """A whole message of ours: an acknowledgement may ride on data, and on this one."""
    return ours(
        "DATA_ONLY_LAST",
        octets,
        data1=0x04 if ack is None else 0x0C,
        transmit_correlator=ack or 0,
        response_correlator=number,
    )


def test_the_called_end_confirms() -> None:
    """Real-captures 02, 72 and 73, with our own largest message."""
    d = Dialogue(fresh())
    d.at(s(1)).receives(theirs("SESSION_INITIALIZE", **INITIALIZE))
    d.sends(
        ours(
            "SESSION_CONFIRM",
            data1=0x81,
            data2=1482,
            transmit_correlator=3,
            response_correlator=OURS,
        )
    )
    d.delivers(Opened()).armed({"session-alive": s(31)})


def test_the_calling_end_initializes() -> None:
    d = Dialogue(fresh(probing=False))
    d.at(0).asked(Send(b"early")).silent()
    d.asked(Initialize(session=THEIRS, correlator=7))
    d.sends(
        ours(
            "SESSION_INITIALIZE",
            data1=0x8F,
            data2=1482,
            transmit_correlator=7,
            response_correlator=OURS,
        )
    )
    d.armed({"confirm": ms(1500)})
    d.receives(theirs("SESSION_CONFIRM", data2=1482)).delivers(Opened()).sends(data(1, b"early"))
    d.armed({})


def test_a_confirmation_that_never_comes() -> None:
    """As long as a whole NAME_QUERY: 3 x 0.5 s."""
    d = Dialogue(fresh())
    d.at(0).asked(Initialize(session=THEIRS, correlator=7))
    d._unread.clear()
    d.at(ms(1500)).delivers(Lost("SESSION_INITIALIZE unanswered")).armed({})


def test_session_alive_is_sent_from_set_up_on_whatever_else_is() -> None:
    """facts/netbeui.md 2.6: free-running."""
    d = Dialogue(called())
    d.at(s(20)).receives(theirs("DATA_ONLY_LAST", b"x", response_correlator=1))
    d.sends(ours("DATA_ACK", transmit_correlator=1)).delivers(Data(b"x"))
    d.at(s(30)).sends(ours("SESSION_ALIVE"))
    d.at(s(60)).sends(ours("SESSION_ALIVE")).armed({"session-alive": s(90)})


def test_without_an_interval_or_at_the_other_end_none_is_sent() -> None:
    Dialogue(called(replace(PARAMS, alive_interval_ns=None))).quiet_until(s(1000)).armed({})
    Dialogue(called(probing=False)).quiet_until(s(1000)).armed({})


def test_an_acknowledgement_rides_on_an_answer() -> None:
    """Real-captures 02, 75 and 77: DATA1 = 0C, transmit correlator the caller's."""
    d = Dialogue(called(probing=False))
    d.at(0).receives(theirs("DATA_ONLY_LAST", b"k", data1=0x04, response_correlator=9))
    d.delivers(Data(b"k")).armed({"data-ack": ms(100)})
    d.at(ms(10)).asked(Send(b"s")).sends(data(1, b"s", ack=9)).armed({})


def test_without_an_answer_it_goes_alone() -> None:
    """Real-captures 02, 87: 110 ms behind the data."""
    d = Dialogue(called(probing=False))
    d.at(0).receives(theirs("DATA_ONLY_LAST", b"k", data1=0x04, response_correlator=9))
    d.delivers(Data(b"k"))
    d.at(ms(100)).sends(ours("DATA_ACK", transmit_correlator=9)).armed({})


def test_data_that_wants_none_gets_none() -> None:
    """DATA1 bit 02 means no acknowledgement (facts/netbeui.md 1.4, disagreement 2)."""
    d = Dialogue(called(probing=False))
    d.at(0).receives(theirs("DATA_ONLY_LAST", b"k", data1=0x02, response_correlator=9))
    d.delivers(Data(b"k")).armed({})


def test_one_message_at_a_time_waits_for_its_acknowledgement() -> None:
    d = Dialogue(called(probing=False))
    d.at(0).asked(Send(b"a")).sends(data(1, b"a")).asked(Send(b"b")).silent()
    d.receives(theirs("DATA_ACK", transmit_correlator=7)).silent()
    d.receives(theirs("DATA_ACK", transmit_correlator=1)).sends(data(2, b"b"))
    d.receives(theirs("DATA_ONLY_LAST", b"k", data1=0x0A, transmit_correlator=2))
    d.delivers(Data(b"k")).asked(Send(b"c")).sends(data(3, b"c")).armed({})


def test_a_long_message_is_cut_to_what_the_peer_takes() -> None:
    d = Dialogue(called(probing=False, octets=4))
    d.at(0).asked(Send(b"abcdefghi"))
    d.sends(ours("DATA_FIRST_MIDDLE", b"abcd", response_correlator=1))
    d.sends(ours("DATA_FIRST_MIDDLE", b"efgh", response_correlator=1))
    d.sends(data(1, b"i")).armed({})


def test_parts_are_handed_up_as_they_come() -> None:
    d = Dialogue(called(probing=False))
    d.at(0).receives(theirs("DATA_FIRST_MIDDLE", b"ab", response_correlator=9)).delivers(
        Data(b"ab", last=False)
    )
    d.receives(theirs("DATA_ONLY_LAST", b"c", response_correlator=9))
    d.sends(ours("DATA_ACK", transmit_correlator=9)).delivers(Data(b"c", last=True)).armed({})


def test_an_empty_message_is_one_frame_and_waits_for_its_acknowledgement_like_any_other() -> None:
    d = Dialogue(called(probing=False))
    d.at(0).asked(Send(b"")).sends(data(1, b"")).asked(Send(b"x")).silent()
    d.receives(theirs("DATA_ACK", transmit_correlator=1)).sends(data(2, b"x"))
    d.receives(theirs("DATA_ONLY_LAST", b"", response_correlator=7))
    d.sends(ours("DATA_ACK", transmit_correlator=7)).delivers(Data(b"", last=True)).armed({})


def test_a_receiver_that_was_not_posted_gets_the_rest() -> None:
    """NO_RECEIVE says how much was taken, RECEIVE_OUTSTANDING asks for the rest, DATA2 = 1."""
    d = Dialogue(called(probing=False))
    d.at(0).asked(Send(b"abcdef")).sends(data(1, b"abcdef"))
    d.receives(theirs("NO_RECEIVE", data2=2)).silent()
    d.receives(theirs("RECEIVE_OUTSTANDING", data2=2))
    d.sends(ours("DATA_ONLY_LAST", b"cdef", data1=0x04, data2=1, response_correlator=1))
    d.receives(theirs("RECEIVE_OUTSTANDING", data2=6)).armed({})


def test_the_end_waits_for_what_is_queued() -> None:
    d = Dialogue(called())
    d.at(0).asked(Send(b"a")).sends(data(1, b"a")).asked(End()).silent()
    d.receives(theirs("DATA_ACK", transmit_correlator=1)).sends(ours("SESSION_END"))
    d.delivers(Ended("session ended")).armed({})


def test_the_end_says_what_is_owed_first() -> None:
    """Real-captures 02, 204 and 205."""
    d = Dialogue(called(probing=False))
    d.at(0).receives(theirs("DATA_ONLY_LAST", b"k", data1=0x04, response_correlator=9))
    d.delivers(Data(b"k")).asked(End())
    d.sends(ours("DATA_ACK", transmit_correlator=9), ours("SESSION_END"))
    d.delivers(Ended("session ended")).armed({})


def test_an_abnormal_end_waits_for_nothing() -> None:
    d = Dialogue(called())
    d.at(0).asked(Send(b"a")).sends(data(1, b"a")).asked(End(abnormal=True))
    d.sends(ours("SESSION_END", data2=1)).delivers(Ended("session ended")).armed({})


@pytest.mark.parametrize(
    ("how", "cause"), [(0, "SESSION_END received"), (1, "SESSION_END, abnormal")]
)
def test_the_peers_end_has_no_answer(how: int, cause: str) -> None:
    d = Dialogue(called())
    d.at(0).receives(theirs("SESSION_END", data2=how)).delivers(Ended(cause)).armed({})


def test_a_call_taken_back() -> None:
    Dialogue(fresh()).at(0).asked(End()).delivers(Ended("closed before it opened")).armed({})
    d = Dialogue(fresh())
    d.at(0).asked(Initialize(session=THEIRS, correlator=7))
    d._unread.clear()
    d.asked(End()).sends(ours("SESSION_END", data2=1)).delivers(Ended("session ended")).armed({})


@pytest.mark.parametrize("kind", sorted(SESSION_COMMANDS))
def test_whatever_comes_at_the_wrong_time_is_let_pass(kind: NbfCommand) -> None:
    frame = SessionFrame(kind=kind, destination=OURS, source=THEIRS)
    for make in (fresh, called):
        session = make()
        session.step(Asked(Drop()), 0)
        assert session.state is State.GONE
        assert list(session.step(Received(frame), 0)) == []
        assert session.due() is None
    called().step(Received(frame), 0)
    fresh().step(Received(frame), 0)


def test_asking_twice_is_refused() -> None:
    d = Dialogue(called(probing=False))
    d.at(0).refuses(Initialize(session=1, correlator=1)).refuses(object()).armed({})


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.binary(min_size=1, max_size=40)), max_size=30),
    st.integers(1, 20),
    st.integers(0, 300),
)
def test_two_ends_tell_each_other_everything(
    said: list[tuple[int, bytes]], octets: int, gap_ms: int
) -> None:
    """Whatever is asked when, the same octets come out in order at the other end."""
    ends = (called(probing=False, octets=octets), Session(PARAMS, number=THEIRS, probing=False))
    ends[1].step(Asked(Initialize(session=OURS, correlator=OURS)), 0)
    ends[1].step(Received(ours("SESSION_CONFIRM", data2=octets)), 0)
    got: tuple[list[bytes], list[bytes]] = ([], [])

    def carry_out(end: int, effects: Any, now: int) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                assert len(effect.pdu.data) <= octets
                carry_out(1 - end, ends[1 - end].step(Received(effect.pdu), now), now)
            elif isinstance(effect, Deliver) and isinstance(effect.value, Data):
                got[end].append(effect.value.octets)

    now = 0
    for end, message in said:
        carry_out(end, ends[end].step(Asked(Send(message)), now), now)
        now += ms(gap_ms)
        expire(ends, now, carry_out)
    for _ in range(2 * len(said) + 2):
        now += ms(100)
        expire(ends, now, carry_out)
    for end in (0, 1):
        assert b"".join(got[1 - end]) == b"".join(m for e, m in said if e == end)


def expire(ends: tuple[Session, Session], now: int, carry_out: Any) -> None:
    for end, session in enumerate(ends):
        due = session.due()
        if due is not None and due <= now:
            carry_out(end, session.step(EXPIRED, now), now)


# --- mutation --------------------------------------------------------------------------------


def alive(params: NbfParams) -> None:
    d = Dialogue(called(params))
    d.at(s(30)).sends(ours("SESSION_ALIVE")).armed({"session-alive": s(60)})


def late_ack(params: NbfParams) -> None:
    d = Dialogue(called(params, probing=False))
    d.at(0).receives(theirs("DATA_ONLY_LAST", b"k", data1=0x04, response_correlator=9))
    d.delivers(Data(b"k"))
    d.at(ms(100)).sends(ours("DATA_ACK", transmit_correlator=9)).armed({})


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize(
    ("story", "name"), [(alive, "alive_interval_ns"), (late_ack, "data_ack_delay_ns")]
)
def test_a_timer_off_by_a_nanosecond_is_caught(story: Any, name: str, by: int) -> None:
    story(PARAMS)
    with pytest.raises(AssertionError):
        story(replace(PARAMS, **{name: getattr(PARAMS, name) + by}))
    Dialogue.opened.clear()
