"""A host of the laboratory: ARP, IP, and sockets of the linux stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.errors import PeerProtocolError
from emu.machines.base import (
    EXPIRED,
    NEVER,
    Asked,
    Data,
    Deliver,
    Effects,
    Ended,
    Lost,
    Received,
    Stimulus,
    Transmit,
)
from emu.machines.tcp.arriving import reset_for
from emu.machines.tcp.linux.block import Held
from emu.machines.tcp.linux.block import Unreachable as UnreachableSegment
from emu.machines.tcp.linux.machine import LinuxTcp
from emu.machines.tcp.linux.neighbour import (
    Ask,
    Neighbour,
    NeighbourParams,
    Pass,
    Wanted,
)
from emu.machines.tcp.linux.params import LinuxParams
from emu.machines.tcp.linux.wheel import Wheel
from emu.pdu.arp import REPLY, REQUEST, Arp
from emu.pdu.ethernet import BROADCAST
from emu.pdu.ip_tcp import ACK, RST, SYN, Segment
from emu.wire.arp import arp_frame, decode_arp
from emu.wire.ethernet import decode_ethernet
from emu.wire.icmp import Unreachable, decode_unreachable
from emu.wire.ip_tcp import TcpFlow, decode_tcp_frame

_ARP, _IPV4 = b"\x08\x06", b"\x08\x00"
#: What ICMP's codes mean to a program (icmp_err_convert; RFC 1122 4.2.3.9).
_ERRORS = {0: "ENETUNREACH", 1: "EHOSTUNREACH"}
#: IPv4 time to live of Linux (RFC 1700 gives 64).
_TTL = 64
#: The way of ARP's refusal through the own ICMP.  It is not nothing: what is left of a time-out
#: is rounded to whole jiffies, and a few microseconds decide which.
_REFUSAL_NS = 5_000


@dataclass(slots=True)
class Socket:
    """A connection as its program sees it.  ``error``: what it was told, None so far."""

    key: bytes
    machine: LinuxTcp
    error: str | None = None
    ended_ns: int | None = None
    received: int = 0
    armed: int = NEVER
    gone: bool = field(default=False)


class Host:
    """``clock``: instants; ``at``, ``timer``: the laboratory's agenda; ``send``: its interface."""

    def __init__(
        self,
        *,
        mac: bytes,
        ip: bytes,
        gateway: bytes | None,
        params: LinuxParams,
        neighbours: NeighbourParams,
        clock: Callable[[], int],
        at: Callable[[int, Callable[[], None]], None],
        timer: Callable[[int, Callable[[], None]], None],
    ) -> None:
        self.mac, self.ip, self._gateway = mac, ip, gateway
        self.params = params
        self._neighbour_params = neighbours
        self._clock, self._at, self._timer = clock, at, timer
        self.send: Callable[[bytes], None] = lambda _frame: None
        self.confirming: Callable[[], None] = lambda: None
        self.sockets: dict[bytes, Socket] = {}
        self.listening: int | None = None
        self.accepted: list[Socket] = []
        self._macs: dict[bytes, bytes] = {}
        self._neighbours: dict[bytes, Neighbour] = {}
        self._armed: dict[bytes, int] = {}
        self._identification = 0
        self._wheel: Wheel = params.wheel()
        self.muted = False
        self._progress: set[bytes] = set()

    # --- sockets -----------------------------------------------------------------------------

    def connect(self, server: bytes, port: int, own_port: int, sequence: int) -> Socket:
        """A socket that is about to connect."""
        from emu.machines.tcp.control import Connect

        key = server + self.ip + port.to_bytes(2, "big") + own_port.to_bytes(2, "big")
        machine = LinuxTcp(
            self.params, initial_sequence=sequence, options=self.params.options(keepalive=True)
        )
        socket = self.sockets[key] = Socket(key, machine)
        self.step(socket, Asked(Connect()))
        return socket

    def step(self, socket: Socket, stimulus: Stimulus) -> None:
        """One stimulus for a socket's machine, and what follows from it."""
        effects = socket.machine.step(stimulus, self._clock())
        self._carry_out(socket, effects)
        self._arm_socket(socket)

    def _carry_out(self, socket: Socket, effects: Effects) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                self.put_out(socket.key, effect.pdu)
            elif isinstance(effect, Deliver):
                self._tell(socket, effect.value)
        if socket.machine.state.value == "CLOSED" and self.sockets.get(socket.key) is socket:
            socket.gone = True
            socket.ended_ns = socket.ended_ns or self._clock()
            del self.sockets[socket.key]

    def _tell(self, socket: Socket, value: object) -> None:
        if isinstance(value, Data):
            socket.received += len(value.octets)
        elif isinstance(value, Lost) and socket.error is None:
            socket.error, socket.ended_ns = value.error, self._clock()
        elif isinstance(value, Ended) and socket.error is None and not socket.machine.orphan:
            socket.error, socket.ended_ns = "EOF", self._clock()

    def _arm_socket(self, socket: Socket) -> None:
        due = socket.machine.due()
        if due is not None and due < socket.armed:
            socket.armed = due
            self._timer(due, lambda: self._fire(socket, due))

    def _fire(self, socket: Socket, armed: int) -> None:
        if socket.gone or socket.armed != armed:
            return
        socket.armed = NEVER
        due = socket.machine.due()
        if due is not None and due <= self._clock():
            self.step(socket, EXPIRED)
        else:
            self._arm_socket(socket)

    # --- out ---------------------------------------------------------------------------------

    def put_out(self, key: bytes, segment: Segment) -> None:
        """Hand a segment to ARP for its next hop."""
        if self.muted:
            return
        hop = self._gateway or key[:4]
        neighbour = self._neighbour(hop)
        if key in self._progress:
            self._progress.remove(key)
            neighbour.confirmed(self._clock())
            self.confirming()
        self._wanted(hop, neighbour.output((key, segment), self._clock()))

    def _neighbour(self, hop: bytes) -> Neighbour:
        if hop not in self._neighbours:
            self._neighbours[hop] = Neighbour(self._neighbour_params, self._wheel)
        return self._neighbours[hop]

    def _wanted(self, hop: bytes, wanted: list[Wanted]) -> None:
        for each in wanted:
            if isinstance(each, Ask):
                self._ask(hop, unicast=each.unicast)
            elif isinstance(each, Pass):
                key, segment = each.packet
                self._transmit(hop, key, segment)
            else:
                packet = each.packet
                self._at(self._clock() + _REFUSAL_NS, lambda packet=packet: self._refused(packet))
        self._say_what_waits(hop)
        self._arm_neighbour(hop)

    def _say_what_waits(self, hop: bytes) -> None:
        """TCP does not send again what has not left yet."""
        waiting = [packet for packet in self._neighbours[hop].waiting if packet is not None]
        for key, socket in list(self.sockets.items()):
            held = frozenset(segment.sequence for other, segment in waiting if other == key)
            if held != socket.machine.held:
                socket.machine.step(Asked(Held(held)), self._clock())

    def _transmit(self, hop: bytes, key: bytes, segment: Segment) -> None:
        flow = TcpFlow(
            source_mac=self.mac,
            destination_mac=self._macs[hop],
            source_ip=key[4:8],
            destination_ip=key[:4],
            source_port=int.from_bytes(key[10:12], "big"),
            destination_port=int.from_bytes(key[8:10], "big"),
            ttl=_TTL,
        )
        self._identification = (self._identification + 1) & 0xFFFF
        self.send(flow.encode(segment, self._identification))

    def _ask(self, hop: bytes, *, unicast: bool) -> None:
        destination = self._macs[hop] if unicast else BROADCAST
        self._arp(REQUEST, destination, b"\0" * 6, hop)

    def _arp(self, operation: int, destination: bytes, target_mac: bytes, ip: bytes) -> None:
        arp = Arp(
            operation=operation,
            sender_mac=self.mac,
            sender_ip=self.ip,
            target_mac=target_mac,
            target_ip=ip,
        )
        self.send(arp_frame(arp, destination))

    def _refused(self, packet: tuple[bytes, Segment]) -> None:
        """ARP's failure reaches the sender as an ICMP error of its own (facts/tcp.md 3.5)."""
        key, segment = packet
        self._unreachable(key, "EHOSTUNREACH", segment.sequence)

    def _unreachable(self, key: bytes, error: str, sequence: int) -> None:
        socket = self.sockets.get(key)
        if socket is not None:
            request = UnreachableSegment(error, sequence, undoes_backoff=True)
            self.step(socket, Asked(request))

    def _arm_neighbour(self, hop: bytes) -> None:
        due = self._neighbours[hop].due
        if due != NEVER and self._armed.get(hop) != due:
            self._armed[hop] = due
            self._timer(due, lambda: self._neighbour_due(hop, due))

    def _neighbour_due(self, hop: bytes, armed: int) -> None:
        neighbour = self._neighbours[hop]
        if neighbour.due == armed:
            neighbour.due = NEVER
            self._wanted(hop, neighbour.expired(self._clock()))

    def link_lost(self) -> None:
        """The interface lost its carrier: neighbours are forgotten."""
        for hop, neighbour in self._neighbours.items():
            neighbour.lost()
            self._say_what_waits(hop)

    # --- in ----------------------------------------------------------------------------------

    def receive(self, frame: bytes) -> None:
        """A frame for us or for all."""
        if frame[12:14] == _ARP:
            self._receive_arp(frame)
            return
        if frame[12:14] != _IPV4 or frame[:6] != self.mac:
            return
        try:
            key, segment = decode_tcp_frame(frame)
        except PeerProtocolError:
            self._receive_icmp(frame)
            return
        self._receive_segment(key, segment)

    def _receive_segment(self, key: bytes, segment: Segment) -> None:
        socket = self.sockets.get(key)
        if socket is None:
            self._stray(key, segment)
            return
        before = socket.machine.snd_una
        self.step(socket, Received(segment))
        if socket.machine.snd_una != before:
            self._progress.add(key)

    def _stray(self, key: bytes, segment: Segment) -> None:
        port = int.from_bytes(key[10:12], "big")
        if port == self.listening and segment.flags & (SYN | ACK | RST) == SYN:
            options = self.params.options(keepalive=True)
            sequence = segment.sequence * 7 % (1 << 32)
            machine = LinuxTcp(self.params, initial_sequence=sequence, options=options)
            socket = self.sockets[key] = Socket(key, machine)
            self.accepted.append(socket)
            self.step(socket, Received(segment))
            return
        reset = reset_for(segment)
        if reset is not None:
            self.put_out(key, reset)

    def _receive_arp(self, frame: bytes) -> None:
        arp = decode_arp(decode_ethernet(frame).body)
        if arp.target_ip != self.ip:
            return
        self._macs[arp.sender_ip] = arp.sender_mac
        wanted = self._neighbour(arp.sender_ip).heard(self._clock(), reply=arp.operation == REPLY)
        if arp.operation == REQUEST:
            self._arp(REPLY, arp.sender_mac, arp.sender_mac, arp.sender_ip)
        self._wanted(arp.sender_ip, wanted)

    def _receive_icmp(self, frame: bytes) -> None:
        try:
            message: Unreachable = decode_unreachable(frame[14:])
            addresses, ports, sequence = message.about
        except PeerProtocolError:
            return
        key = addresses[4:8] + addresses[:4] + ports[2:4] + ports[:2]
        self._unreachable(key, _ERRORS.get(message.code, "EHOSTUNREACH"), sequence)
