"""Who keeps the server's account of its sessions, whatever they are sessions of.

It knows which connection carries which session, what the faults did to it, whether the server
noticed, and writes every change down: record, ledger line, server-event row.  ``TerminalServer``
and ``FileServer`` decide what a session is and when it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.machines.base import Note
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

if TYPE_CHECKING:
    from emu.capture.ledger import Ledger
    from emu.capture.recording import Recording
    from emu.net.host import Boot
    from emu.stations.base import Connection, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a keeper works with.

    ``names``: client name by the MAC address in hexadecimal, for stations that know no other.
    ``transports``: (transport, policy) by client name.  ``lost``: the fault that holds a client
    just now, None for one that is well.  ``interface``: of the recording, where the server's
    own tap is.
    """

    boot: Boot
    records: Records
    names: Mapping[str, str]
    transports: Mapping[str, tuple[str, str]]
    lost: Callable[[str, Connection], Loss | None]
    recording: Recording | None
    ledger: Ledger | None
    interface: int = 0


class SessionKeeper:
    """Part of a server; see the module."""

    def __init__(self, post: Post) -> None:
        self.connections: dict[int, Connection] = {}
        #: By session, while it is active: what carries it.
        self.carrying: dict[int, Connection] = {}
        self._boot = post.boot
        self._records = post.records
        self._names = post.names
        self._transports = post.transports
        self._lost = post.lost
        self._recording = post.recording
        self._interface = post.interface
        self._ledger = post.ledger
        self._last_trial: dict[int, int] = {}

    # --- what the heirs decide ---------------------------------------------------------------

    def session_of(self, serial: int, /) -> int | None:
        """The session a connection carries; of several the oldest."""
        raise NotImplementedError

    def user_of(self, transport: str, /) -> User:
        """What stands above the station of a transport."""
        raise NotImplementedError

    def push(self, text: str, now: int, /) -> None:
        """Say something unasked to every active session."""
        raise NotImplementedError

    # --- changes -----------------------------------------------------------------------------

    def attempt(self, now: int, client: str, kind: str, outcome: str, why: str) -> None:
        """Write an attempt down as its user would tell it."""
        attempt = Attempt(at_ns=now, client=client, kind=kind, outcome=outcome, why=why)
        self._records.attempts.append(attempt)
        self.log(now, "attempt", client=client, kind=kind, outcome=outcome, why=why)

    def move(
        self, record: SessionRecord, after: str, cause: str, now: int, *, serial: int | None
    ) -> None:
        """A session is in another state from now on.  ``serial``: the connection it is about."""
        frame = self._cause_frame(record.holder, serial, now)
        before = record.state.upper() if record.states else "NEW"
        self.event(now, f"session {record.id} {before} -> {after.upper()}: {cause}")
        self.log(now, "session", session=record.id, state=after, cause=cause, frame=frame)
        record.states.append(StateRecord(at_ns=now, state=after, cause=cause, frame=frame))

    def became_active(self, record: SessionRecord, client: str, connection: Connection) -> None:
        """A log-on may arrive when its client has been struck already: a ghost from birth."""
        self.carrying[record.id] = connection
        record.holder = client
        loss = self._lost(client, connection)
        if loss is not None:
            record.losses.append(loss)

    def left_active(self, record: SessionRecord, now: int, *, by_transport: bool) -> None:
        """Was that a fault noticed, a live client thrown out, or neither (a log-off)?

        ``by_transport``: the connection broke; nobody wanted it.
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
        if not by_transport:
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

    def new_record(self, number: int, user: str, client: str) -> SessionRecord:
        """The record of a session that begins."""
        transport, policy = self._transports[client]
        record = SessionRecord(
            id=number,
            client=client,
            holder=client,
            user=user,
            transport=transport,
            policy=policy,
        )
        self._records.sessions[number] = record
        return record

    # --- writing down ------------------------------------------------------------------------

    def noted(self, note: Note, serial: int, frame: int) -> None:
        """A machine of the server's has something to say about a connection."""
        number = self.session_of(serial)
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

    def event(self, now: int, text: str) -> None:
        """A row of the capture that says what happened on the server."""
        if self._recording is not None:
            self._recording.event(now, text, hostname=self._boot.host.name)

    def log(self, now: int, event: str, **fields: str | int | None) -> None:
        """A line of the ledger."""
        if self._ledger is not None:
            self._ledger.note(now, event, **fields)
