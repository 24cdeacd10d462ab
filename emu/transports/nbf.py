"""NBF: NetBEUI over LLC type 2 (facts/netbeui.md 2, 3).

What notices a dead client is the link below the sessions: it polls, or a SESSION_ALIVE stays
unacknowledged, and when N2 is used up all sessions on it end.  The link is declared down before
its own DISC is answered; that instant is when the server notices.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from emu.machines.llc2.back_off import BackOff, Doubling, Fixed, Ticked
from emu.machines.llc2.params import DM_THEN_ACCEPT, SILENCE, UA_RESET, LinkParams
from emu.machines.nbf.params import NbfParams
from emu.stations.nbf import NbfClientStation, NbfServerStation
from emu.transports.base import (
    Fault,
    Parameter,
    Stack,
    Transport,
    Value,
    reaches,
    speaks_on_waking,
)
from emu.units import format_seconds, milliseconds, seconds

_DAY = seconds(86_400)


def _duration(name: str, low: int, high: int, what: str, *, never: bool = False) -> Parameter:
    return Parameter(
        name=f"nbf.{name}", kind="duration", low=low, high=high, never=never, what=what
    )


def _count(name: str, high: int, what: str) -> Parameter:
    return Parameter(name=f"nbf.{name}", kind="count", low=1, high=high, what=what)


_COMMON = (
    _count("n2", 255, "tries before the link is held for dead (N2)"),
    Parameter(
        name="nbf.data_wait_counts",
        kind="flag",
        what="whether N2 counts the wait for an unacknowledged I frame itself (one poll less"
        " follows) or only the polls behind it",
    ),
    _duration(
        "ack_delay",
        0,
        seconds(10),
        "how long an acknowledgement waits for a frame to ride on (T2); shorter than t1",
    ),
    _count("ack_frames", 127, "I frames after which it waits no longer (N3)"),
    _count("window", 127, "I frames that may be unacknowledged (k)"),
    Parameter(
        name="nbf.sabme_on_live_link",
        kind="choice",
        choices=(UA_RESET, DM_THEN_ACCEPT, SILENCE),
        what="what a SABME on a link that is up does: it starts anew and its sessions end, it is"
        " torn down and the next SABME accepted, or nothing until it is down",
    ),
    _duration("data_ack_delay", 0, seconds(10), "how long a DATA_ACK waits for data to ride on"),
    _count("claim_tries", 20, "ADD_NAME_QUERY for each name"),
    _duration("claim_timeout", milliseconds(10), seconds(60), "wait behind each of them"),
    _count("query_tries", 20, "NAME_QUERY for each call"),
    _duration("query_timeout", milliseconds(10), seconds(60), "wait behind each of them"),
)
_T1 = _duration("t1", milliseconds(10), seconds(60), "first wait for an acknowledgement (T1)")
_T1_MAX = _duration("t1_max", milliseconds(10), seconds(600), "longest such wait")
_POLLS_COUNTED = Parameter(
    name="nbf.first_poll_counts",
    kind="flag",
    what="whether N2 counts the first poll of an idle link (N2 polls, each waited out) or only"
    " those that repeat it (one poll and one wait more)",
)
_TI = _duration(
    "ti", seconds(1), _DAY, "silence after which an idle link is polled (Ti)", never=True
)
_ALIVE = (
    _T1,
    _T1_MAX,
    _duration(
        "alive_interval",
        seconds(1),
        _DAY,
        "a SESSION_ALIVE is sent this often from set-up on, whatever else is sent",
        never=True,
    ),
    *_COMMON,
)

_STACKS = (
    Stack(
        name="nt4",
        title="Windows NT 3.x and 4.0: LLC polls",
        parameters=(
            _T1,
            _T1_MAX,
            _duration("t1_tick", milliseconds(1), seconds(1), "the unit in which T1 counts"),
            _TI,
            _POLLS_COUNTED,
            *_COMMON,
        ),
    ),
    Stack(
        name="lan-manager",
        title="LAN Manager 2.2 for DOS and OS/2: SESSION_ALIVE",
        parameters=_ALIVE,
    ),
    Stack(name="win9x", title="Windows 95 and 98: SESSION_ALIVE", parameters=_ALIVE),
    Stack(
        name="ibm",
        title="IBM-style LLC2: polls without back-off",
        parameters=(_T1, _TI, _POLLS_COUNTED, *_COMMON),
    ),
    Stack(
        name="802.2",
        title="IEEE 802.2 to the letter, as in Linux: no inactivity timer",
        parameters=(
            _T1,
            _duration("poll_wait", milliseconds(10), seconds(60), "wait for the answer of a poll"),
            *_COMMON,
        ),
    ),
)


def _make_params(stack: str, values: Mapping[str, Value]) -> NbfParams:
    given = {name.removeprefix("nbf."): value for name, value in values.items()}

    def number(name: str) -> int:
        return int(given[name] or 0)

    def unless_never(name: str) -> int | None:
        return None if given.get(name) is None else number(name)

    reply = _law(stack, given)
    set_up: BackOff = reply
    if stack == "802.2":
        set_up = Fixed(first_ns=number("t1"), then_ns=number("t1"))
    link = LinkParams(
        reply=reply,
        set_up=set_up,
        n2=number("n2"),
        first_poll_counts=bool(given.get("first_poll_counts", True)),
        data_wait_counts=bool(given["data_wait_counts"]),
        inactivity_ns=unless_never("ti"),
        ack_delay_ns=number("ack_delay"),
        ack_frames=number("ack_frames"),
        window=number("window"),
        resets=stack == "802.2",
        live_sabme=str(given["sabme_on_live_link"]),
    )
    return NbfParams(
        link=link,
        alive_interval_ns=unless_never("alive_interval"),
        data_ack_delay_ns=number("data_ack_delay"),
        claim_tries=number("claim_tries"),
        claim_timeout_ns=number("claim_timeout"),
        query_tries=number("query_tries"),
        query_timeout_ns=number("query_timeout"),
        find_first=stack == "nt4",
    )


def _law(stack: str, given: Mapping[str, Value]) -> BackOff:
    def number(name: str) -> int:
        return int(given[name] or 0)

    if stack == "nt4":
        return Ticked(first_ns=number("t1"), cap_ns=number("t1_max"), tick_ns=number("t1_tick"))
    if stack in ("lan-manager", "win9x"):
        return Doubling(first_ns=number("t1"), cap_ns=number("t1_max"))
    return Fixed(first_ns=number("t1"), then_ns=number("poll_wait" if stack == "802.2" else "t1"))


# --- closed formulas -----------------------------------------------------------------------
#
# They share no code with the machines on purpose (architecture.md 3): of the laws of T1 they
# read the numbers, and do their own sums.  They hold for T2 < T1 < Ti, which LAN Manager's
# manual demands (facts/netbeui.md 2.2), and know nothing of frames that cross each other.


class _Row:
    """One row of tries.  ``starts_ns``: what a peer with all its state answers first, an I frame
    or the first poll; ``polls_ns``, ``sabmes_ns``: what any station answers; ``down_ns``.
    """

    def __init__(self, params: NbfParams, starts_ns: int, *, data: bool) -> None:
        link = params.link
        polls = link.n2 if link.first_poll_counts else link.n2 + 1
        if data and link.data_wait_counts:
            polls -= 1
        waits = _waits(link.reply, polls + 1 if data else polls)
        ends = list(accumulate(waits, initial=starts_ns))
        self.starts_ns = starts_ns
        self.polls_ns = ends[1:-1] if data else ends[:-1]
        self.sabmes_ns: list[int] = []
        self.down_ns = ends[-1]
        if link.resets:
            *self.sabmes_ns, self.down_ns = accumulate(
                _waits(link.set_up, link.n2), initial=self.down_ns
            )


def _waits(law: BackOff, count: int) -> list[int]:
    """The first ``count`` waits of a law, by its own arithmetic."""
    match law:
        case Fixed(first_ns=first, then_ns=then):
            return ([first] + [then] * count)[:count]
        case Doubling(first_ns=first, cap_ns=cap):
            return [min(cap, first << step) for step in range(count)]
        case Ticked(first_ns=first, cap_ns=cap, tick_ns=tick):
            waits, ticks = list[int](), max(first // tick, 1)
            for _ in range(count):
                ticks = min(ticks, max(cap // tick, 1))
                waits.append(ticks * tick + tick)
                ticks += ticks // 2
            return waits


def _idle_row(params: NbfParams, last_octet_ns: int, beat_ns: int | None) -> _Row | None:
    """What an idle server does about a peer that has been silent since ``last_octet_ns``.

    ``beat_ns``: where SESSION_ALIVE counts from; None if nobody knows, then the last octet was
    the acknowledgement of one, T2 after it.
    """
    link, interval_ns = params.link, params.alive_interval_ns
    if interval_ns is not None:
        if beat_ns is None:
            beat_ns = last_octet_ns - (link.ack_delay_ns if link.ack_frames > 1 else 0)
        beats = max(0, last_octet_ns - beat_ns) // interval_ns + 1
        return _Row(params, beat_ns + beats * interval_ns, data=True)
    if link.inactivity_ns is not None:
        return _Row(params, last_octet_ns + link.inactivity_ns, data=False)
    return None


def _silence(
    params: NbfParams, last_octet_ns: int, /, idle_since_ns: int | None = None
) -> int | None:
    """Ti and the waits of the polls; or, of SESSION_ALIVE's beat, what is left, and its waits.

    ``idle_since_ns``: where that beat counts from, the session's set-up.
    """
    row = _idle_row(params, last_octet_ns, idle_since_ns)
    return None if row is None else row.down_ns - last_octet_ns


def _delay(params: NbfParams, fault: Fault, last_octet_ns: int) -> int | None:
    """From the fault to noticing.

    Data in flight is judged by its own row of tries; idle by Ti or SESSION_ALIVE.  A stack that
    still answers is never noticed, a kernel that says goodbye at once.
    """
    if fault.kind == "app-hang":
        return None
    if fault.kind == "kill":
        return 0
    if fault.unacknowledged_since_ns is not None:
        row = _Row(params, fault.unacknowledged_since_ns, data=True)
    else:
        row = _idle_row(params, last_octet_ns, fault.idle_since_ns)
    if fault.until_ns is not None:
        noticed_ns = None if row is None else _noticed_of_an_outage(row, fault)
    else:
        noticed_ns = _noticed_of_a_loss(params, row, fault)
    return None if noticed_ns is None else noticed_ns - fault.lost_at_ns


def _noticed_of_an_outage(row: _Row, fault: Fault) -> int | None:
    """The peer is back with its state: one poll that it still hears, and nothing happened.

    After an os-hang it also finds in its ring what came meanwhile, and a sleeper may speak first.
    A reset that it hears (802.2) ends the sessions all the same.
    """
    until_ns = fault.until_ns or 0
    speaks = fault.kind == "os-hang" or speaks_on_waking(fault)
    in_time = until_ns < (row.sabmes_ns or [row.down_ns])[0]
    if reaches(fault, max([row.starts_ns, *row.polls_ns])) or (speaks and in_time):
        return None
    if fault.kind == "os-hang":
        return min(until_ns, row.down_ns)
    return min([at for at in row.sabmes_ns if reaches(fault, at)], default=row.down_ns)


def _noticed_of_a_loss(params: NbfParams, row: _Row | None, fault: Fault) -> int | None:
    """The earliest of: tries used up, DM to one of them, the client's own SABME.

    The client claims its name before it calls; while it waits for the answer to its SABME
    (which one kind of server ignores) it answers no polls.
    """
    noticed: list[int] = []
    deaf_from_ns = deaf_until_ns = 0
    if fault.attaches_at_ns is not None and fault.same_address:
        sabme_ns = fault.attaches_at_ns + params.claim_tries * params.claim_timeout_ns
        if params.link.live_sabme != SILENCE:
            noticed.append(sabme_ns)
        else:
            deaf_from_ns = sabme_ns
            deaf_until_ns = sabme_ns + sum(_waits(params.link.set_up, params.link.n2))
    if row is not None:
        noticed.append(row.down_ns)
        if fault.back_at_ns is not None:
            back_ns = fault.back_at_ns
            tries = [at for at in (*row.polls_ns, *row.sabmes_ns) if at >= back_ns]
            noticed += [at for at in tries if not deaf_from_ns <= at < deaf_until_ns][:1]
    return min(noticed, default=None)


def _idle_probes(params: NbfParams, last_octet_ns: int, until_ns: int) -> int:
    """A healthy idle peer answers once in Ti, or acknowledges every SESSION_ALIVE.

    Of the beat only the last octet is known: it is taken for the acknowledgement of one.
    """
    link, interval_ns = params.link, params.alive_interval_ns
    waited_ns = max(0, until_ns - last_octet_ns)
    if interval_ns is not None:
        delayed_ns = link.ack_delay_ns if link.ack_frames > 1 else 0
        return (waited_ns + delayed_ns) // interval_ns
    return 0 if link.inactivity_ns is None else waited_ns // link.inactivity_ns


def _formula(params: NbfParams) -> str:
    row = _idle_row(params, 0, 0)
    if row is None:
        data = _Row(params, 0, data=True)
        return (
            "never while idle: no inactivity timer; with data unacknowledged"
            f" {len(data.polls_ns)} polls and {len(data.sabmes_ns)} SABME,"
            f" {format_seconds(data.down_ns)}"
        )
    idle, rest = row.starts_ns, row.down_ns - row.starts_ns
    sums = f"{format_seconds(idle)} + {format_seconds(rest)} = {format_seconds(idle + rest)}"
    if params.alive_interval_ns is None:
        return f"Ti + {len(row.polls_ns)} polls waited out = {sums}"
    return (
        f"alive_interval + T1 + {len(row.polls_ns)} polls waited out = {sums}"
        " at most, less what had passed of the interval at the last octet"
    )


NBF = Transport(
    name="nbf",
    title="NetBEUI: NetBIOS Frames over LLC type 2",
    provides=frozenset({"nbf", "server-push", "bytes", "smb", "terminal"}),
    stacks=_STACKS,
    make_params=_make_params,
    server=NbfServerStation,
    client=NbfClientStation,
    silence=_silence,
    delay=_delay,
    idle_probes=_idle_probes,
    formula=_formula,
    same_address=True,
)
