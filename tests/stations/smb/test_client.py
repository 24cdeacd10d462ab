"""The client's end: what a redirector's exchanges look like, and what it hears of the replies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.base import Asked, Deliver, Note, Transmit
from emu.machines.redirector.requests import (
    Broken,
    CircuitBroke,
    CircuitUp,
    DataLost,
    Dial,
    Exchange,
    HangUp,
    Reply,
)
from emu.machines.smb import calls, faults
from emu.machines.smb.calls import Access, Disposition, Oplock, Refused
from emu.machines.smb.faults import Fault
from emu.pdu.smb import files, session
from emu.pdu.smb.header import SmbHeader
from emu.pdu.smb.message import EmptyResponse, Smb
from emu.stations.smb.client import SmbClient
from emu.units import seconds as s
from emu.wire.smb.message import encode_smb
from tests.stations.smb.parts import (
    CHALLENGE,
    PASSWORDS,
    Clock,
    FakeRedirector,
    Programs,
    Say,
    Wire,
    proofs,
)
from tests.stations.smb.test_server import changed
from tests.wire.smb.values import EXPECTED, SMB


class Line:
    """A carrier that gives out circuits and remembers them."""

    def __init__(self) -> None:
        self.wires: list[Wire] = []

    def connect(self, message: None, now: int, /) -> Wire:
        assert message is None
        self.wires.append(Wire(serial=len(self.wires) + 1))
        return self.wires[-1]


class Lab:
    """A scripted redirector above one carrier."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.machine = FakeRedirector()
        self.programs = Programs()
        self.client = SmbClient(
            self.machine, self.clock, passwords=PASSWORDS, observer=self.programs
        )
        self.end = self.client.towards("SRV")
        self.line = Line()
        self.end.attach(self.line)

    @property
    def wire(self) -> Wire:
        return self.line.wires[-1]

    def says(self, *values: object) -> None:
        self.client.ask(Say(tuple(Deliver(each) for each in values)), self.clock.now)

    def up(self) -> Lab:
        """Dialled, and up."""
        self.says(Dial(server="SRV"))
        self.end.opened(self.wire, self.clock.now)
        assert self.machine.take() == [CircuitUp(server="SRV")]
        return self

    def sends(self, *requests: object, uid: int = 0, tid: int = 0xFFFF, tag: int = 1) -> list[Smb]:
        exchange = Exchange(server="SRV", tag=tag, uid=uid, tid=tid, requests=requests)
        self.client.ask(Say((Transmit(exchange),)), self.clock.now)
        return self.wire.take()

    def hears(self, octets: bytes) -> list[object]:
        """A message of the server's, and what the machine is told of it."""
        self.end.message(self.wire, octets, self.clock.now)
        return self.machine.take()

    def negotiated(self) -> Lab:
        self.up().sends(calls.Negotiate())
        message = EXPECTED["negotiate-ok"]
        told = changed(message.bodies[0], challenge=CHALLENGE)
        reply = replace(message, bodies=(told,))
        (heard,) = self.hears(encode_smb(reply))
        assert isinstance(heard, Reply)
        assert heard.results == (calls.Negotiated(max_mpx=50, max_vcs=1),)
        return self


def replied(name: str, *, mid: int, uid: int = 0x800, tid: int = 0x800) -> bytes:
    """A vector as the reply to a MID."""
    message = EXPECTED[name]
    return encode_smb(replace(message, header=replace(message.header, mid=mid, uid=uid, tid=tid)))


def test_negotiate_as_an_nt_4_client_says_it() -> None:
    """facts/redirector.md 4.3: eight dialects; Flags2 0003 before anything is agreed."""
    (message,) = Lab().up().sends(calls.Negotiate())
    assert message == Smb(
        header=SmbHeader(flags=0x18, flags2=0x0003, tid=0xFFFF, pid=0xCAFE, mid=0x40),
        bodies=(
            session.NegotiateRequest(
                dialects=(
                    "PC NETWORK PROGRAM 1.0", "XENIX CORE", "MICROSOFT NETWORKS 1.03", "LANMAN1.0",
                    "Windows for Workgroups 3.1a", "LM1.2X002", "LANMAN2.1", "NT LM 0.12",
                )
            ),
        ),
    )  # fmt: skip


def test_a_log_on_and_a_tree_are_one_message() -> None:
    lab = Lab().negotiated()
    asked = calls.SetUp(user="ann", standing=calls.Standing.USER, vc_number=0)
    (message,) = lab.sends(asked, calls.TreeConnect(share="D"), tag=9)
    lm, nt = proofs("ann", "a-secret")
    assert message == Smb(
        header=SmbHeader(flags=0x18, flags2=0xC001, tid=0xFFFF, pid=0xCAFE, mid=0x80),
        bodies=(
            session.SessionSetupRequest(
                buffer_max=4356, mpx_max=50, vc_number=0, session_key=0, capabilities=0xD4, lm=lm,
                nt=nt, account="ann", domain="LAB", system="Windows NT 1381",
                lan_manager="Windows NT 4.0",
            ),
            session.TreeConnectRequest(
                flags=0, password=b"\0", path="\\\\SRV\\D", service="?????"
            ),
        ),
    )  # fmt: skip
    assert lab.hears(replied("setup-and-tree-ok", mid=0x80, uid=0x801, tid=0x802)) == [
        Reply(
            server="SRV",
            tag=9,
            uid=0x801,
            tid=0x802,
            results=(
                calls.SessionReady(uid=0x801, guest=False),
                calls.TreeReady(tid=0x802, is_ipc=False),
            ),
        )
    ]


def test_a_chain_that_failed_half_way_has_a_result_for_each_part_up_to_there() -> None:
    lab = Lab().negotiated()
    asked = calls.SetUp(user="ann", standing=calls.Standing.USER, vc_number=0)
    lab.sends(asked, calls.TreeConnect(share="D"))
    (reply,) = lab.hears(replied("setup-ok-tree-fails", mid=0x80))
    assert isinstance(reply, Reply)
    assert reply.results == (
        calls.SessionReady(uid=0x800, guest=False), Refused(fault=faults.BAD_NETWORK_NAME)
    )  # fmt: skip


def test_an_open_of_a_program() -> None:
    """NT asks for both oplocks at once; the masks are generic read, and read and write."""
    lab = Lab().negotiated()
    asked = calls.Open(
        path="a.txt",
        access=Access.READ,
        share=Access.READ,
        disposition=Disposition.OPEN,
        oplock=Oplock.BATCH,
    )
    (message,) = lab.sends(asked, uid=0x800, tid=0x800)
    assert message.bodies == (
        files.NtCreateRequest(
            flags=0x06, root=0, access=0x120089, allocation=0, attributes=0x80, share=1,
            disposition=1, options=0x40, impersonation=2, security_flags=3, name="\\a.txt",
        ),
    )  # fmt: skip
    assert (message.header.uid, message.header.tid) == (0x800, 0x800)
    (reply,) = lab.hears(replied("nt-create-ok", mid=0x80))
    assert isinstance(reply, Reply)
    ready = calls.OpenReady(fid=0x800, oplock=Oplock.BATCH, size=13, created=False)
    assert reply.results == (ready,)
    both = replace(asked, access=Access.READ | Access.WRITE)
    (message,) = lab.sends(both, uid=0x800, tid=0x800)
    (body,) = message.bodies
    assert isinstance(body, files.NtCreateRequest)
    assert body.access == 0x12019F


@pytest.mark.parametrize(
    ("request_", "body", "reply", "result"),
    [
        (
            calls.Read(fid=0x800, offset=4096, length=4096),
            files.ReadRequest(fid=0x800, offset=4096, octets_max=4096),
            "read-ok",
            calls.ReadData(data=b"hello"),
        ),
        (
            calls.Read(fid=0x800, offset=1 << 32, length=9),
            files.ReadRequest(fid=0x800, offset=1 << 32, octets_max=9, large=True),
            "read-ok",
            calls.ReadData(data=b"hello"),
        ),
        (
            calls.Write(fid=0x800, offset=7, data=b"hello"),
            files.WriteRequest(fid=0x800, offset=7, data=b"hello"),
            "write-ok",
            calls.Written(count=5),
        ),
        (
            calls.Close(fid=0x800),
            files.CloseRequest(fid=0x800, written=0xFFFFFFFF),
            "close-ok",
            calls.Done(),
        ),
        (calls.LogOff(), session.LogoffRequest(), "logoff-ok", calls.Done()),
        (
            calls.Echo(count=1, data=b"ping"),
            session.EchoRequest(count=1, data=b"ping"),
            "echo-ok",
            calls.Echoed(sequence=1, data=b"ping"),
        ),
        (
            calls.Read(fid=0x800, offset=0, length=1),
            files.ReadRequest(fid=0x800, offset=0, octets_max=1),
            "bad-fid-nt",
            Refused(fault=faults.INVALID_HANDLE),
        ),
        (
            calls.Read(fid=0x800, offset=0, length=1),
            files.ReadRequest(fid=0x800, offset=0, octets_max=1),
            "bad-uid-dos",
            Refused(fault=faults.SMB_BAD_UID, as_dos=True),
        ),
    ],
)
def test_a_request_and_its_reply(
    request_: object, body: object, reply: str, result: object
) -> None:
    lab = Lab().negotiated()
    (message,) = lab.sends(request_, uid=0x800, tid=0x800, tag=5)
    assert message.bodies == (body,)
    told = Reply(server="SRV", tag=5, uid=0x800, tid=0x800, results=(result,))
    assert lab.hears(replied(reply, mid=0x80)) == [told]
    assert lab.hears(replied(reply, mid=0x80)) == []
    assert lab.client.dropped == 1


def test_a_status_that_nobody_knows_is_named_by_its_number() -> None:
    lab = Lab().negotiated()
    lab.sends(calls.TreeDisconnect(), uid=0x800, tid=0x800)
    header = replace(EXPECTED["bad-fid-nt"].header, status=0xC0ABCDEF, mid=0x80)
    (reply,) = lab.hears(encode_smb(Smb(header=header, bodies=(EmptyResponse(command=0x71),))))
    assert isinstance(reply, Reply)
    fault = Fault(name="0xC0ABCDEF", nt_status=0xC0ABCDEF, dos_class=0xEF, dos_code=0xC0AB)
    assert reply.results == (Refused(fault=fault),)


def test_a_general_failure_in_the_dos_form_does_not_pretend_to_know_more() -> None:
    """ERRHRD/31 is a licence's refusal, a cancelled request, and others (redirector.md 3.4)."""
    lab = Lab().negotiated()
    lab.sends(calls.Close(fid=1))
    header = replace(EXPECTED["bad-uid-dos"].header, status=0x001F0003, mid=0x80)
    (reply,) = lab.hears(encode_smb(Smb(header=header, bodies=(EmptyResponse(command=4),))))
    assert isinstance(reply, Reply)
    (result,) = reply.results
    assert isinstance(result, Refused)
    assert (result.fault.name, result.as_dos) == ("0x001F0003", True)


def test_replies_come_in_any_order() -> None:
    lab = Lab().negotiated()
    for tag in (1, 2):
        lab.sends(calls.Close(fid=tag), tag=tag)
    tags = [heard.tag for mid in (0xC0, 0x80) for heard in lab.hears(replied("close-ok", mid=mid))
            if isinstance(heard, Reply)]  # fmt: skip
    assert tags == [2, 1]


def test_a_mid_that_is_outstanding_is_not_used_again() -> None:
    """1,023 multiples of 40 (hex) below 10000; the 1,025th request comes round past the first."""
    lab = Lab().up()
    (first,) = lab.sends(calls.Close(fid=1))
    assert first.header.mid == 0x40
    for number in range(1022):
        (message,) = lab.sends(calls.Close(fid=number))
        lab.hears(replied("close-ok", mid=message.header.mid))
    (message,) = lab.sends(calls.Close(fid=1))
    assert message.header.mid == 0x80


def test_an_oplock_break() -> None:
    lab = Lab().negotiated()
    broken = Broken(server="SRV", tid=0x800, fid=0x800, level=Oplock.LEVEL_II)
    assert lab.hears(SMB["oplock-break"]) == [broken]
    acknowledge = calls.OplockBreakAcknowledge(fid=0x800, level=Oplock.LEVEL_II)
    (message,) = lab.sends(acknowledge, uid=0x800, tid=0x800)
    assert message.bodies == (files.LockingRequest(fid=0x800, kind=2, level=1),)
    assert lab.hears(replied("lock-ok", mid=0x80)) == []  # nobody waits for an answer to it


def test_a_circuit_that_breaks_is_told_once() -> None:
    lab = Lab().negotiated()
    lab.sends(calls.Close(fid=1))
    lab.end.lost(lab.wire, "10 retransmissions", s(1))
    assert lab.machine.take() == [CircuitBroke(server="SRV", cause="10 retransmissions")]
    lab.end.ended(lab.wire, "again", s(2))
    assert lab.hears(replied("close-ok", mid=0x80)) == []
    assert lab.sends(calls.Close(fid=1)) == []


def test_a_circuit_that_was_hung_up_is_not_told() -> None:
    lab = Lab().negotiated()
    old = lab.wire
    lab.says(HangUp(server="SRV"))
    assert old.ending == ["closed at 0"]
    lab.says(Dial(server="SRV"))
    lab.end.ended(old, "closed", 1)
    assert lab.machine.take() == []
    lab.end.opened(lab.wire, 2)
    assert lab.machine.take() == [CircuitUp(server="SRV")]
    (message,) = lab.sends(calls.Negotiate())
    assert message.header.mid == 0x40


def test_a_server_without_a_carrier_cannot_be_dialled() -> None:
    lab = Lab()
    lab.says(Dial(server="OTHER"))
    assert lab.machine.take() == [CircuitBroke(server="OTHER", cause="no way to OTHER")]


def test_what_programs_are_told_goes_up() -> None:
    lab = Lab()
    lost = DataLost(server="SRV", path="A", luid=1, octets=5)
    lab.says(lost)
    lab.client.ask(Say((Note("dormant", {"fid": 1}),)), 0)
    assert (lab.programs.told, lab.programs.notes) == ([lost], [Note("dormant", {"fid": 1})])


def test_the_machine_is_woken_when_it_wants() -> None:
    lab = Lab()
    lab.machine.wake = s(5)
    lab.client.hear(Asked("anything"), 0)
    lab.clock.run(s(5) - 1)
    assert lab.machine.take() == ["anything"]
    lab.clock.run(s(5))
    assert lab.machine.take() == [("expired", s(5))]


@pytest.mark.parametrize("name", ["read-ok", "setup-and-tree-ok", "negotiate-none"])
def test_a_reply_to_something_else_is_dropped(name: str) -> None:
    lab = Lab().negotiated()
    lab.sends(calls.Write(fid=1, offset=0, data=b"x"))
    assert lab.hears(replied(name, mid=0x80)) == []
    assert lab.client.dropped == 1


def test_what_bears_anothers_pid_or_no_breaks_mid_is_dropped() -> None:
    lab = Lab().negotiated()
    lab.sends(calls.Close(fid=1))
    header = replace(EXPECTED["close-ok"].header, mid=0x80, pid=1)
    assert lab.hears(encode_smb(replace(EXPECTED["close-ok"], header=header))) == []
    header = replace(EXPECTED["oplock-break"].header, mid=1)
    assert lab.hears(encode_smb(replace(EXPECTED["oplock-break"], header=header))) == []
    assert lab.hears(SMB["lock"]) == []
    assert lab.client.dropped == 3


def test_what_was_under_way_when_a_circuit_was_hung_up_is_not_told() -> None:
    lab = Lab().negotiated()
    lab.sends(calls.Close(fid=1))
    old = lab.wire
    lab.says(HangUp(server="SRV"))
    lab.end.message(old, replied("close-ok", mid=0x80), 0)
    assert (lab.machine.take(), lab.client.dropped) == ([], 0)


def test_a_reply_of_more_parts_than_were_asked_for_is_dropped() -> None:
    lab = Lab().negotiated()
    asked = calls.SetUp(user="ann", standing=calls.Standing.USER, vc_number=0)
    lab.sends(asked)
    assert lab.hears(replied("setup-and-tree-ok", mid=0x80)) == []
    assert lab.client.dropped == 1


def test_an_echo_has_as_many_replies_as_it_asked_for() -> None:
    lab = Lab().negotiated()
    lab.sends(calls.Echo(count=2, data=b"ping"))
    first = lab.hears(replied("echo-ok", mid=0x80))
    last = replace(
        EXPECTED["echo-ok"],
        header=replace(EXPECTED["echo-ok"].header, mid=0x80),
        bodies=(session.EchoResponse(number=2, data=b"ping"),),
    )
    assert (len(first), len(lab.hears(encode_smb(last)))) == (1, 1)
    assert lab.hears(encode_smb(last)) == []


def test_more_data_than_was_asked_for_is_cut() -> None:
    lab = Lab().negotiated()
    lab.sends(calls.Read(fid=1, offset=0, length=3))
    (reply,) = lab.hears(replied("read-ok", mid=0x80))
    assert isinstance(reply, Reply)
    assert reply.results == (calls.ReadData(data=b"hel"),)


def test_an_open_for_nothing_asks_for_attributes() -> None:
    lab = Lab().negotiated()
    (message,) = lab.sends(calls.Open(path="\\a", access=Access.NOTHING))
    (body,) = message.bodies
    assert isinstance(body, files.NtCreateRequest)
    assert (body.access, body.name) == (0x80, "\\a")
