"""IPX as a Scapy layer (facts/ipx.md 1.1)."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    ByteEnumField,
    ByteField,
    MACField,
    ShortEnumField,
    ShortField,
    XIntField,
    XShortField,
)
from scapy.packet import Packet, Raw

PACKET_TYPES = {
    0: "unknown",
    1: "RIP",
    2: "echo",
    3: "error",
    4: "PEP",
    5: "SPX",
    17: "NCP",
    20: "type 20 broadcast",
}
SOCKETS = {
    0x0451: "NCP",
    0x0452: "SAP",
    0x0453: "RIP",
    0x0455: "NetBIOS",
    0x0456: "diagnostics",
    0x0457: "serialization",
    0x0550: "SMB server",
    0x0551: "NMPI name query",
    0x0552: "SMB redirector",
    0x0553: "mailslot",
}

_NULL_NODE = "00:00:00:00:00:00"


class IpxLayer(Packet):
    """facts/ipx.md 1.1: network before node, everything big-endian."""

    name = "IPX"
    fields_desc = [
        XShortField("checksum", 0xFFFF),
        ShortField("length", None),
        ByteField("transport_control", 0),
        ByteEnumField("packet_type", 0, PACKET_TYPES),
        XIntField("destination_network", 0),
        MACField("destination_node", _NULL_NODE),
        ShortEnumField("destination_socket", 0, SOCKETS),
        XIntField("source_network", 0),
        MACField("source_node", _NULL_NODE),
        ShortEnumField("source_socket", 0, SOCKETS),
    ]

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        if self.length is None:
            pkt = pkt[:2] + (len(pkt) + len(pay)).to_bytes(2, "big") + pkt[4:]
        return pkt + pay

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        return s[: self.length - 30], s[self.length - 30 :]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        """By packet type for NCP and SPX, by socket for the others (facts/ipx.md 1.5 to 1.12)."""
        from emu.wire.scapy_layers import nbipx, ncp, rip_sap, smb, spx

        if self.packet_type in (5, 17):
            return spx.class_of(payload) if self.packet_type == 5 else ncp.class_of(payload)
        sockets = (self.destination_socket, self.source_socket)
        if 0x0455 in sockets:
            return nbipx.class_of(payload, self.packet_type)
        if 0x0452 in sockets:
            return rip_sap.SapLayer
        if 0x0453 in sockets:
            return rip_sap.RipLayer
        if 0x0551 in sockets or 0x0553 in sockets:
            return nbipx.nmpi_class_of(payload)
        if 0x0550 in sockets or 0x0552 in sockets:
            return smb.header_class_of(payload)
        serial = 0x0457 in sockets and len(payload) == 6
        return nbipx.SerializationLayer if serial else Raw
