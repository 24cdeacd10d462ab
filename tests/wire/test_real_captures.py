"""Frames that others recorded: every one is rebuilt, and some say what we know they say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from emu.errors import PeerProtocolError
from emu.pdu.arp import Arp
from emu.pdu.ethernet import EthernetFrame, EthernetII
from emu.pdu.ip_tcp import Ipv4Datagram, TcpSegment
from emu.pdu.ipx import IpxDatagram
from emu.pdu.rip_sap import Rip, RipEntry, Sap
from emu.wire.frame import describe, dissect, rebuild, summary
from emu.wire.ip_tcp import decode_tcp_frame
from emu.wire.scapy_layers import EthernetLayer
from tests.wire.outside import ethernet_frames

#: VLAN tags and PPPoE are none of ours: such frames stay octets behind the Ethernet header.
TAGGED = (0x8100, 0x88A8, 0x8863, 0x8864)


def capture(paths: list[str], number: str) -> str:
    (found,) = (path for path in paths if Path(path).name.startswith(number))
    return found


def is_tagged(layers: tuple[object, ...]) -> bool:
    frame = layers[0]
    return (
        isinstance(frame, EthernetFrame)
        and isinstance(frame.framing, EthernetII)
        and frame.framing.ethertype in TAGGED
    )


@pytest.mark.slow
def test_every_real_frame_is_rebuilt(real_captures: list[str]) -> None:
    """Checksums right or wrong, cut or whole, padded with anything: octet for octet."""
    counted: Counter[type] = Counter()
    for path in real_captures:
        for number, octets in enumerate(ethernet_frames(path), start=1):
            layers = dissect(octets)
            assert rebuild(layers) == octets, f"{path}: frame {number}"
            if not is_tagged(layers):
                counted.update(type(layer) for layer in layers)
    assert counted[EthernetFrame] > 20_000
    assert counted[TcpSegment] > 4_000
    assert counted[IpxDatagram] == 119  # 18 + 21 + 16 + 64, captures 02, 22, 23, 24
    assert (counted[Sap], counted[Rip]) == (27, 10)  # facts/ipx.md 6, T1
    assert counted[Arp] > 10


@pytest.mark.slow
def test_every_real_frame_can_be_put_in_words(real_captures: list[str]) -> None:
    for path in real_captures:
        for octets in ethernet_frames(path):
            assert len(describe(octets)) == len(dissect(octets))
            assert summary(octets).isprintable()


@pytest.mark.slow
def test_real_frames_are_rebuilt_by_the_scapy_layers(real_captures: list[str]) -> None:
    """A sample: the layers take a third of a millisecond a frame."""
    for path in real_captures:
        for octets in list(ethernet_frames(path))[:40]:
            packet = EthernetLayer(octets)
            assert bytes(packet) == octets or len(octets) < 60, path


@pytest.mark.slow
def test_the_fast_decoder_agrees_with_the_slow_one(real_captures: list[str]) -> None:
    """Or refuses, when a checksum is wrong or the header has options."""
    agreed = refused = 0
    for path in real_captures:
        for octets in ethernet_frames(path):
            layers = dissect(octets)
            if len(layers) < 3 or not isinstance(slow := layers[2], TcpSegment):
                continue
            try:
                key, fast = decode_tcp_frame(octets)
            except PeerProtocolError:
                refused += 1
                continue
            agreed += 1
            ports = (int.from_bytes(key[8:10], "big"), int.from_bytes(key[10:], "big"))
            assert ports == (slow.source_port, slow.destination_port)
            assert (fast.sequence, fast.acknowledgement, fast.flags, fast.payload) == (
                slow.sequence,
                slow.acknowledgement,
                slow.flags,
                slow.payload,
            )
    assert agreed > 2_000, f"{agreed} agreed, {refused} refused"


def test_a_real_rip_response(real_captures: list[str]) -> None:
    """Capture 24, frame 5: a server's internal network, read with tshark."""
    octets = list(ethernet_frames(capture(real_captures, "24-")))[4]
    rip = dissect(octets)[-1]
    assert rip == Rip(operation=2, entries=(RipEntry(network=0xA8F87967, hops=1, ticks=2),))


def test_real_tcp_keepalives(real_captures: list[str]) -> None:
    """INDEX.md, 01: 157 probes of one octet from 10.30.3.210:8888, the last 10 unanswered."""
    probes = 0
    for octets in ethernet_frames(capture(real_captures, "01-")):
        _, datagram, segment, *_ = dissect(octets)
        assert isinstance(datagram, Ipv4Datagram)
        assert isinstance(segment, TcpSegment)
        probes += segment.source_port == 8888 and len(segment.payload) == 1
    assert probes == 157
