"""Memory grows with live flows and not with the file; what was settled early is all there."""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from emu.check import Report, check_file
from emu.check.rules import RANK, FlowClass
from emu.pdu.ip_tcp import ACK, PSH
from tests.check.frames import Stamped, Tcp, pcap
from tests.check.test_reading import two_taps
from tests.check.test_tcp import given_up

#: Frames of one short connection, opened and closed within half a second.
FRAMES = 9
#: Three times the small file; ten times with EMU_SLOW=1, which takes 15 s.
MANY = 200_000 if os.environ.get("EMU_SLOW") == "1" else 60_000


def short_flows(count: int, *, first_s: float = 0.0) -> Iterator[Stamped]:
    """One connection after another, a second apart, each with a port of its own."""
    for turn in range(count):
        ip = bytes((10, 1 + turn // 50_000, turn // 250 % 250, 1 + turn % 250))
        at_s = first_s + turn
        tcp = Tcp(client_port=1025 + turn % 50_000, client_ip=ip)
        yield from tcp.opened(at_s).exchange(at_s + 0.01).close(at_s + 0.5).frames


def written(path: Path, frames: int) -> Path:
    path.write_bytes(pcap(short_flows(frames // FRAMES)))
    return path


def peak_octets(path: Path) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        report = check_file(path)
        assert sum(1 for _ in report.flows) == report.frames // FRAMES
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_many_times_the_frames_take_hardly_more_memory(tmp_path: Path) -> None:
    """Of a finished flow its place in the report remains, some 100 octets, and its host."""
    small = peak_octets(written(tmp_path / "small.pcap", 20_000))
    large = peak_octets(written(tmp_path / "large.pcap", MANY))
    assert large < 2 * small, f"{small} octets for 20,000 frames, {large} for {MANY}"


def mixed(folder: Path) -> Report:
    """A death, 1500 short flows, one that is alive at the end."""
    alive = Tcp(client_port=999).opened(1600).exchange(1601)
    frames = sorted([*given_up(5).frames, *short_flows(1500, first_s=30), *alive.frames])
    path = folder / "mixed.pcap"
    path.write_bytes(pcap(frames))
    return check_file(path)


def test_a_settled_flow_stands_where_it_belongs(tmp_path: Path) -> None:
    flows = mixed(tmp_path).flows
    assert not isinstance(flows, tuple), "some were settled before the end"
    assert len(flows) == 1502
    assert flows[0].flow_class is FlowClass.GAVE_UP
    assert flows[-1].flow_class is FlowClass.ALIVE
    order = [(RANK[flow.flow_class], flow.first_ns) for flow in flows]
    assert order == sorted(order)
    assert [flow.first_ns for flow in flows[1:4]] == [30 * 10**9, 31 * 10**9, 32 * 10**9]
    assert {flow.flow_class for flow in flows[1:-1]} == {FlowClass.CLOSED}


def test_a_settled_flow_reads_like_any_other(tmp_path: Path) -> None:
    """The same connection alone in its file, shifted in time and frame numbers."""
    early = mixed(tmp_path).flows[1]
    path = tmp_path / "alone.pcap"
    path.write_bytes(pcap(short_flows(1)))
    (alone,) = check_file(path).flows
    assert early.sentence == alone.sentence.replace("0.5 s", "30.5 s")
    assert early.frames == alone.frames == FRAMES
    assert early.last_ns - early.first_ns == alone.last_ns - alone.first_ns


def test_ports_used_again_after_settling_are_another_flow(tmp_path: Path) -> None:
    """Without a SYN even: what is late is gone after twice the life of a segment."""
    again = Tcp(client_ip=bytes((10, 1, 0, 1)))
    again.from_client(1500, PSH, payload=b"late")
    path = tmp_path / "again.pcap"
    path.write_bytes(pcap([*short_flows(1400), *again.frames]))
    flows = check_file(path).flows
    assert len(flows) == 1401
    (late,) = [flow for flow in flows if flow.flow_class is not FlowClass.CLOSED]
    assert (late.frames, late.flow_class) == (1, FlowClass.UNKNOWN)


def test_a_flow_seen_at_two_taps_is_settled_once(tmp_path: Path) -> None:
    """The far tap sees 1300 connections, the near one every second of them."""
    far = list(short_flows(1300))
    near = [each for at, each in enumerate(far) if at // FRAMES % 2]
    path = tmp_path / "taps.pcapng"
    path.write_bytes(two_taps(0.03, far, near, 1400))
    flows = check_file(path).flows
    assert not isinstance(flows, tuple)
    assert len(flows) == 1300
    assert {(flow.flow_class, flow.frames) for flow in flows} == {(FlowClass.CLOSED, FRAMES)}


def test_a_reset_connection_is_kept_until_its_other_end_knows(tmp_path: Path) -> None:
    """Reset at 1 s, 1300 short flows, and at 1400 s the other end still talks: half-open."""
    tcp = Tcp(client_port=999).opened().server_reset(1)
    tcp.from_client(1400, PSH | ACK, payload=b"hello?")
    path = tmp_path / "kept.pcap"
    path.write_bytes(pcap(sorted([*tcp.frames, *short_flows(1300, first_s=2)])))
    flows = check_file(path).flows
    assert len(flows) == 1301
    assert flows[0].flow_class is FlowClass.HALF_OPEN
