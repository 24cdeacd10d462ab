"""What one run leaves for a comparison: a few numbers, small enough to cross processes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from emu.compare.trace import Trace, trace_of
from emu.net.records import Loss, SessionRecord
from emu.result import ghost_ns, link_json
from emu.run import link_results

if TYPE_CHECKING:
    from emu.net.world import World


class Struck(NamedTuple):
    """A session whose client was lost to the end of the run.  ``delay_ns``: None for never."""

    client: str
    at_ns: int
    delay_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run.  ``probes``: sent by the server; ``frames``, ``bytes_on_wire``: with answers.

    ``calls`` to ``currency``: summed over the links, as ``emu run`` has them.
    ``leaked_ns``: time of sessions without an owner, ``octets_lost``: written and never told to a
    server; both None where terminals are served.
    ``trace``: only where somebody wants to draw it.
    """

    seed: int
    sessions: int
    struck: tuple[Struck, ...]
    false_disconnects: int
    probes: int
    frames: int
    bytes_on_wire: int
    calls: int
    connected_s: float
    cost: float
    currency: str | None
    ghost_ns: int
    refused_by_limit: int
    peak_sessions: int
    leaked_ns: int | None = None
    octets_lost: int | None = None
    trace: Trace | None = None


def outcome_of(world: World) -> Outcome:
    """The outcome of a world that has been played."""
    records, files = world.records, world.records.files
    sessions = [*records.sessions.values()]
    links = [link_json(link) for link in link_results(world)]
    return Outcome(
        seed=world.seed,
        sessions=len(sessions),
        struck=tuple(each for session in sessions for each in _struck(session)),
        false_disconnects=sum(session.false_disconnect for session in sessions),
        probes=sum(session.probes.probes for session in sessions),
        frames=sum(session.probes.frames for session in sessions),
        bytes_on_wire=sum(session.probes.bytes_on_wire for session in sessions),
        calls=sum(link["calls"] for link in links),
        connected_s=sum(link["connected_s"] for link in links),
        cost=sum(link["cost"] for link in links),
        currency=next((link["currency"] for link in links if link["currency"]), None),
        ghost_ns=ghost_ns(records, world.scenario.horizon_ns),
        refused_by_limit=records.refused_by_limit,
        peak_sessions=records.peak_sessions,
        leaked_ns=None if files is None else files.leaked_ns(world.scenario.horizon_ns),
        octets_lost=None if files is None else files.octets_lost,
    )


def traced_outcome_of(world: World) -> Outcome:
    """The same with what is needed to draw it."""
    return replace(outcome_of(world), trace=trace_of(world))


def _struck(session: SessionRecord) -> list[Struck]:
    """The first fault that left something to notice, if any.

    A client that comes back with all its state (``for = ...``) leaves nothing: a server that
    sits such a fault out is right, so its *never* is no failure, and a server that does not is
    counted among the false disconnects.
    """
    lasting = [loss for loss in session.losses if loss.until_ns is None]
    return [Struck(loss.client, loss.at_ns, _delay_ns(loss)) for loss in lasting[:1]]


def _delay_ns(loss: Loss) -> int | None:
    return None if loss.noticed_at_ns is None else loss.noticed_at_ns - loss.at_ns
