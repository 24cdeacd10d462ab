"""The words a scenario is written in: faults, deeds, and the fields of expectations.

One ordered tuple each; ``emu list faults`` and every error message read them from here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One way to die.

    ``off_for``: whether the fault may say how long the power stays away.  ``lasts``: whether it
    may say, with ``for``, how long it holds; the client is then there again with all its state.
    ``places``: where it can strike; the first is the default.  Only at ``client`` does it name a
    client; elsewhere it strikes every client of the server.  ``on_line``: it strikes a dialled
    line, and with it every client behind that.
    """

    name: str
    what: str
    off_for: bool = False
    lasts: bool = False
    places: tuple[str, ...] = ("client",)
    on_line: bool = False


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
    ),
    FaultKind(
        name="os-hang",
        what="nothing of the client moves, its NIC fills; with for it comes to itself again",
        lasts=True,
    ),
    FaultKind(
        name="app-hang",
        what="the client's program stands still, its stack still answers",
        lasts=True,
    ),
    FaultKind(
        name="kill",
        what="the client's program dies, its kernel says goodbye for it",
    ),
    FaultKind(
        name="cable",
        what="the cable is cut at the client, at the server or between switches",
        lasts=True,
        places=("client", "server", "between-switches"),
    ),
    FaultKind(
        name="suspend",
        what="the client sleeps with its NIC off; with for it resumes, state and all",
        lasts=True,
    ),
    FaultKind(
        name="line-outage",
        what="a dialled line clears its calls and carries none; strikes all clients behind it",
        lasts=True,
        places=("line",),
        on_line=True,
    ),
)

#: How a line that is out answers a call: cause 27, cause 17, or not at all, so that the caller
#: waits in vain (its far router has no power, say).  The first is the default.
OUTAGES = ("out-of-order", "busy", "no-answer")

#: What joins hosts: a switched LAN, a line between LANs that is dialled on demand, or a box
#: between two LANs that keeps a table of flows.
LINK_KINDS = ("lan", "dial", "box")
#: How a dialled line's routers dial, by whose numbers they are (``machines/dial/params``); the
#: first is the default, here and below.
ROUTERS = ("cisco", "isdn4linux", "pppd", "diald")
#: Dialer lists by name (``machines/interesting``).
DIALER_LISTS = ("usual", "everything", "no-watchdogs", "no-keepalives")
#: How RIP and SAP cross a dialled line (facts/ipx.md 4.2): routes are configured and nobody speaks;
#: the same, but the routers speak on their LANs every 60 s; every 60 s over the line, too, while
#: it is up; only changes (RFC 1582, 2091); in active periods.
UPDATES = ("static", "filtered", "periodic", "triggered", "snapshot")

#: What a client's program can do.  ``work``: a request or keystrokes, answered by the server.
DEEDS = ("log-on", "work", "log-off")

#: What the server's program can do.  ``push``: update every active session's screen unasked, as
#: the clock in a task bar does (KB Q187049).
SERVER_DEEDS = ("push",)

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
#: over all sessions or one client's, the others over all attempts or one client's; ``links.*``
#: are summed over all links.
RUN_FIELDS = {
    "sessions.count": "count",
    "attempts.count": "count",
    "attempts.refused": "count",
    "server.limit": "count",
    "server.peak_sessions": "count",
    "server.refused_by_limit": "count",
    "server.ghost_session_s": "seconds",
    "capture.frames": "count",
    "links.calls": "count",
    "links.failed_calls": "count",
    "links.setup_calls": "count",
    "links.connected_s": "seconds",
    "links.charged_units": "count",
    "smb.leaked_session_s": "seconds",
    "smb.leaked_sessions": "count",
    "smb.dead_sessions_at_end": "count",
    "smb.data_lost_bytes": "count",
    "smb.session_setups": "count",
    "smb.failed_tasks": "count",
    "smb.failed_pages": "count",
    "smb.wrong_file_reads": "count",
}
#: Fields of one row of ``emu compare`` that a threshold may bound, and what they hold.  Sums
#: (``frames``, ``ghost_session_s``) are over all seeds, so rates and delays are what lasts.
ROW_FIELDS = {
    "notice_delay_s.min": "seconds",
    "notice_delay_s.p50": "seconds",
    "notice_delay_s.p95": "seconds",
    "notice_delay_s.max": "seconds",
    "never": "count",
    "false_disconnects": "count",
    "false_disconnect_rate.value": "rate",
    "false_disconnect_rate.high": "rate",
    "frames": "count",
    "bytes_on_wire": "count",
    "wan_calls": "count",
    "wan_connected_s": "seconds",
    "cost": "money",
    "ghost_session_s": "seconds",
    "refused_by_limit": "count",
    "peak_sessions": "count",
    "leaked_session_s": "seconds",
    "data_lost_bytes": "count",
}
#: Run fields that can be asked of one client.
CLIENT_FIELDS = ("sessions.count", "attempts.count", "attempts.refused")
