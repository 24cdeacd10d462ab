"""Links: serialisation, propagation, queueing, loss by seed, the tap's point of view."""

from __future__ import annotations

from random import Random

from emu.capture.recording import LINKTYPE_ETHERNET, Interface, Recording
from emu.net.link import Lan, Nic, bytes_on_wire
from emu.net.timeline import Timeline

SERVER, WS1, WS2 = (b"\x02\0\0\0\0" + bytes([number]) for number in (1, 2, 3))


class Segment:
    """A LAN with three ports, the tap at the server's, and what everybody heard."""

    def __init__(self, *, loss: float = 0.0, seed: str = "seed") -> None:
        self.timeline = Timeline()
        self.recording = Recording()
        interface = self.recording.add_interface(Interface(name="lan", link_type=LINKTYPE_ETHERNET))
        self.lan = Lan(
            "lan",
            self.timeline,
            bits_per_second=10_000_000,
            propagation_ns=5_000,
            loss=loss,
            dice=Random(seed),
            recording=self.recording,
            interface=interface,
        )
        self.heard: list[tuple[str, int, bytes, int]] = []
        self.ports = {mac: self._port(name, mac) for name, mac in NAMES.items()}
        self.lan.tap(self.ports[SERVER])

    def _port(self, name: str, mac: bytes) -> Nic:
        nic = Nic(name, mac, self.lan)
        nic.heard = lambda octets, number, now: self.heard.append((name, now, octets, number))
        return nic

    def run(self) -> None:
        self.timeline.advance(1 << 50, 1 << 30)


NAMES = {"server": SERVER, "ws1": WS1, "ws2": WS2}


def frame(to: bytes, source: bytes, octets: int = 60) -> bytes:
    return (to + source).ljust(octets, b"\0")


def test_a_minimum_frame_takes_57_6_us_and_the_propagation() -> None:
    """(60 + 4 FCS + 8 preamble) x 8 bits at 10 Mbit/s is 57.6 us, and 5 us of cable."""
    segment = Segment()
    segment.lan.offer(segment.ports[WS1], frame(SERVER, WS1), 0)
    segment.run()
    assert [(name, now) for name, now, _, _ in segment.heard] == [("server", 62_600)]


def test_two_frames_offered_at_once_queue_behind_each_other() -> None:
    """The second starts when the first and the gap of 12 octets (9.6 us) are over."""
    segment = Segment()
    for _ in range(2):
        segment.lan.offer(segment.ports[WS1], frame(SERVER, WS1), 0)
    segment.run()
    assert [now for _, now, _, _ in segment.heard] == [62_600, 62_600 + 67_200]


def test_directions_do_not_queue_behind_each_other() -> None:
    segment = Segment()
    segment.lan.offer(segment.ports[WS1], frame(SERVER, WS1), 0)
    segment.lan.offer(segment.ports[SERVER], frame(WS1, SERVER), 0)
    segment.run()
    assert {now for _, now, _, _ in segment.heard} == {62_600}


def test_the_tap_stamps_the_servers_frames_when_sent_and_others_when_arrived() -> None:
    segment = Segment()
    assert segment.lan.offer(segment.ports[SERVER], frame(WS1, SERVER), 1_000) == 1
    assert segment.lan.offer(segment.ports[WS1], frame(SERVER, WS1), 2_000) == 0
    segment.run()
    assert [(at, octets[6:12]) for _, at, octets in segment.recording.frames] == [
        (1_000, SERVER),
        (2_000 + 62_600, WS1),
    ]
    assert [(name, number) for name, _, _, number in segment.heard] == [("ws1", 1), ("server", 2)]


def test_a_broadcast_reaches_everybody_but_its_sender_and_is_recorded_once() -> None:
    segment = Segment()
    segment.lan.offer(segment.ports[WS1], frame(b"\xff" * 6, WS1), 0)
    segment.run()
    assert sorted(name for name, _, _, _ in segment.heard) == ["server", "ws2"]
    assert len(segment.recording) == 1


def test_traffic_between_others_does_not_pass_the_tap() -> None:
    segment = Segment()
    segment.lan.offer(segment.ports[WS1], frame(WS2, WS1), 0)
    segment.run()
    assert [name for name, _, _, _ in segment.heard] == ["ws2"]
    assert len(segment.recording) == 0


def test_a_dead_ports_frames_are_lost_but_the_tap_saw_them() -> None:
    segment = Segment()
    segment.ports[SERVER].lose_power()
    segment.ports[WS1].lose_power()
    segment.lan.offer(segment.ports[WS2], frame(SERVER, WS2), 0)
    segment.lan.offer(segment.ports[SERVER], frame(WS1, SERVER), 0)
    segment.run()
    assert segment.heard == []
    assert len(segment.recording) == 2


def test_an_unknown_address_is_heard_by_nobody() -> None:
    segment = Segment()
    segment.lan.offer(segment.ports[SERVER], frame(b"\x02\0\0\0\0\x77", SERVER), 0)
    segment.run()
    assert segment.heard == []


def _lost(seed: str) -> list[int]:
    segment = Segment(loss=0.3, seed=seed)
    for number in range(200):
        octets = frame(WS1, SERVER)[:-1] + bytes([number])
        segment.lan.offer(segment.ports[SERVER], octets, number * 1_000_000)
    segment.run()
    got = {octets[-1] for _, _, octets, _ in segment.heard}
    assert len(segment.recording) == 200, "a frame is lost behind the sender's port"
    return [number for number in range(200) if number not in got]


def test_loss_is_the_seeds_doing() -> None:
    """Around 60 of 200 (binomial, three sigma either way), the same ones for the same seed."""
    assert _lost("a") == _lost("a") != _lost("b")
    assert 40 < len(_lost("a")) < 80


def test_no_loss_loses_nothing_and_rolls_no_dice() -> None:
    segment = Segment()
    segment.lan._dice = None  # type: ignore[assignment]
    segment.lan.offer(segment.ports[SERVER], frame(WS1, SERVER), 0)
    segment.run()
    assert len(segment.heard) == 1


def test_bytes_on_wire_are_padded_and_carry_the_fcs() -> None:
    """product.md: a minimum Ethernet frame is 64."""
    assert [bytes_on_wire(octets) for octets in (42, 60, 61, 1514)] == [64, 64, 65, 1518]


def test_the_link_counts_what_it_carried() -> None:
    segment = Segment()
    segment.lan.offer(segment.ports[SERVER], frame(WS1, SERVER, 100), 0)
    segment.lan.offer(segment.ports[WS1], frame(SERVER, WS1), 0)
    assert (segment.lan.frames, segment.lan.bytes_on_wire) == (2, 104 + 64)


def test_a_lan_makes_no_calls() -> None:
    assert Segment().lan.calls_ns == ()
