"""NetWare's serialization packet (facts/ipx.md 1.8): six octets between sockets 0457."""

from __future__ import annotations

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.serialization import Serialization

NUMBER_OCTETS = 6


def encode_serialization(packet: Serialization) -> bytes:
    """The number itself."""
    if len(packet.number) != NUMBER_OCTETS:
        raise LocalProtocolError(f"serialization: expected 6 octets, got {packet.number!r}")
    return packet.number


def decode_serialization(octets: bytes) -> Serialization:
    """The number, if there is nothing but a number."""
    if len(octets) != NUMBER_OCTETS:
        raise PeerProtocolError(f"serialization: expected 6 octets, got {len(octets)}")
    return Serialization(number=octets)
