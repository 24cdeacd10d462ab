"""The way between two ends: a process that passes frames on, later, or not at all.

It stands in a namespace of its own with a veth to each end and passes Ethernet frames as they
are, ARP too, so the ends see a long cable.  ``emu.kernel.path`` decides.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from emu.kernel.live.namespaces import Namespace
from emu.kernel.path import Path, PathPlan

_ALL = 0x0003  # ETH_P_ALL
_OUTGOING = 4  # PACKET_OUTGOING
_FRAME_OCTETS = 1 << 16
_NS = 1_000_000_000
_START = struct.Struct("=Q")


@dataclass(slots=True)
class Passing:
    """Frames on their way.  ``send``: by side, 0 the server's and 1 the client's."""

    path: Path
    send: tuple[Callable[[bytes], object], Callable[[bytes], object]]
    _waiting: list[tuple[int, int, int, bytes]] = field(
        default_factory=list[tuple[int, int, int, bytes]]
    )
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def arrived(self, side: int, frame: bytes, now: int) -> None:
        """A frame came in at a side."""
        if self.path.passes(frame, now):
            due = now + self.path.plan.latency_ns
            heapq.heappush(self._waiting, (due, next(self._count), 1 - side, frame))

    def serve(self, now: int) -> int | None:
        """Send what is due; ns until the next, None for none."""
        while self._waiting and self._waiting[0][0] <= now:
            _, _, side, frame = heapq.heappop(self._waiting)
            self.send[side](frame)
        return self._waiting[0][0] - now if self._waiting else None


class Forwarder:
    """The process.  Ends when it is told, or when whoever holds the other end of its pipe is
    gone."""

    def __init__(self, middle: Namespace, plan: PathPlan) -> None:
        with middle.entered():
            self._sides = [_tap("eth0"), _tap("eth1")]
        ears, self._mouth = os.pipe()
        self.process = os.fork()
        if not self.process:
            os.close(self._mouth)
            _be(self._sides, ears, plan)
        os.close(ears)
        for side in self._sides:
            side.close()

    def start(self, at_ns: int) -> None:
        """The plan's clock begins."""
        os.write(self._mouth, _START.pack(at_ns))

    def stop(self) -> None:
        os.close(self._mouth)
        os.waitpid(self.process, 0)


def _tap(interface: str) -> socket.socket:
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    tap.bind((interface, _ALL))
    tap.setblocking(False)
    return tap


def _be(sides: list[socket.socket], ears: int, plan: PathPlan) -> None:
    """The child: never returns into its parent's code."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        hurry()
        _pass_on(sides, ears, Path(plan))
        code = 0
    finally:
        os._exit(code)


def hurry() -> None:
    """Ahead of whatever else this machine does; without the right to it, as well as may be."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def _pass_on(sides: list[socket.socket], ears: int, path: Path) -> None:
    passing = Passing(path, (_sender(sides[0]), _sender(sides[1])))
    while True:
        left = passing.serve(time.time_ns())
        readable, _, _ = select.select([*sides, ears], [], [], None if left is None else left / _NS)
        if ears in readable:
            said = os.read(ears, _START.size)
            if not said:
                return
            path.start(_START.unpack(said)[0])
        for number, side in enumerate(sides):
            if side in readable:
                _take(passing, number, side)


def _sender(side: socket.socket) -> Callable[[bytes], object]:
    def send(frame: bytes) -> None:
        with contextlib.suppress(OSError):  # the interface may be down: then it is lost
            side.send(frame)

    return send


def _take(passing: Passing, number: int, side: socket.socket) -> None:
    with contextlib.suppress(OSError):  # down, or nothing more to read
        while True:
            frame, address = side.recvfrom(_FRAME_OCTETS)
            if address[2] != _OUTGOING:
                passing.arrived(number, frame, time.time_ns())
