"""The capabilities exchange of two switches: the data of CAP_EXCHANGE (RFC 1795 7)."""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.dlsw import Capabilities, CapabilitiesTaken
from emu.wire.dlsw import non_canonical

#: RFC 1795 7: GDS identifiers, and the control vectors of 7.6.
_GDS_REQUEST, _GDS_RESPONSE = 0x1520, 0x1521
_VENDOR, _VERSION, _PACING, _SAPS, _CONNECTIONS = 0x81, 0x82, 0x83, 0x86, 0x87
_OUI_OCTETS, _SAP_OCTETS = 3, 16


def encode_capabilities(value: Capabilities | CapabilitiesTaken) -> bytes:
    """The data of a CAP_EXCHANGE message: one GDS variable (RFC 1795 7)."""
    if isinstance(value, CapabilitiesTaken):
        return struct.pack("!HH", 4, _GDS_RESPONSE)
    if len(value.vendor) != _OUI_OCTETS:
        raise LocalProtocolError(f"DLSw: expected an OUI of 3 octets, got {value.vendor.hex()}")
    vectors = [
        (_VENDOR, non_canonical(value.vendor)),
        (_VERSION, bytes((value.version, value.release))),
        (_PACING, value.pacing_window.to_bytes(2, "big")),
        (_SAPS, _sap_bits(value.saps)),
    ]
    if value.tcp_connections is not None:
        vectors.append((_CONNECTIONS, bytes((value.tcp_connections,))))
    body = b"".join(bytes((2 + len(data), kind)) + data for kind, data in vectors)
    return struct.pack("!HH", 4 + len(body), _GDS_REQUEST) + body


def _sap_bits(saps: frozenset[int]) -> bytes:
    """RFC 1795 7.6.6: octet n is for SAPs n0, n2, ... nE, the most significant bit first."""
    bits = bytearray(_SAP_OCTETS)
    for sap in saps:
        if sap & 1 or not 0 <= sap <= 0xFE:
            raise LocalProtocolError(f"DLSw: expected an even SAP, got {sap:02X}")
        bits[sap >> 4] |= 0x80 >> (sap >> 1 & 7)
    return bytes(bits)


def decode_capabilities(octets: bytes) -> Capabilities | CapabilitiesTaken:
    """A request or a positive response; vectors that are not known here are passed over."""
    if len(octets) < 4:
        raise PeerProtocolError(f"DLSw capabilities: expected 4 octets, got {len(octets)}")
    length, identifier = struct.unpack_from("!HH", octets)
    if length != len(octets) or identifier not in (_GDS_REQUEST, _GDS_RESPONSE):
        raise PeerProtocolError(f"DLSw capabilities: no such length or id in {octets[:4].hex()}")
    if identifier == _GDS_RESPONSE:
        if length != 4:
            raise PeerProtocolError(f"DLSw capabilities refused: {octets[4:].hex()}")
        return CapabilitiesTaken()
    return _capabilities(_vectors(octets[4:]))


def _capabilities(vectors: dict[int, bytes]) -> Capabilities:
    wanted = {_VENDOR: _OUI_OCTETS, _VERSION: 2, _PACING: 2, _SAPS: _SAP_OCTETS}
    for kind, size in wanted.items():
        if len(vectors.get(kind, b"")) != size:
            raise PeerProtocolError(f"DLSw capabilities: no whole vector {kind:02X}")
    bits = vectors[_SAPS]
    connections = vectors.get(_CONNECTIONS)
    if connections is not None and len(connections) != 1:
        raise PeerProtocolError("DLSw capabilities: no whole vector 87")
    return Capabilities(
        vendor=non_canonical(vectors[_VENDOR]),
        version=vectors[_VERSION][0],
        release=vectors[_VERSION][1],
        pacing_window=int.from_bytes(vectors[_PACING], "big"),
        saps=frozenset(s for s in range(0, 256, 2) if bits[s >> 4] & 0x80 >> (s >> 1 & 7)),
        tcp_connections=None if connections is None else connections[0],
    )


def _vectors(octets: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(octets):
        length = octets[at]
        if length < 2 or at + length > len(octets):
            raise PeerProtocolError(f"DLSw capabilities: no such vector in {octets[at:].hex()}")
        found[octets[at + 1]] = octets[at + 2 : at + length]
        at += length
    return found
