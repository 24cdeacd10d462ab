"""A router with a LAN and a link, and the packets it hears."""

from __future__ import annotations

from emu.machines.routing import (
    NETWARE_PERIODIC,
    UNROUTED,
    Interface,
    IpxRouter,
    On,
    RouterParams,
    StaticRoute,
    StaticService,
    Updates,
)
from emu.pdu.ipx import IpxAddress
from emu.pdu.rip_sap import Rip, RipEntry, Sap, SapEntry, UpdateHeader

LAN_NETWORK, WAN_NETWORK, FAR = 0x0A, 0x0B, 0x0C
INTERNAL = 0xDEADBEEF
SERVER_NODE = bytes.fromhex("00a0c9445566")
CLIENT_NODE = bytes.fromhex("00a0c9112233")
ROUTER_NODE = bytes.fromhex("00a0c9778899")
SERVER = IpxAddress(network=LAN_NETWORK, node=SERVER_NODE, socket=0x0453)
SERVER_SAP = IpxAddress(network=LAN_NETWORK, node=SERVER_NODE, socket=0x0452)
CLIENT = IpxAddress(network=LAN_NETWORK, node=CLIENT_NODE, socket=0x4003)
THEM = IpxAddress(network=WAN_NETWORK, node=ROUTER_NODE, socket=0x0453)
THEM_SAP = IpxAddress(network=WAN_NETWORK, node=ROUTER_NODE, socket=0x0452)

ASK_ROUTES = Rip(operation=1, entries=(RipEntry(network=0xFFFFFFFF, hops=0xFFFF, ticks=0xFFFF),))
ASK_SERVICES = Sap(operation=1, service=0xFFFF)
REQUEST = Rip(operation=6)
REQUEST_SAP = Sap(operation=6)


def router(
    wan: Updates,
    *,
    lan: Updates = UNROUTED,
    routes: tuple[StaticRoute, ...] = (),
    services: tuple[StaticService, ...] = (),
) -> IpxRouter:
    """LAN of 1 tick, link of 6; a LAN that says nothing by itself unless told otherwise."""
    sides = (
        Interface(name="lan", network=LAN_NETWORK, ticks=1, updates=lan),
        Interface(name="wan", network=WAN_NETWORK, ticks=6, updates=wan),
    )
    return IpxRouter(RouterParams(interfaces=sides, routes=routes, services=services))


def way(network: int, hops: int, ticks: int) -> RipEntry:
    return RipEntry(network=network, hops=hops, ticks=ticks)


def rip(*entries: RipEntry) -> Rip:
    return Rip(operation=2, entries=entries)


def server(hops: int = 1, name: bytes = b"FS1", network: int = INTERNAL) -> SapEntry:
    return SapEntry(
        service=4,
        name=name.ljust(48, b"\0"),
        network=network,
        node=b"\0\0\0\0\0\x01",
        socket=0x0451,
        hops=hops,
    )


def sap(*entries: SapEntry, operation: int = 2) -> Sap:
    return Sap(operation=operation, entries=entries)


def update(sequence: int, *entries: RipEntry, fragment: int = 1, fragments: int = 1) -> Rip:
    header = UpdateHeader(sequence=sequence, fragment=fragment, fragments=fragments)
    return Rip(operation=7, entries=entries, update=header)


def sap_update(sequence: int, *entries: SapEntry) -> Sap:
    header = UpdateHeader(sequence=sequence, fragment=1, fragments=1)
    return Sap(operation=7, entries=entries, update=header)


def heard(sequence: int, fragment: int = 1) -> Rip:
    return Rip(operation=8, update=UpdateHeader(sequence=sequence, fragment=fragment, fragments=0))


def heard_sap(sequence: int) -> Sap:
    return Sap(operation=8, update=UpdateHeader(sequence=sequence, fragment=1, fragments=0))


def lan(packet: Rip | Sap, peer: IpxAddress | None = None) -> On:
    return On("lan", packet, peer)


def wan(packet: Rip | Sap, peer: IpxAddress | None = None) -> On:
    return On("wan", packet, peer)


PERIODIC = NETWARE_PERIODIC
