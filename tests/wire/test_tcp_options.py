"""TCP options: octets a kernel sent, round trips, and Scapy's own reading of ours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import TCP

from emu.errors import PeerProtocolError
from emu.pdu.ip_tcp import ACK, PSH, SYN, Extensions, Segment
from emu.wire.ip_tcp import TcpFlow, decode_tcp_frame
from emu.wire.scapy_layers import EthernetIILayer, Ipv4Layer, TcpLayer
from emu.wire.tcp_options import decode_options, encode_options
from tests.wire import strategies as of
from tests.wire.scapy_bridge import ip_text, mac_text, on_top
from tests.wire.strategies import thorough, with_scapy

#: Recorded between two Linux 6.18 hosts; the sender left both TCP checksums to its card.
SYN_FRAME = bytes.fromhex(
    "02000000000102000000000208004500003c4bc940004006da560a4d00020a4d0001"
    "bdb013889145416c00000000a002faf014cb0000"
    "020405b40402080a29c0d181000000000103030a"
)
ACK_FRAME = bytes.fromhex(
    "0200000000010200000000020800450000344bca40004006da5d0a4d00020a4d0001"
    "bdb013889145416d1d6637338010003f14c30000"
    "0101080a29c0d181d348eee9"
)
DATA_FRAME = bytes.fromhex(
    "0200000000010200000000020800450000394bcb40004006da570a4d00020a4d0001"
    "bdb013889145416d1d6637338018003f14c80000"
    "0101080a29c0d181d348eee968656c6c6f"
)
#: Where the TCP checksum stands: 14 of Ethernet, 20 of IPv4, 16 into TCP (RFC 9293 3.1).
CHECKSUM = slice(50, 52)

FLOW = TcpFlow(
    source_mac=bytes.fromhex("020000000002"),
    destination_mac=bytes.fromhex("020000000001"),
    source_ip=bytes((10, 77, 0, 2)),
    destination_ip=bytes((10, 77, 0, 1)),
    source_port=0xBDB0,
    destination_port=5000,
    ttl=64,
)

stamps = st.tuples(of.long_word, of.long_word)
extensions = st.builds(Extensions, timestamps=st.none() | stamps, sack_permitted=st.booleans())
segments = st.builds(
    Segment,
    sequence=of.corner_long,
    acknowledgement=of.corner_long,
    flags=of.octet,
    window=of.corner_word,
    payload=st.just(b"") | st.binary(max_size=1448),
    mss=st.none() | of.word,
    extensions=st.none() | extensions,
)


def as_read(segment: Segment) -> Segment:
    """What a reader can know of it: SYN's options mean something on a SYN only (RFC 9293 3.2)."""
    found = segment.extensions
    if not segment.flags & SYN:
        segment = replace(segment, mss=None)
        found = None if found is None else replace(found, sack_permitted=False)
    return replace(segment, extensions=None if found == Extensions() else found)


@pytest.mark.parametrize("frame", [ACK_FRAME, DATA_FRAME], ids=["ACK", "data"])
def test_what_a_kernel_sent_is_what_we_send(frame: bytes) -> None:
    payload = frame[66:]
    flags = ACK | PSH if payload else ACK
    stamped = Extensions((0x29C0D181, 0xD348EEE9))
    segment = Segment(0x9145416D, 0x1D663733, flags, 63, payload, extensions=stamped)
    ours = FLOW.encode(segment, int.from_bytes(frame[18:20], "big"))
    assert ours[:50] == frame[:50]
    assert ours[52 : len(frame)] == frame[52:]
    assert decode_tcp_frame(ours) == (frame[26:38], segment)


def test_a_kernel_s_syn_is_read() -> None:
    """With a window scale behind it, which nobody here speaks."""
    mss, found = decode_options(SYN_FRAME[54:], SYN)
    assert mss == 1460
    assert found == Extensions((0x29C0D181, 0), sack_permitted=True)


def test_ours_is_a_kernel_s_syn_without_the_window_scale() -> None:
    syn = Segment(
        0x9145416C, 0, SYN, 64_240, mss=1460, extensions=Extensions((0x29C0D181, 0), True)
    )
    assert encode_options(syn) == SYN_FRAME[54:70]


@pytest.mark.parametrize(
    ("found", "octets"),
    [
        (Extensions((1, 2)), "0101 080a 00000001 00000002"),  # RFC 7323 appendix A
        (Extensions(None, sack_permitted=True), "0101 0402"),  # RFC 2018 2
        (Extensions((1, 2), sack_permitted=True), "0402 080a 00000001 00000002"),
        (Extensions(), ""),
    ],
)
def test_the_layout_is_whole_words(found: Extensions, octets: str) -> None:
    encoded = encode_options(Segment(0, 0, SYN, 0, extensions=found))
    assert encoded == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", ["080a0000", "0801", "08", "0400"])
def test_impossible_lengths_are_refused(octets: str) -> None:
    with pytest.raises(PeerProtocolError, match="options"):
        decode_options(bytes.fromhex(octets), SYN)


def test_a_timestamp_of_another_length_is_passed_over() -> None:
    assert decode_options(bytes.fromhex("0806 01020304 0101"), ACK) == (None, None)


@thorough
@given(segment=segments, identification=of.corner_word)
def test_what_is_encoded_is_read_back(segment: Segment, identification: int) -> None:
    frame = FLOW.encode(segment, identification)
    assert decode_tcp_frame(frame) == (frame[26:38], as_read(segment))


@pytest.mark.slow
@with_scapy
@given(segment=segments, identification=of.corner_word)
def test_the_frame_is_the_full_scapy_build(segment: Segment, identification: int) -> None:
    """Checksums included; the options as octets, which the next test reads."""
    tcp = TcpLayer(
        source_port=0xBDB0,
        destination_port=5000,
        sequence=segment.sequence,
        acknowledgement=segment.acknowledgement,
        flags=segment.flags,
        window=segment.window,
        options=encode_options(segment),
    )
    ip = Ipv4Layer(
        source=ip_text(bytes((10, 77, 0, 2))),
        destination=ip_text(bytes((10, 77, 0, 1))),
        identification=identification,
        ttl=64,
    )
    below = EthernetIILayer(
        source=mac_text(bytes.fromhex("020000000002")),
        destination=mac_text(bytes.fromhex("020000000001")),
    )
    assert FLOW.encode(segment, identification) == bytes(below / ip / on_top(tcp, segment.payload))


@with_scapy
@given(segment=segments)
def test_scapy_s_own_tcp_reads_the_same_options(segment: Segment) -> None:
    frame = FLOW.encode(segment, 1)
    length = int.from_bytes(frame[16:18], "big")
    told = dict(TCP(frame[34 : 14 + length]).options)
    found = segment.extensions or Extensions()
    assert told.get("MSS") == segment.mss
    assert told.get("Timestamp") == found.timestamps
    assert ("SAckOK" in told) is found.sack_permitted
