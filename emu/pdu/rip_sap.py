"""IPX RIP and SAP (facts/ipx.md 1.12): how a client finds its server before it can attach."""

from __future__ import annotations

from dataclasses import dataclass

RIP_REQUEST = 1
RIP_RESPONSE = 2

SAP_GENERAL_QUERY = 1
SAP_GENERAL_RESPONSE = 2
SAP_NEAREST_QUERY = 3
SAP_NEAREST_RESPONSE = 4

#: SAP service type of a file server, as every NetWare client asks for it (capture T1).
SERVICE_FILE_SERVER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RipEntry:
    network: int
    hops: int
    ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rip:
    """``rest``: octets behind the last whole entry, kept so that a foreign frame rebuilds."""

    operation: int
    entries: tuple[RipEntry, ...]
    rest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SapEntry:
    """``name``: the 48 octets as on the wire (what follows the first zero is not always 0)."""

    service: int
    name: bytes
    network: int
    node: bytes
    socket: int
    hops: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sap:
    """A query has no entries and carries its service type in ``service``."""

    operation: int
    entries: tuple[SapEntry, ...] = ()
    service: int | None = None
    rest: bytes = b""
