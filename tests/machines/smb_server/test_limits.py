"""Who is refused, with what, and who is let in again (facts/redirector.md 2.4, 3.3, 3.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.smb import faults
from emu.machines.smb.calls import LogOff, Refused, SetUp, Standing, TreeConnect
from emu.machines.smb.faults import Fault
from emu.machines.smb_server import NT4_SERVER, NT4_WORKSTATION, ShareSetting
from emu.machines.smb_server.events import ConnectionBroke, Kind
from emu.machines.smb_server.params import UsersCount
from emu.units import seconds as s

from .parts import Talk, answer, call, ceased, wanted

SCAN = {"scavenger": s(30)}
ZED = SetUp(user="zed", standing=Standing.USER, vc_number=1)
ADMIN = SetUp(user="root", standing=Standing.ADMINISTRATOR, vc_number=1)


def is_refused(
    d: Talk, connection: int, asked: object, fault: Fault, uid: int = 0, **facts: int | str
) -> Talk:
    d.receives(call(connection, asked, uid=uid))
    d.notes("limit", connection=connection, **facts)
    return d.sends(answer(connection, Refused(fault=fault), uid=uid))


def logged_off(d: Talk, connection: int, user: str, uid: int) -> Talk:
    d.receives(call(connection, LogOff(), uid=uid))
    d.delivers(ceased(Kind.SESSION, connection, uid, user, "logged off", uid))
    return d.done(connection, uid=uid)


@pytest.mark.parametrize(
    ("fault", "nt", "dos"),
    [
        (faults.REQUEST_NOT_ACCEPTED, 0xC00000D0, (1, 71)),
        (faults.LICENSE_QUOTA_EXCEEDED, 0xC0000259, (3, 31)),
        (faults.TOO_MANY_SESSIONS, 0xC00000CE, (1, 69)),
        (faults.TOO_MANY_SESSIONS_MS_CIFS, 0xC00000CE, (2, 90)),
        (faults.SMB_BAD_UID, 0x005B0002, (2, 91)),
        (faults.SMB_BAD_TID, 0x00050002, (2, 5)),
        (faults.INVALID_HANDLE, 0xC0000008, (1, 6)),
        (faults.INSUFF_SERVER_RESOURCES, 0xC0000205, (1, 8)),
    ],
)
def test_the_error_table(fault: Fault, nt: int, dos: tuple[int, int]) -> None:
    assert (fault.nt_status, (fault.dos_class, fault.dos_code)) == (nt, dos)


def test_a_workstation_admits_ten_sessions() -> None:
    """From however many machines: here nine users of one and one of another."""
    d = Talk(NT4_WORKSTATION).connected(1).connected(2, "WS2").log_on(2, "bob", 0x800)
    for uid in range(0x800, 0x809):
        d.log_on(1, "ann", uid)
    is_refused(d, 1, ZED, faults.REQUEST_NOT_ACCEPTED, rule="Users")
    is_refused(d, 2, ADMIN, faults.REQUEST_NOT_ACCEPTED, rule="Users")
    logged_off(d, 1, "ann", 0x803).log_on(2, "zed", 0x801)
    is_refused(d, 1, ZED, faults.REQUEST_NOT_ACCEPTED, rule="Users")
    d.counts(10, 0).armed(SCAN)


def test_a_workstation_admits_ten_machines_if_these_count() -> None:
    params = replace(NT4_WORKSTATION, users_count=UsersCount.MACHINES)
    d = Talk(params)
    for connection in range(1, 11):
        d.connected(connection, f"WS{connection}").log_on(connection, "ann", 0x800)
    d.log_on(1, "bob", 0x801)  # its machine counts already
    d.connected(11, "WS11")
    is_refused(d, 11, ZED, faults.REQUEST_NOT_ACCEPTED, rule="Users")
    logged_off(d, 1, "ann", 0x800)
    is_refused(d, 11, ZED, faults.REQUEST_NOT_ACCEPTED, rule="Users")
    logged_off(d, 1, "bob", 0x801)
    d.log_on(11, "zed", 0x800).counts(10, 0).armed(SCAN)


def test_a_server_has_no_such_limit() -> None:
    d = Talk().connected(1)
    for uid in range(0x800, 0x820):
        d.log_on(1, "ann", uid)
    d.counts(32, 0).armed(SCAN)


def test_a_broken_circuit_gives_its_places_back() -> None:
    d = Talk(replace(NT4_SERVER, users_max=1)).connected(1).log_on(1, "ann", 0x800)
    d.connected(2, "WS2")
    is_refused(d, 2, ZED, faults.REQUEST_NOT_ACCEPTED, rule="Users")
    d.asked(ConnectionBroke(connection=1, cause="reset"))
    d.delivers(ceased(Kind.SESSION, 1, 0x800, "ann", "reset", 0x800))
    d.delivers(ceased(Kind.CONNECTION, 1, 1, "WS1", "reset"))
    d.log_on(2, "zed", 0x800).counts(1, 0).armed(SCAN)


@pytest.mark.parametrize(
    ("is_1395", "fault"),
    [(False, faults.REQUEST_NOT_ACCEPTED), (True, faults.LICENSE_QUOTA_EXCEEDED)],
)
def test_licences_run_out_but_not_for_administrators(is_1395: bool, fault: Fault) -> None:
    """Q130933: and who drops then cannot return, until the administrator has left."""
    params = replace(NT4_SERVER, licences=2, licence_refusal_is_1395=is_1395)
    d = Talk(params).connected(1).log_on(1, "ann", 0x800).log_on(1, "bob", 0x801)
    facts = {"rule": "Per Server licences", "event": 202}
    is_refused(d, 1, ZED, fault, **facts)
    d.log_on(1, "root", 0x802, standing=Standing.ADMINISTRATOR)
    logged_off(d, 1, "ann", 0x800)
    is_refused(d, 1, ZED, fault, **facts)
    logged_off(d, 1, "root", 0x802).log_on(1, "zed", 0x800).counts(2, 0).armed(SCAN)


@pytest.mark.parametrize(
    ("ms_cifs", "fault"),
    [(False, faults.TOO_MANY_SESSIONS), (True, faults.TOO_MANY_SESSIONS_MS_CIFS)],
)
def test_a_full_uid_table(ms_cifs: bool, fault: Fault) -> None:
    """2048 a circuit: the last UID is 0xFFF, and another circuit is not concerned."""
    d = Talk(replace(NT4_SERVER, too_many_sessions_is_ms_cifs=ms_cifs)).connected(1)
    for uid in range(0x800, 0x1000):
        d.log_on(1, "ann", uid)
    is_refused(d, 1, ADMIN, fault, rule="SessUsers", event=2009, detail=0x3EB)
    d.connected(2, "WS2").log_on(2, "zed", 0x800)
    logged_off(d, 1, "ann", 0xABC).log_on(1, "zed", 0xABC).counts(2049, 0).armed(SCAN)


def test_full_tree_and_file_tables() -> None:
    """2048 opens is what 11 bits of a FID can name (Q190162)."""
    many = tuple(f"F{number}" for number in range(64))
    shares = (ShareSetting(name="DATA", files=dict.fromkeys(many, b"")),)
    d = Talk(shares=shares).connected(1).log_on(1, "ann", 0x800)
    for tid in range(0x800, 0x1000):
        d.tree(1, 0x800, tid)
    no_room = faults.INSUFF_SERVER_RESOURCES
    asked = TreeConnect(share="DATA")
    is_refused(d, 1, asked, no_room, 0x800, rule="SessConns", event=2009, detail=0x3EC)
    for fid in range(0x800, 0x1000):
        d.opened(1, 0x800, 0x801, fid, wanted(many[fid % 64]), size=0)
    d.receives(call(1, wanted("F1"), uid=0x800, tid=0x801))
    d.notes("limit", connection=1, rule="SessOpens", event=2009, detail=0x3E9)
    d.sends(answer(1, Refused(fault=no_room), uid=0x800, tid=0x801)).armed(SCAN)


def test_a_share_counts_tree_connects_not_users() -> None:
    """MS-SRVS 3.1.6.6; TWO has room for two."""
    d = Talk().connected(1).connected(2, "WS2").log_on(1, "ann", 0x800).log_on(2, "bob", 0x800)
    d.tree(1, 0x800, 0x800, "TWO").tree(1, 0x800, 0x801, "TWO").tree(2, 0x800, 0x800)
    full, asked = faults.REQUEST_NOT_ACCEPTED, TreeConnect(share="two")
    is_refused(d, 2, asked, full, 0x800, rule="share user limit")
    d.receives(call(1, LogOff(), uid=0x800))
    for tid in (0x800, 0x801):
        d.delivers(ceased(Kind.TREE, 1, tid, "TWO", "logged off", 0x800))
    d.delivers(ceased(Kind.SESSION, 1, 0x800, "ann", "logged off", 0x800)).done(1, uid=0x800)
    d.tree(2, 0x800, 0x801, "TWO").counts(1, 0).armed(SCAN)
