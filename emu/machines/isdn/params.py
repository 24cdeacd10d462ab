"""The timers of a D channel, with the tables they stand in."""

from __future__ import annotations

from dataclasses import dataclass

from emu.machines.llc2.back_off import Fixed
from emu.machines.llc2.params import UA_RESET, LinkParams
from emu.units import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class IsdnParams:
    """Q.931's timers, in nanoseconds.

    ``t301_ns``: ALERTING to CONNECT.  ``t303_ns``: SETUP to any answer; SETUP is sent twice.
    ``t305_ns``: DISCONNECT to RELEASE.  ``t308_ns``: RELEASE to RELEASE COMPLETE; twice too.
    ``t310_ns``: CALL PROCEEDING to CONNECT or ALERTING.  ``t313_ns``: CONNECT to its
    acknowledgement, at the called user's end.
    """

    t301_ns: int
    t303_ns: int
    t305_ns: int
    t308_ns: int
    t310_ns: int
    t313_ns: int


#: Q.931 table 9-2 (user side): T301 at least 3 min, T303 4 s, T305 30 s, T308 4 s, T310 30 to
#: 120 s (the shortest is taken: an assumption), T313 4 s.
Q931 = IsdnParams(
    t301_ns=seconds(180),
    t303_ns=seconds(4),
    t305_ns=seconds(30),
    t308_ns=seconds(4),
    t310_ns=seconds(30),
    t313_ns=seconds(4),
)

#: Q.921 5.9: T200 1 s, N200 3, k = 1 on a basic access; every I frame is acknowledged at once.
#: T203 (10 s) is off, an assumption: a data link that is let go after each call has no use for
#: it, and its RR every 10 s would be most of the capture.  A simplification: the link of
#: ``machines/llc2`` polls once after UA, as NetBEUI's stacks do; Q.921 allows it, few send it.
LAPD = LinkParams(
    reply=Fixed(first_ns=seconds(1), then_ns=seconds(1)),
    set_up=Fixed(first_ns=seconds(1), then_ns=seconds(1)),
    n2=3,
    first_poll_counts=True,
    data_wait_counts=False,
    inactivity_ns=None,
    ack_delay_ns=0,
    ack_frames=1,
    window=1,
    resets=False,
    live_sabme=UA_RESET,
)
