"""ARP for IPv4 over Ethernet (RFC 826)."""

from __future__ import annotations

from dataclasses import dataclass

REQUEST = 1
REPLY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Arp:
    """``operation``: REQUEST or REPLY; hardware addresses 6 octets, protocol addresses 4."""

    operation: int
    sender_mac: bytes
    sender_ip: bytes
    target_mac: bytes
    target_ip: bytes
