"""One NetBIOS session over IPX, either end.

The set-up and the end are those of real captures 22 and 23, field for field: the caller's
request is data with sequence 0 (control 40, destination FFFF, both names and six octets nobody
explains), so its next is 1; the answer is a system packet that brings the same 38 octets with
all its lengths 0.  An acknowledgement is control 80 with the sequence expected next; 88 asks
for a repetition at once.  An 80 that expects what it expected before says "I am here and cannot
take it yet" (capture 22, frame 16): the wait for it starts anew.

The probe is an assumption of the policy's (probe_type): C0 with type 06 and no data, answered by
80, or the same as a status query, 09, answered by 0A (facts/ipx.md 1.9).  Left out: what else a
status query may say, attention packets, and limits that the six octets may set.

Read: facts/ipx.md 1.9, 2.3, 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Data,
    Deliver,
    Effect,
    Effects,
    Ended,
    Lost,
    Note,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.nbipx.names import name_packet
from emu.machines.nbipx.params import NbipxParams
from emu.machines.spx.params import TrialParams
from emu.machines.spx.retransmission import Retransmission
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
from emu.pdu.nbipx import (
    CONNECTION_NONE,
    CONTROL_ACK_WANTED,
    CONTROL_END_OF_MESSAGE,
    CONTROL_RESEND,
    CONTROL_SYSTEM,
    SETUP_LIMITS,
    NbipxName,
    NbipxNameKind,
    NbipxPdu,
    NbipxSession,
    NbipxSessionKind,
)
from emu.pdu.netbios_name import name_text

#: Data of one packet: IPX packets of 576 octets pass every router, 48 of them are headers.
DATA_MAX_OCTETS = 528
#: The total length has 16 bits (facts/ipx.md 1.9).
MESSAGE_MAX_OCTETS = 0xFFFF

_PROBE = CONTROL_SYSTEM | CONTROL_ACK_WANTED


@dataclass(frozen=True, slots=True)
class Abandon:
    """Stop calling: it cannot be done.  ``cause``: for people."""

    cause: str


class NbipxSessionMachine(Sliding[NbipxPdu]):
    """``own_name``, ``peer_name``: 16 octets; ``own_id``: 1 to FFFE.

    ``ack_due``: when a delayed acknowledgement leaves, NEVER for none.
    """

    __slots__ = ("_params", "_unsaid", "ack_due", "own_name", "peer_name")

    def __init__(
        self, params: NbipxParams, *, own_id: int, own_name: bytes, peer_name: bytes
    ) -> None:
        super().__init__(params.sliding, own_id=own_id)
        self.own_name = own_name
        self.peer_name = peer_name
        self.ack_due = NEVER
        self._params = params
        # Packets taken since the last acknowledgement.
        self._unsaid = 0

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        row = TABLE.get((self.state, _event(stimulus)))
        if row is None:
            raise LocalProtocolError(f"NBIPX {self.state.value}: no row for {stimulus}")
        return row.action(self, stimulus, now)

    def due(self) -> int | None:
        due = super().due()
        if self.ack_due == NEVER:
            return due
        return self.ack_due if due is None else min(due, self.ack_due)

    def timers(self) -> Mapping[str, int]:
        if self.ack_due == NEVER:
            return super().timers()
        return {**super().timers(), "acknowledgement": self.ack_due}

    @property
    def can_send(self) -> bool:
        """Before the call too: a name must be claimed first, and what is sent waits."""
        return super().can_send or self.state is State.FRESH

    def wants_name(self, answer: NbipxName) -> bool:
        """Whether this is the answer that the caller waits for."""
        return self.state is State.FINDING and answer.name == self.peer_name

    # --- asked -------------------------------------------------------------------------------

    def on_connect(self, _stimulus: Asked, now: int) -> Effects:
        self.state = State.FINDING
        names = self._params.names
        self.retransmission = Retransmission(
            TrialParams(
                first_ns=names.interval_ns,
                doubling=False,
                repeats=names.broadcasts - 1,
                wait_after_last=True,
            )
        )
        self.retransmission.sent(now)
        return [self._say(self._set_up_packet(), now)]

    def on_abandon(self, stimulus: Asked, _now: int) -> Effects:
        return self._lose(stimulus.request.cause)

    def on_abort(self, stimulus: Asked, now: int) -> Effects:
        """07 is the only word for it; its answer is not waited for (assumption)."""
        unsaid = self.state in (State.OPEN, State.ENDING) and self._end is None
        goodbye = [self._say(self._end_packet(), now)] if unsaid else []
        return [*goodbye, *super().on_abort(stimulus, now)]

    # --- received ----------------------------------------------------------------------------

    def on_name(self, stimulus: Received, now: int) -> Effects:
        """The called name is there: ask it for a session."""
        if not self.wants_name(stimulus.pdu):
            return NOTHING
        self.state = State.CONNECTING
        self.retransmission = Retransmission(self._sliding.set_up)
        self.retransmission.sent(now)
        return [self._say(self._set_up_packet(), now)]

    def on_request(self, stimulus: Received, now: int) -> Effects:
        """A listener made us for this request; it is packet 0 of the caller's."""
        self.peer_id = stimulus.pdu.source_id
        self._receive_next = 1
        opened = self._open(now)
        return [self._say(self._set_up_answer(), now), *opened]

    def on_request_again(self, stimulus: Received, now: int) -> Effects:
        """Our answer got lost: the same id, so the same session."""
        if stimulus.pdu.source_id != self.peer_id:
            return NOTHING
        return [*self._heard(Event.SET_UP, now), self._say(self._set_up_answer(), now)]

    def on_accepted(self, stimulus: Received, now: int) -> Effects:
        self.peer_id = stimulus.pdu.source_id
        self._send_next = 1
        return [*self._open(now), *self._push(now)]

    def on_system(self, stimulus: Received, now: int) -> Effects:
        packet: NbipxSession = stimulus.pdu
        effects = self._hear(packet, Event.SYSTEM, now)
        if self._outstanding and packet.control & CONTROL_RESEND:
            effects += self._resend(now)
        return [*effects, *self._push(now)]

    def on_probe(self, stimulus: Received, now: int) -> Effects:
        """Answered below the application, so it says nothing about that."""
        effects = self._hear(stimulus.pdu, Event.PROBE, now)
        asked = stimulus.pdu.kind is NbipxSessionKind.STATUS_QUERY
        kind = NbipxSessionKind.STATUS_RESPONSE if asked else NbipxSessionKind.DATA
        answer = self._packet(CONTROL_SYSTEM, kind=kind)
        return [*effects, self._say(answer, now, ANSWER), *self._push(now)]

    def on_data(self, stimulus: Received, now: int) -> Effects:
        packet: NbipxSession = stimulus.pdu
        effects = self._hear(packet, Event.DATA, now)
        distance = ahead(packet.send_sequence, self._receive_next)
        if distance == 0:
            self._receive_next = (self._receive_next + 1) % MODULUS
            effects += self._acknowledge_later(now)
            effects.append(Deliver(Data(packet.data, last=_ends_message(packet))))
        else:
            # Taken before: say so again.  Too early: ask for what is missing.
            control = CONTROL_SYSTEM | (CONTROL_RESEND if distance > 0 else 0)
            effects.append(self._say(self._packet(control), now))
        return [*effects, *self._push(now)]

    def on_end(self, stimulus: Received, now: int) -> Effects:
        effects = self._hear(stimulus.pdu, Event.END, now)
        answer = self._packet(CONTROL_ACK_WANTED, kind=NbipxSessionKind.END_ACK)
        return [*effects, self._say(answer, now), *self._finish(Ended(ENDED_BY_PEER))]

    def on_ended(self, stimulus: Received, now: int) -> Effects:
        effects = self._hear(stimulus.pdu, Event.END_ACK, now)
        if self._end is None:
            return [*effects, *self._push(now)]  # an answer to what was not said
        return [*effects, *self._finish(Ended(ENDED_BY_US))]

    # --- expired -----------------------------------------------------------------------------

    def on_expired(self, stimulus: Stimulus, now: int) -> Effects:
        if self.ack_due > now:
            return super().on_expired(stimulus, now)
        if min(self.retransmission.due, self._watchdog_due()) <= now:
            return super().on_expired(stimulus, now)
        return [self._say(self._acknowledgement(), now)]

    # --- inside ------------------------------------------------------------------------------

    def _hear(self, packet: NbipxSession, by: Event, now: int) -> list[Effect]:
        effects = self._heard(by, now)
        if not packet.control & CONTROL_RESEND:
            effects += self._unasked(by, answers=bool(effects))
        taken = self._take(packet.receive_sequence, now)
        if not taken and by is Event.SYSTEM and self._outstanding:
            self.retransmission.restart(now)
        return effects

    def _resend(self, now: int) -> list[Effect]:
        """Everything that is on its way, in order (capture 22, frames 17 and 18)."""
        self.retransmission.restart(now)
        asked_for = Note("resent", {"packets": len(self._outstanding)})
        return [self._say(self._renewed(each), now, asked_for) for each in self._outstanding]

    def _acknowledge_later(self, now: int) -> list[Effect]:
        self._unsaid += 1
        if self._params.ack_delay_ns == 0 or self._unsaid >= self._params.ack_window:
            return [self._say(self._acknowledgement(), now)]
        if self.ack_due == NEVER:
            self.ack_due = now + self._params.ack_delay_ns
        return []

    def _say(self, packet: NbipxPdu, now: int, about: Note | None = None) -> Transmit:
        """Every session packet acknowledges what a delayed acknowledgement would have."""
        self.ack_due, self._unsaid = NEVER, 0
        self.watchdog.said(now)
        return Transmit(packet, about)

    def _finish(self, last: Ended | Lost) -> list[Effect]:
        self.ack_due = NEVER
        return super()._finish(last)

    def _unanswered(self) -> str:
        if self.state is State.FINDING:
            count = self.retransmission.count_max + 1
            return f"nobody is called {name_text(self.peer_name)}: asked {count} times"
        return super()._unanswered()

    def _may_send(self) -> bool:
        """Our own window, not the peer's edge: that reading is inferred (facts/ipx.md 1.9)."""
        return len(self._outstanding) < self._sliding.window

    def _cut(self, octets: bytes) -> list[tuple[bytes, int, int]]:
        """Parts that say where in the message they stand; an empty message is one empty part."""
        total, size = len(octets), DATA_MAX_OCTETS
        if total > MESSAGE_MAX_OCTETS:
            raise LocalProtocolError(f"NBIPX: a message of {total} octets has no length field")
        return [(octets[at : at + size], total, at) for at in range(0, total or 1, size)]

    def _packet(
        self, control: int, *, kind: NbipxSessionKind = NbipxSessionKind.DATA
    ) -> NbipxSession:
        return NbipxSession(
            kind=kind,
            control=control,
            source_id=self.own_id,
            destination_id=self.peer_id,
            send_sequence=self._send_next,
            receive_sequence=self._receive_next,
            bytes_received=self._last_field(),
        )

    def _last_field(self) -> int:
        """KB Q140007: receive sequence 0D goes with 10, 10 with 13 (facts/ipx.md 1.9)."""
        if not self._params.window_edge:
            return 0
        return (self._receive_next + self._sliding.window - 1) % MODULUS

    def _names_and_limits(self, *, caller: bytes, called: bytes) -> bytes:
        return caller + called + SETUP_LIMITS

    def _set_up_packet(self) -> NbipxPdu:
        if self.state is State.FINDING:
            names = self._params.names
            return name_packet(names, kind=NbipxNameKind.FIND, flags=0, name=self.peer_name)
        data = self._names_and_limits(caller=self.own_name, called=self.peer_name)
        return NbipxSession(
            kind=NbipxSessionKind.DATA,
            control=CONTROL_ACK_WANTED,
            source_id=self.own_id,
            destination_id=CONNECTION_NONE,
            total_length=len(data),
            data_length=len(data),
            data=data,
        )

    def _set_up_answer(self) -> NbipxSession:
        """All lengths 0, and yet the caller's 38 octets again."""
        data = self._names_and_limits(caller=self.peer_name, called=self.own_name)
        return NbipxSession(
            kind=NbipxSessionKind.DATA,
            control=CONTROL_SYSTEM,
            source_id=self.own_id,
            destination_id=self.peer_id,
            receive_sequence=1,
            data=data,
        )

    def _acknowledgement(self) -> NbipxPdu:
        return self._packet(CONTROL_SYSTEM)

    def _probe(self) -> NbipxPdu:
        query = self._params.status_query
        kind = NbipxSessionKind.STATUS_QUERY if query else NbipxSessionKind.DATA
        return self._packet(_PROBE, kind=kind)

    def _data_packet(self, part: tuple[bytes, int, int]) -> NbipxPdu:
        octets, total, offset = part
        return replace(
            self._packet(CONTROL_ACK_WANTED),
            total_length=total,
            offset=offset,
            data_length=len(octets),
            data=octets,
        )

    def _end_packet(self) -> NbipxPdu:
        return self._packet(CONTROL_ACK_WANTED, kind=NbipxSessionKind.END)

    def _renewed(self, packet: NbipxPdu) -> NbipxPdu:
        assert isinstance(packet, NbipxSession)
        return replace(
            packet, receive_sequence=self._receive_next, bytes_received=self._last_field()
        )


def names_called(request: NbipxSession) -> tuple[bytes, bytes] | None:
    """Caller's and called name of a set-up request; None if it has no room for them."""
    if len(request.data) < 32:
        return None
    return request.data[:16], request.data[16:32]


def _ends_message(packet: NbipxSession) -> bool:
    """By the lengths: the data of real captures 22 and 23 ends its messages without the bit."""
    ends = packet.offset + packet.data_length >= packet.total_length
    return ends or bool(packet.control & CONTROL_END_OF_MESSAGE)


def is_set_up(packet: NbipxSession) -> bool:
    """A request for a session: data for nobody yet."""
    return (
        packet.kind is NbipxSessionKind.DATA
        and packet.destination_id == CONNECTION_NONE
        and not packet.control & CONTROL_SYSTEM
    )


def _event(stimulus: Stimulus) -> Event:
    match stimulus:
        case Received(NbipxSession() as packet):
            return _received(packet)
        case Received(NbipxName(kind=NbipxNameKind.RECOGNIZED)):
            return Event.NAME
        case Received():
            return Event.OTHER
        case Asked(Abandon()):
            return Event.ABANDON
        case _:
            return asked_or_expired(stimulus)


_KINDS = {
    NbipxSessionKind.END: Event.END,
    NbipxSessionKind.END_ACK: Event.END_ACK,
}
_STATUS = (NbipxSessionKind.STATUS_QUERY, NbipxSessionKind.STATUS_RESPONSE)


def _received(packet: NbipxSession) -> Event:
    if is_set_up(packet):
        return Event.SET_UP
    if packet.kind in _STATUS and not packet.control & CONTROL_SYSTEM:
        return Event.OTHER  # nobody knows what that asks (facts/ipx.md 1.9)
    if packet.kind is not NbipxSessionKind.DATA and packet.kind not in _STATUS:
        return _KINDS.get(packet.kind, Event.OTHER)
    if not packet.control & CONTROL_SYSTEM:
        return Event.DATA
    return Event.PROBE if packet.control & CONTROL_ACK_WANTED else Event.SYSTEM


def _table() -> Mapping[tuple[State, Event], Row[NbipxSessionMachine, State]]:
    """One row per legal pair; what a peer may say at the wrong time is ignored."""
    nbipx = NbipxSessionMachine
    over, opened = frozenset({State.OVER}), frozenset({State.OPEN})
    finding, connecting = frozenset({State.FINDING}), frozenset({State.CONNECTING})
    table: dict[tuple[State, Event], Row[NbipxSessionMachine, State]] = {
        (State.FRESH, Event.CONNECT): Row(nbipx.on_connect, finding, "ipx.md 3.3; capture 22"),
        (State.FRESH, Event.SEND): Row(
            nbipx.on_queue, frozenset({State.FRESH}), "waits for the name and the set-up"
        ),
        (State.FRESH, Event.CLOSE): Row(nbipx.on_close_early, over, "nothing to end yet"),
        (State.FRESH, Event.ABANDON): Row(nbipx.on_abandon, over, "ipx.md 1.9, name in use"),
        (State.FRESH, Event.ABORT): Row(nbipx.on_abort, over, "nobody to tell"),
        (State.FRESH, Event.SET_UP): Row(nbipx.on_request, opened, "captures 22, 23"),
        (State.FINDING, Event.NAME): Row(
            nbipx.on_name, finding | connecting, "ipx.md 1.9, type 2; captures 22, 23"
        ),
        (State.CONNECTING, Event.SYSTEM): Row(nbipx.on_accepted, opened, "captures 22, 23"),
        (State.OPEN, Event.SEND): Row(nbipx.on_send, opened, "ipx.md 1.9, data"),
        (State.OPEN, Event.CLOSE): Row(
            nbipx.on_close, frozenset({State.ENDING}), "ipx.md 1.9, type 07"
        ),
    }
    for state, source in (
        (State.FINDING, "ipx.md 2.3, BroadcastCount"),
        (State.CONNECTING, "ipx.md 2.3, ConnectionCount"),
    ):
        stays = frozenset({state})
        table |= {
            (state, Event.SEND): Row(nbipx.on_queue, stays, "waits for the set-up"),
            (state, Event.CLOSE): Row(nbipx.on_close_early, over, "nothing to end yet"),
            (state, Event.ABORT): Row(nbipx.on_abort, over, "nobody to tell"),
            (state, Event.EXPIRED): Row(nbipx.on_expired, stays | over, source),
        }
    for state in (State.OPEN, State.ENDING):
        stays = frozenset({state})
        table |= {
            (state, Event.SET_UP): Row(nbipx.on_request_again, stays, "a lost answer"),
            (state, Event.SYSTEM): Row(nbipx.on_system, stays, "ipx.md 1.9, 80 and 88"),
            (state, Event.PROBE): Row(nbipx.on_probe, stays, "ipx.md 1.9, probe (assumption)"),
            (state, Event.DATA): Row(nbipx.on_data, stays, "ipx.md 1.9, data"),
            (state, Event.END): Row(nbipx.on_end, over, "ipx.md 1.9, 07, 08"),
            (state, Event.END_ACK): Row(nbipx.on_ended, stays | over, "ipx.md 1.9, 08"),
            (state, Event.ABORT): Row(nbipx.on_abort, over, "ipx.md 1.9, type 07 (assumption)"),
            (state, Event.EXPIRED): Row(nbipx.on_expired, stays | over, "ipx.md 2.3, 3.3"),
        }
    table[State.OVER, Event.EXPIRED] = Row(nbipx.ignore, over, "no timer is left")
    for state in State:
        for event in (Event.NAME, Event.SET_UP, Event.SYSTEM, Event.PROBE, Event.DATA, Event.END,
                      Event.END_ACK, Event.OTHER):  # fmt: skip
            late = Row(nbipx.ignore, frozenset({state}), "not for this session")
            table.setdefault((state, event), late)
    return table


TABLE = _table()
