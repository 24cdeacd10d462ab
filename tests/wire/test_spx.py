"""SPX and the header of SPX II."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.spx import (
    CONNECTION_NONE,
    CONTROL_ACKNOWLEDGEMENT,
    CONTROL_REQUEST,
    STREAM_END,
    Spx,
    has_long_header,
)
from emu.wire.ipx import decode_ipx
from emu.wire.spx import decode_spx, encode_spx
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.vectors import IPX

#: facts/ipx.md 1.13.
EXPECTED: dict[str, Spx] = {
    "spx-connect": Spx(
        control=CONTROL_REQUEST,
        source_id=0xE8A2,
        destination_id=CONNECTION_NONE,
        sequence=0,
        acknowledgement=0,
        allocation=0xFFFF,
    ),
    "spx-connect-ok": Spx(
        control=CONTROL_ACKNOWLEDGEMENT,
        source_id=0x9774,
        destination_id=0xE8A2,
        sequence=0,
        acknowledgement=0,
        allocation=3,
    ),
    "spx-watchdog": Spx(
        control=CONTROL_REQUEST,
        source_id=0xE8A2,
        destination_id=0x9774,
        sequence=7,
        acknowledgement=8,
        allocation=9,
    ),
    "spx-watchdog-ok": Spx(
        control=CONTROL_ACKNOWLEDGEMENT,
        source_id=0x9774,
        destination_id=0xE8A2,
        sequence=8,
        acknowledgement=7,
        allocation=10,
    ),
}
#: Laid out by hand after facts/ipx.md 1.4: size 1024 behind the twelve octets.
SPX2 = Spx(
    control=0xCC,
    source_id=0xE8A2,
    destination_id=0x9774,
    sequence=0,
    acknowledgement=0,
    allocation=3,
    negotiation_size=1024,
)
SPX2_OCTETS = bytes.fromhex("cc 00 e8a2 9774 0000 0000 0003 0400")


@pytest.mark.parametrize("name", EXPECTED)
def test_the_vectors_of_the_facts(name: str) -> None:
    octets = decode_ipx(IPX[name]).payload
    assert decode_spx(octets) == EXPECTED[name]
    assert encode_spx(EXPECTED[name]) == octets


def test_spx2_has_fourteen_octets() -> None:
    """tshark's reading; an HP trace with 44 octets of IPX agrees (facts/ipx.md 1.4)."""
    assert decode_spx(SPX2_OCTETS) == SPX2
    assert encode_spx(SPX2) == SPX2_OCTETS
    assert 30 + len(SPX2_OCTETS) == 44


def test_a_connection_request_of_spx2_has_twelve() -> None:
    octets = bytes.fromhex("cc 00 e8a2 ffff 0000 0000 0003 7878")
    packet = decode_spx(octets)
    assert (packet.negotiation_size, packet.data) == (None, b"xx")
    assert encode_spx(packet) == octets
    assert not has_long_header(0xCC, CONNECTION_NONE)


def test_a_request_is_a_connection_s_or_a_watchdog_s() -> None:
    """facts/ipx.md 8, trap 4: the same control octet; the destination id tells."""
    connect, watchdog = EXPECTED["spx-connect"], EXPECTED["spx-watchdog"]
    assert connect.control == watchdog.control
    assert (connect.is_connection_request, connect.is_watchdog_request) == (True, False)
    assert (watchdog.is_connection_request, watchdog.is_watchdog_request) == (False, True)
    answer = EXPECTED["spx-watchdog-ok"]
    assert not answer.is_connection_request
    assert not answer.is_watchdog_request
    data = replace(watchdog, control=0x50, stream=STREAM_END, destination_id=CONNECTION_NONE)
    assert not data.is_connection_request


@pytest.mark.parametrize("octets", [b"", bytes(11), SPX2_OCTETS[:12], SPX2_OCTETS[:13]])
def test_a_header_cut_short_is_refused(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="octets or more"):
        decode_spx(octets)


@pytest.mark.parametrize(
    "packet",
    [replace(SPX2, negotiation_size=None), replace(EXPECTED["spx-connect"], negotiation_size=576)],
)
def test_a_size_without_spx2_is_our_own_error(packet: Spx) -> None:
    with pytest.raises(LocalProtocolError, match="SPX II"):
        encode_spx(packet)


@thorough
@given(packet=of.spx_packets)
def test_round_trip(packet: Spx) -> None:
    assert decode_spx(encode_spx(packet)) == packet
