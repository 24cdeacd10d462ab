"""Claiming a name and calling another (facts/netbeui.md 2.1, 3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emu.machines.base import Deliver, Lost
from emu.machines.nbf.names import Again, Begin, Call, Claim, Located, Owned, State
from emu.machines.nbf.params import NbfParams
from emu.pdu.nbf import NameFrame, NbfCommand
from emu.pdu.netbios_name import netbios_name
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .test_nbf_session import PARAMS

US = netbios_name("CLIENT01", 0)
THEM = netbios_name("SERVER01", 0x20)

ADD = NameFrame(kind=NbfCommand.ADD_NAME_QUERY, source=US, response_correlator=1)


def query(session: int) -> NameFrame:
    return NameFrame(
        kind=NbfCommand.NAME_QUERY,
        destination=THEM,
        source=US,
        data2=session,
        response_correlator=3,
    )


def recognized(session: int, *, correlator: int = 3, to: bytes = US) -> NameFrame:
    return NameFrame(
        kind=NbfCommand.NAME_RECOGNIZED,
        destination=to,
        source=THEM,
        data1=0x17,  # scrap, as Windows 98 writes it
        data2=session,
        transmit_correlator=correlator,
        response_correlator=session,
    )


def claim(params: NbfParams = PARAMS) -> Claim:
    return Claim(params, name=US, correlator=1)


def call(params: NbfParams = PARAMS) -> Call:
    return Call(params, called=THEM, caller=US, session=3)


def test_a_name_is_claimed_three_times_and_waited_for() -> None:
    """AddNameQueryRetries 3, AddNameQueryTimeout 500 ms (NT Resource Kit): ours at 1.5 s."""
    d = Dialogue(claim())
    d.at(0).asked(Begin()).sends(ADD)
    d.at(ms(500)).sends(ADD)
    d.at(ms(1000)).sends(ADD)
    d.at(ms(1500)).delivers(Owned()).armed({})


def test_an_objection_ends_the_claim() -> None:
    """Real-captures 21, frame 10."""
    d = Dialogue(claim())
    other = NameFrame(kind=NbfCommand.ADD_NAME_RESPONSE, destination=THEM, source=THEM)
    d.at(0).asked(Begin()).sends(ADD).receives(other).silent()
    d.receives(replace(other, destination=US, source=US))
    d.delivers(Lost("the name is in use")).armed({})
    assert d.machine.state is State.OVER  # pyright: ignore


def test_a_call_that_is_answered() -> None:
    d = Dialogue(call())
    d.at(0).asked(Begin()).sends(query(3)).receives(recognized(0x15))
    d.delivers(Located(session=0x15, correlator=0x15)).receives(recognized(0x15)).armed({})


def test_answers_to_others_are_let_pass() -> None:
    d = Dialogue(call())
    d.at(0).asked(Begin()).sends(query(3)).receives(recognized(0x15, correlator=4)).silent()
    d.receives(recognized(0x15, to=THEM)).armed({"query": ms(500)})


def test_a_call_nobody_answers() -> None:
    d = Dialogue(call())
    d.at(0).asked(Begin()).sends(query(3))
    d.at(ms(500)).sends(query(3))
    d.at(ms(1000)).sends(query(3))
    d.at(ms(1500)).delivers(Lost("NAME_QUERY unanswered")).armed({})


@pytest.mark.parametrize(
    ("session", "cause"),
    [(0, "the server is not listening"), (0xFF, "the server has no resources")],
)
def test_a_call_that_is_turned_down(session: int, cause: str) -> None:
    d = Dialogue(call())
    d.at(0).asked(Begin()).sends(query(3)).receives(recognized(session)).delivers(Lost(cause))
    d.receives(recognized(1)).armed({})


def test_nt_finds_the_name_first() -> None:
    """KB Q102942; tries are counted anew for the call itself."""
    d = Dialogue(call(replace(PARAMS, find_first=True)))
    d.at(0).asked(Begin()).sends(query(0))
    d.at(ms(500)).sends(query(0))
    d.at(ms(600)).receives(recognized(0)).sends(query(3))
    d.at(ms(1100)).sends(query(3))
    d.at(ms(1200)).receives(recognized(0x15))
    d.delivers(Located(session=0x15, correlator=0x15)).armed({})


@pytest.mark.parametrize("late", [1, 2])
def test_answers_to_every_try_of_find_name_are_no_refusal(late: int) -> None:
    """A line that dials holds all three tries back and brings their answers at once."""
    d = Dialogue(call(replace(PARAMS, find_first=True)))
    d.at(0).asked(Begin()).sends(query(0))
    d.at(ms(500)).sends(query(0))
    d.at(ms(1000)).sends(query(0))
    d.at(ms(1400)).receives(recognized(0)).sends(query(3))
    for _ in range(late):
        d.receives(recognized(0)).silent()
    d.receives(recognized(9)).delivers(Located(session=9, correlator=9)).armed({})


def test_a_refusal_behind_lost_answers_is_heard_at_the_next_try() -> None:
    d = Dialogue(call(replace(PARAMS, find_first=True)))
    d.at(0).asked(Begin()).sends(query(0))
    d.at(ms(500)).sends(query(0)).receives(recognized(0)).sends(query(3))
    d.receives(recognized(0)).silent()
    d.at(ms(1000)).sends(query(3)).receives(recognized(0))
    d.delivers(Lost("the server is not listening")).armed({})


def test_a_refused_link_is_tried_again_while_tries_remain() -> None:
    """KB Q115887: a DOS client's patience."""
    located = Located(session=0x15, correlator=0x15)
    d = Dialogue(call())
    d.at(0).asked(Begin()).sends(query(3)).receives(recognized(0x15)).delivers(located)
    d.at(ms(100)).asked(Again()).receives(recognized(0x15)).silent()
    d.at(ms(600)).sends(query(3)).receives(recognized(0x15)).delivers(located)
    d.at(ms(700)).asked(Again()).silent()
    d.at(ms(1200)).sends(query(3)).receives(recognized(0x15)).delivers(located)
    d.asked(Again()).delivers(Lost("SABME refused by DM")).armed({})


def test_what_has_no_row_is_refused() -> None:
    d = Dialogue(claim())
    d.at(0).refuses(Again()).refuses(object()).armed({})
    d = Dialogue(call())
    d.at(0).refuses(Again()).refuses_pdu(recognized(1)).armed({})


def claiming(params: NbfParams) -> None:
    d = Dialogue(claim(params))
    d.at(0).asked(Begin()).sends(ADD)
    d.at(ms(500)).sends(ADD)
    d.at(ms(1000)).sends(ADD)
    d.at(ms(1500)).delivers(Owned()).armed({})


def calling(params: NbfParams) -> None:
    d = Dialogue(call(params))
    d.at(0).asked(Begin()).sends(query(3))
    d.at(ms(500)).sends(query(3))
    d.at(ms(1000)).sends(query(3))
    d.at(ms(1500)).delivers(Lost("NAME_QUERY unanswered")).armed({})


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize(
    ("story", "name"),
    [
        (claiming, "claim_tries"),
        (claiming, "claim_timeout_ns"),
        (calling, "query_tries"),
        (calling, "query_timeout_ns"),
    ],
)
def test_a_number_off_by_one_is_caught(story: Any, name: str, by: int) -> None:
    with pytest.raises(AssertionError):
        story(replace(PARAMS, **{name: getattr(PARAMS, name) + by}))
    Dialogue.opened.clear()


def test_every_number_is_caught() -> None:
    """``link``'s in test_llc2_polls; ``alive`` and ``data_ack`` in test_nbf_session."""
    here = {"claim_tries", "claim_timeout_ns", "query_tries", "query_timeout_ns", "find_first"}
    there = {"link", "alive_interval_ns", "data_ack_delay_ns"}
    assert here | there == set(NbfParams.__dataclass_fields__)
    assert Deliver(Owned()) == Deliver(Owned())
    assert s(1) == 2 * PARAMS.claim_timeout_ns
