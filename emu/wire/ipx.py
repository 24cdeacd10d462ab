"""IPX datagrams and the frames that carry them (facts/ipx.md 1.1, 1.2).

The checksum is carried as it is: FFFF means none, and what NetWare's optional checksum covers
is in no fact sheet, so it is neither computed nor verified.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ethernet import EthernetFrame, EthernetII, Framing, Llc, Raw8023, Snap
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.wire import ethernet

HEADER_OCTETS = 30

_LAYOUT = struct.Struct("!HHBBI6sHI6sH")


def encode_ipx(datagram: IpxDatagram) -> bytes:
    """Header and data; the length is filled in unless the datagram brings its own."""
    to, by = datagram.destination, datagram.source
    if len(to.node) != 6 or len(by.node) != 6:
        raise LocalProtocolError(f"IPX node: expected 6 octets, got {to} and {by}")
    length = datagram.length
    return (
        _LAYOUT.pack(
            datagram.checksum,
            HEADER_OCTETS + len(datagram.payload) if length is None else length,
            datagram.transport_control,
            datagram.packet_type,
            to.network,
            to.node,
            to.socket,
            by.network,
            by.node,
            by.socket,
        )
        + datagram.payload
    )


def decode_ipx(octets: bytes) -> IpxDatagram:
    """The datagram at the start of ``octets``; what lies behind its length is not its own.

    Raises ``PeerProtocolError`` when the header is cut short or the length is impossible.
    """
    if len(octets) < HEADER_OCTETS:
        raise PeerProtocolError(f"IPX: expected 30 octets or more, got {len(octets)}")
    checksum, length, hops, packet_type, *addresses = _LAYOUT.unpack_from(octets)
    if not HEADER_OCTETS <= length <= len(octets):
        raise PeerProtocolError(f"IPX length: expected 30 to {len(octets)}, got {length}")
    return IpxDatagram(
        checksum=checksum,
        length=length,
        transport_control=hops,
        packet_type=packet_type,
        destination=_address(*addresses[:3]),
        source=_address(*addresses[3:]),
        payload=octets[HEADER_OCTETS:length],
    )


def _address(network: int, node: bytes, socket: int) -> IpxAddress:
    return IpxAddress(network=network, node=node, socket=socket)


def ipx_frame(
    datagram: IpxDatagram, *, framing: Framing, destination: bytes, source: bytes
) -> bytes:
    """A whole frame, padded to 60 octets: ``ethernet.RAW_IPX`` and its siblings are framings.

    Raw 802.3 needs a checksum of FFFF: it is the only mark (facts/ipx.md 1.1).
    """
    if isinstance(framing, Raw8023) and datagram.checksum != 0xFFFF:
        raise LocalProtocolError("raw 802.3: expected IPX checksum FFFF, the framing's only mark")
    return ethernet.encode_ethernet(
        EthernetFrame(
            destination=destination, source=source, framing=framing, body=encode_ipx(datagram)
        )
    )


def carries_ipx(framing: Framing) -> bool:
    """Whether a framing is one of the four that carry IPX (facts/ipx.md 1.2)."""
    match framing:
        case EthernetII(ethertype=ethernet.ETHERTYPE_IPX) | Raw8023():
            return True
        case Llc(dsap=ethernet.SAP_NETWARE, ssap=ethernet.SAP_NETWARE, control=ethernet.UI):
            return True
        case Snap(oui=ethernet.OUI_ETHERTYPE, protocol=ethernet.ETHERTYPE_IPX):
            return True
        case _:
            return False


def ipx_of_frame(frame: EthernetFrame) -> IpxDatagram | None:
    """The datagram a frame carries; None when its framing says that it carries none.

    Raises ``PeerProtocolError`` when the framing says IPX and the body is not.
    """
    return decode_ipx(frame.body) if carries_ipx(frame.framing) else None
