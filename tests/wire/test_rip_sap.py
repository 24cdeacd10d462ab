"""IPX RIP and SAP."""

from __future__ import annotations

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.rip_sap import Rip, RipEntry, Sap, SapEntry, UpdateHeader
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


#: Laid out by hand after RFC 1582, Figure 3: operation, sequence number, fragment, number of
#: fragments, then entries of 8 octets; a request is 2 octets long, an acknowledgement 6.
TRIGGERED_RIP = (
    (Rip(operation=6), "0006"),
    (
        Rip(
            operation=7,
            update=UpdateHeader(sequence=0x1234, fragment=1, fragments=2),
            entries=(
                RipEntry(network=0xDEADBEEF, hops=2, ticks=3),
                RipEntry(network=0x0000000A, hops=16, ticks=1),
            ),
        ),
        "0007 1234 01 02 deadbeef 0002 0003 0000000a 0010 0001",
    ),
    (
        Rip(operation=8, update=UpdateHeader(sequence=0x1234, fragment=1, fragments=0)),
        "000812340100",
    ),
)
#: RFC 1582, Figure 4, with the service type of RFC 2091, Figure 6 (2 octets).
TRIGGERED_SAP = (
    (Sap(operation=6), "0006"),
    (
        Sap(
            operation=7,
            update=UpdateHeader(sequence=0xFFFF, fragment=1, fragments=1),
            entries=(SERVER,),
        ),
        "0007 ffff 01 01 0004 465331" + 45 * "00" + "deadbeef 000000000001 0451 0001",
    ),
    (
        Sap(operation=8, update=UpdateHeader(sequence=0xFFFF, fragment=1, fragments=0)),
        "0008ffff0100",
    ),
)


@pytest.mark.parametrize(("rip", "octets"), TRIGGERED_RIP)
def test_triggered_rip(rip: Rip, octets: str) -> None:
    assert encode_rip(rip) == bytes.fromhex(octets)
    assert decode_rip(bytes.fromhex(octets)) == rip


@pytest.mark.parametrize(("sap", "octets"), TRIGGERED_SAP)
def test_triggered_sap(sap: Sap, octets: str) -> None:
    assert encode_sap(sap) == bytes.fromhex(octets)
    assert decode_sap(bytes.fromhex(octets)) == sap


@pytest.mark.parametrize("operation", [7, 8])
def test_an_update_header_that_is_cut_short_is_kept_as_it_is(operation: int) -> None:
    octets = bytes((0, operation, 0x12, 0x34, 1))
    assert decode_rip(octets) == Rip(operation=operation, rest=octets[2:])
    assert encode_sap(decode_sap(octets)) == octets


@pytest.mark.parametrize("operation", [1, 2, 6])
def test_an_update_header_elsewhere_is_our_own_error(operation: int) -> None:
    header = UpdateHeader(sequence=1, fragment=1, fragments=1)
    with pytest.raises(LocalProtocolError):
        encode_rip(Rip(operation=operation, update=header))


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
