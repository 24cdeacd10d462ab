"""What tells one box from another: timers, translation, and what follows when a flow is gone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

#: What a segment of no known flow draws: nothing, or a RST (RFC 9293 3.5.2, group 1).
DROP = "drop"
RESET = "reset"
#: Nothing either, but when the timer ends both ends get a RST (facts/tcp.md 6, Azure).
RESET_BOTH = "reset-both"


class MidStream(Enum):
    """Whose segment other than a SYN makes a new flow (facts/tcp.md 6: conntrack's tcp_loose)."""

    NOBODY = "nobody"
    INSIDE = "inside"
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxParams:
    """``idle_ns``: of an established flow, restarted by every segment of either end; None: never
    forgotten.  ``unacknowledged_ns``: instead, while one end waits for an acknowledgement, if that
    is sooner.  ``transitory_ns``: while a flow opens or closes.  None: ``idle_ns``
    holds there, too.

    ``translates``: the server sees the box's address; ``keeps_ports``: and, where nobody else
    has it, the client's port; otherwise every flow gets the next one.  ``answers``: keepalives of
    either end are answered for the other.
    """

    idle_ns: int | None
    unacknowledged_ns: int | None = None
    transitory_ns: int | None = None
    afterwards: str = DROP
    mid_stream: MidStream = MidStream.NOBODY
    translates: bool = False
    keeps_ports: bool = False
    answers: bool = False
