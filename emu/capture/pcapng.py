"""Writes a recording as pcapng: little-endian, nanosecond stamps, the same octets everywhere.

No user, host, system or wall-clock time is written, so a file is a function of the recording
and the comment.  Source: draft-ietf-opsawg-pcapng; section numbers stand at each block.
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path

from emu.capture.blocks import (
    BYTE_ORDER_MAGIC,
    ENHANCED_PACKET,
    EPB_FLAGS,
    IF_DESCRIPTION,
    IF_NAME,
    IF_SPEED,
    IF_TSRESOL,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    ISB_ENDTIME,
    ISB_IFRECV,
    ISB_STARTTIME,
    NAME_RESOLUTION,
    NRB_END,
    NRB_EUI48,
    NRB_IPV4,
    NRB_IPV6,
    OPT_COMMENT,
    OPT_END,
    PACKET_HEAD_OCTETS,
    SECTION_HEADER,
    SHB_USERAPPL,
    block,
    option,
    padded,
    stamp,
)
from emu.capture.files import replacing
from emu.capture.reader import CaptureFile, read
from emu.capture.recording import EPOCH_NS, Frame, Interface, Recording

__all__ = ["CaptureFile", "digest", "encode", "iter_blocks", "read", "write"]

#: The program's name in the section header; without a version, which would change the octets.
APPLICATION = b"emu"

#: if_tsresol 9: stamps count 10^-9 s (4.2).
NANOSECONDS = 9

#: Frames joined into one piece: large enough to hide the call, small enough for the cache.
_PIECE_FRAMES = 4096

_END_OF_OPTIONS = option(OPT_END, b"")
_NAME_KINDS = {4: NRB_IPV4, 6: NRB_EUI48, 16: NRB_IPV6}


def encode(recording: Recording, comment: str = "") -> bytes:
    """The whole file in memory."""
    return b"".join(iter_blocks(recording, comment))


def write(recording: Recording, path: Path | str, comment: str = "") -> str:
    """Write the file and return its SHA-256 in hex.

    The file appears under its name only when it is complete.  Raises ``InputError`` when the
    place cannot be written.
    """
    summed = hashlib.sha256()
    with replacing(Path(path)) as stream:
        for piece in iter_blocks(recording, comment):
            summed.update(piece)
            stream.write(piece)
    return summed.hexdigest()


def digest(recording: Recording, comment: str = "") -> str:
    """SHA-256 in hex of the file that ``write`` would make, without making it."""
    summed = hashlib.sha256()
    for piece in iter_blocks(recording, comment):
        summed.update(piece)
    return summed.hexdigest()


def iter_blocks(recording: Recording, comment: str = "") -> Iterator[bytes]:
    """The file in pieces of whole blocks."""
    yield _section_header(comment)
    for interface in recording.interfaces:
        yield _interface(interface)
    if recording.names:
        yield _names(recording)
    yield from _packets(recording)
    yield from _statistics(recording)


def _options(*options: bytes) -> bytes:
    """Options and their end; nothing at all when there are none (3.5)."""
    present = b"".join(options)
    return present + _END_OF_OPTIONS if present else b""


def _text_option(code: int, text: str) -> bytes:
    return option(code, text.encode()) if text else b""


def _section_header(comment: str) -> bytes:
    """4.1: version 1.0, section length not given (-1)."""
    body = struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1)
    options = _options(_text_option(OPT_COMMENT, comment), option(SHB_USERAPPL, APPLICATION))
    return block(SECTION_HEADER, body + options)


def _interface(interface: Interface) -> bytes:
    """4.2.  A snapshot length of 0 means that frames are not cut."""
    speed = interface.bits_per_second
    options = _options(
        _text_option(IF_NAME, interface.name),
        _text_option(IF_DESCRIPTION, interface.description),
        b"" if speed is None else option(IF_SPEED, struct.pack("<Q", speed)),
        option(IF_TSRESOL, bytes([NANOSECONDS])),
    )
    return block(INTERFACE_DESCRIPTION, struct.pack("<HHI", interface.link_type, 0, 0) + options)


def _names(recording: Recording) -> bytes:
    """4.5: one record per address and name, the name ended by a zero."""
    records = [
        option(_NAME_KINDS[len(address)], address + host.encode() + b"\0")
        for address, host in recording.names
    ]
    return block(NAME_RESOLUTION, b"".join(records) + option(NRB_END, b""))


def _packets(recording: Recording) -> Iterator[bytes]:
    """4.3, in pieces of some thousand frames."""
    frames, pack = recording.frames, _Packers()
    marked = sorted(recording.comments.keys() | recording.directions.keys())
    for first in range(0, len(frames), _PIECE_FRAMES):
        piece = frames[first : first + _PIECE_FRAMES]
        blocks = _plain(piece, pack)
        last = first + len(piece)
        for number in marked[bisect_right(marked, first) : bisect_right(marked, last)]:
            blocks[number - first - 1] = _marked(recording, number)
        yield b"".join(blocks)


class _Packers(dict[int, Callable[..., bytes]]):
    """For each frame length, what packs a whole block of it without options in one call."""

    def __missing__(self, octets: int) -> Callable[..., bytes]:
        total = PACKET_HEAD_OCTETS + octets + -octets % 4 + 4
        layout = struct.Struct(f"<IIIIIII{octets}s{-octets % 4}xI")

        def pack(interface: int, high: int, low: int, captured: bytes) -> bytes:
            return layout.pack(
                ENHANCED_PACKET, total, interface, high, low, octets, octets, captured, total
            )

        self[octets] = pack
        return pack


def _plain(frames: list[Frame], pack: _Packers) -> list[bytes]:
    epoch = EPOCH_NS
    return [
        pack[len(octets)](interface, (epoch + at_ns) >> 32, (epoch + at_ns) & 0xFFFFFFFF, octets)
        for interface, at_ns, octets in frames
    ]


def _marked(recording: Recording, number: int) -> bytes:
    """A packet block with a comment or a direction or both."""
    interface, at_ns, octets = recording.frames[number - 1]
    direction = recording.directions.get(number)
    head = struct.pack("<I", interface) + stamp(EPOCH_NS + at_ns)
    options = _options(
        _text_option(OPT_COMMENT, recording.comments.get(number, "")),
        b"" if direction is None else option(EPB_FLAGS, struct.pack("<I", direction)),
    )
    body = head + struct.pack("<II", len(octets), len(octets)) + padded(octets) + options
    return block(ENHANCED_PACKET, body)


def _statistics(recording: Recording) -> Iterator[bytes]:
    """4.6: one block per interface.  The run starts at the epoch and ends at the horizon."""
    counts = Counter(map(itemgetter(0), recording.frames))
    end_ns = recording.ended_ns
    if end_ns is None:
        end_ns = max(map(itemgetter(1), recording.frames), default=0)
    ended = stamp(EPOCH_NS + end_ns)
    for index in range(len(recording.interfaces)):
        options = _options(
            option(ISB_STARTTIME, stamp(EPOCH_NS)),
            option(ISB_ENDTIME, ended),
            option(ISB_IFRECV, struct.pack("<Q", counts[index])),
        )
        yield block(INTERFACE_STATISTICS, struct.pack("<I", index) + ended + options)
