"""The numbers of dial-on-demand, and those of some routers with their sources.

Durations are nanoseconds.  Read facts/ipx.md 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.units import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DialParams:
    """How one router dials.

    ``idle_ns``: without interesting traffic the link is hung up after this; None for never.
    ``fast_idle_ns``: the same while somebody else waits for the channel.
    ``carrier_wait_ns``: a call that has not connected by then is given up.
    ``pause_after_failure_ns``, ``pause_after_hang_up_ns``: how long the line stays down before
    it may be dialled again, 0 for not at all.
    ``redials``: attempts after the first that fail before what waits is given up, >= 0.
    ``redial_ns``: before the first of them; doubled before each further one, up to
    ``redial_max_ns``.
    ``queue_frames``: interesting packets kept while the link is not up; 0 drops them.
    ``inbound_counts``: interesting packets that arrive keep the link up too.
    ``before_unit_ns``: once idle, hang up only this long before the next charge unit, whose
    time is paid for anyway; None: as soon as idle.
    """

    idle_ns: int | None
    fast_idle_ns: int
    carrier_wait_ns: int
    pause_after_failure_ns: int
    pause_after_hang_up_ns: int
    redials: int
    redial_ns: int
    redial_max_ns: int
    queue_frames: int
    inbound_counts: bool
    before_unit_ns: int | None

    def redial_pause_ns(self, failures: int) -> int:
        """``failures``: calls in a row that failed, >= 1.  The exponent is bounded: 2^40 ns of
        a nanosecond is longer than any maximum."""
        return min(self.redial_ns << min(failures - 1, 40), self.redial_max_ns)


#: Cisco DDR; facts/ipx.md 4.2, S27: idle-timeout 120 s, fast-idle 20 s, wait-for-carrier 30 s,
#: enable-timeout 15 s after a call or a failed one.  Assumptions: no redial (the command came
#: later), a hold-queue of 20 packets (the default is none in some versions), and that only
#: outbound packets reset the idle timer (remembered).
CISCO = DialParams(
    idle_ns=seconds(120),
    fast_idle_ns=seconds(20),
    carrier_wait_ns=seconds(30),
    pause_after_failure_ns=seconds(15),
    pause_after_hang_up_ns=seconds(15),
    redials=0,
    redial_ns=0,
    redial_max_ns=0,
    queue_frames=20,
    inbound_counts=False,
    before_unit_ns=None,
)

#: isdn4linux; facts/ipx.md 4.2 (mars_nwe doc/PPP.isdn): hang-up after 19 s, just before the next
#: charge unit possible.  Assumptions: 2 s before it (remembered from isdn_net.c), traffic of
#: both directions counts, no fast-idle, three redials 10 s apart, 60 s to connect.
ISDN4LINUX = DialParams(
    idle_ns=seconds(19),
    fast_idle_ns=seconds(19),
    carrier_wait_ns=seconds(60),
    pause_after_failure_ns=seconds(10),
    pause_after_hang_up_ns=0,
    redials=3,
    redial_ns=seconds(10),
    redial_max_ns=seconds(10),
    queue_frames=20,
    inbound_counts=True,
    before_unit_ns=seconds(2),
)

#: pppd 2.4.9, its source by facts/ipx.md 4.2: idle 0 = never, holdoff 30 s (not after an idle
#: hang-up), maxfail 10.  Assumptions: a queue of 20 packets, 60 s to connect (its chat script's
#: business), traffic of both directions counts, as ``active-filter`` sees both.
PPPD = DialParams(
    idle_ns=None,
    fast_idle_ns=seconds(20),
    carrier_wait_ns=seconds(60),
    pause_after_failure_ns=seconds(30),
    pause_after_hang_up_ns=0,
    redials=9,
    redial_ns=seconds(30),
    redial_max_ns=seconds(30),
    queue_frames=20,
    inbound_counts=True,
    before_unit_ns=None,
)

#: diald 0.99/1.0, its source by facts/ipx.md 4.2: connect 60, redial 30 with a back-off up to
#: 600 s.  Its rules give every kind of packet its own time; 120 s (UDP) stands for all.
#: Assumptions: the queue, four redials (30, 60, 120, 240 s), both directions count.
DIALD = DialParams(
    idle_ns=seconds(120),
    fast_idle_ns=seconds(120),
    carrier_wait_ns=seconds(60),
    pause_after_failure_ns=seconds(30),
    pause_after_hang_up_ns=0,
    redials=4,
    redial_ns=seconds(30),
    redial_max_ns=seconds(600),
    queue_frames=20,
    inbound_counts=True,
    before_unit_ns=None,
)
