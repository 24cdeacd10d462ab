"""A PPP frame taken apart and put in words; what it carries is read as on Ethernet.

``dissect`` never fails: what is unknown or malformed stays octets at the end of the tuple.
"""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.pdu.ppp import (
    CONTROL_PROTOCOLS,
    PROTOCOL_BRIDGED,
    PROTOCOL_IP,
    PROTOCOL_IPX,
    PROTOCOL_NBF,
    Configure,
    ControlPacket,
    PppFrame,
)
from emu.wire import ethernet, frame
from emu.wire.bridging import decode_bridged
from emu.wire.describe import describe_layers, octets_text, summarise_layers
from emu.wire.forwarding import MAC_HEADER_OCTETS, reversed_bits
from emu.wire.frame import Layers
from emu.wire.ppp import decode_control, decode_ppp

_ETHERTYPES = {
    PROTOCOL_IP: ethernet.ETHERTYPE_IPV4,
    PROTOCOL_IPX: ethernet.ETHERTYPE_IPX,
}
_DATA_NAMES = {
    PROTOCOL_IP: "IP",
    PROTOCOL_IPX: "IPX",
    PROTOCOL_NBF: "NBF",
    PROTOCOL_BRIDGED: "bridged",
}
#: RFC 1661 6, RFC 1332 3, RFC 1552 3, RFC 2097 5, RFC 2878 5: the options somebody here writes.
#: DSAP and SSAP of NetBIOS, commands and responses (IEEE 802.2 3.3.1.2; facts/netbeui.md 1.1).
_NETBIOS = (b"\xf0\xf0", b"\xf0\xf1")
_OPTIONS = {
    "LCP": {1: "maximum receive unit", 3: "authentication", 5: "magic number"},
    "IPCP": {2: "compression", 3: "address"},
    "IPXCP": {1: "network", 2: "node", 6: "complete"},
    "BCP": {1: "bridge", 2: "line", 3: "MAC type", 4: "tinygram compression"},
    "NBFCP": {1: "name projection", 2: "peer", 3: "multicast filtering", 4: "MAC address"},
}


def as_ethernet(ppp: PppFrame) -> bytes | None:
    """The same packet between null addresses; None when Ethernet does not carry it.

    NBF keeps its LLC header over PPP (facts/netbeui.md 4), so only the length is added.  Where
    the ends have agreed on RFC 2097's option 4, MAC addresses stand in front of that header.
    A reader of one frame cannot know, and goes by where NetBIOS' access points are.
    """
    if ppp.protocol == PROTOCOL_NBF:
        at = _llc_at(ppp.payload)
        llc = ppp.payload[at:]
        addresses = reversed_bits(ppp.payload[:at]).ljust(MAC_HEADER_OCTETS, b"\0")
        return addresses + len(llc).to_bytes(2, "big") + llc
    ethertype = _ETHERTYPES.get(ppp.protocol)
    if ethertype is None:
        return None
    return bytes(12) + ethertype.to_bytes(2, "big") + ppp.payload


def _llc_at(payload: bytes) -> int:
    """Where the LLC header begins, behind two MAC addresses or none."""
    behind = payload[MAC_HEADER_OCTETS : MAC_HEADER_OCTETS + 2]
    bridged = payload[:2] not in _NETBIOS and behind in _NETBIOS
    return MAC_HEADER_OCTETS if bridged else 0


def dissect(octets: bytes) -> Layers:
    """The frame and what is inside, outermost first."""
    try:
        ppp = decode_ppp(octets)
    except PeerProtocolError:
        return (octets,)
    if ppp.protocol in CONTROL_PROTOCOLS:
        try:
            return (ppp, decode_control(ppp.payload, protocol=ppp.protocol))
        except PeerProtocolError:
            return (ppp, ppp.payload)
    if ppp.protocol == PROTOCOL_BRIDGED:
        return (ppp, *_bridged(ppp.payload))
    inner = as_ethernet(ppp)
    if inner is not None:
        return (ppp, *frame.dissect(inner)[1:])
    return (ppp, ppp.payload) if ppp.payload else (ppp,)


def _bridged(payload: bytes) -> Layers:
    """A whole frame of a LAN, its own addresses and all."""
    try:
        return frame.dissect(decode_bridged(payload).frame)
    except PeerProtocolError:
        return (payload,)


def describe(octets: bytes) -> list[str]:
    """One line for each layer."""
    first, *inner = dissect(octets)
    if not isinstance(first, PppFrame):
        return describe_layers((first,))
    return [f"PPP {_name(first.protocol)}", *_inner_lines(inner)]


def _inner_lines(inner: list[object]) -> list[str]:
    if inner and isinstance(inner[0], ControlPacket):
        return [control_words(inner[0])]
    return describe_layers(tuple(inner))


def summary(octets: bytes) -> str:
    """One line for the whole frame."""
    first, *inner = dissect(octets)
    if not isinstance(first, PppFrame):
        return summarise_layers((first,))
    if inner and isinstance(inner[0], ControlPacket):
        return f"PPP {control_words(inner[0])}"
    return f"PPP {' | '.join(describe_layers(tuple(inner))) or _name(first.protocol)}"


def _name(protocol: int) -> str:
    return CONTROL_PROTOCOLS.get(protocol) or _DATA_NAMES.get(protocol) or f"{protocol:04X}"


def control_words(packet: ControlPacket) -> str:
    """``LCP Configure-Request 1: magic number 12345678``."""
    protocol = CONTROL_PROTOCOLS.get(packet.protocol, f"{packet.protocol:04X}")
    code = "-".join(part.capitalize() for part in packet.code.name.split("_"))
    head = f"{protocol} {code} {packet.identifier}"
    if not isinstance(packet, Configure):
        return f"{head}: {octets_text(packet.data)}" if packet.data else head
    names = _OPTIONS.get(protocol, {})
    words = [
        f"{names.get(option.kind, f'option {option.kind}')} {option.data.hex()}".rstrip()
        for option in packet.options
    ]
    return f"{head}: {', '.join(words)}" if words else head
