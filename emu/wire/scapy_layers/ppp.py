"""PPP and its control protocols as Scapy layers: RFC 1661, RFC 1662.

Scapy has layers of its own for PPP; they leave out FF 03 in front, IPXCP and NBFCP.
"""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    ByteEnumField,
    ByteField,
    ConditionalField,
    FieldLenField,
    PacketListField,
    ShortField,
    StrLenField,
    XByteField,
    XShortEnumField,
)
from scapy.packet import Packet, Raw

#: RFC 1661 2, RFC 1332, RFC 1552, RFC 2097, RFC 2878.
PROTOCOLS = {
    0x0021: "IP",
    0x002B: "IPX",
    0x0031: "bridged",
    0x003F: "NBF",
    0x8021: "IPCP",
    0x802B: "IPXCP",
    0x8031: "BCP",
    0x803F: "NBFCP",
    0xC021: "LCP",
}
CODES = {
    1: "Configure-Request",
    2: "Configure-Ack",
    3: "Configure-Nak",
    4: "Configure-Reject",
    5: "Terminate-Request",
    6: "Terminate-Ack",
    7: "Code-Reject",
    8: "Protocol-Reject",
    9: "Echo-Request",
    10: "Echo-Reply",
    11: "Discard-Request",
}
_CONFIGURE = (1, 2, 3, 4)


class PppLayer(Packet):
    """RFC 1662 3.1: FF 03 and the protocol in two octets."""

    name = "PPP"
    fields_desc = [
        XByteField("address", 0xFF),
        XByteField("control", 0x03),
        XShortEnumField("protocol", 0xC021, PROTOCOLS),
    ]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        return PppControlLayer if self.protocol & 0x8000 and len(payload) >= 4 else Raw


class PppOptionLayer(Packet):
    """RFC 1661 6: type, length with the header, data."""

    name = "PPP option"
    fields_desc = [
        ByteField("kind", 1),
        FieldLenField("length", None, fmt="B", length_of="content", adjust=lambda _, n: n + 2),
        StrLenField("content", b"", length_from=lambda option: option.length - 2),
    ]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        return b"", s


def _has_options(packet: Packet) -> bool:
    return packet.getfieldval("code") in _CONFIGURE


class PppControlLayer(Packet):
    """RFC 1661 5: code, identifier, length; options in the first four, octets in the others."""

    name = "PPP control"
    fields_desc = [
        ByteEnumField("code", 1, CODES),
        ByteField("identifier", 0),
        ShortField("length", None),
        ConditionalField(
            PacketListField(
                "options", [], PppOptionLayer, length_from=lambda packet: packet.length - 4
            ),
            _has_options,
        ),
    ]

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        """The length counts everything (RFC 1661 5)."""
        if self.length is None:
            pkt = pkt[:2] + (len(pkt) + len(pay)).to_bytes(2, "big") + pkt[4:]
        return pkt + pay
