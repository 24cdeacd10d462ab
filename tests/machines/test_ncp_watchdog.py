"""The watchdogs of NetWare and mars_nwe (facts/ipx.md 2.1), to the nanosecond."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import EXPIRED, Lost, Note, Received
from emu.machines.ncp.watchdog import MarsNweWatchdog, NetWareWatchdog
from emu.units import seconds as s

from .dialogue import Dialogue
from .ncp_parts import D1, D2, MARS_NWE, NETWARE, TIGHT, N, answer, poll, probe, request

CLEARED = Lost("10 watchdog polls unanswered")
CLEARED_BY_MARS = Lost("4 watchdog polls unanswered")


def netware(params=NETWARE, *, connection: int = 5) -> NetWareWatchdog:
    return NetWareWatchdog(params, connection=connection, now=0)


def mars_nwe(params=MARS_NWE, *, now: int = 0) -> MarsNweWatchdog:
    return MarsNweWatchdog(params, connection=5, now=now)


# --- NetWare -----------------------------------------------------------------------------------


def test_ten_polls_each_waited_out_then_cleared_in_silence() -> None:
    """D1 + 10 x D2 = 5400 + 10 x 1080 ticks = 889.79 s; nothing is sent on clearing."""
    d = Dialogue(netware())
    d.at(0).armed({"watchdog": D1})
    for number in range(N):
        due = D1 + number * D2
        d.quiet_until(due - 1)
        d.at(due).sends(poll(), about=probe(number + 1, N)).armed({"watchdog": due + D2})
    d.quiet_until(D1 + 10 * D2 - 1)
    d.at(D1 + 10 * D2).delivers(CLEARED).armed({})
    assert round((D1 + 10 * D2) / s(1), 2) == 889.79


def test_the_other_reading_clears_together_with_the_last_poll() -> None:
    """30 + 4 x 10 = 70 s: N - 1 intervals."""
    d = Dialogue(netware(replace(TIGHT, wait_after_last_poll=False)))
    for number in range(4):
        d.at(s(30 + 10 * number)).sends(poll(), about=probe(number + 1, 5))
    d.quiet_until(s(70) - 1)
    d.at(s(70)).sends(poll(), about=probe(5, 5))
    d.delivers(Lost("5 watchdog polls unanswered")).armed({})


def test_a_single_poll_is_one_poll() -> None:
    d = Dialogue(netware(replace(TIGHT, polls=1)))
    d.at(s(30)).sends(poll(), about=probe(1, 1))
    d.at(s(40)).delivers(Lost("1 watchdog poll unanswered")).armed({})


def test_an_answer_restarts_the_idle_clock_and_the_count() -> None:
    d = Dialogue(netware(TIGHT))
    d.at(s(30)).sends(poll(), about=probe(1, 5))
    d.at(s(40)).sends(poll(), about=probe(2, 5))
    d.at(s(41)).receives(answer()).notes("probe-answered", number=2, of=5)
    d.armed({"watchdog": s(71)})
    d.quiet_until(s(71) - 1)
    d.at(s(71)).sends(poll(), about=probe(1, 5)).armed({"watchdog": s(81)})


def test_an_answer_on_the_deadline_counts() -> None:
    """At one instant the frame comes before the timer: the station is not cleared."""
    d = Dialogue(netware(TIGHT))
    for number in range(5):
        d.at(s(30 + 10 * number)).sends(poll(), about=probe(number + 1, 5))
    d.at(s(80)).receives(answer()).notes("probe-answered", number=5, of=5)
    d.armed({"watchdog": s(110)})


def test_any_packet_of_the_station_restarts_the_idle_clock() -> None:
    d = Dialogue(netware(TIGHT))
    d.at(s(29)).receives(request(1)).armed({"watchdog": s(59)})
    d.at(s(58)).receives(answer()).armed({"watchdog": s(88)})
    d.at(s(88)).sends(poll(), about=probe(1, 5))
    d.at(s(90)).receives(request(2)).armed({"watchdog": s(120)})
    # A '?' from a station is no answer, yet a packet.
    d.at(s(119)).receives(poll()).armed({"watchdog": s(149)})


@pytest.mark.parametrize("connection", [1, 255, 256, 511, 65_534])
def test_a_poll_carries_the_low_octet_of_the_number(connection: int) -> None:
    d = Dialogue(netware(TIGHT, connection=connection))
    d.at(s(30)).sends(poll(connection & 0xFF), about=probe(1, 5)).armed({"watchdog": s(40)})


def test_a_poll_that_leaves_late_moves_those_behind_it() -> None:
    """On a slow wall clock the spacing is kept, not the plan: no burst of polls."""
    d = Dialogue(netware(TIGHT))
    assert list(d.machine.step(EXPIRED, s(35))) != []
    d.at(s(35)).armed({"watchdog": s(45)})


def test_a_cleared_watchdog_takes_nothing() -> None:
    d = Dialogue(netware(replace(TIGHT, polls=1)))
    d.at(s(30)).sends(poll(), about=probe(1, 1))
    d.at(s(40)).delivers(Lost("1 watchdog poll unanswered"))
    d.refuses_pdu(answer()).refuses_pdu(request(1)).refuses("anything").armed({})


@pytest.mark.parametrize("watchdog", [netware(), mars_nwe()])
def test_nothing_can_be_asked_of_a_watchdog(watchdog: NetWareWatchdog | MarsNweWatchdog) -> None:
    Dialogue(watchdog).refuses("poll now").armed(watchdog.timers())


# --- mars_nwe ----------------------------------------------------------------------------------


def test_checks_at_multiples_of_thirty_seconds_poll_and_clear() -> None:
    """Last octet 533: polls 600, 660, 720, 780, cleared 840; 307 s of silence."""
    d = Dialogue(mars_nwe(now=s(533)))
    for number, check in enumerate((600, 660, 720, 780)):
        d.quiet_until(s(check) - 1)
        d.at(s(check)).sends(poll(), about=probe(number + 1, 4))
        d.armed({"watchdog": s(check + 60)})
    d.quiet_until(s(840) - 1)
    d.at(s(840)).delivers(CLEARED_BY_MARS).armed({})


@pytest.mark.parametrize(
    ("created", "first_poll"),
    [(s(540), s(630)), (s(540) - 1, s(600)), (s(540) + 1, s(630)), (s(570) - 1, s(630))],
)
def test_idle_for_exactly_sixty_seconds_is_not_longer(created: int, first_poll: int) -> None:
    Dialogue(mars_nwe(now=created)).armed({"watchdog": first_poll})


def test_polls_exactly_the_delay_apart_are_not_further() -> None:
    """With a delay of 60 s the check 60 s later does nothing: the one after it polls."""
    d = Dialogue(mars_nwe(replace(MARS_NWE, delay_between_polls_ns=s(60))))
    d.at(s(90)).sends(poll(), about=probe(1, 4)).armed({"watchdog": s(180)})
    d.at(s(180)).sends(poll(), about=probe(2, 4)).armed({"watchdog": s(270)})


def test_the_earliest_clearing_with_checks_every_second() -> None:
    """facts/ipx.md 2.1: 61 + 4 x 51 = 265 s at the earliest."""
    d = Dialogue(mars_nwe(replace(MARS_NWE, check_interval_ns=s(1))))
    for number in range(4):
        d.at(s(61 + 51 * number)).sends(poll(), about=probe(number + 1, 4))
    d.quiet_until(s(265) - 1)
    d.at(s(265)).delivers(CLEARED_BY_MARS).armed({})


def test_an_answer_always_resets() -> None:
    """It came 0.2 ms after the check: the next poll is 90 s later, not 60."""
    d = Dialogue(mars_nwe())
    d.at(s(90)).sends(poll(), about=probe(1, 4))
    d.at(s(90) + 200_000).receives(answer()).notes("probe-answered", number=1, of=4)
    d.armed({"watchdog": s(180)})


def test_a_busy_station_is_polled_too() -> None:
    """Requests every 10 s: none is more than 50 s after the one before it, none counts."""
    d = Dialogue(mars_nwe())
    for instant in range(10, 90, 10):
        d.at(s(instant)).receives(request(1)).armed({"watchdog": s(90)})
    d.at(s(90)).sends(poll(), about=probe(1, 4))
    d.at(s(95)).receives(request(2)).armed({"watchdog": s(150)})


def test_a_request_counts_when_the_one_before_is_longer_ago_than_the_spacing() -> None:
    """Exactly 50 s is not more; and the one that did not count is still the one before."""
    d = Dialogue(mars_nwe())
    d.at(s(50)).receives(request(1)).armed({"watchdog": s(90)})
    d.at(s(100) - 1 - s(20)).receives(request(2)).armed({"watchdog": s(90)})
    d.at(s(90)).sends(poll(), about=probe(1, 4))
    d.at(s(130)).receives(request(3)).armed({"watchdog": s(210)})
    d.at(s(210)).sends(poll(), about=probe(1, 4))
    d.at(s(180 + 31)).receives(request(4)).armed({"watchdog": s(300)})


def test_an_answer_is_not_the_request_before_the_next_one() -> None:
    d = Dialogue(mars_nwe(now=0))
    d.at(s(40)).receives(answer()).armed({"watchdog": s(120)})
    d.at(s(50) + 1).receives(request(1)).armed({"watchdog": s(120)})
    d.at(s(50) + 2).receives(answer()).armed({"watchdog": s(120)})
    d.at(s(89)).receives(request(2)).armed({"watchdog": s(120)})


def test_a_cleared_mars_nwe_watchdog_takes_nothing() -> None:
    d = Dialogue(mars_nwe(replace(MARS_NWE, polls=1)))
    d.at(s(90)).sends(poll(), about=probe(1, 1))
    d.at(s(150)).delivers(Lost("1 watchdog poll unanswered"))
    d.refuses_pdu(answer()).refuses_pdu(request(1)).armed({})


def test_what_a_poll_says_of_itself() -> None:
    """The ledger line and the frame comment are made from these facts."""
    watchdog = netware(TIGHT)
    (poll_effect,) = watchdog.step(EXPIRED, s(30))
    assert poll_effect.about == Note("probe", {"number": 1, "of": 5})
    assert list(watchdog.step(Received(answer()), s(31))) == [
        Note("probe-answered", {"number": 1, "of": 5})
    ]
