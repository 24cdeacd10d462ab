"""The flow table of one box, for TCP: learns flows, forgets them, and answers or keeps silent.

A flow begins with a SYN from inside; with ``mid_stream`` also with a segment of a connection the
box knows nothing of, as after it was forgotten.  A segment that belongs to no flow is refused by
``afterwards``, and a flow that was never there is the same as one that was forgotten.  A RST of
the box's is what the host that was addressed would answer without a connection, in the name
of the address it was sent to: behind a NAT that is, seen from the server, the box itself (facts/
tcp.md 1, "NAT box without the mapping: its own kernel answers RST"; 4.1, last row).

Left out: ICMP, fragments, limits of the table's size, helpers of any protocol.  Ports of a box
that does not keep the client's count up from the first dynamic one (RFC 6335 6), an assumption.

Read: facts/tcp.md 1, 4, 6; RFC 5382.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effect,
    Effects,
    Expired,
    Note,
    Received,
    Stimulus,
    Transmit,
)
from emu.machines.forget.flow import End, Flow, State, turned
from emu.machines.forget.params import DROP, RESET, RESET_BOTH, BoxParams, MidStream
from emu.machines.forget.pdus import Crossing, Made, Onward
from emu.machines.spoof import TcpKeepalives
from emu.machines.tcp.arriving import reset_for
from emu.pdu.ip_tcp import ACK, RST, SYN, Segment

#: Dynamic ports (RFC 6335 6).
PORT_FIRST, PORT_LAST = 49_152, 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A flow is in the table.  ``mid_stream``: not by its SYN.  Keys: as ``Flow`` has them."""

    inside_key: bytes
    outside_key: bytes
    mid_stream: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgot:
    """A flow's timer has ended after ``limit_ns``.  ``established``: it was in use."""

    inside_key: bytes
    outside_key: bytes
    limit_ns: int
    established: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A segment of no flow did not cross.  ``how``: "drop" or "reset"."""

    outbound: bool
    key: bytes
    how: str


class FlowTable:
    """``address``: the box's IPv4 address outside, in whose name it translates."""

    def __init__(self, params: BoxParams, address: bytes) -> None:
        self.params = params
        self._address = address
        self._by_inside: dict[bytes, Flow] = {}
        self._by_outside: dict[bytes, Flow] = {}
        self._next_port = PORT_FIRST
        self._for_inside, self._for_outside = TcpKeepalives(), TcpKeepalives()

    @property
    def flows(self) -> list[Flow]:
        """All of them, in the order they were learnt."""
        return [*self._by_inside.values()]

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """See ``machines.base``."""
        match stimulus:
            case Received(pdu=Crossing() as crossing):
                return self._hear(crossing, now)
            case Expired():
                return self._expire(now)
            case Asked() | Received():
                raise AssertionError(f"a box is not asked: {stimulus}")

    def due(self) -> int | None:
        """When the first flow is forgotten."""
        due = min((flow.due_ns for flow in self._by_inside.values()), default=NEVER)
        return None if due == NEVER else due

    def timers(self) -> Mapping[str, int]:
        """By the flow's ports, as they are inside."""
        return {
            f"{_port(flow.inside_key, 8)}-{_port(flow.inside_key, 10)}": flow.due_ns
            for flow in self._by_inside.values()
            if flow.due_ns != NEVER
        }

    # --- a segment ---------------------------------------------------------------------------

    def _hear(self, crossing: Crossing, now: int) -> Effects:
        flow = self._find(crossing)
        effects: list[Effect] = []
        if flow is None:
            if not self._learns(crossing):
                return self._refuse(crossing)
            flow = self._learn(crossing)
            effects.append(_learnt(flow, crossing.segment))
        flow.hear(crossing.segment, self.params, outbound=crossing.outbound, now=now)
        answer = self._answer(flow, crossing) if self.params.answers else None
        if answer is not None:
            return [*effects, Transmit(answer, Note("answered"))]
        key = flow.outside_key if crossing.outbound else turned(flow.inside_key)
        return [*effects, Transmit(Onward(outbound=crossing.outbound, key=key))]

    def _find(self, crossing: Crossing) -> Flow | None:
        if crossing.outbound:
            return self._by_inside.get(crossing.key)
        return self._by_outside.get(turned(crossing.key))

    def _learns(self, crossing: Crossing) -> bool:
        """Whether a segment of no flow begins one."""
        flags, mid_stream = crossing.segment.flags, self.params.mid_stream
        if flags & RST:
            return False
        if crossing.outbound:
            return flags & (SYN | ACK) == SYN or mid_stream is not MidStream.NOBODY
        return mid_stream is MidStream.ANYBODY and not self.params.translates

    def _learn(self, crossing: Crossing) -> Flow:
        inside_key = crossing.key if crossing.outbound else turned(crossing.key)
        new = crossing.segment.flags & (SYN | ACK) == SYN
        flow = Flow(
            inside_key=inside_key,
            outside_key=self._translated(inside_key),
            state=State.OPENING if new else State.ESTABLISHED,
            inside=End(),
            outside=End(),
        )
        self._by_inside[flow.inside_key] = self._by_outside[flow.outside_key] = flow
        return flow

    def _translated(self, key: bytes) -> bytes:
        if not self.params.translates:
            return key
        for port in self._ports(_port(key, 8)):
            outside = self._address + key[4:8] + port.to_bytes(2, "big") + key[10:12]
            if outside not in self._by_outside:
                return outside
        raise AssertionError("more flows to one server than there are ports")

    def _ports(self, wanted: int) -> Iterator[int]:
        if self.params.keeps_ports:
            yield wanted
        for _ in range(PORT_FIRST, PORT_LAST + 1):
            port = self._next_port
            self._next_port = PORT_FIRST if port == PORT_LAST else port + 1
            yield port

    def _refuse(self, crossing: Crossing) -> Effects:
        """Nothing says so, or what a host without the connection says (RFC 9293 3.5.2)."""
        reset = reset_for(crossing.segment) if self.params.afterwards == RESET else None
        how = DROP if reset is None else RESET
        said = Deliver(Refused(outbound=crossing.outbound, key=crossing.key, how=how))
        if reset is None:
            return [said]
        back = Made(outbound=not crossing.outbound, key=turned(crossing.key), segment=reset)
        return [said, Transmit(back, Note("reset"))]

    def _answer(self, flow: Flow, crossing: Crossing) -> Made | None:
        """The far end's answer, if this is a keepalive."""
        out, segment, key = crossing.outbound, crossing.segment, flow.inside_key
        near, far = self._for_inside, self._for_outside
        if not out:
            near, far = far, near
        answer = near.from_near(key, segment)
        if answer is None:
            far.from_far(key, segment)
            return None
        name = turned(flow.inside_key) if out else flow.outside_key
        return Made(outbound=not out, key=name, segment=answer)

    # --- a timer -----------------------------------------------------------------------------

    def _expire(self, now: int) -> Effects:
        due = [flow for flow in self._by_inside.values() if flow.due_ns <= now]
        return [effect for flow in due for effect in self._forget(flow)] if due else NOTHING

    def _forget(self, flow: Flow) -> Iterator[Effect]:
        del self._by_inside[flow.inside_key], self._by_outside[flow.outside_key]
        assert flow.limit_ns is not None, "a flow without a limit has no timer"
        established = flow.state is State.ESTABLISHED
        yield Deliver(
            Forgot(
                inside_key=flow.inside_key,
                outside_key=flow.outside_key,
                limit_ns=flow.limit_ns,
                established=established,
            )
        )
        if established and self.params.afterwards == RESET_BOTH:
            yield from self._reset_both(flow)

    @staticmethod
    def _reset_both(flow: Flow) -> Iterator[Effect]:
        """To each in the name of the other, exactly where it expects the next octet: anything
        else would only draw a challenge (RFC 5961 3.2, facts/tcp.md 2)."""
        for outbound, key, to, by in (
            (True, flow.outside_key, flow.outside, flow.inside),
            (False, turned(flow.inside_key), flow.inside, flow.outside),
        ):
            expected = by.following if to.acknowledged is None else to.acknowledged
            if expected is not None:
                reset = Segment(expected, to.following or 0, RST | ACK, 0)
                yield Transmit(Made(outbound=outbound, key=key, segment=reset), Note("reset"))


def _learnt(flow: Flow, segment: Segment) -> Effect:
    return Deliver(
        Learnt(
            inside_key=flow.inside_key,
            outside_key=flow.outside_key,
            mid_stream=segment.flags & (SYN | ACK) != SYN,
        )
    )


def _port(key: bytes, at: int) -> int:
    return int.from_bytes(key[at : at + 2], "big")
