"""The scavenger: every 30 s it looks who has been idle for too long.

So autodisconnect comes up to 30 s late (facts/redirector.md 3.1: I, and 7.1: that idleness is
checked on this tick is of medium certainty).  Its beat counts from the service's start, and
it rests while nobody is connected.  Searches come first, so a circuit that only a dead search
kept is dropped at the same look.
"""

from __future__ import annotations

from emu.machines.base import Effect
from emu.machines.smb_server.book import Book
from emu.machines.smb_server.content import Searcher
from emu.machines.smb_server.objects import Connection
from emu.machines.smb_server.params import ServerParams
from emu.units import format_seconds


class Scavenger:
    """Part of a server; it shares its book.  ``start_ns``: when the service started."""

    def __init__(
        self, params: ServerParams, book: Book, searcher: Searcher, *, start_ns: int
    ) -> None:
        self._params = params
        self._book = book
        self._searcher = searcher
        self._start_ns = start_ns
        self._next_ns = start_ns

    def due(self) -> int | None:
        """The next look; None while nobody is connected."""
        return self._next_ns if self._book.connections else None

    def connected(self, now: int) -> None:
        """Somebody is about to be there: if he is the first, the next beat after now counts.

        Not otherwise: a beat that is due at this very instant must not be skipped.
        """
        if not self._book.connections:
            self._next_ns = self._beat_after(now)

    def expire(self, now: int) -> list[Effect]:
        """Look, if it is time to."""
        if not self._book.connections or now < self._next_ns:
            return []
        self._next_ns = self._beat_after(now)
        effects = self._searcher.scavenge(now)
        for connection in tuple(self._book.connections.values()):
            limit_ns = self._idle_limit_ns(connection)
            if limit_ns is not None and now - connection.last_ns >= limit_ns:
                effects += self._autodisconnect(connection, now)
        return effects

    def _beat_after(self, now: int) -> int:
        beats = (now - self._start_ns) // self._params.scan_ns
        return self._start_ns + (beats + 1) * self._params.scan_ns

    def _idle_limit_ns(self, connection: Connection) -> int | None:
        """None: this circuit is not dropped now, however idle.

        Direct-hosted IPX has no circuit whose end would be noticed, hence a rule of its own that
        open files do not bar (facts/redirector.md 3.1); it alone governs there (assumption).
        """
        if connection.about.is_direct_ipx:
            return self._params.direct_ipx_autodisconnect_ns
        return None if connection.bars_autodisconnect else self._params.autodisconnect_ns

    def _autodisconnect(self, connection: Connection, now: int) -> list[Effect]:
        idle = format_seconds(now - connection.last_ns)
        self._book.statistics.timed_out += len(connection.sessions)
        return self._book.drop(connection, f"autodisconnect after {idle} without an operation")
