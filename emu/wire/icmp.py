"""ICMP destination unreachable (RFC 792): the one message TCP hears of here."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from emu.errors import PeerProtocolError
from emu.pdu.ip_tcp import PROTOCOL_TCP, Ipv4Datagram
from emu.wire import checksum
from emu.wire.ip_tcp import decode_ipv4, encode_ipv4

PROTOCOL_ICMP = 1
DESTINATION_UNREACHABLE = 3
NET_UNREACHABLE = 0
HOST_UNREACHABLE = 1

_HEADER = struct.Struct("!BBHI")
#: How much of the offending datagram's payload is quoted at least (RFC 792).
_QUOTED = 8


@dataclass(frozen=True, slots=True)
class Unreachable:
    """``code``: 0 net, 1 host (RFC 792).  ``quoted``: the datagram it is about, cut short."""

    code: int
    quoted: bytes

    @property
    def about(self) -> tuple[bytes, bytes, int]:
        """The quoted segment: addresses as its sender wrote them, ports, sequence number."""
        datagram = decode_ipv4(self.quoted, whole=False)
        if datagram.protocol != PROTOCOL_TCP or len(datagram.payload) < _QUOTED:
            raise PeerProtocolError("ICMP: expected a quoted TCP segment")
        addresses = datagram.source + datagram.destination
        sequence = int.from_bytes(datagram.payload[4:8], "big")
        return addresses, datagram.payload[:4], sequence


def quote(datagram: bytes) -> bytes:
    """The header and the first eight octets of a datagram (RFC 792)."""
    return datagram[: (datagram[0] & 0x0F) * 4 + _QUOTED]


def encode_unreachable(message: Unreachable, source: bytes, destination: bytes) -> bytes:
    """The whole IPv4 datagram."""
    bare = _HEADER.pack(DESTINATION_UNREACHABLE, message.code, 0, 0) + message.quoted
    field = checksum.internet_checksum(bare)
    octets = _HEADER.pack(DESTINATION_UNREACHABLE, message.code, field, 0) + message.quoted
    datagram = Ipv4Datagram(
        source=source,
        destination=destination,
        protocol=PROTOCOL_ICMP,
        identification=0,
        ttl=64,
        payload=octets,
    )
    return encode_ipv4(datagram)


def decode_unreachable(datagram: bytes) -> Unreachable:
    """Raises ``PeerProtocolError`` for anything else, and for a wrong checksum."""
    ip = decode_ipv4(datagram)
    if ip.protocol != PROTOCOL_ICMP or len(ip.payload) < _HEADER.size:
        raise PeerProtocolError("ICMP: expected a datagram of protocol 1")
    kind, code, _, _ = _HEADER.unpack_from(ip.payload)
    if kind != DESTINATION_UNREACHABLE or not checksum.is_good(ip.payload):
        raise PeerProtocolError(f"ICMP: expected destination unreachable, got type {kind}")
    return Unreachable(code, ip.payload[_HEADER.size :])
