"""Frames to and from what the project does not bring: real captures, tshark, pcap files.

What is missing is said and judged by ``tests.outside``.
"""

from __future__ import annotations

import csv
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scapy.utils import RawPcapReader

from tests import outside

LINKTYPE_ETHERNET = 1


def find_real_captures() -> list[str]:
    """Every capture file of the shared folder, in order of name."""
    return [str(path) for path in outside.real_captures()]


def ethernet_frames(path: str) -> Iterator[bytes]:
    """The frames of a pcap or pcapng file (gzip or not) that are Ethernet."""
    with RawPcapReader(path) as reader:
        for octets, meta in reader:
            linktype = getattr(meta, "linktype", None)
            linktype = reader.linktype if linktype is None else linktype
            if linktype == LINKTYPE_ETHERNET:
                yield octets


def write_pcap(path: str, frames: Sequence[bytes]) -> None:
    """Classic pcap, one frame a second."""
    blocks = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_ETHERNET)]
    for second, frame in enumerate(frames):
        blocks.append(struct.pack("<IIII", second, 0, len(frame), len(frame)) + frame)
    Path(path).write_bytes(b"".join(blocks))


@dataclass(frozen=True)
class Tshark:
    """Writes frames to a file below ``folder`` and has tshark read them."""

    run: outside.Tool
    folder: str

    def fields(self, frames: Sequence[bytes], *names: str) -> list[dict[str, str]]:
        """One mapping a frame; a field that a frame lacks is empty."""
        wanted = [part for name in names for part in ("-e", name)]
        output = self._run(frames, "-T", "fields", "-E", "separator=,", "-E", "quote=d", *wanted)
        rows = [dict(zip(names, row, strict=True)) for row in csv.reader(output.splitlines())]
        assert len(rows) == len(frames)
        return rows

    def _run(self, frames: Sequence[bytes], *arguments: str) -> str:
        path = str(Path(self.folder) / "frames.pcap")
        write_pcap(path, frames)
        checks = [f"{layer}.check_checksum:TRUE" for layer in ("ip", "tcp")]
        options = [part for check in checks for part in ("-o", check)]
        return self.run("-n", "-r", path, *options, *arguments)


def find_tshark(folder: str) -> Tshark:
    """tshark, or a skip."""
    return Tshark(outside.tool("tshark"), folder)
