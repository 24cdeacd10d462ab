"""A name is checked, waited for, and then answered for (facts/ipx.md 1.9, 2.3; captures 22, 23)."""

from __future__ import annotations

from dataclasses import replace

from emu.machines.base import Lost
from emu.machines.nbipx import Claim, Claimed, NameParams, NameService
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .nbipx_parts import (
    CALLED,
    CALLER,
    NOVELL_NB,
    NWLINK,
    check,
    find,
    in_use,
    recognized,
    twice,
)

#: The checks of captures 22 and 23; the kind once, as most dialogues are easier to read.
FIVE = replace(NOVELL_NB.names, kind_twice=False)


def name(params: NameParams = FIVE) -> NameService:
    return NameService(params, name=CALLED)


def ours() -> Dialogue:
    d = Dialogue(name())
    d.at(0).asked(Claim()).sends(check())
    for number in range(1, 5):
        d.at(s(2 * number)).sends(check())
    return d.at(s(10)).delivers(Claimed()).armed({})


def test_five_checks_two_seconds_apart_each_waited_out() -> None:
    """Capture 23: the last check at 8.04 s, an answer only to the question at 10.05 s."""
    d = Dialogue(name())
    d.at(0).asked(Claim()).sends(check()).armed({"check": s(2)})
    for number in range(1, 5):
        d.quiet_until(s(2 * number) - 1)
        d.at(s(2 * number)).sends(check()).armed({"check": s(2 * number + 2)})
        d.receives(find()).silent()
    d.quiet_until(s(10) - 1)
    d.at(s(10)).delivers(Claimed()).armed({})


def test_nwlinks_three_broadcasts() -> None:
    """BroadcastCount 3, BroadcastTimeout 1 half-second: 1.5 s."""
    d = Dialogue(name(NWLINK.names))
    d.at(0).asked(Claim()).sends(check())
    d.at(ms(500)).sends(check()).at(ms(1000)).sends(check())
    d.quiet_until(ms(1500) - 1)
    d.at(ms(1500)).delivers(Claimed()).armed({})


def test_our_name_is_recognized_and_defended() -> None:
    ours().receives(find()).sends(recognized()).receives(check()).sends(in_use()).armed({})


def test_another_name_is_not_ours() -> None:
    ours().receives(find(CALLER), check(CALLER), in_use(CALLER), recognized(), "x").armed({})


def test_a_name_that_is_in_use_is_refused_and_may_be_claimed_once_more() -> None:
    d = Dialogue(name())
    d.at(0).asked(Claim()).sends(check()).receives(in_use(CALLER)).silent()
    d.receives(in_use()).delivers(Lost("the name FOOBARMACHINE<7b> is in use")).armed({})
    d.receives(find()).silent().asked(Claim()).sends(check()).armed({"check": s(2)})


def test_a_name_nobody_claimed_says_nothing() -> None:
    Dialogue(name()).receives(find(), check(), in_use()).refuses("anything").armed({})


def test_claiming_twice_is_an_error() -> None:
    d = Dialogue(name())
    d.at(0).asked(Claim()).sends(check()).refuses(Claim()).armed({"check": s(2)})
    ours().refuses(Claim()).armed({})


def test_novells_client_says_the_kind_twice() -> None:
    """00 03 00 00 where the first network would stand (captures 22, 23)."""
    d = Dialogue(name(NOVELL_NB.names))
    d.at(0).asked(Claim()).sends(twice(check()))
    for number in range(1, 5):
        d.at(s(2 * number)).sends(twice(check()))
    d.at(s(10)).delivers(Claimed())
    d.receives(find()).sends(twice(recognized())).receives(check()).sends(twice(in_use()))
    d.armed({})
