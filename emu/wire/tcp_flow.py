"""The hot path of emulated hosts: TCP over IPv4 over Ethernet II, whole frames.

A flow's constant octets are cut once from a frame that the Scapy layers built; after that a
frame is one ``struct`` call and two divisions (see ``checksum`` for why a division).  Tests
prove that every frame equals the full Scapy build.

Simplifications: fragments are refused, not reassembled (our hosts set "don't fragment" and
stay below the segment size); an IPv4 header with options is refused (nobody here sends one);
of the TCP options those of ``tcp_options`` are read.
"""

from __future__ import annotations

import struct
from functools import cache

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ethernet import FRAME_MIN_OCTETS
from emu.pdu.ip_tcp import Segment, new_segment
from emu.wire.tcp_options import decode_options, encode_options

#: IPv4 and TCP header without options: the total length of a bare segment.
_BARE_OCTETS = 40
_TCP_OCTETS = 20

#: to, from, type, version, tos, total length | id | fragment, ttl, protocol | checksum |
#: addresses, ports | sequence | acknowledgement | offset and flags | window | checksum |
#: urgent pointer and padding to 60 octets.
_pack_bare = struct.Struct("!18sH4sH12sIIHHH8x").pack
_pack_full = struct.Struct("!18sH4sH12sIIHHH2x").pack
#: type, version and header words, total length, fragment, protocol, sequence,
#: acknowledgement, offset, flags, window.
_unpack = struct.Struct("!12xHBxH2xHxB14xIIBBH").unpack_from
_number = int.from_bytes


@cache
def _template() -> bytes:
    """A bare ACK between null addresses, built through the Scapy layers, once a process."""
    from emu.wire.scapy_layers.ip_tcp import build_bare_acknowledgement

    return build_bare_acknowledgement()


class TcpFlow:
    """One direction of one connection: what never changes in its frames.

    ``ttl`` 128 is the default of Windows NT 4 and later (assumption: not in facts/tcp.md).
    """

    __slots__ = ("_flow", "_head", "_ip_total", "_middle", "_tcp_total")

    def __init__(
        self,
        *,
        source_mac: bytes,
        destination_mac: bytes,
        source_ip: bytes,
        destination_ip: bytes,
        source_port: int,
        destination_port: int,
        ttl: int = 128,
    ) -> None:
        lengths = (len(source_mac), len(destination_mac), len(source_ip), len(destination_ip))
        if lengths != (6, 6, 4, 4):
            raise LocalProtocolError(f"flow: expected addresses of 6, 6, 4, 4, got {lengths}")
        made = _template()
        self._head = destination_mac + source_mac + made[12:18]
        self._middle = made[20:22] + bytes((ttl,)) + made[23:24]
        ports = source_port << 16 | destination_port
        self._flow = source_ip + destination_ip + ports.to_bytes(4, "big")
        addresses = _number(source_ip, "big") + _number(destination_ip, "big")
        self._ip_total = addresses + _number(made[14:18] + self._middle, "big")
        # Protocol and length of the pseudo header, and the data offset, stand in for the
        # words they are; what varies is added per segment.
        self._tcp_total = addresses + ports + 6 + _TCP_OCTETS + 0x5000

    def encode(self, segment: Segment, identification: int) -> bytes:
        """The frame, padded to 60 octets.  ``identification``: 0..65535 (RFC 791 3.1)."""
        if segment.payload or segment.mss is not None or segment.extensions is not None:
            return self._encode_full(segment, identification)
        sequence, acknowledgement = segment.sequence, segment.acknowledgement
        flags, window = 0x5000 | segment.flags, segment.window
        return _pack_bare(
            self._head,
            identification,
            self._middle,
            -(self._ip_total + identification) % 65535,
            self._flow,
            sequence,
            acknowledgement,
            flags,
            window,
            -(self._tcp_total + sequence + acknowledgement + segment.flags + window) % 65535,
        )

    def _encode_full(self, segment: Segment, identification: int) -> bytes:
        """With a payload or options."""
        options = encode_options(segment)
        extra, payload = len(options), segment.payload
        offset_flags = 0x5000 + (extra << 10) | segment.flags
        more = extra + len(payload)
        tail = _number(options, "big") + (_number(payload, "big") << (len(payload) & 1) * 8)
        varying = segment.sequence + segment.acknowledgement + offset_flags + segment.window
        frame = _pack_full(
            self._head[:16] + (_BARE_OCTETS + more).to_bytes(2, "big"),
            identification,
            self._middle,
            -(self._ip_total + identification + more) % 65535,
            self._flow,
            segment.sequence,
            segment.acknowledgement,
            offset_flags,
            segment.window,
            -(self._tcp_total - 0x5000 + more + varying + tail) % 65535,
        )
        return (frame + options + payload).ljust(FRAME_MIN_OCTETS, b"\0")


def decode_tcp_frame(frame: bytes) -> tuple[bytes, Segment]:
    """The flow's key and the segment.

    The key is ``frame[26:38]``: source address, destination address, source port,
    destination port.  Raises ``PeerProtocolError`` when the frame is not a whole TCP segment
    or when one of its checksums is wrong.
    """
    try:
        (
            kind,
            start,
            length,
            fragment,
            protocol,
            sequence,
            acknowledgement,
            offset,
            flags,
            window,
        ) = _unpack(frame)
    except struct.error:
        raise PeerProtocolError(f"TCP frame: expected 54 octets, got {len(frame)}") from None
    # 0xBFFF: all but "don't fragment" must be zero (RFC 791 3.1).
    if kind != 0x0800 or start != 0x45 or protocol != 6 or fragment & 0xBFFF:
        raise PeerProtocolError(f"TCP frame: not a plain TCP segment: {frame[12:24].hex()}")
    end = 14 + length
    if end > len(frame) or length < _BARE_OCTETS:
        raise PeerProtocolError(f"IPv4 length: expected 40 to {len(frame) - 14}, got {length}")
    if _number(frame[14:34], "big") % 65535:
        raise PeerProtocolError("IPv4 checksum: wrong")
    # Addresses and segment lie side by side; protocol 6 and the length complete the
    # pseudo header.  An odd segment counts with a zero octet behind it.
    if ((_number(frame[26:end], "big") << (length & 1) * 8) + length - 14) % 65535:
        raise PeerProtocolError("TCP checksum: wrong")
    if length == _BARE_OCTETS and offset >> 4 == 5:
        return frame[26:38], new_segment(sequence, acknowledgement, flags, window)
    payload_at = _payload_at(offset >> 4, end)
    mss, extensions = decode_options(frame[54:payload_at], flags)
    return frame[26:38], new_segment(
        sequence, acknowledgement, flags, window, frame[payload_at:end], mss, extensions
    )


def _payload_at(words: int, end: int) -> int:
    """Where the payload starts in the frame."""
    if words < 5 or 34 + words * 4 > end:
        raise PeerProtocolError(f"TCP data offset: expected 5 words or more, got {words}")
    return 34 + words * 4
