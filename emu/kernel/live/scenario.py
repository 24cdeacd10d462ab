"""What a scenario of a live run is, and what several share.

Times in seconds after the client vanished.  ``options``: what the server's program sets
(keepalive/idle/intvl/cnt, uto in ms).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``before``: pauses in s after which the client says one more octet before it vanishes.

    ``bound``: how long to watch, at most.  ``path``: see ``emu.kernel.path``.  ``needs``: names
    of ``facilities``.  ``slow``: only with EMU_SLOW=1.
    """

    name: str
    what: str
    options: Mapping[str, int] = field(default_factory=_nothing)
    client_options: Mapping[str, int] = field(default_factory=_nothing)
    sysctl: Mapping[str, int] = field(default_factory=_nothing)
    router: Mapping[str, int] = field(default_factory=_nothing)
    path: Mapping[str, Any] = field(default_factory=_nothing)
    topology: str = "two"
    vanish: str = "drop_l3"
    timeline: tuple[tuple[Any, ...], ...] = ()
    before: tuple[float, ...] = ()
    bound: float = 15
    options_on_listener: bool = False
    client_rcvbuf: int | None = None
    client_reads: bool = True
    needs: tuple[str, ...] = ()
    slow: bool = False

    def late(self) -> bool:
        """Whether its options are set by the timeline rather than at the start."""
        return any(what == "sopt" and isinstance(more[0], str) for _, what, *more in self.timeline)

    def facts(self) -> dict[str, Any]:
        """What a recording says of its scenario."""
        return {
            "scenario": self.name,
            "desc": self.what,
            "topology": self.topology,
            "options": dict(self.options),
            "client_options": dict(self.client_options),
            "sysctl": dict(self.sysctl),
            "router": dict(self.router),
            "path": dict(self.path),
            "vanish": self.vanish,
            "timeline": [list(each) for each in self.timeline],
            "bound": self.bound,
            "client_rcvbuf": self.client_rcvbuf,
            "client_reads": self.client_reads,
            "options_on_listener": self.options_on_listener,
        }


def ka(idle: int, intvl: int, cnt: int, **more: int) -> dict[str, int]:
    return {"keepalive": 1, "idle": idle, "intvl": intvl, "cnt": cnt, **more}


R3 = {"net.ipv4.tcp_retries2": 3}
R4 = {"net.ipv4.tcp_retries2": 4}
HEARTBEAT = tuple((0.3 + second, "write", 1) for second in range(12))
#: A neighbour that is doubted at once and given up after a second.
NEIGHBOUR = {
    "net.ipv4.neigh.%if%.base_reachable_time_ms": 600,
    "net.ipv4.neigh.%if%.delay_first_probe_time": 1,
    "net.ipv4.neigh.%if%.retrans_time_ms": 300,
    "net.ipv4.neigh.%if%.ucast_solicit": 1,
    "net.ipv4.neigh.%if%.mcast_solicit": 1,
}
WRITE = ((0.3, "write", 100),)
