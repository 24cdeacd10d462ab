"""Dialled links under random traffic and random failures: what never happens.

The call control is played here: it answers each call after a random time with CONNECT or a
failure, opens PPP or not, and drops calls that are up.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Deliver, Effects, Note, Received, Transmit
from emu.machines.dial import (
    CISCO,
    DIALD,
    ISDN4LINUX,
    PPPD,
    AnswerCall,
    Arrived,
    Cleared,
    Connected,
    DialGroup,
    DialLink,
    DialParams,
    Failed,
    HangUp,
    Heard,
    LinkOpened,
    On,
    PlaceCall,
    Route,
    State,
)
from emu.units import seconds as s
from tests.machines.dial_parts import chatter, flat90, packet
from tests.wire.strategies import thorough

SMALL = replace(CISCO, queue_frames=2, redials=2, redial_ns=s(7), redial_max_ns=s(10))
POLICIES = (CISCO, ISDN4LINUX, PPPD, DIALD, SMALL)
END = s(3000)


class World:
    """One link, its call control, and a record of everything that was said."""

    def __init__(self, params: DialParams, seed: int) -> None:
        self.dice = Random(seed)
        self.params = params
        self.link = DialLink(params, next_unit=flat90)
        self.agenda: list[tuple[int, int, str, Any]] = []
        self.serial = 0
        self.offered: list[bytes] = []
        self.sent: list[bytes] = []
        self.lost: Counter[str] = Counter()
        self.connected = self.clearing = False
        self.generation = 0

    def at(self, instant: int, kind: str, value: Any) -> None:
        self.serial += 1
        heapq.heappush(self.agenda, (instant, self.serial, kind, value))

    def play(self) -> None:
        for number in range(self.dice.randrange(60)):
            kind = self.dice.choice(("packet", "packet", "chatter", "heard", "arrives", "breaks"))
            self.at(self.dice.randrange(END), kind, b"%d" % number)
        while self.agenda or self.link.due() is not None:
            due = self.link.due()
            if due is not None and (not self.agenda or due < self.agenda[0][0]):
                if due > 2 * END:
                    return
                self.expire(due)
            else:
                instant, _, kind, value = heapq.heappop(self.agenda)
                self.happens(kind, value, instant)

    def expire(self, due: int) -> None:
        if self.link.state is State.UP:
            assert self.params.idle_ns is not None
            assert due >= self.link.last_interesting_ns + self.params.idle_ns
        self.judge(self.link.step(EXPIRED, due), due)

    def happens(self, kind: str, value: Any, now: int) -> None:
        match kind:
            case "packet":
                self.offered.append(value)
                self.judge(self.link.step(Asked(packet(value)), now), now)
            case "chatter":
                self.judge(self.link.step(Asked(chatter()), now), now)
            case "heard" if self.link.state is State.UP:
                self.tell(Heard(interesting=True), now)
            case "arrives" if self.link.state is State.DOWN:
                self.tell(Arrived(), now)
            case "breaks" if self.link.state is State.UP:
                self.generation += 1
                self.tell(Cleared(cause="27"), now)
            case "answer" if value[0] == self.generation:
                self.tell(value[1], now)
            case _:
                return

    def tell(self, pdu: Any, now: int) -> None:
        if isinstance(pdu, Connected):
            self.connected = True
        if isinstance(pdu, (Cleared, Failed)) and not (
            isinstance(pdu, Failed) and self.link.state is State.OPENING
        ):
            self.connected = False
        self.judge(self.link.step(Received(pdu), now), now)

    def judge(self, effects: Effects, now: int) -> None:
        for effect in effects:
            match effect:
                case Transmit(pdu=octets):
                    assert self.connected, "a packet without CONNECT"
                    assert self.link.state is State.UP
                    if octets != b"rip":
                        self.sent.append(octets)
                case Deliver(value=value):
                    self.control(value, now)
                case Note(kind="dropped", facts=facts):
                    self.lost[str(facts["why"])] += int(facts["frames"])
                case Note(kind=kind):
                    assert kind != "up" or self.connected, "up without CONNECT"
        charged = self.link.connected_ns is not None
        assert not charged or self.connected, "charged before CONNECT"
        assert (self.link.state is State.UP) <= charged

    def control(self, value: Any, now: int) -> None:
        match value:
            case PlaceCall() | AnswerCall():
                self.generation += 1
                self.call(now)
            case HangUp():
                self.generation += 1
                self.at(now + self.dice.randrange(s(2)), "answer", self.now_is(Cleared(cause="16")))
            case _:
                return

    def call(self, now: int) -> None:
        done = now + self.dice.randrange(s(40))
        if self.dice.random() < 0.3:
            self.at(done, "answer", self.now_is(Failed(cause="17")))
            return
        self.at(done, "answer", self.now_is(Connected()))
        opened = LinkOpened() if self.dice.random() < 0.8 else Failed(cause="no LCP")
        self.at(done + self.dice.randrange(s(5)), "answer", self.now_is(opened))

    def now_is(self, pdu: Any) -> tuple[int, Any]:
        """An answer counts only while the call it belongs to is the present one."""
        return self.generation, pdu


@pytest.mark.slow
@pytest.mark.parametrize("params", POLICIES)
@thorough
@given(seed=st.integers(0, 2**32))
def test_what_never_happens(params: DialParams, seed: int) -> None:
    """Charged or up before CONNECT; idle too early; a packet twice, out of order, or lost
    without being counted."""
    world = World(params, seed)
    world.play()
    assert world.link.dropped == {**dict.fromkeys(world.link.dropped, 0), **world.lost}
    assert len(set(world.sent)) == len(world.sent), "sent twice"
    assert [each for each in world.offered if each in set(world.sent)] == world.sent, "order"
    counted = world.lost["queue full"] + world.lost["call failed"]
    assert len(world.sent) + counted + world.link.queued == len(world.offered)
    assert world.link.queued == 0 or world.link.state is not State.DOWN


@pytest.mark.slow
@thorough
@given(seed=st.integers(0, 2**32), channels=st.integers(1, 3))
def test_a_group_never_has_more_calls_than_channels(seed: int, channels: int) -> None:
    """And every packet that was offered is sent, counted dropped, or still waits."""
    dice, now = Random(seed), 0
    group = DialGroup(SMALL, channels=channels, next_unit=flat90)
    sent = lost = offered = 0
    for _ in range(120):
        now += dice.randrange(s(20))
        for stimulus in _next(group, dice, now):
            offered += isinstance(stimulus, Asked)
            for effect in group.step(stimulus, now):
                sent += isinstance(effect, Transmit)
                if isinstance(effect, Note) and effect.kind == "dropped":
                    lost += int(effect.facts["frames"])
        busy = [link for link in group.links.values() if link.state is not State.DOWN]
        assert len(busy) <= len(group.taken) <= channels
        assert len(set(group.taken.values())) == len(group.taken)
        assert not (group.waiting and len(group.taken) < channels), "a free channel and a waiter"
        queued = sum(link.queued for link in group.links.values()) + group.queued
        assert sent + lost + queued == offered


def _next(group: DialGroup, dice: Random, now: int) -> list[Any]:
    """A packet for somebody, a timer, or something legal about a call."""
    due = group.due()
    if due is not None and due <= now:
        return [EXPIRED]
    name = dice.choice("abcd")
    link = group.links.get(name)
    answers: dict[State, tuple[Any, ...]] = {
        State.DIALLING: (Connected(), Failed(cause="17")),
        State.OPENING: (LinkOpened(), LinkOpened(), Failed(cause="no LCP")),
        State.UP: (Cleared(cause="27"),),
        State.HANGING_UP: (Cleared(cause="16"),),
    }
    if link is not None and name in group.taken and dice.random() < 0.6:
        choices = answers.get(link.state)
        if choices:
            on = On(destination=name, channel=group.taken[name], value=dice.choice(choices))
            return [Received(on)]
    return [Asked(Route(destination=name, octets=b"x", interesting=dice.random() < 0.8))]
