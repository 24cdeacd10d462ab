"""NCP over IPX as Scapy layers (facts/ipx.md 1.5, 1.6)."""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import ByteEnumField, ByteField, ConditionalField, ShortEnumField, XByteField
from scapy.packet import Packet, Raw

TYPES = {
    0x1111: "create connection",
    0x2222: "request",
    0x3333: "reply",
    0x5555: "destroy connection",
    0x7777: "packet burst",
    0x9999: "request being processed",
}
FUNCTIONS = {0: "none", 0x14: "get file server date and time", 0x17: "bindery"}
WATCHDOG_MARKS = {
    0x3F: "poll",
    0x59: "answer",
    0x21: "broadcast waiting",
    0x40: "server change-over",
}

_REQUESTS = (0x1111, 0x2222, 0x5555)
_REPLIES = (0x3333, 0x9999)


class NcpWatchdogLayer(Packet):
    """facts/ipx.md 1.5: low octet of the connection number, and a mark."""

    name = "NCP watchdog"
    fields_desc = [
        ByteField("connection_low", 0),
        ByteEnumField("mark", 0x3F, WATCHDOG_MARKS),
    ]


def _has_function(layer: Packet) -> bool:
    """Some senders stop after six octets on create and destroy (facts/ipx.md 1.6).

    While octets are being read, the layer's ``original`` tells how many there are.
    """
    return not layer.original or len(layer.original) > 6


class NcpRequestLayer(Packet):
    """facts/ipx.md 1.6, request: seven octets, or six without a function (set it to None)."""

    name = "NCP request"
    fields_desc = [
        ShortEnumField("kind", 0x2222, TYPES),
        ByteField("sequence", 0),
        ByteField("connection_low", 0xFF),
        ByteField("task", 0),
        ByteField("connection_high", 0xFF),
        ConditionalField(ByteEnumField("function", 0, FUNCTIONS), _has_function),
    ]

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        return (pkt[:6] if self.function is None else pkt) + pay


class NcpReplyLayer(Packet):
    """facts/ipx.md 1.6, reply: eight octets."""

    name = "NCP reply"
    fields_desc = [
        ShortEnumField("kind", 0x3333, TYPES),
        ByteField("sequence", 0),
        ByteField("connection_low", 0),
        ByteField("task", 0),
        ByteField("connection_high", 0),
        XByteField("completion", 0),
        XByteField("status", 0),
    ]


def class_of(payload: bytes) -> type[Packet]:
    """Two octets are a watchdog; else the type in the first two octets decides."""
    if len(payload) == 2:
        return NcpWatchdogLayer
    kind = int.from_bytes(payload[:2], "big")
    if kind in _REQUESTS:
        return NcpRequestLayer
    return NcpReplyLayer if kind in _REPLIES else Raw
