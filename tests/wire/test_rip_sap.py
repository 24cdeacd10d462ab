"""IPX RIP and SAP."""

from __future__ import annotations

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.rip_sap import Rip, RipEntry, Sap, SapEntry
from emu.wire.rip_sap import (
    decode_rip,
    decode_sap,
    decode_service_name,
    encode_rip,
    encode_sap,
    encode_service_name,
)
from tests.wire import strategies as of
from tests.wire.strategies import thorough

#: Laid out by hand after facts/ipx.md 1.12.
RIP = bytes.fromhex("0002 a8f87967 0001 0002")
SAP_QUERY = bytes.fromhex("0003 0004")
SAP_RESPONSE = (
    bytes.fromhex("0004 0004")
    + b"FS1".ljust(48, b"\0")
    + bytes.fromhex("deadbeef 000000000001 0451 0001")
)
SERVER = SapEntry(
    service=4,
    name=encode_service_name("FS1"),
    network=0xDEADBEEF,
    node=b"\0\0\0\0\0\x01",
    socket=0x0451,
    hops=1,
)


def test_a_rip_response() -> None:
    rip = Rip(operation=2, entries=(RipEntry(network=0xA8F87967, hops=1, ticks=2),))
    assert (encode_rip(rip), decode_rip(RIP)) == (RIP, rip)


def test_a_nearest_query_carries_its_service_type() -> None:
    sap = Sap(operation=3, service=4)
    assert (encode_sap(sap), decode_sap(SAP_QUERY)) == (SAP_QUERY, sap)


def test_a_nearest_response_names_the_server() -> None:
    sap = Sap(operation=4, entries=(SERVER,))
    assert (encode_sap(sap), decode_sap(SAP_RESPONSE)) == (SAP_RESPONSE, sap)


def test_a_query_without_service_is_kept() -> None:
    assert decode_sap(b"\0\x01\0") == Sap(operation=1, rest=b"\0")


def test_octets_behind_the_last_entry_are_kept() -> None:
    assert decode_rip(RIP + b"scrap").rest == b"scrap"
    assert decode_sap(SAP_RESPONSE + b"scrap").rest == b"scrap"


@pytest.mark.parametrize("octets", [b"", b"\0", b"\0\0", b"\0\x09" + bytes(8)])
def test_unknown_operations_and_short_octets_are_refused(octets: bytes) -> None:
    for decode in (decode_rip, decode_sap):
        with pytest.raises(PeerProtocolError):
            decode(octets)


def test_a_service_name_ends_at_the_first_zero() -> None:
    assert decode_service_name(b"FS1\0left over".ljust(48)) == "FS1"
    assert len(encode_service_name("FS1")) == 48


def test_a_name_of_another_length_is_our_own_error() -> None:
    wrong = SapEntry(service=4, name=b"FS1", network=1, node=bytes(6), socket=0x451, hops=1)
    with pytest.raises(LocalProtocolError):
        encode_sap(Sap(operation=4, entries=(wrong,)))
    with pytest.raises(LocalProtocolError):
        encode_service_name("x" * 48)


@thorough
@given(rip=of.rips)
def test_rip_round_trip(rip: Rip) -> None:
    assert decode_rip(encode_rip(rip)) == rip


@thorough
@given(sap=of.saps)
def test_sap_round_trip(sap: Sap) -> None:
    assert decode_sap(encode_sap(sap)) == sap
