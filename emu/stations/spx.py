"""SPX on a host: connections by their ids, a listener, and the way to the server.

The terminal sessions' lines ride in data packets, a message a line.  The server listens at
socket 8104 of its internal network: Wireshark calls it "NetWare 386", the remote console's
(facts/ipx.md 1.1); what a Terminal Server's own was is in no source.  A client knows that
address, as from a bindery, and asks by RIP for the way there (facts/ipx.md 1.12): a packet that
is ready before the answer waits for it.

A packet belongs to the connection whose id is its destination, if it comes from that
connection's peer.  Whatever else arrives is dropped without a word: SPX has no reset, so a
former life's packets meet silence (facts/ipx.md 3.2).

Read: facts/ipx.md 1.1, 1.3, 3.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emu.errors import PeerProtocolError
from emu.machines.base import (
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
from emu.machines.spx import Abort, Close, Connect, Send, SpxConnection, SpxParams
from emu.pdu.ethernet import BROADCAST
from emu.pdu.ipx import (
    NODE_BROADCAST,
    NODE_INTERNAL,
    SOCKET_RIP,
    TYPE_RIP,
    TYPE_SPX,
    IpxAddress,
)
from emu.pdu.rip_sap import RIP_REQUEST, RIP_RESPONSE, Rip, RipEntry
from emu.pdu.spx import Spx
from emu.stations.addresses import ipx_network, segment_of
from emu.stations.base import Connection, StationSpec
from emu.stations.ipx import Arrival, IpxPort, internal_network
from emu.stations.ncp.advertising import answer_rip
from emu.stations.ncp.alarm import Alarm
from emu.wire.rip_sap import decode_rip, encode_rip
from emu.wire.spx import decode_spx, encode_spx

SOCKET_SERVER = 0x8104
#: A client's dynamic socket, at every boot: what tells two lives apart are the ids.
SOCKET_CLIENT = 0x4010
#: Ids are drawn from these: 0 and FFFF are nobody's.
ID_FIRST, ID_LAST = 0x0001, 0xFFFE
#: Hops and ticks of what is asked for, as every RIP request in capture T1 has them.
ASKED_FOR = 0xFFFF


class SpxStationConnection:
    """One connection of a station: machine, address and the timer that drives it."""

    #: SPX knows no names.
    caller = ""

    def __init__(self, station: SpxStation, machine: SpxConnection, address: IpxAddress) -> None:
        station.serial += 1
        self.serial = station.serial
        self.machine = machine
        self.remote = address
        self.peer = str(address)
        self.address = address.host
        self.mac = b""
        self.last_octet_ns = 0
        self._station = station
        self._reader = station.spec.service.reader()
        self._alarm = Alarm(station.spec.surroundings, machine, self.carry_out)

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """When the wait for an acknowledgement of data began."""
        return self.machine.unacknowledged_since_ns

    @property
    def owes_acknowledgement(self) -> bool:
        """SPX acknowledges at once."""
        return False

    @property
    def idle_since_ns(self) -> int | None:
        """Every packet of the peer's starts the clock anew."""
        return None

    def send(self, message: Any, now: int) -> None:
        """Queue a message; a connection that is going down swallows it."""
        if not self.machine.can_send:
            return
        service = self._station.spec.service
        self.carry_out(self.machine.step(Asked(Send(service.encode(message))), now), now)
        if service.leaves(message):
            self.close(now)

    def close(self, now: int) -> None:
        """End in order."""
        if self.machine.can_send:
            self.carry_out(self.machine.step(Asked(Close()), now), now)

    def abort(self, now: int) -> None:
        """End at once: nothing is sent (facts/ipx.md 1.3)."""
        if not self.machine.is_over:
            self.carry_out(self.machine.step(Asked(Abort()), now), now)

    def hear(self, packet: Spx, mac: bytes, now: int) -> None:
        """A packet of this connection."""
        self.mac, self.last_octet_ns = mac, now
        self.carry_out(self.machine.step(Received(packet), now), now)

    def carry_out(self, effects: Effects, now: int) -> None:
        """Frames first: the layer above may answer at once, and its answer comes after them."""
        surroundings = self._station.spec.surroundings
        for effect in effects:
            if isinstance(effect, Transmit):
                frame = self._station.transmit(effect.pdu, self)
                if effect.about is not None:
                    surroundings.note(effect.about, self.serial, frame)
            elif isinstance(effect, Note):
                surroundings.note(effect, self.serial, surroundings.arriving())
        if self.machine.is_over:
            self._station.forget(self)
        for effect in effects:
            if isinstance(effect, Deliver):
                self._deliver(effect.value, now)
        self._alarm.watch()

    def _deliver(self, value: object, now: int) -> None:
        user = self._station.spec.user
        match value:
            case Data(octets, last):
                self._read(octets, now, last=last)
            case Opened():
                user.opened(self, now)
            case Lost(cause):
                user.lost(self, cause, now)
            case Ended(cause):
                user.ended(self, cause, now)
            case other:
                raise AssertionError(f"an SPX connection delivered {other}")

    def _read(self, octets: bytes, now: int, *, last: bool = True) -> None:
        dropped = self._reader.dropped
        messages = self._reader.feed(octets, last=last)
        self._station.dropped += self._reader.dropped - dropped
        for message in messages:
            self._station.spec.user.message(self, message, now)


class SpxStation:
    """What both ends share.  ``dropped``: datagrams and messages that nobody could read."""

    def __init__(self, spec: StationSpec, *, network: int, sockets: tuple[int, ...]) -> None:
        self.spec = spec
        self.params: SpxParams = spec.params
        self.dropped = 0
        self.serial = spec.serial_first
        self.connections: dict[int, SpxStationConnection] = {}
        self.ipx = IpxPort(spec.surroundings, framing=self.params.framing, network=network)
        self.claims = self.ipx.claims
        self.shares = self.ipx.shares(*sockets)
        self.own = self.ipx.home(sockets[0])

    def receive(self, frame: bytes, now: int) -> None:
        """One frame.  What is malformed is dropped and counted."""
        try:
            arrival = self.ipx.open(frame)
            handle = None if arrival is None else self._handler(arrival)
        except PeerProtocolError:
            self.dropped += 1
            return
        if handle is not None:
            handle(now)

    def transmit(self, packet: Spx, connection: SpxStationConnection) -> int:
        """Send to a connection's peer; the frame's number at the tap."""
        return self.ipx.send(
            encode_spx(packet),
            packet_type=TYPE_SPX,
            source=self._source(),
            destination=connection.remote,
            mac=connection.mac,
        )

    def forget(self, connection: SpxStationConnection) -> None:
        """The connection is no more."""
        self.connections.pop(connection.machine.own_id, None)

    def new_machine(self) -> SpxConnection:
        """A connection with an id that nothing else here has."""
        own_id = self.spec.pinned.get("connection_id", 0)
        while not own_id or own_id in self.connections:
            own_id = self.spec.randomness.randint(ID_FIRST, ID_LAST)
        return SpxConnection(self.params, own_id=own_id)

    def _handler(self, arrival: Arrival) -> Callable[[int], None] | None:
        """What to do about a datagram, decoded by now; None for nothing."""
        datagram = arrival.datagram
        if datagram.destination.socket != self.own.socket or datagram.packet_type != TYPE_SPX:
            return None
        packet = decode_spx(datagram.payload)
        address = self.ipx.here(datagram.source)
        if packet.is_connection_request:
            return lambda now: self._asked_for(packet, address, arrival.mac, now)
        connection = self.connections.get(packet.destination_id)
        if connection is None or not _is_peer(connection, packet, address):
            return None
        return lambda now: connection.hear(packet, arrival.mac, now)

    def _asked_for(self, request: Spx, address: IpxAddress, mac: bytes, now: int) -> None:
        """Nobody listens here."""

    def _source(self) -> IpxAddress:
        return self.own


def _is_peer(connection: SpxStationConnection, packet: Spx, address: IpxAddress) -> bool:
    """The id of a peer that has not answered yet is not known; its address is."""
    peer_id = connection.machine.peer_id
    return connection.remote == address and peer_id in (0, packet.source_id)


class SpxServerStation(SpxStation):
    """Listens at ``SOCKET_SERVER`` of its internal network."""

    def __init__(self, spec: StationSpec) -> None:
        super().__init__(
            spec, network=ipx_network(segment_of(spec.address)), sockets=(SOCKET_SERVER, SOCKET_RIP)
        )
        network = internal_network(spec.address)
        self.ipx.add_internal(network, NODE_INTERNAL)
        self.own = IpxAddress(network=network, node=NODE_INTERNAL, socket=SOCKET_SERVER)

    def _handler(self, arrival: Arrival) -> Callable[[int], None] | None:
        if arrival.datagram.destination.socket != SOCKET_RIP:
            return super()._handler(arrival)
        answer = answer_rip(decode_rip(arrival.datagram.payload), network=self.own.network)
        return None if answer is None else lambda _now: self._show_the_way(answer, arrival)

    def _show_the_way(self, answer: Rip, by: Arrival) -> None:
        self.ipx.send(
            encode_rip(answer),
            packet_type=TYPE_RIP,
            source=self.ipx.home(SOCKET_RIP),
            destination=self.ipx.here(by.datagram.source),
            mac=by.mac,
        )

    def _asked_for(self, request: Spx, address: IpxAddress, mac: bytes, now: int) -> None:
        """A request that is repeated is for the connection its first copy made."""
        for connection in self.connections.values():
            if connection.remote == address and connection.machine.peer_id == request.source_id:
                connection.hear(request, mac, now)
                return
        machine = self.new_machine()
        connection = SpxStationConnection(self, machine, address)
        self.connections[machine.own_id] = connection
        connection.hear(request, mac, now)


class SpxClientStation(SpxStation):
    """Connects to the server."""

    one_at_a_time = False

    def __init__(self, spec: StationSpec) -> None:
        super().__init__(spec, network=0, sockets=(SOCKET_CLIENT,))
        network = internal_network(spec.server_address)
        self.server = IpxAddress(network=network, node=NODE_INTERNAL, socket=SOCKET_SERVER)
        self._mac: bytes | None = None
        #: The latest packet of each connection that waits for the way, by serial.
        self._held: dict[int, tuple[Spx, SpxStationConnection]] = {}

    def connect(self, message: Any, now: int) -> SpxStationConnection:
        """Open a connection; the message, if there is one, follows as soon as it is up."""
        machine = self.new_machine()
        connection = SpxStationConnection(self, machine, self.server)
        self.connections[machine.own_id] = connection
        connection.carry_out(machine.step(Asked(Connect()), now), now)
        if message is not None:
            connection.send(message, now)
        return connection

    def killed(self, connection: Connection, /, *, unread: bool, now: int) -> None:  # noqa: ARG002
        """The kernel ends a dead program's connections in order:
        FE (facts/ipx.md 1.3)."""
        connection.close(now)

    def transmit(self, packet: Spx, connection: SpxStationConnection) -> int:
        """Through the server's MAC address, or, while that is not known, ask for the way."""
        if self._mac is None:
            self._held[connection.serial] = packet, connection
            self._ask_for_the_way()
            return 0
        connection.mac = self._mac
        return super().transmit(packet, connection)

    def forget(self, connection: SpxStationConnection) -> None:
        super().forget(connection)
        self._held.pop(connection.serial, None)

    def _handler(self, arrival: Arrival) -> Callable[[int], None] | None:
        datagram = arrival.datagram
        if datagram.packet_type != TYPE_RIP or datagram.source.socket != SOCKET_RIP:
            return super()._handler(arrival)
        way = decode_rip(datagram.payload)
        known = any(entry.network == self.server.network for entry in way.entries)
        if way.operation != RIP_RESPONSE or not known:
            return None
        return lambda _now: self._found_the_way(arrival.mac)

    def _ask_for_the_way(self) -> None:
        wanted = RipEntry(network=self.server.network, hops=ASKED_FOR, ticks=ASKED_FOR)
        everybody = IpxAddress(network=self.ipx.network, node=NODE_BROADCAST, socket=SOCKET_RIP)
        self.ipx.send(
            encode_rip(Rip(operation=RIP_REQUEST, entries=(wanted,))),
            packet_type=TYPE_RIP,
            source=self._source(),
            destination=everybody,
            mac=BROADCAST,
        )

    def _found_the_way(self, mac: bytes) -> None:
        self._mac = mac
        held, self._held = self._held, {}
        for packet, connection in held.values():
            self.transmit(packet, connection)

    def _source(self) -> IpxAddress:
        """The segment's network is learned on the way."""
        return self.ipx.home(SOCKET_CLIENT)
