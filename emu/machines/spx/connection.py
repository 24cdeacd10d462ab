"""One SPX connection, either end: C0/80 set it up, 40/50 are data, FE/FF end it.

A system packet (80) does not take a sequence number; the end of connection (FE) is none, so it
takes one.  The allocation number is the last sequence the peer may send.  A packet whose
sequence is not the one expected is not taken, only acknowledged again.

Read: facts/ipx.md 1.3, 2.2, 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NOTHING,
    Asked,
    Data,
    Deliver,
    Effect,
    Effects,
    Ended,
    Received,
    Row,
    Stimulus,
)
from emu.machines.spx.params import SpxParams
from emu.machines.spx.sliding import (
    ANSWER,
    ENDED_BY_PEER,
    ENDED_BY_US,
    MODULUS,
    Event,
    Sliding,
    State,
    ahead,
    asked_or_expired,
)
from emu.pdu.spx import (
    CONNECTION_NONE,
    CONTROL_ACK_WANTED,
    CONTROL_ACKNOWLEDGEMENT,
    CONTROL_END_OF_MESSAGE,
    CONTROL_REQUEST,
    CONTROL_SYSTEM,
    DATA_MAX_OCTETS,
    STREAM_END,
    STREAM_END_ACK,
    Spx,
)


class SpxConnection(Sliding[Spx]):
    """``own_id``: 1 to FFFE."""

    __slots__ = ("_allocated",)

    def __init__(self, params: SpxParams, *, own_id: int) -> None:
        super().__init__(params.sliding, own_id=own_id)
        # The last sequence that the peer allows; none before it has said so.
        self._allocated = MODULUS - 1

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        row = TABLE.get((self.state, _event(stimulus)))
        if row is None:
            raise LocalProtocolError(f"SPX {self.state.value}: no row for {stimulus}")
        return row.action(self, stimulus, now)

    # --- asked -------------------------------------------------------------------------------

    def on_connect(self, _stimulus: Asked, now: int) -> Effects:
        self.state = State.CONNECTING
        self.retransmission.sent(now)
        return [self._say(self._set_up_packet(), now)]

    # --- received ----------------------------------------------------------------------------

    def on_request(self, stimulus: Received, now: int) -> Effects:
        """A listener made us for this request."""
        self._learn(stimulus.pdu)
        opened = self._open(now)
        return [self._say(self._acknowledgement(), now), *opened]

    def on_request_again(self, stimulus: Received, now: int) -> Effects:
        """Our answer got lost: the same ids, so the same connection."""
        if stimulus.pdu.source_id != self.peer_id:
            return NOTHING
        return [*self._heard(Event.SET_UP, now), self._say(self._acknowledgement(), now)]

    def on_accepted(self, stimulus: Received, now: int) -> Effects:
        self._learn(stimulus.pdu)
        return [*self._open(now), *self._push(now)]

    def on_system(self, stimulus: Received, now: int) -> Effects:
        effects = self._hear(stimulus.pdu, Event.SYSTEM, now)
        return [*effects, *self._push(now)]

    def on_probe(self, stimulus: Received, now: int) -> Effects:
        """Answered below the application, so it says nothing about that."""
        effects = self._hear(stimulus.pdu, Event.PROBE, now)
        return [*effects, self._say(self._acknowledgement(), now, ANSWER), *self._push(now)]

    def on_data(self, stimulus: Received, now: int) -> Effects:
        packet: Spx = stimulus.pdu
        effects = self._hear(packet, Event.DATA, now)
        expected = self._receives(packet)
        if packet.control & CONTROL_ACK_WANTED:
            effects.append(self._say(self._acknowledgement(), now))
        if expected and packet.data:
            last = bool(packet.control & CONTROL_END_OF_MESSAGE)
            effects.append(Deliver(Data(packet.data, last=last)))
        return [*effects, *self._push(now)]

    def on_end(self, stimulus: Received, now: int) -> Effects:
        packet: Spx = stimulus.pdu
        effects = self._hear(packet, Event.END, now)
        if not self._receives(packet):
            return effects
        answer = self._packet(0, stream=STREAM_END_ACK)
        return [*effects, self._say(answer, now), *self._finish(Ended(ENDED_BY_PEER))]

    def on_ended(self, stimulus: Received, now: int) -> Effects:
        effects = self._hear(stimulus.pdu, Event.END_ACK, now)
        if self._end is None:
            return [*effects, *self._push(now)]  # an answer to what was not said
        return [*effects, *self._finish(Ended(ENDED_BY_US))]

    # --- inside ------------------------------------------------------------------------------

    def _learn(self, packet: Spx) -> None:
        self.peer_id = packet.source_id
        self._allocated = packet.allocation

    def _hear(self, packet: Spx, by: Event, now: int) -> list[Effect]:
        effects = self._heard(by, now)
        effects += self._unasked(by, answers=bool(effects))
        self._take(packet.acknowledgement, now)
        self._allocated = packet.allocation
        return effects

    def _receives(self, packet: Spx) -> bool:
        """Whether this is the packet expected next; then the next one is."""
        if packet.sequence != self._receive_next:
            return False
        self._receive_next = (self._receive_next + 1) % MODULUS
        return True

    def _may_send(self) -> bool:
        return ahead(self._allocated, self._send_next) >= 0

    def _cut(self, octets: bytes) -> list[tuple[bytes, int, int]]:
        total, size = len(octets), DATA_MAX_OCTETS
        return [(octets[at : at + size], total, at) for at in range(0, total, size)]

    def _packet(self, control: int, *, stream: int = 0, data: bytes = b"") -> Spx:
        return Spx(
            control=control,
            stream=stream,
            source_id=self.own_id,
            destination_id=self.peer_id,
            sequence=self._send_next,
            acknowledgement=self._receive_next,
            allocation=self._allocation(),
            data=data,
        )

    def _allocation(self) -> int:
        """facts/ipx.md 1.3: window = allocation - acknowledgement + 1."""
        return (self._receive_next + self._sliding.window - 1) % MODULUS

    def _set_up_packet(self) -> Spx:
        return replace(self._packet(CONTROL_REQUEST), destination_id=CONNECTION_NONE)

    def _acknowledgement(self) -> Spx:
        return self._packet(CONTROL_ACKNOWLEDGEMENT)

    def _probe(self) -> Spx:
        return self._packet(CONTROL_REQUEST)

    def _data_packet(self, part: tuple[bytes, int, int]) -> Spx:
        octets, total, offset = part
        last = CONTROL_END_OF_MESSAGE if offset + len(octets) == total else 0
        return self._packet(CONTROL_ACK_WANTED | last, data=octets)

    def _end_packet(self) -> Spx:
        """Control 50, as the trace of KB Q163267 has it (facts/ipx.md 1.3)."""
        return self._packet(CONTROL_ACK_WANTED | CONTROL_END_OF_MESSAGE, stream=STREAM_END)

    def _renewed(self, packet: Spx) -> Spx:
        return replace(packet, acknowledgement=self._receive_next, allocation=self._allocation())


def _event(stimulus: Stimulus) -> Event:
    match stimulus:
        case Received(Spx() as packet):
            return _received(packet)
        case Received():
            return Event.OTHER
        case _:
            return asked_or_expired(stimulus)


def _received(packet: Spx) -> Event:
    if packet.is_connection_request:
        return Event.SET_UP
    if packet.is_watchdog_request:
        return Event.PROBE
    if packet.control & CONTROL_SYSTEM:
        return Event.SYSTEM
    if packet.stream == STREAM_END:
        return Event.END
    return Event.END_ACK if packet.stream == STREAM_END_ACK else Event.DATA


def _table() -> Mapping[tuple[State, Event], Row[SpxConnection, State]]:
    """One row per legal pair; what a peer may say at the wrong time is ignored."""
    spx = SpxConnection
    over, opened = frozenset({State.OVER}), frozenset({State.OPEN})
    connecting = frozenset({State.CONNECTING})
    table: dict[tuple[State, Event], Row[SpxConnection, State]] = {
        (State.FRESH, Event.CONNECT): Row(spx.on_connect, connecting, "ipx.md 1.3, 3.2"),
        (State.FRESH, Event.SET_UP): Row(spx.on_request, opened, "ipx.md 1.3, 80 right after it"),
        (State.CONNECTING, Event.SYSTEM): Row(spx.on_accepted, opened, "ipx.md 1.3, 3.2"),
        (State.CONNECTING, Event.SEND): Row(spx.on_queue, connecting, "waits for the set-up"),
        (State.CONNECTING, Event.CLOSE): Row(spx.on_close_early, over, "nothing to end yet"),
        (State.CONNECTING, Event.ABORT): Row(spx.on_abort, over, "ipx.md 1.3"),
        (State.CONNECTING, Event.EXPIRED): Row(
            spx.on_expired, connecting | over, "ipx.md 2.2, ConnectionCount, ConnectionTimeout"
        ),
        (State.OPEN, Event.SEND): Row(spx.on_send, opened, "ipx.md 1.3, 40/50"),
        (State.OPEN, Event.CLOSE): Row(spx.on_close, frozenset({State.ENDING}), "ipx.md 1.3, FE"),
    }
    for state in (State.OPEN, State.ENDING):
        stays = frozenset({state})
        table |= {
            (state, Event.SET_UP): Row(spx.on_request_again, stays, "ipx.md 1.3: a lost reply"),
            (state, Event.SYSTEM): Row(spx.on_system, stays, "ipx.md 1.3, 80"),
            (state, Event.PROBE): Row(spx.on_probe, stays, "ipx.md 1.3, C0 on an open connection"),
            (state, Event.DATA): Row(spx.on_data, stays, "ipx.md 1.3, 40/50"),
            (state, Event.END): Row(spx.on_end, stays | over, "ipx.md 1.3, FE, FF"),
            (state, Event.END_ACK): Row(spx.on_ended, stays | over, "ipx.md 1.3, FF"),
            (state, Event.ABORT): Row(spx.on_abort, over, "ipx.md 1.3, a unilateral abort"),
            (state, Event.EXPIRED): Row(spx.on_expired, stays | over, "ipx.md 2.2, 3.2"),
        }
    table[State.OVER, Event.EXPIRED] = Row(spx.ignore, over, "no timer is left")
    for state in State:
        for event in (Event.SET_UP, Event.SYSTEM, Event.PROBE, Event.DATA, Event.END,
                      Event.END_ACK, Event.OTHER):  # fmt: skip
            late = Row(spx.ignore, frozenset({state}), "ipx.md 3.2: not for this connection")
            table.setdefault((state, event), late)
    return table


TABLE = _table()
