"""Who was heard when, whatever about: a host may live although one connection of it is dead.

A host is its IPv4 or IPv6 address, or its six-octet MAC address, which is its IPX node too.
Memory grows with hosts, not with frames.
"""

from __future__ import annotations

from emu.check.timeline import Mark
from emu.pdu.ipx import NODE_INTERNAL, IpxAddress


class Hosts:
    """``seen``: the last instant of each host.  ``boots``: the last sign of a start."""

    __slots__ = ("boots", "seen")

    def __init__(self) -> None:
        self.seen: dict[bytes, int] = {}
        self.boots: dict[bytes, Mark] = {}

    def booted(self, host: bytes, at_ns: int, frame: int) -> None:
        """What only a starting host sends: name claims, a search for a server."""
        self.boots[host] = Mark(at_ns, frame)
        self.seen[host] = at_ns

    def seen_after(self, host: bytes, at_ns: int) -> bool:
        return self.seen.get(host, at_ns) > at_ns

    def boot_after(self, host: bytes, at_ns: int) -> Mark | None:
        mark = self.boots.get(host)
        return mark if mark is not None and mark.at_ns > at_ns else None


def ipx_host(address: IpxAddress) -> bytes:
    """A node is a host; node 1 of an internal network is one only with its network."""
    if address.node == NODE_INTERNAL:
        return address.network.to_bytes(4, "big") + address.node
    return address.node
