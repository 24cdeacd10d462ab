"""LAPD and Q.931 as Scapy layers: ITU-T Q.921 3, Q.931 4."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    BitField,
    BitFieldLenField,
    ByteEnumField,
    ConditionalField,
    FieldLenField,
    PacketListField,
    StrLenField,
    XByteEnumField,
    XByteField,
)
from scapy.packet import Packet, Raw

from emu.wire.scapy_layers.llc2 import SUPERVISORY, UNNUMBERED

#: Q.931 table 4-2.
MESSAGE_TYPES = {
    0x01: "ALERTING",
    0x02: "CALL PROCEEDING",
    0x05: "SETUP",
    0x07: "CONNECT",
    0x0F: "CONNECT ACKNOWLEDGE",
    0x45: "DISCONNECT",
    0x4D: "RELEASE",
    0x5A: "RELEASE COMPLETE",
    0x7D: "STATUS",
}
#: Q.931 table 4-3.
ELEMENTS = {
    0x04: "bearer capability",
    0x08: "cause",
    0x18: "channel identification",
    0x70: "called party number",
    0xA1: "sending complete",
}
_ADDRESS = [
    BitField("sapi", 0, 6),
    BitField("command_response", 0, 1),
    BitField("first_extension", 0, 1),
    BitField("tei", 64, 7),
    BitField("last_extension", 1, 1),
]


class LapdUnnumberedLayer(Packet):
    """ITU-T Q.921 3.4.4: one control octet."""

    name = "LAPD unnumbered"
    fields_desc = [*_ADDRESS, ByteEnumField("control", 0x7F, UNNUMBERED)]


class LapdSupervisoryLayer(Packet):
    """ITU-T Q.921 3.4.3: kind, N(R), P/F."""

    name = "LAPD supervisory"
    fields_desc = [
        *_ADDRESS,
        ByteEnumField("kind", 0x01, SUPERVISORY),
        BitField("receive_number", 0, 7),
        BitField("poll_final", 0, 1),
    ]


class LapdInformationLayer(Packet):
    """ITU-T Q.921 3.4.2: N(S), N(R), P; Q.931 inside."""

    name = "LAPD information"
    fields_desc = [
        *_ADDRESS,
        BitField("send_number", 0, 7),
        BitField("format_bit", 0, 1),
        BitField("receive_number", 0, 7),
        BitField("poll_final", 0, 1),
    ]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        return Q931Layer if payload.startswith(b"\x08") else Raw


def lapd_class_of(octets: bytes) -> type[Packet] | None:
    """By the low bits of the first control octet; None for what is no LAPD frame of ours."""
    if len(octets) < 3 or octets[0] & 1 or not octets[1] & 1:
        return None
    if octets[2] & 3 == 3:
        return LapdUnnumberedLayer if octets[2] in UNNUMBERED else None
    if len(octets) < 4:
        return None
    if octets[2] & 1 == 0:
        return LapdInformationLayer
    whole = octets[2] in SUPERVISORY and len(octets) == 4
    return LapdSupervisoryLayer if whole else None


def _has_content(element: Packet) -> bool:
    return int(element.getfieldval("identifier")) < 0x80


class Q931ElementLayer(Packet):
    """ITU-T Q.931 4.5.1: one octet from 80 on, else identifier, length, content."""

    name = "Q.931 element"
    fields_desc = [
        XByteEnumField("identifier", 0x04, ELEMENTS),
        ConditionalField(FieldLenField("length", None, fmt="B", length_of="content"), _has_content),
        ConditionalField(
            StrLenField("content", b"", length_from=lambda element: element.length), _has_content
        ),
    ]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        return b"", s


class Q931Layer(Packet):
    """ITU-T Q.931 4: the call reference is kept with its flag, the top bit."""

    name = "Q.931"
    fields_desc = [
        XByteField("discriminator", 0x08),
        BitField("spare", 0, 4),
        BitFieldLenField("reference_length", None, 4, length_of="reference"),
        StrLenField("reference", b"\x01", length_from=lambda message: message.reference_length),
        XByteEnumField("message_type", 0x05, MESSAGE_TYPES),
        PacketListField("elements", [], Q931ElementLayer),
    ]
