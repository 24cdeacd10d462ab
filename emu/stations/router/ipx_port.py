"""The IPX of one router: RIP and SAP between its LAN and its dialled lines, and who is where.

``ipx_routes`` decides; here its ports get their names (``lan``, and each far router's) and its
datagrams their ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from emu.machines.base import Note
from emu.machines.routing import RouterParams
from emu.pdu.ethernet import BROADCAST
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.pdu.ppp import PROTOCOL_IPX
from emu.stations.router.ipx_routes import IpxRoutes, Outgoing
from emu.stations.router.packets import Packet
from emu.wire.ipx import encode_ipx

#: The router's own port; the others are named after the routers at their far ends.
LAN = "lan"

PutDatagram = Callable[[IpxDatagram, bytes, int], None]
Carry = Callable[[Packet, int], None]


class IpxPort:
    """``network``: the LAN's.  ``node``: this router's on every port."""

    def __init__(
        self, params: RouterParams, *, network: int, node: bytes, put: PutDatagram, carry: Carry
    ) -> None:
        nodes = {side.name: node for side in params.interfaces}
        self.routes = IpxRoutes(params, nodes=nodes)
        self._network, self._put, self._carry = network, put, carry

    # --- routing -----------------------------------------------------------------------------

    def takes(self, datagram: IpxDatagram) -> bool:
        """Whether it is RIP or SAP."""
        return self.routes.takes(datagram)

    def hear_lan(self, datagram: IpxDatagram, now: int) -> None:
        """A RIP or SAP packet from the LAN."""
        self._send(self.routes.receive(LAN, datagram, now), now)

    def hear_line(self, router: str, datagram: IpxDatagram, now: int) -> None:
        """The same from a far router."""
        self._send(self.routes.receive(router, datagram, now), now)

    def destination_of(self, network: int) -> str | None:
        """The far router through which a network is reached; None for one that is here, or
        that nobody knows."""
        hop = self.routes.next_hop(network)
        return None if hop is None or hop.interface == LAN else hop.interface

    def node_of(self, address: IpxAddress) -> bytes | None:
        """Whom on this LAN a datagram for an address is handed to."""
        if address.network in (0, self._network):
            return address.node
        hop = self.routes.next_hop(address.network)
        return None if hop is None or hop.interface != LAN else hop.node

    # --- links and timers ----------------------------------------------------------------------

    def link_changed(self, router: str, *, up: bool, now: int) -> None:
        """A dialled link is there, or was hung up."""
        said = (
            self.routes.link_up(router, now)
            if up
            else self.routes.link_down(router, now, failed=False)
        )
        self._send(said, now)

    def call_failed(self, router: str, now: int) -> None:
        """A link could not be made."""
        self._send(self.routes.link_down(router, now, failed=True), now)

    def due(self) -> int | None:
        """When an update or a repetition is due next."""
        return self.routes.due()

    def expire(self, now: int) -> None:
        """It is."""
        self._send(self.routes.expire(now), now)

    def take_notes(self) -> list[Note]:
        """What happened since the last time."""
        notes, self.routes.notes = self.routes.notes, []
        return notes

    def _send(self, outgoing: Iterable[Outgoing], now: int) -> None:
        for each in outgoing:
            if each.port == LAN:
                self._put(each.datagram, each.mac or BROADCAST, now)
                continue
            self._carry(
                Packet(
                    protocol=PROTOCOL_IPX,
                    payload=encode_ipx(each.datagram),
                    to=each.port,
                    urgent=each.triggered,
                ),
                now,
            )
