"""One TCP connection: which segments ask, which answer, which end it.

It knows sequence numbers and nothing of time-outs: whoever repeats, waits.  Documents:
RFC 9293 (sections at the rules), RFC 1122 4.2.3.6 (keepalive), facts/tcp.md 2, 3, 11.
"""

from __future__ import annotations

from emu.check.breaks import Lull
from emu.check.tcp_header import TcpHeader, endpoint_text
from emu.check.timeline import A, B, How, Mark, Mechanism, Timeline
from emu.pdu.ip_tcp import ACK, FIN, RST, SYN
from emu.units import NS_PER_MS, NS_PER_S

_HALF = 1 << 31
_WRAP = (1 << 32) - 1

#: No stack has a keepalive shorter than a second (TCP_KEEPIDLE counts seconds), and what looks
#: like one milliseconds after data is something else (real-captures 15).  A tenth is jitter.
_IDLE_MIN_NS = 900 * NS_PER_MS
#: A RST without state answers at once; its sender had said nothing for this long before.
_SILENT_BEFORE_NS = NS_PER_S


def ahead(one: int, other: int) -> int:
    """How far sequence number ``one`` is past ``other``; negative: behind (RFC 9293 3.4)."""
    return ((one - other + _HALF) & _WRAP) - _HALF


class _Half:
    """What one side has sent: ``next`` sequence number, ``acked`` by the other, window."""

    __slots__ = ("acked", "fin", "isn", "next", "probed_ns", "syns", "window")

    def __init__(self) -> None:
        self.next: int | None = None
        self.acked: int | None = None
        self.isn: int | None = None
        self.window: int | None = None
        self.fin = False
        self.syns = 0
        self.probed_ns: int | None = None

    @property
    def outstanding(self) -> bool:
        return self.next is not None and self.acked is not None and self.next != self.acked


class TcpFlow:
    """Called with every segment of the connection, in order."""

    __slots__ = ("_a", "_active_ns", "_halves", "timeline")

    def __init__(self, first: TcpHeader, at_ns: int, gateways: tuple[bytes, bytes]) -> None:
        """``gateways``: MAC addresses of the source and the destination."""
        a, b = (first.source, first.destination)
        swap = not _is_server(first)
        if swap:
            a, b = b, a
        self._a = a
        self._halves = (_Half(), _Half())
        self._active_ns = at_ns
        self.timeline = Timeline(
            transport="tcp",
            ends=(endpoint_text(a), endpoint_text(b)),
            hosts=(a[:-2], b[:-2]),
            first_ns=at_ns,
            last_ns=at_ns,
            opened=not first.flags & SYN,
            gateways=(gateways[1], gateways[0]) if swap else gateways,
        )

    def starts_anew(self, header: TcpHeader) -> bool:
        """Whether a SYN belongs to the next connection between the same two ports.

        A SYN with another number on a connection that is still open is a peer without memory
        (RFC 9293 3.5.1, half-open connections); only after the end it is a new one.
        """
        timeline = self.timeline
        if header.flags & (SYN | ACK) != SYN:
            # A SYN that the other side accepts after all: it had forgotten the old one, too.
            accepted = header.flags & SYN and timeline.rebirth is not None
            return bool(accepted) and timeline.end is None
        over = timeline.end is not None or timeline.goodbye is not None
        return over and self._halves[header.source != self._a].isn != header.sequence

    def step(self, header: TcpHeader, at_ns: int, frame: int) -> int:
        """Take a segment; the side that asked with it, -1 when nobody did."""
        side = A if header.source == self._a else B
        timeline, mine, theirs = self.timeline, self._halves[side], self._halves[1 - side]
        flags = header.flags
        if timeline.end is not None:
            if not flags & RST:
                timeline.after_end(side, at_ns, frame)
            return -1
        if flags & RST:
            self._reset(side, header, at_ns, frame)
            return -1
        if flags & SYN and self._reborn(side, header, at_ns, frame):
            return -1
        timeline.hear(side, at_ns, frame)
        asked = self._asks(mine, theirs, header, at_ns)
        timeline.answer(side)
        if timeline.lull is not None:
            _count(timeline, timeline.lull, mine, theirs, header)
        if asked is not None:
            self._ask(side, asked, at_ns, frame)
        self._advance(mine, theirs, header, at_ns)
        if not header.length and not flags & (SYN | FIN) and asked is None:
            # A bare acknowledgement obliges nobody.
            timeline.sent[side] = None
        self._window(side, mine, header, at_ns, frame)
        if flags & FIN:
            mine.fin = True
            timeline.say_goodbye(side, at_ns, frame, How.FIN)
        if mine.fin and theirs.fin:
            timeline.over = not mine.outstanding and not theirs.outstanding
        if not flags & SYN:
            timeline.opened = True
        return side if asked is not None else -1

    def _asks(self, mine: _Half, theirs: _Half, header: TcpHeader, at_ns: int) -> Mechanism | None:
        """Whether a segment wants an answer that is overdue, and by which mechanism."""
        if mine.next is None:
            return None
        flags, length = header.flags, header.length
        plain = not flags & (SYN | FIN)
        behind = ahead(mine.next, header.sequence)
        if plain and length <= 1 and theirs.window == 0 and behind in (0, 1) and length + behind:
            return Mechanism.TCP_ZERO_WINDOW
        if plain and length <= 1 and behind == 1 and not mine.outstanding:
            # RFC 1122 4.2.3.6: SEG.SEQ = SND.NXT - 1, nothing outstanding, after idle time.
            idle_ns = at_ns - max(self._active_ns, mine.probed_ns or 0)
            return Mechanism.TCP_KEEPALIVE if idle_ns >= _IDLE_MIN_NS else None
        size = length + (flags & FIN) + (flags & SYN) // SYN
        end = header.sequence + size & _WRAP
        repeated = size and ahead(end, mine.next) <= 0
        unacknowledged = mine.acked is None or ahead(end, mine.acked) > 0
        return Mechanism.TCP_RETRANSMISSION if repeated and unacknowledged else None

    def _ask(self, side: int, mechanism: Mechanism, at_ns: int, frame: int) -> None:
        timeline, mine = self.timeline, self._halves[side]
        if mechanism is not Mechanism.TCP_RETRANSMISSION:
            if not timeline.asks[side].count and mechanism is Mechanism.TCP_KEEPALIVE:
                timeline.idled(at_ns - max(self._active_ns, mine.probed_ns or 0))
            mine.probed_ns = at_ns
        timeline.ask(side, mechanism, at_ns, frame)

    def _advance(self, mine: _Half, theirs: _Half, header: TcpHeader, at_ns: int) -> None:
        """Sequence numbers forward, never back; a number that was never sent was missed."""
        flags = header.flags
        size = header.length + (flags & FIN) + (flags & SYN) // SYN
        end = header.sequence + size & _WRAP
        probe = theirs.window == 0 and header.length <= 1 and not flags & (SYN | FIN)
        if mine.next is None or (ahead(end, mine.next) > 0 and not probe):
            mine.next = end
            self._active_ns = at_ns
        if flags & SYN:
            mine.isn = header.sequence
            mine.syns += 1
        if not flags & ACK:
            return
        acknowledged = header.acknowledgement
        if theirs.acked is None or ahead(acknowledged, theirs.acked) > 0:
            if theirs.acked is not None:
                self._active_ns = at_ns
            theirs.acked = acknowledged
        if theirs.next is None or ahead(acknowledged, theirs.next) > 0:
            theirs.next = acknowledged

    def _window(self, side: int, mine: _Half, header: TcpHeader, at_ns: int, frame: int) -> None:
        mine.window = header.window
        shut = self.timeline.shut
        if header.window:
            shut[side] = None
        elif shut[side] is None and not header.flags & (SYN | FIN):
            shut[side] = Mark(at_ns, frame)

    def _reborn(self, side: int, header: TcpHeader, at_ns: int, frame: int) -> bool:
        """A SYN with another number inside an open connection (RFC 9293 3.5.1, figure 9)."""
        mine = self._halves[side]
        if header.flags & ACK or not self.timeline.opened or header.sequence == mine.isn:
            return False
        self.timeline.count(at_ns)
        self.timeline.reborn(side, at_ns, frame, certain=True)
        return True

    def _reset(self, side: int, header: TcpHeader, at_ns: int, frame: int) -> None:
        timeline = self.timeline
        if self._has_no_memory(side, header, at_ns):
            timeline.reborn(side, at_ns, frame, certain=False)
            timeline.count(at_ns)
            timeline.refused(side)
        else:
            timeline.hear(side, at_ns, frame)
            timeline.answer(side)
        timeline.finish(side, at_ns, frame, How.RST)
        timeline.over = timeline.over or not timeline.opened

    def _has_no_memory(self, side: int, header: TcpHeader, at_ns: int) -> bool:
        """A RST without ACK whose number is the one asked for: its sender looks at nothing but
        the segment it answers (RFC 9293 3.10.7.1; facts/tcp.md 11.10)."""
        timeline, mine, theirs = self.timeline, self._halves[side], self._halves[1 - side]
        if timeline.rebirth is not None:
            return timeline.rebirth.side == side
        if header.flags & ACK or timeline.goodbye is not None or not timeline.opened:
            return False
        heard = timeline.heard[side]
        asked = timeline.heard[1 - side]
        if heard is None or asked is None or asked.at_ns < heard.at_ns:
            return False
        if at_ns - heard.at_ns < _SILENT_BEFORE_NS:
            return False
        return header.sequence == mine.acked and theirs.next is not None


def _count(timeline: Timeline, lull: Lull, mine: _Half, theirs: _Half, header: TcpHeader) -> None:
    """Whether octets went by unseen during a pause; an empty acknowledgement says nothing."""
    if mine.next is None or theirs.next is None or timeline.breaks is None:
        return
    acknowledged = ahead(header.acknowledgement, theirs.next) if header.flags & ACK else 0
    missing = ahead(header.sequence, mine.next) > 0 or acknowledged > 0
    if missing or (header.length and header.sequence == mine.next):
        timeline.breaks.counted(lull, missing=missing)


def _is_server(header: TcpHeader) -> bool:
    """Whether the source was called: by the SYN, else by the lower port, else by address."""
    if header.flags & SYN:
        return header.flags & ACK != 0
    mine, theirs = header.source[-2:], header.destination[-2:]
    return (mine, header.source) < (theirs, header.destination)
