"""Reads from the octets of one of our captures what it says about connections that died.

Until ``emu check`` exists this is the third proof (architecture.md 3): it shares no code with
the emulator.  It walks the pcapng blocks itself, picks headers apart with ``struct`` and knows
of the transports only what is in the documents: draft-ietf-opsawg-pcapng 3 and 4, RFC 791, RFC
793 3.1 and 3.4, RFC 9293 3.8.4, RFC 5424 6, Wireshark's ``epan/exported_pdu.h``, facts/ipx.md 1.1,
1.2, 1.5, 1.6; SPX and NBIPX are in tests/reader_ipx.py, NBF in tests/reader_llc.py.  The tap
stands at the server's port, so every frame has its instant there.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.reader_ipx import Sliding, ipx
from tests.reader_llc import Llc
from tests.reader_parts import Connection, Frame, Probe

__all__ = ["Connection", "Event", "Frame", "Move", "Probe", "Trace", "read"]

#: The virtual epoch, 1998-06-01T00:00:00Z (product.md, "The capture"), in seconds since 1970.
EPOCH_NS = 896_659_200 * 10**9
TERMINAL_PORT = 1494
NCP_SOCKET, WATCHDOG_SOCKET = 0x0451, 0x4001
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


@dataclass(frozen=True)
class Event:
    """A row of the "server-events" interface."""

    number: int
    at_ns: int
    stamp: str
    host: str
    kind: str
    text: str


@dataclass(frozen=True)
class Move:
    """A session's change of state, told by an event row."""

    at_ns: int
    session: int
    before: str
    after: str
    cause: str
    row: int


@dataclass
class Trace:
    """What a file says."""

    comment: str
    interfaces: list[str]
    names: dict[bytes, str]
    frames: list[Frame]
    statistics: list[int]
    events: list[Event] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)

    def moves(self, session: int | None = None) -> list[Move]:
        return [
            move
            for event in self.events
            for move in [_move(event)]
            if move is not None and session in (None, move.session)
        ]

    def carriers(self, session: int) -> list[Connection]:
        """What carried a session: its frame arrived when the session became active."""
        began = [move.at_ns for move in self.moves(session) if move.after == "ACTIVE"]
        return [
            next(c for c in self.connections if any(f.at_ns == at_ns for f in c.heard))
            for at_ns in began
        ]

    def as_of(self, at_ns: int) -> Trace:
        """What the file would say if it ended with this instant."""
        frames = [frame for frame in self.frames if frame.at_ns <= at_ns]
        events = [event for event in self.events if event.at_ns <= at_ns]
        then = replace(self, frames=frames, events=events, connections=[])
        then.connections = list(_connections(then))
        return then


_MOVE = re.compile(r"session (\d+) (\w+) -> (\w+): (.*)")
_SYSLOG = re.compile(r"<\d+>1 (\S+) (\S+) emu - (\S+) - (.*)")


def _move(event: Event) -> Move | None:
    found = _MOVE.fullmatch(event.text)
    if found is None:
        return None
    return Move(event.at_ns, int(found[1]), found[2], found[3], found[4], event.number)


# --- pcapng ----------------------------------------------------------------------------------


def _blocks(file: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(file):
        kind, length = struct.unpack_from("<II", file, place)
        assert length % 4 == 0 and struct.unpack_from("<I", file, place + length - 4)[0] == length
        yield kind, file[place + 8 : place + length - 4]
        place += length
    assert place == len(file)


def _options(octets: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(octets):
        code, length = struct.unpack_from("<HH", octets, place)
        if code == 0:
            return
        yield code, octets[place + 4 : place + 4 + length]
        place += 4 + (length + 3) // 4 * 4


def read(file: bytes) -> Trace:
    """Everything a capture of ours holds."""
    trace = Trace("", [], {}, [], [])
    link_types: list[int] = []
    for kind, body in _blocks(file):
        if kind == 0x0A0D0D0A:
            assert struct.unpack_from("<IHH", body) == (0x1A2B3C4D, 1, 0)
            trace.comment = dict(_options(body[16:])).get(1, b"").decode()
        elif kind == 1:
            options = dict(_options(body[8:]))
            assert options[9] == b"\x09", "nanoseconds"
            link_types.append(struct.unpack_from("<H", body)[0])
            trace.interfaces.append(options[2].decode())
        elif kind == 4:
            for code, value in _options(body):
                size = {1: 4, 3: 6}[code]
                trace.names[value[:size]] = value[size:].rstrip(b"\0").decode()
        elif kind == 6:
            trace.frames.append(_frame(body, len(trace.frames) + 1, trace.interfaces, link_types))
        elif kind == 5:
            trace.statistics.append(struct.unpack("<Q", dict(_options(body[12:]))[4])[0])
    for frame in trace.frames:
        if frame.link_type == 252:
            trace.events.append(_event(frame))
    trace.connections = list(_connections(trace))
    return trace


def _frame(body: bytes, number: int, interfaces: list[str], link_types: list[int]) -> Frame:
    index, high, low, captured, original = struct.unpack_from("<IIIII", body)
    assert captured == original
    end = 20 + captured
    comments = [v.decode() for c, v in _options(body[end + -captured % 4 :]) if c == 1]
    at_ns = (high << 32 | low) - EPOCH_NS
    octets = body[20:end]
    return Frame(number, interfaces[index], link_types[index], at_ns, octets, tuple(comments))


def _event(frame: Frame) -> Event:
    """Tag 12 names the dissector, tag 0 ends the tags; the line is RFC 5424's."""
    tag, length = struct.unpack_from(">HH", frame.octets)
    name = frame.octets[4 : 4 + length].rstrip(b"\0")
    assert (tag, name) == (12, b"syslog")
    assert struct.unpack_from(">HH", frame.octets, 4 + length) == (0, 0)
    found = _SYSLOG.fullmatch(frame.octets[8 + length :].decode())
    assert found is not None
    return Event(frame.number, frame.at_ns, found[1], found[2], found[3], found[4])


# --- connections -----------------------------------------------------------------------------


def _connections(trace: Trace) -> Iterator[Connection]:
    tcp: dict[tuple[bytes, int], Connection] = {}
    ncp, sliding, llc = _Ncp(), Sliding(), Llc()
    for frame in trace.frames:
        if frame.link_type == 252:
            sliding.row(_move(_event(frame)))
        if frame.link_type != 1 or frame.interface != trace.interfaces[0]:
            continue  # the server's own tap: behind a router or box the same is seen once more
        if frame.octets[12:14] == b"\x08\x00":
            made = _tcp_frame(frame, tcp)
        elif frame.octets[14] == 0xF0:
            made = llc.frame(frame)
        else:
            made = ncp.frame(frame) or sliding.frame(frame)
        if made is not None:
            yield made


@dataclass(frozen=True)
class _Segment:
    """``to_server``: whether it goes to the terminal port."""

    client: tuple[bytes, int]
    to_server: bool
    sequence: int
    acknowledgement: int
    flags: int
    payload: bytes

    @property
    def end(self) -> int:
        more = len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)
        return (self.sequence + more) % 2**32


def _segment(octets: bytes) -> _Segment | None:
    header = (octets[14] & 15) * 4
    total, protocol = struct.unpack_from(">H", octets, 16)[0], octets[23]
    if protocol != 6:
        return None
    tcp = octets[14 + header : 14 + total]
    source, destination, sequence, acknowledgement = struct.unpack_from(">HHII", tcp)
    to_server = destination == TERMINAL_PORT
    address = octets[26:30] if to_server else octets[30:34]
    client = (address, source if to_server else destination)
    payload = tcp[(tcp[12] >> 4) * 4 :]
    return _Segment(client, to_server, sequence, acknowledgement, tcp[13] & 0x3F, payload)


def _behind(number: int, other: int) -> bool:
    """On the circle of 2**32 (RFC 793 3.3)."""
    return 0 < (other - number) % 2**32 < 2**31


def _tcp_frame(frame: Frame, open_: dict[tuple[bytes, int], Connection]) -> Connection | None:
    segment = _segment(frame.octets)
    if segment is None:
        return None
    connection = open_.get(segment.client)
    fresh = segment.to_server and segment.flags & (SYN | ACK | RST) == SYN
    if fresh and (connection is None or connection.goodbye is not None):
        address = ".".join(map(str, segment.client[0]))
        connection = open_[segment.client] = Connection(
            "tcp", f"{address}:{segment.client[1]}", frame.octets[6:12], frame.at_ns, [frame]
        )
        return connection
    if connection is None or connection.goodbye is not None:
        return None
    if segment.to_server:
        _from_client(connection, frame, segment)
    else:
        _from_server(connection, frame, segment)
    if segment.flags & (RST | FIN):
        who = "client" if segment.to_server else "server"
        connection.goodbye = ("rst" if segment.flags & RST else "fin", who, frame)
    return None


def _from_client(connection: Connection, frame: Frame, segment: _Segment) -> None:
    """RFC 793 3.4: without ACK it is a host that has no such connection who speaks."""
    trial = connection.probes[-1] if connection.probes else None
    if trial is not None and trial.answer is None and segment.flags & (ACK | RST):
        trial.answer, trial.by_reset = frame, bool(segment.flags & RST)
    if not segment.flags & ACK:
        return
    connection.heard.append(frame)
    before = len(connection.waiting)
    connection.waiting = [
        each for each in connection.waiting if _behind(segment.acknowledgement, each[1])
    ]
    if not connection.waiting:
        connection.unacknowledged_since_ns = None
    elif len(connection.waiting) < before:  # RFC 6298 5.3: the timer starts anew
        connection.unacknowledged_since_ns = frame.at_ns


def _from_server(connection: Connection, frame: Frame, segment: _Segment) -> None:
    known = connection.server_next
    if known is None or _behind(known, segment.end):
        connection.server_next = segment.end
        if not connection.waiting:
            connection.unacknowledged_since_ns = frame.at_ns
        connection.waiting.append((segment.sequence, segment.end))
    elif _is_probe(connection, segment, known):
        connection.probes.append(Probe(frame))
    elif segment.end != segment.sequence:
        connection.repeated.append(frame)


def _is_probe(connection: Connection, segment: _Segment, known: int) -> bool:
    """RFC 9293 3.8.4: SND.NXT-1, empty or with one octet that was acknowledged long ago.

    Beside data it is empty, one left of what waits (BSD) or of SND.NXT (lwIP): facts/tcp.md 5.
    """
    if segment.flags != ACK or len(segment.payload) > 1:
        return False
    behind = {(segment.sequence + 1) % 2**32}
    if connection.waiting:
        return not segment.payload and bool(behind & {known, connection.waiting[0][0]})
    return behind == {known}


class _Ncp:
    """NCP connections by station (node and socket) and connection number."""

    def __init__(self) -> None:
        self.creating: dict[tuple[bytes, int], Frame] = {}
        self.open: dict[tuple[bytes, int, int], Connection] = {}

    def frame(self, frame: Frame) -> Connection | None:
        datagram = ipx(frame.octets)
        if datagram is None:
            return None
        to_node, to_socket, by_node, by_socket, payload = datagram
        if to_socket == NCP_SOCKET:
            self._request(frame, (by_node, by_socket), payload)
        elif by_socket == NCP_SOCKET:
            return self._reply((to_node, to_socket), payload)
        elif by_socket == WATCHDOG_SOCKET:
            self._poll(frame, (to_node, to_socket - 1), payload)
        elif to_socket == WATCHDOG_SOCKET:
            self._answer(frame, (by_node, by_socket - 1), payload)
        return None

    def _request(self, frame: Frame, station: tuple[bytes, int], payload: bytes) -> None:
        if payload[:2] == b"\x11\x11":
            self.creating[station] = frame
            return
        connection = self.open.get((*station, payload[3] | payload[5] << 8))
        if connection is not None:
            connection.heard.append(frame)
            connection.requests_ns.append(frame.at_ns)
            if payload[:2] == b"\x55\x55":
                connection.goodbye = ("destroy", "client", frame)

    def _reply(self, station: tuple[bytes, int], payload: bytes) -> Connection | None:
        create = self.creating.pop(station, None)
        if create is None or payload[:2] != b"\x33\x33" or payload[6]:
            return None
        number = payload[3] | payload[5] << 8
        old = self.open.get((*station, number))
        if old is not None and not old.requests_ns and old.goodbye is None:
            old.heard.append(create)
            return None
        name = f"{station[0].hex()}:{station[1]:04X}"
        made = Connection("ncp", name, create.octets[6:12], create.at_ns, [create])
        made.number = number
        self.open[(*station, number)] = made
        return made

    def _poll(self, frame: Frame, station: tuple[bytes, int], payload: bytes) -> None:
        connection = self._watched(station, payload)
        if connection is not None and payload[1:2] == b"?":
            connection.probes.append(Probe(frame))

    def _answer(self, frame: Frame, station: tuple[bytes, int], payload: bytes) -> None:
        connection = self._watched(station, payload)
        if connection is None or payload[1:2] != b"Y":
            return
        connection.heard.append(frame)
        if connection.probes and connection.probes[-1].answer is None:
            connection.probes[-1].answer = frame

    def _watched(self, station: tuple[bytes, int], payload: bytes) -> Connection | None:
        assert len(payload) == 2, "facts/ipx.md 1.5"
        for (*where, number), connection in self.open.items():
            if tuple(where) == station and number & 0xFF == payload[0]:
                return connection
        return None
