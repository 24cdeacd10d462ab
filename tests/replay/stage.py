"""What a replayed station stands in: ``Surroundings``, a scheduler and the operator's hand.

Each life has one of its own, with the written order of one instant (frame, timer, program,
operator), and no link, no host, no Trio.
"""

from __future__ import annotations

import heapq
from types import SimpleNamespace
from typing import Any, Protocol

from emu.machines.base import Note
from emu.stations.base import Timer
from tests.replay.story import OPERATOR, TIMER, Asked, Deed, Heard, Life, Sent, Told


class End(Protocol):
    """One end of the wire: its stations and what is above them."""

    def receive(self, octets: bytes, now: int) -> None: ...

    def ask(self, asked: Asked, now: int) -> None: ...


class Stage:
    """``running``: something moves.  ``held``: the program stands still.  ``unread``: something
    came for it meanwhile.  ``wrong``: what no host of its kind could have lived through."""

    def __init__(self, mac: bytes, life: Life) -> None:
        self.mac = mac
        self.life = life
        self.now = life.on_ns
        self.sent: list[Sent] = []
        self.notes: list[Told] = []
        self.wrong: list[str] = []
        self.hears: list[Any] = []
        self.running, self.held, self.unread = True, False, False
        self._heap: list[tuple[int, int, Timer]] = []
        self._serial = 0
        self._arriving = 0
        self._overdue: list[Timer] = []
        self.host = SimpleNamespace(name="server")

    # Surroundings.
    def transmit(self, octets: bytes) -> int:
        """The number is the tap's business, so the ledger gives it."""
        numbers, count = self.life.numbers, len(self.sent)
        self.sent.append((self.now, octets))
        return numbers[count] if count < len(numbers) else 0

    def arm(self, timer: Timer, due: int) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (max(due, self.now), self._serial, timer))

    def note(self, note: Note, connection: int, frame: int | None) -> None:
        number = self._arriving if frame is None else frame
        self.notes.append((self.now, note.kind, connection, number, dict(note.facts)))
        for hear in self.hears:
            hear(note, connection, number)

    def arriving(self) -> int:
        return self._arriving

    # The scheduler.
    def run(self, horizon_ns: int, end: End) -> None:
        """Everything the life went through, until its power goes or nobody looks any more.

        What the ledger has stands in the order in which it happened; a timer comes first
        where its instant, or its rank at the same one, does.
        """
        for at_ns, rank, what in self.life.inputs:
            self._timers_before(at_ns, rank)
            self.now = at_ns
            self._take(what, end)
        if not self.life.ended:
            self._timers_before(horizon_ns, OPERATOR)

    def _timers_before(self, at_ns: int, rank: int) -> None:
        while self._heap and (self._heap[0][0], TIMER) < (at_ns, rank):
            self.now, _, timer = heapq.heappop(self._heap)
            if self.running:
                timer.fire(self.now)
            else:
                self._overdue.append(timer)

    def _take(self, what: Heard | Asked | Deed, end: End) -> None:
        if isinstance(what, Deed):
            self._suffer(what, end)
        elif isinstance(what, Heard):
            self._must(self.running, "a frame while it stood still")
            self._hear(what, end)
        else:
            still = self.held and what.request != "killed"
            self._must(self.running and not still, f"{what.request} by who stood still")
            end.ask(what, self.now)

    def _must(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(f"{self.now}: {what}")

    def _hear(self, heard: Heard, end: End) -> None:
        self._arriving = heard.number
        end.receive(heard.octets, self.now)
        self._arriving = 0

    def _suffer(self, deed: Deed, end: End) -> None:
        if deed.word in ("hang", "suspend"):
            self.running, self.held = False, True
        elif deed.word == "hold":
            self.held = True
        elif deed.word == "resume":
            self._resume(deed, end)
        elif deed.word == "release":
            self.held = self.unread = False

    def _resume(self, deed: Deed, end: End) -> None:
        """The ring, then the timers as they were due, then the program (architecture.md 4)."""
        self._must(not self.running, "a resume of who had not stood still")
        self.running = True
        for heard in deed.ring:
            self._hear(heard, end)
        overdue, self._overdue = self._overdue, []
        for timer in overdue:
            timer.fire(self.now)
        self.held = self.unread = False
