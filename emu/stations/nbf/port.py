"""One LLC2 link of a station: its machine, its peer's address, the sessions it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from emu.machines.llc2.control import Disconnect, Refused, Reject, Restarted, State
from emu.machines.llc2.link import Link
from emu.pdu.llc2 import Information, Llc2Pdu, Unnumbered, UnnumberedKind
from emu.pdu.nbf import SessionFrame
from emu.stations.llc2 import link_frame
from emu.stations.nbf.connection import NbfConnection
from emu.stations.ncp.alarm import Alarm
from emu.wire.nbf import decode_nbf

if TYPE_CHECKING:
    from emu.stations.nbf.station import NbfStation

#: What a peer says that has no such link (any more): no octet of a connection.
_OF_ANOTHER_LIFE = frozenset({UnnumberedKind.SABME, UnnumberedKind.DM})

#: Serial in the ledger of what concerns a link that carries no session.
_NO_CONNECTION = 0


class Port:
    """``connections``: by our session number.  ``waiting``: those that need the link up."""

    def __init__(self, station: NbfStation, mac: bytes) -> None:
        self.mac = mac
        self.link = Link(station.params.link, probing=station.probing, listening=station.listening)
        self.connections: dict[int, NbfConnection] = {}
        self.waiting: list[NbfConnection] = []
        self._station = station
        self._alarm = Alarm(station.surroundings, self.link, self._carry_out)

    def ask(self, request: object, now: int) -> None:
        self._carry_out(self.link.step(Asked(request), now), now)

    def hear(self, pdu: Llc2Pdu, now: int) -> None:
        """A frame of this link, or one for a link that there is not."""
        if not (isinstance(pdu, Unnumbered) and pdu.kind in _OF_ANOTHER_LIFE):
            for connection in self.connections.values():
                connection.last_octet_ns = now
        self._carry_out(self.link.step(Received(pdu), now), now)

    def disconnect_if_idle(self, now: int) -> None:
        """The end that ended the last session takes the link down (captures 02, 21)."""
        if not self.connections and not self.waiting and self.link.state is State.UP:
            self.ask(Disconnect(), now)

    def _carry_out(self, effects: Effects, now: int) -> None:
        """Frames first: who is told may answer at once."""
        surroundings = self._station.surroundings
        for effect in effects:
            match effect:
                case Transmit(pdu, about):
                    number = surroundings.transmit(self._encode(pdu))
                    if about is not None:
                        surroundings.note(about, self._owner(pdu), number)
                case Note():
                    surroundings.note(effect, self._owner(None), surroundings.arriving())
                case _:
                    pass
        if self.link.state is State.DOWN:
            self._station.forget(self)
        for effect in effects:
            if isinstance(effect, Deliver):
                self._deliver(effect.value, now)
        if self.link.state is State.DOWN:
            waiting, self.waiting = self.waiting, []
            for connection in waiting:  # for the end of our own DISC: now it may begin anew
                self._station.link_up_for(connection, self.mac, now)
        self._alarm.watch()

    def _owner(self, pdu: Llc2Pdu | None) -> int:
        """Whose ledger line it is: the session in the frame, else the oldest of the link."""
        if isinstance(pdu, Information):
            frame = decode_nbf(pdu.data)
            if frame.source in self.connections:
                return self.connections[int(frame.source)].serial
        return next((each.serial for each in self.connections.values()), _NO_CONNECTION)

    def _encode(self, pdu: Llc2Pdu | Reject) -> bytes:
        return link_frame(pdu, destination=self.mac, source=self._station.surroundings.mac)

    # --- what the link says ------------------------------------------------------------------

    def _deliver(self, value: object, now: int) -> None:
        match value:
            case Data(octets):
                self._read(octets, now)
            case Opened():
                waiting, self.waiting = self.waiting, []
                for connection in waiting:
                    self._station.linked(self, connection, now)
            case Refused():
                waiting, self.waiting = self.waiting, []
                for connection in waiting:
                    self._station.refused(connection, now)
            case Lost(cause) | Restarted(cause):
                self._all_over(cause, now, lost=True)
            case Ended(cause):
                self._all_over(cause, now, lost=False)
            case other:
                raise AssertionError(f"a link delivered {other}")

    def _all_over(self, cause: str, now: int, *, lost: bool) -> None:
        """All sessions of a link end together; a lost link takes along who waited for it."""
        connections = list(self.connections.values())
        self.connections.clear()
        if lost:
            connections += self.waiting
            self.waiting = []
        for connection in connections:
            if lost:
                connection.lose(cause, now)
            else:
                connection.end(cause, now)

    def _read(self, octets: bytes, now: int) -> None:
        try:
            frame = decode_nbf(octets)
        except PeerProtocolError:
            self._station.dropped += 1
            return
        if not isinstance(frame, SessionFrame):
            self._station.dropped += 1
            return
        connection = self.connections.get(frame.destination) or self._station.initialized(
            self, frame, now
        )
        if connection is not None:
            connection.hear(frame, now)
