"""One scenario against the kernel: the two programs, the timeline, and what became of it.

One thread and one loop; its instants are those of the capture's clock (CLOCK_REALTIME).
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from pathlib import Path
from typing import Any

from emu.kernel.live import sockets
from emu.kernel.live.ends import ACTIONS, VANISH, Ends
from emu.kernel.live.network import Network
from emu.kernel.live.recorder import Capture, listed
from emu.kernel.live.scenarios import Scenario
from emu.units import NS_PER_S

#: What a program leaves to be seen after its connection's end.
_AFTERMATH_S = 0.6
_ORPHAN_POLL_S = 0.05
_WATCHED = select.POLLIN | select.POLLRDHUP


class Program:
    """``facts``: what the recording will say, complete after ``perform``."""

    def __init__(self, scenario: Scenario, network: Network, *, hz: int) -> None:
        self._scenario = scenario
        self._net = network
        self.facts: dict[str, Any] = {**scenario.facts(), "kernel": os.uname().release, "hz": hz}
        self.capture = Capture(network.server, "eth0")
        self._ends = Ends(scenario, network)
        self._heard_ns = self._vanished_ns = 0
        self._ended_ns: int | None = None
        self._actions: list[dict[str, Any]] = []
        self._death: dict[str, Any] | None = None

    def perform(self) -> dict[str, Any]:
        """From the first SYN to the end of the watch."""
        try:
            self.facts["reachable_ms"] = self._net.reachable_ms()
            self._ends.open()
            self._ends.talk()
            self._vanish()
            self._watch()
            self._conclude()
        finally:
            self._ends.close()
            self.capture.close()
        return self.facts

    def _vanish(self) -> None:
        assert self._ends.server is not None
        self.facts |= sockets.times(self._ends.server) | {"client_port": self._ends.port}
        self.capture.take()
        heard = self.capture.last_heard()
        assert heard is not None, "nothing captured"
        self._heard_ns = heard
        self._vanished_ns = time.time_ns()
        if self._net.forwarder is not None:
            self._net.forwarder.start(self._vanished_ns)
        VANISH[self._scenario.vanish](self._ends)
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
        result = ACTIONS[planned[1]](self._ends, *planned[2:])
        row = {"at": self._since(self._vanished_ns, at_ns), "action": planned[1]}
        if result is not None:
            row["ret"] = result
        self._actions.append(row | {"done": self._since(self._vanished_ns, time.time_ns())})

    def _look(self, timeout_s: float) -> None:
        """Wait for a frame or for news of a socket; an orphan is asked after."""
        orphan = self._ends.server is None and self._ended_ns is None
        if orphan:
            timeout_s = min(timeout_s, _ORPHAN_POLL_S)
        poll = select.poll()
        poll.register(self.capture.tap, select.POLLIN)
        for each in (self._ends.server if self._death is None else None, self._reader()):
            if each is not None:
                poll.register(each, _WATCHED)
        ready = dict(poll.poll(timeout_s * 1000))
        self.capture.take()
        server, client = self._ends.server, self._reader()
        if server is not None and server.fileno() in ready and self._death is None:
            self._look_at_server(server, ready[server.fileno()])
        if client is not None and client.fileno() in ready:
            self._look_at_client(client)
        if orphan and not self._orphan_lives():
            self._died("orphan gone", [])

    def _reader(self) -> socket.socket | None:
        return self._ends.client if self._scenario.client_reads else None

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
            self._ends.old.append(client)  # EOF: read to the end, and kept open
        self._ends.client = None

    def _orphan_lives(self) -> bool:
        with self._net.server.entered():
            table = Path("/proc/thread-self/net/tcp").read_text()
        rows = [line.split() for line in table.splitlines()[1:]]
        port = f":{self._ends.port:04X}"
        return any(row[2].endswith(port) for row in rows)

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
