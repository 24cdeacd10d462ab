"""All connections of a file, by the taps that saw them, and the hosts that each tap heard."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from emu.check.breaks import Breaks
from emu.check.hosts import Everywhere, Hosts
from emu.check.timeline import Timeline
from emu.units import NS_PER_S

#: What one tap saw of a connection and another one did not may begin so much later: the slowest
#: line takes a minute to come up (facts/ipx.md 4.3: 30 to 60 s to first data), and one more.
_LATE_NS = 120 * NS_PER_S
#: Among so many connections under one key the same one is looked for.
_GROUPS = 8


class Sighting(NamedTuple):
    """What one tap saw of a connection."""

    tap: int
    timeline: Timeline


class Book:
    """Connections stand in the order in which they were first seen."""

    def __init__(self) -> None:
        self._everywhere = Everywhere()
        self._hosts: dict[int, Hosts] = {}
        self._breaks: dict[int, Breaks] = {}
        self._connections: dict[Hashable, list[Sighting]] = {}
        #: What the file calls its interfaces.
        self.names: dict[int, str] = {}
        #: Connections so far, and those that nobody need follow any more.
        self.added = 0
        self.finished: list[tuple[int, Hashable, Timeline]] = []

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, tap: int, key: Hashable, timeline: Timeline) -> None:
        """A connection begins at a tap; ``key`` is the same at every tap that sees it."""
        timeline.breaks = self.breaks(tap)
        self.added += 1
        self._connections.setdefault(key, []).append(Sighting(tap, timeline))

    def breaks(self, tap: int) -> Breaks:
        return self._breaks.setdefault(tap, Breaks())

    def hosts(self, tap: int) -> Hosts:
        hosts = self._hosts.get(tap)
        if hosts is None:
            hosts = self._hosts[tap] = self._everywhere.tap()
        return hosts

    def asked(self, tap: int, timeline: Timeline, side: int) -> None:
        """While a side asks in vain: is the host that should answer heard elsewhere?"""
        asks = timeline.asks[side]
        if asks.count > 1 and asks.first is not None and not asks.host_seen:
            host = timeline.hosts[1 - side]
            asks.host_seen = self.hosts(tap).seen_after(host, asks.first.at_ns)

    def connections(self) -> Iterator[Sequence[Sighting]]:
        """Each connection as its taps saw it."""
        for seen in self._connections.values():
            yield from _together(seen)

    def oldest(self) -> Iterator[tuple[Hashable, Sequence[Sighting]]]:
        """Of each key the connection that was first seen, at all its taps."""
        for key, seen in self._connections.items():
            yield key, next(_together(seen))

    def remove(self, key: Hashable, sightings: Sequence[Sighting]) -> None:
        """A connection that is judged; the taps learn of it by ``finished``."""
        kept: list[Sighting] = []
        for sighting in self._connections[key]:
            if any(sighting.timeline is each.timeline for each in sightings):
                self.finished.append((sighting.tap, key, sighting.timeline))
            else:
                kept.append(sighting)
        if kept:
            self._connections[key] = kept
        else:
            del self._connections[key]


def _together(seen: Sequence[Sighting]) -> Iterator[Sequence[Sighting]]:
    """Connections that follow each other under one key; at several taps, those that were there
    at the same time are one."""
    if len(seen) == 1 or len({each.tap for each in seen}) == 1:
        yield from ([each] for each in seen)
        return
    found: list[list[Sighting]] = []
    for each in seen:
        near = [group for group in found[-_GROUPS:] if _overlap_ns(group, each) > -_LATE_NS]
        if near:
            max(near, key=lambda group: _overlap_ns(group, each)).append(each)
        else:
            found.append([each])
    yield from found


def _overlap_ns(group: Sequence[Sighting], other: Sighting) -> int:
    """How long a connection was there as well; negative: the time between; a tap sees it once."""
    if any(each.tap == other.tap for each in group):
        return -_LATE_NS
    one, two = group[0].timeline, other.timeline
    return min(one.last_ns, two.last_ns) - max(one.first_ns, two.first_ns)
