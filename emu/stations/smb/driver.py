"""One machine between two neighbours that may call back while they are being told something.

What comes in during a step waits until all that the step said has been carried out; so effects
keep their order whatever a carrier or an observer does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from emu.machines.base import Effect, Effects, Machine, Stimulus
from emu.stations.ncp.alarm import Alarm, Arms


class Driver:
    """``carry_out(effect, now)`` is told each thing the machine says."""

    __slots__ = ("_alarm", "_carry_out", "_is_busy", "_machine", "_waiting")

    def __init__(
        self, machine: Machine, surroundings: Arms, carry_out: Callable[[Effect, int], None]
    ) -> None:
        self._machine = machine
        self._carry_out = carry_out
        self._alarm = Alarm(surroundings, machine, self._expired)
        self._waiting: deque[Stimulus] = deque()
        self._is_busy = False
        self._alarm.watch()

    @property
    def is_busy(self) -> bool:
        """Something is being carried out: a stimulus would wait."""
        return self._is_busy

    def step(self, stimulus: Stimulus, now: int) -> None:
        """At once, or after what is going on just now."""
        self._waiting.append(stimulus)
        if not self._is_busy:
            self._run((), now)

    def _expired(self, effects: Effects, now: int) -> None:
        self._run(effects, now)

    def _run(self, effects: Effects, now: int) -> None:
        self._is_busy = True
        try:
            self._tell(effects, now)
            while self._waiting:
                self._tell(self._machine.step(self._waiting.popleft(), now), now)
        finally:
            self._is_busy = False
        self._alarm.watch()

    def _tell(self, effects: Effects, now: int) -> None:
        for effect in effects:
            self._carry_out(effect, now)
