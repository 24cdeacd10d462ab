"""SPX and NBIPX under losses, silence and nonsense: what must hold whatever happens."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError
from emu.machines.base import EXPIRED, Asked, Deliver, Effect, Ended, Lost, Received, Transmit
from emu.machines.nbipx import Abandon, NbipxParams, NbipxSessionMachine
from emu.machines.nbipx.session import TABLE as NBIPX_TABLE
from emu.machines.nbipx.session import _event as nbipx_event
from emu.machines.spx import (
    Close,
    Connect,
    CountingParams,
    NovellParams,
    Send,
    SlidingParams,
    SpxConnection,
    SpxParams,
    TrialParams,
)
from emu.machines.spx.connection import TABLE as SPX_TABLE
from emu.machines.spx.connection import _event as spx_event
from emu.pdu.nbipx import NbipxNameKind, NbipxSession, NbipxSessionKind
from emu.pdu.spx import Spx
from emu.units import milliseconds as ms
from emu.units import seconds as s

from . import nbipx_parts, spx_parts
from .nbipx_parts import CALLED, CALLER
from .spx_pipe import Pipe

TRIALS = st.builds(
    TrialParams,
    first_ns=st.integers(ms(1), s(2)),
    doubling=st.booleans(),
    repeats=st.integers(0, 10),
    wait_after_last=st.booleans(),
)
WATCHDOGS = st.builds(
    CountingParams,
    idle_ns=st.integers(ms(50), s(40)),
    interval_ns=st.integers(ms(50), s(40)),
    probes=st.integers(1, 10),
    wait_after_last_probe=st.booleans(),
) | st.builds(
    NovellParams,
    verify_ticks=st.integers(1, 200),
    listen_ticks=st.integers(1, 300),
    request_ticks=st.integers(1, 300),
    abort_ticks=st.integers(1, 1000),
)
SLIDINGS = st.builds(
    SlidingParams,
    watchdog=WATCHDOGS,
    watchdog_with_data=st.booleans(),
    set_up=TRIALS,
    data=TRIALS,
    window=st.integers(1, 6),
)
SPX = st.builds(SpxParams, sliding=SLIDINGS, framing=st.just("802.2"))
NBIPX = st.builds(
    NbipxParams,
    sliding=SLIDINGS,
    names=st.just(nbipx_parts.NWLINK.names),
    ack_delay_ns=st.sampled_from([0, ms(250), s(1)]),
    ack_window=st.integers(1, 4),
    window_edge=st.booleans(),
    framing=st.just("802.2"),
)
POLICIES = [spx_parts.NWLINK, spx_parts.NOVELL, nbipx_parts.NWLINK, nbipx_parts.NOVELL_NB]
IDS = ["spx-nwlink", "spx-novell", "nbipx-nwlink", "nbipx-novell"]


def ends(params: SpxParams | NbipxParams):
    """Both ends, fresh."""
    if isinstance(params, SpxParams):
        ours, theirs = spx_parts.OURS, spx_parts.THEIRS
        return SpxConnection(params, own_id=ours), SpxConnection(params, own_id=theirs)
    return nbipx_parts.caller(params), nbipx_parts.called(params)


def pipe_of(params: SpxParams | NbipxParams, lose=lambda _n: False) -> Pipe:
    pipe = Pipe(*ends(params), lose)
    pipe.ask(pipe.a, Connect())
    return pipe


@pytest.mark.parametrize("params", POLICIES, ids=IDS)
def test_everything_arrives_once_and_in_order_however_much_is_lost(params) -> None:
    """A third of all packets is lost; every message comes through, and the end too."""
    for seed in range(20):
        dice = Random(seed)
        patient = replace(params, sliding=replace(params.sliding, data=spx_parts.DATA))
        pipe = pipe_of(patient, lambda _n, dice=dice: dice.random() < 0.3)
        pipe.run(s(8))
        expected = {pipe.a: b"", pipe.b: b""}
        for number in range(10):
            for end, other in ((pipe.a, pipe.b), (pipe.b, pipe.a)):
                text = bytes([number]) * dice.randint(1, 1500)
                if pipe.ask(end, Send(text)):
                    expected[other] += text
            pipe.run(pipe.now + ms(dice.randint(0, 900)))
        pipe.run(pipe.now + s(200))
        if pipe.a.last or pipe.b.last:  # so unlucky that an end gave up: what came is a prefix
            assert expected[pipe.a].startswith(pipe.a.got), seed
            assert expected[pipe.b].startswith(pipe.b.got), seed
        else:
            assert (pipe.a.got, pipe.b.got) == (expected[pipe.a], expected[pipe.b]), seed
            assert (pipe.a.opened, pipe.b.opened) == (1, 1)


@pytest.mark.parametrize("params", POLICIES, ids=IDS)
def test_without_losses_nothing_is_repeated_and_nobody_is_lost(params) -> None:
    pipe = pipe_of(params)
    for number in range(50):
        pipe.run(pipe.now + s(7.3))
        assert pipe.ask(pipe.a, Send(b"k" * (number + 1)))
        pipe.run(pipe.now + ms(40))
        assert pipe.ask(pipe.b, Send(b"s" * 1200))
    pipe.run(pipe.now + s(1000))
    assert not pipe.a.last and not pipe.b.last
    assert pipe.b.got == b"".join(b"k" * n for n in range(1, 51))
    assert pipe.a.got == b"s" * 60_000
    kinds = {about.kind for end in (pipe.a, pipe.b) for _at, _pdu, about in end.sent if about}
    assert kinds <= {"probe", "verify", "answer"}
    pipe.ask(pipe.a, Close())
    pipe.run(pipe.now + s(1))
    assert pipe.a.last == [(pipe.a.last[0][0], Ended("connection ended"))]
    assert pipe.b.last == [(pipe.b.last[0][0], Ended("the peer ended the connection"))]
    assert pipe.a.machine.due() is None and pipe.b.machine.due() is None


@pytest.mark.parametrize("params", POLICIES, ids=IDS)
def test_who_is_left_alone_says_nothing_after_its_last_probe(params) -> None:
    """The power goes: probes, then silence on the wire for good, and one Lost."""
    pipe = pipe_of(params)
    pipe.run(s(3))
    pipe.ask(pipe.a, Send(b"x"))
    pipe.run(s(100))
    pipe.a.power = False
    pipe.run(s(10_000))
    ((at, last),) = pipe.b.last
    assert isinstance(last, Lost)
    assert pipe.b.sent[-1][0] < at < s(500)


@pytest.mark.slow
@given(SPX | NBIPX, st.integers(0, 1 << 32), st.floats(0, 0.6))
def test_random_policies_and_losses_keep_the_invariants(params, seed, loss) -> None:
    """Prefixes arrive, an end is told once, nothing is armed behind it, and time goes on."""
    dice = Random(seed)
    pipe = pipe_of(params, lambda _n: dice.random() < loss)
    sent = {pipe.a: b"", pipe.b: b""}
    for number in range(8):
        pipe.run(pipe.now + dice.choice([ms(1), ms(300), s(5)]))
        end = dice.choice([pipe.a, pipe.b])
        if dice.random() < 0.1:
            pipe.ask(end, Close())
        else:
            text = bytes([number]) * dice.randint(1, 1300)
            if end.machine.can_send and pipe.ask(end, Send(text)):
                sent[end] += text
    pipe.run(pipe.now + s(60))
    assert sent[pipe.a].startswith(pipe.b.got)
    assert sent[pipe.b].startswith(pipe.a.got)
    for end in (pipe.a, pipe.b):
        assert len(end.last) <= 1 and end.opened <= 1
        assert end.machine.is_over == bool(end.last)
        assert not end.last or end.machine.due() is None


# --- one machine, any stimulus -------------------------------------------------------------------

NUMBERS = st.integers(0, 3) | st.integers(0xFFFC, 0xFFFF)
SPX_PACKETS = st.builds(
    Spx,
    control=st.sampled_from([0, 0x10, 0x40, 0x50, 0x80, 0xC0]),
    stream=st.sampled_from([0, 0xFC, 0xFE, 0xFF]),
    source_id=st.just(spx_parts.THEIRS),
    destination_id=st.sampled_from([spx_parts.OURS, 0xFFFF]),
    sequence=NUMBERS,
    acknowledgement=NUMBERS,
    allocation=NUMBERS,
    data=st.binary(max_size=3),
)
NBIPX_PACKETS = st.builds(
    NbipxSession,
    kind=st.sampled_from(NbipxSessionKind),
    control=st.sampled_from([0, 0x40, 0x80, 0x88, 0xC0]),
    source_id=st.just(nbipx_parts.THEIRS),
    destination_id=st.sampled_from([nbipx_parts.OURS, 0xFFFF]),
    send_sequence=NUMBERS,
    receive_sequence=NUMBERS,
    data=st.binary(max_size=3),
) | st.sampled_from([nbipx_parts.recognized(), nbipx_parts.find(CALLER)])
REQUESTS = st.sampled_from([Connect(), Send(b"x"), Send(b"y" * 1100), Close(), Abandon("no name")])
WAITS = st.integers(0, s(8))


def watched(machine: SpxConnection | NbipxSessionMachine, table, event_of, stimulus, now: int):
    """A step; the table's word on where it may lead is kept, and a refusal changes nothing."""
    before = machine.state
    row = table.get((before, event_of(stimulus)))
    effects: list[Effect] = []
    if row is None:
        with pytest.raises(LocalProtocolError):
            machine.step(stimulus, now)
        assert isinstance(stimulus, Asked)
        assert machine.state is before
    else:
        effects = list(machine.step(stimulus, now))
        assert machine.state in row.leads_to, (before, stimulus, machine.state)
    return effects


def survives(machine, table, event_of, steps) -> None:
    now, ends = 0, 0
    for wait, item in steps:
        now += wait
        while (due := machine.due()) is not None and due < now:
            ends += said_the_end(watched(machine, table, event_of, EXPIRED, due))
        asked = isinstance(item, (Connect, Send, Close, Abandon))
        stimulus = Asked(item) if asked else Received(item)
        effects = watched(machine, table, event_of, stimulus, now)
        ends += said_the_end(effects)
        assert not machine.is_over or machine.due() is None
    while (due := machine.due()) is not None and due < s(4000):
        ends += said_the_end(watched(machine, table, event_of, EXPIRED, due))
    assert ends <= 1


def said_the_end(effects) -> int:
    ends = [at for at, e in enumerate(effects) if isinstance(e, Deliver)
            and isinstance(e.value, (Ended, Lost))]  # fmt: skip
    if ends:
        assert not any(isinstance(e, Transmit) for e in effects[ends[0] :]), "no last words"
    return len(ends)


@pytest.mark.slow
@given(SPX, st.lists(st.tuples(WAITS, SPX_PACKETS | REQUESTS), max_size=25), st.booleans())
def test_an_spx_connection_survives_any_peer(params, steps, up: bool) -> None:
    machine = spx_parts.opened(params) if up else spx_parts.fresh(params)
    survives(machine, SPX_TABLE, spx_event, steps)


@pytest.mark.slow
@given(NBIPX, st.lists(st.tuples(WAITS, NBIPX_PACKETS | REQUESTS), max_size=25), st.booleans())
def test_an_nbipx_session_survives_any_peer(params, steps, up: bool) -> None:
    machine = nbipx_parts.opened(params) if up else nbipx_parts.caller(params)
    survives(machine, NBIPX_TABLE, nbipx_event, steps)


def test_the_names_of_the_parts_are_those_of_the_captures() -> None:
    assert (CALLER, CALLED) == (b"HELLOWORLDAPP  {", b"FOOBARMACHINE  {")
    assert nbipx_parts.find().kind is NbipxNameKind.FIND
