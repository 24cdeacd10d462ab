"""tshark judges our SMB over all four carriers: what each message is, and nothing malformed."""

from __future__ import annotations

import pytest

from emu.pdu.nbss import NbssError, NbssKeepalive, NbssNegative, NbssRetarget
from emu.wire.nbss import encode_nbss
from tests.wire.outside import Tshark
from tests.wire.smb.carriers import CARRIERS, Talk, over_tcp
from tests.wire.smb.values import EXPECTED

pytestmark = pytest.mark.slow

#: One life of a session; each reply after its request, as tshark pairs them.
STORY = (
    "negotiate", "negotiate-ok", "setup-and-tree", "setup-and-tree-ok", "nt-create",
    "nt-create-ok", "open", "open-ok", "read", "read-ok", "read-10-words", "read-ok", "write",
    "write-ok", "write-12-words", "write-ok", "lock", "lock-ok", "lock-large", "lock-ok", "echo",
    "echo-ok", "find-first", "find-first-ok", "find-close", "oplock-break", "close", "close-ok",
    "transact-pipe", "tree-disconnect", "logoff", "logoff-ok", "read", "bad-uid-dos", "read",
    "bad-fid-nt", "open-ascii", "negotiate-none",
)  # fmt: skip
#: tshark's own words; a second message in a chain is behind the semicolon.
LABELS = {
    "negotiate": "Negotiate Protocol Request",
    "negotiate-ok": "Negotiate Protocol Response",
    "negotiate-none": "Negotiate Protocol Response",
    "setup-and-tree": r"Session Setup AndX Request, User: LAB\ann; Tree Connect AndX, Path: \\S\D",
    "setup-and-tree-ok": "Session Setup AndX Response; Tree Connect AndX",
    "nt-create": r"NT Create AndX Request, Path: \a.txt",
    "nt-create-ok": "NT Create AndX Response, FID: 0x0800",
    "open": r"Open AndX Request, Path: \a",
    "open-ok": "Open AndX Response, FID: 0x0801",
    "open-ascii": r"Open AndX Request, Path: \a",
    "read": "Read AndX Request, FID: 0x0800, 4096 bytes at offset 4294971392",
    "read-10-words": "Read AndX Request, FID: 0x0800, 4096 bytes at offset 4096",
    "read-ok": "Read AndX Response, FID: 0x0800, 5 bytes",
    "write": "Write AndX Request, FID: 0x0800, 5 bytes at offset 0",
    "write-12-words": "Write AndX Request, FID: 0x0800, 5 bytes at offset 0",
    "write-ok": "Write AndX Response, FID: 0x0800, 5 bytes",
    "lock": "Locking AndX Request, FID: 0x0800",
    "lock-large": "Locking AndX Request, FID: 0x0800",
    "lock-ok": "Locking AndX Response, FID: 0x0800",
    "oplock-break": "Locking AndX Request, FID: 0x0800",
    "echo": "Echo Request",
    "echo-ok": "Echo Response",
    "find-first": r"Trans2 Request, FIND_FIRST2, Pattern: \*",
    "find-first-ok": "Trans2 Response, FIND_FIRST2, Files: a",
    "find-close": "Find Close2 Request",
    "close": "Close Request, FID: 0x0800",
    "close-ok": "Close Response, FID: 0x0800",
    "transact-pipe": "TransactNmPipe Request, FID: 0x0800",
    "tree-disconnect": "Tree Disconnect Request",
    "logoff": "Logoff AndX Request",
    "logoff-ok": "Logoff AndX Response",
    "bad-uid-dos": "Read AndX Response, FID: 0x0800, Error: Bad userid",
    "bad-fid-nt": "Read AndX Response, FID: 0x0800, Error: STATUS_INVALID_HANDLE",
}
INFO, EXPERT, MALFORMED = "_ws.col.Info", "_ws.expert.message", "_ws.malformed"
#: Opening a connection is told as a remark by tshark, and is none.
REMARKS = {
    "Connection establish request (SYN): server port 139",
    "Connection establish acknowledge (SYN+ACK): server port 139",
}


def talk() -> Talk:
    """A break comes from the server though it is no reply."""
    for name in STORY:
        message = EXPECTED[name]
        yield not (message.header.is_reply or name == "oplock-break"), message


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_message_is_named_and_none_is_malformed(tshark: Tshark, carrier: str) -> None:
    rows = tshark.fields(CARRIERS[carrier](talk()), INFO, EXPERT, MALFORMED)
    for row in rows:
        assert (row[EXPERT] if row[EXPERT] not in REMARKS else "", row[MALFORMED]) == ("", ""), row
    assert [row[INFO] for row in rows[-len(STORY) :]] == [LABELS[name] for name in STORY]


def test_the_session_service_is_named(tshark: Tshark) -> None:
    rows = tshark.fields(CARRIERS["TCP 139"](()), INFO)
    assert [row[INFO] for row in rows[3:]] == [
        "Session request, to SERVER01<20> from CLIENT01<00>",
        "Positive session response",
    ]


def test_the_other_packets_of_the_session_service(tshark: Tshark) -> None:
    """Each in a segment of its own, behind the handshake."""
    packets = [
        NbssNegative(error=NbssError.NO_RESOURCES),
        NbssRetarget(address=bytes((10, 0, 0, 3)), port=1139),
        NbssKeepalive(),
    ]
    frames = over_tcp((), extra=[encode_nbss(packet) for packet in packets])
    names = ("nbss.type", "nbss.error_code", "nbss.retarget_ip_address", "nbss.retarget_port")
    rows = tshark.fields(frames, MALFORMED, *names)[-3:]
    assert [tuple(row.values()) for row in rows] == [
        ("", "0x83", "0x83", "", ""),
        ("", "0x84", "", "10.0.0.3", "1139"),
        ("", "0x85", "", "", ""),
    ]


def test_the_header_on_ipx(tshark: Tshark) -> None:
    """facts/ipx.md 1.11: key and sequence lie where elsewhere the signature is.

    The CID between them has no field of its own in tshark 4.0; the golden vector has it.
    """
    frames = CARRIERS["direct IPX"]([(True, EXPECTED["echo-ipx"])] * 3)
    names = ("smb.key", "smb.sequence_num", "smb.group_id", "smb.echo.data")
    rows = tshark.fields(frames, MALFORMED, *names)
    assert [tuple(row.values()) for row in rows] == [
        ("", "0x12345678", number, "0", "0448656c6c6f00") for number in ("1", "1", "2")
    ]
