"""NetBIOS over IPX through octets at both ends: names, set-up, who is believed, the end."""

from __future__ import annotations

from random import Random

import pytest

from emu.pdu.nbipx import NbipxName, NbipxSession
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Screen, Welcome
from emu.stations.nbipx import client_name, server_name
from emu.transports.nbipx import NBIPX
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.units import ticks
from emu.wire.ipx import encode_ipx
from emu.wire.nbipx import decode_nbipx
from tests.machines.nbipx_parts import NOVELL_NB, NWLINK

from .ncp_lan import CLIENT_MAC, SERVER_MAC, Box, Frame, Program
from .spx_lan import World, framed, spec_of

POLICIES = [NWLINK, NOVELL_NB]
IDS = ["nwlink", "novell"]
SERVER, WS1 = server_name(0xEF), b"WS1            \x00"


def pdus(frames: list[Frame]) -> list[NbipxName | NbipxSession]:
    found = []
    for frame in frames:
        datagram = frame.datagram
        pdu = decode_nbipx(datagram.payload, packet_type=datagram.packet_type)
        assert isinstance(pdu, (NbipxName, NbipxSession))
        found.append(pdu)
    return found


def sessions(frames: list[Frame]) -> list[NbipxSession]:
    return [pdu for pdu in pdus(frames) if isinstance(pdu, NbipxSession)]


def up(params=NWLINK, **rest) -> World:
    world = World(NBIPX, params, **rest)
    world.log_on()
    return world


def test_the_server_claims_its_name_when_it_boots_and_the_client_before_it_calls() -> None:
    """Three checks each, half a second apart, the last waited out; then find, recognized."""
    world = World(NBIPX, NWLINK)
    world.log_on()
    names = [(f.at, f.octets[6:12], p.kind.name, p.name) for f in world.lan.frames
             for p in pdus([f]) if isinstance(p, NbipxName)]  # fmt: skip
    assert names[:3] == [(ms(500) * n, SERVER_MAC, "CHECK", SERVER) for n in range(3)]
    start = s(11)
    assert names[3:6] == [(start + ms(500) * n, CLIENT_MAC, "CHECK", WS1) for n in range(3)]
    assert [name[1:] for name in names[6:]] == [
        (CLIENT_MAC, "FIND", SERVER), (SERVER_MAC, "RECOGNIZED", SERVER)]  # fmt: skip
    assert names[6][0] == start + ms(1500)


def test_broadcasts_are_type_20_and_everything_else_is_type_4() -> None:
    """Sockets 0455 at both ends; network 0 until the client has been addressed by name."""
    world = up()
    for frame in world.lan.frames:
        datagram = frame.datagram
        everybody = frame.octets[:6] == b"\xff" * 6
        assert datagram.packet_type == (20 if everybody else 4)
        assert datagram.source.socket == datagram.destination.socket == 0x0455
    set_up = next(f for f in world.lan.frames if sessions([f]))
    assert str(set_up.datagram.source) == "0000000A:00A0C9112233:0455"


@pytest.mark.parametrize("params", POLICIES, ids=IDS)
@pytest.mark.parametrize("framing", ["ethernet-ii", "raw-802.3", "802.2", "snap"])
def test_a_terminal_session_from_log_on_to_log_off(params, framing: str) -> None:
    world = World(NBIPX, framed(params, framing))
    connection = world.log_on()
    connection.send(Keystroke(text="dir"), world.lan.now)
    world.lan.run(world.lan.now + s(1))
    world.table.connections[1].send(Screen(text="x" * 2000), world.lan.now)
    world.lan.run(world.lan.now + s(1))
    assert world.program.what() == [
        ("opened", 1, None),
        ("message", 1, Welcome(session=1, how="new")),
        ("message", 1, Screen(text="dir")),
        ("message", 1, Screen(text="x" * 2000)),
    ]
    connection.send(LogOff(), world.lan.now)
    world.lan.run(world.lan.now + s(1))
    assert world.program.what()[4:] == [("ended", 1, "connection ended")]
    assert [p.kind for p in sessions(world.lan.frames)[-2:]] == [7, 8]
    count = len(world.lan.frames)
    world.lan.run(world.lan.now + s(1000))
    assert len(world.lan.frames) == count
    assert not world.client.connections and not world.server.connections


@pytest.mark.parametrize(
    ("params", "silence"), [(NWLINK, s(270)), (NOVELL_NB, ticks(540))], ids=IDS
)
def test_power_loss_is_noticed_after_the_silence_and_nothing_is_sent(params, silence: int) -> None:
    world = up(params)
    world.lan.run(s(100))
    world.power_off()
    world.lan.run(s(1000))
    last = world.table.connections[1].last_octet_ns
    assert [at for at, what, *_rest in world.table.said if what == "lost"] == [last + silence]
    assert world.of_server()[-1].at < last + silence


def test_a_restarted_client_is_a_new_session_and_the_old_one_ages_out() -> None:
    world = up()
    old = world.table.connections[1]
    world.lan.run(s(60))
    world.power_off()
    world.boot()
    world.log_on()
    assert world.table.connections[2].peer == old.peer
    assert world.table.connections[2].machine.peer_id != old.machine.peer_id
    world.lan.run(s(2000))
    lost = [(at, serial) for at, what, serial, _d in world.table.said if what == "lost"]
    assert lost == [(old.last_octet_ns + s(270), 1)]


def test_a_name_that_is_in_use_fails_the_call() -> None:
    """The owner says so: flags 44, type 4; nothing is looked for then."""
    world = up()
    box, program = Box(world.lan, bytes.fromhex("00a0c9112244")), Program(world.lan)
    box.station = NBIPX.client(spec_of(NWLINK, box, program))
    box.station.connect(LogOn(user="bob", client="WS1"), world.lan.now)
    world.lan.run(world.lan.now + s(10))
    assert program.what() == [("lost", 1, "the name WS1<00> is in use")]
    world.power_off()
    box.station.connect(LogOn(user="bob", client="WS1"), world.lan.now)
    world.lan.run(world.lan.now + s(10))
    assert program.what()[1:3] == [
        ("opened", 2, None), ("message", 2, Welcome(session=1, how="new"))]  # fmt: skip


def test_a_second_call_needs_no_second_claim() -> None:
    world = up()
    count = len(world.lan.frames)
    world.client.connect(LogOn(user="bob", client="ws1"), world.lan.now)
    world.lan.run(world.lan.now + s(1))
    kinds = [p.kind.name for p in pdus(world.lan.since(count)) if isinstance(p, NbipxName)]
    assert kinds == ["FIND", "RECOGNIZED"]
    assert len(world.server.connections) == 2


def test_two_calls_at_once_share_one_claim() -> None:
    world = World(NBIPX, NWLINK)
    world.lan.run(s(5))
    for user in ("ann", "bob"):
        world.client.connect(LogOn(user=user, client="ws1"), world.lan.now)
    world.lan.run(s(10))
    assert sorted(world.table.connections) == [1, 2]
    checks = [p for p in pdus(world.of_client()) if isinstance(p, NbipxName) and p.kind == 3]
    assert len(checks) == 3


def test_a_call_given_up_while_the_name_is_checked_is_not_made() -> None:
    world = World(NBIPX, NWLINK)
    connection = world.client.connect(LogOn(user="ann", client="ws1"), 0)
    connection.close(0)
    world.lan.run(s(10))
    assert world.program.what() == [("ended", 1, "closed before it opened")]
    assert not sessions(world.lan.frames)


def test_without_a_server_nobody_is_called_that() -> None:
    world = World(NBIPX, NWLINK)
    world.server_box.power = False
    world.log_on()
    ((at, what, _serial, cause),) = world.program.said
    assert (at, what) == (s(11) + ms(3000), "lost")
    assert cause == "nobody is called SERVER239<20>: asked 3 times"


def test_a_lost_set_up_answer_makes_no_second_session() -> None:
    world = World(NBIPX, NWLINK, lose=lambda frame: sessions_of(frame) == [0x80])
    lost: list[int] = []
    world.lan._lose = lambda frame: _first_answer(frame, lost)
    world.log_on()
    assert lost
    assert [serial for _at, what, serial, _d in world.table.said if what == "opened"] == [1]
    assert world.program.what()[1] == ("message", 1, Welcome(session=1, how="new"))


def sessions_of(frame: Frame) -> list[int]:
    return [p.control for p in sessions([frame])]


def _first_answer(frame: Frame, lost: list[int]) -> bool:
    if lost or sessions_of(frame) != [0x80]:
        return False
    lost.append(frame.number)
    return True


def test_half_of_all_frames_lost_does_not_garble_a_line() -> None:
    dice = Random(7)
    world = up(lose=lambda frame: frame.number > 20 and dice.random() < 0.4)
    for number in range(20):
        world.table.connections[1].send(Screen(text=f"{number} " + "y" * 700), world.lan.now)
    world.lan.run(world.lan.now + s(500))
    screens = [d for what, _s, d in world.program.what() if what == "message"][1:]
    assert screens == [Screen(text=f"{n} " + "y" * 700) for n in range(20)]


def test_the_set_up_of_real_capture_22_octet_for_octet() -> None:
    """facts/ipx.md 1.9: the IPX datagrams of request and reply, with that session's names."""
    from emu.machines.base import Asked, Received, Transmit
    from emu.machines.nbipx import NbipxSessionMachine
    from emu.machines.spx import Connect
    from emu.pdu.ipx import IpxAddress, IpxDatagram
    from emu.wire.nbipx import encode_nbipx
    from tests.machines.nbipx_parts import CALLED, CALLER, OURS, THEIRS, recognized

    caller = NbipxSessionMachine(NOVELL_NB, own_id=OURS, own_name=CALLER, peer_name=CALLED)
    called = NbipxSessionMachine(NOVELL_NB, own_id=THEIRS, own_name=CALLED, peer_name=CALLER)
    caller.step(Asked(Connect()), 0)
    (request,) = caller.step(Received(recognized()), 0)
    answer = called.step(Received(request.pdu), 0)[0]  # type: ignore[union-attr]
    assert isinstance(request, Transmit) and isinstance(answer, Transmit)
    nodes = bytes.fromhex("00505620ca57"), bytes.fromhex("000c29d479b2")
    a, b = (IpxAddress(network=0, node=node, socket=0x0455) for node in nodes)
    data = "48454c4c4f574f524c4441505020207b464f4f4241524d414348494e4520207b000415000900"
    real = (
        "ffff0056000400000000000c29d479b204550000000000505620ca57045540"
        "06d804ffff0000260000002600000000" + "00" + data,
        "ffff005600040000000000505620ca57045500000000000c29d479b20455"
        "80064e03d804000000000000000001000000" + data,
    )
    for (by, to, effect), expected in zip(
        ((a, b, request), (b, a, answer)), (bytes.fromhex(real[0]), bytes.fromhex(real[1])),
        strict=True,
    ):  # fmt: skip
        payload = encode_nbipx(effect.pdu)
        made = encode_ipx(IpxDatagram(destination=to, source=by, packet_type=4, payload=payload))
        assert made.hex() == expected.hex()


def test_names_of_computers() -> None:
    assert server_name(1) == b"SERVER1        \x20"
    assert client_name(LogOn(user="a", client="ws1"), 3) == WS1
    assert client_name(LogOn(user="a", client="a-much-too-long-name"), 3)[:7] == b"CLIENT3"
    assert client_name(LogOn(user="a", client="böse"), 3)[:7] == b"CLIENT3"
    assert client_name(LogOff(), 3)[:7] == b"CLIENT3"


def test_what_nobody_can_read_is_dropped_and_counted() -> None:
    world = up()
    world.server.receive(b"\0" * 10, world.lan.now)
    assert world.server.dropped == 1
    assert [p.bytes_received for p in sessions(world.lan.frames)[:2]] == [0, 0]
