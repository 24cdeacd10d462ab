"""The server's NCP end on a host: it can be found, attached to, asked, and it polls.

What a terminal session says becomes NCP like this: a login request is the log-on, and its
reply the welcome or the refusal; a request for the date and time is the work; destroying the
connection is the log-off.  NCP is client-driven, so nothing is pushed.

RIP and SAP are broadcast of its own accord only if the policy says how often.

Read: facts/ipx.md 1.5, 1.6, 1.12, 3.1.
"""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.machines.base import Asked, Deliver, Effects, Ended, Lost, Note, Opened, Received, Transmit
from emu.machines.ncp import Clear, NcpParams, Reply, ServerConnection, SlotTable, SpoofGuard
from emu.machines.ncp.connection import answer_stranger, answer_table_full
from emu.pdu.ethernet import BROADCAST
from emu.pdu.ipx import (
    NODE_BROADCAST,
    NODE_INTERNAL,
    SOCKET_NCP,
    SOCKET_RIP,
    SOCKET_SAP,
    TYPE_NCP,
    TYPE_PEP,
    TYPE_RIP,
    IpxAddress,
)
from emu.pdu.ncp import (
    COMPLETION_NO_CONNECTION,
    FUNCTION_BINDERY,
    FUNCTION_DATE_AND_TIME,
    STATUS_NO_CONNECTION_AVAILABLE,
    WATCHDOG_ANSWER,
    NcpReply,
    NcpRequest,
    NcpType,
    Watchdog,
)
from emu.pdu.rip_sap import Rip, Sap
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Message, Refused, Screen
from emu.stations.addresses import ipx_network, segment_of, segment_of_network
from emu.stations.base import StationSpec
from emu.stations.ipx import (
    SOCKET_SERVER_WATCHDOG,
    Arrival,
    IpxPort,
    internal_network,
)
from emu.stations.ncp.advertising import (
    Advertiser,
    answer_rip,
    answer_sap,
    service_name,
    told_rip,
    told_sap,
)
from emu.stations.ncp.alarm import Alarm
from emu.stations.ncp.clock import date_and_time
from emu.wire.ncp import decode_login, decode_ncp, encode_date_and_time, encode_ncp
from emu.wire.rip_sap import decode_rip, decode_sap, encode_rip, encode_sap

#: Unknown request (facts/ipx.md 1.6).
COMPLETION_UNKNOWN_REQUEST = 0xFB

#: Why a connection ends when its station attaches again (facts/ipx.md 3.1.4).
SLOT_REUSED = "connection slot {number} re-used: the station attached again from the same address"

_DECODERS = {
    SOCKET_NCP: decode_ncp,
    SOCKET_SERVER_WATCHDOG: decode_ncp,
    SOCKET_SAP: decode_sap,
    SOCKET_RIP: decode_rip,
}


class NcpServerConnection:
    """One connection.  ``mac``: where the station's latest frame came from.

    ``last_octet_ns`` counts whatever belongs to this connection, its create included; the
    create that ends it by the slot rule belongs to the next one.
    """

    #: NCP tells no names of computers.
    caller = ""

    def __init__(
        self,
        station: NcpServerStation,
        machine: ServerConnection,
        *,
        serial: int,
        address: IpxAddress,
    ) -> None:
        self.serial = serial
        self.peer = str(address)
        self.last_octet_ns = 0
        self.remote = address
        self.address = address.host
        self.mac = b""
        self.machine = machine
        self._station = station
        self._guard = SpoofGuard(station.params.spoof_tolerance)
        self._alarm = Alarm(station.spec.surroundings, machine, self._carry_out)

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """NCP is client-driven: a server repeats nothing (facts/ipx.md 3.1.6)."""
        return None

    @property
    def owes_acknowledgement(self) -> bool:
        """Every request has its answer; nothing else is acknowledged."""
        return False

    @property
    def idle_since_ns(self) -> int | None:
        """When the watchdog's clock last started; mars_nwe does not count every request."""
        return self.machine.idle_since_ns

    def hear(self, pdu: NcpRequest | Watchdog, by: Arrival, now: int) -> None:
        """A datagram of this connection; an answer that is one spoofed too many ends it."""
        self.mac, self.last_octet_ns = by.mac, now
        hops = by.datagram.transport_control
        if isinstance(pdu, NcpRequest):
            self._guard.requested(hops)
        elif self._guard.answered(hops):
            self._ask(Clear(cause=self._guard.cause), now)
            return
        self._carry_out(self.machine.step(Received(pdu), now), now)

    def send(self, message: Message, now: int) -> None:
        """Answer the request in work; a connection that is no more swallows the answer.

        NCP carries whether a log-on succeeded and what time it is: no session number, no
        text.  Without a request in work ``LocalProtocolError``: NCP cannot push.
        """
        match message:
            case Refused():
                reply = Reply(
                    completion=COMPLETION_NO_CONNECTION, status=STATUS_NO_CONNECTION_AVAILABLE
                )
            case Screen():
                reply = Reply(data=encode_date_and_time(date_and_time(now)))
            case _:
                reply = Reply()
        self._ask(reply, now)

    def close(self, now: int) -> None:
        """Free the slot without a word; the station learns it from its next request."""
        self._ask(Clear(), now)

    def abort(self, now: int) -> None:
        """No other way than in order, which says nothing either."""
        self.close(now)

    def release(self, now: int) -> None:
        """The slot rule: the station attached again."""
        self._ask(Clear(cause=SLOT_REUSED.format(number=self.machine.number)), now)

    def _ask(self, request: Reply | Clear, now: int) -> None:
        if not self.machine.is_gone:
            self._carry_out(self.machine.step(Asked(request), now), now)

    def _carry_out(self, effects: Effects, now: int) -> None:
        # A slot is free before anybody hears of it: who is told may want it at once.
        if self.machine.is_gone:
            self._station.forget(self)
        for effect in effects:
            match effect:
                case Transmit(pdu, about):
                    frame = self._transmit(pdu)
                    if about is not None:
                        self._station.spec.surroundings.note(about, self.serial, frame)
                case Deliver(value):
                    self._deliver(value, now)
                case Note():
                    surroundings = self._station.spec.surroundings
                    surroundings.note(effect, self.serial, surroundings.arriving())
        self._alarm.watch()

    def _transmit(self, pdu: NcpReply | Watchdog) -> int:
        if isinstance(pdu, Watchdog):
            # facts/ipx.md 1.5: to the client's NCP socket + 1.
            to = _next_socket(self.remote, 1)
            return self._station.transmit(pdu, SOCKET_SERVER_WATCHDOG, to, self.mac)
        return self._station.transmit(pdu, SOCKET_NCP, self.remote, self.mac)

    def _deliver(self, value: object, now: int) -> None:
        user = self._station.spec.user
        match value:
            case NcpRequest():
                self._work(value, now)
            case Opened():
                user.opened(self, now)
            case Ended(cause):
                # Destroying the connection is how a shell logs its user off.
                user.message(self, LogOff(), now)
                user.ended(self, cause, now)
            case Lost(cause):
                user.lost(self, cause, now)
            case other:
                raise AssertionError(f"a connection delivered {other}")

    def _work(self, request: NcpRequest, now: int) -> None:
        message = self._message(request)
        if message is None:
            self._ask(Reply(completion=COMPLETION_UNKNOWN_REQUEST), now)
        else:
            self._station.spec.user.message(self, message, now)

    def _message(self, request: NcpRequest) -> Message | None:
        """What a request says to the terminal session, None for what we do not serve."""
        if request.function == FUNCTION_DATE_AND_TIME:
            return Keystroke(text="date and time")
        if request.function != FUNCTION_BINDERY:
            return None
        try:
            # A server sees nodes, not names of computers: the world knows whose it is.
            return LogOn(user=decode_login(request.data), client=self.remote.node.hex())
        except PeerProtocolError:
            self._station.dropped += 1
            return None


class NcpServerStation:
    """One server.  ``dropped``: datagrams and requests that nobody could read."""

    def __init__(self, spec: StationSpec) -> None:
        self.spec = spec
        self.params: NcpParams = spec.params
        self.dropped = 0
        self.slots: SlotTable[NcpServerConnection] = SlotTable()
        self._network = internal_network(spec.address)
        self._ipx = IpxPort(
            spec.surroundings,
            framing=self.params.framing,
            network=ipx_network(segment_of(spec.address)),
        )
        self._ipx.add_internal(self._network, NODE_INTERNAL)
        self.claims = self._ipx.claims
        self.shares = self._ipx.shares(*_DECODERS)
        self._serial = spec.serial_first
        self._name = service_name(spec.address)
        every_ns = self.params.advertise_every_ns
        if every_ns is not None:
            Advertiser(spec.surroundings, every_ns=every_ns, tell=self._tell_everybody)

    def receive(self, frame: bytes, now: int) -> None:
        """One frame.  What is malformed is dropped and counted."""
        try:
            arrival = self._ipx.open(frame)
            if arrival is None:
                return
            socket = arrival.datagram.destination.socket
            decode = _DECODERS.get(socket)
            if decode is None:
                return
            pdu = decode(arrival.datagram.payload)
        except PeerProtocolError:
            self.dropped += 1
            return
        self._dispatch(pdu, socket, arrival, now)

    def transmit(
        self, pdu: NcpReply | Watchdog, socket: int, destination: IpxAddress, mac: bytes
    ) -> int:
        """Send NCP from the internal network's address; the frame's number at the tap."""
        source = IpxAddress(network=self._network, node=NODE_INTERNAL, socket=socket)
        return self._ipx.send(
            encode_ncp(pdu), packet_type=TYPE_NCP, source=source, destination=destination, mac=mac
        )

    def forget(self, connection: NcpServerConnection) -> None:
        """Free the slot of a connection that is no more, unless its successor has it already."""
        number = connection.machine.number
        if self.slots.at(number, connection.remote) is connection:
            self.slots.release(number)

    def _dispatch(
        self, pdu: NcpRequest | NcpReply | Watchdog | Sap | Rip, socket: int, by: Arrival, now: int
    ) -> None:
        match pdu:
            case Sap():
                answer = answer_sap(pdu, name=self._name, network=self._network)
                answer = answer_sap(pdu, name=self._name, network=self._network)
                if answer is not None:
                    self._advertise(encode_sap(answer), TYPE_PEP, socket, by)
            case Rip():
                response = answer_rip(pdu, network=self._network)
                if response is not None:
                    self._advertise(encode_rip(response), TYPE_RIP, socket, by)
            case NcpRequest() if socket == SOCKET_NCP:
                self._hear_request(pdu, by, now)
            case Watchdog(mark=mark) if socket == SOCKET_SERVER_WATCHDOG:
                if mark == WATCHDOG_ANSWER:
                    self._hear_answer(pdu, by, now)
            case _:
                # A reply, or NCP at the wrong socket: nobody here asked for it.
                pass

    def _tell_everybody(self) -> None:
        """What routers and bindery tables live on (facts/ipx.md 1.12)."""
        for payload, packet_type, socket in (
            (encode_rip(told_rip(network=self._network)), TYPE_RIP, SOCKET_RIP),
            (encode_sap(told_sap(name=self._name, network=self._network)), TYPE_PEP, SOCKET_SAP),
        ):
            home = self._ipx.home(socket)
            everybody = IpxAddress(network=home.network, node=NODE_BROADCAST, socket=socket)
            self._ipx.send(
                payload,
                packet_type=packet_type,
                source=home,
                destination=everybody,
                mac=BROADCAST,
            )

    def _advertise(self, payload: bytes, packet_type: int, socket: int, by: Arrival) -> None:
        """Answer from the segment's address to who asked, at the MAC address it asked from."""
        self._ipx.send(
            payload,
            packet_type=packet_type,
            source=self._ipx.home(socket),
            destination=self._ipx.here(by.datagram.source),
            mac=by.mac,
        )

    def _hear_request(self, request: NcpRequest, by: Arrival, now: int) -> None:
        address = self._ipx.here(by.datagram.source)
        if request.kind is NcpType.CREATE:
            self._attach(request, address, by, now)
            return
        connection = self.slots.at(request.connection, address)
        if connection is None:
            self.transmit(answer_stranger(request), SOCKET_NCP, address, by.mac)
        else:
            connection.hear(request, by, now)

    def _hear_answer(self, answer: Watchdog, by: Arrival, now: int) -> None:
        """facts/ipx.md 1.5: it comes from the client's NCP socket + 1."""
        address = _next_socket(self._ipx.here(by.datagram.source), -1)
        for connection in self.slots.answering(answer.connection_low, address):
            connection.hear(answer, by, now)

    def _attach(self, create: NcpRequest, address: IpxAddress, by: Arrival, now: int) -> None:
        """The slot rule of facts/ipx.md 3.1.4.

        A slot that was never used since its create is not a former life's: its station did
        not hear the reply and asks again.
        """
        held = self.slots.held_by(address)
        if held and held[-1].machine.is_unused:
            held[-1].hear(create, by, now)
        elif held and self.params.same_address_reuses:
            connection = self._connection(held[-1].machine.number, address, now)
            self.slots.replace(held[-1].machine.number, connection)
            held[-1].release(now)
            connection.hear(create, by, now)
        elif (number := self.slots.free_number()) is None:
            self.transmit(answer_table_full(create), SOCKET_NCP, address, by.mac)
        else:
            connection = self._connection(number, address, now)
            self.slots.occupy(address, connection)
            connection.hear(create, by, now)

    def _connection(self, number: int, address: IpxAddress, now: int) -> NcpServerConnection:
        self._serial += 1
        machine = ServerConnection(self._params_for(address), number=number, now=now)
        return NcpServerConnection(self, machine, serial=self._serial, address=address)

    def _params_for(self, address: IpxAddress) -> NcpParams:
        """mars_nwe leaves stations on slow networks alone (facts/ipx.md 2.1)."""
        ticks = self.spec.ticks.get(segment_of_network(address.network), 0)
        return self.params.at_distance(ticks)


def _next_socket(address: IpxAddress, distance: int) -> IpxAddress:
    return IpxAddress(
        network=address.network, node=address.node, socket=(address.socket + distance) & 0xFFFF
    )
