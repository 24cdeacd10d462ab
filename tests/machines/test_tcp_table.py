"""The table itself: what is not in it raises and changes nothing; a peer never raises."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Received
from emu.machines.tcp.control import Abort, Close, Connect, Send, State
from emu.machines.tcp.machine import FRESH, TABLE
from emu.pdu.ip_tcp import Segment
from emu.units import seconds as s

from .dialogue import Dialogue, snapshot
from .tcp_parts import CIRCLE, MAKERS, NT4, Ends

E = Ends()
REQUESTS = (Connect(), Send(b"x"), Close(), Abort())

#: RFC 793 3.9, what each call is legal in: OPEN p. 54, SEND p. 56, CLOSE p. 60, ABORT p. 62.
LEGAL = {
    State.CLOSED: {Close, Abort},
    State.SYN_SENT: {Send, Close, Abort},
    State.SYN_RECEIVED: {Send, Close, Abort},
    State.ESTABLISHED: {Send, Close, Abort},
    State.CLOSE_WAIT: {Send, Close, Abort},
    State.FIN_WAIT_1: {Abort},
    State.FIN_WAIT_2: {Abort},
    State.CLOSING: {Abort},
    State.LAST_ACK: {Abort},
    State.TIME_WAIT: {Abort},
}


def test_every_state_has_rows_and_a_maker() -> None:
    assert set(TABLE) == set(MAKERS) == set(LEGAL) == set(State)
    for state, maker in MAKERS.items():
        assert maker(E).state is state


def test_every_row_cites_a_document() -> None:
    for rows in (FRESH, *TABLE.values()):
        for row in rows.values():
            assert row.citation.startswith("RFC 793 ")
            assert set(row.leads_to) <= set(State)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
@pytest.mark.parametrize("state", State)
def test_what_has_no_row_raises_and_changes_nothing(state: State, request_: object) -> None:
    d = Dialogue(MAKERS[state](E))
    if type(request_) in LEGAL[state]:
        d.machine.step(Asked(request_), 0)
        assert d.machine.state in {state, *TABLE[state][type(request_)].leads_to}
    else:
        d.refuses(request_)
    d.refuses("nonsense").quiet_until(0)


def test_a_fresh_machine_can_be_opened_and_cannot_send() -> None:
    d = Dialogue(E.fresh())
    d.at(0).refuses(Send(b"x")).asked(Close()).asked(Abort()).armed({})
    assert d.machine.step(EXPIRED, 0) == ()


@pytest.mark.parametrize("state", State)
def test_an_expiry_with_nothing_due_changes_nothing(state: State) -> None:
    tcp = MAKERS[state](E)
    before = snapshot(tcp)
    assert not tcp.step(EXPIRED, 0)
    assert snapshot(tcp) == before


NEAR = st.integers(-3, 9000)
FAR = st.integers(0, CIRCLE - 1)
NUMBERS = st.tuples(st.sampled_from(("near", "far")), NEAR, FAR)


@st.composite
def segments(draw: st.DrawFn, sequence: int, acknowledgement: int) -> Segment:
    """Any flags, any window; numbers around those that matter, or anywhere."""

    def number(base: int) -> int:
        kind, near, far = draw(NUMBERS)
        return (base + near) % CIRCLE if kind == "near" else far

    return Segment(
        number(sequence),
        number(acknowledgement),
        draw(st.integers(0, 255)),
        draw(st.integers(0, 65_535)),
        draw(st.binary(max_size=4)),
        draw(st.none() | st.integers(0, 65_535)),
    )


@pytest.mark.slow
@pytest.mark.parametrize("state", State)
@given(data=st.data())
def test_nothing_a_peer_sends_raises(state: State, data: st.DataObject) -> None:
    """Nor leads where figure 6 has no arrow: ``Tcp.step`` asserts its row's ``leads_to``.

    The machine is woken whenever it wants to be and must not want to be woken for ever.
    """
    iss = data.draw(st.sampled_from((ISS_PLAIN, CIRCLE - 2)))
    ends = Ends(iss, iss)
    params = replace(NT4, window=data.draw(st.sampled_from((1, 8760))))
    tcp = MAKERS[state](ends, params)
    now = 0
    for _ in range(data.draw(st.integers(1, 8))):
        tcp.step(Received(data.draw(segments(tcp.rcv_nxt, tcp.snd_nxt))), now)
        check_invariants(tcp)
        due = tcp.due()
        if due is not None and data.draw(st.booleans()):
            now = max(now, due)
            tcp.step(EXPIRED, now)
            check_invariants(tcp)
    for _turn in range(60):
        due = tcp.due()
        if due is None or due > s(8000):
            break
        now = max(now, due)
        tcp.step(EXPIRED, now)
    else:
        raise AssertionError("it wants to be woken for ever")


ISS_PLAIN = 1_000


def check_invariants(tcp) -> None:
    """What is outstanding is timed; what is closed is quiet; ``due`` is the earliest timer."""
    assert tcp.due() == min(tcp.timers().values(), default=None)
    assert ("retransmission" in tcp.timers()) == bool(tcp.outstanding)
    if tcp.state is State.CLOSED:
        assert tcp.timers() == {}
        assert (tcp.outstanding, tcp.unsent) == ([], b"")
        return
    in_flight = (tcp.snd_nxt - tcp.snd_una) % CIRCLE
    assert in_flight <= sum(segment.length for segment in tcp.outstanding)
    assert bool(in_flight) == bool(tcp.outstanding)
