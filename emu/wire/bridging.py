"""LAN frames over PPP (RFC 2878 4.2): flags and number of pads, MAC type, frame, FCS, pads."""

from __future__ import annotations

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.bridging import MAC_TYPE_8023, BridgedFrame
from emu.wire.ethernet import HEADER_OCTETS

_FCS_PRESENT = 0x80
_ZERO_FILL = 0x20
_PADS_MASK = 0x0F
#: RFC 2878 4.2 wants them zero; RFC 1638's bit 40 says that a LAN identification follows.
_RESERVED = 0x50

_FCS_OCTETS = 4
_PREFIX_OCTETS = 2
_PADS_MAX = 15


def encode_bridged(bridged: BridgedFrame) -> bytes:
    """The payload of PPP protocol 0031."""
    fcs = b"" if bridged.fcs is None else bridged.fcs
    if len(bridged.frame) < HEADER_OCTETS or len(bridged.pads) > _PADS_MAX:
        raise LocalProtocolError(f"bridged frame: too short, or too many pads: {bridged}")
    if bridged.fcs is not None and len(fcs) != _FCS_OCTETS:
        raise LocalProtocolError(f"bridged frame: expected an FCS of 4 octets, got {fcs.hex()}")
    flags = len(bridged.pads)
    flags |= _FCS_PRESENT if bridged.fcs is not None else 0
    flags |= _ZERO_FILL if bridged.zero_filled else 0
    return bytes((flags, MAC_TYPE_8023)) + bridged.frame + fcs + bridged.pads


def decode_bridged(octets: bytes) -> BridgedFrame:
    """The frame in the payload of PPP protocol 0031; other MAC types are no frame of ours."""
    if len(octets) < _PREFIX_OCTETS or octets[1] != MAC_TYPE_8023 or octets[0] & _RESERVED:
        raise PeerProtocolError(f"bridged frame: expected an 802.3 one, got {octets[:2].hex()}")
    pads = octets[0] & _PADS_MASK
    has_fcs = bool(octets[0] & _FCS_PRESENT)
    end = len(octets) - pads - (_FCS_OCTETS if has_fcs else 0)
    if end < _PREFIX_OCTETS + HEADER_OCTETS:
        raise PeerProtocolError(f"bridged frame: expected 14 octets or more, got {len(octets)}")
    return BridgedFrame(
        frame=octets[_PREFIX_OCTETS:end],
        fcs=octets[end : end + _FCS_OCTETS] if has_fcs else None,
        zero_filled=bool(octets[0] & _ZERO_FILL),
        pads=octets[len(octets) - pads :],
    )
