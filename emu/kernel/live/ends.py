"""The two programs of a scenario: what they say to each other, and what happens to them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping

from emu.kernel.live import sockets
from emu.kernel.live.network import PORT, SERVER, Network
from emu.kernel.live.scenarios import Scenario

#: From the end of the talk to the client's vanishing; a latency adds to it.
_QUIET_S = 0.25
_TALK_TIMEOUT_S = 10.0
_FLOOD = bytes(1000)


class Ends:
    """``server``, ``client``: their sockets, None once they are closed or of no interest."""

    def __init__(self, scenario: Scenario, network: Network) -> None:
        self._scenario = scenario
        self.network = network
        self.server: socket.socket | None = None
        self.client: socket.socket | None = None
        self.old: list[socket.socket] = []
        self.port = 0
        self._latency_s = float(scenario.path.get("latency_ms", 0)) / 1000

    def open(self) -> None:
        options = {} if self._scenario.late() else dict(self._scenario.options)
        inherited = dict(options) if self._scenario.options_on_listener else {}
        with self.network.server.entered():
            listener = sockets.stream()
        self.old.append(listener)
        sockets.set_options(listener, inherited)
        listener.bind((SERVER, PORT))
        listener.listen(5)
        listener.settimeout(_TALK_TIMEOUT_S)
        self.client = self._connect()
        self.server, (_, self.port) = listener.accept()
        self.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not inherited:
            sockets.set_options(self.server, options)

    def _connect(self) -> socket.socket:
        with self.network.client.entered():
            client = sockets.stream()
        if self._scenario.client_rcvbuf:
            size = self._scenario.client_rcvbuf
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        sockets.set_options(client, self._scenario.client_options)
        client.settimeout(_TALK_TIMEOUT_S)
        client.connect((SERVER, PORT))
        return client

    def talk(self) -> None:
        """Five octets each way, and what else the client says before it vanishes."""
        client, server = self.client, self.server
        assert client is not None and server is not None
        server.settimeout(_TALK_TIMEOUT_S)
        client.sendall(b"hello")
        server.recv(16)
        server.sendall(b"world")
        client.recv(16)
        for pause in self._scenario.before:
            time.sleep(pause)
            client.sendall(b"m")
            server.recv(16)
        time.sleep(_QUIET_S + 3 * self._latency_s)
        for each in (client, server):
            each.setblocking(False)

    # --- what happens ------------------------------------------------------------------------

    def power_off(self) -> None:
        """IP is dropped before the state goes, so that nothing is said."""
        self.network.silence.drop_ip()
        if self.client is not None:
            sockets.vanish(self.client)
        self.client = None

    def delete_client(self) -> None:
        self.network.delete_client()
        if self.client is not None:
            sockets.vanish(self.client)
        self.client = None

    def write(self, octets: int) -> int:
        return _send(self.server, octets)

    def client_write(self, octets: int) -> int:
        return _send(self.client, octets)

    def flood(self) -> int:
        """Until the window is shut and the own buffer full."""
        total = sent = _send(self.server, len(_FLOOD))
        while sent > 0:
            sent = _send(self.server, len(_FLOOD))
            total += max(0, sent)
        return total

    def close_server(self) -> None:
        if self.server is not None:
            self.server.close()
        self.server = None

    def close_client(self) -> None:
        if self.client is not None:
            self.client.close()
        self.client = None

    def set_options(self, options: str | Mapping[str, int]) -> None:
        """Names of the scenario's own options, in order, or new values."""
        assert self.server is not None
        if isinstance(options, str):
            options = {name: self._scenario.options[name] for name in options.split(",")}
        sockets.set_in_order(self.server, options)

    def restore(self) -> None:
        self.network.silence.end()

    def reconnect(self, port: str) -> int:
        """Without waiting for an answer."""
        with self.network.client.entered():
            client = sockets.stream()
        client.setblocking(False)
        if port == "same":
            client.bind((self.network.client_address, self.port))
        result = client.connect_ex((SERVER, PORT))
        if self.client is not None:
            self.old.append(self.client)
        self.client = None
        self.old.append(client)
        return result

    def close(self) -> None:
        """All of it."""
        for each in (self.client, self.server, *self.old):
            if each is not None:
                each.close()


def _send(target: socket.socket | None, octets: int) -> int:
    """What was taken, -1 for nothing."""
    if target is None:
        return -1
    try:
        return target.send(bytes(octets))
    except OSError:
        return -1


def _drop_ip(ends: Ends) -> None:
    ends.network.silence.drop_ip()


def _drop_all(ends: Ends) -> None:
    ends.network.silence.drop_all()


def _nothing(_ends: Ends) -> None:
    pass


def _link(up: bool) -> Callable[[Ends], None]:
    return lambda ends: ends.network.client_link(up)


def _server_link_down(ends: Ends) -> None:
    ends.network.server_link_down()


def _far_link_down(ends: Ends) -> None:
    ends.network.router_far_link_down()


def _new_client(ends: Ends) -> None:
    ends.network.new_client()


VANISH: Mapping[str, Callable[[Ends], None]] = {
    "none": _nothing,
    "drop_l3": _drop_ip,
    "drop_all": _drop_all,
    "power_off": Ends.power_off,
    "netns_del": Ends.delete_client,
    "client_link_down": _link(False),
    "server_link_down": _server_link_down,
    "router_far_link_down": _far_link_down,
}
ACTIONS: Mapping[str, Callable[..., int | None]] = {
    "write": Ends.write,
    "flood": Ends.flood,
    "close": Ends.close_server,
    "client_write": Ends.client_write,
    "client_close": Ends.close_client,
    "sopt": Ends.set_options,
    "restore": Ends.restore,
    "reconnect": Ends.reconnect,
    "drop_l3": _drop_ip,
    "drop_all": _drop_all,
    "client_link_down": _link(False),
    "client_link_up": _link(True),
    "netns_new": _new_client,
    "power_off": Ends.power_off,
}
