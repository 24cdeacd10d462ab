"""The server's session table: active, disconnected, closed (facts/tcp.md 7, KB Q187049).

A disconnected session is picked up by its user; an active one is not, even when its client is
long gone: that is the ghost of Q187049.  ``decide`` is pure and names the rule that fired.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from emu.errors import LocalProtocolError
from emu.machines.base import Asked, Deliver, Effects, Expired, Stimulus


class SessionState(Enum):
    """As a Terminal Server shows them."""

    ACTIVE = "active"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``session_limit``: licences, None for no limit; a disconnected session holds its own.

    ``disconnected_limit_ns``: a disconnected session is closed after it, None for never.
    ``one_session_per_user``: the rule of 2008 and later that takes an active session over.
    ``end_when_broken``: BrokenConnectionAction; a broken connection closes the session.
    ``same_client_only``: ReconnectionPolicy; only the computer it was started on gets it back.
    """

    session_limit: int | None
    disconnected_limit_ns: int | None
    one_session_per_user: bool
    end_when_broken: bool
    same_client_only: bool


@dataclass(slots=True, kw_only=True)
class Session:
    """One session.  ``connection``: serial of its connection, None unless active."""

    id: int
    user: str
    client: str
    state: SessionState
    connection: int | None
    since_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``session``: the one resumed or taken over, or the one in the way of a refusal."""

    outcome: str
    rule: str
    session: int | None = None


# What the table is asked.
@dataclass(frozen=True, slots=True, kw_only=True)
class LogOnWanted:
    connection: int
    user: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOffWanted:
    connection: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBroke:
    connection: int
    cause: str


# What it delivers.
@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A session moved.  ``before`` is None for a new one.

    ``connection``: the one it has now, or just lost; None when it had none.
    """

    session: int
    connection: int | None
    before: SessionState | None
    after: SessionState
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to a log-on.  ``blocked_by``: active sessions of the same user, left alone."""

    connection: int
    client: str
    decision: Decision
    blocked_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A connection whose session was taken from it; the server closes it."""

    connection: int


def decide(rules: Rules, client: str, own: Iterable[Session], living: int) -> Decision:
    """Which session a log-on gets.

    ``own``: the living sessions of the user, oldest first; ``living``: those of all users.
    """
    own = tuple(own)
    for session in own:
        if session.state is SessionState.DISCONNECTED:
            if rules.same_client_only and session.client != client:
                continue
            return Decision(outcome="resumed", rule="disconnected-is-resumed", session=session.id)
    if rules.one_session_per_user and own:
        return Decision(outcome="taken-over", rule="one-session-per-user", session=own[0].id)
    if rules.session_limit is not None and living >= rules.session_limit:
        return Decision(outcome="refused", rule="session-limit")
    return Decision(outcome="new", rule="new-session")


class SessionTable:
    """All sessions of one server.  ``LocalProtocolError`` for a second log-on on a connection.

    A step costs what the user's own sessions cost, however many others there are.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.sessions: dict[int, Session] = {}
        self._by_connection: dict[int, Session] = {}
        self._living_by_user: dict[str, dict[int, Session]] = {}
        self._living = 0
        # By instant of disconnection, and so by the end of the limit, which all of them share.
        # Ordered: a plain dict walks over all it ever lost to find its first.
        self._limits: OrderedDict[int, int] = OrderedDict()

    def due(self) -> int | None:
        """When the next disconnected session has been so for too long."""
        for due in self._limits.values():
            return due
        return None

    def timers(self) -> Mapping[str, int]:
        return {f"disconnected session {number}": due for number, due in self._limits.items()}

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus."""
        if isinstance(stimulus, Expired):
            return self._close_expired(now)
        if not isinstance(stimulus, Asked):
            raise LocalProtocolError(f"session table: no row for {type(stimulus).__name__}")
        match stimulus.request:
            case LogOnWanted() as wanted:
                return self._log_on(wanted, now)
            case LogOffWanted(connection=connection):
                return self._leave(connection, SessionState.CLOSED, "logged off", now)
            case ConnectionBroke(connection=connection, cause=cause):
                ends = self.rules.end_when_broken
                state = SessionState.CLOSED if ends else SessionState.DISCONNECTED
                return self._leave(connection, state, cause, now)
            case other:
                raise LocalProtocolError(f"session table: no row for {type(other).__name__}")

    def session_of(self, connection: int) -> int | None:
        """The active session a connection carries."""
        session = self._by_connection.get(connection)
        return None if session is None else session.id

    def living(self) -> int:
        """Sessions that hold a licence."""
        return self._living

    def _log_on(self, wanted: LogOnWanted, now: int) -> Effects:
        if wanted.connection in self._by_connection:
            raise LocalProtocolError(f"connection {wanted.connection} has a session already")
        own = self._living_by_user.get(wanted.user, {}).values()
        decision = decide(self.rules, wanted.client, own, self._living)
        blocked_by = tuple(s.id for s in own if s.state is SessionState.ACTIVE)
        effects: list[Deliver] = []
        if decision.outcome == "new":
            decision, change = self._open(wanted, decision, now)
            effects.append(change)
        elif decision.session is not None:
            effects += self._attach(self.sessions[decision.session], wanted, now)
        taken_over = decision.outcome == "taken-over"
        answer = Answered(
            connection=wanted.connection,
            client=wanted.client,
            decision=decision,
            blocked_by=() if taken_over else blocked_by,
        )
        return [*effects, Deliver(answer)]

    def _open(self, wanted: LogOnWanted, decision: Decision, now: int) -> tuple[Decision, Deliver]:
        session = Session(
            id=len(self.sessions) + 1,
            user=wanted.user,
            client=wanted.client,
            state=SessionState.ACTIVE,
            connection=wanted.connection,
            since_ns=now,
        )
        self.sessions[session.id] = session
        self._by_connection[wanted.connection] = session
        self._living_by_user.setdefault(wanted.user, {})[session.id] = session
        self._living += 1
        cause = f"{wanted.user} logged on from {wanted.client}"
        opened = Decision(outcome=decision.outcome, rule=decision.rule, session=session.id)
        return opened, _changed(session, None, cause, session.connection)

    def _attach(self, session: Session, wanted: LogOnWanted, now: int) -> list[Deliver]:
        effects: list[Deliver] = []
        before = session.state
        if session.connection is not None:
            del self._by_connection[session.connection]
            effects.append(Deliver(Dropped(connection=session.connection)))
        self._limits.pop(session.id, None)
        session.state, session.connection = SessionState.ACTIVE, wanted.connection
        session.client, session.since_ns = wanted.client, now
        self._by_connection[wanted.connection] = session
        verb = "picked up" if before is SessionState.DISCONNECTED else "taken over"
        cause = f"{verb} by {wanted.user} from {wanted.client}"
        return [*effects, _changed(session, before, cause, session.connection)]

    def _leave(self, connection: int, state: SessionState, cause: str, now: int) -> Effects:
        """The connection carries its session no more; nothing to do if it carried none."""
        session = self._by_connection.pop(connection, None)
        if session is None:
            return []
        before, session.state = session.state, state
        session.connection, session.since_ns = None, now
        limit = self.rules.disconnected_limit_ns
        if state is SessionState.CLOSED:
            self._lay_down(session)
        elif limit is not None:
            self._limits[session.id] = now + limit
        return [_changed(session, before, cause, connection)]

    def _lay_down(self, session: Session) -> None:
        """A closed session gives its licence back."""
        self._living -= 1
        own = self._living_by_user[session.user]
        del own[session.id]
        if not own:
            del self._living_by_user[session.user]

    def _close_expired(self, now: int) -> Effects:
        effects: list[Deliver] = []
        while (due := self.due()) is not None and due <= now:
            number, _ = self._limits.popitem(last=False)
            session = self.sessions[number]
            before, session.state = session.state, SessionState.CLOSED
            session.since_ns = now
            self._lay_down(session)
            cause = "disconnected for longer than the limit"
            effects.append(_changed(session, before, cause, None))
        return effects


def _changed(
    session: Session, before: SessionState | None, cause: str, connection: int | None
) -> Deliver:
    return Deliver(
        Changed(
            session=session.id,
            connection=connection,
            before=before,
            after=session.state,
            cause=cause,
        )
    )
