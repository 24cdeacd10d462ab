"""Connections, sessions, trees, and what each ending takes with it (facts/redirector.md 1.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.errors import LocalProtocolError
from emu.machines.base import Asked, Received, Transmit
from emu.machines.smb import faults
from emu.machines.smb.calls import (
    Close,
    Echo,
    Echoed,
    LogOff,
    Negotiate,
    Negotiated,
    Oplock,
    Read,
    ReadData,
    Refused,
    SessionReady,
    SetUp,
    Standing,
    TreeConnect,
    TreeDisconnect,
    Write,
    Written,
)
from emu.machines.smb_server import NT4_SERVER
from emu.machines.smb_server.desk import ON_CONNECTION, ON_SESSION
from emu.machines.smb_server.events import Connected, ConnectionBroke, Dropped, Kind
from emu.machines.smb_server.on_tree import ON_TREE
from emu.machines.smb_server.params import BadUid, VcZero
from emu.machines.smb_server.server import ASKED
from emu.units import seconds as s

from .parts import BOTH, Talk, answer, began, call, ceased, wanted

SCAN = {"scavenger": s(30)}
USER = SetUp(user="ann", standing=Standing.USER, vc_number=1)


def two_users(params=NT4_SERVER) -> Talk:
    """Ann's tree, and two users' opens in it, on one circuit."""
    d = Talk(params).connected(1).log_on(1, "ann", 0x800).tree(1, 0x800, 0x800)
    d.opened(1, 0x800, 0x800, 0x800, wanted("TOOL.DLL"), size=5)
    d.log_on(1, "bob", 0x801)
    return d.opened(1, 0x801, 0x800, 0x801, wanted("A.TXT"), size=5).counts(2, 2)


def gone(kind: Kind, number: int, what: str, uid: int, cause: str):
    return ceased(kind, 1, number, what, cause, uid)


def test_numbers_start_at_800_on_every_circuit() -> None:
    """Q139608 for the first, Q184998 for the second circuit."""
    d = Talk().connected(1).log_on(1, "ann", 0x800).tree(1, 0x800, 0x800)
    d.opened(1, 0x800, 0x800, 0x800, wanted("A.TXT"), size=5)
    d.connected(2, "WS2").log_on(2, "bob", 0x800).tree(2, 0x800, 0x800)
    d.opened(2, 0x800, 0x800, 0x800, wanted("TOOL.DLL"), size=5)
    d.asks(1, Read(fid=0x800, offset=1, length=9), ReadData(data=b"lpha"), uid=0x800, tid=0x800)
    d.asks(2, Read(fid=0x800, offset=0, length=3), ReadData(data=b"ima"), uid=0x800, tid=0x800)
    d.armed(SCAN)


def test_the_lowest_free_number_is_given_again() -> None:
    """So that a stale FID names another file: Q184998's trap."""
    d = Talk().connected(1).log_on(1, "ann", 0x800).tree(1, 0x800, 0x800)
    for fid in (0x800, 0x801, 0x802):
        d.opened(1, 0x800, 0x800, fid, wanted("A.TXT"), size=5)
    for fid in (0x801, 0x800):
        d.receives(call(1, Close(fid=fid), uid=0x800, tid=0x800))
        d.delivers(gone(Kind.OPEN, fid, "A.TXT", 0x800, "closed")).done(1, uid=0x800, tid=0x800)
    d.opened(1, 0x800, 0x800, 0x800, wanted("B.TXT"), size=4)
    d.asks(1, Read(fid=0x800, offset=0, length=9), ReadData(data=b"beta"), uid=0x800, tid=0x800)
    d.counts(1, 2).armed(SCAN)


def test_log_off_closes_the_users_files_and_trees_and_nobody_elses_session() -> None:
    """MS-CIFS's D4: Bob's file goes with Ann's tree, Bob's session stays."""
    d = two_users()
    d.receives(call(1, LogOff(), uid=0x800))
    d.delivers(
        gone(Kind.OPEN, 0x800, "TOOL.DLL", 0x800, "logged off"),
        gone(Kind.OPEN, 0x801, "A.TXT", 0x801, "logged off"),
        gone(Kind.TREE, 0x800, "DATA", 0x800, "logged off"),
        gone(Kind.SESSION, 0x800, "ann", 0x800, "logged off"),
    ).done(1, uid=0x800)
    d.refused(1, TreeConnect(share="DATA"), faults.SMB_BAD_UID, uid=0x800)
    d.refused(1, Read(fid=0x801, offset=0, length=1), faults.SMB_BAD_TID, uid=0x801, tid=0x800)
    d.tree(1, 0x801, 0x800).counts(1, 0).armed(SCAN)


def test_a_tree_may_outlive_who_made_it() -> None:
    """As Samba does (facts/redirector.md 6.3), step by step."""
    d = two_users(replace(NT4_SERVER, logoff_frees_trees=False))
    d.receives(call(1, LogOff(), uid=0x800))
    d.delivers(
        gone(Kind.OPEN, 0x800, "TOOL.DLL", 0x800, "logged off"),
        gone(Kind.SESSION, 0x800, "ann", 0x800, "logged off"),
    ).done(1, uid=0x800)
    at = {"uid": 0x801, "tid": 0x800}
    d.asks(1, Read(fid=0x801, offset=0, length=2), ReadData(data=b"al"), **at)
    d.refused(1, Close(fid=0x800), faults.INVALID_HANDLE, **at)
    d.counts(1, 1)
    d.asked(ConnectionBroke(connection=1, cause="power")).delivers(
        gone(Kind.OPEN, 0x801, "A.TXT", 0x801, "power"),
        gone(Kind.TREE, 0x800, "DATA", 0x800, "power"),
        gone(Kind.SESSION, 0x801, "bob", 0x801, "power"),
        ceased(Kind.CONNECTION, 1, 1, "WS1", "power"),
    )
    d.counts(0, 0).armed({})


def test_tree_disconnect_closes_every_file_under_it() -> None:
    d = two_users()
    d.receives(call(1, TreeDisconnect(), uid=0x801, tid=0x800))
    d.delivers(
        gone(Kind.OPEN, 0x800, "TOOL.DLL", 0x800, "disconnected"),
        gone(Kind.OPEN, 0x801, "A.TXT", 0x801, "disconnected"),
        gone(Kind.TREE, 0x800, "DATA", 0x800, "disconnected"),
    ).done(1, uid=0x801, tid=0x800)
    d.refused(1, TreeDisconnect(), faults.SMB_BAD_TID, uid=0x800, tid=0x800)
    d.counts(2, 0).armed(SCAN)


@pytest.mark.parametrize(
    ("how", "nt", "dos", "as_dos"),
    [
        (BadUid.NEGOTIATED, 0x005B0002, 0x005B0002, False),
        (BadUid.DOS, 0x005B0002, 0x005B0002, True),
        (BadUid.SESSION_DELETED, 0xC0000203, 0x005B0002, False),
    ],
)
def test_a_bad_uid_in_its_forms(how: BadUid, nt: int, dos: int, as_dos: bool) -> None:
    """ERRSRV/91 is 0x005B0002 octet for octet: the byte note of facts/redirector.md 3.4."""
    d = Talk(replace(NT4_SERVER, bad_uid=how)).connected(1).log_on(1, "ann", 0x800)
    for uid in (0, 0x801, 0xFFFE):
        (told,) = d.server.step(Received(call(1, LogOff(), uid=uid)), 0)
        assert isinstance(told, Transmit)
        result = told.pdu.result
        assert isinstance(result, Refused)
        assert (result.fault.nt_status, result.fault.dos_status) == (nt, dos)
        assert result.as_dos is as_dos
    d.counts(1, 0).armed(SCAN)


def test_a_fid_of_somebody_else_is_a_bad_handle() -> None:
    """Not even on the same circuit, nor through another tree of one's own."""
    d = two_users().tree(1, 0x801, 0x801)
    bad = faults.INVALID_HANDLE
    for request in (Read(fid=0x800, offset=0, length=1), Close(fid=0x800)):
        d.refused(1, request, bad, uid=0x801, tid=0x800)
    d.refused(1, Write(fid=0x800, offset=0, data=b"x"), bad, uid=0x801, tid=0x800)
    d.refused(1, Read(fid=0x801, offset=0, length=1), bad, uid=0x801, tid=0x801)
    d.refused(1, Read(fid=0x802, offset=0, length=1), bad, uid=0x801, tid=0x801)
    d.counts(2, 2).armed(SCAN)


def test_nothing_goes_before_negotiate_and_negotiate_goes_once() -> None:
    d = Talk()
    about = Connected(connection=1, client="WS1", address="", transport="nbf")
    d.asked(about).delivers(began(Kind.CONNECTION, 1, 1, "WS1"))
    for kind in (*ON_CONNECTION, *ON_SESSION, *ON_TREE):
        if kind is not Negotiate:
            request = object.__new__(kind)
            d.refused(1, request, faults.INVALID_SMB)
    d.refused(1, "no request at all", faults.INVALID_SMB)
    d.asks(1, Negotiate(), Negotiated(max_mpx=50, max_vcs=1))
    d.refused(1, Negotiate(), faults.INVALID_SMB)
    d.refused(1, "no request at all", faults.INVALID_SMB).armed(SCAN)


def test_every_row_has_a_citation() -> None:
    rows = [*ON_CONNECTION.values(), *ON_SESSION.values(), *ON_TREE.values(), *ASKED.values()]
    assert len(rows) == 20
    assert all(row.citation.startswith("redirector.md ") for row in rows)


def test_what_is_not_asked_for_is_an_error_of_ours() -> None:
    d = Talk().connected(1)
    again = Connected(connection=1, client="WS2", address="", transport="nbf")
    before = d.server.book.connections[1]
    for stimulus in (Asked("nonsense"), Received("nonsense"), Asked(again)):
        with pytest.raises(LocalProtocolError, match="smb server: "):
            d.server.step(stimulus, 0)
    assert d.server.book.connections == {1: before}
    d.armed(SCAN)


def test_a_circuit_that_is_gone_is_not_answered() -> None:
    d = Talk().connected(1).asked(ConnectionBroke(connection=1, cause="reset"))
    d.delivers(ceased(Kind.CONNECTION, 1, 1, "WS1", "reset"))
    d.receives(call(1, USER)).asked(ConnectionBroke(connection=1, cause="again")).armed({})


def test_who_fails_to_log_on_gets_nothing_and_ends_nobody() -> None:
    d = Talk().connected(1).log_on(1, "ann", 0x800).connected(2)
    rejected = SetUp(user="ann", standing=Standing.REJECTED, vc_number=0)
    d.refused(2, rejected, faults.LOGON_FAILURE).counts(1, 0).armed(SCAN)


def test_a_null_session_reaches_the_pipes_only() -> None:
    d = Talk().connected(1).log_on(1, "", 0x800, standing=Standing.ANONYMOUS)
    d.refused(1, TreeConnect(share="data"), faults.ACCESS_DENIED, uid=0x800)
    d.refused(1, TreeConnect(share="none"), faults.BAD_NETWORK_NAME, uid=0x800)
    d.tree(1, 0x800, 0x800, "IPC$")
    d.opened(1, 0x800, 0x800, 0x800, wanted("SRVSVC", access=BOTH, oplock=Oplock.BATCH), size=0)
    d.asks(1, Write(fid=0x800, offset=0, data=b"rpc"), Written(count=3), uid=0x800, tid=0x800)
    d.asks(1, Read(fid=0x800, offset=0, length=9), ReadData(data=b""), uid=0x800, tid=0x800)
    d.armed(SCAN)


def test_echoes_are_numbered_and_bounded() -> None:
    d = Talk().connected(1).receives(call(1, Echo(count=2, data=b"hi")))
    d.sends(*(answer(1, Echoed(sequence=n, data=b"hi")) for n in (1, 2)))
    d.receives(call(1, Echo(count=0, data=b"")))
    d.receives(call(1, Echo(count=0xFFFF, data=b"")))
    d.sends(*(answer(1, Echoed(sequence=n, data=b"")) for n in range(1, 51))).armed(SCAN)


# VcNumber 0 (facts/redirector.md 3.6).
def two_circuits(match: VcZero, client: str, address: str, extsec: bool) -> Talk:
    d = Talk(replace(NT4_SERVER, vc_zero_match=match)).connected(1).log_on(1, "ann", 0x800)
    return d.connected(2, client, address=address, extsec=extsec)


@pytest.mark.parametrize(
    ("match", "client", "address", "extsec", "vc_number", "ends"),
    [
        (VcZero.NETBIOS_NAME, "WS1", "10.0.0.9", False, 0, True),
        (VcZero.NETBIOS_NAME, "WS1", "10.0.0.9", False, 1, False),
        (VcZero.NETBIOS_NAME, "WS2", "10.0.0.1", True, 0, False),  # NAT, NT 4
        (VcZero.IP_ADDRESS_EXTSEC, "WS2", "10.0.0.1", True, 0, True),  # NAT, 2003
        (VcZero.IP_ADDRESS_EXTSEC, "WS2", "10.0.0.1", True, 7, False),
        (VcZero.IP_ADDRESS_EXTSEC, "WS2", "10.0.0.1", False, 0, False),
        (VcZero.IP_ADDRESS_EXTSEC, "WS1", "10.0.0.9", True, 0, False),
        (VcZero.OFF, "WS1", "10.0.0.1", True, 0, False),
    ],
)
def test_vc_zero_ends_other_circuits(
    match: VcZero, client: str, address: str, extsec: bool, vc_number: int, ends: bool
) -> None:
    d = two_circuits(match, client, address, extsec)
    if not ends:
        d.log_on(2, "bob", 0x800, vc_number=vc_number).counts(2, 0).armed(SCAN)
        return
    cause = "VC 0 from connection 2"
    d.receives(call(2, SetUp(user="bob", standing=Standing.USER, vc_number=0)))
    d.delivers(
        gone(Kind.SESSION, 0x800, "ann", 0x800, cause),
        ceased(Kind.CONNECTION, 1, 1, "WS1", cause),
        Dropped(connection=1, cause=cause),
    )
    d.delivers(began(Kind.SESSION, 2, 0x800, "bob", 0x800))
    d.sends(answer(2, SessionReady(uid=0x800, guest=False), uid=0x800))
    d.log_on(2, "cid", 0x801, vc_number=0)  # the own circuit is no other one
    d.counts(2, 0).armed(SCAN)
    assert d.server.statistics.errored_out == 1


def test_clients_without_a_name_are_not_each_other() -> None:
    d = Talk().connected(1, "").log_on(1, "ann", 0x800).connected(2, "")
    d.log_on(2, "bob", 0x800, vc_number=0).counts(2, 0).armed(SCAN)
