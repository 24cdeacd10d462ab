"""The closed formulas of SPX and NBIPX against machines: policies, and one end left alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Deliver, Effects, Lost, Received, Transmit
from emu.machines.spx import (
    CountingParams,
    NovellParams,
    Send,
    SlidingParams,
    SpxConnection,
    SpxParams,
    TrialParams,
)
from emu.policy.loader import load_policy
from emu.run import carrier_of
from emu.transports.base import Fault
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.machines import spx_parts

LOST, LAST = s(600), s(597)


def shipped(name: str, *settings: str) -> Any:
    """The server's parameters of a policy of the library."""
    policy = load_policy(name)
    for setting in settings:
        policy = policy.with_setting(*setting.split("=", 1))
    return carrier_of(policy).server_params


def fault(kind: str = "power-loss", **more: int | None) -> Fault:
    return Fault(kind=kind, lost_at_ns=LOST, **more)  # type: ignore[arg-type]


TRIALS = st.builds(
    TrialParams,
    first_ns=st.integers(ms(10), s(3)),
    doubling=st.booleans(),
    repeats=st.integers(0, 12),
    wait_after_last=st.booleans(),
)
COUNTING = st.builds(
    CountingParams,
    idle_ns=st.integers(ms(500), s(60)),
    interval_ns=st.integers(ms(500), s(60)),
    probes=st.integers(1, 20),
    wait_after_last_probe=st.booleans(),
).filter(lambda count: count.probes > 1 or count.wait_after_last_probe)
"""A single probe that is not waited out drops every idle peer, alive or not."""
CLOCKS = st.builds(
    NovellParams,
    verify_ticks=st.integers(1, 300),
    listen_ticks=st.integers(1, 300),
    request_ticks=st.integers(1, 300),
    abort_ticks=st.integers(1, 2000),
)
SLIDINGS = st.builds(
    SlidingParams,
    watchdog=COUNTING | CLOCKS,
    watchdog_with_data=st.booleans(),
    set_up=st.just(spx_parts.SET_UP),
    data=TRIALS,
    window=st.integers(1, 4),
)


@dataclass
class Alone:
    """The server's end of a connection, fed by hand: what it asked when, when it gave up."""

    sliding: SlidingParams
    asked: list[int] = field(default_factory=list)
    probes: list[int] = field(default_factory=list)
    lost_ns: int | None = None
    repeats: int = 0
    has_data: bool = False

    def __post_init__(self) -> None:
        params = SpxParams(sliding=self.sliding, framing="802.2")
        self.machine: SpxConnection = spx_parts.opened(params)

    def hear(self, now: int, acknowledgement: int = 0) -> None:
        """An acknowledgement is a sign of life and nothing else."""
        self._read(
            self.machine.step(Received(spx_parts.theirs(0x80, 0, acknowledgement)), now), now
        )

    def push(self, now: int) -> None:
        self._read(self.machine.step(Asked(Send(b"12:00")), now), now)

    def run(self, until: int, *, answers_from: int | None = None) -> None:
        """Let time go on; what asks for an answer behind ``answers_from`` gets one, at once.

        It acknowledges the data once a repeat of it has arrived: the data itself was lost.
        """
        while (due := self.machine.due()) is not None and due <= until:
            before, repeats = len(self.asked), self.repeats
            self._read(self.machine.step(EXPIRED, due), due)
            asked = len(self.asked) > before and self.lost_ns is None
            if asked and answers_from is not None and due > answers_from:
                self.has_data |= self.repeats > repeats
                self.hear(due, int(self.has_data))

    def _read(self, effects: Effects, now: int) -> None:
        for effect in effects:
            if isinstance(effect, Transmit) and effect.about is not None:
                if effect.about.kind == "probe":
                    self.probes.append(now)
                self.repeats += effect.about.kind == "retransmission"
                if effect.about.kind in ("probe", "retransmission"):
                    self.asked.append(now)
            elif isinstance(effect, Deliver) and isinstance(effect.value, Lost):
                self.lost_ns = now
