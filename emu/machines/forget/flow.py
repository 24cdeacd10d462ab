"""One flow in a box's table: how far it has come, what each end has said, when it is forgotten.

The rows follow RFC 5382 4.2 and 5: a connection is partially open until both SYNs were seen and
acknowledged, established then, and closing from the first FIN or RST on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from emu.machines.base import NEVER
from emu.machines.forget.params import BoxParams
from emu.pdu.ip_tcp import ACK, FIN, RST, SYN, Segment

_SEQUENCES = 1 << 32


class State(Enum):
    """Of a flow."""

    OPENING = "opening"
    ANSWERED = "answered"
    ESTABLISHED = "established"
    CLOSING = "closing"


class Word(Enum):
    """What a segment means to a flow."""

    SYN = "SYN"
    SYN_ACK = "SYN+ACK"
    PLAIN = "plain"
    END = "FIN or RST"


_OPENING, _ANSWERED = State.OPENING, State.ANSWERED
_ESTABLISHED, _CLOSING = State.ESTABLISHED, State.CLOSING
_RFC = "RFC 5382 4.2"
#: (state, word) -> next state and who says so.  All rows are there: a box lets pass whatever
#: belongs to a flow it knows, and judges no sequence numbers (a simplification: many do).
ROWS: Mapping[tuple[State, Word], tuple[State, str]] = {
    (_OPENING, Word.SYN): (_OPENING, f"{_RFC}: sent again"),
    (_OPENING, Word.SYN_ACK): (_ANSWERED, _RFC),
    (_OPENING, Word.PLAIN): (_OPENING, f"{_RFC}: not both SYNs were seen"),
    (_OPENING, Word.END): (_CLOSING, "RFC 5382 5: closing is transitory, too"),
    (_ANSWERED, Word.SYN): (_ANSWERED, f"{_RFC}: sent again"),
    (_ANSWERED, Word.SYN_ACK): (_ANSWERED, f"{_RFC}: sent again"),
    (_ANSWERED, Word.PLAIN): (_ESTABLISHED, f"{_RFC}: both SYNs are acknowledged"),
    (_ANSWERED, Word.END): (_CLOSING, "RFC 5382 5"),
    (_ESTABLISHED, Word.SYN): (_ESTABLISHED, "conntrack ignores it: the ends decide"),
    (_ESTABLISHED, Word.SYN_ACK): (_ESTABLISHED, "conntrack ignores it"),
    (_ESTABLISHED, Word.PLAIN): (_ESTABLISHED, "facts/tcp.md 6: either end refreshes it"),
    (_ESTABLISHED, Word.END): (_CLOSING, "RFC 5382 5"),
    (_CLOSING, Word.SYN): (_OPENING, "RFC 9293 3.6.1: the same ports, a new connection"),
    (_CLOSING, Word.SYN_ACK): (_CLOSING, "RFC 5382 5"),
    (_CLOSING, Word.PLAIN): (_CLOSING, "RFC 5382 5"),
    (_CLOSING, Word.END): (_CLOSING, "RFC 5382 5"),
}


def word_of(segment: Segment) -> Word:
    """What a segment means, by its flags."""
    if segment.flags & (RST | FIN):
        return Word.END
    if segment.flags & SYN:
        return Word.SYN_ACK if segment.flags & ACK else Word.SYN
    return Word.PLAIN


def turned(key: bytes) -> bytes:
    """The same flow seen from its other end: addresses and ports change places."""
    return key[4:8] + key[0:4] + key[10:12] + key[8:10]


@dataclass(slots=True)
class End:
    """What one end has said.  ``following``: the sequence number behind all of it;
    ``acknowledged``: the other's that it expects next.  None: nothing yet."""

    following: int | None = None
    acknowledged: int | None = None

    def hear(self, segment: Segment) -> None:
        """A segment of this end's."""
        self.following = _later(self.following, segment.sequence + segment.length)
        if segment.flags & ACK:
            self.acknowledged = _later(self.acknowledged, segment.acknowledgement)

    def waits_for(self, other: End) -> bool:
        """Whether something it has said is not acknowledged."""
        if self.following is None or other.acknowledged is None:
            return False
        return _is_before(other.acknowledged, self.following)


@dataclass(slots=True, kw_only=True)
class Flow:
    """``inside_key`` and ``outside_key``: of outbound segments, as each side sees them."""

    inside_key: bytes
    outside_key: bytes
    state: State
    inside: End
    outside: End
    due_ns: int = NEVER
    limit_ns: int | None = None

    def hear(self, segment: Segment, params: BoxParams, *, outbound: bool, now: int) -> None:
        """A segment of either end restarts the timer."""
        self.state, _citation = ROWS[self.state, word_of(segment)]
        if word_of(segment) is Word.SYN and self.state is _OPENING:
            self.inside, self.outside = End(), End()
        (self.inside if outbound else self.outside).hear(segment)
        self.limit_ns = self._limit(params)
        self.due_ns = NEVER if self.limit_ns is None else now + self.limit_ns

    def _limit(self, params: BoxParams) -> int | None:
        if self.state is not _ESTABLISHED:
            return params.idle_ns if params.transitory_ns is None else params.transitory_ns
        limit, sooner = params.idle_ns, params.unacknowledged_ns
        if sooner is None or not self._unacknowledged:
            return limit
        return sooner if limit is None else min(limit, sooner)

    @property
    def _unacknowledged(self) -> bool:
        return self.inside.waits_for(self.outside) or self.outside.waits_for(self.inside)


def _is_before(number: int, other: int) -> bool:
    return (number - other) % _SEQUENCES >= _SEQUENCES // 2


def _later(known: int | None, number: int) -> int:
    number %= _SEQUENCES
    return number if known is None or _is_before(known, number) else known
