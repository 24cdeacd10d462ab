"""How a server lets itself be found: answers to SAP queries and RIP requests, and broadcasts.

Read: facts/ipx.md 1.12, 3.1.1.
"""

from __future__ import annotations

from collections.abc import Callable

from emu.pdu.ipx import NODE_INTERNAL, SOCKET_NCP
from emu.pdu.rip_sap import (
    NETWORK_ANY,
    RIP_REQUEST,
    RIP_RESPONSE,
    SAP_GENERAL_RESPONSE,
    SERVICE_ANY,
    SERVICE_FILE_SERVER,
    Rip,
    RipEntry,
    Sap,
    SapEntry,
)
from emu.stations.base import Surroundings
from emu.wire.rip_sap import SAP_QUERIES, encode_service_name

#: An internal network lies one hop behind its server, and a tick more than the segment's one
#: (remembered, grade M; nothing here depends on it).
INTERNAL_HOPS, INTERNAL_TICKS = 1, 2


def service_name(server_number: int) -> str:
    """What a server calls itself in SAP."""
    return f"SERVER{server_number}"


def answer_sap(query: Sap, *, name: str, network: int) -> Sap | None:
    """The response to a query for file servers; None to anything else."""
    if query.operation not in SAP_QUERIES or query.service not in (
        SERVICE_FILE_SERVER,
        SERVICE_ANY,
    ):
        return None
    # 1/2 general, 3/4 nearest: a response is its query's number plus one.
    return _sap(query.operation + 1, name=name, network=network)


def answer_rip(request: Rip, *, network: int) -> Rip | None:
    """The response to a request for the way to this server's internal network."""
    wanted = (network, NETWORK_ANY)
    if request.operation != RIP_REQUEST or all(e.network not in wanted for e in request.entries):
        return None
    return told_rip(network=network)


def told_sap(*, name: str, network: int) -> Sap:
    """What a server broadcasts of itself."""
    return _sap(SAP_GENERAL_RESPONSE, name=name, network=network)


def told_rip(*, network: int) -> Rip:
    """The way to a server's internal network, asked for or not."""
    entry = RipEntry(network=network, hops=INTERNAL_HOPS, ticks=INTERNAL_TICKS)
    return Rip(operation=RIP_RESPONSE, entries=(entry,))


def _sap(operation: int, *, name: str, network: int) -> Sap:
    entry = SapEntry(
        service=SERVICE_FILE_SERVER,
        name=encode_service_name(name),
        network=network,
        node=NODE_INTERNAL,
        socket=SOCKET_NCP,
        hops=INTERNAL_HOPS,
    )
    return Sap(operation=operation, entries=(entry,))


class Advertiser:
    """Calls ``tell`` at the instant the server starts, and every ``every_ns`` from then on.

    A host that hung meanwhile is late once and keeps that rhythm.
    """

    def __init__(
        self, surroundings: Surroundings, *, every_ns: int, tell: Callable[[], None]
    ) -> None:
        self._surroundings = surroundings
        self._every_ns = every_ns
        self._tell = tell
        surroundings.arm(self, 0)

    def fire(self, now: int) -> None:
        """The broadcast's time has come."""
        self._tell()
        self._surroundings.arm(self, now + self._every_ns)
