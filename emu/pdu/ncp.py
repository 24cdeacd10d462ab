"""NetWare Core Protocol over IPX: requests, replies, watchdog (facts/ipx.md 1.5, 1.6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class NcpType(IntEnum):
    """The first two octets of a request or reply; one octet twice, so no byte order shows."""

    CREATE = 0x1111
    REQUEST = 0x2222
    REPLY = 0x3333
    DESTROY = 0x5555
    BURST = 0x7777
    BUSY = 0x9999


REQUEST_TYPES = frozenset({NcpType.CREATE, NcpType.REQUEST, NcpType.DESTROY})
REPLY_TYPES = frozenset({NcpType.REPLY, NcpType.BUSY})

WATCHDOG_POLL = 0x3F  # '?'
WATCHDOG_ANSWER = 0x59  # 'Y'

#: Connection number a client sends while it has none (FF low, FF high).
CONNECTION_NONE = 0xFFFF

#: Get file server date and time: the activity request of facts/ipx.md 1.6.
FUNCTION_DATE_AND_TIME = 0x14

COMPLETION_OK = 0x00
COMPLETION_NO_CONNECTION = 0xF9
STATUS_BAD_CONNECTION = 0x01
STATUS_NO_CONNECTION_AVAILABLE = 0x04


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchdog:
    """Two octets: the low octet of the connection number and '?' or 'Y'."""

    connection_low: int
    mark: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NcpRequest:
    """Seven octets and data.  ``function`` None: the sender stopped after six octets."""

    kind: NcpType
    sequence: int
    connection: int
    task: int
    function: int | None
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class NcpReply:
    """Eight octets and data."""

    kind: NcpType
    sequence: int
    connection: int
    task: int
    completion: int
    status: int
    data: bytes = b""


#: Bindery and administration services; the subfunction stands behind a length in the data.
FUNCTION_BINDERY = 0x17
#: Login Object, the subfunction of a login without key (tshark 4.0 "Login Object").
SUBFUNCTION_LOGIN_OBJECT = 0x14
OBJECT_TYPE_USER = 0x0001


@dataclass(frozen=True, slots=True, kw_only=True)
class DateAndTime:
    """Reply to function 14h: ``year`` 1900..2155; ``weekday`` 0 = Sunday."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    weekday: int
