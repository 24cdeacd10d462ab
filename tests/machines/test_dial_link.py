"""One dialled link: facts/ipx.md 4.2, with times and silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Received
from emu.machines.dial import (
    CISCO,
    DIALD,
    ISDN4LINUX,
    PPPD,
    AnswerCall,
    Arrived,
    Cleared,
    Connected,
    Contend,
    DialLink,
    DialParams,
    Failed,
    HangUp,
    HangUpNow,
    Heard,
    LinkOpened,
    PlaceCall,
    Raise,
    RefuseCall,
    State,
)
from emu.units import seconds as s
from tests.machines.dial_parts import IDLE, UNIT, chatter, flat90, packet, up
from tests.machines.dialogue import Dialogue

BUSY = Failed(cause="17 user busy")
NORMAL = Cleared(cause="16 normal call clearing")
IDLE_WORDS = "idle-timeout: 120 s without interesting traffic"


def down(params: DialParams = CISCO) -> Dialogue:
    return Dialogue(DialLink(params, next_unit=flat90))


def dials(d: Dialogue, attempt: int = 1) -> Dialogue:
    return d.notes("dial", attempt=attempt).delivers(PlaceCall())


def hangs_up(d: Dialogue, why: str = IDLE_WORDS) -> Dialogue:
    return d.notes("hang-up", why=why).delivers(HangUp(why=why))


def test_a_whole_call() -> None:
    """Set-up 1 s, PPP 1.5 s, idle 120 s; the packets that waited leave once, in order."""
    d = down()
    dials(d.at(s(10)).asked(packet(b"1"))).armed({"carrier": s(40)})
    d.at(s(10.5)).asked(packet(b"2")).silent()
    d.at(s(11)).receives(Connected()).notes("connected").armed({})
    d.at(s(12)).asked(packet(b"3")).silent()
    d.at(s(12.5)).receives(LinkOpened()).notes("up", queued=3).sends(b"1", b"2", b"3")
    d.armed({"idle": s(132.5)})
    hangs_up(d.at(s(132.5))).armed({})
    d.at(s(133)).receives(NORMAL).notes("down", cause=NORMAL.cause).armed({})
    d.quiet_until(s(5000))


def test_what_is_not_interesting_raises_nothing() -> None:
    d = down()
    d.asked(chatter()).notes("dropped", why="not interesting", frames=1).armed({})
    d.quiet_until(s(3600))


def test_what_does_not_count_still_flows_while_the_link_is_up() -> None:
    """RIP every 60 s passes, and the link goes down all the same, 120 s after the last packet."""
    d = Dialogue(up())
    d.at(s(60)).asked(chatter()).sends(b"rip").armed({"idle": s(120)})
    d.at(s(119)).asked(chatter()).sends(b"rip")
    hangs_up(d.at(s(120))).armed({})


def test_interesting_traffic_keeps_the_link_up() -> None:
    d = Dialogue(up())
    d.at(s(120) - 1).asked(packet()).sends(b"x").armed({"idle": s(240) - 1})
    hangs_up(d.at(s(240) - 1)).armed({})


def test_a_packet_on_the_deadline_comes_too_late() -> None:
    """A timer comes before a request at one instant: the packet waits for the next call."""
    d = Dialogue(up())
    hangs_up(d.at(IDLE))
    d.asked(packet(b"late")).silent()
    d.at(s(121)).receives(NORMAL).notes("down", cause=NORMAL.cause).armed({"dial": s(136)})
    dials(d.at(s(136))).armed({"carrier": s(166)})
    d.at(s(137)).receives(Connected()).notes("connected")
    d.receives(LinkOpened()).notes("up", queued=1).sends(b"late").armed({"idle": s(257)})


def test_inbound_traffic_counts_only_where_it_does() -> None:
    d = Dialogue(up())
    d.at(s(100)).receives(Heard(interesting=True)).armed({"idle": IDLE})
    both = Dialogue(up(replace(CISCO, inbound_counts=True)))
    both.at(s(100)).receives(Heard(interesting=False)).armed({"idle": IDLE})
    both.receives(Heard(interesting=True)).armed({"idle": s(220)})


def test_a_busy_number_costs_the_queue_and_a_pause() -> None:
    """Enable-timeout 15 s: a packet in it waits until it is over."""
    d = down()
    dials(d.asked(packet()))
    d.at(s(2)).receives(BUSY).notes("call-failed", cause=BUSY.cause, attempt=1)
    d.notes("dropped", why="call failed", frames=1).armed({})
    d.at(s(10)).asked(packet()).armed({"dial": s(17)})
    dials(d.at(s(17))).armed({"carrier": s(47)})


def test_no_carrier_in_30_seconds() -> None:
    """facts/ipx.md 4.4, remote router off: 30 s of trying, 15 s of pause."""
    d = down()
    dials(d.asked(packet()))
    hangs_up(d.at(s(30)), "no carrier in time").armed({})
    d.receives(Cleared(cause="gone")).notes("call-failed", cause="gone", attempt=1)
    d.notes("dropped", why="call failed", frames=1).armed({})
    d.at(s(44)).asked(packet()).armed({"dial": s(45)})


def test_connect_on_the_deadline_is_in_time() -> None:
    """A frame comes before a timer."""
    d = down()
    dials(d.asked(packet()))
    d.at(s(30)).receives(Connected()).notes("connected").armed({})


def test_redials_back_off() -> None:
    """diald: 30, 60, 120, 240 s; what waits is kept, and given up with the fifth failure."""
    d = down(DIALD)
    dials(d.asked(packet()))
    now = 0
    for failures, pause in enumerate((30, 60, 120, 240), start=1):
        d.receives(BUSY).notes("call-failed", cause=BUSY.cause, attempt=failures)
        now += s(pause)
        d.armed({"dial": now})
        dials(d.at(now), attempt=failures + 1)
    d.receives(BUSY).notes("call-failed", cause=BUSY.cause, attempt=5)
    d.notes("dropped", why="call failed", frames=1).armed({})
    d.quiet_until(s(3600))


def test_the_back_off_has_a_maximum() -> None:
    assert [DIALD.redial_pause_ns(n) for n in (1, 2, 5, 6, 10_000)] == [
        s(30), s(60), s(480), s(600), s(600),
    ]  # fmt: skip
    assert PPPD.redial_pause_ns(9) == s(30)


def test_a_redial_that_succeeds_delivers_what_waited() -> None:
    d = down(DIALD)
    dials(d.asked(packet(b"1")))
    d.receives(BUSY).notes("call-failed", cause=BUSY.cause, attempt=1)
    d.at(s(5)).asked(packet(b"2")).armed({"dial": s(30)})
    dials(d.at(s(30)), attempt=2)
    d.receives(Connected()).notes("connected").receives(LinkOpened())
    d.notes("up", queued=2).sends(b"1", b"2").armed({"idle": s(150)})


def test_drop_while_dialling() -> None:
    """A queue of none: the packet that raises the link is lost, and so are those behind it."""
    d = down(replace(CISCO, queue_frames=0))
    d.asked(packet()).notes("dropped", why="queue full", frames=1)
    dials(d)
    d.asked(packet()).notes("dropped", why="queue full", frames=1)
    d.receives(Connected()).notes("connected")
    d.receives(LinkOpened()).notes("up", queued=0).armed({"idle": IDLE})


def test_with_a_queue_of_none_nobody_waits_for_the_end_of_a_pause() -> None:
    d = down(replace(CISCO, queue_frames=0))
    d.asked(packet()).notes("dropped", why="queue full", frames=1)
    dials(d).receives(BUSY).notes("call-failed", cause=BUSY.cause, attempt=1).armed({})
    d.at(s(14)).asked(packet()).notes("dropped", why="queue full", frames=1).armed({})
    d.at(s(15)).asked(packet()).notes("dropped", why="queue full", frames=1)
    dials(d).armed({"carrier": s(45)})


def test_a_full_queue_drops_the_newest() -> None:
    d = down(replace(CISCO, queue_frames=2))
    dials(d.asked(packet(b"1")))
    d.asked(packet(b"2")).silent()
    d.asked(packet(b"3")).notes("dropped", why="queue full", frames=1)
    d.receives(Connected()).notes("connected")
    d.receives(LinkOpened()).notes("up", queued=2).sends(b"1", b"2").armed({"idle": IDLE})


def test_ppp_that_does_not_open_ends_the_call() -> None:
    """Charged all the same: it was connected."""
    d = down()
    dials(d.asked(packet()))
    d.at(s(1)).receives(Connected()).notes("connected")
    d.at(s(31)).receives(Failed(cause="no answer to LCP"))
    hangs_up(d, "no answer to LCP")
    d.at(s(32)).receives(NORMAL).notes("call-failed", cause=NORMAL.cause, attempt=1)
    d.notes("dropped", why="call failed", frames=1).armed({})


def test_the_line_breaks_under_a_call() -> None:
    d = Dialogue(up())
    d.at(s(5)).receives(Cleared(cause="27 out of order")).notes("down", cause="27 out of order")
    d.at(s(6)).asked(packet()).armed({"dial": s(20)})


def test_a_connect_that_crosses_the_hang_up_is_a_call_for_the_bill() -> None:
    link = DialLink(CISCO)
    d = Dialogue(link)
    dials(d.asked(packet()))
    hangs_up(d.at(s(30)), "no carrier in time")
    d.at(s(31)).receives(Connected()).notes("connected")
    assert (link.state, link.calls, link.connected_ns) == (State.HANGING_UP, 1, s(31))
    d.receives(LinkOpened(), NORMAL).notes("call-failed", cause=NORMAL.cause, attempt=1)
    d.notes("dropped", why="call failed", frames=1).armed({})


def test_fast_idle_under_contention() -> None:
    """20 s since the last interesting packet: 5 s after 15 s, at once after 60 s."""
    d = Dialogue(up())
    d.at(s(15)).asked(Contend(waiting=True)).armed({"idle": s(20)})
    hangs_up(d.at(s(20)), "fast-idle: 20 s without interesting traffic").armed({})
    late = Dialogue(up())
    late.at(s(60)).asked(Contend(waiting=True))
    hangs_up(late, "fast-idle: 20 s without interesting traffic").armed({})


def test_contention_that_is_over() -> None:
    d = Dialogue(up())
    d.at(s(15)).asked(Contend(waiting=True)).armed({"idle": s(20)})
    d.at(s(16)).asked(Contend(waiting=False)).armed({"idle": IDLE})


def test_hang_up_just_before_the_next_unit() -> None:
    """isdn4linux: idle after 19 s, but the unit of 90 s is paid for: 2 s before its end."""
    d = Dialogue(up(ISDN4LINUX))
    d.armed({"idle": s(88)})
    d.at(s(50)).asked(packet()).sends(b"x").armed({"idle": s(88)})
    d.at(s(69)).asked(packet()).sends(b"x").armed({"idle": s(88)})
    d.at(s(69) + 1).asked(packet()).sends(b"x").armed({"idle": s(178)})


def test_units_count_from_connect_not_from_up() -> None:
    """Connected at 1 s, up at 2.5 s: the unit ends at 91 s."""
    Dialogue(up(ISDN4LINUX, at=s(2.5), connected=s(1))).armed({"idle": s(89)})
    assert flat90(s(1), s(91) - 1) == s(1) + UNIT


def test_somebody_who_waits_is_worth_more_than_a_unit() -> None:
    d = Dialogue(up(ISDN4LINUX))
    d.at(s(5)).asked(Contend(waiting=True)).armed({"idle": s(19)})


def test_idle_never() -> None:
    """pppd's idle 0."""
    Dialogue(up(PPPD)).armed({})


def test_a_call_that_arrives_is_taken() -> None:
    """The called end pays nothing, so it does not wait for the end of a unit."""
    d = down(ISDN4LINUX)
    d.receives(Arrived()).notes("answer").delivers(AnswerCall()).armed({"carrier": s(60)})
    d.at(s(1)).receives(Connected()).notes("connected")
    d.at(s(2)).receives(LinkOpened()).notes("up", queued=0).armed({"idle": s(21)})


def test_a_second_call_is_refused() -> None:
    d = down()
    dials(d.asked(packet())).receives(Arrived()).delivers(RefuseCall()).armed({"carrier": s(30)})
    both = Dialogue(up())
    both.receives(Arrived()).delivers(RefuseCall()).armed({"idle": IDLE})


def test_the_operator_hangs_up() -> None:
    d = Dialogue(up())
    hangs_up(d.at(s(7)).asked(HangUpNow(why="fault")), "fault").armed({})
    d.asked(HangUpNow(why="again")).armed({})
    dialling = down()
    dials(dialling.asked(packet()))
    hangs_up(dialling.asked(HangUpNow(why="fault")), "fault")
    dialling.receives(NORMAL).notes("call-failed", cause=NORMAL.cause, attempt=1)
    dialling.notes("dropped", why="call failed", frames=1).armed({})


@pytest.mark.parametrize("pdu", [Connected(), LinkOpened(), BUSY, NORMAL, Heard(interesting=True)])
def test_nothing_comes_of_a_call_that_is_not(pdu: object) -> None:
    """Above all: never up without CONNECT."""
    down().refuses_pdu(pdu).armed({})


def test_up_needs_connect() -> None:
    d = down()
    dials(d.asked(packet())).refuses_pdu(LinkOpened()).armed({"carrier": s(30)})


def test_the_next_call_is_a_call_of_its_own() -> None:
    """Connected anew, charged anew; counted."""
    link = up()
    link.step(Received(NORMAL), s(1))
    d = Dialogue(link, start_ns=s(100))
    dials(d.asked(packet()))
    d.at(s(101)).receives(Connected()).notes("connected").armed({})
    assert (link.calls, link.connected_ns, link.failed_calls) == (2, s(101), 0)


# --- raised by hand ------------------------------------------------------------------------------

BY_HAND = Raise(destination="far")


def test_raised_by_hand_it_dials_with_nothing_to_carry_and_goes_idle() -> None:
    d = down()
    dials(d.at(s(1)).asked(BY_HAND)).armed({"carrier": s(31)})
    d.at(s(2)).receives(Connected()).notes("connected")
    d.receives(LinkOpened()).notes("up", queued=0).armed({"idle": s(122)})


def test_a_hand_does_not_wait_for_the_pause_after_a_failure() -> None:
    """15 s of enable-timeout hold what packets raise (facts/ipx.md 4.2), not the operator."""
    d = down()
    dials(d.asked(BY_HAND))
    d.at(s(1)).receives(BUSY).notes("call-failed", cause=BUSY.cause, attempt=1).armed({})
    dials(d.at(s(2)).asked(BY_HAND)).armed({"carrier": s(32)})


def test_a_link_that_is_not_down_cannot_be_raised() -> None:
    d = down()
    dials(d.asked(BY_HAND)).refuses(BY_HAND)
    d.at(s(1)).receives(Connected()).notes("connected").refuses(BY_HAND)
    d.receives(LinkOpened()).notes("up", queued=0).refuses(BY_HAND)
    hangs_up(d.at(s(121))).refuses(BY_HAND).armed({})
