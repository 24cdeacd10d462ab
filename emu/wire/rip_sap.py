"""IPX RIP and SAP (facts/ipx.md 1.12).

Octets behind the last whole entry are kept in ``rest``: real senders let the IPX length cover
some (scrap from the driver's buffer), and a frame must rebuild octet for octet.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.rip_sap import (
    RIP_REQUEST,
    RIP_RESPONSE,
    SAP_GENERAL_QUERY,
    SAP_GENERAL_RESPONSE,
    SAP_NEAREST_QUERY,
    SAP_NEAREST_RESPONSE,
    Rip,
    RipEntry,
    Sap,
    SapEntry,
)

_OPERATION_OCTETS = 2
_RIP_ENTRY = struct.Struct("!IHH")
_SAP_ENTRY = struct.Struct("!H48sI6sHH")

NAME_OCTETS = 48

_RIP_OPERATIONS = (RIP_REQUEST, RIP_RESPONSE)
SAP_QUERIES = (SAP_GENERAL_QUERY, SAP_NEAREST_QUERY)
_SAP_RESPONSES = (SAP_GENERAL_RESPONSE, SAP_NEAREST_RESPONSE)


def encode_rip(rip: Rip) -> bytes:
    """Operation, entries, rest."""
    entries = b"".join(_RIP_ENTRY.pack(e.network, e.hops, e.ticks) for e in rip.entries)
    return rip.operation.to_bytes(2, "big") + entries + rip.rest


def decode_rip(octets: bytes) -> Rip:
    """The request or response in ``octets``."""
    operation = _operation("RIP", octets, _RIP_OPERATIONS)
    whole, rest = _entries(octets, _RIP_ENTRY.size)
    entries = tuple(
        RipEntry(network=network, hops=hops, ticks=ticks)
        for network, hops, ticks in _RIP_ENTRY.iter_unpack(whole)
    )
    return Rip(operation=operation, entries=entries, rest=rest)


def encode_sap(sap: Sap) -> bytes:
    """Operation, then the service type of a query or the entries of a response, then rest."""
    service = b"" if sap.service is None else sap.service.to_bytes(2, "big")
    entries = b"".join(map(_sap_entry_octets, sap.entries))
    return sap.operation.to_bytes(2, "big") + service + entries + sap.rest


def _sap_entry_octets(entry: SapEntry) -> bytes:
    if len(entry.name) != NAME_OCTETS or len(entry.node) != 6:
        raise LocalProtocolError(f"SAP entry: expected name of 48 and node of 6, got {entry}")
    return _SAP_ENTRY.pack(
        entry.service, entry.name, entry.network, entry.node, entry.socket, entry.hops
    )


def decode_sap(octets: bytes) -> Sap:
    """The query or response in ``octets``.  A query too short for a service has None."""
    operation = _operation("SAP", octets, SAP_QUERIES + _SAP_RESPONSES)
    if operation not in SAP_QUERIES:
        whole, rest = _entries(octets, _SAP_ENTRY.size)
        return Sap(
            operation=operation,
            entries=tuple(map(_sap_entry, _SAP_ENTRY.iter_unpack(whole))),
            rest=rest,
        )
    if len(octets) < 4:
        return Sap(operation=operation, rest=octets[2:])
    service = int.from_bytes(octets[2:4], "big")
    return Sap(operation=operation, service=service, rest=octets[4:])


def _sap_entry(values: tuple[int, bytes, int, bytes, int, int]) -> SapEntry:
    service, name, network, node, socket, hops = values
    return SapEntry(
        service=service, name=name, network=network, node=node, socket=socket, hops=hops
    )


def _operation(protocol: str, octets: bytes, known: tuple[int, ...]) -> int:
    if len(octets) < _OPERATION_OCTETS:
        raise PeerProtocolError(f"{protocol}: expected 2 octets or more, got {len(octets)}")
    operation = int.from_bytes(octets[:2], "big")
    if operation not in known:
        raise PeerProtocolError(f"{protocol} operation: expected {known}, got {operation}")
    return operation


def _entries(octets: bytes, entry_octets: int) -> tuple[bytes, bytes]:
    """The whole entries behind the operation, and the rest."""
    count = (len(octets) - _OPERATION_OCTETS) // entry_octets
    end = _OPERATION_OCTETS + count * entry_octets
    return octets[_OPERATION_OCTETS:end], octets[end:]


def encode_service_name(name: str) -> bytes:
    """48 octets: the name and zeros."""
    octets = name.encode("ascii")
    if len(octets) >= NAME_OCTETS:
        raise LocalProtocolError(f"service name: expected at most 47 characters, got {name!r}")
    return octets.ljust(NAME_OCTETS, b"\0")


def decode_service_name(octets: bytes) -> str:
    """The name up to the first zero; what follows is scrap (see ``SapEntry.name``)."""
    return octets.split(b"\0", 1)[0].decode("ascii", "replace")
