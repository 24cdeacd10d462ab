"""The server's book: everything that has begun, and how one ending takes others with it.

Read facts/redirector.md 1.1, "What each ending does".  Endings tell ``Ceased`` innermost
first.  A file that lost an open is ``stirred``: somebody may have waited for that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from emu.machines.base import Deliver, Effect
from emu.machines.smb import faults
from emu.machines.smb_server.answers import refused
from emu.machines.smb_server.events import Began, Ceased, Dropped, Kind
from emu.machines.smb_server.objects import (
    Connection,
    File,
    OpenFile,
    Search,
    Session,
    Share,
    ShareSetting,
    Tree,
    Waiting,
    new_share,
)


@dataclass(slots=True, kw_only=True)
class Statistics:
    """sts0_sopens, sts0_fopens, sts0_stimedout, sts0_serrorout (facts/redirector.md 1.1, 3.1).

    The last two count sessions: those that autodisconnect ended, and all that ended abnormally,
    autodisconnect's among them (Q159600).
    """

    sessions_open: int = 0
    files_open: int = 0
    timed_out: int = 0
    errored_out: int = 0


class Book:
    """``breaks``: until when the holder of each open may answer, earliest first."""

    def __init__(self, shares: Iterable[ShareSetting]) -> None:
        self.shares: dict[str, Share] = {each.name.upper(): new_share(each) for each in shares}
        self.connections: dict[int, Connection] = {}
        self.sessions_by_client: dict[str, int] = {}
        self.opens_by_id: dict[int, OpenFile] = {}
        self.breaks: OrderedDict[int, int] = OrderedDict()
        self.statistics = Statistics()
        self.stirred: list[File] = []
        self.file_ids = 0

    # Beginnings.
    def begin_session(self, session: Session) -> Effect:
        """``session`` has its number already."""
        client = session.connection.client
        self.sessions_by_client[client] = self.sessions_by_client.get(client, 0) + 1
        self.statistics.sessions_open += 1
        return Deliver(_began(Kind.SESSION, session, session.uid, session.user))

    def begin_tree(self, tree: Tree) -> Effect:
        tree.share.uses += 1
        return Deliver(_began(Kind.TREE, tree.session, tree.tid, tree.share.name))

    def begin_open(self, opened: OpenFile) -> Effect:
        opened.file.opens.append(opened)
        opened.session.opens += 1
        self.opens_by_id[opened.file_id] = opened
        self.statistics.files_open += 1
        return Deliver(_began(Kind.OPEN, opened.session, opened.fid, opened.file.path))

    def begin_search(self, search: Search) -> Effect:
        return Deliver(_began(Kind.SEARCH, search.session, search.sid, search.pattern))

    # Endings.
    def end_search(self, search: Search, cause: str) -> list[Effect]:
        search.session.connection.searches.remove(search.sid)
        return [Deliver(_ceased(Kind.SEARCH, search.session, search.sid, search.pattern, cause))]

    def end_open(self, opened: OpenFile, cause: str) -> list[Effect]:
        opened.session.connection.opens.remove(opened.fid)
        opened.file.opens.remove(opened)
        opened.session.opens -= 1
        del self.opens_by_id[opened.file_id]
        self.breaks.pop(opened.file_id, None)
        self.statistics.files_open -= 1
        self.stir(opened.file)
        what = opened.file.path
        return [Deliver(_ceased(Kind.OPEN, opened.session, opened.fid, what, cause))]

    def stir(self, file: File) -> None:
        """Who waits for the file is to be looked at again before the step ends."""
        if file.waiting and file not in self.stirred:
            self.stirred.append(file)

    def end_tree(self, tree: Tree, cause: str) -> list[Effect]:
        """Every file under it goes with it, whoever opened it (facts/redirector.md 1.1)."""
        connection = tree.session.connection
        effects: list[Effect] = []
        for waiting in [each for each in connection.waiting if each.tree is tree]:
            effects.append(self.cancel(waiting))
        for search in connection.searches:
            if search.tree is tree:
                effects += self.end_search(search, cause)
        for opened in connection.opens:
            if opened.tree is tree:
                effects += self.end_open(opened, cause)
        connection.trees.remove(tree.tid)
        tree.share.uses -= 1
        what = tree.share.name
        return [*effects, Deliver(_ceased(Kind.TREE, tree.session, tree.tid, what, cause))]

    def end_session(self, session: Session, cause: str, *, frees_trees: bool) -> list[Effect]:
        """Requests, searches, files, trees (D4), the UID: in that order."""
        connection = session.connection
        effects: list[Effect] = []
        for waiting in [each for each in connection.waiting if each.session is session]:
            effects.append(self.cancel(waiting))
        for search in connection.searches:
            if search.session is session:
                effects += self.end_search(search, cause)
        for opened in connection.opens:
            if opened.session is session:
                effects += self.end_open(opened, cause)
        for tree in connection.trees:
            if frees_trees and tree.session is session:
                effects += self.end_tree(tree, cause)
        connection.sessions.remove(session.uid)
        self._count_out(connection)
        what = session.user
        return [*effects, Deliver(_ceased(Kind.SESSION, session, session.uid, what, cause))]

    def end_connection(self, connection: Connection, cause: str) -> list[Effect]:
        """The VC is gone, and nobody is left to be answered."""
        for waiting in tuple(connection.waiting):
            self.cancel(waiting)
        effects: list[Effect] = []
        # Trees whose session is gone (D4) are ended here at the latest; so all of them first.
        for tree in connection.trees:
            effects += self.end_tree(tree, cause)
        for session in connection.sessions:
            self.statistics.errored_out += 1
            effects += self.end_session(session, cause, frees_trees=True)
        del self.connections[connection.serial]
        return [*effects, Deliver(_connection_ceased(connection, cause))]

    def drop(self, connection: Connection, cause: str) -> list[Effect]:
        """The server's own decision: the station is told to close the transport."""
        dropped = Dropped(connection=connection.serial, cause=cause)
        return [*self.end_connection(connection, cause), Deliver(dropped)]

    def cancel(self, waiting: Waiting) -> Effect:
        """A request outstanding is ended with its session or tree (facts/redirector.md 1.1)."""
        self.no_longer_waits(waiting)
        return refused(waiting.call, faults.CANCELLED)

    def no_longer_waits(self, waiting: Waiting) -> None:
        waiting.connection.waiting.remove(waiting)
        waiting.file.waiting.remove(waiting)

    def _count_out(self, connection: Connection) -> None:
        self.statistics.sessions_open -= 1
        left = self.sessions_by_client[connection.client] - 1
        self.sessions_by_client[connection.client] = left
        if not left:
            del self.sessions_by_client[connection.client]


def _began(kind: Kind, session: Session, number: int, what: str) -> Began:
    serial = session.connection.serial
    return Began(kind=kind, connection=serial, number=number, uid=session.uid, what=what)


def _ceased(kind: Kind, session: Session, number: int, what: str, cause: str) -> Ceased:
    return Ceased(
        kind=kind,
        connection=session.connection.serial,
        number=number,
        uid=session.uid,
        what=what,
        cause=cause,
    )


def _connection_ceased(connection: Connection, cause: str) -> Ceased:
    serial = connection.serial
    return Ceased(
        kind=Kind.CONNECTION,
        connection=serial,
        number=serial,
        uid=0,
        what=connection.client,
        cause=cause,
    )
