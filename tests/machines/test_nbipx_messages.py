"""Messages over NBIPX: cut, told where they end, empty ones, too long ones; the abort."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.errors import LocalProtocolError
from emu.machines.base import Asked, Data, Ended
from emu.machines.nbipx import NbipxSessionMachine
from emu.machines.spx import Abort, Close, Send
from emu.pdu.nbipx import NbipxSession
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .nbipx_parts import caller, connecting, ending, finding, opened, ours, theirs


def part(packet: NbipxSession, total: int, offset: int) -> NbipxSession:
    return replace(packet, total_length=total, offset=offset)


def test_a_long_message_is_cut_and_each_part_says_where_it_stands() -> None:
    """528 octets a packet, total length and offset (facts/ipx.md 1.9); no bit marks the end."""
    text = bytes(range(256)) * 5
    d = Dialogue(opened())
    d.at(0).asked(Send(text))
    d.sends(
        part(ours(0x40, 1, data=text[:528]), 1280, 0),
        part(ours(0x40, 2, data=text[528:1056]), 1280, 528),
        part(ours(0x40, 3, data=text[1056:]), 1280, 1056),
    )
    d.receives(theirs(0x80, 0, 4)).armed({"watchdog": s(30)})


def test_the_last_part_is_told_by_the_lengths() -> None:
    d = Dialogue(opened())
    d.at(0).receives(part(theirs(0x40, 0, data=b"abc"), 5, 0)).delivers(Data(b"abc", last=False))
    d.receives(part(theirs(0x40, 1, data=b"de"), 5, 3)).sends(ours(0x80, 1, 2))
    d.delivers(Data(b"de", last=True)).armed({"watchdog": s(30)})


def test_or_by_the_end_of_message_bit() -> None:
    d = Dialogue(opened())
    d.at(0).receives(part(theirs(0x50, 0, data=b"abc"), 5, 0)).delivers(Data(b"abc", last=True))
    d.armed({"acknowledgement": ms(250), "watchdog": s(30)})


def test_an_empty_message_is_one_packet_either_way() -> None:
    d = Dialogue(opened())
    d.at(0).asked(Send(b"")).sends(ours(0x40, 1)).receives(theirs(0x80, 0, 2))
    d.receives(theirs(0x40, 0, 2)).delivers(Data(b"", last=True))
    d.armed({"acknowledgement": ms(250), "watchdog": s(30)})


def test_the_total_length_has_sixteen_bits() -> None:
    machine = opened()
    machine.step(Asked(Send(bytes(0xFFFF))), 0)
    with pytest.raises(LocalProtocolError, match="65536 octets"):
        machine.step(Asked(Send(bytes(0x10000))), 0)


def test_an_abort_says_07_once_and_waits_for_nothing() -> None:
    """Whatever is unacknowledged; the answer finds nobody."""
    d = Dialogue(opened())
    d.at(0).asked(Send(b"x")).sends(ours(0x40, 1, data=b"x"))
    d.asked(Abort()).sends(ours(0x40, 2, kind=7)).delivers(Ended("aborted"))
    d.receives(theirs(0x40, kind=8)).armed({}).quiet_until(s(1000))


def test_an_abort_behind_the_end_adds_no_word() -> None:
    d = Dialogue(ending())
    d.at(0).asked(Abort()).delivers(Ended("aborted")).armed({})


def test_an_abort_before_the_end_could_be_said() -> None:
    d = Dialogue(opened())
    d.at(0).asked(Send(b"x")).sends(ours(0x40, 1, data=b"x")).asked(Close()).silent()
    d.asked(Abort()).sends(ours(0x40, 2, kind=7)).delivers(Ended("aborted")).armed({})


@pytest.mark.parametrize("machine", [caller(), finding(), connecting()])
def test_nobody_is_told_of_an_abort_before_there_is_a_session(machine: NbipxSessionMachine) -> None:
    d = Dialogue(machine)
    d.at(0).asked(Abort()).delivers(Ended("aborted")).armed({})
    d.refuses(Abort()).armed({})
