"""What is due when: one heap whose entries may be heads of first-in-first-out lanes.

Timers have few distinct delays (an idle time, an interval, a link's delay), and entries made
with one delay come in the order of their instants: so a *lane* per (delay, rank) needs no
sorting, and only its head stands in the heap.  The order is (due, rank, serial) all the same,
exactly that of one heap; what changes is the cost with ten thousand sessions (performance.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappush
from itertools import count
from typing import Any

Action = Callable[[Any, int], None]
#: (due, rank, serial, action, argument, lane): the lane it is the head of, or waits in.
Entry = tuple[int, int, int, Action, Any, "Lane | None"]
Lane = deque[Any]

#: A delay gets a lane when it has been used this often.
POPULAR = 8
#: No more lanes than this: each may hold a place in the heap, and most delays stay rare.
LANES_MAX = 64
#: Delays counted at a time; beyond it the count starts anew.
CANDIDATES_MAX = 1_024


class Agenda:
    """``now``: set by the timeline, which also takes entries out (``advance`` shows how).

    ``at(due, rank, action, argument)`` is a closure, because nothing is called more often.
    """

    __slots__ = ("at", "heap", "now")

    def __init__(self) -> None:
        self.now = 0
        self.heap: list[Entry] = []
        self.at = self._scheduler()

    def _scheduler(self) -> Callable[[int, int, Action, Any], None]:
        heap, serial = self.heap, count(1).__next__
        lanes: dict[int, Lane] = {}
        candidates: dict[int, int] = {}

        def consider(key: int) -> None:
            """Count how often a delay is used; the popular get a lane."""
            uses = candidates.get(key, 0) + 1
            if uses >= POPULAR and len(lanes) < LANES_MAX:
                lanes[key] = deque()
            elif len(candidates) >= CANDIDATES_MAX:
                candidates.clear()
            else:
                candidates[key] = uses

        def at(due: int, rank: int, action: Action, argument: Any) -> None:
            key = (due - self.now) << 2 | rank
            lane = lanes.get(key)
            if lane is None:
                # No lane is for a negative delay, so that this is asked of every new one.
                assert key >= 0, f"{action} is to be done at {due} ns; it is {self.now} ns"
                heappush(heap, (due, rank, serial(), action, argument, None))
                consider(key)
                return
            entry = (due, rank, serial(), action, argument, lane)
            if not lane:
                heappush(heap, entry)
            lane.append(entry)

        return at
