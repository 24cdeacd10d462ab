"""Numbers for what a client may name: from 0x800 upward, the lowest free first.

Read facts/redirector.md 1.1: FIDs so in a trace (Q139608); UIDs and TIDs too (G), SIDs by
analogy.  Every VC has tables of its own, so numbers start again on a new one (Q184998).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

#: The first number given out (facts/redirector.md 1.1, Q139608).
FIRST = 0x800


class NumberTable(Generic[T]):
    """At most ``size`` things, each with its number."""

    __slots__ = ("_freed", "_held", "_next", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._held: dict[int, T] = {}
        self._freed: list[int] = []
        self._next = FIRST

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[T]:
        """What is held, oldest first; the table may change meanwhile."""
        return iter(tuple(self._held.values()))

    @property
    def is_full(self) -> bool:
        return len(self._held) >= self.size

    def get(self, number: int) -> T | None:
        """What has this number, None if nothing has."""
        return self._held.get(number)

    def free_number(self) -> int:
        """What ``add`` would give; the caller has asked whether the table is full."""
        return self._freed[0] if self._freed else self._next

    def add(self, thing: T) -> int:
        """Give the lowest free number."""
        assert not self.is_full, "the caller asks is_full first"
        number = self.free_number()
        if self._freed:
            heapq.heappop(self._freed)
        else:
            self._next += 1
        self._held[number] = thing
        return number

    def remove(self, number: int) -> None:
        """The number is free again."""
        del self._held[number]
        heapq.heappush(self._freed, number)
