"""ARP by RFC 826: ask, answer, merge; at most one request a second (RFC 1122 2.3.2.1)."""

from __future__ import annotations

from emu.pdu.arp import REPLY, REQUEST, Arp
from emu.pdu.ethernet import EthernetFrame, EthernetII
from emu.stations.addresses import ip_address
from emu.stations.ip import Neighbours, format_ip
from emu.units import seconds as s
from emu.wire.arp import encode_arp
from emu.wire.ethernet import decode_ethernet, encode_ethernet

from .tcp_parts import Surroundings, Wire, mac

US, THEM, OTHER = ip_address(1), ip_address(2), ip_address(3)


def neighbours(lifetime_ns: int | None = None) -> tuple[Neighbours, Surroundings, Wire]:
    wire = Wire()
    at = Surroundings(1, wire)
    return Neighbours(US, at, lifetime_ns), at, wire


def arp(operation: int, sender: bytes, sender_mac: bytes, target: bytes) -> bytes:
    body = Arp(
        operation=operation,
        sender_mac=sender_mac,
        sender_ip=sender,
        target_mac=bytes(6),
        target_ip=target,
    )
    return encode_ethernet(
        EthernetFrame(
            destination=b"\xff" * 6,
            source=sender_mac,
            framing=EthernetII(ethertype=0x0806),
            body=encode_arp(body),
        )
    )


def test_addresses() -> None:
    """10/8 of RFC 1918."""
    assert ip_address(258) == bytes((10, 0, 1, 2))
    assert format_ip(ip_address(258)) == "10.0.1.2"


def test_an_unknown_address_is_asked_for_by_broadcast() -> None:
    """RFC 826 octet by octet: Ethernet, IPv4, 6, 4, request, ours, nobody's, theirs."""
    found, at, _ = neighbours()
    assert found.find(THEM, 0) is None
    ((_, octets),) = at.sent
    assert decode_ethernet(octets).body[:28] == bytes.fromhex(
        "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"
    )
    assert (octets[:6], octets[6:12], len(octets)) == (b"\xff" * 6, mac(1), 60)


def test_it_is_asked_for_once_a_second_at_most() -> None:
    found, at, _ = neighbours()
    for now in (0, 1, s(1) - 1, s(1), s(1) + 1, s(2) - 1, s(2)):
        found.find(THEM, now)
    assert len(at.sent) == 3
    found.find(OTHER, s(2))
    assert len(at.sent) == 4


def test_an_answer_for_us_is_learnt() -> None:
    found, at, _ = neighbours()
    assert found.receive(arp(REPLY, THEM, mac(2), US), 5) == (THEM, False)
    assert found.find(THEM, s(10**9)) == mac(2)
    assert at.sent == []


def test_a_request_for_us_is_answered_and_its_sender_learnt() -> None:
    found, at, _ = neighbours()
    assert found.receive(arp(REQUEST, THEM, mac(2), US), 5) == (THEM, False)
    assert at.arps() == [(0, REPLY, THEM)]
    assert at.sent[0][1][:6] == mac(2)
    assert found.find(THEM, 6) == mac(2)


def test_a_request_for_others_teaches_nothing_new() -> None:
    """RFC 826: a new pair is added only by the target of the packet."""
    found, at, _ = neighbours()
    assert found.receive(arp(REQUEST, THEM, mac(2), OTHER), 5) is None
    assert at.sent == []
    assert found.find(THEM, 6) is None


def test_anybodys_packet_updates_what_is_known() -> None:
    """RFC 826, Merge_flag: and that the address has moved is told."""
    found, at, _ = neighbours()
    found.receive(arp(REPLY, THEM, mac(2), US), 5)
    assert found.receive(arp(REQUEST, THEM, mac(9), OTHER), 6) == (THEM, True)
    assert found.find(THEM, 7) == mac(9)
    assert at.sent == []


def test_an_entry_with_a_lifetime_is_asked_for_again() -> None:
    found, at, _ = neighbours(s(600))
    assert found.forgets
    found.receive(arp(REPLY, THEM, mac(2), US), s(1))
    assert found.find(THEM, s(601) - 1) == mac(2)
    assert found.find(THEM, s(601)) is None
    assert len(at.sent) == 1
    found.receive(arp(REPLY, THEM, mac(2), US), s(602))
    assert found.find(THEM, s(1202) - 1) == mac(2)


def test_octets_that_are_no_arp_are_dropped() -> None:
    found, at, _ = neighbours()
    for octets in (b"", bytes(13), bytes(60), arp(REPLY, THEM, mac(2), US)[:30]):
        assert found.receive(octets, 0) is None
    assert at.sent == []
