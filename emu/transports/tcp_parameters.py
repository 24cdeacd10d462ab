"""What the policies of several TCP stacks have in common: parameters, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emu.transports.base import Parameter, Value
from emu.units import milliseconds, seconds

DAY = seconds(86_400)


def duration(name: str, what: str, low: int, high: int, *, never: bool = False) -> Parameter:
    """A duration of ``[tcp]``."""
    return Parameter(
        name=f"tcp.{name}", kind="duration", what=what, low=low, high=high, never=never
    )


def count(name: str, what: str, low: int, high: int) -> Parameter:
    """A count of ``[tcp]``."""
    return Parameter(name=f"tcp.{name}", kind="count", what=what, low=low, high=high)


def flag(name: str, what: str) -> Parameter:
    """A switch of ``[tcp]``."""
    return Parameter(name=f"tcp.{name}", kind="flag", what=what)


KEEPALIVE = flag("keepalive", "whether the server's end probes an idle peer")
#: 0 would drop every idle peer without a single probe (RFC 9293 MUST-29).
KEEPALIVE_COUNT = count(
    "keepalive_count", "unanswered probes before the connection is given up", 1, 255
)
RETRANSMISSIONS = count(
    "retransmissions", "retransmissions of data before the connection is given up", 1, 255
)
FIRST_RTO = duration(
    "first_rto",
    "wait before data is sent again; doubles each time",
    milliseconds(10),
    seconds(120),
)
RTO_MAX = duration("rto_max", "the wait before data is sent again never grows past this",
                   milliseconds(10), DAY)  # fmt: skip
BACKOFF_MAX = count("backoff_max", "how many times the first wait the last ones are", 1, 1 << 16)

#: What every stack of the shared machine has, whatever its ways with a silent peer.
COMMON = (
    duration(
        "syn_rto",
        "wait before a SYN is sent again; doubles each time",
        milliseconds(10),
        seconds(120),
    ),
    count(
        "syn_retransmissions",
        "retransmissions of a SYN before the connection attempt fails",
        0,
        255,
    ),
    duration(
        "ack_delay",
        "how long an acknowledgement waits for data to ride on; 0 sends it at once",
        0,
        milliseconds(499),
    ),
    count("window", "receive window, octets", 1, 65_535),
    count("mss", "maximum segment size, octets", 64, 1_460),
    duration(
        "time_wait",
        "how long the end that closed first keeps the connection's name",
        0,
        seconds(600),
    ),
    flag("reset_on_probe_give_up", "whether a RST goes out when probes stay unanswered"),
    flag("reset_on_data_give_up", "whether a RST goes out when retransmissions stay unanswered"),
    duration("arp_lifetime", "how long an ARP entry is good for", seconds(1), 49 * DAY, never=True),
)


class Given:
    """The values of ``[tcp]`` by their short names."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = {name.removeprefix("tcp."): value for name, value in values.items()}

    def number(self, name: str) -> int:
        """A count, or nanoseconds; 0 for "never"."""
        return int(self._values[name] or 0)

    def maybe(self, name: str) -> int | None:
        """The same, None for "never"."""
        value = self._values[name]
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        return bool(self._values[name])

    def common(self) -> dict[str, Any]:
        """What ``COMMON`` gives a ``TcpParams``."""
        return {
            "syn_rto_ns": self.number("syn_rto"),
            "syn_retransmissions": self.number("syn_retransmissions"),
            "ack_delay_ns": self.number("ack_delay"),
            "window": self.number("window"),
            "mss": self.number("mss"),
            "time_wait_ns": self.number("time_wait"),
            "reset_on_probe_give_up": self.flag("reset_on_probe_give_up"),
            "reset_on_data_give_up": self.flag("reset_on_data_give_up"),
            "arp_lifetime_ns": self.maybe("arp_lifetime"),
        }
