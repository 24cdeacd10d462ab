"""What a router knows: for every network, or service, all who say that they have it.

All alternatives are kept, not only the best: over a triggered interface a thing is said once
(RFC 1582 2.6).  An entry is reachable, then unreachable for the hold-down time, then gone; one
without a deadline is RFC 1582's "permanent".

Read: facts/ipx.md 1.12, 4.2; RFC 1582, sections 2.6 and 7.1.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from emu.machines.base import NEVER
from emu.machines.routing.params import Ageing
from emu.pdu.rip_sap import HOPS_UNREACHABLE, RipEntry, SapEntry

E = TypeVar("E", RipEntry, SapEntry)


class Source(NamedTuple):
    """``node``: of the router that said it; empty: this router itself."""

    interface: str
    node: bytes


@dataclass(slots=True, kw_only=True)
class Known(Generic[E]):
    """``entry``: as it was said.  ``until_ns``: when it stops being reachable, or, when it is
    not, when it is forgotten.  ``fixed``: attached or written in by hand; never ages."""

    entry: E
    source: Source
    until_ns: int
    fixed: bool = False
    reachable: bool = True


class Book(Generic[E]):
    """``key_of``: what an entry is about.  ``cost_of``: the less the better."""

    __slots__ = ("_ageing", "_cost_of", "_key_of", "_known", "version")

    def __init__(
        self,
        ageing: Ageing,
        *,
        key_of: Callable[[E], Hashable],
        cost_of: Callable[[E], tuple[int, ...]],
    ) -> None:
        self._ageing = ageing
        self._key_of = key_of
        self._cost_of = cost_of
        self._known: dict[Any, dict[Source, Known[E]]] = {}
        #: Another number whenever something may have to be said differently.
        self.version = 0

    # --- reading -----------------------------------------------------------------------------

    def best(self, key: Hashable) -> Known[E] | None:
        """The reachable entry of the least cost, else one in its hold-down time, else None."""
        return min(self._known.get(key, {}).values(), key=self._rank, default=None)

    def all_best(self) -> Iterator[Known[E]]:
        """The best of everything, in the order of the keys."""
        for key in sorted(self._known):
            best = self.best(key)
            if best is not None:
                yield best

    def due(self) -> int:
        """When something ages; ``NEVER`` for never."""
        return min((known.until_ns for known in self._all()), default=NEVER)

    # --- hearing -----------------------------------------------------------------------------

    def fix(self, entry: E, source: Source) -> None:
        """An attached network, or what is written in by hand."""
        known = Known(entry=entry, source=source, until_ns=NEVER, fixed=True)
        self._known.setdefault(self._key_of(entry), {})[source] = known
        self.version += 1

    def hear(self, entry: E, source: Source, now: int, *, until_ns: int) -> None:
        """A router says it.  ``until_ns``: when that is no longer to be believed."""
        known = self._known.get(self._key_of(entry), {}).get(source)
        if known is not None and known.fixed:
            return
        if entry.hops >= HOPS_UNREACHABLE:
            if known is not None:
                self._hold(known, now)
            return
        if known is None or not known.reachable or known.entry != entry:
            self.version += 1
        self._known.setdefault(self._key_of(entry), {})[source] = Known(
            entry=entry, source=source, until_ns=until_ns
        )

    def hear_all(self, entries: Iterable[E], source: Source, now: int) -> None:
        """All that a router has to say: what is absent is unreachable (RFC 1582 2.6)."""
        said = [*entries]
        keys = {self._key_of(entry) for entry in said}
        for known in [*self._all()]:
            if known.source == source and self._key_of(known.entry) not in keys:
                self._hold(known, now)
        for entry in said:
            self.hear(entry, source, now, until_ns=NEVER)

    # --- ageing ------------------------------------------------------------------------------

    def age(self, now: int) -> None:
        """What is overdue becomes unreachable, or is forgotten."""
        for known in [known for known in self._all() if known.until_ns <= now]:
            if known.reachable:
                self._hold(known, now)
            else:
                self._forget(known)

    def doubt(self, interface: str, now: int) -> None:
        """From now on everything from there ages "as if it had (just) been learned from a
        conventional response" (RFC 1582 7.1)."""
        self._until(interface, now + self._ageing.entry_ns)

    def trust(self, interface: str) -> None:
        """Nothing from there ages any more; what is unreachable stays so."""
        self._until(interface, NEVER)

    def lose(self, interface: str, now: int) -> None:
        """Everything from there is unreachable."""
        for known in [*self._all()]:
            if known.source.interface == interface:
                self._hold(known, now)

    # --- inside ------------------------------------------------------------------------------

    def _all(self) -> Iterator[Known[E]]:
        for alternatives in self._known.values():
            yield from alternatives.values()

    def _until(self, interface: str, until_ns: int) -> None:
        for known in self._all():
            if known.source.interface == interface and known.reachable and not known.fixed:
                known.until_ns = until_ns

    def _hold(self, known: Known[E], now: int) -> None:
        """A hold-down time that runs is not started anew (RFC 2091 6.2)."""
        if known.reachable and not known.fixed:
            known.reachable = False
            known.until_ns = now + self._ageing.hold_ns
            self.version += 1

    def _forget(self, known: Known[E]) -> None:
        key = self._key_of(known.entry)
        del self._known[key][known.source]
        if not self._known[key]:
            del self._known[key]
        self.version += 1

    def _rank(self, known: Known[E]) -> tuple[Any, ...]:
        """The order among equals is arbitrary but always the same."""
        away = known.source.node != b""
        return (not known.reachable, away, *self._cost_of(known.entry), known.source)


def route_book(ageing: Ageing) -> Book[RipEntry]:
    """Networks.  NetWare's RIP prefers fewer ticks, then fewer hops (grade M)."""
    return Book(ageing, key_of=lambda e: e.network, cost_of=lambda e: (e.ticks, e.hops))


def service_book(ageing: Ageing) -> Book[SapEntry]:
    """Services, by type and name; what follows the name's zero is scrap."""
    return Book(ageing, key_of=lambda e: service_key(e.service, e.name), cost_of=_hops_of)


def service_key(service: int, name: bytes) -> tuple[int, bytes]:
    """What tells one service from another."""
    return service, name.split(b"\0", 1)[0]


def _hops_of(entry: SapEntry) -> tuple[int, ...]:
    return (entry.hops,)
