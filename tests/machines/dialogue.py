"""A dialogue with a machine, at virtual times: what it hears, what it says, and when it is silent.

    d = Dialogue(machine)
    d.at(s(0)).asked(Open()).sends(Syn())
    d.quiet_until(ms(2999))
    d.at(ms(3000)).sends(Syn(), about=Note("retransmission", {"number": 1}))
    d.at(ms(3001)).receives(SynAck()).sends(Ack()).delivers(Opened()).armed({})

The rules, which are those of the timeline (architecture.md 1):

* Nothing goes unread.  Moving on with an effect nobody asked for is a failure that says when it
  came and what it was; so is an expiry between two ``at`` that had anything to say.
* At one instant a frame comes before a timer and a timer before a request: ``receives`` never
  fires a timer that is due now, ``asked`` fires it first, ``sends`` and its kin fire it when
  nothing else is left to read.
* The last word is a final check: ``armed`` or ``quiet_until``.  ``conftest.py`` fails the test
  otherwise; where no conftest watches, use the dialogue as a context manager.

Copy of the idea: smoltcp's socket tests and mitmproxy's Playbook (conventions.md 23).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, ClassVar, Self

from emu.errors import LocalProtocolError
from emu.machines.base import (
    EXPIRED,
    Asked,
    Deliver,
    Effect,
    Machine,
    Note,
    Received,
    Stimulus,
    Transmit,
)
from emu.units import format_seconds

#: A machine that wants to be woken this often at one instant will never let time go on.
TURNS_PER_INSTANT_MAX = 1000

_PLAIN = (int, str, bytes, float, bool, type(None), type)


def snapshot(thing: Any) -> Any:
    """Everything a machine holds, as plain values that compare: the whole state."""
    if isinstance(thing, _PLAIN) or callable(thing):
        return thing
    if isinstance(thing, Mapping):
        return {key: snapshot(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple, deque, set, frozenset)):
        return [snapshot(value) for value in thing]
    return (type(thing).__name__, {name: snapshot(value) for name, value in _attributes(thing)})


def _attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    for kind in type(thing).__mro__:
        for name in getattr(kind, "__slots__", ()):
            if hasattr(thing, name):
                yield name, getattr(thing, name)
    yield from getattr(thing, "__dict__", {}).items()


class Dialogue:
    """One machine and everything it was told and said.  Times are nanoseconds, absolute."""

    opened: ClassVar[list[Dialogue]] = []

    def __init__(self, machine: Machine, *, start_ns: int = 0) -> None:
        self.machine = machine
        self.now = start_ns
        self._unread: deque[tuple[int, Effect]] = deque()
        self._checked = False
        Dialogue.opened.append(self)

    # Going on in time.
    def at(self, instant_ns: int) -> Self:
        """Go to an instant; nothing may be said before it.  Timers due *at* it stay due."""
        self._move(instant_ns, inclusive=False)
        return self

    def quiet_until(self, instant_ns: int) -> Self:
        """Nothing is said up to and including this instant; idle wake-ups may happen."""
        self._move(instant_ns, inclusive=True)
        self._nothing_unread()
        self._checked = True
        return self

    # What the machine hears.
    def receives(self, *pdus: Any) -> Self:
        """PDUs arrive now: before any timer that is due at the same instant."""
        for pdu in pdus:
            self._nothing_unread()
            self._step(Received(pdu))
        return self

    def asked(self, request: Any) -> Self:
        """The layer above asks: after every timer that is due at the same instant."""
        self._expire_what_is_due()
        self._nothing_unread()
        self._step(Asked(request))
        return self

    def refuses(self, request: Any) -> Self:
        """The request is not legal now, and asking changed nothing."""
        self._refused(Asked(request))
        return self

    def refuses_pdu(self, pdu: Any) -> Self:
        """The PDU is not legal now, and its arrival changed nothing."""
        self._refused(Received(pdu))
        return self

    # What the machine says, in order.
    def sends(self, *pdus: Any, about: Note | None = None) -> Self:
        """The next effects put exactly these PDUs on the wire, with this said about each."""
        for pdu in pdus:
            self._next_is(Transmit(pdu, about))
        return self

    def delivers(self, *values: Any) -> Self:
        """The next effects hand exactly these to the layer above."""
        for value in values:
            self._next_is(Deliver(value))
        return self

    def notes(self, kind: str, **facts: int | str | bool) -> Self:
        """The next effect is this ledger line."""
        self._next_is(Note(kind, facts))
        return self

    def silent(self) -> Self:
        """Nothing (more) is said now, not even by a timer that is due now."""
        self._expire_what_is_due()
        self._nothing_unread()
        return self

    # Final checks.
    def armed(self, timers: Mapping[str, int]) -> Self:
        """Nothing is left to read, and exactly these timers run: name -> instant (ns).

        ``due()`` must be the earliest of them: a timer nobody asks about would never fire.
        """
        self.silent()
        assert dict(self.machine.timers()) == dict(timers), self._where()
        assert self.machine.due() == min(timers.values(), default=None), self._where()
        self._checked = True
        return self

    def finish(self) -> None:
        """What leaving means: nothing unread, and the last word was a final check."""
        self._nothing_unread()
        assert self._checked, f"{self._where()}: left without armed() or quiet_until()"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if kind is None:
            self.finish()

    # Inside.
    def _move(self, instant_ns: int, *, inclusive: bool) -> None:
        assert instant_ns >= self.now, f"{self._where()}: time does not go back to {instant_ns}"
        self._nothing_unread()
        for _turn in self._turns():
            due = self.machine.due()
            if due is None or due > instant_ns or (due == instant_ns and not inclusive):
                break
            self._go_to(due)
            self._step(EXPIRED)
            self._nothing_unread()
        self._go_to(instant_ns)

    def _go_to(self, instant_ns: int) -> None:
        self.now = max(self.now, instant_ns)

    def _expire_what_is_due(self) -> None:
        for _turn in self._turns():
            if not self._is_due():
                return
            self._nothing_unread()
            self._step(EXPIRED)

    def _is_due(self) -> bool:
        due = self.machine.due()
        return due is not None and due <= self.now

    def _turns(self) -> Iterator[int]:
        last, count = self.now, 0
        while True:
            count = count + 1 if self.now == last else 0
            last = self.now
            assert count < TURNS_PER_INSTANT_MAX, f"{self._where()}: time does not go on"
            yield count

    def _step(self, stimulus: Stimulus) -> None:
        self._checked = False
        self._unread.extend((self.now, effect) for effect in self.machine.step(stimulus, self.now))

    def _next_is(self, expected: Effect) -> None:
        for _turn in self._turns():
            if self._unread or not self._is_due():
                break
            self._step(EXPIRED)
        assert self._unread, (
            f"{self._where()}: expected {expected}, got silence until {self._due()}"
        )
        _instant, effect = self._unread.popleft()
        self._checked = False
        assert effect == expected, f"{self._where()}: expected {expected}, got {effect}"

    def _refused(self, stimulus: Stimulus) -> None:
        self._nothing_unread()
        with unchanged(self.machine):
            try:
                effects = self.machine.step(stimulus, self.now)
            except LocalProtocolError:
                return
        raise AssertionError(f"{self._where()}: {stimulus} was accepted: {effects}")

    def _nothing_unread(self) -> None:
        said = [f"{effect} at {format_seconds(when, digits=9)}" for when, effect in self._unread]
        assert not said, f"{self._where()}: nobody read {'; '.join(said)}"

    def _due(self) -> str:
        due = self.machine.due()
        return "the end of time" if due is None else format_seconds(due, digits=9)

    def _where(self) -> str:
        return f"at {format_seconds(self.now, digits=9)} ({self.now} ns)"


@contextmanager
def unchanged(thing: Any) -> Iterator[None]:
    """Whatever happens inside, the whole state of ``thing`` is as it was."""
    before = snapshot(thing)
    try:
        yield
    finally:
        assert snapshot(thing) == before, "an illegal event changed the state"
