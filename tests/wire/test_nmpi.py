"""NMPI: name queries and mailslots on IPX."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.netbios_name import netbios_name
from emu.pdu.nmpi import NAME_MACHINE, Nmpi, NmpiOperation
from emu.wire.nmpi import decode_nmpi, encode_nmpi
from tests.wire import strategies as of
from tests.wire.strategies import thorough

#: Laid out by hand after facts/ipx.md 1.10; the message id is little-endian.
OCTETS = (
    bytes.fromhex("0000000a")
    + bytes(28)
    + bytes.fromhex("f3 01 0180")
    + b"SERVER01        "
    + b"CLIENT01       \0"
)
QUERY = Nmpi(
    operation=NmpiOperation.QUERY,
    name_type=NAME_MACHINE,
    message_id=0x8001,
    requested=netbios_name("SERVER01", 0x20),
    source=netbios_name("CLIENT01", 0x00),
    networks=(0x0A, 0, 0, 0, 0, 0, 0, 0),
)


def test_a_query() -> None:
    assert len(OCTETS) == 68
    assert decode_nmpi(OCTETS) == QUERY
    assert encode_nmpi(QUERY) == OCTETS


def test_a_mailslot_write_carries_data() -> None:
    octets = OCTETS[:32] + b"\xfc" + OCTETS[33:] + b"\xffSMB"
    packet = replace(QUERY, operation=NmpiOperation.MAILSLOT_WRITE, data=b"\xffSMB")
    assert decode_nmpi(octets) == packet
    assert encode_nmpi(packet) == octets


@pytest.mark.parametrize("octets", [b"", OCTETS[:67], OCTETS[:32] + b"\xf0" + OCTETS[33:]])
def test_malformed_packets_are_refused(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="NMPI"):
        decode_nmpi(octets)


def test_a_short_name_is_our_own_error() -> None:
    with pytest.raises(LocalProtocolError, match="16 octets"):
        encode_nmpi(replace(QUERY, requested=b"SERVER01"))


@thorough
@given(packet=of.nmpis)
def test_round_trip(packet: Nmpi) -> None:
    assert decode_nmpi(encode_nmpi(packet)) == packet
