"""What one end of an ISDN call is asked from above, and what it tells there."""

from __future__ import annotations

from dataclasses import dataclass

from emu.pdu.q931 import Cause


# Asked from above.
@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Call ``number``.  ``channel``: B channel 1 or 2, 0 for any."""

    number: str
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceed:
    """The number is whole and a B channel, 1 or 2, is taken."""

    channel: int


@dataclass(frozen=True, slots=True)
class Alert:
    """The called user is being rung."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Take the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """End or refuse the call."""

    cause: Cause


# Told above.
@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """SETUP came."""

    number: str
    channel: int


@dataclass(frozen=True, slots=True)
class Answered:
    """CONNECT: from now on the call is charged, and its B channel carries octets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """The call is gone, its reference free.  ``connected``: it had been answered."""

    cause: Cause
    connected: bool
