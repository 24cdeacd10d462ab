"""NBF stations without a world: one wire, a server, clients, and what a reader sees of it."""

from __future__ import annotations

import heapq
from dataclasses import replace
from random import Random
from typing import Any

from emu.machines.base import Note
from emu.machines.nbf.params import NbfParams
from emu.pdu.llc2 import Information, Llc2Pdu, Supervisory, Unnumbered, UnnumberedKind
from emu.policy.loader import load_policy
from emu.stations.base import StationSpec
from emu.stations.nbf import NbfClientStation, NbfServerStation
from emu.stations.nbf.station import NbfStation
from emu.transports.nbf import NBF
from emu.units import milliseconds as ms
from emu.wire.ethernet import decode_ethernet
from emu.wire.llc2 import llc2_of_frame
from emu.wire.nbf import decode_nbf

from .tcp_parts import LOG_ON, User, mac

SERVER, CLIENT = 1, 2
DELAY_NS = ms(1)
POLICIES = ("nbf-nt4", "nbf-lan-manager", "nbf-win9x", "nbf-ibm", "nbf-802.2")


def params(policy: str = "nbf-nt4", **link: Any) -> NbfParams:
    """A shipped policy's numbers, with some of the link's changed."""
    loaded = load_policy(policy)
    made: NbfParams = NBF.make_params(loaded.stack, loaded.values)
    return replace(made, link=replace(made.link, **link)) if link else made


def text(pdu: Llc2Pdu) -> str:
    """``I 0 0 P SESSION_INITIALIZE 1->2``, ``RR 1 F``, ``SABME P``, ``UI NAME_QUERY``."""
    match pdu:
        case Information():
            frame: Any = decode_nbf(pdu.data)
            poll = " P" if pdu.poll else ""
            numbers = f"{frame.source}->{frame.destination}"
            return f"I {pdu.ns} {pdu.nr}{poll} {frame.kind.name} {numbers}"
        case Supervisory():
            bit = (" F" if pdu.response else " P") if pdu.poll_final else ""
            return f"{pdu.kind.name} {pdu.nr}{bit}"
        case Unnumbered() if pdu.kind is UnnumberedKind.UI:
            return f"UI {decode_nbf(pdu.info).kind.name}"
        case Unnumbered():
            bit = (" F" if pdu.response else " P") if pdu.poll_final else ""
            return f"{pdu.kind.name}{bit}"


class Surroundings:
    """A host's place for one station."""

    def __init__(self, number: int, lan: Lan) -> None:
        self.number = number
        self.mac = mac(number)
        self.sent: list[tuple[int, bytes]] = []
        self.notes: list[tuple[int, str, dict[str, Any]]] = []
        self.alive = True
        self._lan = lan

    def transmit(self, octets: bytes) -> int:
        if not self.alive:
            return 0
        self.sent.append((self._lan.now, octets))
        self._lan.carry(self, octets)
        return len(self._lan.frames)

    def arm(self, timer: Any, due: int) -> None:
        self._lan.push(due, 1, self, timer)

    def note(self, note: Note, connection: int, frame: int) -> None:
        self.notes.append((self._lan.now, note.kind, {**note.facts, "connection": connection}))

    def arriving(self) -> int:
        return 0

    def noted(self, kind: str) -> list[int]:
        return [at for at, what, _ in self.notes if what == kind]

    def said(self, since_ns: int = 0) -> list[tuple[int, str]]:
        """(when, text) of every frame it sent."""
        found = []
        for at, octets in self.sent:
            pdu = llc2_of_frame(decode_ethernet(octets))
            assert pdu is not None
            if at >= since_ns:
                found.append((at, text(pdu)))
        return found


class Lan:
    """Carries every frame to whom it is addressed, 1 ms later."""

    def __init__(self) -> None:
        self.now = 0
        self.cut = False
        self.frames: list[tuple[int, bytes]] = []
        self.stations: dict[Surroundings, NbfStation] = {}
        self._queue: list[tuple[int, int, int, Surroundings, Any]] = []
        self._serial = 0

    def push(self, due: int, rank: int, at: Surroundings, what: Any) -> None:
        assert due >= self.now
        self._serial += 1
        heapq.heappush(self._queue, (due, rank, self._serial, at, what))

    def carry(self, sender: Surroundings, octets: bytes) -> None:
        self.frames.append((self.now, octets))
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
        self, kind: type[NbfStation], number: int, user: User, made: NbfParams, *, boot: int = 0
    ) -> tuple[Any, Surroundings]:
        surroundings = Surroundings(number, self)
        station = kind(
            StationSpec(
                params=made,
                surroundings=surroundings,
                user=user,
                address=number,
                server_address=SERVER,
                boot=boot,
                randomness=Random(f"{number}/{boot}"),
                pinned={},
            )
        )
        self.stations[surroundings] = station
        return station, surroundings


class Office:
    """One server, one client."""

    def __init__(self, made: NbfParams | None = None, *, server_user: User | None = None) -> None:
        self.params = params() if made is None else made
        self.lan = Lan()
        self.server_user = server_user or User()
        self.client_user = User()
        self.server, self.at_server = self.lan.station(
            NbfServerStation, SERVER, self.server_user, self.params
        )
        self.client, self.at_client = self.lan.station(
            NbfClientStation, CLIENT, self.client_user, self.params
        )

    def logged_on(self, until_ns: int = ms(2500)) -> Any:
        """A connection of the client's; claimed, called, linked, opened."""
        connection = self.client.connect(LOG_ON, self.lan.now)
        self.lan.run(until_ns)
        return connection

    @property
    def port(self) -> Any:
        (port,) = self.server.ports.values()
        return port

    @property
    def server_connection(self) -> Any:
        (connection,) = self.port.connections.values()
        return connection

    def reboot(self) -> Surroundings:
        """The client's power fails and is back at once, with empty tables."""
        self.at_client.alive = False
        del self.lan.stations[self.at_client]
        self.client_user = User()
        self.client, self.at_client = self.lan.station(
            NbfClientStation, CLIENT, self.client_user, self.params, boot=1
        )
        return self.at_client
