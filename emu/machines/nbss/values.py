"""What a NetBIOS session on TCP is told, and what it tells.

The end of the TCP connection below it is said in the words all machines have: ``base.Ended``
and ``base.Lost``, asked.
"""

from __future__ import annotations

from dataclasses import dataclass


# What may be asked.
@dataclass(frozen=True, slots=True)
class Begin:
    """The TCP connection is up: the caller may ask for its session."""


@dataclass(frozen=True, slots=True)
class Send:
    """One message; before the session is there it waits."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Active:
    """The session was not idle at ``at_ns``: a segment came, or a send was not complete."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Settled:
    """TCP has an acknowledgement for all that was sent."""


@dataclass(frozen=True, slots=True)
class Leave:
    """This end closes the TCP connection, in order or not."""


# What may be received besides the packets of ``emu.pdu.nbss``.
@dataclass(frozen=True, slots=True)
class Malformed:
    """Octets that are no packet.  ``why``: for people."""

    why: str


# What is delivered besides ``Opened``, ``Data``, ``Ended`` and ``Lost``.
@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the TCP connection; ``abnormal``: reset it."""

    abnormal: bool
