"""The server's end against octets of the golden vectors: what it answers, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emu.machines.smb import calls, faults
from emu.machines.smb_server import NT4_SERVER
from emu.machines.smb_server.administration import (
    FileClose,
    FileEnum,
    Files,
    Ordered,
    SessionDel,
    SessionEnum,
    Sessions,
)
from emu.machines.smb_server.events import Began, Kind
from emu.machines.smb_server.params import BadUid
from emu.pdu.smb import files, session
from emu.pdu.smb.header import Command
from emu.pdu.smb.message import EmptyResponse, Smb, SmbBlock
from emu.pdu.smb.transaction import TransactionRequest, TransactionResponse
from emu.units import seconds as s
from emu.wire.smb.message import encode_smb
from emu.wire.smb.trans2 import decode_entries, decode_found_first
from tests.stations.smb.parts import CHALLENGE, ServerLab, ShortWire, Wire, limited_to, proofs
from tests.wire.smb.values import EXPECTED, SMB, UP

#: Flags2 stands at octet 10; a reply repeats the request's C001, where the vectors have C003.
FLAGS2_AT = 10


def changed(body: Any, **fields: Any) -> Any:
    """A body with other fields."""
    return replace(body, **fields)


def as_replied(name: str) -> bytes:
    octets = bytearray(SMB[name])
    octets[FLAGS2_AT : FLAGS2_AT + 2] = bytes.fromhex("01c0")
    return bytes(octets)


def set_up(account: str = "ann", password: str = "a-secret", **more: Any) -> bytes:
    """The vector's chain, with proofs that are right."""
    message = EXPECTED["setup-and-tree"]
    asked, tree = message.bodies
    assert isinstance(asked, session.SessionSetupRequest)
    lm, nt = proofs(account, password)
    asked = changed(asked, account=account, lm=lm, nt=nt, **more)
    return encode_smb(replace(message, bodies=(asked, tree)))


def negotiated(lab: ServerLab, serial: int = 1) -> Wire:
    wire = lab.circuit(serial)
    lab.says(wire, SMB["negotiate"])
    return wire


def logged_on(
    lab: ServerLab, serial: int = 1, account: str = "ann", password: str = "a-secret"
) -> Wire:
    """UID 0x800 and TID 0x800."""
    wire = negotiated(lab, serial)
    (reply,) = lab.says(wire, set_up(account, password))
    assert (reply.header.status, reply.header.uid, reply.header.tid) == (0, 0x800, 0x800)
    return wire


def opened(lab: ServerLab, wire: Wire, **more: Any) -> Smb:
    r"""\a.txt, with a batch oplock."""
    (asked,) = EXPECTED["nt-create"].bodies
    octets = encode_smb(Smb(header=UP, bodies=(changed(asked, **more),)))
    (reply,) = lab.says(wire, octets)
    return reply


def test_negotiate_has_the_figures_of_nt_4() -> None:
    """facts/redirector.md 4.3.  Index 1 of the vector's two dialects; the epoch is 145,152 days."""
    lab = ServerLab()
    (reply,) = lab.says(lab.circuit(), SMB["negotiate"])
    assert reply.header == replace(EXPECTED["negotiate-ok"].header, flags2=0xC001, tid=0xFFFF)
    assert reply.bodies == (
        session.NegotiateResponse(
            index=1, security=3, mpx_max=50, vcs_max=1, buffer_max=4356, raw_max=65536,
            session_key=0, capabilities=0x43FD, time=145_152 * 86_400 * 10**7, zone_min=0,
            challenge=CHALLENGE, domain="LAB",
        ),
    )  # fmt: skip


def test_a_carrier_of_short_messages_has_a_smaller_buffer() -> None:
    lab = ServerLab()
    wire = lab.circuit(wire=ShortWire(serial=1, message_max=1466))
    (reply,) = lab.says(wire, SMB["negotiate"])
    (body,) = reply.bodies
    assert isinstance(body, session.NegotiateResponse)
    assert body.buffer_max == 1466


def test_who_speaks_no_dialect_of_ours() -> None:
    lab = ServerLab()
    message = replace(
        EXPECTED["negotiate"], bodies=(session.NegotiateRequest(dialects=("XENIX CORE",)),)
    )
    wire = lab.circuit()
    assert lab.raw(wire, encode_smb(message)) == [as_replied("negotiate-none")]
    assert lab.says(wire, SMB["echo"])[0].header.status == faults.INVALID_SMB.nt_status


def test_a_chain_is_answered_by_a_chain() -> None:
    lab = ServerLab()
    wire = negotiated(lab)
    (reply,) = lab.says(wire, set_up())
    assert (reply.header.uid, reply.header.tid, reply.header.status) == (0x800, 0x800, 0)
    assert reply.bodies == (
        session.SessionSetupResponse(
            action=0, system="Windows NT 4.0", lan_manager="NT LAN Manager 4.0", domain="LAB"
        ),
        session.TreeConnectResponse(optional=1, service="A:", file_system="NTFS"),
    )
    kinds = [(each.kind, each.number, each.what) for each in lab.heard.began_]
    assert kinds == [
        (Kind.CONNECTION, 1, "WS1"), (Kind.SESSION, 0x800, "ann"), (Kind.TREE, 0x800, "D"),
    ]  # fmt: skip


def test_the_first_part_that_fails_ends_the_chain() -> None:
    """A wrong password: no tree is connected, and the reply has one part."""
    lab = ServerLab()
    (reply,) = lab.says(negotiated(lab), set_up(password="wrong"))
    assert reply.header.status == 0xC000006D
    assert reply.bodies == (EmptyResponse(command=Command.SESSION_SETUP_ANDX),)
    assert [each.kind for each in lab.heard.began_] == [Kind.CONNECTION]


def test_the_second_part_that_fails_leaves_the_first() -> None:
    lab = ServerLab()
    wire = negotiated(lab)
    message = EXPECTED["setup-and-tree"]
    lm, nt = proofs("ann", "a-secret")
    asked = changed(message.bodies[0], lm=lm, nt=nt)
    tree = changed(message.bodies[1], path=r"\\S\NOT")
    (reply,) = lab.says(wire, encode_smb(replace(message, bodies=(asked, tree))))
    assert (reply.header.status, reply.header.uid) == (0xC00000CC, 0x800)
    assert [type(each) for each in reply.bodies] == [session.SessionSetupResponse, EmptyResponse]
    assert lab.machine.statistics.sessions_open == 1


@pytest.mark.parametrize(
    ("account", "password", "status", "action"),
    [
        ("ANN", "a-secret", 0, 0),
        ("ann", "A-SECRET", 0xC000006D, None),
        ("nobody", "", 0xC000006D, None),
        ("x" * 300, "", 0xC000006D, None),
        ("guest", "", 0, 1),
        ("root", "r-secret", 0, 0),
    ],
)
def test_who_is_let_in(account: str, password: str, status: int, action: int | None) -> None:
    lab = ServerLab()
    (reply,) = lab.says(negotiated(lab), set_up(account, password))
    assert reply.header.status == status
    body = reply.bodies[0]
    assert (body.action if isinstance(body, session.SessionSetupResponse) else None) == action


def test_nobody_is_anonymous_and_gets_pipes_only() -> None:
    lab = ServerLab()
    wire = negotiated(lab)
    message = EXPECTED["setup-and-tree"]
    asked = changed(message.bodies[0], account="", lm=b"\0", nt=b"")
    (reply,) = lab.says(wire, encode_smb(replace(message, bodies=(asked, message.bodies[1]))))
    assert reply.header.status == 0xC0000022
    tree = changed(message.bodies[1], path=r"\\S\IPC$")
    octets = encode_smb(Smb(header=replace(UP, tid=0xFFFF), bodies=(tree,)))
    (reply,) = lab.says(wire, octets)
    assert reply.bodies == (session.TreeConnectResponse(optional=1, service="IPC", file_system=""),)


def test_a_proof_for_another_challenge_is_worth_nothing() -> None:
    lab = ServerLab()
    message = EXPECTED["setup-and-tree"]
    lm, nt = proofs("ann", "a-secret", b"another!")
    asked = changed(message.bodies[0], lm=lm, nt=nt)
    (reply,) = lab.says(negotiated(lab), encode_smb(replace(message, bodies=(asked,))))
    assert reply.header.status == 0xC000006D


def test_a_file_from_open_to_log_off_octet_for_octet() -> None:
    lab = ServerLab()
    wire = logged_on(lab)
    reply = opened(lab, wire, access=0x12019F)
    (body,) = reply.bodies
    assert isinstance(body, files.NtCreateResponse)
    assert (body.fid, body.oplock, body.size, body.action) == (0x800, files.Oplock.BATCH, 5, 1)
    assert lab.raw(wire, encode_smb(Smb(header=UP, bodies=(
        files.ReadRequest(fid=0x800, offset=0, octets_max=4096),
    )))) == [as_replied("read-ok")]  # fmt: skip
    assert lab.raw(wire, SMB["write"]) == [as_replied("write-ok")]
    assert lab.raw(wire, SMB["write-12-words"]) == [as_replied("write-ok")]
    assert lab.raw(wire, SMB["close"]) == [as_replied("close-ok")]
    assert lab.raw(wire, SMB["echo"]) == [as_replied("echo-ok")]
    assert lab.raw(wire, SMB["tree-disconnect"])[0][4:9] == bytes.fromhex("7100000000")
    assert lab.raw(wire, SMB["logoff"]) == [as_replied("logoff-ok")]
    assert lab.raw(wire, SMB["read"]) == [refusal("bad-uid-dos", flags2="01c0")]


def refusal(name: str, *, flags2: str) -> bytes:
    octets = bytearray(SMB[name])
    octets[FLAGS2_AT : FLAGS2_AT + 2] = bytes.fromhex(flags2)
    return bytes(octets)


def test_a_bad_handle_in_the_nt_form() -> None:
    lab = ServerLab()
    assert lab.raw(logged_on(lab), SMB["read"]) == [as_replied("bad-fid-nt")]


def test_a_client_without_nt_status_is_told_class_and_code() -> None:
    """ERRDOS/6 in place of C0000008, and the bit stays clear."""
    lab = ServerLab()
    header = replace(UP, flags2=0x8001)
    octets = encode_smb(Smb(header=header, bodies=EXPECTED["read"].bodies))
    (reply,) = lab.says(logged_on(lab), octets)
    assert (reply.header.status, reply.header.flags2) == (0x00060001, 0x8001)


def test_a_bad_uid_always_in_the_dos_form_as_samba_does() -> None:
    lab = ServerLab(replace(NT4_SERVER, bad_uid=BadUid.DOS))
    wire = negotiated(lab)
    assert lab.raw(wire, SMB["read"]) == [refusal("bad-uid-dos", flags2="0180")]


def test_an_older_open() -> None:
    """The vector makes \\a if it is missing: action 2, then 1; 8000: an oplock was granted."""
    lab = ServerLab()
    wire = logged_on(lab)
    for flags, action in ((2, 0x8002), (0, 0x0001)):
        asked = changed(EXPECTED["open"].bodies[0], flags=flags)
        (reply,) = lab.says(wire, encode_smb(Smb(header=UP, bodies=(asked,))))
        (body,) = reply.bodies
        assert isinstance(body, files.OpenResponse)
        assert (body.fid, body.action, body.access) == (0x800, action, 2)
        lab.says(wire, SMB["close"])


def test_a_read_behind_an_open_in_a_chain_reads_what_was_opened() -> None:
    """The client could not know the FID: it wrote FFFF."""
    lab = ServerLab()
    wire = logged_on(lab)
    create = changed(EXPECTED["nt-create"].bodies[0], flags=0)
    read = files.ReadRequest(fid=0xFFFF, offset=1, octets_max=3)
    octets = encode_smb(Smb(header=UP, bodies=(create, read, files.CloseRequest(fid=0xFFFF))))
    (reply,) = lab.says(wire, octets)
    assert reply.header.status == 0
    assert reply.bodies[1:] == (
        files.ReadResponse(data=b"ell"), EmptyResponse(command=Command.CLOSE)
    )  # fmt: skip
    assert lab.machine.statistics.files_open == 0


def test_a_read_is_no_longer_than_the_client_has_room_for() -> None:
    """MaxBuffer 4356 less 60 octets of the reply: 4296 of the 12,500 in the file."""
    lab = ServerLab()
    wire = logged_on(lab)
    opened(lab, wire, name="\\BIG")
    read = files.ReadRequest(fid=0x800, offset=0, octets_max=0xFFFF)
    (octets,) = lab.raw(wire, encode_smb(Smb(header=UP, bodies=(read,))))
    assert len(octets) == 4356


def test_an_oplock_break_holds_a_second_open_back() -> None:
    """The break bears MID and PID FFFF; the second open waits for the acknowledgement."""
    lab = ServerLab()
    first = logged_on(lab)
    opened(lab, first)
    second = lab.circuit(2, Wire(serial=2, caller="WS2"))
    lab.says(second, SMB["negotiate"])
    lab.says(second, set_up("bob", "b-secret"))
    assert lab.says(second, SMB["nt-create"]) == []
    assert first.sent == [SMB["oplock-break"]]
    first.sent.clear()
    acknowledge = files.LockingRequest(fid=0x800, kind=2, level=1)
    assert lab.says(first, encode_smb(Smb(header=UP, bodies=(acknowledge,)))) == []
    (reply,) = second.take()
    (body,) = reply.bodies
    assert isinstance(body, files.NtCreateResponse)
    assert (reply.header.mid, body.oplock) == (0x40, files.Oplock.LEVEL_II)


def test_a_silent_holder_is_given_35_s() -> None:
    lab = ServerLab()
    opened(lab, logged_on(lab))
    second = lab.circuit(2, Wire(serial=2, caller="WS2"))
    lab.says(second, SMB["negotiate"])
    lab.says(second, set_up("bob", "b-secret"))
    lab.clock.run(s(100))
    assert lab.says(second, SMB["nt-create"]) == []
    lab.clock.run(s(135) - 1)
    assert second.take() == []
    lab.clock.run(s(135))
    assert [each.header.status for each in second.take()] == [0]
    assert [note.kind for note in lab.heard.notes] == ["oplock-break-unanswered"]


def test_autodisconnect_aborts_the_circuit() -> None:
    """Idle from 0 on, looked at every 30 s: at 900 s; nothing that comes later is answered."""
    lab = ServerLab()
    wire = logged_on(lab)
    lab.clock.run(s(900) - 1)
    assert wire.ending == []
    lab.clock.run(s(900))
    assert wire.ending == [f"aborted at {s(900)}"]
    assert [each.connection for each in lab.heard.dropped_] == [1]
    lab.user.lost(wire, "aborted", lab.clock.now)
    assert lab.says(wire, SMB["echo"]) == []
    assert (lab.machine.statistics.timed_out, len(lab.machine.book.connections)) == (1, 0)


def test_a_circuit_that_breaks_takes_everything_with_it() -> None:
    lab = ServerLab()
    wire = logged_on(lab)
    opened(lab, wire)
    lab.user.lost(wire, "unplugged", 5)
    assert [(each.kind, each.cause) for each in lab.heard.ceased_] == [
        (kind, "unplugged") for kind in (Kind.OPEN, Kind.TREE, Kind.SESSION, Kind.CONNECTION)
    ]
    assert wire.ending == []


def test_an_administrator_asks() -> None:
    lab = ServerLab()
    wire = logged_on(lab)
    opened(lab, wire)
    (sessions,) = lab.service.ask(SessionEnum(level=2, by_administrator=True), s(7))
    assert isinstance(sessions, Sessions)
    (row,) = sessions.rows
    assert (row.client, row.user, row.opens, row.idle_s) == ("WS1", "ann", 1, 7)
    (found,) = lab.service.ask(FileEnum(by_administrator=True), s(7))
    assert isinstance(found, Files)
    order = FileClose(by_administrator=True, file_id=found.rows[0].file_id)
    assert lab.service.ask(order, s(7)) == [Ordered(error=0)]
    asked = SessionDel(by_administrator=True, client="\\\\WS1")
    assert lab.service.ask(asked, s(8)) == [Ordered(error=0)]
    assert wire.ending == [f"aborted at {s(8)}"]


def test_a_limit_is_told_to_the_observer() -> None:
    lab = ServerLab(limited_to(NT4_SERVER, 1))
    logged_on(lab)
    wire = lab.circuit(2, Wire(serial=2, caller="WS2"))
    lab.says(wire, SMB["negotiate"])
    (reply,) = lab.says(wire, set_up("bob", "b-secret"))
    assert reply.header.status == 0xC00000D0
    assert [note.facts["rule"] for note in lab.heard.notes] == ["Users"]
    connection, request, result = lab.heard.answers[-1]
    assert (connection, type(request)) == (2, calls.SetUp)
    assert result == calls.Refused(fault=faults.REQUEST_NOT_ACCEPTED)


def test_names_of_a_share() -> None:
    lab = ServerLab()
    wire = logged_on(lab)
    (reply,) = lab.says(wire, SMB["find-first"])
    (body,) = reply.bodies
    assert isinstance(body, TransactionResponse)
    names = [each.name for each in decode_entries(body.data, unicode=True)]
    found = decode_found_first(body.parameters)
    assert (names, found.sid, found.count, found.end) == (["A.TXT", "B.TXT", "BIG"], 0, 3, 1)
    # 94 octets and the name in Unicode, to a multiple of eight: 104 each before the last one.
    assert found.last_name_at == 208


@pytest.mark.parametrize("name", ["lock", "lock-large", "transact-pipe"])
def test_what_is_not_done_here_is_refused(name: str) -> None:
    lab = ServerLab()
    wire = logged_on(lab)
    opened(lab, wire)
    (reply,) = lab.says(wire, SMB[name])
    assert reply.header.status == faults.INVALID_SMB.nt_status
    assert reply.bodies == (EmptyResponse(command=EXPECTED[name].bodies[0].command),)


def test_a_command_that_nobody_knows_is_refused() -> None:
    lab = ServerLab()
    wire = logged_on(lab)
    block = SmbBlock(command=0x80, words=b"", data=b"")
    (reply,) = lab.says(wire, encode_smb(Smb(header=UP, bodies=(block,))))
    assert (reply.header.status, reply.bodies) == (0x00010002, (EmptyResponse(command=0x80),))


def test_levels_that_the_machine_does_not_know_are_refused() -> None:
    lab = ServerLab()
    wire = logged_on(lab)
    query = TransactionRequest(
        command=Command.TRANSACTION2, setup=(3,), parameters=b"\xef\x03", data_max=4096
    )
    (reply,) = lab.says(wire, encode_smb(Smb(header=UP, bodies=(query,))))
    assert reply.header.status == faults.INVALID_SMB.nt_status


def test_replies_and_rubbish_are_counted_and_not_answered() -> None:
    lab = ServerLab()
    wire = lab.circuit()
    for octets in (b"", b"\xffSMB", SMB["read-ok"], SMB["negotiate"][:-1]):
        assert lab.says(wire, octets) == []
    assert lab.service.dropped == 4
    assert lab.says(Wire(serial=9), SMB["negotiate"]) == []


def test_echoes_come_one_by_one() -> None:
    lab = ServerLab()
    wire = negotiated(lab)
    header = EXPECTED["echo"].header
    for asked, answered in ((3, 3), (0, 0), (2, 2), (60_000, 50)):
        echo = session.EchoRequest(count=asked, data=b"ping")
        replies = lab.says(wire, encode_smb(Smb(header=header, bodies=(echo,))))
        numbers = [each.bodies for each in replies]
        assert numbers == [
            (session.EchoResponse(number=number, data=b"ping"),)
            for number in range(1, answered + 1)
        ]


def test_a_chain_of_nine_is_refused() -> None:
    lab = ServerLab()
    wire = logged_on(lab)
    chain = (*[session.LogoffRequest()] * 8, session.LogoffRequest())
    (reply,) = lab.says(wire, encode_smb(Smb(header=UP, bodies=chain)))
    assert reply.header.status == faults.INVALID_SMB.nt_status
    assert lab.machine.statistics.sessions_open == 1


def test_began_bears_the_callers_name() -> None:
    lab = ServerLab()
    lab.circuit(3, Wire(serial=3, caller="FRED"))
    assert lab.heard.began_ == [
        Began(kind=Kind.CONNECTION, connection=3, number=3, uid=0, what="FRED")
    ]


def test_direct_ipx_has_its_own_autodisconnect() -> None:
    """It is not barred by the open file: 900 s."""
    lab = ServerLab()
    lab.user = lab.service.over("ipx-direct")
    wire = logged_on(lab)
    opened(lab, wire)
    lab.clock.run(s(900))
    assert wire.ending == [f"aborted at {s(900)}"]


def test_what_a_reply_repeats_of_flags2() -> None:
    """Nothing is signed (4) and no blob is exchanged (800); NEGOTIATE's reply is Unicode (4.4)."""
    lab = ServerLab()
    wire = lab.circuit()
    message = EXPECTED["negotiate"]
    header = replace(message.header, flags2=0x0807)
    (reply,) = lab.says(wire, encode_smb(replace(message, header=header)))
    assert (reply.header.flags, reply.header.flags2) == (0x98, 0x8003)
    header = replace(EXPECTED["echo"].header, flags2=0x0807, flags=0x08)
    (reply,) = lab.says(wire, encode_smb(Smb(header=header, bodies=EXPECTED["echo"].bodies)))
    assert (reply.header.flags, reply.header.flags2) == (0x88, 0x0003)


@pytest.mark.parametrize(
    "last", [session.EchoRequest(count=2, data=b""), session.NegotiateRequest(dialects=())]
)
def test_what_cannot_stand_behind_another(last: Any) -> None:
    lab = ServerLab()
    octets = encode_smb(Smb(header=UP, bodies=(session.LogoffRequest(), last)))
    (reply,) = lab.says(logged_on(lab), octets)
    assert reply.header.status == faults.INVALID_SMB.nt_status
    assert reply.bodies == (session.LogoffResponse(), EmptyResponse(command=last.command))


@pytest.mark.parametrize(("disposition", "action"), [(1, 1), (4, 3), (5, 3), (0, 3)])
def test_what_an_open_did(disposition: int, action: int) -> None:
    lab = ServerLab()
    reply = opened(lab, logged_on(lab), disposition=disposition, access=3)
    (body,) = reply.bodies
    assert isinstance(body, files.NtCreateResponse)
    assert body.action == action


def test_a_client_that_does_not_know_level_ii_loses_its_oplock_whole() -> None:
    """Capability 80 is missing: the break says level 0."""
    lab = ServerLab()
    first = negotiated(lab)
    lab.says(first, set_up(capabilities=0x54))
    opened(lab, first)
    second = lab.circuit(2, Wire(serial=2, caller="WS2"))
    lab.says(second, SMB["negotiate"])
    lab.says(second, set_up("bob", "b-secret"))
    lab.says(second, SMB["nt-create"])
    (told,) = first.take()
    assert told.bodies == (files.LockingRequest(fid=0x800, kind=2, level=0),)


def test_a_reply_that_the_carrier_cannot_take_becomes_a_refusal() -> None:
    """An ECHO's reply is as long as its request; 1,500 octets do not go through 1,466."""
    lab = ServerLab()
    wire = lab.circuit(wire=ShortWire(serial=1, message_max=1466))
    lab.says(wire, SMB["negotiate"])
    echo = session.EchoRequest(count=1, data=bytes(1500))
    (reply,) = lab.says(wire, encode_smb(Smb(header=UP, bodies=(echo,))))
    assert reply.header.status == faults.INSUFF_SERVER_RESOURCES.nt_status
    assert reply.bodies == (EmptyResponse(command=Command.ECHO),)
