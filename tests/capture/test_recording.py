"""Numbers, server events and comments of a recording."""

from __future__ import annotations

import pytest

from emu.capture.recording import (
    LINKTYPE_ETHERNET,
    LINKTYPE_UPPER_PDU,
    Direction,
    Interface,
    Recording,
    Severity,
)


def _recording() -> tuple[Recording, int]:
    recording = Recording()
    lan = Interface(name="lan", link_type=LINKTYPE_ETHERNET)
    return recording, recording.add_interface(lan)


def test_frames_count_from_one_over_all_interfaces() -> None:
    recording, lan = _recording()
    other = recording.add_interface(Interface(name="other", link_type=LINKTYPE_ETHERNET))
    assert [recording.frame(lan, 5, b"a"), recording.frame(other, 6, b"b")] == [1, 2]
    recording.frames.append((lan, 7, b"c"))
    assert len(recording) == 3
    assert [recording.octets(number) for number in (1, 2, 3)] == [b"a", b"b", b"c"]


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_frame_that_is_not_there_cannot_be_marked(number: int) -> None:
    recording, lan = _recording()
    recording.frame(lan, 0, b"a")
    with pytest.raises(IndexError):
        recording.comment(number, "?")
    with pytest.raises(IndexError):
        recording.direction(number, Direction.INBOUND)
    with pytest.raises(IndexError):
        recording.octets(number)
    assert (recording.comments, recording.directions) == ({}, {})


def test_a_second_comment_stands_behind_the_first() -> None:
    recording, lan = _recording()
    number = recording.frame(lan, 0, b"a")
    recording.comment(number, "probe 1 of 10")
    recording.comment(number, "unanswered")
    assert recording.comments == {1: "probe 1 of 10; unanswered"}


def test_an_event_is_an_exported_syslog_line() -> None:
    """Tag 12, 8 octets, "syslog" and padding; tag 0; PRI 16 * 8 + 6 = 134.

    1422.792 s after 1998-06-01T00:00:00Z is 00:23:42.792; nanoseconds are cut off.
    """
    recording, _ = _recording()
    number = recording.event(1_422_792_000_999, "session 3 ACTIVE -> DISCONNECTED: 10 polls")
    assert recording.octets(number) == (
        b"\x00\x0c\x00\x08syslog\x00\x00\x00\x00\x00\x00"
        b"<134>1 1998-06-01T00:23:42.792000Z server emu - SESSION - "
        b"session 3 ACTIVE -> DISCONNECTED: 10 polls"
    )
    assert recording.frames[0][:2] == (1, 1_422_792_000_999)
    assert recording.interfaces[1].name == "server-events"
    assert recording.interfaces[1].link_type == LINKTYPE_UPPER_PDU


def test_events_share_one_interface_that_can_be_made_early() -> None:
    recording = Recording()
    assert recording.events_interface() == 0
    recording.event(1, "a")
    recording.event(2, "b", hostname="router", msgid="MODEM", severity=Severity.WARNING)
    assert [frame[0] for frame in recording.frames] == [0, 0]
    assert len(recording.interfaces) == 1
    assert b"<132>1 1998-06-01T00:00:00.000000Z router emu - MODEM - b" in recording.octets(2)


def test_an_event_is_one_line() -> None:
    recording, _ = _recording()
    assert recording.octets(recording.event(0, "a\nb\r\nc")).endswith(b" - a b c")


@pytest.mark.parametrize("host", ["", "ws 1", "w\u00e4", "x" * 256, "a\x7f"])
def test_a_host_name_that_rfc_5424_forbids_is_refused(host: str) -> None:
    recording, _ = _recording()
    with pytest.raises(ValueError, match="HOSTNAME"):
        recording.event(0, "a", hostname=host)
    assert len(recording) == 0


def test_only_addresses_can_be_named() -> None:
    recording, _ = _recording()
    with pytest.raises(ValueError, match="5 octets"):
        recording.name(b"12345", "server")
    for host in ("", "a\0b"):
        with pytest.raises(ValueError, match="host name"):
            recording.name(b"1234", host)
    assert recording.names == {}
