"""The recorder's laboratory, emulated: two hosts of the linux stack, or three with a router.

One heap of instants, no Trio: what is proven here is the machines.  The server's interface is
the capture, as in the recordings: what the link or a filter behind it swallows has been seen,
what finds no route or no carrier has not.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from emu.kernel.host import Host
from emu.kernel.path import Path, PathPlan

#: One way over a veth pair; measured round trips are 15 to 40 us (rtt in the recordings).
LATENCY_NS = 8_000


class Filter(Enum):
    """What the client's end lets through, both ways."""

    OPEN = "open"
    DROP_IP = "IP dropped, ARP alive"
    DROP_ALL = "everything dropped"


@dataclass(slots=True)
class Link:
    """Between two interfaces.  ``carrier``: frames leave at all; ``exists``: it is there.

    ``path``: what the way does to them; ``filter``: what the client's end does.
    """

    path: Path = field(default_factory=lambda: Path(PathPlan()))
    filter: Filter = Filter.OPEN
    carrier: bool = True
    exists: bool = True

    @property
    def latency_ns(self) -> int:
        return LATENCY_NS + self.path.plan.latency_ns

    def up(self) -> bool:
        return self.exists and self.carrier

    def heeds(self, frame: bytes) -> bool:
        """Whether the client's end lets a frame in, or out."""
        if not self.up() or self.filter is Filter.DROP_ALL:
            return False
        return self.filter is Filter.OPEN or frame[12:14] == b"\x08\x06"


@dataclass(slots=True)
class Lab:
    """Time, the wires, and the capture.  ``frames``: (ns, octets) at the server's interface."""

    now: int = 0
    frames: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    capturing: bool = True
    _agenda: list[tuple[int, int, Callable[[], None]]] = field(
        default_factory=list[tuple[int, int, Callable[[], None]]]
    )
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def at(self, instant: int, action: Callable[[], None]) -> None:
        """Do it then; of one instant, in the order of asking."""
        heapq.heappush(self._agenda, (max(instant, self.now), next(self._count), action))

    def timer(self, instant: int, action: Callable[[], None]) -> None:
        """Do it then, before what else is of that instant; of timers, the one set last goes first.

        A slot of the kernel's wheel is a stack (enqueue_timer: hlist_add_head).
        """
        heapq.heappush(self._agenda, (max(instant, self.now), -next(self._count), action))

    def run(self, until: int, *, while_: Callable[[], bool] = lambda: True) -> None:
        """Up to and including ``until``, as long as ``while_`` holds."""
        while self._agenda and self._agenda[0][0] <= until and while_():
            self.now, _, action = heapq.heappop(self._agenda)
            action()
        if while_():
            self.now = max(self.now, until)

    def capture(self, frame: bytes) -> None:
        if self.capturing:
            self.frames.append((self.now, frame))


class Wire:
    """A link with a host at each end.  ``captured``: its first end is the server's interface."""

    def __init__(self, lab: Lab, link: Link, near: Host, far: Host, *, captured: bool) -> None:
        self.lab = lab
        self.link = link
        self.near = near
        self.far = far
        self.captured = captured

    def from_near(self, frame: bytes) -> None:
        """The server, or the router towards the client, sends."""
        if not self.link.up():
            return
        if self.captured:
            self.lab.capture(frame)
        if self.link.path.passes(frame, self.lab.now):
            self.lab.at(self.lab.now + self.link.latency_ns, lambda: self._reach(frame))

    def _reach(self, frame: bytes) -> None:
        if self.link.heeds(frame):
            self.far.receive(frame)

    def from_far(self, frame: bytes) -> None:
        """The client sends; a filter stands at its end."""
        if self.link.heeds(frame) and self.link.path.passes(frame, self.lab.now):
            self.lab.at(self.lab.now + self.link.latency_ns, lambda: self._arrive(frame))

    def _arrive(self, frame: bytes) -> None:
        if not self.link.up():
            return
        if self.captured:
            self.lab.capture(frame)
        self.near.receive(frame)
