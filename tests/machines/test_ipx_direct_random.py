"""Both ends of direct IPX under losses and doubles: at most once, in order, and all if it can."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Data, Deliver, Effects, Lost, Received, Transmit
from emu.machines.ipx_direct import DirectClient, DirectServer, Send
from emu.pdu.smb.direct import DirectSmb
from emu.units import milliseconds as ms

from .ipx_direct_parts import CID, NEGOTIATE, NEGOTIATED, T3, answer, found, request

#: What becomes of a packet: lost, delivered, or delivered twice.
FATES = st.lists(st.sampled_from([0, 1, 1, 2]), max_size=150)
LATENCY = ms(1)


@dataclass
class Pipe:
    """Two machines; ``fates`` of the packets in turn, 1 when they are used up."""

    fates: list[int]
    think_ns: int
    client: DirectClient = field(default_factory=found)
    server: DirectServer = field(default_factory=lambda: DirectServer(cid=CID))
    carried_out: list[bytes] = field(default_factory=list[bytes])
    answered: list[bytes] = field(default_factory=list[bytes])
    lost: bool = False
    now: int = 0
    _heap: list[tuple[int, int, Any, Any]] = field(default_factory=list[tuple[int, int, Any, Any]])
    _serial: int = 0

    def run(self) -> None:
        while not self.lost:
            due = self.client.due()
            if self._heap and (due is None or self._heap[0][0] <= due):
                self.now, _, machine, stimulus = heapq.heappop(self._heap)
                self.tell(machine, stimulus)
            elif due is not None:
                self.now = due
                self.tell(self.client, EXPIRED)
            else:
                return

    def tell(self, machine: Any, stimulus: Any) -> None:
        effects: Effects = machine.step(stimulus, self.now)
        for effect in effects:
            match effect:
                case Transmit(DirectSmb() as pdu):
                    self._carry(self.server if machine is self.client else self.client, pdu)
                case Deliver(Data(octets)) if machine is self.server:
                    self._work(octets)
                case Deliver(Data(octets)):
                    self.answered.append(octets)
                case Deliver(Lost()):
                    self.lost = True
                case _:
                    pass

    def _carry(self, to: Any, pdu: DirectSmb) -> None:
        for _ in range(self.fates.pop(0) if self.fates else 1):
            self._later(LATENCY, to, Received(pdu))

    def _work(self, octets: bytes) -> None:
        self.carried_out.append(octets)
        mid = int(octets)
        reply = NEGOTIATED if mid == 1 else answer(mid)
        self._later(self.think_ns, self.server, Asked(Send(reply)))

    def _later(self, wait_ns: int, machine: Any, stimulus: Any) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (self.now + wait_ns, self._serial, machine, stimulus))


@settings(max_examples=300, deadline=None)
@given(
    fates=FATES,
    count=st.integers(0, 12),
    think_ns=st.sampled_from([0, ms(3), ms(400), ms(35_000)]),
)
def test_every_request_is_carried_out_at_most_once_and_in_order(
    fates: list[int], count: int, think_ns: int
) -> None:
    """And every answer comes once; and all of them, unless the client gave up."""
    pipe = Pipe(list(fates), think_ns)
    pipe.tell(pipe.client, Asked(Send(NEGOTIATE)))
    for mid in range(2, count + 2):
        pipe.tell(pipe.client, Asked(Send(request(mid))))
    pipe.run()
    asked = [b"%d" % mid for mid in range(1, count + 2)]
    done = len(pipe.carried_out)
    assert pipe.carried_out == asked[:done]
    assert pipe.answered == [b"re " + octets for octets in asked[: len(pipe.answered)]]
    assert done - len(pipe.answered) in (0, 1)
    if not pipe.lost:
        assert done == len(pipe.answered) == count + 1
    else:
        assert fates.count(0) > T3.retries


def test_a_client_that_hears_nothing_gives_up_and_the_server_never_knows() -> None:
    """Every second packet is lost: the answers."""
    pipe = Pipe([1, 0] * 40, 0)
    pipe.tell(pipe.client, Asked(Send(NEGOTIATE)))
    pipe.run()
    assert pipe.lost and pipe.carried_out == [b"1"] and pipe.answered == []
