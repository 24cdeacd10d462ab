"""IPX datagrams: to the connection they belong to, and what they say about hosts.

Documents: facts/ipx.md 1.5, 1.6 (NCP), 1.3 (SPX), 1.9 (NBIPX), 1.12 (SAP, RIP).
"""

from __future__ import annotations

from emu.check.book import Book
from emu.check.hosts import ipx_host
from emu.check.ncp import NcpFlows
from emu.check.paired import NbipxFlows, SpxFlows
from emu.pdu.ipx import IpxDatagram
from emu.pdu.nbipx import NbipxDatagram, NbipxName, NbipxNameKind, NbipxSession
from emu.pdu.ncp import NcpReply, NcpRequest, Watchdog
from emu.pdu.nmpi import Nmpi, NmpiOperation
from emu.pdu.rip_sap import Rip, Sap
from emu.pdu.serialization import Serialization
from emu.pdu.spx import Spx

#: Get Nearest Server: what a client asks before it has any (facts/ipx.md 3.1).
_SAP_NEAREST_QUERY = 3


class IpxFlows:
    """The IPX connections that one tap sees."""

    def __init__(self, tap: int, book: Book) -> None:
        self._hosts = book.hosts(tap)
        self._ncp = NcpFlows(tap, book)
        self._spx = SpxFlows(tap, book)
        self._nbipx = NbipxFlows(tap, book)

    def datagram(
        self, datagram: IpxDatagram, inner: tuple[object, ...], at_ns: int, frame: int
    ) -> bool:
        """Take a datagram; whether its content is known."""
        host = ipx_host(datagram.source)
        self._hosts.heard(host, at_ns)
        pdu = inner[0] if inner else None
        match pdu:
            case NcpRequest() | NcpReply() | Watchdog():
                self._ncp.packet(datagram, pdu, at_ns, frame)
            case Spx():
                self._spx.packet(datagram, pdu, at_ns, frame)
            case NbipxSession():
                self._nbipx.packet(datagram, pdu, at_ns, frame)
            case NbipxDatagram() | Rip() | Serialization():
                pass
            case Sap() | NbipxName() | Nmpi():
                if _is_start(pdu):
                    self._hosts.booted(host, at_ns, frame)
            case _:
                return False
        return True


def _is_start(pdu: Sap | NbipxName | Nmpi) -> bool:
    """What only a starting station sends: the search for a server, the claim of a name."""
    if isinstance(pdu, Sap):
        return pdu.operation == _SAP_NEAREST_QUERY
    if isinstance(pdu, NbipxName):
        return pdu.kind is NbipxNameKind.CHECK
    return pdu.operation is NmpiOperation.CLAIM
