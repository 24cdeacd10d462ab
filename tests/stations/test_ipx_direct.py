"""SMB directly on IPX through octets at both ends: name, CID, replay, strangers, the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ethernet import BROADCAST
from emu.pdu.ipx import IpxAddress
from emu.pdu.nmpi import NmpiOperation
from emu.pdu.smb.message import Smb
from emu.stations.base import StationSpec
from emu.stations.ipx_direct import MESSAGE_OCTETS
from emu.stations.service import MESSAGES
from emu.transports.ipx_direct import IPX_DIRECT
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.units import ticks
from emu.wire.nmpi import decode_nmpi, encode_nmpi
from emu.wire.smb.message import decode_header, decode_smb, encode_smb
from tests.machines.ipx_direct_parts import T3
from tests.wire.outside import find_tshark
from tests.wire.smb.values import EXPECTED

from .ncp_lan import CLIENT_MAC, LATENCY, SERVER_MAC, Box, Frame, Lan, Log
from .spx_lan import LOST_NEVER, spec_of

OTHER_MAC = bytes.fromhex("00a0c9112244")
STEP = ticks(7)
NEGOTIATE, ECHO = (encode_smb(EXPECTED[name]) for name in ("negotiate", "echo"))


def message(name: str, mid: int) -> bytes:
    """A message of the golden vectors, under another MID."""
    given = EXPECTED[name]
    return encode_smb(Smb(header=replace(given.header, mid=mid), bodies=given.bodies))


def bare(octets: bytes) -> bytes:
    """Without CID and sequence."""
    return octets[:18] + bytes(4) + octets[22:]


class Answering(Log):
    """A server's user: answers NEGOTIATE and echoes, each with its MID, if it ``answers``."""

    def __init__(self, lan: Lan) -> None:
        super().__init__(lan)
        self.answers = True
        self.connections: dict[int, Any] = {}

    def opened(self, connection: Any, now: int) -> None:
        self.connections[connection.serial] = connection
        super().opened(connection, now)

    def message(self, connection: Any, message: Any, now: int) -> None:
        super().message(connection, message, now)
        if self.answers:
            self.answer(connection, message, now)

    def answer(self, connection: Any, octets: bytes, now: int) -> None:
        header, command = decode_header(octets)
        name = {0x72: "negotiate-ok", 0x2B: "echo-ok"}[command]
        connection.send(message(name, header.mid), now)


class Office:
    """A server, a client, and room for more."""

    def __init__(
        self,
        *,
        framing: str = "802.2",
        lose: Callable[[Frame], bool] = LOST_NEVER,
        server_boot: int = 0,
        **pins: int,
    ) -> None:
        self.params = replace(T3, framing=framing)
        self.lan = Lan(lose=lose)
        self.table = Answering(self.lan)
        self.server_box = Box(self.lan, SERVER_MAC)
        self.start_server(server_boot, **pins)
        self.program, self.client = self.machine(CLIENT_MAC)

    def start_server(self, boot: int, **pins: int) -> None:
        spec = self.spec(self.server_box, self.table, boot, "", **pins)
        self.server: Any = IPX_DIRECT.server(spec)
        self.server_box.station = self.server

    def machine(self, mac: bytes, host: str = "ws1") -> tuple[Log, Any]:
        """Power for a client machine."""
        box, program = Box(self.lan, mac), Log(self.lan)
        box.station = IPX_DIRECT.client(self.spec(box, program, 0, host))
        return program, box.station

    def spec(self, box: Box, user: Log, boot: int, host: str, **pins: int) -> StationSpec:
        spec = spec_of(self.params, box, user, boot=boot, **pins)
        return replace(spec, service=MESSAGES, host=host)

    def run(self, span: int = ms(10)) -> None:
        self.lan.run(self.lan.now + span)

    def up(self, client: Any = None) -> Any:
        """Connect, negotiate; the client's connection."""
        connection = (client or self.client).connect(None, self.lan.now)
        self.run()
        connection.send(NEGOTIATE, self.lan.now)
        self.run()
        return connection

    def smbs(self) -> list[tuple[bool, int, int, int, int]]:
        """Of every SMB on the wire: up, command, CID, sequence, status."""
        found: list[tuple[bool, int, int, int, int]] = []
        for frame in self.lan.frames:
            datagram = frame.datagram
            if 0x0551 not in (datagram.source.socket, datagram.destination.socket):
                header, command = decode_header(datagram.payload)
                is_up = datagram.destination.socket == 0x0550
                found.append((is_up, command, header.cid, header.sequence, header.status))
        return found


@pytest.mark.parametrize("framing", sorted(MESSAGE_OCTETS))
def test_the_first_packets_of_a_connection(framing: str) -> None:
    """NMPI 0552 to 0551 and back, then SMB 0552 to 0550, all of type 4 (facts/ipx.md 3.4)."""
    office = Office(framing=framing, connection_id=0x0102)
    connection = office.up()
    heads = [
        (f.octets[:6], d.packet_type, str(d.source), str(d.destination))
        for f in office.lan.frames
        for d in [f.datagram]
    ]
    server, client = "0000000A:00A0C9445566", "0000000A:00A0C9112233"
    assert heads == [
        (BROADCAST, 4, "00000000:00A0C9112233:0552", "00000000:FFFFFFFFFFFF:0551"),
        (CLIENT_MAC, 4, f"{server}:0551", f"{client}:0552"),
        (SERVER_MAC, 4, f"{client}:0552", f"{server}:0550"),
        (CLIENT_MAC, 4, f"{server}:0550", f"{client}:0552"),
    ]
    query, found = (decode_nmpi(f.datagram.payload) for f in office.lan.frames[:2])
    assert (query.operation, query.requested, query.source) == (
        0xF3, b"SERVER239      \x20", b"WS1            \0")  # fmt: skip
    assert (found.operation, found.requested, found.source, found.message_id) == (
        0xF4, query.requested, query.requested, query.message_id)  # fmt: skip
    assert office.smbs() == [(True, 0x72, 0, 0, 0), (False, 0x72, 0x0102, 0, 0)]
    assert office.program.what()[0] == ("opened", 1, None)
    (_opened, (_what, _serial, answer)) = office.program.what()
    assert isinstance(answer, bytes) and bare(answer) == bare(message("negotiate-ok", 0x40))
    assert connection.address == f"{server}:0550" and connection.peer == "SERVER239"
    theirs = office.table.connections[1]
    assert (theirs.address, theirs.caller) == (f"{client}:0552", "WS1")
    assert (connection.caller, connection.message_max) == ("SERVER239", MESSAGE_OCTETS[framing])


def test_nobody_answers_to_the_name() -> None:
    """The first query of type 4, four of type 20, ten ticks apart (capture T3)."""
    office = Office()
    office.server_box.power = False
    office.client.connect(None, 0)
    office.lan.run(s(60))
    assert [(f.at, f.datagram.packet_type) for f in office.lan.frames] == [
        (n * ticks(10), 20 if n else 4) for n in range(5)]  # fmt: skip
    assert office.program.said == [
        (5 * ticks(10), "lost", 1, "the name SERVER239<20> was not found")]  # fmt: skip
    assert not office.client.connections


def test_requests_carry_the_cid_and_a_number_each() -> None:
    office = Office(connection_id=7)
    connection = office.up()
    for mid in (2, 3):
        connection.send(message("echo", mid), office.lan.now)
    office.run()
    assert office.smbs()[2:] == [
        (True, 0x2B, 7, 1, 0), (False, 0x2B, 7, 1, 0),
        (True, 0x2B, 7, 2, 0), (False, 0x2B, 7, 2, 0)]  # fmt: skip
    said = [octets for _w, _s, octets in office.program.what()[2:]]
    assert [decode_smb(octets).header.mid for octets in said if isinstance(octets, bytes)] == [2, 3]
    assert connection.unacknowledged_since_ns is None


def test_a_lost_answer_is_replayed_and_the_request_goes_up_once() -> None:
    lost: list[int] = []

    def lose(frame: Frame) -> bool:
        """The first answer to the echo."""
        datagram = frame.datagram
        if datagram.source.socket != 0x0550 or datagram.payload[4] != 0x2B or lost:
            return False
        lost.append(frame.number)
        return True

    office = Office(lose=lose, connection_id=7)
    connection = office.up()
    sent_at = office.lan.now
    connection.send(ECHO, sent_at)
    assert connection.unacknowledged_since_ns == sent_at
    office.run(s(2))
    copies = [f for f in office.lan.frames if f.datagram.payload[4:5] == b"\x2b"]
    assert [f.at - sent_at for f in copies] == [0, LATENCY, STEP, STEP + LATENCY]
    assert copies[0].datagram == copies[2].datagram and copies[1].datagram == copies[3].datagram
    assert [what for what, *_ in office.table.what()] == ["opened", "message", "message"]
    assert len(office.program.what()) == 3
    notes = [note.kind for box in office.lan.boxes for _at, note, *_rest in box.notes]
    assert sorted(notes) == ["replayed", "retransmission"]


def test_a_server_that_takes_its_time_says_so() -> None:
    office = Office(connection_id=7)
    connection = office.up()
    office.table.answers = False
    connection.send(ECHO, office.lan.now)
    office.run(s(35))
    assert {row[4] for row in office.smbs() if not row[0]} == {0, 0x0011_0002}
    office.table.answer(office.table.connections[1], ECHO, office.lan.now)
    office.run()
    assert [what for what, *_ in office.program.what()] == ["opened", "message", "message"]
    assert [what for what, *_ in office.table.what()] == ["opened", "message", "message"]


def test_power_loss_is_noticed_by_nobody_at_the_server() -> None:
    office = Office()
    office.up()
    office.lan.boxes[1].power = False
    count = len(office.lan.frames)
    office.lan.run(s(86_400))
    assert len(office.lan.frames) == count and len(office.server.connections) == 1
    assert [what for what, *_ in office.table.what()] == ["opened", "message"]


def test_a_dead_server_is_given_up_after_12_repetitions() -> None:
    office = Office()
    connection = office.up()
    office.server_box.power = False
    at = office.lan.now
    connection.send(ECHO, at)
    office.lan.run(s(100))
    assert office.program.said[-1] == (
        at + 79 * STEP, "lost", 1, "12 repetitions of a request unanswered")  # fmt: skip
    assert not office.client.connections


def test_a_restarted_server_does_not_know_the_connection() -> None:
    """ERRSRV/0010, and the client's connection is lost; it may begin anew."""
    office = Office(connection_id=7)
    connection = office.up()
    office.start_server(1, connection_id=8)
    connection.send(ECHO, office.lan.now)
    office.run()
    assert office.smbs()[-1] == (False, 0x2B, 7, 1, 0x0010_0002)
    assert office.program.what()[-1] == (
        "lost", 1, "the server does not know this connection (ERRinvsess)")  # fmt: skip
    office.up()
    assert office.smbs()[-1] == (False, 0x72, 8, 0, 0)


def test_a_rebooted_client_is_another_connection_and_the_old_one_stays() -> None:
    """Only a VC number of 0 or the idle rule ends it, and both are the server's (3.4)."""
    office = Office()
    connection = office.up()
    connection.send(ECHO, office.lan.now)
    office.run()
    office.lan.boxes[1].power = False
    _program, client = office.machine(CLIENT_MAC)
    office.up(client)
    first, second = office.table.connections.values()
    assert len(office.server.connections) == 2 and first.address == second.address
    assert first.machine.cid != second.machine.cid


def test_two_clients_have_a_connection_each() -> None:
    office = Office()
    program, client = office.machine(OTHER_MAC, "much-too-long-a-name")
    ours, other = office.up(), office.up(client)
    ours.send(message("echo", 2), office.lan.now)
    other.send(message("echo", 3), office.lan.now)
    office.run()
    assert [len(each.what()) for each in (office.program, program)] == [3, 3]
    assert [each.caller for each in office.table.connections.values()] == ["WS1", "CLIENT11"]
    assert len(office.server.connections) == 2


def test_a_cid_is_its_address_s_alone() -> None:
    """Another's, none and FFFF: ERRinvsess; and a stranger's reply is never answered."""
    office = Office(connection_id=7)
    office.up()
    program, client = office.machine(OTHER_MAC)
    stranger = office.up(client)
    for cid in (7, 0, 0xFFFF, 9):
        stranger.machine.cid = cid
        forged = ECHO[:18] + cid.to_bytes(2, "little") + b"\1\0" + ECHO[22:]
        count, told = len(office.lan.frames), len(office.table.said)
        _forge(office, forged)
        assert office.smbs()[-1] == (False, 0x2B, cid, 1, 0x0010_0002)
        _forge(office, forged[:9] + b"\x80" + forged[10:])
        assert len(office.lan.frames) == count + 3 and len(office.table.said) == told
    assert len(office.server.connections) == 2 and program.what()


def _forge(office: Office, payload: bytes) -> None:
    """A datagram from the other client's box, whatever its station thinks."""
    station = office.lan.boxes[2].station
    at = IpxAddress(network=0xA, node=SERVER_MAC, socket=0x0550)
    source = station.ipx.home(0x0552)
    station.ipx.send(payload, packet_type=4, source=source, destination=at, mac=SERVER_MAC)
    office.run()


def test_nothing_is_said_when_a_connection_is_forgotten() -> None:
    for end in ("close", "abort"):
        office = Office()
        connection = office.up()
        count = len(office.lan.frames)
        getattr(connection, end)(office.lan.now)
        theirs = office.table.connections[1]
        getattr(theirs, end)(office.lan.now)
        office.run(s(3600))
        assert len(office.lan.frames) == count
        cause = "forgotten" if end == "close" else "aborted"
        assert office.program.what()[-1] == office.table.what()[-1] == ("ended", 1, cause)
        assert not office.client.connections and not office.server.connections
        connection.send(ECHO, office.lan.now)
        connection.close(office.lan.now)
        office.client.killed(connection, unread=True, now=office.lan.now)
        assert len(office.lan.frames) == count


def test_a_message_that_no_packet_holds() -> None:
    """1500 octets less 3 of LLC and 30 of IPX; there is no fragmentation."""
    office = Office()
    connection = office.up()
    assert connection.message_max == 1467
    with pytest.raises(LocalProtocolError, match="up to 1467 octets, got 1468"):
        connection.send(ECHO.ljust(1468, b"\0"), office.lan.now)
    connection.send(ECHO.ljust(1467, b"\0"), office.lan.now)
    assert len(office.lan.frames[-1].octets) == 14 + 1500


def test_a_terminal_is_not_carried() -> None:
    lan = Lan()
    spec = spec_of(T3, Box(lan, SERVER_MAC), Log(lan))
    for make in (IPX_DIRECT.server, IPX_DIRECT.client):
        with pytest.raises(LocalProtocolError, match="no terminal"):
            make(spec)
    with pytest.raises(LocalProtocolError, match="nothing can be sent"):
        Office().client.connect(NEGOTIATE, 0)


def test_what_is_not_for_us_is_passed_over() -> None:
    """Other names, other operations, other sockets, other IPX addresses."""
    office = Office()
    connection = office.up()
    count = len(office.lan.frames)
    query = decode_nmpi(office.lan.frames[0].datagram.payload)
    box = office.lan.boxes[1]
    for packet in (
        replace(query, requested=query.source),
        replace(query, operation=NmpiOperation.CLAIM),
        replace(query, operation=NmpiOperation.FOUND),
    ):
        for socket in (0x0551, 0x0553):
            to = IpxAddress(network=0xA, node=SERVER_MAC, socket=socket)
            box.station.ipx.send(
                encode_nmpi(packet), packet_type=4, source=box.station.ipx.home(0x0552),
                destination=to, mac=SERVER_MAC,
            )  # fmt: skip
    office.run()
    assert len(office.lan.frames) == count + 6
    assert office.server.dropped == 0 and connection.machine.cid


def test_damaged_frames_stop_nobody() -> None:
    """Octets behind the IPX header are changed, cut or added to; the server goes on."""
    for seed in range(100):
        random = Random(seed)
        office = Office()
        connection = office.up()
        whole = [f.octets for f in office.lan.frames if f.octets[6:12] == CLIENT_MAC]
        for _ in range(20):
            octets = bytearray(random.choice(whole))
            for _ in range(random.randint(0, 3)):
                octets[random.randrange(47, len(octets))] = random.randrange(256)
            office.table.answers = False
            office.server.receive(bytes(octets), office.lan.now)
        office.run()
        office.table.answers = True
        connection.send(message("echo", 5), office.lan.now)
        office.run(s(1))
        assert office.program.what()[-1][0] in ("message", "lost")


def test_short_datagrams_are_dropped_and_counted() -> None:
    office = Office()
    office.up()
    _program, _client = office.machine(OTHER_MAC)
    for payload in (b"", b"\xffSMB", ECHO[:31]):
        _forge(office, payload)
    assert office.server.dropped == 3
    with pytest.raises(PeerProtocolError):
        office.server.connections[next(iter(office.server.connections))].send(b"x", 0)


def test_there_are_no_more_cids_than_numbers() -> None:
    office = Office(connection_id=0xFFFE)
    office.up()
    _program, client = office.machine(OTHER_MAC)
    office.up(client)
    assert sorted(office.server.connections) == [1, 0xFFFE]
    office.server.connections.update({n: None for n in range(1, 0xFFFF) if n not in (1, 0xFFFE)})
    office.machine(bytes.fromhex("00a0c9112255"))
    office.up(office.lan.boxes[3].station)
    assert office.server.dropped == 1 and len(office.table.connections) == 2


@pytest.mark.slow
@pytest.mark.parametrize("framing", sorted(MESSAGE_OCTETS))
def test_tshark_knows_every_frame(framing: str, tmp_path: Path) -> None:
    lost: list[int] = []

    def lose(frame: Frame) -> bool:
        if frame.datagram.payload[4:5] != b"\x2b" or lost:
            return False
        lost.append(frame.number)
        return True

    office = Office(framing=framing, lose=lose, connection_id=7)
    connection = office.up()
    connection.send(ECHO, office.lan.now)
    office.run(s(1))
    office.start_server(1)
    connection.send(message("echo", 3), office.lan.now)
    office.run(s(1))
    fields = ("_ws.col.Info", "_ws.malformed", "_ws.expert.message", "smb.sequence_num")
    rows = find_tshark(str(tmp_path)).fields([f.octets for f in office.lan.frames], *fields)
    assert not any(row["_ws.malformed"] or row["_ws.expert.message"] for row in rows)
    assert [(row["_ws.col.Info"], row["smb.sequence_num"]) for row in rows] == [
        ("Query name SERVER239<20>", ""),
        ("Name SERVER239<20> found", ""),
        ("Negotiate Protocol Request", "0"),
        ("Negotiate Protocol Response", "0"),
        ("Echo Request", "1"),
        ("Echo Request", "1"),
        ("Echo Response", "1"),
        ("Echo Request", "2"),
        # ERRSRV/0010 has no name in tshark 4.0.
        ("Echo Response, Error: Unknown SRV error (10)", "2"),
    ]
