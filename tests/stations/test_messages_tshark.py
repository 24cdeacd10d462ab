"""SMB in our stations' messages, as tshark sees it: named, whole, and nothing malformed."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.pdu.smb.files import ReadResponse
from emu.pdu.smb.message import Smb
from emu.units import seconds as s
from emu.wire.smb.message import encode_smb
from tests.wire.outside import find_tshark
from tests.wire.smb.values import DOWN, EXPECTED

from .messages_lan import Kept, Office

pytestmark = pytest.mark.slow

FIELDS = ("_ws.col.Info", "_ws.malformed", "_ws.expert.severity", "_ws.expert.message")
#: What tshark remarks on every connection's set-up: chats, and no fault.
REMARKS = ("Connection establish", "Connection finish")
READ_OK = Smb(header=DOWN, bodies=(ReadResponse(data=bytes(range(256)) * 16),))


@pytest.mark.parametrize("policy", ["nbf-nt4", "nbipx-nwlink", "nbipx-novell", "tcp-no-keepalive"])
def test_a_dialogue_of_smb(policy: str, tmp_path: Path) -> None:
    """NEGOTIATE and its answer, a READ and 4 kB, and an hour of silence over TCP."""
    user = Kept()
    office = Office(policy, server_user=user)
    connection = office.connected()
    for sender, message in (
        (connection, EXPECTED["negotiate"]),
        (user.connections[0], EXPECTED["negotiate-ok"]),
        (connection, EXPECTED["read"]),
        (user.connections[0], READ_OK),
    ):
        sender.send(encode_smb(message), office.lan.now)
        office.run(s(1))
    office.run(s(3700) if policy.startswith("tcp") else s(70))
    connection.close(office.lan.now)
    office.run(s(5))
    assert office.client_user.messages[-1] == encode_smb(READ_OK)
    rows = find_tshark(str(tmp_path)).fields([octets for _, octets in office.lan.frames], *FIELDS)
    assert len(rows) == len(office.lan.frames)
    for row in rows:
        chat = row["_ws.expert.message"].startswith(REMARKS)
        assert not row["_ws.malformed"] and (chat or not row["_ws.expert.severity"]), row
    infos = [row["_ws.col.Info"] for row in rows]
    for wanted in ("Negotiate Protocol Request", "Negotiate Protocol Response", "Read AndX Request",
                   "Read AndX Response"):  # fmt: skip
        assert sum(wanted in info for info in infos) == 1, (wanted, infos)
