"""IPX RIP and SAP as Scapy layers (facts/ipx.md 1.12)."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from typing import Any

from scapy.fields import (
    ConditionalField,
    MACField,
    PacketListField,
    ShortEnumField,
    ShortField,
    StrFixedLenField,
    XIntField,
    XShortField,
)
from scapy.packet import Packet

RIP_OPERATIONS = {1: "request", 2: "response"}
SAP_OPERATIONS = {
    1: "general query",
    2: "general response",
    3: "nearest query",
    4: "nearest response",
}
SERVICES = {0x0004: "file server", 0x0007: "print server", 0x0640: "NT server", 0xFFFF: "any"}

_NULL_NODE = "00:00:00:00:00:00"
_RIP_ENTRY_OCTETS = 8
_SAP_ENTRY_OCTETS = 64
_SAP_QUERIES = (1, 3)


class _Entry(Packet):
    """One entry of a list: what follows it belongs to the list."""

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        return b"", s


class RipEntryLayer(_Entry):
    """facts/ipx.md 1.12: network, hops, ticks."""

    name = "IPX RIP entry"
    fields_desc = [XIntField("network", 0), ShortField("hops", 0), ShortField("ticks", 0)]


def _next_rip_entry(_layer: Packet, _done: Any, _last: Any, rest: bytes) -> type[Packet] | None:
    return RipEntryLayer if len(rest) >= _RIP_ENTRY_OCTETS else None


class RipLayer(Packet):
    """facts/ipx.md 1.12; octets behind the last whole entry are the payload."""

    name = "IPX RIP"
    fields_desc = [
        ShortEnumField("operation", 1, RIP_OPERATIONS),
        PacketListField("entries", [], next_cls_cb=_next_rip_entry),
    ]


class SapEntryLayer(_Entry):
    """facts/ipx.md 1.12: type, name, network, node, socket, hops."""

    name = "IPX SAP entry"
    fields_desc = [
        ShortEnumField("service", 4, SERVICES),
        StrFixedLenField("service_name", b"", length=48),
        XIntField("network", 0),
        MACField("node", _NULL_NODE),
        XShortField("socket", 0),
        ShortField("hops", 0),
    ]


def _next_sap_entry(layer: Packet, _done: Any, _last: Any, rest: bytes) -> type[Packet] | None:
    query = layer.getfieldval("operation") in _SAP_QUERIES
    return None if query or len(rest) < _SAP_ENTRY_OCTETS else SapEntryLayer


def _has_service(layer: Packet) -> bool:
    return layer.getfieldval("operation") in _SAP_QUERIES


class SapLayer(Packet):
    """facts/ipx.md 1.12: a query names a service type, a response lists servers."""

    name = "IPX SAP"
    fields_desc = [
        ShortEnumField("operation", 3, SAP_OPERATIONS),
        ConditionalField(ShortEnumField("service", 4, SERVICES), _has_service),
        PacketListField("entries", [], next_cls_cb=_next_sap_entry),
    ]
