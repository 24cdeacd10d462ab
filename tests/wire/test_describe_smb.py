"""SMB and its session service in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.pdu.nbss import NbssError, NbssKeepalive, NbssNegative, NbssPdu, NbssRetarget
from emu.pdu.smb.files import OpenRequest
from emu.pdu.smb.message import Smb, SmbBlock
from emu.pdu.smb.session import NegotiateCoreResponse
from emu.wire.describe_smb import describe_nbss, describe_smb, smb_words
from emu.wire.frame import describe, dissect, rebuild, summary
from emu.wire.nbss import encode_nbss
from emu.wire.smb.message import encode_smb
from tests.wire.smb.carriers import CARRIERS
from tests.wire.smb.values import EXPECTED, OPEN, SMB, UP

EARLY = "TID FFFF, UID 0000, MID 64"
IDS = "TID 0800, UID 0800, MID 64"
WORDS = {
    "negotiate": f"negotiate request, {EARLY}: PC NETWORK PROGRAM 1.0, NT LM 0.12",
    "negotiate-ok": f"negotiate response, {EARLY}: dialect 7, domain LAB",
    "negotiate-none": f"negotiate response, {EARLY}: no dialect",
    "setup-and-tree": (
        f"session set-up AndX + tree connect AndX request, {EARLY}: LAB\\ann, VC 0; \\\\S\\D"
    ),
    "setup-and-tree-ok": f"session set-up AndX + tree connect AndX response, {IDS}: A:",
    "setup-ok-tree-fails": (
        "session set-up AndX + tree connect AndX response, TID 0000, UID 0800, MID 64, "
        "status C00000CC"
    ),
    "nt-create": f"NT create AndX request, {IDS}: \\a.txt",
    "nt-create-ok": f"NT create AndX response, {IDS}: FID 0800, batch oplock, 13 octets",
    "open": f"open AndX request, {IDS}: \\a",
    "open-ok": f"open AndX response, {IDS}: FID 0801, 13 octets",
    "read": f"read AndX request, {IDS}: FID 0800, 4096 octets at 4294971392",
    "read-ok": f"read AndX response, {IDS}: 5 octets",
    "write": f"write AndX request, {IDS}: FID 0800, 5 octets at 0",
    "write-ok": f"write AndX response, {IDS}: 5 octets",
    "close": f"close request, {IDS}: FID 0800",
    "close-ok": f"close response, {IDS}",
    "tree-disconnect": f"tree disconnect request, {IDS}",
    "logoff": f"log-off AndX request, {IDS}",
    "echo": f"echo request, {EARLY}: 1 wanted, 4 octets",
    "echo-ok": f"echo response, {EARLY}: number 1, 4 octets",
    "oplock-break": (
        "locking AndX request, TID 0800, UID 0000, MID FFFF: FID 0800, oplock break to level II"
    ),
    "lock": f"locking AndX request, {IDS}: FID 0800, 1 unlocked, 1 locked",
    "transact-pipe": (f"transaction request, {IDS}: \\PIPE\\, 0 octets of parameters, 4 of data"),
    "find-first": (f"transaction2 request, {IDS}: find first2, 18 octets of parameters, 0 of data"),
    "find-first-ok": f"transaction2 response, {IDS}: 10 octets of parameters, 96 of data",
    "find-close": f"find close2 request, {IDS}: search 0800",
    "bad-uid-dos": f"read AndX response, {IDS}, error ERRSRV/91",
    "bad-fid-nt": f"read AndX response, {IDS}, status C0000008",
    "echo-ipx": f"echo request, {EARLY}, CID 0003 sequence 5: 1 wanted, 7 octets",
}


@pytest.mark.parametrize("name", WORDS)
def test_the_vectors_in_words(name: str) -> None:
    assert describe_smb(EXPECTED[name]) == f"SMB {WORDS[name]}"
    assert smb_words(SMB[name]) == f"SMB {WORDS[name]}"


def test_what_is_not_known_is_counted() -> None:
    block = SmbBlock(command=0x81, words=bytes(4), data=b"abc")
    assert describe_smb(Smb(header=UP, bodies=(block,))) == f"SMB search request, {IDS}: 7 octets"
    other = replace(block, command=0x77, words=b"", data=b"")
    assert describe_smb(Smb(header=UP, bodies=(other,))) == f"SMB command 77 request, {IDS}"


def test_a_block_with_a_dirty_pad_still_says_what_it_is() -> None:
    octets = SMB["read-ok"][:59] + b"\xee" + SMB["read-ok"][60:]
    assert smb_words(octets) == f"SMB read AndX response, {IDS}: 5 octets"


def test_a_name_cannot_break_the_line() -> None:
    name: OpenRequest = replace(OPEN, name="a\r\nb\x1b[1m")
    words = smb_words(encode_smb(Smb(header=UP, bodies=(name,))))
    assert words == f"SMB open AndX request, {IDS}: a\\x0d\\x0ab\\x1b[1m"


def test_other_octets_have_no_words() -> None:
    assert smb_words(b"") is None
    assert smb_words(b"\xffSMB") is None
    assert smb_words(SMB["setup-and-tree"][:40]) is None


def test_other_negotiated_dialects() -> None:
    header = EXPECTED["negotiate-none"].header
    message = Smb(header=header, bodies=(NegotiateCoreResponse(index=3),))
    assert describe_smb(message) == f"SMB negotiate response, {EARLY}: dialect 3"


@pytest.mark.parametrize(
    ("pdu", "words"),
    [
        (NbssNegative(error=NbssError.NO_RESOURCES), "negative response, no resources"),
        (NbssNegative(error=0x99), "negative response, error 99"),
        (NbssRetarget(address=bytes((10, 0, 0, 3)), port=1139), "retarget to 10.0.0.3:1139"),
        (NbssKeepalive(), "keepalive"),
    ],
)
def test_the_session_service(pdu: NbssPdu, words: str) -> None:
    assert describe_nbss(encode_nbss(pdu)) == f"NBSS {words}"
    assert describe_nbss(encode_nbss(pdu) * 2) == f"NBSS {words}; NBSS {words}"


def test_half_a_packet_and_no_packet_have_no_words() -> None:
    assert describe_nbss(b"\x85\0\0") is None
    assert describe_nbss(b"GET / HTTP/1.0") is None


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_carrier_says_what_it_carries(carrier: str) -> None:
    """In the layers and in the summary; and the frame is rebuilt."""
    frame = CARRIERS[carrier]([(True, EXPECTED["close"])])[-1]
    numbers = ", CID 0003 sequence 1" if carrier == "direct IPX" else ""
    words = f"SMB close request, {IDS}{numbers}: FID 0800"
    assert describe(frame)[-1].endswith(words)
    assert summary(frame).endswith(words)
    assert rebuild(dissect(frame)) == frame


def test_on_direct_ipx_the_message_is_a_layer() -> None:
    frame = CARRIERS["direct IPX"]([(True, EXPECTED["close"])])[0]
    header = replace(EXPECTED["close"].header, cid=3, sequence=1)
    assert dissect(frame)[-1] == replace(EXPECTED["close"], header=header)
