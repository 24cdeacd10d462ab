"""Two links and a bad wire: what comes out is what went in, in order, or the link is given up."""

from __future__ import annotations

import heapq
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.errors import PeerProtocolError
from emu.machines.base import EXPIRED, Asked, Data, Deliver, Ended, Lost, Received, Transmit
from emu.machines.llc2.control import Connect, Disconnect, Reject, Send, State
from emu.machines.llc2.link import Link
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.llc2 import decode_llc2, encode_llc2

from .llc2_parts import IBM, IEEE, LAN_MANAGER, NT4, calling, down

STACKS = {"nt4": NT4, "lan-manager": LAN_MANAGER, "ibm": IBM, "802.2": IEEE}


class Pipe:
    """Carries octets between two links 1 ms later; ``loss`` by dice, nothing while ``cut``."""

    def __init__(self, a: Link, b: Link, *, seed: int, loss: float) -> None:
        self.links = (a, b)
        self.got: tuple[list[bytes], list[bytes]] = ([], [])
        self.over: list[tuple[int, int, object]] = []
        self.now = 0
        self.cut = False
        self._dice = Random(seed)
        self._loss = loss
        self._flying: list[tuple[int, int, int, bytes]] = []
        self._serial = 0

    def ask(self, end: int, request: object) -> None:
        self._carry_out(end, self.links[end].step(Asked(request), self.now))

    def run(self, until_ns: int) -> None:
        for _turn in range(200_000):
            dues = [(link.due(), 1, end) for end, link in enumerate(self.links)]
            entries = [(due, rank, end) for due, rank, end in dues if due is not None]
            if self._flying:
                entries.append((self._flying[0][0], 0, self._flying[0][2]))
            if not entries or min(entries)[0] > until_ns:
                self.now = until_ns
                return
            self.now, rank, end = min(entries)
            if rank:
                effects = self.links[end].step(EXPIRED, self.now)
            else:
                _, _, end, octets = heapq.heappop(self._flying)
                pdu = decode_llc2(octets)[2]
                effects = self.links[end].step(Received(pdu), self.now)
            self._carry_out(end, effects)
        raise AssertionError("the links never rest")

    def _carry_out(self, end: int, effects) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                assert not isinstance(effect.pdu, Reject), "nobody broke a rule"
                if not self.cut and self._dice.random() >= self._loss:
                    self._serial += 1
                    entry = (self.now + ms(1), self._serial, 1 - end, encode_llc2(effect.pdu))
                    heapq.heappush(self._flying, entry)
            elif isinstance(effect, Deliver):
                if isinstance(effect.value, Data):
                    self.got[end].append(effect.value.octets)
                elif isinstance(effect.value, (Lost, Ended)):
                    self.over.append((self.now, end, effect.value))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    stack=st.sampled_from(list(STACKS)),
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.05, 0.2]),
    said=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 700), st.booleans()), max_size=40),
)
def test_what_goes_in_comes_out_in_order_or_the_link_is_given_up(
    stack: str, seed: int, loss: float, said: list[tuple[int, int, bool]]
) -> None:
    params = replace(STACKS[stack], window=3)
    pipe = Pipe(down(params, probing=False), down(params), seed=seed, loss=loss)
    pipe.ask(0, Connect())
    pipe.run(s(60))
    if pipe.links[0].state is not State.UP or pipe.links[1].state is not State.UP:
        return
    sent: tuple[list[bytes], list[bytes]] = ([], [])
    for number, (end, gap_ms, poll) in enumerate(said):
        pipe.run(pipe.now + ms(gap_ms))
        if pipe.links[end].state is not State.UP:
            break
        octets = number.to_bytes(2, "big")
        sent[end].append(octets)
        pipe.ask(end, Send(octets, poll=poll))
    pipe.run(pipe.now + s(300))
    for end in (0, 1):
        got, wanted = pipe.got[1 - end], sent[end]
        assert got == wanted[: len(got)], (stack, seed, loss)
        alive = not pipe.over and all(link.state is State.UP for link in pipe.links)
        if alive and params is not IEEE and stack != "802.2":
            assert got == wanted, (stack, seed, loss)
    if loss == 0:
        assert not pipe.over
        assert (pipe.got[1], pipe.got[0]) == sent
    for link in pipe.links:
        if link.state is State.UP:
            pipe.ask(pipe.links.index(link), Disconnect())
    pipe.run(pipe.now + s(300))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.sampled_from(list(STACKS)), st.booleans())
def test_any_octets_are_a_frame_or_an_error_and_a_link_takes_every_frame(
    octets: bytes, stack: str, ours: bool
) -> None:
    try:
        pdu = decode_llc2((b"\xf0\xf0" if ours else b"\xf0\xf1") + octets)[2]
    except PeerProtocolError:
        return
    link = calling(STACKS[stack])
    link.step(Received(pdu), ms(5))
    due = link.due()
    if due is not None:
        link.step(EXPIRED, due)
