"""SMB on IPX: where CID and sequence stand, and which requests are answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.errors import PeerProtocolError
from emu.pdu.smb.direct import DirectSmb, sequence_after
from emu.pdu.smb.header import SmbHeader
from emu.wire.smb.direct import decode_direct, encode_direct

#: Frame 43 of real capture 02 (T3), behind the IPX header: CID 0102, sequence 12.
ECHO = bytes.fromhex(
    "ff534d42 2b 00000000 00 0000 0000 00000000 0201 0c00 0000 00d0 0032 0000 c103"
    "01 0100 0700 0448656c6c6f00"
)
#: LOCKING_ANDX by hand (facts/redirector.md 4.3): 8 words, FID 0800, kind, level 0, no timeout.
LOCKING = "ff534d42 24 00000000 08 03c0 0000 {zeros} 0008 0000 0008 4000 08 ff 00 0000 0008"
LOCKING = LOCKING.format(zeros="00" * 10)
RELEASE = bytes.fromhex(LOCKING + "02 00 00000000 0000 0000 0000")
UNLOCK = bytes.fromhex(
    LOCKING + "02 00 00000000 0100 0000 0a00 feca 00000000 01000000"
)  # fmt: skip
PLAIN = bytes.fromhex(LOCKING + "00 00 00000000 0000 0000 0000")


def test_the_numbers_of_a_real_echo() -> None:
    message = decode_direct(ECHO)
    assert (message.command, message.header.cid, message.header.sequence) == (0x2B, 0x0102, 12)
    assert message.is_answered and message.octets == ECHO
    assert encode_direct(message) == ECHO


def test_numbers_are_written_over_what_stands_there_and_nothing_else() -> None:
    message = decode_direct(ECHO)
    header = replace(message.header, cid=0xABCD, sequence=0x1234, mid=99)
    expected = ECHO[:18] + bytes.fromhex("cdab3412") + ECHO[22:]
    assert encode_direct(replace(message, header=header)) == expected


def test_nothing_but_a_header_is_a_reply_without_words() -> None:
    header = SmbHeader(status=0x0010_0002, flags=0x98, flags2=0x8001, cid=3, sequence=4, mid=5)
    message = DirectSmb(header=header, command=0x2B, octets=b"", is_answered=False)
    assert encode_direct(message) == bytes.fromhex(
        "ff534d42 2b 02001000 98 0180 0000 00000000 0300 0400 0000 0000 0000 0000 0500 00 0000"
    )


@pytest.mark.parametrize(
    ("octets", "is_answered"),
    [
        (ECHO, True),
        (RELEASE, False),
        (UNLOCK, True),
        (PLAIN, True),
        (RELEASE[:40], True),
        (ECHO[:4] + b"\xa4" + ECHO[5:], False),
        (ECHO[:9] + b"\x80" + ECHO[10:], False),
    ],
    ids=["echo", "release", "release that unlocks", "lock", "cut off", "cancel", "reply"],
)
def test_who_is_answered(octets: bytes, is_answered: bool) -> None:
    assert decode_direct(octets).is_answered is is_answered


@pytest.mark.parametrize("octets", [b"", ECHO[:31], b"\xfeSMB" + ECHO[4:]])
def test_no_header(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_direct(octets)


def test_1_follows_the_highest_number() -> None:
    assert [sequence_after(each) for each in (0, 1, 0xFFFE, 0xFFFF)] == [1, 2, 0xFFFF, 1]
