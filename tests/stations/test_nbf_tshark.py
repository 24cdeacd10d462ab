"""What tshark calls the frames of our ends: nothing malformed, polls RR P/F, Session Alive."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.pdu.terminal import Keystroke, LogOff, Screen
from emu.units import seconds as s
from tests.wire.outside import find_tshark

from .nbf_lan import POLICIES, Office, params
from .tcp_parts import User

pytestmark = pytest.mark.slow

FIELDS = (
    "_ws.col.Info",
    "_ws.col.Protocol",
    "_ws.malformed",
    "_ws.expert.severity",
    "llc.control.p",
    "llc.control.f",
    "netbios.command",
)


def rows(office: Office, folder: Path) -> list[dict[str, str]]:
    """One row a frame; none is malformed, and no expert has a remark."""
    found = find_tshark(str(folder)).fields([octets for _, octets in office.lan.frames], *FIELDS)
    assert len(found) == len(office.lan.frames)
    assert not any(row["_ws.malformed"] or row["_ws.expert.severity"] for row in found)
    return found


@pytest.mark.parametrize("policy", POLICIES)
def test_a_session_from_log_on_to_log_off(policy: str, tmp_path: Path) -> None:
    user = User({"message": lambda c, now: c.send(Screen(text="shown"), now)})
    office = Office(params(policy), server_user=user)
    connection = office.logged_on(s(5))
    connection.send(Keystroke(text="k" * 3000), s(5))
    office.lan.run(s(70))
    connection.send(LogOff(), s(70))
    office.lan.run(s(75))
    infos = [row["_ws.col.Info"] for row in rows(office, tmp_path)]
    for wanted in (
        "Add Name Query", "Name Query", "Name Recognized", "U P, func=SABME", "U F, func=UA",
        "Session Initialize", "Session Confirm", "Data Only Last", "Data First Middle",
        "Data Ack", "Session End", "U P, func=DISC",
    ):  # fmt: skip
        assert any(wanted in info for info in infos), (wanted, infos)
    alive = sum("Session Alive" in info for info in infos)
    assert alive == (2 if office.params.alive_interval_ns else 0)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_dead_client(policy: str, tmp_path: Path) -> None:
    """Polls are `S P, func=RR`, answers `S F, func=RR`; the last word is DISC."""
    office = Office(params(policy))
    office.logged_on(s(40))
    office.at_client.alive = False
    office.server_connection.send(Screen(text="12:00"), s(40))
    office.lan.run(s(75))
    found = rows(office, tmp_path)
    polls = [row for row in found if "S P, func=RR" in row["_ws.col.Info"]]
    assert len(polls) >= 2
    last = found[-1]["_ws.col.Info"]
    assert "func=SABME" in last if policy == "nbf-802.2" else "func=DISC" in last


def test_a_rebooted_client(tmp_path: Path) -> None:
    office = Office(params("nbf-nt4"))
    office.logged_on(s(5))
    office.reboot()
    office.lan.run(s(60))
    infos = [row["_ws.col.Info"] for row in rows(office, tmp_path)]
    assert "S P, func=RR" in infos[-2]
    assert "U F, func=DM" in infos[-1]
