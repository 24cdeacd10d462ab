"""The session table: every rule of facts/tcp.md 7, to the nanosecond, whole state compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Received
from emu.machines.terminal_session import (
    Answered,
    Changed,
    ConnectionBroke,
    Decision,
    Dropped,
    LogOffWanted,
    LogOnWanted,
    Rules,
    Session,
    SessionState,
    SessionTable,
    decide,
)
from emu.units import seconds as s

from .dialogue import Dialogue, unchanged

ACTIVE, DISCONNECTED, CLOSED = SessionState
#: NT 4.0 Terminal Server Edition as KB Q187049 has it: no limits, no one-session rule.
NT4 = Rules(
    session_limit=None,
    disconnected_limit_ns=None,
    one_session_per_user=False,
    end_when_broken=False,
    same_client_only=False,
)
NEW, RESUMED = "new-session", "disconnected-is-resumed"


def log_on(connection: int, user: str = "ann", client: str = "ws1") -> LogOnWanted:
    return LogOnWanted(connection=connection, user=user, client=client)


def broke(connection: int, cause: str = "5 keepalive probes unanswered") -> ConnectionBroke:
    return ConnectionBroke(connection=connection, cause=cause)


def log_off(connection: int) -> LogOffWanted:
    return LogOffWanted(connection=connection)


def changed(session: int, connection: int | None, before, after, cause: str) -> Changed:
    return Changed(session=session, connection=connection, before=before, after=after, cause=cause)


def answered(
    connection: int,
    outcome: str,
    rule: str,
    session: int | None,
    *,
    client: str = "ws1",
    blocked_by: tuple[int, ...] = (),
) -> Answered:
    decision = Decision(outcome=outcome, rule=rule, session=session)
    return Answered(connection=connection, client=client, decision=decision, blocked_by=blocked_by)


def opened(
    d: Dialogue,
    connection: int,
    session: int,
    user: str = "ann",
    client: str = "ws1",
    blocked_by: tuple[int, ...] = (),
) -> Dialogue:
    """A log-on that gets a new session."""
    d.asked(log_on(connection, user, client))
    d.delivers(changed(session, connection, None, ACTIVE, f"{user} logged on from {client}"))
    return d.delivers(
        answered(connection, "new", NEW, session, client=client, blocked_by=blocked_by)
    )


def session(
    number: int, state: SessionState, connection: int | None, since_ns: int, **who: str
) -> Session:
    return Session(
        id=number,
        user=who.get("user", "ann"),
        client=who.get("client", "ws1"),
        state=state,
        connection=connection,
        since_ns=since_ns,
    )


def table(d: Dialogue) -> SessionTable:
    assert isinstance(d.machine, SessionTable)
    return d.machine


def holds(d: Dialogue, *sessions: Session) -> None:
    """Exactly these sessions, and what the table says about them agrees."""
    assert list(table(d).sessions.values()) == list(sessions)
    assert table(d).living() == sum(each.state is not CLOSED for each in sessions)
    for each in sessions:
        if each.connection is not None:
            assert table(d).session_of(each.connection) == each.id


def test_a_session_is_born_and_logged_off() -> None:
    d = Dialogue(SessionTable(NT4))
    opened(d.at(s(1)), 1, 1).armed({})
    holds(d, session(1, ACTIVE, 1, s(1)))
    d.at(s(2)).asked(log_off(1)).delivers(changed(1, 1, ACTIVE, CLOSED, "logged off")).armed({})
    holds(d, session(1, CLOSED, None, s(2)))
    d.asked(log_off(1)).asked(broke(1)).armed({})


def test_a_disconnected_session_is_picked_up_by_its_user() -> None:
    """From any client; for good: the session is the same one."""
    d = Dialogue(SessionTable(NT4))
    opened(d.at(0), 1, 1)
    d.at(s(5)).asked(broke(1)).delivers(
        changed(1, 1, ACTIVE, DISCONNECTED, "5 keepalive probes unanswered")
    )
    holds(d, session(1, DISCONNECTED, None, s(5)))
    d.at(s(9)).asked(log_on(2, client="ws2"))
    d.delivers(changed(1, 2, DISCONNECTED, ACTIVE, "picked up by ann from ws2"))
    d.delivers(answered(2, "resumed", RESUMED, 1, client="ws2")).armed({})
    holds(d, session(1, ACTIVE, 2, s(9), client="ws2"))


def test_an_active_ghost_is_not_picked_up() -> None:
    """KB Q187049: "cannot be reconnected"; a second session opens beside it."""
    d = Dialogue(SessionTable(NT4))
    opened(d.at(0), 1, 1)
    opened(d.at(s(9)), 2, 2, blocked_by=(1,)).armed({})
    holds(d, session(1, ACTIVE, 1, 0), session(2, ACTIVE, 2, s(9)))


def test_nobody_gets_somebody_elses_session() -> None:
    d = Dialogue(SessionTable(NT4))
    opened(d.at(0), 1, 1)
    d.asked(broke(1, "x")).delivers(changed(1, 1, ACTIVE, DISCONNECTED, "x"))
    opened(d, 2, 2, user="bob").armed({})


def test_one_session_per_user_takes_the_ghost_over() -> None:
    """fSingleSessionPerUser (facts/tcp.md 7): the old connection is dropped, then means nothing."""
    d = Dialogue(SessionTable(replace(NT4, one_session_per_user=True)))
    opened(d.at(0), 1, 1)
    d.at(s(9)).asked(log_on(2, client="ws2")).delivers(Dropped(connection=1))
    d.delivers(changed(1, 2, ACTIVE, ACTIVE, "taken over by ann from ws2"))
    d.delivers(answered(2, "taken-over", "one-session-per-user", 1, client="ws2"))
    holds(d, session(1, ACTIVE, 2, s(9), client="ws2"))
    d.at(s(10)).asked(broke(1)).asked(log_off(1)).armed({})
    holds(d, session(1, ACTIVE, 2, s(9), client="ws2"))
    assert table(d).session_of(1) is None


def test_same_client_only_gives_it_back_to_its_computer() -> None:
    """ReconnectionPolicy (facts/tcp.md 7)."""
    d = Dialogue(SessionTable(replace(NT4, same_client_only=True)))
    opened(d.at(0), 1, 1)
    d.asked(broke(1, "x")).delivers(changed(1, 1, ACTIVE, DISCONNECTED, "x"))
    opened(d, 2, 2, client="ws2")
    d.at(s(1)).asked(log_on(3))
    d.delivers(changed(1, 3, DISCONNECTED, ACTIVE, "picked up by ann from ws1"))
    d.delivers(answered(3, "resumed", RESUMED, 1, blocked_by=(2,))).armed({})


def test_a_disconnected_session_holds_its_licence() -> None:
    """Limit 2: refused while one is active and one disconnected; a log-off makes room."""
    d = Dialogue(SessionTable(replace(NT4, session_limit=2)))
    opened(d.at(0), 1, 1)
    opened(d, 2, 2, user="bob")
    d.asked(broke(1, "x")).delivers(changed(1, 1, ACTIVE, DISCONNECTED, "x"))
    d.asked(log_on(3, "eve")).delivers(answered(3, "refused", "session-limit", None))
    holds(d, session(1, DISCONNECTED, None, 0), session(2, ACTIVE, 2, 0, user="bob"))
    d.asked(log_off(2)).delivers(changed(2, 2, ACTIVE, CLOSED, "logged off"))
    opened(d, 3, 3, user="eve").armed({})


def test_a_resumed_session_needs_no_second_licence() -> None:
    d = Dialogue(SessionTable(replace(NT4, session_limit=1)))
    opened(d.at(0), 1, 1)
    d.asked(broke(1, "x")).delivers(changed(1, 1, ACTIVE, DISCONNECTED, "x"))
    d.asked(log_on(2)).delivers(
        changed(1, 2, DISCONNECTED, ACTIVE, "picked up by ann from ws1"),
        answered(2, "resumed", RESUMED, 1),
    ).armed({})


def test_a_ghost_fills_the_limit_for_its_own_user() -> None:
    d = Dialogue(SessionTable(replace(NT4, session_limit=1)))
    opened(d.at(0), 1, 1)
    d.asked(log_on(2)).delivers(answered(2, "refused", "session-limit", None, blocked_by=(1,)))
    d.armed({})
    holds(d, session(1, ACTIVE, 1, 0))


def test_a_limit_of_none_of_all_refuses_everybody() -> None:
    d = Dialogue(SessionTable(replace(NT4, session_limit=0)))
    d.asked(log_on(1)).delivers(answered(1, "refused", "session-limit", None)).armed({})


LIMITED = replace(NT4, disconnected_limit_ns=s(60))
OVER = "disconnected for longer than the limit"


def test_the_disconnected_limit_closes_exactly_at_its_instant() -> None:
    """Disconnected at 5 s and 7 s, limit 60 s: closed at 65 s and 67 s."""
    d = Dialogue(SessionTable(LIMITED))
    opened(d.at(0), 1, 1)
    opened(d, 2, 2, user="bob").armed({})
    d.at(s(5)).asked(broke(2, "x")).delivers(changed(2, 2, ACTIVE, DISCONNECTED, "x"))
    d.at(s(7)).asked(broke(1, "x")).delivers(changed(1, 1, ACTIVE, DISCONNECTED, "x"))
    d.armed({"disconnected session 2": s(65), "disconnected session 1": s(67)})
    d.quiet_until(s(65) - 1)
    d.at(s(65)).delivers(changed(2, None, DISCONNECTED, CLOSED, OVER))
    d.quiet_until(s(67) - 1)
    d.at(s(67)).delivers(changed(1, None, DISCONNECTED, CLOSED, OVER)).armed({})
    holds(d, session(1, CLOSED, None, s(67)), session(2, CLOSED, None, s(65), user="bob"))
    opened(d, 3, 3).armed({})


def test_sessions_of_one_instant_are_closed_in_one() -> None:
    d = Dialogue(SessionTable(LIMITED))
    for number in (1, 2, 3):
        opened(d.at(0), number, number, user=f"u{number}")
        d.asked(broke(number, "x")).delivers(changed(number, number, ACTIVE, DISCONNECTED, "x"))
    d.at(s(60))
    for number in (1, 2, 3):
        d.delivers(changed(number, None, DISCONNECTED, CLOSED, OVER))
    d.armed({})


def test_picked_up_in_time_it_is_not_closed() -> None:
    """Disconnected again at 70 s, the limit starts anew: 130 s."""
    d = Dialogue(SessionTable(LIMITED))
    opened(d.at(0), 1, 1)
    d.asked(broke(1, "x")).delivers(changed(1, 1, ACTIVE, DISCONNECTED, "x"))
    d.at(s(60) - 1).asked(log_on(2)).delivers(
        changed(1, 2, DISCONNECTED, ACTIVE, "picked up by ann from ws1"),
        answered(2, "resumed", RESUMED, 1),
    ).armed({})
    d.at(s(70)).asked(broke(2, "x")).delivers(changed(1, 2, ACTIVE, DISCONNECTED, "x"))
    d.armed({"disconnected session 1": s(130)})


def test_end_when_broken_closes_at_once() -> None:
    """BrokenConnectionAction "end" (facts/tcp.md 7)."""
    d = Dialogue(SessionTable(replace(LIMITED, end_when_broken=True)))
    opened(d.at(0), 1, 1)
    d.at(s(1)).asked(broke(1, "x")).delivers(changed(1, 1, ACTIVE, CLOSED, "x")).armed({})
    holds(d, session(1, CLOSED, None, s(1)))


def test_what_is_not_legal_raises_and_changes_nothing() -> None:
    d = Dialogue(SessionTable(NT4))
    opened(d.at(0), 1, 1)
    d.refuses(log_on(1)).refuses(log_on(1, "bob")).refuses("nonsense").refuses_pdu(b"octets")
    d.armed({})


def test_an_expiry_too_early_changes_nothing() -> None:
    d = Dialogue(SessionTable(LIMITED))
    opened(d.at(0), 1, 1)
    d.asked(broke(1, "x")).delivers(changed(1, 1, ACTIVE, DISCONNECTED, "x"))
    with unchanged(d.machine):
        assert d.machine.step(EXPIRED, s(60) - 1) == []
    d.armed({"disconnected session 1": s(60)})


def test_the_oldest_disconnected_session_is_resumed_first() -> None:
    own = [
        session(3, ACTIVE, 9, 0),
        session(5, DISCONNECTED, None, 8),
        session(7, DISCONNECTED, None, 2),
    ]
    decision = decide(NT4, "ws1", own, 3)
    assert decision == Decision(outcome="resumed", rule=RESUMED, session=5)


REQUESTS = st.lists(
    st.one_of(
        st.builds(
            log_on, st.integers(0, 9), st.sampled_from("abc"), st.sampled_from(("ws1", "ws2"))
        ),
        st.builds(broke, st.integers(0, 9)),
        st.builds(log_off, st.integers(0, 9)),
        st.integers(0, s(40)),
    ),
    max_size=60,
)
RULES = st.builds(
    Rules,
    session_limit=st.none() | st.integers(0, 5),
    disconnected_limit_ns=st.none() | st.just(s(60)),
    one_session_per_user=st.booleans(),
    end_when_broken=st.booleans(),
    same_client_only=st.booleans(),
)


@pytest.mark.slow
@given(rules=RULES, requests=REQUESTS)
def test_whatever_happens_the_table_stays_sound(rules: Rules, requests: list[object]) -> None:
    """An integer lets that much time go by."""
    sessions = SessionTable(rules)
    now, ids = 0, 0
    for request in requests:
        if isinstance(request, int):
            now += request
            while (due := sessions.due()) is not None and due <= now:
                assert sessions.step(EXPIRED, due)
            continue
        again = isinstance(request, LogOnWanted) and sessions.session_of(request.connection)
        if not again:
            sessions.step(Asked(request), now)
            ids = sound(sessions, rules, ids)


def sound(sessions: SessionTable, rules: Rules, ids_before: int) -> int:
    every = list(sessions.sessions.values())
    living = [each for each in every if each.state is not CLOSED]
    assert sessions.living() == len(living)
    assert rules.session_limit is None or len(living) <= rules.session_limit
    assert [each.id for each in every] == list(range(1, len(every) + 1))
    assert len(every) >= ids_before
    carrying = [each.connection for each in every if each.connection is not None]
    assert len(carrying) == len(set(carrying))
    for each in every:
        assert (each.connection is not None) == (each.state is ACTIVE)
        if each.connection is not None:
            assert sessions.session_of(each.connection) == each.id
    limit = rules.disconnected_limit_ns
    dues = {
        f"disconnected session {each.id}": each.since_ns + limit
        for each in every
        if each.state is DISCONNECTED and limit is not None
    }
    assert dict(sessions.timers()) == dues
    assert sessions.due() == min(dues.values(), default=None)
    if rules.one_session_per_user:
        users = [each.user for each in living]
        assert len(users) == len(set(users))
    return len(every)


class Counting(dict):
    """A table of sessions that counts how often somebody walks over all of them."""

    walks = 0

    def __iter__(self):
        Counting.walks += 1
        return super().__iter__()

    def values(self):
        Counting.walks += 1
        return super().values()

    def items(self):
        Counting.walks += 1
        return super().items()


def test_no_step_walks_over_all_sessions() -> None:
    """A server may hold 10,000 sessions; a log-on costs what its own user's cost."""
    sessions = SessionTable(replace(LIMITED, session_limit=10_000))
    sessions.sessions = Counting()
    Counting.walks = 0
    for number in range(300):
        sessions.step(Asked(log_on(number, f"u{number}")), number)
        sessions.step(Asked(broke(number)), number)
        sessions.due()
        sessions.living()
    sessions.step(EXPIRED, s(61))
    assert (sessions.living(), sessions.due(), Counting.walks) == (0, None, 0)


def test_a_received_pdu_is_nobodys_business() -> None:
    d = Dialogue(SessionTable(NT4))
    d.refuses_pdu(Received("anything")).armed({})
