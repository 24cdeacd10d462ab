"""Framings, lengths, padding, trailers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ethernet import EthernetFrame, EthernetII, Llc, Raw8023, Snap
from emu.wire.ethernet import decode_ethernet, encode_ethernet
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.vectors import FRAMES, IPX

CLIENT = bytes.fromhex("00a0c9112233")
SERVER = bytes.fromhex("00a0c9445566")
POLL = IPX["watchdog-poll"]


@pytest.mark.parametrize(
    ("name", "framing", "trailer_octets"),
    [
        ("raw", Raw8023(length=0x20), 14),
        ("llc", Llc(dsap=0xE0, ssap=0xE0, control=b"\x03", length=0x23), 11),
        ("snap", Snap(oui=b"\0\0\0", protocol=0x8137, length=0x28), 6),
    ],
)
def test_the_802_3_framings_of_the_facts(
    name: str, framing: Raw8023 | Llc | Snap, trailer_octets: int
) -> None:
    """60 octets less 14, less the LLC or SNAP header, less 32 of IPX, are the padding."""
    assert decode_ethernet(FRAMES[name]) == EthernetFrame(
        destination=CLIENT,
        source=SERVER,
        framing=framing,
        body=POLL,
        trailer=bytes(trailer_octets),
    )


def test_ethernet_ii_cannot_tell_padding_from_body() -> None:
    frame = decode_ethernet(FRAMES["ethernet-ii"])
    assert frame.framing == EthernetII(ethertype=0x8137)
    assert frame.body == POLL + bytes(14)
    assert frame.trailer == b""


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_from_outside_is_rebuilt(name: str) -> None:
    assert encode_ethernet(decode_ethernet(FRAMES[name])) == FRAMES[name]


@pytest.mark.parametrize("control", [b"\x7f", b"\x01\x01", b"\x00\x02"])
def test_control_has_two_octets_unless_unnumbered(control: bytes) -> None:
    """IEEE 802.2 5.3: SABME, RR, I."""
    framing = Llc(dsap=0xF0, ssap=0xF0, control=control)
    octets = encode_ethernet(_frame(framing, b"data"))
    decoded = decode_ethernet(octets)
    assert isinstance(decoded.framing, Llc)
    assert (decoded.framing.control, decoded.body) == (control, b"data")
    assert decoded.framing.length == 2 + len(control) + 4


def test_short_frames_are_padded_to_60_octets_outside_the_length() -> None:
    """Length 3 + 1; 14 + 3 + 1 + 42 = 60."""
    octets = encode_ethernet(_frame(Llc(dsap=4, ssap=4, control=b"\x03"), b"x"))
    assert len(octets) == 60
    assert octets[12:] == b"\0\x04\x04\x04\x03x" + bytes(42)


def test_padding_can_be_left_to_the_adapter() -> None:
    assert len(encode_ethernet(_frame(EthernetII(ethertype=0x8137), b"x"), pad=False)) == 15


def test_a_wrong_length_is_kept() -> None:
    """Longer than the frame: what a capture's limit leaves of a big frame."""
    octets = CLIENT + SERVER + b"\x05\x00\xe0\xe0\x03rest"
    frame = decode_ethernet(octets)
    assert frame.body == b"rest"
    assert encode_ethernet(frame, pad=False) == octets


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        bytes(13),
        bytes(12) + b"\0\0",
        bytes(12) + b"\0\x02\xe0\xe0\x03",
        bytes(12) + b"\0\x03\xe0\xe0\x01",
        bytes(12) + b"\0\x07\xaa\xaa\x03\0\0\0\x81",
    ],
    ids=["nothing", "no type", "length 0", "no control", "half a control", "half a SNAP"],
)
def test_a_header_cut_short_is_refused(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_ethernet(octets)


def test_a_short_address_is_our_own_error() -> None:
    frame = EthernetFrame(
        destination=b"\0", source=SERVER, framing=EthernetII(ethertype=0x800), body=b""
    )
    with pytest.raises(LocalProtocolError, match="6 octets"):
        encode_ethernet(frame)


@thorough
@given(frame=of.ethernet_frames, trailer=st.binary(max_size=8))
def test_any_frame_survives_the_round_trip(frame: EthernetFrame, trailer: bytes) -> None:
    octets = encode_ethernet(frame, pad=False) + trailer
    assert encode_ethernet(decode_ethernet(octets), pad=False) == octets


def _frame(framing: EthernetII | Llc, body: bytes) -> EthernetFrame:
    return EthernetFrame(destination=CLIENT, source=SERVER, framing=framing, body=body)
