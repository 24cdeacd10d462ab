"""What each body asks of the machine: bits to words of its own, and what is not done here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emu.machines.smb import calls
from emu.machines.smb.calls import Access, Disposition, Oplock
from emu.pdu.smb import files, transaction
from emu.pdu.smb.header import Command
from emu.stations.smb.requests import UNSUPPORTED, Context, request_of
from tests.wire.smb.values import EXPECTED

HERE = Context(fid=None, unicode=True, octets_max=4296)
(CREATE,) = EXPECTED["nt-create"].bodies
(OPEN,) = EXPECTED["open"].bodies
BOTH, NOTHING = Access.READ | Access.WRITE, Access.NOTHING


def of(body: Any, **fields: Any) -> Any:
    return request_of(replace(body, **fields), HERE)


@pytest.mark.parametrize(
    ("mask", "access"),
    [
        (0x120089, Access.READ), (0x20, Access.READ), (0x120116, Access.WRITE), (4, Access.WRITE),
        (0x10000, Access.DELETE), (0x80, NOTHING), (0x80000000, Access.READ),
        (0x40000000, Access.WRITE), (0x10000000, BOTH | Access.DELETE),
    ],
)  # fmt: skip
def test_access_of_nt_create(mask: int, access: Access) -> None:
    assert of(CREATE, access=mask).access == access


@pytest.mark.parametrize(
    ("mask", "share"),
    [(0, NOTHING), (1, Access.READ), (2, Access.WRITE), (4, Access.DELETE), (3, BOTH)],
)
def test_sharing_of_nt_create(mask: int, share: Access) -> None:
    assert of(CREATE, share=mask).share == share


@pytest.mark.parametrize(
    ("flags", "oplock"),
    [(0, Oplock.NONE), (2, Oplock.EXCLUSIVE), (6, Oplock.BATCH), (0x16, Oplock.BATCH)],
)
def test_oplock_that_is_wanted(flags: int, oplock: Oplock) -> None:
    """facts/redirector.md 4.3: 02 oplock, 04 batch."""
    assert of(CREATE, flags=flags).oplock is oplock


def test_dispositions_of_nt_create() -> None:
    assert [of(CREATE, disposition=number).disposition for number in range(6)] == list(Disposition)
    assert of(CREATE, disposition=6) is UNSUPPORTED
    assert of(CREATE, root=1) is UNSUPPORTED


@pytest.mark.parametrize(
    ("mode", "disposition"),
    [
        (0x01, Disposition.OPEN), (0x11, Disposition.OPEN_IF), (0x02, Disposition.OVERWRITE),
        (0x12, Disposition.OVERWRITE_IF), (0x10, Disposition.CREATE), (0x00, None), (0x03, None),
    ],
)  # fmt: skip
def test_dispositions_of_the_older_open(mode: int, disposition: Disposition | None) -> None:
    asked = of(OPEN, mode=mode)
    assert (asked.disposition if isinstance(asked, calls.Open) else None) == disposition


@pytest.mark.parametrize(
    ("bits", "access", "share"),
    [
        (0x40, Access.READ, BOTH), (0x41, Access.WRITE, BOTH), (0x42, BOTH, BOTH),
        (0x43, Access.READ, BOTH), (0x10, Access.READ, NOTHING), (0x20, Access.READ, Access.READ),
        (0x30, Access.READ, Access.WRITE), (0x00, Access.READ, BOTH),
    ],
)  # fmt: skip
def test_modes_of_the_older_open(bits: int, access: Access, share: Access) -> None:
    asked = of(OPEN, access=bits)
    assert (asked.access, asked.share) == (access, share)


def test_modes_that_there_are_not() -> None:
    assert of(OPEN, access=0x44) is UNSUPPORTED
    assert of(OPEN, access=0x50) is UNSUPPORTED


def test_an_answer_to_a_break_and_no_other_lock() -> None:
    lock = files.LockRange(pid=1, offset=0, length=1)
    body = files.LockingRequest(fid=7, kind=2, level=1)
    assert of(body) == calls.OplockBreakAcknowledge(fid=7, level=Oplock.LEVEL_II)
    assert of(body, level=0) == calls.OplockBreakAcknowledge(fid=7, level=Oplock.NONE)
    assert of(body, kind=0) is UNSUPPORTED
    assert of(body, locks=(lock,)) is UNSUPPORTED
    assert of(body, unlocks=(lock,)) is UNSUPPORTED


def test_an_open_before_it_in_the_chain_names_the_file() -> None:
    chained = replace(HERE, fid=0x900)
    read = files.ReadRequest(fid=1, offset=2, octets_max=0xFFFF)
    assert request_of(read, chained) == calls.Read(fid=0x900, offset=2, length=4296)
    write = files.WriteRequest(fid=1, offset=2, data=b"x")
    assert request_of(write, chained) == calls.Write(fid=0x900, offset=2, data=b"x")
    assert request_of(files.CloseRequest(fid=1), HERE) == calls.Close(fid=1)


def test_a_search() -> None:
    r"""The vector wants 512 names of \* and closes at the end; 23 fit into 4,096 octets.

    An entry of 40 letters has 94 + 80 octets, and 64 of the 4,096 stand before them.
    """
    (body,) = EXPECTED["find-first"].bodies
    first = calls.FindFirst(pattern="\\*", count=23, close_at_end=True)
    assert of(body) == first
    stays = bytes.fromhex("1600 0002 0400 0401 00000000 5c002a000000")
    assert of(body, parameters=stays) == replace(first, close_at_end=False)
    other_level = bytes.fromhex("1600 0002 0600 0101 00000000 5c002a000000")
    assert of(body, parameters=other_level) is UNSUPPORTED
    assert of(body, parameters=b"") is UNSUPPORTED
    assert of(body, parameters_total=999) is UNSUPPORTED
    assert of(body, data_total=999) is UNSUPPORTED
    assert of(body, command=Command.TRANSACTION) is UNSUPPORTED
    going_on = transaction.TransactionRequest(
        command=Command.TRANSACTION2,
        setup=(2,),
        parameters=bytes.fromhex("0108 0500 0401 00000000 0200 0000"),
        data_max=4096,
    )
    assert of(going_on) == calls.FindNext(sid=0x801, count=5, close_at_end=True)
