"""What a box hears and says: TCP segments at one of its two sides.

``key`` is that of ``wire.tcp_flow``: source and destination address, source and destination port,
twelve octets as they stand on the wire of the side in question.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.pdu.ip_tcp import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A segment that wants to cross.  ``outbound``: it comes from inside."""

    outbound: bool
    key: bytes
    segment: Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """What was heard goes on, under ``key``."""

    outbound: bool
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A segment of the box's own, in the name of ``key``'s source.

    ``outbound``: to the outside.
    """

    outbound: bool
    key: bytes
    segment: Segment
