"""TCP on a host: connections by their addresses and ports, a listener, resets for strays.

What rides on the byte stream, and on which port, is the service's of the spec (``service``).
"""

from __future__ import annotations

from typing import Any

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
    Note,
    Opened,
    Received,
    Transmit,
)
from emu.machines.tcp.arriving import reset_for
from emu.machines.tcp.control import Abort, Close, Connect, Send, State
from emu.machines.tcp.linux.machine import LinuxTcp
from emu.machines.tcp.linux.params import LinuxParams
from emu.machines.tcp.machine import Tcp
from emu.machines.tcp.params import TcpParams
from emu.pdu.ip_tcp import ACK, RST, SYN, Segment
from emu.stations.addresses import ip_address
from emu.stations.base import Connection, StationSpec
from emu.stations.ip import Neighbours, Routes, format_ip
from emu.stations.service import Reader
from emu.stations.tcp_stacks import make_machine, ttl_of
from emu.wire.arp import ETHERTYPE_ARP
from emu.wire.ip_tcp import TcpFlow, decode_tcp_frame

#: First dynamic port.  The next connection of a boot takes the next one; the next boot starts
#: elsewhere, so that a restarted client does not meet its old connection by accident.
PORT_FIRST = 1025
PORTS_PER_BOOT = 64
PORT_LAST = 4999
_PORT_MAX = 0xFFFF

_ARP = ETHERTYPE_ARP.to_bytes(2, "big")


class TcpConnection:
    """One connection of a station: machine, flow, and the timer that drives it.

    ``armed``: the instant of the one timer entry that counts, NEVER for none; older entries
    find a later instant here and do nothing.  After a hang an entry may come late.
    """

    __slots__ = ("_waited_ns", "armed", "flow", "key", "last_octet_ns", "machine", "peer",
                 "reader", "serial", "station")  # fmt: skip

    #: TCP knows no names.
    caller = ""

    def __init__(self, station: TcpStation, key: bytes, machine: Tcp | LinuxTcp) -> None:
        station.serial += 1
        self.serial = station.serial
        self.station = station
        self.key = key
        self.machine = machine
        self.peer = f"{format_ip(key[:4])}:{int.from_bytes(key[8:10], 'big')}"
        self.last_octet_ns = 0
        self.armed: int = NEVER
        self.flow: TcpFlow | None = None
        self.reader: Reader | None = None
        self._waited_ns: int = NEVER

    # --- what the layer above asks -----------------------------------------------------------

    @property
    def address(self) -> str:
        """The peer's, without its port."""
        return format_ip(self.key[:4])

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """When the wait for an acknowledgement began; None if there is nothing to wait for."""
        machine = self.machine
        since_ns = machine.unacknowledged_since_ns
        if machine.state is _CLOSED and type(machine) is LinuxTcp:
            since_ns = self._waited_ns  # its queue is empty now
        return None if since_ns == NEVER else since_ns

    @property
    def owes_acknowledgement(self) -> bool:
        """Whether a delayed acknowledgement is on its way."""
        return self.machine.ack_due != NEVER

    @property
    def idle_since_ns(self) -> int | None:
        """When the timer was armed that no segment touches (linux); else every one of the peer's
        starts the clock anew."""
        machine = self.machine
        return machine.keepalive_since_ns if isinstance(machine, LinuxTcp) else None

    def send(self, message: Any, now: int, about: Note | None = None) -> None:
        """Queue a message; a connection that is going down swallows it.

        ``about``: what the ledger says of it, by the frame in which it begins.
        """
        if self.machine.state not in _OPEN:
            return
        service = self.station.spec.service
        effects = self.machine.step(Asked(Send(service.encode(message))), now)
        self.pump(effects if about is None else _noted(effects, about), now)
        if service.leaves(message):
            self.close(now)

    def close(self, now: int) -> None:
        """End in order."""
        if self.machine.state in _OPEN:
            self.pump(self.machine.step(Asked(Close()), now), now)

    def abort(self, now: int) -> None:
        """End at once."""
        if self.machine.state in _OPEN:
            self.pump(self.machine.step(Asked(Abort()), now), now)

    # --- the machine's effects ---------------------------------------------------------------

    def pump(self, effects: Effects, now: int) -> None:
        """Carry out what the machine wants, then see to its next timer.

        Frames first: the layer above may answer at once, and its answer comes after them.
        """
        told = False
        for effect in effects:
            if type(effect) is Transmit:
                number = self._put_out(effect.pdu, now)
                if effect.about is not None:
                    self.station.note(effect.about, self.serial, number)
            elif type(effect) is Note:
                self.station.note(effect, self.serial, None)
            else:
                told = True
        if told:
            for effect in effects:
                if isinstance(effect, Deliver):
                    self._deliver(effect.value, now)
        machine = self.machine
        if machine.state is _CLOSED:
            if self.station.connections.get(self.key) is self:
                del self.station.connections[self.key]
            return
        if self.station.remembers:
            self._waited_ns = machine.unacknowledged_since_ns
        due = machine.due()
        if due is not None and due < self.armed:
            self.armed = due
            self.station.arm(self, due)

    def fire(self, now: int) -> None:
        """The timer entry of ``now`` came up."""
        if now < self.armed:
            return
        self.armed = NEVER
        due = self.machine.due()
        if due is None:
            return
        if due > now:
            self.armed = due
            self.station.arm(self, due)
        else:
            self.pump(self.machine.step(EXPIRED, now), now)

    def _put_out(self, segment: Segment, now: int) -> int:
        station = self.station
        flow = self.flow
        if flow is None or station.neighbours.forgets:
            flow = self.flow = station.flow_to(self.key, now)
            if flow is None:
                return station.hold(self.key, segment)
        station.identification = identification = (station.identification + 1) & 0xFFFF
        return station.transmit(flow.encode(segment, identification))

    def _deliver(self, value: object, now: int) -> None:
        user = self.station.user
        if isinstance(value, Data):
            self._read(value.octets, now)
        elif isinstance(value, Opened):
            user.opened(self, now)
        elif isinstance(value, Lost):
            user.lost(self, value.cause, now)
        elif isinstance(value, Ended):
            user.ended(self, value.cause, now)
            self.close(now)

    def _read(self, octets: bytes, now: int) -> None:
        reader = self.reader
        if reader is None:
            reader = self.reader = self.station.spec.service.reader()
        dropped = reader.dropped
        messages = reader.feed(octets)
        self.station.dropped += reader.dropped - dropped
        for message in messages:
            self.station.user.message(self, message, now)


def _noted(effects: Effects, about: Note) -> Effects:
    """A note for the first frame; for none, as it waits for a frame that is not there yet."""
    for at, effect in enumerate(effects):
        if isinstance(effect, Transmit):
            return [*effects[:at], Transmit(effect.pdu, about), *effects[at + 1 :]]
    return effects


_CLOSED = State.CLOSED
_OPEN = frozenset({State.SYN_SENT, State.SYN_RECEIVED, State.ESTABLISHED, State.CLOSE_WAIT})


class TcpStation:
    """What both ends share.  ``dropped``: frames and messages that nobody could read."""

    claims = (b"\x08\x00", _ARP)

    def __init__(self, spec: StationSpec) -> None:
        self.spec = spec
        self.surroundings = spec.surroundings
        self.transmit = spec.surroundings.transmit
        self.arm = spec.surroundings.arm
        self.note = spec.surroundings.note
        self.user = spec.user
        self.params: TcpParams | LinuxParams = spec.params
        self.ttl = ttl_of(spec.params)
        # A LinuxTcp that is closed no longer knows since when it had waited.
        self.remembers = isinstance(spec.params, LinuxParams)
        self.ip = ip_address(spec.address)
        self.neighbours = Neighbours(self.ip, spec.surroundings, self.params.arp_lifetime_ns)
        self._routes = Routes(spec.gateways)
        self.connections: dict[bytes, TcpConnection] = {}
        self._held: dict[bytes, Segment] = {}
        self.serial = spec.serial_first
        self.identification = 0
        self.dropped = 0

    def receive(self, frame: bytes, now: int) -> None:
        """One frame.  What is malformed or has a wrong checksum is dropped and counted."""
        try:
            key, segment = decode_tcp_frame(frame)
        except PeerProtocolError:
            if frame[12:14] == _ARP:
                self._receive_arp(frame, now)
            else:
                self.dropped += 1
            return
        connection = self.connections.get(key)
        if connection is None:
            if key[4:8] == self.ip:
                self._stray(key, segment, now)
            return
        # Every segment of a connection that is up carries ACK (RFC 793 3.1); one without is a
        # RST or SYN of a peer that has no such connection, and not an octet of this one.
        if segment.flags & ACK:
            connection.last_octet_ns = now
        connection.pump(connection.machine.step(Received(segment), now), now)

    def _receive_arp(self, frame: bytes, now: int) -> None:
        learnt = self.neighbours.receive(frame, now)
        if learnt is None:
            return
        ip, moved = learnt
        if moved:  # frames already cut for the old address would go nowhere
            for connection in self.connections.values():
                if self._routes.next_hop(connection.key[:4]) == ip:
                    connection.flow = None
        for key in [key for key in self._held if self._routes.next_hop(key[:4]) == ip]:
            self.put_out(key, self._held.pop(key), now)

    def _stray(self, key: bytes, segment: Segment, now: int) -> None:
        """A segment without a connection: RST, unless it is one (RFC 793 3.4)."""
        reset = reset_for(segment)
        if reset is not None:
            self.put_out(key, reset, now)

    def put_out(self, key: bytes, segment: Segment, now: int) -> int:
        """Send a segment to the peer of ``key``, connection or not."""
        flow = self.flow_to(key, now)
        if flow is None:
            return self.hold(key, segment)
        self.identification = (self.identification + 1) & 0xFFFF
        return self.surroundings.transmit(flow.encode(segment, self.identification))

    def hold(self, key: bytes, segment: Segment) -> int:
        """Keep the latest segment until ARP has an answer (RFC 1122 2.3.2.2)."""
        self._held[key] = segment
        return 0

    def flow_to(self, key: bytes, now: int) -> TcpFlow | None:
        """The way to the peer of ``key``, None while its MAC address is not known."""
        mac = self.neighbours.find(self._routes.next_hop(key[:4]), now)
        if mac is None:
            return None
        return TcpFlow(
            source_mac=self.surroundings.mac,
            destination_mac=mac,
            source_ip=key[4:8],
            destination_ip=key[:4],
            source_port=int.from_bytes(key[10:12], "big"),
            destination_port=int.from_bytes(key[8:10], "big"),
            ttl=self.ttl,
        )


class TcpServerStation(TcpStation):
    """Listens on ``PORT``; its connections probe if the policy says so."""

    def _stray(self, key: bytes, segment: Segment, now: int) -> None:
        to_listener = int.from_bytes(key[10:12], "big") == self.spec.service.tcp_port
        if not to_listener or segment.flags & (SYN | ACK | RST) != SYN:
            super()._stray(key, segment, now)
            return
        sequence = self._initial_sequence(now)
        machine = make_machine(self.params, initial_sequence=sequence, server=True)
        connection = self.connections[key] = TcpConnection(self, key, machine)
        connection.last_octet_ns = now
        connection.pump(machine.step(Received(segment), now), now)

    def _initial_sequence(self, now: int) -> int:
        """Drawn; or pinned at the start, counting up by RFC 793 3.3's clock of 4 us."""
        pinned = self.spec.pinned.get("sequence")
        if pinned is None:
            return self.spec.randomness.getrandbits(32)
        return (pinned + now // 4_000) % (1 << 32)


class TcpClientStation(TcpStation):
    """Connects to the server; never probes (KB Q187049 is about the server's end)."""

    one_at_a_time = False

    def connect(self, message: Any, now: int) -> TcpConnection:
        """Open a connection; the message, if there is one, follows as soon as it is up."""
        port = self._next_port()
        server = ip_address(self.spec.server_address)
        called = self.spec.service.tcp_port
        key = server + self.ip + called.to_bytes(2, "big") + port.to_bytes(2, "big")
        pinned = self.spec.pinned.get("sequence")
        sequence = self.spec.randomness.getrandbits(32) if pinned is None else pinned
        machine = make_machine(self.params, initial_sequence=sequence, server=False)
        connection = self.connections[key] = TcpConnection(self, key, machine)
        connection.pump(machine.step(Asked(Connect()), now), now)
        if message is not None:
            connection.send(message, now)
        return connection

    def killed(self, connection: Connection, *, unread: bool, now: int) -> None:
        """The kernel closes for a dead program: FIN, or RST if octets for it were waiting
        (RFC 1122 4.2.2.13)."""
        assert isinstance(connection, TcpConnection)
        if unread:
            connection.abort(now)
        else:
            connection.close(now)

    def _next_port(self) -> int:
        pinned = self.spec.pinned.get("port")
        if pinned is not None:
            return 1 + (pinned - 1 + self.serial) % _PORT_MAX
        offset = self.spec.boot * PORTS_PER_BOOT + self.serial
        return PORT_FIRST + offset % (PORT_LAST - PORT_FIRST + 1)
