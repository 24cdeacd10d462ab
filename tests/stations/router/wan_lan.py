"""Two dialled ports with a line between them, whose call control does what a test says."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from emu.machines.base import Note
from emu.machines.dial import CISCO, DialParams, State
from emu.machines.interesting import USUAL, DialerList
from emu.pdu.ppp import CONTROL_PROTOCOLS, PROTOCOL_IPX, Configure
from emu.stations.router.negotiated import ipxcp, lcp
from emu.stations.router.packets import Packet
from emu.stations.router.wan_port import WanPort, WanSpec
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.ppp import decode_control, decode_ppp

#: One way over the line.
TRIP = ms(10)
#: The router that carries and the one that is called.
NEAR, FAR = "near", "far"
#: facts/ipx.md 1.13: a watchdog poll, which is interesting; and RIP, which is not.
POLL = bytes.fromhex("ffff002000110000000a00a0c91122334004deadbeef0000000000014001053f")
RIP = bytes.fromhex(
    "ffff002800010000000affffffffffff04530000000a00a0c911223304530001ffffffffffffffff"
)
PARAMS = replace(CISCO, inbound_counts=True)


def ipx(payload: bytes = POLL, *, to: str | None = FAR, urgent: bool = False) -> Packet:
    return Packet(protocol=PROTOCOL_IPX, payload=payload, to=to, urgent=urgent)


class Router:
    """One port's user: writes down what it is asked for, and when.  ``said``: (instant, what)."""

    def __init__(self, line: Line, name: str, spec: WanSpec) -> None:
        self.line, self.name = line, name
        self.said: list[tuple[Any, ...]] = []
        self.ppp: list[tuple[int, str]] = []
        self.got: list[tuple[int, bytes]] = []
        self.notes: list[Note] = []
        self.port = WanPort(spec, self)

    @property
    def state(self) -> State:
        (link,) = self.port.group.links.values()
        return link.state

    def _say(self, *what: Any) -> None:
        self.said.append((self.line.now, *what))

    # WanUser.
    def place_call(self, destination: str, channel: int, now: int, /) -> None:
        self._say("place", destination)

    def answer_call(self, destination: str, now: int, /) -> None:
        self._say("answer", destination)

    def refuse_call(self, destination: str, now: int, /) -> None:
        self._say("refuse", destination)

    def end_call(self, destination: str, why: str, now: int, /) -> None:
        self._say("end", destination, why)

    def send(self, destination: str, octets: bytes, now: int, /) -> None:
        frame = decode_ppp(octets)
        if frame.protocol in CONTROL_PROTOCOLS:
            packet = decode_control(frame.payload, protocol=frame.protocol)
            word = "request" if isinstance(packet, Configure) else ""
            name = CONTROL_PROTOCOLS[frame.protocol]
            self.ppp.append((now, f"{name} {packet.code.name}" if word or packet else name))
        self.line.carry(self, destination, octets)

    def deliver(self, destination: str, packet: Packet, now: int, /) -> None:
        self.got.append((now, packet.payload))

    def link_changed(self, destination: str, *, up: bool, now: int) -> None:
        self._say("up" if up else "down", destination)

    def call_failed(self, destination: str, now: int, /) -> None:
        self._say("failed", destination)

    def tell(self, note: Note, now: int, /) -> None:
        self.notes.append(note)

    @property
    def words(self) -> list[str]:
        return [each[1] for each in self.said]

    def told(self, kind: str) -> list[Note]:
        return [note for note in self.notes if note.kind == kind]


class Line:
    """``alive``: whether octets cross.  The test connects and clears by hand."""

    def __init__(
        self,
        params: DialParams = PARAMS,
        *,
        opening_ns: int = 0,
        dialer_list: DialerList = USUAL,
        destinations: Sequence[str] = (FAR,),
        channels: int = 1,
    ) -> None:
        self.now, self.alive = 0, True
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = 0

        def spec(magic: int, node: bytes, names: Sequence[str]) -> WanSpec:
            return WanSpec(
                params=params,
                channels=channels,
                destinations=names,
                dialer_list=dialer_list,
                lcp=lcp(magic),
                networks=[ipxcp(node)],
                opening_ns=opening_ns,
                next_unit=None,
            )

        self.near = Router(self, NEAR, spec(1, b"\2\0\0\0\0\1", destinations))
        self.far = Router(self, FAR, spec(2, b"\2\0\0\0\0\2", (NEAR,)))

    def carry(self, sender: Router, destination: str, octets: bytes) -> None:
        receiver = self.far if sender is self.near else self.near
        if self.alive and destination == receiver.name:
            self._serial += 1
            heapq.heappush(
                self._queue,
                (
                    self.now + TRIP,
                    self._serial,
                    lambda: receiver.port.heard(sender.name, octets, self.now),
                ),
            )

    def at(self, instant: int) -> Line:
        """Frames before timers at one instant."""
        while True:
            frame = self._queue[0][0] if self._queue else None
            dues = [d for r in (self.near, self.far) if (d := r.port.due()) is not None]
            due = min(dues, default=None)
            soonest = min((each for each in (frame, due) if each is not None), default=None)
            if soonest is None or soonest > instant:
                break
            self.now = max(self.now, soonest)
            if frame is not None and frame <= self.now:
                heapq.heappop(self._queue)[2]()
                continue
            for router in (self.near, self.far):
                due = router.port.due()
                if due is not None and due <= self.now:
                    router.port.expire(self.now)
        self.now = instant
        return self

    def connect(self, *, far_first: bool = False) -> Line:
        """The near router's call is answered."""
        self.far.port.arrived(NEAR, self.now)
        ends = [(self.near, FAR), (self.far, NEAR)]
        for router, other in reversed(ends) if far_first else ends:
            router.port.connected(other, self.now)
        return self

    def clear(self, cause: str = "normal") -> Line:
        """The call is gone, at both ends."""
        self.near.port.over(FAR, cause, self.now)
        self.far.port.over(NEAR, cause, self.now)
        return self

    def up(self) -> Line:
        """Raised by a poll at 0, connected at 1 s, quiet at 2 s."""
        self.near.port.carry(ipx(), 0)
        self.at(s(1)).connect()
        return self.at(s(2))
