"""On direct-hosted IPX nobody asks an idle peer, so the redirector says something itself.

facts/ipx.md 2.4: some command at least every 4 min, an echo every 240 s; the server drops who says
nothing for 15 min, whatever is open.
"""

from __future__ import annotations

from emu.machines.redirector import NT4_SP6A
from emu.units import seconds as s
from tests.machines.redirector.office import Client, Office


def working(*, direct: bool) -> Client:
    """Somebody has a file open; the last thing said was the open, at 0."""
    office = Office()
    office.is_direct_ipx = direct
    client = office.client(NT4_SP6A)
    client.log_on(1, "ann")
    assert client.open(1, 1).status == 0
    client.sent.clear()
    return client


def test_an_echo_every_240_s_keeps_an_open_file_alive() -> None:
    client = working(direct=True)
    client.office.until(s(240) - 1)
    assert client.wire() == []
    client.office.until(s(240))
    assert client.wire() == ["Echo 0/0"]
    client.office.until(s(480) - 1)
    assert client.wire() == []
    client.office.until(s(3600))
    assert client.wire() == ["Echo 0/0"] * 14
    assert client.read(1).status == 0


def test_what_is_said_otherwise_starts_the_240_s_anew() -> None:
    client = working(direct=True)
    client.office.until(s(100))
    assert client.read(1).status == 0
    client.sent.clear()
    client.office.until(s(340) - 1)
    assert client.wire() == []
    client.office.until(s(340))
    assert client.wire() == ["Echo 0/0"]


def test_an_echo_is_no_use_of_the_circuit() -> None:
    """KeepConn counts from the last use: the look at 600 s ends it, two echoes later."""
    office = Office()
    office.is_direct_ipx = True
    client = office.client(NT4_SP6A)
    client.log_on(1, "ann")
    assert client.connect(1).status == 0
    client.sent.clear()
    office.until(s(600))
    assert client.wire() == ["Echo 0/0"] * 2 + ["TreeDisconnect 800/800", "LogOff 800/0"]
    office.until(s(3600))
    assert client.hangs_up == 1
    assert client.wire() == []


def test_elsewhere_the_transport_asks_and_nothing_is_said() -> None:
    client = working(direct=False)
    client.office.until(s(3600))
    assert client.wire() == []
