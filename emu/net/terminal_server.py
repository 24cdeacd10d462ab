"""The terminal server: what stands above the server's stations and owns the session table.

It turns connections and messages into questions for ``machines.terminal_session``, answers
the clients, and writes every change down: record, ledger line, server-event row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.machines.base import EXPIRED, NEVER, Asked, Deliver, Effects
from emu.machines.terminal_session import (
    Answered,
    Changed,
    ConnectionBroke,
    Dropped,
    LogOffWanted,
    LogOnWanted,
    Rules,
    SessionState,
    SessionTable,
)
from emu.net.session_keeper import Post, SessionKeeper
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Message, Refused, Screen, Welcome

if TYPE_CHECKING:
    from emu.stations.base import Connection, User


class TerminalServer(SessionKeeper):
    """``rules``: the server's."""

    def __init__(self, post: Post, rules: Rules) -> None:
        super().__init__(post)
        self.table = SessionTable(rules)
        self._logging_off = False
        self._armed = NEVER

    def user_of(self, transport: str, /) -> User:  # noqa: ARG002
        """All stations speak to the table itself."""
        return self

    # --- User: called by the stations --------------------------------------------------------

    def opened(self, connection: Connection, now: int) -> None:
        """A connection is up; its log-on follows."""
        self.connections[connection.serial] = connection
        self.log(now, "connection-opened", connection=connection.serial, peer=connection.peer)

    def message(self, connection: Connection, message: Message, now: int) -> None:
        """A client's message.  What only a server says is ignored: the peer may send anything."""
        number = self.table.session_of(connection.serial)
        active = number is not None
        if number in self.carrying:
            self.settle(self._records.sessions[number])
        if isinstance(message, LogOn):
            if active:
                connection.send(Refused(why="this connection has a session"), now)
            else:
                self._log_on(connection, message, now)
        elif isinstance(message, Keystroke) and active:
            connection.send(Screen(text=message.text), now)
        elif isinstance(message, LogOff):
            self._step(LogOffWanted(connection=connection.serial), now)

    def lost(self, connection: Connection, cause: str, now: int) -> None:
        """The transport gave the connection up."""
        self._broke(connection, cause, now)

    def ended(self, connection: Connection, cause: str, now: int) -> None:
        """Ended in order; a session that was not logged off before is disconnected by it."""
        self._broke(connection, cause, now)

    def _broke(self, connection: Connection, cause: str, now: int) -> None:
        self.log(now, "connection-ended", connection=connection.serial, cause=cause)
        self._step(ConnectionBroke(connection=connection.serial, cause=cause), now)
        self.connections.pop(connection.serial, None)
        self._last_trial.pop(connection.serial, None)

    def _log_on(self, connection: Connection, wanted: LogOn, now: int) -> None:
        self.connections[connection.serial] = connection
        client = self._names.get(wanted.client, wanted.client)
        request = LogOnWanted(connection=connection.serial, user=wanted.user, client=client)
        self._step(request, now)

    # --- Timer: disconnected sessions that are closed in the end -----------------------------

    def fire(self, now: int) -> None:
        if now < self._armed:
            return
        self._armed = NEVER
        due = self.table.due()
        if due is not None and due <= now:
            self._carry_out(self.table.step(EXPIRED, now), now)
        self._arm()

    def _arm(self) -> None:
        due = self.table.due()
        if due is not None and due < self._armed:
            self._armed = due
            self._boot.arm(self, due)

    # --- what the table decides --------------------------------------------------------------

    def _step(self, request: LogOnWanted | LogOffWanted | ConnectionBroke, now: int) -> None:
        self._logging_off = isinstance(request, LogOffWanted)
        self._carry_out(self.table.step(Asked(request), now), now)
        self._arm()

    def _carry_out(self, effects: Effects, now: int) -> None:
        for effect in effects:
            assert isinstance(effect, Deliver)
            match effect.value:
                case Changed() as changed:
                    self._changed(changed, now)
                case Answered() as answered:
                    self._answer(answered, now)
                case Dropped(connection=serial):
                    self.connections[serial].close(now)
                case other:
                    raise AssertionError(f"session table delivered {other!r}")

    def _answer(self, answered: Answered, now: int) -> None:
        """Tell the client, and write the attempt down as its user would tell it."""
        decision, client = answered.decision, answered.client
        connection = self.connections[answered.connection]
        for blocking in answered.blocked_by:
            why = f"session {blocking} is still active"
            self.attempt(now, client, "reconnect", "refused", why)
        if decision.outcome == "refused":
            self._records.refused_by_limit += 1
            why = f"all {self.table.rules.session_limit} sessions are in use"
            self.attempt(now, client, "log-on", "refused", why)
            connection.send(Refused(why=why), now)
            return
        assert decision.session is not None
        kind = "log-on" if decision.outcome == "new" else "reconnect"
        why = f"session {decision.session} ({decision.rule})"
        self.attempt(now, client, kind, decision.outcome, why)
        connection.send(Welcome(session=decision.session, how=decision.outcome), now)

    def _changed(self, changed: Changed, now: int) -> None:
        session = self.table.sessions[changed.session]
        record = self._records.sessions.get(changed.session) or self.new_record(
            changed.session, session.user, session.client
        )
        state = changed.after.value
        if changed.before is SessionState.ACTIVE:
            by_transport = changed.after is not SessionState.ACTIVE and not self._logging_off
            self.left_active(record, now, by_transport=by_transport)
        self.move(record, state, changed.cause, now, serial=changed.connection)
        self._records.peak_sessions = max(self._records.peak_sessions, self.table.living())
        if changed.after is SessionState.ACTIVE and changed.connection is not None:
            connection = self.connections[changed.connection]
            self.became_active(record, session.client, connection)

    def session_of(self, serial: int, /) -> int | None:
        """The active session a connection carries."""
        return self.table.session_of(serial)

    def push(self, text: str, now: int) -> None:
        """Update the screen of every active session, unasked."""
        for connection in [*self.carrying.values()]:
            connection.send(Screen(text=text), now)
