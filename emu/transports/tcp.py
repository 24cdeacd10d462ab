"""TCP with and without KeepAlive (facts/tcp.md 2, 5, 7)."""

from __future__ import annotations

from collections.abc import Mapping

from emu.machines.tcp.params import TcpParams
from emu.stations.tcp import TcpClientStation, TcpServerStation
from emu.transports.base import Fault, Parameter, Stack, Transport, Value, heard_again
from emu.units import format_seconds, milliseconds, seconds

_DAY = seconds(86_400)

_WINDOWS_NT4 = Stack(
    name="windows-nt4",
    title="Windows NT 4.0, 2000 and Server 2003",
    parameters=(
        Parameter(
            name="tcp.keepalive", kind="flag", what="whether the server's end probes an idle peer"
        ),
        Parameter(
            name="tcp.keepalive_idle",
            kind="duration",
            low=seconds(1),
            high=49 * _DAY,
            what="silence before the first probe (KeepAliveTime)",
        ),
        Parameter(
            name="tcp.keepalive_interval",
            kind="duration",
            low=milliseconds(1),
            high=_DAY,
            what="spacing of unanswered probes (KeepAliveInterval)",
        ),
        Parameter(
            name="tcp.retransmissions",
            kind="count",
            # 0 would drop every idle peer without a single probe (RFC 9293 MUST-29).
            low=1,
            high=255,
            what="unanswered probes, or retransmissions of data, before the connection is given up"
            " (TcpMaxDataRetransmissions)",
        ),
        Parameter(
            name="tcp.first_probe_counts",
            kind="flag",
            what="whether the count includes the first probe (N probes, each waited out) or only"
            " those that repeat it (one probe and one interval more)",
        ),
        Parameter(
            name="tcp.first_rto",
            kind="duration",
            low=milliseconds(10),
            high=seconds(120),
            what="wait before data is sent again; doubles each time",
        ),
        Parameter(
            name="tcp.syn_rto",
            kind="duration",
            low=milliseconds(10),
            high=seconds(120),
            what="wait before a SYN is sent again; doubles each time",
        ),
        Parameter(
            name="tcp.syn_retransmissions",
            kind="count",
            low=0,
            high=255,
            what="retransmissions of a SYN before the connection attempt fails",
        ),
        Parameter(
            name="tcp.ack_delay",
            kind="duration",
            low=0,
            high=milliseconds(499),
            what="how long an acknowledgement waits for data to ride on; 0 sends it at once",
        ),
        Parameter(
            name="tcp.window", kind="count", low=1, high=65_535, what="receive window, octets"
        ),
        Parameter(
            name="tcp.mss", kind="count", low=64, high=1_460, what="maximum segment size, octets"
        ),
        Parameter(
            name="tcp.time_wait",
            kind="duration",
            low=0,
            high=seconds(600),
            what="how long the end that closed first keeps the connection's name",
        ),
        Parameter(
            name="tcp.reset_on_probe_give_up",
            kind="flag",
            what="whether a RST goes out when probes stay unanswered",
        ),
        Parameter(
            name="tcp.reset_on_data_give_up",
            kind="flag",
            what="whether a RST goes out when retransmissions stay unanswered",
        ),
        Parameter(
            name="tcp.arp_lifetime",
            kind="duration",
            low=seconds(1),
            high=49 * _DAY,
            never=True,
            what="how long an ARP entry is good for",
        ),
    ),
)


def _make_params(_stack: str, values: Mapping[str, Value]) -> TcpParams:
    given = {name.removeprefix("tcp."): value for name, value in values.items()}

    def number(name: str) -> int:
        return int(given[name] or 0)

    lifetime = given["arp_lifetime"]
    return TcpParams(
        keepalive=bool(given["keepalive"]),
        keepalive_idle_ns=number("keepalive_idle"),
        keepalive_interval_ns=number("keepalive_interval"),
        retransmissions=number("retransmissions"),
        first_probe_counts=bool(given["first_probe_counts"]),
        first_rto_ns=number("first_rto"),
        syn_rto_ns=number("syn_rto"),
        syn_retransmissions=number("syn_retransmissions"),
        ack_delay_ns=number("ack_delay"),
        window=number("window"),
        mss=number("mss"),
        time_wait_ns=number("time_wait"),
        reset_on_probe_give_up=bool(given["reset_on_probe_give_up"]),
        reset_on_data_give_up=bool(given["reset_on_data_give_up"]),
        arp_lifetime_ns=None if lifetime is None else int(lifetime),
    )


def _probes_max(params: TcpParams) -> int:
    return params.retransmissions + (0 if params.first_probe_counts else 1)


def _silence(
    params: TcpParams, _last_octet_ns: int, /, idle_since_ns: int | None = None
) -> int | None:
    """I + N*V (facts/tcp.md 5): 7200 + 5*1 s with NT 4's values; never without keepalive.

    Every segment starts the clock anew.
    """
    del idle_since_ns
    if not params.keepalive:
        return None
    return params.keepalive_idle_ns + _probes_max(params) * params.keepalive_interval_ns


def _delay(params: TcpParams, fault: Fault, last_octet_ns: int) -> int | None:
    """The earliest of: the trials used up, a RST to one of them, a RST after a SYN on the old port.

    Trials are probes, or retransmissions while data is unacknowledged: then nothing is probed
    (RFC 9293 3.8.4).  A host that is back without state answers the next one with RST (RFC 793
    3.4); its own SYN touches the old connection only if it comes from the old port.  A stack
    whose program hangs answers for it; one whose program was killed says FIN or RST at once.
    """
    if fault.kind == "app-hang":
        return None
    if fault.kind == "kill":
        return 0
    trials = _trials(params, last_octet_ns, fault.unacknowledged_since_ns)
    if heard_again(fault, trials):
        return None
    noticed = trials[-1:]
    if fault.back_at_ns is not None:
        noticed += [at for at in trials[:-1] if at >= fault.back_at_ns][:1]
    if fault.attaches_at_ns is not None and fault.same_address:
        noticed.append(fault.attaches_at_ns)
    return min(noticed) - fault.lost_at_ns if noticed else None


def _trials(
    params: TcpParams, last_octet_ns: int, unacknowledged_since_ns: int | None
) -> list[int]:
    """When the server tries to reach a silent peer, and last, when it gives up."""
    if unacknowledged_since_ns is not None:
        # facts/tcp.md 5: N repeats, each wait twice the one before, the last one waited out.
        repeats = range(1, params.retransmissions + 2)
        return [unacknowledged_since_ns + params.first_rto_ns * (2**n - 1) for n in repeats]
    silence = _silence(params, last_octet_ns)
    if silence is None:
        return []
    first, interval = last_octet_ns + params.keepalive_idle_ns, params.keepalive_interval_ns
    probes = [first + n * interval for n in range(_probes_max(params))]
    return [*probes, last_octet_ns + silence]


def _idle_probes(params: TcpParams, last_octet_ns: int, until_ns: int) -> int:
    """A healthy idle peer is probed once an idle time; each answer starts the next."""
    if not params.keepalive:
        return 0
    return (until_ns - last_octet_ns) // params.keepalive_idle_ns


def _formula(params: TcpParams) -> str:
    if not params.keepalive:
        return "no keepalive: an idle connection to a dead client is never given up"
    count = _probes_max(params)
    total = params.keepalive_idle_ns + count * params.keepalive_interval_ns
    return (
        f"keepalive_idle + {count} x keepalive_interval = "
        f"{format_seconds(params.keepalive_idle_ns)} + "
        f"{count} x {format_seconds(params.keepalive_interval_ns)} = {format_seconds(total)}"
    )


TCP = Transport(
    name="tcp",
    title="TCP, with and without KeepAlive",
    provides=frozenset({"tcp", "server-push", "bytes"}),
    stacks=(_WINDOWS_NT4,),
    make_params=_make_params,
    server=TcpServerStation,
    client=TcpClientStation,
    silence=_silence,
    delay=_delay,
    idle_probes=_idle_probes,
    formula=_formula,
)
