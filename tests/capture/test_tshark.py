"""What Wireshark's own programs make of a file of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.capture import pcapng
from tests.capture.conftest import Tool
from tests.capture.recordings import COMMENT, small


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tshark") / "small.pcapng"
    pcapng.write(small(), path, COMMENT)
    return path


def _fields(tshark: Tool, path: Path, *fields: str) -> list[list[str]]:
    wanted = [part for field in fields for part in ("-e", field)]
    return [line.split("\t") for line in tshark("-r", path, "-T", "fields", *wanted).splitlines()]


def test_every_frame_has_its_exact_time_interface_and_protocol(tshark: Tool, path: Path) -> None:
    """896659200 is 1998-06-01T00:00:00Z; the event keeps the nanoseconds its text lost."""
    fields = ("frame.number", "frame.time_epoch", "frame.interface_name", "_ws.col.Protocol")
    assert _fields(tshark, path, *fields) == [
        ["1", "896659201.000000001", "server-lan", "ARP"],
        ["2", "896659202.000000000", "wan", "PPP LCP"],
        ["3", "896659202.005000000", "wan", "PPP LCP"],
        ["4", "896659203.000000000", "isdn-d", "Q.931"],
        ["5", "896660622.792000123", "server-events", "Syslog"],
    ]


def test_a_server_event_is_a_syslog_row(tshark: Tool, path: Path) -> None:
    info = _fields(tshark, path, "_ws.col.Info")
    assert info[3] == ["TEI:64 I, N(R)=0, N(S)=0 | SETUP"]
    assert info[4] == [
        (
            "LOCAL0.INFO: 1 1998-06-01T00:23:42.792000Z server emu - SESSION - "
            "session 3 ACTIVE -> DISCONNECTED: 10 watchdog polls unanswered"
        )
    ]
    ((_, host, stamp),) = (
        row
        for row in _fields(tshark, path, "frame.number", "syslog.hostname", "syslog.timestamp")
        if row[0] == "5"
    )
    assert (host, stamp) == ("server", "Jun  1, 1998 00:23:42.792000000 UTC")


def test_comments_and_directions_are_seen(tshark: Tool, path: Path) -> None:
    """epb_flags: 1 is inbound, 2 outbound."""
    assert _fields(tshark, path, "frame.comment", "frame.packet_flags_direction") == [
        ["probe 4 of 10, unanswered; server still ACTIVE", ""],
        ["", "0x00000002"],
        ["", "0x00000001"],
        ["", ""],
        ["", ""],
    ]


def test_nothing_is_malformed_and_no_expert_complains(tshark: Tool, path: Path) -> None:
    """A frame comment is an expert row of severity 1, "Comment"; there is no other."""
    found = _fields(tshark, path, "_ws.expert.severity", "_ws.malformed")
    assert [row for row in found if any(row)] == [["1048576", ""]]


def test_names_of_the_file_are_used(tshark: Tool, path: Path) -> None:
    (row,) = tshark(
        "-r", path, "-N", "n", "-Y", "arp", "-o", "nameres.use_external_name_resolver:FALSE",
        "-z", "hosts", "-q",
    ).split("# TShark hosts output")[1:]  # fmt: skip
    assert "10.0.0.1\tserver" in row


def test_capinfos_finds_interfaces_counts_and_comment(capinfos: Tool, path: Path) -> None:
    told = capinfos(path)
    lines = [line.strip() for line in told.splitlines()]
    assert f"Capture comment:     {COMMENT}" in lines
    assert "Capture application: emu" in lines
    assert "File timestamp precision:  nanoseconds (9)" in lines
    assert "Strict time order:   True" in lines
    assert "Capture oper-sys" not in told
    names = [line for line in lines if line.startswith(("Name = ", "Number of packets = "))]
    assert names == [
        "Name = server-lan", "Number of packets = 1",
        "Name = wan", "Number of packets = 2",
        "Name = isdn-d", "Number of packets = 1",
        "Name = server-events", "Number of packets = 1",
    ]  # fmt: skip
    assert lines.count("Number of stat entries = 1") == 4
    assert [line for line in lines if line.startswith("Speed")] == [
        "Speed = 10000000",
        "Speed = 64000",
    ]


def test_an_empty_run_is_a_file_too(capinfos: Tool, tmp_path: Path) -> None:
    recording = small()
    recording.frames.clear()
    recording.comments.clear()
    recording.directions.clear()
    pcapng.write(recording, tmp_path / "empty.pcapng")
    assert "Number of packets:   0" in capinfos(tmp_path / "empty.pcapng")
