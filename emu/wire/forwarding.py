"""What a router changes in a packet that it passes on; None where the packet ends here.

IP: one hop less to live and a new checksum (RFC 791 3.2; RFC 1812 5.3.1).  IPX: one hop more,
discarded at 16 (facts/ipx.md 1.1), the source network filled in where its sender did not know
it; a type-20 broadcast carries the list of the networks it has passed (facts/ipx.md 1.9).
NetBEUI has no hops: a frame is bridged as it is, between RFC 2097's twelve octets of addresses.
"""

from __future__ import annotations

from dataclasses import replace

from emu.errors import PeerProtocolError
from emu.pdu.ethernet import EthernetFrame, Llc
from emu.pdu.ip_tcp import Ipv4Datagram
from emu.pdu.ipx import TYPE_BROADCAST_20, IpxAddress, IpxDatagram
from emu.wire.ip_tcp import decode_ipv4, encode_ipv4, ipv4_checksum_is_good

#: facts/ipx.md 1.1: discarded at 16.
HOPS_MAX = 15
#: facts/ipx.md 1.9: room for eight networks in front of a type-20 broadcast.
NETWORKS_PASSED_MAX = 8
_NETWORK_OCTETS = 4
#: Every octet with its bits the other way round.
_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
#: What RFC 2097's option 4 puts in front of the data field: destination and source address.
MAC_HEADER_OCTETS = 12


def next_ip_hop(packet: bytes) -> Ipv4Datagram | None:
    """The datagram as it goes on; None for a wrong checksum or a life that is over.

    A simplification: no ICMP is sent about it.
    """
    datagram = decode_ipv4(packet)
    if not ipv4_checksum_is_good(datagram) or datagram.ttl <= 1:
        return None
    return replace(datagram, ttl=datagram.ttl - 1, checksum=None)


def ip_octets(datagram: Ipv4Datagram) -> bytes:
    """The datagram without the padding of the frame it came in."""
    return encode_ipv4(datagram)


def next_ipx_hop(datagram: IpxDatagram, *, arrived_on: int) -> IpxDatagram | None:
    """``arrived_on``: the network of the LAN it came from."""
    if datagram.transport_control >= HOPS_MAX:
        return None
    source = datagram.source
    if not source.network:
        source = IpxAddress(network=arrived_on, node=source.node, socket=source.socket)
    # Written out: dataclasses.replace takes three times as long, and every routed frame comes here.
    return IpxDatagram(
        destination=datagram.destination,
        source=source,
        packet_type=datagram.packet_type,
        payload=datagram.payload,
        transport_control=datagram.transport_control + 1,
        checksum=datagram.checksum,
        length=datagram.length,
    )


def next_type_20_hop(datagram: IpxDatagram, *, arrived_on: int) -> IpxDatagram | None:
    """A broadcast that has not been on this network yet, which is now on its list."""
    hops, payload = datagram.transport_control, datagram.payload
    if datagram.packet_type != TYPE_BROADCAST_20 or hops >= NETWORKS_PASSED_MAX:
        return None
    end = hops * _NETWORK_OCTETS
    if len(payload) < NETWORKS_PASSED_MAX * _NETWORK_OCTETS or arrived_on in _passed(payload[:end]):
        return None
    listed = payload[:end] + arrived_on.to_bytes(4, "big") + payload[end + _NETWORK_OCTETS :]
    return next_ipx_hop(replace(datagram, payload=listed), arrived_on=arrived_on)


def _passed(octets: bytes) -> list[int]:
    return [int.from_bytes(octets[at : at + 4], "big") for at in range(0, len(octets), 4)]


def bridged(frame: EthernetFrame) -> bytes:
    """An LLC frame as NBF over PPP carries it with MAC addresses (facts/netbeui.md 4)."""
    if not isinstance(frame.framing, Llc):
        raise PeerProtocolError("NBF: expected an LLC frame")
    llc = bytes((frame.framing.dsap, frame.framing.ssap)) + frame.framing.control + frame.body
    return reversed_bits(frame.destination) + reversed_bits(frame.source) + llc


def unbridged(payload: bytes) -> tuple[bytes, bytes, bytes]:
    """(destination, source, LLC octets) of a bridged frame."""
    if len(payload) < MAC_HEADER_OCTETS + 3:
        raise PeerProtocolError(f"NBF over PPP: expected 15 octets or more, got {len(payload)}")
    return reversed_bits(payload[:6]), reversed_bits(payload[6:12]), payload[MAC_HEADER_OCTETS:]


def reversed_bits(address: bytes) -> bytes:
    """Non-canonical bit order: each octet's least significant bit first (RFC 2097, option 4)."""
    return address.translate(_REVERSED)
