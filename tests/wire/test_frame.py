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
from emu.pdu.llc2 import FrameReject, Information, Supervisory, Unnumbered
from emu.pdu.nbf import NameFrame, SessionFrame
from emu.pdu.nbipx import NbipxName, NbipxPdu, NbipxSession
from emu.pdu.ncp import NcpRequest, Watchdog
from emu.pdu.rip_sap import Rip, Sap
from emu.pdu.serialization import Serialization
from emu.pdu.spx import Spx
from emu.wire import ethernet
from emu.wire.arp import encode_arp
from emu.wire.frame import describe, dissect, rebuild, summary
from emu.wire.ip_tcp import TcpFlow, encode_ipv4, encode_tcp
from emu.wire.ipx import decode_ipx, encode_ipx, ipx_frame
from emu.wire.llc2 import information_field, llc2_framing
from emu.wire.nbf import encode_nbf
from emu.wire.nbipx import encode_nbipx
from emu.wire.ncp import encode_ncp
from emu.wire.nmpi import encode_nmpi
from emu.wire.rip_sap import encode_rip, encode_sap
from emu.wire.spx import encode_spx
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.test_arp import ARP
from tests.wire.test_tcp_flow import ENDS
from tests.wire.vectors import FRAMES, IPX, NETBEUI

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


@pytest.mark.parametrize(
    ("name", "kind"),
    [("spx-watchdog", Spx), ("nbipx-setup", NbipxSession), ("serialization", Serialization)],
)
def test_the_ipx_family_of_the_facts(name: str, kind: type) -> None:
    octets = in_ipx(IPX[name])
    assert kinds(octets) == [EthernetFrame, IpxDatagram, kind]
    assert rebuild(dissect(octets)) == octets


def test_a_protocol_not_spoken_stays_octets() -> None:
    """SMB directly on IPX, between sockets 0552 and 0550 (facts/ipx.md 1.11)."""
    smb = b"\xffSMB" + bytes(28)
    datagram = replace(decode_ipx(IPX["nbipx-probe"]), payload=smb, length=None)
    ends = {"destination": datagram.destination, "source": datagram.source}
    apart = {end: replace(address, socket=0x0550) for end, address in ends.items()}
    *outer, inner = dissect(in_ipx(encode_ipx(replace(datagram, **apart))))
    assert [type(layer) for layer in outer] == [EthernetFrame, IpxDatagram]
    assert inner == smb


def netbeui(octets: bytes) -> bytes:
    """A padded frame around LLC octets."""
    start = MACS["destination"] + MACS["source"] + len(octets).to_bytes(2, "big")
    return (start + octets).ljust(60, b"\xa5")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sabme", [EthernetFrame, Unnumbered]),
        ("idle-poll", [EthernetFrame, Supervisory]),
        ("frmr", [EthernetFrame, Unnumbered, FrameReject]),
        ("name-query", [EthernetFrame, Unnumbered, NameFrame]),
        ("session-alive", [EthernetFrame, Information, SessionFrame]),
    ],
)
def test_the_layers_of_netbeui(name: str, expected: list[type]) -> None:
    """The LLC frame is a layer of its own; padding is not looked at."""
    octets = netbeui(NETBEUI[name])
    assert kinds(octets) == expected
    assert rebuild(dissect(octets)) == octets


def test_llc_frames_without_nbf_stay_octets() -> None:
    """TEST and XID carry octets of their own; S frames no octets, or they are malformed."""
    assert kinds(netbeui(b"\xf0\xf0\xf3echo")) == [EthernetFrame, Unnumbered, bytes]
    assert kinds(netbeui(b"\xf0\xf1\xbf\x81\x01\0")) == [EthernetFrame, Unnumbered, bytes]
    assert kinds(netbeui(b"\xf0\xf0\x03")) == [EthernetFrame, Unnumbered]
    assert kinds(netbeui(b"\xf0\xf0\0\0no NBF")) == [EthernetFrame, Information, bytes]
    assert kinds(netbeui(b"\xf0\xf1\x01\0?")) == [EthernetFrame, bytes]
    assert kinds(netbeui(b"\xf0\xf1\x97short")) == [EthernetFrame, Unnumbered, FrameReject]
    assert kinds(netbeui(b"\xf0\xf1\x97long..")) == [EthernetFrame, Unnumbered, bytes]


def test_a_changed_llc_frame_changes_the_control_field() -> None:
    frame, link, alive = dissect(netbeui(NETBEUI["session-alive"]))
    assert isinstance(link, Information)
    octets = rebuild((frame, replace(link, ns=9, poll=True, response=True), alive))
    assert octets == netbeui(b"\xf0\xf1\x12\x0b" + NETBEUI["session-alive"][4:])


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
    spx = st.builds(lambda d, p: _ipx(d, 5, 0, encode_spx(p)), ipx, of.spx_packets)
    nbipx = st.builds(_nbipx, ipx, of.nbipx_names | of.nbipx_datagrams | of.nbipx_sessions)
    nmpi = st.builds(lambda d, p: _ipx(d, 4, 0x551, encode_nmpi(p)), ipx, of.nmpis)
    serial = st.builds(lambda d, p: _ipx(d, 0, 0x457, p.number), ipx, of.serializations)
    netbios = spx | nbipx | nmpi | serial
    ncp = st.builds(lambda d, p: _ipx(d, 17, 0, encode_ncp(p)), ipx, of.ncp_pdus)
    sap = st.builds(lambda d, p: _ipx(d, 4, 0x452, encode_sap(p)), ipx, of.saps)
    rip = st.builds(lambda d, p: _ipx(d, 1, 0x453, encode_rip(p)), ipx, of.rips)
    tcp = st.builds(_tcp, of.datagrams, of.tcp_segments)
    payloads = netbios | ncp | sap | rip | ipx.map(encode_ipx)
    over_ipx = st.tuples(st.sampled_from(_IPX_FRAMINGS), payloads)
    over_ip = st.tuples(st.just(EthernetII(ethertype=0x0800)), tcp | of.datagrams.map(encode_ipv4))
    arp = st.tuples(st.just(EthernetII(ethertype=0x0806)), of.arps.map(encode_arp))
    return over_ipx | over_ip | arp | _netbeui_bodies()


def _netbeui_bodies() -> st.SearchStrategy[tuple[Framing, bytes]]:
    """NBF in the frames that carry it, and LLC frames of every kind with any octets in them."""
    nbf = of.nbf_pdus.map(encode_nbf)
    name = st.builds(lambda pdu, info: replace(pdu, info=info), of.unnumbered_frames, nbf)
    session = st.builds(lambda pdu, data: replace(pdu, data=data), of.information_frames, nbf)
    pdus = name | session | of.llc2_pdus
    return pdus.map(lambda pdu: (llc2_framing(pdu), information_field(pdu)))


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


def _nbipx(datagram: IpxDatagram, pdu: NbipxPdu) -> bytes:
    """Of the packet type that the pdu is decoded with, so that none is taken for another."""
    return _ipx(datagram, 20 if isinstance(pdu, NbipxName) else 4, 0x455, encode_nbipx(pdu))


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
