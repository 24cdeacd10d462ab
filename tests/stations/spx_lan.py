"""Both ends of SPX or NBIPX joined by octets in memory, and several stations on one server.

The heap, the frames and the users are ``ncp_lan``'s; a box here asks its stations in turn, each
by its share of the claim, as ``Boot.add`` lets them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from emu.stations.base import StationSpec
from emu.transports.base import Transport
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .ncp_lan import CLIENT_MAC, SERVER_MAC, SERVER_NUMBER, Box, Frame, Lan, Program, Table

LOST_NEVER: Callable[[Frame], bool] = lambda _frame: False  # noqa: E731


def spec_of(params: Any, box: Box, user: Any, *, boot: int = 0, **pins: int) -> StationSpec:
    return StationSpec(
        params=params,
        surroundings=box,
        user=user,
        address=SERVER_NUMBER if box.mac == SERVER_MAC else 11,
        server_address=SERVER_NUMBER,
        boot=boot,
        randomness=Random(f"{box.mac!r}/{boot}"),
        pinned=pins,
    )


class World:
    """One server and one client machine that can boot many times."""

    def __init__(
        self, transport: Transport, made: Any, *, lose: Callable[[Frame], bool] = LOST_NEVER
    ) -> None:
        self.transport, self.made = transport, made
        self.lan = Lan(lose=lose)
        self.table = Table(self.lan)
        self.server_box = Box(self.lan, SERVER_MAC)
        self.server: Any = transport.server(spec_of(made, self.server_box, self.table))
        self.server_box.station = self.server
        self.boots = 0
        self.boot()

    def boot(self) -> None:
        """Power for the client machine: a new box, a new station, a new program."""
        self.client_box = Box(self.lan, CLIENT_MAC)
        self.program = Program(self.lan)
        spec = spec_of(self.made, self.client_box, self.program, boot=self.boots)
        self.client: Any = self.transport.client(spec)
        self.client_box.station = self.client
        self.boots += 1

    def power_off(self) -> None:
        self.client_box.power = False

    def log_on(self, user: str = "ann") -> Any:
        """Connect and let the log-on come through; the client's connection."""
        from emu.pdu.terminal import LogOn

        self.lan.run(self.lan.now + s(11))  # the server's name is its own by then
        connection = self.client.connect(LogOn(user=user, client="ws1"), self.lan.now)
        self.lan.run(self.lan.now + s(11))
        return connection

    def of_client(self, since: int = 0) -> list[Frame]:
        return [f for f in self.lan.since(since) if f.octets[6:12] == CLIENT_MAC]

    def of_server(self, since: int = 0) -> list[Frame]:
        return [f for f in self.lan.since(since) if f.octets[6:12] == SERVER_MAC]


def framed(params: Any, framing: str) -> Any:
    return replace(params, framing=framing)


def shortly() -> int:
    return ms(5)
