"""SPX and the header of SPX II (facts/ipx.md 1.3, 1.4): 12 octets or 14, big-endian.

The list of a negative acknowledgement and the extended header (control 01) of SPX II are in no
fact sheet: they stay in ``data``.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.spx import Spx, has_long_header

HEADER_OCTETS = 12
LONG_HEADER_OCTETS = 14

_LAYOUT = struct.Struct("!BBHHHHH")


def encode_spx(packet: Spx) -> bytes:
    """The data of an IPX datagram of type 5."""
    size = packet.negotiation_size
    if has_long_header(packet.control, packet.destination_id) == (size is None):
        raise LocalProtocolError(f"SPX: a negotiation size goes with SPX II only, got {packet}")
    header = _LAYOUT.pack(
        packet.control,
        packet.stream,
        packet.source_id,
        packet.destination_id,
        packet.sequence,
        packet.acknowledgement,
        packet.allocation,
    )
    return header + (b"" if size is None else size.to_bytes(2, "big")) + packet.data


def decode_spx(octets: bytes) -> Spx:
    """The packet that fills the data of an IPX datagram of type 5."""
    if len(octets) < HEADER_OCTETS:
        raise PeerProtocolError(f"SPX: expected 12 octets or more, got {len(octets)}")
    control, stream, source, destination, sequence, acknowledgement, allocation = (
        _LAYOUT.unpack_from(octets)
    )
    size, at = _negotiation_size(octets, has_long_header(control, destination))
    return Spx(
        control=control,
        stream=stream,
        source_id=source,
        destination_id=destination,
        sequence=sequence,
        acknowledgement=acknowledgement,
        allocation=allocation,
        negotiation_size=size,
        data=octets[at:],
    )


def _negotiation_size(octets: bytes, long: bool) -> tuple[int | None, int]:
    """The size, if there is one, and where the data start."""
    if not long:
        return None, HEADER_OCTETS
    if len(octets) < LONG_HEADER_OCTETS:
        raise PeerProtocolError(f"SPX II: expected 14 octets or more, got {len(octets)}")
    return int.from_bytes(octets[HEADER_OCTETS:LONG_HEADER_OCTETS], "big"), LONG_HEADER_OCTETS
