"""What the NBIPX machine tests are made of: policies with the documents' numbers, and packets."""

from __future__ import annotations

from dataclasses import replace

from emu.machines.base import Asked, Received
from emu.machines.nbipx import NameParams, NbipxParams, NbipxSessionMachine
from emu.machines.spx import Close, Connect, CountingParams, TrialParams
from emu.pdu.nbipx import SETUP_LIMITS, NbipxName, NbipxNameKind, NbipxSession, NbipxSessionKind
from emu.pdu.netbios_name import netbios_name
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .spx_parts import DATA, NOVELL, NWLINK_SLIDING

#: facts/ipx.md 2.3.
NWLINK = NbipxParams(
    sliding=replace(
        NWLINK_SLIDING,
        watchdog=CountingParams(
            idle_ns=s(30), interval_ns=s(30), probes=8, wait_after_last_probe=True
        ),
        set_up=TrialParams(first_ns=s(1), doubling=False, repeats=4, wait_after_last=True),
        data=DATA,
    ),
    names=NameParams(broadcasts=3, interval_ns=ms(500), kind_twice=False),
    ack_delay_ns=ms(250),
    ack_window=2,
    window_edge=True,
    status_query=False,
    framing="802.2",
)
#: What real captures 22 and 23 show: five checks two seconds apart, no delay, no window edge.
NOVELL_NB = NbipxParams(
    sliding=NOVELL.sliding,
    names=NameParams(broadcasts=5, interval_ns=s(2), kind_twice=True),
    ack_delay_ns=0,
    ack_window=1,
    window_edge=False,
    status_query=False,
    framing="ethernet-ii",
)

#: The names and ids of capture 22: the caller's and the called's.
CALLER, CALLED = netbios_name("HELLOWORLDAPP", 0x7B), netbios_name("FOOBARMACHINE", 0x7B)
OURS, THEIRS = 0x04D8, 0x034E


def changed(params: NbipxParams = NWLINK, **changes: object) -> NbipxParams:
    """The same with other sliding parameters."""
    return replace(params, sliding=replace(params.sliding, **changes))


def find(name: bytes = CALLED) -> NbipxName:
    return NbipxName(kind=NbipxNameKind.FIND, flags=0, name=name)


def check(name: bytes = CALLED) -> NbipxName:
    return NbipxName(kind=NbipxNameKind.CHECK, flags=0x40, name=name)


def recognized(name: bytes = CALLED) -> NbipxName:
    return NbipxName(kind=NbipxNameKind.RECOGNIZED, flags=0x44, name=name)


def in_use(name: bytes = CALLED) -> NbipxName:
    return NbipxName(kind=NbipxNameKind.IN_USE, flags=0x44, name=name)


def twice(packet: NbipxName) -> NbipxName:
    """With its kind in the list of networks, as Novell's client has it (captures 22, 23)."""
    return replace(packet, networks=(packet.kind << 16, 0, 0, 0, 0, 0, 0, 0))


def set_up(own_id: int = OURS) -> NbipxSession:
    return NbipxSession(
        kind=NbipxSessionKind.DATA,
        control=0x40,
        source_id=own_id,
        destination_id=0xFFFF,
        total_length=38,
        data_length=38,
        data=CALLER + CALLED + SETUP_LIMITS,
    )


def set_up_answer() -> NbipxSession:
    return NbipxSession(
        kind=NbipxSessionKind.DATA,
        control=0x80,
        source_id=THEIRS,
        destination_id=OURS,
        receive_sequence=1,
        data=CALLER + CALLED + SETUP_LIMITS,
    )


def session(
    control: int, ids: tuple[int, int], numbers: tuple[int, int], data: bytes, kind: int, edge: int
) -> NbipxSession:
    return NbipxSession(
        kind=NbipxSessionKind(kind),
        control=control,
        source_id=ids[0],
        destination_id=ids[1],
        send_sequence=numbers[0],
        receive_sequence=numbers[1],
        total_length=len(data),
        data_length=len(data),
        bytes_received=edge and (numbers[1] + edge - 1) % 0x10000,
        data=data,
    )


def ours(
    control: int, send: int = 1, receive: int = 0, data: bytes = b"", kind: int = 6, edge: int = 4
) -> NbipxSession:
    """The caller's; its set-up was number 0."""
    return session(control, (OURS, THEIRS), (send, receive), data, kind, edge)


def theirs(
    control: int, send: int = 0, receive: int = 1, data: bytes = b"", kind: int = 6, edge: int = 4
) -> NbipxSession:
    """The called's, which has taken number 0."""
    return session(control, (THEIRS, OURS), (send, receive), data, kind, edge)


# One maker per state; what leads there happens at 0.
def caller(params: NbipxParams = NWLINK) -> NbipxSessionMachine:
    return NbipxSessionMachine(params, own_id=OURS, own_name=CALLER, peer_name=CALLED)


def called(params: NbipxParams = NWLINK) -> NbipxSessionMachine:
    return NbipxSessionMachine(params, own_id=THEIRS, own_name=CALLED, peer_name=CALLER)


def finding(params: NbipxParams = NWLINK) -> NbipxSessionMachine:
    machine = caller(params)
    machine.step(Asked(Connect()), 0)
    return machine


def connecting(params: NbipxParams = NWLINK) -> NbipxSessionMachine:
    machine = finding(params)
    machine.step(Received(recognized()), 0)
    return machine


def opened(params: NbipxParams = NWLINK) -> NbipxSessionMachine:
    machine = connecting(params)
    machine.step(Received(set_up_answer()), 0)
    return machine


def ending(params: NbipxParams = NWLINK) -> NbipxSessionMachine:
    machine = opened(params)
    machine.step(Asked(Close()), 0)
    return machine
