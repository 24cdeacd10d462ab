"""Who was heard when, whatever about: a host may live although one connection of it is dead.

A host is its IPv4 or IPv6 address, or its six-octet MAC address, which is its IPX node too.
Memory grows with hosts, not with frames.

Every tap keeps its own account.  Of what others heard, a tap believes only the one at which the
host appeared first: that stands nearest to it.  Anywhere else a router may have spoken in its
name (facts/ipx.md 4.1, facts/tcp.md 8).
"""

from __future__ import annotations

from collections.abc import Iterator

from emu.check.timeline import Mark
from emu.pdu.ipx import NODE_INTERNAL, IpxAddress


class Hosts:
    """What one tap heard.  ``seen``: the last instant of each host; whoever writes it calls
    ``appears`` for a host that is new.  ``boots``: the last sign of a start."""

    __slots__ = ("_everywhere", "boots", "seen")

    def __init__(self, everywhere: Everywhere | None = None) -> None:
        self.seen: dict[bytes, int] = {}
        self.boots: dict[bytes, Mark] = {}
        self._everywhere = everywhere or Everywhere()

    def heard(self, host: bytes, at_ns: int) -> None:
        if host not in self.seen:
            self.appears(host)
        self.seen[host] = at_ns

    def appears(self, host: bytes) -> None:
        """Called before a host is ``seen`` for the first time."""
        self._everywhere.appears(host, self)

    def booted(self, host: bytes, at_ns: int, frame: int) -> None:
        """What only a starting host sends: name claims, a search for a server."""
        self.heard(host, at_ns)
        self.boots[host] = Mark(at_ns, frame)

    def seen_after(self, host: bytes, at_ns: int) -> bool:
        return any(each.seen.get(host, at_ns) > at_ns for each in self._believed(host))

    def boot_after(self, host: bytes, at_ns: int) -> Mark | None:
        marks = (each.boots.get(host) for each in self._believed(host))
        return min((mark for mark in marks if mark and mark.at_ns > at_ns), default=None)

    def _believed(self, host: bytes) -> Iterator[Hosts]:
        yield self
        home = self._everywhere.home(host)
        if home is not None and home is not self:
            yield home


class Everywhere:
    """The accounts of all taps.  Only of a host that several heard its home is kept."""

    __slots__ = ("_homes", "_taps")

    def __init__(self) -> None:
        self._taps: list[Hosts] = []
        self._homes: dict[bytes, Hosts] = {}

    def tap(self) -> Hosts:
        hosts = Hosts(self)
        self._taps.append(hosts)
        return hosts

    def appears(self, host: bytes, hosts: Hosts) -> None:
        if host in self._homes:
            return
        home = next((each for each in self._taps if host in each.seen), None)
        if home is not None and home is not hosts:
            self._homes[host] = home

    def home(self, host: bytes) -> Hosts | None:
        """The tap that heard it first; None when nobody did."""
        home = self._homes.get(host)
        if home is not None:
            return home
        return next((each for each in self._taps if host in each.seen), None)


def ipx_host(address: IpxAddress) -> bytes:
    """A node is a host; node 1 of an internal network is one only with its network."""
    if address.node == NODE_INTERNAL:
        return address.network.to_bytes(4, "big") + address.node
    return address.node
