"""IPX datagrams, and connections of SPX and NetBIOS over IPX (facts/ipx.md 1.1 to 1.3, 1.9).

Both number their packets and both ask an idle peer with control C0; SPX is big-endian, a NetBIOS
session little-endian.  Part of tests/reader.py.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from tests.reader_parts import Connection, Frame, Probe

TYPE_NETBIOS, TYPE_SPX = 4, 5
NETBIOS_SOCKET = 0x0455
SYSTEM, ACK_WANTED = 0x80, 0x40
#: Ids of nobody yet: the packet asks for a connection.
NOBODY = 0xFFFF
SPX_END, NETBIOS_END = 0xFE, 0x07
NETBIOS_KINDS = range(0x06, 0x09)


def ipx(octets: bytes) -> tuple[bytes, int, bytes, int, bytes] | None:
    """Destination node and socket, source node and socket, payload (facts/ipx.md 1.1, 1.2)."""
    if octets[12:14] == b"\x81\x37" or octets[14:16] == b"\xff\xff":
        start = 14
    elif octets[14:17] == b"\xe0\xe0\x03":
        start = 17
    elif octets[14:22] == b"\xaa\xaa\x03\x00\x00\x00\x81\x37":
        start = 22
    else:
        return None
    length = struct.unpack_from(">H", octets, start + 2)[0]
    datagram = octets[start : start + length]
    to_node, to_socket, _, by_node, by_socket = struct.unpack_from(">6sHI6sH", datagram, 10)
    return to_node, to_socket, by_node, by_socket, datagram[30:]


@dataclass(frozen=True)
class _Packet:
    """``sequence``: its own; ``expects``: the next one of the peer's.

    ``payload``: whether it takes a number of its own.
    """

    transport: str
    control: int
    kind: int
    source: tuple[bytes, int]
    destination: tuple[bytes, int]
    sequence: int
    expects: int
    payload: bool

    @property
    def is_end(self) -> bool:
        return self.kind == (SPX_END if self.transport == "spx" else NETBIOS_END)


def _packet(octets: bytes) -> _Packet | None:
    """Who is who: node and connection id; of an SPX or session packet only."""
    datagram = ipx(octets)
    if datagram is None:
        return None
    to_node, to_socket, by_node, by_socket, payload = datagram
    start = next(at for at in (14, 17, 22) if octets[at : at + 2] == b"\xff\xff")
    packet_type = octets[start + 5]
    if packet_type == TYPE_SPX:
        control, kind, source, destination, sequence, expects = struct.unpack_from(
            ">BBHHHH", payload
        )
        transport, length = "spx", len(payload) - 12
    elif packet_type == TYPE_NETBIOS and to_socket == by_socket == NETBIOS_SOCKET:
        control, kind, source, destination, sequence, _, _, length, expects = struct.unpack_from(
            "<BBHHHHHHH", payload
        )
        transport = "nbipx"
        if len(payload) == 50 and kind not in NETBIOS_KINDS:  # a name packet that answers
            return None
        if payload[:32] == bytes(32):
            return None
    else:
        return None
    numbered = length > 0 and not control & SYSTEM
    return _Packet(
        transport, control, kind, (by_node, source), (to_node, destination), sequence, expects,
        numbered,
    )  # fmt: skip


class Sliding:
    """Connections by their client's node and id."""

    def __init__(self) -> None:
        self.open: dict[tuple[bytes, int], Connection] = {}
        self.carriers: dict[int, Connection] = {}
        self.cleared: list[Connection] = []

    def row(self, move: Any) -> None:
        """The server gives up without a word (facts/ipx.md 1.3, 3.3): its row alone says when.

        A session's connection is the one whose packet made it active.  What its client says
        later finds nobody.
        """
        if move is None:
            return
        if move.after == "ACTIVE":
            for connection in self.open.values():
                if connection.heard[-1].at_ns == move.at_ns:
                    self.carriers[move.session] = connection
        elif move.before == "ACTIVE" and move.session in self.carriers:
            self.cleared.append(self.carriers.pop(move.session))

    def _is_over(self, connection: Connection) -> bool:
        return connection.goodbye is not None or any(connection is c for c in self.cleared)

    def frame(self, frame: Frame) -> Connection | None:
        packet = _packet(frame.octets)
        if packet is None:
            return None
        if packet.destination[1] == NOBODY:
            return self._request(frame, packet)
        client = self.open.get(packet.source)
        if client is not None:
            if not self._is_over(client):
                _from_client(client, frame, packet)
            return None
        server = self.open.get(packet.destination)
        if server is not None and not self._is_over(server):
            _from_server(server, frame, packet)
        return None

    def _request(self, frame: Frame, packet: _Packet) -> Connection | None:
        """A request that is repeated is for the connection its first copy made."""
        old = self.open.get(packet.source)
        if old is not None and not self._is_over(old):
            old.heard.append(frame)
            return None
        node, number = packet.source
        made = Connection(
            packet.transport, f"{node.hex()}:{number:04X}", frame.octets[6:12], frame.at_ns, [frame]
        )
        made.owes = True
        self.open[packet.source] = made
        return made


def _ahead(number: int, other: int) -> bool:
    return 0 < (number - other) % 2**16 < 2**15


def _from_client(connection: Connection, frame: Frame, packet: _Packet) -> None:
    """Whatever it says is a sign of life (facts/ipx.md 3.2)."""
    connection.heard.append(frame)
    asked = bool(connection.probes) and connection.probes[-1].answer is None
    if asked:
        connection.probes[-1].answer = frame
    if packet.control == SYSTEM | ACK_WANTED:
        connection.client_probes.append(Probe(frame))
    elif packet.control == SYSTEM and not asked and not connection.waiting:
        connection.client_unasked.append(frame)
    connection.owes = connection.owes or packet.payload or packet.is_end
    before = len(connection.waiting)
    connection.waiting = [
        each for each in connection.waiting if not _ahead(packet.expects, each[0])
    ]
    if not connection.waiting:
        connection.unacknowledged_since_ns = None
    elif len(connection.waiting) < before:
        connection.unacknowledged_since_ns = frame.at_ns
    if packet.is_end:
        connection.goodbye = ("end", "client", frame)


def _from_server(connection: Connection, frame: Frame, packet: _Packet) -> None:
    if packet.control == SYSTEM | ACK_WANTED:
        connection.probes.append(Probe(frame))
    elif packet.payload:
        known = connection.server_next
        if known is not None and not _ahead(packet.sequence + 1, known):
            connection.repeated.append(frame)
            return
        connection.server_next = (packet.sequence + 1) % 2**16
        if not connection.waiting:
            connection.unacknowledged_since_ns = frame.at_ns
        connection.waiting.append((packet.sequence, connection.server_next))
    elif packet.is_end:
        connection.goodbye = ("end", "server", frame)
    elif packet.control == SYSTEM:
        _system_from_server(connection, frame)
    connection.owes = False


def _system_from_server(connection: Connection, frame: Frame) -> None:
    """It answers a probe of the client's, acknowledges its data, or says that it is there."""
    asked = connection.client_probes[-1:]
    if asked and asked[0].answer is None:
        asked[0].answer = frame
    elif not connection.owes:
        connection.unasked.append(frame)
