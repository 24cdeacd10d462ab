"""The switch-to-switch protocol as Scapy layers: RFC 1795 3.1, big-endian."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    BitField,
    ByteEnumField,
    ByteField,
    ShortField,
    StrFixedLenField,
    XByteField,
    XIntField,
)
from scapy.packet import Packet, Raw

#: RFC 1795 3.5.
TYPES = {
    0x03: "CANUREACH",
    0x04: "ICANREACH",
    0x05: "REACH_ACK",
    0x06: "DGRMFRAME",
    0x07: "XIDFRAME",
    0x08: "CONTACT",
    0x09: "CONTACTED",
    0x0A: "INFOFRAME",
    0x0E: "HALT_DL",
    0x0F: "DL_HALTED",
    0x10: "RESTART_DL",
    0x11: "DL_RESTARTED",
    0x12: "NETBIOS_NQ",
    0x13: "NETBIOS_NR",
    0x14: "DATAFRAME",
    0x19: "HALT_DL_NOACK",
    0x1A: "NETBIOS_ANQ",
    0x1B: "NETBIOS_ANR",
    0x1D: "KEEPALIVE",
    0x20: "CAP_EXCHANGE",
    0x21: "IFCM",
}
DIRECTIONS = {1: "origin to target", 2: "target to origin"}
_DLC_HEADER_OCTETS = 35


class _Message(Packet):
    """What both headers have in common: a length that counts what follows the header."""

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        if self.message_length is None:
            pkt = pkt[:2] + len(pay).to_bytes(2, "big") + pkt[4:]
        return pkt + pay


class SspInformationLayer(_Message):
    """RFC 1795 3.1, information message: 16 octets."""

    name = "SSP information"
    fields_desc = [
        XByteField("version", 0x31),
        ByteField("header_length", 16),
        ShortField("message_length", None),
        XIntField("remote_correlator", 0),
        XIntField("remote_port", 0),
        ShortField("reserved", 0),
        ByteEnumField("kind", 0x0A, TYPES),
        XByteField("flow_control", 0),
    ]


class SspControlLayer(_Message):
    """RFC 1795 3.1, control message: 72 octets; MAC addresses in token-ring order."""

    name = "SSP control"
    fields_desc = [
        XByteField("version", 0x31),
        ByteField("header_length", 72),
        ShortField("message_length", None),
        XIntField("remote_correlator", 0),
        XIntField("remote_port", 0),
        ShortField("reserved", 0),
        ByteEnumField("kind", 0x03, TYPES),
        XByteField("flow_control", 0),
        XByteField("protocol_id", 0x42),
        ByteField("header_number", 1),
        ShortField("reserved_18", 0),
        XByteField("largest_frame", 0),
        BitField("explorer", 0, 1),
        BitField("reserved_flags", 0, 7),
        ByteField("priority", 0),
        ByteEnumField("old_kind", 0x03, TYPES),
        StrFixedLenField("target_mac", b"", length=6),
        StrFixedLenField("origin_mac", b"", length=6),
        XByteField("origin_sap", 0xF0),
        XByteField("target_sap", 0xF0),
        ByteEnumField("frame_direction", 1, DIRECTIONS),
        ByteField("reserved_39", 0),
        ShortField("reserved_40", 0),
        ShortField("dlc_header_length", 0),
        XIntField("origin_port", 0),
        XIntField("origin_correlator", 0),
        XIntField("origin_transport", 0),
        XIntField("target_port", 0),
        XIntField("target_correlator", 0),
        XIntField("target_transport", 0),
        XIntField("reserved_68", 0),
    ]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        whole = self.dlc_header_length == _DLC_HEADER_OCTETS <= len(payload)
        return DlcHeaderLayer if whole else Raw


class DlcHeaderLayer(Packet):
    """RFC 1795 3.1: the header of a NetBIOS UI frame on a token ring, 35 octets."""

    name = "DLC header"
    fields_desc = [
        XByteField("access_control", 0),
        XByteField("frame_control", 0),
        StrFixedLenField("destination", b"", length=6),
        StrFixedLenField("source", b"", length=6),
        StrFixedLenField("routing", b"", length=18),
        XByteField("dsap", 0xF0),
        XByteField("ssap", 0xF0),
        XByteField("control", 0x03),
    ]


def class_of(payload: bytes) -> type[Packet]:
    """By the length of the header."""
    if len(payload) >= 72 and payload[:2] == b"\x31\x48":
        return SspControlLayer
    return SspInformationLayer if len(payload) >= 16 and payload[:2] == b"\x31\x10" else Raw
