"""The watchdogs of NWLink and of Novell's client stack (facts/ipx.md 2.2), to the nanosecond."""

from __future__ import annotations

from dataclasses import replace

from emu.machines.base import Lost, Note
from emu.machines.spx import NovellParams, Send
from emu.units import seconds as s
from emu.units import ticks

from .dialogue import Dialogue
from .spx_parts import (
    ABORT,
    LISTEN,
    NOVELL,
    NOVELL_CLOCKS,
    NWLINK,
    NWLINK_COUNT,
    VERIFY,
    changed,
    opened,
    ours,
    probe,
    theirs,
)

PROBE, ANSWER = ours(0xC0), ours(0x80)
CALLED = Note("verify")
TO_A_PROBE = Note("answer")


def counting(**changes: object):
    return changed(watchdog=replace(NWLINK_COUNT, **changes))


def novell(**changes: object):
    return changed(NOVELL, watchdog=replace(NOVELL_CLOCKS, **changes))


# --- NWLink ------------------------------------------------------------------------------------


def test_eight_probes_each_waited_out_then_silence() -> None:
    """6 + 8 x 6 = 54 s; nothing is sent on giving up (facts/ipx.md 1.3)."""
    d = Dialogue(opened())
    d.at(0).armed({"watchdog": s(6)})
    for number in range(1, 9):
        due = s(6 * number)
        d.quiet_until(due - 1)
        d.at(due).sends(PROBE, about=probe(number)).armed({"watchdog": due + s(6)})
    d.quiet_until(s(54) - 1)
    d.at(s(54)).delivers(Lost("8 watchdog probes unanswered")).armed({})


def test_the_other_reading_gives_up_together_with_the_last_probe() -> None:
    """6 + 7 x 6 = 48 s: N - 1 intervals."""
    d = Dialogue(opened(counting(wait_after_last_probe=False)))
    for number in range(1, 8):
        d.at(s(6 * number)).sends(PROBE, about=probe(number))
    d.quiet_until(s(48) - 1)
    d.at(s(48)).sends(PROBE, about=probe(8)).delivers(Lost("8 watchdog probes unanswered"))
    d.armed({})


def test_a_single_probe_is_one_probe() -> None:
    d = Dialogue(opened(counting(probes=1)))
    d.at(s(6)).sends(PROBE, about=probe(1, 1))
    d.at(s(12)).delivers(Lost("1 watchdog probe unanswered")).armed({})


def test_an_answer_restarts_clock_and_count_and_says_which_it_was() -> None:
    d = Dialogue(opened())
    d.at(s(6)).sends(PROBE, about=probe(1))
    d.at(s(12)).sends(PROBE, about=probe(2))
    d.at(s(13)).receives(theirs(0x80)).notes("probe-answered", by="acknowledgement")
    d.armed({"watchdog": s(19)})
    d.at(s(19)).sends(PROBE, about=probe(1)).armed({"watchdog": s(25)})


def test_an_answer_on_the_deadline_counts() -> None:
    d = Dialogue(opened())
    for number in range(1, 9):
        d.at(s(6 * number)).sends(PROBE, about=probe(number))
    d.at(s(54)).receives(theirs(0x80)).notes("probe-answered", by="acknowledgement")
    d.armed({"watchdog": s(60)})


def test_both_ends_probe_and_the_peers_probe_is_a_sign_of_life() -> None:
    """facts/ipx.md 3.2: answered at once; our own clock starts anew."""
    d = Dialogue(opened())
    d.at(s(5)).receives(theirs(0xC0)).sends(ANSWER, about=TO_A_PROBE).armed({"watchdog": s(11)})
    d.at(s(11)).sends(PROBE, about=probe(1))
    d.at(s(11.5)).receives(theirs(0xC0)).notes("probe-answered", by="watchdog request")
    d.sends(ANSWER, about=TO_A_PROBE).armed({"watchdog": s(17.5)})


def test_what_we_send_is_no_sign_of_life() -> None:
    d = Dialogue(opened(counting(idle_ns=s(0.4))))
    d.at(s(0.3)).asked(Send(b"x")).sends(ours(0x50, data=b"x"))
    d.at(s(0.4)).sends(ours(0xC0, 1), about=probe(1))
    d.armed({"watchdog": s(6.4), "retransmission": s(0.8)})


def test_a_clock_that_is_read_late_moves_the_probes_behind_it() -> None:
    """On a slow wall clock the spacing is kept, not the plan: no burst of probes."""
    machine = opened()
    d = Dialogue(machine, start_ns=s(7))
    d.sends(PROBE, about=probe(1)).armed({"watchdog": s(13)})


# --- Novell ------------------------------------------------------------------------------------


def test_verify_listen_abort() -> None:
    """54, 108 and 540 ticks: packets at 54, 162 ... requests at 108, 216, 324, 432, end at 540.

    540 ticks are 29.66 s (facts/ipx.md 2.2: 29.7 s, requests start at 5.9 s).
    """
    d = Dialogue(opened(NOVELL))
    said, asked = ours(0x80, window=1), ours(0xC0, window=1)
    for number in range(1, 5):
        listen = ticks(number * LISTEN)
        verify = ticks((number - 1) * LISTEN) + ticks(VERIFY)
        d.quiet_until(verify - 1)
        d.at(verify).sends(said, about=CALLED).armed({"watchdog": listen})
        d.quiet_until(listen - 1)
        d.at(listen).sends(asked, about=probe(number, 4))
        d.armed({"watchdog": listen + ticks(VERIFY)})
    d.at(ticks(432) + ticks(VERIFY)).sends(said, about=CALLED)
    d.quiet_until(ticks(ABORT) - 1)
    d.at(ticks(ABORT)).delivers(Lost("nothing heard for 540 ticks")).armed({})
    assert round(ticks(ABORT) / s(1), 2) == 29.66
    assert round(ticks(LISTEN) / s(1), 2) == 5.93


def test_every_packet_of_the_peer_restarts_listen_and_abort_but_not_verify() -> None:
    d = Dialogue(opened(NOVELL))
    d.at(ticks(50)).receives(theirs(0x80)).notes("unasked").armed({"watchdog": ticks(VERIFY)})
    d.at(ticks(VERIFY)).sends(ours(0x80, window=1), about=CALLED)
    d.armed({"watchdog": ticks(VERIFY) + ticks(VERIFY)})


def test_every_packet_of_ours_restarts_verify() -> None:
    d = Dialogue(opened(NOVELL))
    d.at(ticks(50)).asked(Send(b"x")).sends(ours(0x50, data=b"x", window=1))
    d.armed({"retransmission": ticks(50) + ticks(18), "watchdog": ticks(50) + ticks(VERIFY)})
    d.receives(theirs(0x80, 0, 1)).armed({"watchdog": ticks(50) + ticks(VERIFY)})


def test_a_request_that_was_answered() -> None:
    d = Dialogue(opened(novell(verify_ticks=1000)))
    d.at(ticks(LISTEN)).sends(ours(0xC0, window=1), about=probe(1, 4))
    d.at(ticks(120)).receives(theirs(0x80)).notes("probe-answered", by="acknowledgement")
    d.armed({"watchdog": ticks(120) + ticks(LISTEN)})


def test_a_verify_packet_within_a_tick_of_a_request_is_left_to_it() -> None:
    """The clocks are looked at once a tick: 107 + 1 ticks of silence make one packet."""
    d = Dialogue(opened(novell(verify_ticks=108)))
    d.at(ticks(LISTEN)).sends(ours(0xC0, window=1), about=probe(1, 4))
    d.armed({"watchdog": ticks(216)})


def test_it_is_sent_after_all_when_the_request_is_not_needed_any_more() -> None:
    """Left to the request at 108, half a tick later; what comes before that makes it overdue."""
    tick = ticks(1)
    d = Dialogue(opened(NOVELL))
    d.at(tick // 2).receives(theirs(0x80)).notes("unasked").silent()
    d.at(ticks(VERIFY)).sends(ours(0x80, window=1), about=CALLED)
    d.at(ticks(VERIFY) + ticks(VERIFY)).armed({"watchdog": tick // 2 + ticks(LISTEN)})
    d.at(ticks(LISTEN) + tick // 4).receives(theirs(0x80)).notes("unasked")
    d.sends(ours(0x80, window=1), about=CALLED)
    d.armed({"watchdog": ticks(LISTEN) + tick // 4 + ticks(VERIFY)})


def test_how_many_requests_fit() -> None:
    def fitting(listen: int, request: int, abort: int) -> int:
        clocks = NovellParams(
            verify_ticks=VERIFY, listen_ticks=listen, request_ticks=request, abort_ticks=abort
        )
        return opened(changed(NOVELL, watchdog=clocks)).watchdog.probes_max

    assert fitting(108, 108, 540) == 4
    assert fitting(108, 108, 541) == 5
    assert fitting(108, 54, 540) == 8
    assert fitting(540, 54, 540) == 0
    assert fitting(600, 54, 540) == 0


def test_with_abort_before_listen_nothing_is_asked() -> None:
    d = Dialogue(opened(novell(verify_ticks=1000, listen_ticks=600)))
    d.quiet_until(ticks(ABORT) - 1)
    d.at(ticks(ABORT)).delivers(Lost("nothing heard for 540 ticks")).armed({})


# --- with data on its way ----------------------------------------------------------------------


def test_the_watchdog_goes_on_while_data_is_unacknowledged() -> None:
    """Doubling: 255.5 s; the watchdog's 54 s are over first, from the last packet heard."""
    d = Dialogue(opened())
    d.at(s(1)).asked(Send(b"x")).sends(ours(0x50, data=b"x"))
    d.armed({"watchdog": s(6), "retransmission": s(1.5)})
    said = [effect for at in _expiries(d.machine) for effect in at]
    assert said[-1].value == Lost("8 watchdog probes unanswered")  # type: ignore[union-attr]
    assert d.machine.due() is None


def test_the_other_reading_leaves_it_to_the_retransmissions() -> None:
    d = Dialogue(opened(changed(NWLINK, watchdog_with_data=False)))
    d.at(s(1)).asked(Send(b"x")).sends(ours(0x50, data=b"x")).armed({"retransmission": s(1.5)})
    said = [effect for at in _expiries(d.machine) for effect in at]
    assert said[-1].value == Lost("8 retransmissions unanswered")  # type: ignore[union-attr]


def test_that_reading_probes_again_when_everything_is_acknowledged() -> None:
    d = Dialogue(opened(changed(NWLINK, watchdog_with_data=False)))
    d.at(s(1)).asked(Send(b"x")).sends(ours(0x50, data=b"x"))
    d.at(s(1.2)).receives(theirs(0x80, 0, 1)).armed({"watchdog": s(7.2)})


def _expiries(machine):
    from emu.machines.base import EXPIRED

    while (due := machine.due()) is not None:
        yield machine.step(EXPIRED, due)
