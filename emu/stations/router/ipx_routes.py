"""One router's RIP and SAP in octets: datagrams of its ports in, datagrams for its ports out.

Thin glue: ``machines/routing`` decides everything.  A node is taken for the MAC address it is
reached by, as it is for whoever sends RIP and SAP from its segment's address.

Read: facts/ipx.md 1.1, 1.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from emu.errors import PeerProtocolError
from emu.machines.base import (
    EXPIRED,
    Asked,
    Effects,
    Note,
    Received,
    Stimulus,
    Transmit,
)
from emu.machines.routing import IpxRouter, LinkDown, LinkUp, NextHop, On, RouterParams
from emu.pdu.ipx import (
    NODE_BROADCAST,
    SOCKET_RIP,
    SOCKET_SAP,
    TYPE_PEP,
    TYPE_RIP,
    IpxAddress,
    IpxDatagram,
)
from emu.pdu.rip_sap import TRIGGERED, Rip, Sap
from emu.wire.rip_sap import decode_rip, decode_sap, encode_rip, encode_sap

_DECODERS = {SOCKET_RIP: decode_rip, SOCKET_SAP: decode_sap}


class Outgoing(NamedTuple):
    """``mac``: whom the frame goes to on that port, None for everybody.  ``triggered``: a
    routing datagram that a dialled link must be raised for, whatever its dialer list says of
    RIP and SAP (RFC 1582 2.1: the circuit manager opens a circuit for it)."""

    port: str
    datagram: IpxDatagram
    mac: bytes | None
    triggered: bool


class IpxRoutes:
    """See the module.  ``nodes``: this router's node (MAC address) on each port.

    ``dropped``: RIP and SAP datagrams nobody could read.  ``notes``: what the machine noted,
    for the ledger; whoever reads them empties the list.
    """

    def __init__(self, params: RouterParams, *, nodes: Mapping[str, bytes]) -> None:
        self.machine = IpxRouter(params)
        #: Asked for after every frame at the router, changed by the machine's steps alone.
        self._due_ns = self.machine.due()
        self.dropped = 0
        self.notes: list[Note] = []
        self._nodes = nodes
        self._networks = {side.name: side.network for side in params.interfaces}

    @staticmethod
    def takes(datagram: IpxDatagram) -> bool:
        """Whether a datagram is for ``receive``: to the socket of RIP or of SAP."""
        return datagram.destination.socket in _DECODERS

    def receive(self, port: str, datagram: IpxDatagram, now: int) -> list[Outgoing]:
        """A datagram that arrived at a port; the answers.  What is not for us does nothing."""
        if not self.takes(datagram) or not self._is_ours(port, datagram.destination):
            return []
        try:
            packet = _DECODERS[datagram.destination.socket](datagram.payload)
        except PeerProtocolError:
            self.dropped += 1
            return []
        peer = datagram.source
        if not peer.network:  # a client that has not learned its network (facts/ipx.md 1.1)
            peer = IpxAddress(network=self._networks[port], node=peer.node, socket=peer.socket)
        return self._step(Received(On(port, packet, peer)), now)

    def link_up(self, port: str, now: int) -> list[Outgoing]:
        """The link behind a port is there."""
        return self._step(Asked(LinkUp(port)), now)

    def link_down(self, port: str, now: int, *, failed: bool) -> list[Outgoing]:
        """It is gone: hung up, or it could not be made (``failed``)."""
        return self._step(Asked(LinkDown(port, failed=failed)), now)

    def expire(self, now: int) -> list[Outgoing]:
        """The instant ``due`` named has come."""
        return self._step(EXPIRED, now)

    def due(self) -> int | None:
        """When ``expire`` is wanted next."""
        return self._due_ns

    def next_hop(self, network: int) -> NextHop | None:
        """Port and next router for a network; node None: it is that port's own segment."""
        return self.machine.route(network)

    def _is_ours(self, port: str, to: IpxAddress) -> bool:
        return to.node in (self._nodes[port], NODE_BROADCAST) and to.network in (
            0,
            self._networks[port],
        )

    def _step(self, stimulus: Stimulus, now: int) -> list[Outgoing]:
        effects: Effects = self.machine.step(stimulus, now)
        self._due_ns = self.machine.due()
        for effect in effects:
            match effect:
                case Note():
                    self.notes.append(effect)
                case Transmit(about=Note() as note):
                    self.notes.append(note)
                case _:
                    pass
        return [self._outgoing(effect.pdu) for effect in effects if isinstance(effect, Transmit)]

    def _outgoing(self, on: On) -> Outgoing:
        rip = isinstance(on.packet, Rip)
        socket, network = SOCKET_RIP if rip else SOCKET_SAP, self._networks[on.interface]
        everybody = IpxAddress(network=network, node=NODE_BROADCAST, socket=socket)
        datagram = IpxDatagram(
            destination=on.peer or everybody,
            source=IpxAddress(network=network, node=self._nodes[on.interface], socket=socket),
            packet_type=TYPE_RIP if rip else TYPE_PEP,
            payload=_payload(on.packet),
        )
        mac = on.peer.node if on.peer is not None else None
        return Outgoing(on.interface, datagram, mac, on.packet.operation in TRIGGERED)


def _payload(packet: Rip | Sap) -> bytes:
    return encode_rip(packet) if isinstance(packet, Rip) else encode_sap(packet)
