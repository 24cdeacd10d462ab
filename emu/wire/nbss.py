"""NetBIOS session service over TCP 139, big-endian (RFC 1002 4.3; facts/redirector.md 4.1).

A name with a scope behind it is refused: the facts know none, and NT sends none by default.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.nbss import (
    LENGTH_MAX,
    NbssKeepalive,
    NbssMessage,
    NbssNegative,
    NbssPdu,
    NbssPositive,
    NbssRequest,
    NbssRetarget,
    NbssType,
)
from emu.pdu.netbios_name import NAME_OCTETS

HEADER_OCTETS = 4
#: RFC 1001 14.1: a label of 32 letters between its length and the empty root label.
NAME_LETTERS = 2 * NAME_OCTETS
_ENCODED_NAME_OCTETS = NAME_LETTERS + 2

_HEADER = struct.Struct("!BBH")
_RETARGET = struct.Struct("!4sH")
_TYPES = {int(kind): kind for kind in NbssType}
#: The only bit of the flags octet: bit 16 of the length.
_EXTENSION = 0x01


def encode_nbss(pdu: NbssPdu) -> bytes:
    """One packet of the stream."""
    match pdu:
        case NbssMessage():
            return _packet(NbssType.MESSAGE, pdu.data)
        case NbssRequest():
            names = encode_session_name(pdu.called) + encode_session_name(pdu.calling)
            return _packet(NbssType.REQUEST, names)
        case NbssPositive():
            return _packet(NbssType.POSITIVE, b"")
        case NbssNegative():
            return _packet(NbssType.NEGATIVE, bytes((pdu.error,)))
        case NbssRetarget():
            return _packet(NbssType.RETARGET, _retarget(pdu))
        case NbssKeepalive():
            return _packet(NbssType.KEEPALIVE, b"")


def _packet(kind: NbssType, body: bytes) -> bytes:
    if len(body) > LENGTH_MAX:
        raise LocalProtocolError(f"NBSS: expected at most {LENGTH_MAX} octets, got {len(body)}")
    high, low = divmod(len(body), 0x10000)
    return _HEADER.pack(kind, high, low) + body


def _retarget(pdu: NbssRetarget) -> bytes:
    if len(pdu.address) != 4:
        raise LocalProtocolError(f"NBSS: expected an address of 4 octets, got {pdu.address!r}")
    return _RETARGET.pack(pdu.address, pdu.port)


def encode_session_name(name: bytes) -> bytes:
    """34 octets: each half of an octet as a letter from A on (RFC 1001 14.1)."""
    if len(name) != NAME_OCTETS:
        raise LocalProtocolError(f"NetBIOS name: expected 16 octets, got {name!r}")
    halves = (half for octet in name for half in divmod(octet, 16))
    return bytes((NAME_LETTERS, *(0x41 + half for half in halves), 0))


def decode_session_name(octets: bytes) -> bytes:
    """The 16 octets in a name of 34."""
    letters = octets[1:-1]
    framed = octets[:1] == bytes((NAME_LETTERS,)) and octets[-1:] == b"\0"
    if len(octets) != _ENCODED_NAME_OCTETS or not framed:
        raise PeerProtocolError(f"NBSS name: expected 32 letters without scope, got {octets.hex()}")
    if not all(0x41 <= letter <= 0x50 for letter in letters):
        raise PeerProtocolError(f"NBSS name: expected letters from A to P, got {letters!r}")
    halves = [letter - 0x41 for letter in letters]
    return bytes(16 * halves[at] + halves[at + 1] for at in range(0, NAME_LETTERS, 2))


def decode_nbss(octets: bytes) -> NbssPdu:
    """The packet that fills ``octets``."""
    kind, total = _start(octets)
    if len(octets) != total:
        raise PeerProtocolError(f"NBSS: expected {total} octets, got {len(octets)}")
    body = octets[HEADER_OCTETS:]
    match kind:
        case NbssType.MESSAGE:
            return NbssMessage(data=body)
        case NbssType.REQUEST:
            return _request(body)
        case NbssType.NEGATIVE:
            return NbssNegative(error=_exactly(body, 1)[0])
        case NbssType.RETARGET:
            address, port = _RETARGET.unpack(_exactly(body, _RETARGET.size))
            return NbssRetarget(address=address, port=port)
        case NbssType.POSITIVE:
            _exactly(body, 0)
            return NbssPositive()
        case NbssType.KEEPALIVE:
            _exactly(body, 0)
            return NbssKeepalive()


def _start(octets: bytes) -> tuple[NbssType, int]:
    """The type, and how long the packet is, header and all."""
    if len(octets) < HEADER_OCTETS:
        raise PeerProtocolError(f"NBSS: expected 4 octets or more, got {len(octets)}")
    number, flags, length = _HEADER.unpack_from(octets)
    kind = _TYPES.get(number)
    if kind is None or flags & ~_EXTENSION:
        raise PeerProtocolError(f"NBSS: no packet starts with {octets[:4].hex()}")
    return kind, HEADER_OCTETS + (flags << 16 | length)


def _exactly(body: bytes, octets: int) -> bytes:
    if len(body) != octets:
        raise PeerProtocolError(f"NBSS: expected {octets} octets of data, got {len(body)}")
    return body


def _request(body: bytes) -> NbssRequest:
    _exactly(body, 2 * _ENCODED_NAME_OCTETS)
    called, calling = body[:_ENCODED_NAME_OCTETS], body[_ENCODED_NAME_OCTETS:]
    return NbssRequest(called=decode_session_name(called), calling=decode_session_name(calling))


class NbssStream:
    """Cuts a byte stream into packets, the same ones wherever the stream is cut.

    Where no packet can begin, the four octets that show it are the last "packet":
    ``decode_nbss`` refuses them, and nothing comes after, for the stream cannot be followed.
    """

    __slots__ = ("_broken", "_held")

    def __init__(self) -> None:
        self._held = bytearray()
        self._broken = False

    def feed(self, octets: bytes) -> list[bytes]:
        """The packets completed by these octets, headers and all."""
        if self._broken:
            return []
        self._held += octets
        found: list[bytes] = []
        at = 0
        while (end := self._end(at)) is not None:
            found.append(bytes(self._held[at:end]))
            at = end
        del self._held[: len(self._held) if self._broken else at]
        return found

    def _end(self, at: int) -> int | None:
        """Where the packet at ``at`` ends; None when that is not there yet."""
        if self._broken or len(self._held) - at < HEADER_OCTETS:
            return None
        try:
            _, octets = _start(bytes(self._held[at : at + HEADER_OCTETS]))
        except PeerProtocolError:
            self._broken = True
            return at + HEADER_OCTETS
        return at + octets if len(self._held) - at >= octets else None
