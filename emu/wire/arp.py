"""ARP for IPv4 over Ethernet (RFC 826): 28 octets, what follows is padding."""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.arp import REPLY, REQUEST, Arp
from emu.pdu.ethernet import EthernetFrame, EthernetII
from emu.wire.ethernet import encode_ethernet

#: RFC 826, "Packet format": the Ethernet type of address resolution.
ETHERTYPE_ARP = 0x0806

ARP_OCTETS = 28

_LAYOUT = struct.Struct("!HHBBH6s4s6s4s")
#: Hardware Ethernet, protocol IPv4, address lengths 6 and 4 (RFC 826, "Packet format").
_ETHERNET_IPV4 = (1, 0x0800, 6, 4)


def encode_arp(arp: Arp) -> bytes:
    """The 28 octets of a request or reply."""
    macs, ips = (arp.sender_mac, arp.target_mac), (arp.sender_ip, arp.target_ip)
    if any(len(mac) != 6 for mac in macs) or any(len(ip) != 4 for ip in ips):
        raise LocalProtocolError(f"ARP: expected addresses of 6 and 4 octets, got {arp}")
    return _LAYOUT.pack(
        *_ETHERNET_IPV4, arp.operation, arp.sender_mac, arp.sender_ip, arp.target_mac, arp.target_ip
    )


def decode_arp(octets: bytes) -> Arp:
    """The request or reply in ``octets``.  Other hardware, protocols, operations are refused."""
    if len(octets) < ARP_OCTETS:
        raise PeerProtocolError(f"ARP: expected 28 octets, got {len(octets)}")
    *kind, operation, sender_mac, sender_ip, target_mac, target_ip = _LAYOUT.unpack_from(octets)
    if tuple(kind) != _ETHERNET_IPV4:
        raise PeerProtocolError(f"ARP: expected Ethernet and IPv4 {_ETHERNET_IPV4}, got {kind}")
    if operation not in (REQUEST, REPLY):
        raise PeerProtocolError(f"ARP operation: expected 1 or 2, got {operation}")
    return Arp(
        operation=operation,
        sender_mac=sender_mac,
        sender_ip=sender_ip,
        target_mac=target_mac,
        target_ip=target_ip,
    )


def arp_frame(arp: Arp, destination: bytes) -> bytes:
    """The whole Ethernet II frame, from the sender's own MAC address (RFC 826)."""
    framing = EthernetII(ethertype=ETHERTYPE_ARP)
    frame = EthernetFrame(
        destination=destination, source=arp.sender_mac, framing=framing, body=encode_arp(arp)
    )
    return encode_ethernet(frame)
