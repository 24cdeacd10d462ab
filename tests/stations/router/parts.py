"""A server's LAN whose way to the client is a router's: frames cross an inspector.

Nothing here knows ``emu.net``: the LAN is ``ncp_lan``'s, and the inspector sits where frames
get lost.  The router's MAC address is the client's own, as the server sees it.
"""

from __future__ import annotations

from emu.machines.ncp import MarsNweParams, NetWareParams
from emu.stations.router.inspector import PASS, Inspector
from emu.units import milliseconds as ms
from tests.machines.ncp_parts import NETWARE, params
from tests.stations.ncp_lan import CLIENT_MAC, SERVER_MAC, Frame, World

#: facts/ipx.md 1.13, the first two vectors, behind the framings of 1.2.
POLL = bytes.fromhex("ffff002000110000000a00a0c91122334004deadbeef0000000000014001053f")
ANSWER = bytes.fromhex("ffff00200011deadbeef00000000000140010000000a00a0c911223340040559")
STARTS = {
    "ethernet-ii": b"\x81\x37",
    "raw-802.3": b"\x00\x20",
    "802.2": b"\x00\x23\xe0\xe0\x03",
    "snap": b"\x00\x28\xaa\xaa\x03\0\0\0\x81\x37",
}
SERVER, ROUTER = SERVER_MAC, bytes.fromhex("00a0c9abcdef")


def framed(name: str, datagram: bytes, *, to: bytes, by: bytes) -> bytes:
    """A frame, octet by octet, padded to 60."""
    return (to + by + STARTS[name] + datagram).ljust(60, b"\0")


class RoutedWorld:
    """``asked``: instants at which a frame of the server's went on to the far side."""

    def __init__(
        self, inspector: Inspector, watchdog: NetWareParams | MarsNweParams = NETWARE
    ) -> None:
        self.inspector = inspector
        self.asked: list[int] = []
        self.dropped: list[int] = []
        self.answered: list[int] = []
        self.world = World(params(watchdog), lose=self._is_lost)

    def dead_client(self) -> None:
        """Log on, and lose power at once."""
        self.world.log_on()
        self.world.power_off()
        self.asked.clear()

    def link(self, *, up: bool) -> None:
        self.inspector.link_changed(up=up, now=self.world.lan.now)

    def run(self, until: int) -> list[str]:
        """What became of the session, by then."""
        self.world.lan.run(until)
        return [what for what, _serial, _detail in self.world.table.what()][2:]

    def lost_at(self) -> int:
        return next(at for at, what, _serial, _detail in self.world.table.said if what == "lost")

    def _is_lost(self, frame: Frame) -> bool:
        lan, by, to = self.world.lan, frame.octets[6:12], frame.octets[:6]
        if by == CLIENT_MAC:
            assert self.inspector.inbound(frame.octets, lan.now) == PASS
        if (by, to) != (SERVER_MAC, CLIENT_MAC):
            return False
        ruling = self.inspector.outbound(frame.octets, lan.now)
        seen = self.asked if ruling.forward else self.answered if ruling.answers else self.dropped
        seen.append(lan.now)
        for answer in ruling.answers:
            lan.schedule(lan.now + ms(1), 0, lambda a=answer: self._reaches_server(a))
        return not ruling.forward

    def _reaches_server(self, octets: bytes) -> None:
        self.world.server_box.receive(Frame(0, self.world.lan.now, octets, lost=False))
