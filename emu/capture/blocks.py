"""Names and numbers of pcapng, shared by the writer and the reader.

Source: draft-ietf-opsawg-pcapng, sections 3 (blocks, options) and 4 (the block types).
"""

from __future__ import annotations

import struct

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
PACKET = 2
SIMPLE_PACKET = 3
NAME_RESOLUTION = 4
INTERFACE_STATISTICS = 5
ENHANCED_PACKET = 6

BYTE_ORDER_MAGIC = 0x1A2B3C4D

#: Section 3.5: options of every block.
OPT_END = 0
OPT_COMMENT = 1
#: Section 4.1: options of the section header.
SHB_USERAPPL = 4
#: Section 4.2: options of an interface.
IF_NAME = 2
IF_DESCRIPTION = 3
IF_SPEED = 8
IF_TSRESOL = 9
IF_TSOFFSET = 14
#: Section 4.3: option of a packet.
EPB_FLAGS = 2
#: Section 4.5: records of a name resolution block.
NRB_END = 0
NRB_IPV4 = 1
NRB_IPV6 = 2
NRB_EUI48 = 3
#: Section 4.6: options of interface statistics.
ISB_STARTTIME = 2
ISB_ENDTIME = 3
ISB_IFRECV = 4
ISB_IFDROP = 5

#: Type, total length and the total length again, 4 octets each.
FRAME_OCTETS = 12
#: Of an enhanced packet block: everything before the captured octets.
PACKET_HEAD_OCTETS = 28

#: An option's and a name record's length is 16 bits.
VALUE_OCTETS_MAX = 0xFFFF


def padded(octets: bytes) -> bytes:
    """Padded with zeros to a multiple of four octets, as everything in a block is."""
    return octets + bytes(-len(octets) % 4)


def block(kind: int, body: bytes) -> bytes:
    """A block around a body whose length is a multiple of four."""
    length = struct.pack("<I", FRAME_OCTETS + len(body))
    return struct.pack("<I", kind) + length + body + length


def option(code: int, value: bytes) -> bytes:
    """One option, also one record of a name resolution block: code, length, padded value."""
    if len(value) > VALUE_OCTETS_MAX:
        raise ValueError(f"option {code}: {len(value)} octets, at most {VALUE_OCTETS_MAX} fit")
    return struct.pack("<HH", code, len(value)) + padded(value)


def stamp(instant_ns: int) -> bytes:
    """A time as high and low 32 bits, each little-endian (section 4.3)."""
    return struct.pack("<II", instant_ns >> 32, instant_ns & 0xFFFFFFFF)
