"""NetBIOS over IPX on a host: its name, the sessions by their ids, a listener.

Everything goes from socket 0455 to socket 0455, node to node on the segment: names are looked
for by broadcasts of type 20, answered by type 4, and the answer says where the name lives.  The
server claims its name when it boots (at the instant 0), a client when it first connects, and
waits with the call until the name is its own.

A packet belongs to the session whose id is its destination, if it comes from that session's
peer; whatever else arrives is dropped without a word.

Read: facts/ipx.md 1.1, 1.9, 3.3.
"""

from __future__ import annotations

from typing import Any

from emu.errors import PeerProtocolError
from emu.machines.base import (
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
from emu.machines.nbipx import (
    Abandon,
    Claim,
    NameService,
    NbipxParams,
    NbipxSessionMachine,
)
from emu.machines.nbipx.session import is_set_up, names_called
from emu.machines.spx import Abort, Close, Connect, Send
from emu.pdu.ethernet import BROADCAST
from emu.pdu.ipx import NODE_BROADCAST, TYPE_BROADCAST_20, TYPE_PEP, IpxAddress
from emu.pdu.nbipx import (
    SOCKET_NETBIOS,
    NbipxName,
    NbipxNameKind,
    NbipxPdu,
    NbipxSession,
)
from emu.pdu.netbios_name import (
    NAME_OCTETS,
    TYPE_SERVER,
    TYPE_WORKSTATION,
    computer_name,
    netbios_name,
)
from emu.pdu.terminal import LogOn
from emu.stations.addresses import ipx_network, segment_of
from emu.stations.base import Connection, StationSpec
from emu.stations.ipx import Arrival, IpxPort
from emu.stations.ncp.alarm import Alarm
from emu.wire.nbipx import decode_nbipx, encode_nbipx

#: Ids are drawn from these: 0 and FFFF are nobody's.
ID_FIRST, ID_LAST = 0x0001, 0xFFFE

_BROADCAST_KINDS = frozenset({NbipxNameKind.FIND, NbipxNameKind.CHECK})


def server_name(server_number: int) -> bytes:
    """What clients call a server."""
    return netbios_name(f"SERVER{server_number}", TYPE_SERVER)


def client_name(message: Any, address: int, host: str = "") -> bytes:
    """A computer's name, if it makes a NetBIOS name; else one from its address.

    A terminal's log-on says it; else it is ``host``.
    """
    name = (message.client if isinstance(message, LogOn) else host).upper()
    if not name.isascii() or not 1 <= len(name) < NAME_OCTETS:
        name = f"CLIENT{address}"
    return netbios_name(name, TYPE_WORKSTATION)


class NbipxConnection:
    """One session of a station: machine, address and the timer that drives it."""

    def __init__(self, station: NbipxStation, machine: NbipxSessionMachine, peer: str) -> None:
        station.serial += 1
        self.serial = station.serial
        self.machine = machine
        self.peer = peer
        self.caller = computer_name(machine.peer_name)
        #: Where the peer is; None until its name is recognized.
        self.remote: IpxAddress | None = None
        self.mac = BROADCAST
        self.last_octet_ns = 0
        self._station = station
        self._reader = station.spec.service.reader()
        self._alarm = Alarm(station.spec.surroundings, machine, self.carry_out)

    @property
    def address(self) -> str:
        """The peer's, without its socket; empty until its name is recognized."""
        return "" if self.remote is None else self.remote.host

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """When the wait for an acknowledgement of data began."""
        return self.machine.unacknowledged_since_ns

    @property
    def owes_acknowledgement(self) -> bool:
        """Whether a delayed acknowledgement is on its way."""
        return self.machine.ack_due != NEVER

    @property
    def idle_since_ns(self) -> int | None:
        """Every packet of the peer's starts the clock anew."""
        return None

    def send(self, message: Any, now: int) -> None:
        """Queue a message; a session that is going down swallows it."""
        if not self.machine.can_send:
            return
        service = self._station.spec.service
        self.ask(Send(service.encode(message)), now)
        if service.leaves(message):
            self.close(now)

    def close(self, now: int) -> None:
        """End in order."""
        if self.machine.can_send:
            self.ask(Close(), now)

    def abort(self, now: int) -> None:
        """End at once, whatever is not acknowledged."""
        if not self.machine.is_over:
            self.ask(Abort(), now)

    def ask(self, request: Connect | Send | Close | Abandon | Abort, now: int) -> None:
        """Ask the machine for something that its state allows."""
        self.carry_out(self.machine.step(Asked(request), now), now)

    def hear(self, pdu: NbipxPdu, by: Arrival, address: IpxAddress, now: int) -> None:
        """A packet of this session, or the answer to the question for its peer's name."""
        self.remote, self.mac, self.last_octet_ns = address, by.mac, now
        self.carry_out(self.machine.step(Received(pdu), now), now)

    def carry_out(self, effects: Effects, now: int) -> None:
        """Frames first: the layer above may answer at once, and its answer comes after them."""
        surroundings = self._station.spec.surroundings
        for effect in effects:
            if isinstance(effect, Transmit):
                frame = self._station.transmit(effect.pdu, self.remote, self.mac)
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
                raise AssertionError(f"an NBIPX session delivered {other}")

    def _read(self, octets: bytes, now: int, *, last: bool = True) -> None:
        dropped = self._reader.dropped
        messages = self._reader.feed(octets, last=last)
        self._station.dropped += self._reader.dropped - dropped
        for message in messages:
            self._station.spec.user.message(self, message, now)


class NbipxStation:
    """What both ends share.  ``dropped``: datagrams and messages that nobody could read."""

    def __init__(self, spec: StationSpec, *, network: int) -> None:
        self.spec = spec
        self.params: NbipxParams = spec.params
        self.dropped = 0
        self.serial = spec.serial_first
        self.connections: dict[int, NbipxConnection] = {}
        self.name: NameService | None = None
        self.ipx = IpxPort(spec.surroundings, framing=self.params.framing, network=network)
        self.claims = self.ipx.claims
        self.shares = self.ipx.shares(SOCKET_NETBIOS)
        self._name_alarm: Alarm | None = None

    def receive(self, frame: bytes, now: int) -> None:
        """One frame.  What is malformed is dropped and counted."""
        try:
            arrival = self.ipx.open(frame)
            if arrival is None or arrival.datagram.destination.socket != SOCKET_NETBIOS:
                return
            datagram = arrival.datagram
            pdu = decode_nbipx(datagram.payload, packet_type=datagram.packet_type)
        except PeerProtocolError:
            self.dropped += 1
            return
        address = self.ipx.here(datagram.source)
        if isinstance(pdu, NbipxName):
            self._hear_name(pdu, arrival, address, now)
        elif isinstance(pdu, NbipxSession):
            self._hear_session(pdu, arrival, address, now)

    def transmit(self, pdu: NbipxPdu, address: IpxAddress | None, mac: bytes) -> int:
        """Send to a node, or, if it asks for a name, to everybody; the frame's number."""
        if isinstance(pdu, NbipxName) and pdu.kind in _BROADCAST_KINDS:
            packet_type, mac = TYPE_BROADCAST_20, BROADCAST
            address = IpxAddress(
                network=self.ipx.network, node=NODE_BROADCAST, socket=SOCKET_NETBIOS
            )
        else:
            packet_type = TYPE_PEP
        assert address is not None, "a session packet for nobody"
        return self.ipx.send(
            encode_nbipx(pdu),
            packet_type=packet_type,
            source=self.ipx.home(SOCKET_NETBIOS),
            destination=address,
            mac=mac,
        )

    def forget(self, connection: NbipxConnection) -> None:
        """The session is no more."""
        self.connections.pop(connection.machine.own_id, None)

    def new_id(self) -> int:
        """An id that nothing else here has."""
        own_id = self.spec.pinned.get("connection_id", 0)
        while not own_id or own_id in self.connections:
            own_id = self.spec.randomness.randint(ID_FIRST, ID_LAST)
        return own_id

    def claim_name(self, name: bytes, now: int) -> None:
        """Ask everybody whether the name is free."""
        self.name = NameService(self.params.names, name=name)
        self._name_alarm = Alarm(self.spec.surroundings, self.name, self._carry_out_name)
        self._carry_out_name(self.name.step(Asked(Claim()), now), now)

    # --- names ---------------------------------------------------------------------------------

    def _hear_name(self, pdu: NbipxName, by: Arrival, address: IpxAddress, now: int) -> None:
        if pdu.kind is NbipxNameKind.RECOGNIZED:
            self._recognized(pdu, by, address, now)
        elif self.name is not None:
            effects = self.name.step(Received(pdu), now)
            self._carry_out_name(effects, now, asked_by=(address, by.mac))

    def _carry_out_name(
        self, effects: Effects, now: int, asked_by: tuple[IpxAddress, bytes] | None = None
    ) -> None:
        """Questions are for everybody, answers for who asked."""
        for effect in effects:
            match effect:
                case Transmit(pdu):
                    self.transmit(pdu, *(asked_by or (None, BROADCAST)))
                case Deliver(Lost(cause)):
                    self._name_refused(cause, now)
                case Deliver():
                    self._name_claimed(now)
                case _:
                    raise AssertionError(f"a name service said {effect}")
        assert self._name_alarm is not None
        self._name_alarm.watch()

    def _name_claimed(self, now: int) -> None:
        """The name is ours."""

    def _name_refused(self, cause: str, now: int) -> None:
        """The name is somebody else's."""

    def _recognized(self, pdu: NbipxName, by: Arrival, address: IpxAddress, now: int) -> None:
        """Nobody here has asked."""

    # --- sessions ------------------------------------------------------------------------------

    def _hear_session(
        self, packet: NbipxSession, by: Arrival, address: IpxAddress, now: int
    ) -> None:
        if is_set_up(packet):
            self._called(packet, by, address, now)
            return
        connection = self.connections.get(packet.destination_id)
        if connection is None or connection.remote != address:
            return
        if connection.machine.peer_id in (0, packet.source_id):
            connection.hear(packet, by, address, now)

    def _called(self, packet: NbipxSession, by: Arrival, address: IpxAddress, now: int) -> None:
        """Nobody listens here."""


class NbipxServerStation(NbipxStation):
    """Listens by its name."""

    def __init__(self, spec: StationSpec) -> None:
        super().__init__(spec, network=ipx_network(segment_of(spec.address)))
        spec.surroundings.arm(self, 0)

    def fire(self, now: int) -> None:
        """The host is up: its name is the first thing."""
        self.claim_name(server_name(self.spec.address), now)

    def _called(self, packet: NbipxSession, by: Arrival, address: IpxAddress, now: int) -> None:
        """A request that is repeated is for the session its first copy made."""
        names = names_called(packet)
        if names is None or self.name is None or names[1] != self.name.name:
            return
        for connection in self.connections.values():
            if connection.remote == address and connection.machine.peer_id == packet.source_id:
                connection.hear(packet, by, address, now)
                return
        machine = NbipxSessionMachine(
            self.params, own_id=self.new_id(), own_name=names[1], peer_name=names[0]
        )
        connection = NbipxConnection(self, machine, str(address))
        self.connections[machine.own_id] = connection
        connection.hear(packet, by, address, now)


class NbipxClientStation(NbipxStation):
    """Calls the server by its name, once it has one itself."""

    one_at_a_time = False

    def __init__(self, spec: StationSpec) -> None:
        super().__init__(spec, network=0)
        self._called_name = server_name(spec.server_address)
        #: Sessions that wait for the name.
        self._waiting: list[NbipxConnection] = []
        self._is_named = False

    def connect(self, message: Any, now: int) -> NbipxConnection:
        """Open a session; the message, if there is one, follows as soon as it is up."""
        if self.name is None:
            own_name = client_name(message, self.spec.address, self.spec.host)
        else:
            own_name = self.name.name
        machine = NbipxSessionMachine(
            self.params, own_id=self.new_id(), own_name=own_name, peer_name=self._called_name
        )
        connection = NbipxConnection(self, machine, f"{self._called_name[:15].decode().rstrip()}")
        self.connections[machine.own_id] = connection
        if message is not None:
            connection.send(message, now)
        if self._is_named:
            connection.ask(Connect(), now)
        else:
            self._waiting.append(connection)
            if len(self._waiting) == 1:
                self.claim_name(own_name, now)
        return connection

    def killed(self, connection: Connection, /, *, unread: bool, now: int) -> None:  # noqa: ARG002
        """The kernel ends a dead program's sessions in order:
        07 (facts/ipx.md 1.9)."""
        connection.close(now)

    def _name_claimed(self, now: int) -> None:
        self._is_named = True
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            if not connection.machine.is_over:
                connection.ask(Connect(), now)

    def _name_refused(self, cause: str, now: int) -> None:
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            if not connection.machine.is_over:
                connection.ask(Abandon(cause), now)

    def _recognized(self, pdu: NbipxName, by: Arrival, address: IpxAddress, now: int) -> None:
        for connection in list(self.connections.values()):
            if connection.machine.wants_name(pdu):
                connection.hear(pdu, by, address, now)
