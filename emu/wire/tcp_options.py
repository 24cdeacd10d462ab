"""TCP options of a segment (RFC 9293 3.1 and 3.2, RFC 2018 2, RFC 7323 3.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from emu.errors import PeerProtocolError
from emu.pdu.ip_tcp import SYN, Extensions, Segment

_END = 0
_NOP = 1
#: Kind and length of each option.
_MSS, _MSS_OCTETS = 2, 4
_SACK_PERMITTED, _SACK_PERMITTED_OCTETS = 4, 2
_TIMESTAMPS, _TIMESTAMPS_OCTETS = 8, 10


def encode_options(segment: Segment) -> bytes:
    """Whole words, laid out as Linux does: two NOPs before what does not end on a word."""
    octets = b""
    if segment.mss is not None:
        octets += struct.pack("!BBH", _MSS, _MSS_OCTETS, segment.mss)
    extensions = segment.extensions
    if extensions is None:
        return octets
    sack = bytes((_SACK_PERMITTED, _SACK_PERMITTED_OCTETS)) if extensions.sack_permitted else b""
    if extensions.timestamps is not None:
        octets += sack or bytes((_NOP, _NOP))
        return octets + struct.pack(
            "!BBII", _TIMESTAMPS, _TIMESTAMPS_OCTETS, *extensions.timestamps
        )
    return octets + (bytes((_NOP, _NOP)) + sack if sack else b"")


def decode_options(octets: bytes, flags: int) -> tuple[int | None, Extensions | None]:
    """The maximum segment size, and the extensions; other options are passed over.

    Both only where they mean something: MSS and SACK-permitted on a SYN.  Raises
    ``PeerProtocolError`` for a length that cannot be.
    """
    mss: int | None = None
    sack = False
    timestamps: tuple[int, int] | None = None
    for kind, value in _walk(octets):
        if kind == _MSS and flags & SYN and len(value) == _MSS_OCTETS - 2 and mss is None:
            mss = int.from_bytes(value, "big")
        elif kind == _SACK_PERMITTED and flags & SYN:
            sack = True
        elif kind == _TIMESTAMPS and len(value) == _TIMESTAMPS_OCTETS - 2:
            value_at, echo = struct.unpack("!II", value)
            timestamps = (value_at, echo)
    if timestamps is None and not sack:
        return mss, None
    return mss, Extensions(timestamps, sack)


def _walk(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(octets) and octets[at] != _END:
        if octets[at] == _NOP:
            at += 1
            continue
        length = octets[at + 1] if at + 1 < len(octets) else 0
        if length < 2 or at + length > len(octets):
            raise PeerProtocolError(f"TCP options: impossible length in {octets.hex()}")
        yield octets[at], octets[at + 2 : at + length]
        at += length
