"""The IPX routes of a scenario's routers: what is configured, and how the rest is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from emu.machines.routing import (
    CISCO_SNAPSHOT,
    NETWARE_PERIODIC,
    RFC_1582,
    UNROUTED,
    Interface,
    RouterParams,
    StaticRoute,
    StaticService,
    Updates,
)
from emu.pdu.ipx import NODE_INTERNAL, SOCKET_NCP
from emu.pdu.rip_sap import SERVICE_FILE_SERVER, SapEntry
from emu.scenario.dialled import DialSpec
from emu.stations.addresses import ipx_network
from emu.stations.ipx import internal_network
from emu.stations.ncp.advertising import INTERNAL_HOPS, INTERNAL_TICKS, service_name
from emu.stations.router.ipx_port import LAN
from emu.wire.rip_sap import encode_service_name

#: A LAN costs one tick (facts/ipx.md 1.12); a dialled line six (remembered, grade M: what routers
#: give serial lines).
_LAN_TICKS, _LINE_TICKS = 1, 6
#: What lies behind one router is one hop further than it says (facts/ipx.md 1.12).
_ONE_HOP = 1
_SERVER = 1


#: What a host beside the server's router hears of a far LAN: the line and the LAN behind it.
FAR_TICKS = _LINE_TICKS + _LAN_TICKS


def updates_of(spec: DialSpec) -> Updates:
    """How RIP and SAP cross a line."""
    if spec.updates == "snapshot":
        assert spec.active_ns is not None and spec.quiet_ns is not None, "the schema asks for them"
        return replace(CISCO_SNAPSHOT, active_ns=spec.active_ns, quiet_ns=spec.quiet_ns)
    known: dict[str, Updates] = {"periodic": NETWARE_PERIODIC, "triggered": RFC_1582}
    return known.get(spec.updates, UNROUTED)


def central_routes(
    spec: DialSpec, *, server_mac: bytes, far: Sequence[tuple[str, int, bytes]]
) -> RouterParams:
    """The router beside the server.  ``far``: name, segment and node of every far router.

    The server's internal network and its file service are configured: what it says of them
    itself is optional.
    """
    at_server = StaticRoute(
        network=internal_network(_SERVER),
        hops=INTERNAL_HOPS,
        ticks=INTERNAL_TICKS,
        interface=LAN,
        node=server_mac,
    )
    return RouterParams(
        interfaces=(_lan(spec, 0), *(_line(spec, name) for name, _, _ in far)),
        routes=(at_server, *(_beyond(name, segment, node) for name, segment, node in far)),
        services=(StaticService(entry=_file_service(INTERNAL_HOPS), interface=LAN),),
    )


def far_routes(
    spec: DialSpec, segment: int, *, central: str, node: bytes, others: Iterable[int]
) -> RouterParams:
    """A router at a far LAN.  ``others``: the other segments, the server's included.

    It is told everything by hand, or learns it when the line is up.
    """
    interfaces = (_lan(spec, segment), _line(spec, central))
    if spec.updates not in ("static", "filtered"):
        return RouterParams(interfaces=interfaces)
    inside = StaticRoute(
        network=internal_network(_SERVER),
        hops=INTERNAL_HOPS + _ONE_HOP,
        ticks=INTERNAL_TICKS + _LINE_TICKS,
        interface=central,
        node=node,
    )
    service = _file_service(INTERNAL_HOPS + _ONE_HOP)
    return RouterParams(
        interfaces=interfaces,
        routes=(inside, *(_beyond(central, other, node) for other in others)),
        services=(StaticService(entry=service, interface=central),),
    )


def _lan(spec: DialSpec, segment: int) -> Interface:
    """Where the line's routes are configured, nothing is told on the LANs either."""
    updates = UNROUTED if spec.updates == "static" else NETWARE_PERIODIC
    return Interface(name=LAN, network=ipx_network(segment), ticks=_LAN_TICKS, updates=updates)


def _line(spec: DialSpec, router: str) -> Interface:
    return Interface(name=router, network=0, ticks=_LINE_TICKS, updates=updates_of(spec))


def _beyond(router: str, segment: int, node: bytes) -> StaticRoute:
    return StaticRoute(
        network=ipx_network(segment),
        hops=_ONE_HOP,
        ticks=_LINE_TICKS + _LAN_TICKS,
        interface=router,
        node=node,
    )


def _file_service(hops: int) -> SapEntry:
    return SapEntry(
        service=SERVICE_FILE_SERVER,
        name=encode_service_name(service_name(_SERVER)),
        network=internal_network(_SERVER),
        node=NODE_INTERNAL,
        socket=SOCKET_NCP,
        hops=hops,
    )
