"""Reads pcapng and pcap files, ours and anybody's, one record at a time.

It judges nothing and decodes no protocol.  A file that is not what its own lengths say ends
in ``InputError`` with the octet offset; the records before that place have been handed out.
Block types it does not know are passed over, so frame numbers are Wireshark's unless a file
holds journal or system-call records, which Wireshark counts and this reader does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from emu.capture import pcap_records, pcapng_records
from emu.capture.recording import Interface
from emu.capture.records import Contents, Record, Statistics
from emu.capture.source import Source, reading

EXPECTED = "a pcapng or pcap file"
_GZIP = b"\x1f\x8b"


class CaptureFile:
    """A capture on disk.  Iterating reads it anew, in bounded memory.

    ``application``, ``comment``, ``interfaces`` and ``names`` hold what stands before the
    first frame, and after a whole pass everything, ``statistics`` included.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._contents = Contents()
        next(iter(self), None)

    @property
    def application(self) -> str:
        return self._contents.application

    @property
    def comment(self) -> str:
        return self._contents.comment

    @property
    def interfaces(self) -> list[Interface]:
        return self._contents.interfaces

    @property
    def names(self) -> list[tuple[bytes, str]]:
        return self._contents.names

    @property
    def statistics(self) -> list[Statistics]:
        return self._contents.statistics

    def __iter__(self) -> Iterator[Record]:
        self._contents = contents = Contents()
        with reading(self.path, EXPECTED) as source:
            yield from walk(source, contents)


def read(path: Path | str) -> CaptureFile:
    """Open a capture and read what stands before its first frame.

    Raises ``InputError`` when it is not a capture; iterating raises it where the file breaks.
    """
    return CaptureFile(Path(path))


def walk(source: Source, contents: Contents) -> Iterator[Record]:
    """The records of a source, whichever of the two formats it is in."""
    if not source.size:
        raise source.bad(0, expected=EXPECTED, found="an empty file")
    magic = source.stream.read(4)
    source.stream.seek(0)
    if magic == pcapng_records.MAGIC:
        return pcapng_records.records(source, contents)
    if magic in pcap_records.MAGIC:
        return pcap_records.records(source, contents)
    if magic.startswith(_GZIP):
        raise source.bad(0, expected=EXPECTED, found="a gzip file", hint="unpack it first")
    found = f"the octets {magic.hex(' ')}"
    raise source.bad(0, expected=EXPECTED, found=found, hint="check that it is a capture")
