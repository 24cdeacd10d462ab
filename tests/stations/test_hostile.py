"""Whatever arrives: every transport's server takes it, and keeps working.

What is fed are the gallery's clients and everybody in the real captures, with octets changed
behind the claim that brings a frame to a station.  Five rounds a file, 200 with ``EMU_SLOW=1``.
A failure names the seed.
"""

from __future__ import annotations

import heapq
import os
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from emu.check.reading import Records
from emu.machines.base import Note
from emu.policy.loader import load_policy
from emu.stations.base import Connection, Station, StationSpec, Timer
from emu.transports.table import transport_named
from tests.check.test_hostile import mutated
from tests.library import of_terminals, on_a_lan
from tests.outside import real_captures

ROUNDS = 200 if os.environ.get("EMU_SLOW") == "1" else 5
#: A file is fed up to here: what it costs lies behind the place that matters.
_FRAMES = 150
_GALLERY = Path(__file__).parents[2] / "captures" / "client-power-loss"
_SERVER = bytes.fromhex("020000000001")
_HOUR_NS = 3600 * 10**9

Stamped = tuple[int, bytes]


class Host:
    """Surroundings and user of one server: it hears, and answers nothing of its own."""

    mac = _SERVER

    def __init__(self) -> None:
        self.timers: list[tuple[int, int, Timer]] = []
        self.sent = self.armed = 0

    def transmit(self, octets: bytes) -> int:
        assert len(octets) >= 14
        self.sent += 1
        return self.sent

    def arm(self, timer: Timer, due: int) -> None:
        self.armed += 1
        heapq.heappush(self.timers, (due, self.armed, timer))

    def note(self, note: Note, connection: int, frame: int | None) -> None:
        pass

    def arriving(self) -> int:
        return 0

    def opened(self, connection: Connection, now: int, /) -> None:
        pass

    def message(self, connection: Connection, message: Any, now: int, /) -> None:
        pass

    def lost(self, connection: Connection, cause: str, now: int, /) -> None:
        pass

    def ended(self, connection: Connection, cause: str, now: int, /) -> None:
        pass


def served(policy_name: str, seed: str) -> tuple[Host, Station]:
    policy, host = load_policy(policy_name), Host()
    transport = transport_named(policy.transport)
    spec = StationSpec(
        params=transport.make_params(policy.stack, policy.values),
        surroundings=host,
        user=host,
        address=1,
        server_address=1,
        boot=0,
        randomness=Random(seed),
        pinned={},
    )
    return host, transport.server(spec)


def feed(host: Host, station: Station, frames: list[Stamped]) -> None:
    """As a host does: what is claimed arrives, timers expire when they are due."""
    now = 0
    for at_ns, octets in frames:
        now = max(now, at_ns)
        while host.timers and host.timers[0][0] <= now:
            due, _, timer = heapq.heappop(host.timers)
            timer.fire(due)
        claimed = octets[12:14] in station.claims
        if claimed or (octets[12] < 6 and octets[14:16] in station.claims):
            station.receive(octets, now)


@cache
def frames_of(path: Path) -> list[Stamped]:
    """Frames whole enough for an adapter, by their time from the first one on."""
    found: list[Stamped] = []
    for record in Records(path):
        if len(record.octets) >= 60:
            found.append((record.at_ns, record.octets))
        if len(found) == _FRAMES:
            break
    return [(at_ns - found[0][0], octets) for at_ns, octets in found]


def damaged(octets: bytes, seed: str) -> bytes:
    """Changed behind the addresses and the claim, and padded again."""
    head, rest = octets[:16], octets[16:]
    return (head + mutated(rest, seed)).ljust(60, b"\0")[:1514]


@pytest.mark.slow
@pytest.mark.parametrize("policy", on_a_lan())
def test_a_server_whose_client_sends_damaged_frames(policy: str) -> None:
    """Most frames arrive whole, so connections come up and damage meets every state."""
    whole = [each for each in frames_of(_GALLERY / f"{policy}.pcapng") if each[1][6:12] != _SERVER]
    understood = 0
    for turn in range(ROUNDS):
        seed = f"{policy}/{turn}"
        random = Random(seed)
        frames = [
            (at_ns, damaged(octets, f"{seed}/{at_ns}") if random.random() < 0.2 else octets)
            for at_ns, octets in sorted(random.choices(whole, k=2) + whole)
        ]
        host, station = served(policy, seed)
        try:
            feed(host, station, [*frames, (_HOUR_NS * 24, b"\0" * 60)])
        except Exception as error:
            raise AssertionError(f"seed {seed!r}: {error!r}") from error
        understood += host.sent > 0
    assert understood > ROUNDS / 2, "only now and then the first frame of all is lost"


@pytest.mark.slow
def test_strangers_and_their_damaged_frames() -> None:
    """Every real capture, addressed to us, to one policy of each transport in turn.

    Of those with a terminal: see test_ipx_direct for the other.
    """
    policies = tuple({load_policy(name).transport: name for name in of_terminals()}.values())
    for path in real_captures():
        for turn in range(ROUNDS):
            policy, seed = policies[turn % len(policies)], f"{path.name}/{turn}"
            random = Random(seed)
            frames = [
                (at_ns, _SERVER + (damaged(octets, seed) if random.random() < 0.5 else octets)[6:])
                for at_ns, octets in frames_of(path)
            ]
            host, station = served(policy, seed)
            try:
                feed(host, station, frames)
            except Exception as error:
                raise AssertionError(f"seed {seed!r}, {policy}: {error!r}") from error
