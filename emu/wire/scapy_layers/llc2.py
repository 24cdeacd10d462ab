"""LLC type 2 as Scapy layers: IEEE 802.2 5.3 and 5.4, facts/netbeui.md 1.2.

Three classes for the three formats, chosen by the low bits of the first control octet.
Scapy's own LLC has a control field of one octet and loses the second in the payload.
"""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    BitField,
    ByteEnumField,
    FlagsField,
    StrFixedLenField,
)
from scapy.packet import Packet, Raw

#: The low bit of the source SAP tells command from response (IEEE 802.2 3.3.1.2).
DSAPS = {0xF0: "NetBIOS"}
SSAPS = {0xF0: "NetBIOS command", 0xF1: "NetBIOS response"}
#: facts/netbeui.md 1.2, both columns.
UNNUMBERED = {
    0x03: "UI",
    0x13: "UI P",
    0x0F: "DM",
    0x1F: "DM F",
    0x43: "DISC",
    0x53: "DISC P",
    0x63: "UA",
    0x73: "UA F",
    0x6F: "SABME",
    0x7F: "SABME P",
    0x87: "FRMR",
    0x97: "FRMR F",
    0xAF: "XID",
    0xBF: "XID P/F",
    0xE3: "TEST",
    0xF3: "TEST P/F",
}
SUPERVISORY = {0x01: "RR", 0x05: "RNR", 0x09: "REJ"}
#: From the lowest bit: facts/netbeui.md 1.2, the flag octet of FRMR.
REASONS = ["W", "X", "Y", "Z", "V", "bit5", "bit6", "bit7"]


class LlcUnnumberedLayer(Packet):
    """IEEE 802.2 5.3.3: one control octet."""

    name = "LLC unnumbered"
    fields_desc = [
        ByteEnumField("dsap", 0xF0, DSAPS),
        ByteEnumField("ssap", 0xF0, SSAPS),
        ByteEnumField("control", 0x03, UNNUMBERED),
    ]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        """NBF in UI, a reason in FRMR; XID and TEST carry their own octets."""
        from emu.wire.scapy_layers import nbf

        if self.control in (0x03, 0x13):
            return nbf.class_of(payload)
        rejects = self.control in (0x87, 0x97) and len(payload) == 5
        return LlcFrameRejectLayer if rejects else Raw


class LlcSupervisoryLayer(Packet):
    """IEEE 802.2 5.3.2: kind, N(R), P/F."""

    name = "LLC supervisory"
    fields_desc = [
        ByteEnumField("dsap", 0xF0, DSAPS),
        ByteEnumField("ssap", 0xF0, SSAPS),
        ByteEnumField("kind", 0x01, SUPERVISORY),
        BitField("receive_number", 0, 7),
        BitField("poll_final", 0, 1),
    ]


class LlcInformationLayer(Packet):
    """IEEE 802.2 5.3.1: N(S), N(R), P/F; ``format_bit`` is the 0 that marks an I frame."""

    name = "LLC information"
    fields_desc = [
        ByteEnumField("dsap", 0xF0, DSAPS),
        ByteEnumField("ssap", 0xF0, SSAPS),
        BitField("send_number", 0, 7),
        BitField("format_bit", 0, 1),
        BitField("receive_number", 0, 7),
        BitField("poll_final", 0, 1),
    ]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        from emu.wire.scapy_layers import nbf

        return nbf.class_of(payload)


class LlcFrameRejectLayer(Packet):
    """facts/netbeui.md 1.2, the information field of FRMR: 5 octets."""

    name = "LLC frame reject"
    fields_desc = [
        StrFixedLenField("rejected_control", b"\0\0", length=2),
        BitField("send_variable", 0, 7),
        BitField("reserved", 0, 1),
        BitField("receive_variable", 0, 7),
        BitField("rejected_response", 0, 1),
        FlagsField("reasons", 0, 8, REASONS),
    ]


def is_netbios(payload: bytes) -> bool:
    """Whether an LLC header has NetBIOS at both ends and its control field is whole."""
    between = payload[:1] == b"\xf0" and payload[1:2] in (b"\xf0", b"\xf1")
    return between and len(payload) >= (3 if payload[2:3] and payload[2] & 3 == 3 else 4)


def class_of(payload: bytes) -> type[Packet] | None:
    """By the low bits of the first control octet; None for control fields that are not ours."""
    control = payload[2]
    if control & 3 == 3:
        return LlcUnnumberedLayer if control in UNNUMBERED else None
    if control & 1 == 0:
        return LlcInformationLayer
    whole = control in SUPERVISORY and len(payload) == 4
    return LlcSupervisoryLayer if whole else None
