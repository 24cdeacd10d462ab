"""What one TCP connection remembers: the transmission control block of RFC 793 3.2.

Sequence numbers live on a circle of 2**32; ``ahead`` is the only comparison used.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emu.machines.base import NEVER
from emu.machines.tcp.keepalive import keepalive_of
from emu.machines.tcp.params import WINDOWS_NT4, TcpParams
from emu.machines.tcp.retransmission import Retransmission
from emu.pdu.ip_tcp import ACK, Segment, new_segment

MODULUS = 1 << 32
_HALF = 1 << 31

#: What a peer that offers no MSS option takes (RFC 9293 3.7.1, MUST-15).
MSS_DEFAULT = 536


class State(Enum):
    """RFC 793 3.2.  LISTEN is the station's: it makes a machine when a SYN comes."""

    CLOSED = "CLOSED"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"


# What the layer above may ask.
@dataclass(frozen=True, slots=True)
class Connect:
    """Open actively."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send octets, in order."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """No more to send; end in order."""


@dataclass(frozen=True, slots=True)
class Abort:
    """End at once, with a RST."""


def ahead(number: int, of: int) -> int:
    """How far ``number`` is ahead of ``of`` on the circle; negative when it is behind."""
    distance = (number - of) % MODULUS
    return distance if distance < _HALF else distance - MODULUS


class ControlBlock:
    """The variables of RFC 793 3.2, the queues, and the timers.

    ``outstanding``: segments sent and not acknowledged, oldest first.  ``unsent``: octets the
    peer's window or an unfinished handshake holds back.  Timers hold instants, NEVER when off.
    """

    __slots__ = ("ack_due", "fin_wanted", "keepalive", "mss", "outstanding", "params", "rcv_nxt",
                 "retransmission", "snd_nxt", "snd_una", "snd_wnd", "state", "unsent",
                 "wait_due")  # fmt: skip

    def __init__(self, params: TcpParams, *, initial_sequence: int) -> None:
        self.params = params
        self.state = State.CLOSED
        self.snd_una = initial_sequence
        self.snd_nxt = initial_sequence
        self.snd_wnd = 0
        self.rcv_nxt = 0
        self.mss = min(params.mss, MSS_DEFAULT)
        self.outstanding: list[Segment] = []  # a deque costs 600 octets a session even when empty
        self.unsent = b""
        self.fin_wanted = False
        self.ack_due = NEVER
        self.wait_due = NEVER
        self.keepalive = keepalive_of(params)
        # A SYN's waits double exactly on every stack of this machine: no fact sheet tells of a
        # ceiling or a tick for them, and nothing here rests on one.
        self.retransmission = Retransmission(
            WINDOWS_NT4, first_rto_ns=params.syn_rto_ns, count_max=params.syn_retransmissions
        )

    def segment(self, flags: int, payload: bytes = b"") -> Segment:
        """A segment at SND.NXT that acknowledges everything received."""
        return new_segment(self.snd_nxt, self.rcv_nxt, flags | ACK, self.params.window, payload)

    def acceptable(self, segment: Segment) -> bool:
        """The four cases of RFC 793 3.3 (the window here is never zero)."""
        start = ahead(segment.sequence, self.rcv_nxt)
        length = segment.length
        if length == 0:
            return 0 <= start < self.params.window
        return start < self.params.window and start + length > 0
