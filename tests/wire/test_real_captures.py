"""Frames that others recorded: every one is rebuilt, and some say what we know they say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from emu.errors import PeerProtocolError
from emu.pdu.arp import Arp
from emu.pdu.ethernet import EthernetFrame, EthernetII
from emu.pdu.ip_tcp import Ipv4Datagram, TcpSegment
from emu.pdu.ipx import IpxDatagram
from emu.pdu.llc2 import (
    Information,
    Supervisory,
    SupervisoryKind,
    Unnumbered,
    UnnumberedKind,
)
from emu.pdu.nbf import NameFrame, NbfCommand, SessionFrame
from emu.pdu.nbipx import CONNECTION_NONE, SETUP_LIMITS, NbipxDatagram, NbipxName, NbipxSession
from emu.pdu.nmpi import Nmpi
from emu.pdu.rip_sap import Rip, RipEntry, Sap
from emu.wire.frame import describe, dissect, rebuild, summary
from emu.wire.ip_tcp import decode_tcp_frame
from emu.wire.llc2 import carries_netbios
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
    assert counted[SessionFrame] + counted[NameFrame] == 130  # 106 + 24, captures 02 and 21
    assert (counted[NbipxName], counted[NbipxDatagram], counted[NbipxSession]) == (43, 3, 15)
    assert counted[Nmpi] == 8  # 5 + 3, facts/ipx.md 6, T3 and T1


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


#: facts/netbeui.md 6 (S4) for capture 02; INDEX.md and tshark 4.0.17 for 21.
NETBEUI_KINDS: dict[str, dict[str, int]] = {
    "02-": {
        "ADD_GROUP_NAME_QUERY": 11, "ADD_NAME_QUERY": 15, "DATAGRAM": 15, "NAME_QUERY": 1,
        "NAME_RECOGNIZED": 1, "DATA_ACK": 10, "DATA_ONLY_LAST": 48, "SESSION_CONFIRM": 1,
        "SESSION_END": 1, "SESSION_INITIALIZE": 1, "SESSION_ALIVE": 2,
        "SABME": 1, "DISC": 1, "UA": 2, "RR": 30,
    },
    "21-": {
        "ADD_GROUP_NAME_QUERY": 6, "ADD_NAME_QUERY": 10, "ADD_NAME_RESPONSE": 1, "NAME_QUERY": 1,
        "NAME_RECOGNIZED": 1, "DATA_ONLY_LAST": 2, "SESSION_CONFIRM": 1, "SESSION_END": 1,
        "SESSION_INITIALIZE": 1, "SABME": 1, "DISC": 1, "UA": 2, "RR": 8,
    },
}  # fmt: skip


@pytest.mark.parametrize("number", NETBEUI_KINDS)
def test_every_real_netbeui_frame_is_known(number: str, real_captures: list[str]) -> None:
    """Counted by the command of NBF, or by the kind of an LLC frame without NBF."""
    counted: Counter[str] = Counter()
    for octets in ethernet_frames(capture(real_captures, number)):
        frame, *layers = dissect(octets)
        assert isinstance(frame, EthernetFrame)
        if not carries_netbios(frame.framing):
            continue
        assert not any(isinstance(layer, bytes) for layer in layers)
        link, *above = layers
        assert isinstance(link, Unnumbered | Supervisory | Information)
        named = above[0] if above else link
        assert isinstance(named, NameFrame | SessionFrame | Unnumbered | Supervisory)
        counted[named.kind.name] += 1
    assert counted == NETBEUI_KINDS[number]


def test_a_real_session_is_set_up(real_captures: list[str]) -> None:
    """Capture 02, frames 66 to 74: facts/netbeui.md 2.1."""
    octets = list(ethernet_frames(capture(real_captures, "02-")))[65:74]
    query, answer, sabme, ua, poll, final, begin, confirm, done = (dissect(o)[1:] for o in octets)
    assert isinstance(query[1], NameFrame)
    assert (query[1].session, query[1].response_correlator) == (3, 3)
    assert isinstance(answer[1], NameFrame)
    assert (answer[1].data1, answer[1].session) == (0x17, 0x15)
    assert (answer[1].transmit_correlator, answer[1].response_correlator) == (3, 0x15)
    assert (sabme, ua) == (
        (Unnumbered(kind=UnnumberedKind.SABME, poll_final=True, response=False),),
        (Unnumbered(kind=UnnumberedKind.UA, poll_final=True, response=True),),
    )
    ready = Supervisory(kind=SupervisoryKind.RR, nr=0, poll_final=True, response=False)
    assert (poll, final) == ((ready,), (replace(ready, response=True),))
    assert done == (replace(ready, nr=1, response=True),)
    assert begin[1] == SessionFrame(
        kind=NbfCommand.SESSION_INITIALIZE, destination=0x15, source=3, data1=0x8F, data2=1482,
        transmit_correlator=0x15, response_correlator=3,
    )  # fmt: skip
    assert confirm[1] == SessionFrame(
        kind=NbfCommand.SESSION_CONFIRM, destination=3, source=0x15, data1=0x81, data2=1468,
        transmit_correlator=3, response_correlator=0x15,
    )  # fmt: skip
    assert isinstance(confirm[0], Information)
    assert (confirm[0].ns, confirm[0].nr, confirm[0].poll) == (0, 1, True)


#: Control, kind, receive sequence, octets of data: the session packets of facts/ipx.md 1.9.
NBIPX_SESSIONS: dict[str, list[tuple[int, str, int, int]]] = {
    "22-": [
        (0x40, "DATA", 0, 38), (0x80, "DATA", 1, 38), (0x40, "DATA", 1, 31), (0x80, "DATA", 0, 0),
        (0x88, "DATA", 0, 0), (0x40, "DATA", 1, 31), (0x80, "DATA", 1, 0), (0x40, "END", 1, 0),
        (0x40, "END_ACK", 1, 0),
    ],
    "23-": [
        (0x40, "DATA", 0, 38), (0x80, "DATA", 1, 38), (0x40, "DATA", 1, 31), (0x80, "DATA", 1, 0),
        (0x40, "END", 1, 0), (0x40, "END_ACK", 1, 0),
    ],
}  # fmt: skip


@pytest.mark.parametrize("number", NBIPX_SESSIONS)
def test_a_real_nbipx_session(number: str, real_captures: list[str]) -> None:
    """Set-up with the 38 octets behind a length of 0, data, a resend in 22, the end."""
    seen: list[NbipxSession] = []
    for octets in ethernet_frames(capture(real_captures, number)):
        _, _datagram, pdu = dissect(octets)
        assert isinstance(pdu, NbipxName | NbipxSession)
        if isinstance(pdu, NbipxSession):
            seen.append(pdu)
    told = [(pdu.control, pdu.kind.name, pdu.receive_sequence, len(pdu.data)) for pdu in seen]
    assert told == NBIPX_SESSIONS[number]
    request, reply = seen[:2]
    assert request.destination_id == CONNECTION_NONE
    assert (request.data_length, reply.data_length) == (38, 0)
    assert request.data == reply.data
    assert request.data.endswith(SETUP_LIMITS)
    assert all(pdu.bytes_received == 0 for pdu in seen)


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
