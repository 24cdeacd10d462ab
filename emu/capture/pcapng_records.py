"""The records of a pcapng file: any byte order, several sections, several interfaces.

Source: draft-ietf-opsawg-pcapng; section numbers stand at each block.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from emu.capture.blocks import (
    BYTE_ORDER_MAGIC,
    ENHANCED_PACKET,
    EPB_FLAGS,
    FRAME_OCTETS,
    IF_DESCRIPTION,
    IF_NAME,
    IF_SPEED,
    IF_TSOFFSET,
    IF_TSRESOL,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    ISB_ENDTIME,
    ISB_IFDROP,
    ISB_IFRECV,
    ISB_STARTTIME,
    NAME_RESOLUTION,
    NRB_END,
    NRB_EUI48,
    NRB_IPV4,
    NRB_IPV6,
    OPT_COMMENT,
    OPT_END,
    PACKET,
    SHB_USERAPPL,
    SIMPLE_PACKET,
)
from emu.capture.recording import Direction, Interface
from emu.capture.records import Contents, Record, Statistics
from emu.capture.section import Clock, Section, make_clock
from emu.capture.source import Source

MAGIC = b"\x0a\x0d\x0d\x0a"

#: A block longer than this is taken for damage, as Wireshark does (its MAX_BLOCK_SIZE).
BLOCK_OCTETS_MAX = 16 << 20

_DIRECTIONS: dict[int, Direction] = {1: Direction.INBOUND, 2: Direction.OUTBOUND}
_NAME_OCTETS = {NRB_IPV4: 4, NRB_EUI48: 6, NRB_IPV6: 16}


def records(source: Source, contents: Contents) -> Iterator[Record]:
    """All records from the start of the file; ``contents`` fills up on the way."""
    return _Parser(source, contents).records()


class _Parser:
    def __init__(self, source: Source, contents: Contents) -> None:
        self.source, self.contents = source, contents
        self.section = Section("<", 0)
        # Of the block being read: its offset.  Of the last record: number and time.
        self.start: int = 0
        self.number: int = 0
        self.at_ns: int = 0
        self.handlers: dict[int, Callable[[bytes], Record | None]] = {
            INTERFACE_DESCRIPTION: self._interface,
            PACKET: self._old_packet,
            SIMPLE_PACKET: self._simple_packet,
            NAME_RESOLUTION: self._names,
            INTERFACE_STATISTICS: self._statistics,
            ENHANCED_PACKET: self._enhanced_packet,
        }

    def records(self) -> Iterator[Record]:
        source = self.source
        while source.position < source.size:
            self.start = source.position
            head = source.take(8, "a block header")
            if head[:4] == MAGIC:
                self._section_header(head)
                continue
            kind, total = self.section.pair.unpack(head)
            body = self._body(kind, total)
            if body is not None and (record := self.handlers[kind](body)) is not None:
                yield record
                if kind == ENHANCED_PACKET:
                    yield from self._plain_packets()

    def _plain_packets(self) -> Iterator[Record]:
        """The usual run of enhanced packets without options, several times as fast.

        Stops in front of the first block that is anything else, or that is not sound in
        every respect: the careful way above reads that one, and complains if it must.
        """
        source, clocks, stream = self.source, self.section.clocks, self.source.stream
        layout, tail = self.section.plain, self.section.word
        first_interface, size = self.section.first_interface, source.size
        position, number = source.position, self.number
        interface: int
        while position + 32 <= size:
            head = stream.read(28)
            kind, total, interface, high, low, captured, length = layout.unpack(head)
            if (
                kind != ENHANCED_PACKET
                or captured > BLOCK_OCTETS_MAX
                or total != captured + -captured % 4 + 32
                or interface >= len(clocks)
                or position + total > size
            ):
                break
            rest = stream.read(total - 28)
            if tail.unpack(rest[-4:])[0] != total:
                break
            clock = clocks[interface]
            at_ns = (high << 32 | low) * clock.scale // clock.per + clock.offset_ns
            number += 1
            # The state is right at every yield: a caller may stop or go on whenever it likes.
            self.number, self.at_ns, source.position = number, at_ns, position + total
            octets = rest[:captured]
            index = first_interface + interface
            yield Record(number, index, at_ns, octets, "", None, length, position)
            position += total
        stream.seek(position)

    def _body(self, kind: int, total: int) -> bytes | None:
        """A block's body without its trailing length, or None for a type to pass over (3.1)."""
        source = self.source
        if total < FRAME_OCTETS or total % 4:
            raise source.bad(
                self.start + 4,
                expected="a block length of 12 or more, a multiple of 4",
                found=str(total),
            )
        what = f"a block of type 0x{kind:x} and {total} octets"
        if kind not in self.handlers:
            source.skip(total - FRAME_OCTETS, what)
            self._trailer(source.take(4, what), total)
            return None
        if total > BLOCK_OCTETS_MAX:
            raise self._wrong(f"at most {BLOCK_OCTETS_MAX} octets in a block", str(total))
        rest = source.take(total - 8, what)
        self._trailer(rest[-4:], total)
        return rest[:-4]

    def _trailer(self, octets: bytes, total: int) -> None:
        (trailing,) = self.section.word.unpack(octets)
        if trailing != total:
            raise self.source.bad(
                self.source.position - 4,
                expected=f"the block length {total} again",
                found=str(trailing),
            )

    def _wrong(self, expected: str, found: str) -> Exception:
        return self.source.bad(self.start, expected=expected, found=found)

    def _section_header(self, head: bytes) -> None:
        """4.1.  The byte-order magic decides how the length before it is read."""
        magic = self.source.take(4, "a section header")
        order = "<" if magic == struct.pack("<I", BYTE_ORDER_MAGIC) else ">"
        if magic != struct.pack(order + "I", BYTE_ORDER_MAGIC):
            raise self.source.bad(
                self.start + 8, expected="the byte-order magic 1a2b3c4d", found=magic.hex()
            )
        self.section = Section(order, len(self.contents.interfaces))
        (total,) = self.section.word.unpack(head[4:])
        if total < 28 or total % 4 or total > BLOCK_OCTETS_MAX:
            raise self._wrong("a section header of 28 octets or more", f"{total} octets")
        body = self.source.take(total - FRAME_OCTETS, "a section header")
        self._trailer(body[-4:], total)
        major, _minor = self.section.half.unpack_from(body)
        if major != 1:
            raise self._wrong("pcapng version 1", f"version {major}")
        self._section_options(body[12:-4])

    def _section_options(self, octets: bytes) -> None:
        for code, value in self._options(octets):
            if code == OPT_COMMENT:
                self.contents.comment = _joined(self.contents.comment, _text(value))
            elif code == SHB_USERAPPL and not self.contents.application:
                self.contents.application = _text(value)

    def _options(self, octets: bytes) -> Iterator[tuple[int, bytes]]:
        """3.5: code, length, value, padding; the end-of-options option may be missing."""
        position = 0
        while position + 4 <= len(octets):
            code, length = self.section.half.unpack_from(octets, position)
            position += 4
            if code == OPT_END:
                return
            if position + length > len(octets):
                raise self._wrong(
                    f"option {code} to end within its block",
                    f"{length} octets where {len(octets) - position} are left",
                )
            yield code, octets[position : position + length]
            position += length + -length % 4

    def _number(self, layout: struct.Struct, code: int, value: bytes) -> int:
        if len(value) != layout.size:
            raise self._wrong(f"option {code} of {layout.size} octets", f"{len(value)} octets")
        return layout.unpack(value)[0]

    def _stamp(self, clock: Clock, code: int, value: bytes) -> int:
        if len(value) != 8:
            raise self._wrong(f"option {code} of 8 octets", f"{len(value)} octets")
        high, low = self.section.pair.unpack(value)
        return clock.instant_ns(high << 32 | low)

    def _fixed(self, layout: struct.Struct, body: bytes, what: str) -> tuple[int, ...]:
        if len(body) < layout.size:
            raise self._wrong(f"{layout.size} octets or more in {what}", f"{len(body)} octets")
        return layout.unpack_from(body)

    def _clock(self, interface: int) -> Clock:
        clocks = self.section.clocks
        if interface >= len(clocks):
            raise self._wrong(
                f"one of the {len(clocks)} interfaces described so far",
                f"interface {interface}",
            )
        return clocks[interface]

    def _interface(self, body: bytes) -> None:
        """4.2.  Without if_tsresol stamps count microseconds."""
        section = self.section
        link_type, _, snaplen = self._fixed(section.interface, body, "an interface block")
        name = description = ""
        speed, resolution, offset_s = None, 6, 0
        for code, value in self._options(body[8:]):
            if code == IF_NAME:
                name = _text(value)
            elif code == IF_DESCRIPTION:
                description = _text(value)
            elif code == IF_SPEED:
                speed = self._number(section.quad, code, value)
            elif code == IF_TSRESOL:
                resolution = self._number(_OCTET, code, value)
            elif code == IF_TSOFFSET:
                offset_s = self._number(section.signed, code, value)
        section.clocks.append(make_clock(resolution=resolution, offset_s=offset_s))
        section.snaplens.append(snaplen)
        self.contents.interfaces.append(
            Interface(
                name=name, link_type=link_type, description=description, bits_per_second=speed
            )
        )

    def _enhanced_packet(self, body: bytes) -> Record:
        """4.3."""
        interface, high, low, captured, length = self._fixed(
            self.section.enhanced, body, "a packet block"
        )
        self.at_ns = self._clock(interface).instant_ns(high << 32 | low)
        return self._record(interface, body, start=20, captured=captured, length=length)

    def _old_packet(self, body: bytes) -> Record:
        """Appendix A: the obsolete packet block, with a 16-bit interface and a drop count."""
        interface, _drops, high, low, captured, length = self._fixed(
            self.section.packet, body, "a packet block"
        )
        self.at_ns = self._clock(interface).instant_ns(high << 32 | low)
        return self._record(interface, body, start=20, captured=captured, length=length)

    def _simple_packet(self, body: bytes) -> Record:
        """4.4: interface 0, no time, cut at the snapshot length, no options."""
        (length,) = self._fixed(self.section.word, body, "a simple packet block")
        self._clock(0)
        captured = min(length, self.section.snaplens[0] or length)
        if -captured % 4 + captured + 4 < len(body):
            body = body[: 4 + captured]
        return self._record(0, body, start=4, captured=captured, length=length)

    def _record(
        self, interface: int, body: bytes, *, start: int, captured: int, length: int
    ) -> Record:
        end = start + captured
        if end > len(body):
            raise self._wrong(
                f"{captured} captured octets in the block", f"{len(body) - start} octets"
            )
        comment, direction = "", None
        if end + -captured % 4 < len(body):
            comment, direction = self._packet_options(body[end + -captured % 4 :])
        self.number += 1
        return Record(
            self.number,
            self.section.first_interface + interface,
            self.at_ns,
            body[start:end],
            comment,
            direction,
            length,
            self.start,
        )

    def _packet_options(self, octets: bytes) -> tuple[str, Direction | None]:
        comment, direction = "", None
        for code, value in self._options(octets):
            if code == OPT_COMMENT:
                comment = _joined(comment, _text(value))
            elif code == EPB_FLAGS:
                direction = _DIRECTIONS.get(self._number(self.section.word, code, value) & 3)
        return comment, direction

    def _names(self, body: bytes) -> None:
        """4.5.  Records have the shape of options."""
        for kind, value in self._options(body):
            octets = _NAME_OCTETS.get(kind)
            if kind == NRB_END or octets is None or len(value) < octets:
                continue
            for name in value[octets:].split(b"\0"):
                if name:
                    self.contents.names.append((value[:octets], _text(name)))

    def _statistics(self, body: bytes) -> None:
        """4.6."""
        interface, _, _ = self._fixed(self.section.statistics, body, "a statistics block")
        clock, quad = self._clock(interface), self.section.quad
        found: dict[int, int] = {}
        for code, value in self._options(body[12:]):
            if code in (ISB_STARTTIME, ISB_ENDTIME):
                found[code] = self._stamp(clock, code, value)
            elif code in (ISB_IFRECV, ISB_IFDROP):
                found[code] = self._number(quad, code, value)
        self.contents.statistics.append(
            Statistics(
                interface=self.section.first_interface + interface,
                started_ns=found.get(ISB_STARTTIME),
                ended_ns=found.get(ISB_ENDTIME),
                received=found.get(ISB_IFRECV),
                dropped=found.get(ISB_IFDROP),
            )
        )


_OCTET = struct.Struct("B")


def _text(value: bytes) -> str:
    """UTF-8 as 3.5 demands; what is not is shown as replaced, not refused."""
    return value.decode("utf-8", "replace")


def _joined(earlier: str, text: str) -> str:
    return f"{earlier}\n{text}" if earlier else text
