"""The records of any capture, gzip or not, up to the place where the file breaks.

A gzip file is unpacked into a temporary file first: the reader needs sizes and steps back.
Damage behind the first frame is not an error but a note: what was read is judged.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from emu.capture.reader import EXPECTED, walk
from emu.capture.records import Contents, Record
from emu.capture.source import DAMAGED, Source, reading
from emu.errors import InputError

_GZIP = b"\x1f\x8b"
#: 16 + 15: a gzip header and the largest window (zlib.h, inflateInit2).
_GZIP_ONLY = 31
_PIECE_OCTETS = 1 << 18


class Records:
    """One pass over a file.  ``note`` says, after it, why it stopped before the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.contents = Contents()
        self.note = ""

    def __iter__(self) -> Iterator[Record]:
        with reading(self.path, EXPECTED) as source, self._unpacked(source) as unpacked:
            records = walk(unpacked, self.contents)
            record: Record | None = None
            try:
                for record in records:
                    yield record
            except InputError as error:
                if record is None:
                    raise
                self.note = f"{error}; judged up to frame {record.number}"

    @property
    def ended_ns(self) -> int:
        """The latest end that an interface states (pcapng 4.6), 0 when none does."""
        return max((each.ended_ns or 0 for each in self.contents.statistics), default=0)

    @contextmanager
    def _unpacked(self, source: Source) -> Generator[Source, None, None]:
        magic = source.stream.read(2)
        source.stream.seek(0)
        if magic != _GZIP:
            yield source
            return
        with tempfile.TemporaryFile() as file:
            self._unpack(source, cast(BinaryIO, file))
            size = file.tell()
            file.seek(0)
            yield Source(cast(BinaryIO, file), size=size, name=source.name)

    def _unpack(self, source: Source, file: BinaryIO) -> None:
        """As much as can be: a gzip file that was cut still holds its first frames."""
        try:
            for octets in _gunzip(source.stream):
                file.write(octets)
        except (EOFError, zlib.error) as error:
            if not file.tell():
                found = f"a damaged gzip file ({error})"
                raise InputError(
                    source.name, expected=EXPECTED, found=found, hint=DAMAGED
                ) from error
            self.note = f"{source.name}: the gzip file is damaged ({error}); judged what it holds"


def _gunzip(stream: BinaryIO) -> Iterator[bytes]:
    """The octets of every member (RFC 1952 2.2), in pieces of bounded size.

    Not the module ``gzip``: at the place of damage that throws away a whole read.
    """
    member, packed = zlib.decompressobj(_GZIP_ONLY), b""
    while packed := packed or stream.read(_PIECE_OCTETS):
        yield member.decompress(packed, _PIECE_OCTETS)
        packed = member.unconsumed_tail or member.unused_data
        if member.eof:
            member = zlib.decompressobj(_GZIP_ONLY)
            if not (packed := packed or stream.read(_PIECE_OCTETS)).startswith(_GZIP):
                return  # padding behind the last member
    raise EOFError("it ends before its end mark")
