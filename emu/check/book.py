"""All connections of a file, by the taps that saw them, and its hosts."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from emu.check.breaks import Breaks
from emu.check.hosts import Hosts
from emu.check.timeline import Timeline


class Book:
    """Connections stand in the order in which they were first seen."""

    def __init__(self) -> None:
        self.hosts = Hosts()
        self._breaks: dict[int, Breaks] = {}
        self._connections: dict[Hashable, list[tuple[int, Timeline]]] = {}
        #: Connections so far, and those that nobody need follow any more.
        self.added = 0
        self.finished: list[tuple[int, Hashable, Timeline]] = []

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, tap: int, key: Hashable, timeline: Timeline) -> None:
        """A connection begins at a tap; ``key`` is the same at every tap that sees it."""
        timeline.breaks = self.breaks(tap)
        self.added += 1
        self._connections.setdefault(key, []).append((tap, timeline))

    def breaks(self, tap: int) -> Breaks:
        return self._breaks.setdefault(tap, Breaks())

    def asked(self, timeline: Timeline, side: int) -> None:
        """While a side asks in vain: is the host that should answer heard elsewhere?"""
        asks = timeline.asks[side]
        if asks.count > 1 and asks.first is not None and not asks.host_seen:
            host = timeline.hosts[1 - side]
            asks.host_seen = self.hosts.seen_after(host, asks.first.at_ns)

    def connections(self) -> Iterator[Sequence[Timeline]]:
        """The timelines of each connection, one for each tap that saw it.

        Connections that follow each other under one key are paired by their order.
        """
        for seen in self._connections.values():
            taps = _by_tap(seen)
            for turn in range(max(map(len, taps))):
                yield [timelines[turn] for timelines in taps if turn < len(timelines)]

    def oldest(self) -> Iterator[tuple[Hashable, Sequence[Timeline]]]:
        """Of each key the connection that was first seen, at all its taps."""
        for key, seen in self._connections.items():
            yield key, [timelines[0] for timelines in _by_tap(seen)]

    def remove(self, key: Hashable, timelines: Sequence[Timeline]) -> None:
        """A connection that is judged; the taps learn of it by ``finished``."""
        kept: list[tuple[int, Timeline]] = []
        for tap, timeline in self._connections[key]:
            if any(timeline is each for each in timelines):
                self.finished.append((tap, key, timeline))
            else:
                kept.append((tap, timeline))
        if kept:
            self._connections[key] = kept
        else:
            del self._connections[key]


def _by_tap(seen: Sequence[tuple[int, Timeline]]) -> list[list[Timeline]]:
    taps: dict[int, list[Timeline]] = {}
    for tap, timeline in seen:
        taps.setdefault(tap, []).append(timeline)
    return list(taps.values())
