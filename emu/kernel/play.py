"""A recorded scenario, played by our machines: the same doings at the same instants."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from emu.errors import InputError
from emu.kernel.host import Host, Socket
from emu.kernel.lab import Filter, Lab, Link, Wire
from emu.kernel.packets import Packet, PacketReader
from emu.kernel.params import START_NS, client_params, kernel_params, neighbour_params
from emu.kernel.path import Path, read_plan
from emu.kernel.router import Port, Router
from emu.kernel.trace import SERVER_IP, SERVER_MAC, Action, Trace
from emu.machines.base import Asked
from emu.machines.tcp.control import MODULUS, Close, Send
from emu.machines.tcp.linux.block import (
    Reading,
    Route,
    RouteChanged,
    SetOption,
    milliseconds,
)
from emu.units import NS_PER_S

PORT = 5000
CLIENT_MAC = bytes.fromhex("020000000002")
_ROUTER_NEAR = (bytes.fromhex("0200000000fe"), bytes((10, 77, 0, 254)))
_ROUTER_FAR = (bytes.fromhex("0200000000fd"), bytes((10, 78, 0, 254)))
_CLIENT_NEXT_DOOR, _CLIENT_BEHIND = bytes((10, 77, 0, 2)), bytes((10, 78, 0, 2))
_CLIENT_PORT = 40_000
_CLIENT_SEQUENCE, _SERVER_SEQUENCE = 1_000, 7_000
#: How late a kernel serves its timers at times, beyond the wheel's own lateness.
LATE_JIFFIES = 2
#: From the FIN to the program's next write, in the recordings.
_EOF_READ_NS = 150_000
_FLOOD_WRITE = 1_000
#: So many of its writes go out at once, one by one, before the small window is full.
_FLOOD_ALONE = 3

#: Not packets of the connection.
_ASIDE = ("arp", "icmp", "other-conn")

_SET: Mapping[str, str] = {
    "keepalive": "keepalive",
    "idle": "idle_s",
    "intvl": "interval_s",
    "cnt": "count",
    "uto": "user_timeout_ms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What our machines did.  Instants in ns after L, as in ``Trace``.

    ``slack_ns``: for each packet of the server's, by how much a real kernel's timers may
    differ; ``dead_slack_ns``: for the end.
    """

    packets: tuple[Packet, ...]
    frames: tuple[tuple[int, bytes], ...]
    error: str | None
    dead_ns: int | None


def play(
    trace: Trace, *, wheel_first: int = 0, wheel_edge_ns: int = 0, punctual: bool = True
) -> Played:
    """Play it.  ``wheel_first``, ``wheel_edge_ns``: where the server's timer wheel stands at L.

    ``punctual``: timers fire when the wheel says; else as late as the recorded ones, up to
    ``LATE_JIFFIES``, so that what builds on a late one is the same.
    """
    return _Stage(trace, wheel_first, wheel_edge_ns, punctual=punctual).perform()


class _Stage:
    """Hosts, wires and the program of one scenario."""

    def __init__(
        self, trace: Trace, wheel_first: int, wheel_edge_ns: int, *, punctual: bool
    ) -> None:
        self.trace = trace
        self.punctual = punctual
        self.lab = Lab()
        self.routed = trace.facts["topology"] == "router"
        self.params = kernel_params(trace, wheel_first, wheel_edge_ns)
        self.client_params = client_params(trace, wheel_first, wheel_edge_ns)
        self.path = Path(read_plan(trace.facts.get("path") or {}))
        self.near_link = Link(path=self.path)
        self.far_link = Link() if self.routed else self.near_link
        self.server = self._host(SERVER_MAC, SERVER_IP, _ROUTER_NEAR[1], own=True)
        self.client = self._client()
        self.router: Router | None = None
        self._wire()
        self.server.listening = PORT
        self.connected: Socket | None = None
        self.shut_ns = _shut(trace)
        self.told = False

    # --- the set ------------------------------------------------------------------------------

    def _host(self, mac: bytes, ip: bytes, gateway: bytes, *, own: bool) -> Host:
        sysctl: Mapping[str, Any] = self.trace.sysctl if own else {}
        return Host(
            mac=mac,
            ip=ip,
            gateway=gateway if self.routed else None,
            params=self.params if own else self.client_params,
            neighbours=neighbour_params(sysctl, self._reachable("server") if own else None),
            clock=lambda: self.lab.now,
            at=self.lab.at,
            timer=self._timer(from_server=own),
        )

    def _timer(self, *, from_server: bool) -> Callable[[int, Callable[[], None]], None]:
        """As late as a recorded one, if that was a jiffy or two.

        A processor may serve its wheel before another one has counted the jiffy, and what is
        armed then builds on it: a jiffy decides on a granule, a granule on a whole time-out.
        """
        if self.punctual:
            return self.lab.timer
        tick = NS_PER_S // self.trace.hz
        way_ns = 0 if from_server else self.path.plan.latency_ns
        sent_ns = [
            START_NS + p.at_ns - way_ns for p in self.trace.packets if p.from_server is from_server
        ]
        if from_server and self.trace.dead_ns is not None:
            sent_ns = sorted([*sent_ns, START_NS + self.trace.dead_ns])

        def timer(due: int, action: Callable[[], None]) -> None:
            place = bisect_left(sent_ns, due + tick // 2)
            late = (sent_ns[place] - due + tick // 2) // tick if place < len(sent_ns) else 0
            self.lab.timer(due + tick * late if late <= LATE_JIFFIES else due, action)

        return timer

    def _reachable(self, host: str) -> int | None:
        """What the kernel made of base_reachable_time_ms, by chance, where that was recorded."""
        drawn: Mapping[str, int] = self.trace.facts.get("reachable_ms") or {}
        return drawn.get(host)

    def _client(self) -> Host:
        ip = _CLIENT_BEHIND if self.routed else _CLIENT_NEXT_DOOR
        return self._host(CLIENT_MAC, ip, _ROUTER_FAR[1], own=False)

    def _wire(self) -> None:
        if not self.routed:
            self._join(self.server, self.client, self.near_link)
            return
        near = Port(_ROUTER_NEAR[0], _ROUTER_NEAR[1], peer=SERVER_IP)
        far = Port(_ROUTER_FAR[0], _ROUTER_FAR[1], peer=_CLIENT_BEHIND)
        idle = self.trace.router.get("established")
        router = Router(
            near,
            far,
            neighbours=neighbour_params(self.trace.router, self._reachable("router")),
            wheel=self.params.wheel(),
            clock=lambda: self.lab.now,
            timer=self.lab.timer,
            idle_ns=None if idle is None else int(idle) * NS_PER_S,
        )
        self.router = router
        # A segment that confirms its next hop (skb->dst_pending_confirm) comes out of the veth as
        # the same buffer, and confirms the router's next hop too: no wire would do that.
        self.server.confirming = lambda: far.neighbour.confirmed(self.lab.now)
        self.client.confirming = lambda: near.neighbour.confirmed(self.lab.now)
        self._join(self.server, _PortHost(router, near), self.near_link)
        self._join(_PortHost(router, far), self.client, self.far_link)

    def _join(self, near: Any, far: Any, link: Link) -> None:
        wire = Wire(self.lab, link, near, far, captured=near is self.server)
        near.send = wire.from_near
        far.send = wire.from_far

    # --- the play -----------------------------------------------------------------------------

    def perform(self) -> Played:
        """Up to L as the recording has it, then the actions, until the end or the horizon."""
        self._before()
        for action in self.trace.actions:
            self._plan(action.at_ns, lambda action=action: self._act(action))
        self._plan(self.trace.vanish_ns, self._vanish)
        self.lab.run(START_NS + self._horizon(), while_=self._watching)
        return self._result()

    def _horizon(self) -> int:
        """To the end of the watch; where the kernel gave up, far enough to see us do it later."""
        watched_ns = self.trace.watched_ns
        return watched_ns if self.trace.error is None else watched_ns * 11 // 10 + 3 * NS_PER_S

    def _plan(self, at_ns: int, action: Callable[[], None]) -> None:
        self.lab.at(START_NS + at_ns, action)

    def _read_to_the_end(self) -> None:
        """The server's program reads EOF and tries to say one more octet, as the recorder's."""
        socket = self._socket()
        if socket is not None and socket.error == "EOF" and not socket.gone and not self.told:
            self.told = True
            self.lab.at(
                self.lab.now + _EOF_READ_NS, lambda: self.server.step(socket, Asked(Send(b"x")))
            )

    def _watching(self) -> bool:
        """A little past the server's end, for what its last word draws."""
        self._read_to_the_end()
        socket = self._socket()
        if socket is None or socket.ended_ns is None or socket.error == "EOF":
            return True
        return self.lab.now < socket.ended_ns + NS_PER_S // 2

    def _socket(self) -> Socket | None:
        return self.server.accepted[0] if self.server.accepted else None

    def _before(self) -> None:
        """The hand-shake and the talk before L: each end's doings at the recorded instants.

        What the client does is seen one way later, and its SYN behind an ARP request and reply.
        """
        tcp = [p for p in self.trace.before if p.kind not in _ASIDE]
        way_ns = self.path.plan.latency_ns
        self._plan(tcp[0].at_ns - 3 * way_ns, self._connect)
        for packet in tcp:
            if packet.length and packet.kind == "data":
                at_ns = packet.at_ns - (0 if packet.from_server else way_ns)
                self._plan(at_ns, lambda packet=packet: self._speak(packet))
        if not self.trace.facts.get("client_reads", True) and self.shut_ns is None:
            self._plan(0, self._stop_reading)
        if self.shut_ns is not None:
            self._plan(self.trace.vanish_ns, self._hand_over_to_the_recording)

    def _connect(self) -> None:
        self.connected = self.client.connect(SERVER_IP, PORT, _CLIENT_PORT, _CLIENT_SEQUENCE)

    def _stop_reading(self) -> None:
        assert self.connected is not None
        self.client.step(self.connected, Asked(Reading(False)))

    def _speak(self, packet: Packet) -> None:
        socket = self._socket() if packet.from_server else self.connected
        host = self.server if packet.from_server else self.client
        assert socket is not None
        host.step(socket, Asked(Send(bytes(packet.length))))

    # --- what happens to the client -----------------------------------------------------------

    def _vanish(self) -> None:
        self.path.start(self.lab.now)
        _VANISH[self.trace.facts["vanish"]](self)

    def drop(self, filter_: Filter) -> None:
        self.far_link.filter = filter_

    def power_off(self) -> None:
        """No state, no answers, until ``restore``; what is dropped is IP."""
        self.client.sockets.clear()
        self.connected = None
        self.far_link.filter = Filter.DROP_IP

    def delete_namespace(self) -> None:
        """The veth goes with it: no interface, no route, no capture."""
        self.client.sockets.clear()
        self.connected = None
        self.near_link.exists = self.lab.capturing = False
        self._route(Route.NONE)

    def carrier(self, on: bool) -> None:
        self.near_link.carrier = on
        if not on:
            self.server.link_lost()

    def _route(self, route: Route) -> None:
        socket = self._socket()
        if socket is not None and not socket.gone:
            self.server.step(socket, Asked(RouteChanged(route)))

    def server_link_down(self) -> None:
        self.near_link.carrier = False
        self._route(Route.NONE)

    def far_link_down(self) -> None:
        assert self.router is not None
        self.router.far.up = False

    # --- actions ------------------------------------------------------------------------------

    def _act(self, action: Action) -> None:
        if action.what not in _ACTIONS:
            raise InputError(
                self.trace.name, expected=f"an action of {', '.join(_ACTIONS)}", found=action.what
            )
        _ACTIONS[action.what](self, action)

    def later(self, action: Action, then: Callable[[], None]) -> None:
        """When it had taken effect."""
        self._plan(action.done_ns, then)

    def write(self, action: Action) -> None:
        socket = self._socket()
        if socket is not None and not socket.gone:
            self.server.step(socket, Asked(Send(bytes(int(action.arguments[0])))))

    def close(self, _action: Action) -> None:
        socket = self._socket()
        if socket is not None and not socket.gone:
            self.server.step(socket, Asked(Close()))

    def client_write(self, action: Action) -> None:
        if self.connected is not None and not self.connected.gone:
            self.client.step(self.connected, Asked(Send(bytes(int(action.arguments[0])))))

    def client_close(self, _action: Action) -> None:
        """Its program ends: close(2) by the kernel, and the server's program says a last word."""
        assert self.connected is not None
        self.client.step(self.connected, Asked(Close()))

    def set_options(self, action: Action) -> None:
        socket = self._socket()
        if socket is None or socket.gone:
            return
        given: str | Mapping[str, int] = action.arguments[0]
        if isinstance(given, str):  # names of the scenario's own options
            given = {name: self.trace.facts["options"][name] for name in given.split(",")}
        for name, value in given.items():
            value = bool(value) if name == "keepalive" else int(value)
            self.server.step(socket, Asked(SetOption(_SET[name], value)))

    def client_link(self, action: Action, on: bool) -> None:
        """When the server has noticed."""
        self.later(action, lambda: self.carrier(on))

    def restore(self, action: Action) -> None:
        def back() -> None:
            self.far_link.filter = Filter.OPEN
            self.near_link.carrier = True

        self.later(action, back)

    def new_namespace(self, action: Action) -> None:
        """The same addresses, nothing remembered; the capture ended with the old interface."""

        def back() -> None:
            self.near_link.exists = True
            self.near_link.filter = Filter.OPEN
            self.server.link_lost()
            self._route(Route.UP)

        self.later(action, back)

    def reconnect(self, action: Action) -> None:
        port = _CLIENT_PORT + (action.arguments[0] == "other")
        self.connected = self.client.connect(SERVER_IP, PORT, port, _CLIENT_SEQUENCE * 2)

    def flood(self, _action: Action) -> None:
        """Write until the window is shut: the program's writes, 1000 octets each."""
        total = int(next(a["ret"] for a in self.trace.facts["actions"] if a["action"] == "flood"))
        socket = self._socket()
        assert socket is not None
        alone = [p.at_ns for p in self.trace.packets if p.from_server and p.kind == "data"]
        for number in range(-(-total // _FLOOD_WRITE)):
            octets = bytes(min(_FLOOD_WRITE, total - number * _FLOOD_WRITE))
            at_ns = alone[min(number, _FLOOD_ALONE - 1)] + max(0, number - _FLOOD_ALONE + 1)
            self._plan(at_ns, lambda octets=octets: self.server.step(socket, Asked(Send(octets))))

    def _hand_over_to_the_recording(self) -> None:
        """Until the window is shut, the client's acknowledgements are the recorded ones.

        How a kernel fills a small buffer is not what is compared; from the ACK that shuts the
        window on, our client answers (issue: "compared from the ACK that shut the window").
        """
        self.client.muted = True
        acks = [p for p in self.trace.packets if not p.from_server and p.kind == "ack"]
        for packet in acks:
            if self.shut_ns is not None and packet.at_ns <= self.shut_ns:
                self._plan(packet.at_ns, lambda packet=packet: self._recorded(packet))

    def _recorded(self, packet: Packet) -> None:
        assert self.connected is not None
        machine = self.connected.machine
        machine.rcv_nxt = (_SERVER_SEQUENCE + packet.acknowledgement) % MODULUS
        machine.rcv_wup, machine.rcv_wnd = machine.rcv_nxt, packet.window
        machine.reading, machine.unread = False, machine.params.window
        self.client.muted = False
        if packet.echo_age_ns is not None:  # the server's estimate of the round trip rests on it
            machine.ts_recent = milliseconds(self.lab.now - packet.echo_age_ns) % MODULUS
        segment = machine.segment(0, self.lab.now, machine.snd_nxt)
        self.client.put_out(self.connected.key, segment)
        self.client.muted = packet.at_ns != self.shut_ns

    # --- the outcome --------------------------------------------------------------------------

    def _result(self) -> Played:
        reader = PacketReader(SERVER_IP, SERVER_MAC)
        packets = [replace(p, at_ns=p.at_ns - START_NS) for p in reader.read(self.lab.frames)]
        before = sum(1 for packet in self.trace.before if packet.kind not in _ASIDE)
        places = [n for n, packet in enumerate(packets) if packet.kind not in _ASIDE]
        packets = packets[places[before - 1] + 1 :] if len(places) >= before else []
        socket = self._socket()
        error = None if socket is None else socket.error
        dead = None if socket is None or socket.ended_ns is None else socket.ended_ns - START_NS
        return Played(
            packets=tuple(packets),
            frames=tuple(self.lab.frames),
            error=error,
            dead_ns=dead,
        )


class _PortHost:
    """A port of the router in the shape of a host."""

    def __init__(self, router: Router, port: Port) -> None:
        self._router, self._port = router, port

    @property
    def send(self) -> Callable[[bytes], None]:
        return self._port.send

    @send.setter
    def send(self, send: Callable[[bytes], None]) -> None:
        self._port.send = send

    def receive(self, frame: bytes) -> None:
        self._router.receive(self._port, frame)


def _shut(trace: Trace) -> int | None:
    """When the window was shut: the first acknowledgement that offers nothing."""
    shuts = [
        p.at_ns for p in trace.packets if not p.from_server and p.kind == "ack" and not p.window
    ]
    return shuts[0] if shuts else None


_VANISH: Mapping[str, Callable[[_Stage], None]] = {
    "none": lambda _stage: None,
    "drop_l3": lambda stage: stage.drop(Filter.DROP_IP),
    "drop_all": lambda stage: stage.drop(Filter.DROP_ALL),
    "power_off": _Stage.power_off,
    "netns_del": _Stage.delete_namespace,
    "client_link_down": lambda stage: stage.carrier(False),
    "server_link_down": _Stage.server_link_down,
    "router_far_link_down": _Stage.far_link_down,
}
_ACTIONS: Mapping[str, Callable[[_Stage, Action], None]] = {
    "write": _Stage.write,
    "close": _Stage.close,
    "client_write": _Stage.client_write,
    "client_close": _Stage.client_close,
    "sopt": _Stage.set_options,
    "restore": _Stage.restore,
    "power_off": lambda stage, _action: stage.power_off(),
    "client_link_down": lambda stage, action: stage.client_link(action, False),
    "client_link_up": lambda stage, action: stage.client_link(action, True),
    "netns_new": _Stage.new_namespace,
    "reconnect": _Stage.reconnect,
    "flood": _Stage.flood,
    "drop_l3": lambda stage, _action: stage.drop(Filter.DROP_IP),
    "drop_all": lambda stage, _action: stage.drop(Filter.DROP_ALL),
}
