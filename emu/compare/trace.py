"""What one run looked like over time, for a picture: small, frozen, fit to cross processes.

Instants are nanoseconds since the start of the run, as everywhere inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from emu.net.bill import line_figures
from emu.net.records import Loss, SessionRecord

if TYPE_CHECKING:
    from emu.net.world import World


class Span(NamedTuple):
    """A session was in ``state`` from ``from_ns`` up to, not including, ``until_ns``."""

    state: str
    from_ns: int
    until_ns: int


class Strike(NamedTuple):
    """A fault that struck a session.

    ``ghost_until_ns``: how long the session was a ghost; None if it never was one.
    ``mended``: it left nothing to notice; ``noticed_ns``: None for never.
    """

    fault: str
    client: str
    at_ns: int
    ghost_until_ns: int | None
    mended: bool
    noticed_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTrace:
    """One session.  ``probes_ns``: when the server sent its probes."""

    id: int
    client: str
    user: str
    spans: tuple[Span, ...]
    strikes: tuple[Strike, ...]
    probes_ns: tuple[int, ...]
    false_disconnect: bool


class LinkTrace(NamedTuple):
    """A link that dials.  ``calls_ns``: (connected, ended) of every call."""

    name: str
    calls_ns: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One run.  ``links``: those that dial, called or not."""

    seed: int
    horizon_ns: int
    sessions: tuple[SessionTrace, ...]
    links: tuple[LinkTrace, ...]


def trace_of(world: World) -> Trace:
    """The trace of a world that has been played with a recording."""
    horizon = world.scenario.horizon_ns
    probes = _probes(world)
    return Trace(
        seed=world.seed,
        horizon_ns=horizon,
        sessions=tuple(
            _session(record, horizon, tuple(probes.get(record.id, ())))
            for record in world.records.sessions.values()
        ),
        links=tuple(
            LinkTrace(line.name, line_figures(line, horizon).calls_ns)
            for line in world.lines.values()
        ),
    )


def _probes(world: World) -> Mapping[int, list[int]]:
    """By session.  A probe whose frame the tap has not seen was not on the wire."""
    assert world.recording is not None
    found: dict[int, list[int]] = {}
    for probe in world.records.probes:
        if probe.frame and probe.session is not None:
            _, at_ns, _ = world.recording.frames[probe.frame - 1]
            found.setdefault(probe.session, []).append(at_ns)
    return found


def _session(record: SessionRecord, horizon: int, probes: tuple[int, ...]) -> SessionTrace:
    ends = [state.at_ns for state in record.states[1:]] + [horizon]
    return SessionTrace(
        id=record.id,
        client=record.client,
        user=record.user,
        spans=tuple(
            Span(state.state, state.at_ns, end)
            for state, end in zip(record.states, ends, strict=True)
        ),
        strikes=tuple(_strike(loss, horizon) for loss in record.losses),
        probes_ns=probes,
        false_disconnect=record.false_disconnect,
    )


def _strike(loss: Loss, horizon: int) -> Strike:
    ghost_until = horizon if loss.ended_at_ns is None else loss.ended_at_ns
    return Strike(
        fault=loss.fault,
        client=loss.client,
        at_ns=loss.at_ns,
        ghost_until_ns=ghost_until if loss.gone else None,
        mended=loss.recovered or not loss.gone,
        noticed_ns=loss.noticed_at_ns,
    )
