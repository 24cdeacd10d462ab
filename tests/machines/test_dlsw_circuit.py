"""One end of a circuit: RFC 1795 5.2, table by table, and two ends against each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError
from emu.machines.base import EXPIRED, Asked, Deliver, Received, Transmit
from emu.machines.dlsw.circuit import TABLE, Circuit
from emu.machines.dlsw.control import (
    ContactStation,
    DlcContacted,
    DlcError,
    DlcHalted,
    DlcInfo,
    DlcReset,
    DlcStarted,
    EnterBusy,
    Event,
    ExitBusy,
    HaltLink,
    SendInfo,
    StartLink,
    State,
    TransportFailed,
)
from emu.pdu.dlsw import (
    NO_CIRCUIT,
    CircuitId,
    DataLinkId,
    SspControl,
    SspInformation,
    SspType,
)
from emu.units import seconds as s
from tests.machines.dialogue import Dialogue, unchanged
from tests.wire.strategies import thorough

LINK = DataLinkId(target_mac=b"\2\0\0\0\0\x0b", origin_mac=b"\2\0\0\0\0\x0a")
ORIGIN, TARGET = CircuitId(port=1, correlator=7), CircuitId(port=1, correlator=9)
START_NS = s(60)


def say(kind: SspType, *, from_origin: bool, origin: Any = ORIGIN, target: Any = TARGET) -> Any:
    first = kind in (SspType.CANUREACH, SspType.ICANREACH)
    return SspControl(
        kind=kind,
        link=LINK,
        from_origin=from_origin,
        origin=origin,
        target=target,
        largest_frame=0x88 if first else 0,
    )


def of(kind: SspType) -> SspControl:
    """By the origin's switch."""
    return say(kind, from_origin=True)


def to(kind: SspType) -> SspControl:
    """By the target's."""
    return say(kind, from_origin=False)


CANUREACH = say(SspType.CANUREACH, from_origin=True, target=NO_CIRCUIT)
HALT, HALTED, NOACK = SspType.HALT_DL, SspType.DL_HALTED, SspType.HALT_DL_NOACK
RESTART, RESTARTED = SspType.RESTART_DL, SspType.DL_RESTARTED


def origin() -> Circuit:
    return Circuit(link=LINK, own=ORIGIN, is_origin=True, start_ns=START_NS)


def target() -> Circuit:
    return Circuit(link=LINK, own=TARGET, is_origin=False, start_ns=START_NS)


def after(circuit: Circuit, *stimuli: Any) -> Circuit:
    for stimulus in stimuli:
        pdu = isinstance(stimulus, SspControl | SspInformation)
        circuit.step(Received(stimulus) if pdu else Asked(stimulus), 0)
    return circuit


def starting() -> Circuit:
    return after(origin(), DlcContacted())


def connecting() -> Circuit:
    return after(starting(), to(SspType.ICANREACH))


def connected() -> Circuit:
    """The origin's end."""
    return after(connecting(), to(SspType.CONTACTED))


def resolving() -> Circuit:
    return after(target(), CANUREACH)


def pending() -> Circuit:
    return after(resolving(), DlcStarted())


def established() -> Circuit:
    return after(pending(), of(SspType.REACH_ACK))


def contacting() -> Circuit:
    return after(established(), of(SspType.CONTACT))


def contacted() -> Circuit:
    """Connected, the target's end."""
    return after(contacting(), DlcContacted())


def restarting() -> Circuit:
    return after(connected(), DlcReset())


def restart_pending() -> Circuit:
    return after(contacted(), of(RESTART))


def disconnecting() -> Circuit:
    return after(connected(), DlcError())


def halting() -> Circuit:
    return after(contacted(), of(HALT))


def halting_silently() -> Circuit:
    return after(contacted(), of(NOACK))


MAKERS: dict[State, Callable[[], Circuit]] = {
    State.DISCONNECTED: target,
    State.RESOLVE_PENDING: resolving,
    State.CIRCUIT_START: starting,
    State.CIRCUIT_PENDING: pending,
    State.CIRCUIT_ESTABLISHED: established,
    State.CONNECT_PENDING: connecting,
    State.CONTACT_PENDING: contacting,
    State.CONNECTED: connected,
    State.CIRCUIT_RESTART: restarting,
    State.DISCONNECT_PENDING: disconnecting,
    State.RESTART_PENDING: restart_pending,
    State.HALT_PENDING: halting,
    State.HALT_PENDING_NOACK: halting_silently,
}


def stimuli(circuit: Circuit) -> dict[Event, Any]:
    """One of each event, from the other end."""
    by = (lambda kind: to(kind)) if circuit.is_origin else (lambda kind: of(kind))
    return {
        Event.CANUREACH: Received(CANUREACH),
        Event.ICANREACH: Received(by(SspType.ICANREACH)),
        Event.REACH_ACK: Received(by(SspType.REACH_ACK)),
        Event.CONTACT: Received(by(SspType.CONTACT)),
        Event.CONTACTED: Received(by(SspType.CONTACTED)),
        Event.INFOFRAME: Received(SspInformation(remote=circuit.own, data=b"i")),
        Event.HALT: Received(by(HALT)),
        Event.HALT_NOACK: Received(by(NOACK)),
        Event.HALTED: Received(by(HALTED)),
        Event.RESTART: Received(by(RESTART)),
        Event.RESTARTED: Received(by(RESTARTED)),
        Event.DLC_CONTACTED: Asked(DlcContacted()),
        Event.DLC_ERROR: Asked(DlcError()),
        Event.DLC_HALTED: Asked(DlcHalted()),
        Event.DLC_RESET: Asked(DlcReset()),
        Event.DLC_STARTED: Asked(DlcStarted()),
        Event.DLC_INFO: Asked(DlcInfo(b"i")),
        Event.TRANSPORT_FAILED: Asked(TransportFailed()),
        Event.EXPIRED: EXPIRED,
        Event.OTHER: Received(of(SspType.XIDFRAME)),
    }


@pytest.mark.parametrize("state", State)
def test_one_maker_a_state(state: State) -> None:
    assert MAKERS[state]().state is state


@pytest.mark.parametrize("state", State)
def test_what_is_not_listed_does_nothing(state: State) -> None:
    """RFC 1795 5.2: "no action and no state transition should occur for that event"."""
    for event, stimulus in stimuli(MAKERS[state]()).items():
        if event not in TABLE[state]:
            circuit = MAKERS[state]()
            with unchanged(circuit):
                assert not circuit.step(stimulus, s(1))


@pytest.mark.parametrize("state", State)
def test_what_is_listed_has_an_effect_or_leads_on(state: State) -> None:
    for event in TABLE[state]:
        circuit = MAKERS[state]()
        if (state, event) == (State.CIRCUIT_RESTART, Event.DLC_RESET):
            circuit.step(Asked(DlcContacted()), 0)  # the call that this reset undoes
            circuit.step(stimuli(circuit)[event], 0)
            assert not circuit.contacted
            continue
        effects = circuit.step(stimuli(circuit)[event], s(1))
        assert effects or circuit.state is not state, event


@pytest.mark.parametrize(
    "stimulus",
    [
        Asked("hello"),
        Received(b"hello"),
        None,
    ],
)
def test_it_knows_nothing_else(stimulus: Any) -> None:
    circuit = origin()
    with unchanged(circuit), pytest.raises(LocalProtocolError):
        circuit.step(stimulus, 0)


def test_an_explorer_begins_no_circuit() -> None:
    circuit = target()
    with unchanged(circuit):
        assert not circuit.step(Received(replace(CANUREACH, explorer=True)), 0)


# --- set-up ----------------------------------------------------------------------------------


def test_the_origins_set_up() -> None:
    """RFC 1795 3.2's picture, left side; data only when both stations have been contacted."""
    d = Dialogue(origin())
    d.at(0).asked(DlcContacted()).delivers(EnterBusy()).sends(CANUREACH)
    d.armed({"CIRCUIT_START": START_NS})
    d.at(s(1)).receives(to(SspType.ICANREACH))
    d.sends(of(SspType.REACH_ACK), of(SspType.CONTACT)).armed({})
    d.asked(DlcInfo(b"too early")).silent()
    d.at(s(2)).receives(to(SspType.CONTACTED)).delivers(ExitBusy())
    d.asked(DlcInfo(b"hello")).sends(SspInformation(remote=TARGET, data=b"hello"))
    d.receives(SspInformation(remote=ORIGIN, data=b"world")).delivers(SendInfo(b"world")).armed({})


def test_the_targets_set_up() -> None:
    """The right side; its own identifier is first heard in ICANREACH_cs."""
    d = Dialogue(target())
    d.receives(CANUREACH).delivers(StartLink())
    d.asked(DlcStarted()).sends(to(SspType.ICANREACH))
    d.receives(of(SspType.REACH_ACK)).silent()
    d.receives(of(SspType.CONTACT)).delivers(ContactStation())
    d.asked(DlcContacted()).sends(to(SspType.CONTACTED))
    d.asked(DlcInfo(b"hello")).sends(SspInformation(remote=ORIGIN, data=b"hello")).armed({})


def test_a_far_switch_that_does_not_answer() -> None:
    """CS_TIMER_EXP, to the nanosecond; our UA is taken back by DISC."""
    d = Dialogue(starting())
    d.quiet_until(START_NS - 1)
    d.at(START_NS).delivers(HaltLink()).armed({})
    assert d.machine.state is State.DISCONNECTED  # type: ignore[attr-defined]


def test_an_answer_on_the_deadline_counts() -> None:
    d = Dialogue(starting())
    d.at(START_NS).receives(to(SspType.ICANREACH))
    d.sends(of(SspType.REACH_ACK), of(SspType.CONTACT)).armed({})


def test_a_target_whose_station_calls_meanwhile() -> None:
    """RFC 1795 5.2.4: its SABME is answered, it waits, and REACH_ACK is followed by CONTACT."""
    d = Dialogue(pending())
    d.asked(DlcContacted()).delivers(EnterBusy())
    d.receives(of(SspType.REACH_ACK)).sends(to(SspType.CONTACT))
    d.receives(of(SspType.CONTACTED)).delivers(ExitBusy()).armed({})


# --- the end ---------------------------------------------------------------------------------


def test_the_death_of_a_station_is_told() -> None:
    """facts/netbeui.md 4: DLC_ERROR, HALT_DL, DL_HALTED; nothing is said twice."""
    d = Dialogue(connected())
    d.asked(DlcError()).sends(of(HALT))
    d.asked(DlcError()).silent()
    d.receives(SspInformation(remote=ORIGIN, data=b"late")).silent()
    d.receives(to(HALTED)).armed({})
    assert d.machine.state is State.DISCONNECTED  # type: ignore[attr-defined]


@pytest.mark.parametrize("said", [DlcHalted(), DlcError()])
def test_the_far_end_of_it_answers_when_its_station_has(said: object) -> None:
    d = Dialogue(contacted())
    d.receives(of(HALT)).delivers(HaltLink())
    d.receives(SspInformation(remote=TARGET, data=b"late")).silent()
    d.at(s(3)).asked(said).sends(to(HALTED)).armed({})


def test_both_ends_at_once() -> None:
    d = Dialogue(connected())
    d.asked(DlcError()).sends(of(HALT))
    d.receives(to(HALT)).sends(of(HALTED))
    d.receives(to(HALTED)).armed({})


@pytest.mark.parametrize(
    "maker", [pending, established, connecting, contacting, connected, contacted, restarting]
)
def test_when_the_connection_fails_the_station_hears_disc(maker: Callable[[], Circuit]) -> None:
    """XPORT_FAILURE: DISC, and nothing to the far switch, neither now nor after."""
    d = Dialogue(maker())
    d.asked(TransportFailed()).delivers(HaltLink())
    d.asked(DlcHalted()).armed({})
    assert d.machine.state is State.DISCONNECTED  # type: ignore[attr-defined]


def test_a_halt_without_ack_is_not_acknowledged() -> None:
    d = Dialogue(contacted())
    d.receives(of(NOACK)).delivers(HaltLink())
    d.asked(DlcHalted()).armed({})


# --- restart ---------------------------------------------------------------------------------


def test_a_sabme_on_a_live_link_restarts_the_far_one() -> None:
    """RFC 1795 5.2.9, case 1: DL_RESTARTED first, the next SABME after it."""
    d = Dialogue(connected())
    d.asked(DlcReset()).sends(of(RESTART))
    d.receives(to(RESTARTED)).silent()
    d.asked(DlcContacted()).delivers(EnterBusy()).sends(of(SspType.CONTACT))
    d.receives(to(SspType.CONTACTED)).delivers(ExitBusy()).armed({})


def test_or_the_sabme_comes_first() -> None:
    """Case 2."""
    d = Dialogue(connected())
    d.asked(DlcReset()).sends(of(RESTART))
    d.asked(DlcContacted()).delivers(EnterBusy())
    d.receives(to(RESTARTED)).sends(of(SspType.CONTACT)).armed({})


def test_the_far_end_of_a_restart() -> None:
    d = Dialogue(contacted())
    d.receives(of(RESTART)).delivers(HaltLink())
    d.asked(DlcHalted()).sends(to(RESTARTED))
    d.receives(of(SspType.CONTACT)).delivers(ContactStation())
    d.asked(DlcContacted()).sends(to(SspType.CONTACTED)).armed({})


def test_both_stations_begin_anew_at_once() -> None:
    """Not in RFC 1795: each switch would wait for the other's DL_RESTARTED for ever."""
    d = Dialogue(connected())
    d.asked(DlcReset()).sends(of(RESTART))
    d.receives(to(RESTART)).sends(of(RESTARTED))
    d.receives(to(RESTARTED)).armed({})


def test_a_restart_that_fails_at_the_far_end() -> None:
    """Not in RFC 1795 5.2.9: the far end says HALT_DL (5.2.11) and waits for DL_HALTED."""
    d = Dialogue(restart_pending())
    d.asked(DlcError()).sends(to(HALT)).armed({})
    d = Dialogue(restarting())
    d.receives(to(HALT)).delivers(HaltLink())
    d.asked(DlcHalted()).sends(of(HALTED)).armed({})


def test_a_station_that_goes_while_the_far_link_restarts() -> None:
    """Not in RFC 1795 5.2.11: HALT_DL behind RESTART_DL; the DISC that is out serves both."""
    d = Dialogue(restarting())
    d.asked(DlcContacted()).delivers(EnterBusy())
    d.asked(DlcError()).sends(of(HALT)).armed({})
    d = Dialogue(restart_pending())
    d.receives(of(HALT)).silent()
    d.asked(DlcHalted()).sends(to(HALTED)).armed({})


# --- two ends --------------------------------------------------------------------------------


class Pair:
    """Two ends, two ordered streams, stations that do what chance says.

    As in the switch, a message for a circuit that is no more is answered by HALT_DL_NOACK.
    """

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.ends: list[Circuit | None] = [origin(), None]
        self.streams: tuple[deque[Any], deque[Any]] = (deque(), deque())
        self.owed: tuple[deque[Any], deque[Any]] = (deque(), deque())
        self.step(0, Asked(DlcContacted()))

    def step(self, side: int, stimulus: Any) -> None:
        circuit = self.ends[side]
        if circuit is None:
            return
        for effect in circuit.step(stimulus, 0):
            match effect:
                case Transmit(pdu):
                    self.streams[side].append(pdu)
                case Deliver(StartLink()):
                    self.owed[side].append(DlcStarted())
                case Deliver(ContactStation()):
                    self.owed[side].append(self.chance.choice((DlcContacted(), DlcError())))
                case Deliver(HaltLink()):
                    self.owed[side].append(DlcHalted())
                case _:
                    pass
        if circuit.state is State.DISCONNECTED:
            self.ends[side] = None
            self.owed[side].clear()

    def arrive(self, side: int) -> None:
        """The oldest message from the other end."""
        message = self.streams[1 - side].popleft()
        if message.kind is SspType.CANUREACH:
            self.ends[side] = target()
        elif self.ends[side] is None:
            if isinstance(message, SspControl) and message.kind is not NOACK:
                self.streams[side].append(
                    replace(message, kind=NOACK, from_origin=not message.from_origin)
                )
            return
        self.step(side, Received(message))

    def go_on(self, disturbed: bool) -> bool:
        """One thing more; False when there is nothing left to happen."""
        moves: list[Callable[[], None]] = []
        for side in (0, 1):
            if self.streams[1 - side]:
                moves.append(lambda a=side: self.arrive(a))
            if self.owed[side]:
                moves.append(lambda a=side: self.step(a, Asked(self.owed[a].popleft())))
        if disturbed:
            side = self.chance.randrange(2)
            event = self.chance.choice((DlcError(), DlcReset(), DlcContacted(), DlcInfo(b"i")))
            if self._sensible(side, event):
                moves.append(lambda: self.step(side, Asked(event)))
        if moves:
            self.chance.choice(moves)()
        return bool(moves)

    def _sensible(self, side: int, event: object) -> bool:
        """What a link can say now: an error or a reset only of one that is up, a call only of
        one that is down."""
        circuit = self.ends[side]
        if circuit is None or self.owed[side]:
            return False
        up = circuit.state in (State.CONNECTED, State.CONNECT_PENDING)
        waits = circuit.state in (State.CIRCUIT_ESTABLISHED, State.CIRCUIT_RESTART)
        called = circuit.contacted
        if isinstance(event, DlcContacted):
            return waits and not called and side == 0
        return up or (waits and called)


@thorough
@given(st.integers(0, 2**32))
def test_two_ends_never_wait_for_each_other(seed: int) -> None:
    """Whatever their stations do: when nothing is under way any more, both are connected, both
    wait for a station's call, or neither is left."""
    pair = Pair(seed)
    for _ in range(60):
        pair.go_on(disturbed=True)
    for _ in range(500):
        if not pair.go_on(disturbed=False):
            break
    states = [None if end is None else end.state for end in pair.ends]
    at_rest = (None, State.CONNECTED, State.CIRCUIT_ESTABLISHED)
    assert states[0] is states[1], (states, seed)
    assert states[0] in at_rest, (states, seed)
