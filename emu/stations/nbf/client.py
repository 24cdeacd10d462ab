"""A client's NetBEUI end: its name, its calls, its sessions.  It never asks an idle server.

Real clients do (facts/netbeui.md 2.6), and a server hears them; that is left out as on the
other transports, because KB Q187049 is about the server's end.  Data of a client's own that
stays unacknowledged is polled for, and gives its link up, as at the server's.
"""

from __future__ import annotations

from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import Asked, Deliver, Effects, Lost, Received, Transmit
from emu.machines.nbf.names import Again, Begin, Call, Claim, Located, Owned, State
from emu.machines.nbf.session import Initialize, Session
from emu.pdu.nbf import SESSION_MAX, NameFrame, NbfCommand
from emu.pdu.netbios_name import NAME_OCTETS, TYPE_WORKSTATION, netbios_name
from emu.pdu.terminal import LogOn
from emu.stations.base import Connection, StationSpec
from emu.stations.nbf.connection import NbfConnection
from emu.stations.nbf.port import Port
from emu.stations.nbf.station import SERVER_NAME, NbfStation
from emu.stations.ncp.alarm import Alarm


def client_name(client: str) -> bytes:
    """A computer's NetBIOS name: capitals as in captures 02 and 21, 15 characters."""
    ascii_only = client.upper().encode("ascii", "replace").decode("ascii")
    return netbios_name(ascii_only[: NAME_OCTETS - 1], TYPE_WORKSTATION)


class _Calling:
    """A connection on its way: its call, and what came of it."""

    def __init__(self, station: NbfClientStation, connection: NbfConnection, call: Call) -> None:
        self.connection = connection
        self.call = call
        self.mac = b""
        self.located: Located | None = None
        self._station = station
        self._alarm = Alarm(station.surroundings, call, self._carry_out)

    def ask(self, request: object, now: int) -> None:
        self._carry_out(self.call.step(Asked(request), now), now)

    def hear(self, frame: NameFrame, mac: bytes, now: int) -> None:
        if self.call.state is State.ASKING:
            self.mac = mac
        self._carry_out(self.call.step(Received(frame), now), now)

    def _carry_out(self, effects: Effects, now: int) -> None:
        if self.connection.over:
            return
        for effect in effects:
            match effect:
                case Transmit(pdu):
                    self._station.send_name(pdu)
                case Deliver(Located() as located):
                    self.located = located
                    self._station.link_up_for(self.connection, self.mac, now)
                case Deliver(Lost(cause)):
                    self._station.failed(self.connection, cause, now)
                case other:
                    raise AssertionError(f"a call said {other}")
        self._alarm.watch()


class NbfClientStation(NbfStation):
    """``calling``: connections without a session yet, by our session number."""

    one_at_a_time = False

    def __init__(self, spec: StationSpec) -> None:
        super().__init__(spec)
        self.claim: Claim | None = None
        self.calling: dict[int, _Calling] = {}
        self._number = 0
        self._alarm: Alarm | None = None

    def connect(self, message: Any, now: int) -> NbfConnection:
        """Claim the computer's name if that was not done yet, then call the server.

        A terminal's log-on says what the computer is called; else it is the spec's ``host``.
        """
        host = message.client if isinstance(message, LogOn) else self.spec.host
        if not host:
            raise LocalProtocolError(f"an NBF connection of nobody begins with {message}")
        name = client_name(host)
        number = self._next_number()
        session = Session(self.params, number=number, probing=False)
        connection = NbfConnection(self, session, name=SERVER_NAME)
        call = Call(self.params, called=SERVER_NAME, caller=name, session=number)
        self.calling[number] = _Calling(self, connection, call)
        if message is not None:
            connection.send(message, now)
        self._claim_or_call(name, self.calling[number], now)
        return connection

    def killed(self, connection: Connection, /, *, unread: bool, now: int) -> None:  # noqa: ARG002
        """The driver ends a dead program's session as abnormal (facts/netbeui.md 1.4)."""
        assert isinstance(connection, NbfConnection)
        connection.abort(now)

    def _next_number(self) -> int:
        """Round and round, so that a session is not taken for the one before it."""
        self._number = self._number % SESSION_MAX + 1
        return self._number

    # --- the name ----------------------------------------------------------------------------

    def _claim_or_call(self, name: bytes, calling: _Calling, now: int) -> None:
        if name in self.names:
            calling.ask(Begin(), now)
        elif self.claim is None or self.claim.state is State.OVER or self.claim.name != name:
            self.claim = Claim(self.params, name=name, correlator=1)
            self._alarm = Alarm(self.surroundings, self.claim, self._carry_out)
            self._carry_out(self.claim.step(Asked(Begin()), now), now)

    def _carry_out(self, effects: Effects, now: int) -> None:
        assert self.claim is not None and self._alarm is not None
        for effect in effects:
            match effect:
                case Transmit(pdu):
                    self.send_name(pdu)
                case Deliver(Owned()):
                    self.names.add(self.claim.name)
                    for calling in list(self.calling.values()):
                        calling.ask(Begin(), now)
                case Deliver(Lost(cause)):
                    for calling in list(self.calling.values()):
                        self.failed(calling.connection, cause, now)
                case other:
                    raise AssertionError(f"a claim said {other}")
        self._alarm.watch()

    def heard_name(self, frame: NameFrame, mac: bytes, now: int, /) -> None:
        if frame.kind is NbfCommand.ADD_NAME_RESPONSE:
            if self.claim is not None and self.claim.state is State.ASKING:
                self._carry_out(self.claim.step(Received(frame), now), now)
        elif frame.kind is NbfCommand.NAME_RECOGNIZED:
            calling = self.calling.get(frame.transmit_correlator)
            if calling is not None and calling.call.state is not State.FRESH:
                calling.hear(frame, mac, now)

    # --- the call ----------------------------------------------------------------------------

    def linked(self, port: Port, connection: NbfConnection, now: int) -> None:
        calling = self.calling.pop(connection.session.number, None)
        if calling is None or calling.located is None or connection.over:
            port.disconnect_if_idle(now)
            return
        connection.port = port
        connection.last_octet_ns = now
        port.connections[connection.session.number] = connection
        located = calling.located
        wanted = Initialize(session=located.session, correlator=located.correlator)
        connection.ask(wanted, now)

    def refused(self, connection: NbfConnection, now: int) -> None:
        calling = self.calling.get(connection.session.number)
        if calling is not None and not connection.over:
            calling.ask(Again(), now)

    def failed(self, connection: NbfConnection, cause: str, now: int) -> None:
        """No name, no answer, no link: there was never a session."""
        self.calling.pop(connection.session.number, None)
        connection.lose(cause, now)

    def leave(self, connection: NbfConnection, now: int) -> None:
        self.calling.pop(connection.session.number, None)
        super().leave(connection, now)
