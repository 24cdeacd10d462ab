"""The timer entry of one machine, re-armed lazily.

A machine's deadline moves with every packet, and there is no disarming.  So one entry is kept;
when it comes up and nothing is due yet, it is armed anew for what is.  Only a deadline that
moves forward costs a second entry, and the first then finds itself stale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from emu.machines.base import EXPIRED, NEVER, Effects, Machine
from emu.stations.base import Timer


class Arms(Protocol):
    """Whoever can wake a timer: a host's ``Surroundings``, a router's."""

    def arm(self, timer: Timer, due: int) -> None: ...


class Alarm:
    """``carry_out(effects, now)``: what the machine says when its time has come."""

    __slots__ = ("_armed_ns", "_carry_out", "_machine", "_surroundings")

    def __init__(
        self,
        surroundings: Arms,
        machine: Machine,
        carry_out: Callable[[Effects, int], None],
    ) -> None:
        self._surroundings = surroundings
        self._machine = machine
        self._carry_out = carry_out
        self._armed_ns = NEVER

    def watch(self) -> None:
        """Call this after every step of the machine."""
        due = self._machine.due()
        if due is not None and due < self._armed_ns:
            self._armed_ns = due
            self._surroundings.arm(self, due)

    def fire(self, now: int) -> None:
        """An entry came up; ``carry_out`` ends in ``watch``."""
        if now < self._armed_ns:
            return
        self._armed_ns = NEVER
        due = self._machine.due()
        if due is not None and due <= now:
            self._carry_out(self._machine.step(EXPIRED, now), now)
        else:
            self.watch()
