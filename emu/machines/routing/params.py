"""The numbers of IPX routing: ageing, and who sends updates on an interface, and when.

Durations are nanoseconds.  Read facts/ipx.md 1.12, 4.2; RFC 1582, section 7.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.units import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """How long a router believes.

    ``entry_ns``: an entry learned from a periodic update is unreachable when it was not heard
    again for this long; an update that comes at the very instant counts.
    ``hold_ns``: it is told as unreachable for this long, then forgotten.
    """

    entry_ns: int
    hold_ns: int


#: RFC 1582 7.1: 180 s, then 120 s (grade A for IP RIP, and "for other routing protocols the
#: database timer values are chosen to match ... a LAN").  180 s are three updates missed, which
#: is what IPX routers do by memory (3 or 4; grade M).
RFC_1582_AGEING = Ageing(entry_ns=seconds(180), hold_ns=seconds(120))


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """The whole table to everybody, every ``interval_ns``, from the start."""

    interval_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered:
    """RFC 1582: only when something changed, and until it is acknowledged.

    ``gather_ns``: from a change to the update about it, so that others go with it.
    ``retransmit_ns``: an update or request that nobody answered is repeated after this.
    ``retransmissions``: how often, before the router over there is given up, >= 0.
    ``poll_ns``: how often it is asked from then on.
    ``polls_max``: after so many questions it is left alone until it speaks; None: never.
    """

    gather_ns: int
    retransmit_ns: int
    retransmissions: int
    poll_ns: int
    polls_max: int | None

    @property
    def reassembly_ns(self) -> int:
        """RFC 1582 7.3: four times the retransmission timer."""
        return 4 * self.retransmit_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Periodic updates in active periods, silence in quiet ones; the first period is active.

    ``interval_ns``: of the updates.  ``active_ns``, ``quiet_ns``: of the periods.
    ``link_up_wakes``: a link that comes up in a quiet period begins an active one.

    Learned entries do not age in quiet periods.  Left out: the split into a client that dials
    and a server that follows, and a shorter quiet period when nothing was heard.
    """

    interval_ns: int
    active_ns: int
    quiet_ns: int
    link_up_wakes: bool


@dataclass(frozen=True, slots=True)
class Unrouted:
    """No updates either way: what lies behind this interface is written in by hand."""


Updates = Periodic | Triggered | Snapshot | Unrouted

#: facts/ipx.md 1.12: 60.00 to 60.01 s in capture T1.
NETWARE_PERIODIC = Periodic(interval_ns=seconds(60))

#: RFC 1582 7.2: 5 s, 10 *re*transmissions, polls 60 s apart; whether polling ends is the
#: administrator's choice, of at least 5.  "A few seconds" (2.1) of gathering are 3: assumption.
RFC_1582 = Triggered(
    gather_ns=seconds(3),
    retransmit_ns=seconds(5),
    retransmissions=10,
    poll_ns=seconds(60),
    polls_max=None,
)

#: facts/ipx.md 4.2, S27: active 5 to 100 minutes, quiet in minutes.  The 5 are the shortest it
#: allows; 60 of quiet, and that user traffic wakes nothing, are assumptions.
CISCO_SNAPSHOT = Snapshot(
    interval_ns=seconds(60), active_ns=seconds(300), quiet_ns=seconds(3600), link_up_wakes=False
)
UNROUTED = Unrouted()
