"""``net session`` and ``net file``: to see and to end (facts/redirector.md 3.5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.smb import faults
from emu.machines.smb.calls import Access, BreakOplock, Oplock, Read, Standing
from emu.machines.smb_server import NT4_SERVER
from emu.machines.smb_server.administration import (
    FileClose,
    FileEnum,
    FileRow,
    Files,
    Ordered,
    SessionDel,
    SessionEnum,
    SessionRow,
    Sessions,
)
from emu.machines.smb_server.events import Dropped, Kind
from emu.units import seconds as s

from .parts import Talk, call, ceased, wanted

SCAN = {"scavenger": s(300)}
CAUSE = "deleted by an administrator"


def office(params=NT4_SERVER) -> Talk:
    """Ann and a guest on one machine, Bob on another; Ann has a file; now it is 270 s."""
    d = Talk(params).connected(1).log_on(1, "ann", 0x800).tree(1, 0x800, 0x800)
    d.opened(1, 0x800, 0x800, 0x800, wanted("A.TXT"), size=5)
    d.at(s(60)).connected(2, "WS2", transport="nbf").log_on(2, "bob", 0x800)
    d.at(s(100)).log_on(1, "guest", 0x801, standing=Standing.GUEST)
    d.at(s(130) + 1).refused(
        1, Read(fid=0x801, offset=0, length=1), faults.INVALID_HANDLE, uid=0x800, tid=0x800
    )
    return d.at(s(270))


ANN = SessionRow(
    client="WS1",
    user="ann",
    opens=1,
    time_s=270,
    idle_s=139,
    flags=0,
    client_type="Windows NT 1381",
    transport="nbt",
)
GUEST = replace(ANN, user="guest", opens=0, time_s=170, idle_s=170, flags=1)
BOB = replace(ANN, client="WS2", user="bob", opens=0, time_s=210, idle_s=210, transport="nbf")


def enum(level: int, *, admin: bool = True, **who: str) -> SessionEnum:
    return SessionEnum(level=level, by_administrator=admin, **who)


def delete(*, admin: bool = True, client: str | None = None, user: str | None = None) -> SessionDel:
    return SessionDel(by_administrator=admin, client=client, user=user)


def test_the_view() -> None:
    d = office()
    assert d.server.net_session(s(270)) == (ANN, GUEST, BOB)
    d.asked(enum(502)).delivers(Sessions(error=0, rows=(ANN, GUEST, BOB))).armed(SCAN)


def test_idle_time_may_be_the_circuits() -> None:
    d = office(replace(NT4_SERVER, idle_per_connection=True))
    assert [row.idle_s for row in d.server.net_session(s(270))] == [139, 139, 210]
    d.armed(SCAN)


def test_levels_tell_what_they_tell() -> None:
    d = office()
    for level, row in (
        (0, SessionRow(client="WS2")),
        (10, SessionRow(client="WS2", user="bob", time_s=210, idle_s=210)),
        (1, replace(BOB, client_type=None, transport=None)),
        (2, replace(BOB, transport=None)),
        (502, BOB),
    ):
        d.asked(enum(level, client="\\\\ws2")).delivers(Sessions(error=0, rows=(row,)))
    d.asked(enum(3)).delivers(Sessions(error=124)).armed(SCAN)


@pytest.mark.parametrize(("level", "error"), [(0, 0), (10, 0), (1, 5), (2, 5), (502, 5)])
def test_who_may_ask(level: int, error: int) -> None:
    d = office()
    rows = () if error else (SessionRow(client="WS1"),)
    if level == 10:
        rows = (SessionRow(client="WS1", user="ann", time_s=270, idle_s=139),)
    d.asked(enum(level, admin=False, user="ANN")).delivers(Sessions(error=error, rows=rows))
    d.armed(SCAN)


def test_deleting_a_client_drops_its_circuit_and_all_on_it() -> None:
    """``net session \\\\ws1 /delete``: its open files too, data loss possible (3.2)."""
    d = office().asked(delete(client="\\\\ws1"))
    d.delivers(ceased(Kind.OPEN, 1, 0x800, "A.TXT", CAUSE, 0x800))
    d.delivers(ceased(Kind.TREE, 1, 0x800, "DATA", CAUSE, 0x800))
    d.delivers(ceased(Kind.SESSION, 1, 0x800, "ann", CAUSE, 0x800))
    d.delivers(ceased(Kind.SESSION, 1, 0x801, "guest", CAUSE, 0x801))
    d.delivers(ceased(Kind.CONNECTION, 1, 1, "WS1", CAUSE), Dropped(connection=1, cause=CAUSE))
    d.delivers(Ordered(error=0)).counts(1, 0).armed(SCAN)
    assert d.server.net_session(s(270)) == (BOB,)


@pytest.mark.parametrize("client", ["\\\\WS1", None])
def test_deleting_a_user_leaves_the_circuit(client: str | None) -> None:
    d = office().asked(delete(client=client, user="Guest"))
    d.delivers(ceased(Kind.SESSION, 1, 0x801, "guest", CAUSE, 0x801)).delivers(Ordered(error=0))
    d.refused(1, Read(fid=0x800, offset=0, length=1), faults.SMB_BAD_UID, uid=0x801)
    d.counts(2, 1).armed(SCAN)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (delete(admin=False, client="\\\\WS1"), 5),
        (delete(), 87),
        (delete(client="\\\\WS9"), 2312),
        (delete(client="WS1"), 2312),
        (delete(client="\\\\WS2", user="ann"), 2312),
        (FileClose(by_administrator=False, file_id=1), 5),
        (FileClose(by_administrator=True, file_id=2), 2314),
    ],
)
def test_orders_that_are_refused(asked: object, error: int) -> None:
    d = office().asked(asked).delivers(Ordered(error=error)).counts(3, 1).armed(SCAN)
    assert d.server.net_session(s(270)) == (ANN, GUEST, BOB)


def test_files_are_seen_and_closed() -> None:
    d = office().asked(FileEnum(by_administrator=False)).delivers(Files(error=5))
    row = FileRow(file_id=1, connection=1, fid=0x800, path="A.TXT", user="ann", access=Access.READ)
    d.asked(FileEnum(by_administrator=True)).delivers(Files(error=0, rows=(row,)))
    d.asked(FileClose(by_administrator=True, file_id=1))
    d.delivers(ceased(Kind.OPEN, 1, 0x800, "A.TXT", "closed by an administrator", 0x800))
    d.delivers(Ordered(error=0)).asked(FileEnum(by_administrator=True)).delivers(Files(error=0))
    d.refused(1, Read(fid=0x800, offset=0, length=1), faults.INVALID_HANDLE, uid=0x800, tid=0x800)
    d.armed(SCAN)


def test_closing_a_holders_file_lets_the_waiting_open_in() -> None:
    d = Talk().connected(1).log_on(1, "ann", 0x800).tree(1, 0x800, 0x800)
    batch = wanted("A.TXT", oplock=Oplock.BATCH)
    d.opened(1, 0x800, 0x800, 0x800, batch, size=5, oplock=Oplock.BATCH)
    d.receives(call(1, batch, uid=0x800, tid=0x800, tag=2))
    d.sends(BreakOplock(connection=1, tid=0x800, fid=0x800, level=Oplock.LEVEL_II))
    d.asked(FileClose(by_administrator=True, file_id=1))
    d.delivers(ceased(Kind.OPEN, 1, 0x800, "A.TXT", "closed by an administrator", 0x800))
    d.delivers(Ordered(error=0))
    d.ready(1, 0x800, 0x800, 0x800, batch, size=5, oplock=Oplock.BATCH, tag=2)
    d.armed({"scavenger": s(30)})
