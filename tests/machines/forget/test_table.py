"""A box's flow table, dialogues with virtual times: facts/tcp.md 1, 4, 6 and RFC 5382."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Deliver, Note, Received, Transmit
from emu.machines.forget import (
    BoxParams,
    Crossing,
    FlowTable,
    Forgot,
    Learnt,
    Made,
    MidStream,
    Onward,
    Refused,
    State,
)
from emu.machines.forget.flow import ROWS, Word
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN, Segment
from emu.units import seconds as s
from tests.machines.dialogue import Dialogue

CLIENT, SERVER, BOX = b"\x0a\x01\x00\x0b", b"\x0a\x00\x00\x01", b"\x0a\x00\xfe\xfe"
INNER = CLIENT + SERVER + (1025).to_bytes(2, "big") + (1494).to_bytes(2, "big")
INNER_BACK = SERVER + CLIENT + (1494).to_bytes(2, "big") + (1025).to_bytes(2, "big")
#: Through a NAT: the first dynamic port (RFC 6335 6), and the second.
OUTER, OUTER_2 = (
    BOX + SERVER + port.to_bytes(2, "big") + (1494).to_bytes(2, "big") for port in (49152, 49153)
)
OUTER_BACK = SERVER + BOX + (1494).to_bytes(2, "big") + (49152).to_bytes(2, "big")

FIREWALL = BoxParams(idle_ns=s(350))
NAT = BoxParams(idle_ns=s(350), afterwards="reset", translates=True)
TIMER = "1025-1494"

#: Client sequence 100, server 900; each acknowledges all of the other's.
SYN_ = Segment(99, 0, SYN, 8760)
SYN_ACK = Segment(899, 100, SYN | ACK, 8760)
ACK_ = Segment(100, 900, ACK, 8760)
BACK = Segment(900, 100, ACK, 8760)
PROBE = Segment(899, 100, ACK, 8760)
ANSWER = ACK_
DATA = Segment(100, 900, ACK | PSH, 8760, b"ann 1")


def out(segment: Segment, key: bytes = INNER) -> Crossing:
    return Crossing(outbound=True, key=key, segment=segment)


def back(segment: Segment, key: bytes = INNER_BACK) -> Crossing:
    return Crossing(outbound=False, key=key, segment=segment)


def onward(key: bytes, *, outbound: bool = True) -> Onward:
    return Onward(outbound=outbound, key=key)


def learnt(outer: bytes, *, mid_stream: bool = False) -> Learnt:
    return Learnt(inside_key=INNER, outside_key=outer, mid_stream=mid_stream)


def forgot(outer: bytes, limit_s: float = 350, *, established: bool = True) -> Forgot:
    return Forgot(inside_key=INNER, outside_key=outer, limit_ns=s(limit_s), established=established)


def opened(params: BoxParams, outer: bytes = INNER, outer_back: bytes = INNER_BACK) -> Dialogue:
    """A handshake at 0: the flow is established."""
    d = Dialogue(FlowTable(params, BOX))
    d.at(0).receives(out(SYN_)).delivers(learnt(outer)).sends(onward(outer))
    d.receives(back(SYN_ACK, outer_back)).sends(onward(INNER_BACK, outbound=False))
    d.receives(out(ACK_)).sends(onward(outer))
    return d


def test_a_flow_is_forgotten_350_seconds_after_its_last_segment() -> None:
    d = opened(FIREWALL).armed({TIMER: s(350)})
    d.at(s(350)).delivers(forgot(INNER)).armed({})
    d.quiet_until(s(86_400))


@pytest.mark.parametrize("outbound", [True, False])
def test_a_segment_of_either_end_starts_the_timer_anew(outbound: bool) -> None:
    """facts/tcp.md 6: both ends may probe; either refreshes the mapping."""
    d = opened(FIREWALL)
    d.at(s(300)).receives(out(ACK_) if outbound else back(BACK))
    d.sends(onward(INNER) if outbound else onward(INNER_BACK, outbound=False))
    d.armed({TIMER: s(650)}).quiet_until(s(649))
    d.at(s(650)).delivers(forgot(INNER)).armed({})


def test_a_segment_at_the_very_instant_still_counts() -> None:
    """Frames come before timers; a nanosecond later there is no flow."""
    d = opened(FIREWALL)
    d.at(s(350)).receives(out(ACK_)).sends(onward(INNER)).armed({TIMER: s(700)})
    d.at(s(700)).delivers(forgot(INNER))
    d.at(s(700) + 1).receives(out(ACK_))
    d.delivers(Refused(outbound=True, key=INNER, how="drop")).armed({})


@pytest.mark.parametrize("segment", [PROBE, SYN_ACK, Segment(900, 100, ACK | PSH, 8760, b"x")])
def test_a_firewall_that_forgot_says_nothing(segment: Segment) -> None:
    """facts/tcp.md 4, fw_forgets_idle_flow."""
    d = opened(FIREWALL)
    d.at(s(350)).delivers(forgot(INNER))
    d.at(s(7200)).receives(back(segment))
    d.delivers(Refused(outbound=False, key=INNER_BACK, how="drop")).armed({})


def test_a_nat_that_forgot_answers_the_server_with_a_reset_of_its_own() -> None:
    """facts/tcp.md 4.1, last row: SEQ = the segment's ACK number, no ACK flag, window 0."""
    d = opened(NAT, OUTER, OUTER_BACK)
    d.at(s(350)).delivers(forgot(OUTER))
    d.at(s(7200)).receives(back(PROBE, OUTER_BACK))
    d.delivers(Refused(outbound=False, key=OUTER_BACK, how="reset"))
    reset = Made(outbound=True, key=OUTER, segment=Segment(100, 0, RST, 0))
    d.sends(reset, about=Note("reset")).armed({})


def test_what_the_client_says_afterwards_is_refused_in_the_servers_name() -> None:
    d = opened(NAT, OUTER, OUTER_BACK)
    d.at(s(350)).delivers(forgot(OUTER))
    d.at(s(400)).receives(out(DATA)).delivers(Refused(outbound=True, key=INNER, how="reset"))
    reset = Made(outbound=False, key=INNER_BACK, segment=Segment(900, 0, RST, 0))
    d.sends(reset, about=Note("reset")).armed({})


def test_a_reset_of_no_flow_draws_nothing() -> None:
    """RFC 9293 3.5.2: no RST for a RST."""
    d = Dialogue(FlowTable(NAT, BOX))
    d.at(0).receives(out(Segment(1, 0, RST, 0)))
    d.delivers(Refused(outbound=True, key=INNER, how="drop")).armed({})


def test_a_new_syn_gets_a_new_port() -> None:
    d = opened(NAT, OUTER, OUTER_BACK)
    d.at(s(350)).delivers(forgot(OUTER))
    d.at(s(400)).receives(out(SYN_)).delivers(learnt(OUTER_2)).sends(onward(OUTER_2))
    d.armed({TIMER: s(750)})


def test_a_syn_of_a_flow_that_is_known_keeps_its_port() -> None:
    d = opened(NAT, OUTER, OUTER_BACK)
    d.at(s(10)).receives(out(SYN_)).sends(onward(OUTER)).armed({TIMER: s(360)})


def test_conntrack_keeps_the_clients_port_and_picks_up_mid_stream() -> None:
    """facts/tcp.md 6: tcp_loose = 1; from outside a segment still draws a RST."""
    params = replace(NAT, mid_stream=MidStream.INSIDE, keeps_ports=True)
    kept = BOX + INNER[4:]
    kept_back = SERVER + BOX + INNER_BACK[8:]
    d = opened(params, kept, kept_back)
    d.at(s(350)).delivers(forgot(kept))
    d.at(s(400)).receives(back(PROBE, kept_back))
    d.delivers(Refused(outbound=False, key=kept_back, how="reset"))
    d.sends(Made(outbound=True, key=kept, segment=Segment(100, 0, RST, 0)), about=Note("reset"))
    d.at(s(500)).receives(out(DATA)).delivers(learnt(kept, mid_stream=True)).sends(onward(kept))
    d.at(s(501)).receives(back(PROBE, kept_back)).sends(onward(INNER_BACK, outbound=False))
    d.armed({TIMER: s(851)})


def test_a_port_that_another_client_has_is_not_kept() -> None:
    params = replace(NAT, keeps_ports=True)
    d = opened(params, BOX + INNER[4:], SERVER + BOX + INNER_BACK[8:])
    other = b"\x0a\x01\x00\x0c" + INNER[4:]
    d.receives(out(SYN_, other))
    d.delivers(Learnt(inside_key=other, outside_key=OUTER, mid_stream=False)).sends(onward(OUTER))
    d.quiet_until(s(349))


def test_both_ends_are_told_where_the_box_says_so() -> None:
    """facts/tcp.md 6, Azure: to each exactly what it expects next, else it would challenge
    (RFC 5961 3.2).  The client waits for 900, the server for 105."""
    d = opened(replace(FIREWALL, idle_ns=s(240), afterwards="reset-both"))
    d.at(s(1)).receives(out(DATA)).sends(onward(INNER))
    d.receives(back(Segment(900, 105, ACK, 8760))).sends(onward(INNER_BACK, outbound=False))
    d.at(s(241)).delivers(forgot(INNER, 240))
    to_server = Made(outbound=True, key=INNER, segment=Segment(105, 900, RST | ACK, 0))
    to_client = Made(outbound=False, key=INNER_BACK, segment=Segment(900, 105, RST | ACK, 0))
    d.sends(to_server, to_client, about=Note("reset")).armed({})
    d.at(s(300)).receives(out(DATA)).delivers(Refused(outbound=True, key=INNER, how="drop"))
    d.armed({})


def test_unacknowledged_data_has_a_shorter_timer() -> None:
    """facts/tcp.md 6: 5 days, but 300 s while data is unacknowledged."""
    d = opened(replace(FIREWALL, idle_ns=s(432_000), unacknowledged_ns=s(300)))
    d.armed({TIMER: s(432_000)})
    d.at(s(10)).receives(out(DATA)).sends(onward(INNER)).armed({TIMER: s(310)})
    d.at(s(20)).receives(back(Segment(900, 105, ACK, 8760)))
    d.sends(onward(INNER_BACK, outbound=False)).armed({TIMER: s(432_020)})
    d.at(s(30)).receives(back(replace(PROBE, acknowledgement=105)))
    d.sends(onward(INNER_BACK, outbound=False)).armed({TIMER: s(432_030)})


def test_opening_and_closing_have_a_timer_of_their_own() -> None:
    """RFC 5382 REQ-5: 4 minutes, against 2 h 4 min."""
    params = replace(FIREWALL, idle_ns=s(7440), transitory_ns=s(240))
    d = Dialogue(FlowTable(params, BOX))
    d.at(0).receives(out(SYN_)).delivers(learnt(INNER)).sends(onward(INNER)).armed({TIMER: s(240)})
    d.receives(back(SYN_ACK)).sends(onward(INNER_BACK, outbound=False)).armed({TIMER: s(240)})
    d.receives(out(ACK_)).sends(onward(INNER)).armed({TIMER: s(7440)})
    d.at(s(9)).receives(out(Segment(100, 900, FIN | ACK, 8760))).sends(onward(INNER))
    d.armed({TIMER: s(249)})
    d.at(s(249)).delivers(forgot(INNER, 240, established=False)).armed({})


def test_a_box_without_a_limit_never_forgets() -> None:
    opened(replace(FIREWALL, idle_ns=None)).armed({}).quiet_until(s(10**9))


def test_a_proxy_answers_keepalives_for_either_end() -> None:
    """facts/tcp.md 4.1: SEQ = SND.NXT, ACK = RCV.NXT, empty; the far end hears nothing of it."""
    params = BoxParams(idle_ns=s(350), translates=True, answers=True)
    d = opened(params, OUTER, OUTER_BACK)
    d.receives(back(BACK, OUTER_BACK)).sends(onward(INNER_BACK, outbound=False))
    d.at(s(300)).receives(back(PROBE, OUTER_BACK))
    d.sends(Made(outbound=True, key=OUTER, segment=ANSWER), about=Note("answered"))
    d.at(s(301)).receives(out(replace(ACK_, sequence=99)))
    d.sends(Made(outbound=False, key=INNER_BACK, segment=BACK), about=Note("answered"))
    d.armed({TIMER: s(651)})


def test_every_state_knows_every_word_and_says_who_says_so() -> None:
    assert set(ROWS) == {(state, word) for state in State for word in Word}
    assert all(citation for _, citation in ROWS.values())


SEGMENTS = st.builds(
    Segment,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 63),
    st.just(8760),
    st.binary(max_size=3),
)


@given(
    st.sampled_from([FIREWALL, NAT, replace(NAT, afterwards="reset-both", answers=True)]),
    st.lists(st.tuples(st.booleans(), SEGMENTS, st.integers(0, s(400))), max_size=30),
)
def test_a_timer_never_lies_behind_and_nothing_from_outside_makes_a_flow(
    params: BoxParams, heard: list[tuple[bool, Segment, int]]
) -> None:
    table, now = FlowTable(params, BOX), 0
    for outbound, segment, later_ns in heard:
        now += later_ns
        while (due := table.due()) is not None and due < now:
            assert all(isinstance(e, Deliver | Transmit) for e in table.step(EXPIRED, due))
        before = len(table.flows)
        key = INNER if outbound else (OUTER_BACK if params.translates else INNER_BACK)
        crossing = Crossing(outbound=outbound, key=key, segment=segment)
        effects = table.step(Received(crossing), now)
        assert effects, "whatever comes goes on, or it is said that it does not"
        assert outbound or len(table.flows) <= before
        assert all(due >= now for due in table.timers().values())
        assert table.due() == min(table.timers().values(), default=None)
