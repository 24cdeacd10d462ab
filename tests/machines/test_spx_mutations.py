"""Mutating a timer by one nanosecond or tick, or a count by one, must fail a dialogue.

Each story is told with the documents' numbers; told to a machine with one number changed, it
must not come out.  A number that could be changed unnoticed would prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from emu.machines.base import Data, Lost, Note, Opened
from emu.machines.nbipx import Claim, Claimed, NameService
from emu.machines.spx import Connect, Send
from emu.machines.spx.retransmission import Retransmission
from emu.machines.spx.watchdog import CountingWatchdog, NovellWatchdog
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.units import ticks

from . import nbipx_parts as nb
from . import spx_parts as spx
from .dialogue import Dialogue
from .spx_parts import again, probe


def counting(params: Any) -> None:
    """6 + 8 x 6 = 54 s."""
    d = Dialogue(spx.opened(params))
    for number in range(1, 9):
        d.at(s(6 * number)).sends(spx.ours(0xC0), about=probe(number))
    d.armed({"watchdog": s(54)})
    d.at(s(54)).delivers(Lost("8 watchdog probes unanswered")).armed({})


def counting_unlike(params: Any) -> None:
    """6 + 3: idle and interval apart."""
    d = Dialogue(spx.opened(with_watchdog(params, interval_ns=params_watchdog(params) - s(3))))
    d.at(s(6)).sends(spx.ours(0xC0), about=probe(1)).armed({"watchdog": s(9)})
    d.receives(spx.theirs(0x80)).notes("probe-answered", by="acknowledgement")
    d.armed({"watchdog": s(12)})


def params_watchdog(params: Any) -> int:
    return params.sliding.watchdog.interval_ns


def with_watchdog(params: Any, **changes: Any) -> Any:
    return spx.changed(params, watchdog=replace(params.sliding.watchdog, **changes))


def clocks(params: Any) -> None:
    """54, 108, 162, 216 ... 540 ticks."""
    d = Dialogue(spx.opened(params))
    for number in range(1, 5):
        verify = ticks(108 * (number - 1)) + ticks(54)
        d.at(verify).sends(spx.ours(0x80, window=1), about=Note("verify"))
        d.at(ticks(108 * number)).sends(spx.ours(0xC0, window=1), about=probe(number, 4))
    d.at(ticks(432) + ticks(54)).sends(spx.ours(0x80, window=1), about=Note("verify"))
    d.armed({"watchdog": ticks(540)})
    d.at(ticks(540)).delivers(Lost("nothing heard for 540 ticks")).armed({})


def data(params: Any) -> None:
    """0.5, 1, 2 ... 128 s: 255.5 s."""
    d = Dialogue(spx.opened(spx.changed(params, watchdog_with_data=False)))
    packet = spx.ours(0x50, data=b"x")
    d.at(0).asked(Send(b"x")).sends(packet)
    for number in range(1, 9):
        d.at(ms(500) * (2**number - 1)).sends(packet, about=again(number))
    d.armed({"retransmission": s(255.5)})
    d.at(s(255.5)).delivers(Lost("8 retransmissions unanswered")).armed({})


def watched_data(params: Any) -> None:
    """The watchdog is first: 54 s, although the data has 255.5 s."""
    d = Dialogue(spx.opened(params))
    d.at(0).asked(Send(b"x")).sends(spx.ours(0x50, data=b"x"))
    d.armed({"retransmission": ms(500), "watchdog": s(6)})


def set_up(params: Any) -> None:
    """Ten requests, a second apart."""
    d = Dialogue(spx.fresh(params))
    d.at(0).asked(Connect()).sends(spx.request())
    for number in range(1, 10):
        d.at(s(number)).sends(spx.request(), about=again(number, 9))
    d.armed({"retransmission": s(10)})
    d.at(s(10)).delivers(Lost("connection request unanswered 10 times")).armed({})


STORIES: list[tuple[Callable[[Any], None], Any]] = [
    (counting, spx.NWLINK),
    (counting_unlike, spx.NWLINK),
    (clocks, spx.NOVELL),
    (data, spx.NWLINK),
    (watched_data, spx.NWLINK),
    (set_up, spx.NWLINK),
]
#: Which number each story must catch, one up and one down.
CAUGHT = [
    ("watchdog", "idle_ns", counting),
    ("watchdog", "idle_ns", counting_unlike),
    ("watchdog", "interval_ns", counting),
    ("watchdog", "interval_ns", counting_unlike),
    ("watchdog", "probes", counting),
    ("watchdog", "verify_ticks", clocks),
    ("watchdog", "listen_ticks", clocks),
    ("watchdog", "request_ticks", clocks),
    ("watchdog", "abort_ticks", clocks),
    ("data", "first_ns", data),
    ("data", "repeats", data),
    ("set_up", "first_ns", set_up),
    ("set_up", "repeats", set_up),
    ("", "window", counting),
]
FLIPPED = [
    ("watchdog", "wait_after_last_probe", counting),
    ("data", "doubling", data),
    ("data", "wait_after_last", data),
    ("set_up", "doubling", set_up),
    ("set_up", "wait_after_last", set_up),
    ("", "watchdog_with_data", watched_data),
]
PARAMS = dict(STORIES)


def mutated(part: str, name: str, story: Callable[[Any], None], change: Callable[[Any], Any]):
    params = PARAMS[story]
    inner = getattr(params.sliding, part) if part else params.sliding
    inner = replace(inner, **{name: change(getattr(inner, name))})
    return spx.changed(params, **{part: inner}) if part else replace(params, sliding=inner)


def fails(story: Callable[[Any], None], params: Any) -> None:
    with pytest.raises(AssertionError):
        story(params)
    Dialogue.opened.clear()


@pytest.mark.parametrize(("story", "params"), STORIES)
def test_the_story_comes_out(story: Callable[[Any], None], params: Any) -> None:
    story(params)


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(("part", "name", "story"), CAUGHT)
def test_a_number_off_by_one_is_caught(part: str, name: str, story: Any, step: int) -> None:
    fails(story, mutated(part, name, story, lambda value: value + step))


@pytest.mark.parametrize(("part", "name", "story"), FLIPPED)
def test_a_switch_the_other_way_is_caught(part: str, name: str, story: Any) -> None:
    fails(story, mutated(part, name, story, lambda value: not value))


def test_every_number_of_a_policy_is_caught() -> None:
    """``framing`` is the station's (tests/stations)."""
    caught = {(part, name) for part, name, _story in [*CAUGHT, *FLIPPED]}
    for _story, params in STORIES:
        for part in ("watchdog", "data", "set_up"):
            for name in getattr(params.sliding, part).__dataclass_fields__:
                assert (part, name) in caught
    assert {"window", "watchdog_with_data"} <= {name for _part, name in caught}


@pytest.mark.parametrize(
    ("kind", "method", "story"),
    [
        (CountingWatchdog, "start", counting),
        (CountingWatchdog, "heard", counting_unlike),
        (CountingWatchdog, "expired", counting),
        (NovellWatchdog, "_look", clocks),
        (Retransmission, "restart", data),
        (Retransmission, "expired", data),
        (Retransmission, "expired", set_up),
    ],
)
@pytest.mark.parametrize("off_ns", [1, -1])
def test_a_timer_armed_a_nanosecond_off_is_caught(
    kind: Any, method: str, story: Any, off_ns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = getattr(kind, method)

    def off(self: Any, now: int) -> Any:
        result = armed(self, now)
        self.due += off_ns
        return result

    monkeypatch.setattr(kind, method, off)
    fails(story, PARAMS[story])


# --- NBIPX -----------------------------------------------------------------


def delayed_ack(params: Any) -> None:
    """250 ms behind the first packet, at once behind the second; the edge three ahead."""
    d = Dialogue(nb.opened(params))
    d.at(0).receives(nb.theirs(0x40, data=b"a")).delivers(Data(b"a"))
    d.armed({"acknowledgement": ms(250), "watchdog": s(30)})
    d.at(ms(250)).sends(nb.ours(0x80, 1, 1))
    d.receives(nb.theirs(0x40, 1, data=b"b")).delivers(Data(b"b"))
    d.receives(nb.theirs(0x40, 2, data=b"c")).sends(nb.ours(0x80, 1, 3)).delivers(Data(b"c"))
    d.armed({"watchdog": ms(250) + s(30)})


def names(params: Any) -> None:
    """Three checks, half a second apart, the kind not twice."""
    d = Dialogue(NameService(params.names, name=nb.CALLED))
    d.at(0).asked(Claim()).sends(nb.check())
    d.at(ms(500)).sends(nb.check()).at(ms(1000)).sends(nb.check()).armed({"check": ms(1500)})
    d.at(ms(1500)).delivers(Claimed()).armed({})


def finding(params: Any) -> None:
    """Three questions, half a second apart, then the set-up."""
    d = Dialogue(nb.finding(params))
    d.at(ms(500)).sends(nb.find(), about=again(1, 2)).at(ms(1000))
    d.sends(nb.find(), about=again(2, 2)).armed({"retransmission": ms(1500)})
    d.receives(nb.recognized()).sends(nb.set_up()).receives(nb.set_up_answer())
    d.delivers(Opened()).armed({"watchdog": s(31)})


@pytest.mark.parametrize("story", [delayed_ack, names, finding])
def test_the_nbipx_story_comes_out(story: Any) -> None:
    story(nb.NWLINK)


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("name", ["ack_delay_ns", "ack_window"])
def test_an_acknowledgement_off_by_one_is_caught(name: str, step: int) -> None:
    fails(delayed_ack, replace(nb.NWLINK, **{name: getattr(nb.NWLINK, name) + step}))


@pytest.mark.parametrize("story", [names, finding])
@pytest.mark.parametrize(
    "change",
    [{"broadcasts": 2}, {"broadcasts": 4}, {"interval_ns": ms(500) + 1},
     {"interval_ns": ms(500) - 1}, {"kind_twice": True}],
)  # fmt: skip
def test_a_name_timer_off_by_one_is_caught(story: Any, change: dict[str, int]) -> None:
    fails(story, replace(nb.NWLINK, names=replace(nb.NWLINK.names, **change)))


def test_the_window_edge_the_other_way_is_caught() -> None:
    fails(delayed_ack, replace(nb.NWLINK, window_edge=False))
    fails(delayed_ack, nb.changed(window=5))
