"""The interfaces of a capture: what a frame of each link type carries, and to which tap it goes.

PPP carries what Ethernet does (RFC 1661 2), so a frame of it is read as one between null
addresses; bridged frames have their own (RFC 2878 4.2).  Signalling, control protocols and the
rows in which a server speaks of itself carry no connection: they are read, and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial

from emu.capture.recording import (
    LINKTYPE_ETHERNET,
    LINKTYPE_LAPD,
    LINKTYPE_PPP,
    LINKTYPE_UPPER_PDU,
    Direction,
    Interface,
)
from emu.check.book import Book
from emu.check.flows import Tap
from emu.errors import PeerProtocolError
from emu.pdu.ppp import PROTOCOL_BRIDGED, PROTOCOL_NBF, PppFrame
from emu.wire.bridging import decode_bridged
from emu.wire.lapd import decode_lapd
from emu.wire.ppp import LINKTYPE_PPP_WITH_DIRECTION, decode_ppp
from emu.wire.ppp_frame import as_ethernet

#: PPP in HDLC-like framing, or Cisco's HDLC (tcpdump.org/linktypes); only the former is PPP.
LINKTYPE_PPP_HDLC = 50
#: "8***" to "b***" are the control protocols of network layers, "c***" and up those of the link
#: (RFC 1661 2).
_CONTROL_MIN = 0x8000
#: RFC 5072 1, and its type on Ethernet (RFC 2464 3).
_PROTOCOL_IPV6, _ETHERTYPE_IPV6 = 0x0057, b"\x86\xdd"
_NULL = bytes(12)
#: The two ends of a PPP link where a frame names none, by the direction of the frame.
_ENDS = {
    Direction.INBOUND: bytes(5) + b"\x01" + bytes(5) + b"\x02",
    Direction.OUTBOUND: bytes(5) + b"\x02" + bytes(5) + b"\x01",
}


class NoFlow(StrEnum):
    """What carries no connection."""

    EVENT_ROW = "event-row"
    LAPD = "lapd"
    PPP_CONTROL = "ppp-control"


#: Takes the instant, the number, the octets and the direction of a frame; whether it was read.
Reader = Callable[[int, int, bytes, Direction | None], bool]


class Links:
    """``taps``, ``readers``: by interface.  ``without_flow``: frames that could be read and carry
    no connection, by what they are."""

    def __init__(self, book: Book) -> None:
        self.taps: dict[int, Tap] = {}
        self.without_flow: dict[NoFlow, int] = {}
        self._book = book
        self.readers: dict[int, Reader] = {}

    def open(self, number: int, interface: Interface) -> Reader:
        """The reader of an interface that has its first frame."""
        reader = self.readers[number] = self._reader(number, interface)
        return reader

    def _reader(self, number: int, interface: Interface) -> Reader:
        if interface.link_type == LINKTYPE_UPPER_PDU:
            return self._event_row
        if interface.link_type == LINKTYPE_LAPD:
            return self._lapd
        tap = self.taps[number] = Tap(number, self._book)
        if interface.name:
            self._book.names[number] = interface.name
        if interface.link_type == LINKTYPE_ETHERNET:
            return tap.ethernet
        if interface.link_type in (LINKTYPE_PPP, LINKTYPE_PPP_HDLC):
            return partial(self._ppp, tap)
        if interface.link_type == LINKTYPE_PPP_WITH_DIRECTION:
            return partial(self._ppp_with_direction, tap)
        return _unknown

    def _event_row(self, *_: object) -> bool:
        return self._no_flow(NoFlow.EVENT_ROW)

    def _lapd(self, _at_ns: int, _frame: int, octets: bytes, _direction: object) -> bool:
        try:
            decode_lapd(octets, from_network=False)
        except PeerProtocolError:
            return False
        return self._no_flow(NoFlow.LAPD)

    def _no_flow(self, kind: NoFlow) -> bool:
        self.without_flow[kind] = self.without_flow.get(kind, 0) + 1
        return True

    def _ppp_with_direction(
        self, tap: Tap, at_ns: int, frame: int, octets: bytes, _direction: object
    ) -> bool:
        """0: received, anything else: sent (tcpdump.org/linktypes, LINKTYPE_PPP_WITH_DIR)."""
        sent = octets[:1] != b"\0"
        direction = Direction.OUTBOUND if sent else Direction.INBOUND
        return self._ppp(tap, at_ns, frame, octets[1:], direction)

    def _ppp(
        self, tap: Tap, at_ns: int, frame: int, octets: bytes, direction: Direction | None
    ) -> bool:
        try:
            ppp = decode_ppp(octets)
            carried = None if ppp.protocol >= _CONTROL_MIN else _carried(ppp, direction)
        except PeerProtocolError:
            return False
        if carried is not None:
            return tap.ethernet(at_ns, frame, carried)
        tap.passes(at_ns, frame)
        return ppp.protocol >= _CONTROL_MIN and self._no_flow(NoFlow.PPP_CONTROL)


def _unknown(*_: object) -> bool:
    return False


def _carried(ppp: PppFrame, direction: Direction | None) -> bytes | None:
    """As an Ethernet frame; None for what no reader here knows.

    NetBEUI without addresses (RFC 2097 3.1, option 4 not agreed on) needs the direction.
    """
    if ppp.protocol == PROTOCOL_BRIDGED:
        return decode_bridged(ppp.payload).frame
    if ppp.protocol == _PROTOCOL_IPV6:
        return _NULL + _ETHERTYPE_IPV6 + ppp.payload
    frame = as_ethernet(ppp)
    if frame is not None and ppp.protocol == PROTOCOL_NBF and frame.startswith(_NULL):
        return None if direction is None else _ENDS[direction] + frame[len(_NULL) :]
    return frame
