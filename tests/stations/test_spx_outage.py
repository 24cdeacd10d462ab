"""A cable that is mended in time, or not: both ends through octets against the closed formula.

Both ends run their clocks all the while; the formula is told the server's only, so that within
a verify time of Novell's end it may be too sure of the worse, and never of the better.
"""

from __future__ import annotations

from typing import Any

import pytest

from emu.pdu.terminal import Screen
from emu.transports.base import Fault, Transport
from emu.transports.nbipx import NBIPX
from emu.transports.spx import SPX
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.units import ticks
from tests.machines import nbipx_parts, spx_parts

from .ncp_lan import LATENCY, Frame
from .spx_lan import World

POLICIES = [
    (SPX, spx_parts.NWLINK),
    (SPX, spx_parts.NOVELL),
    (NBIPX, nbipx_parts.NWLINK),
    (NBIPX, nbipx_parts.NOVELL_NB),
    (SPX, spx_parts.changed(data=spx_parts.TrialParams(
        first_ns=ms(500), doubling=False, repeats=8, wait_after_last=True))),
]  # fmt: skip
IDS = ["spx-nwlink", "spx-novell", "nbipx-nwlink", "nbipx-novell", "spx-constant"]
CUT = s(100)


def outage(
    transport: Transport, made: Any, until: int, *, push: bool
) -> tuple[int | None, int | None]:
    """Cut at 100 s, mended at ``until``: (when the server gave up, what the formula says)."""

    def lose(frame: Frame) -> bool:
        return CUT < frame.at <= until  # the operator's turn comes last (timeline.py, OPERATOR)

    world = World(transport, made, lose=lose)
    world.log_on()
    world.lan.run(CUT)
    connection = world.table.connections[1]
    if push:
        world.lan.run(CUT + s(1))
        connection.send(Screen(text="12:00"), world.lan.now)
    world.lan.run(until - 1)
    since, last = connection.unacknowledged_since_ns, connection.last_octet_ns
    fault = Fault(kind="cable", lost_at_ns=CUT, until_ns=until, unacknowledged_since_ns=since)
    world.lan.run(until + s(1500))
    noticed = [at for at, what, *_rest in world.table.said if what == "lost"]
    delay = transport.delay(made, fault, last)
    return (noticed[0] if noticed else None), (None if delay is None else CUT + delay)


@pytest.mark.slow
@pytest.mark.parametrize("push", [False, True])
@pytest.mark.parametrize(("transport", "made"), POLICIES, ids=IDS)
def test_a_cable_mended_at_any_time(transport: Transport, made: Any, push: bool) -> None:
    never = outage(transport, made, s(2000), push=push)
    assert never[0] == never[1] is not None
    end = never[0]
    assert end is not None
    unsure = ticks(54) if end - CUT < s(30) else 0
    for percent in range(1, 100, 4):
        until = CUT + (end - CUT) * percent // 100 + percent
        emulated, predicted = outage(transport, made, until, push=push)
        if predicted is None:
            assert emulated is None, (until, end)
        elif end - until > unsure:
            assert emulated is not None, (until, end)


@pytest.mark.parametrize("push", [False, True])
@pytest.mark.parametrize(("transport", "made"), POLICIES, ids=IDS)
def test_four_seconds_disconnect_nobody(transport: Transport, made: Any, push: bool) -> None:
    assert outage(transport, made, CUT + s(4), push=push) == (None, None)


def test_on_the_wire_a_probe_that_meets_the_mended_cable_is_answered() -> None:
    """NWLink's last probe leaves 1 ns after the cable is whole again, or at that instant: lost."""
    end, _predicted = outage(SPX, spx_parts.NWLINK, s(2000), push=False)
    assert end is not None
    last_probe = end - s(6)
    assert outage(SPX, spx_parts.NWLINK, last_probe - 1, push=False) == (None, None)
    assert outage(SPX, spx_parts.NWLINK, last_probe, push=False) == (end, end)
    assert outage(SPX, spx_parts.NWLINK, last_probe + 4 * LATENCY, push=False) == (end, end)
