"""LAPD frames without flags and FCS (ITU-T Q.921 2, 3), as link type 203 holds them.

The file does not say who sent a frame; ``epb_flags`` does, and C/R needs it (Q.921 3.3.2: the
network's commands have C/R 1, the user's 0; responses have the other one).
"""

from __future__ import annotations

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.lapd import LapdFrame
from emu.wire.ethernet import is_unnumbered
from emu.wire.llc2 import decode_fields, encode_control, information_field

#: Link Access Procedures on the D Channel, no pseudo-header (tcpdump.org/linktypes).
LINKTYPE_LAPD = 203

_ADDRESS_OCTETS = 2
_SAPI_MAX = 63
_TEI_MAX = 127
_COMMAND_RESPONSE = 0x02
#: Extension bits: 0 in the first address octet, 1 in the last (Q.921 3.2).
_EXTENSION = 0x01


def encode_lapd(frame: LapdFrame) -> bytes:
    """Address, control and information."""
    if not (0 <= frame.sapi <= _SAPI_MAX and 0 <= frame.tei <= _TEI_MAX):
        raise LocalProtocolError(f"LAPD address: expected SAPI 0-63 and TEI 0-127, got {frame}")
    marked = frame.pdu.response != frame.from_network
    first = frame.sapi << 2 | (_COMMAND_RESPONSE if marked else 0)
    address = bytes((first, frame.tei << 1 | _EXTENSION))
    return address + encode_control(frame.pdu) + information_field(frame.pdu)


def decode_lapd(octets: bytes, *, from_network: bool) -> LapdFrame:
    """The frame that fills ``octets``."""
    if len(octets) <= _ADDRESS_OCTETS:
        raise PeerProtocolError(f"LAPD: expected 3 octets or more, got {len(octets)}")
    if octets[0] & _EXTENSION or not octets[1] & _EXTENSION:
        raise PeerProtocolError(f"LAPD address: expected 2 octets, got {octets[:2].hex()}")
    end = 3 if is_unnumbered(octets[2]) else 4
    response = bool(octets[0] & _COMMAND_RESPONSE) != from_network
    pdu = decode_fields(ssap=int(response), control=octets[2:end], info=octets[end:])
    return LapdFrame(sapi=octets[0] >> 2, tei=octets[1] >> 1, from_network=from_network, pdu=pdu)
