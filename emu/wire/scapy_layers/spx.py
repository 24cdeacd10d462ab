"""SPX and SPX II as a Scapy layer (facts/ipx.md 1.3, 1.4): big-endian."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import ConditionalField, FlagsField, ShortField, XByteEnumField, XShortField
from scapy.packet import Packet, Raw

#: From the lowest bit.
CONTROL_BITS = [
    "extended_header",
    "reserved",
    "negotiate_size",
    "spx2",
    "end_of_message",
    "attention",
    "ack_wanted",
    "system",
]
STREAMS = {
    0xFC: "orderly release request",
    0xFD: "orderly release ack",
    0xFE: "end of connection",
    0xFF: "end of connection ack",
}
_SPX2 = 0x08
_NO_CONNECTION = 0xFFFF


def _has_size(layer: Packet) -> bool:
    """SPX II, but its connection request has the header of plain SPX (facts/ipx.md 1.4)."""
    control = int(layer.getfieldval("connection_control"))
    return bool(control & _SPX2) and layer.getfieldval("destination_id") != _NO_CONNECTION


class SpxLayer(Packet):
    """facts/ipx.md 1.3: 12 octets, 14 with SPX II's negotiation size."""

    name = "SPX"
    fields_desc = [
        FlagsField("connection_control", 0, 8, CONTROL_BITS),
        XByteEnumField("datastream_type", 0, STREAMS),
        XShortField("source_id", 0),
        XShortField("destination_id", _NO_CONNECTION),
        ShortField("sequence", 0),
        ShortField("acknowledgement", 0),
        ShortField("allocation", 0),
        ConditionalField(ShortField("negotiation_size", 0), _has_size),
    ]


def class_of(payload: bytes) -> type[Packet]:
    """A header cut short is none."""
    long = len(payload) >= 6 and payload[0] & _SPX2 and payload[4:6] != b"\xff\xff"
    return SpxLayer if len(payload) >= (14 if long else 12) else Raw
