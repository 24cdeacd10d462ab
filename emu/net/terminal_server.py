"""The terminal server: what stands above the server's stations and owns the session table.

It turns connections and messages into questions for ``machines.terminal_session``, answers
the clients, and writes every change down: record, ledger line, server-event row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from emu.machines.base import EXPIRED, NEVER, Asked, Deliver, Effects, Note
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
from emu.net.link import bytes_on_wire
from emu.net.records import (
    Attempt,
    Loss,
    ProbeCount,
    ProbeFrame,
    Records,
    SessionRecord,
    StateRecord,
)
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Message, Refused, Screen, Welcome

if TYPE_CHECKING:
    from emu.capture.ledger import Ledger
    from emu.capture.recording import Recording
    from emu.net.host import Boot
    from emu.stations.base import Connection


class TerminalServer:
    """``names``: client name by the MAC address in hexadecimal, for stations that know no other.

    ``transports``: (transport, policy) by client name.  ``lost``: the fault that holds a client
    just now, None for one that is well.  ``interface``: of the recording, where the server's
    own tap is.
    """

    def __init__(
        self,
        boot: Boot,
        rules: Rules,
        records: Records,
        *,
        names: Mapping[str, str],
        transports: Mapping[str, tuple[str, str]],
        lost: Callable[[str, Connection], Loss | None],
        recording: Recording | None,
        interface: int = 0,
        ledger: Ledger | None,
    ) -> None:
        self.table = SessionTable(rules)
        self.connections: dict[int, Connection] = {}
        #: By session, while it is active: what carries it.
        self.carrying: dict[int, Connection] = {}
        self._logging_off = False
        self._boot = boot
        self._records = records
        self._names = names
        self._transports = transports
        self._lost = lost
        self._recording = recording
        self._interface = interface
        self._ledger = ledger
        self._armed = NEVER
        self._last_trial: dict[int, int] = {}

    # --- User: called by the stations --------------------------------------------------------

    def opened(self, connection: Connection, now: int) -> None:
        """A connection is up; its log-on follows."""
        self.connections[connection.serial] = connection
        self._log(now, "connection-opened", connection=connection.serial, peer=connection.peer)

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
        self._log(now, "connection-ended", connection=connection.serial, cause=cause)
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
            self._attempt(now, client, "reconnect", "refused", why)
        if decision.outcome == "refused":
            self._records.refused_by_limit += 1
            why = f"all {self.table.rules.session_limit} sessions are in use"
            self._attempt(now, client, "log-on", "refused", why)
            connection.send(Refused(why=why), now)
            return
        assert decision.session is not None
        kind = "log-on" if decision.outcome == "new" else "reconnect"
        why = f"session {decision.session} ({decision.rule})"
        self._attempt(now, client, kind, decision.outcome, why)
        connection.send(Welcome(session=decision.session, how=decision.outcome), now)

    def _attempt(self, now: int, client: str, kind: str, outcome: str, why: str) -> None:
        attempt = Attempt(at_ns=now, client=client, kind=kind, outcome=outcome, why=why)
        self._records.attempts.append(attempt)
        self._log(now, "attempt", client=client, kind=kind, outcome=outcome, why=why)

    def _changed(self, changed: Changed, now: int) -> None:
        record = self._records.sessions.get(changed.session) or self._new_record(changed.session)
        frame = self._cause_frame(record.holder, changed.connection, now)
        before = "NEW" if changed.before is None else changed.before.name
        self._event(
            now, f"session {changed.session} {before} -> {changed.after.name}: {changed.cause}"
        )
        self._log(
            now,
            "session",
            session=changed.session,
            state=changed.after.value,
            cause=changed.cause,
            frame=frame,
        )
        if changed.before is SessionState.ACTIVE:
            self._left_active(record, changed.after, now)
        record.states.append(
            StateRecord(at_ns=now, state=changed.after.value, cause=changed.cause, frame=frame)
        )
        self._records.peak_sessions = max(self._records.peak_sessions, self.table.living())
        if changed.after is SessionState.ACTIVE and changed.connection is not None:
            self._became_active(record, self.connections[changed.connection])

    def _became_active(self, record: SessionRecord, connection: Connection) -> None:
        """A log-on may arrive when its client has been struck already: a ghost from birth."""
        self.carrying[record.id] = connection
        record.holder = self.table.sessions[record.id].client
        loss = self._lost(record.holder, connection)
        if loss is not None:
            record.losses.append(loss)

    def _left_active(self, record: SessionRecord, after: SessionState, now: int) -> None:
        """Was that a fault noticed, a live client thrown out, or neither (a log-off)?

        A frame that ends the session (the client gave up as well, and says so now that it can)
        is no sign that the fault was got over.
        """
        if record.id in self.carrying and self.carrying[record.id].last_octet_ns < now:
            self.settle(record)
        loss = record.open_loss
        self.look_at(record)
        del self.carrying[record.id]
        if loss is not None:
            loss.ended_at_ns = now
        if after is SessionState.ACTIVE or self._logging_off:
            return
        if loss is not None:
            loss.noticed_at_ns = now
        if loss is None or not loss.gone:
            record.false_disconnect = True

    def look_at(self, record: SessionRecord) -> None:
        """Take down what its connection has heard and waits for, while it has one."""
        connection = self.carrying.get(record.id)
        if connection is None:
            return
        record.last_octet_ns = connection.last_octet_ns
        loss = record.open_loss
        if loss is None:
            return
        loss.last_octet_ns = connection.last_octet_ns
        if not loss.returned:
            loss.last_words_ns = connection.last_octet_ns
            loss.unacknowledged_since_ns = connection.unacknowledged_since_ns
            loss.idle_since_ns = connection.idle_since_ns

    def push(self, text: str, now: int) -> None:
        """Update the screen of every active session, unasked."""
        for connection in [*self.carrying.values()]:
            connection.send(Screen(text=text), now)

    def settle(self, record: SessionRecord) -> None:
        """A fault is over when the client was heard again with all its state, and the server
        waits for nothing from before.

        One that is back and was not heard yet may still be thrown out for it; so may one that was
        heard and has not acknowledged what was sent to it meanwhile.
        """
        connection, loss = self.carrying.get(record.id), record.open_loss
        if connection is None or loss is None or loss.until_ns is None or not loss.returned:
            return
        since_ns = connection.unacknowledged_since_ns
        waits = since_ns is not None and since_ns < loss.until_ns
        if connection.last_octet_ns >= loss.until_ns and not waits:
            loss.ended_at_ns = loss.until_ns
            loss.recovered = True

    def returned(self, client: str, end: Connection | None, *, waits: bool = False) -> None:
        """A lost client is about to be back: its last words before that are settled.

        ``end``: the client's own end of its connection, None if it has none any more.
        ``waits``: as ``Loss.client_waits``.
        """
        for number in self.carrying:
            record = self._records.sessions[number]
            loss = record.open_loss
            if loss is not None and loss.client == client:
                self.look_at(record)
                loss.returned, loss.client_waits = True, waits
                loss.client_gave_up = end is None
                if end is not None:
                    loss.client_heard_ns = end.last_octet_ns
                    loss.owes_acknowledgement = end.owes_acknowledgement

    def _new_record(self, number: int) -> SessionRecord:
        session = self.table.sessions[number]
        transport, policy = self._transports[session.client]
        record = SessionRecord(
            id=number,
            client=session.client,
            holder=session.client,
            user=session.user,
            transport=transport,
            policy=policy,
        )
        self._records.sessions[number] = record
        return record

    # --- writing down ------------------------------------------------------------------------

    def noted(self, note: Note, serial: int, frame: int) -> None:
        """A machine of the server's has something to say about a connection."""
        number = self.table.session_of(serial)
        record = None if number is None else self._records.sessions.get(number)
        if note.kind in ("probe", "retransmission"):
            self._last_trial[serial] = frame
        if note.kind == "probe":
            self._records.probes.append(
                ProbeFrame(
                    frame=frame,
                    session=number,
                    number=int(note.facts["number"]),
                    of=int(note.facts["of"]),
                )
            )
        if record is None:
            return
        self._count(record, note.kind, frame)
        if note.kind == "probe-answered":
            self._answered(record, str(note.facts.get("by", "its peer")))
            self.settle(record)

    def _count(self, record: SessionRecord, kind: str, frame: int) -> None:
        """Only what is seen from here: a probe of the client's counts when it is answered."""
        own, peers = record.probes, record.client_probes
        match kind:
            case "probe":
                own.probes += self._sized(own, frame)
            case "probe-answered":
                own.answers += self._sized(own, frame)
            case "verify":
                own.unasked += self._sized(own, frame)
            case "answer":
                peers.probes += self._sized(peers, self._boot.arriving())
                peers.answers += self._sized(peers, frame)
            case "unasked":
                peers.unasked += self._sized(peers, frame)
            case _:
                pass

    def _sized(self, count: ProbeCount, frame: int) -> int:
        """One frame more, and what it was on the wire."""
        if self._recording is not None and frame:
            count.bytes_on_wire += bytes_on_wire(len(self._recording.octets(frame)))
        return 1

    def _answered(self, record: SessionRecord, by: str) -> None:
        for probe in reversed(self._records.probes):
            if probe.session == record.id:
                probe.answered_by = by
                break

    def _cause_frame(self, client: str, serial: int | None, now: int) -> int:
        """The frame that made a change, or last preceded it.

        The one arriving; else one sent to this client at this very instant (a RST); else the
        last probe or retransmission; else the last frame of all.
        """
        arriving = self._boot.arriving()
        if arriving or self._recording is None:
            return arriving
        last = 0
        for number in range(len(self._recording), 0, -1):
            interface, at_ns, octets = self._recording.frames[number - 1]
            if interface != self._interface:
                continue
            last = last or number
            if at_ns != now:
                break
            if self._names.get(octets[:6].hex()) == client:
                return number
        return self._last_trial.get(serial or 0) or last

    def _event(self, now: int, text: str) -> None:
        if self._recording is not None:
            self._recording.event(now, text, hostname=self._boot.host.name)

    def _log(self, now: int, event: str, **fields: str | int | None) -> None:
        if self._ledger is not None:
            self._ledger.note(now, event, **fields)
