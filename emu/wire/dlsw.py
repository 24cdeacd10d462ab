"""Switch-to-switch protocol, big-endian (RFC 1795 3.1): headers of 72 or of 16 octets.

The second message type of a control header (offset 23) repeats the first and is not read, as
RFC 1795 3.1 wants.  Reserved fields are written as zeros and not read.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.dlsw import (
    CONTROL_TYPES,
    INFORMATION_TYPES,
    CircuitId,
    DataLinkId,
    DlcHeader,
    SspControl,
    SspInformation,
    SspMessage,
    SspType,
)

#: RFC 1795 3.1: ASCII '1', version 1 of the protocol.
VERSION = 0x31
CONTROL_OCTETS = 72
INFORMATION_OCTETS = 16
DLC_HEADER_OCTETS = 35
_PROTOCOL_ID = 0x42
_HEADER_NUMBER = 1
_EXPLORER = 0x80
_FROM_ORIGIN, _FROM_TARGET = 1, 2

#: Version, header length, message length, remote correlator and port, reserved, type, flow.
_START = struct.Struct("!BBHIIHBB")
#: Protocol, number, reserved, largest frame, flags, priority, type; addresses; SAPs, direction,
#: reserved, DLC header length; port and correlator and transport of each end; reserved.
_REST = struct.Struct("!BBHBBBB6s6sBBBBHHIIIIIII")
_DLC = struct.Struct("!BB6s6s18sBBB")

_TYPES = {int(kind): kind for kind in SspType}

_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def non_canonical(octets: bytes) -> bytes:
    """Each octet with its bits the other way round: token-ring order, or back (RFC 1795 3.2)."""
    return octets.translate(_REVERSED)


# --- messages ------------------------------------------------------------------------------


def encode_ssp(message: SspMessage) -> bytes:
    """Header, and what follows it."""
    if isinstance(message, SspInformation):
        if message.kind not in INFORMATION_TYPES:
            raise LocalProtocolError(f"SSP: {message.kind.name} has the long header")
        return _start(message, INFORMATION_OCTETS, len(message.data)) + message.data
    if message.kind not in CONTROL_TYPES:
        raise LocalProtocolError(f"SSP: {message.kind.name} has the short header")
    dlc = b"" if message.header is None else _dlc_octets(message.header)
    body = dlc + message.data
    return _start(message, CONTROL_OCTETS, len(body)) + _rest(message, len(dlc)) + body


def _start(message: SspMessage, header_octets: int, body_octets: int) -> bytes:
    if body_octets > 0xFFFF:
        raise LocalProtocolError(f"SSP: expected at most 65535 octets, got {body_octets}")
    return _START.pack(
        VERSION,
        header_octets,
        body_octets,
        message.remote.correlator,
        message.remote.port,
        0,
        message.kind,
        message.flow_control,
    )


def _rest(message: SspControl, dlc_octets: int) -> bytes:
    link = message.link
    return _REST.pack(
        _PROTOCOL_ID,
        _HEADER_NUMBER,
        0,
        message.largest_frame,
        _EXPLORER if message.explorer else 0,
        message.priority,
        message.kind,
        _address(link.target_mac),
        _address(link.origin_mac),
        link.origin_sap,
        link.target_sap,
        _FROM_ORIGIN if message.from_origin else _FROM_TARGET,
        0,
        0,
        dlc_octets,
        message.origin.port,
        message.origin.correlator,
        message.origin_transport,
        message.target.port,
        message.target.correlator,
        message.target_transport,
        0,
    )


def _address(mac: bytes) -> bytes:
    if len(mac) != 6:
        raise LocalProtocolError(f"SSP: expected an address of 6 octets, got {mac.hex()}")
    return non_canonical(mac)


def _dlc_octets(header: DlcHeader) -> bytes:
    if len(header.routing) != 18:
        raise LocalProtocolError(f"SSP: expected 18 octets of routing, got {header.routing.hex()}")
    return _DLC.pack(
        header.access,
        header.frame_control,
        _address(header.destination),
        _address(header.source),
        header.routing,
        header.dsap,
        header.ssap,
        header.control,
    )


def decode_ssp(octets: bytes) -> SspMessage:
    """The message that fills ``octets``.  Raises ``PeerProtocolError`` for types of others."""
    total = message_octets(octets)
    if total is None or len(octets) != total:
        raise PeerProtocolError(f"SSP: expected {total} octets, got {len(octets)}")
    _, length, _, correlator, port, _, number, flow = _START.unpack_from(octets)
    kind = _TYPES.get(number)
    if kind is None or (kind in INFORMATION_TYPES) is not (length == INFORMATION_OCTETS):
        raise PeerProtocolError(f"SSP: no type {number:02X} with a header of {length} octets")
    if kind in INFORMATION_TYPES:
        remote = CircuitId(port=port, correlator=correlator)
        data = octets[INFORMATION_OCTETS:]
        return SspInformation(kind=kind, remote=remote, flow_control=flow, data=data)
    return _control(octets, kind, flow)


def _control(octets: bytes, kind: SspType, flow: int) -> SspControl:
    (
        _protocol, _number, _r, largest_frame, flags, priority, _kind, target_mac, origin_mac,
        origin_sap, target_sap, direction, _r2, _r3, dlc_octets, origin_port, origin, transport,
        target_port, target, target_transport, _r4,
    ) = _REST.unpack_from(octets, INFORMATION_OCTETS)  # fmt: skip
    if direction not in (_FROM_ORIGIN, _FROM_TARGET):
        raise PeerProtocolError(f"SSP: expected direction 1 or 2, got {direction}")
    body = octets[CONTROL_OCTETS:]
    return SspControl(
        kind=kind,
        from_origin=direction == _FROM_ORIGIN,
        explorer=bool(flags & _EXPLORER),
        link=DataLinkId(
            target_mac=non_canonical(target_mac),
            origin_mac=non_canonical(origin_mac),
            origin_sap=origin_sap,
            target_sap=target_sap,
        ),
        origin=CircuitId(port=origin_port, correlator=origin),
        target=CircuitId(port=target_port, correlator=target),
        origin_transport=transport,
        target_transport=target_transport,
        largest_frame=largest_frame,
        priority=priority,
        flow_control=flow,
        header=_dlc_header(body, dlc_octets),
        data=body[dlc_octets:],
    )


def _dlc_header(body: bytes, octets: int) -> DlcHeader | None:
    if not octets:
        return None
    if octets != DLC_HEADER_OCTETS or len(body) < octets:
        raise PeerProtocolError(f"SSP: expected a DLC header of 35 octets, got {octets}")
    access, frame_control, destination, source, routing, dsap, ssap, control = _DLC.unpack_from(
        body
    )
    return DlcHeader(
        destination=non_canonical(destination),
        source=non_canonical(source),
        dsap=dsap,
        ssap=ssap,
        control=control,
        access=access,
        frame_control=frame_control,
        routing=routing,
    )


def message_octets(octets: bytes) -> int | None:
    """How long the message at the start is, header and all; None when too few to tell.

    Raises ``PeerProtocolError`` for what is no SSP header: the stream cannot be followed then.
    """
    if len(octets) < 4:
        return None
    version, header, length = octets[0], octets[1], int.from_bytes(octets[2:4], "big")
    if version != VERSION or header not in (CONTROL_OCTETS, INFORMATION_OCTETS):
        raise PeerProtocolError(f"SSP: expected version 31 and 72 or 16, got {octets[:4].hex()}")
    return header + length


class SspStream:
    """Messages out of an ordered stream of octets, however it was cut."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, octets: bytes) -> list[bytes]:
        """The whole messages that are there now, encoded, in order."""
        self._held += octets
        found: list[bytes] = []
        while True:
            total = message_octets(self._held)
            if total is None or len(self._held) < total:
                return found
            found.append(self._held[:total])
            self._held = self._held[total:]
