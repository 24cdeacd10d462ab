"""IPv4 datagrams and TCP segments, whole headers (RFC 791 3.1, RFC 9293 3.1).

For frames that others made, and for reading our own at leisure.  A decoded value keeps its
checksum and length, right or wrong: captures taken on a sender with checksum or segmentation
offload hold wrong ones.  Who cares asks ``ipv4_checksum_is_good`` and
``tcp_checksum_is_good``; emulated hosts go through ``tcp_flow``, which refuses wrong ones.
"""

from __future__ import annotations

import struct
from dataclasses import replace

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ip_tcp import Ipv4Datagram, TcpSegment
from emu.wire import checksum
from emu.wire.tcp_flow import TcpFlow, decode_tcp_frame

__all__ = (
    "TcpFlow",
    "decode_ipv4",
    "decode_tcp",
    "decode_tcp_frame",
    "encode_ipv4",
    "encode_tcp",
    "ipv4_checksum_is_good",
    "tcp_checksum_is_good",
)

IPV4_OCTETS = 20
TCP_OCTETS = 20
#: The header length counts 32-bit words in four bits (RFC 791 3.1, RFC 9293 3.1).
_OPTIONS_MAX_OCTETS = 40

_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_TCP = struct.Struct("!HHIIHHHH")


def encode_ipv4(datagram: Ipv4Datagram) -> bytes:
    """Header, options and payload; a length or checksum of None is computed."""
    addresses_fit = len(datagram.source) == 4 == len(datagram.destination)
    if not addresses_fit or not _options_fit(datagram.options):
        raise LocalProtocolError(f"IPv4: expected 4-octet addresses, whole words, got {datagram}")
    header = _ipv4_header(datagram, datagram.checksum or 0)
    if datagram.checksum is None:
        header = _ipv4_header(datagram, checksum.internet_checksum(header))
    return header + datagram.payload


def _options_fit(options: bytes) -> bool:
    return len(options) % 4 == 0 and len(options) <= _OPTIONS_MAX_OCTETS


def _ipv4_header(datagram: Ipv4Datagram, checksum_field: int) -> bytes:
    header_octets = IPV4_OCTETS + len(datagram.options)
    length = datagram.total_length
    fields = _IPV4.pack(
        0x40 | header_octets >> 2,
        datagram.tos,
        header_octets + len(datagram.payload) if length is None else length,
        datagram.identification,
        datagram.flags_fragment,
        datagram.ttl,
        datagram.protocol,
        checksum_field,
        datagram.source,
        datagram.destination,
    )
    return fields + datagram.options


def decode_ipv4(octets: bytes, *, whole: bool = True) -> Ipv4Datagram:
    """The datagram at the start of ``octets``; what lies behind its length is not its own.

    ``whole`` False also takes what a capture may hold: a payload cut short by the capture's
    limit, and length 0 from a sender whose adapter cuts big segments (offload).
    """
    if len(octets) < IPV4_OCTETS:
        raise PeerProtocolError(f"IPv4: expected 20 octets or more, got {len(octets)}")
    start, tos, length, identification, fragment, ttl, protocol, field, source, destination = (
        _IPV4.unpack_from(octets)
    )
    header_octets = _ipv4_header_octets(start, octets)
    return Ipv4Datagram(
        source=source,
        destination=destination,
        protocol=protocol,
        identification=identification,
        ttl=ttl,
        payload=octets[header_octets : _ipv4_end(length, header_octets, octets, whole)],
        tos=tos,
        flags_fragment=fragment,
        options=octets[IPV4_OCTETS:header_octets],
        checksum=field,
        total_length=length,
    )


def _ipv4_header_octets(start: int, octets: bytes) -> int:
    version, words = divmod(start, 16)
    if version != 4:
        raise PeerProtocolError(f"IPv4 version: expected 4, got {version}")
    if not IPV4_OCTETS <= words * 4 <= len(octets):
        raise PeerProtocolError(f"IPv4 header: expected 5 words or more, got {words}")
    return words * 4


def _ipv4_end(length: int, header_octets: int, octets: bytes, whole: bool) -> int:
    if header_octets <= length <= len(octets):
        return length
    if whole or 0 < length < header_octets:
        raise PeerProtocolError(
            f"IPv4 length: expected {header_octets} to {len(octets)}, got {length}"
        )
    return len(octets)


def ipv4_checksum_is_good(datagram: Ipv4Datagram) -> bool:
    """Whether the header sums to FFFF; None is about to be computed, so it is."""
    return datagram.checksum is None or checksum.is_good(_ipv4_header(datagram, datagram.checksum))


def encode_tcp(segment: TcpSegment, source: bytes, destination: bytes) -> bytes:
    """Header, options and payload.  The IPv4 addresses are in the checksum only."""
    if not _options_fit(segment.options):
        raise LocalProtocolError(f"TCP options: expected whole words, got {segment.options.hex()}")
    if segment.checksum is not None:
        return _tcp_octets(segment, segment.checksum)
    octets = _tcp_octets(segment, 0)
    return _tcp_octets(segment, checksum.of_total(_tcp_total(octets, source, destination)))


def _tcp_octets(segment: TcpSegment, checksum_field: int) -> bytes:
    words = (TCP_OCTETS + len(segment.options)) // 4
    fields = _TCP.pack(
        segment.source_port,
        segment.destination_port,
        segment.sequence,
        segment.acknowledgement,
        words << 12 | segment.reserved << 8 | segment.flags,
        segment.window,
        checksum_field,
        segment.urgent,
    )
    return fields + segment.options + segment.payload


def _tcp_total(octets: bytes, source: bytes, destination: bytes) -> int:
    """The sum of pseudo header and segment (RFC 9293 3.1, "Checksum")."""
    pseudo = source + destination + struct.pack("!HH", 6, len(octets))
    return checksum.total(pseudo + octets)


def decode_tcp(octets: bytes) -> TcpSegment:
    """The segment that fills ``octets``; its options stay raw, its checksum is not judged."""
    if len(octets) < TCP_OCTETS:
        raise PeerProtocolError(f"TCP: expected 20 octets or more, got {len(octets)}")
    source, destination, sequence, acknowledgement, middle, window, field, urgent = (
        _TCP.unpack_from(octets)
    )
    header_octets = (middle >> 12) * 4
    if not TCP_OCTETS <= header_octets <= len(octets):
        raise PeerProtocolError(f"TCP data offset: expected 5 words or more, got {middle >> 12}")
    return TcpSegment(
        source_port=source,
        destination_port=destination,
        sequence=sequence,
        acknowledgement=acknowledgement,
        flags=middle & 0xFF,
        reserved=middle >> 8 & 0xF,
        window=window,
        checksum=field,
        urgent=urgent,
        options=octets[TCP_OCTETS:header_octets],
        payload=octets[header_octets:],
    )


def tcp_checksum_is_good(segment: TcpSegment, source: bytes, destination: bytes) -> bool:
    """Whether a kept checksum is the one the segment should have."""
    computed = encode_tcp(replace(segment, checksum=None), source, destination)
    return segment.checksum is None or computed == _tcp_octets(segment, segment.checksum)
