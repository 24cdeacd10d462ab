"""What the forwarder and the emulated link decide about a frame."""

from __future__ import annotations

import pytest

from emu.errors import InputError
from emu.kernel.lab import Lab, Link
from emu.kernel.live.forwarder import Passing
from emu.kernel.path import Path, PathPlan, read_plan
from emu.kernel.trace import SERVER_IP, SERVER_MAC
from emu.pdu.ip_tcp import ACK, PSH, SYN, Segment
from emu.units import NS_PER_MS, NS_PER_S
from emu.wire.ip_tcp import TcpFlow

CLIENT_MAC, CLIENT_IP = bytes.fromhex("020000000002"), bytes((10, 77, 0, 2))
ARP = b"\xff" * 6 + SERVER_MAC + b"\x08\x06" + bytes(28)


def frame(*, from_server: bool, sequence: int, flags: int = ACK, payload: bytes = b"") -> bytes:
    macs, ips = (SERVER_MAC, CLIENT_MAC), (SERVER_IP, CLIENT_IP)
    flow = TcpFlow(
        source_mac=macs[not from_server],
        destination_mac=macs[from_server],
        source_ip=ips[not from_server],
        destination_ip=ips[from_server],
        source_port=5000 if from_server else 40000,
        destination_port=40000 if from_server else 5000,
        ttl=64,
    )
    return flow.encode(Segment(sequence, 1, flags, 1000, payload), 1)


def opened(plan: PathPlan) -> Path:
    path = Path(plan)
    assert path.passes(frame(from_server=False, sequence=0, flags=SYN), 0)
    assert path.passes(frame(from_server=True, sequence=0, flags=SYN | ACK), 0)
    assert path.passes(frame(from_server=True, sequence=1, flags=ACK | PSH, payload=b"hello"), 0)
    return path


def probe() -> bytes:
    return frame(from_server=True, sequence=5)


def test_the_second_probe_is_lost_and_no_other() -> None:
    path = opened(read_plan({"drop": [["server>", "keepalive", 2]]}))
    path.start(0)
    assert [path.passes(probe(), n) for n in range(4)] == [True, False, True, True]


def test_counting_begins_with_the_start() -> None:
    path = opened(read_plan({"drop": [["server>", "keepalive", 1]]}))
    assert path.passes(probe(), 1)
    path.start(2)
    assert not path.passes(probe(), 3)


def test_a_flap_loses_ip_both_ways_but_not_arp() -> None:
    path = opened(read_plan({"flaps": [[1, 2.5]]}))
    path.start(10 * NS_PER_S)
    inside, before, after = 11 * NS_PER_S, 11 * NS_PER_S - 1, 12 * NS_PER_S + NS_PER_S // 2
    assert path.passes(probe(), before)
    assert not path.passes(probe(), inside)
    assert not path.passes(frame(from_server=False, sequence=1), inside)
    assert path.passes(ARP, inside)
    assert path.passes(probe(), after)


def test_frames_come_out_at_the_other_side_after_the_latency() -> None:
    out: tuple[list[bytes], list[bytes]] = ([], [])
    passing = Passing(Path(read_plan({"latency_ms": 150})), (out[0].append, out[1].append))
    passing.arrived(0, b"to the client", 0)
    passing.arrived(1, b"to the server", 10)
    assert passing.serve(149 * NS_PER_MS) == NS_PER_MS
    assert out == ([], [])
    assert passing.serve(150 * NS_PER_MS) == 10
    assert passing.serve(150 * NS_PER_MS + 10) is None
    assert out == ([b"to the server"], [b"to the client"])


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(InputError, match="latency_ms, drop or flaps"):
        read_plan({"jitter_ms": 3})


def test_a_plan_without_anything_lets_all_pass_unread() -> None:
    assert Link().path.passes(b"not even a frame", 0)


def test_timers_of_one_instant_are_a_stack_and_go_before_frames() -> None:
    lab, said = Lab(), list[str]()
    lab.at(5, lambda: said.append("frame"))
    lab.timer(5, lambda: said.append("armed first"))
    lab.timer(5, lambda: said.append("armed last"))
    lab.run(5)
    assert said == ["armed last", "armed first", "frame"]
