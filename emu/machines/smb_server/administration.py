"""What an administrator asks of a server: sessions and files, to see them and to end them.

Read facts/redirector.md 3.5.  The station translates RAP and SRVSVC; who asks, and whether that
is an administrator, is its knowledge too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from emu.machines.base import Deliver, Effect
from emu.machines.smb import faults
from emu.machines.smb.calls import Access, Standing
from emu.machines.smb_server.book import Book
from emu.machines.smb_server.objects import Connection, Session
from emu.machines.smb_server.params import ServerParams
from emu.units import NS_PER_S

#: Levels of NetSessionEnum that everybody may ask, and those for administrators (3.5); 502 is
#: taken to be guarded like 2.
OPEN_LEVELS, GUARDED_LEVELS = (0, 10), (1, 2, 502)
FLAG_GUEST = 1


# What is asked.
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnum:
    """``client``, ``user``: only theirs; None for all."""

    level: int
    by_administrator: bool
    client: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDel:
    """``client``: with its two backslashes; None for all.  ``user``: None for all."""

    by_administrator: bool
    client: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEnum:
    by_administrator: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileClose:
    """``file_id``: as FileEnum showed it."""

    by_administrator: bool
    file_id: int


# What is answered.
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One session.  Times in whole seconds; None where the level does not tell."""

    client: str
    user: str | None = None
    opens: int | None = None
    time_s: int | None = None
    idle_s: int | None = None
    flags: int | None = None
    client_type: str | None = None
    transport: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    file_id: int
    connection: int
    fid: int
    path: str
    user: str
    access: Access


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """``error``: a Win32 or network number, 0 for none."""

    error: int
    rows: tuple[SessionRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    error: int
    rows: tuple[FileRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The answer to a deletion or a close.  ``error``: 0 for done."""

    error: int


class Administration:
    """Part of a server; it shares its book."""

    def __init__(self, params: ServerParams, book: Book) -> None:
        self._params = params
        self._book = book

    def enumerate_sessions(self, asked: SessionEnum, now: int) -> list[Effect]:
        if asked.level not in (*OPEN_LEVELS, *GUARDED_LEVELS):
            return [Deliver(Sessions(error=faults.ERROR_INVALID_LEVEL))]
        if asked.level in GUARDED_LEVELS and not asked.by_administrator:
            return [Deliver(Sessions(error=faults.ERROR_ACCESS_DENIED))]
        chosen = self._chosen(_bare(asked.client), asked.user)
        rows = tuple(_at_level(self.row(each, now), asked.level) for each in chosen)
        return [Deliver(Sessions(error=faults.ERROR_SUCCESS, rows=rows))]

    def delete_sessions(self, asked: SessionDel, _now: int) -> list[Effect]:
        """A client without a user: its VCs are dropped, log-on or not (assumption)."""
        if not asked.by_administrator:
            return [Deliver(Ordered(error=faults.ERROR_ACCESS_DENIED))]
        if asked.client is None and asked.user is None:
            return [Deliver(Ordered(error=faults.ERROR_INVALID_PARAMETER))]
        chosen = self._chosen(_bare(asked.client), asked.user)
        is_name = asked.client is None or asked.client.startswith("\\\\")
        if not chosen or not is_name:
            return [Deliver(Ordered(error=faults.NERR_CLIENT_NAME_NOT_FOUND))]
        effects = self._drop(chosen) if asked.user is None else self._log_off(chosen)
        return [*effects, Deliver(Ordered(error=faults.ERROR_SUCCESS))]

    def enumerate_files(self, asked: FileEnum, _now: int) -> list[Effect]:
        if not asked.by_administrator:
            return [Deliver(Files(error=faults.ERROR_ACCESS_DENIED))]
        rows = tuple(
            FileRow(
                file_id=each.file_id,
                connection=each.session.connection.serial,
                fid=each.fid,
                path=each.file.path,
                user=each.session.user,
                access=each.access,
            )
            for each in self._book.opens_by_id.values()
        )
        return [Deliver(Files(error=faults.ERROR_SUCCESS, rows=rows))]

    def close_file(self, asked: FileClose, _now: int) -> list[Effect]:
        if not asked.by_administrator:
            return [Deliver(Ordered(error=faults.ERROR_ACCESS_DENIED))]
        opened = self._book.opens_by_id.get(asked.file_id)
        if opened is None:
            return [Deliver(Ordered(error=faults.NERR_FILE_ID_NOT_FOUND))]
        effects = self._book.end_open(opened, "closed by an administrator")
        return [*effects, Deliver(Ordered(error=faults.ERROR_SUCCESS))]

    def row(self, session: Session, now: int) -> SessionRow:
        """Everything there is to know about a session: level 502."""
        connection = session.connection
        last = connection.last_ns if self._params.idle_per_connection else session.last_ns
        return SessionRow(
            client=connection.client,
            user=session.user,
            opens=session.opens,
            time_s=(now - session.since_ns) // NS_PER_S,
            idle_s=(now - last) // NS_PER_S,
            flags=FLAG_GUEST if session.standing is Standing.GUEST else 0,
            client_type=session.client_type,
            transport=connection.about.transport,
        )

    def _chosen(self, client: str | None, user: str | None) -> list[Session]:
        return [
            session
            for connection in self._book.connections.values()
            if client is None or connection.client == client
            for session in connection.sessions
            if user is None or session.user.upper() == user.upper()
        ]

    def _drop(self, chosen: list[Session]) -> list[Effect]:
        effects: list[Effect] = []
        connections: dict[int, Connection] = {
            each.connection.serial: each.connection for each in chosen
        }
        for connection in connections.values():
            effects += self._book.drop(connection, "deleted by an administrator")
        return effects

    def _log_off(self, chosen: list[Session]) -> list[Effect]:
        effects: list[Effect] = []
        for session in chosen:
            effects += self._book.end_session(
                session,
                "deleted by an administrator",
                frees_trees=self._params.logoff_frees_trees,
            )
        return effects


def _bare(client: str | None) -> str | None:
    return None if client is None else client.removeprefix("\\\\").upper()


def _at_level(row: SessionRow, level: int) -> SessionRow:
    """What a level leaves out (facts/redirector.md 3.5)."""
    match level:
        case 0:
            return SessionRow(client=row.client)
        case 10:
            return SessionRow(
                client=row.client, user=row.user, time_s=row.time_s, idle_s=row.idle_s
            )
        case 1:
            return replace(row, client_type=None, transport=None)
        case 2:
            return replace(row, transport=None)
        case _:
            return row
