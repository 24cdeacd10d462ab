"""Two B channels: who gets one, who waits, and what that does to those who have one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.dial import (
    CISCO,
    AnswerCall,
    Arrived,
    Cleared,
    Connected,
    DialGroup,
    Failed,
    HangUp,
    LinkOpened,
    On,
    PlaceCall,
    Raise,
    RefuseCall,
    Route,
)
from emu.units import seconds as s
from tests.machines.dialogue import Dialogue

FAST = "fast-idle: 20 s without interesting traffic"


def to(destination: str, octets: bytes = b"x", *, interesting: bool = True) -> Route:
    return Route(destination=destination, octets=octets, interesting=interesting)


def on(destination: str, channel: int, value: object) -> On:
    return On(destination=destination, channel=channel, value=value)


def raised(d: Dialogue, name: str, channel: int) -> Dialogue:
    """A packet for ``name``, and its link comes up at once."""
    d.asked(to(name)).notes("dial", attempt=1, destination=name, channel=channel)
    return opened(d.delivers(on(name, channel, PlaceCall())), name, channel)


def opened(d: Dialogue, name: str, channel: int, *, queued: int = 1) -> Dialogue:
    d.receives(on(name, channel, Connected()))
    d.notes("connected", destination=name, channel=channel)
    d.receives(on(name, channel, LinkOpened()))
    d.notes("up", queued=queued, destination=name, channel=channel)
    return d.sends(*[on(name, channel, b"x")] * queued)


def test_a_second_destination_takes_the_second_channel() -> None:
    d = Dialogue(DialGroup(CISCO, channels=2))
    raised(d, "hull", 1)
    raised(d.at(s(5)), "kiel", 2)
    d.asked(to("hull")).sends(on("hull", 1, b"x"))
    d.armed({"hull.idle": s(125), "kiel.idle": s(125)})


def test_a_third_destination_waits_and_fast_idle_makes_room() -> None:
    """Last packets at 0 and 30 s; somebody waits from 40 s: the first is long past its 20 s
    and goes at once, the second at 50 s if nobody is served before."""
    d = Dialogue(DialGroup(CISCO, channels=2))
    raised(d, "hull", 1)
    raised(d.at(s(30)), "kiel", 2)
    d.at(s(40)).asked(to("rome"))
    d.notes("hang-up", why=FAST, destination="hull", channel=1)
    d.delivers(on("hull", 1, HangUp(why=FAST))).armed({"kiel.idle": s(50)})
    d.at(s(41)).receives(on("hull", 1, Cleared(cause="16")))
    d.notes("down", cause="16", destination="hull", channel=1)
    d.notes("dial", attempt=1, destination="rome", channel=1)
    d.delivers(on("rome", 1, PlaceCall()))
    d.armed({"rome.carrier": s(71), "kiel.idle": s(150)})


def test_who_waited_longest_is_served_first() -> None:
    group = DialGroup(CISCO, channels=1)
    d = Dialogue(group)
    raised(d, "hull", 1)
    d.at(s(1)).asked(to("kiel")).asked(to("rome")).asked(to("kiel")).armed({"hull.idle": s(20)})
    assert group.waiting == ("kiel", "rome")
    d.receives(on("hull", 1, Cleared(cause="27")))
    d.notes("down", cause="27", destination="hull", channel=1)
    d.notes("dial", attempt=1, destination="kiel", channel=1)
    d.delivers(on("kiel", 1, PlaceCall())).armed({"kiel.carrier": s(31)})
    assert group.waiting == ("rome",)
    opened(d, "kiel", 1, queued=2).armed({"kiel.idle": s(21)})


def test_a_link_in_its_pause_keeps_its_channel_only_if_it_wants_to_dial() -> None:
    d = Dialogue(DialGroup(CISCO, channels=1))
    raised(d, "hull", 1)
    d.receives(on("hull", 1, Cleared(cause="27")))
    d.notes("down", cause="27", destination="hull", channel=1).armed({})
    d.at(s(1)).asked(to("hull")).armed({"hull.dial": s(15)})
    d.at(s(2)).asked(to("kiel")).armed({"hull.dial": s(15)})
    d.at(s(15)).notes("dial", attempt=1, destination="hull", channel=1)
    d.delivers(on("hull", 1, PlaceCall())).armed({"hull.carrier": s(45)})
    d.receives(on("hull", 1, Failed(cause="17")))
    d.notes("call-failed", cause="17", attempt=1, destination="hull", channel=1)
    d.notes("dropped", why="call failed", frames=1, destination="hull", channel=1)
    d.notes("dial", attempt=1, destination="kiel", channel=1)
    d.delivers(on("kiel", 1, PlaceCall())).armed({"kiel.carrier": s(45)})


def test_chatter_waits_for_nobody() -> None:
    d = Dialogue(DialGroup(CISCO, channels=1))
    d.asked(to("hull", interesting=False))
    d.notes("dropped", why="not interesting", frames=1, destination="hull").armed({})


def test_a_full_waiting_queue_drops() -> None:
    d = Dialogue(DialGroup(replace(CISCO, queue_frames=1), channels=1))
    raised(d, "hull", 1)
    d.asked(to("kiel")).asked(to("kiel"))
    d.notes("dropped", why="queue full", frames=1, destination="kiel")
    d.armed({"hull.idle": s(20)})


def test_a_call_that_arrives_takes_a_channel_or_is_refused() -> None:
    d = Dialogue(DialGroup(CISCO, channels=1))
    d.receives(on("hull", 0, Arrived())).notes("answer", destination="hull", channel=1)
    d.delivers(on("hull", 1, AnswerCall()))
    d.receives(on("kiel", 0, Arrived())).delivers(on("kiel", 0, RefuseCall()))
    d.armed({"hull.carrier": s(30)})


@pytest.mark.parametrize("value", [Connected(), LinkOpened(), Cleared(cause="16")])
def test_a_destination_without_a_channel_hears_nothing(value: object) -> None:
    Dialogue(DialGroup(CISCO, channels=2)).refuses_pdu(on("hull", 1, value)).armed({})


def test_by_hand_only_who_has_no_call_and_only_over_a_free_channel() -> None:
    d = Dialogue(DialGroup(CISCO, channels=1))
    d.asked(Raise(destination="a")).notes("dial", attempt=1, destination="a", channel=1)
    d.delivers(on("a", 1, PlaceCall()))
    d.asked(Raise(destination="a")).silent()
    d.asked(Raise(destination="b")).armed({"a.carrier": s(30)})
