"""Virtual circuits that come and go, and what begins and ends on a server.

Read facts/redirector.md 1.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


# What the transport's end tells the server.
@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A virtual circuit came up.

    ``client``: the calling name, which is the client's word.  ``address``: the network address
    as text.  ``is_direct_ipx``: direct-hosted IPX, with its own autodisconnect.
    """

    connection: int
    client: str
    address: str
    transport: str
    is_direct_ipx: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBroke:
    """The virtual circuit is gone.  ``cause``: for people."""

    connection: int
    cause: str


# What the server tells the station.
@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """The server ends a virtual circuit: the station closes its transport, abruptly.

    Over NetBEUI with the abnormal indicator (Q109555); over TCP FIN or RST is unknown
    (facts/redirector.md 3.1).
    """

    connection: int
    cause: str


class Kind(Enum):
    """What can begin and end on a server (facts/redirector.md 1.1)."""

    CONNECTION = "connection"
    SESSION = "session"
    TREE = "tree"
    OPEN = "open"
    SEARCH = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """``number``: UID, TID, FID, SID, or the connection's serial.  ``uid``: 0 for a connection.

    ``what``: the user, share, path or pattern, or the client.
    """

    kind: Kind
    connection: int
    number: int
    uid: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceased:
    """The same, and why."""

    kind: Kind
    connection: int
    number: int
    uid: int
    what: str
    cause: str
