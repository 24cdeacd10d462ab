"""The router of the three-host scenarios: forwards, asks by ARP, answers ICMP, may filter.

ICMP errors are limited as in Linux: one a second to one host, six at once (inet_peer_xrlim_allow);
where there is no route, one more a second, five at once, from the same bucket (ip_error).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.machines.base import NEVER
from emu.machines.tcp.linux.neighbour import (
    Ask,
    Neighbour,
    NeighbourParams,
    Pass,
    Wanted,
)
from emu.machines.tcp.linux.wheel import Wheel
from emu.pdu.arp import REPLY, REQUEST, Arp
from emu.pdu.ethernet import BROADCAST, EthernetFrame, EthernetII
from emu.units import NS_PER_S
from emu.wire.arp import arp_frame, decode_arp
from emu.wire.ethernet import decode_ethernet, encode_ethernet
from emu.wire.icmp import (
    HOST_UNREACHABLE,
    NET_UNREACHABLE,
    Unreachable,
    encode_unreachable,
    quote,
)

_ARP = b"\x08\x06"
_ETHERTYPE_IPV4 = 0x0800
#: XRLIM_BURST_FACTOR and net.ipv4.icmp_ratelimit of Linux.
_ICMP_BURST = 6
#: ip_rt_error_burst, in ip_rt_error_cost.
_NO_ROUTE_BURST = 5
_ICMP_SPACING_NS = NS_PER_S


@dataclass(slots=True)
class Port:
    """One interface.  ``up``: it has a route; ``peer``: the one host behind it."""

    mac: bytes
    ip: bytes
    peer: bytes
    send: Callable[[bytes], None] = lambda _frame: None
    up: bool = True
    peer_mac: bytes = b""
    neighbour: Neighbour = field(init=False)
    armed: int = NEVER


class Router:
    """``idle_ns``: its firewall forgets a flow after that, and drops what it does not know."""

    def __init__(
        self,
        near: Port,
        far: Port,
        *,
        neighbours: NeighbourParams,
        wheel: Wheel,
        clock: Callable[[], int],
        timer: Callable[[int, Callable[[], None]], None],
        idle_ns: int | None = None,
    ) -> None:
        self.near, self.far = near, far
        for port in (near, far):
            port.neighbour = Neighbour(neighbours, wheel)
        self._clock, self._timer = clock, timer
        self._idle_ns = idle_ns
        self._flows: dict[frozenset[bytes], int] = {}
        self._tokens_ns = _ICMP_BURST * _ICMP_SPACING_NS
        self._filled = 0

    def receive(self, port: Port, frame: bytes) -> None:
        """A frame at one of its interfaces."""
        if frame[12:14] == _ARP:
            self._receive_arp(port, frame)
        elif frame[:6] == port.mac:
            self._forward(port, decode_ethernet(frame).body)

    def _forward(self, source: Port, datagram: bytes) -> None:
        target = self.far if source is self.near else self.near
        if not self._lets_through(datagram):
            return
        if not target.up:
            if self._may_say(_NO_ROUTE_BURST):
                self._complain(source, datagram, NET_UNREACHABLE)
            return
        self._wanted(target, target.neighbour.output(datagram, self._clock()))

    def _lets_through(self, datagram: bytes) -> bool:
        """A stateful firewall: a flow starts with a SYN and is kept by what passes."""
        if self._idle_ns is None:
            return True
        ends = frozenset((datagram[12:16] + datagram[20:22], datagram[16:20] + datagram[22:24]))
        now = self._clock()
        seen = self._flows.get(ends)
        known = seen is not None and now - seen < self._idle_ns
        if known or datagram[33] & 0x02:
            self._flows[ends] = now
            return True
        return False

    def _wanted(self, port: Port, wanted: list[Wanted]) -> None:
        for each in wanted:
            if isinstance(each, Ask):
                to = port.peer_mac if each.unicast else BROADCAST
                self._arp(port, REQUEST, to, b"\0" * 6, port.peer)
            elif isinstance(each, Pass):
                self._ethernet(port, each.packet)
            else:
                back = self.near if port is self.far else self.far
                self._complain(back, each.packet, HOST_UNREACHABLE)
        self._arm(port)

    def _ethernet(self, port: Port, datagram: bytes) -> None:
        framing = EthernetII(ethertype=_ETHERTYPE_IPV4)
        frame = EthernetFrame(
            destination=port.peer_mac, source=port.mac, framing=framing, body=datagram
        )
        port.send(encode_ethernet(frame))

    def _complain(self, port: Port, datagram: bytes, code: int) -> None:
        if not self._may_say(_ICMP_BURST):
            return
        message = Unreachable(code, quote(datagram))
        answer = encode_unreachable(message, port.ip, datagram[12:16])
        self._wanted(port, port.neighbour.output(answer, self._clock()))

    def _may_say(self, burst: int) -> bool:
        """A bucket of time that fills as time passes; a message takes a second out."""
        now = self._clock()
        filled = self._tokens_ns + now - self._filled
        self._tokens_ns = min(burst * _ICMP_SPACING_NS, filled)
        self._filled = now
        if self._tokens_ns < _ICMP_SPACING_NS:
            return False
        self._tokens_ns -= _ICMP_SPACING_NS
        return True

    def _arp(
        self, port: Port, operation: int, destination: bytes, target_mac: bytes, ip: bytes
    ) -> None:
        arp = Arp(
            operation=operation,
            sender_mac=port.mac,
            sender_ip=port.ip,
            target_mac=target_mac,
            target_ip=ip,
        )
        port.send(arp_frame(arp, destination))

    def _receive_arp(self, port: Port, frame: bytes) -> None:
        arp = decode_arp(decode_ethernet(frame).body)
        if arp.target_ip != port.ip:
            return
        port.peer_mac = arp.sender_mac
        wanted = port.neighbour.heard(self._clock(), reply=arp.operation == REPLY)
        if arp.operation == REQUEST:
            self._arp(port, REPLY, arp.sender_mac, arp.sender_mac, arp.sender_ip)
        self._wanted(port, wanted)

    def _arm(self, port: Port) -> None:
        due = port.neighbour.due
        if due != NEVER and port.armed != due:
            port.armed = due
            self._timer(due, lambda: self._due(port, due))

    def _due(self, port: Port, armed: int) -> None:
        if port.neighbour.due == armed:
            port.neighbour.due = NEVER
            self._wanted(port, port.neighbour.expired(self._clock()))
