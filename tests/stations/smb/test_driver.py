"""What a machine says keeps its order, whoever calls back meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from emu.machines.base import Asked, Deliver, Effect, Effects, Expired, Stimulus
from emu.stations.smb.driver import Driver
from emu.units import seconds as s
from tests.stations.smb.parts import Clock


class Counter:
    """Says "n.1" and "n.2" for a number, and is woken once."""

    def __init__(self) -> None:
        self.wake: int | None = None

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        match stimulus:
            case Asked(number):
                return [Deliver(f"{number}.1"), Deliver(f"{number}.2")]
            case Expired():
                self.wake = None
                return [Deliver(f"woken at {now}")]
            case _:
                raise AssertionError(stimulus)

    def due(self) -> int | None:
        return self.wake

    def timers(self) -> Mapping[str, int]:
        return {}


class Listener:
    """Asks for number 2 when it is told "1.1"."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.machine = Counter()
        self.driver = Driver(self.machine, self.clock, self.carry_out)
        self.told: list[object] = []

    def carry_out(self, effect: Effect, now: int) -> None:
        assert isinstance(effect, Deliver)
        assert self.driver.is_busy
        self.told.append(effect.value)
        if effect.value == "1.1":
            self.driver.step(Asked(2), now)
        if effect.value == "9.1":
            raise ValueError("a listener's mistake")


def test_what_comes_in_meanwhile_waits() -> None:
    listener = Listener()
    listener.driver.step(Asked(1), 0)
    assert listener.told == ["1.1", "1.2", "2.1", "2.2"]
    assert not listener.driver.is_busy


def test_a_listeners_mistake_does_not_leave_the_machine_deaf() -> None:
    listener = Listener()
    with pytest.raises(ValueError, match="mistake"):
        listener.driver.step(Asked(9), 0)
    listener.driver.step(Asked(3), 0)
    assert listener.told == ["9.1", "3.1", "3.2"]


def test_the_timer_is_armed_after_each_step() -> None:
    listener = Listener()
    listener.machine.wake = s(3)
    listener.driver.step(Asked(4), 0)
    listener.clock.run(s(3) - 1)
    assert listener.told == ["4.1", "4.2"]
    listener.clock.run(s(9))
    assert listener.told == ["4.1", "4.2", f"woken at {s(3)}"]
