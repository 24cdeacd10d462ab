"""SSP: vectors by hand from RFC 1795, round trips, cut streams, octets that mean nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.dlsw import (
    Capabilities,
    CapabilitiesTaken,
    CircuitId,
    DataLinkId,
    DlcHeader,
    SspControl,
    SspInformation,
    SspMessage,
    SspType,
)
from emu.pdu.nbf import MULTICAST
from emu.wire.dlsw import (
    CONTROL_OCTETS,
    SspStream,
    decode_ssp,
    encode_ssp,
    message_octets,
    non_canonical,
)
from emu.wire.dlsw_capabilities import decode_capabilities, encode_capabilities
from tests.wire import dlsw
from tests.wire.dlsw import CLIENT, DLSW, SERVER
from tests.wire.strategies import thorough
from tests.wire.vectors import NETBEUI

LINK = DataLinkId(target_mac=SERVER, origin_mac=CLIENT)
ORIGIN, TARGET = CircuitId(port=1, correlator=7), CircuitId(port=2, correlator=9)
CISCO = Capabilities(
    vendor=b"\0\0\x0c", pacing_window=20, saps=frozenset({0xF0}), tcp_connections=1
)


def between(kind: SspType, *, from_origin: bool = True) -> SspControl:
    return SspControl(kind=kind, link=LINK, origin=ORIGIN, target=TARGET, from_origin=from_origin)


CANUREACH = SspControl(kind=SspType.CANUREACH, link=LINK, origin=ORIGIN, largest_frame=0x88)
MESSAGES: dict[str, SspMessage] = {
    "canureach-cs": CANUREACH,
    "icanreach-cs": replace(between(SspType.ICANREACH, from_origin=False), largest_frame=0x88),
    "reach-ack": between(SspType.REACH_ACK),
    "halt-dl": between(SspType.HALT_DL),
    "infoframe": SspInformation(remote=TARGET, data=NETBEUI["session-alive"][4:]),
    "keepalive": SspInformation(kind=SspType.KEEPALIVE),
    "netbios-nq": SspControl(
        kind=SspType.NETBIOS_NQ,
        explorer=True,
        link=DataLinkId(target_mac=MULTICAST, origin_mac=CLIENT),
        header=DlcHeader(destination=MULTICAST, source=CLIENT),
        data=NETBEUI["name-query"][3:],
    ),
    "cap-request": SspControl(kind=SspType.CAP_EXCHANGE, data=DLSW["cap-request"][72:]),
    "cap-response": SspControl(
        kind=SspType.CAP_EXCHANGE, from_origin=False, data=b"\0\x04\x15\x21"
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_by_hand(name: str) -> None:
    assert encode_ssp(MESSAGES[name]) == DLSW[name]
    assert decode_ssp(DLSW[name]) == MESSAGES[name]


def test_every_vector_is_used() -> None:
    assert set(DLSW) == set(MESSAGES)


def test_capabilities_by_hand() -> None:
    request, response = DLSW["cap-request"][72:], DLSW["cap-response"][72:]
    assert encode_capabilities(CISCO) == request
    assert decode_capabilities(request) == CISCO
    assert encode_capabilities(CapabilitiesTaken()) == response
    assert decode_capabilities(response) == CapabilitiesTaken()


def test_addresses_are_bit_reversed() -> None:
    """facts/netbeui.md 1.1: 03:00:00:00:00:01 is C0:00:00:00:00:80 on a token ring."""
    assert non_canonical(MULTICAST) == bytes.fromhex("c00000000080")


@thorough
@given(dlsw.messages)
def test_messages_round_trip(message: SspMessage) -> None:
    assert decode_ssp(encode_ssp(message)) == message


@thorough
@given(dlsw.capabilities)
def test_capabilities_round_trip(value: Capabilities) -> None:
    assert decode_capabilities(encode_capabilities(value)) == value


@thorough
@given(st.lists(dlsw.messages, max_size=4), st.lists(st.integers(1, 200), max_size=9))
def test_a_stream_may_be_cut_anywhere(messages: list[SspMessage], cuts: list[int]) -> None:
    octets = b"".join(map(encode_ssp, messages))
    stream, found, at = SspStream(), [], 0
    for cut in (*cuts, len(octets)):
        found += stream.feed(octets[at : at + cut])
        at += cut
    assert [decode_ssp(each) for each in found] == messages


def test_an_octet_at_a_time() -> None:
    stream = SspStream()
    octets = DLSW["keepalive"] + DLSW["infoframe"]
    found = [(at, each) for at, octet in enumerate(octets) for each in stream.feed(bytes((octet,)))]
    assert found == [(15, DLSW["keepalive"]), (45, DLSW["infoframe"])]


@pytest.mark.parametrize(
    "octets",
    [
        DLSW["keepalive"][:15],
        DLSW["keepalive"] + b"\0",
        b"\x32" + DLSW["keepalive"][1:],
        b"\x31\x20" + DLSW["keepalive"][2:],
        DLSW["keepalive"][:14] + b"\x03\0",  # CANUREACH with the short header
        DLSW["halt-dl"][:14] + b"\x0a" + DLSW["halt-dl"][15:],  # INFOFRAME with the long one
        DLSW["halt-dl"][:14] + b"\x7a" + DLSW["halt-dl"][15:],  # a type that is left out
        DLSW["halt-dl"][:38] + b"\x03" + DLSW["halt-dl"][39:],  # no such direction
        DLSW["netbios-nq"][:43] + b"\x22" + DLSW["netbios-nq"][44:],  # DLC header of 34
        DLSW["halt-dl"][:43] + b"\x23" + DLSW["halt-dl"][44:],  # a DLC header that is not there
    ],
)
def test_what_is_no_message_is_refused(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_ssp(octets)


@pytest.mark.parametrize(
    "octets",
    [
        b"\0\x04\x15",
        b"\0\x05\x15\x21",
        b"\0\x04\x15\x22",
        b"\0\x08\x15\x21\0\0\0\x01",  # a negative response
        b"\0\x04\x15\x20",  # no vectors at all
        DLSW["cap-request"][72:-1] + b"\x02\x01",
        b"\0\x06\x15\x20\x01\x81",
        b"\0\x06\x15\x20\x09\x81",
    ],
)
def test_what_are_no_capabilities_is_refused(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_capabilities(octets)


@pytest.mark.parametrize(
    "message",
    [
        SspControl(kind=SspType.INFOFRAME),
        SspInformation(kind=SspType.CONTACT),
        SspInformation(data=bytes(65536)),
        replace(CANUREACH, link=DataLinkId(target_mac=b"", origin_mac=CLIENT)),
        replace(CANUREACH, header=DlcHeader(destination=CLIENT, source=SERVER, routing=b"")),
    ],
)
def test_what_cannot_be_said_is_our_fault(message: SspMessage) -> None:
    with pytest.raises(LocalProtocolError):
        encode_ssp(message)


@pytest.mark.parametrize("changed", [{"vendor": b""}, {"saps": frozenset({0xF1})}])
def test_capabilities_that_cannot_be_said(changed: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError):
        encode_capabilities(replace(CISCO, **changed))


@thorough
@given(st.binary(max_size=120))
def test_octets_decode_or_are_the_peers_fault(octets: bytes) -> None:
    body = len(octets).to_bytes(2, "big")
    long = DLSW["netbios-nq"]
    for candidate in (octets, b"\x31\x10" + octets, long[:2] + body + long[4:72] + octets):
        for decode in (decode_ssp, decode_capabilities, message_octets):
            try:
                decode(candidate)
            except PeerProtocolError:
                continue


def test_the_long_header_is_long() -> None:
    assert len(encode_ssp(CANUREACH)) == CONTROL_OCTETS
