"""Sockets of the two programs: options, what poll says, and a close that nobody hears of."""

from __future__ import annotations

import errno
import select
import socket
import struct
from collections.abc import Mapping
from typing import Any

#: That of the recordings; one that paces (bbr) would change when segments leave.  Set on each
#: socket: the sysctl takes only what tcp_allowed_congestion_control lists.
CONGESTION = "cubic"

_TCP_USER_TIMEOUT, _TCP_REPAIR = 18, 19
_INFO = struct.Struct("=8s17I")
_INFO_RTO, _INFO_RTT, _INFO_VAR = 1, 16, 17
_EVENTS = {
    select.POLLIN: "POLLIN",
    select.POLLERR: "POLLERR",
    select.POLLHUP: "POLLHUP",
    select.POLLRDHUP: "POLLRDHUP",
}
#: In the order in which they are set at the start: SO_KEEPALIVE comes last.
OPTIONS: Mapping[str, tuple[int, int]] = {
    "idle": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    "intvl": (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    "cnt": (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
    "uto": (socket.IPPROTO_TCP, _TCP_USER_TIMEOUT),
    "keepalive": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
}


def stream() -> socket.socket:
    """A TCP socket in the namespace of now."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, CONGESTION.encode())
    return made


def set_options(target: socket.socket, options: Mapping[str, int]) -> None:
    """The start's order."""
    for name, (level, number) in OPTIONS.items():
        if name in options:
            target.setsockopt(level, number, int(options[name]))


def set_in_order(target: socket.socket, options: Mapping[str, int]) -> None:
    """The mapping's order, which matters to the kernel (facts/tcp.md 3.1)."""
    for name, value in options.items():
        target.setsockopt(*OPTIONS[name], int(value))


def vanish(target: socket.socket) -> None:
    """Close without a FIN or a RST: the state is gone as after a loss of power."""
    target.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 1)
    target.close()


def times(target: socket.socket) -> dict[str, Any]:
    """The time-out and the round trip the kernel has come to (struct tcp_info)."""
    raw = target.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    fields = _INFO.unpack(raw)
    return {
        "rto_ms_before": f"{fields[_INFO_RTO] / 1000:g}",
        "rtt_before": f"{fields[_INFO_RTT] / 1000:g}/{fields[_INFO_VAR] / 1000:g}",
    }


def event_names(events: int) -> list[str]:
    return [name for bit, name in _EVENTS.items() if events & bit]


def error_of(target: socket.socket) -> str | None:
    """SO_ERROR by its name; None for none."""
    number = target.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return errno.errorcode.get(number, str(number)) if number else None


def congestion_allowed() -> bool:
    """Whether a socket of this namespace may have it."""
    try:
        stream().close()
    except OSError:
        return False
    return True
