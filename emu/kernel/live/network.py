"""The hosts of a scenario: server and client, and where it says so a router or a forwarder.

Addresses are those of the recordings (``emu.kernel.trace``, ``emu.kernel.play``).
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from emu.kernel.live import namespaces
from emu.kernel.live.forwarder import Forwarder
from emu.kernel.live.namespaces import Namespace
from emu.kernel.live.scenarios import Scenario
from emu.kernel.live.silence import Silence
from emu.kernel.path import read_plan

SERVER = "10.77.0.1"
PORT = 5000
_SERVER_MAC, _CLIENT_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
_NEAR_MAC, _FAR_MAC = "02:00:00:00:00:fe", "02:00:00:00:00:fd"
#: Linkwatch looks at carriers once a second, if it comes to it: it shares a lock with every
#: namespace that is being built or torn down.
_CARRIER_S = 40.0
_LOOK_AGAIN_S = 0.005


class Network:
    """Built by ``__enter__``, gone after ``__exit__``."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._stack = contextlib.ExitStack()
        self.server = self._made()
        self.client = self._made()
        self.middle = self._made() if scenario.topology == "router" or scenario.path else None
        self.client_address = "10.78.0.2" if scenario.topology == "router" else "10.77.0.2"
        self.silence = Silence(self.client)
        self.forwarder: Forwarder | None = None

    def __enter__(self) -> Network:
        with contextlib.ExitStack() as undo:
            undo.push(self._stack)
            self._build()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _made(self) -> Namespace:
        made = namespaces.make()
        self._stack.callback(made.close)
        return made

    # --- building ----------------------------------------------------------------------------

    def _build(self) -> None:
        if self.middle is None:
            self._next_door()
        elif self._scenario.topology == "router":
            self._behind_router(self.middle)
        else:
            self._on_a_long_cable(self.middle)
        for name, value in self._scenario.sysctl.items():
            self.server.sysctl(name, value)

    def _next_door(self) -> None:
        _cable(self.server, "eth0", _SERVER_MAC, self.client, "eth0", _CLIENT_MAC)
        _address(self.server, "10.77.0.1/24")
        _address(self.client, "10.77.0.2/24")
        _ready(self.server, self.client)

    def _behind_router(self, router: Namespace) -> None:
        _cable(self.server, "eth0", _SERVER_MAC, router, "eth0", _NEAR_MAC)
        _cable(router, "eth1", _FAR_MAC, self.client, "eth0", _CLIENT_MAC)
        _address(router, "10.77.0.254/24")
        router.ip("addr add 10.78.0.254/24 dev eth1", "link set eth1 up")
        _address(self.server, "10.77.0.1/24", "route add default via 10.77.0.254")
        _address(self.client, "10.78.0.2/24", "route add default via 10.78.0.254")
        router.sysctl("net.ipv4.ip_forward", 1)
        for name, value in self._scenario.router.items():
            router.sysctl(name.replace("%if%", "eth0"), value)
            router.sysctl(name.replace("%if%", "eth1"), value)
        _ready(self.server, self.client)

    def _on_a_long_cable(self, middle: Namespace) -> None:
        _cable(self.server, "eth0", _SERVER_MAC, middle, "eth0", _NEAR_MAC)
        _cable(middle, "eth1", _FAR_MAC, self.client, "eth0", _CLIENT_MAC)
        middle.ip("link set eth0 up", "link set eth1 up")
        _address(self.server, "10.77.0.1/24")
        _address(self.client, "10.77.0.2/24")
        self.forwarder = Forwarder(middle, read_plan(self._scenario.path))
        self._stack.callback(self.forwarder.stop)
        _ready(self.server, self.client)

    # --- what happens to it ------------------------------------------------------------------

    def delete_client(self) -> None:
        """Its interface and what it was plugged into are gone."""
        self.server.ip("link del eth0")

    def new_client(self) -> None:
        """The same addresses, nothing remembered."""
        self.client = self._made()
        self.silence = Silence(self.client)
        self._next_door()

    def client_link(self, up: bool) -> None:
        """Its interface down or up; done when the server's end has noticed."""
        namespaces.set_up(self.client, "eth0", up)
        deadline = time.monotonic() + _CARRIER_S
        while time.monotonic() < deadline:
            if namespaces.has_carrier(self.server, "eth0") is up:
                return
            time.sleep(_LOOK_AGAIN_S)

    def server_link_down(self) -> None:
        namespaces.set_up(self.server, "eth0", False)

    def router_far_link_down(self) -> None:
        assert self.middle is not None
        namespaces.set_up(self.middle, "eth1", False)

    def counters(self) -> dict[str, int]:
        """What the server's kernel counted of interest; its namespace began with nothing."""
        with self.server.entered():
            rows = Path("/proc/thread-self/net/netstat").read_text().splitlines()
        names, values = rows[0].split()[1:], rows[1].split()[1:]
        return {name: int(value) for name, value in zip(names, values, strict=True)
                if value != "0" and name in _COUNTED}  # fmt: skip

    def reachable_ms(self) -> dict[str, int]:
        """How long a confirmed neighbour is good where that was set: the kernel draws it."""
        drawn: dict[str, int] = {}
        if "neigh" in "".join(self._scenario.sysctl):
            drawn["server"] = _reachable(self.server, "eth0")
        if "neigh" in "".join(self._scenario.router) and self.middle is not None:
            drawn["router"] = _reachable(self.middle, "eth1")
        return drawn


_COUNTED = {"TCPKeepAlive", "TCPTimeouts", "TCPLossProbes", "TCPAbortOnTimeout", "TCPAbortOnData",
            "TCPWinProbe", "TCPChallengeACK", "OutOfWindowIcmps", "TCPSpuriousRTOs"}  # fmt: skip


def _cable(near: Namespace, eth: str, mac: str, far: Namespace, far_eth: str, far_mac: str) -> None:
    near.ip(
        f"link add {eth} address {mac} type veth"
        f" peer name {far_eth} address {far_mac} netns {far.path}"
    )
    namespaces.plain(near, eth)
    namespaces.plain(far, far_eth)


def _address(host: Namespace, address: str, *more: str) -> None:
    host.ip("link set lo up", f"addr add {address} dev eth0", "link set eth0 up", *more)


def _reachable(host: Namespace, interface: str) -> int:
    words = host.ip_says("ntable", "show", "dev", interface, "name", "arp_cache").split()
    return int(words[words.index("reachable") + 1])


def _ready(*hosts: Namespace) -> None:
    """Both ends have carriers; what is sent before is lost."""
    deadline = time.monotonic() + _CARRIER_S
    while not all(namespaces.has_carrier(host, "eth0") for host in hosts):
        if time.monotonic() > deadline:
            raise TimeoutError("the veth has no carrier")
        time.sleep(_LOOK_AGAIN_S)
