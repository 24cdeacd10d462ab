"""What was due while a host hung or slept: in which order, and never in the past."""

from __future__ import annotations

import pytest

from emu.net.host import Boot
from emu.net.timeline import FRAME, Timeline
from emu.units import seconds
from tests.net.test_host import ETHERNET_II, OTHER, Bench, frame


class Machine:
    """A station's timer: one entry at a time, each expiry serves one deadline and arms the next."""

    def __init__(self, boot: Boot, deadlines: list[int]) -> None:
        self.boot, self.deadlines = boot, deadlines
        self.served: list[tuple[int, int]] = []
        boot.arm(self, deadlines[0])

    def fire(self, now: int) -> None:
        self.served.append((self.deadlines.pop(0), now))
        if self.deadlines:
            self.boot.arm(self, self.deadlines[0])


@pytest.mark.parametrize("hears", [True, False], ids=["hang", "sleep"])
def test_deadlines_of_one_machine_that_all_passed_are_served_now_and_in_order(hears: bool) -> None:
    """Each expiry arms the next deadline, which is past as well: 3 s, 4 s, then 7 s in time."""
    bench = Bench()
    boot = bench.host.power_on(None)
    machine = Machine(boot, [seconds(3), seconds(4), seconds(7)])
    bench.run(seconds(1))
    boot.stop(hears=hears)
    bench.timeline.at(seconds(5), FRAME, lambda *_: boot.resume(seconds(5)), None)
    bench.run()
    at = seconds(5)
    assert machine.served == [(seconds(3), at), (seconds(4), at), (seconds(7), seconds(7))]


def test_a_deadline_in_the_past_never_turns_the_clock_back() -> None:
    """What another host does between the deadline and the return keeps its own instant."""
    bench = Bench()
    boot = bench.host.power_on(None)
    Machine(boot, [seconds(3), seconds(4)])
    clock: list[int] = []
    bench.run(seconds(1))
    boot.stop(hears=True)
    bench.timeline.at(seconds(5), FRAME, lambda *_: boot.resume(seconds(5)), None)
    for at in (5, 6):
        bench.timeline.at(seconds(at), FRAME, lambda *_: clock.append(bench.timeline.now), None)
    bench.run(seconds(6))
    assert clock == [seconds(5), seconds(6)]
    assert bench.timeline.now == seconds(6)


def test_nothing_can_be_put_into_the_past() -> None:
    timeline = Timeline()
    timeline.at(seconds(2), FRAME, lambda *_: None, None)
    timeline.advance(seconds(2), 10)
    with pytest.raises(AssertionError, match="is to be done at 1000000000 ns; it is 2000000000"):
        timeline.at(seconds(1), FRAME, lambda *_: None, None)


def test_a_full_ring_keeps_what_came_first_in_its_order() -> None:
    """The server goes on pushing: what no longer fits is lost, and the rest keeps its order."""
    from emu.net.host import RING_FRAMES

    bench = Bench()
    boot = bench.host.power_on(None)
    boot.stop(hears=True)
    pushes = [frame(ETHERNET_II)[:-1] + bytes([n]) for n in range(RING_FRAMES + 5)]
    for octets in pushes:
        bench.lan.offer(bench.lan.nics[OTHER], octets, 0)
    bench.run(seconds(5))
    boot.resume(seconds(5))
    assert [octets for octets, _ in bench.stations[0].got] == pushes[:RING_FRAMES]
    bench.lan.offer(bench.lan.nics[OTHER], pushes[-1], seconds(5))
    bench.run(seconds(6))
    assert bench.stations[0].got[-1][0] == pushes[-1], "the ring is empty and takes no more"


def test_the_ring_comes_before_the_timers_that_are_overdue() -> None:
    """An answer that waits in the NIC spares the retransmission that is due (architecture.md 4)."""
    bench = Bench()
    boot = bench.host.power_on(None)
    heard_before: list[int] = []

    class Alarm:
        def fire(self, now: int) -> None:
            heard_before.append(len(bench.stations[0].got))

    boot.arm(Alarm(), seconds(2))
    boot.stop(hears=True)
    bench.lan.offer(bench.lan.nics[OTHER], frame(ETHERNET_II), 0)
    bench.run(seconds(3))
    boot.resume(seconds(3))
    assert heard_before == [1]
