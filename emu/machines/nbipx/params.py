"""The numbers of an NBIPX policy.  Nothing here has a default: every number comes from a policy
file with its source.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.machines.spx.params import SlidingParams


@dataclass(frozen=True, slots=True, kw_only=True)
class NameParams:
    """``broadcasts``: how often a name is checked before it is claimed, and looked for before
    it is given up, >= 1.  ``interval_ns``: what is waited behind each of them, > 0.
    ``kind_twice``: the kind stands in the second octet of the networks passed, too, where a
    session packet has its own (real captures 22, 23); False leaves the list empty (24).
    """

    broadcasts: int
    interval_ns: int
    kind_twice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NbipxParams:
    """Both ends of one NBIPX policy.

    ``ack_delay_ns``: how long a bare acknowledgement waits for data to ride on, 0 for not at
    all.  ``ack_window``: so many packets make it leave at once, >= 1.
    ``window_edge``: the last field of a session packet says how far the peer may send
    (Microsoft's extensions); False leaves it 0, as in every real capture.
    ``status_query``: an idle peer is asked with a status query, answered by a status response;
    False asks with session data of no length.  Neither was ever captured (facts/ipx.md 1.9).
    ``framing``: as ``stations.ipx.FRAMINGS`` names them.
    """

    sliding: SlidingParams
    names: NameParams
    ack_delay_ns: int
    ack_window: int
    window_edge: bool
    status_query: bool
    framing: str
