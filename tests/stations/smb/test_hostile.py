"""Nothing a peer sends brings an end down, is answered twice, or takes memory without bound."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emu.machines.base import Transmit
from emu.machines.redirector.requests import Exchange, Reply
from emu.machines.smb import calls
from emu.pdu.smb import files, session
from emu.pdu.smb.message import Smb
from emu.units import seconds as s
from emu.wire.smb.message import decode_smb, encode_smb
from tests.stations.smb.parts import Say, ServerLab, Wire
from tests.stations.smb.test_client import Lab
from tests.stations.smb.test_server import changed, logged_on, opened, set_up
from tests.wire.smb.values import EXPECTED, SMB, UP, messages

#: Numbers that live, numbers next to them, and numbers that nobody has.
numbers = st.sampled_from((0, 0x7FF, 0x800, 0x801, 0xFFFF))
#: A reply is as long as the longest message or shorter.
OCTETS_MAX = 0xFFFF


@st.composite
def living(draw: st.DrawFn) -> bytes:
    """Any well-formed message, often under numbers that live."""
    message = draw(messages())
    header = replace(message.header, uid=draw(numbers), tid=draw(numbers))
    return encode_smb(replace(message, header=header))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A vector with some octets changed, or cut."""
    octets = bytearray(SMB[draw(st.sampled_from(sorted(SMB)))])
    for _ in range(draw(st.integers(1, 3))):
        octets[draw(st.integers(0, len(octets) - 1))] = draw(st.integers(0, 255))
    return bytes(octets[: draw(st.integers(0, len(octets)))])


octets_of_a_peer = st.one_of(living(), damaged(), st.sampled_from(sorted(SMB.values())))


@settings(max_examples=100, deadline=None)
@given(script=st.lists(st.tuples(st.booleans(), octets_of_a_peer), max_size=25))
def test_a_server_outlives_its_clients(script: list[tuple[bool, bytes]]) -> None:
    """Two circuits, one with a session and an open file.

    Every reply can be read, is no longer than a message, and bears the MID and PID of the
    request; what comes unasked is an oplock break, or the answer to an open that waited.
    """
    lab = ServerLab()
    wires = (logged_on(lab), lab.circuit(2, Wire(serial=2, caller="WS2")))
    opened(lab, wires[0])
    for at, (first, octets) in enumerate(script):
        wire = wires[0] if first else wires[1]
        lab.user.message(wire, octets, lab.clock.now)
        for each in wires:
            for sent in each.sent:
                assert len(sent) <= OCTETS_MAX
                reply = decode_smb(sent)
                assert reply.header.is_reply or reply.header.mid == 0xFFFF
            each.sent.clear()
        lab.clock.run(s(at))
    held = sum(len(line.chains) for line in lines(lab))
    assert held <= len(wires) * (50 + 1)
    lab.clock.run(s(10_000))
    for wire in wires:
        lab.user.lost(wire, "unplugged", lab.clock.now)
    assert lines(lab) == []
    assert (lab.machine.statistics.sessions_open, lab.machine.statistics.files_open) == (0, 0)


def lines(lab: ServerLab) -> list[Any]:
    """What the service keeps of its circuits."""
    return list(vars(lab.service)["_lines"].values())


@settings(max_examples=60, deadline=None)
@given(script=st.lists(octets_of_a_peer, max_size=10), mid=st.sampled_from((0x80, 0xC0, 0x100)))
def test_a_client_outlives_its_server(script: list[bytes], mid: int) -> None:
    """Of three requests outstanding, no more than three are answered."""
    lab = Lab().negotiated()
    for tag, request in enumerate(
        (
            calls.Read(fid=0x800, offset=0, length=10_000),
            calls.FindFirst(pattern="*", count=10),
            calls.SetUp(user="ann", standing=calls.Standing.USER, vc_number=0),
        )
    ):
        exchange = Exchange(server="SRV", tag=tag, uid=0x800, tid=0x800, requests=(request,))
        lab.client.ask(Say((Transmit(exchange),)), 0)
    tags: list[int] = []
    for octets in script:
        patched = bytearray(octets)
        if len(patched) >= 32:
            patched[26:28], patched[30:32] = b"\xfe\xca", mid.to_bytes(2, "little")
        for each in (octets, bytes(patched)):
            lab.end.message(lab.wire, each, 0)
            tags += [heard.tag for heard in lab.machine.take() if isinstance(heard, Reply)]
    assert len(tags) == len(set(tags)) <= 3


def test_a_chain_of_reads_is_no_longer_than_the_client_has_room_for() -> None:
    """Eight reads of 65,535 octets each in one message: the reply has 4,356."""
    lab = ServerLab()
    wire = logged_on(lab)
    opened(lab, wire, name="\\BIG")
    read = files.ReadRequest(fid=0x800, offset=0, octets_max=0xFFFF)
    (sent,) = lab.raw(wire, encode_smb(Smb(header=UP, bodies=(read,) * 8)))
    assert len(decode_smb(sent).bodies) == 8
    # Each further part costs its 27 octets of words and counts, with or without data.
    assert 4296 <= len(sent) <= 4356 + 7 * 30


def test_a_client_that_claims_all_the_room_there_is() -> None:
    """MaxBuffer is a word, so a reply of 65,535 octets at the most."""
    lab = ServerLab()
    wire = lab.circuit()
    lab.says(wire, SMB["negotiate"])
    lab.says(wire, set_up(buffer_max=0xFFFF))
    opened(lab, wire, name="\\BIG")
    read = files.ReadRequest(fid=0x800, offset=0, octets_max=0xFFFF)
    (sent,) = lab.raw(wire, encode_smb(Smb(header=UP, bodies=(read,) * 8)))
    reply = decode_smb(sent)
    assert (reply.header.status, len(reply.bodies)) == (0, 8)
    assert 60_000 <= len(sent) <= OCTETS_MAX


def test_a_name_that_the_code_page_cannot_write_is_an_error() -> None:
    """Made in Unicode, looked for in ASCII."""
    lab = ServerLab()
    wire = logged_on(lab)
    create = changed(EXPECTED["nt-create"].bodies[0], name="\\\u4e00", disposition=2)
    (reply,) = lab.says(wire, encode_smb(Smb(header=UP, bodies=(create,))))
    assert reply.header.status == 0
    (find,) = EXPECTED["find-first"].bodies
    asked = changed(find, parameters=bytes.fromhex("1600 0002 0600 0401 00000000 2a00"))
    header = replace(UP, flags2=0)
    (reply,) = lab.says(wire, encode_smb(Smb(header=header, bodies=(asked,))))
    assert reply.header.status == 0x00080001  # ERRDOS/8


def test_echoes_leave_nothing_behind() -> None:
    lab = ServerLab()
    wire = logged_on(lab)
    for _ in range(100):
        echo = session.EchoRequest(count=60_000, data=b"x" * 1000)
        lab.says(wire, encode_smb(Smb(header=UP, bodies=(echo,))))
    assert [len(line.chains) for line in lines(lab)] == [1]
