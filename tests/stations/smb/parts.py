"""Both ends of SMB on circuits that are two lists in memory, and a clock of virtual time."""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from random import Random

from emu.machines.base import (
    NOTHING,
    Asked,
    Deliver,
    Effect,
    Effects,
    Note,
    Received,
    Stimulus,
    Transmit,
)
from emu.machines.redirector.requests import CircuitUp, Dial, Exchange, Reply
from emu.machines.smb.calls import Standing
from emu.machines.smb_server import NT4_SERVER, ServerParams, ShareSetting, SmbServer
from emu.machines.smb_server.events import Began, Ceased, Dropped
from emu.pdu.smb.message import Smb
from emu.stations.base import Timer
from emu.stations.smb.client import ServerEnd, SmbClient
from emu.stations.smb.proofs import Account
from emu.stations.smb.server import SmbService
from emu.wire.smb.message import decode_smb

USERS = {
    "Ann": Account(password="a-secret"),
    "bob": Account(password="b-secret"),
    "root": Account(password="r-secret", standing=Standing.ADMINISTRATOR),
    "guest": Account(password="", standing=Standing.GUEST),
}
PASSWORDS = {"ann": "a-secret", "bob": "b-secret", "root": "r-secret", "guest": ""}
BIG = bytes(range(250)) * 50
SHARES = (
    ShareSetting(
        name="D", files={"A.TXT": b"hello", "B.TXT": b"beta", "BIG": bytes(range(250)) * 50}
    ),
    ShareSetting(name="IPC$", is_ipc=True, files={"SRVSVC": b""}),
)
CHALLENGE = Random(7).randbytes(8)


def proofs(account: str, password: str, challenge: bytes = CHALLENGE) -> tuple[bytes, bytes]:
    """As ``emu.stations.smb.proofs`` describes them, written anew."""
    name, key = account.upper().encode("utf-16-le"), password.encode("utf-16-le")
    lm, nt = (hmac.new(key, kind + challenge + name, "sha256").digest() for kind in (b"LM", b"NT"))
    return lm[:24], nt[:24]


class Clock:
    """A host's timers.  Nothing sleeps: ``run`` fires what is due until an instant."""

    def __init__(self) -> None:
        self.now = 0
        self._heap: list[tuple[int, int, Timer]] = []
        self._order = count()

    def arm(self, timer: Timer, due: int) -> None:
        heappush(self._heap, (due, next(self._order), timer))

    def run(self, until: int) -> None:
        while self._heap and self._heap[0][0] <= until:
            self.now, _, timer = heappop(self._heap)
            timer.fire(self.now)
        self.now = until


@dataclass(slots=True, kw_only=True, eq=False)
class Wire:
    """One end of a circuit.  ``sent``: everything, as octets; ``ending``: how it was ended."""

    serial: int
    caller: str = "WS1"
    address: str = "10.0.0.1"
    sent: list[bytes] = field(default_factory=list[bytes])
    ending: list[str] = field(default_factory=list[str])

    def send(self, message: bytes, now: int, /) -> None:
        assert isinstance(message, bytes)
        self.sent.append(message)

    def close(self, now: int, /) -> None:
        self.ending.append(f"closed at {now}")

    def abort(self, now: int, /) -> None:
        self.ending.append(f"aborted at {now}")

    def take(self) -> list[Smb]:
        """What was sent since the last look."""
        found = [decode_smb(octets) for octets in self.sent]
        self.sent.clear()
        return found


@dataclass(slots=True, kw_only=True, eq=False)
class ShortWire(Wire):
    """A carrier of short messages."""

    message_max: int


@dataclass
class Heard:
    """A server's observer."""

    began_: list[Began] = field(default_factory=list[Began])
    ceased_: list[Ceased] = field(default_factory=list[Ceased])
    dropped_: list[Dropped] = field(default_factory=list[Dropped])
    notes: list[Note] = field(default_factory=list[Note])
    answers: list[tuple[int, object, object]] = field(
        default_factory=list[tuple[int, object, object]]
    )

    def began(self, began: Began, now: int, /) -> None:
        self.began_.append(began)

    def ceased(self, ceased: Ceased, now: int, /) -> None:
        self.ceased_.append(ceased)

    def dropped(self, dropped: Dropped, now: int, /) -> None:
        self.dropped_.append(dropped)

    def noted(self, note: Note, now: int, /) -> None:
        self.notes.append(note)

    def answered(self, connection: int, request: object, result: object, now: int, /) -> None:
        self.answers.append((connection, request, result))


class FixedChallenge(Random):
    """Every circuit has the same challenge, so that proofs can be written by hand."""

    def randbytes(self, n: int) -> bytes:
        return CHALLENGE[:n]


class ServerLab:
    """A service, its clock and its circuits."""

    def __init__(self, params: ServerParams = NT4_SERVER) -> None:
        self.clock = Clock()
        self.heard = Heard()
        self.machine = SmbServer(params, SHARES)
        self.service = SmbService(
            self.machine,
            self.clock,
            users=USERS,
            randomness=FixedChallenge(),
            observer=self.heard,
        )
        self.user = self.service.over("nbt")

    def circuit(self, serial: int = 1, wire: Wire | None = None) -> Wire:
        wire = Wire(serial=serial) if wire is None else wire
        self.user.opened(wire, self.clock.now)
        return wire

    def says(self, wire: Wire, octets: bytes) -> list[Smb]:
        """A client's message, and what the server answers at once."""
        self.user.message(wire, octets, self.clock.now)
        return wire.take()

    def raw(self, wire: Wire, octets: bytes) -> list[bytes]:
        self.user.message(wire, octets, self.clock.now)
        found = list(wire.sent)
        wire.sent.clear()
        return found


@dataclass(frozen=True)
class Say:
    """A request that makes the fake machine say something."""

    effects: tuple[Effect, ...]


class FakeRedirector:
    """Says what it is told to say, and writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.wake: int | None = None

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        match stimulus:
            case Asked(Say(effects)):
                return effects
            case Asked(value) | Received(value):
                self.heard.append(value)
            case _:
                self.heard.append(("expired", now))
                self.wake = None
        return NOTHING

    def due(self) -> int | None:
        return self.wake

    def timers(self) -> dict[str, int]:
        return {}

    def take(self) -> list[object]:
        found, self.heard = self.heard, []
        return found


@dataclass
class Programs:
    """A client's observer."""

    told: list[object] = field(default_factory=list[object])
    notes: list[Note] = field(default_factory=list[Note])

    def delivered(self, value: object, now: int, /) -> None:
        self.told.append(value)

    def noted(self, note: Note, now: int, /) -> None:
        self.notes.append(note)


class Pipe:
    """Circuits between a client and a server, octets only; both ends are told in turn.

    ``talk``: every message, True from the client.
    """

    def __init__(self, lab: ServerLab, end: ServerEnd, *, message_max: int | None = None) -> None:
        self._lab, self._end = lab, end
        self._serials = count(1)
        self._message_max = message_max
        self.live: tuple[Wire, Wire] | None = None
        self.talk: list[tuple[bool, bytes]] = []
        self.calls: deque[tuple[Wire, Wire]] = deque()

    def connect(self, message: None, now: int, /) -> Wire:
        serial = next(self._serials)
        near, far = self._wire(serial), self._wire(serial)
        self.calls.append((near, far))
        return near

    def _wire(self, serial: int) -> Wire:
        if self._message_max is None:
            return Wire(serial=serial)
        return ShortWire(serial=serial, message_max=self._message_max)

    def settle(self) -> None:
        """Carry everything until nobody has anything to say."""
        while self.calls or any(wire.sent for wire in self.live or ()):
            self._connect_all()
            for up, octets in self._parcels():
                self.talk.append((up, octets))
                assert self.live is not None
                near, far = self.live
                if up:
                    self._lab.user.message(far, octets, self._lab.clock.now)
                else:
                    self._end.message(near, octets, self._lab.clock.now)

    def _connect_all(self) -> None:
        while self.calls:
            self.live = self.calls.popleft()
            self._lab.user.opened(self.live[1], self._lab.clock.now)
            self._end.opened(self.live[0], self._lab.clock.now)

    def _parcels(self) -> Iterator[tuple[bool, bytes]]:
        if self.live is None:
            return
        near, far = self.live
        for up, wire in ((True, near), (False, far)):
            while wire.sent:
                yield up, wire.sent.pop(0)


class BothLab:
    """A scripted redirector, and the real server machine, joined."""

    def __init__(
        self, params: ServerParams = NT4_SERVER, *, message_max: int | None = None
    ) -> None:
        self.server = ServerLab(params)
        self.machine = FakeRedirector()
        self.programs = Programs()
        self.client = SmbClient(
            self.machine, self.server.clock, passwords=PASSWORDS, observer=self.programs
        )
        self.end = self.client.towards("SERVER")
        self.pipe = Pipe(self.server, self.end, message_max=message_max)
        self.end.attach(self.pipe)
        self._tags = count(1)

    def dial(self) -> None:

        self.client.ask(Say((Deliver(Dial(server="SERVER")),)), self.server.clock.now)
        self.pipe.settle()
        (up,) = self.machine.take()
        assert isinstance(up, CircuitUp) and up.server == "SERVER"

    def exchange(self, *requests: object, uid: int = 0, tid: int = 0xFFFF) -> Reply:
        """One exchange and its only reply, which bears its tag."""
        tag = self.begin(*requests, uid=uid, tid=tid)
        (reply,) = self.machine.take()
        assert isinstance(reply, Reply)
        assert (reply.server, reply.tag) == ("SERVER", tag)
        return reply

    def begin(self, *requests: object, uid: int = 0, tid: int = 0xFFFF) -> int:

        tag = next(self._tags)
        exchange = Exchange(server="SERVER", tag=tag, uid=uid, tid=tid, requests=requests)
        self.client.ask(Say((Transmit(exchange),)), self.server.clock.now)
        self.pipe.settle()
        return tag


def limited_to(params: ServerParams, users: int) -> ServerParams:
    return replace(params, users_max=users)
