"""What a policy may say of the routers between server and client: the ``[router]`` table.

All of it is optional: without it a router forwards what it gets, and the scenario's link has the
numbers.  The sources of the products' habits are in facts/ipx.md 4.1 and facts/netbeui.md 4.
"""

from __future__ import annotations

from emu.transports.base import Parameter
from emu.units import NS_PER_MS, NS_PER_S

_DAY_NS = 86_400 * NS_PER_S


def _duration(name: str, what: str, *, low: int = NS_PER_S, never: bool = False) -> Parameter:
    return Parameter(
        name=name,
        kind="duration",
        what=what,
        low=low,
        high=30 * _DAY_NS,
        never=never,
        optional=True,
    )


def _choice(name: str, what: str, *choices: str) -> Parameter:
    return Parameter(name=name, kind="choice", what=what, choices=choices, optional=True)


ROUTER_RULES = (
    _choice(
        "router.ncp_watchdog",
        "what the router beside the server does with NCP watchdog polls for clients behind it:"
        " pass them on, answer them itself, answer them in windows, or answer them for a time"
        " after each hang-up and then drop them",
        "forward",
        "spoof",
        "spoof-in-windows",
        "spoof-then-drop",
    ),
    _duration("router.ncp_watchdog_on", "spoof-in-windows: how long polls are answered"),
    _duration("router.ncp_watchdog_off", "spoof-in-windows: how long they are passed on then"),
    _duration(
        "router.ncp_watchdog_for",
        "spoof-then-drop: how long after a hang-up polls are answered",
    ),
    _choice(
        "router.spx_keepalive",
        "whether the routers answer SPX keepalives for the stations behind them, each for its side",
        "forward",
        "spoof",
    ),
    _duration("router.spx_idle_time", "spoof: only when a connection has had no data for so long"),
    _choice(
        "router.netbeui",
        "how NetBEUI crosses: bridged (BCP) or over PPP's own protocol for it (NBFCP), both with"
        " LLC end to end, or by DLSw, each side's LLC answered by its own router",
        "bridge",
        "nbfcp",
        "dlsw",
    ),
    _choice(
        "router.tcp_keepalive",
        "what the router beside the server does with TCP keepalive probes for clients behind it:"
        " pass them on, or answer them itself as a proxy does",
        "forward",
        "answer",
    ),
    _choice(
        "router.interesting",
        "which packets raise a dialled line and keep it up, by the name of a dialer list",
        "usual",
        "everything",
        "no-watchdogs",
        "no-keepalives",
    ),
    _duration(
        "router.idle_timeout",
        "how long a dialled line stays up without interesting packets",
        never=True,
    ),
    _duration("router.set_up", "from dialling to CONNECT", low=NS_PER_MS),
)
