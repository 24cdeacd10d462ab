"""Files: collapsing opens, dormant ones, write-behind, oplocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.errors import LocalProtocolError
from emu.machines.base import Asked
from emu.machines.redirector import NT4_SP6A, RedirectorParams
from emu.machines.redirector.requests import DataLost
from emu.machines.smb.calls import Access
from emu.machines.smb_server.administration import FileClose, SessionDel
from emu.units import seconds as s

from .office import BOTH, FILES, SERVER, Client, Office


def working(params: RedirectorParams = NT4_SP6A, *, phase_ns: int = 0) -> Client:
    client = Office().client(params, phase_ns=phase_ns)
    client.log_on(1)
    client.connect(1)
    client.sent.clear()
    return client


def on_disk(client: Client, path: str = "A.TXT") -> bytes:
    return bytes(client.office.server.book.shares["DATA"].files[path].content)


# Collapsing.
def test_an_open_that_fits_needs_no_wire() -> None:
    """2.1: two FOBXs on one SRV_OPEN; only the last close counts."""
    client = working()
    client.open(1, 1)
    assert client.wire() == ["Open 800/800"]
    assert client.open(1, 2, "a.txt").status == 0
    assert client.wire() == []
    assert [each.references for each in client.server.opens] == [2]
    client.close(1)
    assert client.read(2).data == b"alpha"


@pytest.mark.parametrize(("access", "sharing"), [(BOTH, BOTH), (Access.READ, Access.READ)])
def test_an_open_that_does_not_fit_goes_to_the_server(access: Access, sharing: Access) -> None:
    client = working()
    client.open(1, 1)
    client.sent.clear()
    client.open(1, 2, access=access, sharing=sharing)
    assert client.wire()[0] == "Open 800/800"


def test_who_would_share_with_nobody_does_not_share_with_himself() -> None:
    client = working()
    assert client.open(1, 1, access=BOTH, sharing=Access.NOTHING).status == 0
    assert client.open(1, 2, access=BOTH, sharing=Access.NOTHING).status == 0xC0000043


def test_another_user_never_collapses() -> None:
    client = working()
    client.open(1, 1)
    client.log_on(2)
    client.sent.clear()
    client.open(2, 2)
    assert client.wire() == [
        "SetUp+TreeConnect 0/0",
        "Open 801/801",
        "OplockBreakAcknowledge 800/800 800",
    ]


# Dormancy.
@pytest.mark.parametrize(
    ("phase_s", "closed_s", "until_s"),
    [(0, 0, 20), (0, 10, 20), (0, 10.5, 40), (5, 0, 25), (5, 15, 25), (19, 9, 19)],
)
def test_a_closed_file_is_dormant_for_10_to_30_seconds(
    phase_s: int, closed_s: float, until_s: int
) -> None:
    """2.3: CacheFileTimeout, and then the next look: beats at phase + 20 s each."""
    client = working(phase_ns=s(phase_s))
    client.open(1, 1)
    client.office.until(s(closed_s))
    client.close(1)
    client.sent.clear()
    client.office.until(s(until_s) - 1)
    assert client.wire() == []
    assert [each.is_dormant for each in client.server.opens] == [True]
    client.office.until(s(until_s))
    assert client.wire() == ["Close 800/800 800"]


def test_a_dormant_file_is_opened_again_without_wire() -> None:
    client = working()
    client.open(1, 1)
    client.close(1)
    client.office.until(s(19))
    client.sent.clear()
    assert client.open(1, 2).status == 0
    client.office.until(s(100))
    assert client.wire() == []
    assert [each.is_dormant for each in client.server.opens] == [False]


def test_without_oplock_and_buffering_a_close_is_a_close() -> None:
    plain = replace(NT4_SP6A, use_oplocks=False, buffer_deny_write=False, buffer_read_only=False)
    client = working(plain)
    client.open(1, 1)
    client.close(1)
    assert client.wire() == ["Open 800/800", "Close 800/800 800"]


@pytest.mark.parametrize(
    ("name", "access", "sharing"),
    [
        ("buffer_deny_write", BOTH, Access.READ),
        ("buffer_read_only", Access.READ, BOTH),
    ],
)
def test_buffered_opens_are_dormant_without_an_oplock(
    name: str, access: Access, sharing: Access
) -> None:
    """2.1 (I): deny-write and read-only ones; one switch each."""
    none = {"use_oplocks": False, "buffer_deny_write": False, "buffer_read_only": False}
    client = working(replace(NT4_SP6A, **{**none, name: True}))
    client.open(1, 1, access=access, sharing=sharing)
    client.close(1)
    assert [each.is_dormant for each in client.server.opens] == [True]
    without = working(replace(NT4_SP6A, **none))
    without.open(1, 1, access=access, sharing=sharing)
    without.close(1)
    assert without.server.opens == ()


def test_at_most_so_many_files_of_a_server_are_dormant() -> None:
    """2.2, D6: the count is a server's; the next one is closed at once."""
    client = working(replace(NT4_SP6A, dormant_limit=2))
    for handle, path in enumerate(FILES):
        client.open(1, handle, path)
    client.sent.clear()
    for handle in range(3):
        client.close(handle)
    assert client.wire() == ["Close 800/800 802"]
    assert [each.is_dormant for each in client.server.opens] == [True, True]


def test_an_oplock_break_is_answered_by_closing_what_is_dormant() -> None:
    """2.1: another computer wants the file, and has it at once."""
    client = working()
    client.open(1, 1, access=BOTH)
    client.close(1)
    other = client.office.client(NT4_SP6A, "WS2")
    other.log_on(2)
    client.sent.clear()
    assert other.open(2, 1, access=BOTH, sharing=Access.NOTHING).status == 0
    assert client.wire() == ["Close 800/800 800"]


def test_a_sharing_violation_closes_what_is_dormant_and_tries_once_more() -> None:
    """2.2: no oplock here, so the server cannot ask; another user's dormant file counts too."""
    client = working(replace(NT4_SP6A, use_oplocks=False))
    client.open(1, 1, sharing=Access.READ)
    client.close(1)
    client.log_on(2)
    client.connect(2)
    client.sent.clear()
    assert client.open(2, 2, access=BOTH).status == 0
    assert client.wire() == ["Open 801/801", "Close 800/800 800", "Open 801/801"]


def test_a_sharing_violation_is_tried_again_only_once_and_only_then() -> None:
    client = working(replace(NT4_SP6A, use_oplocks=False))
    other = client.office.client(NT4_SP6A, "WS2")
    other.log_on(2)
    other.open(2, 2, access=Access.READ, sharing=Access.READ)
    client.sent.clear()
    assert client.open(1, 1, access=BOTH).status == 0xC0000043
    assert client.wire() == ["Open 800/800"]
    client.open(1, 2, "OTHER.DLL")
    client.close(2)
    client.sent.clear()
    assert client.open(1, 1, access=BOTH).status == 0xC0000043
    assert client.wire() == ["Open 800/800", "Close 800/800 800", "Open 800/800"]


# Write-behind.
def writing(params: RedirectorParams = NT4_SP6A) -> Client:
    client = working(params)
    client.open(1, 1, access=BOTH)
    assert client.write(1, b"ALPHA and more").status == 0
    return client


def test_what_is_written_under_a_batch_oplock_stays_for_a_while() -> None:
    client = writing()
    client.sent.clear()
    client.office.until(s(5) - 1)
    assert (client.wire(), on_disk(client)) == ([], b"alpha")
    client.office.until(s(5))
    assert client.wire() == ["Write 800/800 800"]
    assert on_disk(client) == b"ALPHA and more"
    client.office.until(s(60))
    assert client.wire() == [], "once is enough"


@pytest.mark.parametrize("how", ["close", "read", "log off", "open elsewhere"])
def test_what_is_written_is_told_before_anybody_can_look(how: str) -> None:
    client = writing()
    client.sent.clear()
    match how:
        case "close":
            client.close(1)
        case "read":
            assert client.read(1).data == b"ALPHA and more"
        case "log off":
            client.log_off(1)
        case _:
            other = client.office.client(NT4_SP6A, "WS2")
            other.log_on(2)
            other.open(2, 1)
            assert other.read(1).data == b"ALPHA and more"
    assert client.wire()[0] == "Write 800/800 800"
    assert client.lost == []


def test_without_write_behind_or_oplock_a_write_is_told_at_once() -> None:
    client = writing(replace(NT4_SP6A, write_behind=False))
    assert on_disk(client) == b"ALPHA and more"
    client = writing(replace(NT4_SP6A, use_oplocks=False))
    assert on_disk(client) == b"ALPHA and more"


def test_long_reads_and_writes_go_in_pieces() -> None:
    client = working(replace(NT4_SP6A, read_max=1000, write_max=900, write_behind=False))
    client.open(1, 1, access=BOTH)
    client.sent.clear()
    client.write(1, bytes(2000))
    assert client.wire() == ["Write 800/800 800"] * 3
    assert client.read(1, length=1500).data == bytes(1500)
    assert client.wire() == ["Read 800/800 800"] * 2


@pytest.mark.parametrize("how", ["cut", "net session /delete", "net file /close"])
def test_octets_that_were_not_told_are_lost_and_counted(how: str) -> None:
    """3.2: "net session \\\\client /delete", data loss possible."""
    client = writing()
    office = client.office
    match how:
        case "cut":
            office.cut(client)
        case "net file /close":
            office.step(None, Asked(FileClose(by_administrator=True, file_id=1)))
        case _:
            office.step(None, Asked(SessionDel(by_administrator=True, client="\\\\WS1")))
    office.until(s(5))
    assert client.lost == [DataLost(server=SERVER, path="A.TXT", luid=1, octets=14)]
    assert on_disk(client) == b"alpha"
    told = client.read(1)
    assert told.status == 0xC00000C9
    assert client.close(1).status == 0


def test_a_users_session_deleted_alone_is_set_up_again() -> None:
    """The circuit lives; the next request learns it, and the one after that works."""
    client = working()
    client.office.step(None, Asked(SessionDel(by_administrator=True, user="user1")))
    assert client.open(1, 1).status == 0xC00000C4
    client.sent.clear()
    assert client.open(1, 1).status == 0
    assert client.wire() == ["SetUp+TreeConnect 0/0", "Open 800/800"]


# Misuse.
def test_what_is_not_there_cannot_be_used() -> None:
    client = working()
    client.open(1, 1)
    before = client.redirector.view()
    for wrong in (
        lambda: client.log_on(1),
        lambda: client.log_off(9),
        lambda: client.open(9, 9),
        lambda: client.open(1, 1),
        lambda: client.close(9),
        lambda: client.map(9, 9),
        lambda: client.touch(9),
        lambda: client.unmap(9),
    ):
        with pytest.raises(LocalProtocolError):
            wrong()
    assert client.redirector.view() == before
