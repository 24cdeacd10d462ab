"""Finished verdicts, put away in a temporary file, so that memory grows with live flows only.

What stays in memory of a finished flow is its place in the order of the report.
"""

from __future__ import annotations

import pickle
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from os import SEEK_END
from typing import BinaryIO, cast, overload

from emu.check.report import Verdict
from emu.check.rules import RANK

#: More than any stamp of a file has: 64 bits of seconds, as nanoseconds.
_STAMP_BITS = 96


class Shelf:
    """Verdicts in the order in which they were put away."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._places = array("q")
        self._ranks, self._firsts = array("b"), array("q")

    def __len__(self) -> int:
        return len(self._places)

    def put(self, verdict: Verdict) -> None:
        if self._file is None:
            self._file = self._open()
        self._places.append(self._file.seek(0, SEEK_END))
        self._ranks.append(RANK[verdict.flow_class])
        self._firsts.append(verdict.first_ns)
        pickle.dump(verdict, self._file, pickle.HIGHEST_PROTOCOL)

    def _open(self) -> BinaryIO:
        """Closed, and by that deleted, with the last report that reads it."""
        stack = ExitStack()
        weakref.finalize(self, stack.close)
        return cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))

    def key(self, index: int) -> int:
        return order_key(self._ranks[index], self._firsts[index])

    def take(self, index: int) -> Verdict:
        place = self._places[index]
        assert self._file is not None, "what has a place has been written"
        self._file.seek(place)
        return cast(Verdict, pickle.load(self._file))


def order_key(rank: int, first_ns: int) -> int:
    """Dead first, then by time, in one number: files have millions of flows."""
    return (rank << _STAMP_BITS) + first_ns


class Flows(Sequence[Verdict]):
    """All verdicts of a file, dead first, then by time; those on the shelf are read as asked."""

    def __init__(self, shelf: Shelf, kept: Sequence[Verdict]) -> None:
        self._shelf, self._kept = shelf, kept
        every = range(-len(kept), len(shelf))
        self._order = array("q", sorted(every, key=self._key))

    def _key(self, index: int) -> int:
        """Negative numbers count the kept ones, from the end as lists do."""
        if index >= 0:
            return self._shelf.key(index)
        verdict = self._kept[index]
        return order_key(RANK[verdict.flow_class], verdict.first_ns)

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Verdict]:
        return map(self._at, self._order)

    @overload
    def __getitem__(self, index: int) -> Verdict: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Verdict]: ...
    def __getitem__(self, index: int | slice) -> Verdict | Sequence[Verdict]:
        if isinstance(index, slice):
            return [self._at(each) for each in self._order[index]]
        return self._at(self._order[index])

    def _at(self, index: int) -> Verdict:
        return self._kept[index] if index < 0 else self._shelf.take(index)
