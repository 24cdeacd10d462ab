"""What one data link remembers: the variables of IEEE 802.2, the queues and the timers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emu.machines.base import NEVER
from emu.machines.llc2.params import LinkParams
from emu.pdu.llc2 import MODULUS, Information, Supervisory


class State(Enum):
    """IEEE 802.2's ADM, SETUP, NORMAL (with its conditions), RESET, ERROR and D_CONN."""

    DOWN = "down"
    SETTING_UP = "setting up"
    UP = "up"
    RESETTING = "resetting"
    REJECTING = "rejecting"
    DISCONNECTING = "disconnecting"


# What the layer above may ask.
@dataclass(frozen=True, slots=True)
class Connect:
    """Set the link up: SABME."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send octets in an I frame.  ``poll``: with P = 1, so that it is acknowledged at once.

    ``probe``: they are sent to see whether the peer still acknowledges anything.
    """

    octets: bytes
    poll: bool = False
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Busy:
    """Our own receiver cannot take anything, or can again."""

    busy: bool


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Take the link down, behind what is queued."""


# What it tells the layer above besides Opened, Data, Ended and Lost.
@dataclass(frozen=True, slots=True)
class Restarted:
    """The link starts anew from number 0: whatever was on it is lost, the link itself is up."""

    cause: str


@dataclass(frozen=True, slots=True)
class Refused:
    """DM in answer to our SABME: not now; another try may be welcome."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Transmitted as FRMR; ``rejected`` gives its control field, which is the wire's to encode."""

    rejected: Information | Supervisory
    vs: int
    vr: int
    reasons: int
    final: bool


def ahead(number: int, of: int) -> int:
    """How far ``number`` is ahead of ``of`` on the circle of 128, 0..127."""
    return (number - of) % MODULUS


class LinkBlock:
    """``outstanding``: I frames sent and not acknowledged, oldest first, with what was asked.

    ``retries``: unanswered polls (or SABME, DISC, FRMR) in a row; ``backed_off``: how far the reply
    timer has backed off; NT resets the one without the other (facts/netbeui.md 2.4).
    ``for_data``: the reply timer was started by an I frame.  ``polling``: a P is out.
    ``unanswered``: probes, of either kind, since the last answer.  ``told``: the layer above
    knows that the link is over.  Timers hold instants, NEVER when off.
    ``since_ns``: when the wait for the oldest unacknowledged I frame began, NEVER when there is
    none; the end of the link leaves it as it was.  ``data_waits``: not only for probes; likewise.
    """

    __slots__ = ("ack_count", "ack_due", "backed_off", "checkpoint", "data_waits", "for_data",
                 "inactivity_due", "leaving", "listening", "local_busy", "outstanding", "params",
                 "peer_busy", "polling", "probing", "rejecting", "reply_due", "retries", "since_ns",
                 "state", "told", "unanswered", "unsent", "va", "vr", "vs")  # fmt: skip

    def __init__(self, params: LinkParams, *, probing: bool, listening: bool) -> None:
        self.params = params
        self.probing = probing
        self.listening = listening
        self.state = State.DOWN
        self.since_ns: int = NEVER
        self.data_waits = False
        self.reply_due: int = NEVER
        self.told = True
        self.clear()

    def clear(self) -> None:
        """V(S) = V(R) = 0, no conditions, no timers, nothing queued."""
        self.vs = self.va = self.vr = 0
        self.outstanding: list[tuple[Information, Send]] = []
        self.unsent: list[Send] = []
        self.retries = self.backed_off = self.unanswered = 0
        self.for_data = self.polling = self.checkpoint = self.leaving = False
        self.peer_busy = self.local_busy = self.rejecting = False
        self.ack_count = 0
        self.ack_due: int = NEVER
        self.inactivity_due: int = NEVER
        self.reply_due = NEVER

    @property
    def probes_outstanding(self) -> bool:
        """Whether an I frame that is out is a probe itself."""
        return any(asked.probe for _, asked in self.outstanding)

    @property
    def polls_max(self) -> int:
        """How many polls may stay unanswered."""
        params = self.params
        count = params.n2 + (not params.first_poll_counts)
        return count - (self.for_data and params.data_wait_counts)

    @property
    def waiting_since_ns(self) -> int:
        """``since_ns`` while data is out, or was when the link ended; a probe is no data.

        What waits for a probe alone is told by the clock that sent it: told by the probe, a
        closed formula would repeat that clock's error.
        """
        stale = self.state is State.UP and not self.outstanding
        return self.since_ns if self.data_waits and not stale else NEVER

    # --- the reply timer, T1 -----------------------------------------------------------------

    def start_reply(self, now: int, *, for_data: bool) -> None:
        """A new row of tries begins; an idle link is no longer one."""
        self.backed_off = self.retries = 0
        self.for_data = for_data
        self.reply_due = now + self.params.reply.wait_ns(0)
        self.inactivity_due = NEVER

    def restart_reply(self, now: int) -> None:
        """One more try of the same row."""
        self.backed_off += 1
        self.reply_due = now + self.params.reply.wait_ns(self.backed_off)

    def start_set_up(self, now: int) -> None:
        """The first SABME, DISC or FRMR of a row goes out."""
        self.backed_off = self.retries = 0
        self.reply_due = now + self.params.set_up.wait_ns(0)

    def restart_set_up(self, now: int) -> None:
        """One more of it."""
        self.retries += 1
        self.backed_off += 1
        self.reply_due = now + self.params.set_up.wait_ns(self.backed_off)

    def stop_reply(self) -> None:
        self.backed_off = self.retries = 0
        self.for_data = False
        self.reply_due = NEVER
