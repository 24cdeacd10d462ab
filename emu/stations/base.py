"""What a station is: one transport's end on one host, octets in, octets out, sans-IO.

The host it stands in gives it ``Surroundings``; what stands above it (the server's session
table, a client's program) is its ``User``.  A station owns the machines of its connections,
encodes what they transmit and decodes what arrives; it never sees a sender's object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol, runtime_checkable

from emu.machines.base import Note
from emu.stations.service import TERMINAL, Service


class Timer(Protocol):
    """Something the host wakes."""

    def fire(self, now: int) -> None: ...


class Surroundings(Protocol):
    """What a station may ask of the host it stands in."""

    mac: bytes

    def transmit(self, octets: bytes) -> int:
        """Put a frame on the wire; its number at the tap, or 0 where nothing is recorded."""
        ...

    def arm(self, timer: Timer, due: int) -> None:
        """Wake ``timer`` at ``due``.  There is no disarming: a stale timer finds nothing due."""
        ...

    def note(self, note: Note, connection: int, frame: int | None) -> None:
        """Write a ledger line about a connection (its serial on this host) and a frame.

        ``frame``: what ``transmit`` returned, or None for the frame being received just now.
        """
        ...

    def arriving(self) -> int:
        """Number of the frame being received just now, 0 if none."""
        ...


class Connection(Protocol):
    """One connection as the layer above sees it.

    ``caller``: the NetBIOS name of the computer at the other end, without blanks and type, empty
    where the transport has no names; ``address``: that computer's network address as text.
    ``unacknowledged_since_ns``, ``idle_since_ns``: as ``transports.base.Fault`` has them; they
    keep their last value when the connection is over.  ``owes_acknowledgement``: one for data
    that this end has heard is held back just now.
    """

    serial: int

    @property
    def peer(self) -> str: ...

    @property
    def caller(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def last_octet_ns(self) -> int: ...

    @property
    def unacknowledged_since_ns(self) -> int | None: ...

    @property
    def idle_since_ns(self) -> int | None: ...

    @property
    def owes_acknowledgement(self) -> bool: ...

    def send(self, message: Any, now: int) -> None:
        """Queue a message of the station's service; a connection that goes down swallows it."""
        ...

    def close(self, now: int) -> None:
        """End in order."""
        ...

    def abort(self, now: int) -> None:
        """End at once, whatever is unacknowledged."""
        ...


class User(Protocol):
    """What stands above a station: the server's session table, or a client's program."""

    def opened(self, connection: Connection, now: int, /) -> None: ...

    def message(self, connection: Connection, message: Any, now: int, /) -> None: ...

    def lost(self, connection: Connection, cause: str, now: int, /) -> None: ...

    def ended(self, connection: Connection, cause: str, now: int, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSpec:
    """What a station is built from.

    ``address``: a number that makes this host's addresses, see ``addresses``; ``gateways``: the
    router's address on this segment, by the segment that lies behind it, ``ticks``: how far that
    is for IPX (0 for this segment).  ``randomness``: one
    source per host and boot, so that a rebooted host repeats nothing by accident.
    ``serial_first``: what the connections' serials count from, so that two stations of one host
    share none.  ``service``: what its connections carry.  ``host``: the computer's name.
    ``session_keepalive_ns``: how long NetBT lets a session be idle (None: for ever).
    """

    params: Any
    surroundings: Surroundings
    user: User
    address: int
    server_address: int
    boot: int
    randomness: Random
    pinned: Mapping[str, int]
    serial_first: int = 0
    gateways: Mapping[int, int] = field(default_factory=dict[int, int])
    ticks: Mapping[int, int] = field(default_factory=dict[int, int])
    service: Service = TERMINAL
    host: str = ""
    session_keepalive_ns: int | None = None


class Station(Protocol):
    """One transport's end on one host."""

    #: First octets behind the MAC addresses that are this station's (ethertype, or for 802.3
    #: frames the two octets behind the length).
    claims: tuple[bytes, ...]

    def receive(self, frame: bytes, now: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of a claim that is this station's: frames with one of ``keys`` at octet ``at``.

    Stations that share a claim look at the same octets, and all keys are equally long.
    """

    at: int
    keys: tuple[bytes, ...]


@runtime_checkable
class SharingStation(Protocol):
    """A station that leaves room for others of the same claims.  ``shares``: by claim.

    Where two want the same key, the one that was there first has it.
    """

    shares: Mapping[bytes, Share]


class ClientStation(Station, Protocol):
    """A client's end: it can be told to connect.

    ``one_at_a_time``: only when its last connection is over.
    """

    one_at_a_time: bool

    def connect(self, message: Any, now: int) -> Connection:
        """Open a connection; the message follows as soon as it is up, None for no message."""
        ...

    def killed(self, connection: Connection, /, *, unread: bool, now: int) -> None:
        """The program that used a connection is dead.  ``unread``: octets for it were waiting."""
        ...
