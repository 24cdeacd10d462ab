"""Frames in words, as people in the field say them: one line a layer, or one line in all."""

from __future__ import annotations

from emu.pdu.arp import REQUEST, Arp
from emu.pdu.dlsw import PORT_READ
from emu.pdu.ethernet import EthernetFrame, EthernetII, Llc, Raw8023, Snap
from emu.pdu.ip_tcp import CWR, ECE, FLAG_NAMES, URG, Ipv4Datagram, TcpSegment
from emu.pdu.ipx import IpxDatagram
from emu.pdu.llc2 import FrameReject, Information, Supervisory, Unnumbered
from emu.pdu.nbf import NameFrame, SessionFrame
from emu.pdu.nbipx import NbipxDatagram, NbipxName, NbipxSession
from emu.pdu.nbss import PORT_NETBIOS_SESSION
from emu.pdu.ncp import NcpReply, NcpRequest, Watchdog
from emu.pdu.nmpi import Nmpi
from emu.pdu.rip_sap import Rip, Sap
from emu.pdu.serialization import Serialization
from emu.pdu.smb.message import Smb
from emu.pdu.spx import Spx
from emu.wire.describe_dlsw import describe_ssp
from emu.wire.describe_ipx import (
    describe_ipx,
    describe_ncp,
    describe_rip,
    describe_sap,
    describe_serialization,
    describe_spx,
)
from emu.wire.describe_netbios import (
    describe_frame_reject,
    describe_llc2,
    describe_nbf,
    describe_nbipx,
    describe_nmpi,
)
from emu.wire.describe_smb import describe_nbss, describe_smb, printable
from emu.wire.ethernet import is_unnumbered
from emu.wire.ip_tcp import ipv4_checksum_is_good, tcp_checksum_is_good

#: TCP port of the terminal sessions (ICA's; the lines inside are our stand-in, not ICA).
PORT_TERMINAL = 1494

_ETHERTYPES = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x8100: "VLAN tag",
    0x8137: "IPX",
    0x8863: "PPPoE discovery",
    0x8864: "PPPoE session",
    0x86DD: "IPv6",
    0x88A8: "VLAN tag",
}
_IP_PROTOCOLS = {1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 88: "EIGRP", 89: "OSPF"}
_SAPS = {0x42: "spanning tree", 0xE0: "NetWare", 0xF0: "NetBIOS"}
_FLAG_NAMES = (*FLAG_NAMES, (URG, "URG"), (ECE, "ECE"), (CWR, "CWR"))
#: More fragments, and the fragment offset (RFC 791 3.1).
_FRAGMENT = 0x3FFF

Layers = tuple[object, ...]


def mac_text(address: bytes) -> str:
    """``00:a0:c9:11:22:33``."""
    return address.hex(":")


def ip_text(address: bytes) -> str:
    """``10.0.0.1``."""
    return ".".join(map(str, address))


def octets_text(octets: bytes) -> str:
    """How many, and the first sixteen."""
    more = " ..." if len(octets) > 16 else ""
    count = "1 octet" if len(octets) == 1 else f"{len(octets)} octets"
    return f"{count}: {octets[:16].hex(' ')}{more}" if octets else count


def describe_layers(layers: Layers) -> list[str]:
    """One line for each layer, outermost first."""
    outers = (None, *layers)
    return [_line(layer, outer) for outer, layer in zip(outers, layers, strict=False)]


def _line(layer: object, outer: object) -> str:
    match layer:
        case EthernetFrame():
            return _ethernet_line(layer)
        case Ipv4Datagram():
            return _ipv4_line(layer)
        case TcpSegment():
            return _tcp_line(layer, outer)
        case Arp():
            return _arp_line(layer)
        case bytes():
            return _octets_line(layer, outer)
        case _:
            return _netbios_line(layer)


def _netbios_line(layer: object) -> str:
    match layer:
        case Unnumbered() | Supervisory() | Information():
            return describe_llc2(layer)
        case FrameReject():
            return describe_frame_reject(layer)
        case NameFrame() | SessionFrame():
            return describe_nbf(layer)
        case NbipxName() | NbipxDatagram() | NbipxSession():
            return describe_nbipx(layer)
        case Nmpi():
            return describe_nmpi(layer)
        case _:
            return _ipx_family_line(layer)


def _ipx_family_line(layer: object) -> str:
    match layer:
        case IpxDatagram():
            return describe_ipx(layer)
        case NcpRequest() | NcpReply() | Watchdog():
            return describe_ncp(layer)
        case Spx():
            return describe_spx(layer)
        case Serialization():
            return describe_serialization(layer)
        case Smb():
            return printable(describe_smb(layer))
        case Sap():
            return describe_sap(layer)
        case Rip():
            return describe_rip(layer)
        case _:
            raise TypeError(f"no words for {layer!r}")


def _ethernet_line(frame: EthernetFrame) -> str:
    trailer = f", trailer {len(frame.trailer)}" if frame.trailer else ""
    return f"{_framing_text(frame)}, {_macs(frame)}{trailer}"


def _macs(frame: EthernetFrame) -> str:
    return f"{mac_text(frame.source)} -> {mac_text(frame.destination)}"


def _framing_text(frame: EthernetFrame) -> str:
    match frame.framing:
        case EthernetII(ethertype=kind):
            return f"Ethernet II type {_named(kind, _ETHERTYPES)}"
        case Raw8023(length=length):
            return f"802.3 raw length {length}"
        case Llc(length=length) as llc:
            return f"802.3 length {length}, 802.2 {_llc_text(llc)}"
        case Snap(oui=oui, protocol=protocol, length=length):
            name = _named(protocol, _ETHERTYPES)
            return f"802.3 length {length}, 802.2 SNAP {oui.hex().upper()} type {name}"


def _llc_text(llc: Llc) -> str:
    """The command/response bit is the lowest of the SSAP (IEEE 802.2 3.3.1)."""
    name = _SAPS.get(llc.dsap & 0xFE)
    format_name = "U" if is_unnumbered(llc.control[0]) else "I/S"
    saps = f"{llc.dsap:02X} {llc.ssap:02X}{f' ({name})' if name else ''}"
    return f"{saps} control {llc.control.hex(' ').upper()} ({format_name})"


def _named(number: int, names: dict[int, str]) -> str:
    name = names.get(number)
    return f"{number:04X} ({name})" if name else f"{number:04X}"


def _ipv4_line(datagram: Ipv4Datagram) -> str:
    protocol = _IP_PROTOCOLS.get(datagram.protocol, f"protocol {datagram.protocol}")
    fragment = ", fragment" if datagram.flags_fragment & _FRAGMENT else ""
    wrong = "" if ipv4_checksum_is_good(datagram) else ", header checksum wrong"
    return (
        f"IPv4 {_ips(datagram)} {protocol}, TTL {datagram.ttl}, id {datagram.identification}, "
        f"length {datagram.total_length}{fragment}{wrong}"
    )


def _ips(datagram: Ipv4Datagram) -> str:
    return f"{ip_text(datagram.source)} -> {ip_text(datagram.destination)}"


def _tcp_line(segment: TcpSegment, outer: object) -> str:
    ports = f"{segment.source_port} -> {segment.destination_port}"
    return f"TCP {ports} {tcp_words(segment)}{_tcp_checksum_words(segment, outer)}"


def tcp_words(segment: TcpSegment) -> str:
    """Flags, numbers, window, length: a segment without its ports."""
    flags = ", ".join(name for bit, name in _FLAG_NAMES if segment.flags & bit) or "no flags"
    return (
        f"[{flags}] seq {segment.sequence} ack {segment.acknowledgement} "
        f"win {segment.window} len {len(segment.payload)}"
    )


def _tcp_checksum_words(segment: TcpSegment, outer: object) -> str:
    """Only a whole datagram can be judged: no fragment, nothing cut off by the capture.

    Length 0 is a sender's big segment before its adapter cuts it; its checksum means nothing.
    """
    if not isinstance(outer, Ipv4Datagram) or outer.flags_fragment & _FRAGMENT:
        return ""
    if outer.total_length == 0:
        return ", length left to the adapter"
    octets = 20 + len(outer.options) + len(outer.payload)
    if outer.total_length not in (octets, None):
        return ", cut short by the capture"
    good = tcp_checksum_is_good(segment, outer.source, outer.destination)
    return "" if good else ", checksum wrong"


def _arp_line(arp: Arp) -> str:
    if arp.operation == REQUEST:
        return f"ARP who has {ip_text(arp.target_ip)}? tell {ip_text(arp.sender_ip)}"
    return f"ARP {ip_text(arp.sender_ip)} is at {mac_text(arp.sender_mac)}"


def _octets_line(octets: bytes, outer: object) -> str:
    """Terminal lines are quoted, switches' and NetBIOS messages named; all else is hexadecimal."""
    text = _terminal_text(octets, outer)
    if text:
        return f"text {text}"
    known = _switch_text(octets, outer) or _session_text(octets, outer)
    return known or f"data, {octets_text(octets)}"


def _switch_text(octets: bytes, outer: object) -> str | None:
    """The messages of two data link switches, or None if it is not their connection."""
    if not isinstance(outer, TcpSegment):
        return None
    between = PORT_READ in (outer.source_port, outer.destination_port)
    return describe_ssp(octets) if between else None


def _session_text(octets: bytes, outer: object) -> str | None:
    """The NetBIOS session service's packets, or None if it is not its connection."""
    if not isinstance(outer, TcpSegment):
        return None
    between = PORT_NETBIOS_SESSION in (outer.source_port, outer.destination_port)
    return describe_nbss(octets) if between else None


def _terminal_text(octets: bytes, outer: object) -> str | None:
    """The quoted text of a terminal session's payload, or None if it is not one."""
    if not isinstance(outer, TcpSegment):
        return None
    if PORT_TERMINAL not in (outer.source_port, outer.destination_port):
        return None
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return None
    return _quoted(text) if all(c.isprintable() or c in "\t\r\n" for c in text) else None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n") + '"'


def summarise_layers(layers: Layers) -> str:
    """One line: addresses of the network layer if there is one, else of the frame."""
    match layers:
        case (EthernetFrame(), Ipv4Datagram() as ip, TcpSegment() as tcp, *rest):
            return f"{_endpoints(ip, tcp)} TCP {tcp_words(tcp)}{_after(rest, tcp)}"
        case (EthernetFrame(), IpxDatagram() as ipx, *rest):
            inner = _line(rest[0], ipx) if rest else "IPX without data"
            return f"{ipx.source} -> {ipx.destination} {inner}"
        case (EthernetFrame(), Ipv4Datagram() as ip, *_):
            return _ipv4_line(ip)
        case (EthernetFrame() as frame, Unnumbered() | Information() as link, inner):
            return f"{_macs(frame)} {_line(link, frame)}; {_line(inner, link)}"
        case (EthernetFrame() as frame, inner, *_):
            return f"{_macs(frame)} {_inner_words(frame, inner)}"
        case (EthernetFrame() as frame,):
            return _ethernet_line(frame)
        case _:
            return "; ".join(describe_layers(layers)) or "no octets"


def _inner_words(frame: EthernetFrame, inner: object) -> str:
    if isinstance(inner, bytes):
        return f"{_framing_text(frame)}, {_line(inner, frame)}"
    return _line(inner, frame)


def _endpoints(ip: Ipv4Datagram, tcp: TcpSegment) -> str:
    source = f"{ip_text(ip.source)}:{tcp.source_port}"
    return f"{source} -> {ip_text(ip.destination)}:{tcp.destination_port}"


def _after(rest: list[object], tcp: TcpSegment) -> str:
    """A line, a switch's messages, a NetBIOS session's; other payloads are in ``len`` already."""
    if not rest or not isinstance(rest[0], bytes):
        return ""
    text = _terminal_text(rest[0], tcp) or _switch_text(rest[0], tcp) or _session_text(rest[0], tcp)
    return f" {text}" if text else ""
