"""One scenario against the kernel: the two programs, the timeline, and what became of it.

One thread and one loop; its instants are those of the capture's clock (CLOCK_REALTIME).
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emu.kernel.live import sockets
from emu.kernel.live.network import PORT, SERVER, Network
from emu.kernel.live.recorder import Capture, listed
from emu.kernel.live.scenarios import Scenario
from emu.units import NS_PER_S

#: From the end of the talk to the client's vanishing, and what a latency adds to it.
_QUIET_S = 0.25
#: What a program leaves to be seen after its connection's end.
_AFTERMATH_S = 0.6
_ORPHAN_POLL_S = 0.05
_TALK_TIMEOUT_S = 10.0
_FLOOD = bytes(1000)
_WATCHED = select.POLLIN | select.POLLRDHUP


class Program:
    """``facts``: what the recording will say, complete after ``perform``."""

    def __init__(self, scenario: Scenario, network: Network, *, hz: int) -> None:
        self._scenario = scenario
        self._net = network
        self.facts: dict[str, Any] = {**scenario.facts(), "kernel": os.uname().release, "hz": hz}
        self.capture = Capture(network.server, "eth0")
        self._server: socket.socket | None = None
        self._client: socket.socket | None = None
        self._old: list[socket.socket] = []
        self._heard_ns = self._vanished_ns = 0
        self._ended_ns: int | None = None
        self._actions: list[dict[str, Any]] = []
        self._death: dict[str, Any] | None = None
        self._latency_s = float(scenario.path.get("latency_ms", 0)) / 1000

    def perform(self) -> dict[str, Any]:
        """From the first SYN to the end of the watch."""
        try:
            self.facts["reachable_ms"] = self._net.reachable_ms()
            self._open()
            self._talk()
            self._vanish()
            self._watch()
            self._conclude()
        finally:
            self._close()
        return self.facts

    # --- up to L -----------------------------------------------------------------------------

    def _open(self) -> None:
        options = {} if self._scenario.late() else dict(self._scenario.options)
        inherited = dict(options) if self._scenario.options_on_listener else {}
        with self._net.server.entered():
            listener = sockets.stream()
        self._old.append(listener)
        sockets.set_options(listener, inherited)
        listener.bind((SERVER, PORT))
        listener.listen(5)
        listener.settimeout(_TALK_TIMEOUT_S)
        self._client = self._connect()
        self._server, (_, self.facts["client_port"]) = listener.accept()
        self._server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not inherited:
            sockets.set_options(self._server, options)

    def _connect(self) -> socket.socket:
        with self._net.client.entered():
            client = sockets.stream()
        if self._scenario.client_rcvbuf:
            size = self._scenario.client_rcvbuf
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        sockets.set_options(client, self._scenario.client_options)
        client.settimeout(_TALK_TIMEOUT_S)
        client.connect((SERVER, PORT))
        return client

    def _talk(self) -> None:
        """Five octets each way, and what else the client says before it vanishes."""
        client, server = self._client, self._server
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
        self.facts |= sockets.times(server)

    def _vanish(self) -> None:
        self.capture.take()
        heard = self.capture.last_heard()
        assert heard is not None, "nothing captured"
        self._heard_ns = heard
        self._vanished_ns = time.time_ns()
        if self._net.forwarder is not None:
            self._net.forwarder.start(self._vanished_ns)
        _VANISH[self._scenario.vanish](self)
        self.facts["t0_after_last_rx"] = self._since(self._heard_ns, self._vanished_ns)
        self.facts["vanish_took"] = self._since(self._vanished_ns, time.time_ns())

    def _since(self, start_ns: int, at_ns: int) -> float:
        return round((at_ns - start_ns) / NS_PER_S, 6)

    # --- from L on ---------------------------------------------------------------------------

    def _watch(self) -> None:
        """Act when it is time to, look when something happens; until the end or the bound."""
        planned = sorted(self._scenario.timeline, key=lambda each: each[0])
        bound_ns = self._vanished_ns + round(self._scenario.bound * NS_PER_S)
        while True:
            now = time.time_ns()
            while planned and self._planned_ns(planned[0]) <= now:
                self._act(planned.pop(0))
            until = min([bound_ns, *(self._planned_ns(each) for each in planned[:1])])
            if self._ended_ns is not None:
                until = min(until, self._ended_ns + round(_AFTERMATH_S * NS_PER_S))
            if now >= until and (not planned or now >= bound_ns or self._ended_ns is not None):
                return
            self._look(max(0.0, (until - time.time_ns()) / NS_PER_S))

    def _planned_ns(self, planned: tuple[Any, ...]) -> int:
        return self._vanished_ns + round(planned[0] * NS_PER_S)

    def _act(self, planned: tuple[Any, ...]) -> None:
        at_ns = time.time_ns()
        result = _ACTIONS[planned[1]](self, *planned[2:])
        row = {"at": self._since(self._vanished_ns, at_ns), "action": planned[1]}
        if result is not None:
            row["ret"] = result
        self._actions.append(row | {"done": self._since(self._vanished_ns, time.time_ns())})

    def _look(self, timeout_s: float) -> None:
        """Wait for a frame or for news of a socket; an orphan is asked after."""
        orphan = self._server is None and self._ended_ns is None
        if orphan:
            timeout_s = min(timeout_s, _ORPHAN_POLL_S)
        poll = select.poll()
        poll.register(self.capture.tap, select.POLLIN)
        for each in (self._server if self._death is None else None, self._reader()):
            if each is not None:
                poll.register(each, _WATCHED)
        ready = dict(poll.poll(timeout_s * 1000))
        self.capture.take()
        server, client = self._server, self._reader()
        if server is not None and server.fileno() in ready and self._death is None:
            self._look_at_server(server, ready[server.fileno()])
        if client is not None and client.fileno() in ready:
            self._look_at_client(client)
        if orphan and not self._orphan_lives():
            self._died("orphan gone", [])

    def _reader(self) -> socket.socket | None:
        return self._client if self._scenario.client_reads else None

    def _look_at_server(self, server: socket.socket, events: int) -> None:
        """Read; an error or an end is its death.  At an end it tries to say one more octet."""
        names = sockets.event_names(events)
        error = sockets.error_of(server)
        if error is not None:
            self._died(error, names)
            return
        try:
            if server.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError as gone:
            self._died(os.strerror(gone.errno or 0), names)
            return
        self._died("EOF", names)
        with contextlib.suppress(OSError):
            server.send(b"x")

    def _died(self, error: str, names: list[str]) -> None:
        self._ended_ns = time.time_ns()
        self._death = {
            "revents": names,
            "so_error": error,
            "t": self._since(self._heard_ns, self._ended_ns),
            "after_t0": self._since(self._vanished_ns, self._ended_ns),
        }

    def _look_at_client(self, client: socket.socket) -> None:
        try:
            if client.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            client.close()  # an error: it has told, and has nothing left to say
        else:
            self._old.append(client)  # EOF: read to the end, and kept open
        self._client = None

    def _orphan_lives(self) -> bool:
        with self._net.server.entered():
            table = Path("/proc/thread-self/net/tcp").read_text()
        rows = [line.split() for line in table.splitlines()[1:]]
        port = f":{self.facts['client_port']:04X}"
        return any(row[2].endswith(port) for row in rows)

    # --- what happens ------------------------------------------------------------------------

    def power_off(self) -> None:
        """IP is dropped before the state goes, so that nothing is said."""
        self._net.silence.drop_ip()
        if self._client is not None:
            sockets.vanish(self._client)
        self._client = None

    def delete_client(self) -> None:
        self._net.delete_client()
        if self._client is not None:
            sockets.vanish(self._client)
        self._client = None

    def write(self, octets: int) -> int:
        return _send(self._server, octets)

    def client_write(self, octets: int) -> int:
        return _send(self._client, octets)

    def flood(self) -> int:
        """Until the window is shut and the own buffer full."""
        total = sent = _send(self._server, len(_FLOOD))
        while sent > 0:
            sent = _send(self._server, len(_FLOOD))
            total += max(0, sent)
        return total

    def close_server(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None

    def close_client(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    def set_options(self, options: str | Mapping[str, int]) -> None:
        """Names of the scenario's own options, in order, or new values."""
        assert self._server is not None
        if isinstance(options, str):
            options = {name: self._scenario.options[name] for name in options.split(",")}
        sockets.set_in_order(self._server, options)

    def restore(self) -> None:
        self._net.silence.end()

    def reconnect(self, port: str) -> int:
        """Without waiting for an answer."""
        with self._net.client.entered():
            client = sockets.stream()
        client.setblocking(False)
        if port == "same":
            client.bind((self._net.client_address, self.facts["client_port"]))
        result = client.connect_ex((SERVER, PORT))
        if self._client is not None:
            self._old.append(self._client)
        self._client = None
        self._old.append(client)
        return result

    @property
    def network(self) -> Network:
        return self._net

    # --- the end -----------------------------------------------------------------------------

    def _conclude(self) -> None:
        self.capture.take()
        rows = listed(self.capture.packets(), self._heard_ns)
        self.facts |= {
            "actions": self._actions,
            "death": self._death,
            "packets": rows,
            "packets_total": len(rows),
            "server_counters": self._net.counters(),
        }
        if self._death is None:
            self.facts["watched_until_t"] = self._since(self._heard_ns, time.time_ns())

    def _close(self) -> None:
        for each in (self._client, self._server, *self._old):
            if each is not None:
                each.close()
        self.capture.close()


def _send(target: socket.socket | None, octets: int) -> int:
    """What was taken, -1 for nothing."""
    if target is None:
        return -1
    try:
        return target.send(bytes(octets))
    except OSError:
        return -1


def _drop_ip(program: Program) -> None:
    program.network.silence.drop_ip()


def _drop_all(program: Program) -> None:
    program.network.silence.drop_all()


def _nothing(_program: Program) -> None:
    pass


def _link(up: bool) -> Callable[[Program], None]:
    return lambda program: program.network.client_link(up)


def _server_link_down(program: Program) -> None:
    program.network.server_link_down()


def _far_link_down(program: Program) -> None:
    program.network.router_far_link_down()


def _new_client(program: Program) -> None:
    program.network.new_client()


_VANISH: Mapping[str, Callable[[Program], None]] = {
    "none": _nothing,
    "drop_l3": _drop_ip,
    "drop_all": _drop_all,
    "power_off": Program.power_off,
    "netns_del": Program.delete_client,
    "client_link_down": _link(False),
    "server_link_down": _server_link_down,
    "router_far_link_down": _far_link_down,
}
_ACTIONS: Mapping[str, Callable[..., int | None]] = {
    "write": Program.write,
    "flood": Program.flood,
    "close": Program.close_server,
    "client_write": Program.client_write,
    "client_close": Program.close_client,
    "sopt": Program.set_options,
    "restore": Program.restore,
    "reconnect": Program.reconnect,
    "drop_l3": _drop_ip,
    "drop_all": _drop_all,
    "client_link_down": _link(False),
    "client_link_up": _link(True),
    "netns_new": _new_client,
    "power_off": Program.power_off,
}
