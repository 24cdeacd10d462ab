"""Where the names of points go: beside them if there is room, further out with a line if not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: Width of an average character and height of a line, in pixels, of the picture's labels.
CHARACTER = 6.8
LINE = 14.0
#: Between a mark and the label beside it.
_GAP = 3.0
#: How far out a label may be moved, in pixels; each distance is tried in every direction.
_DISTANCES = (0, 14, 26, 40, 56, 74, 94, 116, 140, 166, 194, 224)
#: (right, down) in the order people like: beside it, above, below, then between.
_DIRECTIONS = (
    *((1, 0), (-1, 0), (0.7, -0.7), (0.7, 0.7), (-0.7, -0.7), (-0.7, 0.7)),
    *((0, -1), (0, 1), (0.9, -0.4), (0.9, 0.4), (-0.9, -0.4), (-0.9, 0.4)),
)


class Box(NamedTuple):
    """A rectangle, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """The area they share."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0


class Dot(NamedTuple):
    """What a point's marks cover, and the lines of its label."""

    mark: Box
    lines: tuple[str, ...]


class Label(NamedTuple):
    """Where the label of a dot goes.  ``away``: it needs a line to its dot."""

    box: Box
    away: bool


def place(dots: Sequence[Dot], field: Box, walls: Sequence[Box] = ()) -> list[Label]:
    """A place inside ``field`` for the label of every dot, the first dots first.

    Greedy: each takes the nearest place that covers no mark, no label and no wall; where there
    is none, the one that covers least.
    """
    taken = [*(dot.mark for dot in dots), *walls]
    found: list[Label] = []
    for dot in dots:
        label = _best(dot, taken, field)
        found.append(label)
        taken.append(label.box)
    return found


def _best(dot: Dot, taken: Sequence[Box], field: Box) -> Label:
    best, least = None, float("inf")
    for label in _candidates(dot, field):
        covered = sum(label.box.overlap(other) for other in taken)
        if covered < least:
            best, least = label, covered
        if covered == 0:
            break
    assert best is not None, "there is at least one candidate"
    return best


def _candidates(dot: Dot, field: Box) -> Iterator[Label]:
    """Sideways a label's near edge is moved out, slanted its near corner."""
    width = max(len(line) for line in dot.lines) * CHARACTER
    height = len(dot.lines) * LINE
    mark = dot.mark
    half_x, half_y = (mark.right - mark.left) / 2, (mark.bottom - mark.top) / 2
    for distance in _DISTANCES:
        for right, down in _DIRECTIONS:
            if not right and len(dot.lines) > 1:
                continue  # a list reads better from a straight edge
            x = (mark.left + mark.right) / 2 + right * (distance + _GAP + half_x)
            y = (mark.top + mark.bottom) / 2 + down * (distance + half_y)
            x += _sign(right) * width / 2
            y += down * height / 2
            box = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            yield Label(_inside(box, field), away=distance > 0)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _inside(box: Box, field: Box) -> Box:
    """Moved just so far that it does not stick out."""
    right = max(0.0, field.left - box.left) - max(0.0, box.right - field.right)
    down = max(0.0, field.top - box.top) - max(0.0, box.bottom - field.bottom)
    return Box(box.left + right, box.top + down, box.right + right, box.bottom + down)
