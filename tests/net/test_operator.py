"""Hangs, sleeps and cut cables: what a host and a link do while and after (architecture.md 4)."""

from __future__ import annotations

from emu.net import host as module
from emu.net.link import Nic
from emu.net.timeline import OPERATOR
from emu.units import seconds
from tests.net.test_host import ETHERNET_II, OTHER, Bench, frame
from tests.net.test_link import SERVER, WS1, WS2, Segment
from tests.net.test_link import frame as plain


class Alarm:
    def __init__(self, name: str, heard: list[tuple[str, int]]) -> None:
        self.name, self.heard = name, heard

    def fire(self, now: int) -> None:
        self.heard.append((self.name, now))


def hung(*, hears: bool, arriving: int = 3) -> tuple[Bench, list[tuple[str, int]]]:
    """A host stopped at 1 s, frames at 2 s, timers due at 3 and 4 s."""
    bench = Bench()
    boot = bench.host.power_on(None)
    heard: list[tuple[str, int]] = []
    boot.arm(Alarm("later", heard), seconds(4))
    boot.arm(Alarm("sooner", heard), seconds(3))
    bench.run(seconds(1))
    boot.stop(hears=hears)
    for _ in range(arriving):
        bench.lan.offer(bench.lan.nics[OTHER], frame(ETHERNET_II), seconds(2))
    bench.run(seconds(5))
    return bench, heard


def test_nothing_moves_while_a_host_hangs() -> None:
    bench, heard = hung(hears=True)
    assert (bench.stations[0].got, heard) == ([], [])


def test_after_a_hang_frames_come_first_then_timers_as_they_were_due() -> None:
    bench, heard = hung(hears=True)
    assert bench.host.boot is not None
    bench.host.boot.resume(seconds(5))
    assert [now for _, now in bench.stations[0].got] == [seconds(5)] * 3
    assert heard == [("sooner", seconds(5)), ("later", seconds(5))]


def test_the_ring_keeps_so_many_frames_and_no_more() -> None:
    bench, _ = hung(hears=True, arriving=module.RING_FRAMES + 5)
    assert bench.host.boot is not None
    bench.host.boot.resume(seconds(5))
    assert len(bench.stations[0].got) == module.RING_FRAMES


def test_a_sleeper_hears_nothing_of_what_came_meanwhile() -> None:
    bench, heard = hung(hears=False)
    assert bench.host.boot is not None
    bench.host.boot.resume(seconds(5))
    assert bench.stations[0].got == []
    assert [name for name, _ in heard] == ["sooner", "later"]
    bench.lan.offer(bench.lan.nics[OTHER], frame(ETHERNET_II), seconds(5))
    bench.run(seconds(6))
    assert len(bench.stations[0].got) == 1


def test_a_second_missed_deadline_does_not_turn_time_back() -> None:
    """A machine says its deadlines one by one: due at 3 s, and then another at 4 s, both missed
    by a host that comes to itself at 5 s."""
    bench, heard = hung(hears=False)
    boot = bench.host.boot
    assert boot is not None

    def resume(_: None, now: int) -> None:
        boot.resume(now)
        boot.arm(Alarm("missed", heard), seconds(4))

    bench.timeline.at(seconds(5), OPERATOR, resume, None)
    bench.run(seconds(6))
    assert heard[-1] == ("missed", seconds(5))


def test_power_that_fails_during_a_hang_ends_it() -> None:
    bench, heard = hung(hears=True)
    bench.host.power_off()
    bench.run(seconds(9))
    assert (bench.stations[0].got, heard) == ([], [])


async def test_a_held_program_goes_on_where_it_stood() -> None:
    import trio

    steps: list[int] = []

    async def program(boot: module.Boot) -> None:
        timeline = boot.host.timeline
        for second in (1, 2, 3):
            await timeline.until(seconds(second))
            await boot.going()
            steps.append(timeline.now)

    bench = Bench(program)
    async with trio.open_nursery() as nursery:
        boot = bench.host.power_on(nursery)
        bench.timeline.at(seconds(1) + 1, 3, lambda *_: boot.hold(), None)
        bench.timeline.at(seconds(5), 3, lambda *_: boot.release(), None)
        await bench.timeline.run(seconds(10))
        nursery.cancel_scope.cancel()
    assert steps == [seconds(1), seconds(5), seconds(5)]


def _heard(segment: Segment) -> list[str]:
    segment.run()
    heard = sorted(name for name, _, _, _ in segment.heard)
    segment.heard.clear()
    return heard


def _everybody_talks(segment: Segment) -> list[str]:
    """One frame each way between the server and the clients, and one between the clients."""
    for to, source in ((WS1, SERVER), (SERVER, WS1), (WS2, WS1), (SERVER, WS2)):
        segment.lan.offer(segment.ports[source], plain(to, source), segment.timeline.now)
    return _heard(segment)


def _cut(segment: Segment, nic: Nic | None) -> list[str]:
    segment.lan.cut(nic)
    return _everybody_talks(segment)


def test_a_cable_cut_at_a_client_cuts_that_client_only() -> None:
    segment = Segment()
    assert _cut(segment, segment.ports[WS1]) == ["server"]


def test_a_cable_cut_at_the_server_leaves_the_clients_to_themselves() -> None:
    """And the tap, which stands behind that port, sees nothing."""
    segment = Segment()
    assert _cut(segment, segment.ports[SERVER]) == ["ws2"]
    assert len(segment.recording) == 0


def test_a_cut_between_switches_parts_the_server_from_all_clients() -> None:
    """The server's own frame still passes its port, so the tap sees it."""
    segment = Segment()
    assert _cut(segment, None) == ["ws2"]
    assert [octets[6:12] for _, _, octets in segment.recording.frames] == [SERVER]


def test_a_broadcast_does_not_cross_a_cut() -> None:
    segment = Segment()
    segment.lan.cut(None)
    segment.lan.offer(segment.ports[WS1], plain(b"\xff" * 6, WS1), 0)
    assert _heard(segment) == ["ws2"]


def test_a_mended_cable_is_as_before() -> None:
    segment = Segment()
    whole = _everybody_talks(segment)
    for nic in (segment.ports[WS1], segment.ports[SERVER], None):
        assert _cut(segment, nic) != whole
        segment.lan.mend(nic)
        assert _everybody_talks(segment) == whole
