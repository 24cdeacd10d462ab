"""Two ends of a D channel, with a clock between them and a wire that may lose frames."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from emu.machines.base import Note
from emu.pdu.llc2 import Information
from emu.pdu.q931 import Cause
from emu.stations.base import Timer
from emu.stations.isdn import CallKey, DChannelEnd
from emu.wire.lapd import decode_lapd
from emu.wire.q931 import decode_q931

#: One way, in nanoseconds: so short that times of a dialogue stay legible.
TRIP = 1_000_000


class Side:
    """One end and what stands above it: everything said is written down."""

    mac = b""

    def __init__(self, channel: Channel, *, network: bool) -> None:
        self.channel, self.network = channel, network
        self.end = DChannelEnd(self, self, network=network)
        self.told: list[tuple[Any, ...]] = []
        #: Called with every offered call.
        self.on_offer: Callable[[CallKey, int], None] = lambda _key, _now: None

    # Surroundings.
    def transmit(self, octets: bytes) -> int:
        self.channel.sent(self, octets)
        return 0

    def arm(self, timer: Timer, due: int) -> None:
        self.channel.schedule(due, 1, timer.fire)

    def note(self, note: Note, connection: int, frame: int | None) -> None: ...

    def arriving(self) -> int:
        return 0

    # DChannelUser.
    def offered(self, key: CallKey, number: str, now: int, /) -> None:
        self.told.append(("offered", key, number))
        self.on_offer(key, now)

    def answered(self, key: CallKey, channel: int, now: int, /) -> None:
        self.told.append(("answered", key, channel))

    def over(self, key: CallKey, cause: Cause, connected: bool, now: int, /) -> None:
        self.told.append(("over", key, cause.value, connected))

    @property
    def what(self) -> list[str]:
        """What was told, in words."""
        return [each[0] for each in self.told]


class Channel:
    """``lose(number)``: whether the wire loses its nth frame, counted from 1."""

    def __init__(self, lose: Callable[[int], bool] = lambda _number: False) -> None:
        self.now = 0
        self.lose = lose
        self.frames: list[tuple[int, str, str]] = []
        self._queue: list[tuple[int, int, int, Callable[[int], None]]] = []
        self._serial = 0
        self.user = Side(self, network=False)
        self.exchange = Side(self, network=True)

    def schedule(self, at: int, rank: int, action: Callable[[int], None]) -> None:
        self._serial += 1
        heapq.heappush(self._queue, (at, rank, self._serial, action))

    def sent(self, by: Side, octets: bytes) -> None:
        frame = decode_lapd(octets, from_network=by.network)
        kind = type(frame.pdu).__name__
        if isinstance(frame.pdu, Information):
            kind = decode_q931(frame.pdu.data).kind.name
        elif hasattr(frame.pdu, "kind"):
            kind = frame.pdu.kind.name
        self.frames.append((self.now, "exchange" if by.network else "user", kind))
        if not self.lose(len(self.frames)):
            far = self.user if by.network else self.exchange
            self.schedule(self.now + TRIP, 0, lambda now: far.end.receive(octets, now))

    def run(self, until: int) -> Channel:
        """Everything up to and including an instant."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, _, action = heapq.heappop(self._queue)
            action(self.now)
        self.now = until
        return self

    @property
    def messages(self) -> list[str]:
        """Q.931's, as ``user SETUP``."""
        return [f"{by} {kind}" for _, by, kind in self.frames if kind in _MESSAGES]

    @property
    def link_frames(self) -> list[str]:
        """LAPD's own, the acknowledgements left out."""
        return [f"{by} {kind}" for _, by, kind in self.frames if kind in ("SABME", "UA", "DISC")]


_MESSAGES = {
    "SETUP", "CALL_PROCEEDING", "ALERTING", "CONNECT", "CONNECT_ACKNOWLEDGE", "DISCONNECT",
    "RELEASE", "RELEASE_COMPLETE",
}  # fmt: skip


def calls_of(side: Side) -> set[CallKey]:
    """References that are in use at an end; 127 each way are all there are."""
    keys = (CallKey(n, ours) for n in range(1, 128) for ours in (True, False))
    return {key for key in keys if side.end.has(key)}


__all__ = ["TRIP", "Channel", "Side", "calls_of"]
