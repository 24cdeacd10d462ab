"""A whole frame: taken apart into PDUs and put together again.

``dissect`` never fails: what is unknown, or claims to be known and is malformed, stays octets
at the end of the tuple.  It reads captures, so it also takes what a host would refuse: wrong
checksums, payloads cut short by the capture's limit.  ``emu.wire.describe`` puts a frame in
words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from emu.errors import PeerProtocolError
from emu.pdu.arp import Arp
from emu.pdu.ethernet import EthernetFrame, EthernetII, Framing, Llc, Snap
from emu.pdu.ip_tcp import PROTOCOL_TCP, Ipv4Datagram, TcpSegment
from emu.pdu.ipx import SOCKET_RIP, SOCKET_SAP, TYPE_NCP, TYPE_SPX, IpxDatagram
from emu.pdu.llc2 import (
    FrameReject,
    Information,
    Llc2Pdu,
    Supervisory,
    Unnumbered,
    UnnumberedKind,
)
from emu.pdu.nbf import NameFrame, SessionFrame
from emu.pdu.nbipx import SOCKET_NETBIOS, NbipxDatagram, NbipxName, NbipxSession
from emu.pdu.ncp import NcpReply, NcpRequest, Watchdog
from emu.pdu.nmpi import SOCKET_MAILSLOT, SOCKET_NAME_QUERY, Nmpi
from emu.pdu.rip_sap import Rip, Sap
from emu.pdu.serialization import SOCKET_SERIALIZATION, Serialization
from emu.pdu.smb.header import SOCKET_SMB_CLIENT, SOCKET_SMB_SERVER
from emu.pdu.smb.message import Smb
from emu.pdu.spx import Spx
from emu.wire import ethernet
from emu.wire.arp import ARP_OCTETS, decode_arp, encode_arp
from emu.wire.describe import describe_layers, summarise_layers
from emu.wire.ethernet import decode_ethernet, encode_ethernet
from emu.wire.ip_tcp import decode_ipv4, decode_tcp, encode_ipv4, encode_tcp
from emu.wire.ipx import carries_ipx, decode_ipx, encode_ipx
from emu.wire.llc2 import (
    decode_frame_reject,
    encode_control,
    encode_frame_reject,
    information_field,
    llc2_of_frame,
)
from emu.wire.nbf import decode_nbf, encode_nbf
from emu.wire.nbipx import decode_nbipx, encode_nbipx
from emu.wire.ncp import decode_ncp, encode_ncp
from emu.wire.nmpi import decode_nmpi, encode_nmpi
from emu.wire.rip_sap import decode_rip, decode_sap, encode_rip, encode_sap
from emu.wire.serialization import decode_serialization, encode_serialization
from emu.wire.smb.message import dissect_smb, encode_smb
from emu.wire.spx import decode_spx, encode_spx

#: The fragment offset of ``flags_fragment`` (RFC 791 3.1).
_FRAGMENT_OFFSET = 0x1FFF

Layers = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Content:
    """Layers found in some octets, and how many octets of them they account for."""

    layers: Layers
    octets: int


def dissect(octets: bytes) -> Layers:
    """The PDUs in a frame, outermost first; the last element is bytes if octets are left over.

    The outer ones hold the inner ones' octets as well.  Behind a known body, padding is the
    ``trailer`` of the ``EthernetFrame`` whatever the framing, so that ``body`` is the inner PDU.
    """
    try:
        frame = decode_ethernet(octets)
    except PeerProtocolError:
        return (octets,)
    try:
        content = _ethernet_content(frame)
    except PeerProtocolError:
        return (frame, frame.body)
    body, rest = frame.body[: content.octets], frame.body[content.octets :]
    return (replace(frame, body=body, trailer=rest + frame.trailer), *content.layers)


def _ethernet_content(frame: EthernetFrame) -> _Content:
    if carries_ipx(frame.framing):
        return _ipx_content(decode_ipx(frame.body))
    link_frame = llc2_of_frame(frame)
    if link_frame is not None:
        return _Content((link_frame, *_netbios_layers(link_frame)), len(frame.body))
    match _ethertype(frame.framing):
        case ethernet.ETHERTYPE_IPV4:
            return _ipv4_content(decode_ipv4(frame.body, whole=False))
        case ethernet.ETHERTYPE_ARP:
            return _Content((decode_arp(frame.body),), ARP_OCTETS)
        case _:
            return _Content(_octets_left(frame.body), len(frame.body))


def _ethertype(framing: Framing) -> int | None:
    """The type a framing names, directly or through SNAP (RFC 1042)."""
    if isinstance(framing, EthernetII):
        return framing.ethertype
    if isinstance(framing, Snap) and framing.oui == ethernet.OUI_ETHERTYPE:
        return framing.protocol
    return None


def _netbios_layers(pdu: Llc2Pdu) -> Layers:
    """NBF in UI and I frames, the reason in FRMR; a test or an identification stays octets."""
    info = information_field(pdu)
    if isinstance(pdu, Information) or pdu.kind is UnnumberedKind.UI:
        return _inner(decode_nbf, info)
    if pdu.kind is UnnumberedKind.FRMR:
        return _inner(decode_frame_reject, info)
    return _octets_left(info)


def _octets_left(octets: bytes) -> Layers:
    return (octets,) if octets else ()


def _ipv4_content(datagram: Ipv4Datagram) -> _Content:
    octets = 20 + len(datagram.options) + len(datagram.payload)
    first = not datagram.flags_fragment & _FRAGMENT_OFFSET
    if datagram.protocol != PROTOCOL_TCP or not first:
        return _Content((datagram, *_octets_left(datagram.payload)), octets)
    return _Content((datagram, *_inner(decode_tcp, datagram.payload)), octets)


def _ipx_content(datagram: IpxDatagram) -> _Content:
    octets = 30 + len(datagram.payload)
    decode = _ipx_payload_decoder(datagram)
    if decode is None:
        return _Content((datagram, *_octets_left(datagram.payload)), octets)
    return _Content((datagram, *_inner(decode, datagram.payload)), octets)


def _ipx_payload_decoder(datagram: IpxDatagram) -> Callable[[bytes], object] | None:
    """By packet type for NCP and SPX, by socket for the others (facts/ipx.md 1.5 to 1.12).

    SAP, RIP and NetBIOS senders differ in the packet type they write, so the socket decides.
    """
    if datagram.packet_type in _DECODER_BY_TYPE:
        return _DECODER_BY_TYPE[datagram.packet_type]
    sockets = (datagram.destination.socket, datagram.source.socket)
    if SOCKET_NETBIOS in sockets:
        return partial(decode_nbipx, packet_type=datagram.packet_type)
    return next((decode for socket, decode in _DECODERS_BY_SOCKET if socket in sockets), None)


_DECODER_BY_TYPE: dict[int, Callable[[bytes], object]] = {
    TYPE_NCP: decode_ncp,
    TYPE_SPX: decode_spx,
}
_DECODERS_BY_SOCKET: tuple[tuple[int, Callable[[bytes], object]], ...] = (
    (SOCKET_SAP, decode_sap),
    (SOCKET_RIP, decode_rip),
    (SOCKET_NAME_QUERY, decode_nmpi),
    (SOCKET_MAILSLOT, decode_nmpi),
    (SOCKET_SERIALIZATION, decode_serialization),
    (SOCKET_SMB_SERVER, dissect_smb),
    (SOCKET_SMB_CLIENT, dissect_smb),
)


def _inner(decode: Callable[[bytes], object], payload: bytes) -> Layers:
    """The innermost layers; nothing stays nothing, malformed octets stay octets."""
    try:
        pdu = decode(payload)
    except PeerProtocolError:
        return _octets_left(payload)
    return (pdu, *_octets_left(pdu.payload)) if isinstance(pdu, TcpSegment) else (pdu,)


def rebuild(layers: Layers) -> bytes:
    """The octets of a dissected frame, the same ones if the layers are as ``dissect`` gave them.

    Each layer is encoded anew around what is inside it; an LLC frame rules the framing too.
    """
    octets = b""
    layers = _with_own_control(layers)
    for outer, layer in reversed(list(zip((None, *layers), layers, strict=False))):
        octets = _encode(layer, octets, outer)
    return octets


def _with_own_control(layers: Layers) -> Layers:
    """The control field and the SSAP's low bit belong to the LLC frame, if there is one."""
    match layers:
        case (
            EthernetFrame(framing=Llc() as llc) as frame,
            Unnumbered() | Supervisory() | Information() as pdu,
            *rest,
        ):
            ssap = llc.ssap & ~1 | pdu.response
            framing = replace(llc, ssap=ssap, control=encode_control(pdu))
            return (replace(frame, framing=framing), pdu, *rest)
        case _:
            return layers


def _encode(layer: object, inner: bytes, outer: object) -> bytes:
    match layer:
        case bytes():
            return layer
        case EthernetFrame():
            return encode_ethernet(replace(layer, body=inner), pad=False)
        case Ipv4Datagram():
            return encode_ipv4(replace(layer, payload=inner))
        case IpxDatagram():
            return encode_ipx(replace(layer, payload=inner))
        case Unnumbered() | Supervisory() | Information():
            return inner
        case TcpSegment() if isinstance(outer, Ipv4Datagram):
            return encode_tcp(replace(layer, payload=inner), outer.source, outer.destination)
        case _:
            return _encode_innermost(layer)


def _encode_innermost(layer: object) -> bytes:
    match layer:
        case Arp():
            return encode_arp(layer)
        case NameFrame() | SessionFrame():
            return encode_nbf(layer)
        case FrameReject():
            return encode_frame_reject(layer)
        case _:
            return _encode_over_ipx(layer)


def _encode_over_ipx(layer: object) -> bytes:
    match layer:
        case NcpRequest() | NcpReply() | Watchdog():
            return encode_ncp(layer)
        case Spx():
            return encode_spx(layer)
        case NbipxName() | NbipxDatagram() | NbipxSession():
            return encode_nbipx(layer)
        case Nmpi():
            return encode_nmpi(layer)
        case Sap():
            return encode_sap(layer)
        case Rip():
            return encode_rip(layer)
        case Serialization():
            return encode_serialization(layer)
        case Smb():
            return encode_smb(layer)
        case _:
            raise TypeError(f"no place for {layer!r} in a frame")


def describe(octets: bytes) -> list[str]:
    """One line for each layer of a frame, outermost first."""
    return describe_layers(dissect(octets))


def summary(octets: bytes) -> str:
    """One line for the whole frame: who to whom, and what."""
    return summarise_layers(dissect(octets))
