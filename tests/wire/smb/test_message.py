"""SMB1 messages: golden vectors, chains, round trips, and what is refused or stays octets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.smb.files import ReadRequest, ReadResponse, WriteRequest
from emu.pdu.smb.header import dos_class_and_code, dos_status
from emu.pdu.smb.message import EmptyResponse, Smb, SmbBlock
from emu.pdu.smb.session import (
    CAP_EXTENDED_SECURITY,
    LogoffRequest,
    NegotiateRequest,
    NegotiateResponse,
    SessionSetupRequest,
    TreeConnectRequest,
    TreeConnectResponse,
    TreeDisconnectRequest,
)
from emu.wire.smb.message import decode_smb, dissect_smb, encode_smb, meaning_of
from tests.wire.smb.values import ASCII_UP, DOWN, EXPECTED, OPEN, SMB, UP, messages
from tests.wire.strategies import thorough


@pytest.mark.parametrize("name", EXPECTED)
def test_the_vectors(name: str) -> None:
    assert decode_smb(SMB[name]) == EXPECTED[name]
    assert dissect_smb(SMB[name]) == EXPECTED[name]
    assert encode_smb(EXPECTED[name]) == SMB[name]


def test_every_vector_is_expected() -> None:
    assert set(SMB) == set(EXPECTED)


def test_a_dos_status_and_the_bad_uid_of_nt_are_the_same_octets() -> None:
    """facts/redirector.md 3.4, byte note: only the bit 4000 of Flags2 differs."""
    assert dos_status(2, 91) == 0x005B0002
    assert dos_class_and_code(0x005B0002) == (2, 91)
    header = EXPECTED["bad-uid-dos"].header
    assert not header.has_nt_status
    assert SMB["bad-uid-dos"][5:9] == bytes.fromhex("02005b00")
    assert EXPECTED["bad-fid-nt"].header.has_nt_status


@thorough
@given(message=messages())
def test_round_trip(message: Smb) -> None:
    octets = encode_smb(message)
    assert decode_smb(octets) == message
    assert dissect_smb(octets) == message


@thorough
@given(message=messages(), at=st.integers(0, 10_000), octet=st.integers(0, 255))
def test_octets_changed_anywhere_are_refused_or_rebuilt(message: Smb, at: int, octet: int) -> None:
    octets = bytearray(encode_smb(message))
    octets[at % len(octets)] = octet
    changed = bytes(octets)
    try:
        decode_smb(changed)
    except PeerProtocolError as error:
        assert str(error)
    try:
        dissected = dissect_smb(changed)
    except PeerProtocolError:
        return
    assert encode_smb(dissected) == changed


@pytest.mark.parametrize("name", EXPECTED)
def test_a_vector_cut_anywhere_is_refused(name: str) -> None:
    """Every message says in its counts how long it is."""
    for end in range(len(SMB[name])):
        with pytest.raises(PeerProtocolError):
            decode_smb(SMB[name][:end])


def changed(name: str, at: int, octets: str) -> bytes:
    """A vector with other octets from ``at`` on."""
    new = bytes.fromhex(octets)
    return SMB[name][:at] + new + SMB[name][at + len(new) :]


#: Offset of the first words: behind the header and their count.
WORDS = 33


@pytest.mark.parametrize(
    ("name", "at", "octets"),
    [
        ("setup-and-tree", WORDS + 2, "2000"),
        ("setup-and-tree", WORDS + 2, "8900"),
        ("setup-and-tree", WORDS + 2, "ffff"),
        ("setup-and-tree", 0x8A, "ff"),
        ("setup-and-tree", WORDS + 14, "ff00"),
        ("read-ok", WORDS + 12, "3a00"),
        ("read-ok", WORDS + 12, "3d00"),
        ("read-ok", WORDS + 14, "01000000"),
        ("write", WORDS + 22, "4100"),
        ("write", WORDS + 18, "0100"),
        ("lock", WORDS + 14, "0200"),
        ("negotiate", 35, "03"),
        ("transact-pipe", WORDS + 26, "03"),
        ("transact-pipe", WORDS + 24, "5500"),
        ("find-first", WORDS + 20, "4000"),
        ("nt-create", WORDS + 5, "ff00"),
    ],
    ids=[
        "link to the chain's own start", "link into its own block", "link past the end",
        "second block's words past the end", "proof longer than the octets",
        "data before the octets", "data past the end", "more data by the upper half",
        "written data past the end", "more written data by the upper half", "too few ranges",
        "no 02 before a dialect", "setup longer than the words", "transaction past the end",
        "parameters in the words", "name longer than the octets",
    ],
)  # fmt: skip
def test_what_a_hostile_peer_may_write_is_refused(name: str, at: int, octets: str) -> None:
    hostile = changed(name, at, octets)
    assert hostile != SMB[name]
    with pytest.raises(PeerProtocolError):
        decode_smb(hostile)


def test_a_chain_that_points_at_itself_ends() -> None:
    """Forty links to one place: the second one is refused, in no time."""
    logoffs = Smb(header=UP, bodies=(LogoffRequest(), LogoffRequest(), LogoffRequest()))
    octets = bytearray(encode_smb(logoffs))
    octets[WORDS + 7 + 2 : WORDS + 7 + 4] = (32 + 7).to_bytes(2, "little")
    with pytest.raises(PeerProtocolError, match="next block"):
        decode_smb(bytes(octets))


def test_pads_may_hold_anything() -> None:
    """The pad before the data of a READ's reply, and before Unicode."""
    dirty = changed("read-ok", 59, "ee")
    assert decode_smb(dirty) == EXPECTED["read-ok"]
    (block,) = dissect_smb(dirty).bodies
    assert isinstance(block, SmbBlock)
    assert encode_smb(dissect_smb(dirty)) == dirty
    assert meaning_of(DOWN, block) == ReadResponse(data=b"hello")
    assert decode_smb(changed("nt-create", 83, "ee")) == EXPECTED["nt-create"]


def test_the_last_text_may_lack_its_zero() -> None:
    octets = bytearray(SMB["open"][:-2])
    octets[WORDS + 30] = 5
    assert decode_smb(bytes(octets)) == EXPECTED["open"]


def test_a_link_of_none_may_have_an_offset() -> None:
    """Windows and Samba write where the next block would be (real captures 26, 27)."""
    octets = changed("read", WORDS, "ff00 3300")
    assert decode_smb(octets) == EXPECTED["read"]
    assert encode_smb(dissect_smb(octets)) == octets


def test_octets_behind_the_message_are_passed_over_and_kept() -> None:
    octets = SMB["close"] + b"more"
    assert decode_smb(octets) == EXPECTED["close"]
    assert dissect_smb(octets).bodies == (
        SmbBlock(command=4, words=bytes.fromhex("0008 ffffffff"), data=b"", after=b"more"),
    )
    assert encode_smb(dissect_smb(octets)) == octets


def test_a_gap_in_a_chain_is_kept() -> None:
    """A sender that aligns the second block; what is before the gap stays octets."""
    octets = SMB["setup-and-tree"]
    gap = octets[:0x8A] + b"\0\0" + octets[0x8A:]
    moved = gap[: WORDS + 2] + b"\x8c\0" + gap[WORDS + 4 :]
    assert decode_smb(moved).bodies == EXPECTED["setup-and-tree"].bodies
    first, second = dissect_smb(moved).bodies
    assert isinstance(first, SmbBlock)
    assert first.after == b"\0\0"
    assert isinstance(second, TreeConnectRequest)
    assert encode_smb(dissect_smb(moved)) == moved


def test_what_is_not_known_stays_octets() -> None:
    """Search of the core protocol, and READ with five words."""
    for command, words in ((0x81, bytes(4)), (0x2E, b"\xff" + bytes(9))):
        block = SmbBlock(command=command, words=words, data=b"\x04x\0")
        message = Smb(header=UP, bodies=(block,))
        assert decode_smb(encode_smb(message)) == message


def test_unicode_starts_even_and_ascii_anywhere() -> None:
    """65 is the first octet behind the 15 words of an OPEN."""
    assert SMB["open"][63:66] == bytes.fromhex("0700 00")
    assert SMB["open-ascii"][63:66] == bytes.fromhex("0300 5c")


def test_the_negotiated_names_follow_the_capability() -> None:
    """facts/redirector.md 4.4: whatever Flags2 says."""
    (body,) = EXPECTED["negotiate-ok"].bodies
    assert isinstance(body, NegotiateResponse)
    plain = replace(body, capabilities=0x43F9, server="S")
    octets = encode_smb(Smb(header=DOWN, bodies=(plain,)))
    assert octets.endswith(b"LAB\0S\0")
    assert decode_smb(octets).bodies == (plain,)


@pytest.mark.parametrize(
    "message",
    [
        Smb(header=UP, bodies=()),
        Smb(header=DOWN, bodies=(OPEN,)),
        Smb(header=UP, bodies=(EmptyResponse(command=4),)),
        Smb(header=UP, bodies=(TreeDisconnectRequest(), LogoffRequest())),
        Smb(header=DOWN, bodies=(EmptyResponse(command=0x73), EmptyResponse(command=0x75))),
        Smb(header=UP, bodies=(replace(OPEN, name="a\0b"),)),
        Smb(header=ASCII_UP, bodies=(replace(OPEN, name="\u20ac"),)),
        Smb(header=UP, bodies=(ReadRequest(fid=1, offset=1 << 32, octets_max=1),)),
        Smb(header=UP, bodies=(ReadRequest(fid=0x10000, offset=0, octets_max=1),)),
        Smb(header=UP, bodies=(NegotiateRequest(dialects=("\u20ac",)),)),
        Smb(header=DOWN, bodies=(
            TreeConnectResponse(optional=0, service="A:", file_system="", access=1),
        )),
        Smb(header=UP, bodies=(SmbBlock(command=1, words=b"odd", data=b""),)),
        Smb(header=replace(UP, mid=0x10000), bodies=(LogoffRequest(),)),
        Smb(header=UP, bodies=(WriteRequest(fid=1, offset=0, data=bytes(0x10000)),)),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_our_own_fault(message: Smb) -> None:
    with pytest.raises(LocalProtocolError):
        encode_smb(message)


def test_extended_security_stays_octets() -> None:
    """NT 4 has none (facts/redirector.md 6.2): seen in captures, never written."""
    (body,) = EXPECTED["negotiate-ok"].bodies
    assert isinstance(body, NegotiateResponse)
    with pytest.raises(LocalProtocolError, match="extended"):
        extended = replace(body, capabilities=CAP_EXTENDED_SECURITY)
        encode_smb(Smb(header=DOWN, bodies=(extended,)))
    octets = changed("negotiate-ok", WORDS + 19, "fd4300 80")
    with pytest.raises(PeerProtocolError, match="extended"):
        decode_smb(octets)
    assert isinstance(dissect_smb(octets).bodies[0], SmbBlock)
    assert encode_smb(dissect_smb(octets)) == octets


def test_the_real_figures_of_nt_4() -> None:
    """facts/redirector.md 4.3: Q163632; 13 words, 24 and 24 octets of proof, VC 0."""
    setup = EXPECTED["setup-and-tree"].bodies[0]
    assert isinstance(setup, SessionSetupRequest)
    assert (setup.buffer_max, setup.mpx_max, setup.vc_number) == (0x1104, 50, 0)
    assert (len(setup.lm), len(setup.nt), setup.capabilities) == (24, 24, 0xD4)
