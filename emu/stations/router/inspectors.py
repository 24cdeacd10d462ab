"""From a policy's ``[router]`` values to the inspectors of the routers at a line's ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emu.machines.spoof import Always, Mode, SpoofThenDrop, Windows
from emu.machines.spoof.modes import CYBERSWITCH, IOS_WINDOWS
from emu.machines.spoof.spx import IDLE_NS
from emu.stations.router.inspector import Inspector
from emu.stations.router.keepalive_proxy import KeepaliveProxy
from emu.stations.router.spoofing import SpxSpoofer, WatchdogSpoofer

Values = Mapping[str, int | bool | str | None]


def inspectors(values: Values, *, beside_server: bool) -> Sequence[Inspector]:
    """``values``: by dotted name, as ``policy.router_parameters`` has them; none of them is
    needed.

    NetWare's watchdog and KeepAlive are asked by the server, so the router beside it answers.
    Both ends of SPX watch each other, so a router at either end answers its own side.
    """
    found: list[Inspector] = []
    mode = _watchdog_mode(values) if beside_server else None
    if mode is not None:
        found.append(WatchdogSpoofer(mode))
    if values.get("router.spx_keepalive") == "spoof":
        idle_ns = _duration(values, "router.spx_idle_time", IDLE_NS)
        found.append(SpxSpoofer(Always(), idle_ns=idle_ns))
    if beside_server and values.get("router.tcp_keepalive") == "answer":
        found.append(KeepaliveProxy())
    return found


def _watchdog_mode(values: Values) -> Mode | None:
    match values.get("router.ncp_watchdog", "forward"):
        case "spoof":
            return Always()
        case "spoof-in-windows":
            return Windows(
                on_ns=_duration(values, "router.ncp_watchdog_on", IOS_WINDOWS.on_ns),
                off_ns=_duration(values, "router.ncp_watchdog_off", IOS_WINDOWS.off_ns),
            )
        case "spoof-then-drop":
            spoof_ns = _duration(values, "router.ncp_watchdog_for", CYBERSWITCH.spoof_ns)
            return SpoofThenDrop(spoof_ns=spoof_ns)
        case _:
            return None


def _duration(values: Values, name: str, default_ns: int) -> int:
    value = values.get(name, default_ns)
    return value if isinstance(value, int) else default_ns
