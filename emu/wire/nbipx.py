"""NetBIOS over IPX (facts/ipx.md 1.9): name packets, datagrams, sessions.

The three shapes keep their type octet in different places, so length and IPX packet type come
first: an NT 3.5 server that looked at the second octet alone took a name packet for session
data whenever the first network it had passed had 06 there (KB Q128335).
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ipx import TYPE_BROADCAST_20
from emu.pdu.nbipx import (
    NETWORKS_MAX,
    NbipxDatagram,
    NbipxDatagramKind,
    NbipxName,
    NbipxNameKind,
    NbipxPdu,
    NbipxSession,
    NbipxSessionKind,
)
from emu.pdu.netbios_name import NAME_OCTETS

NAME_PACKET_OCTETS = 50
DATAGRAM_HEADER_OCTETS = 34
SESSION_HEADER_OCTETS = 18

_NAME = struct.Struct("!8IBB16s")
_DATAGRAM = struct.Struct("!BB16s16s")
_SESSION = struct.Struct("<BBHHHHHHHH")
#: Where a session packet has the length of its data.
_DATA_LENGTH_AT = 12

_NAME_KINDS = {int(kind): kind for kind in NbipxNameKind}
_DATAGRAM_KINDS = {int(kind): kind for kind in NbipxDatagramKind}
_SESSION_KINDS = {int(kind): kind for kind in NbipxSessionKind}


def encode_nbipx(pdu: NbipxPdu) -> bytes:
    """The data of an IPX datagram between sockets 0455."""
    match pdu:
        case NbipxName():
            return _NAME.pack(*networks_of(pdu.networks), pdu.flags, pdu.kind, name_of(pdu.name))
        case NbipxDatagram():
            names = name_of(pdu.source), name_of(pdu.destination)
            return _DATAGRAM.pack(pdu.control, pdu.kind, *names) + pdu.data
        case NbipxSession():
            return _session_header(pdu) + pdu.data


def _session_header(pdu: NbipxSession) -> bytes:
    return _SESSION.pack(
        pdu.control,
        pdu.kind,
        pdu.source_id,
        pdu.destination_id,
        pdu.send_sequence,
        pdu.total_length,
        pdu.offset,
        pdu.data_length,
        pdu.receive_sequence,
        pdu.bytes_received,
    )


def networks_of(networks: tuple[int, ...]) -> tuple[int, ...]:
    """The eight numbers of a route list, once they are sure to be eight."""
    if len(networks) != NETWORKS_MAX:
        raise LocalProtocolError(f"networks passed: expected 8, got {networks}")
    return networks


def name_of(name: bytes) -> bytes:
    """The name itself, once it is sure to have 16 octets: ``struct`` would cut or fill it."""
    if len(name) != NAME_OCTETS:
        raise LocalProtocolError(f"NetBIOS name: expected 16 octets, got {name!r}")
    return name


def decode_nbipx(octets: bytes, *, packet_type: int) -> NbipxPdu:
    """What the data of an IPX datagram say.  ``packet_type``: the datagram's."""
    if _is_name(octets, packet_type):
        return _decode_name(octets)
    kind = octets[1] if len(octets) > 1 else None
    if kind in _SESSION_KINDS and len(octets) >= SESSION_HEADER_OCTETS:
        return _decode_session(octets, _SESSION_KINDS[kind])
    if kind in _DATAGRAM_KINDS and len(octets) >= DATAGRAM_HEADER_OCTETS:
        return _decode_datagram(octets, _DATAGRAM_KINDS[kind])
    raise PeerProtocolError(f"NBIPX: no packet starts with {octets[:2].hex()} ({len(octets)})")


def _is_name(octets: bytes, packet_type: int) -> bool:
    """50 octets with a name's type where a name packet has it.

    A broadcast of type 20 is nothing else.  Among the others a session packet with 32 octets of
    data is as long; it tells itself by its own length of data.
    """
    if len(octets) != NAME_PACKET_OCTETS or octets[33] not in _NAME_KINDS:
        return False
    return packet_type == TYPE_BROADCAST_20 or not _is_session_of_32(octets)


def _is_session_of_32(octets: bytes) -> bool:
    length = int.from_bytes(octets[_DATA_LENGTH_AT : _DATA_LENGTH_AT + 2], "little")
    return octets[1] in _SESSION_KINDS and length == len(octets) - SESSION_HEADER_OCTETS


def _decode_name(octets: bytes) -> NbipxName:
    *networks, flags, kind, name = _NAME.unpack(octets)
    return NbipxName(kind=_NAME_KINDS[kind], flags=flags, name=name, networks=tuple(networks))


def _decode_datagram(octets: bytes, kind: NbipxDatagramKind) -> NbipxDatagram:
    control, _, source, destination = _DATAGRAM.unpack_from(octets)
    return NbipxDatagram(
        kind=kind,
        source=source,
        destination=destination,
        control=control,
        data=octets[DATAGRAM_HEADER_OCTETS:],
    )


def _decode_session(octets: bytes, kind: NbipxSessionKind) -> NbipxSession:
    control, _, source, destination, send, total, offset, length, receive, last = (
        _SESSION.unpack_from(octets)
    )
    return NbipxSession(
        kind=kind,
        control=control,
        source_id=source,
        destination_id=destination,
        send_sequence=send,
        total_length=total,
        offset=offset,
        data_length=length,
        receive_sequence=receive,
        bytes_received=last,
        data=octets[SESSION_HEADER_OCTETS:],
    )
