"""The addresses of a world, made from one number a port: its segment and its host.

Segment 0 is the server's LAN, every further LAN of a scenario has the next number.  A port's
number gives its IP address (10.segment.x.y, so that 255.255.0.0 is every LAN's mask), its MAC
address (locally administered), and its IPX network (0000000A + segment).
"""

from __future__ import annotations

#: Hosts on one segment; the rest of the number is the segment's.
_SEGMENT_SHIFT = 16
#: Segments 1 to 255 fit into the second octet of network 10/8.
SEGMENTS_MAX = 255
#: The IPX network of segment 0, as in the vectors of facts/ipx.md 1.13.
SEGMENT_NETWORK = 0x0000000A


def port_address(segment: int, host: int) -> int:
    """The number of a host's port on a segment."""
    return segment << _SEGMENT_SHIFT | host


def segment_of(address: int) -> int:
    """Which segment a port's number is on."""
    return address >> _SEGMENT_SHIFT


def ip_address(address: int) -> bytes:
    """A host of network 10/8 (RFC 1918)."""
    return (0x0A000000 + address).to_bytes(4, "big")


def segment_of_ip(ip: bytes) -> int | None:
    """The segment an IP address is on; None for one that is not of this world."""
    return ip[1] if ip[0] == 10 else None


def mac_address(address: int) -> bytes:
    """Locally administered (IEEE 802 8.3), so that it is nobody's."""
    return b"\x02\x00\x00" + address.to_bytes(3, "big")


def ipx_network(segment: int) -> int:
    """The IPX network number of a segment."""
    return SEGMENT_NETWORK + segment


def segment_of_network(network: int) -> int:
    """The segment that has an IPX network number; it may be one that is not there."""
    return network - SEGMENT_NETWORK
