"""Work on what is open: reads, writes, closes, searches.

Every number a client gives is looked up on its own connection, and what is found must be of the
session and the tree the request names, else it is a bad handle.  MS-CIFS wants the VC only; that
UID and TID must fit too is what Samba does (G), and an assumption for NT.

Read facts/redirector.md 1.1, 3.1 (the search timers), 4.3.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from emu.machines.base import Effect
from emu.machines.smb import faults
from emu.machines.smb.calls import (
    Access,
    Done,
    FindFirst,
    Found,
    Read,
    ReadData,
    Write,
    Written,
)
from emu.machines.smb.faults import Fault
from emu.machines.smb_server.book import Book
from emu.machines.smb_server.limits import Refusal, refuse_search
from emu.machines.smb_server.objects import PATH_MAX, OpenFile, Search, Session, Tree, path_key
from emu.machines.smb_server.params import ServerParams

#: What happened, and then the result to be told.
Outcome = tuple[list[Effect], Found | Done | Fault | Refusal]


def open_of(session: Session, tree: Tree, fid: int) -> OpenFile | None:
    """The open a request may touch, None if that number is not its own."""
    found = session.connection.opens.get(fid)
    is_own = found is not None and found.session is session and found.tree is tree
    return found if is_own else None


def read(opened: OpenFile, asked: Read) -> ReadData | Fault:
    """Behind the end there is nothing to read, which is no fault."""
    if Access.READ not in opened.access:
        return faults.ACCESS_DENIED
    if asked.offset < 0 or asked.length < 0:
        return faults.INVALID_SMB
    end = asked.offset + asked.length
    return ReadData(data=bytes(opened.file.content[asked.offset : end]))


def write(params: ServerParams, opened: OpenFile, asked: Write) -> Written | Fault:
    """A gap is filled with zeros.  What is written to a pipe goes nowhere here."""
    if Access.WRITE not in opened.access:
        return faults.ACCESS_DENIED
    if asked.offset < 0:
        return faults.INVALID_SMB
    content, end = opened.file.content, asked.offset + len(asked.data)
    if end > params.file_octets_max:
        return faults.DISK_FULL
    if not opened.file.share.is_ipc and asked.data:
        content.extend(bytes(max(0, asked.offset - len(content))))
        content[asked.offset : end] = asked.data
    return Written(count=len(asked.data))


class Searcher:
    """Part of a server; it shares its book."""

    def __init__(self, params: ServerParams, book: Book) -> None:
        self._params = params
        self._book = book

    def first(self, session: Session, tree: Tree, asked: FindFirst, now: int) -> Outcome:
        """Names in their order; a search that is over at once has no number."""
        if asked.count < 1 or len(asked.pattern) > PATH_MAX:
            return [], faults.INVALID_SMB
        # A bracket is a letter to SMB, and the beginning of a set to fnmatch.
        pattern = path_key(asked.pattern).replace("[", "[[]")
        names = sorted(name for name in tree.share.files if fnmatchcase(name, pattern))
        if not names:
            return [], faults.NO_SUCH_FILE
        told, left = tuple(names[: asked.count]), names[asked.count :]
        if not left and asked.close_at_end:
            return [], Found(sid=None, names=told, is_end=True)
        effects = self._make_room(session, now)
        table = session.connection.searches
        refusal = refuse_search(self._params, on_this_vc=len(table))
        if refusal is not None:
            return effects, refusal
        search = Search(
            session=session,
            tree=tree,
            sid=table.free_number(),
            pattern=path_key(asked.pattern),
            names=left,
            last_ns=now,
        )
        table.add(search)
        begun = self._book.begin_search(search)
        return [*effects, begun], Found(sid=search.sid, names=told, is_end=not left)

    def go_on(self, search: Search, count: int, close_at_end: bool, now: int) -> Outcome:
        """The next names of a search."""
        if count < 1:
            return [], faults.INVALID_SMB
        search.last_ns = now
        told, search.names = tuple(search.names[:count]), search.names[count:]
        is_end = not search.names
        if is_end and close_at_end:
            ended = self._book.end_search(search, "told to its end")
            return ended, Found(sid=None, names=told, is_end=True)
        return [], Found(sid=search.sid, names=told, is_end=is_end)

    def close(self, search: Search) -> Outcome:
        return self._book.end_search(search, "closed"), Done()

    def scavenge(self, now: int) -> list[Effect]:
        """MaxKeepSearch: nobody will come back for these."""
        effects: list[Effect] = []
        for connection in self._book.connections.values():
            for search in connection.searches:
                if now - search.last_ns >= self._params.max_keep_search_ns:
                    effects += self._book.end_search(search, "unused for MaxKeepSearch")
        return effects

    def of(self, session: Session, tree: Tree, sid: int) -> Search | None:
        """The search a request may touch, None if that number is not its own."""
        found = session.connection.searches.get(sid)
        is_own = found is not None and found.session is session and found.tree is tree
        return found if is_own else None

    def _make_room(self, session: Session, now: int) -> list[Effect]:
        """MinKeepSearch: a full table gives up its longest unused search, if that is old enough.

        How the two times work together is an assumption: the facts have the numbers only.
        """
        searches = session.connection.searches
        if not searches.is_full:
            return []
        oldest = min(searches, key=lambda each: each.last_ns)
        if now - oldest.last_ns < self._params.min_keep_search_ns:
            return []
        return self._book.end_search(oldest, "unused for MinKeepSearch, and the table was full")
