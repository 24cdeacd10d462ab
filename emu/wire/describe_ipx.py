"""The IPX family in words: IPX, NCP and its watchdog, SPX, serialization, SAP, RIP."""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.pdu.ipx import IpxDatagram
from emu.pdu.ncp import (
    CONNECTION_NONE,
    FUNCTION_BINDERY,
    FUNCTION_DATE_AND_TIME,
    WATCHDOG_ANSWER,
    WATCHDOG_POLL,
    NcpReply,
    NcpRequest,
    NcpType,
    Watchdog,
)
from emu.pdu.rip_sap import (
    RIP_REQUEST,
    TRIGGERED_ACKNOWLEDGEMENT,
    TRIGGERED_REQUEST,
    TRIGGERED_RESPONSE,
    Rip,
    RipEntry,
    Sap,
    SapEntry,
    UpdateHeader,
)
from emu.pdu.serialization import Serialization
from emu.pdu.spx import (
    CONNECTION_NONE as SPX_CONNECTION_NONE,
)
from emu.pdu.spx import (
    CONTROL_ACK_WANTED,
    CONTROL_NEGOTIATE_SIZE,
    CONTROL_SPX2,
    CONTROL_SYSTEM,
    STREAM_END,
    STREAM_END_ACK,
    STREAM_RELEASE_ACK,
    STREAM_RELEASE_REQUEST,
    Spx,
)
from emu.wire.ncp import decode_login
from emu.wire.rip_sap import decode_service_name

_PACKET_TYPES = {
    0: "unknown",
    1: "RIP",
    2: "echo",
    3: "error",
    4: "PEP",
    5: "SPX",
    17: "NCP",
    20: "type 20 broadcast",
}
_KINDS = {
    NcpType.CREATE: "create connection",
    NcpType.REQUEST: "request",
    NcpType.REPLY: "reply",
    NcpType.DESTROY: "destroy connection",
    NcpType.BUSY: "request being processed",
}
_MARKS = {WATCHDOG_POLL: "poll", WATCHDOG_ANSWER: "answer", 0x21: "message", 0x40: "change-over"}
#: RFC 1582 5, 6.
_TRIGGERED = {
    TRIGGERED_REQUEST: "triggered request",
    TRIGGERED_RESPONSE: "triggered response",
    TRIGGERED_ACKNOWLEDGEMENT: "triggered acknowledgement",
}
_SAP_OPERATIONS = {
    1: "general query",
    2: "general response",
    3: "nearest query",
    4: "nearest response",
}
_SERVICES = {0x0004: "file server", 0x0007: "print server", 0x0640: "NT server", 0xFFFF: "any"}
_STREAMS = {
    STREAM_RELEASE_REQUEST: "orderly release request",
    STREAM_RELEASE_ACK: "orderly release ack",
    STREAM_END: "end of connection",
    STREAM_END_ACK: "end of connection ack",
}
_SPX_CONTROLS = (
    (CONTROL_SYSTEM, "system"),
    (CONTROL_ACK_WANTED, "ack wanted"),
    (0x20, "attention"),
    (0x10, "end of message"),
    (CONTROL_SPX2, "SPX II"),
    (CONTROL_NEGOTIATE_SIZE, "negotiate size"),
    (0x02, "reserved"),
    (0x01, "extended header"),
)
#: A request for all routes (facts/ipx.md 1.12 has the layout; the value is Novell's).
_ALL_NETWORKS = 0xFFFFFFFF


def describe_ipx(datagram: IpxDatagram) -> str:
    """Addresses, packet type, length; hops only when there were some."""
    kind = datagram.packet_type
    name = _PACKET_TYPES.get(kind, "not assigned")
    hops = f", hops {datagram.transport_control}" if datagram.transport_control else ""
    return (
        f"IPX {datagram.source} -> {datagram.destination}, type {kind} ({name}), "
        f"length {datagram.length}{hops}"
    )


def describe_ncp(pdu: NcpRequest | NcpReply | Watchdog) -> str:
    """``NCP watchdog poll '?', connection 5``."""
    match pdu:
        case Watchdog(connection_low=low, mark=mark):
            sign = f"'{chr(mark)}'" if 0x20 < mark < 0x7F else f"{mark:02X}h"
            return f"NCP watchdog {_MARKS.get(mark, 'mark')} {sign}, connection {low}"
        case NcpRequest():
            return f"NCP {_KINDS[pdu.kind]}{_function_words(pdu)}{_common_words(pdu)}"
        case NcpReply():
            return f"NCP {_KINDS[pdu.kind]}{_common_words(pdu)}{_result_words(pdu)}"


def _common_words(pdu: NcpRequest | NcpReply) -> str:
    number = "none yet" if pdu.connection == CONNECTION_NONE else str(pdu.connection)
    return f", sequence {pdu.sequence}, connection {number}, task {pdu.task}"


def _function_words(request: NcpRequest) -> str:
    if request.kind is not NcpType.REQUEST:
        return ""
    data = f" and {len(request.data)} octets" if request.data else ""
    return f" {_function_name(request) or f'function {request.function:02X}h{data}'}"


def _function_name(request: NcpRequest) -> str | None:
    if request.function == FUNCTION_DATE_AND_TIME:
        return "date and time (14h)"
    if request.function != FUNCTION_BINDERY:
        return None
    try:
        return f"login of {decode_login(request.data)!r} (17h 14h)"
    except PeerProtocolError:
        return None


def _result_words(reply: NcpReply) -> str:
    data = f", {len(reply.data)} octets" if reply.data else ""
    return f", completion {reply.completion:02X}, status {reply.status:02X}{data}"


def describe_spx(packet: Spx) -> str:
    """``SPX watchdog request [system, ack wanted], connection E8A2 -> 9774, seq 7 ...``."""
    none = packet.destination_id == SPX_CONNECTION_NONE
    called = "none yet" if none else f"{packet.destination_id:04X}"
    bits = ", ".join(name for bit, name in _SPX_CONTROLS if packet.control & bit) or "none"
    size = "" if packet.negotiation_size is None else f", size {packet.negotiation_size}"
    data = f", {len(packet.data)} octets" if packet.data else ""
    return (
        f"SPX {_spx_title(packet)} [{bits}], connection {packet.source_id:04X} -> {called}, "
        f"seq {packet.sequence} ack {packet.acknowledgement} alloc {packet.allocation}{size}{data}"
    )


def _spx_title(packet: Spx) -> str:
    """facts/ipx.md 1.3, "combinations that matter"."""
    if packet.stream in _STREAMS:
        return _STREAMS[packet.stream]
    if packet.is_connection_request:
        return "connection request"
    if packet.is_watchdog_request:
        negotiates = packet.control & CONTROL_NEGOTIATE_SIZE
        return "size negotiation" if negotiates else "watchdog request"
    return "acknowledgement" if packet.control & CONTROL_SYSTEM else "data"


def describe_serialization(packet: Serialization) -> str:
    """The server's number."""
    return f"NetWare serialization, server number {packet.number.hex().upper()}"


def describe_sap(sap: Sap) -> str:
    """Operation, then what is asked for or who is offered."""
    if sap.operation in _TRIGGERED:
        return _triggered_text("SAP", sap, [*map(_sap_entry_text, sap.entries)])
    name = _SAP_OPERATIONS.get(sap.operation, f"operation {sap.operation}")
    if sap.service is not None:
        return f"SAP {name}, {_service_text(sap.service)}"
    return f"SAP {name}, " + ("; ".join(map(_sap_entry_text, sap.entries)) or "no entries")


def _service_text(service: int) -> str:
    name = _SERVICES.get(service)
    return f"service {service:04X} ({name})" if name else f"service {service:04X}"


def _sap_entry_text(entry: SapEntry) -> str:
    address = f"{entry.network:08X}:{entry.node.hex().upper()}:{entry.socket:04X}"
    name = decode_service_name(entry.name)
    return f"{name!r} {_service_text(entry.service)} at {address}, hops {entry.hops}"


def describe_rip(rip: Rip) -> str:
    """Networks asked for, or routes with their hops and ticks."""
    if rip.operation == RIP_REQUEST:
        return "RIP request, " + (", ".join(map(_network_text, rip.entries)) or "no entries")
    if rip.operation in _TRIGGERED:
        return _triggered_text("RIP", rip, [*map(_route_text, rip.entries)])
    return "RIP response, " + ("; ".join(map(_route_text, rip.entries)) or "no entries")


def _triggered_text(protocol: str, packet: Rip | Sap, entries: list[str]) -> str:
    """RFC 1582: a request is bare, an acknowledgement has numbers, a response entries too."""
    name = f"{protocol} {_TRIGGERED[packet.operation]}"
    if packet.update is not None:
        name += f" {_update_text(packet.update)}"
    if packet.operation != TRIGGERED_RESPONSE:
        return name
    return f"{name}, " + ("; ".join(entries) or "no entries")


def _update_text(update: UpdateHeader) -> str:
    of = f" of {update.fragments}" if update.fragments else ""
    return f"{update.sequence} fragment {update.fragment}{of}"


def _network_text(entry: RipEntry) -> str:
    if entry.network == _ALL_NETWORKS:
        return "all networks"
    return f"network {entry.network:08X}"


def _route_text(entry: RipEntry) -> str:
    return f"{_network_text(entry)} hops {entry.hops} ticks {entry.ticks}"
