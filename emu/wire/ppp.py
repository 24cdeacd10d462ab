"""PPP frames as capture files hold them, and the packets of its control protocols.

Link type 9 begins with FF 03 or with the protocol number; link type 204 has one octet of
direction in front.  Sources: RFC 1661 2, 5; RFC 1662 3.1; tcpdump.org/linktypes.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ppp import (
    CONFIGURE_CODES,
    CONTROL_PROTOCOLS,
    Configure,
    ConfigureOption,
    Control,
    ControlPacket,
    PppCode,
    PppFrame,
)

LINKTYPE_PPP = 9
LINKTYPE_PPP_WITH_DIRECTION = 204

#: All stations, unnumbered information (RFC 1662 3.1).
_ADDRESS_CONTROL = b"\xff\x03"
_HEADER = struct.Struct("!BBH")
_CODES = {int(code): code for code in PppCode}


def encode_ppp(frame: PppFrame) -> bytes:
    """FF 03 if there is one, protocol, payload."""
    start = _ADDRESS_CONTROL if frame.address_control else b""
    return start + _protocol_octets(frame) + frame.payload


def _protocol_octets(frame: PppFrame) -> bytes:
    """RFC 1661 2: the last octet is odd, the first of two is even."""
    number = frame.protocol
    if not number & 1 or number & 0x0100 or not 0 < number <= 0xFFFF:
        raise LocalProtocolError(f"PPP protocol: expected even and odd octet, got {number:04X}")
    if not frame.compressed:
        return number.to_bytes(2, "big")
    if number > 0xFF:
        raise LocalProtocolError(f"PPP protocol: {number:04X} does not fit into one octet")
    return bytes((number,))


def decode_ppp(octets: bytes) -> PppFrame:
    """The frame that fills ``octets``; padding is part of the payload (RFC 1661 2)."""
    address_control = octets.startswith(_ADDRESS_CONTROL)
    at = 2 if address_control else 0
    compressed = len(octets) > at and bool(octets[at] & 1)
    end = at + (1 if compressed else 2)
    protocol = int.from_bytes(octets[at:end], "big")
    if len(octets) < end or not protocol & 1:
        raise PeerProtocolError(f"PPP protocol: expected an odd last octet in {octets[:4].hex()}")
    return PppFrame(
        protocol=protocol,
        payload=octets[end:],
        address_control=address_control,
        compressed=compressed,
    )


def with_direction(octets: bytes, *, sent: bool) -> bytes:
    """The frame of link type 204: 0 for received, 1 for sent by the capturing host."""
    return bytes((sent,)) + octets


def encode_control(packet: ControlPacket) -> bytes:
    """Code, identifier, length, options or data."""
    match packet:
        case Configure():
            if packet.code not in CONFIGURE_CODES:
                raise LocalProtocolError(f"PPP: {packet.code.name} has no options")
            body = b"".join(map(_option_octets, packet.options))
        case Control():
            if packet.code in CONFIGURE_CODES:
                raise LocalProtocolError(f"PPP: {packet.code.name} has options, not data")
            body = packet.data
    return _HEADER.pack(packet.code, packet.identifier, _HEADER.size + len(body)) + body


def _option_octets(option: ConfigureOption) -> bytes:
    if len(option.data) > 253:
        raise LocalProtocolError(f"PPP option {option.kind}: {len(option.data)} octets too many")
    return bytes((option.kind, 2 + len(option.data))) + option.data


def decode_control(octets: bytes, *, protocol: int) -> ControlPacket:
    """The packet at the start of ``octets``; what lies behind its length is padding."""
    if protocol not in CONTROL_PROTOCOLS:
        raise PeerProtocolError(f"PPP: {protocol:04X} is no control protocol known here")
    if len(octets) < _HEADER.size:
        raise PeerProtocolError(f"PPP control: expected 4 octets or more, got {len(octets)}")
    number, identifier, length = _HEADER.unpack_from(octets)
    code = _CODES.get(number)
    if code is None or not _HEADER.size <= length <= len(octets):
        raise PeerProtocolError(f"PPP control: no such code or length in {octets[:4].hex()}")
    body = octets[_HEADER.size : length]
    if code in CONFIGURE_CODES:
        options = _options(body)
        return Configure(protocol=protocol, code=code, identifier=identifier, options=options)
    return Control(protocol=protocol, code=code, identifier=identifier, data=body)


def _options(body: bytes) -> tuple[ConfigureOption, ...]:
    found: list[ConfigureOption] = []
    at = 0
    while at < len(body):
        length = body[at + 1] if at + 1 < len(body) else 0
        if length < 2 or at + length > len(body):
            raise PeerProtocolError(f"PPP option {body[at]}: no such length in {body.hex()}")
        found.append(ConfigureOption(kind=body[at], data=body[at + 2 : at + length]))
        at += length
    return tuple(found)


def control_frame(packet: ControlPacket) -> bytes:
    """A whole frame with FF 03: control packets are never compressed (RFC 1661 6.5, 6.6)."""
    return encode_ppp(PppFrame(protocol=packet.protocol, payload=encode_control(packet)))
