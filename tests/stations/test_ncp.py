"""NCP end to end through octets: set-up, work, idle, power loss, reboot, goodbye."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError
from emu.machines.base import Note
from emu.machines.ncp import Call
from emu.pdu.ipx import IpxAddress
from emu.pdu.ncp import NcpType
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Refused, Screen, Welcome
from emu.transports.ncp import NCP
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.ncp import decode_ncp
from tests.machines.ncp_parts import MARS_NWE, NETWARE, TIGHT, params

from .ncp_lan import CLIENT_MAC, LATENCY, SERVER_MAC, World

LOG_ON = LogOn(user="ann", client=CLIENT_MAC.hex())
WORK = Keystroke(text="date and time")
REUSED = "connection slot 1 re-used: the station attached again from the same address"

#: facts/ipx.md 1.13, IPX datagrams; there the connection is number 5.
CREATE = "ffff00250011deadbeef00000000000104510000000a00a0c9112233 4003 1111 00 ff 00 ff 00"
CREATED = "ffff002600110000000a00a0c91122334003deadbeef000000000001 0451 3333 00 05 00 00 00 00"
REQUEST_14 = "ffff00250011deadbeef00000000000104510000000a00a0c9112233 4003 2222 01 05 01 00 14"
BUSY = "ffff002600110000000a00a0c91122334003deadbeef000000000001 0451 9999 01 05 01 00 00 00"
DESTROY = "ffff00250011deadbeef00000000000104510000000a00a0c9112233 4003 5555 02 05 01 00 00"
POLL = "ffff002000110000000a00a0c91122334004deadbeef000000000001 4001 05 3f"
ANSWER = "ffff00200011deadbeef00000000000140010000000a00a0c9112233 4004 05 59"


def octets(vector: str) -> str:
    return vector.replace(" ", "")


def with_four_before(world: World) -> None:
    """Slots 1 to 4 are taken, so that the client gets number 5, as in the vectors."""
    for number in range(1, 5):
        elsewhere = IpxAddress(network=10, node=bytes(5) + bytes([number]), socket=0x4003)
        world.server.slots.occupy(elsewhere, object())  # type: ignore[arg-type]


def states(world: World) -> list[tuple[str, int, object]]:
    return world.table.what()


# --- set-up, work, goodbye ----------------------------------------------------------------------


def test_the_octets_are_those_of_the_fact_sheet() -> None:
    """Every NCP vector of facts/ipx.md 1.13, from our ends, in the order of a session."""
    world = World(params(TIGHT), answers=False)
    with_four_before(world)
    shell = world.client.connect(LogOn(user="ann", client="WS1"), 0)
    world.lan.run(ms(5))
    said = [frame.ipx for frame in world.lan.frames]
    assert said[4:6] == [octets(CREATE), octets(CREATED)]
    # The login waits for its answer: its retry gets the busy vector.
    world.lan.run(ms(510))
    assert world.lan.frames[-1].ipx == octets(BUSY)
    world.table.connections[1].send(Welcome(session=1, how="new"), world.lan.now)
    world.lan.run(s(30) + s(1))
    assert [frame.ipx for frame in world.lan.frames[-2:]] == [octets(POLL), octets(ANSWER)]
    shell.send(LogOff(), world.lan.now)
    world.lan.run(s(32))
    assert world.lan.frames[-2].ipx == octets(DESTROY)


def test_the_activity_request_is_that_of_the_fact_sheet() -> None:
    """But for its sequence: the vector's is 01, which the login has taken here."""
    world = World(params(TIGHT))
    with_four_before(world)
    shell = world.log_on()
    shell.send(Keystroke(text="x"), world.lan.now)
    expected = octets(REQUEST_14).replace("22220105", "22220205")
    assert world.lan.frames[-1].ipx == expected


def test_the_way_in_frame_by_frame() -> None:
    """SAP, RIP, create, login: broadcast while nothing is known, then to the learned MAC."""
    world = World(params())
    world.log_on()
    shown = [
        (frame.octets[:6].hex(), str(frame.datagram.source), str(frame.datagram.destination))
        for frame in world.lan.frames
    ]
    everybody, server, client = "ff" * 6, SERVER_MAC.hex(), CLIENT_MAC.hex()
    me, it = "0000000A:00A0C9112233:4003", "DEADBEEF:000000000001:0451"
    assert shown == [
        (everybody, "00000000:00A0C9112233:4003", "00000000:FFFFFFFFFFFF:0452"),
        (client, "0000000A:00A0C9445566:0452", me),
        (everybody, me, "0000000A:FFFFFFFFFFFF:0453"),
        (client, "0000000A:00A0C9445566:0453", me),
        (server, me, it),
        (client, it, me),
        (server, me, it),
        (client, it, me),
    ]
    assert [frame.datagram.packet_type for frame in world.lan.frames] == [
        4,
        4,
        1,
        1,
        17,
        17,
        17,
        17,
    ]


def test_both_users_hear_of_a_session_from_log_on_to_log_off() -> None:
    world = World(params())
    shell = world.log_on()
    shell.send(Keystroke(text="a"), world.lan.now)
    world.lan.run(s(1))
    shell.send(LogOff(), world.lan.now)
    world.lan.run(s(2))
    assert states(world) == [
        ("opened", 1, None),
        ("message", 1, LOG_ON),
        ("message", 1, WORK),
        ("message", 1, LogOff()),
        ("ended", 1, "logged off"),
    ]
    assert world.program.what() == [
        ("opened", 1, None),
        ("message", 1, Welcome(session=0, how="new")),
        ("message", 1, Screen(text="1998-06-01 00:00:00")),
        ("ended", 1, "logged off"),
    ]
    assert len(world.server.slots) == 0
    assert world.table.connections[1].peer == "0000000A:00A0C9112233:4003"
    assert shell.peer == "DEADBEEF:000000000001:0451"


def test_the_server_tells_its_own_time() -> None:
    """1998-06-01 was a Monday; 90061 s later it is Tuesday 01:01:01."""
    world = World(params(NETWARE))
    shell = world.log_on()
    world.lan.run(s(90_061))
    shell.send(Keystroke(text="a"), world.lan.now)
    world.lan.run(s(90_062))
    assert world.lan.frames[-1].datagram.payload[8:] == bytes([98, 6, 2, 1, 1, 1, 2])
    assert world.program.what()[-1] == ("message", 1, Screen(text="1998-06-02 01:01:01"))


def test_a_refused_log_on_is_completion_f9_status_04() -> None:
    world = World(params())
    shell = world.log_on("nobody")
    assert world.lan.frames[-1].datagram.payload[6:8] == b"\xf9\x04"
    refused = Refused(why="completion F9, status 04")
    assert world.program.what() == [("opened", 1, None), ("message", 1, refused)]
    shell.close(world.lan.now)
    world.lan.run(s(1))
    assert world.program.what()[-1] == ("ended", 1, "logged off")


def test_work_that_takes_long_is_answered_when_it_is_done() -> None:
    world = World(params(), answers=False)
    world.client.connect(LogOn(user="ann", client="WS1"), 0)
    world.lan.run(s(3))
    kinds = [decode_ncp(frame.datagram.payload).kind for frame in world.lan.frames[6:]]
    assert kinds[:3] == [NcpType.REQUEST, NcpType.REQUEST, NcpType.BUSY]
    assert ("message", 1, LOG_ON) in states(world)
    assert states(world).count(("message", 1, LOG_ON)) == 1
    world.table.connections[1].send(Welcome(session=1, how="new"), world.lan.now)
    world.lan.run(s(4))
    assert world.program.what()[-1] == ("message", 1, Welcome(session=0, how="new"))


def test_a_request_that_nobody_serves_gets_fb() -> None:
    world = World(params())
    shell = world.log_on()
    shell._ask(Call(function=0x43), world.lan.now)
    world.lan.run(s(1))
    assert world.lan.frames[-1].datagram.payload[6] == 0xFB


# --- idle ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["ethernet-ii", "raw-802.3", "802.2", "snap"])
def test_idle_is_a_poll_and_its_answer_and_nothing_else(framing: str) -> None:
    """In every framing; notes name the connection and the frame."""
    world = World(params(TIGHT, framing=framing))
    world.log_on()
    set_up = len(world.lan.frames)
    heard = world.table.connections[1].last_octet_ns
    world.lan.run(s(61))
    polls = world.lan.since(set_up)
    assert [frame.at - heard for frame in polls] == [
        s(30), s(30) + LATENCY, s(60) + 2 * LATENCY, s(60) + 3 * LATENCY,
    ]  # fmt: skip
    assert [frame.datagram.payload.hex() for frame in polls] == ["013f", "0159"] * 2
    assert all(len(frame.octets) == 60 for frame in polls)
    facts = {"number": 1, "of": 5}
    assert [(note, serial, frame) for _at, note, serial, frame in world.server_box.notes] == [
        (Note("probe", facts), 1, set_up + 1),
        (Note("probe-answered", facts), 1, set_up + 2),
        (Note("probe", facts), 1, set_up + 3),
        (Note("probe-answered", facts), 1, set_up + 4),
    ]
    assert world.client_box.notes == []


@pytest.mark.parametrize("made", [params(NETWARE), params(TIGHT), params(MARS_NWE)])
def test_a_healthy_day_loses_nobody_and_polls_as_the_formula_says(made) -> None:
    world = World(made)
    world.log_on()
    last = world.table.connections[1].last_octet_ns
    set_up = len(world.lan.frames)
    # 240 polls at most: their round trips add up to 48 ms, far from any boundary here.
    world.lan.run(s(7200))
    polls = [frame for frame in world.lan.since(set_up) if frame.datagram.payload[1:] == b"\x3f"]
    assert len(polls) == NCP.idle_probes(made, last, s(7200))
    assert [what for what, _serial, _detail in states(world)] == ["opened", "message"]


@pytest.mark.slow
def test_one_timer_entry_a_connection_is_enough() -> None:
    """Work every second for an hour arms an entry per D1 or so, not one per request."""
    world = World(params(TIGHT))
    shell = world.log_on()
    before = world.lan.armed
    for second in range(1, 3601):
        world.lan.run(s(second))
        shell.send(Keystroke(text="a"), world.lan.now)
    world.lan.run(s(3601))
    # Each end: the server's D1 entry 3600/29, the client's 500 ms entry once per request.
    assert world.lan.armed - before <= 3600 + 3600 // 29 + 1


# --- death --------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [params(NETWARE), params(TIGHT), params(MARS_NWE),
                                  params(replace(TIGHT, wait_after_last_poll=False))])  # fmt: skip
@pytest.mark.parametrize("work_until", [s(533), s(540), s(541) + 7])
def test_power_loss_is_noticed_exactly_when_the_formula_says(made, work_until: int) -> None:
    """One request more than 50 s after the log-on, so that it counts with mars_nwe, too."""
    world = World(made)
    world.log_on()
    world.lan.run(work_until - LATENCY)
    world.client._shell.send(Keystroke(text="a"), world.lan.now)
    world.lan.run(work_until)
    connection = world.table.connections[1]
    assert connection.last_octet_ns == work_until
    world.power_off()
    number = len(world.lan.frames) + 1  # the reply still leaves the server
    world.lan.run(s(2000))
    silence = NCP.silence(made, work_until)
    assert silence is not None
    lost = f"{made.watchdog.polls} watchdog polls unanswered"
    assert world.table.said[-1] == (work_until + silence, "lost", 1, lost)
    assert all(frame.datagram.payload[1:] == b"\x3f" for frame in world.lan.since(number))
    assert len(world.server.slots) == 0
    assert connection.last_octet_ns == work_until


def test_a_late_request_after_clearing_learns_status_01() -> None:
    """The cable was out, not the power: facts/ipx.md 3.1.8."""
    world = World(params(TIGHT))
    shell = world.log_on()
    world.power_off()
    world.lan.run(s(200))
    world.client_box.power = True
    shell.send(Keystroke(text="a"), world.lan.now)
    world.lan.run(s(201))
    assert world.lan.frames[-1].datagram.payload.hex() == "333302010100" + "0001"
    assert world.program.what()[-1][:2] == ("lost", 1)
    assert "status 01" in str(world.program.what()[-1][2])
    # The way back in is a new connection, from the same socket.
    world.log_on()
    assert [what for what, serial, _detail in states(world) if serial == 2] == ["opened", "message"]


def test_a_late_goodbye_after_clearing_is_answered_all_the_same() -> None:
    world = World(params(TIGHT))
    shell = world.log_on()
    world.table.connections[1].close(world.lan.now)
    assert len(world.server.slots) == 0
    frames = len(world.lan.frames)
    shell.close(world.lan.now)
    world.lan.run(s(1))
    assert [f.datagram.payload.hex() for f in world.lan.since(frames)] == [
        "55550201010000", "3333020101000000",
    ]  # fmt: skip
    assert world.program.what()[-1] == ("ended", 1, "logged off")
    assert [what for what, _serial, _detail in states(world)] == ["opened", "message"]


def test_what_is_said_after_the_end_is_swallowed() -> None:
    world = World(params(TIGHT))
    shell = world.log_on()
    shell.close(world.lan.now)
    shell.close(world.lan.now)
    shell.send(Keystroke(text="a"), world.lan.now)
    world.lan.run(s(1))
    frames = len(world.lan.frames)
    world.table.connections[1].send(Screen(text="late"), world.lan.now)
    world.table.connections[1].close(world.lan.now)
    shell.send(Keystroke(text="a"), world.lan.now)
    assert len(world.lan.frames) == frames


# --- reboot -------------------------------------------------------------------------------------


def test_a_reboot_from_the_same_address_takes_the_slot_over() -> None:
    world = World(params(NETWARE))
    world.log_on()
    last = world.table.connections[1].last_octet_ns
    world.power_off()
    world.lan.run(s(100))
    world.boot()
    world.log_on()
    assert states(world)[2:] == [
        ("lost", 1, REUSED),
        ("opened", 2, None),
        ("message", 2, LOG_ON),
    ]
    assert world.table.connections[1].last_octet_ns == last
    assert world.table.connections[2].machine.number == 1
    assert len(world.server.slots) == 1
    # The sequence began anew: work goes on.
    world.client._shell.send(Keystroke(text="a"), world.lan.now)
    world.lan.run(s(101))
    assert states(world)[-1] == ("message", 2, WORK)


def test_a_reboot_from_another_socket_opens_a_second_slot_and_the_first_ages_out() -> None:
    made = params(TIGHT, same_client_socket=False)
    world = World(made)
    world.log_on()
    last = world.table.connections[1].last_octet_ns
    world.power_off()
    world.lan.run(s(20))
    world.boot()
    world.log_on()
    assert world.table.connections[2].peer == "0000000A:00A0C9112233:4007"
    assert world.table.connections[2].machine.number == 2
    world.lan.run(s(1000))
    lost = [entry for entry in world.table.said if entry[1] == "lost"]
    assert lost == [(last + s(80), "lost", 1, "5 watchdog polls unanswered")]


def test_the_new_stack_answers_for_the_old_slot_for_ever() -> None:
    """The trap of facts/ipx.md 3.1.4: same socket, new slot, and 'Y' whatever the number."""
    world = World(params(TIGHT, same_address_reuses=False))
    world.log_on()
    world.power_off()
    world.lan.run(s(20))
    world.boot()
    world.log_on()
    world.lan.run(s(20_000))
    assert len(world.server.slots) == 2
    assert [what for what, _s, _d in states(world)] == ["opened", "message"] * 2


def test_a_rebooted_machine_without_a_shell_answers_nothing() -> None:
    world = World(params(TIGHT))
    world.log_on()
    last = world.table.connections[1].last_octet_ns
    world.power_off()
    world.lan.run(s(20))
    world.boot()
    world.lan.run(s(200))
    assert world.table.said[-1][0] == last + s(80)


# --- losses -------------------------------------------------------------------------------------


def test_a_lost_create_reply_does_not_cost_a_slot() -> None:
    """The create is repeated before any request: same slot, no second "opened"."""
    for reuses in (True, False):
        world = World(
            params(TIGHT, same_address_reuses=reuses), lose=lambda frame: frame.number == 6
        )
        world.client.connect(LogOn(user="ann", client="WS1"), 0)
        world.lan.run(s(1))
        assert len(world.server.slots) == 1
        assert states(world) == [("opened", 1, None), ("message", 1, LOG_ON)]
        retries = [note for _at, note, _serial, _frame in world.client_box.notes]
        assert retries == [Note("retry", {"number": 1, "of": 2})]


def test_without_a_server_the_client_gives_up() -> None:
    world = World(params(TIGHT), lose=lambda _frame: True)
    world.log_on()
    world.lan.run(s(10))
    assert world.program.said == [(ms(1500), "lost", 1, "no reply to the nearest-server query")]
    assert len(world.lan.frames) == 3


@pytest.mark.slow
@given(st.sets(st.integers(1, 60)), st.booleans(), st.sampled_from([TIGHT, MARS_NWE]))
def test_whatever_gets_lost_each_keystroke_is_worked_on_once(lost, reuses, watchdog) -> None:
    """Either everything asked for is answered in order, or somebody was told of a loss."""
    world = World(
        params(watchdog, same_address_reuses=reuses), lose=lambda frame: frame.number in lost
    )
    shell = world.log_on()
    for second in range(1, 6):
        world.lan.run(s(10 * second))
        shell.send(Keystroke(text="a"), world.lan.now)
    shell.send(LogOff(), world.lan.now)
    world.lan.run(s(2000))
    answered = [d for what, _s, d in world.program.what() if isinstance(d, Screen)]
    worked = [d for what, _s, d in states(world) if isinstance(d, Keystroke)]
    ends = [what for what, _s, _d in world.program.what() if what in ("lost", "ended")]
    assert len(ends) == 1
    assert len(answered) <= len(worked) <= 5
    if ends == ["ended"]:
        assert (len(answered), len(worked)) == (5, 5)
    assert len(world.server.slots) == 0 or ends == ["lost"]
    assert (world.server.dropped, world.client.dropped) == (0, 0)


# --- strangers ----------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.binary(max_size=80), st.sampled_from([0x451, 0x452, 0x453, 0x4001, 0x4003, 0x4004]),
       st.sampled_from([0x451, 0x452, 0x453, 0x4001, 0x4003, 0x4004]))  # fmt: skip
def test_no_octets_raise(payload: bytes, to: int, by: int) -> None:
    """Any payload at any socket, from the other end's address, and cut short as well."""
    world = World(params())
    world.log_on()
    for station, box in ((world.server, world.client_box), (world.client, world.server_box)):
        mine = world.lan.frames[4 if station is world.server else 5]
        head = bytearray(mine.octets[: 14 + 30])
        head[16:18] = (30 + len(payload)).to_bytes(2, "big")
        head[30:32], head[42:44] = to.to_bytes(2, "big"), by.to_bytes(2, "big")
        whole = bytes(head) + payload
        for end in (len(whole), len(whole) - 1, 20):
            station.receive(
                whole[:end].ljust(60, b"\0") if end > 40 else whole[:end], world.lan.now
            )
        assert box.power


def test_malformed_frames_are_counted() -> None:
    world = World(params())
    world.log_on()
    cut = world.lan.frames[4].octets[:40]
    world.server.receive(cut, world.lan.now)
    assert world.server.dropped == 1
    cut = world.lan.frames[5].octets[:40]
    world.client.receive(cut, world.lan.now)
    assert world.client.dropped == 1


def test_an_unreadable_login_gets_fb_and_is_counted() -> None:
    world = World(params())
    shell = world.log_on()
    shell._ask(Call(function=0x17, data=b"\x00"), world.lan.now)
    world.lan.run(s(1))
    assert world.lan.frames[-1].datagram.payload[6] == 0xFB
    assert world.server.dropped == 1


def test_connect_wants_a_log_on_and_one_connection_at_a_time() -> None:
    world = World(params())
    with pytest.raises(LocalProtocolError, match="begins with a log-on"):
        world.client.connect(LogOff(), 0)
    shell = world.log_on()
    with pytest.raises(LocalProtocolError, match="still attached"):
        world.client.connect(LogOn(user="ann", client="WS1"), world.lan.now)
    with pytest.raises(LocalProtocolError, match="cannot say"):
        shell.send(Screen(text="x"), world.lan.now)


def test_a_server_cannot_push() -> None:
    world = World(params())
    world.log_on()
    with pytest.raises(LocalProtocolError, match="cannot take"):
        world.table.connections[1].send(Screen(text="x"), world.lan.now)


@pytest.mark.slow
def test_more_than_255_connections_are_polled_by_low_octet_and_told_apart_by_node() -> None:
    world = World(params(TIGHT))
    for number in range(260):
        world.boot(bytes.fromhex("00a0c9") + number.to_bytes(3, "big"))
        world.log_on()
    assert len(world.server.slots) == 260
    world.lan.run(s(100))
    assert len(world.server.slots) == 260
    last = world.table.connections[260]
    assert last.machine.number == 260
    world.power_off()
    world.lan.run(s(300))
    assert world.table.what()[-1] == ("lost", 260, "5 watchdog polls unanswered")
    assert len(world.server.slots) == 259


# --- advertising --------------------------------------------------------------------------------

#: By hand after facts/ipx.md 1.1 and 1.12: from the segment's address, to everybody.
TOLD_RIP = (
    "ffff 0028 00 01 0000000a ffffffffffff 0453 0000000a 00a0c9445566 0453 0002 deadbeef 0001 0002"
)
TOLD_SAP = (
    "ffff 0060 00 04 0000000a ffffffffffff 0452 0000000a 00a0c9445566 0452 0002 0004"
    "534552564552323339" + 39 * "00" + "deadbeef 000000000001 0451 0001"
)


def test_a_server_advertises_itself_at_its_start_and_then_every_60_s() -> None:
    """Two broadcasts each time and nothing between; SERVER239 is number EF."""
    world = World(params(advertise_every_ns=s(60)))
    world.lan.run(s(180))
    said = [(frame.at, frame.ipx) for frame in world.lan.frames]
    assert said == [
        (at, octets(told)) for at in (0, s(60), s(120), s(180)) for told in (TOLD_RIP, TOLD_SAP)
    ]
    assert {frame.octets[:6] for frame in world.lan.frames} == {b"\xff" * 6}


def test_a_server_that_never_advertises_is_silent() -> None:
    world = World(params(advertise_every_ns=None))
    world.lan.run(s(86_400))
    assert world.lan.frames == []


def test_advertising_changes_nothing_for_a_client() -> None:
    """The idle client's polls are where they were, and it answers no broadcast."""
    heard: list[list[tuple[int, str]]] = []
    for every_ns in (None, s(60)):
        world = World(params(NETWARE, advertise_every_ns=every_ns))
        world.log_on()
        world.lan.run(s(1000))
        told = (octets(TOLD_RIP), octets(TOLD_SAP))
        heard.append([(f.at, f.ipx) for f in world.lan.frames if f.ipx not in told])
    assert heard[0] == heard[1]
    assert world.server.dropped == 0


def test_a_server_without_power_advertises_nothing() -> None:
    world = World(params(advertise_every_ns=s(60)))
    world.lan.run(s(1))
    world.server_box.power = False
    world.lan.run(s(1000))
    assert len(world.lan.frames) == 2
