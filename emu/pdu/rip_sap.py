"""IPX RIP and SAP (facts/ipx.md 1.12): how a client finds its server before it can attach.

Triggered updates between routers over dialled links are RFC 1582, sections 2.7, 5 and 6: three
more operations, the same numbers in both protocols, two of them with a header of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

RIP_REQUEST = 1
RIP_RESPONSE = 2

SAP_GENERAL_QUERY = 1
SAP_GENERAL_RESPONSE = 2
SAP_NEAREST_QUERY = 3
SAP_NEAREST_RESPONSE = 4

#: Triggered request (of SAP: general service query), response, acknowledgement (RFC 1582 5, 6).
TRIGGERED_REQUEST = 6
TRIGGERED_RESPONSE = 7
TRIGGERED_ACKNOWLEDGEMENT = 8
TRIGGERED = (TRIGGERED_REQUEST, TRIGGERED_RESPONSE, TRIGGERED_ACKNOWLEDGEMENT)

#: Hops of what is not reachable (RFC 1582 3: "16 (which represents 'infinity')").
HOPS_UNREACHABLE = 16

#: "All services", "all networks" in a query or request (remembered, grade M).
SERVICE_ANY = 0xFFFF
NETWORK_ANY = 0xFFFFFFFF

#: SAP service type of a file server, as every NetWare client asks for it (capture T1).
SERVICE_FILE_SERVER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateHeader:
    """What RFC 1582 inserts behind the operation of a triggered response or acknowledgement.

    ``sequence``: 16 bits, the same in all fragments of an update, whatever else in the next.
    ``fragment``: 8 bits, from 1.  ``fragments``: 8 bits, how many make up the update; 0 in an
    acknowledgement.
    """

    sequence: int
    fragment: int
    fragments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RipEntry:
    network: int
    hops: int
    ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rip:
    """``rest``: octets behind the last whole entry, kept so that a foreign frame rebuilds.

    ``update``: in triggered responses and acknowledgements only, None where it was cut off.
    """

    operation: int
    entries: tuple[RipEntry, ...] = ()
    rest: bytes = b""
    update: UpdateHeader | None = None


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
    """A query has no entries and carries its service type in ``service``.  ``update``: as RIP's."""

    operation: int
    entries: tuple[SapEntry, ...] = ()
    service: int | None = None
    rest: bytes = b""
    update: UpdateHeader | None = None
