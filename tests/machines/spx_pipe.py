"""Two ends of SPX or NBIPX joined by packets: a heap of instants, frames before timers.

``lose`` says which packets get lost.  What each end says goes through the codec, so what the
other hears is octets taken apart, never the sender's object.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import EXPIRED, Asked, Data, Deliver, Ended, Lost, Opened, Received, Transmit
from emu.pdu.nbipx import NbipxName, NbipxNameKind, NbipxSession
from emu.pdu.spx import Spx
from emu.wire.nbipx import decode_nbipx, encode_nbipx
from emu.wire.spx import decode_spx, encode_spx

LATENCY = 100_000


def over_the_wire(pdu: Spx | NbipxSession | NbipxName) -> Any:
    if isinstance(pdu, Spx):
        return decode_spx(encode_spx(pdu))
    return decode_nbipx(encode_nbipx(pdu), packet_type=4)


class End:
    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.got = b""
        self.opened = 0
        self.last: list[tuple[int, Ended | Lost]] = []
        self.sent: list[tuple[int, Any, Any]] = []
        self.power = True
        self.armed = -1


class Pipe:
    """``a`` is the caller.  Names are answered for ``b`` here: sessions know none."""

    def __init__(self, a: Any, b: Any, lose: Callable[[int], bool] = lambda _n: False) -> None:
        self.now = 0
        self.a, self.b = End(a), End(b)
        self._lose = lose
        self._heap: list[tuple[int, int, int, Callable[[], None]]] = []
        self._serial = self._packets = 0

    def ask(self, end: End, request: object) -> bool:
        """False if the machine's state does not allow it."""
        try:
            effects = end.machine.step(Asked(request), self.now)
        except LocalProtocolError:
            return False
        self._carry_out(end, effects)
        return True

    def run(self, until: int) -> None:
        while self._heap and self._heap[0][0] <= until:
            self.now, _rank, _serial, call = heapq.heappop(self._heap)
            call()
        self.now = until

    def _at(self, due: int, rank: int, call: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (due, rank, self._serial, call))

    def _other(self, end: End) -> End:
        return self.b if end is self.a else self.a

    def _carry_out(self, end: End, effects: Any) -> None:
        for effect in effects:
            match effect:
                case Transmit(pdu, about):
                    end.sent.append((self.now, pdu, about))
                    self._send(end, pdu)
                case Deliver(Data(octets)):
                    end.got += octets
                case Deliver(Opened()):
                    end.opened += 1
                case Deliver((Ended() | Lost()) as last):
                    end.last.append((self.now, last))
                case _:
                    pass
        due = end.machine.due()
        if due is not None:
            assert due >= self.now, "time went back"
            end.armed = due
            self._at(due, 1, lambda: self._expire(end, due))

    def _expire(self, end: End, due: int) -> None:
        if end.power and end.armed == due == end.machine.due():
            end.armed = -1
            self._carry_out(end, end.machine.step(EXPIRED, due))

    def _send(self, end: End, pdu: Any) -> None:
        self._packets += 1
        if self._lose(self._packets) or not end.power:
            return
        to = self._other(end)
        if isinstance(pdu, NbipxName):
            answer = NbipxName(kind=NbipxNameKind.RECOGNIZED, flags=0x44, name=pdu.name)
            self._at(self.now + 2 * LATENCY, 0, lambda: self._hear(end, answer))
            return
        self._at(self.now + LATENCY, 0, lambda: self._hear(to, over_the_wire(pdu)))

    def _hear(self, end: End, pdu: Any) -> None:
        if end.power:
            self._carry_out(end, end.machine.step(Received(pdu), self.now))
