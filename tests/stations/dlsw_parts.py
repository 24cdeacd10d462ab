"""Two LANs, a router with a data link switch at each, a WAN: real NBF stations at both ends."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from emu.machines.dlsw import CISCO, DlswParams
from emu.machines.nbf.params import NbfParams
from emu.pdu.dlsw import SspMessage, SspType
from emu.stations.base import StationSpec
from emu.stations.nbf import NbfClientStation, NbfServerStation
from emu.stations.router.dlsw import DlswSwitch
from emu.units import milliseconds as ms
from emu.units import seconds
from emu.wire.dlsw import SspStream, decode_ssp
from emu.wire.ethernet import decode_ethernet
from emu.wire.ip_tcp import decode_ipv4, decode_tcp
from emu.wire.llc2 import llc2_of_frame

from .nbf_lan import CLIENT, DELAY_NS, SERVER, Surroundings, params, text
from .tcp_parts import LOG_ON, User, mac

WAN_NS = ms(20)
HANG_UP_NS = seconds(120)
NEAR_IP, FAR_IP = b"\x0a\0\x01\x01", b"\x0a\0\x02\x01"


class World:
    """The clock and the queue: frames before timers at one instant."""

    def __init__(self) -> None:
        self.now = 0
        self._queue: list[tuple[int, int, int, Callable[[], None]]] = []
        self._serial = 0

    def push(self, due: int, rank: int, what: Callable[[], None]) -> None:
        assert due >= self.now
        self._serial += 1
        heapq.heappush(self._queue, (due, rank, self._serial, what))

    def run(self, until_ns: int) -> None:
        while self._queue and self._queue[0][0] <= until_ns:
            self.now, _rank, _serial, what = heapq.heappop(self._queue)
            what()
        self.now = until_ns


class Segment:
    """One LAN: stations by their surroundings, and one router that hears everything."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.frames: list[tuple[int, bytes]] = []
        self.stations: dict[Surroundings, Any] = {}
        self.router: Callable[[bytes, int], object] = lambda _frame, _now: None

    @property
    def now(self) -> int:
        return self.world.now

    def push(self, due: int, rank: int, at: Surroundings, timer: Any) -> None:
        def fire() -> None:
            if at.alive:
                timer.fire(self.now)

        self.world.push(due, rank, fire)

    def carry(self, sender: Surroundings | None, octets: bytes) -> None:
        self.frames.append((self.now, octets))
        for other in self.stations:
            if other is not sender and (octets[:6] == other.mac or octets[0] & 1):
                self.world.push(self.now + DELAY_NS, 0, lambda o=other: self._hand(o, octets))
        if sender is not None:
            self.world.push(self.now + DELAY_NS, 0, lambda: self.router(octets, self.now))

    def _hand(self, at: Surroundings, octets: bytes) -> None:
        if at.alive:
            self.stations[at].receive(octets, self.now)

    def add(self, kind: Any, number: int, user: User, made: NbfParams, boot: int = 0) -> Any:
        surroundings = Surroundings(number, self)  # type: ignore[arg-type]
        spec = StationSpec(
            params=made,
            surroundings=surroundings,
            user=user,
            address=number,
            server_address=SERVER,
            boot=boot,
            randomness=Random(f"{number}/{boot}"),
            pinned={},
        )
        self.stations[surroundings] = kind(spec)
        return self.stations[surroundings], surroundings

    def said(self, source: bytes, since_ns: int = 0) -> list[tuple[int, str]]:
        """(when, text) of every frame with this source address, whoever sent it."""
        found = []
        for at, octets in self.frames:
            pdu = llc2_of_frame(decode_ethernet(octets))
            assert pdu is not None
            if octets[6:12] == source and at >= since_ns:
                found.append((at, text(pdu)))
        return found


class Router:
    """A switch's place: its LAN and its end of the WAN."""

    def __init__(
        self, side: Side, segment: Segment, params: DlswParams, ip: bytes, peer_ip: bytes
    ) -> None:
        self._side, self._segment = side, segment
        self.alive = True
        self.switch = DlswSwitch(
            params, self, ip=ip, peer_ip=peer_ip, randomness=Random(f"switch {ip.hex()}")
        )
        segment.router = self.from_lan

    def to_lan(self, frame: bytes) -> None:
        if self.alive:
            self._segment.carry(None, frame)

    def to_wan(self, packet: bytes) -> None:
        if self.alive:
            self._side.carry(self, packet)

    def arm(self, timer: Any, due: int) -> None:
        world = self._segment.world
        world.push(due, 1, lambda: timer.fire(world.now) if self.alive else None)

    def from_lan(self, frame: bytes, now: int) -> object:
        return self.switch.from_lan(frame, now) if self.alive else None

    def from_wan(self, packet: bytes, now: int) -> None:
        if self.alive:
            assert self.switch.from_wan(packet, now)


class Side:
    """The WAN between two routers.  ``cut``: nothing crosses any more.

    ``dial_ns``: how long the first packet behind ``HANG_UP_NS`` of silence waits for a call, and
    all packets that come meanwhile with it.  ``calls``: when one was begun.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.cut = False
        self.packets: list[tuple[int, bytes]] = []
        self.routers: list[Router] = []
        self.dial_ns = 0
        self.calls: list[int] = []
        self._last_ns = -HANG_UP_NS
        self._up_ns = 0

    def carry(self, sender: Router, packet: bytes) -> None:
        self.packets.append((self.world.now, packet))
        if not self.cut:
            (other,) = [router for router in self.routers if router is not sender]
            leaves = self._leaves_ns()
            self.world.push(leaves + WAN_NS, 0, lambda: other.from_wan(packet, self.world.now))

    def _leaves_ns(self) -> int:
        if self.world.now - self._last_ns >= HANG_UP_NS:
            self.calls.append(self.world.now)
            self._up_ns = self.world.now + self.dial_ns
        self._last_ns = leaves = max(self.world.now, self._up_ns)
        return leaves

    def since(self, when_ns: int) -> list[int]:
        """Instants of all packets from then on."""
        return [at for at, _ in self.packets if at >= when_ns]

    def messages(self, since_ns: int = 0) -> list[tuple[int, bool, SspMessage]]:
        """(when, from the near router, message), as a reader of the WAN sees them."""
        streams = {NEAR_IP: SspStream(), FAR_IP: SspStream()}
        found = []
        for at, packet in self.packets:
            ip = decode_ipv4(packet)
            assert len(packet) == ip.total_length, "no padding on a WAN"
            for octets in streams[ip.source].feed(decode_tcp(ip.payload).payload):
                if at >= since_ns:
                    found.append((at, ip.source == NEAR_IP, decode_ssp(octets)))
        return found

    def kinds(self, since_ns: int = 0) -> list[tuple[int, str]]:
        """``> CANUREACH`` from the near router, ``< ICANREACH`` from the far one."""
        return [
            (at, f"{'>' if near else '<'} {message.kind.name}")
            for at, near, message in self.messages(since_ns)
        ]


class Wide:
    """A client behind the near router, a server behind the far one."""

    def __init__(
        self,
        made: NbfParams | None = None,
        *,
        near: DlswParams = CISCO,
        far: DlswParams = CISCO,
        server_user: User | None = None,
    ) -> None:
        self.params = params() if made is None else made
        self.world = World()
        self.near_lan, self.far_lan = Segment(self.world), Segment(self.world)
        self.wan = Side(self.world)
        self.near = Router(self.wan, self.near_lan, near, NEAR_IP, FAR_IP)
        self.far = Router(self.wan, self.far_lan, far, FAR_IP, NEAR_IP)
        self.wan.routers = [self.near, self.far]
        self.server_user = server_user or User()
        self.client_user = User()
        self.server, self.at_server = self.far_lan.add(
            NbfServerStation, SERVER, self.server_user, self.params
        )
        self.client, self.at_client = self.near_lan.add(
            NbfClientStation, CLIENT, self.client_user, self.params
        )

    def run(self, until_ns: int) -> None:
        self.world.run(until_ns)

    def logged_on(self, until_ns: int = ms(5000)) -> Any:
        connection = self.client.connect(LOG_ON, self.world.now)
        self.run(until_ns)
        assert [what for _, what, *_ in self.server_user.told] == ["opened"]
        return connection

    @property
    def server_connection(self) -> Any:
        (port,) = self.server.ports.values()
        (connection,) = port.connections.values()
        return connection

    def power_cut(self) -> None:
        """The client's."""
        self.at_client.alive = False

    def reboot(self) -> None:
        """The client is back at once, with empty tables."""
        self.at_client.alive = False
        del self.near_lan.stations[self.at_client]
        self.client_user = User()
        self.client, self.at_client = self.near_lan.add(
            NbfClientStation, CLIENT, self.client_user, self.params, boot=1
        )

    def last_of_client_ns(self) -> int:
        """When the near switch heard the client last."""
        return max(at for at, _ in self.at_client.sent) + DELAY_NS


class Alone:
    """One switch that keeps what it says."""

    def __init__(self) -> None:
        self.lan: list[bytes] = []
        self.packets: list[bytes] = []
        self.switch = DlswSwitch(
            CISCO, self, ip=NEAR_IP, peer_ip=FAR_IP, randomness=Random("alone")
        )

    def to_lan(self, frame: bytes) -> None:
        self.lan.append(frame)

    def to_wan(self, packet: bytes) -> None:
        self.packets.append(packet)

    def arm(self, timer: object, due: int) -> None:
        pass


def silent(params: DlswParams = CISCO) -> DlswParams:
    """The same without idle polling."""
    return replace(params, idle_polling=False)


CLIENT_MAC, SERVER_MAC = mac(CLIENT), mac(SERVER)
NAMES = frozenset(
    {SspType.NETBIOS_ANQ, SspType.NETBIOS_NQ, SspType.NETBIOS_NR, SspType.NETBIOS_ANR}
)
