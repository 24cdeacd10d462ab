"""Where a stored capture and a freshly made one first differ, decoded on both sides.

Octets decide: any difference is reported, be it in a comment, a padding or a length that no
reader looks at.  The fresh file is ours and sound, so its blocks tell where the difference
lies; the stored one may be damaged in any way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emu.capture import blocks, hexdump
from emu.capture.decode import describe, printable
from emu.capture.reader import walk
from emu.capture.recording import EPOCH_NS, Interface
from emu.capture.records import Contents, Record
from emu.capture.source import Source, reading, source_of
from emu.errors import InputError
from emu.units import NS_PER_S

_KINDS = {
    blocks.SECTION_HEADER: "the section header",
    blocks.INTERFACE_DESCRIPTION: "an interface description",
    blocks.NAME_RESOLUTION: "the names",
    blocks.INTERFACE_STATISTICS: "the interface statistics",
    blocks.ENHANCED_PACKET: "a packet block",
}
#: Widest left column, in characters.
_COLUMN = 56
#: Octets compared at once.
_PIECE_OCTETS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first difference of two captures.

    ``offset``: octet of the file, from 0.  ``frame``: number of the frame it lies in, None
    outside frames.  ``summary``: one line.  ``lines``: both sides for a person to read.
    """

    offset: int
    frame: int | None
    summary: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((self.summary, *self.lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    kind: int
    start: int
    end: int
    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What one file holds where the difference lies; ``trouble`` says why it cannot be read."""

    octets: bytes
    record: Record | None
    interface: Interface | None
    trouble: str


def first_difference(stored: Path, fresh: bytes) -> Difference | None:
    """Compare a file with the octets of a fresh run; None when they are the same.

    Raises ``InputError`` when the stored file cannot be opened.
    """
    with reading(stored, "a stored capture") as source:
        offset = _first_differing_octet(source, fresh)
        if offset is None:
            return None
        block = _block_at(fresh, offset)
        start = block.start if block is not None else len(fresh)
        length = block.end - start if block is not None else _PIECE_OCTETS
        source.stream.seek(start)
        old = _side(stored, start, source.stream.read(length))
    if block is None:
        return _surplus(offset, stored_size=source.size, old=old)
    with_fresh = _looked_up(source_of(fresh, "fresh"), start, block.octets)
    return _difference(offset, block, old=old, new=with_fresh, stored_size=source.size)


def _first_differing_octet(source: Source, fresh: bytes) -> int | None:
    """The first octet that differs, the shorter length if one file only goes on, or None."""
    offset = 0
    while True:
        old = source.stream.read(_PIECE_OCTETS)
        new = fresh[offset : offset + _PIECE_OCTETS]
        if old != new:
            return offset + _common(old, new)
        if not old:
            return None
        offset += len(old)


def _common(old: bytes, new: bytes) -> int:
    for index, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            return index
    return min(len(old), len(new))


def _block_at(fresh: bytes, offset: int) -> _Block | None:
    """The block an octet lies in; None behind the end."""
    start = 0
    while start < len(fresh):
        length = int.from_bytes(fresh[start + 4 : start + 8], "little")
        end = start + max(length, blocks.FRAME_OCTETS)
        if offset < end:
            kind = int.from_bytes(fresh[start : start + 4], "little")
            return _Block(kind=kind, start=start, end=end, octets=fresh[start:end])
        start = end
    return None


def _side(path: Path, start: int, octets: bytes) -> _Side:
    with reading(path, "a stored capture") as source:
        return _looked_up(source, start, octets)


def _looked_up(source: Source, start: int, octets: bytes) -> _Side:
    """The record whose block starts at an offset, as far as the file can be read up to it."""
    contents, trouble = Contents(), ""
    try:
        for record in walk(source, contents):
            if record.offset == start:
                interface = contents.interfaces[record.interface]
                return _Side(octets=octets, record=record, interface=interface, trouble="")
            if record.offset > start:
                break
    except InputError as error:
        trouble = str(error)
    return _Side(octets=octets, record=None, interface=None, trouble=trouble)


def _surplus(offset: int, *, stored_size: int, old: _Side) -> Difference:
    more = stored_size - offset
    return Difference(
        offset=offset,
        frame=None,
        summary=f"octet {offset}: the stored file goes on for {more} octets after the fresh one",
        lines=tuple(hexdump.rows(old.octets[:64], at=offset)),
    )


def _difference(
    offset: int, block: _Block, *, old: _Side, new: _Side, stored_size: int
) -> Difference:
    record = new.record
    part = _part(block, offset - block.start)
    where = _KINDS[block.kind] if record is None else f"frame {record.number}"
    lines = [*_trouble(old, stored_size, block)]
    if record is not None:
        lines += _frames(old, new)
    lines += _octets(block, old)
    return Difference(
        offset=offset,
        frame=record.number if record is not None else None,
        summary=f"{where} differs at octet {offset} of the file, in {part}",
        lines=tuple(lines),
    )


def _part(block: _Block, inside: int) -> str:
    """What an octet of a block is (draft-ietf-opsawg-pcapng 3.1 and 4.3)."""
    length = len(block.octets)
    if inside < 4:
        return "the block type"
    if inside < 8:
        return "the block length"
    if inside >= length - 4:
        return "the trailing block length"
    if block.kind != blocks.ENHANCED_PACKET:
        return "the block's body"
    for end, what in ((12, "the interface"), (20, "the time"), (24, "the captured length")):
        if inside < end:
            return what
    return _packet_part(block, inside)


def _packet_part(block: _Block, inside: int) -> str:
    captured = int.from_bytes(block.octets[20:24], "little")
    start = blocks.PACKET_HEAD_OCTETS
    if inside < start:
        return "the original length"
    if inside < start + captured:
        return f"the frame's octets (octet {inside - start})"
    if inside < start + captured + -captured % 4:
        return "the padding"
    return "the comment and flags"


def _trouble(old: _Side, stored_size: int, block: _Block) -> list[str]:
    lines: list[str] = []
    if stored_size < block.end:
        lines.append(f"the stored file ends at octet {stored_size}, within or before this block")
    if old.trouble:
        lines.append(f"the stored file cannot be read here: {old.trouble}")
    elif old.record is None and block.kind == blocks.ENHANCED_PACKET:
        lines.append("the stored file holds no frame here")
    return lines


def _frames(old: _Side, new: _Side) -> list[str]:
    """Both frames in words, one row of two columns for everything that has a name."""
    left, right = _words(old), _words(new)
    rows = [("", "stored", "fresh")]
    for index in range(max(len(left), len(right))):
        name, one = left[index] if index < len(left) else ("", "")
        other_name, other = right[index] if index < len(right) else ("", "")
        rows.append((name or other_name, one, other))
    width = min(max(len(one) for _, one, _ in rows), _COLUMN)
    return [line for row in rows for line in _row(*row, width)]


def _row(name: str, old: str, new: str, width: int) -> Iterator[str]:
    """Two columns; a text too long for its column has a line of its own."""
    mark = "!" if old != new and name else " "
    if len(old) <= width:
        yield f"{mark} {name:9} {old:{width}} | {new}".rstrip()
        return
    yield f"{mark} {name:9} {old}"
    yield f"{'':11} {'':{width}} | {'the same' if old == new else new}"


def _words(side: _Side) -> list[tuple[str, str]]:
    record, interface = side.record, side.interface
    if record is None or interface is None:
        return [("frame", "(cannot be read)")]
    direction = record.direction.name.lower() if record.direction is not None else "-"
    named = [
        ("frame", str(record.number)),
        ("interface", interface.name or f"interface {record.interface}"),
        ("time", _time(record.at_ns)),
        ("comment", record.comment or "-"),
        ("direction", direction),
        ("length", f"{len(record.octets)} octets"),
    ]
    layers = describe(interface.link_type, record.octets)
    return [(name, printable(text)) for name, text in (*named, *(("layer", x) for x in layers))]


def _time(at_ns: int) -> str:
    """Seconds since the start of the run, all nine digits; no float, every digit counts."""
    since = at_ns - EPOCH_NS
    second, fraction = divmod(abs(since), NS_PER_S)
    return f"{'-' if since < 0 else '+'}{second}.{fraction:09} s"


def _octets(block: _Block, old: _Side) -> list[str]:
    """The differing octets: of the frames when these differ, otherwise of the whole blocks."""
    head = blocks.PACKET_HEAD_OCTETS
    captured = int.from_bytes(block.octets[20:24], "little")
    if block.kind == blocks.ENHANCED_PACKET and old.record is not None:
        fresh = block.octets[head : head + captured]
        if old.record.octets != fresh:
            return ["octets of the frame:", *hexdump.differing(old.record.octets, fresh, at=0)]
    title = "octets of the block, by their place in the file:"
    return [title, *hexdump.differing(old.octets, block.octets, at=block.start)]
