"""PDUs as our Scapy layers and back, so that the two definitions can be compared.

``scapy_of`` gives the layer for one PDU (its payload on top as Raw); ``pdu_of`` reads one
layer back.  Everything goes through the fields' names: a field of the same meaning that does
not carry over is a failure of the comparison, which is the point.
"""

from __future__ import annotations

from scapy.packet import NoPayload, Packet, Padding, Raw

from emu.pdu.arp import Arp
from emu.pdu.ethernet import EthernetFrame, EthernetII, Llc, Raw8023, Snap
from emu.pdu.ip_tcp import Ipv4Datagram, TcpSegment
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.pdu.ncp import NcpReply, NcpRequest, NcpType, Watchdog
from emu.pdu.rip_sap import Rip, RipEntry, Sap, SapEntry, UpdateHeader
from emu.wire import scapy_layers as layers


def mac_text(octets: bytes) -> str:
    return octets.hex(":")


def mac_octets(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ip_text(octets: bytes) -> str:
    return ".".join(map(str, octets))


def ip_octets(text: str) -> bytes:
    return bytes(map(int, text.split(".")))


def on_top(layer: Packet, octets: bytes) -> Packet:
    return layer / Raw(octets) if octets else layer


def above(layer: Packet) -> bytes:
    """The octets inside a layer, without the padding behind it."""
    payload = layer.payload
    if isinstance(payload, NoPayload | Padding):
        return b""
    whole, padding = bytes(payload), payload.getlayer(Padding)
    return whole[: len(whole) - len(padding.load)] if padding is not None else whole


def trailer(layer: Packet) -> bytes:
    padding = layer.getlayer(Padding)
    return padding.load if padding is not None else b""


# --- Ethernet ---------------------------------------------------------------------------------


def scapy_of_frame(frame: EthernetFrame) -> Packet:
    ends = {"destination": mac_text(frame.destination), "source": mac_text(frame.source)}
    match frame.framing:
        case EthernetII(ethertype=ethertype):
            return on_top(layers.EthernetIILayer(**ends, ethertype=ethertype), frame.body)
        case Raw8023(length=length):
            return on_top(layers.Ieee8023Layer(**ends, length=length), frame.body)
        case Llc(length=length) as llc:
            below = layers.Ieee8023Layer(**ends, length=length)
            return on_top(below / _scapy_llc(llc), frame.body)
        case Snap(length=length) as snap:
            oui = int.from_bytes(snap.oui, "big")
            inner = layers.LlcLayer() / layers.SnapLayer(oui=oui, protocol=snap.protocol)
            return on_top(layers.Ieee8023Layer(**ends, length=length) / inner, frame.body)


def _scapy_llc(llc: Llc) -> Packet:
    second = {"control_second": llc.control[1]} if len(llc.control) == 2 else {}
    return layers.LlcLayer(dsap=llc.dsap, ssap=llc.ssap, control=llc.control[0], **second)


def frame_of(packet: Packet) -> EthernetFrame:
    framing, innermost = _framing_of(packet)
    two = isinstance(packet, layers.EthernetIILayer)
    return EthernetFrame(
        destination=mac_octets(packet.destination),
        source=mac_octets(packet.source),
        framing=framing,
        body=bytes(innermost.payload) if two else above(innermost),
        trailer=b"" if two else trailer(packet),
    )


def _framing_of(packet: Packet) -> tuple[EthernetII | Raw8023 | Llc | Snap, Packet]:
    if isinstance(packet, layers.EthernetIILayer):
        return EthernetII(ethertype=packet.ethertype), packet
    llc = packet.getlayer(layers.LlcLayer)
    if llc is None:
        return Raw8023(length=packet.length), packet
    snap = packet.getlayer(layers.SnapLayer)
    if snap is not None:
        oui = snap.oui.to_bytes(3, "big")
        return Snap(oui=oui, protocol=snap.protocol, length=packet.length), snap
    second = llc.control_second
    control = bytes((llc.control,)) if second is None else bytes((llc.control, second))
    return Llc(dsap=llc.dsap, ssap=llc.ssap, control=control, length=packet.length), llc


# --- ARP, IPv4, TCP ---------------------------------------------------------------------------


def scapy_of_arp(arp: Arp) -> Packet:
    return layers.ArpLayer(
        operation=arp.operation,
        sender_mac=mac_text(arp.sender_mac),
        sender_ip=ip_text(arp.sender_ip),
        target_mac=mac_text(arp.target_mac),
        target_ip=ip_text(arp.target_ip),
    )


def arp_of(packet: Packet) -> Arp:
    return Arp(
        operation=packet.operation,
        sender_mac=mac_octets(packet.sender_mac),
        sender_ip=ip_octets(packet.sender_ip),
        target_mac=mac_octets(packet.target_mac),
        target_ip=ip_octets(packet.target_ip),
    )


_IPV4_SAME = ("protocol", "identification", "ttl", "tos", "flags_fragment", "options", "checksum")


def scapy_of_ipv4(datagram: Ipv4Datagram) -> Packet:
    same = {name: getattr(datagram, name) for name in (*_IPV4_SAME, "total_length")}
    ends = {"source": ip_text(datagram.source), "destination": ip_text(datagram.destination)}
    return on_top(layers.Ipv4Layer(**ends, **same), datagram.payload)


def ipv4_of(packet: Packet) -> Ipv4Datagram:
    return Ipv4Datagram(
        source=ip_octets(packet.source),
        destination=ip_octets(packet.destination),
        payload=above(packet),
        total_length=packet.total_length,
        **{name: getattr(packet, name) for name in _IPV4_SAME},
    )


_TCP_SAME = (
    "source_port",
    "destination_port",
    "sequence",
    "acknowledgement",
    "window",
    "reserved",
    "urgent",
    "options",
    "checksum",
)


def scapy_of_tcp(segment: TcpSegment) -> Packet:
    same = {name: getattr(segment, name) for name in (*_TCP_SAME, "flags")}
    return on_top(layers.TcpLayer(**same), segment.payload)


def tcp_of(packet: Packet) -> TcpSegment:
    return TcpSegment(
        flags=int(packet.flags),
        payload=above(packet),
        **{name: getattr(packet, name) for name in _TCP_SAME},
    )


# --- IPX family -------------------------------------------------------------------------------


def scapy_of_ipx(datagram: IpxDatagram) -> Packet:
    return on_top(
        layers.IpxLayer(
            checksum=datagram.checksum,
            length=datagram.length,
            transport_control=datagram.transport_control,
            packet_type=datagram.packet_type,
            **_address_fields("destination", datagram.destination),
            **_address_fields("source", datagram.source),
        ),
        datagram.payload,
    )


def _address_fields(end: str, address: IpxAddress) -> dict[str, object]:
    return {
        f"{end}_network": address.network,
        f"{end}_node": mac_text(address.node),
        f"{end}_socket": address.socket,
    }


def ipx_of(packet: Packet) -> IpxDatagram:
    return IpxDatagram(
        destination=_address_of(packet, "destination"),
        source=_address_of(packet, "source"),
        packet_type=packet.packet_type,
        payload=above(packet),
        transport_control=packet.transport_control,
        checksum=packet.checksum,
        length=packet.length,
    )


def _address_of(packet: Packet, end: str) -> IpxAddress:
    return IpxAddress(
        network=getattr(packet, f"{end}_network"),
        node=mac_octets(getattr(packet, f"{end}_node")),
        socket=getattr(packet, f"{end}_socket"),
    )


def scapy_of_ncp(pdu: NcpRequest | NcpReply | Watchdog) -> Packet:
    if isinstance(pdu, Watchdog):
        return layers.NcpWatchdogLayer(connection_low=pdu.connection_low, mark=pdu.mark)
    common = {
        "kind": int(pdu.kind),
        "sequence": pdu.sequence,
        "connection_low": pdu.connection % 256,
        "task": pdu.task,
        "connection_high": pdu.connection // 256,
    }
    if isinstance(pdu, NcpRequest):
        return on_top(layers.NcpRequestLayer(**common, function=pdu.function), pdu.data)
    reply = layers.NcpReplyLayer(**common, completion=pdu.completion, status=pdu.status)
    return on_top(reply, pdu.data)


def ncp_of(packet: Packet) -> NcpRequest | NcpReply | Watchdog:
    if isinstance(packet, layers.NcpWatchdogLayer):
        return Watchdog(connection_low=packet.connection_low, mark=packet.mark)
    common = {
        "kind": NcpType(packet.kind),
        "sequence": packet.sequence,
        "connection": packet.connection_high << 8 | packet.connection_low,
        "task": packet.task,
        "data": above(packet),
    }
    if isinstance(packet, layers.NcpRequestLayer):
        return NcpRequest(**common, function=packet.function)
    return NcpReply(**common, completion=packet.completion, status=packet.status)


def scapy_of_rip(rip: Rip) -> Packet:
    entries = [
        layers.RipEntryLayer(network=e.network, hops=e.hops, ticks=e.ticks) for e in rip.entries
    ]
    fields = {"entries": entries, **_update_fields(rip)}
    return on_top(layers.RipLayer(operation=rip.operation, **fields), rip.rest)


def _update_fields(packet: Rip | Sap) -> dict[str, int]:
    if packet.update is None:
        return {}
    header = packet.update
    return {
        "update_sequence": header.sequence,
        "fragment_number": header.fragment,
        "fragments_total": header.fragments,
    }


def _update_of(packet: Packet) -> UpdateHeader | None:
    if packet.update_sequence is None:
        return None
    return UpdateHeader(
        sequence=packet.update_sequence,
        fragment=packet.fragment_number,
        fragments=packet.fragments_total,
    )


def rip_of(packet: Packet) -> Rip:
    entries = tuple(RipEntry(network=e.network, hops=e.hops, ticks=e.ticks) for e in packet.entries)
    return Rip(
        operation=packet.operation, entries=entries, rest=above(packet), update=_update_of(packet)
    )


def scapy_of_sap(sap: Sap) -> Packet:
    service = {} if sap.service is None else {"service": sap.service}
    service |= _update_fields(sap)
    entries = [
        layers.SapEntryLayer(
            service=e.service,
            service_name=e.name,
            network=e.network,
            node=mac_text(e.node),
            socket=e.socket,
            hops=e.hops,
        )
        for e in sap.entries
    ]
    return on_top(layers.SapLayer(operation=sap.operation, entries=entries, **service), sap.rest)


def sap_of(packet: Packet) -> Sap:
    entries = tuple(
        SapEntry(
            service=e.service,
            name=e.service_name,
            network=e.network,
            node=mac_octets(e.node),
            socket=e.socket,
            hops=e.hops,
        )
        for e in packet.entries
    )
    return Sap(
        operation=packet.operation,
        entries=entries,
        service=packet.service,
        rest=above(packet),
        update=_update_of(packet),
    )
