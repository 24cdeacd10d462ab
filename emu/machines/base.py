"""What every machine is: stimuli in, effects out, one deadline, a table of what is legal.

A machine is stepped with ``step(stimulus, now)`` and answers with effects; ``due()`` says when
it next wants ``EXPIRED``.  It does not know who it is, what time it is unless told, or where
its frames go.  Randomness is an argument.  Read h11 ``_state.py`` for the idea of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

#: An instant no run reaches: "this timer is off".  ``due()`` turns it into None.
NEVER = (1 << 63) - 1

M = TypeVar("M")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Received:
    """A PDU came in."""

    pdu: Any


@dataclass(frozen=True, slots=True)
class Asked:
    """The layer above asks for something."""

    request: Any


@dataclass(frozen=True, slots=True)
class Expired:
    """The instant ``due()`` named has come.  The machine decides which timer that was."""


EXPIRED = Expired()


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send a PDU.  ``about`` says what a reader of the trace should know of it, or None."""

    pdu: Any
    about: Note | None = None


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand something to the layer above."""

    value: Any


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a ledger line: ``kind`` is one word, ``facts`` are plain values."""

    kind: str
    facts: Mapping[str, int | str | bool] = field(default_factory=dict[str, int | str | bool])


Stimulus = Received | Asked | Expired
Effect = Transmit | Deliver | Note
Effects = Sequence[Effect]
NOTHING: Effects = ()


# What machines tell the layer above about a connection, whatever the transport.
@dataclass(frozen=True, slots=True)
class Opened:
    """The connection is up."""


@dataclass(frozen=True, slots=True)
class Data:
    """Octets of the peer's, in order.

    ``last``: a message of the transport's ends with them; always so where it has no messages.
    """

    octets: bytes
    last: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection was ended in order, by the peer or by us.  ``cause``: for people."""

    cause: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection broke.  ``cause``: for people, such as "10 watchdog polls unanswered".

    ``error``: what a program's socket reports, by its errno's name; empty where the transport
    has no such thing.
    """

    cause: str
    error: str = ""


class Machine(Protocol):
    """The contract of architecture.md 3."""

    def step(self, stimulus: Stimulus, now: int) -> Effects: ...

    def due(self) -> int | None: ...

    def timers(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Row(Generic[M, S]):
    """One legal (state, stimulus): what to do, where that may lead, and who says so."""

    action: Callable[[M, Any, int], Effects]
    leads_to: frozenset[S]
    citation: str
