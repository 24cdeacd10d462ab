"""What a policy says of a data link, in nanoseconds.  Ranges: ``emu/transports/nbf.py``."""

from __future__ import annotations

from dataclasses import dataclass

from emu.machines.llc2.back_off import BackOff

#: What a SABME on a link that is up does (facts/netbeui.md 3.2).
UA_RESET = "ua-reset"
DM_THEN_ACCEPT = "dm-then-accept"
SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParams:
    """``reply``: waits for the acknowledgement of I frames and for the answers of polls (T1).

    ``set_up``: the same for SABME and DISC.
    ``n2``: tries before the link is held for dead, 1..255.
    ``first_poll_counts``: N2 counts the first poll of an idle link; False makes it one more.
    ``data_wait_counts``: N2 counts the wait for the unacknowledged I frame itself, so that one
    poll less follows it.
    ``inactivity_ns``: Ti, silence after which an idle link is polled; None for never.
    ``ack_delay_ns``: T2, how long an acknowledgement waits for a frame to ride on.
    ``ack_frames``: N3, I frames after which it waits no longer, >= 1.
    ``window``: k, I frames that may be unacknowledged, 1..127.
    ``resets``: 802.2 to the letter: after N2 polls SABME is tried N2 times, and a link is given
    up without DISC; the others send DISC at once.
    ``live_sabme``: ``UA_RESET``, ``DM_THEN_ACCEPT`` or ``SILENCE``.
    """

    reply: BackOff
    set_up: BackOff
    n2: int
    first_poll_counts: bool
    data_wait_counts: bool
    inactivity_ns: int | None
    ack_delay_ns: int
    ack_frames: int
    window: int
    resets: bool
    live_sabme: str
