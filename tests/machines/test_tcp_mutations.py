"""Mutating a timer by one tick, or a count by one, must fail a dialogue.

Each story is told with the documents' numbers; told to a machine with one number changed, it
must not come out.  A number that could be changed unnoticed would prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from emu.machines.base import Data, Ended, Lost, Opened
from emu.machines.tcp.control import Close, Connect, Send
from emu.machines.tcp.keepalive import Keepalive
from emu.machines.tcp.params import TcpParams
from emu.machines.tcp.retransmission import Retransmission
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .tcp_parts import NT4, Ends, again, probe

E = Ends()


def keepalive(params: TcpParams) -> None:
    """Probes at 7200..7204 s, RST,ACK at 7205 s."""
    d = Dialogue(E.established(params))
    for number in range(1, 6):
        d.at(s(7199 + number)).sends(E.ours("A", 0, 1), about=probe(number))
    d.at(s(7205)).sends(E.ours("RA", 1, 1)).delivers(Lost("5 keepalive probes unanswered"))
    d.armed({})


def answered(params: TcpParams) -> None:
    """An answer at 7200.5 s: 14400.5 s next."""
    d = Dialogue(E.established(params))
    d.at(s(7200)).sends(E.ours("A", 0, 1), about=probe(1))
    d.at(s(7200.5)).receives(E.theirs("A", 1, 1)).notes("probe-answered", by="ACK")
    d.at(s(14_400.5)).sends(E.ours("A", 0, 1), about=probe(1)).armed({"keepalive": s(14_401.5)})


def data(params: TcpParams) -> None:
    """0.5, 1, 2, 4, 8, 16 s: 31.5 s."""
    d = Dialogue(E.established(params, probing=False))
    segment = E.ours("PA", 1, 1, b"x")
    d.at(0).asked(Send(b"x")).sends(segment)
    for number, at in enumerate((0.5, 1.5, 3.5, 7.5, 15.5), start=1):
        d.at(s(at)).sends(segment, about=again(number))
    d.at(s(31.5)).sends(E.ours("RA", 2, 1)).delivers(Lost("5 retransmissions unanswered"))
    d.armed({})


def syn(params: TcpParams) -> None:
    """3, 6, 12, 24 s: 45 s."""
    d = Dialogue(E.fresh(params))
    segment = E.ours("S", 0, mss=1460)
    d.at(0).asked(Connect()).sends(segment)
    for number, at in enumerate((3, 9, 21), start=1):
        d.at(s(at)).sends(segment, about=again(number, 3))
    d.at(s(45)).delivers(Lost("SYN unanswered 4 times")).armed({})


def delayed_ack(params: TcpParams) -> None:
    """200 ms after the text."""
    d = Dialogue(E.established(params, probing=False))
    d.at(0).receives(E.theirs("PA", 1, 1, b"x")).delivers(Data(b"x"))
    d.at(ms(200)).sends(E.ours("A", 1, 2)).armed({})


def time_wait(params: TcpParams) -> None:
    """240 s after the peer's FIN, and again after its FIN again."""
    d = Dialogue(E.established(params, probing=False))
    d.at(0).asked(Close()).sends(E.ours("FA", 1, 1)).receives(E.theirs("FA", 1, 2))
    d.sends(E.ours("A", 2, 2)).delivers(Ended("connection closed by FIN"))
    d.armed({"time-wait": s(240)})
    d.at(s(239)).receives(E.theirs("FA", 1, 2)).sends(E.ours("A", 2, 2))
    d.quiet_until(s(479) - 1).armed({"time-wait": s(479)})
    d.quiet_until(s(479)).armed({})


def sizes(params: TcpParams) -> None:
    """Window and MSS are on the SYN, and cut what is sent and what is taken."""
    d = Dialogue(E.fresh(params, probing=False))
    d.at(0).asked(Connect()).sends(E.ours("S", 0, mss=1460))
    d.receives(E.theirs("SA", 0, 1, mss=9000)).sends(E.ours("A", 1, 1)).delivers(Opened())
    d.receives(E.theirs("A", 8760, 1)).silent()
    d.receives(E.theirs("A", 8761, 1)).sends(E.ours("A", 1, 1)).armed({})


STORIES = (keepalive, answered, data, syn, delayed_ack, time_wait, sizes)
#: Which number each story must catch, one nanosecond or one unit up and down.
CAUGHT = {
    "keepalive_idle_ns": (keepalive, answered),
    "keepalive_interval_ns": (keepalive, answered),
    "retransmissions": (keepalive, data),
    "first_rto_ns": (data,),
    "syn_rto_ns": (syn,),
    "syn_retransmissions": (syn,),
    "ack_delay_ns": (delayed_ack,),
    "time_wait_ns": (time_wait,),
    "window": (sizes,),
    "mss": (sizes,),
}
FLIPPED = {
    "keepalive": keepalive,
    "first_probe_counts": keepalive,
    "reset_on_probe_give_up": keepalive,
    "reset_on_data_give_up": data,
}


@pytest.mark.parametrize("story", STORIES)
def test_the_story_comes_out(story: Callable[[TcpParams], None]) -> None:
    story(NT4)


def fails(story: Callable[[TcpParams], None], params: TcpParams = NT4) -> None:
    with pytest.raises(AssertionError):
        story(params)
    Dialogue.opened.clear()


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(
    ("name", "story"), [(name, story) for name, all_ in CAUGHT.items() for story in all_]
)
def test_a_number_off_by_one_is_caught(
    name: str, story: Callable[[TcpParams], None], step: int
) -> None:
    fails(story, replace(NT4, **{name: getattr(NT4, name) + step}))


@pytest.mark.parametrize(("name", "story"), FLIPPED.items())
def test_a_switch_the_other_way_is_caught(name: str, story: Callable[[TcpParams], None]) -> None:
    fails(story, replace(NT4, **{name: not getattr(NT4, name)}))


def test_every_number_of_a_policy_is_caught() -> None:
    """``arp_lifetime_ns`` is the station's (tests/stations), ``personality`` is in
    test_tcp_personalities."""
    named = {*CAUGHT, *FLIPPED, "arp_lifetime_ns", "personality"}
    assert named == set(TcpParams.__dataclass_fields__)


@pytest.mark.parametrize("story", [data, syn])
@pytest.mark.parametrize("off_ns", [1, -1])
def test_a_doubling_off_by_a_nanosecond_is_caught(
    story: Callable[[TcpParams], None], off_ns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubled = Retransmission.expired

    def expired(self: Retransmission, now: int) -> bool:
        again = doubled(self, now)
        self.due += off_ns
        return again

    monkeypatch.setattr(Retransmission, "expired", expired)
    fails(story)


@pytest.mark.parametrize("name", ["start", "heard", "expired"])
def test_a_keepalive_timer_off_by_a_nanosecond_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = getattr(Keepalive, name)

    def late(self: Keepalive, now: int, **rest: bool):
        result = armed(self, now, **rest)
        self.due += 1
        return result

    monkeypatch.setattr(Keepalive, name, late)
    fails(answered)
