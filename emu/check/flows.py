"""Which connection a frame belongs to, and what it says about hosts.

TCP takes the short way through ``emu.check.tcp_header``; the rest is dissected by
``emu.wire.frame``.  A frame that no layer of ours reads counts as unread.
"""

from __future__ import annotations

from typing import cast

from emu.capture.recording import Direction
from emu.check.book import Book
from emu.check.ipx import IpxFlows
from emu.check.nbf import NbfFlows
from emu.check.tcp import TcpFlow
from emu.check.tcp_header import TcpHeader, ipv6_source, parse_tcp
from emu.check.timeline import Timeline
from emu.pdu.arp import Arp
from emu.pdu.ethernet import EthernetFrame
from emu.pdu.ip_tcp import PROTOCOL_TCP, Ipv4Datagram
from emu.pdu.ipx import IpxDatagram
from emu.pdu.llc2 import Information, Supervisory, Unnumbered
from emu.wire.frame import dissect

#: The sender of a frame that names none (``emu.wire.ppp_frame.as_ethernet``).
_NOBODY = bytes(6)


class Tap:
    """What one interface of the capture sees."""

    def __init__(self, number: int, book: Book) -> None:
        self._number, self._book = number, book
        self._breaks, self._hosts = book.breaks(number), book.hosts(number)
        self._tcp: dict[tuple[bytes, bytes], TcpFlow] = {}
        self._ipx = IpxFlows(number, book)
        self._nbf = NbfFlows(number, book)

    def ethernet(
        self, at_ns: int, frame: int, octets: bytes, _direction: Direction | None = None
    ) -> bool:
        """Take one Ethernet frame; whether anybody could read it."""
        self._breaks.tick(at_ns, frame)
        header = parse_tcp(octets)
        if header is not None:
            self._segment(at_ns, frame, header, octets)
            return True
        return self._other(at_ns, frame, octets)

    def passes(self, at_ns: int, frame: int) -> None:
        """A frame that belongs to no connection shows that the capture goes on."""
        self._breaks.tick(at_ns, frame)

    def forget(self, key: object, timeline: Timeline) -> None:
        """A connection is judged: what follows between the same ports is another one."""
        flow = self._tcp.get(cast("tuple[bytes, bytes]", key))
        if flow is not None and flow.timeline is timeline:
            del self._tcp[cast("tuple[bytes, bytes]", key)]

    def _segment(self, at_ns: int, frame: int, header: TcpHeader, octets: bytes) -> None:
        source, destination = header.source, header.destination
        key = (source, destination) if source < destination else (destination, source)
        flow = self._tcp.get(key)
        if flow is None or flow.starts_anew(header):
            flow = self._tcp[key] = TcpFlow(header, at_ns, (octets[6:12], octets[:6]))
            self._book.add(self._number, key, flow.timeline)
        host, seen = source[:-2], self._hosts.seen
        if host not in seen:
            self._hosts.appears(host)
        seen[host] = at_ns
        asked = flow.step(header, at_ns, frame)
        if asked >= 0:
            self._book.asked(self._number, flow.timeline, asked)

    def _other(self, at_ns: int, frame: int, octets: bytes) -> bool:
        hosts = self._hosts
        source = ipv6_source(octets)
        if source is not None:
            hosts.heard(source, at_ns)
            return True
        layers = dissect(octets)
        if len(layers) < 2 or not isinstance(ethernet := layers[0], EthernetFrame):
            return False
        if ethernet.source != _NOBODY:
            hosts.heard(ethernet.source, at_ns)
        match layers[1]:
            case IpxDatagram() as datagram:
                return self._ipx.datagram(datagram, layers[2:], at_ns, frame)
            case Information() | Supervisory() | Unnumbered() as pdu:
                return self._nbf.frame(ethernet, pdu, layers[2:], at_ns, frame)
            case Ipv4Datagram() as datagram:
                hosts.heard(datagram.source, at_ns)
                return datagram.protocol != PROTOCOL_TCP or datagram.flags_fragment & 0x1FFF != 0
            case Arp() as arp:
                hosts.heard(arp.sender_ip, at_ns)
                if arp.sender_ip == arp.target_ip:
                    # How a starting host claims its address (RFC 5227 2.3).
                    hosts.booted(arp.sender_ip, at_ns, frame)
                return True
            case _:
                return False
