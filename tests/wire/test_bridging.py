"""LAN frames over PPP: vectors by hand from RFC 2878, round trips, octets that mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.bridging import BridgedFrame
from emu.wire.bridging import decode_bridged, encode_bridged
from tests.wire.strategies import thorough
from tests.wire.wan import WAN

#: FF 03 and the protocol.
_PPP_OCTETS = 4
SABME = bytes.fromhex("02000000000b02000000000a0003f0f07f")
VECTORS = {
    "bridged-sabme": BridgedFrame(frame=SABME.ljust(60, b"\0")),
    "bridged-tinygram": BridgedFrame(
        frame=SABME, fcs=b"\x01\x02\x03\x04", zero_filled=True, pads=b"\0\0"
    ),
}

bridged_frames = st.builds(
    BridgedFrame,
    frame=st.binary(min_size=14, max_size=80),
    fcs=st.none() | st.binary(min_size=4, max_size=4),
    zero_filled=st.booleans(),
    pads=st.binary(max_size=15),
)


@pytest.mark.parametrize("name", VECTORS)
def test_frames_by_hand(name: str) -> None:
    payload = WAN[name][_PPP_OCTETS:]
    assert encode_bridged(VECTORS[name]) == payload
    assert decode_bridged(payload) == VECTORS[name]


@thorough
@given(bridged_frames)
def test_round_trip(frame: BridgedFrame) -> None:
    assert decode_bridged(encode_bridged(frame)) == frame


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\0",
        b"\0\x03" + bytes(60),  # token ring
        b"\x40\x01" + bytes(60),  # RFC 1638's LAN identification
        b"\x10\x01" + bytes(60),
        b"\0\x01" + bytes(13),
        b"\x80\x01" + bytes(17),  # no room for the FCS
        b"\x05\x01" + bytes(18),  # nor for the pads
    ],
)
def test_what_is_no_802_3_frame_is_refused(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_bridged(octets)


@pytest.mark.parametrize(
    "frame",
    [
        BridgedFrame(frame=bytes(13)),
        BridgedFrame(frame=SABME, fcs=b"\0"),
        BridgedFrame(frame=SABME, pads=bytes(16)),
    ],
)
def test_what_cannot_be_said_is_our_fault(frame: BridgedFrame) -> None:
    with pytest.raises(LocalProtocolError):
        encode_bridged(frame)


@thorough
@given(st.binary(max_size=40))
def test_octets_decode_or_are_the_peers_fault(octets: bytes) -> None:
    for candidate in (octets, b"\0\x01" + octets, b"\xa3\x01" + octets):
        try:
            assert encode_bridged(decode_bridged(candidate)) == candidate
        except PeerProtocolError:
            continue
