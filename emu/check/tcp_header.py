"""The TCP header of an Ethernet frame by ``struct``, without Scapy: captures may be big.

Lengths come from the IP header, so frames cut by a capture limit count whole.  Checksums are
not looked at: captures taken on the sender hold wrong ones (architecture.md 5).  One 802.1Q
tag is stepped over; PPPoE, double tags and IPv6 extension headers are for a later issue.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_ports = struct.Struct("!HHIIBBH").unpack_from
_pair = struct.Struct("!H").unpack_from
_IPV4, _IPV6, _VLAN = 0x0800, 0x86DD, 0x8100
_PROTOCOL_TCP = 6
_IPV4_OCTETS = 20
_FRAGMENT_OFFSET = 0x1FFF


class TcpHeader(NamedTuple):
    """Addresses and ports are ``source`` and ``destination``: 6 octets (IPv4) or 18 (IPv6)."""

    source: bytes
    destination: bytes
    sequence: int
    acknowledgement: int
    flags: int
    window: int
    length: int


def parse_tcp(octets: bytes) -> TcpHeader | None:
    """The header, or None when the frame does not hold a whole one."""
    try:
        (kind,) = _pair(octets, 12)
        at = 14
        if kind == _VLAN:
            (kind,) = _pair(octets, 16)
            at = 18
        if kind == _IPV4:
            return _over_ipv4(octets, at)
        return _over_ipv6(octets, at) if kind == _IPV6 else None
    except (struct.error, IndexError):
        return None


def _over_ipv4(octets: bytes, at: int) -> TcpHeader | None:
    start = octets[at]
    if octets[at + 9] != _PROTOCOL_TCP or start >> 4 != 4:
        return None
    if _pair(octets, at + 6)[0] & _FRAGMENT_OFFSET:
        return None
    header = (start & 15) * 4
    if header < _IPV4_OCTETS:
        return None
    total = _pair(octets, at + 2)[0] or len(octets) - at
    return _header(octets, at + header, total - header, octets[at + 12 : at + 20])


def _over_ipv6(octets: bytes, at: int) -> TcpHeader | None:
    if octets[at] >> 4 != 6 or octets[at + 6] != _PROTOCOL_TCP:
        return None
    length = _pair(octets, at + 4)[0] or len(octets) - at - 40
    return _header(octets, at + 40, length, octets[at + 8 : at + 40])


def ipv6_source(octets: bytes) -> bytes | None:
    """The sender of an IPv6 datagram that is not TCP; None for anything else."""
    if octets[12:14] != b"\x86\xdd" or len(octets) < 54 or octets[20] == _PROTOCOL_TCP:
        return None
    return octets[22:38]


def _header(octets: bytes, at: int, total: int, addresses: bytes) -> TcpHeader | None:
    _, _, sequence, acknowledgement, offset, flags, window = _ports(octets, at)
    length = total - (offset >> 4) * 4
    if length < 0 or offset < 0x50:
        return None
    half = len(addresses) // 2
    return TcpHeader(
        addresses[:half] + octets[at : at + 2],
        addresses[half:] + octets[at + 2 : at + 4],
        sequence,
        acknowledgement,
        flags,
        window,
        length,
    )


def endpoint_text(endpoint: bytes) -> str:
    """``10.0.0.1:139`` or ``[fe80::1]:139``."""
    port = int.from_bytes(endpoint[-2:], "big")
    if len(endpoint) == 6:
        return f"{'.'.join(str(each) for each in endpoint[:4])}:{port}"
    from ipaddress import IPv6Address

    return f"[{IPv6Address(endpoint[:16])}]:{port}"
