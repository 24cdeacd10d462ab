"""Ethernet framings as Scapy layers.

Sources: IEEE 802.3 3.2, IEEE 802.2 5.3-5.4, RFC 1042, facts/ipx.md 1.2.
"""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from typing import Any

from scapy.fields import (
    ByteEnumField,
    ConditionalField,
    MACField,
    ShortEnumField,
    ShortField,
    X3BytesField,
    XByteField,
)
from scapy.packet import Packet

FRAME_MIN_OCTETS = 60
ETHERTYPE_MIN = 0x0600

ETHERTYPES = {0x0800: "IPv4", 0x0806: "ARP", 0x8137: "IPX"}
SAPS = {0x42: "spanning tree", 0xAA: "SNAP", 0xE0: "NetWare", 0xF0: "NetBIOS", 0xFF: "global"}

_NULL_MAC = "00:00:00:00:00:00"


class _Padded(Packet):
    """A frame of 60 octets or more without FCS (IEEE 802.3 4.2.3.3).

    ``build_done`` runs after Scapy has put back the padding of a dissected frame, so that a
    frame is not padded twice.
    """

    def build_done(self, p: bytes) -> bytes:
        return super().build_done(p).ljust(FRAME_MIN_OCTETS, b"\0")


class EthernetLayer(Packet):
    """The root: reads type or length (IEEE 802.3 3.2.6) and becomes the layer that fits."""

    name = "Ethernet"
    fields_desc = [
        MACField("destination", _NULL_MAC),
        MACField("source", _NULL_MAC),
        ShortField("length_or_type", 0),
    ]

    @classmethod
    def dispatch_hook(cls, _pkt: bytes | None = None, *_args: Any, **_kargs: Any) -> type[Packet]:
        if _pkt is None or len(_pkt) < 14:
            return cls
        kind = int.from_bytes(_pkt[12:14], "big")
        return EthernetIILayer if kind >= ETHERTYPE_MIN else Ieee8023Layer


class EthernetIILayer(_Padded):
    """Ethernet II (IEEE 802.3 3.2.6, type interpretation), padded to 60 octets."""

    name = "Ethernet II"
    fields_desc = [
        MACField("destination", _NULL_MAC),
        MACField("source", _NULL_MAC),
        ShortEnumField("ethertype", 0x8137, ETHERTYPES),
    ]


class Ieee8023Layer(_Padded):
    """IEEE 802.3 3.2.6, length interpretation; the length does not count the padding."""

    name = "802.3"
    fields_desc = [
        MACField("destination", _NULL_MAC),
        MACField("source", _NULL_MAC),
        ShortField("length", None),
    ]

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        if self.length is None:
            pkt = pkt[:12] + len(pay).to_bytes(2, "big")
        return pkt + pay

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        return s[: self.length], s[self.length :]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        """Novell's raw framing has FFFF where an LLC header would stand (facts/ipx.md 1.2).

        Between NetBIOS SAPs LLC type 2 is spoken, whose control field has numbers in it.
        """
        from emu.wire.scapy_layers import llc2
        from emu.wire.scapy_layers.ipx import IpxLayer

        if payload[:2] == b"\xff\xff":
            return IpxLayer
        link_layer = llc2.class_of(payload) if llc2.is_netbios(payload) else None
        return link_layer or LlcLayer


def _has_second_control_octet(layer: Packet) -> bool:
    """I and S format are two octets long, U format one (IEEE 802.2 5.3)."""
    control: int = layer.getfieldval("control")
    return control & 3 != 3


class LlcLayer(Packet):
    """IEEE 802.2 3.2 and 5.3: the control field has one octet or two."""

    name = "802.2 LLC"
    fields_desc = [
        ByteEnumField("dsap", 0xE0, SAPS),
        ByteEnumField("ssap", 0xE0, SAPS),
        XByteField("control", 3),
        ConditionalField(XByteField("control_second", 0), _has_second_control_octet),
    ]


class SnapLayer(Packet):
    """RFC 1042: organisation (zero: an EtherType follows) and protocol."""

    name = "SNAP"
    fields_desc = [
        X3BytesField("oui", 0),
        ShortEnumField("protocol", 0x8137, ETHERTYPES),
    ]
