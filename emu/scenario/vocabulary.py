"""The words a scenario is written in: faults, deeds, and the fields of expectations.

One ordered tuple each; ``emu list faults`` and every error message read them from here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One way to die.  ``off_for``: whether the fault says how long the power stays away."""

    name: str
    what: str
    off_for: bool


FAULT_KINDS = (
    FaultKind(
        name="power-loss",
        what="the client falls silent without a word; back after off_for and its boot time, or"
        " never",
        off_for=True,
    ),
    FaultKind(
        name="reboot",
        what="the client falls silent and is back, without its state, after its boot time",
        off_for=False,
    ),
)

#: What a client's program can do.  ``work``: a request or keystrokes, answered by the server.
DEEDS = ("log-on", "work", "log-off")

#: Fields of one session in the JSON of ``emu run`` (product.md), and what they hold.
#: ``final_state`` and ``final_cause`` are those of the last entry of ``states``.
SESSION_FIELDS = {
    "client_lost_at_s": "seconds",
    "last_octet_at_s": "seconds",
    "noticed_at_s": "seconds",
    "notice_delay_s": "seconds",
    "silence_s": "seconds",
    "false_disconnect": "flag",
    "fault": "text",
    "client": "text",
    "user": "text",
    "transport": "text",
    "final_state": "text",
    "final_cause": "text",
    "probes.frames": "count",
    "probes.bytes_on_wire": "count",
}
#: Fields of the whole run.  ``sessions.count`` and ``attempts.*`` are counted, the first
#: over all sessions or one client's, the others over all attempts or one client's.
RUN_FIELDS = {
    "sessions.count": "count",
    "attempts.count": "count",
    "attempts.refused": "count",
    "server.limit": "count",
    "server.peak_sessions": "count",
    "server.refused_by_limit": "count",
    "server.ghost_session_s": "seconds",
    "capture.frames": "count",
}
#: Run fields that can be asked of one client.
CLIENT_FIELDS = ("sessions.count", "attempts.count", "attempts.refused")
