"""SPX and NBIPX connections: both are named by an address and a connection id at each end.

They clear a dead peer without a word (facts/ipx.md 3.2, 3.3), so its end is not on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from emu.check.book import Book
from emu.check.hosts import ipx_host
from emu.check.timeline import A, B, How, Mark, Mechanism, Timeline
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.pdu.nbipx import CONNECTION_NONE, NbipxSession, NbipxSessionKind
from emu.pdu.spx import STREAM_END, STREAM_RELEASE_REQUEST, Spx

_SPX_ENDS = frozenset({STREAM_RELEASE_REQUEST, STREAM_END})
#: Both headers begin with the same connection control (facts/ipx.md 1.3, 1.9).
_SYSTEM, _ACK_WANTED = 0x80, 0x40


class _End(NamedTuple):
    address: IpxAddress
    number: int


@dataclass(slots=True)
class Connection:
    """``side_of``: which side an end is.  ``sent``: of each side the last data sequence."""

    timeline: Timeline
    side_of: dict[_End, int]
    sent: list[int | None] = field(default_factory=lambda: [None, None])


class _Packet(NamedTuple):
    """What a packet of either protocol says.

    ``sets_up``: a connection request.  ``probe``: wants an answer and carries nothing.
    ``data``: its sequence number, None without.  ``ends``: begins the orderly end.
    """

    source: _End
    destination: _End
    sets_up: bool
    probe: bool
    data: int | None
    ends: bool


class _Flows:
    """The connections of one protocol that one tap sees."""

    def __init__(self, tap: int, book: Book, transport: str, probe: Mechanism) -> None:
        self._tap, self._book = tap, book
        self._transport, self._probe = transport, probe
        self._ends: dict[_End, Connection] = {}

    def _take(self, packet: _Packet, at_ns: int, frame: int) -> None:
        mark = Mark(at_ns, frame)
        connection = self._connection(packet, mark)
        side = connection.side_of[packet.source]
        timeline = connection.timeline
        if timeline.end is not None:
            timeline.after_end(side, *mark)
            return
        heard = timeline.heard[1 - side]
        timeline.hear(side, *mark)
        timeline.answer(side)
        if timeline.rebirth is not None and timeline.rebirth.side == side:
            timeline.rebirth = None  # it still speaks on the old one: a second connection
        asked = self._asked(connection, side, packet)
        if asked is self._probe and heard is not None and not timeline.asks[side].count:
            timeline.idled(at_ns - heard.at_ns)
        if asked is not None:
            timeline.ask(side, asked, *mark)
            self._book.asked(self._tap, timeline, side)
        elif packet.data is None and not packet.ends:
            timeline.sent[side] = None  # an acknowledgement obliges nobody
        if packet.ends:
            timeline.say_goodbye(side, *mark, How.END_FRAME)
        if not packet.sets_up:
            timeline.opened = True

    def _asked(self, connection: Connection, side: int, packet: _Packet) -> Mechanism | None:
        """A probe asks, and so does what has been sent before: set-up, data."""
        if packet.probe:
            return self._probe
        if packet.data is None:
            return None
        repeated = connection.sent[side] == packet.data
        connection.sent[side] = packet.data
        # Sent again because the other side asked for it: that is no waiting.
        return Mechanism.NONE if repeated and connection.timeline.sent[side] else None

    def _connection(self, packet: _Packet, mark: Mark) -> Connection:
        source, destination = packet.source, packet.destination
        known = self._ends.get(source)
        if known is not None and not (packet.sets_up and known.timeline.goodbye):
            return known
        if packet.sets_up:
            self._forgotten(packet, mark)
            return self._add(source, destination, caller=source, mark=mark, opened=False)
        known = self._ends.get(destination)
        if known is not None and known.side_of.get(destination) is not None:
            side = 1 - known.side_of[destination]
            known.side_of[source] = side
            self._ends[source] = known
            return known
        caller = max(source, destination, key=_order)
        return self._add(source, destination, caller=caller, mark=mark, opened=True)

    def _forgotten(self, packet: _Packet, mark: Mark) -> None:
        """Whether a set-up shows that its sender has lost an earlier connection."""

    def _add(
        self, source: _End, destination: _End, *, caller: _End, mark: Mark, opened: bool
    ) -> Connection:
        called = destination if caller == source else source
        timeline = Timeline(
            transport=self._transport,
            ends=(str(called.address), str(caller.address)),
            hosts=(ipx_host(called.address), ipx_host(caller.address)),
            first_ns=mark.at_ns,
            last_ns=mark.at_ns,
            opened=opened,
        )
        connection = Connection(timeline, {caller: B})
        self._ends[caller] = connection
        if opened:
            connection.side_of[called] = A
            self._ends[called] = connection
        self._book.add(self._tap, (self._transport, called.address, caller), timeline)
        return connection


def _order(end: _End) -> tuple[object, ...]:
    address = end.address
    return address.socket, address.network, address.node, end.number


class SpxFlows(_Flows):
    """SPX (facts/ipx.md 1.3, 3.2)."""

    def __init__(self, tap: int, book: Book) -> None:
        super().__init__(tap, book, "spx", Mechanism.SPX_WATCHDOG)

    def packet(self, datagram: IpxDatagram, pdu: Spx, at_ns: int, frame: int) -> None:
        """Take one packet."""
        system = bool(pdu.control & _SYSTEM)
        wanted = bool(pdu.control & _ACK_WANTED)
        ends = pdu.stream in _SPX_ENDS and not system
        sets_up = pdu.is_connection_request
        taken = _Packet(
            source=_End(datagram.source, pdu.source_id),
            destination=_End(datagram.destination, pdu.destination_id),
            sets_up=sets_up,
            probe=pdu.is_watchdog_request,
            data=pdu.sequence if sets_up or (wanted and not system) else None,
            ends=ends,
        )
        self._take(taken, at_ns, frame)

    def _forgotten(self, packet: _Packet, mark: Mark) -> None:
        """The same socket calls the same socket with a new id: likely a new start (3.2)."""
        for end, connection in self._ends.items():
            timeline = connection.timeline
            if end.address != packet.source.address or end == packet.source:
                continue
            peer = next((each for each, side in connection.side_of.items() if side == A), None)
            same = peer is not None and peer.address == packet.destination.address
            if same and connection.side_of[end] == B and timeline.goodbye is None:
                timeline.reborn(B, *mark, certain=False)


class NbipxFlows(_Flows):
    """NetBIOS over IPX (facts/ipx.md 1.9, 3.3)."""

    def __init__(self, tap: int, book: Book) -> None:
        super().__init__(tap, book, "nbipx", Mechanism.NBIPX_KEEPALIVE)

    def packet(self, datagram: IpxDatagram, pdu: NbipxSession, at_ns: int, frame: int) -> None:
        """Take one session packet."""
        system = bool(pdu.control & _SYSTEM)
        wanted = bool(pdu.control & _ACK_WANTED)
        sets_up = pdu.destination_id == CONNECTION_NONE
        taken = _Packet(
            source=_End(datagram.source, pdu.source_id),
            destination=_End(datagram.destination, pdu.destination_id),
            sets_up=sets_up,
            probe=system and wanted and not sets_up,
            data=pdu.send_sequence if wanted and not system else None,
            ends=pdu.kind is NbipxSessionKind.END,
        )
        self._take(taken, at_ns, frame)
