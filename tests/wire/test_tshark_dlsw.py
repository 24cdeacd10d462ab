"""tshark's DLSw dissector judges every message: the fields where we put them, nothing malformed."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.pdu.dlsw import PORT_READ
from emu.pdu.ip_tcp import ACK, PSH, Segment
from emu.wire.tcp_flow import TcpFlow
from tests.wire.dlsw import DLSW
from tests.wire.outside import find_tshark

pytestmark = pytest.mark.slow

FIELDS = (
    "_ws.malformed",
    "_ws.expert.message",
    "_ws.col.Protocol",
    "dlsw.message_type",
    "dlsw.remote_dlc",
    "dlsw.origin_mac_address",
    "dlsw.target_mac_address",
    "dlsw.frame_direction",
    "dlsw.origin_dlc",
    "dlsw.target_dlc",
)
FLOW = TcpFlow(
    source_mac=b"\2\0\0\0\0\1",
    destination_mac=b"\2\0\0\0\0\2",
    source_ip=b"\x0a\0\0\1",
    destination_ip=b"\x0a\0\0\2",
    source_port=11000,
    destination_port=PORT_READ,
)


def rows(folder: Path, *names: str) -> list[dict[str, str]]:
    sequence, frames = 1, []
    for number, name in enumerate(names):
        segment = Segment(sequence, 1, ACK | PSH, 8192, DLSW[name])
        frames.append(FLOW.encode(segment, number))
        sequence += len(DLSW[name])
    return find_tshark(str(folder)).fields(frames, *FIELDS)


def test_every_message_is_read(tmp_path: Path) -> None:
    found = rows(tmp_path, *DLSW)
    assert [(row["_ws.malformed"], row["_ws.col.Protocol"]) for row in found] == [
        ("", "DLSw")
    ] * len(DLSW)
    kinds = [int(row["dlsw.message_type"].split(",")[0], 16) for row in found]
    assert kinds == [octets[14] for octets in DLSW.values()]


def test_the_fields_of_a_circuit(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, "icanreach-cs")
    assert row["dlsw.frame_direction"] == "0x02"
    assert row["dlsw.remote_dlc"] == row["dlsw.origin_dlc"] == "7"
    assert row["dlsw.target_dlc"] == "9"
    assert row["dlsw.target_mac_address"] == "40:00:00:00:00:d0"
    assert row["dlsw.origin_mac_address"] == "40:00:00:00:00:50"
