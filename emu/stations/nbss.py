"""The NetBIOS session service on a host: TCP 139 below, whole messages above.

A station here owns a TCP station and is its user; to the layer above it is the station.  A
connection is told of when its session is positive; one whose stream is no NetBIOS session's is
reset.

NetBT's clock of idleness is not TCP's: NetBT sits on TDI, where a send is complete when TCP has
its acknowledgement (assumption).  So the session is idle from the last segment that was heard on
while nothing is unacknowledged.  That instant moves with every segment; the timer finds out when
it comes up.

Read: facts/redirector.md 3.7, 4.1.
"""

from __future__ import annotations

from dataclasses import replace
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
from emu.machines.nbss import (
    Active,
    Begin,
    HangUp,
    Leave,
    Malformed,
    NbssSession,
    Send,
    Settled,
)
from emu.pdu.netbios_name import computer_name
from emu.stations.base import Connection, StationSpec
from emu.stations.nbf.client import client_name
from emu.stations.nbf.station import SERVER_NAME
from emu.stations.service import MESSAGES
from emu.stations.tcp import TcpClientStation, TcpConnection, TcpServerStation
from emu.wire.nbss import NbssStream, decode_nbss, encode_nbss

#: What TCP carries for us: octets as they come, whatever their number.
_STREAM = replace(MESSAGES, name="stream", encode=bytes)


class NbssConnection:
    """One session.  ``tcp``: what carries it."""

    def __init__(self, station: _NbssStation, tcp: TcpConnection, machine: NbssSession) -> None:
        self.serial = tcp.serial
        self.peer = tcp.peer
        self.tcp = tcp
        self.machine = machine
        self._station = station
        self._stream = NbssStream()
        self._armed_ns: int = NEVER

    # --- what the layer above asks -----------------------------------------------------------

    @property
    def caller(self) -> str:
        """The peer's name: at the calling end, whom it called."""
        return computer_name(self._station.peer_name(self.machine))

    @property
    def address(self) -> str:
        return self.tcp.address

    @property
    def last_octet_ns(self) -> int:
        return self.tcp.last_octet_ns

    @property
    def unacknowledged_since_ns(self) -> int | None:
        return self.tcp.unacknowledged_since_ns

    @property
    def owes_acknowledgement(self) -> bool:
        return self.tcp.owes_acknowledgement

    @property
    def idle_since_ns(self) -> int | None:
        return self.tcp.idle_since_ns

    def send(self, message: Any, now: int) -> None:
        """Queue a message; a connection that is going down swallows it."""
        service = self._station.spec.service
        self.ask(Send(service.encode(message)), now)
        if service.leaves(message):
            self.close(now)

    def close(self, now: int) -> None:
        """End in order, by TCP's: NetBIOS has no word for it here (RFC 1002 4.3)."""
        self.ask(Leave(), now)
        self.tcp.close(now)

    def abort(self, now: int) -> None:
        """End at once, by TCP's RST."""
        self.ask(Leave(), now)
        self.tcp.abort(now)

    # --- the machine -------------------------------------------------------------------------

    def ask(self, request: object, now: int) -> None:
        self._carry_out(self.machine.step(Asked(request), now), now)

    def hear(self, octets: bytes, now: int) -> None:
        """Octets of the stream."""
        for packet in self._stream.feed(octets):
            try:
                pdu: object = decode_nbss(packet)
            except PeerProtocolError as error:
                self._station.misread += 1
                pdu = Malformed(str(error))
            self._carry_out(self.machine.step(Received(pdu), now), now)

    def fire(self, now: int) -> None:
        """The timer entry of ``now`` came up; it may be that the session was not idle."""
        if now < self._armed_ns:
            return
        self._armed_ns = NEVER
        busy = self.tcp.unacknowledged_since_ns is not None
        self.ask(Active(now if busy else self.tcp.last_octet_ns), now)
        due = self.machine.due()
        if due is not None and due <= now:
            self._carry_out(self.machine.step(EXPIRED, now), now)

    def settle(self, now: int) -> None:
        """A segment came: it may be TCP's answer to a keepalive."""
        if self.machine.probing and self.tcp.unacknowledged_since_ns is None:
            self.ask(Settled(), now)

    def _carry_out(self, effects: Effects, now: int) -> None:
        """Frames first: the layer above may answer at once, and its answer comes after them."""
        for effect in effects:
            if isinstance(effect, Transmit):
                self.tcp.send(encode_nbss(effect.pdu), now, effect.about)
            elif isinstance(effect, Note):
                self._station.spec.surroundings.note(effect, self.serial, None)
        for effect in effects:
            if isinstance(effect, Deliver):
                self._deliver(effect.value, now)
        self._station.watched(self)
        due = self.machine.due()
        if due is not None and due < self._armed_ns:
            self._armed_ns = due
            self._station.spec.surroundings.arm(self, due)

    def _deliver(self, value: object, now: int) -> None:
        user = self._station.spec.user
        match value:
            case Data(octets):
                user.message(self, octets, now)
            case Opened():
                user.opened(self, now)
            case Ended(cause):
                user.ended(self, cause, now)
            case Lost(cause):
                user.lost(self, cause, now)
            case HangUp(abnormal=True):
                self.tcp.abort(now)
            case HangUp():
                self.tcp.close(now)
            case other:
                raise AssertionError(f"a session delivered {other}")


class _NbssStation:
    """What both ends share.  ``misread``: packets that nobody could read.

    ``sessions``: by the TCP connection's serial, until that is over.
    """

    def __init__(
        self, spec: StationSpec, kind: type[TcpServerStation] | type[TcpClientStation]
    ) -> None:
        self.spec = spec
        self.misread = 0
        self.sessions: dict[int, NbssConnection] = {}
        self.tcp = kind(replace(spec, user=self, service=_STREAM))
        self.claims = self.tcp.claims
        #: Sessions with a keepalive that is not acknowledged.
        self._probing: dict[int, NbssConnection] = {}

    @property
    def dropped(self) -> int:
        """Frames and packets that nobody could read."""
        return self.tcp.dropped + self.misread

    def receive(self, frame: bytes, now: int) -> None:
        """One frame."""
        self.tcp.receive(frame, now)
        if self._probing:
            for connection in list(self._probing.values()):
                connection.settle(now)

    def watched(self, connection: NbssConnection) -> None:
        """After every step: whom to ask about an answered keepalive."""
        if connection.machine.probing:
            self._probing[connection.serial] = connection
        else:
            self._probing.pop(connection.serial, None)

    def peer_name(self, machine: NbssSession) -> bytes:
        """Who is at the other end."""
        raise NotImplementedError

    # --- what TCP says -----------------------------------------------------------------------

    def opened(self, connection: Connection, now: int, /) -> None:
        """TCP is up: the session is next."""
        raise NotImplementedError

    def message(self, connection: Connection, message: Any, now: int, /) -> None:
        """Octets of the stream."""
        session = self.sessions.get(connection.serial)
        if session is not None:
            session.hear(message, now)

    def lost(self, connection: Connection, cause: str, now: int, /) -> None:
        self._over(connection, Lost(cause), now)

    def ended(self, connection: Connection, cause: str, now: int, /) -> None:
        self._over(connection, Ended(cause), now)

    def _over(self, connection: Connection, last: Ended | Lost, now: int) -> None:
        session = self.sessions.pop(connection.serial, None)
        if session is not None:
            session.ask(last, now)


class NbssServerStation(_NbssStation):
    """``SERVER<20>`` on port 139; it is ``*SMBSERVER``, too."""

    def __init__(self, spec: StationSpec) -> None:
        super().__init__(spec, TcpServerStation)

    def peer_name(self, machine: NbssSession) -> bytes:
        return machine.calling

    def opened(self, connection: Connection, _now: int, /) -> None:
        assert isinstance(connection, TcpConnection)
        machine = NbssSession(called=SERVER_NAME, keepalive_ns=self.spec.session_keepalive_ns)
        self.sessions[connection.serial] = NbssConnection(self, connection, machine)


class NbssClientStation(_NbssStation):
    """Calls ``SERVER<20>`` by the name of its computer."""

    one_at_a_time = False

    def __init__(self, spec: StationSpec) -> None:
        super().__init__(spec, TcpClientStation)

    def connect(self, message: Any, now: int) -> NbssConnection:
        """Open a session; the message, if there is one, follows as soon as it is positive."""
        assert isinstance(self.tcp, TcpClientStation)
        machine = NbssSession(
            called=SERVER_NAME,
            calling=client_name(self.spec.host),
            keepalive_ns=self.spec.session_keepalive_ns,
        )
        tcp = self.tcp.connect(None, now)
        connection = self.sessions[tcp.serial] = NbssConnection(self, tcp, machine)
        if message is not None:
            connection.send(message, now)
        return connection

    def killed(self, connection: Connection, /, *, unread: bool, now: int) -> None:
        """The kernel closes for a dead program, as for any TCP connection."""
        if unread:
            connection.abort(now)
        else:
            connection.close(now)

    def peer_name(self, machine: NbssSession) -> bytes:
        return machine.called

    def opened(self, connection: Connection, now: int, /) -> None:
        session = self.sessions.get(connection.serial)
        if session is not None:
            session.ask(Begin(), now)
