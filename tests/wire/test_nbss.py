"""NetBIOS session service: packets, names in letters, and a stream however it was cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.nbss import (
    NbssError,
    NbssKeepalive,
    NbssMessage,
    NbssNegative,
    NbssPdu,
    NbssPositive,
    NbssRequest,
    NbssRetarget,
)
from emu.pdu.netbios_name import netbios_name
from emu.wire.nbss import NbssStream, decode_nbss, encode_nbss
from emu.wire.scapy_layers import NbssLayer
from tests.wire import strategies as of
from tests.wire.strategies import thorough, with_scapy
from tests.wire.vectors import load

VECTORS = load("nbss")
EXPECTED: dict[str, NbssPdu] = {
    "request": NbssRequest(
        called=netbios_name("SERVER01", 0x20), calling=netbios_name("CLIENT01", 0x00)
    ),
    "positive": NbssPositive(),
    "negative": NbssNegative(error=NbssError.CALLED_NAME_ABSENT),
    "retarget": NbssRetarget(address=bytes((10, 0, 0, 2)), port=139),
    "keepalive": NbssKeepalive(),
    "message": NbssMessage(data=b"\xffSMB"),
}

names = st.binary(min_size=16, max_size=16)
packets = st.one_of(
    st.builds(NbssMessage, data=of.payload),
    st.builds(NbssRequest, called=names, calling=names),
    st.just(NbssPositive()),
    st.builds(NbssNegative, error=of.octet),
    st.builds(NbssRetarget, address=of.ip, port=of.word),
    st.just(NbssKeepalive()),
)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_vectors(name: str) -> None:
    assert decode_nbss(VECTORS[name]) == EXPECTED[name]
    assert encode_nbss(EXPECTED[name]) == VECTORS[name]


def test_the_seventeenth_bit_of_the_length_is_in_the_flags() -> None:
    message = NbssMessage(data=bytes(0x1FFFF))
    octets = encode_nbss(message)
    assert octets[:4] == bytes.fromhex("0001ffff")
    assert decode_nbss(octets) == message
    with pytest.raises(LocalProtocolError, match="131071"):
        encode_nbss(NbssMessage(data=bytes(0x20000)))


@pytest.mark.parametrize(
    "text",
    [
        "", "000000", "00000001", "0000000000", "86000000", "00020000", "8200000100", "83000000",
        "830000028080", "8400000500000000 00", "8500000100", "81000000",
    ],
)  # fmt: skip
def test_malformed_octets_are_refused(text: str) -> None:
    with pytest.raises(PeerProtocolError):
        decode_nbss(bytes.fromhex(text))


@pytest.mark.parametrize(("at", "octet"), [(4, 0x21), (5, 0x40), (5, 0x51), (37, 1), (71, 3)])
def test_a_name_of_another_form_is_refused(at: int, octet: int) -> None:
    """Another length, letters outside A to P, a scope behind the letters."""
    request = bytearray(VECTORS["request"])
    request[at] = octet
    with pytest.raises(PeerProtocolError, match="name"):
        decode_nbss(bytes(request))


def test_a_name_or_address_of_another_length_cannot_be_sent() -> None:
    with pytest.raises(LocalProtocolError, match="16 octets"):
        encode_nbss(NbssRequest(called=b"SHORT", calling=bytes(16)))
    with pytest.raises(LocalProtocolError, match="4 octets"):
        encode_nbss(NbssRetarget(address=b"123", port=1))


@thorough
@given(pdu=packets)
def test_round_trip(pdu: NbssPdu) -> None:
    assert decode_nbss(encode_nbss(pdu)) == pdu


@thorough
@given(sent=st.lists(packets, max_size=5), data=st.data())
def test_a_stream_gives_the_same_packets_wherever_it_is_cut(
    sent: list[NbssPdu], data: st.DataObject
) -> None:
    octets = b"".join(map(encode_nbss, sent)) + VECTORS["request"][:50]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=6)))
    stream = NbssStream()
    edges = zip([0, *cuts], [*cuts, len(octets)], strict=True)
    pieces = [stream.feed(octets[start:end]) for start, end in edges]
    assert [decode_nbss(each) for piece in pieces for each in piece] == sent
    assert [decode_nbss(each) for each in stream.feed(VECTORS["request"][50:])] == [
        EXPECTED["request"]
    ]


@thorough
@given(octets=st.binary(max_size=60), start=st.sampled_from((b"", *VECTORS.values())))
def test_any_stream_is_cut_alike_whole_or_octet_by_octet(octets: bytes, start: bytes) -> None:
    one, other = NbssStream(), NbssStream()
    whole = one.feed(start + octets)
    singly = [each for octet in start + octets for each in other.feed(bytes((octet,)))]
    assert whole == singly
    assert (start + octets).startswith(b"".join(whole))


def test_a_stream_ends_with_what_no_packet_begins_with() -> None:
    stream = NbssStream()
    assert stream.feed(VECTORS["keepalive"] + b"GET / HTTP") == [VECTORS["keepalive"], b"GET "]
    with pytest.raises(PeerProtocolError, match="47455420"):
        decode_nbss(b"GET ")
    assert stream.feed(VECTORS["keepalive"]) == []


def scapy_of(pdu: NbssPdu) -> NbssLayer:
    match pdu:
        case NbssMessage():
            return NbssLayer(kind=0) / pdu.data
        case NbssRequest():
            return NbssLayer(kind=0x81, called=letters(pdu.called), calling=letters(pdu.calling))
        case NbssPositive():
            return NbssLayer(kind=0x82)
        case NbssNegative():
            return NbssLayer(kind=0x83, error=pdu.error)
        case NbssRetarget():
            return NbssLayer(kind=0x84, address=pdu.address, port=pdu.port)
        case NbssKeepalive():
            return NbssLayer(kind=0x85)


def letters(name: bytes) -> bytes:
    """RFC 1001 14.1 once more: the hexadecimal digits, moved to A to P."""
    return name.hex().translate(str.maketrans("0123456789abcdef", "ABCDEFGHIJKLMNOP")).encode()


@with_scapy
@given(pdu=packets)
def test_the_scapy_layer_says_the_same(pdu: NbssPdu) -> None:
    octets = encode_nbss(pdu)
    assert bytes(scapy_of(pdu)) == octets
    dissected = NbssLayer(octets)
    dissected.clear_cache()
    assert bytes(dissected) == octets
    assert dissected.length == len(octets) - 4
