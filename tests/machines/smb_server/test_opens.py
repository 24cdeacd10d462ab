"""Opens: share modes, dispositions, oplocks and the 35 s (facts/redirector.md 2.1, 3.7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.smb import faults
from emu.machines.smb.calls import (
    Access,
    BreakOplock,
    Close,
    Disposition,
    LogOff,
    Open,
    OpenReady,
    Oplock,
    OplockBreakAcknowledge,
    Read,
    ReadData,
    Refused,
    TreeDisconnect,
    Write,
    Written,
)
from emu.machines.smb_server import NT4_SERVER, ServerParams, ShareSetting
from emu.machines.smb_server.events import ConnectionBroke, Kind
from emu.machines.smb_server.params import BreakUnanswered
from emu.units import seconds as s

from .parts import BOTH, Talk, answer, began, call, ceased, does_not_come_out, wanted

U = {"uid": 0x800, "tid": 0x800}
SCAN = {"scavenger": s(30)}
NONE, EXCLUSIVE, BATCH, LEVEL_II = Oplock


def two(params: ServerParams = NT4_SERVER, *, level_ii: bool = True) -> Talk:
    """Two machines, each with UID and TID 0x800 on its own circuit."""
    d = Talk(params)
    for connection, client in ((1, "WS1"), (2, "WS2")):
        d.connected(connection, client).log_on(connection, "ann", 0x800, level_ii=level_ii)
        d.tree(connection, 0x800, 0x800)
    return d


def held(
    oplock: Oplock = BATCH, params: ServerParams = NT4_SERVER, *, level_ii: bool = True
) -> Talk:
    """Circuit 1 holds A.TXT; at 1 s circuit 2 opens it and waits."""
    d = two(params, level_ii=level_ii)
    d.opened(1, 0x800, 0x800, 0x800, wanted("A.TXT", oplock=oplock), size=5, oplock=oplock)
    d.at(s(1)).receives(call(2, wanted("A.TXT", oplock=BATCH), **U, tag=7))
    return d.sends(broken(LEVEL_II if level_ii else NONE))


def broken(level: Oplock, connection: int = 1) -> BreakOplock:
    return BreakOplock(connection=connection, tid=0x800, fid=0x800, level=level)


def second_opens(d: Talk, oplock: Oplock) -> Talk:
    return d.ready(2, 0x800, 0x800, 0x800, wanted("A.TXT"), size=5, oplock=oplock, tag=7)


def closed(d: Talk, connection: int, cause: str = "closed") -> Talk:
    return d.delivers(ceased(Kind.OPEN, connection, 0x800, "A.TXT", cause, 0x800))


# The 35 s.
def unanswered(params: ServerParams) -> None:
    """Asked at 1 s, so given up at 36 s, between two beats of the scavenger."""
    d = held(params=params).armed({"oplock break of file 1": s(36), "scavenger": s(30)})
    d.quiet_until(s(36) - 1).at(s(36)).notes("oplock-break-unanswered", connection=1, fid=0x800)
    second_opens(d, LEVEL_II).counts(2, 2).armed({"scavenger": s(60)})


@pytest.mark.parametrize("by", [1, -1])
def test_a_break_is_waited_for_35_s(by: int) -> None:
    unanswered(NT4_SERVER)
    does_not_come_out(unanswered, replace(NT4_SERVER, oplock_break_wait_ns=s(35) + by))


def test_an_answer_on_the_35th_second_counts() -> None:
    d = held().at(s(36)).receives(call(1, OplockBreakAcknowledge(fid=0x800, level=LEVEL_II), **U))
    second_opens(d, LEVEL_II).armed({"scavenger": s(60)})


def test_silence_can_cost_the_first_its_file() -> None:
    params = replace(NT4_SERVER, break_unanswered=BreakUnanswered.CLOSE_FIRST)
    d = held(params=params).at(s(36)).notes("oplock-break-unanswered", connection=1, fid=0x800)
    closed(d, 1, "oplock break unanswered")
    second_opens(d, BATCH)
    d.refused(1, Close(fid=0x800), faults.INVALID_HANDLE, **U).armed({"scavenger": s(60)})


def test_silence_can_cost_the_second_its_open() -> None:
    """And the third asks the holder again, for another 35 s."""
    params = replace(NT4_SERVER, break_unanswered=BreakUnanswered.FAIL_SECOND_OPEN)
    d = held(params=params).at(s(36)).notes("oplock-break-unanswered", connection=1, fid=0x800)
    d.sends(answer(2, Refused(fault=faults.SHARING_VIOLATION), **U, tag=7))
    d.at(s(40)).receives(call(2, wanted("A.TXT"), **U, tag=8)).sends(broken(LEVEL_II))
    d.armed({"oplock break of file 1": s(75), "scavenger": s(60)})


def test_a_dead_client_keeps_its_file_but_not_its_oplock() -> None:
    """locked-file-of-a-dead-client: 35 s for the second, and autodisconnect is barred for good."""
    d = held().at(s(36)).notes("oplock-break-unanswered", connection=1, fid=0x800)
    second_opens(d, LEVEL_II).counts(2, 2).quiet_until(s(86_400)).counts(2, 2)
    d.at(s(86_401)).asked(ConnectionBroke(connection=1, cause="keepalive unanswered"))
    closed(d, 1, "keepalive unanswered")
    for kind, number, what in (
        (Kind.TREE, 0x800, "DATA"),
        (Kind.SESSION, 0x800, "ann"),
        (Kind.CONNECTION, 1, "WS1"),
    ):
        uid = 0 if kind is Kind.CONNECTION else 0x800
        d.delivers(ceased(kind, 1, number, what, "keepalive unanswered", uid))
    d.counts(1, 1).armed({"scavenger": s(86_430)})


# Other ends of a wait.
@pytest.mark.parametrize(
    ("told", "answered", "gets"),
    [(True, LEVEL_II, LEVEL_II), (True, NONE, LEVEL_II), (False, LEVEL_II, NONE)],
)
def test_an_acknowledged_break_lets_the_second_in(
    told: bool, answered: Oplock, gets: Oplock
) -> None:
    d = held(EXCLUSIVE, level_ii=told).at(s(2))
    d.receives(call(1, OplockBreakAcknowledge(fid=0x800, level=answered), **U))
    second_opens(d, gets).armed({"scavenger": s(30)})
    first = d.server.book.opens_by_id[1]
    assert first.oplock is (LEVEL_II if told and answered is LEVEL_II else NONE)


def test_closing_is_an_answer_too() -> None:
    """MS-CIFS 3.2.5.42: and alone on the file, the second gets what it wanted."""
    d = held().at(s(2)).receives(call(1, Close(fid=0x800), **U))
    closed(d, 1).done(1, **U)
    second_opens(d, BATCH).armed(SCAN)


@pytest.mark.parametrize("ending", [LogOff(), TreeDisconnect()])
def test_a_wait_is_cancelled_with_its_session_or_tree(ending: object) -> None:
    d = held().at(s(2)).receives(call(2, ending, **U))
    d.sends(answer(2, Refused(fault=faults.CANCELLED), **U, tag=7))
    cause = "logged off" if isinstance(ending, LogOff) else "disconnected"
    d.delivers(ceased(Kind.TREE, 2, 0x800, "DATA", cause, 0x800))
    if isinstance(ending, LogOff):
        d.delivers(ceased(Kind.SESSION, 2, 0x800, "ann", cause, 0x800))
    d.done(2, **U).armed({"oplock break of file 1": s(36), **SCAN})


def test_a_wait_is_cancelled_with_its_session_though_the_tree_stays() -> None:
    d = held(params=replace(NT4_SERVER, logoff_frees_trees=False)).at(s(2))
    d.receives(call(2, LogOff(), uid=0x800))
    d.sends(answer(2, Refused(fault=faults.CANCELLED), **U, tag=7))
    d.delivers(ceased(Kind.SESSION, 2, 0x800, "ann", "logged off", 0x800))
    d.done(2, uid=0x800).armed({"oplock break of file 1": s(36), **SCAN})


def test_a_lost_circuit_is_not_answered() -> None:
    d = held().at(s(2)).asked(ConnectionBroke(connection=2, cause="reset"))
    d.delivers(ceased(Kind.TREE, 2, 0x800, "DATA", "reset", 0x800))
    d.delivers(ceased(Kind.SESSION, 2, 0x800, "ann", "reset", 0x800))
    d.delivers(ceased(Kind.CONNECTION, 2, 2, "WS2", "reset"))
    d.armed({"oplock break of file 1": s(36), **SCAN})


def test_two_wait_in_order_and_the_first_of_them_is_asked_next() -> None:
    d = held().receives(call(2, wanted("A.TXT"), **U, tag=8)).at(s(2))
    d.receives(call(1, Close(fid=0x800), **U))
    closed(d, 1).done(1, **U)
    second_opens(d, BATCH).sends(broken(LEVEL_II, connection=2))
    d.at(s(3)).receives(call(2, OplockBreakAcknowledge(fid=0x800), **U))
    d.ready(2, 0x800, 0x800, 0x801, wanted("A.TXT"), size=5, tag=8).armed(SCAN)


def test_what_waits_is_bounded_by_the_requests_a_client_may_have_outstanding() -> None:
    d = held()
    for _more in range(49):
        d.receives(call(2, wanted("A.TXT"), **U))
    d.refused(2, wanted("A.TXT"), faults.INSUFF_SERVER_RESOURCES, **U)
    d.armed({"oplock break of file 1": s(36), **SCAN})


def test_an_answer_nobody_asked_for_changes_nothing_and_is_not_answered() -> None:
    d = two()
    d.opened(1, 0x800, 0x800, 0x800, wanted("A.TXT", oplock=BATCH), size=5, oplock=BATCH)
    for uid, tid, fid in ((0x800, 0x800, 0x800), (0x800, 0x800, 0x801), (0x801, 0x800, 0x800),
                          (0x800, 0x801, 0x800)):  # fmt: skip
        d.receives(call(1, OplockBreakAcknowledge(fid=fid), uid=uid, tid=tid))
    d.receives(call(2, OplockBreakAcknowledge(fid=0x800), **U))
    d.receives(call(2, wanted("A.TXT"), **U)).sends(broken(LEVEL_II))
    d.receives(call(2, OplockBreakAcknowledge(fid=0x800), **U))
    d.armed({"oplock break of file 1": s(35), **SCAN})


# Share modes.
def test_share_modes_before_an_exclusive_and_after_a_batch_oplock() -> None:
    d = two()
    sole = Open(path="A.TXT", share=Access.NOTHING, oplock=EXCLUSIVE)
    d.opened(1, 0x800, 0x800, 0x800, sole, size=5, oplock=EXCLUSIVE)
    d.refused(2, wanted("A.TXT"), faults.SHARING_VIOLATION, **U)
    sole = Open(path="B.TXT", share=Access.NOTHING, oplock=BATCH)
    d.opened(1, 0x800, 0x800, 0x801, sole, size=4, oplock=BATCH)
    d.receives(call(2, wanted("B.TXT"), **U, tag=3))
    d.sends(BreakOplock(connection=1, tid=0x800, fid=0x801, level=LEVEL_II)).at(s(1))
    d.receives(call(1, OplockBreakAcknowledge(fid=0x801, level=LEVEL_II), **U))
    d.sends(answer(2, Refused(fault=faults.SHARING_VIOLATION), **U, tag=3)).armed(SCAN)


@pytest.mark.parametrize(
    ("first", "second", "let_in"),
    [
        ((Access.READ, Access.READ), (Access.READ, Access.READ), True),
        ((Access.READ, Access.READ), (Access.WRITE, BOTH), False),
        ((Access.WRITE, BOTH), (Access.READ, Access.READ), False),
        ((Access.WRITE, BOTH), (Access.READ, BOTH), True),
        ((Access.READ, Access.NOTHING), (Access.READ, BOTH), False),
    ],
)
def test_share_modes(
    first: tuple[Access, Access], second: tuple[Access, Access], let_in: bool
) -> None:
    """Either must allow what the other has."""
    d = two()
    asked = Open(path="A.TXT", access=first[0], share=first[1])
    d.opened(1, 0x800, 0x800, 0x800, asked, size=5)
    asked = Open(path="A.TXT", access=second[0], share=second[1])
    if let_in:
        d.opened(2, 0x800, 0x800, 0x800, asked, size=5)
    else:
        d.refused(2, asked, faults.SHARING_VIOLATION, **U)
    d.armed(SCAN)


# Level II and content.
def test_a_write_breaks_level_ii_without_a_wait() -> None:
    d = two()
    d.opened(1, 0x800, 0x800, 0x800, wanted("A.TXT", access=BOTH), size=5)
    d.opened(2, 0x800, 0x800, 0x800, wanted("A.TXT", oplock=BATCH), size=5, oplock=LEVEL_II)
    d.receives(call(1, Write(fid=0x800, offset=7, data=b"z"), **U))
    d.sends(broken(NONE, connection=2)).sends(answer(1, Written(count=1), **U))
    d.asks(1, Write(fid=0x800, offset=0, data=b"A"), Written(count=1), **U)
    d.asks(2, Read(fid=0x800, offset=0, length=99), ReadData(data=b"Alpha\0\0z"), **U).armed(SCAN)


def test_a_writer_keeps_its_own_level_ii() -> None:
    d = two().opened(1, 0x800, 0x800, 0x800, wanted("A.TXT"), size=5)
    asked = wanted("A.TXT", access=BOTH, oplock=BATCH)
    d.opened(2, 0x800, 0x800, 0x800, asked, size=5, oplock=LEVEL_II)
    d.asks(2, Write(fid=0x800, offset=0, data=b"A"), Written(count=1), **U).armed(SCAN)


def test_a_truncation_leaves_nothing_to_read_ahead() -> None:
    d = two()
    d.opened(1, 0x800, 0x800, 0x800, wanted("A.TXT", oplock=BATCH), size=5, oplock=BATCH)
    asked = wanted("A.TXT", disposition=Disposition.OVERWRITE)
    d.receives(call(2, asked, **U)).sends(broken(NONE))
    d.receives(call(1, Close(fid=0x800), **U))
    closed(d, 1).done(1, **U)
    d.ready(2, 0x800, 0x800, 0x800, asked, size=0).armed(SCAN)


@pytest.mark.parametrize(
    ("path", "disposition", "outcome"),
    [
        ("none", Disposition.OPEN, faults.NO_SUCH_FILE),
        ("none", Disposition.OVERWRITE, faults.NO_SUCH_FILE),
        ("A.TXT", Disposition.CREATE, faults.NAME_COLLISION),
        ("\\", Disposition.OPEN_IF, faults.NAME_INVALID),
        ("X" * 1025, Disposition.OPEN_IF, faults.NAME_INVALID),
        ("FOURTH", Disposition.CREATE, faults.DISK_FULL),
    ],
)
def test_dispositions_that_fail(path: str, disposition: Disposition, outcome) -> None:
    d = two(replace(NT4_SERVER, files_max=3))
    d.refused(1, wanted(path, disposition=disposition), outcome, **U)
    d.counts(2, 0).armed(SCAN)


def test_a_file_is_made_and_found_again_in_any_case() -> None:
    d = two()
    d.receives(call(1, wanted("\\New.txt", access=BOTH, disposition=Disposition.OPEN_IF), **U))
    d.delivers(began(Kind.OPEN, 1, 0x800, "NEW.TXT", 0x800))
    made = OpenReady(fid=0x800, oplock=NONE, size=0, created=True)
    d.sends(answer(1, made, **U))
    d.asks(1, Write(fid=0x800, offset=0, data=b"new"), Written(count=3), **U)
    d.opened(2, 0x800, 0x800, 0x800, wanted("NEW.TXT"), size=3)
    d.refused(2, wanted("new.txt", disposition=Disposition.CREATE), faults.NAME_COLLISION, **U)
    d.armed(SCAN)


def test_what_an_open_did_not_ask_for_it_may_not_do() -> None:
    d = two().opened(1, 0x800, 0x800, 0x800, wanted("A.TXT"), size=5)
    d.refused(1, Write(fid=0x800, offset=0, data=b"x"), faults.ACCESS_DENIED, **U)
    d.refused(1, Read(fid=0x800, offset=-1, length=1), faults.INVALID_SMB, **U)
    d.opened(2, 0x800, 0x800, 0x800, wanted("A.TXT", access=Access.WRITE), size=5)
    d.refused(2, Read(fid=0x800, offset=0, length=1), faults.ACCESS_DENIED, **U)
    d.refused(2, Write(fid=0x800, offset=-1, data=b"x"), faults.INVALID_SMB, **U)
    d.armed(SCAN)


def test_a_client_cannot_order_memory() -> None:
    d = two(replace(NT4_SERVER, file_octets_max=8))
    d.opened(1, 0x800, 0x800, 0x800, wanted("A.TXT", access=BOTH), size=5)
    d.refused(1, Write(fid=0x800, offset=8, data=b"x"), faults.DISK_FULL, **U)
    d.refused(1, Write(fid=0x800, offset=1 << 63, data=b"x"), faults.DISK_FULL, **U)
    d.asks(1, Write(fid=0x800, offset=7, data=b"x"), Written(count=1), **U)
    d.asks(1, Read(fid=0x800, offset=0, length=1 << 63), ReadData(data=b"alpha\0\0x"), **U)
    d.armed(SCAN)


def test_pipes_are_not_made_by_clients() -> None:
    d = Talk(shares=(ShareSetting(name="IPC$", is_ipc=True),)).connected(1)
    d.log_on(1, "ann", 0x800).tree(1, 0x800, 0x800, "IPC$")
    asked = wanted("EVIL", disposition=Disposition.OPEN_IF)
    d.refused(1, asked, faults.NO_SUCH_FILE, **U).armed(SCAN)
