"""Circuits: how they come to be, end, break, and what is sent on them, value by value."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError
from emu.machines.base import EXPIRED, Asked, Received
from emu.machines.redirector import (
    NT4_SP3,
    NT4_SP4,
    NT4_SP6A,
    Redirector,
    RedirectorParams,
    ReuseRearms,
)
from emu.machines.redirector.requests import (
    Broken,
    CircuitBroke,
    CircuitUp,
    CloseWanted,
    ConnectShareWanted,
    Dial,
    Exchange,
    Finished,
    HangUp,
    LogOffWanted,
    LogOnWanted,
    MapImageWanted,
    OpenWanted,
    ReadWanted,
    Reply,
    SentAs,
    TouchWanted,
    UnmapWanted,
    WriteWanted,
)
from emu.machines.redirector.snapshot import CircuitState
from emu.machines.smb import faults
from emu.machines.smb.calls import (
    Access,
    Close,
    Disposition,
    Done,
    LogOff,
    Negotiate,
    Negotiated,
    Open,
    OpenReady,
    Oplock,
    OplockBreakAcknowledge,
    Read,
    ReadData,
    Refused,
    SessionReady,
    SetUp,
    Standing,
    TreeConnect,
    TreeDisconnect,
    TreeReady,
)
from emu.units import seconds as s
from tests.machines.dialogue import Dialogue

from .office import BOTH, SERVER, Office

READY = (SessionReady(uid=0x800, guest=False), TreeReady(tid=0x800, is_ipc=False))
SET_UP = SetUp(user="ann", standing=Standing.USER, vc_number=0)


def exchange(tag: int, *requests: object, uid: int = 0, tid: int = 0) -> Exchange:
    return Exchange(server=SERVER, tag=tag, uid=uid, tid=tid, requests=requests)


def reply(tag: int, *results: object, uid: int = 0x800, tid: int = 0x800) -> Reply:
    return Reply(server=SERVER, tag=tag, uid=uid, tid=tid, results=results)


class Talk(Dialogue):
    """A redirector and nobody but the test on the other side."""

    def __init__(self, params: RedirectorParams = NT4_SP6A) -> None:
        self.redirector = Redirector(params)
        super().__init__(self.redirector)

    def dialled(self, share: str = "DATA", max_mpx: int = 50) -> Talk:
        """User 1 connects: ticket 2, tags 1 and 2, UID and TID 0x800."""
        self.asked(LogOnWanted(ticket=1, luid=1, user="ann")).delivers(Finished(ticket=1))
        self.asked(ConnectShareWanted(ticket=2, luid=1, server=SERVER, share=share))
        self.delivers(Dial(server=SERVER)).silent()
        self.asked(CircuitUp(server=SERVER)).sends(exchange(1, Negotiate()))
        self.receives(reply(1, Negotiated(max_mpx=max_mpx, max_vcs=1), uid=0, tid=0))
        self.sends(exchange(2, SET_UP, TreeConnect(share=share)))
        self.receives(reply(2, *READY)).delivers(Finished(ticket=2))
        return self

    def opens(self, ticket: int, tag: int, handle: int, path: str) -> Talk:
        self.asked(opening(ticket, handle, path))
        self.sends(exchange(tag, wanted(path), uid=0x800, tid=0x800))
        return self


def opening(ticket: int, handle: int, path: str, server: str = SERVER) -> OpenWanted:
    return OpenWanted(ticket=ticket, luid=1, handle=handle, server=server, share="DATA", path=path)


def wanted(path: str) -> Open:
    return Open(
        path=path,
        access=Access.READ,
        share=Access.READ,
        disposition=Disposition.OPEN,
        oplock=Oplock.BATCH,
    )


def ready(fid: int, oplock: Oplock = Oplock.BATCH) -> OpenReady:
    return OpenReady(fid=fid, oplock=oplock, size=5, created=False)


def test_the_first_use_dials_negotiates_and_chains_set_up_and_tree_connect() -> None:
    """1.2, Q139608; VcNumber is 0 (3.6).  Nothing before the first use, nothing unasked after."""
    talk = Talk().dialled()
    talk.armed({f"idle {SERVER}": s(600)})
    assert talk.redirector.view().servers[0].circuit is CircuitState.UP


def test_a_files_life_value_by_value() -> None:
    """Open, read, close, dormancy, CLOSE at 20 s; then idleness from the last use, at 3 s."""
    talk = Talk().dialled().at(s(1))
    talk.opens(3, 3, 7, "\\a.txt").receives(reply(3, ready(0x803))).delivers(Finished(ticket=3))
    talk.at(s(2)).asked(ReadWanted(ticket=4, handle=7, offset=0, length=5))
    talk.sends(exchange(4, Read(fid=0x803, offset=0, length=5), uid=0x800, tid=0x800))
    talk.at(s(3)).receives(reply(4, ReadData(data=b"alpha")))
    talk.delivers(Finished(ticket=4, data=b"alpha"))
    talk.asked(CloseWanted(ticket=5, handle=7)).delivers(Finished(ticket=5))
    talk.armed({f"dormant {SERVER} FID 0x803": s(20)})
    talk.at(s(20)).sends(exchange(5, Close(fid=0x803), uid=0x800, tid=0x800))
    talk.receives(reply(5, Done())).armed({f"idle {SERVER}": s(630)})
    talk.at(s(630)).sends(exchange(6, TreeDisconnect(), uid=0x800, tid=0x800))
    talk.receives(reply(6, Done())).sends(exchange(7, LogOff(), uid=0x800))
    talk.receives(reply(7, Done())).delivers(HangUp(server=SERVER)).armed({})
    talk.asked(opening(6, 8, "A.TXT")).delivers(Dial(server=SERVER)).quiet_until(s(9999))


def test_keepconn_counts_from_the_last_use() -> None:
    """Use at 31 s; 631 s; the looks are at multiples of 30 s."""
    talk = Talk().dialled().at(s(31))
    talk.asked(ConnectShareWanted(ticket=3, luid=1, server=SERVER, share="TWO"))
    talk.sends(exchange(3, TreeConnect(share="TWO"), uid=0x800))
    talk.receives(reply(3, TreeReady(tid=0x801, is_ipc=False), tid=0x801))
    talk.delivers(Finished(ticket=3)).quiet_until(s(660) - 1)
    talk.at(s(660)).sends(exchange(4, TreeDisconnect(), uid=0x800, tid=0x800))
    talk.receives(reply(4, Done())).sends(exchange(5, TreeDisconnect(), uid=0x800, tid=0x801))
    talk.quiet_until(s(661))


def test_a_circuit_that_cannot_be_made_fails_everybody_who_waited() -> None:
    talk = Talk()
    talk.asked(LogOnWanted(ticket=1, luid=1, user="ann")).delivers(Finished(ticket=1))
    talk.asked(opening(2, 1, "A")).delivers(Dial(server=SERVER))
    talk.asked(opening(3, 2, "B")).silent()
    talk.asked(CircuitBroke(server=SERVER, cause="no answer"))
    for ticket in (2, 3):
        talk.delivers(Finished(ticket=ticket, status=0xC00000BE, why="no answer"))
    talk.asked(opening(4, 1, "A")).delivers(Dial(server=SERVER)).armed({})


def test_what_arrives_first_waits_for_one_set_up() -> None:
    """Three programs of one user at once: one dial, one chain, one TREE_CONNECT, three opens."""
    talk = Talk()
    talk.asked(LogOnWanted(ticket=1, luid=1, user="ann")).delivers(Finished(ticket=1))
    talk.asked(opening(2, 1, "A")).delivers(Dial(server=SERVER))
    talk.asked(opening(3, 2, "B")).asked(CircuitUp(server=SERVER)).sends(exchange(1, Negotiate()))
    talk.receives(reply(1, Negotiated(max_mpx=50, max_vcs=1)))
    talk.sends(exchange(2, SET_UP, TreeConnect(share="DATA"))).silent()
    talk.receives(reply(2, *READY))
    talk.sends(exchange(3, wanted("A"), uid=0x800, tid=0x800))
    talk.sends(exchange(4, wanted("B"), uid=0x800, tid=0x800)).quiet_until(s(1))


def test_no_more_is_outstanding_than_was_negotiated() -> None:
    """MaxMpx 1: the second open waits for the first one's reply."""
    talk = Talk().dialled(max_mpx=1)
    talk.opens(3, 3, 1, "A").asked(opening(4, 2, "B")).silent()
    talk.receives(reply(3, ready(0x800))).delivers(Finished(ticket=3))
    talk.sends(exchange(4, wanted("B"), uid=0x800, tid=0x800)).quiet_until(s(1))


def test_an_unanswered_request_tears_the_circuit_down_after_45_seconds() -> None:
    """3.7 SessTimeout.  Whoever waited is told, and the next use dials again."""
    talk = Talk().dialled().at(s(10))
    talk.opens(3, 3, 1, "A").armed({"answer to request 3": s(55)})
    talk.at(s(20)).opens(4, 4, 2, "B").quiet_until(s(55) - 1)
    cause = "a request was unanswered for SessTimeout"
    talk.at(s(55)).delivers(HangUp(server=SERVER))
    talk.delivers(Finished(ticket=3, status=0xC00000C9, why=cause))
    talk.delivers(Finished(ticket=4, status=0xC00000C9, why=cause)).armed({})
    talk.receives(reply(3, ready(0x800))).notes("reply-unasked", server=SERVER, tag=3)
    talk.asked(opening(5, 1, "A")).delivers(Dial(server=SERVER)).armed({})


def test_what_is_said_through_a_pipe_may_be_unanswered_for_ever() -> None:
    """3.7: pipe I/O is exempt from SessTimeout; opening the pipe is not."""
    talk = Talk().dialled("IPC$")
    talk.asked(replace(opening(3, 1, "srvsvc"), share="IPC$"))
    talk.sends(exchange(3, wanted("srvsvc"), uid=0x800, tid=0x800))
    talk.armed({"answer to request 3": s(45)})
    talk.receives(reply(3, ready(0x800, Oplock.NONE))).delivers(Finished(ticket=3))
    talk.asked(ReadWanted(ticket=4, handle=1, offset=0, length=9))
    talk.sends(exchange(4, Read(fid=0x800, offset=0, length=9), uid=0x800, tid=0x800))
    talk.armed({}).quiet_until(s(36_000))


def test_a_log_off_waits_for_what_is_under_way() -> None:
    talk = Talk().dialled().opens(3, 3, 1, "A")
    talk.asked(LogOffWanted(ticket=4, luid=1)).silent()
    with pytest.raises(LocalProtocolError):
        talk.redirector.step(Asked(opening(5, 2, "B")), 0)
    talk.receives(reply(3, ready(0x800))).delivers(Finished(ticket=3))
    talk.sends(exchange(4, Close(fid=0x800), uid=0x800, tid=0x800))
    talk.receives(reply(4, Done())).sends(exchange(5, TreeDisconnect(), uid=0x800, tid=0x800))
    talk.receives(reply(5, Done())).sends(exchange(6, LogOff(), uid=0x800))
    talk.receives(reply(6, Done())).delivers(Finished(ticket=4)).armed({f"idle {SERVER}": s(600)})
    talk.at(s(600)).delivers(HangUp(server=SERVER)).armed({})


def test_a_break_in_use_is_acknowledged_and_level_ii_needs_no_answer() -> None:
    talk = Talk().dialled().opens(3, 3, 1, "A")
    talk.receives(reply(3, ready(0x805))).delivers(Finished(ticket=3))
    talk.receives(Broken(server=SERVER, tid=0x800, fid=0x805, level=Oplock.LEVEL_II))
    acknowledge = OplockBreakAcknowledge(fid=0x805, level=Oplock.LEVEL_II)
    talk.sends(exchange(4, acknowledge, uid=0x800, tid=0x800))
    talk.receives(Broken(server=SERVER, tid=0x800, fid=0x805, level=Oplock.NONE)).armed({})


def test_what_nobody_asked_for_is_dropped_and_noted() -> None:
    talk = Talk().dialled()
    before = talk.redirector.view()
    talk.receives(reply(77, Done())).notes("reply-unasked", server=SERVER, tag=77)
    talk.receives(Broken(server=SERVER, tid=1, fid=2, level=Oplock.NONE))
    talk.notes("break-of-nothing", server=SERVER, fid=2).armed({f"idle {SERVER}": s(600)})
    assert talk.redirector.view() == before


def test_an_answer_that_fits_nothing_fails_its_program_alone() -> None:
    talk = Talk().dialled().opens(3, 3, 1, "A")
    talk.receives(reply(3, Done()))
    talk.delivers(Finished(ticket=3, status=0xC00000C3, why="an answer that is no OpenReady"))
    talk.opens(4, 4, 1, "A").receives(reply(4))
    talk.delivers(Finished(ticket=4, status=0xC00000C3, why="an answer that is no OpenReady"))
    talk.quiet_until(s(1))


def test_a_full_server_refuses_the_set_up_with_71() -> None:
    talk = Talk()
    talk.asked(LogOnWanted(ticket=1, luid=1, user="ann")).delivers(Finished(ticket=1))
    talk.asked(opening(2, 1, "A")).delivers(Dial(server=SERVER)).asked(CircuitUp(server=SERVER))
    talk.sends(exchange(1, Negotiate())).receives(reply(1, Negotiated(max_mpx=50, max_vcs=1)))
    talk.sends(exchange(2, SET_UP, TreeConnect(share="DATA")))
    talk.receives(reply(2, Refused(fault=faults.REQUEST_NOT_ACCEPTED), uid=0, tid=0))
    talk.delivers(Finished(ticket=2, status=0xC00000D0, why="REQUEST_NOT_ACCEPTED"))
    talk.armed({f"idle {SERVER}": s(600)})


def test_a_server_that_does_not_negotiate_is_hung_up_on() -> None:
    talk = Talk()
    talk.asked(LogOnWanted(ticket=1, luid=1, user="ann")).delivers(Finished(ticket=1))
    talk.asked(opening(2, 1, "A")).delivers(Dial(server=SERVER)).asked(CircuitUp(server=SERVER))
    talk.sends(exchange(1, Negotiate())).receives(reply(1, Refused(fault=faults.INVALID_SMB)))
    talk.delivers(HangUp(server=SERVER))
    talk.delivers(Finished(ticket=2, status=0xC00000BE, why="NEGOTIATE: INVALID_SMB")).armed({})


# Q184998.
def stale(params: RedirectorParams) -> Any:
    """A page is in; the circuit breaks; another file gets the same numbers on the next one."""
    client = Office().client(params)
    client.log_on(1)
    client.open(1, 1, "TOOL.DLL")
    client.map(1, 1)
    client.touch(1, 0)
    client.office.cut(client)
    assert client.open(1, 2, "OTHER.DLL").status == 0
    assert [each.fid for each in client.server.opens] == [0x800]
    client.sent.clear()
    return client


def test_q184998_before_another_file_is_read_under_the_old_numbers() -> None:
    client = stale(NT4_SP3)
    told = client.touch(1, 1)
    assert (told.status, told.data) == (0, b"y" * 4096)
    assert told.sent_as == SentAs(uid=0x800, tid=0x800, fid=0x800)
    assert client.wire() == ["Read 800/800 800"]


def test_q184998_before_the_page_dials_if_it_must() -> None:
    client = Office().client(NT4_SP3)
    client.log_on(1)
    client.open(1, 1, "TOOL.DLL")
    client.map(1, 1)
    client.office.cut(client)
    client.sent.clear()
    assert client.touch(1, 1).status == 0xC0000006
    assert client.wire() == ["Negotiate 0/0", "Read 800/800 800"]


def test_q184998_after_the_page_fails_without_wire_and_what_is_there_stays() -> None:
    client = stale(NT4_SP4)
    told = client.touch(1, 1)
    assert (told.status, told.sent_as) == (0xC0000006, None)
    assert told.why == "the circuit the image was opened on is gone"
    assert client.wire() == []
    assert client.touch(1, 0).data == b"A" * 4096


def test_q184998_after_a_new_mapper_has_a_section_of_his_own() -> None:
    client = stale(NT4_SP4)
    client.open(1, 3, "TOOL.DLL")
    client.map(3, 3)
    assert client.touch(3, 1).data == b"B" * 4096
    assert client.touch(1, 1).status == 0xC0000006


def test_q184998_after_the_old_section_goes_without_the_new_one() -> None:
    client = stale(NT4_SP4)
    client.open(1, 3, "TOOL.DLL")
    client.map(3, 3)
    client.unmap(1)
    client.log_on(2)
    client.open(2, 4, "TOOL.DLL")
    client.map(4, 4)
    assert [each.viewers for each in client.server.sections] == [(1, 2)]


def test_a_dead_session_is_ended_once_however_long_that_takes() -> None:
    """reuse_rearms always: while TREE_DISCONNECT is unanswered nothing else is due."""
    talk = Talk(replace(NT4_SP6A, reuse_rearms=ReuseRearms.ALWAYS)).dialled()
    talk.asked(LogOffWanted(ticket=3, luid=1, service=True)).delivers(Finished(ticket=3))
    talk.at(s(600)).sends(exchange(3, TreeDisconnect(), uid=0x800, tid=0x800))
    talk.armed({"answer to request 3": s(645)})


def test_a_touch_that_is_under_way_when_the_circuit_breaks() -> None:
    talk = Talk().dialled().opens(3, 3, 1, "T")
    talk.receives(reply(3, ready(0x800))).delivers(Finished(ticket=3))
    talk.asked(MapImageWanted(ticket=4, handle=1, view=1)).delivers(Finished(ticket=4))
    talk.asked(TouchWanted(ticket=5, view=1, page=2))
    talk.sends(exchange(4, Read(fid=0x800, offset=8192, length=4096), uid=0x800, tid=0x800))
    talk.asked(TouchWanted(ticket=6, view=1, page=2)).silent()
    talk.asked(CircuitBroke(server=SERVER, cause="reset"))
    talk.delivers(Finished(ticket=5, status=0xC0000006, why="reset"))
    why = "the circuit the image was opened on is gone"
    talk.delivers(Finished(ticket=6, status=0xC0000006, why=why)).armed({})


def test_one_page_is_asked_for_once_and_in_pieces_if_the_buffer_is_small() -> None:
    talk = Talk(replace(NT4_SP6A, read_max=3000)).dialled().opens(3, 3, 1, "T")
    talk.receives(reply(3, ready(0x800))).delivers(Finished(ticket=3))
    talk.asked(MapImageWanted(ticket=4, handle=1, view=1)).delivers(Finished(ticket=4))
    talk.asked(TouchWanted(ticket=5, view=1, page=0))
    talk.sends(exchange(4, Read(fid=0x800, offset=0, length=3000), uid=0x800, tid=0x800))
    talk.asked(TouchWanted(ticket=6, view=1, page=0)).silent()
    talk.receives(reply(4, ReadData(data=b"p" * 3000)))
    talk.sends(exchange(5, Read(fid=0x800, offset=3000, length=1096), uid=0x800, tid=0x800))
    talk.receives(reply(5, ReadData(data=b"q")))
    data = b"p" * 3000 + b"q" + bytes(1095)
    sent_as = SentAs(uid=0x800, tid=0x800, fid=0x800)
    talk.delivers(Finished(ticket=5, data=data, sent_as=sent_as))
    talk.delivers(Finished(ticket=6, data=data, resident=True)).armed({})


def test_a_silent_holder_on_the_same_computer_does_not_block_the_circuit() -> None:
    """3.7: 35 s for the break is less than SessTimeout: the opener waits and gets his file."""
    office = Office()
    holder, opener = office.client(NT4_SP6A, "WS1"), office.client(NT4_SP6A, "WS2")
    holder.log_on(1)
    holder.open(1, 1, access=BOTH)
    assert holder.connection is not None
    office.silence(holder)
    opener.log_on(2)
    asked = opener.opening(2, 2)
    opener.begin(asked)
    office.until(s(35) - 1)
    assert asked.ticket not in opener.finished
    office.until(s(35))
    assert opener.finished[asked.ticket].status == 0
    assert opener.hangs_up == 0


def test_with_one_command_at_a_time_a_break_cannot_be_answered_for_35_seconds() -> None:
    """3.3, D10: the hang of Q233082.  The CLOSE that would help waits behind the open."""
    office = Office()
    client = office.client(replace(NT4_SP6A, max_commands=1))
    for luid in (1, 2):
        client.log_on(luid)
        client.connect(luid)
    client.open(1, 1)
    client.close(1)
    client.sent.clear()
    asked = client.opening(2, 2)
    client.begin(asked)
    office.until(s(35) - 1)
    assert (client.wire(), asked.ticket in client.finished) == (["Open 801/801"], False)
    office.until(s(35))
    assert client.finished[asked.ticket].status == 0
    assert client.wire() == ["Close 800/800 800"]


# Whatever a server says.
RESULTS = st.sampled_from(
    [
        Done(),
        None,
        7,
        Negotiated(max_mpx=0, max_vcs=0),
        SessionReady(uid=0x801, guest=True),
        TreeReady(tid=0x801, is_ipc=True),
        ready(0x800),
        ready(0x801, Oplock.NONE),
        ReadData(data=b"x" * 9000),
        *(
            Refused(fault=each)
            for each in (
                faults.SMB_BAD_UID,
                faults.SMB_BAD_TID,
                faults.INVALID_HANDLE,
                faults.SHARING_VIOLATION,
                faults.REQUEST_NOT_ACCEPTED,
            )
        ),
    ]
)
HOSTILE = st.one_of(
    st.builds(
        lambda tag, told: reply(tag, *told), st.integers(3, 20), st.lists(RESULTS, min_size=1)
    ),
    st.builds(
        lambda fid, level: Broken(server=SERVER, tid=0x800, fid=fid, level=level),
        st.integers(0x800, 0x802),
        st.sampled_from(Oplock),
    ),
    st.just(Broken(server="ELSEWHERE", tid=1, fid=1, level=Oplock.NONE)),
)


#: What programs do meanwhile, with handles and views that mostly exist.
NUMBERS = st.integers(10, 14)
PROGRAMS = st.one_of(
    st.builds(lambda number, path: opening(1, number, path), NUMBERS, st.sampled_from("AB")),
    st.builds(lambda number: CloseWanted(ticket=1, handle=number), NUMBERS),
    st.builds(lambda number: ReadWanted(ticket=1, handle=number, offset=0, length=9), NUMBERS),
    st.builds(lambda number: WriteWanted(ticket=1, handle=number, offset=0, data=b"w"), NUMBERS),
    st.builds(lambda number: MapImageWanted(ticket=1, handle=number, view=number), NUMBERS),
    st.builds(lambda number: TouchWanted(ticket=1, view=number, page=0), NUMBERS),
    st.builds(lambda number: UnmapWanted(ticket=1, view=number), NUMBERS),
    st.just(LogOffWanted(ticket=1, luid=1)),
)


@given(st.lists(st.tuples(HOSTILE, PROGRAMS, st.integers(0, s(30))), max_size=25))
def test_no_server_can_crash_it(told: list[tuple[Any, Any, int]]) -> None:
    """Programs that ask for more all the while, whatever comes back, and time."""
    redirector, now = Redirector(NT4_SP6A), 0
    redirector.step(Asked(LogOnWanted(ticket=1, luid=1, user="ann")), now)
    redirector.step(Asked(opening(2, 10, "A")), now)
    redirector.step(Asked(CircuitUp(server=SERVER)), now)
    redirector.step(Received(reply(1, Negotiated(max_mpx=50, max_vcs=1))), now)
    redirector.step(Received(reply(2, *READY)), now)
    redirector.step(Received(reply(3, ready(0x800))), now)
    for pdu, request, pause_ns in told:
        redirector.step(Received(pdu), now)
        with suppress(LocalProtocolError):  # our own programs' misuse, which is none of a server's
            redirector.step(Asked(request), now)
        if redirector.view().servers[0].circuit is CircuitState.DIALLING:
            redirector.step(Asked(CircuitUp(server=SERVER)), now)
        now += pause_ns
        while (due := redirector.due()) is not None and due <= now:
            redirector.step(EXPIRED, due)
    redirector.step(Asked(CircuitBroke(server=SERVER, cause="enough")), now)
    assert redirector.view().servers[0].opens == ()
    assert redirector.view().servers[0].outstanding == 0
