"""NCP connections over IPX: requests, replies, watchdog (facts/ipx.md 1.5, 1.6, 3.1).

A server clears a dead station without a word, so the end of such a flow is never on the wire.
A poll carries the low octet of the connection number only; with the station's address that
names a connection.  Clients beyond 255 connections share numbers, never an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from emu.check.book import Book
from emu.check.hosts import ipx_host
from emu.check.timeline import A, B, How, Mark, Mechanism, Timeline
from emu.pdu.ipx import SOCKET_NCP, IpxAddress, IpxDatagram
from emu.pdu.ncp import (
    COMPLETION_OK,
    STATUS_BAD_CONNECTION,
    WATCHDOG_ANSWER,
    WATCHDOG_POLL,
    NcpReply,
    NcpRequest,
    NcpType,
    Watchdog,
)

#: The watchdog talks to the socket behind the client's NCP socket (1.5).
_WATCHDOG_STEP = 1


class _Pair(NamedTuple):
    """``server``: its address with the NCP socket; ``client``: with the client's NCP socket."""

    server: IpxAddress
    client: IpxAddress


@dataclass(slots=True)
class _Connection:
    timeline: Timeline
    #: Of the last request: its sequence, None when it has been replied to.
    waiting: int | None = None
    #: Whether anything followed the attaching.
    used: bool = True


class NcpFlows:
    """The NCP connections that one tap sees."""

    def __init__(self, tap: int, book: Book) -> None:
        self._tap, self._book = tap, book
        self._open: dict[tuple[_Pair, int], _Connection] = {}
        self._numbers: dict[_Pair, dict[int, None]] = {}
        self._creating: dict[_Pair, Mark] = {}

    def packet(
        self,
        datagram: IpxDatagram,
        pdu: NcpRequest | NcpReply | Watchdog,
        at_ns: int,
        frame: int,
    ) -> None:
        """Take one packet."""
        source, destination = datagram.source, datagram.destination
        mark = Mark(at_ns, frame)
        match pdu:
            case NcpRequest(kind=NcpType.CREATE):
                self._create(_pair(destination, source), mark)
            case NcpRequest():
                self._request(_pair(destination, source), pdu, mark)
            case NcpReply():
                self._reply(_pair(source, destination), pdu, mark)
            case Watchdog(mark=code) if code == WATCHDOG_POLL:
                pair = _pair(source, destination, step=_WATCHDOG_STEP)
                self._poll(self._connection(pair, pdu.connection_low, mark), mark)
            case Watchdog(mark=code) if code == WATCHDOG_ANSWER:
                pair = _pair(destination, source, step=_WATCHDOG_STEP)
                self._heard(self._connection(pair, pdu.connection_low, mark), B, mark)
            case _:
                pass  # '!' and '@' announce something and want no answer (1.5)

    def _create(self, pair: _Pair, mark: Mark) -> None:
        """A station that attaches again has lost what it had (3.1, 4).

        Not so if it had nothing yet: a line that was being dialled brings all its tries at once.
        """
        if pair in self._creating:
            return
        self._creating[pair] = mark
        for number in self._numbers.get(pair, ()):
            connection = self._open[pair, number]
            timeline = connection.timeline
            if connection.used and timeline.goodbye is None and timeline.end is None:
                timeline.reborn(B, *mark, certain=True)

    def _request(self, pair: _Pair, request: NcpRequest, mark: Mark) -> None:
        connection = self._connection(pair, request.connection & 0xFF, mark)
        connection.used = True
        timeline = connection.timeline
        self._heard(connection, B, mark, obliges=True)
        if connection.waiting == request.sequence:
            timeline.ask(B, Mechanism.NONE, *mark)
            self._book.asked(self._tap, timeline, B)
        connection.waiting = request.sequence
        if request.kind is NcpType.DESTROY:
            timeline.say_goodbye(B, *mark, How.END_FRAME)

    def _reply(self, pair: _Pair, reply: NcpReply, mark: Mark) -> None:
        number = reply.connection & 0xFF
        created = self._creating.pop(pair, None)
        if created is not None:
            if reply.completion == COMPLETION_OK:
                self._attached(pair, number, created, mark)
            return
        connection = self._connection(pair, number, mark)
        connection.waiting = None
        timeline = connection.timeline
        if reply.status & STATUS_BAD_CONNECTION and timeline.end is None:
            # The server has forgotten it, the client had not noticed (1.6).
            timeline.count(mark.at_ns)
            timeline.answer(A)
            timeline.finish(A, *mark, How.END_FRAME)
            timeline.again = mark
            return
        self._heard(connection, A, mark)

    def _attached(self, pair: _Pair, number: int, created: Mark, mark: Mark) -> None:
        """The slot of the old connection is used again: that ends it (3.1, 4)."""
        old = self._open.get((pair, number))
        if old is not None and old.timeline.goodbye is None and old.used:
            old.timeline.finish(B, *created, How.END_FRAME)
        if old is not None and not old.used:
            connection = old
        else:
            connection = self._add(pair, number, created)
            connection.used = False
        self._heard(connection, B, created)
        self._heard(connection, A, mark)

    def _poll(self, connection: _Connection, mark: Mark) -> None:
        connection.used = True
        timeline = connection.timeline
        heard = timeline.heard[B]
        timeline.hear(A, *mark)
        timeline.answer(A)
        if heard is not None and not timeline.asks[A].count:
            timeline.idled(mark.at_ns - heard.at_ns)
        timeline.ask(A, Mechanism.NCP_WATCHDOG, *mark)
        self._book.asked(self._tap, timeline, A)

    def _heard(
        self, connection: _Connection, side: int, mark: Mark, *, obliges: bool = False
    ) -> None:
        """``obliges``: the packet wants an answer, as a request does and a reply does not."""
        timeline = connection.timeline
        if timeline.end is not None:
            timeline.after_end(side, *mark)
            return
        timeline.hear(side, *mark)
        timeline.answer(side)
        if not obliges:
            timeline.sent[side] = None

    def _connection(self, pair: _Pair, number: int, mark: Mark) -> _Connection:
        """The connection of that number; one that began before the file is taken as it is."""
        return self._open.get((pair, number)) or self._add(pair, number, mark)

    def _add(self, pair: _Pair, number: int, mark: Mark) -> _Connection:
        timeline = Timeline(
            transport="ncp",
            ends=(str(pair.server), str(pair.client)),
            hosts=(ipx_host(pair.server), ipx_host(pair.client)),
            first_ns=mark.at_ns,
            last_ns=mark.at_ns,
        )
        connection = self._open[pair, number] = _Connection(timeline)
        self._numbers.setdefault(pair, {})[number] = None
        self._book.add(self._tap, (pair, number), timeline)
        return connection


def _pair(server: IpxAddress, client: IpxAddress, *, step: int = 0) -> _Pair:
    return _Pair(
        IpxAddress(network=server.network, node=server.node, socket=SOCKET_NCP),
        IpxAddress(
            network=client.network, node=client.node, socket=(client.socket - step) & 0xFFFF
        ),
    )
