"""The outcome of one run, and its JSON by the contract of product.md."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emu.capture.recording import Recording
from emu.net.bill import LineFigures
from emu.net.records import Loss, ProbeCount, Records, SessionRecord, StateRecord
from emu.result_files import smb_json
from emu.units import in_seconds

SCHEMA_VERSION = 1

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One expectation and whether it held.  ``frames``: "interface#number"."""

    that: str
    holds: bool
    why: str
    frames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkResult:
    """A link's figures.  ``dialled``: the account of a dial-on-demand line, None for a LAN."""

    name: str
    kind: str
    frames: int
    bytes_on_wire: int
    dialled: LineFigures | None = None

    @property
    def calls_ns(self) -> tuple[tuple[int, int], ...]:
        """(CONNECT, end) of every call; none on a LAN."""
        return () if self.dialled is None else self.dialled.calls_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Everything one run says.

    ``predicted_ns``: what the closed formula says of each session's first fault, None for never;
    ``predicted_near_ns``: the same if the client comes back by some round trips sooner, or later;
    ``lateness_ns``: by how much the stack's own timers may make it later.
    ``in_doubt``: sessions whose client comes back when those timers decide whether it is heard.
    ``untold``: sessions of which the closed formula says nothing, see ``run.untold``.
    """

    scenario: str
    policy: str
    seed: int
    horizon_ns: int
    records: Records
    links: tuple[LinkResult, ...]
    session_limit: int | None
    assumptions: tuple[Mapping[str, Any], ...]
    recording: Recording
    sha256: str
    predicted_ns: Mapping[int, int | None]
    predicted_near_ns: Sequence[Mapping[int, int | None]]
    lateness_ns: Mapping[int, int]
    in_doubt: Collection[int]
    untold: Collection[int] = ()
    judgements: tuple[Judgement, ...] = ()
    settings: tuple[str, ...] = ()
    path: str | None = None

    @property
    def holds(self) -> bool:
        """Whether every expectation held."""
        return all(judgement.holds for judgement in self.judgements)

    def ghost_ns(self) -> int:
        """Time in which sessions stayed active without a client, summed."""
        return ghost_ns(self.records, self.horizon_ns)


def ghost_ns(records: Records, horizon_ns: int) -> int:
    """Time in which sessions stayed active without a client, summed."""
    losses = [loss for session in records.sessions.values() for loss in session.losses if loss.gone]
    return sum((_end(loss, horizon_ns) - loss.at_ns) for loss in losses)


def _end(loss: Loss, horizon_ns: int) -> int:
    return horizon_ns if loss.ended_at_ns is None else loss.ended_at_ns


def frame_name(recording: Recording, number: int) -> Mapping[str, Any] | None:
    """``{"interface": ..., "number": ...}`` as product.md has it; None for no frame."""
    if not number:
        return None
    interface = recording.interfaces[recording.frames[number - 1][0]]
    return {"interface": interface.name, "number": number}


def _seconds(at_ns: int | None) -> float | None:
    return None if at_ns is None else in_seconds(at_ns)


def state_json(state: StateRecord, recording: Recording) -> Json:
    return {
        "at_s": in_seconds(state.at_ns),
        "state": state.state,
        "cause": state.cause,
        "frame": frame_name(recording, state.frame),
    }


def session_json(session: SessionRecord, recording: Recording) -> Json:
    """One session.  The delays are those of its first fault; null when it was never noticed."""
    loss = session.losses[0] if session.losses else None
    noticed = None if loss is None else loss.noticed_at_ns
    delay = None if loss is None or noticed is None else noticed - loss.at_ns
    last = session.last_octet_ns
    got_over_it = loss is not None and not loss.gone and loss.noticed_at_ns is None
    if loss is not None and not got_over_it and loss.last_octet_ns is not None:
        last = loss.last_octet_ns
    return {
        "id": session.id,
        "client": session.client,
        "user": session.user,
        "transport": session.transport,
        "policy": session.policy,
        "client_lost_at_s": None if loss is None else in_seconds(loss.at_ns),
        "fault": None if loss is None else loss.fault,
        "last_octet_at_s": in_seconds(last),
        "states": [state_json(state, recording) for state in session.states],
        "noticed_at_s": _seconds(noticed),
        "notice_delay_s": _seconds(delay),
        "silence_s": _seconds(None if noticed is None else noticed - last),
        "false_disconnect": session.false_disconnect,
        "probes": _probes_json(session.probes),
        "client_probes": _probes_json(session.client_probes),
    }


def _probes_json(counts: ProbeCount) -> Json:
    return {
        "frames": counts.frames,
        "bytes_on_wire": counts.bytes_on_wire,
        "sent": counts.probes,
        "answered": counts.answers,
        "unasked": counts.unasked,
    }


def link_json(link: LinkResult) -> Json:
    """A LAN is never called, so its account is empty."""
    line = link.dialled
    return {
        "name": link.name,
        "kind": link.kind,
        "frames": link.frames,
        "bytes_on_wire": link.bytes_on_wire,
        "calls": 0 if line is None else line.calls,
        "failed_calls": 0 if line is None else line.failed_calls,
        "setup_calls": 0 if line is None else line.setup_calls,
        "setup_cost": 0.0 if line is None else float(line.setup_cost),
        "connected_s": 0.0 if line is None else in_seconds(line.connected_ns),
        "charged_units": 0 if line is None else line.units,
        "cost": 0.0 if line is None else float(line.cost),
        "currency": None if line is None else line.currency,
    }


def run_json(result: RunResult) -> Json:
    """One run as one object; ``smb`` only where files are served."""
    records = result.records
    files = records.files
    smb = None if files is None else smb_json(files, result.horizon_ns, result.recording)
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": result.scenario,
        "policy": result.policy,
        "seed": result.seed,
        "horizon_s": in_seconds(result.horizon_ns),
        "sessions": [session_json(s, result.recording) for s in records.sessions.values()],
        "attempts": [
            {
                "at_s": in_seconds(attempt.at_ns),
                "client": attempt.client,
                "kind": attempt.kind,
                "outcome": attempt.outcome,
                "why": attempt.why,
            }
            for attempt in records.attempts
        ],
        "links": [link_json(link) for link in result.links],
        "server": {
            "limit": result.session_limit,
            "peak_sessions": records.peak_sessions,
            "refused_by_limit": records.refused_by_limit,
            "ghost_session_s": in_seconds(result.ghost_ns()),
        },
        **({} if smb is None else {"smb": smb}),
        "expectations": [
            {
                "that": judgement.that,
                "holds": judgement.holds,
                "why": judgement.why,
                "frames": list(judgement.frames),
            }
            for judgement in result.judgements
        ],
        "assumptions": [dict(assumption) for assumption in result.assumptions],
        "capture": {
            "path": result.path,
            "frames": len(result.recording),
            "sha256": result.sha256,
        },
    }
