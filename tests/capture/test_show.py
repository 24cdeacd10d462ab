"""The story of a capture, line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.capture import decode, pcapng
from emu.capture.recording import LINKTYPE_ETHERNET, Interface, Recording
from emu.capture.show import duration, seconds, story
from emu.errors import InputError
from emu.units import NS_PER_S
from tests.capture.recordings import ARP_REQUEST, COMMENT, small
from tests.capture.test_compare import FakeWire


def _told(path: Path, recording: Recording) -> list[str]:
    pcapng.write(recording, path, COMMENT)
    lines = list(story(path))
    assert all("\n" not in line and line.isprintable() for line in lines)
    return lines


def test_a_small_story(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    lines = _told(path, small())
    assert lines[:9] == [
        f"{path}: 5 frames",
        f"  {COMMENT}",
        "  server-lan       Ethernet, 10000000 bit/s, 1 frame  (10BASE-T)",
        "  wan              PPP, 64000 bit/s, 2 frames",
        "  isdn-d           LAPD, 1 frame",
        (
            "  server-events    upper PDU, 1 frame  (what the server did, as syslog lines; "
            "not on any wire)"
        ),
        "  first frame at 1.000000 s, last at 1422.792000 s",
        "",
        "1 server event, with the frames around:",
    ]
    assert lines[10] == "             ...  1 frame (1 with comments) in 2.000 s ..."
    assert lines[11].startswith("        2.000000        2  wan  PPP LCP Echo-Request")
    assert lines[14:] == [
        "             ...  nothing for 23 m 39 s ...",
        (
            " ==> 1422.792000        5  server SESSION: session 3 ACTIVE -> DISCONNECTED: "
            "10 watchdog polls unanswered"
        ),
    ]


def test_comments_stand_below_their_frames(tmp_path: Path) -> None:
    recording = small()
    recording.comment(2, "steers \x1b[31m a terminal")
    lines = _told(tmp_path / "a.pcapng", recording)
    assert lines[12] == " " * 25 + "  # steers ?[31m a terminal"


def test_frames_left_out_are_counted(tmp_path: Path) -> None:
    """20 frames a second apart, an event at 10.5 s and one at the end: 3 before, 2 after."""
    recording = Recording()
    lan = recording.add_interface(Interface(name="lan", link_type=LINKTYPE_ETHERNET))
    for second in range(11):
        recording.frame(lan, second * NS_PER_S, ARP_REQUEST)
    recording.comment(5, "left out")
    recording.event(10_500_000_000, "session 1 ACTIVE -> DISCONNECTED: silence")
    for second in range(11, 20):
        recording.frame(lan, second * NS_PER_S, ARP_REQUEST)
    rows = [line.split("  lan  ")[0].strip() for line in _told(tmp_path / "a", recording)[8:]]
    assert rows == [
        "...  8 frames (1 with comments) in 8.000 s ...",
        "8.000000        9",
        "9.000000       10",
        "10.000000       11",
        "==> 10.500000       12  server SESSION: session 1 ACTIVE -> DISCONNECTED: silence",
        "11.000000       13",
        "12.000000       14",
        "...  7 frames in 7.000 s ...",
    ]


def test_a_capture_without_events_shows_both_ends(tmp_path: Path) -> None:
    recording = Recording()
    recording.add_interface(Interface(name="", link_type=LINKTYPE_ETHERNET))
    for index in range(100):
        recording.frame(0, index * NS_PER_S, ARP_REQUEST)
    lines = _told(tmp_path / "a.pcapng", recording)
    assert "No server events in this file; its first and last frames:" in lines
    numbers = [line.split()[1] for line in lines if "interface 0  " in line and "." in line]
    assert numbers == [*map(str, range(1, 11)), *map(str, range(96, 101))]
    assert "             ...  85 frames in 1 m 26 s ..." in lines


def test_a_capture_without_frames_has_a_header_only(tmp_path: Path) -> None:
    assert _told(tmp_path / "a.pcapng", Recording()) == [
        f"{tmp_path / 'a.pcapng'}: 0 frames",
        f"  {COMMENT}",
    ]


def test_a_foreign_file_counts_from_its_first_frame(
    real_captures: list[Path],
) -> None:
    (path,) = (path for path in real_captures if path.name.startswith("21-"))
    lines = list(story(path))
    assert lines[0] == f"{path}: 41 frames"
    assert "  first frame at 0.000000 s, last at 675.739218 s" in lines


def test_every_foreign_file_has_a_story(real_captures: list[Path]) -> None:
    for path in real_captures:
        assert all(line.isprintable() for line in story(path)), path.name


def test_a_broken_file_tells_nothing_but_the_error(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(pcapng.encode(small(), COMMENT)[:-1])
    with pytest.raises(InputError, match=r"a\.pcapng: octet \d+: expected 56 octets"):
        next(story(path))


def test_summaries_come_from_the_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "_wire", {1: FakeWire}.get)
    recording = small()
    recording.frames.insert(1, (0, NS_PER_S + 5, ARP_REQUEST))
    recording.frames.append((0, 2_000 * NS_PER_S, ARP_REQUEST))
    lines = _told(tmp_path / "a.pcapng", recording)
    assert lines[-1] == "     2000.000000        7  server-lan  ARP ?[31m for .1"


def test_times_are_cut_not_rounded() -> None:
    assert seconds(1_999_999_999) == "1.999999"
    assert seconds(-1_500_000_000) == "-1.500000"
    assert [duration(t * 10**6) for t in (0, 59_999, 60_000, 552_999, 3_600_000, 45_240_000)] == [
        "0.000 s", "59.999 s", "1 m 0 s", "9 m 12 s", "1 h 0 m", "12 h 34 m",
    ]  # fmt: skip
