"""The numbers of an SPX policy.  Nothing here has a default: every number comes from a policy
file with its source.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingParams:
    """A watchdog that counts: NWLink's, SPXS.NLM's (facts/ipx.md 2.2, 2.3).

    ``idle_ns``: silence before the first probe, > 0.  ``interval_ns``: spacing of unanswered
    probes, > 0.  ``probes``: how many, >= 1.  ``wait_after_last_probe``: the last one is waited
    out too (N intervals); False gives up together with it (N - 1).
    """

    idle_ns: int
    interval_ns: int
    probes: int
    wait_after_last_probe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NovellParams:
    """Novell's three clocks, in ticks of the PC timer, as NET.CFG has them (facts/ipx.md 2.2).

    ``verify_ticks``: nothing *sent* for this long: send a system packet.  ``listen_ticks``:
    nothing *received*: ask for one, and again every ``request_ticks``.  ``abort_ticks``: nothing
    received: the connection is dropped.  All > 0.
    """

    verify_ticks: int
    listen_ticks: int
    request_ticks: int
    abort_ticks: int


WatchdogParams = CountingParams | NovellParams


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialParams:
    """Something that is sent again until it is answered.

    ``first_ns``: the wait behind the first one, > 0.  ``doubling``: each wait is twice the one
    before; False keeps them equal.  ``repeats``: how often it is sent *again*, >= 0.
    ``wait_after_last``: the last repeat is waited out too; False gives up together with it.
    """

    first_ns: int
    doubling: bool
    repeats: int
    wait_after_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidingParams:
    """What SPX and NetBIOS over IPX have in common.

    ``watchdog_with_data``: the watchdog goes on while data is unacknowledged, and whoever is
    first gives up; False leaves that to the retransmissions alone.  ``window``: packets that may
    be on their way at a time, >= 1.
    """

    watchdog: WatchdogParams
    watchdog_with_data: bool
    set_up: TrialParams
    data: TrialParams
    window: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpxParams:
    """Both ends of one SPX policy.  ``framing``: as ``stations.ipx.FRAMINGS`` names them."""

    sliding: SlidingParams
    framing: str
