"""One end of an ISDN call: Q.931 5, with its timers; and LAPD's data link below it."""

from __future__ import annotations

import heapq
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Data, Deliver, Opened, Received, Transmit
from emu.machines.isdn import (
    LAPD,
    Q931,
    Alert,
    Answer,
    Answered,
    CallEnd,
    Clear,
    Dial,
    Offered,
    Over,
    Proceed,
    State,
)
from emu.machines.llc2.control import Connect, Send
from emu.machines.llc2.link import Link
from emu.pdu.llc2 import Information
from emu.pdu.q931 import (
    LOCATION_LOCAL_NETWORK,
    LOCATION_REMOTE_NETWORK,
    LOCATION_USER,
    CalledNumber,
    Cause,
    Channel,
    MessageKind,
    Q931Message,
    SendingComplete,
    UnrestrictedDigital,
)
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.machines.dialogue import Dialogue
from tests.machines.llc2_parts import final, polled, rr, u
from tests.wire.strategies import thorough

NORMAL = Cause(value=16, location=LOCATION_USER)
BUSY = Cause(value=17, location=LOCATION_REMOTE_NETWORK)
LATE = Cause(value=102, location=LOCATION_USER)
NETWORKS = Cause(value=16, location=LOCATION_LOCAL_NETWORK)
B1 = Channel(number=1, exclusive=True)


def user() -> Dialogue:
    return Dialogue(CallEnd(Q931, reference=5, location=LOCATION_USER))


def exchange() -> Dialogue:
    return Dialogue(CallEnd(Q931, reference=5, location=LOCATION_LOCAL_NETWORK, network=True))


def caller(kind: MessageKind, *elements: Any) -> Q931Message:
    return Q931Message(kind=kind, reference=5, from_destination=False, elements=elements)


def called(kind: MessageKind, *elements: Any) -> Q931Message:
    return Q931Message(kind=kind, reference=5, from_destination=True, elements=elements)


SETUP = caller(
    MessageKind.SETUP,
    SendingComplete(),
    UnrestrictedDigital(),
    Channel(number=3, exclusive=False),
    CalledNumber(digits="040123"),
)
RELEASE, COMPLETE = MessageKind.RELEASE, MessageKind.RELEASE_COMPLETE


def dialled() -> Dialogue:
    return user().asked(Dial(number="040123")).sends(SETUP)


def proceeding() -> Dialogue:
    d = dialled().at(ms(100))
    return d.receives(called(MessageKind.CALL_PROCEEDING, B1))


def active() -> Dialogue:
    d = proceeding().at(s(1)).receives(called(MessageKind.CONNECT))
    return d.sends(caller(MessageKind.CONNECT_ACKNOWLEDGE)).delivers(Answered())


def test_a_whole_call() -> None:
    d = active().armed({})
    d.at(s(60)).asked(Clear(cause=NORMAL)).sends(caller(MessageKind.DISCONNECT, NORMAL))
    d.armed({"T305": s(90)})
    d.at(s(60.1)).receives(called(RELEASE, NETWORKS)).sends(caller(COMPLETE))
    d.delivers(Over(cause=NORMAL, connected=True)).armed({})


def test_the_exchange_in_front_of_the_caller() -> None:
    """It does not wait for the acknowledgement of its CONNECT (5.1.8)."""
    d = exchange().receives(SETUP).delivers(Offered(number="040123", channel=0))
    d.asked(Proceed(channel=1)).sends(called(MessageKind.CALL_PROCEEDING, B1))
    d.asked(Alert()).sends(called(MessageKind.ALERTING))
    d.at(s(1)).asked(Answer()).sends(called(MessageKind.CONNECT)).delivers(Answered())
    d.receives(caller(MessageKind.CONNECT_ACKNOWLEDGE)).armed({})
    d.at(s(60)).receives(caller(MessageKind.DISCONNECT, NORMAL)).sends(called(RELEASE, NETWORKS))
    d.armed({"T308": s(64)})
    d.receives(caller(COMPLETE)).delivers(Over(cause=NORMAL, connected=True)).armed({})


def test_the_called_user_waits_for_the_acknowledgement() -> None:
    """T313: 4 s."""
    d = user().receives(SETUP).delivers(Offered(number="040123", channel=0))
    d.asked(Answer()).sends(called(MessageKind.CONNECT)).armed({"T313": s(4)})
    d.at(s(4)).sends(called(MessageKind.DISCONNECT, LATE)).armed({"T305": s(34)})
    other = user().receives(SETUP).delivers(Offered(number="040123", channel=0))
    other.asked(Answer()).sends(called(MessageKind.CONNECT))
    other.receives(caller(MessageKind.CONNECT_ACKNOWLEDGE)).delivers(Answered()).armed({})


@pytest.mark.parametrize("value", [17, 18, 19, 41])
def test_a_failed_call_ends_in_its_cause_without_connect(value: int) -> None:
    cause = Cause(value=value, location=LOCATION_REMOTE_NETWORK)
    d = proceeding()
    d.at(s(1)).receives(called(MessageKind.DISCONNECT, cause)).sends(caller(RELEASE, NORMAL))
    d.receives(called(COMPLETE)).delivers(Over(cause=cause, connected=False)).armed({})


def test_a_call_refused_at_once() -> None:
    d = dialled().receives(called(COMPLETE, BUSY))
    d.delivers(Over(cause=BUSY, connected=False)).armed({})
    net = exchange().receives(SETUP).delivers(Offered(number="040123", channel=0))
    net.asked(Clear(cause=BUSY)).sends(called(COMPLETE, BUSY))
    net.delivers(Over(cause=BUSY, connected=False)).armed({})


def test_after_call_proceeding_refusing_is_disconnect() -> None:
    d = exchange().receives(SETUP).delivers(Offered(number="040123", channel=0))
    d.asked(Proceed(channel=1)).sends(called(MessageKind.CALL_PROCEEDING, B1))
    d.asked(Clear(cause=BUSY)).sends(called(MessageKind.DISCONNECT, BUSY)).armed({"T305": s(30)})


def test_nobody_answers_setup() -> None:
    """T303 twice 4 s, then cause 102."""
    d = dialled().armed({"T303": s(4)})
    d.at(s(4)).sends(SETUP).armed({"T303": s(8)})
    d.at(s(8)).sends(caller(COMPLETE, LATE)).delivers(Over(cause=LATE, connected=False)).armed({})


def test_proceeding_for_too_long() -> None:
    """T310 30 s from CALL PROCEEDING; ALERTING makes it T301, 3 min."""
    d = proceeding().armed({"T310": s(30.1)})
    d.at(s(30.1)).sends(caller(MessageKind.DISCONNECT, LATE)).armed({"T305": s(60.1)})
    other = proceeding().receives(called(MessageKind.ALERTING)).armed({"T301": s(180.1)})
    other.at(s(180.1)).sends(caller(MessageKind.DISCONNECT, LATE)).armed({"T305": s(210.1)})


def test_clearing_into_the_void() -> None:
    """T305 30 s, RELEASE, T308 4 s, RELEASE again, T308: free all the same."""
    d = active()
    d.at(s(60)).asked(Clear(cause=NORMAL)).sends(caller(MessageKind.DISCONNECT, NORMAL))
    d.at(s(90)).sends(caller(RELEASE, NORMAL)).armed({"T308": s(94)})
    d.at(s(94)).sends(caller(RELEASE, NORMAL)).armed({"T308": s(98)})
    d.at(s(98)).delivers(Over(cause=NORMAL, connected=True)).armed({})


def test_both_clear_at_once() -> None:
    """5.3.5: DISCONNECT meets DISCONNECT, then RELEASE meets RELEASE; our own cause stays."""
    d = active()
    d.asked(Clear(cause=NORMAL)).sends(caller(MessageKind.DISCONNECT, NORMAL))
    d.receives(called(MessageKind.DISCONNECT, BUSY)).sends(caller(RELEASE, NORMAL))
    d.receives(called(RELEASE, NETWORKS)).delivers(Over(cause=NORMAL, connected=True)).armed({})


def test_what_does_not_fit_is_dropped() -> None:
    """Another call's message, and one that this state does not expect."""
    other = Q931Message(kind=MessageKind.CONNECT, reference=6, from_destination=True)
    dialled().receives(other).armed({"T303": s(4)})
    active().receives(called(MessageKind.ALERTING)).armed({})
    active().refuses(Dial(number="1")).armed({})
    user().refuses(Answer()).armed({})


def test_a_late_release_is_answered() -> None:
    """5.8.3.2: our RELEASE COMPLETE was lost."""
    user().receives(called(RELEASE, NETWORKS)).sends(caller(COMPLETE)).armed({})


def test_lapd_is_llc2_under_other_names() -> None:
    """SABME, UA, a poll of the link's own; an I frame is acknowledged at once."""
    d = Dialogue(Link(LAPD, probing=False, listening=False))
    d.asked(Connect()).sends(u("SABME")).armed({"T1": s(1)})
    d.receives(u("UA")).sends(polled(0))
    d.receives(final(0)).delivers(Opened()).armed({})
    setup = Information(ns=0, nr=0, poll=False, data=b"setup")
    d.asked(Send(b"setup")).sends(setup).armed({"T1": s(1)})
    d.receives(rr(1)).armed({})
    d.receives(Information(ns=0, nr=1, poll=False, data=b"proceeding"))
    d.sends(rr(1)).delivers(Data(b"proceeding")).armed({})


def test_lapd_gives_up() -> None:
    """T200 1 s, N200 3: SABME at 0, 1, 2 s."""
    d = Dialogue(Link(LAPD, probing=False, listening=False))
    d.asked(Connect()).sends(u("SABME"))
    d.at(s(1)).sends(u("SABME"))
    d.at(s(2)).sends(u("SABME")).armed({"T1": s(3)})


class Wire:
    """A user and its exchange, over a D channel that loses messages."""

    def __init__(self, seed: int, loss: float) -> None:
        self.dice, self.loss, self.now, self.serial = Random(seed), loss, 0, 0
        self.ends = (
            CallEnd(Q931, reference=5, location=LOCATION_USER),
            CallEnd(Q931, reference=5, location=LOCATION_LOCAL_NETWORK, network=True),
        )
        self.agenda: list[tuple[int, int, int, Any]] = []
        self.told: tuple[list[Any], list[Any]] = ([], [])
        self.connects = 0

    def give(self, side: int, stimulus: Any) -> None:
        for effect in self.ends[side].step(stimulus, self.now):
            if isinstance(effect, Deliver):
                self.told[side].append(effect.value)
                if isinstance(effect.value, Offered):
                    self.answer()
            elif isinstance(effect, Transmit) and self.dice.random() >= self.loss:
                self.serial += 1
                at = self.now + ms(10)
                heapq.heappush(self.agenda, (at, self.serial, 1 - side, Received(effect.pdu)))

    def answer(self) -> None:
        """The exchange proceeds, and answers or refuses later."""
        self.serial += 1
        heapq.heappush(self.agenda, (self.now, self.serial, 1, Asked(Proceed(channel=1))))
        verdict = Answer() if self.dice.random() < 0.6 else Clear(cause=BUSY)
        self.serial += 1
        at = self.now + self.dice.randrange(1, s(5))
        heapq.heappush(self.agenda, (at, self.serial, 1, Asked(verdict)))

    def legal(self, side: int, stimulus: Any) -> bool:
        """Requests come from a user who knows the call's state."""
        state = self.ends[side].state
        if not isinstance(stimulus, Asked):
            return True
        if isinstance(stimulus.request, Proceed):
            return state is State.PRESENT
        return state in (State.PRESENT, State.INCOMING)

    def run(self, until: int) -> None:
        while True:
            dues = [(each.due(), side) for side, each in enumerate(self.ends)]
            timer = min(((due, side) for due, side in dues if due is not None), default=None)
            if self.agenda and (timer is None or self.agenda[0][0] <= timer[0]):
                self.now, _, side, stimulus = heapq.heappop(self.agenda)
                if self.legal(side, stimulus):
                    self.give(side, stimulus)
            elif timer is not None and timer[0] <= until:
                self.now = timer[0]
                self.give(timer[1], EXPIRED)
            else:
                return


@pytest.mark.slow
@thorough
@given(seed=st.integers(0, 2**32), loss=st.sampled_from((0.0, 0.3)))
def test_calls_end_and_are_charged_only_when_answered(seed: int, loss: float) -> None:
    """Q.921 would repeat lost frames; even without it no call stays for ever, and a call is
    told over as connected exactly when it was answered."""
    wire = Wire(seed, loss)
    wire.give(0, Asked(Dial(number="1")))
    wire.run(s(600))
    if wire.ends[0].state is State.ACTIVE:
        wire.give(0, Asked(Clear(cause=NORMAL)))
        wire.run(s(1200))
    told = wire.told[0]
    assert [type(each) for each in told] in ([Over], [Answered, Over])
    assert told[-1].connected == (Answered() in told)
    assert wire.ends[0].state is State.NULL
    assert wire.ends[0].due() is None
    if loss == 0:
        assert wire.ends[1].state is State.NULL
