"""What the way between the two ends does to frames: delay, single losses, silent stretches.

One object decides for the emulated link (``lab``) and for the forwarder between live namespaces
(``live/forwarder``), so that both lose the same frames.  Times and counts begin with ``start``,
the moment at which a scenario's client "vanishes".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emu.errors import InputError
from emu.kernel.packets import PacketReader
from emu.kernel.trace import SERVER_IP, SERVER_MAC
from emu.units import NS_PER_S

_NS_PER_MS = 1_000_000
_ARP = b"\x08\x06"
#: Directions, in the words of the recordings.
_FROM_SERVER = {"server>": True, ">server": False}


@dataclass(frozen=True, slots=True)
class Drop:
    """Lose the ``number``-th frame of a kind in one direction, counted from ``start``."""

    from_server: bool
    kind: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PathPlan:
    """``latency_ns``: one way.  ``flaps``: (from, to) after ``start``, IP is lost, ARP is not."""

    latency_ns: int = 0
    drops: frozenset[Drop] = frozenset()
    flaps: tuple[tuple[int, int], ...] = ()


def read_plan(facts: Mapping[str, Any]) -> PathPlan:
    """The ``path`` of a scenario's JSON: ``latency_ms``, ``drop`` and ``flaps``."""
    unknown = facts.keys() - {"latency_ms", "drop", "flaps"}
    if unknown:
        raise InputError("path", expected="latency_ms, drop or flaps", found=repr(min(unknown)))
    return PathPlan(
        latency_ns=round(facts.get("latency_ms", 0) * _NS_PER_MS),
        drops=frozenset(Drop(_FROM_SERVER[d], k, n) for d, k, n in facts.get("drop", ())),
        flaps=tuple(
            (round(since * NS_PER_S), round(until * NS_PER_S))
            for since, until in facts.get("flaps", ())
        ),
    )


@dataclass(slots=True)
class Path:
    """A plan under way."""

    plan: PathPlan
    started_ns: int | None = None
    _reader: PacketReader = field(default_factory=lambda: PacketReader(SERVER_IP, SERVER_MAC))
    _seen: dict[tuple[bool, str], int] = field(default_factory=dict[tuple[bool, str], int])

    def start(self, now: int) -> None:
        """Counts and flaps begin."""
        self.started_ns = now

    def passes(self, frame: bytes, now: int) -> bool:
        """Whether this frame gets through; every frame must be asked about, in order."""
        if not (self.plan.drops or self.plan.flaps):
            return True
        packets = self._reader.read([(now, frame)])
        if self.started_ns is None or not packets:
            return True
        since = now - self.started_ns
        if frame[12:14] != _ARP and any(begin <= since < end for begin, end in self.plan.flaps):
            return False
        kind = packets[0].from_server, packets[0].kind
        self._seen[kind] = self._seen.get(kind, 0) + 1
        return Drop(*kind, self._seen[kind]) not in self.plan.drops
