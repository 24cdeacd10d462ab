"""One NBF session as the layer above sees it: its machine, its reader, what its link has heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emu.machines.base import (
    NEVER,
    Asked,
    Data,
    Deliver,
    Effects,
    Ended,
    Lost,
    Opened,
    Received,
    Transmit,
)
from emu.machines.llc2 import control as llc2
from emu.machines.nbf.session import Drop, End, Send, Session, State
from emu.pdu.nbf import NbfCommand, SessionFrame
from emu.pdu.netbios_name import computer_name, name_text
from emu.stations.ncp.alarm import Alarm
from emu.wire.nbf import encode_nbf

if TYPE_CHECKING:
    from emu.stations.nbf.port import Port
    from emu.stations.nbf.station import NbfStation

#: What the real senders send with P = 1, so that it is acknowledged at once (captures 02, 21).
_POLLED = frozenset({NbfCommand.SESSION_CONFIRM, NbfCommand.DATA_ACK, NbfCommand.SESSION_END})


class NbfConnection:
    """``name``: the peer's, 16 octets.
    ``port``: the link it is on, None before that; what the link knew of it stays when it ends.

    ``last_octet_ns``: the last frame of the link from this peer; a DM or SABME is none of it.
    """

    def __init__(self, station: NbfStation, session: Session, *, name: bytes) -> None:
        station.serial += 1
        self.serial = station.serial
        self.name = name
        self.caller = computer_name(name)
        self.last_octet_ns = 0
        self.session = session
        self.port: Port | None = None
        self.over = False
        self._since_ns: int = NEVER
        self._reader = station.spec.service.reader()
        self._station = station
        self._alarm = Alarm(station.surroundings, session, self.carry_out)

    # --- what the layer above asks -----------------------------------------------------------

    @property
    def peer(self) -> str:
        """``WS1<00> 02:00:00:00:00:0b``."""
        return f"{name_text(self.name)} {self.address}"

    @property
    def address(self) -> str:
        """The peer's MAC address; empty until it is known."""
        return "" if self.port is None else self.port.mac.hex(":")

    @property
    def unacknowledged_since_ns(self) -> int | None:
        """When the wait for the oldest I frame of the link began; None if none is out."""
        since_ns = self._since_ns
        if not self.over and self.port is not None:
            since_ns = self.port.link.waiting_since_ns
        return None if since_ns == NEVER else since_ns

    @property
    def owes_acknowledgement(self) -> bool:
        """Whether the link waits with its acknowledgement, by T2, or the session with its own."""
        by_link = self.port is not None and self.port.link.ack_due != NEVER
        return by_link or self.session.owes_acknowledgement

    @property
    def idle_since_ns(self) -> int | None:
        """SESSION_ALIVE counts from here; None where the link's own clock is all there is."""
        return self.session.since_ns if self.session.alive else None

    def send(self, message: Any, now: int) -> None:
        """Queue a message; a connection that is over swallows it."""
        service = self._station.spec.service
        self.ask(Send(service.encode(message)), now)
        if service.leaves(message):
            self.close(now)

    def close(self, now: int) -> None:
        """End in order: SESSION_END, and DISC behind the last session of the link."""
        self.ask(End(), now)

    def abort(self, now: int) -> None:
        """End at once, whatever is unacknowledged: what a kernel says for a process that died."""
        self.ask(End(abnormal=True), now)

    # --- the machine -------------------------------------------------------------------------

    def ask(self, request: object, now: int) -> None:
        if not self.over:
            self.carry_out(self.session.step(Asked(request), now), now)

    def hear(self, frame: SessionFrame, now: int) -> None:
        self.carry_out(self.session.step(Received(frame), now), now)

    def carry_out(self, effects: Effects, now: int) -> None:
        """Frames first: the layer above may answer at once, and its answer comes after them."""
        for effect in effects:
            if isinstance(effect, Transmit):
                self._transmit(effect.pdu, now)
        if self.session.state is State.GONE and not self.over:
            self._finish(now)
            self._station.leave(self, now)
        for effect in effects:
            if isinstance(effect, Deliver):
                self._deliver(effect.value, now)
        self._alarm.watch()

    def _transmit(self, frame: SessionFrame, now: int) -> None:
        assert self.port is not None, "a session says nothing without a link"
        self.port.ask(
            llc2.Send(
                encode_nbf(frame),
                poll=frame.kind in _POLLED,
                probe=frame.kind is NbfCommand.SESSION_ALIVE,
            ),
            now,
        )

    def _deliver(self, value: object, now: int) -> None:
        user = self._station.user
        match value:
            case Data(octets, last):
                self._read(octets, now, last=last)
            case Opened():
                user.opened(self, now)
            case Ended(cause):
                user.ended(self, cause, now)
            case Lost(cause):
                user.lost(self, cause, now)
            case other:
                raise AssertionError(f"a session delivered {other}")

    def _read(self, octets: bytes, now: int, *, last: bool = True) -> None:
        dropped = self._reader.dropped
        messages = self._reader.feed(octets, last=last)
        self._station.dropped += self._reader.dropped - dropped
        for message in messages:
            self._station.user.message(self, message, now)

    # --- the end -----------------------------------------------------------------------------

    def _finish(self, now: int) -> None:
        """Keep what the link knows; what it does from now on is no business of this one."""
        self.session.step(Asked(Drop()), now)
        if self.port is not None:
            self._since_ns = self.port.link.waiting_since_ns
        self.over = True

    def lose(self, cause: str, now: int) -> None:
        """The link is no more, or starts anew."""
        if not self.over:
            self._finish(now)
            self._station.user.lost(self, cause, now)

    def end(self, cause: str, now: int) -> None:
        """The peer took the link down in order."""
        if not self.over:
            self._finish(now)
            self._station.user.ended(self, cause, now)
