"""What the SPX machine tests are made of: policies with the documents' numbers, and packets."""

from __future__ import annotations

from dataclasses import replace

from emu.machines.base import Asked, Note, Received
from emu.machines.spx import (
    Connect,
    CountingParams,
    NovellParams,
    SlidingParams,
    SpxConnection,
    SpxParams,
    TrialParams,
)
from emu.machines.spx.sliding import Close
from emu.pdu.spx import Spx
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.units import ticks

#: The ids of the golden vectors, facts/ipx.md 1.13: ours is the caller's.
OURS, THEIRS = 0xE8A2, 0x9774

#: facts/ipx.md 2.2.
VERIFY, LISTEN, ABORT = 54, 108, 540
NOVELL_CLOCKS = NovellParams(
    verify_ticks=VERIFY, listen_ticks=LISTEN, request_ticks=LISTEN, abort_ticks=ABORT
)
NWLINK_COUNT = CountingParams(idle_ns=s(6), interval_ns=s(6), probes=8, wait_after_last_probe=True)
SET_UP = TrialParams(first_ns=s(1), doubling=False, repeats=9, wait_after_last=True)
DATA = TrialParams(first_ns=ms(500), doubling=True, repeats=8, wait_after_last=True)

NWLINK_SLIDING = SlidingParams(
    watchdog=NWLINK_COUNT, watchdog_with_data=True, set_up=SET_UP, data=DATA, window=4
)
NWLINK = SpxParams(sliding=NWLINK_SLIDING, framing="802.2")
NOVELL = SpxParams(
    sliding=SlidingParams(
        watchdog=NOVELL_CLOCKS,
        watchdog_with_data=True,
        set_up=replace(SET_UP, repeats=19),
        data=TrialParams(first_ns=ticks(18), doubling=False, repeats=20, wait_after_last=True),
        window=1,
    ),
    framing="802.2",
)


def changed(params: SpxParams = NWLINK, **changes: object) -> SpxParams:
    """The same with other sliding parameters."""
    return replace(params, sliding=replace(params.sliding, **changes))


def packet(
    control: int, by: int, to: int, numbers: tuple[int, int, int], stream: int = 0,
    data: bytes = b"",
) -> Spx:  # fmt: skip
    sequence, acknowledgement, allocation = (number % 0x10000 for number in numbers)
    return Spx(
        control=control,
        stream=stream,
        source_id=by,
        destination_id=to,
        sequence=sequence,
        acknowledgement=acknowledgement,
        allocation=allocation,
        data=data,
    )


def ours(
    control: int, seq: int = 0, ack: int = 0, stream: int = 0, data: bytes = b"", window: int = 4
) -> Spx:
    return packet(control, OURS, THEIRS, (seq, ack, ack + window - 1), stream, data)


def theirs(
    control: int, seq: int = 0, ack: int = 0, stream: int = 0, data: bytes = b"", window: int = 4
) -> Spx:
    return packet(control, THEIRS, OURS, (seq, ack, ack + window - 1), stream, data)


def probe(number: int, of: int = 8) -> Note:
    return Note("probe", {"number": number, "of": of})


def again(number: int, of: int = 8) -> Note:
    return Note("retransmission", {"number": number, "of": of})


def request(window: int = 4) -> Spx:
    return replace(ours(0xC0, window=window), destination_id=0xFFFF)


# One maker per state; what leads there happens at 0.
def fresh(params: SpxParams = NWLINK) -> SpxConnection:
    return SpxConnection(params, own_id=OURS)


def connecting(params: SpxParams = NWLINK) -> SpxConnection:
    spx = fresh(params)
    spx.step(Asked(Connect()), 0)
    return spx


def opened(params: SpxParams = NWLINK, *, window: int = 4) -> SpxConnection:
    spx = connecting(params)
    spx.step(Received(theirs(0x80, window=window)), 0)
    return spx


def ending(params: SpxParams = NWLINK) -> SpxConnection:
    spx = opened(params)
    spx.step(Asked(Close()), 0)
    return spx
