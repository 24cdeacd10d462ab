"""SPX and the header of SPX II (facts/ipx.md 1.3, 1.4): IPX packet type 5, big-endian.

Sequence, acknowledgement and allocation numbers count packets modulo 65536; system packets do
not consume one.  ``C0`` is a connection request when the destination id is FFFF and a watchdog
request when it is not (facts/ipx.md 8, trap 4).
"""

from __future__ import annotations

from dataclasses import dataclass

CONTROL_SYSTEM = 0x80
CONTROL_ACK_WANTED = 0x40
CONTROL_ATTENTION = 0x20
CONTROL_END_OF_MESSAGE = 0x10
CONTROL_SPX2 = 0x08
CONTROL_NEGOTIATE_SIZE = 0x04
CONTROL_EXTENDED_HEADER = 0x01

#: A request: connection (destination id FFFF) or watchdog; and the answer to either.
CONTROL_REQUEST = CONTROL_SYSTEM | CONTROL_ACK_WANTED
CONTROL_ACKNOWLEDGEMENT = CONTROL_SYSTEM

#: Datastream types from FC on are the protocol's own; FC and FD rest on one source.
STREAM_RELEASE_REQUEST = 0xFC
STREAM_RELEASE_ACK = 0xFD
STREAM_END = 0xFE
STREAM_END_ACK = 0xFF

#: Destination id of a connection request: the caller does not know it yet.
CONNECTION_NONE = 0xFFFF

#: Largest packet of plain SPX is 576 octets, 42 of them headers.
DATA_MAX_OCTETS = 534


@dataclass(frozen=True, slots=True, kw_only=True)
class Spx:
    """One packet.  ``control``: connection control; ``stream``: datastream type, 0..255.

    ``acknowledgement``: the sequence expected next from the peer; ``allocation``: the last one
    the peer may send, so its window is allocation - acknowledgement + 1.
    ``negotiation_size``: octets, SPX II only; None in the 12-octet header, which is the one of
    plain SPX and of every connection request.
    """

    control: int
    stream: int = 0
    source_id: int
    destination_id: int
    sequence: int
    acknowledgement: int
    allocation: int
    negotiation_size: int | None = None
    data: bytes = b""

    @property
    def is_connection_request(self) -> bool:
        """System, acknowledgement wanted, no destination yet."""
        return self.destination_id == CONNECTION_NONE and self._is_request

    @property
    def is_watchdog_request(self) -> bool:
        """The same control on an open connection (bit 04 set would negotiate a size)."""
        return self.destination_id != CONNECTION_NONE and self._is_request

    @property
    def _is_request(self) -> bool:
        return self.control & CONTROL_REQUEST == CONTROL_REQUEST


def has_long_header(control: int, destination_id: int) -> bool:
    """Whether the header has 14 octets: SPX II, but not its connection request (1.4)."""
    return bool(control & CONTROL_SPX2) and destination_id != CONNECTION_NONE
