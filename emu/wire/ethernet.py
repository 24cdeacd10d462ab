"""Ethernet frames without FCS: Ethernet II, raw 802.3, 802.2 LLC and SNAP.

Sources: IEEE 802.3 3.2 (length and padding), IEEE 802.2 5.4 (control field), RFC 1042 (SNAP),
facts/ipx.md 1.2 (the four framings of IPX).  Knows nothing of VLAN tags: a tagged frame is
Ethernet II of type 8100 and stays so.

The 802.3 length is believed when it points inside the frame; when it points behind the end
(a capture cut short) the body is what is there.  Either way it is kept as it was.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ethernet import (
    FRAME_MIN_OCTETS,
    EthernetFrame,
    EthernetII,
    Framing,
    Llc,
    Raw8023,
    Snap,
)

HEADER_OCTETS = 14

#: Smallest value that is a type, not a length (IEEE 802.3 3.2.6).
ETHERTYPE_MIN = 0x0600

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPX = 0x8137

#: DSAP and SSAP of NetWare (facts/ipx.md 1.2).
SAP_NETWARE = 0xE0
SAP_SNAP = 0xAA
#: Unnumbered information, the control octet of IPX and SNAP frames (IEEE 802.2 5.4.1).
UI = b"\x03"

OUI_ETHERTYPE = b"\0\0\0"

LLC_IPX = Llc(dsap=SAP_NETWARE, ssap=SAP_NETWARE, control=UI)
SNAP_IPX = Snap(oui=OUI_ETHERTYPE, protocol=ETHERTYPE_IPX)
ETHERNET_II_IPX = EthernetII(ethertype=ETHERTYPE_IPX)
RAW_IPX = Raw8023()

_RAW_MARK = b"\xff\xff"
_SNAP_START = bytes((SAP_SNAP, SAP_SNAP)) + UI
_SNAP_OCTETS = 8


def address_octets(address: bytes) -> bytes:
    """The address itself, once it is sure to be one: ``struct`` would cut or fill silently."""
    if len(address) != 6:
        raise LocalProtocolError(f"Ethernet address: expected 6 octets, got {address.hex()}")
    return address


def encode_ethernet(frame: EthernetFrame, *, pad: bool = True) -> bytes:
    """Octets of a frame.

    ``pad``: fill up to 60 octets with zeros outside the length (IEEE 802.3 4.2.3.3); False
    gives back a foreign frame that was captured before its sender's adapter padded it.
    """
    start = address_octets(frame.destination) + address_octets(frame.source)
    octets = start + _framing_octets(frame.framing, len(frame.body)) + frame.body + frame.trailer
    return octets.ljust(FRAME_MIN_OCTETS, b"\0") if pad else octets


def _framing_octets(framing: Framing, body_octets: int) -> bytes:
    """Everything between the addresses and the body."""
    if isinstance(framing, EthernetII):
        return framing.ethertype.to_bytes(2, "big")
    header = _llc_octets(framing)
    length = framing.length
    return (len(header) + body_octets if length is None else length).to_bytes(2, "big") + header


def _llc_octets(framing: Raw8023 | Llc | Snap) -> bytes:
    if isinstance(framing, Llc):
        return bytes((framing.dsap, framing.ssap)) + framing.control
    if isinstance(framing, Snap):
        return _SNAP_START + framing.oui + framing.protocol.to_bytes(2, "big")
    return b""


def decode_ethernet(octets: bytes) -> EthernetFrame:
    """The frame in ``octets``, with its length and trailer as they were.

    Raises ``PeerProtocolError`` when a header is cut short.
    """
    if len(octets) < HEADER_OCTETS:
        raise PeerProtocolError(f"Ethernet: expected 14 octets or more, got {len(octets)}")
    kind = int.from_bytes(octets[12:14], "big")
    if kind >= ETHERTYPE_MIN:
        return _frame(octets, EthernetII(ethertype=kind), octets[HEADER_OCTETS:], b"")
    end = HEADER_OCTETS + kind
    framing, header_octets = _decode_llc(octets[HEADER_OCTETS:end], kind)
    return _frame(octets, framing, octets[HEADER_OCTETS + header_octets : end], octets[end:])


def _frame(octets: bytes, framing: Framing, body: bytes, trailer: bytes) -> EthernetFrame:
    return EthernetFrame(
        destination=octets[:6], source=octets[6:12], framing=framing, body=body, trailer=trailer
    )


def _decode_llc(content: bytes, length: int) -> tuple[Raw8023 | Llc | Snap, int]:
    """The framing of an 802.3 frame and how many octets its header takes.

    FFFF comes first: read as LLC it would be a broadcast to the global SAP from a group SAP,
    which no sender uses, so Novell's raw framing is told apart by it (facts/ipx.md 1.2, 7).
    """
    if content.startswith(_RAW_MARK):
        return Raw8023(length=length), 0
    if content.startswith(_SNAP_START):
        return _decode_snap(content, length), _SNAP_OCTETS
    if len(content) < 3:
        raise PeerProtocolError(f"LLC: expected 3 octets or more, got {len(content)}")
    control_octets = 1 if is_unnumbered(content[2]) else 2
    header_octets = 2 + control_octets
    if len(content) < header_octets:
        raise PeerProtocolError("LLC: expected a second control octet, got the end of the frame")
    control = content[2:header_octets]
    return Llc(dsap=content[0], ssap=content[1], control=control, length=length), header_octets


def is_unnumbered(control: int) -> bool:
    """Whether a control field is one octet long: U format (IEEE 802.2 5.3)."""
    return control & 3 == 3


def _decode_snap(content: bytes, length: int) -> Snap:
    if len(content) < _SNAP_OCTETS:
        raise PeerProtocolError(f"SNAP: expected 8 octets or more, got {len(content)}")
    oui, protocol = struct.unpack_from("!3sH", content, 3)
    return Snap(oui=oui, protocol=protocol, length=length)
