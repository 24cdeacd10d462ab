"""What SPX and NetBIOS over IPX share: a window, retransmission, a watchdog, and a silent end.

Both number their data packets modulo 65536, acknowledge with the number they expect next, and
repeat what stays unacknowledged.  When the retransmissions or the watchdog run out, the
connection is dropped and nothing is said (facts/ipx.md 1.3, "a unilateral abort sends nothing").
How a packet looks, how a connection is set up and how it ends is the subclass's.

Left out: reordering (one segment keeps the order; what comes too early is asked for again),
attention packets, and round trips that are measured (every wait starts from the policy's).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effect,
    Effects,
    Ended,
    Expired,
    Lost,
    Note,
    Opened,
    Stimulus,
    Transmit,
)
from emu.machines.spx.params import SlidingParams
from emu.machines.spx.retransmission import Retransmission, Trial
from emu.machines.spx.watchdog import Verdict, watchdog_for

#: Goes with the answer to a probe of the peer's.
ANSWER = Note("answer")

MODULUS = 1 << 16
_HALF = 1 << 15

#: Why an orderly end came, from whichever side.
ENDED_BY_PEER = "the peer ended the connection"
ENDED_BY_US = "connection ended"
ABORTED = "aborted"

PduT = TypeVar("PduT")


# What the layer above may ask.
@dataclass(frozen=True, slots=True)
class Connect:
    """Open actively."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send one message, in order; it is cut into packets."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """No more to send; end in order when everything is acknowledged."""


@dataclass(frozen=True, slots=True)
class Abort:
    """End at once, whatever is not acknowledged."""


class State(Enum):
    """FRESH: before anything.  FINDING: NetBIOS looks for the called name.  OVER: no more."""

    FRESH = "fresh"
    FINDING = "finding"
    CONNECTING = "connecting"
    OPEN = "open"
    ENDING = "ending"
    OVER = "over"


class Event(Enum):
    """What a stimulus is to a connection."""

    NAME = "name recognized"
    SET_UP = "connection request"
    SYSTEM = "acknowledgement"
    PROBE = "watchdog request"
    DATA = "data"
    END = "end of connection"
    END_ACK = "end of connection acknowledged"
    OTHER = "any other packet of the peer's"
    CONNECT = "connect asked for"
    SEND = "send asked for"
    CLOSE = "close asked for"
    ABORT = "abort asked for"
    ABANDON = "abandoning asked for"
    EXPIRED = "expired"
    FOREIGN = "nothing this machine has a row for"


def asked_or_expired(stimulus: Stimulus) -> Event:
    """The event of a stimulus that is no packet."""
    match stimulus:
        case Asked(Connect()):
            return Event.CONNECT
        case Asked(Send()):
            return Event.SEND
        case Asked(Close()):
            return Event.CLOSE
        case Asked(Abort()):
            return Event.ABORT
        case Expired():
            return Event.EXPIRED
        case _:
            return Event.FOREIGN


def ahead(number: int, of: int) -> int:
    """How far ``number`` is ahead of ``of`` on the circle; negative when it is behind."""
    distance = (number - of) % MODULUS
    return distance if distance < _HALF else distance - MODULUS


class Sliding(ABC, Generic[PduT]):
    """One connection.  ``own_id``, ``peer_id``: connection ids; the peer's 0 until it is known."""

    __slots__ = ("_closing", "_end", "_outstanding", "_queue", "_receive_next", "_send_next",
                 "_sliding", "own_id", "peer_id", "retransmission", "state",
                 "watchdog")  # fmt: skip

    def __init__(self, params: SlidingParams, *, own_id: int) -> None:
        self.state = State.FRESH
        self.own_id = own_id
        self.peer_id = 0
        self.watchdog = watchdog_for(params.watchdog)
        self.retransmission = Retransmission(params.set_up)
        self._sliding = params
        self._send_next = 0
        self._receive_next = 0
        # Packets sent and not acknowledged, oldest first; what waits for the window.
        self._outstanding: deque[PduT] = deque()
        self._queue: deque[tuple[bytes, int, int]] = deque()
        self._closing = False
        self._end: PduT | None = None

    # --- the contract of machines/base.py ----------------------------------------------------

    def due(self) -> int | None:
        """The earliest of the timers."""
        due = min(self.retransmission.due, self._watchdog_due())
        return None if due == NEVER else due

    def timers(self) -> Mapping[str, int]:
        """What is armed, by name, in the order in which timers of one instant are served."""
        all_timers = {"retransmission": self.retransmission.due, "watchdog": self._watchdog_due()}
        return {name: due for name, due in all_timers.items() if due != NEVER}

    @property
    def is_over(self) -> bool:
        """Nothing can be asked of it any more."""
        return self.state is State.OVER

    @property
    def can_send(self) -> bool:
        """Whether the layer above may still ask for something to be sent, or for the end."""
        return self.state in (State.FINDING, State.CONNECTING, State.OPEN) and not self._closing

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """When the wait for an acknowledgement of data began; None if there is none."""
        since_ns = self.retransmission.since_ns
        return None if since_ns == NEVER else since_ns

    # --- what the subclass says --------------------------------------------------------------

    @abstractmethod
    def _cut(self, octets: bytes) -> list[tuple[bytes, int, int]]:
        """A message as parts: octets, total length, offset."""

    @abstractmethod
    def _data_packet(self, part: tuple[bytes, int, int]) -> PduT: ...

    @abstractmethod
    def _renewed(self, packet: PduT) -> PduT:
        """The same packet with today's acknowledgement."""

    @abstractmethod
    def _acknowledgement(self) -> PduT: ...

    @abstractmethod
    def _probe(self) -> PduT: ...

    @abstractmethod
    def _end_packet(self) -> PduT: ...

    @abstractmethod
    def _may_send(self) -> bool:
        """Whether the window has room for one packet more."""

    @abstractmethod
    def _set_up_packet(self) -> PduT:
        """What asks for a connection, or for the way to one."""

    # --- asked -------------------------------------------------------------------------------

    def on_queue(self, stimulus: Asked, _now: int) -> Effects:
        self._queue.extend(self._cut(stimulus.request.octets))
        return NOTHING

    def on_send(self, stimulus: Asked, now: int) -> Effects:
        self._queue.extend(self._cut(stimulus.request.octets))
        return self._push(now)

    def on_close_early(self, _stimulus: Asked, _now: int) -> Effects:
        """Before the peer answered: nobody is there to be told."""
        return self._finish(Ended("closed before it opened"))

    def on_close(self, _stimulus: Asked, now: int) -> Effects:
        self.state, self._closing = State.ENDING, True
        return self._push(now)

    def on_abort(self, _stimulus: Asked, _now: int) -> Effects:
        """facts/ipx.md 1.3: "a unilateral abort sends nothing"."""
        return self._finish(Ended(ABORTED))

    def ignore(self, _stimulus: Stimulus, _now: int) -> Effects:
        return NOTHING

    # --- expired -----------------------------------------------------------------------------

    def on_expired(self, _stimulus: Stimulus, now: int) -> Effects:
        """One timer; the next one, if it is due as well, at the next expiry."""
        if self.retransmission.due <= now:
            return self._repeat(now)
        if self._watchdog_due() <= now:
            return self._watch(now)
        return NOTHING

    def _repeat(self, now: int) -> Effects:
        timer = self.retransmission
        trial = timer.expired(now)
        if trial is Trial.GIVE_UP:
            return self._lose(self._unanswered())
        facts = {"number": timer.count, "of": timer.count_max}
        effects = [self._say(self._waiting_for(), now, Note("retransmission", facts))]
        if trial is Trial.LAST:
            effects += self._lose(self._unanswered())
        return effects

    def _waiting_for(self) -> PduT:
        """The oldest packet that is not answered."""
        if self.state in (State.FINDING, State.CONNECTING):
            return self._set_up_packet()
        oldest = self._outstanding[0] if self._outstanding else self._end
        assert oldest is not None, "a retransmission of nothing"
        return self._renewed(oldest)

    def _unanswered(self) -> str:
        count = self.retransmission.count_max
        if self.state in (State.FINDING, State.CONNECTING):
            what = "name query" if self.state is State.FINDING else "connection request"
            return f"{what} unanswered {count + 1} times"
        return f"{count} retransmission{'s'[: count != 1]} unanswered"

    def _watch(self, now: int) -> Effects:
        verdict = self.watchdog.expired(now)
        if verdict is Verdict.GIVE_UP:
            return self._lose(self.watchdog.cause)
        if verdict is Verdict.VERIFY:
            return [self._say(self._acknowledgement(), now, Note("verify"))]
        facts = {"number": self.watchdog.unanswered, "of": self.watchdog.probes_max}
        effects = [self._say(self._probe(), now, Note("probe", facts))]
        if verdict is Verdict.LAST_PROBE:
            effects += self._lose(self.watchdog.cause)
        return effects

    def _watchdog_due(self) -> int:
        waiting = self._outstanding or self._end is not None
        return NEVER if waiting and not self._sliding.watchdog_with_data else self.watchdog.due

    # --- shared with the subclass ------------------------------------------------------------

    def _say(self, packet: PduT, now: int, about: Note | None = None) -> Effect:
        """Every packet goes out through here: the watchdog may want to know."""
        self.watchdog.said(now)
        return Transmit(packet, about)

    def _heard(self, by: Event, now: int) -> list[Effect]:
        """A packet of this connection's peer, whatever it says, is a sign of life."""
        if self.watchdog.heard(now):
            return [Note("probe-answered", {"by": by.value})]
        return []

    def _unasked(self, by: Event, *, answers: bool) -> list[Effect]:
        """A system packet that answers nothing, with no data of ours to acknowledge or admit.

        Novell's "verify" (facts/ipx.md 2.2); a second answer cannot be told from one.
        """
        waiting = self._outstanding or self._queue or self._end is not None
        asked = answers or waiting or by is not Event.SYSTEM
        return [] if asked else [Note("unasked")]

    def _take(self, acknowledgement: int, now: int) -> bool:
        """Everything before this number has arrived.  True if that was news."""
        if not self._outstanding:
            return False
        first = self._send_next - len(self._outstanding)
        count = (acknowledgement - first) % MODULUS
        if not 0 < count <= len(self._outstanding):
            return False
        for _ in range(count):
            self._outstanding.popleft()
        if self._outstanding:
            self.retransmission.restart(now)
        else:
            self.retransmission.settle()
        return True

    def _open(self, now: int) -> list[Effect]:
        """The set-up is over: data may flow, silence counts from here."""
        self.state = State.OPEN
        self.retransmission = Retransmission(self._sliding.data)
        self.watchdog.start(now)
        return [Deliver(Opened())]

    def _push(self, now: int) -> list[Effect]:
        """Send what the window allows, then the end if it is wanted and all is acknowledged."""
        effects: list[Effect] = []
        while self._queue and self._may_send():
            packet = self._data_packet(self._queue.popleft())
            self._send_next = (self._send_next + 1) % MODULUS
            self._outstanding.append(packet)
            self.retransmission.sent(now)
            effects.append(self._say(packet, now))
        if self._closing and self._end is None and not self._queue and not self._outstanding:
            self._end = self._end_packet()
            self.retransmission.sent(now)
            effects.append(self._say(self._end, now))
        return effects

    def _lose(self, cause: str) -> list[Effect]:
        """Nothing is sent: a unilateral abort is silent (facts/ipx.md 1.3)."""
        return self._finish(Lost(cause))

    def _finish(self, last: Ended | Lost) -> list[Effect]:
        self.state = State.OVER
        self.retransmission.stop()
        self.watchdog.stop()
        self._queue.clear()
        self._outstanding.clear()
        self._end = None
        return [Deliver(last)]
