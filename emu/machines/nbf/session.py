"""One NBF session on a link, sans-IO: set-up, messages and their acknowledgements, the end.

Knows neither link nor names.  One message at a time waits for its DATA_ACK; the octets of a
message are handed up as they come, each piece with a word whether it is the last.  Left
out: SEND.NO.ACK, RECEIVE_CONTINUE, NO_RECEIVE of our own (a receiver is always posted here).

Read: facts/netbeui.md 1.4, 2.1, 2.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

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
    Expired,
    Lost,
    Opened,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.nbf.params import NbfParams
from emu.pdu.nbf import (
    DATA_ACK_INCLUDED,
    DATA_ACK_WITH_DATA_ALLOWED,
    DATA_MAX_OCTETS,
    DATA_NO_ACK,
    DATA_RESYNC,
    END_ABNORMAL,
    END_NORMAL,
    SESSION_LARGEST_FRAME_MASK,
    SESSION_SEND_NO_ACK,
    SESSION_VERSION_2,
    NbfCommand,
    SessionFrame,
)


# What the layer above may ask.
@dataclass(frozen=True, slots=True, kw_only=True)
class Initialize:
    """The link is up.  ``session``, ``correlator``: what NAME_RECOGNIZED gave."""

    session: int
    correlator: int


@dataclass(frozen=True, slots=True)
class Send:
    """One message."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class End:
    """SESSION_END.  ``abnormal``: at once; else behind what is queued."""

    abnormal: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """The link below is no more: nothing can be said."""


class State(Enum):
    """FRESH: no link yet, or (at the called end) no SESSION_INITIALIZE yet."""

    FRESH = "fresh"
    CONFIRMING = "confirming"
    UP = "up"
    GONE = "gone"


class Session:
    """``number``: ours.  ``probing``: this end sends SESSION_ALIVE, if its policy does at all.

    ``since_ns``: when the session was set up, from which SESSION_ALIVE is counted.
    ``ended_here``: it was this end that said SESSION_END.
    """

    __slots__ = ("_ack", "_ack_due", "_alive_due", "_confirm_due", "_correlator", "_leaving",
                 "_max_octets", "_params", "_probing", "_queue", "_waiting", "ended_here",
                 "number", "peer", "since_ns", "state")  # fmt: skip

    def __init__(self, params: NbfParams, *, number: int, probing: bool) -> None:
        self.number = number
        self.peer = 0
        self.state = State.FRESH
        self.since_ns = 0
        self.ended_here = False
        self._params = params
        self._probing = probing
        self._max_octets = DATA_MAX_OCTETS
        self._queue: list[bytes] = []
        #: The message that waits for its DATA_ACK, None for none, and the last correlator given.
        self._waiting: bytes | None = None
        self._correlator = 0
        #: The correlator we owe a DATA_ACK for, None for none.
        self._ack: int | None = None
        self._leaving = False
        self._ack_due: int = NEVER
        self._alive_due: int = NEVER
        self._confirm_due: int = NEVER

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        row = TABLE.get((self.state, _kind(stimulus)))
        if row is None:
            if isinstance(stimulus, Received):
                return NOTHING  # a frame that has no meaning here is let pass, as the peer's fault
            raise LocalProtocolError(f"a session that is {self.state.value} cannot take {stimulus}")
        before = self.state
        effects = row.action(self, stimulus, now)
        assert self.state is before or self.state in row.leads_to, f"{before} -> {self.state}"
        return effects

    @property
    def owes_acknowledgement(self) -> bool:
        """Whether a DATA_ACK waits for data to ride on."""
        return self._ack_due != NEVER

    def due(self) -> int | None:
        due = min(self._ack_due, self._alive_due, self._confirm_due)
        return None if due == NEVER else due

    @property
    def alive(self) -> bool:
        """Whether this end sends SESSION_ALIVE."""
        return self._probing and self._params.alive_interval_ns is not None

    def timers(self) -> Mapping[str, int]:
        """By name, in the order in which timers of one instant are served."""
        timers = {
            "data-ack": self._ack_due,
            "session-alive": self._alive_due,
            "confirm": self._confirm_due,
        }
        return {name: due for name, due in timers.items() if due != NEVER}

    # --- asked -------------------------------------------------------------------------------

    def initialize(self, stimulus: Any, now: int) -> Effects:
        """facts/netbeui.md 2.1, step 6."""
        wanted: Initialize = stimulus.request
        self.state = State.CONFIRMING
        self.peer = wanted.session
        self._confirm_due = now + self._params.query_tries * self._params.query_timeout_ns
        frame = SessionFrame(
            kind=NbfCommand.SESSION_INITIALIZE,
            destination=self.peer,
            source=self.number,
            data1=SESSION_SEND_NO_ACK | SESSION_LARGEST_FRAME_MASK | SESSION_VERSION_2,
            data2=DATA_MAX_OCTETS,
            transmit_correlator=wanted.correlator,
            response_correlator=self.number,
        )
        return [Transmit(frame)]

    def queue(self, stimulus: Any, _now: int) -> Effects:
        """Not up yet."""
        self._queue.append(stimulus.request.octets)
        return NOTHING

    def send(self, stimulus: Any, _now: int) -> Effects:
        self._queue.append(stimulus.request.octets)
        return self._push()

    def end(self, stimulus: Any, _now: int) -> Effects:
        self._leaving = True
        if stimulus.request.abnormal:
            return self._finish(END_ABNORMAL)
        return self._push()

    def end_before_it_began(self, _: Stimulus, _now: int) -> Effects:
        self._gone()
        return [Deliver(Ended("closed before it opened"))]

    def end_unconfirmed(self, _: Stimulus, _now: int) -> Effects:
        return self._finish(END_ABNORMAL)

    def drop(self, _: Stimulus, _now: int) -> Effects:
        self._gone()
        return NOTHING

    # --- expired -----------------------------------------------------------------------------

    def expired(self, _: Stimulus, now: int) -> Effects:
        """One timer; the next one, if it is due as well, at the next expiry."""
        if self._ack_due <= now:
            return [self._acknowledge()]
        if self._alive_due <= now:
            self._alive_due += self._params.alive_interval_ns or 0
            return [Transmit(self._frame(NbfCommand.SESSION_ALIVE))]
        return NOTHING

    def unconfirmed(self, _: Stimulus, _now: int) -> Effects:
        """The link took our SESSION_INITIALIZE, and nobody above it says anything."""
        self._gone()
        self.ended_here = True
        return [Deliver(Lost("SESSION_INITIALIZE unanswered"))]

    # --- received ----------------------------------------------------------------------------

    def confirm(self, stimulus: Any, now: int) -> Effects:
        """The called end, step 7."""
        frame: SessionFrame = stimulus.pdu
        self.peer = frame.source
        answer = SessionFrame(
            kind=NbfCommand.SESSION_CONFIRM,
            destination=self.peer,
            source=self.number,
            data1=SESSION_SEND_NO_ACK | SESSION_VERSION_2,
            data2=DATA_MAX_OCTETS,
            transmit_correlator=frame.response_correlator,
            response_correlator=self.number,
        )
        return [Transmit(answer), *self._open(frame.data2, now)]

    def confirmed(self, stimulus: Any, now: int) -> Effects:
        """The calling end, step 8."""
        self._confirm_due = NEVER
        return self._open(stimulus.pdu.data2, now)

    def part(self, stimulus: Any, _now: int) -> Effects:
        """DATA_FIRST_MIDDLE: more of the message follows."""
        frame: SessionFrame = stimulus.pdu
        return [*self._ack_included(frame), Deliver(Data(frame.data, last=False))]

    def last(self, stimulus: Any, now: int) -> Effects:
        """DATA_ONLY_LAST: the message is complete and is acknowledged."""
        frame: SessionFrame = stimulus.pdu
        effects: list[Effect] = [*self._ack_included(frame)]
        if not frame.data1 & DATA_NO_ACK:
            self._ack = frame.response_correlator
            if frame.data1 & DATA_ACK_WITH_DATA_ALLOWED:
                self._ack_due = now + self._params.data_ack_delay_ns
            else:
                effects.append(self._acknowledge())
        return [*effects, Deliver(Data(frame.data))]

    def acknowledged(self, stimulus: Any, _now: int) -> Effects:
        return self._settle(stimulus.pdu.transmit_correlator)

    def resume(self, stimulus: Any, _now: int) -> Effects:
        """RECEIVE_OUTSTANDING: so much was taken, the rest please (DATA2 of the first = 1)."""
        rest = (self._waiting or b"")[stimulus.pdu.data2 :]
        return self._message(rest, resync=True) if rest else NOTHING

    def ended(self, stimulus: Any, _now: int) -> Effects:
        """The peer's SESSION_END has no answer but the link's."""
        abnormal = stimulus.pdu.data2 == END_ABNORMAL
        self._gone()
        cause = "SESSION_END, abnormal" if abnormal else "SESSION_END received"
        return [Deliver(Ended(cause))]

    # --- shared ------------------------------------------------------------------------------

    def _open(self, peer_octets: int, now: int) -> Effects:
        self.state = State.UP
        self.since_ns = now
        self._max_octets = max(1, min(DATA_MAX_OCTETS, peer_octets))
        if self.alive:
            self._alive_due = now + (self._params.alive_interval_ns or 0)
        return [Deliver(Opened()), *self._push()]

    def _push(self) -> Effects:
        """The next message, when the one before it is acknowledged; then the end, if wanted."""
        if self._waiting is not None:
            return NOTHING
        if self._queue:
            self._waiting = self._queue.pop(0)
            self._correlator = self._correlator % 0x7FFF + 1
            return self._message(self._waiting, resync=False)
        return self._finish(END_NORMAL) if self._leaving else NOTHING

    def _message(self, octets: bytes, *, resync: bool) -> Effects:
        """An empty message is one empty piece."""
        size = self._max_octets
        pieces = [octets[start : start + size] for start in range(0, len(octets) or 1, size)]
        effects: list[Effect] = []
        for number, piece in enumerate(pieces, start=1):
            data1, transmit = DATA_ACK_WITH_DATA_ALLOWED, 0
            if number < len(pieces):
                kind, data1 = NbfCommand.DATA_FIRST_MIDDLE, 0
            else:
                kind = NbfCommand.DATA_ONLY_LAST
            if self._ack is not None:
                data1, transmit = data1 | DATA_ACK_INCLUDED, self._ack
                self._ack, self._ack_due = None, NEVER
            frame = SessionFrame(
                kind=kind,
                destination=self.peer,
                source=self.number,
                data1=data1,
                data2=DATA_RESYNC if resync and number == 1 else 0,
                transmit_correlator=transmit,
                response_correlator=self._correlator,
                data=piece,
            )
            effects.append(Transmit(frame))
        return effects

    def _ack_included(self, frame: SessionFrame) -> Effects:
        included = frame.data1 & DATA_ACK_INCLUDED
        return self._settle(frame.transmit_correlator) if included else NOTHING

    def _settle(self, correlator: int) -> Effects:
        if self._waiting is None or correlator != self._correlator:
            return NOTHING
        self._waiting = None
        return self._push()

    def _acknowledge(self) -> Transmit:
        correlator, self._ack, self._ack_due = self._ack or 0, None, NEVER
        return Transmit(self._frame(NbfCommand.DATA_ACK, transmit_correlator=correlator))

    def _frame(
        self, kind: NbfCommand, *, transmit_correlator: int = 0, data2: int = 0
    ) -> SessionFrame:
        return SessionFrame(
            kind=kind,
            destination=self.peer,
            source=self.number,
            data2=data2,
            transmit_correlator=transmit_correlator,
        )

    def _finish(self, how: int) -> Effects:
        """Say what is still owed, then the end; in a hurry only the end (real-captures 21)."""
        owes = self._ack is not None and how == END_NORMAL
        owed = [self._acknowledge()] if owes else []
        self._gone()
        self.ended_here = True
        goodbye = Transmit(self._frame(NbfCommand.SESSION_END, data2=how))
        return [*owed, goodbye, Deliver(Ended("session ended"))]

    def _gone(self) -> None:
        self.state = State.GONE
        self._ack_due = self._alive_due = self._confirm_due = NEVER
        self._queue.clear()
        self._waiting = None
        self._ack = None

    def ignore(self, _: Stimulus, _now: int) -> Effects:
        return NOTHING


def _kind(stimulus: Stimulus) -> type[Any] | NbfCommand | None:
    match stimulus:
        case Received(SessionFrame(kind=kind)):
            return kind
        case Asked(request):
            return request.__class__
        case Expired():
            return Expired
        case _:
            return None


def _row(
    action: Callable[[Session, Any, int], Effects], leads_to: State | None, cites: str
) -> Row[Session, State]:
    return Row(action, frozenset() if leads_to is None else frozenset({leads_to}), cites)


TABLE: Mapping[tuple[State, Any], Row[Session, State]] = {
    (State.FRESH, Initialize): _row(Session.initialize, State.CONFIRMING, "facts 2.1, step 6"),
    (State.FRESH, Send): _row(Session.queue, None, "until it is up"),
    (State.FRESH, End): _row(Session.end_before_it_began, State.GONE, "nothing to tell"),
    (State.FRESH, Expired): _row(Session.ignore, None, "no timer runs"),
    (State.FRESH, NbfCommand.SESSION_INITIALIZE): _row(
        Session.confirm, State.UP, "facts 2.1, step 7"
    ),
    (State.CONFIRMING, NbfCommand.SESSION_CONFIRM): _row(
        Session.confirmed, State.UP, "facts 2.1, step 8"
    ),
    (State.CONFIRMING, NbfCommand.SESSION_END): _row(Session.ended, State.GONE, "facts 1.4"),
    (State.CONFIRMING, Send): _row(Session.queue, None, "until it is up"),
    (State.CONFIRMING, End): _row(Session.end_unconfirmed, State.GONE, "facts 1.4, abnormal"),
    (State.CONFIRMING, Expired): _row(
        Session.unconfirmed, State.GONE, "assumption: as long as a whole NAME_QUERY"
    ),
    (State.UP, Send): _row(Session.send, None, "facts 1.4, data"),
    (State.UP, End): _row(Session.end, State.GONE, "facts 2.1, tear-down"),
    (State.UP, Expired): _row(Session.expired, None, "facts 2.6, SESSION_ALIVE"),
    (State.UP, NbfCommand.DATA_FIRST_MIDDLE): _row(Session.part, State.GONE, "facts 1.4"),
    (State.UP, NbfCommand.DATA_ONLY_LAST): _row(Session.last, State.GONE, "facts 1.4"),
    (State.UP, NbfCommand.DATA_ACK): _row(Session.acknowledged, State.GONE, "facts 1.4"),
    (State.UP, NbfCommand.RECEIVE_OUTSTANDING): _row(Session.resume, None, "facts 1.4"),
    (State.UP, NbfCommand.SESSION_ALIVE): _row(Session.ignore, None, "facts 2.6: LLC answers"),
    (State.UP, NbfCommand.SESSION_END): _row(Session.ended, State.GONE, "facts 2.1, tear-down"),
    **{
        (state, Drop): _row(Session.drop, State.GONE, "facts 0: with the link all sessions end")
        for state in State
    },
    (State.GONE, Send): _row(Session.ignore, None, "nobody is there"),
    (State.GONE, End): _row(Session.ignore, None, "ended"),
    (State.GONE, Expired): _row(Session.ignore, None, "no timer runs"),
}
