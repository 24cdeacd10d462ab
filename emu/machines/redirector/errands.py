"""Errands: things that take more than one message, written down in the order they happen.

An errand is a generator.  It yields ``Ask`` to send a chain and is resumed with its reply, or
``Until`` to wait for something to become true.  It knows no clock: ``now`` is the desk's, told
by every step.  A request that is unanswered for SessTimeout tears its circuit down
(facts/redirector.md 3.7).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from emu.machines.base import Deliver, Effect, Note, Transmit
from emu.machines.redirector.objects import Session, SrvCall
from emu.machines.redirector.params import RedirectorParams
from emu.machines.redirector.requests import Exchange, Reply
from emu.machines.redirector.snapshot import CircuitState
from emu.machines.smb.calls import Refused
from emu.machines.smb.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """``user``: on whose behalf, None for the redirector's own housekeeping.

    ``is_patient``: it may be unanswered for ever, as pipe I/O may (facts/redirector.md 3.7).
    """

    server: SrvCall
    requests: tuple[object, ...]
    uid: int = 0
    tid: int = 0
    user: Session | None = None
    is_patient: bool = False


@dataclass(frozen=True, slots=True)
class Until:
    ready: Callable[[], bool]


Errand = Generator[Ask | Until, Any, None]
#: An errand on the way, that has something to return.
Way = Generator[Ask | Until, Any, Any]


class CircuitLost(Exception):
    """The circuit went while an errand relied on it.  ``str``: the cause."""


class Failed(Exception):
    """A program's request comes to nothing.  ``fault``: the server's word, if it was that."""

    def __init__(self, status: int, why: str, fault: Fault | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.fault = fault


@dataclass(slots=True, kw_only=True)
class _Pending:
    ask: Ask
    errand: Errand
    due_ns: int | None


#: When requests may be sent.
_TALKING = (CircuitState.NEGOTIATING, CircuitState.UP, CircuitState.ENDING)


class Errands:
    """``used`` hears of every message sent or received on behalf of a program."""

    def __init__(self, params: RedirectorParams) -> None:
        self.now = 0
        self.used: Callable[[SrvCall, Session], None] = lambda _server, _session: None
        self._params = params
        self._effects: list[Effect] = []
        self._pending: dict[int, _Pending] = {}
        self._waiting: list[tuple[Until, Errand]] = []
        self._tags = 0

    # What is said.
    def deliver(self, value: object) -> None:
        self._effects.append(Deliver(value))

    def note(self, kind: str, **facts: int | str | bool) -> None:
        self._effects.append(Note(kind, facts))

    def say(self, ask: Ask) -> int:
        """Send a chain that is not answered, or whose answer somebody else waits for."""
        self._tags += 1
        ask.server.said_ns = self.now
        exchange = Exchange(
            server=ask.server.name,
            tag=self._tags,
            uid=ask.uid,
            tid=ask.tid,
            requests=ask.requests,
        )
        self._effects.append(Transmit(exchange))
        return self._tags

    def taken(self) -> list[Effect]:
        """Everything said in this step, once whoever could go on has."""
        self._settle()
        effects, self._effects = self._effects, []
        return effects

    # Errands.
    def start(self, errand: Errand) -> None:
        self._resume(errand, lambda: next(errand))

    def ask(self, ask: Ask) -> Way:
        """Send a chain when there is room for it; returns its ``Reply``."""
        server, circuit = ask.server, ask.server.circuits
        yield Until(lambda: server.outstanding < server.max_commands or server.circuits != circuit)
        if server.circuits != circuit or server.state not in _TALKING:
            raise CircuitLost(server.cause or "there is no circuit")
        reply = yield ask
        return reply

    def received(self, reply: Reply) -> None:
        """An answer; one that nobody waits for is dropped, whatever it says."""
        pending = self._pending.get(reply.tag)
        if pending is None or pending.ask.server.name != reply.server:
            return self.note("reply-unasked", server=reply.server, tag=reply.tag)
        del self._pending[reply.tag]
        self._answered(pending.ask)
        errand = pending.errand
        return self._resume(errand, lambda: errand.send(reply))

    def lost(self, server: SrvCall, cause: str) -> None:
        """Nobody will answer on that circuit any more; its state says so already."""
        gone = [tag for tag, each in self._pending.items() if each.ask.server is server]
        for pending in [self._pending.pop(tag) for tag in gone]:
            server.outstanding -= 1
            self._break_off(pending.errand, cause)

    def overdue(self) -> list[SrvCall]:
        """Circuits with a request that has been unanswered for too long."""
        late = [
            each.ask.server
            for each in self._pending.values()
            if each.due_ns is not None and each.due_ns <= self.now
        ]
        return list(dict.fromkeys(late))

    def timers(self) -> dict[str, int]:
        return {
            f"answer to request {tag}": each.due_ns
            for tag, each in self._pending.items()
            if each.due_ns is not None
        }

    def _break_off(self, errand: Errand, cause: str) -> None:
        self._resume(errand, lambda: errand.throw(CircuitLost(cause)))

    def _resume(self, errand: Errand, go: Callable[[], Ask | Until]) -> None:
        try:
            step = go()
        except StopIteration:
            return
        if isinstance(step, Until):
            self._waiting.append((step, errand))
        else:
            self._send(step, errand)

    def _send(self, ask: Ask, errand: Errand) -> None:
        due_ns = None if ask.is_patient else self.now + self._params.sess_timeout_ns
        ask.server.outstanding += 1
        self._pending[self.say(ask)] = _Pending(ask=ask, errand=errand, due_ns=due_ns)
        if ask.user is not None:
            self.used(ask.server, ask.user)

    def _answered(self, ask: Ask) -> None:
        ask.server.outstanding -= 1
        if ask.user is not None:
            self.used(ask.server, ask.user)

    def _settle(self) -> None:
        """First come, first served, until nobody can go on."""
        while True:
            ready = next((each for each in self._waiting if each[0].ready()), None)
            if ready is None:
                return
            self._waiting.remove(ready)
            errand = ready[1]
            self._resume(errand, lambda errand=errand: next(errand))


def result_of(reply: Reply, kind: type, *, index: int = 0) -> Any:
    """The result of one request of the chain, or why there is none.

    A server may say anything: what does not fit is a reply that cannot be understood (G:
    STATUS_INVALID_NETWORK_RESPONSE).
    """
    for each in reply.results[: index + 1]:
        if isinstance(each, Refused):
            raise Failed(each.fault.nt_status, each.fault.name, each.fault)
    if len(reply.results) <= index or not isinstance(reply.results[index], kind):
        raise Failed(0xC00000C3, f"an answer that is no {kind.__name__}")
    return reply.results[index]
