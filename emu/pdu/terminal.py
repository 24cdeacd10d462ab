"""What a terminal session says, whatever carries it.

A stand-in of our own for ICA and RDP, kept readable on the wire: KB Q187049 is about when the
transport notices, not about what the screen shows.  ``emu.wire.terminal`` writes it as lines.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOn:
    """A user wants a session.  ``client``: the computer's name."""

    user: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The log-on succeeded.  ``how``: new, resumed, taken-over."""

    session: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No session."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keystroke:
    """One piece of the user's work."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What the server shows: an answer to a keystroke, or a push of its own."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOff:
    """The user ends the session for good."""


Message = LogOn | Welcome | Refused | Keystroke | Screen | LogOff
