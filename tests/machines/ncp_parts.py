"""What the NCP machine tests are made of: policies with the documents' numbers, and PDUs."""

from __future__ import annotations

from emu.machines.base import Note
from emu.machines.ncp import MarsNweParams, NcpParams, NetWareParams
from emu.pdu.ncp import (
    CONNECTION_NONE,
    WATCHDOG_ANSWER,
    WATCHDOG_POLL,
    NcpReply,
    NcpRequest,
    NcpType,
    Watchdog,
)
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.units import ticks

#: facts/ipx.md 2.1: the defaults of a NetWare server.
D1, D2, N = ticks(5400), ticks(1080), 10

NETWARE = NetWareParams(
    delay_before_first_poll_ns=D1, delay_between_polls_ns=D2, polls=N, wait_after_last_poll=True
)
#: BASIS "30/10/5 -> 80 s" (facts/ipx.md 2.1).
TIGHT = NetWareParams(
    delay_before_first_poll_ns=s(30),
    delay_between_polls_ns=s(10),
    polls=5,
    wait_after_last_poll=True,
)
#: facts/ipx.md 2.1, "Other NCP servers".
MARS_NWE = MarsNweParams(
    check_interval_ns=s(30),
    idle_before_first_poll_ns=s(60),
    delay_between_polls_ns=s(50),
    polls=4,
    activity_spacing_ns=s(50),
)


def params(
    watchdog: NetWareParams | MarsNweParams = TIGHT,
    *,
    same_address_reuses: bool = True,
    same_client_socket: bool = True,
    framing: str = "ethernet-ii",
    request_timeout_ns: int = ms(500),
    request_retries: int = 2,
    spoof_tolerance: int = 0,
    advertise_every_ns: int | None = None,
) -> NcpParams:
    return NcpParams(
        watchdog=watchdog,
        same_address_reuses=same_address_reuses,
        same_client_socket=same_client_socket,
        framing=framing,
        request_timeout_ns=request_timeout_ns,
        request_retries=request_retries,
        spoof_tolerance=spoof_tolerance,
        advertise_every_ns=advertise_every_ns,
    )


def poll(low: int = 5) -> Watchdog:
    return Watchdog(connection_low=low, mark=WATCHDOG_POLL)


def answer(low: int = 5) -> Watchdog:
    return Watchdog(connection_low=low, mark=WATCHDOG_ANSWER)


def probe(number: int, of: int) -> Note:
    return Note("probe", {"number": number, "of": of})


def create() -> NcpRequest:
    return NcpRequest(
        kind=NcpType.CREATE, sequence=0, connection=CONNECTION_NONE, task=0, function=0
    )


def request(
    sequence: int, function: int = 0x14, *, data: bytes = b"", number: int = 5
) -> NcpRequest:
    return NcpRequest(
        kind=NcpType.REQUEST,
        sequence=sequence,
        connection=number,
        task=1,
        function=function,
        data=data,
    )


def destroy(sequence: int, *, number: int = 5) -> NcpRequest:
    return NcpRequest(
        kind=NcpType.DESTROY, sequence=sequence, connection=number, task=1, function=0
    )


def reply(
    sequence: int,
    *,
    number: int = 5,
    task: int = 1,
    completion: int = 0,
    status: int = 0,
    data: bytes = b"",
    kind: NcpType = NcpType.REPLY,
) -> NcpReply:
    return NcpReply(
        kind=kind,
        sequence=sequence,
        connection=number,
        task=task,
        completion=completion,
        status=status,
        data=data,
    )


def busy(sequence: int) -> NcpReply:
    return reply(sequence, kind=NcpType.BUSY)
