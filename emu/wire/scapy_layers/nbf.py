"""NetBIOS Frames as Scapy layers (facts/netbeui.md 1.3, 1.4): little-endian."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    ByteEnumField,
    ByteField,
    LEShortField,
    StrFixedLenField,
    XByteField,
    XLEShortField,
)
from scapy.packet import Packet, Raw

NAME_COMMANDS = {
    0x00: "add group name query",
    0x01: "add name query",
    0x02: "name in conflict",
    0x03: "status query",
    0x07: "terminate trace (remote)",
    0x08: "datagram",
    0x09: "datagram broadcast",
    0x0A: "name query",
    0x0D: "add name response",
    0x0E: "name recognized",
    0x0F: "status response",
    0x13: "terminate trace (local and remote)",
}
SESSION_COMMANDS = {
    0x14: "data ack",
    0x15: "data first middle",
    0x16: "data only last",
    0x17: "session confirm",
    0x18: "session end",
    0x19: "session initialize",
    0x1A: "no receive",
    0x1B: "receive outstanding",
    0x1C: "receive continue",
    0x1F: "session alive",
}
_DELIMITER = b"\xff\xef"


class NbfNameLayer(Packet):
    """facts/netbeui.md 1.3, name-type: 44 octets."""

    name = "NBF name frame"
    fields_desc = [
        LEShortField("header_length", 44),
        XLEShortField("delimiter", 0xEFFF),
        ByteEnumField("kind", 0x0A, NAME_COMMANDS),
        XByteField("data1", 0),
        XLEShortField("data2", 0),
        XLEShortField("transmit_correlator", 0),
        XLEShortField("response_correlator", 0),
        StrFixedLenField("destination_name", b"", length=16),
        StrFixedLenField("source_name", b"", length=16),
    ]


class NbfSessionLayer(Packet):
    """facts/netbeui.md 1.3, session-type: 14 octets."""

    name = "NBF session frame"
    fields_desc = [
        LEShortField("header_length", 14),
        XLEShortField("delimiter", 0xEFFF),
        ByteEnumField("kind", 0x1F, SESSION_COMMANDS),
        XByteField("data1", 0),
        XLEShortField("data2", 0),
        XLEShortField("transmit_correlator", 0),
        XLEShortField("response_correlator", 0),
        ByteField("destination_session", 0),
        ByteField("source_session", 0),
    ]


def class_of(payload: bytes) -> type[Packet]:
    """By the length of the header; octets without the delimiter are none of ours."""
    if len(payload) < 14 or payload[2:4] != _DELIMITER:
        return Raw
    length, kind = int.from_bytes(payload[:2], "little"), payload[4]
    if length == 14 and kind in SESSION_COMMANDS:
        return NbfSessionLayer
    whole = length == 44 <= len(payload) and kind in NAME_COMMANDS
    return NbfNameLayer if whole else Raw
