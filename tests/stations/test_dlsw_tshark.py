"""What tshark calls the frames of both LANs and the packets of the WAN: nothing malformed."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.pdu.terminal import Keystroke, Screen
from emu.units import seconds as s
from tests.wire.outside import find_tshark

from .dlsw_parts import Wide
from .nbf_lan import params
from .tcp_parts import LOG_ON, User

pytestmark = pytest.mark.slow

FIELDS = (
    "_ws.malformed",
    "_ws.expert.severity",
    "_ws.expert.message",
    "_ws.col.Protocol",
    "dlsw.message_type",
    "tcp.checksum.status",
    "ip.checksum.status",
)
#: What the dissector of tshark 4.0 says of every message of these kinds, rightly or not: fields
#: that a capabilities exchange leaves zero as RFC 1795 7 wants, and the addresses of a DLC header,
#: which it takes for character strings and which have zeros inside.
KNOWN_WORDS = frozenset({"Not used for CapEx", "Trailing stray characters"})


def whole_story() -> Wide:
    """A log-on, data of several segments, a client that reboots, one that dies."""
    user = User({"message": lambda c, now: c.send(Screen(text="shown"), now)})
    wide = Wide(params("nbf-nt4"), server_user=user)
    wide.logged_on().send(Keystroke(text="k" * 3000), s(5))
    wide.run(s(8))
    wide.reboot()
    wide.client.connect(LOG_ON, s(8))
    wide.run(s(60))
    assert [what for _, what, *_ in wide.server_user.told] == ["opened", "ended", "opened"]
    wide.power_cut()
    wide.run(s(100))
    assert [what for _, what, *_ in wide.server_user.told][-1] == "ended"
    return wide


def test_the_wan(tmp_path: Path) -> None:
    wide = whole_story()
    frames = [bytes(12) + b"\x08\x00" + packet for _, packet in wide.wan.packets]
    rows = find_tshark(str(tmp_path)).fields(frames, *FIELDS)
    assert not any(row["_ws.malformed"] for row in rows)
    assert {row["tcp.checksum.status"] for row in rows} == {"1"}
    assert {row["ip.checksum.status"] for row in rows} == {"1"}
    words = {word for row in rows for word in row["_ws.expert.message"].split(",") if word}
    assert {word for word in words if not word.startswith("Connection establish")} <= KNOWN_WORDS
    seen = [kind for row in rows for kind in row["dlsw.message_type"].split(",") if kind]
    kinds = {int(kind, 16) for kind in seen}
    sent = [message.kind for _, _, message in wide.wan.messages()]
    assert kinds == {int(kind) for kind in sent}
    assert {row["_ws.col.Protocol"] for row in rows} == {"TCP", "DLSw"}


def test_the_lans(tmp_path: Path) -> None:
    wide = whole_story()
    for lan in (wide.near_lan, wide.far_lan):
        rows = find_tshark(str(tmp_path)).fields([octets for _, octets in lan.frames], *FIELDS)
        assert not any(row["_ws.malformed"] or row["_ws.expert.severity"] for row in rows)
