"""What is said to a router's machine and what it says: packets on interfaces, links, next hops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from emu.machines.routing.params import UNROUTED, Updates
from emu.pdu.ipx import IpxAddress
from emu.pdu.rip_sap import Rip, Sap, SapEntry


@dataclass(frozen=True, slots=True)
class On:
    """A packet on an interface.  ``peer``: who sent it, or whom it goes to; None: everybody."""

    interface: str
    packet: Rip | Sap
    peer: IpxAddress | None = None


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The link behind an interface is there (RFC 1582: "circuit up")."""

    interface: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link behind an interface is gone.

    ``failed``: it could not be made when it was wanted (RFC 1582: "circuit down").  False: it
    was hung up and can be dialled again; what lies behind it is presumed reachable (2.2).
    """

    interface: str
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One side of a router.

    ``network``: of the segment, 0 for a link without one.  ``ticks``: what crossing it costs,
    >= 1.  A triggered interface has one router at its other end: whoever speaks there.
    """

    name: str
    network: int
    ticks: int
    updates: Updates = UNROUTED


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticRoute:
    """Written in by hand: never ages.  ``node``: of the router over there."""

    network: int
    hops: int
    ticks: int
    interface: str
    node: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticService:
    """Written in by hand.  ``entry.hops``: as a router over there would say it."""

    entry: SapEntry
    interface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterParams:
    """A whole router.  ``start_ns``: the instant it is switched on."""

    interfaces: tuple[Interface, ...]
    routes: tuple[StaticRoute, ...] = ()
    services: tuple[StaticService, ...] = ()
    start_ns: int = field(default=0)


class NextHop(NamedTuple):
    """``node``: of the next router; None: the destination is on that interface's segment."""

    interface: str
    node: bytes | None
