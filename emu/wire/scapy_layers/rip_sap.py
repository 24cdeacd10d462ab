"""IPX RIP and SAP as Scapy layers (facts/ipx.md 1.12); triggered updates: RFC 1582 5, 6."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from typing import Any

from scapy.fields import (
    ByteField,
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

_TRIGGERED = {
    6: "triggered request",
    7: "triggered response",
    8: "triggered acknowledgement",
}
RIP_OPERATIONS = {1: "request", 2: "response", **_TRIGGERED}
SAP_OPERATIONS = {
    1: "general query",
    2: "general response",
    3: "nearest query",
    4: "nearest response",
    **_TRIGGERED,
}
SERVICES = {0x0004: "file server", 0x0007: "print server", 0x0640: "NT server", 0xFFFF: "any"}

_NULL_NODE = "00:00:00:00:00:00"
_RIP_ENTRY_OCTETS = 8
_SAP_ENTRY_OCTETS = 64
_SAP_QUERIES = (1, 3)
#: RFC 1582 5, 6: operations with the update header, and those that carry no entries.
_WITH_UPDATE_HEADER = (7, 8)
_WITHOUT_ENTRIES = (6, 8)


def _has_update(layer: Packet) -> bool:
    return layer.getfieldval("operation") in _WITH_UPDATE_HEADER


def _update_header() -> list[ConditionalField]:
    return [
        ConditionalField(ShortField("update_sequence", 0), _has_update),
        ConditionalField(ByteField("fragment_number", 1), _has_update),
        ConditionalField(ByteField("fragments_total", 1), _has_update),
    ]


class _Entry(Packet):
    """One entry of a list: what follows it belongs to the list."""

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        return b"", s


class RipEntryLayer(_Entry):
    """facts/ipx.md 1.12: network, hops, ticks."""

    name = "IPX RIP entry"
    fields_desc = [XIntField("network", 0), ShortField("hops", 0), ShortField("ticks", 0)]


def _next_rip_entry(layer: Packet, _done: Any, _last: Any, rest: bytes) -> type[Packet] | None:
    without = layer.getfieldval("operation") in _WITHOUT_ENTRIES
    return None if without or len(rest) < _RIP_ENTRY_OCTETS else RipEntryLayer


class RipLayer(Packet):
    """facts/ipx.md 1.12; octets behind the last whole entry are the payload."""

    name = "IPX RIP"
    fields_desc = [
        ShortEnumField("operation", 1, RIP_OPERATIONS),
        *_update_header(),
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
    without = layer.getfieldval("operation") in (*_SAP_QUERIES, *_WITHOUT_ENTRIES)
    return None if without or len(rest) < _SAP_ENTRY_OCTETS else SapEntryLayer


def _has_service(layer: Packet) -> bool:
    return layer.getfieldval("operation") in _SAP_QUERIES


class SapLayer(Packet):
    """facts/ipx.md 1.12: a query names a service type, a response lists servers."""

    name = "IPX SAP"
    fields_desc = [
        ShortEnumField("operation", 3, SAP_OPERATIONS),
        ConditionalField(ShortEnumField("service", 4, SERVICES), _has_service),
        *_update_header(),
        PacketListField("entries", [], next_cls_cb=_next_sap_entry),
    ]
