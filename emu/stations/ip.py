"""The IP layer of a station: addresses, and ARP by RFC 826.

Entries never expire by default: NT's ARP timers are in no fact sheet, and an expired entry
would keep probes off the wire (facts/tcp.md 3.5, architecture.md 7).
"""

from __future__ import annotations

from collections.abc import Mapping

from emu.errors import PeerProtocolError
from emu.pdu.arp import REPLY, REQUEST, Arp
from emu.pdu.ethernet import BROADCAST
from emu.stations.addresses import ip_address, segment_of_ip
from emu.stations.base import Surroundings
from emu.units import NS_PER_S
from emu.wire.arp import arp_frame, decode_arp
from emu.wire.ethernet import decode_ethernet

ETHERTYPE_IPV4 = 0x0800

#: At most one request a second for one address (RFC 1122 2.3.2.1).
REQUEST_SPACING_NS = NS_PER_S


def format_ip(address: bytes) -> str:
    """Dotted quad."""
    return ".".join(str(octet) for octet in address)


class Routes:
    """Which neighbour a packet goes to.  ``gateways``: as ``StationSpec`` has them."""

    __slots__ = ("_gateways",)

    def __init__(self, gateways: Mapping[int, int]) -> None:
        self._gateways = {segment: ip_address(port) for segment, port in gateways.items()}

    def next_hop(self, ip: bytes) -> bytes:
        """The router's address for what lies behind one, else the address itself."""
        segment = segment_of_ip(ip)
        return ip if segment is None else self._gateways.get(segment, ip)


class Neighbours:
    """Which MAC address an IP address has.  ``lifetime_ns``: None for entries without end.

    ``forgets``: whether entries expire at all, so that a remembered address is asked again.
    """

    __slots__ = ("_asked", "_entries", "_ip", "_lifetime_ns", "_surroundings", "forgets")

    def __init__(self, ip: bytes, surroundings: Surroundings, lifetime_ns: int | None) -> None:
        self._ip = ip
        self._surroundings = surroundings
        self._lifetime_ns = lifetime_ns
        self.forgets = lifetime_ns is not None
        self._entries: dict[bytes, tuple[bytes, int]] = {}
        self._asked: dict[bytes, int] = {}

    def find(self, ip: bytes, now: int) -> bytes | None:
        """Its MAC address; None when it is not known (any more): it has then been asked for."""
        entry = self._entries.get(ip)
        if entry is not None:
            mac, learnt = entry
            if self._lifetime_ns is None or now - learnt < self._lifetime_ns:
                return mac
        self._ask(ip, now)
        return None

    def _ask(self, ip: bytes, now: int) -> None:
        asked = self._asked.get(ip)
        if asked is None or now - asked >= REQUEST_SPACING_NS:
            self._asked[ip] = now
            self._send(REQUEST, BROADCAST, b"\0" * 6, ip)

    def _send(self, operation: int, destination: bytes, target_mac: bytes, ip: bytes) -> None:
        mac = self._surroundings.mac
        arp = Arp(
            operation=operation,
            sender_mac=mac,
            sender_ip=self._ip,
            target_mac=target_mac,
            target_ip=ip,
        )
        self._surroundings.transmit(arp_frame(arp, destination))

    def receive(self, octets: bytes, now: int) -> tuple[bytes, bool] | None:
        """An ARP frame: learn and answer.  Returns whose address is known now, if anybody's,
        and whether it was another one before.

        RFC 826: an address we know is updated by anybody's packet; one we do not know is
        learnt only from a packet meant for us.
        """
        try:
            arp = decode_arp(decode_ethernet(octets).body)
        except PeerProtocolError:
            return None
        ours = arp.target_ip == self._ip
        learnt = ours or arp.sender_ip in self._entries
        before = self._entries.get(arp.sender_ip)
        if learnt:
            self._entries[arp.sender_ip] = (arp.sender_mac, now)
        if ours and arp.operation == REQUEST:
            self._send(REPLY, arp.sender_mac, arp.sender_mac, arp.sender_ip)
        if not learnt:
            return None
        return arp.sender_ip, before is not None and before[0] != arp.sender_mac
