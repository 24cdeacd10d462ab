"""What tshark calls the frames of our ends: the labels that a person would expect."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.pdu.terminal import Keystroke, LogOff, LogOn, Screen, Welcome
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.machines.ncp_parts import TIGHT, params
from tests.wire.outside import find_tshark

from .ncp_lan import World

pytestmark = pytest.mark.slow

SET_UP = [
    "Nearest Query",
    "Nearest Response",
    "Request",
    "Response",
    "C Create Connection Service",
    "R OK",
    "C Login Object: ann",
    "R OK",
]
POLLED = [
    "Poll inactive station, Connection 1",
    "Station is still using the connection, Connection 1",
]


#: What tshark's expert says at "error" level about one frame.
ERROR = str(0x00800000)


def labels(world: World, folder: Path, *, remarks: tuple[str, ...] = ()) -> list[str]:
    """Info of every frame; none is malformed, and an expert remarks on nothing else."""
    rows = find_tshark(str(folder)).fields(
        [frame.octets for frame in world.lan.frames],
        "_ws.col.Info",
        "_ws.col.Protocol",
        "_ws.malformed",
        "_ws.expert.severity",
    )
    assert not any(row["_ws.malformed"] for row in rows)
    severities = [row["_ws.expert.severity"] for row in rows]
    assert [severity for severity in severities if severity] == list(remarks)
    for row in rows:
        assert (row["_ws.col.Protocol"] == "IPX MSG") == (row["_ws.col.Info"] in POLLED)
    return [row["_ws.col.Info"] for row in rows]


@pytest.mark.parametrize("framing", ["ethernet-ii", "raw-802.3", "802.2", "snap"])
@pytest.mark.parametrize("same", [True, False])
def test_a_session_from_log_on_to_log_off(framing: str, same: bool, tmp_path: Path) -> None:
    """In every framing, from the first boot's sockets and from the second boot's."""
    world = World(params(TIGHT, framing=framing, same_client_socket=same))
    world.boot()
    shell = world.log_on()
    shell.send(Keystroke(text="a"), world.lan.now)
    world.lan.run(s(31))
    shell.send(LogOff(), world.lan.now)
    world.lan.run(s(32))
    work, goodbye = "C Get File Server Date And Time", "C Destroy Connection Service"
    assert labels(world, tmp_path) == [*SET_UP, work, "R OK", *POLLED, goodbye, "R OK"]


def test_a_slow_server_and_a_station_it_has_cleared(tmp_path: Path) -> None:
    """Retry, busy, polls without answer, then status 01 for who comes too late.

    Busy and status 01 are errors to tshark by their nature.
    """
    world = World(params(TIGHT), answers=False)
    shell = world.client.connect(LogOn(user="ann", client="WS1"), 0)
    world.lan.run(ms(600))
    world.table.connections[1].send(Welcome(session=1, how="new"), world.lan.now)
    world.lan.run(s(1))
    world.power_off()
    world.lan.run(s(200))
    world.client_box.power = True
    shell.send(Keystroke(text="a"), world.lan.now)
    world.lan.run(s(201))
    seen = labels(world, tmp_path, remarks=(ERROR, ERROR))
    assert seen[:7] == SET_UP[:7]
    assert seen[8] == "ACK Server Busy, Request Being Processed"
    assert seen[7] == SET_UP[6]
    assert seen[10:15] == [POLLED[0]] * 5
    assert len(seen) == 17
    assert not any(isinstance(detail, Screen) for _w, _s, detail in world.program.what())


def test_a_refused_log_on_is_an_error_to_tshark(tmp_path: Path) -> None:
    """One frame, two remarks: completion F9, which it does not know here, and status 04."""
    world = World(params(TIGHT))
    world.log_on("nobody")
    seen = labels(world, tmp_path, remarks=(f"{ERROR},{ERROR}",))
    assert seen[:6] == SET_UP[:6]
    assert seen[6:] == ["C Login Object: nobody", "Error: Bad Connection Status"]
