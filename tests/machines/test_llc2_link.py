"""A link's set-up, numbers, conditions and end (IEEE 802.2; facts/netbeui.md 1.2, 2.1, 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Asked, Data, Ended, Lost, Note, Opened, Received
from emu.machines.llc2.control import (
    Busy,
    Connect,
    Disconnect,
    Refused,
    Reject,
    Restarted,
    Send,
    State,
)
from emu.machines.llc2.rows import Event
from emu.pdu.llc2 import REJECT_RECEIVE_NUMBER, Unnumbered, UnnumberedKind
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .llc2_parts import (
    IBM,
    IEEE,
    MAKERS,
    NT4,
    again,
    called,
    calling,
    disconnecting,
    down,
    final,
    i,
    polled,
    probe,
    rejecting,
    resetting,
    rr,
    setting_up,
    u,
)

QUIET = replace(NT4, inactivity_ns=None)


def test_the_called_end_answers_sabme() -> None:
    d = Dialogue(down())
    d.at(s(1)).receives(u("SABME")).sends(u("UA")).delivers(Opened()).armed({"Ti": s(31)})


def test_the_calling_end_polls_once_before_anything_else() -> None:
    """Real-captures 02, 68-72: SABME, UA, RR P=1, RR F=1, then the first I frame."""
    d = Dialogue(down())
    d.at(0).asked(Connect()).sends(u("SABME")).asked(Send(b"x")).silent()
    d.at(ms(1)).receives(u("UA")).sends(polled(0)).armed({"T1": ms(451)})
    d.at(ms(2)).receives(final(0)).delivers(Opened()).sends(i(0, 0, b"x"))
    d.asked(Send(b"y")).sends(i(1, 0, b"y")).armed({"T1": ms(452)})


def test_sabme_is_tried_n2_times() -> None:
    """IBM: 8 a second apart, over at 8 s."""
    d = Dialogue(down(IBM))
    d.at(0).asked(Connect()).sends(u("SABME"))
    for second in range(1, 8):
        d.at(s(second)).sends(u("SABME"))
    d.at(s(8)).delivers(Lost("8 SABME unanswered")).armed({})


def test_dm_refuses_a_link() -> None:
    d = Dialogue(setting_up())
    d.at(ms(1)).receives(u("DM")).delivers(Refused("SABME refused by DM")).armed({})


def test_disc_refuses_a_link_too() -> None:
    d = Dialogue(setting_up())
    d.at(ms(1)).receives(u("DISC")).sends(u("DM")).delivers(Refused("refused by DISC")).armed({})


def test_both_ends_set_up_at_once() -> None:
    d = Dialogue(setting_up())
    d.at(ms(1)).receives(u("SABME")).sends(u("UA")).receives(u("UA")).sends(polled(0))
    d.receives(final(0)).delivers(Opened()).armed({"Ti": s(30.001)})


def test_who_does_not_listen_answers_dm() -> None:
    d = Dialogue(down(listening=False))
    d.at(0).receives(u("SABME")).sends(u("DM")).armed({})


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        (polled(3), u("DM")),
        (i(0, 0, poll=True), u("DM")),
        (u("DISC"), u("DM")),
        (i(0, 0), None),
        (rr(1), None),
        (final(1), None),
        (u("UA"), None),
        (u("DM"), None),
        (u("FRMR"), None),
    ],
)
def test_without_a_link_only_a_command_with_p_is_answered(heard, said) -> None:
    """facts/netbeui.md 3.1: a command without P and stray responses are ignored."""
    d = Dialogue(down())
    d.at(0).receives(heard)
    if said is not None:
        d.sends(said)
    d.armed({})


# --- data ------------------------------------------------------------------------------------


def test_acknowledgements_ride_on_data() -> None:
    d = Dialogue(called(QUIET))
    d.at(0).receives(i(0, 0)).delivers(Data(b"x")).armed({"T2": ms(150)})
    d.at(ms(10)).asked(Send(b"y")).sends(i(0, 1, b"y")).armed({"T1": ms(460)})
    d.at(ms(20)).receives(rr(1)).armed({})


def test_a_second_frame_forces_an_acknowledgement() -> None:
    """N3 = 2."""
    d = Dialogue(called(QUIET))
    d.at(0).receives(i(0, 0)).delivers(Data(b"x"))
    d.at(ms(1)).receives(i(1, 0, b"y")).sends(rr(2)).delivers(Data(b"y")).armed({})


def test_a_frame_with_p_is_acknowledged_at_once_with_f() -> None:
    d = Dialogue(called(QUIET))
    d.at(0).receives(i(0, 0, poll=True)).sends(final(1)).delivers(Data(b"x")).armed({})


def test_a_frame_of_ours_with_p_holds_the_next_one_back() -> None:
    """Only one P may be out (facts/netbeui.md 1.2)."""
    d = Dialogue(called(QUIET))
    d.at(0).asked(Send(b"x", poll=True)).sends(i(0, 0, poll=True)).asked(Send(b"y")).silent()
    d.at(ms(1)).receives(final(1)).sends(i(1, 0, b"y")).armed({"T1": ms(451)})


def test_numbers_go_round_at_128() -> None:
    d = Dialogue(called(QUIET))
    for number in range(300):
        now, following = ms(number), (number + 1) % 128
        d.at(now).asked(Send(b"x")).sends(i(number % 128, number % 128))
        d.receives(i(number % 128, following, poll=True))
        d.sends(final(following)).delivers(Data(b"x"))
    d.armed({})


def test_a_gap_draws_one_rej_and_then_only_polls_are_answered() -> None:
    d = Dialogue(called(QUIET))
    d.at(0).receives(i(1, 0)).sends(rr(0, kind="REJ")).receives(i(2, 0)).silent()
    d.receives(i(3, 0, poll=True)).sends(final(0))
    d.receives(i(0, 0)).delivers(Data(b"x")).armed({"T2": ms(150)})
    d.receives(i(2, 0)).sends(rr(1, kind="REJ")).armed({})


def test_a_frame_heard_twice_is_delivered_once() -> None:
    d = Dialogue(called(QUIET))
    d.at(0).receives(i(0, 0, poll=True)).sends(final(1)).delivers(Data(b"x"))
    d.receives(i(0, 0, poll=True)).sends(final(1, kind="REJ")).armed({})


def test_rej_brings_everything_from_there_on_again() -> None:
    d = Dialogue(called(QUIET))
    for number in range(3):
        d.at(0).asked(Send(b"x")).sends(i(number, 0))
    d.at(ms(1)).receives(rr(1, kind="REJ"))
    d.sends(i(1, 0), about=again(1)).sends(i(2, 0), about=again(2)).armed({"T1": ms(451)})


def test_a_busy_peer_is_polled_and_stays() -> None:
    """facts/netbeui.md 3: RNR F=1, the link still up."""
    d = Dialogue(called(QUIET))
    d.at(0).receives(rr(0, kind="RNR")).asked(Send(b"x")).silent()
    d.at(ms(1)).receives(rr(0, kind="RNR")).armed({"T1": ms(451)})
    d.at(ms(451)).sends(polled(0), about=probe(1))
    d.at(ms(500)).receives(final(0, kind="RNR")).notes("probe-answered", by="RNR F=1")
    d.armed({"T1": ms(950)})
    d.at(ms(600)).receives(rr(0)).sends(i(0, 0)).armed({"T1": ms(950)})


def test_our_own_busy_receiver_says_rnr_and_asks_for_what_it_refused() -> None:
    d = Dialogue(called(QUIET))
    d.at(0).asked(Busy(True)).sends(rr(0, kind="RNR"))
    d.receives(i(0, 0, poll=True)).sends(final(0, kind="RNR"))
    d.receives(polled(0)).sends(final(0, kind="RNR"), about=Note("answer"))
    d.at(ms(1)).asked(Busy(False)).sends(rr(0, kind="REJ"))
    d.receives(i(0, 0)).delivers(Data(b"x")).armed({"T2": ms(151)})


def test_busy_without_anything_refused_ends_with_rr() -> None:
    d = Dialogue(called(QUIET))
    d.at(0).asked(Busy(True)).sends(rr(0, kind="RNR")).asked(Busy(True)).silent()
    d.asked(Busy(False)).sends(rr(0)).armed({})


# --- FRMR ------------------------------------------------------------------------------------


def test_an_acknowledgement_of_what_was_never_sent_is_rejected() -> None:
    d = Dialogue(called())
    bad = polled(125)
    d.at(0).receives(bad)
    d.sends(Reject(rejected=bad, vs=0, vr=0, reasons=REJECT_RECEIVE_NUMBER, final=True))
    d.delivers(Lost("N(R) of a frame that was never sent")).armed({"T1": ms(450)})
    d.at(ms(450)).silent().armed({})


def test_nt_answers_frmr_with_disc() -> None:
    """KB Q103154."""
    d = Dialogue(called())
    d.at(0).receives(u("FRMR")).sends(u("DISC")).delivers(Lost("FRMR received"))
    d.armed({"T1": ms(450)})


def test_802_2_answers_frmr_with_sabme() -> None:
    d = Dialogue(called(IEEE))
    d.at(0).receives(u("FRMR")).sends(u("SABME")).receives(u("UA"))
    d.delivers(Restarted("link reset: the peer had stopped answering")).armed({})


def test_a_link_that_rejected_takes_a_new_beginning() -> None:
    d = Dialogue(rejecting())
    d.at(ms(1)).receives(u("SABME")).sends(u("UA")).delivers(Opened()).armed({"Ti": s(30.001)})


# --- SABME on a live link, facts/netbeui.md 3.2 ----------------------------------------------

LIVE = "SABME on a live link: the peer has started anew"


def test_live_sabme_may_start_the_link_anew() -> None:
    d = Dialogue(called(replace(NT4, live_sabme="ua-reset")))
    d.at(s(5)).receives(u("SABME")).sends(u("UA")).delivers(Restarted(LIVE)).armed({"Ti": s(35)})


def test_live_sabme_may_be_refused_once_and_then_accepted() -> None:
    d = Dialogue(called(replace(NT4, live_sabme="dm-then-accept")))
    d.at(s(5)).receives(u("SABME")).sends(u("DM")).delivers(Lost(LIVE)).armed({})
    d.at(s(6)).receives(u("SABME")).sends(u("UA")).delivers(Opened()).armed({"Ti": s(36)})


def test_live_sabme_may_be_ignored_and_does_not_start_ti_anew() -> None:
    d = Dialogue(called(replace(NT4, live_sabme="silence")))
    d.at(s(5)).receives(u("SABME")).armed({"Ti": s(30)})


# --- the end ---------------------------------------------------------------------------------


def test_disc_waits_for_what_is_unacknowledged() -> None:
    d = Dialogue(called(QUIET))
    d.at(0).asked(Send(b"x")).sends(i(0, 0)).asked(Disconnect()).silent()
    d.at(ms(1)).receives(rr(1)).sends(u("DISC"))
    d.at(ms(2)).receives(u("UA")).delivers(Ended("link disconnected")).armed({})


def test_disc_from_the_peer_is_answered_by_ua() -> None:
    d = Dialogue(called())
    d.at(0).receives(u("DISC")).sends(u("UA")).delivers(Ended("link disconnected by DISC"))
    d.armed({})


def test_disc_is_repeated_like_sabme_and_given_up() -> None:
    """N2 = 2: a second apart, over at 2 s."""
    d = Dialogue(called(replace(IBM, n2=2, inactivity_ns=None)))
    d.at(0).asked(Disconnect()).sends(u("DISC"))
    d.at(s(1)).sends(u("DISC"))
    d.at(s(2)).delivers(Ended("DISC unanswered")).armed({})


def test_nobody_is_told_twice() -> None:
    """Lost is the last word: what becomes of the DISC behind it is between the stations."""
    d = Dialogue(called())
    d.at(0).receives(u("FRMR")).sends(u("DISC")).delivers(Lost("FRMR received"))
    d.at(ms(1)).receives(u("UA")).armed({})


def test_a_sabme_while_leaving_is_refused_once() -> None:
    d = Dialogue(disconnecting())
    d.at(ms(1)).receives(u("SABME")).sends(u("DM")).delivers(Ended("link disconnected"))
    d.receives(u("SABME")).sends(u("UA")).delivers(Opened()).armed({"Ti": s(30.001)})


# --- the table -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(State))
def test_every_state_takes_every_frame(state: State) -> None:
    """A peer may say anything at any time; a link refuses only what its own layer asks."""
    frames = [
        *(
            Unnumbered(kind=kind, poll_final=f, response=r)
            for kind in UnnumberedKind
            for f in (True, False)
            for r in (True, False)
        ),
        *(i(ns, nr, poll=p) for ns in (0, 1, 127) for nr in (0, 1, 127) for p in (True, False)),
        *(make(nr, kind=k) for make in (rr, final, polled) for nr in (0, 5) for k in
          ("RR", "RNR", "REJ")),
    ]  # fmt: skip
    for frame in frames:
        link = MAKERS[state]()
        assert link.state is state
        link.step(Received(frame), ms(1))


@pytest.mark.parametrize("state", list(State))
def test_what_is_not_in_the_table_is_refused_and_changes_nothing(state: State) -> None:
    legal = {
        State.DOWN: (Connect, Disconnect, Busy),
        State.SETTING_UP: (Send, Disconnect, Busy),
        State.RESETTING: (Send, Disconnect, Busy),
        State.UP: (Send, Disconnect, Busy),
        State.REJECTING: (Send, Disconnect, Busy),
        State.DISCONNECTING: (Send, Disconnect, Busy),
    }[state]
    for request in (Connect(), Send(b"x"), Disconnect(), Busy(True), object()):
        if isinstance(request, legal):
            MAKERS[state]().step(Asked(request), ms(1))
        else:
            with Dialogue(MAKERS[state]()) as d:
                d.refuses(request).silent()
                d.armed(d.machine.timers())


def test_every_event_is_somebodys() -> None:
    from emu.machines.llc2.link import TABLE

    named = {event for rows in TABLE.values() for event in rows}
    assert named == set(Event) - {Event.FOREIGN}
    assert all(row.citation for rows in TABLE.values() for row in rows.values())
    assert resetting().state is State.RESETTING
    assert calling().state is State.UP
