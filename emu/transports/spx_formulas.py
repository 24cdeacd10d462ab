"""Closed formulas and parameters that SPX and NetBIOS over IPX share.

The formulas share no code with the machines on purpose (architecture.md 3).  Read: facts/ipx.md
2.2, 2.3, 3.2, 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.spx import (
    CountingParams,
    NovellParams,
    SlidingParams,
    TrialParams,
)
from emu.transports.base import Fault, Parameter, Value, reaches
from emu.units import format_seconds, milliseconds, nearest_tick, seconds, ticks

#: NET.CFG's range of a number of ticks (facts/ipx.md 2.2, ZENworks help).
_TICKS_MAX = 65_535
_DAY = seconds(86_400)

# --- parameters ------------------------------------------------------------------------------


def novell_parameters(prefix: str, *, verify_low: int = 1) -> tuple[Parameter, ...]:
    """The clocks of NET.CFG.  ``verify_low``: its least value, in ticks."""

    def clock(name: str, low: int, what: str) -> Parameter:
        return Parameter(
            name=f"{prefix}.{name}",
            kind="duration",
            low=ticks(low),
            high=ticks(_TICKS_MAX),
            what=f"{what}, rounded to the nearest tick",
        )

    return (
        clock("verify", verify_low, "nothing sent for this long: a system packet is sent"),
        clock("listen", 1, "nothing received for this long: the peer is asked for a packet"),
        clock("request_interval", 1, "spacing of further requests while nothing is received"),
        clock("abort", 1, "nothing received for this long: the connection is dropped"),
    )


def nwlink_parameters(prefix: str) -> tuple[Parameter, ...]:
    """The keep-alive of NWLink."""
    return (
        Parameter(
            name=f"{prefix}.keepalive_timeout",
            kind="duration",
            low=milliseconds(500),
            high=_DAY,
            what="silence before the first probe, and spacing of unanswered ones"
            " (KeepAliveTimeout, in the registry in half-seconds)",
        ),
        Parameter(
            name=f"{prefix}.keepalive_count",
            kind="count",
            low=1,
            high=65_535,
            what="unanswered probes before the connection is given up (KeepAliveCount)",
        ),
        wait_after_last_probe(prefix),
    )


def wait_after_last_probe(prefix: str) -> Parameter:
    """The switch between the two readings of a count of probes."""
    return Parameter(
        name=f"{prefix}.wait_after_last_probe",
        kind="flag",
        what="whether the last probe is waited out too (N intervals) or not (N-1); a single"
        " probe that is not waited out drops every idle peer, alive or not",
    )


def sliding_parameters(prefix: str) -> tuple[Parameter, ...]:
    """What every stack of both transports must say."""
    return (
        Parameter(
            name=f"{prefix}.watchdog_with_data",
            kind="flag",
            what="whether the watchdog goes on while data is unacknowledged, so that it or the"
            " retransmissions give up, whichever is first; else the retransmissions alone do",
        ),
        Parameter(
            name=f"{prefix}.first_retransmission",
            kind="duration",
            low=milliseconds(10),
            high=seconds(60),
            what="wait before data is sent again",
        ),
        Parameter(
            name=f"{prefix}.retransmission_law",
            kind="choice",
            choices=("constant", "doubling"),
            what="how that wait goes on: the same each time, or twice the one before",
        ),
        Parameter(
            name=f"{prefix}.retransmissions",
            kind="count",
            low=0,
            high=255,
            what="retransmissions of data before the connection is given up",
        ),
        Parameter(
            name=f"{prefix}.wait_after_last_retransmission",
            kind="flag",
            what="whether the last retransmission is waited out too",
        ),
        Parameter(
            name=f"{prefix}.connection_requests",
            kind="count",
            low=1,
            high=255,
            what="requests for a connection before the attempt fails",
        ),
        Parameter(
            name=f"{prefix}.connection_timeout",
            kind="duration",
            low=milliseconds(100),
            high=seconds(60),
            what="what is waited behind each request for a connection",
        ),
        Parameter(
            name=f"{prefix}.window",
            kind="count",
            low=1,
            high=255,
            what="data packets that may be on their way at a time",
        ),
        Parameter(
            name=f"{prefix}.framing",
            kind="choice",
            choices=("ethernet-ii", "raw-802.3", "802.2", "snap"),
            what="how IPX is framed on Ethernet",
        ),
    )


class Given:
    """The values of a policy, by name without the transport's prefix."""

    def __init__(self, prefix: str, values: Mapping[str, Value]) -> None:
        self._values = {name.removeprefix(f"{prefix}."): value for name, value in values.items()}

    def number(self, name: str) -> int:
        return int(self._values[name] or 0)

    def flag(self, name: str) -> bool:
        return bool(self._values[name])

    def text(self, name: str) -> str:
        return str(self._values[name])

    def novell(self) -> NovellParams:
        return NovellParams(
            verify_ticks=nearest_tick(self.number("verify")),
            listen_ticks=nearest_tick(self.number("listen")),
            request_ticks=nearest_tick(self.number("request_interval")),
            abort_ticks=nearest_tick(self.number("abort")),
        )

    def counting(self, *, idle: str, interval: str, probes: str) -> CountingParams:
        return CountingParams(
            idle_ns=self.number(idle),
            interval_ns=self.number(interval),
            probes=self.number(probes),
            wait_after_last_probe=self.flag("wait_after_last_probe"),
        )

    def nwlink(self) -> CountingParams:
        timeout = "keepalive_timeout"
        return self.counting(idle=timeout, interval=timeout, probes="keepalive_count")

    def sliding(self, watchdog: CountingParams | NovellParams) -> SlidingParams:
        return SlidingParams(
            watchdog=watchdog,
            watchdog_with_data=self.flag("watchdog_with_data"),
            set_up=TrialParams(
                first_ns=self.number("connection_timeout"),
                doubling=False,
                repeats=self.number("connection_requests") - 1,
                wait_after_last=True,
            ),
            data=TrialParams(
                first_ns=self.number("first_retransmission"),
                doubling=self.text("retransmission_law") == "doubling",
                repeats=self.number("retransmissions"),
                wait_after_last=self.flag("wait_after_last_retransmission"),
            ),
            window=self.number("window"),
        )


# --- closed formulas -------------------------------------------------------------------------


def silence(sliding: SlidingParams) -> int:
    """idle + N x interval (or N - 1), or Novell's "abort": these transports always notice."""
    watchdog = sliding.watchdog
    if isinstance(watchdog, NovellParams):
        return ticks(watchdog.abort_ticks)
    return watchdog.idle_ns + _waits(watchdog) * watchdog.interval_ns


def patience(sliding: SlidingParams) -> int:
    """From the first sending of data to giving up because it stays unacknowledged."""
    data = sliding.data
    waits = data.repeats + 1 if data.wait_after_last else max(1, data.repeats)
    return data.first_ns * (2**waits - 1 if data.doubling else waits)


def delay(
    sliding: SlidingParams, fault: Fault, last_octet_ns: int, *, any_answer_will_do: bool
) -> int | None:
    """From the fault to noticing.

    ``any_answer_will_do``: the wait for an acknowledgement starts anew with the answer to a probe
    as well (NetBIOS over IPX), not only with the acknowledgement (SPX).

    A killed program's kernel ends the connection in order, at once.  A hung one's stack answers.
    A client that comes back without its state does not know the old ids and says nothing to them
    (facts/ipx.md 3.2), whatever it connects anew: the old end ages out.  One that comes back with
    its state lives on if it is heard before the end, and has what was sent to it by then.
    """
    if fault.kind == "app-hang":
        return None
    if fault.kind == "kill":
        return 0
    if fault.until_ns is None:
        return _gives_up(sliding, fault, last_octet_ns) - fault.lost_at_ns
    noticed_ns = _gives_up_all_the_same(
        sliding, fault, last_octet_ns, any_answer_will_do=any_answer_will_do
    )
    return None if noticed_ns is None else noticed_ns - fault.lost_at_ns


def idle_probes(sliding: SlidingParams, last_octet_ns: int, until_ns: int) -> int:
    """Probes of the server's to a healthy idle client, which has one of these clocks as well.

    The probe of one end is a sign of life to the other, so they take turns, and the server sends
    every second one; the client's is the first, for it heard the server's answer before the
    server heard its acknowledgement.  Under Novell's clocks nobody asks: the packets that each
    sends when it has said nothing for "verify" come before "listen" is over.
    """
    watchdog = sliding.watchdog
    idle_ns = _idle(sliding)
    if isinstance(watchdog, NovellParams) and watchdog.verify_ticks < watchdog.listen_ticks:
        return 0
    return max(0, until_ns - last_octet_ns) // (2 * idle_ns)


def formula(sliding: SlidingParams) -> str:
    """The arithmetic with the numbers put in."""
    data = sliding.data
    law = "doubling" if data.doubling else "constant"
    times = f"{data.repeats} retransmission{'s' if data.repeats != 1 else ''}"
    judge = "whichever is first" if sliding.watchdog_with_data else "the watchdog waits"
    return (
        f"{_idle_formula(sliding)}; with data unacknowledged {format_seconds(patience(sliding))}"
        f" ({times} from {format_seconds(data.first_ns)}, {law}): {judge}"
    )


def _idle_formula(sliding: SlidingParams) -> str:
    watchdog = sliding.watchdog
    total = format_seconds(silence(sliding))
    if isinstance(watchdog, NovellParams):
        listen = format_seconds(ticks(watchdog.listen_ticks))
        return f"abort = {total} of silence, asking from {listen} on"
    waits = _waits(watchdog)
    last = "waited out too" if watchdog.wait_after_last_probe else "not waited out"
    return (
        f"{format_seconds(watchdog.idle_ns)} + {waits} x {format_seconds(watchdog.interval_ns)}"
        f" = {total} of silence: {watchdog.probes} probes, the last one {last}"
    )


def _waits(watchdog: CountingParams) -> int:
    """Intervals that are waited behind the first probe."""
    return watchdog.probes if watchdog.wait_after_last_probe else watchdog.probes - 1


def _idle(sliding: SlidingParams) -> int:
    """Silence before the first probe."""
    watchdog = sliding.watchdog
    if isinstance(watchdog, NovellParams):
        return ticks(watchdog.listen_ticks)
    return watchdog.idle_ns


def _gives_up(sliding: SlidingParams, fault: Fault, last_octet_ns: int) -> int:
    """The instant at which the server does, if it hears nothing more."""
    watchdog_ns = last_octet_ns + silence(sliding)
    if fault.unacknowledged_since_ns is None:
        return watchdog_ns
    data_ns = fault.unacknowledged_since_ns + patience(sliding)
    return min(watchdog_ns, data_ns) if sliding.watchdog_with_data else data_ns


def _gives_up_all_the_same(
    sliding: SlidingParams, fault: Fault, last_octet_ns: int, *, any_answer_will_do: bool
) -> int | None:
    """A client that comes back with its state saves the connection in time, or does not.

    Any word of it is a sign of life.  Data is another matter: a repeat must reach the client,
    or it has the data already and says so with whatever it says.
    """
    noticed_ns = _gives_up(sliding, fault, last_octet_ns)
    speaks_ns = _speaks(sliding, fault, last_octet_ns)
    if speaks_ns is None or speaks_ns >= noticed_ns:
        return noticed_ns
    since_ns = fault.unacknowledged_since_ns
    if since_ns is None or _has_the_data(fault, since_ns):
        return None
    data_ns = since_ns + patience(sliding)
    trials = _repeats(sliding, since_ns)
    if any_answer_will_do:
        # Once it was heard, the server asks again in its time, or the client says that it is here.
        trials = [*_trials(sliding, fault, last_octet_ns), speaks_ns + _pause(sliding)]
    if any(at_ns < data_ns and reaches(fault, at_ns) for at_ns in trials):
        return None
    return data_ns


def _has_the_data(fault: Fault, since_ns: int) -> bool:
    """In its NIC's ring, or because it heard something when the data had been sent."""
    heard_ns = fault.client_heard_ns
    return fault.kind == "os-hang" or (heard_ns is not None and heard_ns >= since_ns)


def _speaks(sliding: SlidingParams, fault: Fault, last_octet_ns: int) -> int | None:
    """When the client is heard first: asked by the server, from its ring, or by its own clocks."""
    until_ns = fault.until_ns or 0
    trials = _trials(sliding, fault, last_octet_ns)
    words = [at_ns for at_ns in trials if reaches(fault, at_ns)][:1]
    kept = fault.unacknowledged_since_ns is not None or any(at <= until_ns for at in trials)
    if (fault.kind == "os-hang" and kept) or (
        fault.kind == "suspend" and fault.owes_acknowledgement
    ):
        words.append(until_ns)
    words += _own_words(sliding, fault, last_octet_ns)
    return min(words, default=None)


def _own_words(sliding: SlidingParams, fault: Fault, last_octet_ns: int) -> list[int]:
    """What the client says unasked.  Its clocks are the server's, counted from what it heard.

    A clock that ran out during a hang or a sleep is overdue; one behind a cut cable went on, and
    with the last probe the client gave up as well.  Novell's says something every "verify".
    """
    until_ns, watchdog = fault.until_ns or 0, sliding.watchdog
    frozen = fault.kind != "cable"
    if isinstance(watchdog, NovellParams):
        return [until_ns + (0 if frozen else ticks(watchdog.verify_ticks))]
    heard_ns = last_octet_ns if fault.client_heard_ns is None else fault.client_heard_ns
    first_ns = heard_ns + watchdog.idle_ns
    if frozen:
        return [max(first_ns, until_ns)]
    probes = [first_ns + n * watchdog.interval_ns for n in range(watchdog.probes)]
    return [at_ns for at_ns in probes if reaches(fault, at_ns)][:1]


def _pause(sliding: SlidingParams) -> int:
    """From one word of a healthy idle connection to the next."""
    watchdog = sliding.watchdog
    return ticks(watchdog.verify_ticks) if isinstance(watchdog, NovellParams) else _idle(sliding)


def _repeats(sliding: SlidingParams, since_ns: int) -> list[int]:
    """When the server sends unacknowledged data again."""
    data = sliding.data
    waits = [2**n - 1 if data.doubling else n for n in range(1, data.repeats + 1)]
    return [since_ns + wait * data.first_ns for wait in waits]


def _trials(sliding: SlidingParams, fault: Fault, last_octet_ns: int) -> list[int]:
    """When the server says something that asks for an answer, in order."""
    watchdog, since_ns = sliding.watchdog, fault.unacknowledged_since_ns
    trials = [] if since_ns is None else _repeats(sliding, since_ns)
    if since_ns is not None and not sliding.watchdog_with_data:
        return trials
    if isinstance(watchdog, CountingParams):
        first_ns = last_octet_ns + watchdog.idle_ns
        asked = [first_ns + n * watchdog.interval_ns for n in range(watchdog.probes)]
    else:
        span = range(watchdog.listen_ticks, watchdog.abort_ticks, watchdog.request_ticks)
        asked = [last_octet_ns + ticks(at) for at in span]
    return sorted(trials + asked)
