"""What TRANSACTION2 carries: vectors, round trips, hostile links."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.smb.transaction import (
    LEVEL_FILE_ALL,
    LEVEL_FIND_BOTH_DIRECTORY,
    LEVEL_FS_FULL_SIZE,
    DirectoryEntry,
    FileAll,
    FindFirstRequest,
    FindFirstResponse,
    FindNextRequest,
    FindNextResponse,
    FsFullSize,
    QueryFileRequest,
    QueryFsRequest,
    QueryPathRequest,
    ReferralRequest,
    Trans2,
    Trans2Request,
)
from emu.wire.smb.trans2 import (
    decode_entries,
    decode_file_all,
    decode_found_first,
    decode_found_next,
    decode_fs_full_size,
    decode_trans2,
    encode_entries,
    encode_file_all,
    encode_found,
    encode_fs_full_size,
    encode_trans2,
)
from tests.wire import strategies as of
from tests.wire.smb.values import ENTRY, ascii_texts, quads, wide_texts
from tests.wire.strategies import thorough
from tests.wire.vectors import load

TRANS2 = load("smb_trans2")
REQUESTS: dict[str, tuple[Trans2, Trans2Request]] = {
    "find-first": (Trans2.FIND_FIRST2, FindFirstRequest(
        attributes=0x16, count=512, flags=6, level=LEVEL_FIND_BOTH_DIRECTORY, pattern="\\*"
    )),
    "find-next": (Trans2.FIND_NEXT2, FindNextRequest(
        sid=0x800, count=512, level=LEVEL_FIND_BOTH_DIRECTORY, resume_key=1, flags=6, name="a"
    )),
    "query-fs": (Trans2.QUERY_FS_INFORMATION, QueryFsRequest(level=LEVEL_FS_FULL_SIZE)),
    "query-path": (Trans2.QUERY_PATH_INFORMATION, QueryPathRequest(
        level=LEVEL_FILE_ALL, name="\\a"
    )),
    "query-file": (Trans2.QUERY_FILE_INFORMATION, QueryFileRequest(
        fid=0x800, level=LEVEL_FILE_ALL
    )),
    "referral": (Trans2.GET_DFS_REFERRAL, ReferralRequest(level_max=3, path="\\S\\D")),
}  # fmt: skip
LONG = replace(ENTRY, name="long", short_name="ABC")
FOUND = FindFirstResponse(sid=0x800, count=1, end=1, last_name_at=0)
NEXT = FindNextResponse(count=1, end=1, last_name_at=0)
ALL = FileAll(
    name="\\a", created=1, accessed=2, written=3, changed=4, size=13, allocation=4096,
    attributes=0x80, directory=True,
)  # fmt: skip
VOLUME = FsFullSize(
    total=65536, available_to_caller=32768, available=16384, sectors=8, sector_octets=512
)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_parameters_of_requests(name: str) -> None:
    subcommand, request = REQUESTS[name]
    assert encode_trans2(request, unicode=True) == (subcommand, TRANS2[name])
    assert decode_trans2((subcommand,), TRANS2[name], unicode=True) == request


def test_the_parameters_of_answers() -> None:
    assert encode_found(FOUND) == TRANS2["found-first"]
    assert decode_found_first(TRANS2["found-first"]) == FOUND
    assert encode_found(NEXT) == TRANS2["found-next"]
    assert decode_found_next(TRANS2["found-next"]) == NEXT


def test_the_information() -> None:
    """94 octets and a name of 2 need no pad to a multiple of 8."""
    assert encode_entries((ENTRY, LONG), unicode=True) == TRANS2["entries"]
    assert decode_entries(TRANS2["entries"], unicode=True) == (ENTRY, LONG)
    assert encode_file_all(ALL, unicode=True) == TRANS2["file-all"]
    assert decode_file_all(TRANS2["file-all"], unicode=True) == ALL
    assert encode_fs_full_size(VOLUME) == TRANS2["fs-full-size"]
    assert decode_fs_full_size(TRANS2["fs-full-size"]) == VOLUME


def test_entries_begin_at_multiples_of_eight() -> None:
    octets = encode_entries((LONG, LONG), unicode=True)
    assert octets[:4] == bytes.fromhex("68000000")  # 94 + 8 + 2
    assert len(octets) == 104 + 102
    assert decode_entries(octets, unicode=True) == (LONG, LONG)
    assert decode_entries(b"", unicode=True) == ()


texts = st.shared(st.booleans(), key="unicode").flatmap(
    lambda unicode: wide_texts if unicode else ascii_texts
)
unicodes = st.shared(st.booleans(), key="unicode")
times = dict.fromkeys(("created", "accessed", "written", "changed"), quads)
entries = st.builds(
    DirectoryEntry, name=texts, **times, size=quads, allocation=quads, attributes=of.long_word,
    short_name=st.text("ABC~1", max_size=12), ea_octets=of.long_word, index=of.long_word,
)  # fmt: skip


@thorough
@given(found=st.lists(entries, max_size=4).map(tuple), unicode=unicodes)
def test_entries_round_trip(found: tuple[DirectoryEntry, ...], unicode: bool) -> None:
    assert decode_entries(encode_entries(found, unicode=unicode), unicode=unicode) == found


@thorough
@given(octets=st.binary(max_size=120), start=st.sampled_from(list(TRANS2.values())))
def test_any_octets_are_read_or_are_the_peers_fault(octets: bytes, start: bytes) -> None:
    readers = [
        *(lambda o, s=setup: decode_trans2((s,), o, unicode=True) for setup in range(0x11)),
        lambda o: decode_entries(o, unicode=True),
        lambda o: decode_file_all(o, unicode=False),
        decode_found_first,
        decode_found_next,
        decode_fs_full_size,
    ]
    for candidate in (octets, start + octets, start[: len(octets)]):
        for read in readers:
            try:
                read(candidate)
            except PeerProtocolError as error:
                assert str(error)


@pytest.mark.parametrize(
    ("at", "octets"),
    [(0, "04000000"), (0, "5d000000"), (0, "ffffff7f"), (60, "ff000000"), (68, "19")],
    ids=["link to itself", "link into itself", "link past the end", "name", "short name"],
)
def test_hostile_entries_are_refused(at: int, octets: str) -> None:
    hostile = bytearray(TRANS2["entries"])
    hostile[at : at + len(octets) // 2] = bytes.fromhex(octets)
    with pytest.raises(PeerProtocolError):
        decode_entries(bytes(hostile), unicode=True)


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(PeerProtocolError, match="not known"):
        decode_trans2((0x0D,), b"", unicode=True)
    with pytest.raises(PeerProtocolError, match="not known"):
        decode_trans2((), b"", unicode=True)
    with pytest.raises(LocalProtocolError, match="short name"):
        encode_entries((replace(ENTRY, short_name="x" * 13),), unicode=True)
