"""Dialer lists: which traffic raises a line and keeps it up.  Pure: traffic in, yes or no out.

The first rule that fits decides, as in an access list.  What is not interesting still flows
while the line is up (``machines/dial``).

Read: facts/ipx.md 4.2, "Interesting traffic".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emu.pdu.traffic import IPX, Kind, Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``interesting``: what it decides.  Everything that is given must fit.

    ``kinds``, ``sockets``, ``ports``: any of them is enough; empty means any at all.
    ``tcp_flags``: all of these set; 0 means any.  ``broadcast``: None means either.
    """

    interesting: bool
    protocol: str | None = None
    kinds: frozenset[Kind] = frozenset()
    sockets: frozenset[int] = frozenset()
    ports: frozenset[int] = frozenset()
    tcp_flags: int = 0
    broadcast: bool | None = None

    def fits(self, traffic: Traffic) -> bool:
        """Whether this rule is about that packet."""
        return (
            self.protocol in (None, traffic.protocol)
            and _meets(self.kinds, traffic.kinds)
            and _meets(self.sockets, traffic.sockets)
            and _meets(self.ports, traffic.ports)
            and traffic.tcp_flags & self.tcp_flags == self.tcp_flags
            and self.broadcast in (None, traffic.broadcast)
        )


def _meets(wanted: frozenset[Kind] | frozenset[int], found: Iterable[object]) -> bool:
    return not wanted or not wanted.isdisjoint(found)


@dataclass(frozen=True, slots=True)
class DialerList:
    """``rules`` in order; ``otherwise``: what holds when none fits."""

    rules: Sequence[Rule]
    otherwise: bool

    def interesting(self, traffic: Traffic) -> bool:
        """Whether this packet raises the line and keeps it up."""
        for rule in self.rules:
            if rule.fits(traffic):
                return rule.interesting
        return self.otherwise


def deny(*kinds: Kind) -> Rule:
    """What looks like any of these is not interesting."""
    return Rule(interesting=False, kinds=frozenset(kinds))


#: The usual denials of facts/ipx.md 4.2 (sockets 0453, 0452, 0457 and packet type 20); the
#: sockets are grade A, the recipe is remembered.  Watchdog and SPX are left to spoofing.
USUAL = DialerList(
    (
        Rule(
            interesting=False,
            protocol=IPX,
            kinds=frozenset({Kind.RIP, Kind.SAP, Kind.SERIALIZATION, Kind.TYPE_20}),
        ),
    ),
    otherwise=True,
)
#: ``dialer-list 1 protocol ipx permit``: everything counts, and RIP alone holds the line up.
EVERYTHING = DialerList((), otherwise=True)
#: The usual ones, and no NCP watchdog: a live idle client behind the line is then cleared like a
#: dead one, unless something else raises the line in time.
NO_WATCHDOGS = DialerList((*USUAL.rules, deny(Kind.WATCHDOG, Kind.WATCHDOG_ANSWER)), otherwise=True)
#: The usual ones, and no keepalive of any kind: the line stays down, and so does the news.
NO_KEEPALIVES = DialerList(
    (
        *USUAL.rules,
        deny(
            Kind.WATCHDOG,
            Kind.WATCHDOG_ANSWER,
            Kind.SPX_KEEPALIVE,
            Kind.SPX_SYSTEM,
            Kind.NBIPX_KEEPALIVE,
            Kind.TCP_KEEPALIVE,
            Kind.SESSION_ALIVE,
            Kind.LLC_POLL,
        ),
    ),
    otherwise=True,
)
