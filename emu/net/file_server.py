"""The file server: what stands above the server's carriers and keeps account of SMB sessions.

``stations.smb.server`` speaks SMB, ``machines.smb_server`` decides; here each session becomes a
record, each beginning and end a line, and the administrator has his say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from emu.machines.base import Note
from emu.machines.smb.calls import Refused, SetUp, Standing
from emu.machines.smb_server import ServerParams, ShareSetting, SmbServer
from emu.machines.smb_server.administration import FileClose, FileEnum, Files, SessionDel
from emu.machines.smb_server.events import Began, Ceased, Dropped, Kind
from emu.net.file_records import FileRecords, Lifetime, Refusal, SessionTable, TableRow
from emu.net.session_keeper import Post, SessionKeeper
from emu.scenario.files import FileService, Task, content_of
from emu.stations.smb.proofs import Account
from emu.stations.smb.server import CarrierUser, SmbService

if TYPE_CHECKING:
    from emu.stations.base import Connection, User

#: How the machine's causes begin when a new set-up ends an old circuit (facts/redirector.md 3.6).
VC_ZERO = "VC 0"
#: Session states of an SMB server: it has no disconnected ones.
ACTIVE, CLOSED = "active", "closed"


def password_of(account: str) -> str:
    """A scenario's accounts need no secrets; both ends know this one."""
    return f"{account}'s password"


class FileServer(SessionKeeper):
    """``service``: what the scenario's server offers.  ``files``: where the account is kept."""

    def __init__(
        self, post: Post, params: ServerParams, service: FileService, files: FileRecords
    ) -> None:
        super().__init__(post)
        self.files = files
        self.machine = SmbServer(params, _settings(service), now=0)
        self.smb = SmbService(
            self.machine,
            post.boot,
            users={
                account.name: Account(
                    password=password_of(account.name),
                    standing=Standing.ADMINISTRATOR if account.administrator else Standing.USER,
                )
                for account in service.accounts
            },
            randomness=post.boot.dice("smb"),
            observer=_Watch(self),
        )
        #: (connection, UID) of the sessions that live, and theirs by connection, oldest first.
        self._living: dict[tuple[int, int], int] = {}
        self._on: dict[int, list[int]] = {}
        #: What a session has open, by FID.
        self._open: dict[int, dict[int, str]] = {}
        #: Why the transport has just given a connection up; empty if it has not.
        self._broken = ""

    def user_of(self, transport: str) -> User:
        """What stands above one carrier."""
        return _Front(self, self.smb.over(transport))

    # --- what the carriers tell, on its way up -------------------------------------------------

    def came(self, connection: Connection, now: int) -> None:
        """A circuit is up."""
        self.connections[connection.serial] = connection
        self.log(now, "connection-opened", connection=connection.serial, peer=connection.peer)

    def heard(self, connection: Connection) -> None:
        """A message came."""
        for number in self._on.get(connection.serial, ()):
            self.settle(self._records.sessions[number])

    def breaking(self, connection: Connection, cause: str, now: int) -> None:
        """A circuit is gone; its sessions end now."""
        self.log(now, "connection-ended", connection=connection.serial, cause=cause)
        self._broken = cause

    def broke(self, connection: Connection) -> None:
        """They have ended."""
        self._broken = ""
        self._forget(connection.serial)

    def _forget(self, serial: int) -> None:
        self.connections.pop(serial, None)
        self._on.pop(serial, None)
        self._last_trial.pop(serial, None)

    # --- what the service tells ----------------------------------------------------------------

    def began(self, began: Began, now: int) -> None:
        """A session's record begins with it."""
        if began.kind is Kind.SESSION:
            self._begin(began, now)
        self._lifetime(began, now, cause="")

    def ceased(self, ceased: Ceased, now: int) -> None:
        """And ends with it."""
        self._lifetime(ceased, now, cause=ceased.cause)
        if ceased.kind is Kind.SESSION:
            self._end(ceased, now)

    def dropped(self, dropped: Dropped, now: int) -> None:
        """The server ended a circuit by its own decision."""
        self.log(now, "connection-dropped", connection=dropped.connection, cause=dropped.cause)
        self._forget(dropped.connection)

    def refused(self, note: Note, now: int) -> None:
        """A limit was met (the machine's note)."""
        self._records.refused_by_limit += 1
        client = self._client(int(note.facts["connection"]))
        rule = str(note.facts["rule"])
        self.files.refusals.append(Refusal(at_ns=now, client=client, rule=rule))
        self.log(now, "limit", client=client, rule=rule)
        self.event(now, f"{client} is refused: {rule}")
        self.look(f"{client} is refused: {rule}", now)

    def answered(self, connection: int, request: object, result: object, now: int) -> None:
        """A log-on refused is an attempt of its user's."""
        if isinstance(request, SetUp):
            self.files.setups += not isinstance(result, Refused)
        if isinstance(request, SetUp) and isinstance(result, Refused):
            client, why = self._client(connection), result.fault.name
            self.attempt(now, client, "log-on", "refused", f"{request.user}: {why}")

    # --- sessions ------------------------------------------------------------------------------

    def _begin(self, began: Began, now: int) -> None:
        connection = self.connections[began.connection]
        client = self._client(began.connection)
        record = self.new_record(len(self._records.sessions) + 1, began.what, client)
        self._living[began.connection, began.uid] = record.id
        self._on.setdefault(began.connection, []).append(record.id)
        self._open[record.id] = {}
        cause = f"{began.what} logged on from {client}"
        self.move(record, ACTIVE, cause, now, serial=began.connection)
        self._records.peak_sessions = max(self._records.peak_sessions, len(self._living))
        self.became_active(record, client, connection)

    def _end(self, ceased: Ceased, now: int) -> None:
        number = self._living.pop((ceased.connection, ceased.uid))
        self._on[ceased.connection].remove(number)
        record = self._records.sessions[number]
        unwanted = bool(self._broken) or ceased.cause.startswith(VC_ZERO)
        self.left_active(record, now, by_transport=unwanted)
        self.files.ended_ns[number] = now
        self._open.pop(number)
        self.move(record, CLOSED, ceased.cause, now, serial=ceased.connection)

    def session_of(self, serial: int, /) -> int | None:
        """The oldest session of a circuit."""
        return next(iter(self._on.get(serial, ())), None)

    def owner_left(self, client: str, uid: int, now: int) -> None:
        """Who had that UID at a client has logged off there; his session may live on here.

        On the client's newest circuit: an older one is left from before a restart.
        """
        mine = [serial for serial in self.connections if self._client(serial) == client]
        number = self._living.get((max(mine), uid)) if mine else None
        if number is not None:
            self.files.left_ns.setdefault(number, now)

    def _client(self, serial: int) -> str:
        """Whose circuit it is: by its NetBIOS name, else by its MAC address."""
        connection = self.connections[serial]
        name = connection.caller.lower()
        if name in self._transports:
            return name
        return next(
            client for mac, client in self._names.items() if mac in connection.address.lower()
        )

    def _lifetime(self, about: Began | Ceased, now: int, *, cause: str) -> None:
        kind, began = about.kind, isinstance(about, Began)
        session = self._living.get((about.connection, about.uid))
        if kind is Kind.OPEN and session is not None:
            opened = self._open[session]
            if began:
                opened[about.number] = about.what
            else:
                opened.pop(about.number, None)
        self.files.lifetimes.append(
            Lifetime(
                at_ns=now,
                kind=kind.value,
                began=began,
                client=self._client(about.connection),
                connection=about.connection,
                number=about.number,
                uid=about.uid,
                session=session,
                what=about.what,
                cause=cause,
                frame=self._boot.arriving(),
            )
        )
        self._row(self.files.lifetimes[-1], now)

    def _row(self, life: Lifetime, now: int) -> None:
        """Trees and files have rows of their own in the capture; sessions have theirs already."""
        verb = "BEGINS" if life.began else "ENDS"
        why = f": {life.cause}" if life.cause else ""
        self.log(now, life.kind, began=life.began, number=life.number, uid=life.uid, what=life.what)
        if life.kind in ("tree", "open"):
            name = "TID" if life.kind == "tree" else "FID"
            text = f"{life.kind} {life.what} ({name} {life.number:#06x}, UID {life.uid:#06x})"
            self.event(now, f"{text} {verb}{why}")

    # --- the administrator ---------------------------------------------------------------------

    def do(self, task: Task, now: int) -> None:
        """One task of the server's administrator."""
        self.log(now, "administration", task=task.words)
        self.event(now, f"administrator: {task.words}")
        if task.do == "delete-sessions":
            client = f"\\\\{task.client.upper()}" if task.client else None
            self.smb.ask(
                SessionDel(by_administrator=True, client=client, user=task.user or None), now
            )
        elif task.do == "close-file":
            self._close_file(task.file.partition("/")[2], now)
        self.look(task.words, now)

    def _close_file(self, path: str, now: int) -> None:
        for told in self.smb.ask(FileEnum(by_administrator=True), now):
            assert isinstance(told, Files)
            for row in told.rows:
                if row.path.upper() == path.upper():
                    self.smb.ask(FileClose(by_administrator=True, file_id=row.file_id), now)

    def look(self, why: str, now: int) -> None:
        """``net session``, with what each session has open."""
        rows = [self._table_row(key, number, now) for key, number in self._living.items()]
        self.files.look(SessionTable(at_ns=now, why=why, rows=tuple(rows)))

    def _table_row(self, key: tuple[int, int], number: int, now: int) -> TableRow:
        record = self._records.sessions[number]
        row = self.machine.row_of(*key, now)
        return TableRow(
            session=number,
            client=record.client,
            user=record.user,
            uid=key[1],
            owner=number not in self.files.left_ns,
            opens=row.opens or 0,
            files=tuple(self._open[number].values()),
            time_s=row.time_s or 0,
            idle_s=row.idle_s or 0,
        )


class _Watch:
    """The service's observer: what it tells goes to the keeper, under the keeper's words."""

    def __init__(self, keeper: FileServer) -> None:
        self.began = keeper.began
        self.ceased = keeper.ceased
        self.dropped = keeper.dropped
        self.answered = keeper.answered
        self._keeper = keeper

    def noted(self, note: Note, now: int, /) -> None:
        if note.kind == "limit":
            self._keeper.refused(note, now)


class _Front:
    """The ``User`` of one carrier: the keeper hears first, then SMB."""

    def __init__(self, keeper: FileServer, above: CarrierUser) -> None:
        self._keeper = keeper
        self._above = above

    def opened(self, connection: Connection, now: int, /) -> None:
        self._keeper.came(connection, now)
        self._above.opened(connection, now)

    def message(self, connection: Connection, message: Any, now: int, /) -> None:
        self._keeper.heard(connection)
        self._above.message(connection, message, now)

    def lost(self, connection: Connection, cause: str, now: int, /) -> None:
        self._keeper.breaking(connection, cause, now)
        self._above.lost(connection, cause, now)
        self._keeper.broke(connection)

    def ended(self, connection: Connection, cause: str, now: int, /) -> None:
        self._keeper.breaking(connection, cause, now)
        self._above.ended(connection, cause, now)
        self._keeper.broke(connection)


def _settings(service: FileService) -> Iterable[ShareSetting]:
    for share in service.shares:
        yield ShareSetting(
            name=share.name,
            users_max=share.users_max,
            files={file.path: content_of(share.name, file) for file in share.files},
        )
    yield ShareSetting(name="IPC$", is_ipc=True)
