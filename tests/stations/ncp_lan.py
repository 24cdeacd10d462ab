"""Both ends of NCP joined by octets in memory: a heap of instants, no Trio, no real link.

A stand-in for ``emu.net`` that knows nothing of it: frames take a fixed time, and come before
timers at one instant.  ``lose`` says which frames get lost.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from emu.machines.base import Note
from emu.machines.ncp import NcpParams
from emu.pdu.ipx import IpxDatagram
from emu.pdu.terminal import Keystroke, LogOn, Message, Refused, Screen, Welcome
from emu.stations.base import StationSpec, Timer
from emu.stations.ncp import NcpClientStation, NcpServerStation
from emu.units import milliseconds as ms
from emu.wire.ethernet import decode_ethernet
from emu.wire.ipx import encode_ipx, ipx_of_frame

#: One way, frame included.
LATENCY = ms(1) // 10
#: The addresses of the golden vectors, facts/ipx.md 1.13: server DEADBEEF (EF is its number).
SERVER_MAC = bytes.fromhex("00a0c9445566")
CLIENT_MAC = bytes.fromhex("00a0c9112233")
SERVER_NUMBER = 0xEF


@dataclass
class Frame:
    """A frame on the wire.  ``number`` from 1; ``lost``: nobody received it."""

    number: int
    at: int
    octets: bytes
    lost: bool

    @property
    def datagram(self) -> IpxDatagram:
        datagram = ipx_of_frame(decode_ethernet(self.octets))
        assert datagram is not None
        return datagram

    @property
    def ipx(self) -> str:
        """The IPX datagram in hexadecimal."""
        return encode_ipx(self.datagram).hex()


class Lan:
    def __init__(self, *, lose: Callable[[Frame], bool] = lambda _frame: False) -> None:
        self.now = 0
        self.frames: list[Frame] = []
        self.boxes: list[Box] = []
        self.armed = 0
        self._lose = lose
        self._heap: list[tuple[int, int, int, Callable[[], None]]] = []
        self._serial = 0

    def schedule(self, due: int, rank: int, call: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (max(due, self.now), rank, self._serial, call))

    def carry(self, by: Box, octets: bytes) -> int:
        frame = Frame(len(self.frames) + 1, self.now, octets, lost=False)
        self.frames.append(frame)
        frame.lost = self._lose(frame)
        if not frame.lost:
            for box in self.boxes:
                if box is not by:
                    due = self.now + LATENCY
                    self.schedule(due, 0, lambda box=box: box.receive(frame))
        return frame.number

    def run(self, until: int) -> None:
        while self._heap and self._heap[0][0] <= until:
            self.now, _rank, _serial, call = heapq.heappop(self._heap)
            call()
        self.now = until

    def since(self, number: int) -> list[Frame]:
        """The frames behind frame ``number``."""
        return self.frames[number:]


@dataclass
class Box:
    """A host: Surroundings for one station; what the station noted; and its power."""

    lan: Lan
    mac: bytes
    station: Any = None
    power: bool = True
    notes: list[tuple[int, Note, int, int]] = field(default_factory=list)
    _arriving: int = 0

    def __post_init__(self) -> None:
        self.lan.boxes.append(self)

    def transmit(self, octets: bytes) -> int:
        return self.lan.carry(self, octets) if self.power else 0

    def arm(self, timer: Timer, due: int) -> None:
        self.lan.armed += 1
        self.lan.schedule(due, 1, lambda: self._fire(timer))

    def note(self, note: Note, connection: int, frame: int) -> None:
        self.notes.append((self.lan.now, note, connection, frame))

    def arriving(self) -> int:
        return self._arriving

    def receive(self, frame: Frame) -> None:
        to, claim = frame.octets[:6], frame.octets[12:14]
        if claim < b"\x06\x00":
            claim = frame.octets[14:16]
        if self.power and (to == self.mac or to[0] & 1) and claim in self.station.claims:
            self._arriving = frame.number
            self.station.receive(frame.octets, self.lan.now)
            self._arriving = 0

    def _fire(self, timer: Timer) -> None:
        if self.power:
            timer.fire(self.lan.now)


class Log:
    """What a station told the layer above: (instant, what, connection serial, detail)."""

    def __init__(self, lan: Lan) -> None:
        self.lan = lan
        self.said: list[tuple[int, str, int, object]] = []

    def _say(self, now: int, what: str, connection: Any, detail: object = None) -> None:
        assert now == self.lan.now
        self.said.append((now, what, connection.serial, detail))

    def opened(self, connection: Any, now: int) -> None:
        self._say(now, "opened", connection)

    def message(self, connection: Any, message: Message, now: int) -> None:
        self._say(now, "message", connection, message)

    def lost(self, connection: Any, cause: str, now: int) -> None:
        self._say(now, "lost", connection, cause)

    def ended(self, connection: Any, cause: str, now: int) -> None:
        self._say(now, "ended", connection, cause)

    def what(self) -> list[tuple[str, int, object]]:
        """Without the instants."""
        return [(what, serial, detail) for _now, what, serial, detail in self.said]


class Program(Log):
    """A client's program that only listens."""


class Table(Log):
    """A server's session table: lets everybody in who is not called "nobody", and answers."""

    def __init__(self, lan: Lan, *, answers: bool = True) -> None:
        super().__init__(lan)
        self.answers = answers
        self.connections: dict[int, Any] = {}

    def opened(self, connection: Any, now: int) -> None:
        self.connections[connection.serial] = connection
        super().opened(connection, now)

    def message(self, connection: Any, message: Message, now: int) -> None:
        super().message(connection, message, now)
        if not self.answers:
            return
        match message:
            case LogOn(user="nobody"):
                connection.send(Refused(why="who?"), now)
            case LogOn():
                connection.send(Welcome(session=1, how="new"), now)
            case Keystroke(text=text):
                connection.send(Screen(text=text), now)
            case _:
                pass


class World:
    """One server and one client machine that can boot many times."""

    def __init__(
        self,
        made: NcpParams,
        *,
        lose: Callable[[Frame], bool] = lambda _frame: False,
        answers: bool = True,
    ) -> None:
        self.made = made
        self.lan = Lan(lose=lose)
        self.table = Table(self.lan, answers=answers)
        self.server_box = Box(self.lan, SERVER_MAC)
        self.server = NcpServerStation(self._spec(self.server_box, self.table, boot=0))
        self.server_box.station = self.server
        self.boots = 0
        self.boot()

    def boot(self, mac: bytes = CLIENT_MAC) -> None:
        """Power for the client machine: a new box, a new station, a new program."""
        self.client_box = Box(self.lan, mac)
        self.program = Program(self.lan)
        self.client = NcpClientStation(self._spec(self.client_box, self.program, boot=self.boots))
        self.client_box.station = self.client
        self.boots += 1

    def power_off(self) -> None:
        self.client_box.power = False

    def log_on(self, user: str = "ann") -> Any:
        """Connect and let the log-on come through; the client's connection."""
        connection = self.client.connect(LogOn(user=user, client="WS1"), self.lan.now)
        self.lan.run(self.lan.now + ms(5))
        return connection

    def _spec(self, box: Box, user: Log, *, boot: int) -> StationSpec:
        return StationSpec(
            params=self.made,
            surroundings=box,
            user=user,
            address=SERVER_NUMBER if box.mac == SERVER_MAC else 1,
            server_address=SERVER_NUMBER,
            boot=boot,
            randomness=Random(0),
            pinned={},
        )
