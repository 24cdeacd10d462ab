"""Every difference is found, and is told so that a person sees what changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.capture import decode, pcapng
from emu.capture.compare import Difference, first_difference
from emu.capture.reader import read
from emu.capture.recording import LINKTYPE_ETHERNET, Interface, Recording
from emu.errors import InputError
from tests.capture.recordings import ARP_REQUEST, COMMENT, small

FRESH = pcapng.encode(small(), COMMENT)


def _compared(path: Path, stored: bytes, fresh: bytes = FRESH) -> Difference | None:
    path.write_bytes(stored)
    return first_difference(path, fresh)


def _against(path: Path, changed: Recording, comment: str = COMMENT) -> Difference:
    difference = _compared(path, FRESH, pcapng.encode(changed, comment))
    assert difference is not None
    return difference


def test_the_same_octets_do_not_differ(tmp_path: Path) -> None:
    assert _compared(tmp_path / "a", FRESH) is None


def _tiny() -> Recording:
    recording = Recording()
    lan = recording.add_interface(Interface(name="lan", link_type=LINKTYPE_ETHERNET))
    recording.comment(recording.frame(lan, 1, ARP_REQUEST[:42]), "who is it")
    recording.event(2, "session 1 ACTIVE")
    return recording


@pytest.mark.parametrize(("recording", "step"), [(_tiny(), 1), (small(), 13)])
def test_every_flipped_octet_of_the_file_is_found(
    tmp_path: Path, recording: Recording, step: int
) -> None:
    """Each octet (each 13th of the larger file), one bit of it or all."""
    path, fresh = tmp_path / "a", pcapng.encode(recording)
    path.write_bytes(fresh)
    frames = {
        offset: record.number
        for record in read(path)
        for offset in range(record.offset + 28, record.offset + 28 + len(record.octets))
    }
    for offset in range(0, len(fresh), step):
        stored = bytearray(fresh)
        stored[offset] ^= (0xFF, 0x01, 0x80)[offset % 3]
        difference = _compared(path, bytes(stored), fresh)
        assert difference is not None
        assert difference.offset == offset
        assert f"octet {offset} of the file" in difference.summary
        assert any("^^" in line for line in difference.lines)
        if offset in frames:
            _shows_both_sides(difference, frames[offset])


def _shows_both_sides(difference: Difference, number: int) -> None:
    assert difference.frame == number
    assert difference.summary.startswith(f"frame {number} differs at octet ")
    assert "the frame's octets" in difference.summary
    assert "octets of the frame:" in difference.lines
    assert not any("cannot be read" in line for line in difference.lines)


def test_a_file_cut_anywhere_is_found(tmp_path: Path) -> None:
    for length in range(0, len(FRESH), 7):
        difference = _compared(tmp_path / "a", FRESH[:length])
        assert difference is not None
        assert difference.offset == length
        assert f"the stored file ends at octet {length}" in str(difference)


def test_a_longer_file_is_found(tmp_path: Path) -> None:
    difference = _compared(tmp_path / "a", FRESH + b"more")
    assert difference is not None
    assert difference.summary == (
        f"octet {len(FRESH)}: the stored file goes on for 4 octets after the fresh one"
    )


def test_a_changed_octet_is_shown_with_a_marker(tmp_path: Path) -> None:
    """Octet 41 of the ARP request is the last of the address asked for: 10.0.0.1 -> 10.0.0.9."""
    changed = small()
    changed.frames[0] = (0, changed.frames[0][1], ARP_REQUEST[:41] + b"\x09" + ARP_REQUEST[42:])
    difference = _against(tmp_path / "a", changed)
    assert difference.frame == 1
    assert difference.summary.endswith("in the frame's octets (octet 41)")
    assert difference.lines[-3:] == (
        "  000020  stored  00 00 00 00 00 00 0a 00 00 01 00 00 00 00 00 00",
        "          fresh   00 00 00 00 00 00 0a 00 00 09 00 00 00 00 00 00",
        "                                             ^^",
    )


def test_a_changed_time_is_shown_on_both_sides(tmp_path: Path) -> None:
    changed = small()
    changed.frames[1] = (1, changed.frames[1][1] + 1, changed.frames[1][2])
    difference = _against(tmp_path / "a", changed)
    assert (difference.frame, difference.summary.endswith("in the time")) == (2, True)
    (line,) = (line for line in difference.lines if "time" in line)
    assert line.split() == ["!", "time", "+2.000000000", "s", "|", "+2.000000001", "s"]


def test_a_changed_comment_is_shown_on_both_sides(tmp_path: Path) -> None:
    changed = small()
    changed.comments[1] = "probe 5 of 10, unanswered; server still ACTIVE"
    difference = _against(tmp_path / "a", changed)
    assert difference.summary.endswith("in the comment and flags")
    (line,) = (line for line in difference.lines if "comment" in line)
    assert line.startswith("! comment")
    assert "probe 4 of 10" in line
    assert "probe 5 of 10" in line


def test_a_changed_event_is_shown_in_words(tmp_path: Path) -> None:
    changed = small()
    changed.frames.pop()
    changed.event(1_422_792_000_123, "session 3 ACTIVE -> CLOSED: log-off")
    text = str(_against(tmp_path / "a", changed))
    assert "DISCONNECTED: 10 watchdog polls unanswered" in text
    assert "session 3 ACTIVE -> CLOSED: log-off" in text


def test_a_frame_too_few_shows_the_frame_that_is_missing(tmp_path: Path) -> None:
    changed = small()
    changed.frame(0, 1_500 * 10**9, ARP_REQUEST)
    difference = _against(tmp_path / "a", changed)
    assert difference.frame == 6
    assert "the stored file holds no frame here" in difference.lines


def test_a_changed_header_names_its_block(tmp_path: Path) -> None:
    difference = _against(tmp_path / "a", small(), "scenario other, policy p, seed 0")
    assert (difference.frame, difference.offset) == (None, 4)
    assert difference.summary.startswith("the section header differs at octet 4 ")


def test_a_file_too_damaged_to_read_says_where(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(FRESH)
    record = next(iter(read(tmp_path / "a")))
    stored = bytearray(FRESH)
    stored[record.offset + 4] = 2
    difference = _compared(tmp_path / "a", bytes(stored))
    assert difference is not None
    assert difference.frame == 1
    place = f"octet {record.offset + 4}: expected a block length"
    assert any("cannot be read here" in line and place in line for line in difference.lines)
    assert any("(cannot be read)" in line and "server-lan" not in line for line in difference.lines)


@pytest.mark.parametrize("stored", [b"", b"\0\xff" * 300, b"text\n"])
def test_a_stored_file_that_is_no_capture_differs(tmp_path: Path, stored: bytes) -> None:
    difference = _compared(tmp_path / "a", stored)
    assert difference is not None
    assert difference.offset == 0
    assert any("cannot be read" in line for line in difference.lines)


def test_a_missing_or_wrong_stored_file_is_an_input_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match="expected a stored capture"):
            first_difference(path, FRESH)


class FakeWire:
    """Stands for ``emu.wire.frame``."""

    @staticmethod
    def describe(octets: bytes) -> list[str]:
        if octets[41] == 9:
            raise ValueError("nine\nis odd")
        return ["Ethernet", f"ARP for .{octets[41]}"]

    @staticmethod
    def summary(octets: bytes) -> str:
        return f"ARP \x1b[31m for .{octets[41]}"


def test_layers_are_described_and_a_decoder_may_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "_wire", {1: FakeWire}.get)
    changed = small()
    changed.frames[0] = (0, changed.frames[0][1], ARP_REQUEST[:41] + b"\x09" + ARP_REQUEST[42:])
    lines = _against(tmp_path / "a", changed).lines
    (line,) = (line for line in lines if "Ethernet" in line)
    assert line.startswith("! layer     Ethernet ")
    assert line.endswith("| no decoder reads it: nine is odd")
    assert any(line.startswith("! layer     ARP for .1 ") for line in lines)
