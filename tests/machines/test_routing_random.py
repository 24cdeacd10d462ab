"""Whatever routers hear, and whenever: no error, no livelock, no impossible word."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Received, Stimulus, Transmit
from emu.machines.routing import (
    CISCO_SNAPSHOT,
    NETWARE_PERIODIC,
    RFC_1582,
    UNROUTED,
    LinkDown,
    LinkUp,
    On,
)
from emu.pdu.ipx import IpxAddress
from emu.pdu.rip_sap import Rip, RipEntry, Sap, UpdateHeader
from emu.units import seconds as s
from tests.wire import strategies as of

from .routing_parts import CLIENT_NODE, ROUTER_NODE, router

sides = st.sampled_from(("lan", "wan"))
peers = st.builds(
    IpxAddress,
    network=st.just(0x0B),
    node=st.sampled_from((ROUTER_NODE, CLIENT_NODE)),
    socket=st.just(0x0453),
)
#: Few networks, so that what is said concerns what is known.
entries = st.builds(
    RipEntry, network=st.integers(1, 4), hops=st.integers(0, 17), ticks=st.integers(0, 3)
)
ways = st.builds(
    Rip,
    operation=st.just(7),
    update=st.builds(
        UpdateHeader,
        sequence=st.integers(0, 2),
        fragment=st.integers(0, 3),
        fragments=st.integers(0, 2),
    ),
    entries=st.lists(entries, max_size=3).map(tuple),
) | st.builds(Rip, operation=st.just(2), entries=st.lists(entries, max_size=3).map(tuple))
heard = st.builds(Received, st.builds(On, sides, ways | of.rips | of.saps, peers))
links = st.builds(Asked, st.builds(LinkUp, sides) | st.builds(LinkDown, sides, st.booleans()))
stories = st.lists(st.tuples(st.integers(0, s(200)), heard | links), max_size=30)
modes = st.sampled_from((RFC_1582, NETWARE_PERIODIC, CISCO_SNAPSHOT, UNROUTED))


@of.thorough
@given(modes, modes, stories)
def test_a_router_survives_every_story(
    one: Any, other: Any, story: list[tuple[int, Stimulus]]
) -> None:
    machine, now, turns, last = router(one, lan=other), 0, 0, -1
    for wait, stimulus in story:
        until = now + wait
        while (due := machine.due()) is not None and due <= until:
            now = max(now, due)
            check(machine.step(EXPIRED, now))
            turns = turns + 1 if due == last else 0
            last = due
            assert turns < 10, "time does not go on"
        now = until
        check(machine.step(stimulus, now))


def check(effects: Any) -> None:
    """Nobody is told more than 16 hops, nor more entries than a packet holds."""
    for effect in effects:
        if isinstance(effect, Transmit):
            packet = effect.pdu.packet
            asks = packet.operation == 1
            assert asks or all(1 <= entry.hops <= 16 for entry in packet.entries)
            assert len(packet.entries) <= (8 if isinstance(packet, Sap) else 50)
