"""A capture as a list of packets in the words of ``shared/kernel-traces``: kind, flags, relative
sequence numbers.  Kernel captures and the emulator's go through the same reader.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from emu.errors import PeerProtocolError
from emu.machines.tcp.control import ahead
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN, Ipv4Datagram, TcpSegment
from emu.wire.icmp import PROTOCOL_ICMP
from emu.wire.ip_tcp import decode_ipv4, decode_tcp
from emu.wire.tcp_options import decode_options

_ETHERTYPE_AT, _BODY_AT = 12, 14
_IPV4, _ARP = b"\x08\x00", b"\x08\x06"
_BROADCAST = b"\xff" * 6
#: tcpdump's letters, in its order.
_LETTERS = ((FIN, "F"), (SYN, "S"), (RST, "R"), (PSH, "P"), (ACK, "."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet at the server's interface.  ``at_ns``: as the capture has it.

    ``kind``: data, rtx, keepalive, zwp (window probe), ack, fin, syn, rst, arp, icmp,
    other-conn.  ``sequence``, ``acknowledgement``: from each end's initial number; ``about``:
    what an ARP or ICMP says.  ``echo_age_ns``: how long ago the timestamp it echoes was sent.
    """

    at_ns: int
    from_server: bool
    kind: str
    flags: str = ""
    sequence: int = 0
    acknowledgement: int = 0
    length: int = 0
    window: int = 0
    about: str = ""
    echo_age_ns: int | None = None


@dataclass(slots=True)
class _Side:
    """What one end has shown of itself."""

    first: int | None = None
    next: int = 0
    window: int = 0
    acknowledged: int = 0
    stamped: dict[int, int] = field(default_factory=dict[int, int])


class PacketReader:
    """Reads the frames of one connection.  ``server``: its IPv4 address."""

    def __init__(self, server: bytes, server_mac: bytes) -> None:
        self._server = server
        self._mac = server_mac
        self._ports: frozenset[int] | None = None
        self._sides = {True: _Side(), False: _Side()}
        self._reset = False

    def read(self, frames: Iterable[tuple[int, bytes]]) -> list[Packet]:
        """All packets of the list (ns, octets) that are IPv4 or ARP."""
        packets = [self._packet(at_ns, octets) for at_ns, octets in frames]
        return [packet for packet in packets if packet is not None]

    def _packet(self, at_ns: int, frame: bytes) -> Packet | None:
        kind = frame[_ETHERTYPE_AT:_BODY_AT]
        if kind == _ARP:
            return self._arp(at_ns, frame)
        if kind != _IPV4:
            return None
        try:
            datagram = decode_ipv4(frame[_BODY_AT:], whole=False)
            from_server = datagram.source == self._server
            if datagram.protocol == PROTOCOL_ICMP:
                about = f"{datagram.payload[0]}/{datagram.payload[1]}"
                return Packet(at_ns=at_ns, from_server=from_server, kind="icmp", about=about)
            segment = decode_tcp(datagram.payload)
            return self._tcp(at_ns, from_server, segment, _payload_octets(datagram, segment))
        except PeerProtocolError:
            return None

    def _arp(self, at_ns: int, frame: bytes) -> Packet:
        from_server = frame[6:12] == self._mac
        unicast = frame[:6] != _BROADCAST
        word = {1: "who-has", 2: "reply"}.get(frame[21], "?")
        about = f"{word} {'unicast' if unicast else 'broadcast'}"
        return Packet(at_ns=at_ns, from_server=from_server, kind="arp", about=about)

    def _tcp(self, at_ns: int, from_server: bool, segment: TcpSegment, length: int) -> Packet:
        ports = frozenset((segment.source_port, segment.destination_port))
        if self._ports is None:
            self._ports = ports
        flags = "".join(letter for bit, letter in _LETTERS if segment.flags & bit)
        if ports != self._ports:
            return Packet(
                at_ns=at_ns, from_server=from_server, kind="other-conn", flags=flags, length=length
            )
        if self._reset and segment.flags & (SYN | ACK) == SYN:  # the same ports, another connection
            self._sides, self._reset = {True: _Side(), False: _Side()}, False
        self._reset |= bool(segment.flags & RST)
        own, other = self._sides[from_server], self._sides[not from_server]
        if segment.flags & SYN and own.first is None:
            own.first = own.next = segment.sequence
        kind = _kind(segment, length, own, other)
        if not segment.flags & RST:
            own.window = segment.window
            own.acknowledged = segment.acknowledgement
            end = segment.sequence + length + bool(segment.flags & (SYN | FIN))
            if ahead(end, own.next) > 0:
                own.next = end % (1 << 32)
        return Packet(
            at_ns=at_ns,
            from_server=from_server,
            kind=kind,
            flags=flags,
            sequence=0 if kind == "syn" else ahead(segment.sequence, own.first or 0),
            acknowledgement=ahead(segment.acknowledgement, other.first or 0)
            if segment.flags & ACK
            else 0,
            length=length,
            window=segment.window,
            echo_age_ns=_echo_age(segment, at_ns, own, other),
        )


def _echo_age(segment: TcpSegment, at_ns: int, own: _Side, other: _Side) -> int | None:
    """Timestamps count milliseconds: of several segments with one, the first."""
    _, extensions = decode_options(segment.options, segment.flags)
    if extensions is None or extensions.timestamps is None:
        return None
    value, echo = extensions.timestamps
    own.stamped.setdefault(value, at_ns)
    sent_ns = other.stamped.get(echo)
    return None if sent_ns is None else at_ns - sent_ns


def _payload_octets(datagram: Ipv4Datagram, segment: TcpSegment) -> int:
    """By the headers: recordings may be cut behind them."""
    header = 20 + len(segment.options)
    whole = datagram.total_length or len(datagram.payload) + 20
    return whole - 20 - len(datagram.options) - header


def _kind(segment: TcpSegment, length: int, own: _Side, other: _Side) -> str:
    flags = segment.flags
    if flags & RST:
        return "rst"
    if flags & SYN:
        return "syn"
    behind = ahead(segment.sequence, own.next)
    if length or flags & FIN:
        # The garbage octet of an old probe has been acknowledged before (RFC 9293 MAY-6).
        if length == 1 and behind == -1 and ahead(other.acknowledged, own.next) >= 0:
            return "keepalive"
        return "rtx" if behind < 0 else "data" if length else "fin"
    if behind == -1:  # facts/tcp.md 11.8: told apart by the window the peer offered last
        return "keepalive" if other.window else "zwp"
    return "ack"
