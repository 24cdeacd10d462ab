"""What ``Redirector.view`` shows: plain values for reports and tests, under the names of RDBSS.

Read facts/redirector.md 1.2 and 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class CircuitState(Enum):
    """A server's virtual circuit.  ENDING: idle for too long, it is being taken down."""

    DOWN = "down"
    DIALLING = "dialling"
    NEGOTIATING = "negotiating"
    UP = "up"
    ENDING = "ending"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A logon session on a server.  ``uid``: None while it is not set up.

    ``idle_since_ns``: its mark, None if it has none.  ``is_alive``: its user has not logged off.
    ``is_withheld``: its LOGOFF waits for somebody who pages through its file (Q179983).
    """

    luid: int
    user: str
    uid: int | None
    idle_since_ns: int | None
    is_alive: bool
    is_withheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeView:
    """A V_NET_ROOT.  ``tid``: None while it is not connected.  ``drives``: "" is deviceless."""

    luid: int
    share: str
    tid: int | None
    drives: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenView:
    """A SRV_OPEN.  ``references``: handles, and the section that pages through it."""

    fid: int
    uid: int
    tid: int
    luid: int
    share: str
    path: str
    is_dormant: bool
    references: int
    dirty_octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """An image section: pages come through ``uid``/``tid``/``fid``, of ``luid``'s open.

    ``viewers``: the luids that have it mapped, once for each view.  ``resident``: page numbers.
    ``is_stale``: those numbers do not live any more, as far as the client could know.
    """

    share: str
    path: str
    luid: int
    uid: int
    tid: int
    fid: int
    viewers: tuple[int, ...]
    resident: tuple[int, ...]
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerView:
    """A SRV_CALL.  ``circuits``: how many there have been.  ``outstanding``: requests."""

    server: str
    circuit: CircuitState
    circuits: int
    outstanding: int
    sessions: tuple[SessionView, ...]
    trees: tuple[TreeView, ...]
    opens: tuple[OpenView, ...]
    sections: tuple[SectionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectorView:
    """``luids``: logon sessions that have not ended."""

    servers: tuple[ServerView, ...]
    luids: tuple[int, ...]
