"""Two machines and a bad pipe: in order and exactly once, or lost; never for ever."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from emu.machines.base import Opened
from emu.machines.tcp.control import Close, Send, State
from emu.machines.tcp.machine import Tcp
from emu.machines.tcp.params import TcpParams
from emu.transports.base import Fault
from emu.transports.tcp import TCP
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .tcp_parts import CIRCLE, NT4
from .tcp_pipe import Pipe

pytestmark = pytest.mark.slow

SEQUENCES = st.sampled_from((0, 1, CIRCLE - 1, CIRCLE - 40, (1 << 31) - 1, 123_456))
#: No fault five times in nine.  FIFO: a frame may be lost, never overtaken.
LOSSY = st.lists(st.sampled_from(((0,), (0,), (0,), (0,), (0,), (), (), (), ())), max_size=60)
#: Later by up to 2 s, doubled, or both: frames overtake each other.
WILD = st.lists(st.lists(st.integers(0, s(2)), max_size=3).map(tuple) | st.just((0,)), max_size=60)
POLICIES = st.builds(
    lambda **given: replace(NT4, **given),
    window=st.sampled_from((1, 3, 100, 8760)),
    mss=st.sampled_from((64, 1460)),
    ack_delay_ns=st.sampled_from((0, ms(1), ms(200), ms(499))),
    first_rto_ns=st.sampled_from((ms(10), ms(500))),
    retransmissions=st.integers(0, 8),
    syn_retransmissions=st.integers(0, 5),
    keepalive_idle_ns=st.sampled_from((s(5), s(60))),
    first_probe_counts=st.booleans(),
)


def joined(params: TcpParams, faults: list[tuple[int, ...]], *, iss: int, irs: int) -> Pipe:
    left = Tcp(params, initial_sequence=iss, probing=False)
    right = Tcp(params, initial_sequence=irs, probing=True)
    pipe = Pipe(left, right, delay_ns=ms(1), faults=faults)
    pipe.open()
    return pipe


def talk(pipe: Pipe, chunks: list[tuple[int, int, bytes]]) -> tuple[bytes, bytes]:
    """Both ends send what they are given when they are given it; what was accepted is known."""
    sent = [b"", b""]
    for at, which, octets in sorted(chunks, key=lambda chunk: chunk[0]):
        pipe.at(at, pipe.ends[which], Send(octets))
        sent[which] += octets
    return sent[0], sent[1]


CHUNKS = st.lists(
    st.tuples(st.integers(0, s(5)), st.integers(0, 1), st.binary(min_size=1, max_size=12)),
    max_size=12,
)


@pytest.mark.parametrize("pipes", [LOSSY, WILD], ids=["lossy", "wild"])
@settings(deadline=None)
@given(data=st.data())
def test_all_octets_arrive_once_in_order_or_the_connection_is_lost(
    pipes: st.SearchStrategy[list[tuple[int, ...]]], data: st.DataObject
) -> None:
    """Faults end after 60 frames, so an hour is enough for whatever still goes on."""
    params = data.draw(POLICIES)
    pipe = joined(params, data.draw(pipes), iss=data.draw(SEQUENCES), irs=data.draw(SEQUENCES))
    left, right = pipe.ends
    wanted = talk(pipe, [(at + 1, which, octets) for at, which, octets in data.draw(CHUNKS)])
    pipe.run(s(3600))
    to_right, to_left = wanted
    # The right end exists for its program only once it has been called.
    assert to_right.startswith(right.got)
    assert len(left.got) <= len(to_left)
    for end in pipe.ends:
        assert end.told.count(Opened()) <= 1
        assert end.probes_unanswered_most <= params.retransmissions + (
            not params.first_probe_counts
        )
    if not (left.lost or right.lost):
        assert right.got == to_right
        assert {left.machine.state, right.machine.state} == {State.ESTABLISHED}
        assert left.machine.snd_nxt == right.machine.rcv_nxt
        assert right.machine.snd_nxt == left.machine.rcv_nxt
        assert not left.machine.outstanding
        assert not right.machine.outstanding


@settings(deadline=None)
@given(data=st.data())
def test_what_the_server_says_arrives_once_in_order_too(data: st.DataObject) -> None:
    """Right speaks after the handshake, over a wild pipe."""
    params = data.draw(POLICIES)
    pipe = joined(params, [], iss=data.draw(SEQUENCES), irs=data.draw(SEQUENCES))
    pipe.run(s(1))
    left, right = pipe.ends
    pipe._faults = list(reversed(data.draw(WILD)))
    chunks = data.draw(CHUNKS)
    to_right, to_left = talk(pipe, [(s(1) + at, which, octets) for at, which, octets in chunks])
    pipe.run(s(3600))
    assert to_right.startswith(right.got)
    assert to_left.startswith(left.got)
    if not (left.lost or right.lost):
        assert (left.got, right.got) == (to_left, to_right)


@settings(deadline=None)
@given(data=st.data())
def test_both_may_close_at_any_time_over_a_bad_pipe(data: st.DataObject) -> None:
    """In the end both are closed, or one was lost (the other may then be left half-open)."""
    params = data.draw(POLICIES)
    pipe = joined(params, [], iss=data.draw(SEQUENCES), irs=data.draw(SEQUENCES))
    pipe.run(s(1))
    left, right = pipe.ends
    pipe._faults = list(reversed(data.draw(WILD)))
    pipe.at(s(2), left, Send(b"last words"))
    for end in pipe.ends:
        pipe.at(s(2) + data.draw(st.integers(0, s(3))), end, Close())
    pipe.run(s(3600))
    if not (left.lost or right.lost):
        assert {left.machine.state, right.machine.state} == {State.CLOSED}


DEAD_POLICIES = st.builds(
    lambda **given: replace(NT4, **given),
    keepalive_idle_ns=st.integers(s(1), s(10_000)),
    # Longer than the round trip of 2 ms: a shorter one loses live peers, too.
    keepalive_interval_ns=st.integers(ms(3), s(100)),
    retransmissions=st.integers(1, 20),
    first_probe_counts=st.booleans(),
)


@settings(deadline=None)
@given(params=DEAD_POLICIES, last_ns=st.integers(ms(10), s(300)))
def test_a_dead_peer_is_given_up_exactly_at_the_closed_formula(
    params: TcpParams, last_ns: int
) -> None:
    """The client's last octets arrive 1 ms after ``last_ns``; then its power goes."""
    pipe = joined(params, [], iss=1, irs=2)
    client, server = pipe.ends
    pipe.at(last_ns, client, Send(b"last"))
    pipe.run(last_ns)
    pipe.dead.add(client)
    pipe.run(last_ns + ms(1))
    silence = TCP.silence(params, pipe.now)
    assert silence is not None
    # Nothing of the server's is outstanding: it has only acknowledged.
    pipe.run(last_ns + ms(1) + silence - 1)
    assert not server.lost
    pipe.run(last_ns + ms(1) + silence)
    assert server.lost


@settings(deadline=None)
@given(params=DEAD_POLICIES, last_ns=st.integers(ms(10), s(500)), data=st.data())
def test_a_rebooted_peer_is_noticed_at_the_probe_the_formula_names(
    params: TcpParams, last_ns: int, data: st.DataObject
) -> None:
    """Back without state it answers a probe with RST; here in no time, so to the nanosecond."""
    pipe = joined(params, [], iss=1, irs=2)
    client, server = pipe.ends
    pipe.at(last_ns, client, Send(b"last"))
    pipe.run(last_ns + ms(1))
    heard = pipe.now
    # An answer to a probe that is on its way would be the client's last word, and later.
    assume(not any(what[0] is server for *_, what in pipe._queue))
    pipe.dead.add(client)
    pipe._delay_ns = 0
    lost = heard + data.draw(st.integers(0, params.keepalive_idle_ns - 1))
    probes = params.retransmissions * params.keepalive_interval_ns
    # Behind the server's delayed ACK: that would draw the RST before any probe does.
    back = max(lost, heard + ms(200)) + data.draw(
        st.integers(1, params.keepalive_idle_ns + probes + s(5))
    )
    delay = TCP.delay(params, Fault(kind="reboot", lost_at_ns=lost, back_at_ns=back), heard)
    assert delay is not None
    pipe.run(min(back, lost + delay) - 1)
    pipe.dead.discard(client)
    client.machine = Tcp(params, initial_sequence=9, probing=False)
    pipe.run(lost + delay - 1)
    assert not server.lost
    pipe.run(lost + delay)
    assert server.lost


def test_a_pipe_that_loses_everything_lets_go_of_both_ends() -> None:
    """SYN 45 s; the dice of the test are its own."""
    dice = Random(7)
    pipe = joined(NT4, [() for _ in range(200)], iss=dice.getrandbits(32), irs=0)
    pipe.run(s(45) - 1)
    assert not pipe.ends[0].lost
    pipe.run(s(45))
    assert pipe.ends[0].lost
    assert pipe.ends[0].machine.due() is None
