"""The records of a pcap file (draft-ietf-opsawg-pcap): microseconds or nanoseconds, both orders.

The upper bits of the link type (FCS length) are passed over, as is the time zone, which no
writer ever filled in.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from emu.capture.recording import Interface
from emu.capture.records import Contents, Record
from emu.capture.source import Source

#: Magic number as it stands in the file: byte order, nanoseconds in one unit of the fraction.
MAGIC: dict[bytes, tuple[str, int]] = {
    b"\xa1\xb2\xc3\xd4": (">", 1_000),
    b"\xd4\xc3\xb2\xa1": ("<", 1_000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}

_NS_PER_S = 1_000_000_000
#: More than any link carries; a wrong length must not reserve memory.
FRAME_OCTETS_MAX = 16 << 20


def records(source: Source, contents: Contents) -> Iterator[Record]:
    """All records from the start of the file."""
    order, unit_ns = MAGIC[source.take(4, "the magic number")]
    header = source.take(20, "the file header")
    major, _, _, _, _, link_type = struct.unpack(order + "HHiIII", header)
    if major != 2:
        raise source.bad(4, expected="pcap version 2", found=f"version {major}")
    contents.interfaces.append(Interface(name="", link_type=link_type & 0xFFFF))
    layout, number = struct.Struct(order + "IIII"), 0
    while source.position < source.size:
        number += 1
        yield _record(source, layout, unit_ns=unit_ns, number=number)


def _record(source: Source, layout: struct.Struct, *, unit_ns: int, number: int) -> Record:
    start = source.position
    second, fraction, captured, length = layout.unpack(source.take(16, "a record header"))
    if captured > FRAME_OCTETS_MAX:
        raise source.bad(
            start + 8,
            expected=f"at most {FRAME_OCTETS_MAX} captured octets",
            found=str(captured),
        )
    octets = source.take(captured, f"frame {number}")
    at_ns = second * _NS_PER_S + fraction * unit_ns
    return Record(number, 0, at_ns, octets, "", None, length, start)
