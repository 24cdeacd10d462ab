"""IPX routing: RIP and SAP, periodic, triggered (RFC 1582), in snapshots, or by hand."""

from emu.machines.routing.params import (
    CISCO_SNAPSHOT,
    NETWARE_PERIODIC,
    RFC_1582,
    RFC_1582_AGEING,
    UNROUTED,
    Ageing,
    Periodic,
    Snapshot,
    Triggered,
    Unrouted,
    Updates,
)
from emu.machines.routing.router import IpxRouter
from emu.machines.routing.values import (
    Interface,
    LinkDown,
    LinkUp,
    NextHop,
    On,
    RouterParams,
    StaticRoute,
    StaticService,
)

__all__ = [
    "CISCO_SNAPSHOT",
    "NETWARE_PERIODIC",
    "RFC_1582",
    "RFC_1582_AGEING",
    "UNROUTED",
    "Ageing",
    "Interface",
    "IpxRouter",
    "LinkDown",
    "LinkUp",
    "NextHop",
    "On",
    "Periodic",
    "RouterParams",
    "Snapshot",
    "StaticRoute",
    "StaticService",
    "Triggered",
    "Unrouted",
    "Updates",
]
