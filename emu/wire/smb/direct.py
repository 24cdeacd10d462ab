"""SMB directly on IPX: connection and sequence written into a whole message (facts/ipx.md 1.11)."""

from __future__ import annotations

import struct

from emu.errors import PeerProtocolError
from emu.pdu.smb.direct import DirectSmb
from emu.pdu.smb.files import LOCKING_OPLOCK_RELEASE, LockingRequest
from emu.pdu.smb.header import Command, SmbHeader
from emu.pdu.smb.message import EmptyResponse, Smb
from emu.wire.smb.message import decode_header, decode_smb, encode_smb

#: CID and sequence, little-endian.
_NUMBERS = struct.Struct("<HH")
_NUMBERS_AT = 18


def decode_direct(octets: bytes) -> DirectSmb:
    """What the carrier reads of a message; ``PeerProtocolError`` when there is no header."""
    header, command = decode_header(octets)
    return DirectSmb(
        header=header,
        command=command,
        octets=octets,
        is_answered=_is_answered(header, command, octets),
    )


def encode_direct(message: DirectSmb) -> bytes:
    """The data of an IPX datagram."""
    header, octets = message.header, message.octets
    if not octets:
        body = EmptyResponse(command=message.command)
        return encode_smb(Smb(header=header, bodies=(body,)))
    numbers = _NUMBERS.pack(header.cid, header.sequence)
    return octets[:_NUMBERS_AT] + numbers + octets[_NUMBERS_AT + _NUMBERS.size :]


def _is_answered(header: SmbHeader, command: int, octets: bytes) -> bool:
    """All requests but a cancel (MS-CIFS 2.2.4.65) and what says that an oplock is given up.

    A release that locks or unlocks as well is answered (MS-CIFS 2.2.4.32.1).
    """
    if header.is_reply or command == Command.NT_CANCEL:
        return False
    if command != Command.LOCKING_ANDX:
        return True
    try:
        body = decode_smb(octets).bodies[0]
    except PeerProtocolError:
        return True
    if not isinstance(body, LockingRequest) or not body.kind & LOCKING_OPLOCK_RELEASE:
        return True
    return bool(body.locks or body.unlocks)
