"""Files of others and broken files: records, or one line that says where it broke."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.capture import pcapng
from emu.capture.reader import read
from emu.capture.recording import Direction, Interface
from emu.capture.records import Record
from emu.errors import InputError
from tests.capture.conftest import Tool
from tests.capture.recordings import COMMENT, small

SMALL = pcapng.encode(small(), COMMENT)


def _read(path: Path, octets: bytes) -> list[Record]:
    path.write_bytes(octets)
    return list(read(path))


def _error(path: Path, octets: bytes) -> str:
    with pytest.raises(InputError) as error:
        _read(path, octets)
    assert "\n" not in str(error.value)
    return str(error.value).removeprefix(f"{path}: ")


def _block(order: str, kind: int, body: bytes) -> bytes:
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def _section(order: str) -> bytes:
    return _block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def _interface(order: str, link_type: int, *, snaplen: int = 0, options: bytes = b"") -> bytes:
    return _block(order, 1, struct.pack(order + "HHI", link_type, 0, snaplen) + options)


def _option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def _packet(order: str, interface: int, ticks: int, octets: bytes, options: bytes = b"") -> bytes:
    head = struct.pack(
        order + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(octets), len(octets)
    )
    return _block(order, 6, head + octets + bytes(-len(octets) % 4) + options)


@pytest.mark.parametrize("order", ["<", ">"])
def test_resolution_and_offset_give_nanoseconds(tmp_path: Path, order: str) -> None:
    """Default 10^-6; 10^-9; 10^-12 cut; 2^-10: 1536 ticks are 1.5 s; offset 100 s."""
    octets = (
        _section(order)
        + _interface(order, 1)
        + _interface(order, 1, options=_option(order, 9, b"\x09"))
        + _interface(order, 1, options=_option(order, 9, b"\x0c"))
        + _interface(order, 9, options=_option(order, 9, b"\x8a"))
        + _interface(order, 1, options=_option(order, 14, struct.pack(order + "q", 100)))
        + b"".join(_packet(order, index, 1536, b"x") for index in range(5))
    )
    times = [record.at_ns for record in _read(tmp_path / "a", octets)]
    assert times == [1_536_000, 1_536, 1, 1_500_000_000, 100_001_536_000]


def test_sections_count_their_interfaces_on(tmp_path: Path) -> None:
    """The second section is big-endian; frame and interface numbers go on."""
    octets = (
        _section("<") + _interface("<", 1) + _packet("<", 0, 5, b"ab")
        + _section(">") + _interface(">", 9) + _packet(">", 0, 6, b"c")
    )  # fmt: skip
    records = _read(tmp_path / "a", octets)
    assert [(r.number, r.interface, r.at_ns, r.octets) for r in records] == [
        (1, 0, 5_000, b"ab"),
        (2, 1, 6_000, b"c"),
    ]
    assert [i.link_type for i in read(tmp_path / "a").interfaces] == [1]
    file = read(tmp_path / "a")
    assert len(list(file)) == 2
    assert [interface.link_type for interface in file.interfaces] == [1, 9]


def test_unknown_blocks_are_passed_over_and_other_packet_blocks_read(tmp_path: Path) -> None:
    """A custom block; a simple packet cut at 4 of 6 octets; an obsolete packet block."""
    obsolete = struct.pack("<HHIIII", 0, 7, 0, 9, 3, 60) + b"old\0"
    octets = (
        _section("<")
        + _interface("<", 1, snaplen=4)
        + _block("<", 0x0BAD, bytes(40))
        + _packet("<", 0, 8, b"1")
        + _block("<", 3, struct.pack("<I", 6) + b"simp")
        + _block("<", 2, obsolete)
    )
    records = _read(tmp_path / "a", octets)
    assert [(r.number, r.at_ns, r.octets, r.length) for r in records] == [
        (1, 8_000, b"1", 1),
        (2, 8_000, b"simp", 6),
        (3, 9_000, b"old", 60),
    ]


def test_options_of_a_packet(tmp_path: Path) -> None:
    """Two comments, one of them no UTF-8; inbound with a broadcast bit; an unknown option."""
    options = (
        _option("<", 1, b"first")
        + _option("<", 2988, b"?")
        + _option("<", 1, b"caf\xe9")
        + _option("<", 2, b"\x0d\0\0\0")
    )
    octets = _section("<") + _interface("<", 1) + _packet("<", 0, 1, b"abc", options)
    (record,) = _read(tmp_path / "a", octets)
    assert (record.comment, record.direction) == ("first\ncaf\ufffd", Direction.INBOUND)


@pytest.mark.parametrize(("magic", "unit_ns"), [(0xA1B2C3D4, 1_000), (0xA1B23C4D, 1)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_pcap_in_both_orders_and_units(
    tmp_path: Path, order: str, magic: int, unit_ns: int
) -> None:
    octets = (
        struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, 9)
        + struct.pack(order + "IIII", 3, 7, 2, 60) + b"ab"
        + struct.pack(order + "IIII", 4, 0, 0, 0)
    )  # fmt: skip
    records = _read(tmp_path / "a", octets)
    assert [(r.number, r.at_ns, r.octets, r.length) for r in records] == [
        (1, 3 * 10**9 + 7 * unit_ns, b"ab", 60),
        (2, 4 * 10**9, b"", 0),
    ]
    assert read(tmp_path / "a").interfaces == [Interface(name="", link_type=9)]


def test_real_captures_count_as_capinfos_counts_them(
    real_captures: list[Path], capinfos: Tool
) -> None:
    """Frames, octets, first and last time of captures that others recorded."""
    expected = capinfos("-TrMS", "-c", "-d", "-a", "-e", *real_captures).splitlines()
    for path, line in zip(real_captures, expected, strict=True):
        _, frames, octets, first, last = line.split("\t")
        records = list(read(path))
        # Wireshark counts the direction octet of link type 204 as no part of the frame.
        ahead = len(records) if read(path).interfaces[0].link_type == 204 else 0
        length = sum(record.length for record in records) - ahead
        assert (len(records), length) == (int(frames), int(octets))
        digits = len(first.partition(".")[2])
        times = sorted(record.at_ns for record in records)
        assert [_seconds(at_ns, digits) for at_ns in (times[0], times[-1])] == [first, last]


def _seconds(at_ns: int, digits: int) -> str:
    return f"{at_ns // 10**9}.{at_ns % 10**9:09}"[: digits - 9 or None]


@pytest.mark.parametrize("start", ["02-", "21-", "30-"])
def test_real_captures_read_as_tshark_reads_them(
    real_captures: list[Path], tshark: Tool, start: str
) -> None:
    """Number, interface, time and lengths of every frame; 21 has two interfaces."""
    (path,) = (path for path in real_captures if path.name.startswith(start))
    names = ("number", "interface_id", "time_epoch", "cap_len", "len")
    wanted = [part for name in names for part in ("-e", f"frame.{name}")]
    lines = tshark("-r", path, "-T", "fields", *wanted).splitlines()
    for record, line in zip(read(path), lines, strict=True):
        number, interface, time, captured, length = line.split("\t")
        assert (record.number, record.interface) == (int(number), int(interface or 0))
        assert (len(record.octets), record.length) == (int(captured), int(length))
        assert _seconds(record.at_ns, 9) == time


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        (b"", "octet 0: expected a pcapng or pcap file, found an empty file; "),
        (b"\n", "octet 0: expected a pcapng or pcap file, found the octets 0a; "),
        (b"\x1f\x8b\x08\0", "octet 0: expected a pcapng or pcap file, found a gzip file; unpack"),
        (b"{}\n\n", "octet 0: expected a pcapng or pcap file, found the octets 7b 7d 0a 0a; "),
        (SMALL[:4], "octet 0: expected 8 octets of a block header, found 4 octets; the file is"),
        (SMALL[:-1], f"octet {len(SMALL) - 56}: expected 56 octets of a block of type 0x5"),
        (SMALL[:8] + b"\0" * 20, "octet 8: expected the byte-order magic 1a2b3c4d, found 00000000"),
        (SMALL + b"abc", f"octet {len(SMALL)}: expected 8 octets of a block header, found 3"),
        (_section("<") + _packet("<", 0, 0, b""), "octet 28: expected one of the 0 interfaces"),
        (_section("<") + b"\7\0\0\0\x0e\0\0\0", "octet 32: expected a block length of 12 or more"),
        (_section("<") + b"\6\0\0\0\xfc\xff\xff\xff", "octet 28: expected at most 16777216 oct"),
        (_section("<") + b"\7\0\0\0\xfc\xff\xff\xff", "octet 36: expected 4294967280 octets of a"),
        (b"\xd4\xc3\xb2\xa1", "octet 4: expected 20 octets of the file header, found 0 octets"),
        (b"\xd4\xc3\xb2\xa1\3\0" + bytes(18), "octet 4: expected pcap version 2, found version 3"),
    ],
)
def test_what_is_no_capture_is_told_with_its_place(
    tmp_path: Path, octets: bytes, line: str
) -> None:
    assert _error(tmp_path / "a.pcapng", octets).startswith(line)


def test_lengths_that_lie_are_told_with_their_place(tmp_path: Path) -> None:
    start = _section("<") + _interface("<", 1)
    packet = bytearray(_packet("<", 0, 0, b"abcd", _option("<", 1, b"comment")))
    for place, value, line in (
        (len(packet) - 4, 1, f"octet {len(start) + len(packet) - 4}: expected the block length"),
        (20, 99, f"octet {len(start)}: expected 99 captured octets in the block, found 16 oct"),
        (34, 99, f"octet {len(start)}: expected option 1 to end within its block, found 99"),
    ):
        broken = packet.copy()
        broken[place] = value
        assert _error(tmp_path / "a", start + broken).startswith(line)


def test_frames_before_the_break_are_handed_out(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(SMALL[:-1])
    records = iter(read(tmp_path / "a"))
    assert [next(records).number for _ in range(5)] == [1, 2, 3, 4, 5]
    with pytest.raises(InputError):
        next(records)


def test_what_is_no_file_is_an_input_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, found in (
        (tmp_path / "none", "no such file; check the path"),
        (tmp_path, "a folder; name a file in it"),
        (tmp_path / "pipe", "a device or a pipe; save it to a file first"),
        (Path("/dev/zero"), "a device or a pipe; save it to a file first"),
    ):
        with pytest.raises(InputError) as error:
            read(path)
        assert str(error.value) == f"{path}: expected a pcapng or pcap file, found {found}"


def _records_or_input_error(octets: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        path.write_bytes(octets)
        line = f"{path}: "
        try:
            for record in read(path):
                assert len(record.octets) <= len(octets)
        except InputError as error:
            line = str(error)
        assert line.startswith(f"{path}: ")
        assert "\n" not in line


_PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)


@settings(deadline=None)
@given(st.sampled_from([b"", SMALL[:28], _section(">"), _PCAP]), st.binary(max_size=120))
def test_random_octets_give_records_or_an_input_error(start: bytes, octets: bytes) -> None:
    _records_or_input_error(start + octets)


@settings(deadline=None)
@given(st.data())
def test_a_mutated_file_gives_records_or_an_input_error(data: st.DataObject) -> None:
    octets = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(octets) - 1))
        if data.draw(st.booleans()):
            octets[place] = data.draw(st.integers(0, 255))
        else:
            octets[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
        if not octets:
            return
    _records_or_input_error(bytes(octets))
