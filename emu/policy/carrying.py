"""What carries a policy's sessions: its transport, and over it what SMB adds to the question.

Over TCP NetBT asks an idle peer itself (facts/redirector.md 3.7); whatever the carrier, the server
may drop an idle circuit first, which is no notice of anything (product.md, "false disconnect").
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emu.machines.tcp.linux.params import LinuxParams
from emu.machines.tcp.params import TcpParams
from emu.policy.model import Policy
from emu.transports.base import Fault, Transport, Value
from emu.transports.table import transport_named
from emu.units import format_seconds


def provided_by(policy: Policy) -> frozenset[str]:
    """What a policy's sessions can do: its transport's gifts, or SMB over it and nothing else."""
    provides = transport_named(policy.transport).provides
    if policy.speaks_smb:
        return provides - {"terminal", "server-push"}
    return provides - {"smb"}


def carrier_transport(policy: Policy) -> Transport:
    """The transport with the formulas that count for this policy's sessions."""
    transport = transport_named(policy.transport)
    if not policy.speaks_smb:
        return transport
    if policy.transport == "tcp":
        transport = _over_nbt(transport, policy.values["smb.session_keepalive"])
    below = transport.formula

    def formula(params: Any) -> str:
        return f"{below(params)}; {_in_words(policy)}"

    return replace(transport, formula=formula)


def has_formula(params: Any) -> bool:
    """Whether closed formulas tell of NetBT over these: not where TCP asks as well, because its
    probes and NetBT's keepalive have clocks of their own, and either may come first."""
    return not getattr(params, "keepalive", False) if _is_tcp(params) else True


def _is_tcp(params: Any) -> bool:
    return isinstance(params, TcpParams | LinuxParams)


def _over_nbt(tcp: Transport, keepalive: Value) -> Transport:
    """NetBT's keepalive is data to TCP, which repeats it until it gives up (3.7)."""
    keepalive_ns = None if keepalive is None else int(keepalive)

    def asked(params: Any, fault: Fault, last_octet_ns: int) -> Fault:
        """What the server owes already goes first; an idle session waits for the keepalive."""
        if keepalive_ns is None:
            return fault
        asked_ns, since_ns = last_octet_ns + keepalive_ns, fault.unacknowledged_since_ns
        own_ns = tcp.silence(params, last_octet_ns, fault.idle_since_ns)
        if own_ns is not None and own_ns <= keepalive_ns:
            return fault
        earliest_ns = asked_ns if since_ns is None else min(since_ns, asked_ns)
        return replace(fault, unacknowledged_since_ns=earliest_ns)

    def silence(params: Any, last_octet_ns: int, /, idle_since_ns: int | None = None) -> int | None:
        dies = Fault(kind="power-loss", lost_at_ns=last_octet_ns, idle_since_ns=idle_since_ns)
        return tcp.delay(params, asked(params, dies, last_octet_ns), last_octet_ns)

    def delay(params: Any, fault: Fault, last_octet_ns: int) -> int | None:
        return tcp.delay(params, asked(params, fault, last_octet_ns), last_octet_ns)

    def lateness(params: Any, fault: Fault, last_octet_ns: int) -> int:
        return tcp.lateness(params, asked(params, fault, last_octet_ns), last_octet_ns)

    def doubtful(params: Any, fault: Fault, last_octet_ns: int) -> bool:
        return tcp.doubtful(params, asked(params, fault, last_octet_ns), last_octet_ns)

    def formula(params: Any) -> str:
        silent_ns = silence(params, 0)
        if silent_ns is None:
            return "NetBT asks nobody"
        own_ns = tcp.silence(params, 0, None)
        if keepalive_ns is None or (own_ns is not None and own_ns <= keepalive_ns):
            return f"{tcp.formula(params)}, before NetBT asks"
        return (
            f"NetBT's keepalive after {format_seconds(keepalive_ns)}, and TCP gives it up:"
            f" {format_seconds(silent_ns)} after the last octet"
        )

    return replace(
        tcp,
        silence=silence,
        delay=delay,
        lateness=lateness,
        doubtful=doubtful,
        formula=formula,
        idle_probes=_none,
    )


def _none(_params: Any, _last_octet_ns: int, _until_ns: int) -> int:
    """Of idle peers that are well nobody has asked yet."""
    return 0


def _in_words(policy: Policy) -> str:
    """What ends a session besides the transport."""
    texts, direct = policy.texts, policy.transport == "ipx-direct"
    idle = texts["smb.direct_ipx_autodisconnect" if direct else "smb.autodisconnect"]
    scan, keep = texts["smb.scavenger"], texts["smb.keep_conn"]
    open_files = "whatever is open" if direct else "not while a file is open"
    server = "autodisconnect never" if idle == "never" else (
        f"autodisconnect after {idle} and up to {scan} of scan, {open_files}"
    )  # fmt: skip
    return f"{server}; the client ends an unused connection after {keep} (KeepConn)"
