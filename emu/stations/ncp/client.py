"""The client's NCP end on a host: the shell, and the watchdog answers below it.

One shell, one connection at a time: a connection must be over before the next one begins.

Read: facts/ipx.md 1.1, 1.5, 1.6, 3.1.
"""

from __future__ import annotations

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.machines.base import Asked, Deliver, Effects, Ended, Lost, Note, Opened, Received, Transmit
from emu.machines.ncp import Call, ClientShell, Connect, Leave, NcpParams, Result
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
    COMPLETION_OK,
    FUNCTION_BINDERY,
    FUNCTION_DATE_AND_TIME,
    NcpReply,
    NcpRequest,
    Watchdog,
)
from emu.pdu.rip_sap import Rip, Sap
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Message, Refused, Screen, Welcome
from emu.stations.base import Connection, StationSpec
from emu.stations.ipx import Arrival, IpxPort, client_socket, internal_network
from emu.stations.ncp.alarm import Alarm
from emu.stations.ncp.clock import as_text
from emu.wire.ncp import decode_date_and_time, decode_ncp, encode_login, encode_ncp
from emu.wire.rip_sap import decode_rip, decode_sap, encode_rip, encode_sap

#: By source socket: what a server's services say to the shell's socket.
_DECODERS = {SOCKET_NCP: decode_ncp, SOCKET_SAP: decode_sap, SOCKET_RIP: decode_rip}

#: NCP carries no session number: 0 where a terminal session wants one.
SESSION_UNKNOWN = 0


class NcpClientConnection:
    """One connection.  ``mac``: where the way to the server begins, learned from its answers."""

    #: NCP tells no names of computers.
    caller = ""

    def __init__(self, station: NcpClientStation, *, serial: int) -> None:
        self.serial = serial
        self.last_octet_ns = 0
        self.machine = ClientShell(station.params, server_network=station.server.network)
        self.peer = str(station.server)
        self.address = station.server.host
        self._mac = BROADCAST
        self._poll: Arrival | None = None
        self._station = station
        self._alarm = Alarm(station.spec.surroundings, self.machine, self._carry_out)

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """Only a server's matters."""
        return None

    @property
    def owes_acknowledgement(self) -> bool:
        """Every request has its answer; nothing else is acknowledged."""
        return False

    @property
    def idle_since_ns(self) -> int | None:
        """Only a server's matters."""
        return None

    def log_on(self, message: LogOn, now: int) -> None:
        """Attach, then log in: the login waits in the shell's queue for its turn."""
        login = Call(function=FUNCTION_BINDERY, data=encode_login(message.user))
        self._ask(Connect(), now)
        self._ask(login, now)

    def send(self, message: Message, now: int) -> None:
        """Work or leave; a connection that is over or leaving swallows it."""
        match message:
            case Keystroke():
                self._ask(Call(function=FUNCTION_DATE_AND_TIME), now)
            case LogOff():
                self._ask(Leave(), now)
            case _:
                raise LocalProtocolError(f"an NCP client cannot say {message}")

    def close(self, now: int) -> None:
        """The shell has one way to end a connection: destroy it."""
        self._ask(Leave(), now)

    def abort(self, now: int) -> None:
        """No other way than in order."""
        self.close(now)

    def hear(
        self, pdu: NcpRequest | NcpReply | Watchdog | Sap | Rip, by: Arrival, now: int
    ) -> None:
        """A datagram at one of the shell's sockets."""
        self.last_octet_ns = now
        if isinstance(pdu, Watchdog):
            self._poll = by
        else:
            self._mac = by.mac
        self._carry_out(self.machine.step(Received(pdu), now), now)

    def _ask(self, request: Connect | Call | Leave, now: int) -> None:
        if not self.machine.is_leaving:
            self._carry_out(self.machine.step(Asked(request), now), now)

    def _carry_out(self, effects: Effects, now: int) -> None:
        surroundings = self._station.spec.surroundings
        for effect in effects:
            match effect:
                case Transmit(pdu, about):
                    frame = self._transmit(pdu)
                    if about is not None:
                        surroundings.note(about, self.serial, frame)
                case Deliver(value):
                    self._deliver(value, now)
                case Note():
                    surroundings.note(effect, self.serial, surroundings.arriving())
        self._alarm.watch()

    def _transmit(self, pdu: NcpRequest | Watchdog | Sap | Rip) -> int:
        station = self._station
        match pdu:
            case Watchdog():
                assert self._poll is not None, "an answer without a poll"
                return station.answer_poll(pdu, self._poll)
            case NcpRequest():
                payload = encode_ncp(pdu)
                return station.transmit(payload, TYPE_NCP, station.server, self._mac)
            case Sap():
                return station.broadcast(encode_sap(pdu), TYPE_PEP, SOCKET_SAP)
            case Rip():
                return station.broadcast(encode_rip(pdu), TYPE_RIP, SOCKET_RIP)

    def _deliver(self, value: object, now: int) -> None:
        user = self._station.spec.user
        match value:
            case Result(call=call, reply=reply):
                user.message(self, self._message(call, reply), now)
            case Opened():
                user.opened(self, now)
            case Ended(cause):
                user.ended(self, cause, now)
            case Lost(cause):
                user.lost(self, cause, now)
            case other:
                raise AssertionError(f"a shell delivered {other}")

    def _message(self, call: Call, reply: NcpReply) -> Message:
        refused = f"completion {reply.completion:02X}, status {reply.status:02X}"
        if call.function == FUNCTION_BINDERY:
            if reply.completion != COMPLETION_OK:
                return Refused(why=refused)
            return Welcome(session=SESSION_UNKNOWN, how="new")
        if reply.completion != COMPLETION_OK:
            return Screen(text=refused)
        try:
            return Screen(text=as_text(decode_date_and_time(reply.data)))
        except PeerProtocolError as error:
            self._station.dropped += 1
            return Screen(text=str(error))


class NcpClientStation:
    """One client.  ``dropped``: datagrams that nobody could read."""

    one_at_a_time = True

    def __init__(self, spec: StationSpec) -> None:
        self.spec = spec
        self.params: NcpParams = spec.params
        self.dropped = 0
        self.socket = client_socket(boot=spec.boot, same=self.params.same_client_socket)
        self.server = IpxAddress(
            network=internal_network(spec.server_address), node=NODE_INTERNAL, socket=SOCKET_NCP
        )
        self._ipx = IpxPort(spec.surroundings, framing=self.params.framing, network=0)
        self.claims = self._ipx.claims
        self.shares = self._ipx.shares(self.socket, self.socket + 1)
        self._serial = 0
        self._shell: NcpClientConnection | None = None

    def connect(self, message: Message, now: int) -> NcpClientConnection:
        """Load the shell if need be, attach and log on."""
        if not isinstance(message, LogOn):
            raise LocalProtocolError(f"an NCP connection begins with a log-on, not {message}")
        if self._shell is not None and not self._shell.machine.is_gone:
            raise LocalProtocolError(f"the shell is still attached to {self._shell.peer}")
        self._serial += 1
        self._shell = NcpClientConnection(self, serial=self._serial)
        self._shell.log_on(message, now)
        return self._shell

    def killed(self, _connection: Connection, *, unread: bool, now: int) -> None:
        """Nothing: the connection is the shell's, which lives on below the programs."""

    def receive(self, frame: bytes, now: int) -> None:
        """One frame.  What is malformed is dropped and counted."""
        try:
            arrival = self._ipx.open(frame)
            pdu = None if arrival is None else self._decode(arrival)
        except PeerProtocolError:
            self.dropped += 1
            return
        # Without a shell nothing listens at its sockets: not even polls are answered.
        if arrival is not None and pdu is not None and self._shell is not None:
            self._shell.hear(pdu, arrival, now)

    def answer_poll(self, answer: Watchdog, poll: Arrival) -> int:
        """Back to the poll's source address, from the socket it came to (facts/ipx.md 1.5)."""
        return self._ipx.send(
            encode_ncp(answer),
            packet_type=TYPE_NCP,
            source=self._ipx.home(self.socket + 1),
            destination=poll.datagram.source,
            mac=poll.mac,
        )

    def transmit(
        self, payload: bytes, packet_type: int, destination: IpxAddress, mac: bytes
    ) -> int:
        """Send from the shell's NCP socket; the frame's number at the tap."""
        return self._ipx.send(
            payload,
            packet_type=packet_type,
            source=self._ipx.home(self.socket),
            destination=destination,
            mac=mac,
        )

    def broadcast(self, payload: bytes, packet_type: int, socket: int) -> int:
        """Ask everybody on the segment."""
        everybody = IpxAddress(network=self._ipx.network, node=NODE_BROADCAST, socket=socket)
        return self.transmit(payload, packet_type, everybody, BROADCAST)

    def _decode(self, arrival: Arrival) -> NcpRequest | NcpReply | Watchdog | Sap | Rip | None:
        """What a datagram says to the shell; None for what is not for its sockets."""
        to, by = arrival.datagram.destination, arrival.datagram.source
        if to.socket == self.socket + 1:
            pdu = decode_ncp(arrival.datagram.payload)
            return pdu if isinstance(pdu, Watchdog) else None
        decode = _DECODERS.get(by.socket)
        if to.socket != self.socket or decode is None:
            return None
        pdu = decode(arrival.datagram.payload)
        # A poll belongs at the watchdog socket: here nobody would answer it.
        return None if isinstance(pdu, Watchdog) else pdu
