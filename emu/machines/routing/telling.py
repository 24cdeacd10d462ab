"""What a router says of what it knows: routes and services for one side, as packets.

Split horizon: nothing is said where it was learned.  What is not reachable is said with 16 hops
while its hold-down time runs.

Read: facts/ipx.md 1.12; RFC 1582, sections 2.7, 5 and 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from emu.machines.routing.book import Book, Known
from emu.machines.routing.values import Interface
from emu.pdu.rip_sap import (
    HOPS_UNREACHABLE,
    NETWORK_ANY,
    RIP_REQUEST,
    RIP_RESPONSE,
    SAP_GENERAL_QUERY,
    SAP_GENERAL_RESPONSE,
    SAP_NEAREST_QUERY,
    SAP_NEAREST_RESPONSE,
    SERVICE_ANY,
    Rip,
    RipEntry,
    Sap,
    SapEntry,
)

#: RFC 1582 5: "up to 50 routing entries"; NetWare's own packets hold as many.
RIP_ENTRIES_MAX = 50
#: Seven fit into NetWare's 576 octets (remembered, grade M); triggered, RFC 1582 6, it is eight.
SAP_ENTRIES_MAX = 7
SAP_ENTRIES_TRIGGERED_MAX = 8
#: Hops and ticks of what is asked for, as every RIP request in capture T1 has them.
_ASKED_FOR = 0xFFFF

#: "Tell me everything", as a router says when it is switched on (remembered, grade M).
ASK_FOR_ROUTES = Rip(
    operation=RIP_REQUEST,
    entries=(RipEntry(network=NETWORK_ANY, hops=_ASKED_FOR, ticks=_ASKED_FOR),),
)
ASK_FOR_SERVICES = Sap(operation=SAP_GENERAL_QUERY, service=SERVICE_ANY)


def routes_for(side: Interface, book: Book[RipEntry]) -> tuple[RipEntry, ...]:
    """One more hop, and the ticks of the crossing to whoever hears it (grade M)."""
    return tuple(
        RipEntry(
            network=known.entry.network,
            hops=_hops(known),
            ticks=min(known.entry.ticks + side.ticks, 0xFFFF),
        )
        for known in book.all_best()
        if known.source.interface != side.name
    )


def services_for(side: Interface, book: Book[SapEntry]) -> tuple[SapEntry, ...]:
    """One more hop."""
    return tuple(
        replace(known.entry, hops=_hops(known))
        for known in book.all_best()
        if known.source.interface != side.name
    )


def _hops(known: Known[RipEntry] | Known[SapEntry]) -> int:
    return min(known.entry.hops + 1, HOPS_UNREACHABLE) if known.reachable else HOPS_UNREACHABLE


def rip_packets(entries: tuple[RipEntry, ...]) -> Iterator[Rip]:
    """Responses that hold them all; none for none."""
    for at in range(0, len(entries), RIP_ENTRIES_MAX):
        yield Rip(operation=RIP_RESPONSE, entries=entries[at : at + RIP_ENTRIES_MAX])


def sap_packets(entries: tuple[SapEntry, ...]) -> Iterator[Sap]:
    """General responses that hold them all; none for none."""
    for at in range(0, len(entries), SAP_ENTRIES_MAX):
        yield Sap(operation=SAP_GENERAL_RESPONSE, entries=entries[at : at + SAP_ENTRIES_MAX])


def answers_to_request(request: Rip, routes: tuple[RipEntry, ...]) -> Iterator[Rip]:
    """What of ``routes`` was asked for and can be reached; silence about the rest."""
    wanted = {entry.network for entry in request.entries}
    yield from rip_packets(
        tuple(
            entry
            for entry in routes
            if entry.hops < HOPS_UNREACHABLE and not wanted.isdisjoint((entry.network, NETWORK_ANY))
        )
    )


def answers_to_query(query: Sap, services: tuple[SapEntry, ...]) -> Iterator[Sap]:
    """All services of the type, or the nearest.  ``services``: those whose network is known."""
    found = tuple(
        entry
        for entry in services
        if entry.hops < HOPS_UNREACHABLE and query.service in (entry.service, SERVICE_ANY)
    )
    if query.operation != SAP_NEAREST_QUERY:
        yield from sap_packets(found)
    elif found:
        nearest = min(found, key=lambda entry: entry.hops)
        yield Sap(operation=SAP_NEAREST_RESPONSE, entries=(nearest,))
