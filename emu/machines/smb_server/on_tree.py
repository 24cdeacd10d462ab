"""Requests that name a session and a tree, and what is open below them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emu.machines.base import Effect
from emu.machines.smb import faults
from emu.machines.smb.calls import (
    Call,
    Close,
    Done,
    FindClose,
    FindFirst,
    FindNext,
    Open,
    OplockBreakAcknowledge,
    Read,
    TreeDisconnect,
    Write,
    Written,
)
from emu.machines.smb.faults import Fault
from emu.machines.smb_server import content
from emu.machines.smb_server.answers import answer, limited, refused
from emu.machines.smb_server.book import Book
from emu.machines.smb_server.content import Outcome, Searcher
from emu.machines.smb_server.limits import Refusal
from emu.machines.smb_server.objects import Session, Tree
from emu.machines.smb_server.opening import Opener
from emu.machines.smb_server.params import ServerParams


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a request works: both were looked up on the call's own connection."""

    call: Call
    session: Session
    tree: Tree


class TreeWork:
    """Part of a server; it shares its book."""

    def __init__(
        self, params: ServerParams, book: Book, opener: Opener, searcher: Searcher
    ) -> None:
        self._params = params
        self._book = book
        self._opener = opener
        self._searcher = searcher

    def do(self, place: Place, now: int) -> list[Effect]:
        """The caller has looked that there is a row."""
        request = place.call.request
        return ON_TREE[type(request)].action(self, place, request, now)

    def on_disconnect(self, at: Place, _asked: TreeDisconnect, _now: int) -> list[Effect]:
        ended = self._book.end_tree(at.tree, "disconnected")
        return [*ended, answer(at.call, Done())]

    def on_open(self, at: Place, asked: Open, now: int) -> list[Effect]:
        return self._opener.open(at.call, asked, at.session, at.tree, now)

    def on_close(self, at: Place, asked: Close, _now: int) -> list[Effect]:
        opened = content.open_of(at.session, at.tree, asked.fid)
        if opened is None:
            return [refused(at.call, faults.INVALID_HANDLE)]
        return [*self._book.end_open(opened, "closed"), answer(at.call, Done())]

    def on_read(self, at: Place, asked: Read, _now: int) -> list[Effect]:
        opened = content.open_of(at.session, at.tree, asked.fid)
        fault = faults.INVALID_HANDLE
        return [_told(at.call, fault if opened is None else content.read(opened, asked))]

    def on_write(self, at: Place, asked: Write, _now: int) -> list[Effect]:
        opened = content.open_of(at.session, at.tree, asked.fid)
        if opened is None:
            return [refused(at.call, faults.INVALID_HANDLE)]
        result = content.write(self._params, opened, asked)
        broken = self._opener.wrote(opened) if isinstance(result, Written) else []
        return [*broken, _told(at.call, result)]

    def on_acknowledge(self, at: Place, asked: OplockBreakAcknowledge, _now: int) -> list[Effect]:
        opened = content.open_of(at.session, at.tree, asked.fid)
        if opened is not None:
            self._opener.acknowledge(opened, asked.level)
        return []

    def on_find_first(self, at: Place, asked: FindFirst, now: int) -> list[Effect]:
        return _outcome(at.call, self._searcher.first(at.session, at.tree, asked, now))

    def on_find_next(self, at: Place, asked: FindNext, now: int) -> list[Effect]:
        search = self._searcher.of(at.session, at.tree, asked.sid)
        if search is None:
            return [refused(at.call, faults.INVALID_HANDLE)]
        outcome = self._searcher.go_on(
            search, count=asked.count, close_at_end=asked.close_at_end, now=now
        )
        return _outcome(at.call, outcome)

    def on_find_close(self, at: Place, asked: FindClose, _now: int) -> list[Effect]:
        search = self._searcher.of(at.session, at.tree, asked.sid)
        if search is None:
            return [refused(at.call, faults.INVALID_HANDLE)]
        return _outcome(at.call, self._searcher.close(search))


@dataclass(frozen=True, slots=True)
class TreeRow:
    """What does a request, and who says so.  ``is_answered``: the client waits for a reply."""

    action: Callable[[TreeWork, Place, Any, int], list[Effect]]
    citation: str
    is_answered: bool = True


ON_TREE: Mapping[type, TreeRow] = {
    TreeDisconnect: TreeRow(TreeWork.on_disconnect, "redirector.md 1.1: files under it go too"),
    Open: TreeRow(TreeWork.on_open, "redirector.md 1.1, 3.7, 4.3"),
    Close: TreeRow(TreeWork.on_close, "redirector.md 1.1, 4.3"),
    Read: TreeRow(TreeWork.on_read, "redirector.md 1.3, 4.3"),
    Write: TreeRow(TreeWork.on_write, "redirector.md 4.3"),
    OplockBreakAcknowledge: TreeRow(
        TreeWork.on_acknowledge, "redirector.md 2.1, 4.3", is_answered=False
    ),
    FindFirst: TreeRow(TreeWork.on_find_first, "redirector.md 1.1, 3.1"),
    FindNext: TreeRow(TreeWork.on_find_next, "redirector.md 1.1, 3.1"),
    FindClose: TreeRow(TreeWork.on_find_close, "redirector.md 1.1, 3.1"),
}


def _told(call: Call, result: object) -> Effect:
    return refused(call, result) if isinstance(result, Fault) else answer(call, result)


def _outcome(call: Call, outcome: Outcome) -> list[Effect]:
    effects, result = outcome
    if isinstance(result, Refusal):
        return [*effects, *limited(call, result)]
    return [*effects, _told(call, result)]
