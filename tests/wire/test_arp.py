"""ARP: 28 octets, Ethernet and IPv4 only."""

from __future__ import annotations

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.arp import REQUEST, Arp
from emu.wire.arp import decode_arp, encode_arp
from tests.wire import strategies as of
from tests.wire.strategies import thorough

#: Laid out by hand after RFC 826, "Packet format".
OCTETS = bytes.fromhex("0001 0800 06 04 0001 00a0c9112233 0a000001 000000000000 0a000002")
ARP = Arp(
    operation=REQUEST,
    sender_mac=bytes.fromhex("00a0c9112233"),
    sender_ip=bytes((10, 0, 0, 1)),
    target_mac=bytes(6),
    target_ip=bytes((10, 0, 0, 2)),
)


def test_the_layout_of_rfc_826() -> None:
    assert encode_arp(ARP) == OCTETS
    assert decode_arp(OCTETS) == ARP


def test_padding_is_passed_over() -> None:
    assert decode_arp(OCTETS + bytes(18)) == ARP


@pytest.mark.parametrize("octet", range(8))
def test_other_hardware_protocol_lengths_and_operations_are_refused(octet: int) -> None:
    changed = bytearray(OCTETS)
    changed[octet] ^= 0x10
    with pytest.raises(PeerProtocolError):
        decode_arp(bytes(changed))


def test_a_short_packet_is_refused() -> None:
    with pytest.raises(PeerProtocolError, match="28"):
        decode_arp(OCTETS[:-1])


def test_a_wrong_address_is_our_own_error() -> None:
    wrong = Arp(operation=1, sender_mac=b"", sender_ip=b"", target_mac=b"", target_ip=b"")
    with pytest.raises(LocalProtocolError):
        encode_arp(wrong)


@thorough
@given(arp=of.arps)
def test_round_trip(arp: Arp) -> None:
    assert decode_arp(encode_arp(arp)) == arp
