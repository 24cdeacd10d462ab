"""Stations without a world: a surroundings that keeps what it is given, and a wire of a list."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from emu.machines.base import Note
from emu.machines.tcp.params import TcpParams
from emu.pdu.ip_tcp import Segment
from emu.pdu.terminal import LogOn, Message
from emu.stations.base import StationSpec
from emu.stations.tcp import TcpClientStation, TcpServerStation, TcpStation
from emu.units import milliseconds as ms
from emu.wire.arp import decode_arp
from emu.wire.ethernet import decode_ethernet
from emu.wire.ip_tcp import decode_tcp_frame

from ..machines.tcp_parts import NT4

SERVER, CLIENT = 1, 2
DELAY_NS = ms(1)
LOG_ON = LogOn(user="ann", client="ws1")


def mac(number: int) -> bytes:
    return b"\x02\x00\x00\x00\x00" + bytes((number,))


class User:
    """What stands above: keeps what it is told; ``answers`` says something back at once."""

    def __init__(self, answers: Mapping[str, Callable[[Any, int], None]] | None = None) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.messages: list[Message] = []
        self._answers = answers or {}

    def opened(self, connection: Any, now: int) -> None:
        self._tell("opened", connection, now)

    def message(self, connection: Any, message: Message, now: int) -> None:
        self.messages.append(message)
        self._answers.get("message", lambda _connection, _now: None)(connection, now)

    def lost(self, connection: Any, cause: str, now: int) -> None:
        self._tell("lost", connection, now, cause)

    def ended(self, connection: Any, cause: str, now: int) -> None:
        self._tell("ended", connection, now, cause)

    def _tell(self, what: str, connection: Any, now: int, *more: str) -> None:
        self.told.append((now, what, *more))
        self._answers.get(what, lambda _connection, _now: None)(connection, now)


class Surroundings:
    """A host's place for one station: frames out, timers, notes."""

    def __init__(self, number: int, wire: Wire) -> None:
        self.mac = mac(number)
        self.sent: list[tuple[int, bytes]] = []
        self.notes: list[tuple[int, str]] = []
        self.alive = True
        self._wire = wire

    def transmit(self, octets: bytes) -> int:
        self.sent.append((self._wire.now, octets))
        self._wire.carry(self, octets)
        return len(self.sent)

    def arm(self, timer: Any, due: int) -> None:
        self._wire.push(due, 1, self, timer)

    def note(self, note: Note, connection: int, frame: int) -> None:
        self.notes.append((self._wire.now, note.kind))

    def arriving(self) -> int:
        return 0

    # For tests.
    def arps(self) -> list[tuple[int, int, bytes]]:
        """(when, operation, target address) of every ARP frame sent."""
        made = []
        for when, octets in self.sent:
            if octets[12:14] == b"\x08\x06":
                arp = decode_arp(decode_ethernet(octets).body)
                made.append((when, arp.operation, arp.target_ip))
        return made

    def segments(self) -> list[tuple[int, Segment]]:
        """(when, segment) of every TCP frame sent."""
        return [
            (when, decode_tcp_frame(octets)[1])
            for when, octets in self.sent
            if octets[12:14] == b"\x08\x00"
        ]


class Wire:
    """Carries every frame to every other living surroundings it is addressed to, 1 ms later."""

    def __init__(self) -> None:
        self.now = 0
        self.stations: dict[Surroundings, TcpStation] = {}
        self.cut = False
        self._queue: list[tuple[int, int, int, Surroundings, Any]] = []
        self._serial = 0

    def push(self, due: int, rank: int, at: Surroundings, what: Any) -> None:
        self._serial += 1
        heapq.heappush(self._queue, (due, rank, self._serial, at, what))

    def carry(self, sender: Surroundings, octets: bytes) -> None:
        for other in self.stations:
            addressed = octets[:6] == other.mac or octets[0] & 1
            if other is not sender and addressed and not self.cut:
                self.push(self.now + DELAY_NS, 0, other, octets)

    def run(self, until_ns: int) -> None:
        while self._queue and self._queue[0][0] <= until_ns:
            self.now, rank, _serial, at, what = heapq.heappop(self._queue)
            if not at.alive:
                continue
            if rank == 0:
                self.stations[at].receive(what, self.now)
            else:
                what.fire(self.now)
        self.now = until_ns

    def station(
        self,
        kind: type[TcpStation],
        number: int,
        user: User,
        *,
        params: TcpParams = NT4,
        boot: int = 0,
        seed: int = 0,
        pinned: Mapping[str, int] | None = None,
    ) -> tuple[Any, Surroundings]:
        surroundings = Surroundings(number, self)
        station = kind(
            StationSpec(
                params=params,
                surroundings=surroundings,
                user=user,
                address=number,
                server_address=SERVER,
                boot=boot,
                randomness=Random(f"{seed}/{number}/{boot}"),
                pinned=pinned or {},
            )
        )
        self.stations[surroundings] = station
        return station, surroundings


class Pair:
    """One server, one client, one wire."""

    def __init__(self, params: TcpParams = NT4, *, server_user: User | None = None) -> None:
        self.wire = Wire()
        self.server_user = server_user or User()
        self.client_user = User()
        self.server, self.at_server = self.wire.station(
            TcpServerStation, SERVER, self.server_user, params=params
        )
        self.client, self.at_client = self.wire.station(
            TcpClientStation, CLIENT, self.client_user, params=params
        )

    def connected(self) -> Any:
        connection = self.client.connect(LOG_ON, self.wire.now)
        self.wire.run(ms(500))
        return connection

    @property
    def server_connection(self) -> Any:
        (connection,) = self.server.connections.values()
        return connection
