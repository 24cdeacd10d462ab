"""NCP, SPX and NBIPX on one server: each gets its own datagrams, and one answers for all."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from emu.net.host import Boot, Host
from emu.net.link import Lan, Nic
from emu.net.timeline import Timeline
from emu.pdu.terminal import LogOn, Welcome
from emu.stations.base import StationSpec
from emu.transports.nbipx import NBIPX
from emu.transports.ncp import NCP
from emu.transports.spx import SPX
from emu.units import seconds as s
from emu.wire.ethernet import decode_ethernet
from emu.wire.ipx import ipx_of_frame
from tests.machines import nbipx_parts, spx_parts
from tests.machines.ncp_parts import TIGHT, params

from .ncp_lan import Program, Table
from .spx_lan import framed

CARRIED: Mapping[str, tuple[Any, Any]] = {
    "ncp": (NCP, params(TIGHT)),
    "spx": (SPX, spx_parts.NWLINK),
    "nbipx": (NBIPX, nbipx_parts.NWLINK),
}


class Clock:
    """What a user's log wants of a LAN."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    @property
    def now(self) -> int:
        return self._timeline.now


class Mixed:
    """One server with all three stations in some order, and one client of each transport."""

    def __init__(self, order: list[str], framing: str) -> None:
        self.timeline = Timeline()
        self.lan = Lan(
            "lan", self.timeline, bits_per_second=10_000_000, propagation_ns=5_000, loss=0.0,
            dice=Random(0), recording=None,
        )  # fmt: skip
        self.sent: list[bytes] = []
        clock: Any = Clock(self.timeline)
        self.table = Table(clock)
        self.programs = {name: Program(clock) for name in order}
        self.clients: dict[str, Any] = {}
        self.servers: dict[str, Any] = {}

        def boot_server(boot: Boot) -> None:
            for index, name in enumerate(order):
                transport, made = CARRIED[name]
                spec = self.spec(boot, framed(made, framing), self.table, 1, index)
                self.servers[name] = transport.server(spec)
                boot.add(self.servers[name])

        self.power(1, boot_server)
        for number, name in enumerate(order, start=11):
            self.power(number, lambda boot, name=name, number=number: self.boot_client(
                boot, name, number, framing))  # fmt: skip

    def boot_client(self, boot: Boot, name: str, number: int, framing: str) -> None:
        transport, made = CARRIED[name]
        spec = self.spec(boot, framed(made, framing), self.programs[name], number, 0)
        self.clients[name] = transport.client(spec)
        boot.add(self.clients[name])

    def power(self, number: int, factory: Any) -> None:
        nic = Nic(f"host{number}", b"\x02\0\0\0\0" + bytes((number,)), self.lan)
        host = Host(nic.name, nic, self.timeline, factory, seed=0, ledger=None,
                    observer=lambda *_: None)  # fmt: skip
        offer = self.lan.offer
        if number == 1:

            def tapped(sender: Nic, octets: bytes, now: int) -> int:
                if sender is nic:
                    self.sent.append(octets)
                return offer(sender, octets, now)

            self.lan.offer = tapped  # type: ignore[method-assign]
        host.power_on(None)

    def spec(self, boot: Boot, made: Any, user: Any, address: int, index: int) -> StationSpec:
        return StationSpec(
            params=made, surroundings=boot, user=user, address=address, server_address=1, boot=0,
            randomness=Random(address), pinned={}, serial_first=index * 1000,
        )  # fmt: skip

    def run(self, until: int) -> None:
        self.timeline.advance(until, 1_000_000)


@pytest.mark.parametrize("framing", ["ethernet-ii", "raw-802.3", "802.2", "snap"])
@pytest.mark.parametrize("order", [["ncp", "spx", "nbipx"], ["nbipx", "spx", "ncp"]])
def test_each_client_reaches_its_own_station(order: list[str], framing: str) -> None:
    world = Mixed(order, framing)
    world.run(s(5))
    for name in order:
        world.clients[name].connect(LogOn(user=name, client=name), world.timeline.now)
    world.run(s(10))
    for name in order:
        welcome = [d for what, _s, d in world.programs[name].what() if what == "message"]
        assert welcome == [Welcome(session=0 if name == "ncp" else 1, how="new")]
        assert world.servers[name].dropped == 0
    # RIP for the one internal network is answered once to each of the two that ask.
    answers = [d for d in map(datagram, world.sent) if d.source.socket == 0x0453]
    assert len(answers) == 2
    world.run(s(200))
    assert not any(what == "lost" for what, _s, _d in world.table.what())


def datagram(octets: bytes) -> Any:
    return ipx_of_frame(decode_ethernet(octets))


def test_alone_with_its_claim_a_station_gets_the_frames_straight() -> None:
    """No step in between: the hot path of one station is its own ``receive``."""
    world = Mixed(["spx"], "802.2")
    nic = world.lan.nics[b"\x02\0\0\0\0\x01"]
    assert nic.by_sap[b"\xe0\xe0"] == world.servers["spx"].receive


def test_stations_of_different_framings_do_not_meet() -> None:
    world = Mixed(["spx", "nbipx"], "802.2")
    nic = world.lan.nics[b"\x02\0\0\0\0\x01"]
    assert b"\x81\x37" not in nic.by_type
    assert nic.by_sap[b"\xe0\xe0"] not in (
        world.servers["spx"].receive, world.servers["nbipx"].receive)  # fmt: skip


def test_a_datagram_for_nobodys_socket_is_nobodys() -> None:
    world = Mixed(["spx", "nbipx"], "802.2")
    nic = world.lan.nics[b"\x02\0\0\0\0\x01"]
    nic.by_sap[b"\xe0\xe0"](bytes(12) + b"\0\x30\xe0\xe0\x03" + bytes(60), 0)
    nic.by_sap[b"\xe0\xe0"](b"short", 0)
    assert world.servers["spx"].dropped == world.servers["nbipx"].dropped == 0
