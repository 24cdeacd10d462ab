"""Names: claiming one (ADD_NAME_QUERY), and calling another (NAME_QUERY).

Both say a thing a few times and wait: an objection, or an answer, ends it early.  Left out:
group names, STATUS_QUERY, NAME_IN_CONFLICT.

Read: facts/netbeui.md 1.4, 2.1, 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effects,
    Expired,
    Lost,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.nbf.params import NbfParams
from emu.pdu.nbf import NO_RESOURCES, NO_SESSION, NameFrame, NbfCommand


# What the layer above may ask.
@dataclass(frozen=True, slots=True)
class Begin:
    """Claim the name, or call the other one."""


@dataclass(frozen=True, slots=True)
class Again:
    """The link to who answered was refused: call again when the wait is over, if tries remain."""


# What it is told.
@dataclass(frozen=True, slots=True)
class Owned:
    """Nobody objected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The name was recognized.  ``session``: the number there; ``correlator``: to be echoed."""

    session: int
    correlator: int


class State(Enum):
    """FOUND: answered (or owned); AGAIN: waiting for another try; OVER: refused or given up."""

    FRESH = "fresh"
    ASKING = "asking"
    FOUND = "found"
    AGAIN = "again"
    OVER = "over"


class _Tries:
    """What both have in common: a query, how often, how far apart."""

    __slots__ = ("_due_ns", "_timeout_ns", "_tries_max", "state", "tries")

    def __init__(self, *, tries: int, timeout_ns: int) -> None:
        self.state = State.FRESH
        self.tries = 0
        self._tries_max = tries
        self._timeout_ns = timeout_ns
        self._due_ns: int = NEVER

    def due(self) -> int | None:
        return None if self._due_ns == NEVER else self._due_ns

    def timers(self) -> Mapping[str, int]:
        return {} if self._due_ns == NEVER else {"query": self._due_ns}

    def _try(self, query: NameFrame, now: int) -> Effects:
        self.state = State.ASKING
        self.tries += 1
        self._due_ns = now + self._timeout_ns
        return [Transmit(query)]

    def _stop(self, state: State) -> None:
        self.state = state
        self._due_ns = NEVER


class Claim(_Tries):
    """One unique name of ours, from the first ADD_NAME_QUERY to its defence."""

    __slots__ = ("correlator", "name")

    def __init__(self, params: NbfParams, *, name: bytes, correlator: int) -> None:
        super().__init__(tries=params.claim_tries, timeout_ns=params.claim_timeout_ns)
        self.name = name
        self.correlator = correlator

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        row = CLAIM_TABLE.get((self.state, _kind(stimulus)))
        if row is None:
            raise LocalProtocolError(f"a claim that is {self.state.value} cannot take {stimulus}")
        return row.action(self, stimulus, now)

    def on_begin(self, _: Stimulus, now: int) -> Effects:
        query = NameFrame(
            kind=NbfCommand.ADD_NAME_QUERY, source=self.name, response_correlator=self.correlator
        )
        return self._try(query, now)

    def on_expired(self, stimulus: Stimulus, now: int) -> Effects:
        """The last query is waited out like the others (real-captures 21: 0.55 s)."""
        if self.tries < self._tries_max:
            return self.on_begin(stimulus, now)
        self._stop(State.FOUND)
        return [Deliver(Owned())]

    def on_objection(self, stimulus: Any, _now: int) -> Effects:
        if stimulus.pdu.source != self.name:
            return NOTHING
        self._stop(State.OVER)
        return [Deliver(Lost("the name is in use"))]


class Call(_Tries):
    """One call: from NAME_QUERY to the number of a session at the other end."""

    __slots__ = ("_called", "_caller", "_finding", "_strays", "session")

    def __init__(self, params: NbfParams, *, called: bytes, caller: bytes, session: int) -> None:
        super().__init__(tries=params.query_tries, timeout_ns=params.query_timeout_ns)
        self._called = called
        self._caller = caller
        self._finding = params.find_first
        #: Answers to FIND.NAME that may still be on their way: they say "no session", too.
        self._strays = 0
        self.session = session

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        row = CALL_TABLE.get((self.state, _kind(stimulus)))
        if row is None:
            raise LocalProtocolError(f"a call that is {self.state.value} cannot take {stimulus}")
        return row.action(self, stimulus, now)

    def on_begin(self, _: Stimulus, now: int) -> Effects:
        query = NameFrame(
            kind=NbfCommand.NAME_QUERY,
            destination=self._called,
            source=self._caller,
            data2=NO_SESSION if self._finding else self.session,
            response_correlator=self.session,
        )
        return self._try(query, now)

    def on_expired(self, stimulus: Stimulus, now: int) -> Effects:
        if self.tries < self._tries_max:
            return self.on_begin(stimulus, now)
        return self._give_up("NAME_QUERY unanswered")

    def on_answer(self, stimulus: Any, now: int) -> Effects:
        answer: NameFrame = stimulus.pdu
        if answer.transmit_correlator != self.session or answer.destination != self._caller:
            return NOTHING
        if self._finding:  # the name is there; now for a session
            self._finding = False
            self._strays = self.tries - 1
            self.tries = 0
            return self.on_begin(stimulus, now)
        if answer.session == NO_SESSION and self._strays:
            # Every try may have been answered: a line that dials brings them all at once.
            self._strays -= 1
            return NOTHING
        if answer.session == NO_SESSION:
            return self._give_up("the server is not listening")
        if answer.session == NO_RESOURCES:
            return self._give_up("the server has no resources")
        self._stop(State.FOUND)
        return [Deliver(Located(session=answer.session, correlator=answer.response_correlator))]

    def on_again(self, _: Stimulus, now: int) -> Effects:
        if self.tries >= self._tries_max:
            return self._give_up("SABME refused by DM")
        self.state = State.AGAIN
        self._due_ns = now + self._timeout_ns
        return NOTHING

    def ignore(self, _: Stimulus, _now: int) -> Effects:
        return NOTHING

    def _give_up(self, cause: str) -> Effects:
        self._stop(State.OVER)
        return [Deliver(Lost(cause))]


def _kind(stimulus: Stimulus) -> type[Any] | NbfCommand | None:
    match stimulus:
        case Received(NameFrame(kind=kind)):
            return kind
        case Asked(request):
            return request.__class__
        case Expired():
            return Expired
        case _:
            return None


_QUERIED = "facts 2.1: three queries a name"
CLAIM_TABLE: Mapping[tuple[State, Any], Row[Claim, State]] = {
    (State.FRESH, Begin): Row(Claim.on_begin, frozenset({State.ASKING}), _QUERIED),
    (State.ASKING, Expired): Row(
        Claim.on_expired, frozenset({State.ASKING, State.FOUND}), _QUERIED
    ),
    (State.ASKING, NbfCommand.ADD_NAME_RESPONSE): Row(
        Claim.on_objection, frozenset({State.OVER}), "facts 3: an objection; real-captures 21"
    ),
}
_CALLED = "facts 2.1, steps 1 and 2; KB Q102942"
CALL_TABLE: Mapping[tuple[State, Any], Row[Call, State]] = {
    (State.FRESH, Begin): Row(Call.on_begin, frozenset({State.ASKING}), _CALLED),
    (State.ASKING, Expired): Row(Call.on_expired, frozenset({State.ASKING, State.OVER}), _CALLED),
    (State.ASKING, NbfCommand.NAME_RECOGNIZED): Row(
        Call.on_answer, frozenset({State.ASKING, State.FOUND, State.OVER}), _CALLED
    ),
    (State.FOUND, NbfCommand.NAME_RECOGNIZED): Row(Call.ignore, frozenset(), "asked twice"),
    (State.FOUND, Again): Row(
        Call.on_again, frozenset({State.AGAIN, State.OVER}), "facts 3.2: KB Q115887"
    ),
    (State.AGAIN, Expired): Row(Call.on_begin, frozenset({State.ASKING}), "facts 3.2: KB Q115887"),
    (State.AGAIN, NbfCommand.NAME_RECOGNIZED): Row(Call.ignore, frozenset(), "asked twice"),
    (State.OVER, NbfCommand.NAME_RECOGNIZED): Row(Call.ignore, frozenset(), "too late"),
}
