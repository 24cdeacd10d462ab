"""SMB directly on IPX on a host: the name, the connections by their CIDs, whole messages.

A client (socket 0552) asks for the server's name by NMPI (socket 0551) whenever it connects, the
first time by a broadcast of type 4, then by type 20; the answer says where the server is, the
connection is told to be up, and its user must send NEGOTIATE first.  A connection of the server's
(socket 0550) begins with a NEGOTIATE that is no copy of the address's last one.

There is no packet that ends a connection: ``close`` and ``abort`` alike forget it without a word,
and the peer finds out when it next says something (the server answers ERRinvsess), or never.

Assumptions, where facts/ipx.md 1.10 and 1.11 are silent: the answer to a name query repeats the
name and the message id and has the server's name as its source; NT answers from its address on
the segment, having no internal network; a server draws CIDs at random.

Read: facts/ipx.md 1.1, 1.10, 1.11, 3.4; real capture 02.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Generic, TypeVar, cast

from emu.errors import LocalProtocolError, PeerProtocolError
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
from emu.machines.ipx_direct import (
    Close,
    DirectClient,
    DirectServer,
    Find,
    IpxDirectParams,
    NameQuery,
    Send,
    refusal,
)
from emu.pdu.ethernet import BROADCAST
from emu.pdu.ipx import NODE_BROADCAST, TYPE_BROADCAST_20, TYPE_PEP, IpxAddress
from emu.pdu.netbios_name import NAME_OCTETS, TYPE_WORKSTATION, netbios_name
from emu.pdu.nmpi import SOCKET_NAME_QUERY, Nmpi, NmpiOperation
from emu.pdu.smb.direct import DirectSmb
from emu.pdu.smb.header import SOCKET_SMB_CLIENT, SOCKET_SMB_SERVER, Command
from emu.stations.addresses import ipx_network, segment_of
from emu.stations.base import Connection, StationSpec
from emu.stations.ipx import Arrival, IpxPort
from emu.stations.nbipx import server_name
from emu.stations.ncp.alarm import Alarm
from emu.stations.service import MESSAGES
from emu.wire.nmpi import decode_nmpi, encode_nmpi
from emu.wire.smb.direct import decode_direct, encode_direct

#: CIDs are drawn from these: 0000 and FFFF are never valid (facts/ipx.md 1.11).
CID_FIRST, CID_LAST = 0x0001, 0xFFFE

#: Octets of a message in one Ethernet frame: 1500, less what facts/ipx.md 1.2 has before the IPX
#: header, less its 30.  There is no fragmentation.
MESSAGE_OCTETS = {"ethernet-ii": 1470, "raw-802.3": 1470, "802.2": 1467, "snap": 1462}

#: So many computers' names are remembered; the one heard of longest ago is forgotten first.
CALLERS_MAX = 4096

#: Capture T3's message id is 8001: the first query of all, it is assumed.
_QUERY_IDS = 0x8000


M = TypeVar("M", DirectClient, DirectServer)


def computer_name(spec: StationSpec) -> bytes:
    """The client's name, if it makes a NetBIOS name; else one from its address."""
    name = spec.host.upper()
    if not name.isascii() or not 1 <= len(name) < NAME_OCTETS:
        name = f"CLIENT{spec.address}"
    return netbios_name(name, TYPE_WORKSTATION)


class IpxDirectConnection(Generic[M]):
    """One connection of a station: machine, address and the timer that drives it."""

    def __init__(self, station: IpxDirectStation, machine: M, peer: str) -> None:
        station.serial += 1
        self.serial = station.serial
        self.machine = machine
        self.peer = peer
        self.caller = ""
        self.message_max = MESSAGE_OCTETS[station.params.framing]
        #: Where the peer is; None until its name is found.
        self.at: IpxAddress | None = None
        self.mac = BROADCAST
        self.last_octet_ns = 0
        self._station = station
        self._alarm = Alarm(station.spec.surroundings, machine, self.carry_out)

    @property
    def address(self) -> str:
        """The peer's IPX address; empty while it is looked for."""
        return "" if self.at is None else str(self.at)

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """At a client, when the request that is unanswered first left; None at a server."""
        return self.machine.unacknowledged_since_ns

    @property
    def owes_acknowledgement(self) -> bool:
        """Nothing is acknowledged here but by an answer."""
        return False

    @property
    def idle_since_ns(self) -> int | None:
        """This carrier has no idle clock."""
        return None

    def send(self, message: Any, now: int) -> None:
        """Octets of a whole message; too many are an error, those for nobody are swallowed."""
        if len(message) > self.message_max:
            raise LocalProtocolError(
                f"SMB on IPX: expected up to {self.message_max} octets, got {len(message)}"
            )
        if not self.machine.is_over:
            self.ask(Send(decode_direct(message)), now)

    def close(self, now: int) -> None:
        """Forget the connection: the peer is told nothing."""
        self.ask(Close(), now)

    def abort(self, now: int) -> None:
        """As ``close``: nothing on the wire tells the two apart."""
        self.ask(Close("aborted"), now)

    def ask(self, request: Find | Send | Close, now: int) -> None:
        """Ask the machine for something that its state allows."""
        self.carry_out(self.machine.step(Asked(request), now), now)

    def hear(self, pdu: DirectSmb | Nmpi, by: Arrival, at: IpxAddress, now: int) -> None:
        """A message of this connection, or where its peer is."""
        self.at, self.mac, self.last_octet_ns = at, by.mac, now
        self.carry_out(self.machine.step(Received(pdu), now), now)

    def carry_out(self, effects: Effects, now: int) -> None:
        """Frames first: the layer above may answer at once, and its answer comes after them."""
        surroundings = self._station.spec.surroundings
        for effect in effects:
            if isinstance(effect, Transmit):
                frame = self._station.transmit(effect.pdu, self.at, self.mac)
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
            case Data(octets):
                user.message(self, cast(Any, octets), now)
            case Opened():
                user.opened(self, now)
            case Lost(cause):
                user.lost(self, cause, now)
            case Ended(cause):
                user.ended(self, cause, now)
            case other:
                raise AssertionError(f"SMB on IPX delivered {other}")


class IpxDirectStation:
    """What both ends share.  ``dropped``: datagrams that nobody could read, or wanted."""

    def __init__(self, spec: StationSpec, *, network: int, sockets: tuple[int, ...]) -> None:
        if spec.service is not MESSAGES:
            raise LocalProtocolError(f"SMB on IPX carries no {spec.service.name}")
        self.spec = spec
        self.params: IpxDirectParams = spec.params
        self.dropped = 0
        self.serial = spec.serial_first
        self.ipx = IpxPort(spec.surroundings, framing=self.params.framing, network=network)
        self.claims = self.ipx.claims
        self.shares = self.ipx.shares(*sockets)
        self._sockets = sockets

    def receive(self, frame: bytes, now: int) -> None:
        """One frame.  What is malformed is dropped and counted."""
        try:
            arrival = self.ipx.open(frame)
            if arrival is None or arrival.datagram.destination.socket not in self._sockets:
                return
            pdu = self._read(arrival)
        except PeerProtocolError:
            self.dropped += 1
            return
        at = self.ipx.here(arrival.datagram.source)
        if isinstance(pdu, Nmpi):
            self._hear_name(pdu, arrival, at, now)
        else:
            self._hear_message(pdu, arrival, at, now)

    def transmit(self, pdu: DirectSmb | NameQuery, at: IpxAddress | None, mac: bytes) -> int:
        """A message to the peer; the frame's number."""
        assert isinstance(pdu, DirectSmb) and at is not None, "a message for nobody"
        return self._put(encode_direct(pdu), self._sockets[0], at, mac)

    def forget(self, connection: IpxDirectConnection[Any]) -> None:
        """The connection is no more."""
        raise NotImplementedError

    def _read(self, arrival: Arrival) -> DirectSmb | Nmpi:
        datagram = arrival.datagram
        if SOCKET_NAME_QUERY in (datagram.destination.socket, datagram.source.socket):
            return decode_nmpi(datagram.payload)
        return decode_direct(datagram.payload)

    def _put(
        self, payload: bytes, socket: int, to: IpxAddress, mac: bytes, *, kind: int = TYPE_PEP
    ) -> int:
        source = self.ipx.home(socket)
        return self.ipx.send(payload, packet_type=kind, source=source, destination=to, mac=mac)

    def _hear_name(self, pdu: Nmpi, by: Arrival, at: IpxAddress, now: int) -> None:
        raise NotImplementedError

    def _hear_message(self, pdu: DirectSmb, by: Arrival, at: IpxAddress, now: int) -> None:
        raise NotImplementedError


class IpxDirectServerStation(IpxDirectStation):
    """Answers for its name, and numbers whoever negotiates."""

    def __init__(self, spec: StationSpec) -> None:
        network = ipx_network(segment_of(spec.address))
        super().__init__(spec, network=network, sockets=(SOCKET_SMB_SERVER, SOCKET_NAME_QUERY))
        self.name = server_name(spec.address)
        self.connections: dict[int, IpxDirectConnection[DirectServer]] = {}
        #: Who has asked for our name, by network and node.
        self._callers: dict[tuple[int, bytes], str] = {}
        #: The last connection of each address, for copies of its NEGOTIATE.
        self._newest: dict[IpxAddress, IpxDirectConnection[DirectServer]] = {}

    def forget(self, connection: IpxDirectConnection[DirectServer]) -> None:
        assert connection.at is not None
        self.connections.pop(connection.machine.cid, None)
        if self._newest.get(connection.at) is connection:
            del self._newest[connection.at]

    def _hear_name(self, pdu: Nmpi, by: Arrival, at: IpxAddress, now: int) -> None:  # noqa: ARG002
        if pdu.operation is not NmpiOperation.QUERY or pdu.requested != self.name:
            return
        self._remember(at, pdu.source)
        found = replace(pdu, operation=NmpiOperation.FOUND, source=self.name, data=b"")
        self._put(encode_nmpi(found), SOCKET_NAME_QUERY, at, by.mac)

    def _remember(self, at: IpxAddress, name: bytes) -> None:
        place = (at.network, at.node)
        self._callers.pop(place, None)
        if len(self._callers) >= CALLERS_MAX:
            del self._callers[next(iter(self._callers))]
        self._callers[place] = name[: NAME_OCTETS - 1].decode("latin-1").rstrip()

    def _hear_message(self, pdu: DirectSmb, by: Arrival, at: IpxAddress, now: int) -> None:
        if pdu.header.is_reply:
            return
        connection = self.connections.get(pdu.header.cid)
        if connection is not None and connection.at == at:
            connection.hear(pdu, by, at, now)
        elif pdu.header.cid == 0 and pdu.command == Command.NEGOTIATE:
            self._negotiated(pdu, by, at, now)
        else:
            self.transmit(refusal(pdu), at, by.mac)

    def _negotiated(self, pdu: DirectSmb, by: Arrival, at: IpxAddress, now: int) -> None:
        """The first request of a connection, or a copy of it; dropped when no CID is free."""
        connection = self._newest.get(at)
        if connection is None or not connection.machine.is_copy(pdu):
            cid = self._new_cid()
            if cid is None:
                self.dropped += 1
                return
            connection = IpxDirectConnection(self, DirectServer(cid=cid), str(at))
            connection.caller = self._callers.get((at.network, at.node), "")
            self.connections[cid] = self._newest[at] = connection
        connection.hear(pdu, by, at, now)

    def _new_cid(self) -> int | None:
        """A CID that nobody here has: the next free one from a random place."""
        if len(self.connections) >= CID_LAST:
            return None
        cid = self.spec.pinned.get("connection_id", 0)
        cid = cid or self.spec.randomness.randint(CID_FIRST, CID_LAST)
        while cid in self.connections:
            cid = cid % CID_LAST + 1
        return cid


class IpxDirectClientStation(IpxDirectStation):
    """Looks for the server, then asks it."""

    #: Two that negotiate at once from one socket could not be told apart by the server.
    one_at_a_time = True

    def __init__(self, spec: StationSpec) -> None:
        super().__init__(spec, network=0, sockets=(SOCKET_SMB_CLIENT,))
        self.connections: list[IpxDirectConnection[DirectClient]] = []

    def connect(self, message: Any, now: int) -> IpxDirectConnection[DirectClient]:
        """Look for the server; ``User.opened`` tells when to send NEGOTIATE.

        ``message``: None, for there is nothing that could be sent before.
        """
        if message is not None:
            raise LocalProtocolError("SMB on IPX: nothing can be sent before the server is found")
        called = server_name(self.spec.server_address)
        machine = DirectClient(
            self.params,
            called=called,
            own_name=computer_name(self.spec),
            query_id=_QUERY_IDS | (self.serial + 1) & 0x7FFF,
        )
        connection = IpxDirectConnection(self, machine, called[:15].decode().rstrip())
        connection.caller = connection.peer
        self.connections.append(connection)
        connection.ask(Find(), now)
        return connection

    def killed(self, connection: Connection, /, *, unread: bool, now: int) -> None:  # noqa: ARG002
        """The program that used a connection is dead: nobody tells the server."""
        connection.close(now)

    def transmit(self, pdu: DirectSmb | NameQuery, at: IpxAddress | None, mac: bytes) -> int:
        """A message to the server, or a query to everybody; the frame's number."""
        if not isinstance(pdu, NameQuery):
            return super().transmit(pdu, at, mac)
        everybody = IpxAddress(
            network=self.ipx.network, node=NODE_BROADCAST, socket=SOCKET_NAME_QUERY
        )
        kind = TYPE_BROADCAST_20 if pdu.is_routed else TYPE_PEP
        payload = encode_nmpi(pdu.packet)
        return self._put(payload, SOCKET_SMB_CLIENT, everybody, BROADCAST, kind=kind)

    def forget(self, connection: IpxDirectConnection[DirectClient]) -> None:
        if connection in self.connections:
            self.connections.remove(connection)

    def _hear_name(self, pdu: Nmpi, by: Arrival, at: IpxAddress, now: int) -> None:
        """The server's messages will come from the node that answered."""
        server = replace(at, socket=SOCKET_SMB_SERVER)
        for connection in list(self.connections):
            if connection.machine.wants_name(pdu):
                connection.hear(pdu, by, server, now)

    def _hear_message(self, pdu: DirectSmb, by: Arrival, at: IpxAddress, now: int) -> None:
        """For the connection of that CID, or for the one that has none yet."""
        for connection in list(self.connections):
            if connection.at == at and connection.machine.cid in (0, pdu.header.cid):
                connection.hear(pdu, by, at, now)
