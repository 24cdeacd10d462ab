"""IPX on one host: framing, own addresses, and which frames are for it.

The addresses of a world, made from small numbers:

* a segment has the network of ``addresses``; a station's node is its MAC address, and it uses
  network 0 until somebody has addressed it by the real one (facts/ipx.md 1.1, "0 if the node
  has not learned it");
* a server answers from an internal network of its own, DEADBE00 + its number, node
  000000000001; the frame comes from its MAC address, so who replies must use the IPX source
  address on the IPX layer and the MAC address the datagram came from below it;
* sockets: see the constants.

Datagrams of another framing are not ours: NetWare binds each framing as a network of its own.
Hop counts are written as 0 and not looked at: they are the routers' business.

Several transports on one host share a framing: each has an ``IpxPort`` of its own and says which
sockets are its, and the host hands it those datagrams only (``Boot.add``).  What any of them can
answer, such as a RIP request for the internal network, is left to the first that claims it.

Read: facts/ipx.md 1.1, 1.2, 1.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.pdu.ethernet import Framing
from emu.pdu.ipx import NODE_BROADCAST, IpxAddress, IpxDatagram
from emu.stations.base import Share, Surroundings
from emu.wire.ethernet import ETHERNET_II_IPX, LLC_IPX, RAW_IPX, SNAP_IPX, decode_ethernet
from emu.wire.ipx import ipx_frame, ipx_of_frame

_INTERNAL_NETWORKS = 0xDEADBE00

#: Wireshark calls a watchdog by its name only when one side is 4001 or 4003 (facts/ipx.md 1.5).
SOCKET_SERVER_WATCHDOG = 0x4001
#: A client's NCP socket at its first boot (facts/ipx.md 1.1; M for the number).
SOCKET_CLIENT_NCP = 0x4003
#: The next boot's: NCP, watchdog (+1), messages (+2) and one to spare.
SOCKETS_PER_BOOT = 4
#: Dynamic sockets are 4000 to 7FFF (facts/ipx.md 1.1).
SOCKET_DYNAMIC_LAST = 0x7FFF
_BOOTS_WITH_OWN_SOCKETS = (SOCKET_DYNAMIC_LAST + 1 - SOCKET_CLIENT_NCP) // SOCKETS_PER_BOOT

#: By name: the framing, and the two octets that tell it from the others (facts/ipx.md 1.2).
FRAMINGS: dict[str, tuple[Framing, bytes]] = {
    "ethernet-ii": (ETHERNET_II_IPX, b"\x81\x37"),
    "raw-802.3": (RAW_IPX, b"\xff\xff"),
    "802.2": (LLC_IPX, b"\xe0\xe0"),
    "snap": (SNAP_IPX, b"\xaa\xaa"),
}


#: Where a datagram begins in a frame of each claim (facts/ipx.md 1.2), and where in it the
#: destination socket is (1.1).
_DATAGRAM_AT = {b"\x81\x37": 14, b"\xff\xff": 14, b"\xe0\xe0": 17, b"\xaa\xaa": 22}
_SOCKET_AT = 16


def internal_network(server_number: int) -> int:
    """The network a server has inside itself."""
    return _INTERNAL_NETWORKS | server_number & 0xFF


def client_socket(*, boot: int, same: bool) -> int:
    """A client's NCP socket.  ``boot`` counts from 0; ``same``: at every boot the first one."""
    return SOCKET_CLIENT_NCP + (0 if same else SOCKETS_PER_BOOT * (boot % _BOOTS_WITH_OWN_SOCKETS))


@dataclass(frozen=True, slots=True)
class Arrival:
    """A datagram for this host.  ``mac``: the Ethernet address it came from."""

    datagram: IpxDatagram
    mac: bytes


class IpxPort:
    """One host's IPX on one segment.  ``network``: the segment's, 0 while it is not learned."""

    def __init__(self, surroundings: Surroundings, *, framing: str, network: int) -> None:
        self._surroundings = surroundings
        self._framing, claim = FRAMINGS[framing]
        self.claims = (claim,)
        self.network = network
        self._internal: tuple[int, bytes] | None = None

    def shares(self, *sockets: int) -> dict[bytes, Share]:
        """The datagrams to these sockets, as a share of each claim."""
        keys = tuple(socket.to_bytes(2, "big") for socket in sockets)
        return {
            claim: Share(at=_DATAGRAM_AT[claim] + _SOCKET_AT, keys=keys) for claim in self.claims
        }

    def add_internal(self, network: int, node: bytes) -> None:
        """Answer to a network inside the host, too."""
        self._internal = (network, node)

    def open(self, frame: bytes) -> Arrival | None:
        """What a frame carries for this host, None if nothing; ``PeerProtocolError`` if bad."""
        ethernet = decode_ethernet(frame)
        if type(ethernet.framing) is not type(self._framing):
            return None
        datagram = ipx_of_frame(ethernet)
        if datagram is None or not self._is_ours(datagram.destination):
            return None
        return Arrival(datagram, ethernet.source)

    def home(self, socket: int) -> IpxAddress:
        """This host's address on the segment."""
        return IpxAddress(network=self.network, node=self._surroundings.mac, socket=socket)

    def here(self, address: IpxAddress) -> IpxAddress:
        """A peer's full address: network 0 means this segment (facts/ipx.md 1.1)."""
        if address.network:
            return address
        return IpxAddress(network=self.network, node=address.node, socket=address.socket)

    def send(
        self,
        payload: bytes,
        *,
        packet_type: int,
        source: IpxAddress,
        destination: IpxAddress,
        mac: bytes,
    ) -> int:
        """Put a datagram on the wire towards ``mac``; the frame's number at the tap."""
        datagram = IpxDatagram(
            destination=destination, source=source, packet_type=packet_type, payload=payload
        )
        return self._surroundings.transmit(
            ipx_frame(
                datagram, framing=self._framing, destination=mac, source=self._surroundings.mac
            )
        )

    def _is_ours(self, address: IpxAddress) -> bool:
        if self._internal == (address.network, address.node):
            return True
        if address.node == self._surroundings.mac:
            return self._is_here(address.network)
        # A broadcast teaches nobody a network: it may come from a stray configuration.
        return address.node == NODE_BROADCAST and address.network in (0, self.network)

    def _is_here(self, network: int) -> bool:
        """Whether a network is the segment; the first one that addresses us by name says so."""
        if not self.network:
            self.network = network
        return network in (0, self.network)
