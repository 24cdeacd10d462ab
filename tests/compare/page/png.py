"""Reads a screenshot: just enough of PNG (W3C, Portable Network Graphics, third edition)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

#: Octets a pixel by colour type (11.2.1): RGB and RGBA, 8 bits a channel.
_CHANNELS = {2: 3, 6: 4}


@dataclass(frozen=True)
class Picture:
    """``rows``: one after the other from the top, ``channels`` octets a pixel."""

    width: int
    height: int
    channels: int
    rows: list[bytes]

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        """Red, green, blue."""
        red, green, blue = self.rows[y][x * self.channels : x * self.channels + 3]
        return red, green, blue


def read_png(path: Path) -> Picture:
    """Decode a picture that is not interlaced."""
    octets = path.read_bytes()
    assert octets[:8] == b"\x89PNG\r\n\x1a\n"
    position, packed, header = 8, b"", b""
    while position < len(octets):
        (length,) = struct.unpack_from(">I", octets, position)
        kind = octets[position + 4 : position + 8]
        data = octets[position + 8 : position + 8 + length]
        header = data if kind == b"IHDR" else header
        packed += data if kind == b"IDAT" else b""
        position += 12 + length
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    assert (depth, interlaced) == (8, 0)
    channels = _CHANNELS[colour]
    return Picture(width, height, channels, _rows(zlib.decompress(packed), width * channels,
                                                  channels))  # fmt: skip


def _rows(raw: bytes, stride: int, channels: int) -> list[bytes]:
    """Undo the filters (9.2): each octet was told relative to those left, above, or both."""
    rows: list[bytes] = []
    above = bytes(stride)
    for start in range(0, len(raw), stride + 1):
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        if kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, above, strict=True))
        elif kind:
            for i in range(stride):
                left = row[i - channels] if i >= channels else 0
                corner = above[i - channels] if i >= channels else 0
                row[i] = (row[i] + _predicted(kind, left, above[i], corner)) & 255
        above = bytes(row)
        rows.append(above)
    return rows


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 3:
        return (left + up) // 2
    guess = left + up - corner
    distances = [abs(guess - each) for each in (left, up, corner)]
    return (left, up, corner)[distances.index(min(distances))]
