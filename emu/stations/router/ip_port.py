"""A port that knows IP over Ethernet II only: one end of a box that routes between two LANs.

A datagram loses a hop when it arrives, and goes out as it is: there is no second router behind
the other port (RFC 1812 5.3.1).  What nobody can read is dropped and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from emu.errors import PeerProtocolError
from emu.pdu.ethernet import EthernetFrame, EthernetII
from emu.stations.addresses import ip_address, segment_of, segment_of_ip
from emu.stations.base import Surroundings
from emu.stations.ip import ETHERTYPE_IPV4, Neighbours
from emu.wire.arp import ETHERTYPE_ARP
from emu.wire.ethernet import decode_ethernet, encode_ethernet
from emu.wire.forwarding import ip_octets, next_ip_hop
from emu.wire.ip_tcp import decode_ipv4

_ARP = ETHERTYPE_ARP.to_bytes(2, "big")
_IPV4 = ETHERTYPE_IPV4.to_bytes(2, "big")
#: Datagrams kept for a neighbour that ARP is asked for.  RFC 1122 2.3.2.2 asks for one at least.
_HELD_MAX = 8


class IpPort:
    """``address``: the port's number.  ``takes``: segments whose datagrams are handed to
    ``carry(datagram, now)``."""

    claims = (_ARP, _IPV4)

    def __init__(
        self,
        address: int,
        takes: Collection[int],
        surroundings: Surroundings,
        carry: Callable[[bytes, int], None],
    ) -> None:
        self.dropped = 0
        self._segment, self._takes = segment_of(address), takes
        self._surroundings, self._carry = surroundings, carry
        self._neighbours = Neighbours(ip_address(address), surroundings, None)
        self._held: dict[bytes, list[bytes]] = {}

    def receive(self, frame: bytes, now: int) -> None:
        """A frame at the port."""
        if frame[12:14] == _ARP:
            self._receive_arp(frame, now)
        elif frame[:6] == self._surroundings.mac and frame[12:14] == _IPV4:
            try:
                self._receive_ip(frame, now)
            except PeerProtocolError:
                self.dropped += 1

    def _receive_ip(self, frame: bytes, now: int) -> None:
        datagram = next_ip_hop(decode_ethernet(frame).body)
        if datagram is not None and segment_of_ip(datagram.destination) in self._takes:
            self._carry(ip_octets(datagram), now)

    def _receive_arp(self, frame: bytes, now: int) -> None:
        learnt = self._neighbours.receive(frame, now)
        if learnt is not None:
            for octets in self._held.pop(learnt[0], ()):
                self.put(octets, now)

    def put(self, octets: bytes, now: int) -> None:
        """A datagram for somebody on this LAN; what lies behind its length is not its own."""
        datagram = decode_ipv4(octets)
        to = datagram.destination
        if segment_of_ip(to) != self._segment:
            return
        mac = self._neighbours.find(to, now)
        if mac is None:
            held = self._held.setdefault(to, [])
            if len(held) < _HELD_MAX:
                held.append(octets)
            return
        frame = EthernetFrame(
            destination=mac,
            source=self._surroundings.mac,
            framing=EthernetII(ethertype=ETHERTYPE_IPV4),
            body=ip_octets(datagram),
        )
        self._surroundings.transmit(encode_ethernet(frame))
