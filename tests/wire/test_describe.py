"""Frames in the words of the field."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.pdu.ethernet import EthernetFrame, EthernetII, Llc, Snap
from emu.pdu.ip_tcp import ACK, PSH, SYN, Ipv4Datagram, Segment, TcpSegment
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.pdu.ncp import NcpReply, NcpRequest, NcpType, Watchdog
from emu.pdu.rip_sap import Rip, RipEntry, Sap, UpdateHeader
from emu.wire import ethernet
from emu.wire.arp import encode_arp
from emu.wire.describe import describe_layers
from emu.wire.frame import describe, dissect, rebuild, summary
from emu.wire.ipx import ipx_frame
from emu.wire.ncp import encode_login, encode_ncp
from emu.wire.rip_sap import encode_rip, encode_sap
from tests.wire.test_arp import ARP
from tests.wire.test_frame import FLOW, MACS, in_frame
from tests.wire.test_rip_sap import SERVER
from tests.wire.vectors import FRAMES

CLIENT = IpxAddress(network=0x0A, node=MACS["source"], socket=0x4003)
NCP_SERVER = IpxAddress(network=0xDEADBEEF, node=b"\0\0\0\0\0\x01", socket=0x0451)


def from_client(packet_type: int, payload: bytes, *, hops: int = 0) -> bytes:
    datagram = IpxDatagram(
        destination=NCP_SERVER,
        source=CLIENT,
        packet_type=packet_type,
        payload=payload,
        transport_control=hops,
    )
    return ipx_frame(datagram, framing=ethernet.LLC_IPX, **MACS)


def ncp_line(pdu: NcpRequest | NcpReply | Watchdog) -> str:
    return describe(from_client(17, encode_ncp(pdu)))[-1]


def test_a_watchdog_poll() -> None:
    assert describe(FRAMES["llc"]) == [
        (
            "802.3 length 35, 802.2 E0 E0 (NetWare) control 03 (U), "
            "00:a0:c9:44:55:66 -> 00:a0:c9:11:22:33, trailer 11"
        ),
        "IPX DEADBEEF:000000000001:4001 -> 0000000A:00A0C9112233:4004, type 17 (NCP), length 32",
        "NCP watchdog poll '?', connection 5",
    ]
    assert summary(FRAMES["llc"]) == (
        "DEADBEEF:000000000001:4001 -> 0000000A:00A0C9112233:4004 "
        "NCP watchdog poll '?', connection 5"
    )


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("ethernet-ii", "Ethernet II type 8137 (IPX), "),
        ("raw", "802.3 raw length 32, "),
        ("snap", "802.3 length 40, 802.2 SNAP 000000 type 8137 (IPX), "),
    ],
)
def test_the_other_framings(name: str, start: str) -> None:
    assert describe(FRAMES[name])[0].startswith(start)


def test_tcp() -> None:
    frame = FLOW.encode(Segment(123, 456, ACK, 8760), 7)
    assert describe(frame) == [
        "Ethernet II type 0800 (IPv4), 00:a0:c9:11:22:33 -> 00:a0:c9:44:55:66, trailer 6",
        "IPv4 10.0.0.1 -> 10.0.0.2 TCP, TTL 128, id 7, length 40",
        "TCP 1044 -> 1494 [ACK] seq 123 ack 456 win 8760 len 0",
    ]
    assert summary(frame) == (
        "10.0.0.1:1044 -> 10.0.0.2:1494 TCP [ACK] seq 123 ack 456 win 8760 len 0"
    )


def test_terminal_lines_are_quoted() -> None:
    frame = FLOW.encode(Segment(1, 2, PSH | ACK, 3, b'KEY "a\\b"\r\n'), 7)
    assert describe(frame)[-1] == r'text "KEY \"a\\b\"\r\n"'
    assert summary(frame).endswith(r'len 11 "KEY \"a\\b\"\r\n"')


@pytest.mark.parametrize("payload", [b"\x7f\x7fICA\0", b"\xff\xfe", b"\x1b[2J"])
def test_octets_that_are_no_text_are_not_quoted(payload: bytes) -> None:
    """The first is how a real ICA session starts (real-captures 29)."""
    frame = FLOW.encode(Segment(1, 2, PSH | ACK, 3, payload), 7)
    assert describe(frame)[-1] == f"data, {len(payload)} octets: {payload.hex(' ')}"


def test_flags_are_named() -> None:
    assert "[SYN, ACK]" in summary(FLOW.encode(Segment(1, 2, SYN | ACK, 3), 7))
    assert "[no flags]" in summary(FLOW.encode(Segment(1, 2, 0, 3), 7))
    assert "[URG, ECE, CWR]" in summary(FLOW.encode(Segment(1, 2, 0xE0, 3), 7))


def test_wrong_checksums_are_said() -> None:
    frame, datagram, segment = dissect(FLOW.encode(Segment(1, 2, ACK, 3), 7))
    assert isinstance(datagram, Ipv4Datagram)
    assert isinstance(segment, TcpSegment)
    octets = rebuild((frame, replace(datagram, checksum=1), replace(segment, checksum=2)))
    assert describe(octets)[1].endswith("length 40, header checksum wrong")
    assert describe(octets)[2].endswith("len 0, checksum wrong")


def test_what_cannot_be_judged_is_said() -> None:
    """Cut short, length left to the adapter, a fragment."""
    whole = FLOW.encode(Segment(1, 2, ACK, 3, bytes(40)), 7)
    assert describe(whole[:60])[2].endswith("len 6, cut short by the capture")
    frame, datagram, segment, data = dissect(whole)
    assert isinstance(datagram, Ipv4Datagram)
    left = replace(datagram, total_length=0)
    assert describe(rebuild((frame, left, segment, data)))[2].endswith("left to the adapter")
    fragment = replace(datagram, flags_fragment=0x2000, checksum=None)
    lines = describe(rebuild((frame, fragment, segment, data)))
    assert lines[1].endswith("length 80, fragment")
    assert lines[2].endswith("len 40")


def test_arp() -> None:
    arp = EthernetII(ethertype=0x0806)
    asked = in_frame(arp, encode_arp(ARP))
    assert describe(asked)[1] == "ARP who has 10.0.0.2? tell 10.0.0.1"
    assert summary(asked) == (
        "00:a0:c9:11:22:33 -> 00:a0:c9:44:55:66 ARP who has 10.0.0.2? tell 10.0.0.1"
    )
    told = in_frame(arp, encode_arp(replace(ARP, operation=2)))
    assert describe(told)[1] == "ARP 10.0.0.1 is at 00:a0:c9:11:22:33"


@pytest.mark.parametrize(
    ("pdu", "line"),
    [
        (
            NcpRequest(kind=NcpType.CREATE, sequence=0, connection=0xFFFF, task=0, function=None),
            "NCP create connection, sequence 0, connection none yet, task 0",
        ),
        (
            NcpRequest(kind=NcpType.REQUEST, sequence=1, connection=5, task=1, function=0x14),
            "NCP request date and time (14h), sequence 1, connection 5, task 1",
        ),
        (
            NcpRequest(
                kind=NcpType.REQUEST,
                sequence=1,
                connection=5,
                task=1,
                function=0x17,
                data=encode_login("SMITH"),
            ),
            "NCP request login of 'SMITH' (17h 14h), sequence 1, connection 5, task 1",
        ),
        (
            NcpRequest(
                kind=NcpType.REQUEST, sequence=1, connection=5, task=1, function=0x17, data=b"x"
            ),
            "NCP request function 17h and 1 octets, sequence 1, connection 5, task 1",
        ),
        (
            NcpReply(kind=NcpType.REPLY, sequence=1, connection=5, task=1, completion=0, status=1),
            "NCP reply, sequence 1, connection 5, task 1, completion 00, status 01",
        ),
        (
            NcpReply(kind=NcpType.BUSY, sequence=1, connection=5, task=1, completion=0, status=0),
            (
                "NCP request being processed, sequence 1, connection 5, task 1, "
                "completion 00, status 00"
            ),
        ),
        (Watchdog(connection_low=5, mark=0x59), "NCP watchdog answer 'Y', connection 5"),
        (Watchdog(connection_low=5, mark=0), "NCP watchdog mark 00h, connection 5"),
    ],
)
def test_ncp(pdu: NcpRequest | NcpReply | Watchdog, line: str) -> None:
    assert ncp_line(pdu) == line


def test_sap_and_rip() -> None:
    def line(socket: int, payload: bytes) -> str:
        to = replace(NCP_SERVER, socket=socket)
        datagram = IpxDatagram(destination=to, source=CLIENT, packet_type=0, payload=payload)
        return describe(ipx_frame(datagram, framing=ethernet.RAW_IPX, **MACS))[-1]

    assert line(0x452, encode_sap(Sap(operation=3, service=4))) == (
        "SAP nearest query, service 0004 (file server)"
    )
    assert line(0x452, encode_sap(Sap(operation=4, entries=(SERVER,)))) == (
        "SAP nearest response, 'FS1' service 0004 (file server) at "
        "DEADBEEF:000000000001:0451, hops 1"
    )
    ask = Rip(operation=1, entries=(RipEntry(network=0xFFFFFFFF, hops=0xFFFF, ticks=0xFFFF),))
    assert line(0x453, encode_rip(ask)) == "RIP request, all networks"
    route = Rip(operation=2, entries=(RipEntry(network=0xA8F87967, hops=1, ticks=2),))
    assert line(0x453, encode_rip(route)) == "RIP response, network A8F87967 hops 1 ticks 2"
    assert line(0x453, encode_rip(Rip(operation=2, entries=()))) == "RIP response, no entries"
    # RFC 1582 5, 6: the words of its packet types.
    first = UpdateHeader(sequence=7, fragment=1, fragments=2)
    route = RipEntry(network=0xA8F87967, hops=16, ticks=2)
    assert line(0x453, encode_rip(Rip(operation=6))) == "RIP triggered request"
    assert line(0x453, encode_rip(Rip(operation=7, update=first, entries=(route,)))) == (
        "RIP triggered response 7 fragment 1 of 2, network A8F87967 hops 16 ticks 2"
    )
    assert line(0x452, encode_sap(Sap(operation=7, update=first))) == (
        "SAP triggered response 7 fragment 1 of 2, no entries"
    )
    heard = UpdateHeader(sequence=7, fragment=1, fragments=0)
    assert line(0x452, encode_sap(Sap(operation=8, update=heard))) == (
        "SAP triggered acknowledgement 7 fragment 1"
    )


def test_ipx_without_data_and_with_hops() -> None:
    octets = from_client(0, b"", hops=3)
    assert describe(octets)[1].endswith("type 0 (unknown), length 30, hops 3")
    assert summary(octets).endswith("0451 IPX without data")
    assert describe(from_client(99, b"x"))[1].endswith("type 99 (not assigned), length 31")


def test_frames_of_other_protocols() -> None:
    sabm = in_frame(Llc(dsap=0xF0, ssap=0xF0, control=b"\x2f"), b"x")
    assert "802.3 length 4, 802.2 F0 F0 (NetBIOS) control 2F (U), data, 1 octet" in summary(sabm)
    tree = in_frame(Llc(dsap=0x42, ssap=0x43, control=b"\x01\x03"), b"")
    assert "802.2 42 43 (spanning tree) control 01 03 (I/S)" in summary(tree)
    cdp = in_frame(Snap(oui=b"\0\0\x0c", protocol=0x2000), bytes(20))
    assert summary(cdp) == (
        "00:a0:c9:11:22:33 -> 00:a0:c9:44:55:66 802.3 length 28, 802.2 SNAP 00000C type 2000, "
        "data, 20 octets: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ..."
    )
    assert summary(FRAMES["udp-watchdog"]) == (
        "IPv4 10.92.10.54 -> 10.92.251.17 UDP, TTL 127, id 18776, length 42"
    )


def test_less_than_a_frame() -> None:
    assert summary(b"") == "data, 0 octets"
    assert summary(b"x") == "data, 1 octet: 78"
    assert describe_layers(()) == []


def test_something_that_is_no_layer_is_a_bug() -> None:
    with pytest.raises(TypeError, match="no words"):
        describe_layers(("text",))


def test_a_frame_is_not_described_by_its_decoder_alone() -> None:
    """A frame decoded by ``decode_ethernet`` keeps its padding in the body; words still fit."""
    frame = ethernet.decode_ethernet(FRAMES["ethernet-ii"])
    assert isinstance(frame, EthernetFrame)
    assert describe_layers((frame,))[0].startswith("Ethernet II type 8137")
