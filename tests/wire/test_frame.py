"""Whole frames: taken apart, put together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.pdu.arp import Arp
from emu.pdu.ethernet import EthernetFrame, EthernetII, Framing, Snap
from emu.pdu.ip_tcp import ACK, PSH, Ipv4Datagram, Segment, TcpSegment
from emu.pdu.ipx import IpxDatagram
from emu.pdu.ncp import NcpRequest, Watchdog
from emu.pdu.rip_sap import Rip, Sap
from emu.wire import ethernet
from emu.wire.arp import encode_arp
from emu.wire.frame import describe, dissect, rebuild, summary
from emu.wire.ip_tcp import TcpFlow, encode_ipv4, encode_tcp
from emu.wire.ipx import decode_ipx, encode_ipx, ipx_frame
from emu.wire.ncp import encode_ncp
from emu.wire.rip_sap import encode_rip, encode_sap
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.test_arp import ARP
from tests.wire.test_tcp_flow import ENDS
from tests.wire.vectors import FRAMES, IPX

MACS = {"destination": ENDS["destination_mac"], "source": ENDS["source_mac"]}
FLOW = TcpFlow(**ENDS)


def in_frame(framing: Framing, body: bytes) -> bytes:
    return ethernet.encode_ethernet(EthernetFrame(**MACS, framing=framing, body=body))


def in_ipx(octets: bytes) -> bytes:
    return ipx_frame(decode_ipx(octets), framing=ethernet.LLC_IPX, **MACS)


def kinds(octets: bytes) -> list[type]:
    return [type(layer) for layer in dissect(octets)]


@pytest.mark.parametrize("name", ["ethernet-ii", "raw", "llc", "snap"])
def test_a_watchdog_is_found_in_all_four_framings(name: str) -> None:
    frame, datagram, watchdog = dissect(FRAMES[name])
    assert isinstance(frame, EthernetFrame)
    assert isinstance(datagram, IpxDatagram)
    assert watchdog == Watchdog(connection_low=5, mark=0x3F)
    assert frame.body == IPX["watchdog-poll"]
    assert frame.trailer == bytes(60 - len(frame.body) - (14, 14, 17, 22)[_at(name)])


def _at(name: str) -> int:
    return ("ethernet-ii", "raw", "llc", "snap").index(name)


def test_a_protocol_not_spoken_stays_octets() -> None:
    """SPX, NBIPX and serialization datagrams of the facts."""
    for name in ("spx-watchdog", "nbipx-probe", "serialization"):
        *outer, inner = dissect(in_ipx(IPX[name]))
        assert [type(layer) for layer in outer] == [EthernetFrame, IpxDatagram]
        assert inner == IPX[name][30:]


def test_a_real_udp_datagram_is_read_as_far_as_ipv4() -> None:
    """Its sender padded with 37: 14 + 42 + 4 = 60."""
    frame, datagram, rest = dissect(FRAMES["udp-watchdog"])
    assert isinstance(frame, EthernetFrame)
    assert isinstance(datagram, Ipv4Datagram)
    assert frame.trailer == b"\x37\x37\x37\x37"
    assert rest == datagram.payload


def test_tcp_payload_is_the_last_layer() -> None:
    frame = FLOW.encode(Segment(1, 2, PSH | ACK, 3, b"LOGOFF\r\n"), 4)
    assert kinds(frame) == [EthernetFrame, Ipv4Datagram, TcpSegment, bytes]
    assert dissect(frame)[-1] == b"LOGOFF\r\n"


def test_a_bare_segment_has_no_layer_above() -> None:
    assert kinds(FLOW.encode(Segment(1, 2, ACK, 3), 4)) == [
        EthernetFrame,
        Ipv4Datagram,
        TcpSegment,
    ]


def test_ip_and_arp_are_found_behind_snap() -> None:
    """RFC 1042; another organisation's type 0800 is none of ours."""
    arp = encode_arp(ARP)
    assert kinds(in_frame(Snap(oui=b"\0\0\0", protocol=0x0806), arp)) == [EthernetFrame, Arp]
    assert kinds(in_frame(Snap(oui=b"\0\0\x0c", protocol=0x0806), arp)) == [EthernetFrame, bytes]


def test_a_later_fragment_has_no_tcp_header() -> None:
    """Even when its octets would pass for one."""
    later = Ipv4Datagram(
        source=bytes(4),
        destination=bytes(4),
        protocol=6,
        identification=1,
        ttl=1,
        flags_fragment=1,
        payload=bytes(12) + b"\x50" + bytes(27),
    )
    octets = in_frame(EthernetII(ethertype=0x0800), encode_ipv4(later))
    assert kinds(octets) == [EthernetFrame, Ipv4Datagram, bytes]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", [EthernetFrame, bytes]),
        (b"\xff\xff\0\x1d" + bytes(40), [EthernetFrame, bytes]),
        (IPX["watchdog-poll"][:2] + b"\0\x1f" + IPX["watchdog-poll"][4:-1],
         [EthernetFrame, IpxDatagram, bytes]),
    ],
    ids=["all padding", "length 29", "one octet of NCP"],
)  # fmt: skip
def test_malformed_bodies_stay_octets(body: bytes, expected: list[type]) -> None:
    octets = in_frame(ethernet.ETHERNET_II_IPX, body)
    assert kinds(octets) == expected
    assert rebuild(dissect(octets)) == octets


def test_less_than_a_frame_stays_octets() -> None:
    assert dissect(b"short") == (b"short",)
    assert rebuild((b"short",)) == b"short"
    assert rebuild(()) == b""


def test_a_changed_inner_layer_changes_the_frame() -> None:
    """The frame is made from the inside out, lengths and checksums kept unless cleared."""
    frame, datagram, segment = dissect(FLOW.encode(Segment(1, 2, ACK, 3), 4))
    assert isinstance(segment, TcpSegment)
    louder = replace(segment, acknowledgement=9, checksum=None)
    assert rebuild((frame, datagram, louder)) == FLOW.encode(Segment(1, 9, ACK, 3), 4)


def test_something_that_is_no_layer_is_a_bug() -> None:
    with pytest.raises(TypeError, match="no place"):
        rebuild(("text",))


def _some_bodies() -> st.SearchStrategy[tuple[Framing, bytes]]:
    """Bodies of every kind we speak, well formed."""
    ipx = of.ipx_datagrams.map(lambda d: replace(d, checksum=0xFFFF))
    ncp = st.builds(lambda d, p: _ipx(d, 17, 0, encode_ncp(p)), ipx, of.ncp_pdus)
    sap = st.builds(lambda d, p: _ipx(d, 4, 0x452, encode_sap(p)), ipx, of.saps)
    rip = st.builds(lambda d, p: _ipx(d, 1, 0x453, encode_rip(p)), ipx, of.rips)
    tcp = st.builds(_tcp, of.datagrams, of.tcp_segments)
    over_ipx = st.tuples(st.sampled_from(_IPX_FRAMINGS), ncp | sap | rip | ipx.map(encode_ipx))
    over_ip = st.tuples(st.just(EthernetII(ethertype=0x0800)), tcp | of.datagrams.map(encode_ipv4))
    arp = st.tuples(st.just(EthernetII(ethertype=0x0806)), of.arps.map(encode_arp))
    return over_ipx | over_ip | arp


_IPX_FRAMINGS = (
    ethernet.ETHERNET_II_IPX,
    ethernet.RAW_IPX,
    ethernet.LLC_IPX,
    ethernet.SNAP_IPX,
)


def _ipx(datagram: IpxDatagram, kind: int, socket: int, payload: bytes) -> bytes:
    to = replace(datagram.destination, socket=socket or datagram.destination.socket)
    made = replace(datagram, packet_type=kind, destination=to, payload=payload, length=None)
    return encode_ipx(made)


def _tcp(datagram: Ipv4Datagram, segment: TcpSegment) -> bytes:
    payload = encode_tcp(segment, datagram.source, datagram.destination)
    return encode_ipv4(replace(datagram, protocol=6, flags_fragment=0x4000, payload=payload))


@thorough
@given(made=_some_bodies(), trailer=st.binary(max_size=4))
def test_every_kind_is_rebuilt_and_described(made: tuple[Framing, bytes], trailer: bytes) -> None:
    octets = in_frame(*made) + trailer
    layers = dissect(octets)
    assert rebuild(layers) == octets
    assert len(describe(octets)) == len(layers)
    assert "\n" not in summary(octets)


@thorough
@given(made=_some_bodies(), cut=st.integers(0, 100), data=st.data())
def test_damaged_frames_are_rebuilt_too(
    made: tuple[Framing, bytes], cut: int, data: st.DataObject
) -> None:
    """Cut anywhere, an octet changed anywhere: never an error, never another octet."""
    octets = bytearray(in_frame(*made)[: 14 + cut])
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(of.octet)
    damaged = bytes(octets)
    assert rebuild(dissect(damaged)) == damaged
    assert len(describe(damaged)) == len(dissect(damaged))
    assert "\n" not in summary(damaged)


def test_the_layers_of_each_kind() -> None:
    for payload, kind, socket in (
        (encode_sap(Sap(operation=3, service=4)), Sap, 0x452),
        (encode_rip(Rip(operation=1, entries=())), Rip, 0x453),
    ):
        datagram = decode_ipx(IPX["serialization"])
        octets = in_ipx(_ipx(datagram, 0, socket, payload))
        assert kinds(octets) == [EthernetFrame, IpxDatagram, kind]
    assert kinds(in_ipx(IPX["ncp-create"])) == [EthernetFrame, IpxDatagram, NcpRequest]
