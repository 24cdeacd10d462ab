"""Hosts: power, lives, the one gate out, demultiplexing."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from random import Random

import pytest
import trio

from emu.net.host import Boot, Host
from emu.net.link import Lan, Nic
from emu.net.timeline import OPERATOR, Timeline
from emu.stations.base import Share
from emu.units import seconds

OWN = b"\x02\0\0\0\0\x01"
OTHER = b"\x02\0\0\0\0\x02"


@dataclasses.dataclass
class Listener:
    """A station that writes down what it gets."""

    claims: tuple[bytes, ...]
    got: list[tuple[bytes, int]] = dataclasses.field(default_factory=list)

    def receive(self, frame: bytes, now: int) -> None:
        self.got.append((frame, now))


@dataclasses.dataclass
class Sharer(Listener):
    """One that takes raw IPX datagrams with these two octets at 30 only."""

    keys: tuple[bytes, ...] = ()

    @property
    def shares(self) -> dict[bytes, Share]:
        return {claim: Share(at=30, keys=self.keys) for claim in self.claims}


class Bench:
    """One host on a LAN whose other port writes down what the host sends."""

    def __init__(self, program: Callable[[Boot], Awaitable[None]] | None = None) -> None:
        self.timeline = Timeline()
        self.lan = Lan(
            "lan",
            self.timeline,
            bits_per_second=10_000_000,
            propagation_ns=0,
            loss=0.0,
            dice=Random(0),
            recording=None,
        )
        self.sent: list[bytes] = []
        Nic("other", OTHER, self.lan).heard = lambda octets, *_: self.sent.append(octets)
        self.stations: list[Listener] = []
        self.boots: list[Boot] = []
        self.program = program
        self.host = Host(
            "ws1",
            Nic("ws1", OWN, self.lan),
            self.timeline,
            self._boot,
            seed=0,
            ledger=None,
            observer=lambda *_: None,
        )

    def _boot(self, boot: Boot) -> Callable[[], Awaitable[None]] | None:
        self.boots.append(boot)
        station = Listener(claims=(b"\x08\x00", b"\xe0\xe0"))
        self.stations.append(station)
        boot.add(station)
        if self.program is None:
            return None
        program = self.program
        return lambda: program(boot)

    def run(self, until: int = seconds(10)) -> None:
        self.timeline.advance(until, 1 << 30)


def frame(rest: bytes, to: bytes = OWN) -> bytes:
    return (to + OTHER + rest).ljust(60, b"\0")


ETHERNET_II = b"\x08\x00"
LLC_IPX = b"\x00\x23\xe0\xe0\x03"


@pytest.mark.parametrize("rest", [ETHERNET_II, LLC_IPX], ids=["Ethernet II", "802.3"])
def test_a_station_gets_what_it_claims(rest: bytes) -> None:
    bench = Bench()
    bench.host.power_on(None)
    bench.lan.offer(bench.lan.nics[OTHER], frame(rest), 0)
    bench.run()
    assert [octets for octets, _ in bench.stations[0].got] == [frame(rest)]


@pytest.mark.parametrize(
    ("rest", "to"),
    [(b"\x86\xdd", OWN), (b"\x00\x23\xf0\xf0\x03", OWN), (b"\xe0\xe0\x08\x00", OWN)],
    ids=["another ethertype", "another SAP", "an ethertype that looks like our SAP"],
)
def test_it_does_not_get_anything_else(rest: bytes, to: bytes) -> None:
    bench = Bench()
    bench.host.power_on(None)
    bench.host.nic.arrive((frame(rest, to), 0), 0)
    assert bench.stations[0].got == []


def test_a_broadcast_is_for_everybody() -> None:
    bench = Bench()
    bench.host.power_on(None)
    bench.host.nic.arrive((frame(ETHERNET_II, b"\xff" * 6), 0), 0)
    assert len(bench.stations[0].got) == 1


def test_two_stations_may_not_claim_the_same_frames() -> None:
    bench = Bench()
    boot = bench.host.power_on(None)
    with pytest.raises(ValueError, match="two stations claim 0800"):
        boot.add(Listener(claims=(b"\x08\x00",)))


def test_stations_that_share_a_claim_get_their_shares_the_first_of_two_the_common_one() -> None:
    bench = Bench()
    boot = bench.host.power_on(None)
    raw = b"\xff\xff"
    first, second = (Sharer(claims=(raw,), keys=(own, b"RR")) for own in (b"11", b"22"))
    boot.add(first)
    boot.add(second)
    for key in (b"11", b"22", b"RR", b"??"):
        bench.host.nic.arrive((frame(b"\x00\x2e" + raw + b"\0" * 14 + key), 0), 0)
    assert [octets[30:32] for octets, _ in first.got] == [b"11", b"RR"]
    assert [octets[30:32] for octets, _ in second.got] == [b"22"]


def test_without_power_nothing_leaves_or_arrives() -> None:
    bench = Bench()
    boot = bench.host.power_on(None)
    bench.host.power_off()
    assert boot.transmit(frame(ETHERNET_II, OTHER)) == 0
    bench.lan.offer(bench.lan.nics[OTHER], frame(ETHERNET_II), 0)
    bench.run()
    assert (bench.sent, bench.stations[0].got) == ([], [])


def test_timers_of_a_life_that_ended_expire_unheard() -> None:
    bench = Bench()
    fired: list[int] = []

    class Alarm:
        def fire(self, now: int) -> None:
            fired.append(now)

    boot = bench.host.power_on(None)
    boot.arm(Alarm(), seconds(1))
    boot.arm(Alarm(), seconds(3))
    bench.timeline.at(seconds(2), OPERATOR, lambda *_: bench.host.power_off(), None)
    bench.run()
    assert fired == [seconds(1)]


def test_a_timer_at_the_very_instant_the_power_fails_is_still_served() -> None:
    """Rank TIMER comes before rank OPERATOR."""
    bench = Bench()
    fired: list[int] = []

    class Alarm:
        def fire(self, now: int) -> None:
            fired.append(now)

    boot = bench.host.power_on(None)
    bench.timeline.at(seconds(2), OPERATOR, lambda *_: bench.host.power_off(), None)
    boot.arm(Alarm(), seconds(2))
    bench.run()
    assert fired == [seconds(2)]


def test_a_reboot_is_the_factory_called_again() -> None:
    bench = Bench()
    first = bench.host.power_on(None)
    bench.host.power_off()
    second = bench.host.power_on(None)
    assert (first.number, second.number) == (0, 1)
    assert bench.stations[0] is not bench.stations[1]
    assert (first.alive, second.alive) == (False, True)


def test_each_life_and_purpose_has_its_own_dice() -> None:
    bench = Bench()
    first = bench.host.power_on(None)
    bench.host.power_off()
    second = bench.host.power_on(None)
    rolls = [
        boot.dice(purpose).getrandbits(64) for boot in (first, second) for purpose in ("tcp", "arp")
    ]
    assert len(set(rolls)) == 4
    assert first.dice("tcp").getrandbits(64) == rolls[0]


async def _play(bench: Bench, *, off_at: int | None = None) -> None:
    async with trio.open_nursery() as nursery:
        bench.host.power_on(nursery)
        if off_at is not None:
            bench.timeline.at(off_at, OPERATOR, lambda *_: bench.host.power_off(), None)
        await bench.timeline.run(seconds(10))
        nursery.cancel_scope.cancel()


async def test_power_off_ends_the_program_without_a_last_word() -> None:
    """Even a ``finally`` that transmits finds the NIC dead."""
    seen: list[str] = []

    async def program(boot: Boot) -> None:
        try:
            await boot.host.timeline.until(seconds(5))
            seen.append("survived")
        finally:
            boot.transmit(frame(ETHERNET_II, OTHER))
            seen.append("last word")

    bench = Bench(program)
    await _play(bench, off_at=seconds(3))
    assert seen == ["last word"]
    assert bench.sent == []


async def test_power_that_fails_before_the_first_turn_lets_no_program_start() -> None:
    """The program's first turn is at 0 and so is the power failure, whose rank comes later;
    a program that is only spawned by then has still not transmitted after it."""
    seen: list[int] = []

    async def program(boot: Boot) -> None:
        await boot.host.timeline.until(0)
        seen.append(boot.transmit(frame(ETHERNET_II, OTHER)))

    bench = Bench(program)
    bench.timeline.at(0, 0, lambda *_: bench.host.power_off(), None)
    await _play(bench)
    assert (seen, bench.sent) == ([], [])


async def test_a_program_that_ends_does_not_take_its_host_with_it() -> None:
    async def program(boot: Boot) -> None:
        await boot.host.timeline.until(seconds(1))

    bench = Bench(program)
    await _play(bench)
    assert bench.host.boot is bench.boots[0]
    assert bench.boots[0].alive
