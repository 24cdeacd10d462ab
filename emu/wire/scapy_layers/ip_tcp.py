"""IPv4 and TCP as Scapy layers (RFC 791 3.1, RFC 9293 3.1).

Scapy has its own; those ask the machine for routes and addresses when a field is left out
and bind whatever the user imported.  Options are raw here.  The sum is the textbook one
(RFC 1071 4.1), on purpose not the one of ``emu.wire.checksum``, which is tested against it.
"""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    BitField,
    ByteEnumField,
    ByteField,
    FlagsField,
    IntField,
    IPField,
    ShortField,
    StrLenField,
    XShortField,
)
from scapy.packet import Packet

from emu.wire.scapy_layers.ethernet import EthernetIILayer

PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP"}
#: One letter a flag from the lowest bit, RFC 9293 3.1: FIN SYN RST PSH ACK URG ECE CWR.
FLAG_LETTERS = "FSRPAUEC"

_DONT_FRAGMENT = 0x4000


def textbook_checksum(octets: bytes) -> int:
    """RFC 1071 4.1: add the words, fold the carries in, complement."""
    padded = octets + b"\0" * (len(octets) & 1)
    total = sum(int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Ipv4Layer(Packet):
    """RFC 791 3.1.  ``flags_fragment``: flags and fragment offset, 16 bits together."""

    name = "IPv4"
    fields_desc = [
        BitField("version", 4, 4),
        BitField("header_words", None, 4),
        ByteField("tos", 0),
        ShortField("total_length", None),
        ShortField("identification", 0),
        XShortField("flags_fragment", _DONT_FRAGMENT),
        ByteField("ttl", 128),
        ByteEnumField("protocol", 6, PROTOCOLS),
        XShortField("checksum", None),
        IPField("source", "0.0.0.0"),
        IPField("destination", "0.0.0.0"),
        StrLenField("options", b"", length_from=lambda pkt: pkt.header_words * 4 - 20),
    ]

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        if self.header_words is None:
            pkt = bytes((pkt[0] & 0xF0 | len(pkt) // 4,)) + pkt[1:]
        if self.total_length is None:
            pkt = pkt[:2] + (len(pkt) + len(pay)).to_bytes(2, "big") + pkt[4:]
        if self.checksum is None:
            pkt = pkt[:10] + textbook_checksum(pkt).to_bytes(2, "big") + pkt[12:]
        return pkt + pay

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        payload_octets = self.total_length - self.header_words * 4
        return s[:payload_octets], s[payload_octets:]


class TcpLayer(Packet):
    """RFC 9293 3.1.  The checksum needs an ``Ipv4Layer`` below for the pseudo header."""

    name = "TCP"
    fields_desc = [
        ShortField("source_port", 0),
        ShortField("destination_port", 0),
        IntField("sequence", 0),
        IntField("acknowledgement", 0),
        BitField("header_words", None, 4),
        BitField("reserved", 0, 4),
        FlagsField("flags", 0, 8, FLAG_LETTERS),
        ShortField("window", 0),
        XShortField("checksum", None),
        ShortField("urgent", 0),
        StrLenField("options", b"", length_from=lambda pkt: pkt.header_words * 4 - 20),
    ]

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        if self.header_words is None:
            pkt = pkt[:12] + bytes((len(pkt) // 4 << 4 | pkt[12] & 0xF,)) + pkt[13:]
        if self.checksum is None and isinstance(self.underlayer, Ipv4Layer):
            whole = _pseudo_header(self.underlayer, len(pkt) + len(pay)) + pkt + pay
            pkt = pkt[:16] + textbook_checksum(whole).to_bytes(2, "big") + pkt[18:]
        return pkt + pay


def _pseudo_header(below: Ipv4Layer, octets: int) -> bytes:
    """RFC 9293 3.1, "Checksum": addresses, zero, protocol, length."""
    source = below.get_field("source").i2m(below, below.source)
    destination = below.get_field("destination").i2m(below, below.destination)
    return source + destination + b"\0\x06" + octets.to_bytes(2, "big")


def build_bare_acknowledgement() -> bytes:
    """The frame from which ``emu.wire.tcp_flow`` cuts the constant octets of every flow."""
    return bytes(EthernetIILayer(ethertype=0x0800) / Ipv4Layer() / TcpLayer(flags="A"))
