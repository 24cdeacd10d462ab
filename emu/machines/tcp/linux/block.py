"""What one connection of the linux stack remembers, and what its program may ask.

The sequence variables are RFC 793 3.2's; the rest carries the field's names, with the kernel's
own in brackets where a reader will look for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emu.machines.base import NEVER
from emu.machines.tcp.control import MODULUS, MSS_DEFAULT, State, ahead
from emu.machines.tcp.linux.params import LinuxParams, SocketOptions
from emu.machines.tcp.linux.round_trip import INITIAL_US, RoundTrip
from emu.machines.tcp.linux.wheel import Wheel
from emu.pdu.ip_tcp import ACK, Extensions, Segment

_NS_PER_US = 1_000
_NS_PER_MS = 1_000_000

#: Segments that may be acknowledged at once before acknowledgements wait (TCP_MAX_QUICKACKS).
QUICK_ACKS = 16
#: Shortest wait of an acknowledgement, as a share of a second: 40 ms (TCP_ATO_MIN, HZ/25).
ATO_MIN_SHARE = 25


class Pending(Enum):
    """What the one transmission timer stands for (icsk_pending)."""

    NOTHING = "nothing"
    LOSS_PROBE = "loss probe"
    RETRANSMISSION = "retransmission"
    PERSIST = "persist"


class Route(Enum):
    """What becomes of a segment on its way out.

    ``NONE``: there is no way, the send fails (ENETUNREACH).  ``CONGESTED``: the own queue
    drops it and says so (NET_XMIT_DROP).
    """

    UP = "up"
    NONE = "none"
    CONGESTED = "congested"


# What the layer above may ask, besides control.Connect, Send, Close and Abort.
@dataclass(frozen=True, slots=True)
class SetOption:
    """setsockopt: a name of ``SocketOptions`` and its value."""

    name: str
    value: int | bool


@dataclass(frozen=True, slots=True)
class Shutdown:
    """No more to send, but the program stays (shutdown(SHUT_WR))."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether the program reads what arrives; a hung one does not."""

    on: bool


@dataclass(frozen=True, slots=True)
class Unreachable:
    """An ICMP error, or the own ARP's, about a segment sent with ``sequence``.

    ``error``: the errno it stands for; ``undoes_backoff``: codes 0 and 1 (RFC 6069).
    """

    error: str
    sequence: int
    undoes_backoff: bool


@dataclass(frozen=True, slots=True)
class RouteChanged:
    """The way to the peer is another one now."""

    route: Route


@dataclass(frozen=True, slots=True)
class Held:
    """Which segments, by their sequence numbers, wait in the own host for an ARP reply."""

    sequences: frozenset[int]


@dataclass(slots=True)
class Sent:
    """Something on the retransmission queue.

    ``at_us``: when it last went out; ``first_ns``: when it first did.  ``lost``: held for lost
    by a time-out; ``resent``: and sent again since.
    """

    sequence: int
    flags: int
    payload: bytes
    at_us: int
    first_ns: int
    retransmitted: bool = False
    lost: bool = False
    resent: bool = False

    @property
    def length(self) -> int:
        """Sequence numbers it takes."""
        return Segment(self.sequence, 0, self.flags, 0, self.payload).length

    @property
    def end(self) -> int:
        return (self.sequence + self.length) % MODULUS


class LinuxBlock:
    """The variables.  Jiffies where the kernel counts jiffies; instants (ns) only for timers."""

    __slots__ = (
        "ack_due",

        "ack_timeout",
        "backoff",
        "cwnd",
        "fin_wanted",
        "heard_ack",
        "heard_data",
        "held",
        "high_seq",
        "keepalive_due",
        "keepalive_since_ns",
        "loss",
        "mss",
        "oow_at",
        "options",
        "orphan",
        "params",
        "pending",
        "pending_due",
        "pingpong",
        "probes_out",
        "probes_since",
        "quick",
        "rcv_nxt",
        "rcv_wnd",
        "rcv_wup",
        "reading",
        "retrans_stamp_ms",
        "retransmits",
        "round_trip",
        "route",
        "rto",
        "sack_ok",
        "sent",
        "snd_nxt",
        "snd_sml",
        "snd_una",
        "snd_wl1",
        "snd_wnd",
        "soft_error",
        "ssthresh",
        "state",

        "timestamps_ok",
        "tlp_high_seq",
        "ts_recent",
        "unread",
        "unsent",
        "wait_due",
        "wheel",
    )  # fmt: skip

    def __init__(
        self, params: LinuxParams, *, initial_sequence: int, options: SocketOptions
    ) -> None:
        self.params = params
        self.options = options
        self.wheel: Wheel = params.wheel()
        self.state = State.CLOSED
        self._sending(initial_sequence)
        self._receiving()
        self._timing()

    def _sending(self, initial_sequence: int) -> None:
        self.snd_una = self.snd_nxt = self.snd_sml = initial_sequence
        self.snd_wnd = 0
        self.snd_wl1 = 0
        self.mss = min(self.params.mss, MSS_DEFAULT)
        self.sent: list[Sent] = []
        self.unsent = b""
        self.fin_wanted = False
        self.cwnd = self.params.initial_window
        self.ssthresh = MODULUS
        self.loss = False
        self.high_seq = self.tlp_high_seq = initial_sequence
        self.soft_error: str | None = None
        self.orphan = False
        self.route = Route.UP
        self.held: frozenset[int] = frozenset()

    def _receiving(self) -> None:
        self.rcv_nxt = self.rcv_wup = 0
        self.rcv_wnd = self.params.window
        self.reading = True
        self.unread = 0
        self.timestamps_ok = self.sack_ok = False
        self.ts_recent = 0
        self.quick = 0
        self.pingpong = False
        self.ack_timeout = 0
        self.oow_at: int | None = None

    def _timing(self) -> None:
        self.round_trip = RoundTrip(self.rto_min_us)
        self.rto = self.wheel.from_us(INITIAL_US)
        self.backoff = self.retransmits = self.probes_out = 0
        self.probes_since: int | None = None
        self.retrans_stamp_ms: int | None = None
        self.heard_data = self.heard_ack = 0
        self.pending = Pending.NOTHING
        self.pending_due = self.keepalive_due = self.ack_due = self.wait_due = NEVER
        self.keepalive_since_ns = 0

    # --- time --------------------------------------------------------------------------------

    def set_transmission_timer(self, pending: Pending, delay: int, now: int) -> None:
        """Arm the one timer of the sending half; ``delay`` in jiffies, at most rto_max."""
        delay = min(delay, self.rto_max)
        self.pending = pending
        self.pending_due = self.wheel.fires(now, delay)

    def clear_transmission_timer(self) -> None:
        self.pending = Pending.NOTHING
        self.pending_due = NEVER

    def set_keepalive_timer(self, delay: int, now: int) -> None:
        """Arm it; ``delay`` in jiffies."""
        self.keepalive_due = self.wheel.fires(now, delay)

    @property
    def rto_min_us(self) -> int:
        """In whole jiffies, as the kernel keeps it (tcp_init_sock, tcp_rto_min_us)."""
        return self.wheel.from_us(self.params.rto_min_us) * 1_000_000 // self.wheel.hz

    @property
    def rto_max(self) -> int:
        return self.wheel.from_ms(self.params.rto_max_ms)

    # --- segments ----------------------------------------------------------------------------

    def extensions(self, now: int, *, syn: bool = False) -> Extensions | None:
        """What goes with a segment of now: timestamps in ms, once both ends agreed on them."""
        if not (self.timestamps_ok or (self.sack_ok and syn)):
            return None
        stamps = (now // _NS_PER_MS % MODULUS, self.ts_recent) if self.timestamps_ok else None
        return Extensions(stamps, syn and self.sack_ok)

    def segment(self, flags: int, now: int, sequence: int, payload: bytes = b"") -> Segment:
        """A segment that acknowledges everything received and offers the window of now."""
        self.rcv_wnd = self.select_window()
        self.rcv_wup = self.rcv_nxt
        return Segment(
            sequence,
            self.rcv_nxt,
            flags | ACK,
            self.rcv_wnd,
            payload,
            extensions=self.extensions(now),
        )

    def select_window(self) -> int:
        """What is offered: never less than was (RFC 9293 3.8.6.2.1), 0 rather than a silly one."""
        offered = max(0, self.rcv_wnd - ahead(self.rcv_nxt, self.rcv_wup))
        free = self.params.window - self.unread
        if free < min(self.params.mss, self.params.window // 2):
            free = 0
        return max(offered, free)

    def in_flight(self) -> int:
        """Segments on the way: sent, not held for lost, or sent again since."""
        return sum(1 for each in self.sent if not each.lost or each.resent)

    @property
    def window_end(self) -> int:
        return (self.snd_una + self.snd_wnd) % MODULUS


def microseconds(now: int) -> int:
    return now // _NS_PER_US


def milliseconds(now: int) -> int:
    return now // _NS_PER_MS
