"""Q.931: the messages of ISDN call control (ITU-T Q.931 3.1, 4).

Elements that a basic call needs are values of their own; any other, and any of these with
octets that we do not write, is an ``Element``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class MessageKind(IntEnum):
    """Message type, Q.931 table 4-2."""

    ALERTING = 0x01
    CALL_PROCEEDING = 0x02
    SETUP = 0x05
    CONNECT = 0x07
    CONNECT_ACKNOWLEDGE = 0x0F
    DISCONNECT = 0x45
    RELEASE = 0x4D
    RELEASE_COMPLETE = 0x5A
    STATUS = 0x7D


#: Cause values, Q.850 2.2.7 and table 1.
CAUSE_NORMAL = 16
CAUSE_BUSY = 17
CAUSE_NO_USER_RESPONDING = 18
CAUSE_NO_ANSWER = 19
CAUSE_REJECTED = 21
CAUSE_OUT_OF_ORDER = 27
CAUSE_NO_CHANNEL = 34
CAUSE_TEMPORARY_FAILURE = 41
CAUSE_TIMER_EXPIRED = 102
CAUSE_WORDS = {
    CAUSE_NORMAL: "normal call clearing",
    CAUSE_BUSY: "user busy",
    CAUSE_NO_USER_RESPONDING: "no user responding",
    CAUSE_NO_ANSWER: "no answer from user",
    CAUSE_REJECTED: "call rejected",
    CAUSE_OUT_OF_ORDER: "destination out of order",
    CAUSE_NO_CHANNEL: "no channel available",
    CAUSE_TEMPORARY_FAILURE: "temporary failure",
    CAUSE_TIMER_EXPIRED: "recovery on timer expiry",
}

#: Q.850 2.2.6: who says why.
LOCATION_USER = 0
LOCATION_LOCAL_NETWORK = 2
LOCATION_REMOTE_NETWORK = 4

#: Element identifiers, Q.931 table 4-3.
BEARER_CAPABILITY = 0x04
CAUSE = 0x08
CHANNEL_IDENTIFICATION = 0x18
CALLED_NUMBER = 0x70
SENDING_COMPLETE = 0xA1


@dataclass(frozen=True, slots=True)
class SendingComplete:
    """The number is whole (4.5.27)."""


@dataclass(frozen=True, slots=True)
class UnrestrictedDigital:
    """Bearer capability of a data call: unrestricted digital information, 64 kbit/s (4.5.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Channel identification on a basic rate interface (4.5.13).

    ``number``: 1 or 2 for a B channel, 3 for any, 0 for none.  ``exclusive``: no other will do.
    """

    number: int
    exclusive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledNumber:
    """``digits``: IA5.  ``kind``: type of number, 0..7, 0 unknown; ``plan``: 1 is E.164 (4.5.8)."""

    digits: str
    kind: int = 0
    plan: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """``value``: 0..127, see ``CAUSE_WORDS``; ``location``: 0..15 (Q.850 2.1)."""

    value: int
    location: int

    def __str__(self) -> str:
        return f"{self.value} {CAUSE_WORDS.get(self.value, 'cause not named here')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Any other.  ``content`` None: a single octet, whose identifier is 0x80 or more."""

    identifier: int
    content: bytes | None


InformationElement = (
    SendingComplete | UnrestrictedDigital | Channel | CalledNumber | Cause | Element
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Q931Message:
    """``reference``: the call's, unique on its interface, in ``reference_octets`` (1 on a basic,
    2 on a primary rate interface); the top bit is not part of it.  ``from_destination``: that
    bit, set by the side that did not choose the reference (4.3).
    """

    kind: MessageKind
    reference: int
    from_destination: bool
    elements: tuple[InformationElement, ...] = ()
    reference_octets: int = 1

    @property
    def cause(self) -> Cause | None:
        """Why, if it says so."""
        return next((each for each in self.elements if isinstance(each, Cause)), None)
