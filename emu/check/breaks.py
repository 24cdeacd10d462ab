"""Where the capture itself broke: a hole in it, or a clock that was set.

A pause of everybody is nothing strange by itself.  It is a hole when a connection has gone on
meanwhile: octets are missing behind it, or several connections had a steady beat right up to
it and right after it.  When such connections lack not one octet, nothing was sent for so long:
then it is the clock that jumped.  One ``Breaks`` a tap; it does not grow with the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from emu.units import NS_PER_S


class Mark(NamedTuple):
    """An instant and the frame that proves it."""

    at_ns: int
    frame: int


class BreakKind(IntEnum):
    HOLE = 0
    CLOCK = 1


class Lull(NamedTuple):
    """One connection went on after a pause; ``rhythm_ns``: its longest pause before."""

    from_ns: int
    to_ns: int
    rhythm_ns: int


#: Shorter pauses are not looked at: frames lost one by one are no hole (assumption).
LULL_MIN_NS = NS_PER_S
#: Queues of adapters deliver out of order by less than this (assumption).
_BACK_MIN_NS = NS_PER_S
#: Out of rhythm: a series that doubles and is late stays below it (``Asks.overdue``: 2.25).
_OUT_OF_RHYTHM = 4
#: "All at once" takes at least two.
_SEVERAL = 2
#: Pauses kept in case a connection goes on after them, and breaks kept for good.
_RECENT, _KEPT = 8, 16


@dataclass(slots=True)
class Break:
    """Nothing between ``start`` and ``stop``, the frames around it.

    ``beats``: connections that kept their beat but for it; ``whole``: those of them that lack
    no octet; ``missing``: whether one lacks some.
    """

    start: Mark
    stop: Mark
    backward: bool = False
    beats: int = 0
    whole: int = 0
    missing: bool = False

    @property
    def kind(self) -> BreakKind | None:
        """None: a pause like others."""
        if self.backward:
            return BreakKind.CLOCK
        if self.missing:
            return BreakKind.HOLE
        if self.whole >= _SEVERAL:
            return BreakKind.CLOCK
        return BreakKind.HOLE if self.beats >= _SEVERAL else None

    def interrupts(self, lull: Lull) -> bool:
        """Whether it is the whole of a connection's pause, and far out of its rhythm."""
        rhythm_ns = lull.rhythm_ns
        return (
            0 < rhythm_ns * _OUT_OF_RHYTHM <= self.stop.at_ns - self.start.at_ns
            and self.start.at_ns - lull.from_ns <= rhythm_ns
            and lull.to_ns - self.stop.at_ns <= rhythm_ns
        )


class Breaks:
    """Called with every frame of a tap, and with every pause of a connection it sees."""

    __slots__ = ("_kept", "_last", "_recent")

    def __init__(self) -> None:
        self._last: Mark | None = None
        self._recent: list[Break] = []
        self._kept: list[Break] = []

    def tick(self, at_ns: int, frame: int) -> None:
        last, self._last = self._last, Mark(at_ns, frame)
        if last is None:
            return
        pause_ns = at_ns - last.at_ns
        if pause_ns >= LULL_MIN_NS:
            self._recent = [*self._recent[1 - _RECENT :], Break(last, self._last)]
        elif pause_ns <= -_BACK_MIN_NS:
            self._keep(Break(last, self._last, backward=True))

    def went_on(self, lull: Lull) -> None:
        """A connection is heard again after a pause."""
        for each in self._within(lull):
            if each.interrupts(lull):
                each.beats += 1
                self._keep_if_broken(each)

    def counted(self, lull: Lull, *, missing: bool) -> None:
        """The first frame after the pause shows by its numbers whether octets are missing."""
        for each in self._within(lull):
            each.missing = each.missing or missing
            each.whole += not missing and each.interrupts(lull)
            self._keep_if_broken(each)

    def after(self, frame: int) -> Break | None:
        """The first break behind a frame."""
        found = [each for each in self._kept if each.stop.frame > frame]
        return min(found, key=lambda each: each.stop.frame, default=None)

    def _within(self, lull: Lull) -> list[Break]:
        return [
            each
            for each in self._recent
            if lull.from_ns <= each.start.at_ns and each.stop.at_ns <= lull.to_ns
        ]

    def _keep_if_broken(self, each: Break) -> None:
        if each.kind is not None and not any(each is kept for kept in self._kept):
            self._keep(each)

    def _keep(self, each: Break) -> None:
        if len(self._kept) < _KEPT:
            self._kept.append(each)
