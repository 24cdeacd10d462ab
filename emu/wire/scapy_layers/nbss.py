"""The NetBIOS session service as Scapy layers (RFC 1002 4.3; facts/redirector.md 4.1)."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    BitField,
    ByteEnumField,
    ConditionalField,
    ShortField,
    StrFixedLenField,
    XByteField,
)
from scapy.packet import Packet

TYPES = {
    0x00: "message",
    0x81: "request",
    0x82: "positive response",
    0x83: "negative response",
    0x84: "retarget response",
    0x85: "keepalive",
}


class NbssLayer(Packet):
    """RFC 1002 4.3.1: type, seven reserved bits, 17 bits of length; names as letters."""

    name = "NBSS"
    fields_desc = [
        ByteEnumField("kind", 0, TYPES),
        BitField("reserved", 0, 7),
        BitField("length", None, 17),
        ConditionalField(XByteField("called_length", 0x20), lambda layer: layer.kind == 0x81),
        ConditionalField(
            StrFixedLenField("called", b"CA" * 16, length=32), lambda layer: layer.kind == 0x81
        ),
        ConditionalField(XByteField("called_end", 0), lambda layer: layer.kind == 0x81),
        ConditionalField(XByteField("calling_length", 0x20), lambda layer: layer.kind == 0x81),
        ConditionalField(
            StrFixedLenField("calling", b"CA" * 16, length=32), lambda layer: layer.kind == 0x81
        ),
        ConditionalField(XByteField("calling_end", 0), lambda layer: layer.kind == 0x81),
        ConditionalField(XByteField("error", 0x8F), lambda layer: layer.kind == 0x83),
        ConditionalField(
            StrFixedLenField("address", bytes(4), length=4), lambda layer: layer.kind == 0x84
        ),
        ConditionalField(ShortField("port", 139), lambda layer: layer.kind == 0x84),
    ]

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        if self.length is None:
            octets = len(pkt) - 4 + len(pay)
            pkt = pkt[:1] + octets.to_bytes(3, "big") + pkt[4:]
        return pkt + pay
