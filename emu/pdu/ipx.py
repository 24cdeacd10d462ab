"""IPX datagrams (facts/ipx.md 1.1).  Network before node, everything big-endian."""

from __future__ import annotations

from dataclasses import dataclass

SOCKET_NCP = 0x0451
SOCKET_SAP = 0x0452
SOCKET_RIP = 0x0453

TYPE_UNKNOWN = 0
TYPE_RIP = 1
TYPE_PEP = 4
TYPE_SPX = 5
TYPE_NCP = 17
TYPE_BROADCAST_20 = 20

NODE_BROADCAST = b"\xff" * 6
#: The node of a server on its own internal network (facts/ipx.md 1.1).
NODE_INTERNAL = b"\0\0\0\0\0\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class IpxAddress:
    """``network``: 32 bits, 0 means this segment; ``node``: 6 octets; ``socket``: 16 bits."""

    network: int
    node: bytes
    socket: int

    @property
    def host(self) -> str:
        """Without the socket."""
        return f"{self.network:08X}:{self.node.hex().upper()}"

    def __str__(self) -> str:
        return f"{self.host}:{self.socket:04X}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IpxDatagram:
    """One datagram.  ``checksum`` FFFF means none; ``length`` None is computed when encoded."""

    destination: IpxAddress
    source: IpxAddress
    packet_type: int
    payload: bytes
    transport_control: int = 0
    checksum: int = 0xFFFF
    length: int | None = None
