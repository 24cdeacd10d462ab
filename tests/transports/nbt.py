"""Closed formula of NetBT's keepalive over TCP; not one line of it is shared with the machines.

The session is idle for its time, one packet goes out, and TCP repeats it until it gives up
(facts/redirector.md 3.7): with 1 h and 5 retransmissions from 500 ms,
3600 + 0.5 * (1 + 2 + 4 + 8 + 16 + 32) = 3631.5 s.
"""

from __future__ import annotations

from emu.machines.tcp.params import TcpParams


def silence(tcp_params: TcpParams, session_keepalive_ns: int | None) -> int | None:
    """From the last octet heard of an idle client to noticing (ns); None for never.

    For stacks that end by a count, whose waits double without a bound: NT's.
    """
    if session_keepalive_ns is None:
        return None
    doublings = tcp_params.retransmissions + 1
    return session_keepalive_ns + tcp_params.first_rto_ns * (2**doublings - 1)
