"""Programs that stand still, and die, in a whole world: what of it reaches the wire.

Read: RFC 1122 4.2.2.13 (FIN or RST for a dead program), architecture.md 4.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from emu.capture.recording import Recording
from emu.net.host import Boot
from emu.net.timeline import OPERATOR
from emu.policy.loader import load_policy
from emu.run import build
from emu.units import seconds
from tests.contract.worlds import S, made, played
from tests.net.test_host import ETHERNET_II, OTHER, Bench, frame
from tests.net.test_operator import Alarm

WS1 = bytes.fromhex("02000000000b")

#: Ann has the only session; Bob tries every ten seconds until there is room, which is never.
CROWD = """
[clients.ws2]
user = "bob"
boot_time = "60s"
log_on_again_every = "10s"
log_on_tries = 20
program = [{ at = "10s", do = "log-on" }]

[[faults]]
client = "ws2"
at = "35s"
"""


@pytest.mark.parametrize("kind", ["os-hang", "suspend", "app-hang"])
@pytest.mark.parametrize("policy", ["tcp-no-keepalive", "ncp-netware", "spx-nwlink"])
def test_a_log_on_is_not_tried_again_while_the_program_stands_still(
    policy: str, kind: str, tmp_path: Path
) -> None:
    """Tries at 10, 20 and 30 s; none from 35 to 75 s; the next when it goes on."""
    fault = f'{CROWD}kind = "{kind}"\nfor = "40s"\n'
    rules = "[server]\nsession_limit = 1\n"
    run = played(made(tmp_path, more=fault + rules, horizon="110s"), policy)
    tries = [a["at_s"] for a in run.json["attempts"] if a["client"] == "ws2"]
    assert [round(at_s) for at_s in tries[:4]] == [10, 20, 30, 75]


# --- kill: with and without something unread --------------------------------------------------

#: TCP's flags (RFC 793 3.1), and where they stand in an Ethernet frame with plain headers.
FIN, RST = 1, 4
FLAGS_AT = 14 + 20 + 13

PUSHES = '[hosts.server]\nprogram = [{ at = "120s", do = "push" }, { at = "140s", do = "push" }]\n'

Deeds = dict[int, Callable[[Boot], None]]


def _goodbye(folder: Path, deeds: Deeds) -> list[int]:
    """FIN or RST of a client that pushes reached at 120 and 140 s, killed at 160 s."""
    scenario = made(folder, more=PUSHES, horizon="165s")
    recording = Recording()
    world = build(scenario, load_policy("tcp-no-keepalive"), recording=recording)

    def boot() -> Boot:
        found = world.hosts["ws1"].boot
        assert found is not None
        return found

    def kill(_: Boot) -> None:
        boot().kill()
        world.agents["ws1"].killed()

    for second, deed in {**deeds, 160: kill}.items():
        world.timeline.at(second * S, OPERATOR, lambda *_, deed=deed: deed(boot()), None)
    trio.run(world.play)
    said = [octets for _, at_ns, octets in recording.frames if at_ns >= 160 * S]
    flags = [octets[FLAGS_AT] for octets in said if octets[6:12] == WS1]
    return [each & (FIN | RST) for each in flags if each & (FIN | RST)]


@pytest.mark.parametrize(
    ("deeds", "goodbye"),
    [
        ({}, FIN),
        ({130: Boot.hold}, RST),
        ({150: Boot.hold}, FIN),
        ({130: Boot.hold, 150: Boot.release}, FIN),
        ({130: Boot.hold, 150: Boot.release, 155: Boot.hold}, FIN),
        ({130: lambda boot: boot.stop(hears=True), 150: lambda boot: boot.resume(150 * S)}, FIN),
    ],
    ids=[
        "it read everything",
        "it hung before the second push",
        "it hung behind both",
        "it went on, and read it then",
        "it hung again with nothing unread",
        "what the ring kept was read as well",
    ],
)
def test_a_dead_programs_kernel_says_fin_or_rst(deeds: Deeds, goodbye: int, tmp_path: Path) -> None:
    """RFC 1122 4.2.2.13: RST if octets that nobody read are thrown away, else FIN."""
    assert _goodbye(tmp_path, deeds) == [goodbye]


# --- one standstill inside another ------------------------------------------------------------


async def _steps(changes: Callable[[Bench], None]) -> list[int]:
    """A program that takes a step every second; ``changes`` arranges what stops it."""
    steps: list[int] = []

    async def program(boot: Boot) -> None:
        for second in range(1, 9):
            await boot.host.timeline.until(seconds(second))
            await boot.going()
            steps.append(boot.host.timeline.now // seconds(1))

    bench = Bench(program)
    async with trio.open_nursery() as nursery:
        bench.host.power_on(nursery)
        changes(bench)
        await bench.timeline.run(seconds(10))
        nursery.cancel_scope.cancel()
    return steps


def _at(bench: Bench, second: int, deed: Callable[[Boot], None]) -> None:
    boot = bench.boots[0]
    bench.timeline.at(seconds(second), OPERATOR, lambda *_: deed(boot), None)


async def test_a_hung_program_still_hangs_when_its_host_wakes_up() -> None:
    """Hung at 2 s, the host asleep from 3 to 4 s, the program itself again at 6 s."""

    def changes(bench: Bench) -> None:
        _at(bench, 2, Boot.hold)
        _at(bench, 3, lambda boot: boot.stop(hears=False))
        _at(bench, 4, lambda boot: boot.resume(seconds(4)))
        _at(bench, 6, Boot.release)

    assert await _steps(changes) == [1, 2, 6, 6, 6, 6, 7, 8]


async def test_a_program_that_comes_to_itself_asleep_goes_on_when_the_host_wakes_up() -> None:
    def changes(bench: Bench) -> None:
        _at(bench, 2, Boot.hold)
        _at(bench, 3, lambda boot: boot.stop(hears=False))
        _at(bench, 4, Boot.release)
        _at(bench, 6, lambda boot: boot.resume(seconds(6)))

    assert await _steps(changes) == [1, 2, 6, 6, 6, 6, 7, 8]


def test_a_reboot_out_of_a_sleep_knows_nothing_of_it() -> None:
    """The new life hears and has no overdue timers; waking the old one up changes nothing."""
    bench = Bench()
    old = bench.host.power_on(None)
    heard: list[tuple[str, int]] = []
    old.arm(Alarm("old", heard), seconds(2))
    old.stop(hears=False)
    bench.run(seconds(3))
    bench.host.power_off()
    new = bench.host.power_on(None)
    new.resume(seconds(3))
    bench.lan.offer(bench.lan.nics[OTHER], frame(ETHERNET_II), seconds(3))
    bench.run(seconds(4))
    assert (new.running, new.held, heard) == (True, False, [])
    assert [len(station.got) for station in bench.stations] == [0, 1]


def test_power_that_fails_during_a_hang_takes_the_ring_along() -> None:
    """The next life starts with an empty NIC."""
    bench = Bench()
    bench.host.power_on(None).stop(hears=True)
    bench.lan.offer(bench.lan.nics[OTHER], frame(ETHERNET_II), 0)
    bench.run(seconds(1))
    bench.host.power_off()
    bench.host.power_on(None).resume(seconds(1))
    assert [station.got for station in bench.stations] == [[], []]
