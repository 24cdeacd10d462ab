"""SMB messages from the octets of our captures, whatever carried them (facts/redirector.md 4).

NBSS over TCP 139 (4.1), NetBEUI's data frames (facts/netbeui.md 1.4), NetBIOS over IPX and SMB on
IPX itself (facts/ipx.md 1.9, 1.11).  Like tests/reader.py it shares no code with the emulator.
Only the server's own tap is read; a message has the instant and number of the frame that completed
it, and what a carrier repeats is one message.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.reader import Trace
from tests.reader_ipx import SYSTEM, ipx
from tests.reader_parts import Frame

#: [4.3] Commands.
CLOSE, LOCKING, READ, WRITE = 0x04, 0x24, 0x2E, 0x2F
TREE_DISCONNECT, NEGOTIATE, SETUP, LOGOFF, TREE_CONNECT, CREATE = 0x71, 0x72, 0x73, 0x74, 0x75, 0xA2
_ANDX = frozenset({LOCKING, READ, WRITE, SETUP, LOGOFF, TREE_CONNECT, CREATE})
NO_MORE = 0xFF

NBT_PORT, NETBIOS_SOCKET, SMB_SOCKET = 139, 0x0455, 0x0550
SYN = 2
SESSION_MESSAGE = 0
#: facts/netbeui.md 1.4.
DATA_FIRST_MIDDLE, DATA_ONLY_LAST = 0x15, 0x16
#: facts/ipx.md 1.9.
NBIPX_DATA = 0x06


@dataclass(frozen=True)
class Block:
    """One command of a chain: its words and its bytes."""

    command: int
    words: bytes
    octets: bytes


@dataclass(frozen=True)
class Smb:
    """``client``: its name.  ``blocks``: the chain.  ``message``: all of it, from FF 'SMB' on."""

    number: int
    at_ns: int
    client: str
    from_server: bool
    status: int
    flags2: int
    tid: int
    uid: int
    mid: int
    blocks: tuple[Block, ...]
    message: bytes

    @property
    def commands(self) -> tuple[int, ...]:
        return tuple(block.command for block in self.blocks)

    @property
    def fid(self) -> int:
        """Of a request to READ, WRITE or CLOSE, of an oplock break, of a reply to NT_CREATE."""
        (block,) = self.blocks
        at = {CLOSE: 0, CREATE: 5}.get(block.command, 4)
        return int(struct.unpack_from("<H", block.words, at)[0])

    @property
    def offset(self) -> int:
        """Of a request to READ."""
        (block,) = self.blocks
        assert block.command == READ and not self.from_server
        return int(struct.unpack_from("<I", block.words, 6)[0])

    @property
    def data(self) -> bytes:
        """Of a reply to READ."""
        (block,) = self.blocks
        assert block.command == READ and self.from_server
        length, at = struct.unpack_from("<HH", block.words, 10)
        return self.message[at : at + length]


def messages(trace: Trace) -> list[Smb]:
    """All of them, in the order of the wire at the server."""
    carriers = (_Nbt(), _Nbf(), _Nbipx(), _Direct())
    found: list[Smb] = []
    for frame in trace.frames:
        if frame.link_type != 1 or frame.interface != trace.interfaces[0]:
            continue
        for carrier in carriers:
            for message in carrier.frame(frame):
                found.append(_message(trace, frame, message))
    return found


def answer_to(request: Smb, found: Iterable[Smb]) -> Smb | None:
    """The first one with its MID, its UID and its first command [4.2]."""
    for each in found:
        if (
            each.number > request.number
            and each.from_server
            and (each.client, each.mid) == (request.client, request.mid)
            and each.commands[0] == request.commands[0]
        ):
            return each
    return None


def _message(trace: Trace, frame: Frame, message: bytes) -> Smb:
    assert message[:4] == b"\xffSMB"
    first, status, _, flags2 = struct.unpack_from("<BIBH", message, 4)
    tid, _, uid, mid = struct.unpack_from("<HHHH", message, 24)
    names = {mac: name for mac, name in trace.names.items() if len(mac) == 6}
    to, by = names.get(frame.octets[:6], "?"), names.get(frame.octets[6:12], "?")
    from_server = by == "server"
    return Smb(
        frame.number, frame.at_ns, to if from_server else by, from_server,
        status, flags2, tid, uid, mid, tuple(_blocks(first, message)), message,
    )  # fmt: skip


def _blocks(command: int, message: bytes) -> Iterator[Block]:
    at = 32
    while command != NO_MORE:
        count = message[at] * 2
        words = message[at + 1 : at + 1 + count]
        (length,) = struct.unpack_from("<H", message, at + 1 + count)
        yield Block(command, words, message[at + 3 + count : at + 3 + count + length])
        if command not in _ANDX or not words:  # an error ends a chain
            return
        command, _, at = struct.unpack_from("<BBH", words)


@dataclass
class _Nbt:
    """Streams by both addresses and ports: what is next, and what waits to be whole."""

    next: dict[bytes, int] = field(default_factory=dict[bytes, int])
    waiting: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])

    def frame(self, frame: Frame) -> Iterator[bytes]:
        octets = frame.octets
        if octets[12:14] != b"\x08\x00" or octets[23] != 6:
            return
        start = 14 + (octets[14] & 15) * 4
        tcp = octets[start : 14 + int.from_bytes(octets[16:18], "big")]
        ports = struct.unpack_from(">HH", tcp)
        if NBT_PORT not in ports:
            return
        stream, (sequence,) = octets[26:34] + tcp[:4], struct.unpack_from(">I", tcp, 4)
        if tcp[13] & SYN:
            self.next[stream], self.waiting[stream] = (sequence + 1) % 2**32, b""
            return
        payload = tcp[(tcp[12] >> 4) * 4 :]
        if payload and sequence == self.next.get(stream):
            self.next[stream] = (sequence + len(payload)) % 2**32
            self.waiting[stream] += payload
            yield from self._whole(stream)

    def _whole(self, stream: bytes) -> Iterator[bytes]:
        """[4.1] Type, one bit of length in the flags, sixteen more."""
        while len(self.waiting[stream]) >= 4:
            held = self.waiting[stream]
            end = 4 + ((held[1] & 1) << 16 | held[2] << 8 | held[3])
            if len(held) < end:
                return
            self.waiting[stream] = held[end:]
            if held[0] == SESSION_MESSAGE:
                yield held[4:end]


@dataclass
class _Nbf:
    """By both addresses: N(S) of the last I frame, and the data so far."""

    last: dict[bytes, int] = field(default_factory=dict[bytes, int])
    waiting: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])

    def frame(self, frame: Frame) -> Iterator[bytes]:
        llc = frame.octets[14 : 14 + int.from_bytes(frame.octets[12:14], "big")]
        way = frame.octets[:12]
        if llc[:1] != b"\xf0" or llc[1] & 0xFE != 0xF0:
            return
        if llc[2] & 3 == 3:  # SABME, UA, DISC, DM: numbers start again
            self.last.pop(way, None)
            self.last.pop(way[6:] + way[:6], None)
        if llc[2] & 1 or self.last.get(way) == llc[2] >> 1:
            return
        self.last[way] = llc[2] >> 1
        if llc[8] not in (DATA_FIRST_MIDDLE, DATA_ONLY_LAST):
            return
        self.waiting[way] = self.waiting.get(way, b"") + llc[18:]
        if llc[8] == DATA_ONLY_LAST:
            yield self.waiting.pop(way)


@dataclass
class _Nbipx:
    """By node and connection: the number of the last packet with data, and the data so far."""

    last: dict[bytes, int] = field(default_factory=dict[bytes, int])
    waiting: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])

    def frame(self, frame: Frame) -> Iterator[bytes]:
        datagram = ipx(frame.octets)
        if datagram is None or not datagram[1] == datagram[3] == NETBIOS_SOCKET:
            return
        to_node, _, by_node, _, packet = datagram
        if len(packet) < 18 or packet[:32] == bytes(32) or packet[1] != NBIPX_DATA:
            return
        numbers = struct.unpack_from("<BBHHHHHHH", packet)
        sequence, total, at, length = numbers[4:8]
        way = by_node + to_node + packet[2:6]
        wanted = packet[4:6] != b"\xff\xff"  # FFFF: it asks for a connection, with names as data
        if not (wanted and length) or packet[0] & SYSTEM or self.last.get(way) == sequence:
            return
        self.last[way] = sequence
        self.waiting[way] = (self.waiting.get(way, b"") if at else b"") + packet[18 : 18 + length]
        if len(self.waiting[way]) == total:
            yield self.waiting.pop(way)


@dataclass
class _Direct:
    """A datagram is a message; the same one once more is a repetition [facts/ipx.md 1.11]."""

    last: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])

    def frame(self, frame: Frame) -> Iterator[bytes]:
        datagram = ipx(frame.octets)
        if datagram is None or SMB_SOCKET not in (datagram[1], datagram[3]):
            return
        way, message = datagram[2] + datagram[0], datagram[4]
        if message[:4] == b"\xffSMB" and self.last.get(way) != message:
            self.last[way] = message
            yield message
