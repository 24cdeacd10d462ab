"""Both ends joined: a scripted redirector talks to the real server machine in octets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emu.machines.redirector.requests import Broken, Reply
from emu.machines.smb import calls, faults
from emu.machines.smb.calls import Access, Oplock, Refused
from emu.machines.smb_server import NT4_SERVER
from emu.machines.smb_server.params import BadUid
from emu.wire.smb.message import decode_smb, encode_smb
from tests.stations.smb.parts import BIG, BothLab, Wire
from tests.stations.smb.test_server import negotiated, set_up
from tests.wire.outside import find_tshark
from tests.wire.smb.carriers import over_tcp
from tests.wire.smb.values import SMB

BOTH = Access.READ | Access.WRITE


def set_up_of(user: str) -> calls.SetUp:
    return calls.SetUp(user=user, standing=calls.Standing.USER, vc_number=0)


def logged_on(lab: BothLab, user: str = "ann") -> None:
    """UID 0x800, TID 0x800."""
    lab.dial()
    assert lab.exchange(calls.Negotiate()).results == (calls.Negotiated(max_mpx=50, max_vcs=1),)
    assert lab.exchange(set_up_of(user), calls.TreeConnect(share="D")) == Reply(
        server="SERVER",
        tag=2,
        uid=0x800,
        tid=0x800,
        results=(
            calls.SessionReady(uid=0x800, guest=False),
            calls.TreeReady(tid=0x800, is_ipc=False),
        ),
    )


def asks(lab: BothLab, *requests: object) -> tuple[object, ...]:
    return lab.exchange(*requests, uid=0x800, tid=0x800).results


def life(lab: BothLab) -> None:
    """One life of a session, from the negotiation to the log-off."""
    logged_on(lab)
    wanted = calls.Open(path="\\A.TXT", access=BOTH, share=BOTH, oplock=Oplock.BATCH)
    ready = calls.OpenReady(fid=0x800, oplock=Oplock.BATCH, size=5, created=False)
    assert asks(lab, wanted) == (ready,)
    assert asks(lab, calls.Read(fid=0x800, offset=1, length=4096)) == (
        calls.ReadData(data=b"ello"),
    )
    assert asks(lab, calls.Write(fid=0x800, offset=5, data=b"!")) == (calls.Written(count=1),)
    assert asks(lab, calls.Echo(count=1, data=b"ping")) == (calls.Echoed(sequence=1, data=b"ping"),)
    assert asks(lab, calls.Read(fid=0x801, offset=0, length=1)) == (
        Refused(fault=faults.INVALID_HANDLE),
    )
    assert asks(lab, calls.Close(fid=0x800)) == (calls.Done(),)
    assert asks(lab, calls.TreeDisconnect()) == (calls.Done(),)
    assert asks(lab, calls.LogOff()) == (calls.Done(),)
    assert asks(lab, calls.Close(fid=0x800)) == (Refused(fault=faults.SMB_BAD_UID),)


def test_a_life() -> None:
    lab = BothLab()
    life(lab)
    statistics = lab.server.machine.statistics
    assert (statistics.sessions_open, statistics.files_open) == (0, 0)
    assert (lab.client.dropped, lab.server.service.dropped) == (0, 0)


def test_a_wrong_password_ends_the_chain() -> None:
    lab = BothLab()
    lab.dial()
    lab.exchange(calls.Negotiate())
    reply = lab.exchange(set_up_of("nobody"), calls.TreeConnect(share="D"))
    assert reply.results == (Refused(fault=faults.LOGON_FAILURE),)


def test_the_second_part_that_fails() -> None:
    lab = BothLab()
    lab.dial()
    lab.exchange(calls.Negotiate())
    reply = lab.exchange(set_up_of("ann"), calls.TreeConnect(share="NOT"))
    assert reply.uid == 0x800
    assert reply.results == (
        calls.SessionReady(uid=0x800, guest=False), Refused(fault=faults.BAD_NETWORK_NAME)
    )  # fmt: skip


def test_a_bad_uid_in_the_dos_form() -> None:
    lab = BothLab(replace(NT4_SERVER, bad_uid=BadUid.DOS))
    logged_on(lab)
    reply = lab.exchange(calls.Close(fid=0x800), uid=0x9999, tid=0x800)
    assert reply.results == (Refused(fault=faults.SMB_BAD_UID, as_dos=True),)


@pytest.mark.parametrize("message_max", [None, 1466])
def test_long_reads_and_writes_go_in_pieces(message_max: int | None) -> None:
    """Of 12,500 octets 4,296 fit a reply, or 1,406 where a message has 1,466."""
    lab = BothLab(message_max=message_max)
    logged_on(lab)
    asks(lab, calls.Open(path="BIG", access=BOTH, share=BOTH))
    before = len(lab.pipe.talk)
    (result,) = asks(lab, calls.Read(fid=0x800, offset=0, length=20_000))
    assert result == calls.ReadData(data=BIG)
    told = [octets for up, octets in lab.pipe.talk[before:] if not up]
    assert len(told) == (3 if message_max is None else 9)
    (result,) = asks(lab, calls.Write(fid=0x800, offset=12_500, data=BIG))
    assert result == calls.Written(count=12_500)
    (result,) = asks(lab, calls.Read(fid=0x800, offset=12_000, length=1_000))
    assert result == calls.ReadData(data=BIG[-500:] + BIG[:500])
    assert max(len(octets) for _up, octets in lab.pipe.talk) <= (message_max or 4356)


def test_names_are_told_as_many_as_fit() -> None:
    lab = BothLab()
    logged_on(lab)
    first = calls.FindFirst(pattern="*", count=2)
    found = calls.Found(sid=0x800, names=("A.TXT", "B.TXT"), is_end=False)
    assert asks(lab, first) == (found,)
    found = calls.Found(sid=None, names=("BIG",), is_end=True)
    assert asks(lab, calls.FindNext(sid=0x800, count=2)) == (found,)
    assert asks(lab, calls.FindClose(sid=0x800)) == (Refused(fault=faults.INVALID_HANDLE),)


def test_a_break_reaches_the_redirector_and_its_answer_the_server() -> None:
    lab = BothLab()
    logged_on(lab)
    asks(lab, calls.Open(path="A.TXT", oplock=Oplock.BATCH))
    second = lab.server.circuit(2, Wire(serial=2, caller="WS2"))
    lab.server.says(second, SMB["negotiate"])
    lab.server.says(second, set_up("bob", "b-secret"))
    assert lab.server.says(second, SMB["nt-create"]) == []
    lab.pipe.settle()
    broken = Broken(server="SERVER", tid=0x800, fid=0x800, level=Oplock.LEVEL_II)
    assert lab.machine.take() == [broken]
    acknowledge = calls.OplockBreakAcknowledge(fid=0x800, level=Oplock.NONE)
    lab.begin(acknowledge, uid=0x800, tid=0x800)
    assert lab.machine.take() == []
    assert [each.header.status for each in second.take()] == [0]


def test_two_circuits_do_not_know_each_others_numbers() -> None:
    lab = BothLab()
    logged_on(lab)
    other = negotiated(lab.server, 2)
    (reply,) = lab.server.says(other, SMB["read"])
    assert reply.header.status == faults.SMB_BAD_UID.nt_status


#: Its life as a reader sees it; the log-off's UID is not known any more at the end.
LABELS = [
    "Negotiate Protocol Request",
    "Negotiate Protocol Response",
    r"Session Setup AndX Request, User: LAB\ann; Tree Connect AndX, Path: \\SERVER\D",
    "Session Setup AndX Response; Tree Connect AndX",
    r"NT Create AndX Request, Path: \A.TXT",
    "NT Create AndX Response, FID: 0x0800",
    "Read AndX Request, FID: 0x0800, 4096 bytes at offset 1",
    "Read AndX Response, FID: 0x0800, 4 bytes",
    "Write AndX Request, FID: 0x0800, 1 byte at offset 5",
    "Write AndX Response, FID: 0x0800, 1 byte",
    "Echo Request",
    "Echo Response",
    "Read AndX Request, FID: 0x0801, 1 byte at offset 0",
    "Read AndX Response, Error: STATUS_INVALID_HANDLE",
    "Close Request, FID: 0x0800",
    "Close Response, FID: 0x0800",
    "Tree Disconnect Request",
    "Tree Disconnect Response",
    "Logoff AndX Request",
    "Logoff AndX Response",
    "Close Request, FID: 0x0800",
    # The NT form has no error bits, so tshark says no more (facts/redirector.md 3.4).
    "Close Response, FID: 0x0800",
]


@pytest.mark.slow
def test_tshark_reads_a_whole_life(tmp_path: Path) -> None:
    lab = BothLab()
    life(lab)
    talk = [(up, decode_smb(octets)) for up, octets in lab.pipe.talk]
    assert [encode_smb(message) for _up, message in talk] == [each for _up, each in lab.pipe.talk]
    rows = find_tshark(str(tmp_path)).fields(
        over_tcp(talk), "_ws.col.Info", "_ws.expert.message", "_ws.malformed"
    )
    rows = rows[-len(talk) :]
    assert [row["_ws.col.Info"] for row in rows] == LABELS
    assert {(row["_ws.expert.message"], row["_ws.malformed"]) for row in rows} == {("", "")}
