"""IPv4 and TCP headers, with their checksums kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ip_tcp import ACK, Ipv4Datagram, Segment, TcpSegment, new_segment
from emu.wire.checksum import is_good
from emu.wire.ip_tcp import (
    decode_ipv4,
    decode_tcp,
    encode_ipv4,
    encode_tcp,
    ipv4_checksum_is_good,
    tcp_checksum_is_good,
)
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.vectors import FRAMES

#: The IPv4 datagram of a real frame: 20 octets of header, 22 of UDP (see frames.txt).
REAL = FRAMES["udp-watchdog"][14:56]
SOURCE, DESTINATION = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
SEGMENT = TcpSegment(
    source_port=1044,
    destination_port=1494,
    sequence=1000,
    acknowledgement=2000,
    flags=ACK,
    window=8760,
    payload=b"",
)


def test_a_real_header_is_read_and_its_checksum_is_good() -> None:
    datagram = decode_ipv4(REAL)
    assert datagram == Ipv4Datagram(
        source=bytes((10, 92, 10, 54)),
        destination=bytes((10, 92, 251, 17)),
        protocol=17,
        identification=0x4958,
        ttl=0x7F,
        payload=REAL[20:],
        checksum=0xD86B,
        total_length=42,
    )
    assert ipv4_checksum_is_good(datagram)
    assert encode_ipv4(replace(datagram, checksum=None, total_length=None)) == REAL


def test_the_real_frame_was_copied_right() -> None:
    """Its UDP checksum, which we do not otherwise read, covers what the header's does not."""
    pseudo = REAL[12:20] + b"\0\x11\0\x16"
    assert is_good(pseudo + REAL[20:])


def test_a_wrong_checksum_is_kept_and_noticed() -> None:
    datagram = replace(decode_ipv4(REAL), checksum=0xD86C)
    assert decode_ipv4(encode_ipv4(datagram)) == datagram
    assert not ipv4_checksum_is_good(datagram)


def test_padding_is_not_payload() -> None:
    assert decode_ipv4(REAL + b"7777") == decode_ipv4(REAL)


def test_a_cut_payload_is_refused_by_hosts_and_taken_by_readers() -> None:
    with pytest.raises(PeerProtocolError, match="length"):
        decode_ipv4(REAL[:-1])
    cut = decode_ipv4(REAL[:-1], whole=False)
    assert (cut.total_length, len(cut.payload)) == (42, 21)
    assert encode_ipv4(cut) == REAL[:-1]


def test_length_zero_of_an_offloading_sender_is_taken_by_readers() -> None:
    octets = REAL[:2] + b"\0\0" + REAL[4:]
    with pytest.raises(PeerProtocolError, match="length"):
        decode_ipv4(octets)
    assert decode_ipv4(octets, whole=False).payload == REAL[20:]


@pytest.mark.parametrize("start", [0x65, 0x44, 0x4F])
def test_another_version_and_impossible_header_lengths_are_refused(start: int) -> None:
    with pytest.raises(PeerProtocolError):
        decode_ipv4(bytes((start,)) + REAL[1:], whole=False)


@pytest.mark.parametrize("octets", [b"", REAL[:19]])
def test_a_short_ipv4_header_is_refused(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="20 octets"):
        decode_ipv4(octets, whole=False)


def test_a_length_inside_the_header_is_refused() -> None:
    with pytest.raises(PeerProtocolError, match="length"):
        decode_ipv4(REAL[:2] + b"\0\x13" + REAL[4:], whole=False)


def test_tcp_checksum_covers_the_addresses() -> None:
    """By hand: 0A00 0001 0A00 0002 + 6 + 20 + 0414 05D6 03E8 07D0 5010 2238 = 9C07 with the
    carries; its complement is 63F8."""
    octets = encode_tcp(SEGMENT, SOURCE, DESTINATION)
    assert octets == bytes.fromhex("0414 05d6 000003e8 000007d0 5010 2238 63f8 0000")
    assert tcp_checksum_is_good(decode_tcp(octets), SOURCE, DESTINATION)
    assert not tcp_checksum_is_good(decode_tcp(octets), SOURCE, SOURCE)


def test_a_checksum_to_be_computed_is_good() -> None:
    assert tcp_checksum_is_good(SEGMENT, SOURCE, DESTINATION)


@pytest.mark.parametrize("offset", [0x40, 0x60])
def test_an_impossible_data_offset_is_refused(offset: int) -> None:
    octets = encode_tcp(SEGMENT, SOURCE, DESTINATION)
    with pytest.raises(PeerProtocolError, match="offset"):
        decode_tcp(octets[:12] + bytes((offset,)) + octets[13:])


def test_a_short_tcp_header_is_refused() -> None:
    with pytest.raises(PeerProtocolError, match="20 octets"):
        decode_tcp(bytes(19))


def test_options_must_be_whole_words() -> None:
    with pytest.raises(LocalProtocolError):
        encode_tcp(replace(SEGMENT, options=b"\x01"), SOURCE, DESTINATION)
    with pytest.raises(LocalProtocolError):
        encode_ipv4(replace(decode_ipv4(REAL), options=bytes(44)))


@thorough
@given(datagram=of.datagrams)
def test_ipv4_round_trip(datagram: Ipv4Datagram) -> None:
    octets = encode_ipv4(datagram)
    decoded = decode_ipv4(octets)
    kept = decoded.checksum if datagram.checksum is None else datagram.checksum
    assert decoded == replace(datagram, checksum=kept, total_length=len(octets))
    assert datagram.checksum is not None or ipv4_checksum_is_good(decoded)


@thorough
@given(segment=of.tcp_segments, source=of.ip, destination=of.ip)
def test_tcp_round_trip(segment: TcpSegment, source: bytes, destination: bytes) -> None:
    decoded = decode_tcp(encode_tcp(segment, source, destination))
    kept = decoded.checksum if segment.checksum is None else segment.checksum
    assert decoded == replace(segment, checksum=kept)
    assert segment.checksum is not None or tcp_checksum_is_good(decoded, source, destination)


@thorough
@given(segment=of.segments)
def test_the_quick_way_to_make_a_segment_makes_a_segment(segment: Segment) -> None:
    s = segment
    quick = new_segment(s.sequence, s.acknowledgement, s.flags, s.window, s.payload, s.mss)
    assert type(quick) is Segment
    assert (quick, hash(quick), repr(quick)) == (segment, hash(segment), repr(segment))
    assert replace(quick, window=1) == replace(segment, window=1)
    with pytest.raises(AttributeError):
        quick.window = 1  # type: ignore[misc]
