"""What kind of packet some octets are: for dialer lists, which decide what raises a line.

Judged from one packet alone, as routers do, but for TCP keepalive: a probe differs from other
segments only by its sequence number, one below what was sent before, so ``Classifier`` keeps
the next number of each direction of each flow.  Its memory grows with flows, not with time.

Sources: facts/ipx.md 1.3 to 1.12 and 4.2 (IPX), facts/netbeui.md 1.2, 1.4 (NBF), RFC 1122
4.2.3.6 (a keepalive's sequence number and its at most one octet).
"""

from __future__ import annotations

from functools import lru_cache

from emu.pdu.arp import Arp
from emu.pdu.ip_tcp import ACK, FIN, RST, SYN, Ipv4Datagram, TcpSegment
from emu.pdu.ipx import (
    NODE_BROADCAST,
    SOCKET_RIP,
    SOCKET_SAP,
    TYPE_BROADCAST_20,
    IpxDatagram,
)
from emu.pdu.llc2 import Information, Supervisory, Unnumbered, is_poll
from emu.pdu.nbf import NbfCommand, SessionFrame
from emu.pdu.nbipx import NbipxSession, NbipxSessionKind
from emu.pdu.ncp import WATCHDOG_ANSWER, WATCHDOG_POLL, NcpReply, NcpRequest, Watchdog
from emu.pdu.serialization import SOCKET_SERIALIZATION
from emu.pdu.spx import CONNECTION_NONE, CONTROL_SYSTEM, Spx
from emu.pdu.traffic import ARP, IP, IPX, NBF, OTHER, Kind, Traffic
from emu.wire import frame, ppp_frame
from emu.wire.frame import Layers

_SEQUENCES = 1 << 32
#: Frames whose kind is kept, by their octets: enough for some hundred sessions' probes.
_REMEMBERED = 512
_BROADCAST_IP = b"\xff" * 4
_SOCKET_KINDS = {
    SOCKET_RIP: Kind.RIP,
    SOCKET_SAP: Kind.SAP,
    SOCKET_SERIALIZATION: Kind.SERIALIZATION,
}
#: '!' in a watchdog packet: a message waits (facts/ipx.md 1.5).
_MESSAGE_WAITING = 0x21
_MARKS = {
    WATCHDOG_POLL: Kind.WATCHDOG,
    WATCHDOG_ANSWER: Kind.WATCHDOG_ANSWER,
    _MESSAGE_WAITING: Kind.MESSAGE_WAITING,
}


class Classifier:
    """Knows TCP flows; everything else it tells from the packet alone."""

    def __init__(self) -> None:
        self._next: dict[tuple[bytes, int, bytes, int], int] = {}

    def ethernet(self, octets: bytes) -> Traffic:
        """An Ethernet frame."""
        return self._traffic(frame.dissect(octets)[1:])

    def ppp(self, octets: bytes) -> Traffic:
        """A PPP frame, FF 03 or not in front."""
        found = _ppp(octets)
        return found if isinstance(found, Traffic) else self._traffic(found)

    def _traffic(self, layers: Layers) -> Traffic:
        match layers:
            case (Ipv4Datagram() as datagram, *inner):
                return self._ip(datagram, inner[0] if inner else None)
            case _:
                return _alone(layers)

    def _ip(self, datagram: Ipv4Datagram, inner: object) -> Traffic:
        broadcast = datagram.destination == _BROADCAST_IP
        if not isinstance(inner, TcpSegment):
            return Traffic(protocol=IP, broadcast=broadcast)
        return Traffic(
            protocol=IP,
            kinds=frozenset({self._tcp(datagram, inner)}),
            ports=(inner.destination_port, inner.source_port),
            tcp_flags=inner.flags,
            broadcast=broadcast,
        )

    def _tcp(self, datagram: Ipv4Datagram, tcp: TcpSegment) -> Kind:
        flow = (datagram.source, tcp.source_port, datagram.destination, tcp.destination_port)
        expected = self._next.get(flow)
        below = expected is not None and tcp.sequence == (expected - 1) % _SEQUENCES
        if below and tcp.flags & (SYN | FIN | RST | ACK) == ACK and len(tcp.payload) <= 1:
            return Kind.TCP_KEEPALIVE
        length = len(tcp.payload) + bool(tcp.flags & SYN) + bool(tcp.flags & FIN)
        self._next[flow] = (tcp.sequence + length) % _SEQUENCES
        return _tcp_kind(tcp.flags, bool(tcp.payload))


@lru_cache(maxsize=_REMEMBERED)
def _ppp(octets: bytes) -> Traffic | Layers:
    """A PPP frame that means the same whatever came before it; the layers of one of IP.

    Remembered, because a watch over an idle session sends the same octets all day.
    """
    layers = ppp_frame.dissect(octets)[1:]
    return layers if layers and isinstance(layers[0], Ipv4Datagram) else _alone(layers)


def _alone(layers: Layers) -> Traffic:
    match layers:
        case (IpxDatagram() as datagram, *inner):
            return _ipx(datagram, inner[0] if inner else None)
        case (Unnumbered() | Supervisory() | Information() as pdu, *inner):
            return _nbf(pdu, inner[0] if inner else None)
        case (Arp(), *_):
            return Traffic(protocol=ARP)
        case _:
            return Traffic(protocol=OTHER)


def _tcp_kind(flags: int, data: bool) -> Kind:
    for flag, kind in ((RST, Kind.TCP_RST), (SYN, Kind.TCP_SYN), (FIN, Kind.TCP_FIN)):
        if flags & flag:
            return kind
    return Kind.TCP_DATA if data else Kind.TCP_ACK


def _ipx(datagram: IpxDatagram, inner: object) -> Traffic:
    sockets = (datagram.destination.socket, datagram.source.socket)
    kinds = {_SOCKET_KINDS[socket] for socket in sockets if socket in _SOCKET_KINDS}
    if datagram.packet_type == TYPE_BROADCAST_20:
        kinds.add(Kind.TYPE_20)
    kind = _ipx_kind(inner)
    if kind is not None:
        kinds.add(kind)
    return Traffic(
        protocol=IPX,
        kinds=frozenset(kinds),
        sockets=sockets,
        broadcast=datagram.destination.node == NODE_BROADCAST,
    )


def _ipx_kind(inner: object) -> Kind | None:
    match inner:
        case Watchdog():
            return _MARKS.get(inner.mark)
        case NcpRequest() | NcpReply():
            return Kind.NCP
        case Spx():
            return _spx_kind(inner)
        case NbipxSession():
            return _nbipx_kind(inner)
        case _:
            return None


def _spx_kind(packet: Spx) -> Kind:
    """A request on an open connection is the keepalive; its answer is like any other
    acknowledgement (facts/ipx.md 1.3)."""
    if packet.destination_id == CONNECTION_NONE:
        return Kind.SPX_CONNECT
    if packet.is_watchdog_request:
        return Kind.SPX_KEEPALIVE
    return Kind.SPX_SYSTEM if packet.control & CONTROL_SYSTEM else Kind.SPX_DATA


def _nbipx_kind(packet: NbipxSession) -> Kind:
    """Session data of no length in a system packet (facts/ipx.md 1.9); its answer looks alike."""
    empty = packet.kind is NbipxSessionKind.DATA and packet.data_length == 0
    query = packet.kind in (NbipxSessionKind.STATUS_QUERY, NbipxSessionKind.STATUS_RESPONSE)
    system = bool(packet.control & CONTROL_SYSTEM) and not packet.data
    return Kind.NBIPX_KEEPALIVE if query or (empty and system) else Kind.NBIPX_DATA


def _nbf(pdu: Unnumbered | Supervisory | Information, inner: object) -> Traffic:
    kinds: set[Kind] = set()
    if isinstance(pdu, Supervisory) and is_poll(pdu):
        kinds.add(Kind.LLC_POLL)
    if isinstance(inner, SessionFrame) and inner.kind is NbfCommand.SESSION_ALIVE:
        kinds.add(Kind.SESSION_ALIVE)
    return Traffic(protocol=NBF, kinds=frozenset(kinds))
