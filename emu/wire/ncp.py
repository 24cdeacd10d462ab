"""NetWare Core Protocol over IPX: requests, replies, watchdog (facts/ipx.md 1.5, 1.6).

Packet burst (7777) is known by its type only: it is refused here and stays octets.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ncp import (
    OBJECT_TYPE_USER,
    REPLY_TYPES,
    REQUEST_TYPES,
    SUBFUNCTION_LOGIN_OBJECT,
    DateAndTime,
    NcpReply,
    NcpRequest,
    NcpType,
    Watchdog,
)

WATCHDOG_OCTETS = 2
#: A request without function, and a whole one; a reply (facts/ipx.md 1.6).
REQUEST_SHORT_OCTETS = 6
REQUEST_OCTETS = 7
REPLY_OCTETS = 8

_START = struct.Struct("!HBBBB")
_DATE_AND_TIME = struct.Struct("!7B")
_LOGIN = struct.Struct("!HBHB")

NcpPdu = NcpRequest | NcpReply | Watchdog


def encode_ncp(pdu: NcpPdu) -> bytes:
    """The data of the IPX datagram."""
    match pdu:
        case Watchdog():
            return bytes((pdu.connection_low, pdu.mark))
        case NcpRequest():
            return _start(pdu) + _function_octets(pdu)
        case NcpReply():
            return _start(pdu) + bytes((pdu.completion, pdu.status)) + pdu.data


def _start(pdu: NcpRequest | NcpReply) -> bytes:
    """The six octets that requests and replies share; the connection's halves stand apart."""
    high, low = divmod(pdu.connection, 256)
    return _START.pack(pdu.kind, pdu.sequence, low, pdu.task, high)


def _function_octets(request: NcpRequest) -> bytes:
    if request.function is not None:
        return bytes((request.function,)) + request.data
    if request.data or request.kind is NcpType.REQUEST:
        raise LocalProtocolError(f"NCP: expected a function in {request}")
    return b""


def decode_ncp(octets: bytes) -> NcpPdu:
    """What the data of an IPX datagram of type 17 says.

    The watchdog is told apart by its length alone: nothing else is two octets long.
    """
    if len(octets) == WATCHDOG_OCTETS:
        return Watchdog(connection_low=octets[0], mark=octets[1])
    if len(octets) < REQUEST_SHORT_OCTETS:
        raise PeerProtocolError(f"NCP: expected 2 octets or 6 and more, got {len(octets)}")
    kind, sequence, low, task, high = _START.unpack_from(octets)
    connection = high << 8 | low
    if kind in REQUEST_TYPES:
        return _request(NcpType(kind), sequence, connection, task, octets[REQUEST_SHORT_OCTETS:])
    if kind in REPLY_TYPES:
        return _reply(NcpType(kind), sequence, connection, task, octets[REQUEST_SHORT_OCTETS:])
    raise PeerProtocolError(f"NCP type: expected a request or reply, got {kind:04X}")


def _request(kind: NcpType, sequence: int, connection: int, task: int, rest: bytes) -> NcpRequest:
    if not rest and kind is NcpType.REQUEST:
        raise PeerProtocolError("NCP request: expected a function, got the end of the datagram")
    return NcpRequest(
        kind=kind,
        sequence=sequence,
        connection=connection,
        task=task,
        function=rest[0] if rest else None,
        data=rest[1:],
    )


def _reply(kind: NcpType, sequence: int, connection: int, task: int, rest: bytes) -> NcpReply:
    if len(rest) < REPLY_OCTETS - REQUEST_SHORT_OCTETS:
        raise PeerProtocolError(f"NCP reply: expected 8 octets or more, got {6 + len(rest)}")
    return NcpReply(
        kind=kind,
        sequence=sequence,
        connection=connection,
        task=task,
        completion=rest[0],
        status=rest[1],
        data=rest[2:],
    )


def encode_date_and_time(value: DateAndTime) -> bytes:
    """Reply data of function 14h, 7 octets (facts/ipx.md 1.6)."""
    return _DATE_AND_TIME.pack(
        value.year - 1900,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.weekday,
    )


def decode_date_and_time(octets: bytes) -> DateAndTime:
    """The server's clock.  The ranges are not checked: a server may well be set wrong."""
    if len(octets) != _DATE_AND_TIME.size:
        raise PeerProtocolError(f"date and time: expected 7 octets, got {len(octets)}")
    year, month, day, hour, minute, second, weekday = octets
    return DateAndTime(
        year=1900 + year,
        month=month,
        day=day,
        hour=hour,
        minute=minute,
        second=second,
        weekday=weekday,
    )


def encode_login(name: str) -> bytes:
    """Data of "Login Object" (function 17h, subfunction 14h), behind the function octet.

    Layout as tshark 4.0 reads it: length of what follows (2), subfunction, object type (2),
    name and password, each behind an octet with its length.  The password is a stand-in of
    length 0: the emulator models who is logged in, not how that was proven.
    """
    octets = name.encode("ascii")
    if not 1 <= len(octets) <= 47:
        raise LocalProtocolError(f"login name: expected 1 to 47 characters, got {name!r}")
    length = _LOGIN.size - 2 + len(octets) + 1
    head = _LOGIN.pack(length, SUBFUNCTION_LOGIN_OBJECT, OBJECT_TYPE_USER, len(octets))
    return head + octets + b"\0"


def decode_login(data: bytes) -> str:
    """The name in the data of a Login Object request; any password is passed over."""
    if len(data) < _LOGIN.size:
        raise PeerProtocolError(f"login: expected 6 octets or more, got {len(data)}")
    length, subfunction, object_type, name_octets = _LOGIN.unpack_from(data)
    if (subfunction, object_type) != (SUBFUNCTION_LOGIN_OBJECT, OBJECT_TYPE_USER):
        raise PeerProtocolError(f"login: expected 14h for a user, got {subfunction:02X}h")
    _check_login_lengths(data, length, name_octets)
    try:
        return data[_LOGIN.size : _LOGIN.size + name_octets].decode("ascii")
    except UnicodeDecodeError as error:
        raise PeerProtocolError(f"login name: expected ASCII, got {data.hex()}") from error


def _check_login_lengths(data: bytes, length: int, name_octets: int) -> None:
    """Every length must agree with the octets, password included."""
    password_at = _LOGIN.size + name_octets
    whole = len(data) - 2 == length and password_at < len(data)
    if not whole or len(data) != password_at + 1 + data[password_at]:
        raise PeerProtocolError(f"login: lengths do not add up in {data.hex()}")
