"""Files of every kind: gzip, cut, several interfaces, foreign link types, wrong ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from emu.capture import pcapng
from emu.capture.recording import Interface, Recording
from emu.check import Report, check_file, report_json
from emu.check.rules import FlowClass
from emu.check.timeline import How
from emu.errors import InputError
from emu.pdu.ip_tcp import ACK, PSH
from emu.units import NS_PER_S
from tests.check.frames import Stamped, Tcp, pcap


def session() -> list[Stamped]:
    return Tcp().opened().exchange(10).close(12).frames


def written(folder: Path, octets: bytes, name: str = "made.cap") -> Report:
    path = folder / name
    path.write_bytes(octets)
    return check_file(path, name=name)


@pytest.mark.parametrize("order", ["<", ">"])
def test_packed_or_not_the_report_is_the_same(tmp_path: Path, order: str) -> None:
    octets = pcap(session(), order=order)
    plain, packed = written(tmp_path, octets), written(tmp_path, gzip.compress(octets))
    assert report_json(plain) == report_json(packed)
    assert [flow.flow_class for flow in plain.flows] == [FlowClass.CLOSED]


def test_a_capture_cut_in_its_last_frame_is_judged_for_what_it_holds(tmp_path: Path) -> None:
    whole = pcap(session())
    found = written(tmp_path, whole[:-10])
    assert found.frames == len(session()) - 1
    assert found.flows[0].flow_class is FlowClass.CLOSED
    assert "judged up to frame 8" in found.note
    assert "octet" in found.note


def test_a_gzip_file_that_was_cut_is_judged_for_what_it_holds(tmp_path: Path) -> None:
    tcp = Tcp().opened()
    for turn in range(2000):
        tcp.exchange(1.0 + turn)
    packed = gzip.compress(pcap(tcp.frames))
    found = written(tmp_path, packed[: len(packed) // 2])
    assert 100 < found.frames < len(tcp.frames)
    assert "gzip" in found.note or "judged up to" in found.note


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"not a capture at all",
        pcap(session())[:30],
        gzip.compress(b"not a capture either"),
        gzip.compress(b"")[:8],
        b"\x1f\x8b" + bytes(40),
    ],
    ids=["empty", "text", "cut before the first frame", "packed text", "cut gzip", "bad gzip"],
)
def test_what_is_no_capture_is_one_line(tmp_path: Path, octets: bytes) -> None:
    with pytest.raises(InputError) as error:
        written(tmp_path, octets)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(tmp_path))


def test_a_capture_without_frames_has_no_flows(tmp_path: Path) -> None:
    found = written(tmp_path, pcap([]))
    assert (found.frames, found.unread, found.flows) == (0, 0, ())


@pytest.mark.parametrize("link_type", [9, 104, 113, 203])
def test_frames_of_other_link_types_are_counted_as_unread(tmp_path: Path, link_type: int) -> None:
    found = written(tmp_path, pcap(session(), link_type=link_type))
    assert (found.frames, found.unread, found.flows) == (9, 9, ())


@pytest.mark.parametrize("tag", ["8864", "88a8"], ids=["PPPoE", "QinQ"])
def test_pppoe_and_double_tags_are_counted_as_unread(tmp_path: Path, tag: str) -> None:
    frames = [(at_s, frame[:12] + bytes.fromhex(tag) + frame[12:]) for at_s, frame in session()]
    found = written(tmp_path, pcap(frames))
    assert (found.unread, found.flows) == (9, ())


def test_one_vlan_tag_is_stepped_over(tmp_path: Path) -> None:
    tag = bytes.fromhex("81000007")
    frames = [(at_s, frame[:12] + tag + frame[12:]) for at_s, frame in session()]
    found = written(tmp_path, pcap(frames))
    assert (found.unread, len(found.flows)) == (0, 1)


def two_taps(near_s: float, far: list[Stamped], near: list[Stamped], ends_s: float) -> bytes:
    """``far`` and ``near`` taps of one path, ``near_s`` seconds apart."""
    recording = Recording()
    taps = [recording.add_interface(Interface(name=name, link_type=1)) for name in ("lan", "wan")]
    frames = [(at_s, taps[0], octets) for at_s, octets in far]
    frames += [(at_s + near_s, taps[1], octets) for at_s, octets in near]
    for at_s, tap, octets in sorted(frames):
        recording.frame(tap, round(at_s * NS_PER_S), octets)
    recording.ended_ns = round(ends_s * NS_PER_S)
    return pcapng.encode(recording)


def test_a_connection_seen_at_two_taps_is_one_flow(tmp_path: Path) -> None:
    """The second copy of a segment is no retransmission."""
    found = written(tmp_path, two_taps(0.03, session(), session(), 60))
    (flow,) = found.flows
    assert (flow.flow_class, flow.frames, flow.probes_unanswered) == (FlowClass.CLOSED, 9, 0)


def test_the_tap_that_saw_most_is_believed(tmp_path: Path) -> None:
    """The path breaks between the taps: behind the break nothing of the retries is seen."""
    seen = Tcp().opened().exchange(10)
    both = list(seen.frames)
    for after in (0, 0.5, 1.5, 3.5, 7.5):
        seen.from_server(20 + after, PSH | ACK, payload=b"x")
    (flow,) = written(tmp_path, two_taps(0.01, both, seen.frames, 300)).flows
    assert (flow.flow_class, flow.probes_unanswered) == (FlowClass.SILENT, 4)


def test_the_end_of_a_capture_is_what_its_statistics_say(tmp_path: Path) -> None:
    """Interface statistics (pcapng 4.6): the same frames, an hour more of listening."""
    frames = Tcp().opened().exchange(10).frames
    short = written(tmp_path, two_taps(0, frames, [], 11)).flows[0]
    long = written(tmp_path, two_taps(0, frames, [], 3600)).flows[0]
    assert (short.flow_class, long.flow_class) == (FlowClass.ALIVE, FlowClass.UNKNOWN)
    assert long.how is How.STILL_OPEN


def test_the_same_file_gives_the_same_report(tmp_path: Path) -> None:
    octets = pcap(session())
    assert report_json(written(tmp_path, octets)) == report_json(written(tmp_path, octets))


@pytest.mark.slow
def test_state_does_not_grow_with_frames(tmp_path: Path) -> None:
    """Sixty thousand frames of one flow: what is kept is that of a few."""
    import tracemalloc

    tcp = Tcp().opened()
    for turn in range(20_000):
        tcp.exchange(1.0 + turn)
    path = tmp_path / "long.cap"
    path.write_bytes(pcap(tcp.frames))
    del tcp
    check_file(path)
    tracemalloc.start()
    check_file(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A read-ahead buffer of 1 MiB and change; 60,000 records would take 20 MB.
    assert peak < 3 << 20
