"""The server on direct IPX: each sequenced request once, its answer as often as it is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Data, Ended, Note, Opened
from emu.machines.ipx_direct import Close, DirectServer, Send, refusal
from emu.machines.ipx_direct.server import TABLE
from emu.pdu.smb.direct import DirectSmb
from emu.pdu.smb.header import Command, SmbHeader
from emu.units import seconds as s

from .dialogue import Dialogue
from .ipx_direct_parts import (
    BREAK,
    CID,
    NEGOTIATE,
    NEGOTIATED,
    RELEASE,
    answer,
    numbered,
    request,
    server_up,
)

REPLAYED, WORKING = Note("replayed"), Note("working")


def busy(mid: int, sequence: int, *, cid: int = CID, command: int = Command.ECHO) -> DirectSmb:
    """ERRSRV/0011 by hand: class 2, code 11; a reply; no NT status."""
    header = SmbHeader(
        status=0x0011_0002, flags=0x98, flags2=0x8001, pid=0xCAFE, mid=mid, cid=cid,
        sequence=sequence,
    )  # fmt: skip
    return DirectSmb(header=header, command=command, octets=b"", is_answered=False)


def test_the_first_negotiate_makes_the_connection() -> None:
    d = Dialogue(DirectServer(cid=CID))
    d.at(0).receives(request(2)).silent()
    d.receives(NEGOTIATE).delivers(Opened(), Data(b"1"))
    d.receives(NEGOTIATE).sends(busy(1, 0, command=Command.NEGOTIATE), about=WORKING)
    d.asked(Send(NEGOTIATED)).sends(numbered(NEGOTIATED, 0))
    d.at(s(1)).receives(NEGOTIATE).sends(numbered(NEGOTIATED, 0), about=REPLAYED).armed({})
    d.receives(request(3, command=Command.NEGOTIATE)).silent().armed({})


def test_a_repeated_request_is_answered_from_memory_and_goes_up_once() -> None:
    d = Dialogue(server_up())
    asked = numbered(request(2), 1)
    d.at(0).receives(asked).delivers(Data(b"2"))
    d.at(1).receives(asked).sends(busy(2, 1), about=WORKING)
    d.at(2).asked(Send(answer(2))).sends(numbered(answer(2), 1))
    for at in (s(1), s(2), s(3600)):
        d.at(at).receives(asked).sends(numbered(answer(2), 1), about=REPLAYED)
    d.receives(numbered(request(3), 2)).delivers(Data(b"3"))
    d.receives(asked).silent().armed({})


@pytest.mark.parametrize("sequence", [2, 3, 0xFFFF])
def test_a_wrong_number_is_ignored(sequence: int) -> None:
    d = Dialogue(server_up())
    d.at(0).receives(numbered(request(2), sequence)).silent().armed({})


def test_the_next_one_has_to_wait_for_the_answer() -> None:
    d = Dialogue(server_up())
    d.at(0).receives(numbered(request(2), 1)).delivers(Data(b"2"))
    d.receives(numbered(request(3), 2)).silent()
    d.asked(Send(answer(2))).sends(numbered(answer(2), 1))
    d.receives(numbered(request(3), 2)).delivers(Data(b"3")).armed({})


def test_1_follows_65535() -> None:
    d = Dialogue(server_up())
    d.at(0)
    for number in (*range(1, 0x10000), 1):
        d.receives(numbered(request(7), number)).delivers(Data(b"7"))
        d.asked(Send(answer(7))).sends(numbered(answer(7), number))
    d.armed({})


def test_what_has_no_number_goes_up_as_often_as_it_comes() -> None:
    """Beside a request that is being worked on, too."""
    d = Dialogue(server_up())
    d.at(0).receives(numbered(request(2), 1)).delivers(Data(b"2"))
    for _ in range(2):
        d.receives(numbered(RELEASE, 0)).delivers(Data(b"9"))
    d.asked(Send(answer(5))).sends(numbered(answer(5), 0))
    d.receives(numbered(request(2), 1)).sends(busy(2, 1), about=WORKING).armed({})


def test_what_the_server_says_unasked_has_no_number_and_is_not_remembered() -> None:
    d = Dialogue(server_up())
    asked = numbered(request(2), 1)
    d.at(0).receives(asked).delivers(Data(b"2"))
    d.asked(Send(BREAK)).sends(numbered(BREAK, 0))
    d.asked(Send(answer(2))).sends(numbered(answer(2), 1))
    d.asked(Send(BREAK)).sends(numbered(BREAK, 0))
    d.receives(asked).sends(numbered(answer(2), 1), about=REPLAYED)
    d.armed({})
    d.quiet_until(s(86_400))


def test_another_connections_numbers_and_replies_are_nothing() -> None:
    d = Dialogue(server_up())
    d.at(0).receives(numbered(request(2), 1, cid=CID + 1)).receives(numbered(answer(2), 1))
    d.silent().armed({})


def test_closing_says_nothing() -> None:
    d = Dialogue(server_up())
    d.at(0).asked(Close("idle")).delivers(Ended("idle")).asked(Close()).silent()
    d.receives(numbered(request(2), 1)).silent().armed({})
    d.refuses(Send(answer(2)))


def test_a_refusal_is_errinvsess_of_a_dos() -> None:
    """facts/ipx.md 1.11: ERRSRV/0010."""
    expected = replace(busy(2, 5, cid=7), header=replace(busy(2, 5, cid=7).header, status=0x100002))
    assert refusal(numbered(request(2), 5, cid=7)) == expected


def test_every_row_says_who_says_so() -> None:
    assert all(row.citation and row.leads_to for row in TABLE.values())
