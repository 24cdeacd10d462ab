"""The server's NetBEUI end: it owns ``SERVER<20>``, takes calls, and asks idle peers.

Its name is not claimed on the wire: the server was there before the capture began.

Read: facts/netbeui.md 1.4, 2.1, 3.
"""

from __future__ import annotations

from emu.machines.nbf.session import Session
from emu.pdu.nbf import (
    NAME_UNIQUE,
    NO_RESOURCES,
    NO_SESSION,
    SESSION_MAX,
    SESSION_MIN,
    NameFrame,
    NbfCommand,
    SessionFrame,
)
from emu.stations.base import StationSpec
from emu.stations.nbf.connection import NbfConnection
from emu.stations.nbf.port import Port
from emu.stations.nbf.station import SERVER_NAME, NbfStation


class NbfServerStation(NbfStation):
    """``name``: what it is called by.

    ``offered``: session numbers given to callers that have not used them yet, by address.
    Numbers are allotted per remote adapter, as NT does (KB Q102942).
    """

    probing = True
    listening = True
    name = SERVER_NAME

    def __init__(self, spec: StationSpec) -> None:
        super().__init__(spec)
        self.names.add(self.name)
        self.offered: dict[bytes, dict[int, tuple[bytes, int]]] = {}

    def heard_name(self, frame: NameFrame, mac: bytes, _now: int, /) -> None:
        """NAME_QUERY for our name: a session number, or with FIND.NAME only that it is here."""
        if frame.kind is not NbfCommand.NAME_QUERY or frame.destination != self.name:
            return
        number = NO_SESSION if frame.session == NO_SESSION else self._offer(frame, mac)
        usable = number not in (NO_SESSION, NO_RESOURCES)
        answer = NameFrame(
            kind=NbfCommand.NAME_RECOGNIZED,
            destination=frame.source,
            source=self.name,
            data2=NAME_UNIQUE << 8 | number,
            transmit_correlator=frame.response_correlator,
            response_correlator=number if usable else 0,
        )
        self.send_name(answer, mac)

    def _offer(self, query: NameFrame, mac: bytes) -> int:
        """The same caller asking again gets the same number."""
        offered = self.offered.setdefault(mac, {})
        caller = (query.source, query.session)
        for number, other in offered.items():
            if other == caller:
                return number
        port = self.ports.get(mac)
        used = {*offered, *(port.connections if port is not None else ())}
        free = (number for number in range(SESSION_MIN, SESSION_MAX + 1) if number not in used)
        number = next(free, NO_RESOURCES)
        if number != NO_RESOURCES:
            offered[number] = caller
        return number

    def initialized(self, port: Port, frame: SessionFrame, now: int) -> NbfConnection | None:
        """SESSION_INITIALIZE to a number we offered; anything else has no session here."""
        if frame.kind is not NbfCommand.SESSION_INITIALIZE:
            return None
        caller = self.offered.get(port.mac, {}).pop(frame.destination, None)
        if caller is None:
            return None
        session = Session(self.params, number=frame.destination, probing=self.probing)
        connection = NbfConnection(self, session, name=caller[0])
        connection.port = port
        connection.last_octet_ns = now
        port.connections[session.number] = connection
        return connection
