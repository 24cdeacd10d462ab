"""What tshark calls the frames of our ends: the labels that a person would expect."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.pdu.terminal import Keystroke, LogOff, Screen
from emu.transports.nbipx import NBIPX
from emu.transports.spx import SPX
from emu.units import seconds as s
from tests.machines import nbipx_parts, spx_parts
from tests.wire.outside import find_tshark

from .spx_lan import World, framed

pytestmark = pytest.mark.slow

FRAMINGS = ["ethernet-ii", "raw-802.3", "802.2", "snap"]


def rows(world: World, folder: Path) -> list[dict[str, str]]:
    """Every frame, whole and without an expert's remark."""
    found = find_tshark(str(folder)).fields(
        [frame.octets for frame in world.lan.frames],
        "_ws.col.Protocol",
        "_ws.col.Info",
        "spx.ctl",
        "spx.type",
        "_ws.malformed",
        "_ws.expert.severity",
    )
    assert not any(row["_ws.malformed"] or row["_ws.expert.severity"] for row in found)
    return found


def life(world: World) -> World:
    """Log on, work, a push in several packets, idle, log off."""
    connection = world.log_on()
    connection.send(Keystroke(text="dir"), world.lan.now)
    world.lan.run(world.lan.now + s(1))
    world.table.connections[1].send(Screen(text="z" * 1300), world.lan.now)
    world.lan.run(world.lan.now + s(100))
    connection.send(LogOff(), world.lan.now)
    world.lan.run(world.lan.now + s(5))
    return world


@pytest.mark.parametrize("params", [spx_parts.NWLINK, spx_parts.NOVELL])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_spx_is_named(params, framing: str, tmp_path: Path) -> None:
    found = rows(life(World(SPX, framed(params, framing))), tmp_path)
    assert {row["_ws.col.Protocol"] for row in found} == {"IPX RIP", "SPX"}
    spx = [row for row in found if row["_ws.col.Protocol"] == "SPX"]
    infos = [row["_ws.col.Info"] for row in spx]
    labels = {
        "SPX System Packet: Send Ack", "SPX System Packet", "SPX Send Ack: End Message",
        "SPX Acknowledgment Required", "SPX Send Ack: End Message (End-of-Connection)",
        "SPX Data, No Ack Required (End-of-Connection Acknowledgment)",
    }  # fmt: skip
    assert set(infos) == labels
    assert "(End-of-Connection)" in infos[-2] and "Acknowledgment)" in infos[-1]
    assert {int(row["spx.type"], 16) for row in spx} == {0x00, 0xFE, 0xFF}


@pytest.mark.parametrize("params", [nbipx_parts.NWLINK, nbipx_parts.NOVELL_NB])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_nbipx_is_named(params, framing: str, tmp_path: Path) -> None:
    found = rows(life(World(NBIPX, framed(params, framing))), tmp_path)
    assert {row["_ws.col.Protocol"] for row in found} == {"NBIPX"}
    infos = [row["_ws.col.Info"] for row in found]
    names = ["Check name WS1<00>", "Check name SERVER239<20>", "Find name SERVER239<20>"]
    kinds = {*names, "Name recognized SERVER239<20>"}
    kinds |= {"Session data", "Session end", "Session end ACK"}
    assert set(infos) == kinds
    assert infos[-2:] == ["Session end", "Session end ACK"]
