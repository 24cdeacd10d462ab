"""NBF's closed formulas, by hand and against the machines (facts/netbeui.md 2.5)."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emu.machines.base import EXPIRED, Asked, Deliver, Lost, Received
from emu.machines.llc2.back_off import Doubling, Fixed, Ticked
from emu.machines.llc2.control import Restarted, Send
from emu.machines.llc2.link import Link
from emu.machines.nbf.params import NbfParams
from emu.pdu.llc2 import Supervisory, Unnumbered, UnnumberedKind, is_poll
from emu.policy.loader import load_policy
from emu.transports.base import Fault
from emu.transports.nbf import NBF
from emu.units import milliseconds as ms
from emu.units import seconds as s

POLICIES = ("nbf-nt4", "nbf-lan-manager", "nbf-win9x", "nbf-ibm", "nbf-802.2")


def params(name: str = "nbf-nt4", /, **changed: Any) -> NbfParams:
    policy = load_policy(name)
    return NBF.make_params(policy.stack, {**policy.values, **changed})


NT4 = params()


def delay(made: NbfParams, kind: str = "power-loss", *, last: int = s(593), **fault) -> int | None:
    return NBF.delay(made, Fault(kind=kind, lost_at_ns=s(600), **fault), last)


@pytest.mark.parametrize("name", POLICIES)
def test_every_parameter_changes_the_params(name: str) -> None:
    """A value that reaches no machine would be a number for show."""
    policy = load_policy(name)
    made = NBF.make_params(policy.stack, policy.values)
    for parameter in NBF.stack(policy.stack).parameters:
        old = policy.values[parameter.name]
        new: Any = not old if parameter.kind == "flag" else None
        if parameter.kind == "choice":
            new = next(choice for choice in parameter.choices if choice != old)
        elif parameter.kind in ("duration", "count"):
            assert isinstance(old, int)
            new = old + 1
        other = NBF.make_params(policy.stack, {**policy.values, parameter.name: new})
        assert other != made, parameter.name


def test_silence_by_hand() -> None:
    """30 + 19.9; 30 + 29.95; 30 - T2 + 23.5 or 15.5; 38, 39; never."""
    assert NBF.silence(NT4, s(533)) == s(49.9)
    assert NBF.silence(params(**{"nbf.first_poll_counts": False}), 0) == s(59.95)
    assert NBF.silence(params(**{"nbf.ti": None}), 0) is None
    assert NBF.silence(params("nbf-lan-manager"), 0) == s(53.3)
    assert NBF.silence(params("nbf-lan-manager", **{"nbf.data_wait_counts": True}), 0) == s(45.3)
    assert NBF.silence(params("nbf-win9x"), 0) == s(53.15)
    assert NBF.silence(params("nbf-ibm"), 0) == s(38)
    assert NBF.silence(params("nbf-ibm", **{"nbf.first_poll_counts": False}), 0) == s(39)
    assert NBF.silence(params("nbf-802.2"), 0) is None


def test_not_adapted_yet_by_hand() -> None:
    """facts/netbeui.md 2.5: n0 = 12: R = 29.50 s, with one more poll 39.55 s."""
    slow = {"nbf.t1": ms(600)}
    assert NBF.silence(params(**slow), 0) == s(59.5)
    assert NBF.silence(params(**slow, **{"nbf.first_poll_counts": False}), 0) == s(69.55)


def test_data_in_flight_by_hand() -> None:
    """facts/netbeui.md 2.5, last column: 29.95 (19.9, 40.0); 23.5 (15.5); 9 (8); 802.2: 7."""

    def of(made: NbfParams) -> int | None:
        return delay(made, unacknowledged_since_ns=s(601))

    counts, less = {"nbf.data_wait_counts": True}, {"nbf.first_poll_counts": False}
    assert of(NT4) == s(30.95)
    assert of(params(**counts)) == s(20.9)
    assert of(params(**less)) == s(41)
    assert of(params("nbf-lan-manager")) == s(24.5)
    assert of(params("nbf-lan-manager", **counts)) == s(16.5)
    assert of(params("nbf-ibm")) == s(10)
    assert of(params("nbf-ibm", **counts)) == s(9)
    assert of(params("nbf-802.2")) == s(8)


def test_a_power_loss_by_hand() -> None:
    """Last octet at 593 s: 593 + 49.9 - 600 = 42.9 s; the beat from 1.5 s: 601.5 + 23.5 - 600."""
    assert delay(NT4) == s(42.9)
    assert delay(params("nbf-lan-manager"), last=s(571.7), idle_since_ns=s(1.5)) == s(25)
    assert delay(params("nbf-802.2")) is None


def test_who_still_answers_is_never_noticed_and_who_says_goodbye_at_once() -> None:
    for name in POLICIES:
        assert delay(params(name), "app-hang") is None
        assert delay(params(name), "app-hang", until_ns=s(700)) is None
        assert delay(params(name), "kill") == 0


#: NT's polls after a last octet at 593 s.
POLLS = [s(623) + sum(ms(w) for w in (450, 650, 950, 1400, 2050, 3050, 4550)[:n]) for n in range(8)]


@pytest.mark.parametrize("kind", ["cable", "suspend", "os-hang"])
def test_back_with_its_state_by_hand(kind: str) -> None:
    """One poll that it still hears is enough; the ring of a hung host keeps polls for it."""
    assert delay(NT4, kind, until_ns=s(604)) is None
    # What leaves at the instant of the mending is still lost (timeline.py, OPERATOR).
    assert delay(NT4, kind, until_ns=POLLS[-1] - (kind == "cable")) is None
    late = delay(NT4, kind, until_ns=POLLS[-1] + 1)
    assert late is None if kind == "os-hang" else late == s(42.9)
    assert delay(NT4, kind, until_ns=s(700)) == s(42.9)
    assert delay(params("nbf-802.2"), kind, until_ns=s(700)) is None


def test_back_during_802_2s_reset_costs_the_sessions() -> None:
    """Push at 601: polls at 602 and 604, SABME at 606 and 607, down at 608 s."""
    made = params("nbf-802.2")
    pushed = {"unacknowledged_since_ns": s(601)}
    assert delay(made, "cable", until_ns=s(604) - 1, **pushed) is None
    assert delay(made, "cable", until_ns=s(605), **pushed) == s(6)
    assert delay(made, "cable", until_ns=s(606.5), **pushed) == s(7)
    assert delay(made, "cable", until_ns=s(607.5), **pushed) == s(8)
    assert delay(made, "os-hang", until_ns=s(605), **pushed) is None
    assert delay(made, "os-hang", until_ns=s(606.5), **pushed) == s(6.5)


def test_back_without_state_by_hand() -> None:
    """DM to the next poll; the SABME 1.5 s after the log-on is as good."""
    assert delay(NT4, "reboot", back_at_ns=s(615)) == s(23)
    assert delay(NT4, "reboot", back_at_ns=POLLS[1] + 1) == POLLS[2] - s(600)
    assert delay(NT4, "reboot", back_at_ns=s(640)) == s(42.9)
    again = {"back_at_ns": s(615), "attaches_at_ns": s(620), "same_address": True}
    assert delay(NT4, "reboot", **again) == s(21.5)
    assert delay(params("nbf-802.2"), "reboot", **again) == s(21.5)
    assert delay(params("nbf-802.2"), "reboot", back_at_ns=s(615)) is None


def test_a_server_that_ignores_the_sabme_by_hand() -> None:
    """The client waits from 621.5 to 641.4 s and answers no poll; then nothing is left to come."""
    silent = params(**{"nbf.sabme_on_live_link": "silence"})
    again = {"back_at_ns": s(615), "attaches_at_ns": s(620), "same_address": True}
    assert delay(silent, "reboot", **again) == s(42.9)
    again["attaches_at_ns"] = s(622)
    assert delay(silent, "reboot", **again) == s(23)


def test_idle_probes_by_hand() -> None:
    assert NBF.idle_probes(NT4, 0, s(86_400)) == 2880
    assert NBF.idle_probes(NT4, 0, s(30) - 1) == 0
    assert NBF.idle_probes(params("nbf-802.2"), 0, s(86_400)) == 0
    assert NBF.idle_probes(params("nbf-lan-manager"), ms(200), s(86_400)) == 2880


def test_the_formula_puts_the_numbers_in() -> None:
    assert NBF.formula(NT4) == "Ti + 8 polls waited out = 30 s + 19.9 s = 49.9 s"
    assert "30 s + 23.5 s = 53.5 s at most" in NBF.formula(params("nbf-lan-manager"))
    assert NBF.formula(params("nbf-802.2")).startswith("never while idle")
    assert "2 polls and 2 SABME, 7 s" in NBF.formula(params("nbf-802.2"))


# --- against the machine ---------------------------------------------------------------------

_times = st.integers(ms(10), s(60))
laws = st.one_of(
    st.builds(Ticked, first_ns=_times, cap_ns=_times, tick_ns=st.integers(ms(1), s(1))),
    st.builds(Doubling, first_ns=_times, cap_ns=_times),
    st.builds(Fixed, first_ns=_times, then_ns=_times),
)


def noticed(link: Link, *, back_at_ns: int | None, answer: str) -> int | None:
    """Runs a link whose peer says nothing until ``back_at_ns``, then ``answer`` to everything.

    ``answer``: ``state`` answers polls with RR F=1 and SABME with UA; ``none`` with DM.
    """
    for _turn in range(2_000):
        due = link.due()
        if due is None:
            return None
        stimuli: list[Any] = [EXPIRED]
        for stimulus in stimuli:
            for effect in link.step(stimulus, due):
                if isinstance(effect, Deliver) and isinstance(effect.value, (Lost, Restarted)):
                    return due
                pdu = getattr(effect, "pdu", None)
                reply = reply_to(pdu, answer)
                if reply is not None and back_at_ns is not None and due >= back_at_ns:
                    if answer == "state" and isinstance(reply, Supervisory):
                        return None
                    stimuli.append(Received(reply))
    raise AssertionError("no end")


def reply_to(pdu: Any, answer: str) -> Any:
    if pdu is None or not is_poll(pdu):
        return None
    if answer == "none":
        return Unnumbered(kind=UnnumberedKind.DM, poll_final=True, response=True)
    if isinstance(pdu, Unnumbered):
        return Unnumbered(kind=UnnumberedKind.UA, poll_final=True, response=True)
    return Supervisory(kind=pdu.kind, nr=0, poll_final=True, response=True)


@settings(max_examples=200, deadline=None)
@given(
    reply=laws,
    set_up=laws,
    n2=st.integers(1, 12),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    ti=st.one_of(st.none(), st.integers(s(1), s(3600))),
    data=st.booleans(),
    back=st.one_of(st.none(), st.integers(0, s(200))),
    state=st.booleans(),
)
@example(
    reply=NT4.link.reply,
    set_up=NT4.link.reply,
    n2=8,
    flags=(True, False, False),
    ti=s(30),
    data=False,
    back=None,
    state=False,
)
def test_formula_and_machine_agree_to_the_nanosecond(
    reply: Any,
    set_up: Any,
    n2: int,
    flags: tuple[bool, bool, bool],
    ti: int | None,
    data: bool,
    back: int | None,
    state: bool,
) -> None:
    link_params = replace(
        NT4.link,
        reply=reply,
        set_up=set_up,
        n2=n2,
        first_poll_counts=flags[0],
        data_wait_counts=flags[1],
        resets=flags[2],
        inactivity_ns=ti,
    )
    made = replace(NT4, link=link_params)
    link = Link(link_params, probing=True, listening=True)
    link.step(Received(Unnumbered(kind=UnnumberedKind.SABME, poll_final=True, response=False)), 0)
    if data:
        link.step(Asked(Send(b"x")), 0)
    found = noticed(link, back_at_ns=back, answer="state" if state else "none")
    fault = Fault(
        kind="suspend" if state else "reboot",
        lost_at_ns=0,
        until_ns=back if state else None,
        back_at_ns=None if state else back,
        unacknowledged_since_ns=0 if data else None,
    )
    if data and state and back == 0:
        return  # the I frame itself would have been heard
    assert NBF.delay(made, fault, 0) == found


def test_the_laws_agree_with_the_published_series() -> None:
    """facts/netbeui.md 2.4."""
    law = NT4.link.reply
    gaps = [0.45, 0.65, 0.95, 1.40, 2.05, 3.05, 4.55, 6.80, 10.05, 10.05]
    assert [law.wait_ns(step) for step in range(10)] == [s(gap) for gap in gaps]
    assert list(accumulate(s(gap) for gap in gaps))[7:9] == [s(19.9), s(29.95)]


def test_an_acknowledgement_overdue_in_a_sleep_is_in_time() -> None:
    """Behind NT's last poll: T2 ran out asleep, and its frame is the first thing on waking."""
    for kind, in_time in (("suspend", True), ("cable", False)):
        found = delay(NT4, kind, until_ns=POLLS[-1] + 1, owes_acknowledgement=True)
        assert (found is None) is in_time
