"""NMPI (facts/ipx.md 1.10): 68 octets, and an SMB behind a mailslot write."""

from __future__ import annotations

import struct

from emu.errors import PeerProtocolError
from emu.pdu.nmpi import Nmpi, NmpiOperation
from emu.wire.nbipx import name_of, networks_of

HEADER_OCTETS = 68

#: Networks are big-endian like all of IPX; the message id behind them is little-endian.
_NETWORKS = struct.Struct("!8I")
_REST = struct.Struct("<BBH16s16s")

_OPERATIONS = {int(operation): operation for operation in NmpiOperation}


def encode_nmpi(packet: Nmpi) -> bytes:
    """The data of an IPX datagram to socket 0551 or 0553."""
    names = name_of(packet.requested), name_of(packet.source)
    rest = _REST.pack(packet.operation, packet.name_type, packet.message_id, *names)
    return _NETWORKS.pack(*networks_of(packet.networks)) + rest + packet.data


def decode_nmpi(octets: bytes) -> Nmpi:
    """The packet that fills the data of an IPX datagram."""
    if len(octets) < HEADER_OCTETS:
        raise PeerProtocolError(f"NMPI: expected 68 octets or more, got {len(octets)}")
    operation, name_type, message_id, requested, source = _REST.unpack_from(octets, _NETWORKS.size)
    if operation not in _OPERATIONS:
        raise PeerProtocolError(f"NMPI: unknown operation {operation:02X}")
    return Nmpi(
        operation=_OPERATIONS[operation],
        name_type=name_type,
        message_id=message_id,
        requested=requested,
        source=source,
        networks=_NETWORKS.unpack_from(octets),
        data=octets[HEADER_OCTETS:],
    )
