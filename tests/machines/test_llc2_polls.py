"""When a link notices that its peer is gone: polls, waits, DISC (facts/netbeui.md 2.2 to 2.6)."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, pairwise

import pytest

from emu.machines.base import Data, Lost, Note
from emu.machines.llc2.back_off import Doubling, Fixed, Ticked
from emu.machines.llc2.control import Restarted, Send, State
from emu.machines.llc2.link import Link
from emu.machines.llc2.params import LinkParams
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .llc2_parts import (
    IBM,
    IEEE,
    LAN_MANAGER,
    NT4,
    NT_WAITS,
    again,
    called,
    calling,
    final,
    i,
    polled,
    probe,
    rr,
    u,
)


def test_nt_polls_a_silent_peer_eight_times_and_disconnects() -> None:
    """30 s, then 0.45 0.65 0.95 1.40 2.05 3.05 4.55 and 6.80 s: DISC at 49.90 s."""
    d = Dialogue(called())
    at = s(30)
    for number, wait in enumerate(NT_WAITS, start=1):
        d.at(at).sends(polled(0), about=probe(number))
        at += wait
    assert at == s(49.9)
    d.at(at).sends(u("DISC")).delivers(Lost("8 LLC polls unanswered"))
    d.armed({"T1": s(49.9) + ms(450)})


def test_one_poll_more_where_the_first_does_not_count() -> None:
    """The ninth is waited out for 10.05 s (cap 10 s, one tick on top): 59.95 s."""
    d = Dialogue(called(replace(NT4, first_poll_counts=False)))
    at = s(30)
    for number, wait in enumerate([*NT_WAITS, ms(10_050)], start=1):
        d.at(at).sends(polled(0), about=probe(number, 9))
        at += wait
    d.at(s(59.95)).sends(u("DISC")).delivers(Lost("9 LLC polls unanswered"))
    d.armed({"T1": s(59.95) + ms(450)})


def test_nt_polls_for_unacknowledged_data_and_does_not_repeat_it() -> None:
    """The I frame's own 0.45 s, then polls waited out up to 10.05 s: 29.95 s after the push."""
    d = Dialogue(called())
    d.at(s(5)).asked(Send(b"x")).sends(i(0, 0))
    waits = [*NT_WAITS, ms(10_050)]
    for number, at in enumerate(list(accumulate(waits))[:-1], start=1):
        d.at(s(5) + at).sends(polled(0), about=probe(number))
    d.at(s(34.95)).sends(u("DISC")).delivers(Lost("8 LLC polls unanswered"))
    assert d.machine.since_ns == s(5)  # pyright: ignore
    d.armed({"T1": s(34.95) + ms(450)})


def test_the_frames_own_wait_may_count() -> None:
    """7 polls behind it: 19.90 s after the push."""
    d = Dialogue(called(replace(NT4, data_wait_counts=True)))
    d.at(0).asked(Send(b"x")).sends(i(0, 0))
    for number, at in enumerate(list(accumulate(NT_WAITS))[:-1], start=1):
        d.at(at).sends(polled(0), about=probe(number, 7))
    d.at(s(19.9)).sends(u("DISC")).delivers(Lost("7 LLC polls unanswered"))
    d.armed({"T1": s(19.9) + ms(450)})


def test_data_is_resent_only_when_an_answer_says_that_it_is_missing() -> None:
    d = Dialogue(called())
    d.at(0).asked(Send(b"x")).sends(i(0, 0)).asked(Send(b"y")).sends(i(1, 0, b"y"))
    d.at(ms(450)).sends(polled(0), about=probe(1))
    d.at(ms(500)).receives(final(1)).notes("probe-answered", by="RR F=1")
    d.sends(i(1, 0, b"y"), about=again(1))
    d.at(ms(600)).receives(rr(2)).armed({"Ti": s(30.6)})


def test_an_answer_to_a_poll_starts_ti_anew_and_the_back_off_at_its_floor() -> None:
    d = Dialogue(called())
    d.at(s(30)).sends(polled(0), about=probe(1))
    d.at(s(30.45)).sends(polled(0), about=probe(2))
    d.at(s(30.5)).receives(final(0)).notes("probe-answered", by="RR F=1")
    d.armed({"Ti": s(60.5)})
    d.at(s(60.5)).sends(polled(0), about=probe(1)).armed({"T1": s(60.95)})


def test_an_answer_on_the_deadline_counts() -> None:
    d = Dialogue(called())
    at = s(30)
    for number, wait in enumerate(NT_WAITS, start=1):
        d.at(at).sends(polled(0), about=probe(number))
        at += wait
    d.at(s(49.9)).receives(final(0)).notes("probe-answered", by="RR F=1").armed({"Ti": s(79.9)})


def test_a_peer_that_has_no_such_link_answers_dm() -> None:
    """facts/netbeui.md 3.1: noticed at the next poll."""
    d = Dialogue(called())
    d.at(s(30)).sends(polled(0), about=probe(1))
    d.at(s(30.1)).receives(u("DM")).notes("probe-answered", by="DM").delivers(Lost("DM received"))
    d.armed({})
    assert d.machine.state is State.DOWN  # pyright: ignore


def test_every_frame_of_the_peers_starts_ti_anew() -> None:
    d = Dialogue(called())
    d.at(s(10)).receives(i(0, 0)).delivers(Data(b"x"))
    d.armed({"T2": s(10.15), "Ti": s(40)})
    d.at(s(10.15)).sends(rr(1)).armed({"Ti": s(40)})
    d.at(s(20)).receives(polled(0)).sends(final(1), about=Note("answer")).armed({"Ti": s(50)})


def test_an_end_that_does_not_probe_is_silent() -> None:
    d = Dialogue(called(probing=False))
    d.quiet_until(s(10_000)).armed({})


# --- the published traces, facts/netbeui.md 2.4 ----------------------------------------------

#: KB Q177654: gaps between RR polls of an NT server into silence.
Q177654 = (0.450, 0.651, 0.952, 1.402)
#: KB Q154697: from the last I frame to the first poll, then between polls 1 to 12.
Q154697_FIRST = 0.4305
Q154697 = (0.652, 0.950, 1.404, 2.051, 3.054, 4.557, 6.810, 10.064, 10.064, 10.064, 10.068)
TOLERANCE = ms(20)


def wire(link: Link, events: list[tuple[int, object]], until_ns: int) -> list[tuple[int, object]]:
    """What a link puts on the wire at which instant; ``events`` are (instant, stimulus)."""
    from emu.machines.base import EXPIRED, Transmit

    said: list[tuple[int, object]] = []
    pending = list(events)
    while True:
        due = link.due()
        now = min(pending[0][0] if pending else until_ns, until_ns if due is None else due)
        if now >= until_ns:
            return said
        stimulus = pending.pop(0)[1] if pending and pending[0][0] == now else EXPIRED
        for effect in link.step(stimulus, now):
            if isinstance(effect, Transmit):
                said.append((now, effect.pdu))


def polls_of(said: list[tuple[int, object]]) -> list[int]:
    return [at for at, pdu in said if pdu == polled(getattr(pdu, "nr", -1))]


def close(found: list[int], published: tuple[float, ...]) -> None:
    assert len(found) >= len(published)
    for number, (ours, theirs) in enumerate(zip(found, published, strict=False), start=1):
        assert abs(ours - s(theirs)) <= TOLERANCE, f"gap {number}: {ours} ns, KB {theirs} s"


def test_the_trace_of_kb_q177654() -> None:
    polls = polls_of(wire(called(), [], s(60)))
    close([b - a for a, b in pairwise(polls)], Q177654)


def test_the_trace_of_kb_q154697() -> None:
    """Two I frames of 1468 octets, a deaf client that goes on sending.

    Its own poll comes between polls 1 and 2; its SESSION_ALIVE 5.04 s after poll 8, which is
    acknowledged (the article: 163 ms later, ours T2 = 150 ms) and resets the count but not the
    back-off: polls 9 to 12 follow at the cap.
    """
    from emu.machines.base import Asked, Received

    eighth = Q154697_FIRST + sum(Q154697[:7])
    alive = s(eighth + 5.04)
    events = [
        (0, Asked(Send(bytes(1468)))),
        (0, Asked(Send(bytes(1468)))),
        (s(0.7), Received(polled(0))),
        (alive, Received(i(0, 0, b"alive"))),
    ]
    said = wire(called(), events, s(61.6))
    polls = polls_of(said)
    close([polls[0]], (Q154697_FIRST,))
    assert len(polls) == 12
    close([b - a for a, b in pairwise(polls)], Q154697)
    assert (alive + ms(150), rr(1)) in said
    assert (s(0.7), final(0)) in said
    assert u("DISC") not in [pdu for _, pdu in said]


def test_a_link_that_has_not_adapted_yet() -> None:
    """facts/netbeui.md 2.4: from n = 12, 600 ms."""
    law = Ticked(first_ns=ms(600), cap_ns=s(10), tick_ns=ms(50))
    waits = [law.wait_ns(step) for step in range(9)]
    assert waits == [ms(w) for w in (650, 950, 1400, 2050, 3050, 4550, 6800, 10_050, 10_050)]


# --- the other stacks ------------------------------------------------------------------------


def test_lan_manager_polls_behind_an_unacknowledged_session_alive() -> None:
    """0.5 + 1 + 2 + 4 + 8 + 8 = 23.5 s; the first of 6 probes is the I frame itself."""
    d = Dialogue(called(LAN_MANAGER))
    d.at(s(30)).asked(Send(b"a", probe=True)).sends(i(0, 0, b"a"), about=probe(1, 6))
    for number, at in enumerate((0.5, 1.5, 3.5, 7.5, 15.5), start=2):
        d.at(s(30 + at)).sends(polled(0), about=probe(number, 6))
    d.at(s(53.5)).sends(u("DISC")).delivers(Lost("SESSION_ALIVE and 5 LLC polls unanswered"))
    d.armed({"T1": s(54)})


def test_lan_managers_first_wait_may_count() -> None:
    """0.5 + 1 + 2 + 4 + 8 = 15.5 s."""
    d = Dialogue(called(replace(LAN_MANAGER, data_wait_counts=True)))
    d.at(0).asked(Send(b"a", probe=True)).sends(i(0, 0, b"a"), about=probe(1, 5))
    for number, at in enumerate((0.5, 1.5, 3.5, 7.5), start=2):
        d.at(s(at)).sends(polled(0), about=probe(number, 5))
    d.at(s(15.5)).sends(u("DISC")).delivers(Lost("SESSION_ALIVE and 4 LLC polls unanswered"))
    d.armed({"T1": s(16)})


def test_the_links_acknowledgement_is_the_only_answer_to_session_alive() -> None:
    d = Dialogue(called(LAN_MANAGER))
    d.at(s(30)).asked(Send(b"a", probe=True)).sends(i(0, 0, b"a"), about=probe(1, 6))
    d.at(s(30.2)).receives(rr(1)).notes("probe-answered", by="RR").armed({})


def test_ibm_polls_a_second_apart() -> None:
    """30 + 8 x 1 = 38 s; 39 s where the first does not count."""
    for params, count in ((IBM, 8), (replace(IBM, first_poll_counts=False), 9)):
        d = Dialogue(called(params))
        for number in range(1, count + 1):
            d.at(s(29 + number)).sends(polled(0), about=probe(number, count))
        d.at(s(30 + count)).sends(u("DISC")).delivers(Lost(f"{count} LLC polls unanswered"))
        d.armed({"T1": s(31 + count)})


def test_802_2_never_asks_an_idle_peer() -> None:
    d = Dialogue(called(IEEE))
    d.quiet_until(s(1_000_000)).armed({})


def test_802_2_polls_resets_and_gives_up_without_a_word() -> None:
    """1 s, polls at 1 and 3 s, SABME at 5 and 6 s, over at 7 s."""
    d = Dialogue(called(IEEE))
    d.at(0).asked(Send(b"x")).sends(i(0, 0))
    d.at(s(1)).sends(polled(0), about=probe(1, 2))
    d.at(s(3)).sends(polled(0), about=probe(2, 2))
    d.at(s(5)).sends(u("SABME"))
    d.at(s(6)).sends(u("SABME"))
    d.at(s(7)).delivers(Lost("2 LLC polls and 2 SABME unanswered")).armed({})


def test_802_2s_reset_costs_the_sessions_even_when_it_is_answered() -> None:
    d = Dialogue(called(IEEE))
    d.at(0).asked(Send(b"x")).sends(i(0, 0))
    d.at(s(1)).sends(polled(0), about=probe(1, 2))
    d.at(s(3)).sends(polled(0), about=probe(2, 2))
    d.at(s(5)).sends(u("SABME")).receives(u("UA"))
    d.delivers(Restarted("link reset: the peer had stopped answering")).armed({})
    assert d.machine.state is State.UP  # pyright: ignore


# --- mutation: one tick, one unit ------------------------------------------------------------


def nt_idle(params: LinkParams) -> None:
    d = Dialogue(called(params))
    at = s(30)
    for number, wait in enumerate(NT_WAITS, start=1):
        d.at(at).sends(polled(0), about=probe(number))
        at += wait
    d.at(at).sends(u("DISC")).delivers(Lost("8 LLC polls unanswered"))
    d.armed({"T1": at + ms(450)})


def nt_data(params: LinkParams) -> None:
    d = Dialogue(called(params))
    d.at(0).asked(Send(b"x")).sends(i(0, 0))
    for number, at in enumerate(accumulate(NT_WAITS), start=1):
        d.at(at).sends(polled(0), about=probe(number))
    d.at(s(29.95)).sends(u("DISC")).delivers(Lost("8 LLC polls unanswered"))
    d.armed({"T1": s(30.4)})


def doubling(params: LinkParams) -> None:
    d = Dialogue(called(params))
    d.at(0).asked(Send(b"x")).sends(i(0, 0))
    for number, at in enumerate((0.5, 1.5, 3.5, 7.5, 15.5), start=1):
        d.at(s(at)).sends(polled(0), about=probe(number, 5))
    d.at(s(23.5)).sends(u("DISC")).delivers(Lost("5 LLC polls unanswered")).armed({"T1": s(24)})


def ieee(params: LinkParams) -> None:
    d = Dialogue(called(params))
    d.at(0).asked(Send(b"x")).sends(i(0, 0))
    d.at(s(1)).sends(polled(0), about=probe(1, 2))
    d.at(s(3)).sends(polled(0), about=probe(2, 2))
    d.at(s(5)).sends(u("SABME"))
    d.at(s(6)).sends(u("SABME"))
    d.at(s(7)).delivers(Lost("2 LLC polls and 2 SABME unanswered")).armed({})


def delayed_ack(params: LinkParams) -> None:
    d = Dialogue(called(params))
    d.at(0).receives(i(0, 0)).delivers(Data(b"x"))
    d.at(ms(150)).sends(rr(1))
    d.at(s(1)).receives(i(1, 0)).delivers(Data(b"x"))
    d.receives(i(2, 0)).sends(rr(3)).delivers(Data(b"x")).armed({"Ti": s(31)})


def window(params: LinkParams) -> None:
    d = Dialogue(called(params))
    for number in range(10):
        d.at(0).asked(Send(b"x")).sends(i(number, 0))
    d.asked(Send(b"x")).silent()
    d.receives(rr(1)).sends(i(10, 0)).armed({"T1": ms(450)})


ONE = (1, -1)
TICK = ms(50)
MUTANTS = [
    *((nt_idle, NT4, "inactivity_ns", by) for by in ONE),
    *((nt_idle, NT4, "n2", by) for by in ONE),
    *((nt_data, NT4, "n2", by) for by in ONE),
    *((delayed_ack, NT4, "ack_delay_ns", by) for by in ONE),
    *((delayed_ack, NT4, "ack_frames", by) for by in ONE),
    *((window, NT4, "window", by) for by in ONE),
    *((doubling, LAN_MANAGER, "n2", by) for by in ONE),
    *((ieee, IEEE, "n2", by) for by in ONE),
]
LAWS = [
    *((nt_idle, NT4, "reply", "first_ns", by * TICK) for by in ONE),
    *((nt_data, NT4, "reply", "first_ns", by * TICK) for by in ONE),
    *((nt_data, NT4, "reply", "cap_ns", by * TICK) for by in ONE),
    *((nt_idle, NT4, "reply", "tick_ns", by) for by in ONE),
    *((nt_idle, NT4, "set_up", "first_ns", by * TICK) for by in ONE),
    *((doubling, LAN_MANAGER, "reply", "first_ns", by) for by in ONE),
    *((doubling, LAN_MANAGER, "reply", "cap_ns", by) for by in ONE),
    *((ieee, IEEE, "reply", "first_ns", by) for by in ONE),
    *((ieee, IEEE, "reply", "then_ns", by) for by in ONE),
    *((ieee, IEEE, "set_up", "first_ns", by) for by in ONE),
]
FLIPPED = [
    (nt_idle, NT4, "first_poll_counts"),
    (nt_data, NT4, "data_wait_counts"),
    (doubling, LAN_MANAGER, "data_wait_counts"),
    (ieee, IEEE, "resets"),
]


def fails(story, params: LinkParams) -> None:
    with pytest.raises(AssertionError):
        story(params)
    Dialogue.opened.clear()


@pytest.mark.parametrize(
    ("story", "params"),
    [(nt_idle, NT4), (nt_data, NT4), (doubling, LAN_MANAGER), (ieee, IEEE), (delayed_ack, NT4),
     (window, NT4)],
)  # fmt: skip
def test_the_story_comes_out(story, params: LinkParams) -> None:
    story(params)


@pytest.mark.parametrize(("story", "params", "name", "by"), MUTANTS)
def test_a_number_off_by_one_is_caught(story, params: LinkParams, name: str, by: int) -> None:
    fails(story, replace(params, **{name: getattr(params, name) + by}))


@pytest.mark.parametrize(("story", "params", "law", "name", "by"), LAWS)
def test_a_law_off_by_one_is_caught(
    story, params: LinkParams, law: str, name: str, by: int
) -> None:
    old = getattr(params, law)
    fails(story, replace(params, **{law: replace(old, **{name: getattr(old, name) + by})}))


@pytest.mark.parametrize(("story", "params", "name"), FLIPPED)
def test_a_switch_the_other_way_is_caught(story, params: LinkParams, name: str) -> None:
    fails(story, replace(params, **{name: not getattr(params, name)}))


def test_every_number_is_caught() -> None:
    """``live_sabme`` has its dialogues in test_llc2_link."""
    caught = {each[2] for each in (*MUTANTS, *LAWS, *FLIPPED)} | {"live_sabme"}
    assert caught == set(LinkParams.__dataclass_fields__)
    assert Fixed.__dataclass_fields__.keys() | Doubling.__dataclass_fields__.keys() <= {
        each[3] for each in LAWS
    }


def test_a_note_names_the_count_in_force() -> None:
    assert probe(2) == Note("probe", {"number": 2, "of": 8})
    assert calling().state is State.UP
