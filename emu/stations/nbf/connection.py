"""One NBF session as the layer above sees it: its machine, its lines, what its link has heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.errors import PeerProtocolError
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
from emu.pdu.terminal import LogOff, Message
from emu.stations.ncp.alarm import Alarm
from emu.wire.nbf import encode_nbf
from emu.wire.terminal import Lines, decode_line, encode_message

if TYPE_CHECKING:
    from emu.stations.nbf.port import Port
    from emu.stations.nbf.station import NbfStation

#: What the real senders send with P = 1, so that it is acknowledged at once (captures 02, 21).
_POLLED = frozenset({NbfCommand.SESSION_CONFIRM, NbfCommand.DATA_ACK, NbfCommand.SESSION_END})


class NbfConnection:
    """``port``: the link it is on, None before that; what the link knew of it stays when it ends.

    ``last_octet_ns``: the last frame of the link from this peer; a DM or SABME is none of it.
    """

    def __init__(self, station: NbfStation, session: Session, *, peer: str) -> None:
        station.serial += 1
        self.serial = station.serial
        self.peer = peer
        self.last_octet_ns = 0
        self.session = session
        self.port: Port | None = None
        self.over = False
        self._since_ns: int = NEVER
        self._lines = Lines()
        self._station = station
        self._alarm = Alarm(station.surroundings, session, self.carry_out)

    # --- what the layer above asks -----------------------------------------------------------

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

    def send(self, message: Message, now: int) -> None:
        """Queue a message; a connection that is over swallows it."""
        self.ask(Send(encode_message(message)), now)
        if isinstance(message, LogOff):
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
            case Data(octets):
                self._read(octets, now)
            case Opened():
                user.opened(self, now)
            case Ended(cause):
                user.ended(self, cause, now)
            case Lost(cause):
                user.lost(self, cause, now)
            case other:
                raise AssertionError(f"a session delivered {other}")

    def _read(self, octets: bytes, now: int) -> None:
        for line in self._lines.feed(octets):
            try:
                message = decode_line(line)
            except PeerProtocolError:
                self._station.dropped += 1
            else:
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
