"""What a dialled link is asked, what it asks of the call control below, and what that answers."""

from __future__ import annotations

from dataclasses import dataclass


# Asked of the link, from above.
@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """A packet for the far side.  ``interesting``: it raises the link and keeps it up."""

    octets: bytes
    interesting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """The operator wants the link up, whatever there is to carry.  ``destination``: for a group."""

    destination: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contend:
    """Whether somebody else waits for the channel (fast-idle applies)."""

    waiting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpNow:
    """The operator ends the call, or PPP ended.  ``why``: for people."""

    why: str


# Asked of the call control, from the link.
@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Dial."""


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """Take the call that arrived."""


@dataclass(frozen=True, slots=True)
class RefuseCall:
    """Do not take the call that arrived: there is one already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """End the call, or the attempt.  ``why``: for people."""

    why: str


# Answered by the call control.
@dataclass(frozen=True, slots=True)
class Connected:
    """CONNECT, or carrier: from now on the call is charged."""


@dataclass(frozen=True, slots=True)
class LinkOpened:
    """The data link over the call (PPP) is open: packets flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No call, or no data link over it.  ``cause``: for people, such as "17 user busy"."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """The call is over: the answer to HangUp, or the other side's or the network's doing."""

    cause: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A packet came over the link; it goes its own way, here it may only keep the link up."""

    interesting: bool
