"""Two TCP machines joined by a virtual pipe that loses, doubles and delays what it is told to."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

from emu.machines.base import EXPIRED, Asked, Data, Deliver, Ended, Lost, Opened, Received, Transmit
from emu.machines.tcp.control import Connect, Send, State
from emu.machines.tcp.machine import Tcp
from emu.pdu.ip_tcp import ACK, Segment

#: Bound of the loop: a pair of machines that needs more turns than this never ends.
TURNS_MAX = 20_000


class End:
    """One machine and what it told the layer above."""

    def __init__(self, machine: Tcp) -> None:
        self.machine = machine
        self.got = b""
        self.told: list[object] = []
        self.probes_unanswered = 0
        self.probes_unanswered_most = 0

    @property
    def lost(self) -> bool:
        return any(isinstance(value, Lost) for value in self.told)


class Pipe:
    """``faults``: how much later than ``delay_ns`` each copy of a frame arrives, frame by frame.

    ``()`` loses it, ``(0,)`` is no fault, ``(0, 0)`` doubles it; behind the last entry there
    are no faults.  ``dead``: ends that have lost power and neither hear nor say anything.
    """

    def __init__(
        self, left: Tcp, right: Tcp, *, delay_ns: int, faults: Sequence[tuple[int, ...]]
    ) -> None:
        self.now = 0
        self.ends = (End(left), End(right))
        self.dead: set[End] = set()
        self._delay_ns = delay_ns
        self._faults = list(reversed(faults))
        self._queue: list[tuple[int, int, int, Any]] = []
        self._serial = 0

    def at(self, instant_ns: int, end: End, request: object) -> None:
        """Program of an end; at one instant it comes behind frames and timers."""
        self._push(instant_ns, 2, (end, request))

    def run(self, until_ns: int) -> None:
        for _turn in range(TURNS_MAX):
            frame_due = self._queue[0][:2] if self._queue else (until_ns + 1, 0)
            timers = [
                (due, 1, number)
                for number, end in enumerate(self.ends)
                if end not in self.dead and (due := end.machine.due()) is not None
            ]
            due = min([(*frame_due, 9), *timers])
            if due[0] > until_ns:
                self.now = until_ns
                return
            assert due[0] >= self.now, "time does not go back"
            self.now = due[0]
            if due[2] == 9:
                self._turn()
            else:
                end = self.ends[due[2]]
                self._carry_out(end, end.machine.step(EXPIRED, self.now))
        raise AssertionError(f"livelock at {self.now} ns")

    def _turn(self) -> None:
        _due, rank, _serial, (end, what) = heapq.heappop(self._queue)
        if end in self.dead:
            return
        if rank == 0:
            if what.flags & ACK:
                end.probes_unanswered = 0
            self._carry_out(end, end.machine.step(Received(what), self.now))
        elif not isinstance(what, Send) or end.machine.state in (
            State.SYN_SENT, State.SYN_RECEIVED, State.ESTABLISHED, State.CLOSE_WAIT,
        ):  # fmt: skip
            self._carry_out(end, end.machine.step(Asked(what), self.now))

    def _carry_out(self, end: End, effects: Sequence[object]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                self._transmit(end, effect)
            elif isinstance(effect, Deliver) and isinstance(effect.value, Data):
                end.got += effect.value.octets
            elif isinstance(effect, Deliver):
                assert isinstance(effect.value, (Opened, Ended, Lost))
                end.told.append(effect.value)

    def _transmit(self, end: End, effect: Transmit) -> None:
        segment: Segment = effect.pdu
        if effect.about is not None and effect.about.kind == "probe":
            end.probes_unanswered += 1
            most = max(end.probes_unanswered_most, end.probes_unanswered)
            end.probes_unanswered_most = most
        other = self.ends[1 - self.ends.index(end)]
        for later_ns in self._faults.pop() if self._faults else (0,):
            self._push(self.now + self._delay_ns + later_ns, 0, (other, segment))

    def _push(self, instant_ns: int, rank: int, what: tuple[End, object]) -> None:
        self._serial += 1
        heapq.heappush(self._queue, (instant_ns, rank, self._serial, what))

    def open(self) -> None:
        """Left calls right."""
        self.at(0, self.ends[0], Connect())
