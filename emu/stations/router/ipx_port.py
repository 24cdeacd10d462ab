"""What the LAN side of a router asks of its IPX routing table."""

from __future__ import annotations

from typing import Protocol

from emu.pdu.ipx import IpxAddress, IpxDatagram


class IpxRouting(Protocol):
    """RIP, SAP and the table they fill (``machines/routing``)."""

    def hear_lan(self, datagram: IpxDatagram, mac: bytes, now: int, /) -> None:
        """A RIP or SAP packet from the LAN."""
        ...

    def hear_line(self, datagram: IpxDatagram, now: int, /) -> None:
        """The same from the far side."""
        ...

    def segment_of(self, network: int, /) -> int | None:
        """The LAN through which a network is reached, None for one nobody knows."""
        ...

    def node_of(self, address: IpxAddress, /) -> bytes | None:
        """Whom on this LAN a datagram for an address is handed to."""
        ...
