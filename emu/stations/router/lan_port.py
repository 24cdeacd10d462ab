"""The LAN side of a router: which frames cross, and what is put on the LAN of what came across.

IP is routed (the hosts' gateway), IPX is routed (datagrams by network, type-20 broadcasts by
their list of networks), NetBEUI has ways of its own (``netbeui``).  RIP and SAP are
the router's own business (``ipx_routes``).  Inspectors look at everything in between.

Assumptions where facts/ipx.md is silent: a type-20 broadcast that is passed on is addressed to
the next LAN's network, and a datagram for a host goes out in the framing that host was heard in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from emu.errors import PeerProtocolError
from emu.machines.routing import RouterParams
from emu.pdu.ethernet import BROADCAST, EthernetFrame, EthernetII, Framing, without_length
from emu.pdu.ip_tcp import Ipv4Datagram
from emu.pdu.ipx import (
    NODE_BROADCAST,
    TYPE_BROADCAST_20,
    IpxDatagram,
)
from emu.pdu.ppp import PROTOCOL_IP, PROTOCOL_IPX
from emu.stations.addresses import ip_address, ipx_network, segment_of, segment_of_ip
from emu.stations.base import Surroundings
from emu.stations.ip import ETHERTYPE_IPV4, Neighbours
from emu.stations.ipx import FRAMINGS
from emu.stations.router.inspector import Inspector
from emu.stations.router.ipx_port import IpxPort
from emu.stations.router.netbeui import Bridged, Crossing, OverNbfcp, Partner, Switched
from emu.stations.router.packets import Packet
from emu.wire.arp import ETHERTYPE_ARP
from emu.wire.ethernet import decode_ethernet, encode_ethernet
from emu.wire.forwarding import (
    ip_octets,
    next_ip_hop,
    next_ipx_hop,
    next_type_20_hop,
)
from emu.wire.ipx import decode_ipx, encode_ipx, ipx_frame, ipx_of_frame

_ARP = ETHERTYPE_ARP.to_bytes(2, "big")
_IPV4 = ETHERTYPE_IPV4.to_bytes(2, "big")
#: 802.3 frames by the two octets behind the length: NetBIOS commands and responses.
_NETBIOS = (b"\xf0\xf0", b"\xf0\xf1")
#: Packets kept for a neighbour that ARP is asked for.  RFC 1122 2.3.2.2 asks for one at least.
_HELD_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LanPortSpec:
    """``address``: the port's number.  ``beyond``: the far router by the segment behind it.

    ``framing``: of IPX where a host has not been heard yet; "" without IPX.
    ``netbeui``: how that crosses: "bridge", "nbfcp", "dlsw", or "" for not at all; ``partner``
    and ``randomness``: what a data link switch needs.
    """

    address: int
    beyond: Mapping[int, str]
    framing: str
    netbeui: str
    inspectors: Sequence[Inspector] = ()
    partner: Partner | None = None
    randomness: Random | None = None


class LanPort:
    """``carry(packet, now)`` takes what crosses.  ``dropped``: frames nobody could read."""

    claims = (_ARP, _IPV4, *(claim for _, claim in FRAMINGS.values()), *_NETBIOS)

    def __init__(
        self,
        spec: LanPortSpec,
        surroundings: Surroundings,
        carry: Callable[[Packet, int], None],
        routing: RouterParams | None = None,
    ) -> None:
        self.spec = spec
        self.dropped = 0
        self._surroundings, self._carry = surroundings, carry
        self._segment = segment_of(spec.address)
        self._network = ipx_network(self._segment)
        self._neighbours = Neighbours(ip_address(spec.address), surroundings, None)
        self._held: dict[bytes, list[Ipv4Datagram]] = {}
        self._framings: dict[bytes, Framing] = {}
        self._default = FRAMINGS[spec.framing][0] if spec.framing else None
        self._crossing = self._netbeui()
        self.ipx = (
            None
            if routing is None
            else IpxPort(
                routing,
                network=self._network,
                node=surroundings.mac,
                put=self.put_datagram,
                carry=carry,
            )
        )

    def _netbeui(self) -> Crossing | None:
        """By the spec's word for it."""
        spec = self.spec
        match spec.netbeui:
            case "bridge":
                return Bridged(self._carry, self._put_octets)
            case "nbfcp":
                return OverNbfcp(self._carry, self._put_octets)
            case "dlsw":
                assert spec.partner is not None and spec.randomness is not None
                return Switched(
                    self._carry,
                    self._put_octets,
                    self._surroundings.arm,
                    partner=spec.partner,
                    randomness=spec.randomness,
                )
            case _:
                return None

    # --- from the LAN ------------------------------------------------------------------------

    def receive(self, frame: bytes, now: int) -> None:
        """A frame at the port."""
        kind = frame[12:14]
        try:
            if kind == _ARP:
                self._receive_arp(frame, now)
            elif self._passes(frame, now):
                self._cross(kind, frame, now)
        except PeerProtocolError:
            self.dropped += 1

    def _passes(self, frame: bytes, now: int) -> bool:
        """What the inspectors say; their answers go out at once."""
        for inspector in self.spec.inspectors:
            ruling = inspector.outbound(frame, now)
            for answer in ruling.answers:
                self._surroundings.transmit(answer)
            if not ruling.forward:
                return False
        return True

    def _cross(self, kind: bytes, frame: bytes, now: int) -> None:
        if kind == _IPV4:
            self._route_ip(frame, now)
        elif kind[0] < 6 and frame[14:16] in _NETBIOS:
            if self._crossing is not None:
                self._crossing.from_lan(frame, now)
        else:
            self._hear_ipx(decode_ethernet(frame), now)

    def _route_ip(self, frame: bytes, now: int) -> None:
        if frame[:6] != self._surroundings.mac:
            return
        datagram = next_ip_hop(decode_ethernet(frame).body)
        if datagram is None:
            return
        router = self.spec.beyond.get(segment_of_ip(datagram.destination) or 0)
        if router is not None:
            packet = Packet(protocol=PROTOCOL_IP, payload=ip_octets(datagram), to=router)
            self._carry(packet, now)

    def _hear_ipx(self, frame: EthernetFrame, now: int) -> None:
        datagram = ipx_of_frame(frame)
        if datagram is None:
            return
        framing = without_length(frame.framing)
        self._framings[datagram.source.node] = self._framings[frame.source] = framing
        if self.ipx is not None:
            self._route_ipx(frame, datagram, self.ipx, now)

    def _route_ipx(
        self, frame: EthernetFrame, datagram: IpxDatagram, ipx: IpxPort, now: int
    ) -> None:
        """RIP and SAP to everybody here or to this very port, broadcasts that are propagated,
        and what was handed to this router."""
        to = datagram.destination
        if ipx.takes(datagram) and to.network in (0, self._network):
            ipx.hear_lan(datagram, now)
        elif datagram.packet_type == TYPE_BROADCAST_20 and to.node == NODE_BROADCAST:
            self._carry_ipx(next_type_20_hop(datagram, arrived_on=self._network), None, now)
        elif frame.destination == self._surroundings.mac:
            router = ipx.destination_of(to.network)
            if router is not None:
                self._carry_ipx(next_ipx_hop(datagram, arrived_on=self._network), router, now)

    def _carry_ipx(self, datagram: IpxDatagram | None, router: str | None, now: int) -> None:
        if datagram is not None:
            payload = encode_ipx(datagram)
            self._carry(Packet(protocol=PROTOCOL_IPX, payload=payload, to=router), now)

    # --- to the LAN --------------------------------------------------------------------------

    def put(self, router: str, packet: Packet, now: int) -> None:
        """What came across, from the far router of that name."""
        try:
            if self._crossing is not None and self._crossing.from_line(router, packet, now):
                return
            if packet.protocol == PROTOCOL_IP:
                onward = next_ip_hop(packet.payload)
                if onward is not None:
                    self._put_ip(onward, now)
            elif packet.protocol == PROTOCOL_IPX:
                self._put_ipx(router, decode_ipx(packet.payload), now)
        except PeerProtocolError:
            self.dropped += 1

    def _put_ip(self, datagram: Ipv4Datagram, now: int) -> None:
        """A second router on the way has taken its hop already (RFC 1812 5.3.1)."""
        if segment_of_ip(datagram.destination) != self._segment:
            return
        mac = self._neighbours.find(datagram.destination, now)
        if mac is None:
            held = self._held.setdefault(datagram.destination, [])
            if len(held) < _HELD_MAX:
                held.append(datagram)
            return
        framing = EthernetII(ethertype=ETHERTYPE_IPV4)
        self._put_frame(mac, framing, ip_octets(datagram), now)

    def _receive_arp(self, frame: bytes, now: int) -> None:
        learnt = self._neighbours.receive(frame, now)
        if learnt is not None:
            for datagram in self._held.pop(learnt[0], ()):
                self._put_ip(datagram, now)

    def _put_ipx(self, router: str, datagram: IpxDatagram, now: int) -> None:
        """A second router on the way: one hop more (facts/ipx.md 1.1)."""
        ipx = self.ipx
        if ipx is None:
            return
        to = datagram.destination
        if ipx.takes(datagram) and to.network == 0:
            ipx.hear_line(router, datagram, now)
        elif datagram.packet_type == TYPE_BROADCAST_20:
            everybody = replace(to, network=self._network)
            self.put_datagram(replace(datagram, destination=everybody), BROADCAST, now)
        else:
            node = ipx.node_of(to)
            onward = next_ipx_hop(datagram, arrived_on=datagram.source.network)
            if node is not None and onward is not None:
                self.put_datagram(onward, node, now)

    def put_datagram(self, datagram: IpxDatagram, mac: bytes, now: int) -> None:
        """An IPX datagram to a station of this LAN, or to everybody."""
        framing = self._framings.get(mac, self._default)
        if framing is not None:
            octets = ipx_frame(
                datagram, framing=framing, destination=mac, source=self._surroundings.mac
            )
            self._put_octets(octets, now)

    def _put_frame(self, mac: bytes, framing: Framing, body: bytes, now: int) -> None:
        frame = EthernetFrame(
            destination=mac, source=self._surroundings.mac, framing=framing, body=body
        )
        self._put_octets(encode_ethernet(frame), now)

    def _put_octets(self, octets: bytes, now: int) -> None:
        for inspector in self.spec.inspectors:
            ruling = inspector.inbound(octets, now)
            for answer in ruling.answers:
                self._surroundings.transmit(answer)
            if not ruling.forward:
                return
        self._surroundings.transmit(octets)

    def link_changed(self, router: str, *, up: bool, now: int) -> None:
        """A dialled link behind the router went up or down."""
        if self.ipx is not None:
            self.ipx.link_changed(router, up=up, now=now)
        for inspector in self.spec.inspectors:
            inspector.link_changed(up=up, now=now)
