"""What a router changes in what it passes on, octet by octet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import PeerProtocolError
from emu.pdu.ipx import IpxDatagram
from emu.wire import ppp_frame
from emu.wire.ethernet import decode_ethernet
from emu.wire.forwarding import (
    bridged,
    ip_octets,
    next_ip_hop,
    next_ipx_hop,
    next_type_20_hop,
    reversed_bits,
    unbridged,
)
from emu.wire.ipx import decode_ipx, encode_ipx
from tests.wire.strategies import thorough

# --- IP ------------------------------------------------------------------------------------------

#: The header that textbooks of RFC 1071 use: 115 octets of UDP, TTL 64, checksum B861.
UDP = bytes.fromhex("45000073000040004011b861c0a80001c0a800c7") + bytes(95)
#: One hop later: TTL 63; the sum is 0100 less, so its complement 0100 more (RFC 1624).
UDP_LATER = bytes.fromhex("4500007300004000 3f11b961c0a80001c0a800c7".replace(" ", ""))


def ones(octets: bytes) -> int:
    """RFC 1071's checksum the slow way."""
    total = sum(int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def test_an_ip_hop_by_hand() -> None:
    """Padding of the frame it came in stays behind."""
    onward = next_ip_hop(UDP + bytes(7))
    assert onward is not None
    assert ip_octets(onward) == UDP_LATER + bytes(95)


@given(st.integers(2, 255), st.integers(0, 0xFFFF), st.binary(min_size=8, max_size=8))
@thorough
def test_ttl_and_checksum_are_all_an_ip_hop_changes(
    ttl: int, identification: int, addresses: bytes
) -> None:
    head = bytearray.fromhex("4500001e000040000011 0000".replace(" ", "")) + addresses
    head[4:6], head[8] = identification.to_bytes(2, "big"), ttl
    head[10:12] = ones(head).to_bytes(2, "big")
    packet = bytes(head) + b"\x04\x14\x00\x07\x00\x0a\x00\x00hi"
    onward = next_ip_hop(packet)
    assert onward is not None
    octets = ip_octets(onward)
    assert octets[8] == ttl - 1
    assert ones(octets[:20]) == 0
    assert octets[:8] + octets[9:10] + octets[12:] == packet[:8] + packet[9:10] + packet[12:]


@pytest.mark.parametrize("ttl", [0, 1])
def test_a_life_that_is_over_ends_here(ttl: int) -> None:
    head = bytearray(UDP)
    head[8], head[10:12] = ttl, b"\0\0"
    head[10:12] = ones(head[:20]).to_bytes(2, "big")
    assert next_ip_hop(bytes(head)) is None


def test_a_wrong_checksum_ends_here() -> None:
    assert next_ip_hop(UDP[:11] + b"\x62" + UDP[12:]) is None


def test_what_is_no_ip_is_said_to_be_none() -> None:
    with pytest.raises(PeerProtocolError):
        next_ip_hop(b"\x45\0\0")


# --- IPX -----------------------------------------------------------------------------------------

#: facts/ipx.md 1.13: a watchdog poll of a server on network A.
POLL = "ffff0020 00 11 0000000a 00a0c9112233 4004 deadbeef 000000000001 4001 053f"


def ipx(text: str) -> IpxDatagram:
    return decode_ipx(bytes.fromhex(text))


def test_an_ipx_hop_by_hand() -> None:
    """Transport control is the fifth octet, and nothing else changes (facts/ipx.md 1.1)."""
    onward = next_ipx_hop(ipx(POLL), arrived_on=0xA)
    assert onward is not None
    assert encode_ipx(onward) == bytes.fromhex(POLL.replace(" 00 11", " 01 11"))


def test_a_source_that_does_not_know_its_network_is_helped() -> None:
    unknown = POLL.replace("deadbeef", "00000000")
    onward = next_ipx_hop(ipx(unknown), arrived_on=0x0B)
    assert onward is not None
    expected = unknown.replace("00000000 ", "0000000b ").replace(" 00 11", " 01 11")
    assert encode_ipx(onward) == bytes.fromhex(expected)


@pytest.mark.parametrize(("hops", "goes_on"), [(0, True), (14, True), (15, False), (16, False)])
def test_sixteen_hops_are_too_many(hops: int, goes_on: bool) -> None:
    onward = next_ipx_hop(ipx(POLL.replace(" 00 11", f" {hops:02x} 11")), arrived_on=0xA)
    assert (onward is not None) is goes_on


#: A type-20 broadcast by hand: 30 octets of header, room for eight networks, two of data.
TYPE_20 = (
    "ffff0040 00 14 00000000 ffffffffffff 0455 0000000a 00a0c9112233 0455" + "00" * 32 + "4e42"
)


def test_a_type_20_broadcast_remembers_where_it_was() -> None:
    """facts/ipx.md 1.9: hops counts the networks in front of the data."""
    first = next_type_20_hop(ipx(TYPE_20), arrived_on=0xA)
    assert first is not None
    expected = TYPE_20.replace(" 00 14", " 01 14").replace("00" * 32, "0000000a" + "00" * 28)
    assert encode_ipx(first) == bytes.fromhex(expected)
    second = next_type_20_hop(first, arrived_on=0xB)
    assert second is not None
    listed = "0000000a0000000b" + "00" * 24
    expected = TYPE_20.replace(" 00 14", " 02 14").replace("00" * 32, listed)
    assert encode_ipx(second) == bytes.fromhex(expected)
    assert next_type_20_hop(second, arrived_on=0xA) is None, "it was there already"


def test_what_is_no_type_20_or_has_no_room_ends_here() -> None:
    assert next_type_20_hop(ipx(TYPE_20.replace(" 00 14", " 00 04")), arrived_on=0xA) is None
    short = TYPE_20.replace("ffff0040", "ffff003d")[:-6]
    assert next_type_20_hop(ipx(short), arrived_on=0xA) is None
    assert next_type_20_hop(ipx(TYPE_20.replace(" 00 14", " 08 14")), arrived_on=0xA) is None


@given(st.lists(st.integers(1, 12), min_size=1, max_size=60))
@thorough
def test_a_type_20_broadcast_never_loops(way: list[int]) -> None:
    """Whatever the topology: it leaves no network twice, and eight at most."""
    datagram, left = ipx(TYPE_20), list[int]()
    for network in way:
        onward = next_type_20_hop(datagram, arrived_on=network)
        if onward is not None:
            datagram = onward
            left.append(network)
    distinct = list(dict.fromkeys(way))
    assert left == distinct[:8]
    assert datagram.transport_control == len(left)
    assert datagram.payload[32:] == b"NB"


# --- NetBEUI over PPP ----------------------------------------------------------------------------

#: To NetBIOS' group address from 00:A0:C9:11:22:33: an LLC RR command that polls, padded.
ETHERNET = bytes.fromhex("030000000001 00a0c9112233 0004 f0f0 0101") + bytes(42)
#: RFC 2097, option 4: both addresses with each octet's bits the other way round.  03 00 00 00 00
#: 01 is C0 00 00 00 00 80, as IEEE 802.5 writes the same group; A0 = 1010 0000 is 0000 0101 = 05,
#: C9 = 1100 1001 is 93, 11 is 88, 22 is 44, 33 is CC.  No length, no padding.
OVER_PPP = bytes.fromhex("c00000000080 00059388 44cc f0f0 0101")


def test_netbeui_crosses_behind_twelve_octets_of_addresses() -> None:
    assert bridged(decode_ethernet(ETHERNET)) == OVER_PPP
    addresses = bytes.fromhex("030000000001"), bytes.fromhex("00a0c9112233")
    assert unbridged(OVER_PPP) == (*addresses, b"\xf0\xf0\x01\x01")


def test_only_llc_frames_are_bridged() -> None:
    with pytest.raises(PeerProtocolError):
        bridged(decode_ethernet(bytes(12) + b"\x08\0" + bytes(46)))


@pytest.mark.parametrize("octets", [0, 11, 14])
def test_what_is_too_short_for_addresses_and_llc_is_refused(octets: int) -> None:
    with pytest.raises(PeerProtocolError):
        unbridged(bytes(octets))


@given(st.binary(min_size=6, max_size=6), st.binary(min_size=6, max_size=6), st.binary(max_size=90))
@thorough
def test_bridging_there_and_back(destination: bytes, source: bytes, data: bytes) -> None:
    llc = b"\xf0\xf0\x03" + data
    frame = destination + source + len(llc).to_bytes(2, "big") + llc
    payload = bridged(decode_ethernet(frame.ljust(60, b"\0")))
    assert len(payload) == 12 + len(llc)
    assert unbridged(payload) == (destination, source, llc)


@given(st.binary(max_size=8))
@thorough
def test_turning_bits_twice_is_nothing(address: bytes) -> None:
    turned = reversed_bits(address)
    assert reversed_bits(turned) == address
    assert [f"{each:08b}"[::-1] for each in address] == [f"{each:08b}" for each in turned]


def test_a_bridged_frame_is_read_with_and_without_addresses() -> None:
    """A reader of one PPP frame goes by where F0 F0 stands."""
    with_addresses = ppp_frame.dissect(b"\0\x3f" + OVER_PPP)
    without = ppp_frame.dissect(b"\0\x3f" + OVER_PPP[12:])
    assert with_addresses[1:] == without[1:]
    assert type(with_addresses[1]).__name__ == "Supervisory"
