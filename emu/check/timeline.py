"""What happened on one connection, in the words that every transport shares.

A transport's tracker tells a ``Timeline`` who was heard, who asked (a probe, a repetition:
whatever obliges the other side to answer), who said goodbye, who came back as somebody new.
Nothing here knows a protocol, and nothing here decides: that is ``emu.check.rules``.
The size of a timeline does not grow with its frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from emu.check.breaks import LULL_MIN_NS, Breaks, Lull, Mark
from emu.units import NS_PER_MS, NS_PER_S

#: Repetitions this close together are one round: the shortest timer of all stacks is 50 ms
#: (facts/netbeui.md 2.4), a burst of segments takes less (real-captures 03).
ROUND_NS = 20 * NS_PER_MS

#: A frame this long after the other side's end cannot have crossed it on the way: its sender
#: does not know (real-captures 20; the round trip of a satellite path is 0.6 s).
CROSSED_NS = NS_PER_S

#: Who asked so often in vain and then stopped has given up: the lowest limit of any stack is
#: 3 retransmissions (facts/tcp.md 2).
STOPPED_MIN = 3

#: So many idle times are kept; the median of them is reported.
_SAMPLES = 31

#: The two ends.  ``A`` is the one that was called (the server), where the file shows it.
A, B = 0, 1
SIDE_NAMES = ("a", "b")


class Mechanism(StrEnum):
    """What notices death (product.md, "JSON of emu check"), as far as this issue goes."""

    NONE = "none"
    TCP_KEEPALIVE = "tcp-keepalive"
    TCP_RETRANSMISSION = "tcp-retransmission"
    TCP_ZERO_WINDOW = "tcp-zero-window"
    NCP_WATCHDOG = "ncp-watchdog"
    SPX_WATCHDOG = "spx-watchdog"
    NBIPX_KEEPALIVE = "nbipx-keepalive"
    LLC2_POLL = "llc2-poll"
    NBF_SESSION_ALIVE = "nbf-session-alive"


#: Repetitions: they say that somebody waits, but only an unanswered series of them notices.
REPETITION = frozenset({Mechanism.TCP_RETRANSMISSION, Mechanism.NONE})


class How(StrEnum):
    """How a connection was seen to end."""

    RST = "rst"
    FIN = "fin"
    END_FRAME = "end-frame"
    NOT_ON_THE_WIRE = "not-on-the-wire"
    STILL_OPEN = "still-open"


class End(NamedTuple):
    """``side`` ended the connection, or said goodbye, with a frame of kind ``how``."""

    side: int
    at: Mark
    how: How


class Rebirth(NamedTuple):
    """``side`` has no memory of the connection.  ``certain``: a new start was seen."""

    side: int
    at: Mark
    certain: bool


@dataclass(slots=True)
class Asks:
    """The asks of one side that nothing has answered yet; ``count`` counts rounds.

    ``gap_ns``: between the first two; ``longest_ns``: between any two.  ``host_seen``: the host
    that does not answer was heard about something else meanwhile.  ``kinds``: rounds by mechanism.
    """

    mechanism: Mechanism = Mechanism.NONE
    count: int = 0
    first: Mark | None = None
    last: Mark | None = None
    gap_ns: int = 0
    longest_ns: int = 0
    host_seen: bool = False
    kinds: dict[Mechanism, int] = field(default_factory=dict[Mechanism, int])

    def clear(self) -> None:
        self.count, self.first, self.last = 0, None, None
        self.kinds = {}
        self.gap_ns, self.longest_ns, self.host_seen = 0, 0, False

    def overdue(self, at_ns: int) -> bool:
        """Whether the asker has stopped: the next ask should have come before an instant.

        A series that grows doubles at most; timers are late by an eighth at most, and by a
        whole tick of half a minute in mars_nwe (facts/tcp.md 3.4, facts/ipx.md 2.1).
        """
        if self.last is None or not self.longest_ns:
            return False  # of a single ask nobody knows when the next one is due
        grows = self.longest_ns > self.gap_ns * 1.4
        wait_ns = self.longest_ns * (2.25 if grows or self.count < 3 else 1.6)
        return at_ns - self.last.at_ns > wait_ns + NS_PER_S


class Woken(NamedTuple):
    """``side`` was heard again, at ``back``, after the other side had stopped asking for it.

    ``asks``: what it had left unanswered; ``heard``: its last frame before that.
    """

    side: int
    asks: Asks
    heard: Mark | None
    back: Mark


def _two_asks() -> tuple[Asks, Asks]:
    return Asks(), Asks()


@dataclass(slots=True)
class Timeline:
    """One connection.

    ``came``, ``heard``: the first and the last frame of each side.  ``sent``: the first frame of
    each side that the other one has not been heard after, None when it has.  ``pause_ns``: the
    longest pause after which the connection went on.  ``opened``: set-up was seen to end, or was
    not in the file.  ``given_up``: the unanswered rounds before ``end``, by the side that ended
    it.  ``again``: a frame of the other side after the end; ``late_ns``: its last.
    ``woken``: who came back when the other side had given up without a word, None once that one
    is heard again.
    ``breaks``: those of its tap.  ``lull``: the pause before the last frame, if worth one.
    ``over``: both sides know that it has ended.
    """

    transport: str
    ends: tuple[str, str]
    hosts: tuple[bytes, bytes]
    first_ns: int
    last_ns: int
    frames: int = 0
    opened: bool = True
    came: list[Mark | None] = field(default_factory=lambda: [None, None])
    heard: list[Mark | None] = field(default_factory=lambda: [None, None])
    sent: list[Mark | None] = field(default_factory=lambda: [None, None])
    asks: tuple[Asks, Asks] = field(default_factory=_two_asks)
    probes: dict[tuple[Mechanism, int], int] = field(
        default_factory=dict[tuple[Mechanism, int], int]
    )
    idle: list[int] = field(default_factory=list[int])
    intervals: dict[Mechanism, int] = field(default_factory=dict[Mechanism, int])
    pause_ns: int = 0
    goodbye: End | None = None
    end: End | None = None
    given_up: int = 0
    again: Mark | None = None
    late_ns: int = 0
    rebirth: Rebirth | None = None
    woken: Woken | None = None
    shut: list[Mark | None] = field(default_factory=lambda: [None, None])
    gateways: tuple[bytes, bytes] = (b"", b"")
    breaks: Breaks | None = None
    lull: Lull | None = None
    over: bool = False

    def hear(self, side: int, at_ns: int, frame: int) -> None:
        """A frame of a side; it does not answer anything yet."""
        self.frames += 1
        self.lull = None
        if at_ns > self.last_ns:
            self._paused(at_ns)
            self.last_ns = at_ns
        mark = Mark(at_ns, frame)
        asks = self.asks[1 - side]
        if asks.count >= STOPPED_MIN and asks.overdue(at_ns):
            self.woken = Woken(side, replace(asks), self.heard[side], mark)
        elif self.woken is not None and self.woken.side != side:
            self.woken = None
        if self.heard[side] is None:
            self.came[side] = mark
        self.heard[side] = mark
        if self.sent[side] is None:
            self.sent[side] = mark

    def _paused(self, at_ns: int) -> None:
        pause_ns = at_ns - self.last_ns
        if pause_ns >= LULL_MIN_NS:
            self.lull = Lull(self.last_ns, at_ns, self.pause_ns)
            if self.breaks is not None:
                self.breaks.went_on(self.lull)
        if pause_ns > self.pause_ns:
            self.pause_ns = pause_ns

    def count(self, at_ns: int) -> None:
        """A frame that is none of its sender's doing on this connection, such as a refusal."""
        self.frames += 1
        self.last_ns = max(self.last_ns, at_ns)

    def answer(self, side: int) -> None:
        """What a side has just sent shows it alive: the other side's asks are answered."""
        other = 1 - side
        self.sent[other] = None
        if self.asks[other].count:
            self.asks[other].clear()

    def refused(self, side: int) -> None:
        """A side without memory answers the last ask; those before it stay unanswered."""
        asks = self.asks[1 - side]
        if asks.count > 1:
            asks.count -= 1
            asks.kinds[asks.mechanism] -= 1
        else:
            asks.clear()
        self.sent[1 - side] = None

    def ask(self, side: int, mechanism: Mechanism, at_ns: int, frame: int) -> None:
        """A side asks, having been heard with this frame.  Rounds in one burst count once."""
        asks = self.asks[side]
        if asks.count and asks.last is not None and mechanism == asks.mechanism:
            gap_ns = at_ns - asks.last.at_ns
            if gap_ns < ROUND_NS:
                return
            asks.longest_ns = max(asks.longest_ns, gap_ns)
            if asks.count == 1:
                asks.gap_ns = self.intervals[mechanism] = gap_ns
        elif asks.count:
            # Another mechanism takes over, as retransmissions do from keepalives.
            asks.gap_ns = 0
        asks.mechanism = mechanism
        asks.count += 1
        asks.kinds[mechanism] = asks.kinds.get(mechanism, 0) + 1
        asks.last = Mark(at_ns, frame)
        asks.first = asks.first or self.sent[side] or asks.last
        self.probed(mechanism, side)

    def probed(self, mechanism: Mechanism, side: int) -> None:
        """One more probe or repetition, answered or not."""
        self.probes[mechanism, side] = self.probes.get((mechanism, side), 0) + 1

    def idled(self, idle_ns: int) -> None:
        """A probe came after so much quiet."""
        if idle_ns > 0:
            self.idle.append(idle_ns)
            del self.idle[:-_SAMPLES]

    def say_goodbye(self, side: int, at_ns: int, frame: int, how: How) -> None:
        """An orderly end begins; the first one counts."""
        self.goodbye = self.goodbye or End(side, Mark(at_ns, frame), how)

    def finish(self, side: int, at_ns: int, frame: int, how: How) -> None:
        """The connection is over for a side, and it said so."""
        if self.end is None:
            self.end = End(side, Mark(at_ns, frame), how)
            self.given_up = self.asks[side].count

    def after_end(self, side: int, at_ns: int, frame: int) -> None:
        """A frame behind the end: of the other side, it may show that it does not know."""
        self.count(at_ns)
        end = self.end
        if end is None or side == end.side:
            return
        self.late_ns = at_ns
        if self.rebirth is not None or self.again is not None:
            return
        if at_ns - end.at.at_ns >= CROSSED_NS:
            self.again = Mark(at_ns, frame)

    def reborn(self, side: int, at_ns: int, frame: int, *, certain: bool) -> None:
        if self.rebirth is None or (certain and not self.rebirth.certain):
            self.rebirth = Rebirth(side, Mark(at_ns, frame), certain)

    def before(self, woken: Woken) -> Timeline:
        """The story up to the give-up; what followed is the consequence of it."""
        asks, heard = (Asks(), woken.asks), [self.heard[A], self.heard[B]]
        heard[woken.side] = woken.heard
        goodbye = self.goodbye
        if goodbye is not None and goodbye.at.at_ns >= woken.back.at_ns:
            goodbye = None
        return replace(
            self,
            asks=asks if woken.side == A else asks[::-1],
            heard=heard,
            goodbye=goodbye,
            end=None,
            again=None,
            rebirth=None,
            given_up=0,
        )

    @property
    def last_frame(self) -> int:
        """The last frame of either side."""
        return max((mark.frame for mark in self.heard if mark is not None), default=0)

    def idle_ns(self) -> int | None:
        """The lower median of the idle times before a probe."""
        ordered = sorted(self.idle)
        return ordered[(len(ordered) - 1) // 2] if ordered else None
