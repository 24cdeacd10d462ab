"""The idle-keepalive farm: N TCP sessions, a probe every 75 s, each answered.

Every contestant runs the same machines and codecs: octets and both checksums are made and
verified.  ``World*`` are the product's own; the others are what it is measured against.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from time import process_time
from typing import Any

import simpy
import trio
import trio.testing

from emu.capture.recording import LINKTYPE_ETHERNET, Interface, Recording
from emu.machines.base import EXPIRED, Asked, Effects, Note, Received, Transmit
from emu.machines.tcp.control import Connect
from emu.machines.tcp.machine import Tcp
from emu.machines.tcp.params import TcpParams
from emu.net.host import Boot, Host
from emu.net.link import Lan, Nic
from emu.net.timeline import PROGRAM, Timeline
from emu.pdu.terminal import LogOn, Message
from emu.stations.base import Connection, StationSpec
from emu.stations.tcp import TcpClientStation, TcpServerStation
from emu.units import milliseconds, seconds
from emu.wire.ip_tcp import TcpFlow, decode_tcp_frame

IDLE_NS = seconds(75)
#: Everybody is connected and has been probed once by then.
WARM_NS = 3 * IDLE_NS
SESSIONS_PER_HOST = 100

PARAMS = TcpParams(
    keepalive=True,
    keepalive_idle_ns=IDLE_NS,
    keepalive_interval_ns=seconds(1),
    retransmissions=5,
    first_probe_counts=True,
    first_rto_ns=milliseconds(500),
    syn_rto_ns=seconds(3),
    syn_retransmissions=3,
    ack_delay_ns=milliseconds(200),
    window=8_760,
    mss=1_460,
    time_wait_ns=seconds(240),
    reset_on_probe_give_up=True,
    reset_on_data_give_up=True,
    arp_lifetime_ns=None,
)


class Nobody:
    """A user who takes everything and says nothing."""

    def opened(self, connection: Connection, now: int, /) -> None: ...

    def message(self, connection: Connection, message: Message, now: int, /) -> None: ...

    def lost(self, connection: Connection, cause: str, now: int, /) -> None:
        raise AssertionError(f"a healthy session was lost: {cause}")

    def ended(self, connection: Connection, cause: str, now: int, /) -> None: ...


def mac(number: int) -> bytes:
    return b"\x02\x00\x00" + number.to_bytes(3, "big")


class WorldFarm:
    """The whole world: hosts, NICs, links, tap; no programs once everybody is connected."""

    def __init__(self, sessions: int, *, recording: Recording | None) -> None:
        self.timeline = Timeline()
        interface = 0
        if recording is not None:
            interface = recording.add_interface(
                Interface(name="server-lan", link_type=LINKTYPE_ETHERNET)
            )
        self.link = Lan(
            "server-lan",
            self.timeline,
            bits_per_second=1_000_000_000,
            propagation_ns=25_000_000,
            loss=0.0,
            dice=Random("farm"),
            recording=recording,
            interface=interface,
        )
        self.probes = 0
        self.answers = 0
        self._host("server", 1, TcpServerStation)
        self.link.tap(self.link.nics[mac(1)])
        hosts = max(1, sessions // SESSIONS_PER_HOST)
        phases = Random("phases")
        for number in range(hosts):
            station = self._host(f"client{number}", 11 + number, TcpClientStation)
            for _ in range(sessions // hosts):
                self.timeline.at(phases.randrange(IDLE_NS), PROGRAM, self._connect, station)

    def _connect(self, station: TcpClientStation, now: int) -> None:
        station.connect(LogOn(user="ann", client="ws1"), now)

    def _host(self, name: str, number: int, kind: Callable[[StationSpec], Any]) -> Any:
        built: list[Any] = []

        def boot_up(boot: Boot) -> None:
            spec = StationSpec(
                params=PARAMS,
                surroundings=boot,
                user=Nobody(),
                address=number,
                server_address=1,
                boot=0,
                randomness=boot.dice("station"),
                pinned={},
            )
            built.append(kind(spec))
            boot.add(built[0])

        host = Host(
            name,
            Nic(name, mac(number), self.link),
            self.timeline,
            boot_up,
            seed=0,
            ledger=None,
            observer=self._observe,
        )
        host.power_on(None)
        return built[0]

    def _observe(self, boot: Boot, note: Note, connection: int, frame: int) -> None:
        if note.kind == "probe":
            self.probes += 1
        else:
            self.answers += 1

    def play(self, until: int) -> None:
        """Without Trio."""
        woken = self.timeline.advance(until, 1 << 62)
        assert woken is None

    def play_in_trio(self, until: int) -> None:
        trio.run(self.timeline.run, until)


# --- the same machines and codecs, without the world --------------------------------------------


class End:
    """One end: a machine and its way out."""

    __slots__ = ("flow", "identification", "machine")

    def __init__(self, machine: Tcp, flow: TcpFlow) -> None:
        self.machine = machine
        self.flow = flow
        self.identification = 0

    def octets(self, effects: Effects) -> list[bytes]:
        out: list[bytes] = []
        for effect in effects:
            if effect.__class__ is Transmit:
                self.identification = (self.identification + 1) & 0xFFFF
                out.append(self.flow.encode(effect.pdu, self.identification))
        return out


def ends(number: int) -> tuple[End, End]:
    """(server, client) of one session."""
    client_ip = (0x0A000000 + 11 + number).to_bytes(4, "big")
    server_ip = b"\x0a\x00\x00\x01"
    there = TcpFlow(
        source_mac=mac(1), destination_mac=mac(11 + number), source_ip=server_ip,
        destination_ip=client_ip, source_port=1494, destination_port=1025,
    )  # fmt: skip
    back = TcpFlow(
        source_mac=mac(11 + number), destination_mac=mac(1), source_ip=client_ip,
        destination_ip=server_ip, source_port=1025, destination_port=1494,
    )  # fmt: skip
    server = End(Tcp(PARAMS, initial_sequence=number, probing=True), there)
    client = End(Tcp(PARAMS, initial_sequence=~number & 0xFFFFFFFF, probing=False), back)
    return server, client


def shake_hands(server: End, client: End, now: int) -> None:
    """Both ends established, through octets."""
    first = client.octets(client.machine.step(Asked(Connect()), now))
    pending = [(server, client, octets) for octets in first]
    while pending:
        to, origin, octets = pending.pop(0)
        _, segment = decode_tcp_frame(octets)
        answers = to.octets(to.machine.step(Received(segment), now))
        pending += [(origin, to, answer) for answer in answers]


DELAY_NS = 25_000_000


class HeapFarm:
    """Machines and codecs in a bare heapq loop: no hosts, no links, no Trio."""

    def __init__(self, sessions: int) -> None:
        self.heap: list[Any] = []
        self.serial = 0
        self.probes = self.answers = 0
        phases = Random("phases")
        for number in range(sessions):
            server, client = ends(number)
            at = phases.randrange(IDLE_NS)
            shake_hands(server, client, at)
            self._push(server.machine.due() or 0, self._timer, server, client, b"")

    def _push(self, due: int, action: Any, to: End, origin: End, octets: bytes) -> None:
        self.serial += 1
        heapq.heappush(self.heap, (due, self.serial, action, to, origin, octets))

    def _timer(self, server: End, client: End, _octets: bytes, now: int) -> None:
        due = server.machine.due()
        if due is not None and due > now:
            self._push(due, self._timer, server, client, b"")
            return
        self.probes += 1
        for octets in server.octets(server.machine.step(EXPIRED, now)):
            self._push(now + DELAY_NS, self._arrive, client, server, octets)
        self._push(server.machine.due() or 0, self._timer, server, client, b"")

    def _arrive(self, to: End, origin: End, octets: bytes, now: int) -> None:
        _, segment = decode_tcp_frame(octets)
        answers = to.octets(to.machine.step(Received(segment), now))
        if not answers:
            self.answers += 1
        for answer in answers:
            self._push(now + DELAY_NS, self._arrive, origin, to, answer)

    def play(self, until: int) -> None:
        heap = self.heap
        while heap and heap[0][0] <= until:
            due, _, action, to, origin, octets = heapq.heappop(heap)
            action(to, origin, octets, due)


class SimPyFarm:
    """A SimPy process per session, the same machines and codecs."""

    def __init__(self, sessions: int) -> None:
        self.env = simpy.Environment()
        self.probes = self.answers = 0
        phases = Random("phases")
        for number in range(sessions):
            server, client = ends(number)
            at = phases.randrange(IDLE_NS)
            shake_hands(server, client, at)
            self.env.process(self._session(server, client))

    def _session(self, server: End, client: End) -> Iterator[Any]:
        env = self.env
        while True:
            due = server.machine.due() or 0
            yield env.timeout(due - env.now)
            self.probes += 1
            (probe,) = server.octets(server.machine.step(EXPIRED, env.now))
            yield env.timeout(DELAY_NS)
            _, segment = decode_tcp_frame(probe)
            (answer,) = client.octets(client.machine.step(Received(segment), env.now))
            yield env.timeout(DELAY_NS)
            _, segment = decode_tcp_frame(answer)
            server.octets(server.machine.step(Received(segment), env.now))
            self.answers += 1

    def play(self, until: int) -> None:
        self.env.run(until=until)


class MockClockFarm:
    """One Trio task with ``sleep`` per session under MockClock, the same machines and codecs."""

    def __init__(self, sessions: int) -> None:
        self.sessions = sessions
        self.probes = self.answers = 0
        self.started = 0.0

    async def _session(self, server: End, client: End, until: int) -> None:
        async def sleep_to(at: int) -> bool:
            if at > until:
                return False
            await trio.sleep_until(at / 1e9)
            return True

        while await sleep_to(server.machine.due() or 0):
            now = server.machine.due() or 0
            self.probes += 1
            (probe,) = server.octets(server.machine.step(EXPIRED, now))
            await trio.sleep_until((now + DELAY_NS) / 1e9)
            _, segment = decode_tcp_frame(probe)
            (answer,) = client.octets(client.machine.step(Received(segment), now + DELAY_NS))
            await trio.sleep_until((now + 2 * DELAY_NS) / 1e9)
            _, segment = decode_tcp_frame(answer)
            server.octets(server.machine.step(Received(segment), now + 2 * DELAY_NS))
            self.answers += 1

    def play(self, until: int) -> None:
        phases = Random("phases")
        pairs: list[tuple[End, End]] = []
        for number in range(self.sessions):
            server, client = ends(number)
            shake_hands(server, client, phases.randrange(IDLE_NS))
            pairs.append((server, client))
        self.started = process_time()

        async def main() -> None:
            async with trio.open_nursery() as nursery:
                for server, client in pairs:
                    nursery.start_soon(self._session, server, client, until)

        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """``us_per_frame``: CPU microseconds; probes and answers are a frame each."""

    frames: int
    us_per_frame: float


def score(farm: Any, play: Callable[[int], None], *, cycles: int) -> Score:
    """CPU time of ``cycles`` idle periods after the warm-up."""
    play(WARM_NS)
    before = farm.probes + farm.answers
    started = process_time()
    play(WARM_NS + cycles * IDLE_NS)
    spent = process_time() - started
    frames = farm.probes + farm.answers - before
    return Score(frames=frames, us_per_frame=spent / frames * 1e6)
