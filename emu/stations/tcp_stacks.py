"""Which machine a TCP policy's stack has, and what else a station must know of it."""

from __future__ import annotations

from emu.machines.tcp.linux.machine import LinuxTcp
from emu.machines.tcp.linux.params import LinuxParams
from emu.machines.tcp.machine import Tcp
from emu.machines.tcp.params import TcpParams

#: net.ipv4.ip_default_ttl of Linux; not in facts/tcp.md, as every stack's is an assumption.
_TTL_LINUX = 64


def make_machine(
    params: TcpParams | LinuxParams, *, initial_sequence: int, server: bool
) -> Tcp | LinuxTcp:
    """The machine of a policy's stack.

    The server's socket has what the policy sets; a client's neither probes nor has a user
    timeout (KB Q187049 is about the server's end).
    """
    if isinstance(params, TcpParams):
        return Tcp(params, initial_sequence=initial_sequence, probing=server)
    options = params.options(keepalive=server)
    if not server:
        options.user_timeout_ms = 0
    return LinuxTcp(params, initial_sequence=initial_sequence, options=options)


def ttl_of(params: TcpParams | LinuxParams) -> int:
    """Time to live of what a stack sends."""
    return params.personality.ttl if isinstance(params, TcpParams) else _TTL_LINUX
