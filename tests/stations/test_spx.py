"""SPX through octets at both ends: the way, ids, who is believed, the two kinds of end."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from emu.pdu.ipx import IpxAddress
from emu.pdu.spx import Spx
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Refused, Screen, Welcome
from emu.transports.spx import SPX
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.ipx import ipx_frame
from emu.wire.spx import decode_spx, encode_spx
from tests.machines.spx_parts import NOVELL, NWLINK

from .ncp_lan import CLIENT_MAC, LATENCY, SERVER_MAC, Frame
from .spx_lan import World, framed

POLICIES = [NWLINK, NOVELL]
IDS = ["nwlink", "novell"]


def packets(frames: list[Frame]) -> list[Spx]:
    return [decode_spx(f.datagram.payload) for f in frames if f.datagram.packet_type == 5]


def up(params=NWLINK, **rest) -> World:
    world = World(SPX, params, **rest)
    world.log_on()
    return world


def test_the_set_up_is_the_ways_question_then_the_golden_vectors() -> None:
    """RIP for the internal network, then C0/80 between 8104 there and 4010 (facts/ipx.md 1.13)."""
    world = up()
    frames = [frame.datagram for frame in world.lan.frames]
    assert [(d.packet_type, d.source.socket, d.destination.socket) for d in frames[:4]] == [
        (1, 0x4010, 0x0453), (1, 0x0453, 0x4010), (5, 0x4010, 0x8104), (5, 0x8104, 0x4010),
    ]  # fmt: skip
    assert str(frames[2].destination) == "DEADBEEF:000000000001:8104"
    assert str(frames[2].source) == "0000000A:00A0C9112233:4010"
    asked, answer = packets(world.lan.frames)[:2]
    assert (asked.control, asked.destination_id, asked.sequence) == (0xC0, 0xFFFF, 0)
    assert (answer.control, answer.destination_id) == (0x80, asked.source_id)
    assert answer.source_id not in (0, 0xFFFF, asked.source_id)


@pytest.mark.parametrize("params", POLICIES, ids=IDS)
@pytest.mark.parametrize("framing", ["ethernet-ii", "raw-802.3", "802.2", "snap"])
def test_a_terminal_session_from_log_on_to_log_off(params, framing: str) -> None:
    world = World(SPX, framed(params, framing))
    connection = world.log_on()
    connection.send(Keystroke(text="dir"), world.lan.now)
    world.lan.run(world.lan.now + s(1))
    pushed = world.table.connections[1]
    pushed.send(Screen(text="12:00 " + "x" * 1500), world.lan.now)
    world.lan.run(world.lan.now + s(1))
    assert world.program.what() == [
        ("opened", 1, None),
        ("message", 1, Welcome(session=1, how="new")),
        ("message", 1, Screen(text="dir")),
        ("message", 1, Screen(text="12:00 " + "x" * 1500)),
    ]
    connection.send(LogOff(), world.lan.now)
    connection.send(Keystroke(text="late"), world.lan.now)
    world.lan.run(world.lan.now + s(1))
    assert world.program.what()[4:] == [("ended", 1, "connection ended")]
    assert world.table.what()[3:] == [
        ("message", 1, LogOff()), ("ended", 1, "the peer ended the connection"),
    ]  # fmt: skip
    assert not world.client.connections and not world.server.connections
    assert [p.stream for p in packets(world.lan.frames)[-2:]] == [0xFE, 0xFF]
    count = len(world.lan.frames)
    world.lan.run(world.lan.now + s(1000))
    assert len(world.lan.frames) == count


def test_a_refused_log_on_leaves_the_connection_to_its_owner() -> None:
    world = World(SPX, NWLINK)
    connection = world.log_on("nobody")
    assert world.program.what()[1] == ("message", 1, Refused(why="who?"))
    connection.close(world.lan.now)
    world.lan.run(world.lan.now + s(1))
    assert world.program.what()[-1] == ("ended", 1, "connection ended")


@pytest.mark.parametrize(("params", "silence"), [(NWLINK, s(54)), (NOVELL, 29_659_736_907)])
def test_power_loss_is_noticed_after_the_silence_and_nothing_is_sent(params, silence: int) -> None:
    world = up(params)
    world.lan.run(s(100))
    world.power_off()
    world.lan.run(s(1000))
    lost = [said for said in world.table.said if said[1] == "lost"]
    last = world.table.connections[1].last_octet_ns
    assert [at for at, *_rest in lost] == [last + silence]
    assert world.of_server()[-1].at < last + silence
    probes = [note for _at, note, _c, frame in world.server_box.notes if note.kind == "probe"]
    fitting = 8 if params is NWLINK else 4
    assert [note.facts["number"] for note in probes[-fitting:]] == [*range(1, fitting + 1)]


def test_both_ends_probe_in_turn_and_each_is_answered() -> None:
    """The probe of one is a sign of life to the other (facts/ipx.md 3.2)."""
    world = up()
    start = len(world.lan.frames)
    world.lan.run(world.lan.now + s(60))
    asked = [f for f in world.lan.since(start) if packets([f])[0].control == 0xC0]
    mine = [f.octets[6:12] == CLIENT_MAC for f in asked]
    assert mine in ([True, False] * 5, [False, True] * 5)
    gaps = [b.at - a.at for a, b in itertools.pairwise(asked)]
    assert all(s(6) <= gap <= s(6) + 4 * LATENCY for gap in gaps)
    answered = [n for _at, n, _c, _f in world.server_box.notes if n.kind == "probe-answered"]
    assert len(answered) == mine.count(False)


def test_novells_ends_beat_and_ask_nothing_while_both_are_alive() -> None:
    world = up(NOVELL)
    start = len(world.lan.frames)
    world.lan.run(world.lan.now + s(60))
    assert {p.control for p in packets(world.lan.since(start))} == {0x80}
    assert 38 <= len(world.lan.since(start)) <= 42  # two each 2.966 s


def test_a_restarted_client_has_new_ids_and_the_old_ones_meet_silence() -> None:
    """facts/ipx.md 3.2: from the same address; the old end ages out by its own timer."""
    world = up()
    old = world.table.connections[1]
    world.lan.run(s(60))
    world.power_off()
    world.boot()
    new = world.log_on()
    assert new.machine.own_id != old.machine.peer_id
    assert old.address == world.table.connections[2].address
    world.lan.run(s(1000))
    lost = [(at, serial) for at, what, serial, _d in world.table.said if what == "lost"]
    assert lost == [(old.last_octet_ns + s(54), 1)]
    asked = [f for f in world.of_server() if packets([f]) and packets([f])[0].control == 0xC0]
    stale = [p for p in packets(asked) if p.destination_id == old.machine.peer_id]
    assert len(stale) >= 8
    to_old = [p for p in packets(world.of_client()) if p.destination_id == old.machine.own_id]
    assert not [p for p in to_old if p.source_id == new.machine.own_id]


def test_a_lost_answer_to_the_request_makes_no_second_connection() -> None:
    world = World(SPX, NWLINK, lose=lambda frame: frame.number == 4)
    world.log_on()
    assert [serial for _at, what, serial, _d in world.table.said if what == "opened"] == [1]
    assert world.program.what()[1] == ("message", 1, Welcome(session=1, how="new"))


def test_the_way_is_asked_for_again_when_the_answer_is_lost() -> None:
    world = World(SPX, NWLINK, lose=lambda frame: frame.number in (1, 3))
    world.log_on()
    asked = [f.at for f in world.of_client() if f.datagram.packet_type == 1]
    assert asked == [s(11), s(12), s(13)]
    assert world.program.what()[1] == ("message", 1, Welcome(session=1, how="new"))


def test_without_a_server_the_call_is_lost_after_ten_seconds() -> None:
    world = World(SPX, NWLINK)
    world.server_box.power = False
    world.log_on()
    assert world.program.said == [(s(21), "lost", 1, "connection request unanswered 10 times")]
    assert not world.client.connections


def test_a_call_that_is_given_up_early_leaves_nothing_behind() -> None:
    world = World(SPX, NWLINK)
    connection = world.client.connect(LogOn(user="ann", client="ws1"), 0)
    connection.close(0)
    world.lan.run(s(30))
    assert world.program.what() == [("ended", 1, "closed before it opened")]
    assert not packets(world.lan.frames)


def test_half_of_all_frames_lost_does_not_garble_a_line() -> None:
    dice = Random(7)
    world = up(lose=lambda frame: frame.number > 12 and dice.random() < 0.4)
    for number in range(20):
        world.table.connections[1].send(Screen(text=f"{number} " + "y" * 700), world.lan.now)
    world.lan.run(world.lan.now + s(300))
    screens = [d for what, _s, d in world.program.what() if what == "message"][1:]
    assert screens == [Screen(text=f"{n} " + "y" * 700) for n in range(len(screens))]
    assert world.client.dropped == world.server.dropped == 0


def stray(world: World, packet: Spx, *, node: bytes = CLIENT_MAC, octets: bytes = b"") -> None:
    """Put a packet for the server's socket on the wire as if ``node`` had sent it."""
    connection = world.table.connections[1]
    source = IpxAddress(network=0x0A, node=node, socket=0x4010)
    from emu.pdu.ipx import IpxDatagram
    from emu.stations.ipx import FRAMINGS

    datagram = IpxDatagram(
        destination=world.server.own, source=source, packet_type=5,
        payload=octets or encode_spx(packet),
    )  # fmt: skip
    frame = ipx_frame(
        datagram, framing=FRAMINGS["802.2"][0], destination=SERVER_MAC, source=CLIENT_MAC
    )
    assert connection is not None
    world.server_box.receive(Frame(0, world.lan.now, frame, lost=False))


def test_only_the_peer_of_a_connection_speaks_for_it() -> None:
    world = up()
    server = world.table.connections[1]
    last, count = server.last_octet_ns, len(world.lan.frames)
    good = Spx(
        control=0x80, source_id=server.machine.peer_id, destination_id=server.machine.own_id,
        sequence=1, acknowledgement=1, allocation=4,
    )  # fmt: skip
    from dataclasses import replace

    stray(world, replace(good, source_id=good.source_id ^ 1))
    stray(world, replace(good, destination_id=good.destination_id ^ 1))
    stray(world, good, node=SERVER_MAC)
    assert server.last_octet_ns == last and len(world.lan.frames) == count
    stray(world, good)
    assert server.last_octet_ns == world.lan.now


def test_what_nobody_can_read_is_dropped_and_counted() -> None:
    world = up()
    stray(world, Spx(control=0, source_id=1, destination_id=1, sequence=0, acknowledgement=0,
                     allocation=0), octets=b"short")  # fmt: skip
    assert world.server.dropped == 1
    world.client_box.station.receive(b"\0" * 10, world.lan.now)
    assert world.client.dropped == 1


def test_a_line_that_is_no_message_loses_only_itself() -> None:
    world = up()
    connection = world.table.connections[1]
    from emu.machines.base import Asked
    from emu.machines.spx import Send

    now = world.lan.now
    connection.carry_out(connection.machine.step(Asked(Send(b"NONSENSE\r\n")), now), now)
    connection.send(Screen(text="after"), now)
    world.lan.run(now + ms(10))
    assert world.client.dropped == 1
    assert world.program.what()[-1] == ("message", 1, Screen(text="after"))


def test_what_waits_is_told_for_the_formula() -> None:
    world = up()
    connection = world.table.connections[1]
    assert (connection.unacknowledged_since_ns, connection.idle_since_ns) == (None, None)
    world.power_off()
    now = world.lan.now
    connection.send(Screen(text="tick"), now)
    world.lan.run(now + s(20))
    assert connection.unacknowledged_since_ns == now
    world.lan.run(now + s(600))
    assert connection.unacknowledged_since_ns == now
    assert connection.last_octet_ns + s(54) == world.table.said[-1][0]


def test_two_connections_of_one_client_have_ids_of_their_own() -> None:
    world = up()
    second = world.client.connect(LogOn(user="bob", client="ws1"), world.lan.now)
    world.lan.run(world.lan.now + s(1))
    assert len(world.client.connections) == len(world.server.connections) == 2
    second.close(world.lan.now)
    world.lan.run(world.lan.now + s(100))
    assert [c.serial for c in world.client.connections.values()] == [1]
    assert [what for what, serial, _d in world.table.what() if serial == 1] == [
        "opened", "message"]  # fmt: skip
