"""IPX RIP and SAP (facts/ipx.md 1.12), and their triggered updates (RFC 1582 5, 6).

Octets behind the last whole entry are kept in ``rest``: real senders let the IPX length cover
some (scrap from the driver's buffer), and a frame must rebuild octet for octet.

RFC 1582's Figure 4 draws the service type of a SAP entry with 4 octets, "66 octets" an entry;
NetWare's has 2, 64 in all, and RFC 2091's Figure 6 draws it so.  So do we.
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
    TRIGGERED,
    TRIGGERED_ACKNOWLEDGEMENT,
    TRIGGERED_REQUEST,
    TRIGGERED_RESPONSE,
    Rip,
    RipEntry,
    Sap,
    SapEntry,
    UpdateHeader,
)

_OPERATION_OCTETS = 2
_RIP_ENTRY = struct.Struct("!IHH")
_SAP_ENTRY = struct.Struct("!H48sI6sHH")
#: RFC 1582, Figures 3 and 4: sequence number, fragment, number of fragments.
_UPDATE = struct.Struct("!HBB")

NAME_OCTETS = 48

#: RFC 1582 5: the update header is there "only if operation takes the values 7 or 8".
WITH_UPDATE_HEADER = (TRIGGERED_RESPONSE, TRIGGERED_ACKNOWLEDGEMENT)
#: RFC 1582 5, 6: of these only the first 2, or 6, octets are sent.
WITHOUT_ENTRIES = (TRIGGERED_REQUEST, TRIGGERED_ACKNOWLEDGEMENT)
_RIP_OPERATIONS = (RIP_REQUEST, RIP_RESPONSE, *TRIGGERED)
SAP_QUERIES = (SAP_GENERAL_QUERY, SAP_NEAREST_QUERY)
_SAP_RESPONSES = (SAP_GENERAL_RESPONSE, SAP_NEAREST_RESPONSE, *TRIGGERED)


def encode_rip(rip: Rip) -> bytes:
    """Operation, update header if there is one, entries, rest."""
    entries = b"".join(_RIP_ENTRY.pack(e.network, e.hops, e.ticks) for e in rip.entries)
    return _start(rip) + entries + rip.rest


def decode_rip(octets: bytes) -> Rip:
    """The request or response in ``octets``."""
    operation = _operation("RIP", octets, _RIP_OPERATIONS)
    update, start = _update(operation, octets)
    whole, rest = _entries(operation, octets[start:], _RIP_ENTRY.size)
    entries = tuple(
        RipEntry(network=network, hops=hops, ticks=ticks)
        for network, hops, ticks in _RIP_ENTRY.iter_unpack(whole)
    )
    return Rip(operation=operation, entries=entries, rest=rest, update=update)


def encode_sap(sap: Sap) -> bytes:
    """Operation, then the service type of a query, or header and entries of a response; rest."""
    service = b"" if sap.service is None else sap.service.to_bytes(2, "big")
    entries = b"".join(map(_sap_entry_octets, sap.entries))
    return _start(sap) + service + entries + sap.rest


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
        update, start = _update(operation, octets)
        whole, rest = _entries(operation, octets[start:], _SAP_ENTRY.size)
        return Sap(
            operation=operation,
            entries=tuple(map(_sap_entry, _SAP_ENTRY.iter_unpack(whole))),
            rest=rest,
            update=update,
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


def _start(packet: Rip | Sap) -> bytes:
    operation = packet.operation.to_bytes(2, "big")
    if packet.update is None:
        return operation
    if packet.operation not in WITH_UPDATE_HEADER:
        raise LocalProtocolError(f"an update header belongs to operations 7 and 8, got {packet}")
    header = packet.update
    return operation + _UPDATE.pack(header.sequence, header.fragment, header.fragments)


def _update(operation: int, octets: bytes) -> tuple[UpdateHeader | None, int]:
    """The update header of an operation that has one, and where the entries begin.

    One that is cut short is None, and its octets are the rest: nobody can acknowledge it.
    """
    end = _OPERATION_OCTETS + _UPDATE.size
    if operation not in WITH_UPDATE_HEADER or len(octets) < end:
        return None, _OPERATION_OCTETS
    sequence, fragment, fragments = _UPDATE.unpack_from(octets, _OPERATION_OCTETS)
    return UpdateHeader(sequence=sequence, fragment=fragment, fragments=fragments), end


def _entries(operation: int, octets: bytes, entry_octets: int) -> tuple[bytes, bytes]:
    """The whole entries at the start of ``octets``, and the rest."""
    if operation in WITHOUT_ENTRIES:
        return b"", octets
    end = len(octets) // entry_octets * entry_octets
    return octets[:end], octets[end:]


def encode_service_name(name: str) -> bytes:
    """48 octets: the name and zeros."""
    octets = name.encode("ascii")
    if len(octets) >= NAME_OCTETS:
        raise LocalProtocolError(f"service name: expected at most 47 characters, got {name!r}")
    return octets.ljust(NAME_OCTETS, b"\0")


def decode_service_name(octets: bytes) -> str:
    """The name up to the first zero; what follows is scrap (see ``SapEntry.name``)."""
    return octets.split(b"\0", 1)[0].decode("ascii", "replace")
