"""NetBIOS over IPX and NMPI as Scapy layers (facts/ipx.md 1.9, 1.10)."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    ByteEnumField,
    FlagsField,
    LEShortField,
    StrFixedLenField,
    XByteField,
    XIntField,
    XLEShortField,
)
from scapy.packet import Packet, Raw

NAME_KINDS = {
    1: "find name",
    2: "name recognized",
    3: "check name",
    4: "name in use",
    5: "deregister name",
}
SESSION_KINDS = {
    6: "session data",
    7: "session end",
    8: "session end ack",
    9: "status query",
    10: "status response",
}
DATAGRAM_KINDS = {11: "directed datagram", 12: "broadcast datagram"}
#: From the lowest bit.
NAME_FLAGS = ["deregistered", "duplicate", "registered", "bit3", "bit4", "bit5", "in_use", "group"]
CONTROL_BITS = [
    "bit0",
    "bit1",
    "bit2",
    "resend",
    "end_of_message",
    "attention",
    "ack_wanted",
    "system",
]
NMPI_OPERATIONS = {
    0xF1: "claim",
    0xF2: "delete",
    0xF3: "query",
    0xF4: "found",
    0xF5: "messenger hang-up",
    0xFC: "mailslot write",
    0xFD: "find",
    0xFE: "name",
}
_TYPE_20 = 20


def _networks() -> list[XIntField]:
    """The networks a broadcast has passed: always eight, filled with zeros."""
    return [XIntField(f"network_{number}", 0) for number in range(1, 9)]


class NbipxNameLayer(Packet):
    """facts/ipx.md 1.9, name packets: 50 octets."""

    name = "NBIPX name"
    fields_desc = [
        *_networks(),
        FlagsField("name_flags", 0, 8, NAME_FLAGS),
        ByteEnumField("kind", 1, NAME_KINDS),
        StrFixedLenField("netbios_name", b"", length=16),
    ]


class NbipxDatagramLayer(Packet):
    """facts/ipx.md 1.9, datagrams: the source's name first."""

    name = "NBIPX datagram"
    fields_desc = [
        FlagsField("connection_control", 0, 8, CONTROL_BITS),
        ByteEnumField("kind", 11, DATAGRAM_KINDS),
        StrFixedLenField("source_name", b"", length=16),
        StrFixedLenField("destination_name", b"", length=16),
    ]


class NbipxSessionLayer(Packet):
    """facts/ipx.md 1.9, session packets: 18 octets, little-endian."""

    name = "NBIPX session"
    fields_desc = [
        FlagsField("connection_control", 0, 8, CONTROL_BITS),
        ByteEnumField("kind", 6, SESSION_KINDS),
        XLEShortField("source_id", 0),
        XLEShortField("destination_id", 0xFFFF),
        LEShortField("send_sequence", 0),
        LEShortField("total_length", 0),
        LEShortField("offset", 0),
        LEShortField("data_length", 0),
        LEShortField("receive_sequence", 0),
        LEShortField("bytes_received", 0),
    ]


class NmpiLayer(Packet):
    """facts/ipx.md 1.10: 68 octets."""

    name = "NMPI"
    fields_desc = [
        *_networks(),
        ByteEnumField("operation", 0xF3, NMPI_OPERATIONS),
        XByteField("name_type", 1),
        LEShortField("message_id", 0),
        StrFixedLenField("requested_name", b"", length=16),
        StrFixedLenField("source_name", b"", length=16),
    ]


class SerializationLayer(Packet):
    """facts/ipx.md 1.8: six octets of serial number."""

    name = "NetWare serialization"
    fields_desc = [StrFixedLenField("number", b"", length=6)]


def class_of(payload: bytes, packet_type: int) -> type[Packet]:
    """Length and packet type before the type octet (facts/ipx.md 1.9, KB Q128335)."""
    kind = payload[1] if len(payload) > 1 else 0
    is_session = kind in SESSION_KINDS and len(payload) >= 18
    if len(payload) == 50 and payload[33] in NAME_KINDS:
        of_32 = is_session and int.from_bytes(payload[12:14], "little") == 32
        if packet_type == _TYPE_20 or not of_32:
            return NbipxNameLayer
    if is_session:
        return NbipxSessionLayer
    is_datagram = kind in DATAGRAM_KINDS and len(payload) >= 34
    return NbipxDatagramLayer if is_datagram else Raw


def nmpi_class_of(payload: bytes) -> type[Packet]:
    """68 octets or more with an operation that has a name."""
    return NmpiLayer if len(payload) >= 68 and payload[32] in NMPI_OPERATIONS else Raw
