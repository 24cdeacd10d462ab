"""IPX datagrams, and their four framings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ethernet import EthernetFrame, EthernetII, Framing
from emu.pdu.ipx import NODE_INTERNAL, TYPE_NCP, IpxAddress, IpxDatagram
from emu.wire import ethernet
from emu.wire.ethernet import decode_ethernet
from emu.wire.ipx import decode_ipx, encode_ipx, ipx_frame, ipx_of_frame
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.vectors import FRAMES, IPX

CLIENT_MAC = bytes.fromhex("00a0c9112233")
ROUTER_MAC = bytes.fromhex("00a0c9445566")
CLIENT = IpxAddress(network=0x0A, node=CLIENT_MAC, socket=0x4004)
SERVER = IpxAddress(network=0xDEADBEEF, node=NODE_INTERNAL, socket=0x4001)
POLL = IpxDatagram(
    destination=CLIENT, source=SERVER, packet_type=TYPE_NCP, payload=b"\x05\x3f", length=32
)

FRAMINGS: dict[str, Framing] = {
    "ethernet-ii": ethernet.ETHERNET_II_IPX,
    "raw": ethernet.RAW_IPX,
    "llc": ethernet.LLC_IPX,
    "snap": ethernet.SNAP_IPX,
}


def test_the_watchdog_poll_of_the_facts() -> None:
    assert decode_ipx(IPX["watchdog-poll"]) == POLL
    assert encode_ipx(replace(POLL, length=None)) == IPX["watchdog-poll"]


@pytest.mark.parametrize("name", IPX)
def test_a_golden_vector_is_rebuilt(name: str) -> None:
    datagram = decode_ipx(IPX[name])
    assert datagram.length == len(IPX[name])
    assert encode_ipx(datagram) == IPX[name]


@pytest.mark.parametrize("name", FRAMINGS)
def test_the_four_framings_of_the_facts(name: str) -> None:
    framed = ipx_frame(POLL, framing=FRAMINGS[name], destination=CLIENT_MAC, source=ROUTER_MAC)
    assert framed == FRAMES[name]
    assert ipx_of_frame(decode_ethernet(framed)) == POLL


def test_other_frames_carry_no_ipx() -> None:
    assert ipx_of_frame(decode_ethernet(FRAMES["udp-watchdog"])) is None
    for framing in (
        replace(ethernet.LLC_IPX, dsap=0xF0),
        replace(ethernet.SNAP_IPX, oui=b"\0\0\x0c"),
        EthernetII(ethertype=0x0800),
    ):
        frame = EthernetFrame(
            destination=CLIENT_MAC, source=ROUTER_MAC, framing=framing, body=b"\xff\xff"
        )
        assert ipx_of_frame(frame) is None


def test_raw_framing_needs_the_mark_of_no_checksum() -> None:
    """facts/ipx.md 1.1: FFFF is what tells raw 802.3 from LLC."""
    with pytest.raises(LocalProtocolError, match="FFFF"):
        ipx_frame(
            replace(POLL, checksum=0x1234),
            framing=ethernet.RAW_IPX,
            destination=CLIENT_MAC,
            source=ROUTER_MAC,
        )


def test_padding_is_not_payload() -> None:
    assert decode_ipx(IPX["watchdog-poll"] + bytes(14)) == POLL


@pytest.mark.parametrize("length", [0, 29, 33, 0xFFFF])
def test_an_impossible_length_is_refused(length: int) -> None:
    """29 is what the fuzzed real frame T2 carries (facts/ipx.md 6)."""
    octets = IPX["watchdog-poll"]
    with pytest.raises(PeerProtocolError, match="length"):
        decode_ipx(octets[:2] + length.to_bytes(2, "big") + octets[4:])


def test_a_short_header_is_refused() -> None:
    with pytest.raises(PeerProtocolError, match="30 octets"):
        decode_ipx(IPX["watchdog-poll"][:29])


def test_a_short_node_is_our_own_error() -> None:
    with pytest.raises(LocalProtocolError, match="node"):
        encode_ipx(replace(POLL, source=replace(SERVER, node=b"\x01")))


@thorough
@given(datagram=of.ipx_datagrams)
def test_round_trip(datagram: IpxDatagram) -> None:
    octets = encode_ipx(datagram)
    assert decode_ipx(octets) == replace(datagram, length=len(octets))
