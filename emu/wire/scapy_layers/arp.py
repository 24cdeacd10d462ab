"""ARP for IPv4 over Ethernet as a Scapy layer (RFC 826)."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import ByteField, IPField, MACField, ShortEnumField, XShortField
from scapy.packet import Packet

OPERATIONS = {1: "request", 2: "reply"}

_NULL_MAC = "00:00:00:00:00:00"


class ArpLayer(Packet):
    """RFC 826, "Packet format", with Ethernet and IPv4 address lengths."""

    name = "ARP"
    fields_desc = [
        XShortField("hardware", 1),
        XShortField("protocol", 0x0800),
        ByteField("hardware_octets", 6),
        ByteField("protocol_octets", 4),
        ShortEnumField("operation", 1, OPERATIONS),
        MACField("sender_mac", _NULL_MAC),
        IPField("sender_ip", "0.0.0.0"),
        MACField("target_mac", _NULL_MAC),
        IPField("target_ip", "0.0.0.0"),
    ]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        return b"", s
