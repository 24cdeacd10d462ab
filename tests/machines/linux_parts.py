"""What the tests of the linux stack are made of: its parameters, a peer by hand, a run of timers.

The wheel stands at jiffy 0 at instant 0 with HZ=250, so that every instant can be worked out on
paper: jiffy j begins at 4*j ms, and a timer of d jiffies armed at jiffy n fires at
(floor((n + d) / g) + 1) * g (facts/tcp.md 3.4).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from emu.kernel.params import KERNEL
from emu.machines.base import EXPIRED, Asked, Deliver, Effects, Lost, Received, Transmit
from emu.machines.tcp.control import State
from emu.machines.tcp.linux.machine import LinuxTcp
from emu.machines.tcp.linux.params import LinuxParams
from emu.pdu.ip_tcp import ACK, SYN, Extensions, Segment

TICK_NS = 4_000_000
MS = 1_000_000
S = 1_000_000_000
ISS, IRS = 1_000, 70_000
#: Without timestamps, so that segments can be written down whole.
PLAIN = replace(KERNEL, timestamps=False)


def policy(**values: Any) -> LinuxParams:
    return replace(PLAIN, **values)


def keepalive(idle_s: int, interval_s: int, count: int, **more: Any) -> LinuxParams:
    """A server that probes."""
    return policy(
        keepalive=True,
        keepalive_idle_s=idle_s,
        keepalive_interval_s=interval_s,
        keepalive_count=count,
        **more,
    )


def ours(flags: int, at: int, ack: int = 1, octets: bytes = b"", window: int = 64_240) -> Segment:
    """A segment of the machine's; offsets from both initial sequence numbers."""
    return Segment(ISS + at, IRS + ack, flags, window, octets)


def theirs(
    flags: int, at: int = 1, ack: int = 1, octets: bytes = b"", window: int = 60_000
) -> Segment:
    return Segment(IRS + at, ISS + ack, flags, window, octets)


def established(params: LinuxParams = PLAIN, *, at: int = 0) -> LinuxTcp:
    """Accepted at ``at``, 20 us after the SYN, so that the first time-out is 204 ms: 200 ms and a
    round trip, rounded up to 51 jiffies (facts/tcp.md 3.2)."""
    machine = LinuxTcp(params, initial_sequence=ISS, options=params.options(keepalive=True))
    syn = Segment(IRS, 0, SYN, 60_000, mss=1_460, extensions=Extensions(None, True))
    machine.step(Received(syn), at)
    machine.step(Received(theirs(ACK)), at + 20_000)
    assert machine.state is State.ESTABLISHED
    return machine


@dataclass
class Run:
    """What a machine said from its timers alone.  ``sent``: (ns, segment)."""

    machine: LinuxTcp
    sent: list[tuple[int, Segment]] = field(default_factory=list)
    lost: Lost | None = None
    ended_ns: int | None = None
    now: int = 0

    def take(self, effects: Effects) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                self.sent.append((self.now, effect.pdu))
            elif isinstance(effect, Deliver) and isinstance(effect.value, Lost):
                self.lost, self.ended_ns = effect.value, self.now

    def ask(self, request: object, at: int) -> Run:
        """The program asks, at ``at``."""
        self.until(at)
        self.now = at
        self.take(self.machine.step(Asked(request), at))
        return self

    def hear(self, segment: Segment, at: int) -> Run:
        """The peer speaks, at ``at``: before a timer of that instant."""
        self.until(at - 1)
        self.now = at
        self.take(self.machine.step(Received(segment), at))
        return self

    def until(self, instant: int) -> Run:
        """Let the timers run."""
        while (due := self.machine.due()) is not None and due <= instant:
            self.now = due
            self.take(self.machine.step(EXPIRED, due))
        return self

    def times(self) -> list[float]:
        """When it spoke, in seconds."""
        return [at / S for at, _ in self.sent]


def jiffies(run: Run) -> list[int]:
    """In which jiffies it spoke; all but the first, a write, from timers, so on edges."""
    assert all(at % TICK_NS == 0 for at, _ in run.sent[1:])
    return [at // TICK_NS for at, _ in run.sent]


def gaps(values: Sequence[int]) -> list[int]:
    return [b - a for a, b in itertools.pairwise(values)]
