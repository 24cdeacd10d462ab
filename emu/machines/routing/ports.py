"""A router's interfaces: what runs on each, and what a packet is to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.routing.book import Book
from emu.machines.routing.cadence import Cadence
from emu.machines.routing.exchange import Exchange
from emu.machines.routing.params import Periodic, Snapshot, Triggered, Unrouted
from emu.machines.routing.telling import RIP_ENTRIES_MAX, SAP_ENTRIES_TRIGGERED_MAX
from emu.machines.routing.values import Interface, On
from emu.pdu.ipx import IpxAddress
from emu.pdu.rip_sap import (
    RIP_REQUEST,
    RIP_RESPONSE,
    SAP_GENERAL_QUERY,
    SAP_GENERAL_RESPONSE,
    SAP_NEAREST_QUERY,
    TRIGGERED,
    Rip,
    RipEntry,
    Sap,
    SapEntry,
)


class Event(Enum):
    """What a stimulus is to an interface."""

    QUERY = "a question"
    RESPONSE = "a periodic update, or an answer"
    TRIGGERED = "a triggered update's packet"
    OTHER = "nothing for routers"
    UP = "link up"
    DOWN = "link down"


@dataclass(slots=True)
class Line:
    """Triggered updates of one protocol.  ``peer``: the router over there, once it has spoken."""

    name: str
    exchange: Exchange
    book: Book[RipEntry] | Book[SapEntry]
    peer: IpxAddress | None = None
    told_version: int = -1


@dataclass(slots=True)
class Port:
    """One interface.  ``failed_ns``: since when its link cannot be made, None while it can."""

    interface: Interface
    cadence: Cadence | None = None
    rip: Line | None = None
    sap: Line | None = None
    failed_ns: int | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        return () if self.rip is None or self.sap is None else (self.rip, self.sap)


def port_of(
    side: Interface, routes: Book[RipEntry], services: Book[SapEntry], *, start_ns: int
) -> Port:
    """An interface as it is when the router is switched on."""
    match side.updates:
        case Periodic() | Snapshot() as updates:
            return Port(side, cadence=Cadence(updates, start_ns=start_ns))
        case Triggered() as updates:
            rip = Exchange(updates, Rip, entries_max=RIP_ENTRIES_MAX, start_ns=start_ns)
            sap = Exchange(updates, Sap, entries_max=SAP_ENTRIES_TRIGGERED_MAX, start_ns=start_ns)
            lines = Line("RIP", rip, routes), Line("SAP", sap, services)
            return Port(side, rip=lines[0], sap=lines[1])
        case Unrouted():
            return Port(side)


def node_of(on: On) -> bytes:
    """Who sent a packet that came."""
    if on.peer is None:
        raise LocalProtocolError(f"a packet that came: expected its source address, got {on}")
    return on.peer.node


def event_of_packet(packet: Rip | Sap) -> Event:
    """What it is to a router."""
    return _EVENTS.get((type(packet), packet.operation), Event.OTHER)


_EVENTS: Mapping[tuple[type[Any], int], Event] = {
    (Rip, RIP_REQUEST): Event.QUERY,
    (Rip, RIP_RESPONSE): Event.RESPONSE,
    (Sap, SAP_GENERAL_QUERY): Event.QUERY,
    (Sap, SAP_NEAREST_QUERY): Event.QUERY,
    (Sap, SAP_GENERAL_RESPONSE): Event.RESPONSE,
    **{(kind, operation): Event.TRIGGERED for kind in (Rip, Sap) for operation in TRIGGERED},
}
