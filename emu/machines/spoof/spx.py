"""What the absent end of an SPX connection would answer to a watchdog request.

Learns from the packets that pass: the near end is on the router's LAN, the far end behind it.
A request is answered when the connection has been quiet long enough and both ends have heard
all of each other's data; otherwise the answer is the far end's own business.

Left out: Cisco's session-clear and table-clear times (their values are in no fact sheet), so
memory grows with connections, not with time; and packets that ask for nothing, such as the
"verify" of Novell's client every 3 s (facts/ipx.md 2.2): those go on their way.

Read: facts/ipx.md 1.3, 1.4, 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from emu.pdu.ipx import IpxAddress
from emu.pdu.spx import (
    CONNECTION_NONE,
    CONTROL_ACKNOWLEDGEMENT,
    CONTROL_REQUEST,
    CONTROL_SPX2,
    CONTROL_SYSTEM,
    STREAM_RELEASE_REQUEST,
    Spx,
)
from emu.units import seconds

#: ``ipx spx-idle-time`` (facts/ipx.md 4.1; M).
IDLE_NS = seconds(60)

#: Sequence numbers count modulo this (facts/ipx.md 1.3, two octets).
_SEQUENCES = 1 << 16


class SpxEnds(NamedTuple):
    """A connection: addresses and ids of the end on the LAN and of the one behind the link."""

    near: IpxAddress
    near_id: int
    far: IpxAddress
    far_id: int


@dataclass(slots=True)
class _Far:
    """The far end as it last showed itself.  ``sequence``: of its next data packet.

    ``data_ns``: when data last passed, either way, or when the connection was first seen.
    """

    sequence: int
    acknowledgement: int
    allocation: int
    size: int | None
    data_ns: int


class SpxKeepalives:
    """The connections seen.  ``idle_ns``: requests are answered that long behind data."""

    __slots__ = ("_far", "_idle_ns")

    def __init__(self, *, idle_ns: int = IDLE_NS) -> None:
        self._idle_ns = idle_ns
        self._far: dict[SpxEnds, _Far] = {}

    def from_near(self, ends: SpxEnds, packet: Spx, now: int) -> Spx | None:
        """A packet for the far side; the far end's answer if the packet is a request that need
        not go there, else None."""
        far = self._far.get(ends)
        if far is None or self._ends(ends, packet):
            return None
        if not packet.control & CONTROL_SYSTEM:
            far.data_ns = now
            return None
        asks = packet.control & ~CONTROL_SPX2 == CONTROL_REQUEST
        quiet = now - far.data_ns >= self._idle_ns
        return _answer(packet, far) if asks and quiet and _is_settled(packet, far) else None

    def from_far(self, ends: SpxEnds, packet: Spx, now: int) -> None:
        """A packet from the far side.  The first that names both ids makes it known."""
        if CONNECTION_NONE in (ends.near_id, ends.far_id) or self._ends(ends, packet):
            return
        data = not packet.control & CONTROL_SYSTEM
        following = (packet.sequence + data) % _SEQUENCES
        far = self._far.get(ends)
        if far is None:
            far = self._far[ends] = _Far(
                following, packet.acknowledgement, packet.allocation, packet.negotiation_size, now
            )
        if data:
            far.data_ns = now
        # A repeated packet says again what was true once.
        if not _is_before(following, far.sequence):
            far.sequence = following
        if not _is_before(packet.acknowledgement, far.acknowledgement):
            far.acknowledgement, far.allocation = packet.acknowledgement, packet.allocation
            far.size = packet.negotiation_size

    def _ends(self, ends: SpxEnds, packet: Spx) -> bool:
        """FC to FF are the protocol's own, and all of them end a connection (1.3)."""
        if packet.control & CONTROL_SYSTEM or packet.stream < STREAM_RELEASE_REQUEST:
            return False
        self._far.pop(ends, None)
        return True


def _is_before(number: int, other: int) -> bool:
    return (number - other) % _SEQUENCES >= _SEQUENCES // 2


def _is_settled(request: Spx, far: _Far) -> bool:
    """Nothing is on its way in either direction, so the far end has nothing else to say."""
    heard_all = request.acknowledgement == far.sequence
    return heard_all and request.sequence == far.acknowledgement


def _answer(request: Spx, far: _Far) -> Spx:
    """System, no acknowledgement wanted, ids swapped (1.3); SPX II stays SPX II: C8, 88 (1.4)."""
    return Spx(
        control=CONTROL_ACKNOWLEDGEMENT | request.control & CONTROL_SPX2,
        source_id=request.destination_id,
        destination_id=request.source_id,
        sequence=far.sequence,
        acknowledgement=far.acknowledgement,
        allocation=far.allocation,
        negotiation_size=None if request.negotiation_size is None else _size(request, far),
    )


def _size(request: Spx, far: _Far) -> int | None:
    """The far end's own size; a header it never showed gets the request's."""
    return request.negotiation_size if far.size is None else far.size
