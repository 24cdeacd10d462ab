"""What a user at a client does: log on, work, log off, at the instants the scenario names.

A program is an ordinary Trio task; the timeline wakes it when it has something to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.net.records import Attempt, Records
from emu.net.timeline import PROGRAM, Signal, Timeline
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Message, Refused, Welcome

if TYPE_CHECKING:
    from emu.capture.ledger import Ledger
    from emu.net.host import Boot
    from emu.stations.base import ClientStation, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing to do.  ``do``: log-on, work or log-off."""

    at_ns: int
    do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who sits at a client.  ``tries``: log-ons in all, started ``again_ns`` apart (None: one)."""

    user: str
    client: str
    again_ns: int | None
    tries: int


class Agent:
    """A client's end of its session, between the program above and the station below."""

    def __init__(
        self,
        person: Person,
        boot: Boot,
        timeline: Timeline,
        records: Records,
        ledger: Ledger | None,
    ) -> None:
        self.person = person
        self.station: ClientStation | None = None
        self.connection: Connection | None = None
        self.welcome = False
        self._boot = boot
        self._timeline = timeline
        self._records = records
        self._ledger = ledger
        self._signal = Signal(timeline)
        #: The connection that is being ended, and what tells when it is over.
        self._leaving: Connection | None = None
        self._over = Signal(timeline)
        self._keystrokes = 0

    # --- User: called by the station ---------------------------------------------------------

    def opened(self, _connection: Connection, _now: int, /) -> None:
        """The log-on is on its way; its answer is what counts."""

    def message(self, _connection: Connection, message: Message, now: int, /) -> None:
        self._boot.unread = self._boot.held
        if isinstance(message, Welcome):
            self.welcome = True
            self._records.logged_on.setdefault(self.person.client, now)
            self._signal.set("welcome")
        elif isinstance(message, Refused):
            self._signal.set("refused")

    def lost(self, connection: Connection, cause: str, _now: int, /) -> None:
        self._gone(connection, cause)

    def ended(self, connection: Connection, cause: str, _now: int, /) -> None:
        self._gone(connection, cause)

    def _gone(self, connection: Connection, cause: str) -> None:
        """The end of a connection that nobody uses or waits for is nobody's business."""
        if connection is self._leaving:
            self._leaving = None
            self._over.set("over")
        if connection is self.connection:
            waiting = not self.welcome
            self.connection, self.welcome = None, False
            if waiting:
                self._signal.set(cause)

    # --- the program -------------------------------------------------------------------------

    async def follow(self, deeds: Sequence[Deed]) -> None:
        """Do everything in its turn."""
        for deed in deeds:
            await self._until(deed.at_ns)
            if deed.do == "log-on":
                await self.log_on()
            elif deed.do == "work":
                self.work()
            else:
                self.log_off()

    async def _until(self, at_ns: int) -> None:
        """Until that instant, and longer where the program stands still then."""
        await self._timeline.until(at_ns, rank=PROGRAM)
        await self._boot.going()

    async def log_on(self) -> None:
        """Try until a session is there or the tries are used up; with a session, do nothing."""
        if self.connection is not None:
            return
        again_ns = self.person.again_ns
        for remaining in reversed(range(self.person.tries)):
            started = self._timeline.now
            outcome = await self._try_to_log_on()
            if outcome == "welcome" or again_ns is None or not remaining:
                return
            await self._until(started + again_ns)

    async def _try_to_log_on(self) -> str:
        assert self.station is not None
        while self._leaving is not None and self.station.one_at_a_time:
            await self._over.wait()
            await self._boot.going()
        self._signal = Signal(self._timeline)  # without what an earlier try may have left in it
        self._log("log-on")
        wanted = LogOn(user=self.person.user, client=self.person.client)
        self.connection = self.station.connect(wanted, self._timeline.now)
        outcome: str = await self._signal.wait()
        await self._boot.going()  # an answer is nothing to a program that stands still
        if outcome == "refused":
            self._hang_up()
        elif outcome != "welcome":
            self._records.attempts.append(
                Attempt(
                    at_ns=self._timeline.now,
                    client=self.person.client,
                    kind="connect",
                    outcome="failed",
                    why=outcome,
                )
            )
        return outcome

    def killed(self) -> None:
        """The program is dead; its kernel says goodbye for it, if the connection was its own."""
        connection, self.connection, self.welcome = self.connection, None, False
        if connection is not None and self.station is not None:
            unread = self._boot.unread
            self._log("killed", unread=unread)
            self.station.killed(connection, unread=unread, now=self._timeline.now)

    def _hang_up(self) -> None:
        if self.connection is not None:
            self._log("hang-up")
            self._leaving, self.connection = self.connection, None
            self._leaving.close(self._timeline.now)

    def work(self) -> None:
        """One keystroke; nothing without a session."""
        if self.connection is not None and self.welcome:
            self._keystrokes += 1
            self._log("work", number=self._keystrokes)
            keystroke = Keystroke(text=f"{self.person.user} {self._keystrokes}")
            self.connection.send(keystroke, self._timeline.now)

    def log_off(self) -> None:
        """Leave for good."""
        if self.connection is not None:
            self._log("log-off")
            self._leaving, self.connection, self.welcome = self.connection, None, False
            self._leaving.send(LogOff(), self._timeline.now)

    def _log(self, event: str, **fields: int | str) -> None:
        if self._ledger is not None:
            self._ledger.note(
                self._timeline.now, "asked", host=self._boot.host.name, request=event, **fields
            )
