"""``net use`` and ``net use /d``: what an explicit disconnect must not take from a program."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.redirector import NT4_SP3, NT4_SP4, NT4_SP6A
from emu.machines.smb_server import ShareSetting

from .office import FILES, Client, Office

IN_USE, NOT_CONNECTED = 2404, 2250


def running(**rules: bool) -> Client:
    """A program runs from the UNC path; its file's handle is closed."""
    client = Office().client(replace(NT4_SP6A, **rules))
    client.log_on(1)
    client.connect(1)
    client.open(1, 1, "TOOL.DLL")
    client.map(1, 1)
    client.close(1)
    client.sent.clear()
    return client


def test_q172530_before_the_running_program_gets_an_in_page_error() -> None:
    client = running(q172530=False)
    assert client.disconnect(1).status == 0
    assert client.wire() == ["TreeDisconnect 800/800"]
    told = client.touch(1, 0)
    assert (told.status, told.why) == (
        0xC0000006,
        "READ as UID 0x800, FID 0x800: SMB_BAD_TID",
    )
    assert client.wire() == ["Read 800/800 800"]


def test_q172530_after_the_disconnect_is_refused_as_in_use() -> None:
    client = running()
    told = client.disconnect(1)
    assert (told.status, told.why) == (IN_USE, "a program runs from it")
    assert client.touch(1, 0).status == 0
    assert client.unmap(1).status == 0
    client.sent.clear()
    assert client.disconnect(1).status == 0
    assert client.wire() == ["Close 800/800 800", "TreeDisconnect 800/800"]


@pytest.mark.parametrize("is_cured", [False, True])
def test_open_handles_were_always_looked_for(is_cured: bool) -> None:
    client = Office().client(replace(NT4_SP6A, q172530=is_cured))
    client.log_on(1)
    client.open(1, 1)
    client.sent.clear()
    assert client.disconnect(1).status == IN_USE
    assert client.wire() == []


def drive_and_unc() -> Client:
    """The same user maps X: and opens a file by its UNC name: one TID."""
    client = Office().client(NT4_SP3)
    client.log_on(1)
    client.connect(1, drive="X:")
    client.open(1, 1)
    assert [each.tid for each in client.server.trees] == [0x800]
    client.sent.clear()
    return client


def test_q179873_before_a_drives_disconnect_closes_the_unc_files() -> None:
    client = drive_and_unc()
    assert client.disconnect(1, drive="X:").status == 0
    assert client.wire() == ["TreeDisconnect 800/800"]
    assert client.read(1).status == 0xC00000C9
    assert client.close(1).status == 0
    assert client.wire() == []


def test_q179873_after_the_tree_lives_until_both_are_gone() -> None:
    client = Office().client(NT4_SP4)
    client.log_on(1)
    client.connect(1, drive="x:")
    client.open(1, 1)
    client.sent.clear()
    assert client.disconnect(1, drive="X:").status == 0
    assert client.wire() == []
    assert client.read(1).data == b"alpha"
    client.sent.clear()
    assert client.close(1).status == 0
    assert client.wire() == ["Close 800/800 800", "TreeDisconnect 800/800"]


def test_a_tree_that_is_connected_again_stays() -> None:
    client = Office().client(NT4_SP4)
    client.log_on(1)
    client.connect(1, drive="X:")
    client.open(1, 1)
    client.disconnect(1, drive="X:")
    client.connect(1, drive="Y:")
    client.sent.clear()
    client.close(1)
    assert client.wire() == [], "dormant, as ever"


def test_another_drive_letter_keeps_the_tree() -> None:
    client = Office().client(NT4_SP3)
    client.log_on(1)
    client.connect(1, drive="X:")
    client.connect(1, drive="Y:")
    client.sent.clear()
    assert client.disconnect(1, drive="X:").status == 0
    assert client.wire() == []
    assert client.disconnect(1, drive="Y:").status == 0
    assert client.wire() == ["TreeDisconnect 800/800"]


def test_q214563_sp4_refuses_for_what_the_cache_refers_to() -> None:
    """Closed a moment ago, hence dormant; when that is over it works."""
    client = Office().client(NT4_SP4)
    client.log_on(1)
    client.connect(1, drive="X:")
    client.open(1, 1, drive="X:")
    client.close(1)
    assert client.disconnect(1, drive="X:").status == IN_USE
    client.office.until(20_000_000_000)
    client.sent.clear()
    assert client.disconnect(1, drive="X:").status == 0
    assert client.wire() == ["TreeDisconnect 800/800"]


def test_q214563_sp5_closes_the_dormant_file_first() -> None:
    client = Office().client(NT4_SP6A)
    client.log_on(1)
    client.connect(1, drive="X:")
    client.open(1, 1, drive="X:")
    client.close(1)
    client.sent.clear()
    assert client.disconnect(1, drive="X:").status == 0
    assert client.wire() == ["Close 800/800 800", "TreeDisconnect 800/800"]


def test_what_is_not_connected_cannot_be_disconnected() -> None:
    client = Office().client(NT4_SP6A)
    client.log_on(1)
    assert client.disconnect(1).status == NOT_CONNECTED
    client.connect(1)
    assert client.disconnect(1, drive="X:").status == NOT_CONNECTED
    assert client.disconnect(1, share="TWO").status == NOT_CONNECTED


def test_a_second_share_needs_a_tree_connect_alone_and_a_second_user_his_own_uid() -> None:
    """1.2: NEGOTIATE once, one VC, a UID a logon session, a TID a V_NET_ROOT."""
    shares = tuple(ShareSetting(name=name, files=FILES) for name in ("DATA", "TWO"))
    client = Office(shares).client(NT4_SP6A)
    for luid in (1, 2):
        client.log_on(luid)
        assert client.wire() == []
        client.connect(luid, "DATA")
        client.connect(luid, "TWO")
        client.connect(luid, "data", drive="X:")
        dialled = ["Negotiate 0/0"] if luid == 1 else []
        assert client.wire() == [
            *dialled,
            "SetUp+TreeConnect 0/0",
            f"TreeConnect {0x7FF + luid:x}/0",
        ]
    assert [each.uid for each in client.server.sessions] == [0x800, 0x801]
    assert [each.tid for each in client.server.trees] == [0x800, 0x801, 0x802, 0x803]


def test_a_refused_share_leaves_the_session() -> None:
    client = Office().client(NT4_SP6A)
    client.log_on(1)
    told = client.connect(1, "NONE")
    assert (told.status, told.why) == (0xC00000CC, "BAD_NETWORK_NAME")
    assert client.connect(1).status == 0
    assert client.wire()[-1] == "TreeConnect 800/0"
