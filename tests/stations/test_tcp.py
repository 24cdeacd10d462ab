"""TCP stations on real octets: ARP, strays, the listener, lines, timers, reboot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.tcp.control import State
from emu.pdu.arp import REPLY, REQUEST
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN, Segment
from emu.pdu.terminal import Keystroke, LogOff, Screen, Welcome
from emu.stations.addresses import ip_address
from emu.stations.service import PORT_TERMINAL as PORT
from emu.stations.tcp import TcpClientStation, TcpServerStation
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.ip_tcp import TcpFlow

from ..machines.tcp_parts import NT4
from .tcp_parts import CLIENT, LOG_ON, SERVER, Pair, User, Wire, mac


def frame(segment: Segment, *, port: int = PORT, source_port: int = 2000) -> bytes:
    """From the client's address to the server's."""
    flow = TcpFlow(
        source_mac=mac(CLIENT),
        destination_mac=mac(SERVER),
        source_ip=ip_address(CLIENT),
        destination_ip=ip_address(SERVER),
        source_port=source_port,
        destination_port=port,
    )
    return flow.encode(segment, 1)


def flags(at) -> list[int]:
    return [segment.flags for _, segment in at.segments()]


def test_a_connection_from_arp_to_log_on() -> None:
    """ARP 1 + 1 ms, SYN out at 2, SYN,ACK at 3 (the server learnt from the request), up at 4/5."""
    pair = Pair()
    pair.connected()
    assert pair.at_client.arps() == [(0, REQUEST, ip_address(SERVER))]
    assert pair.at_server.arps() == [(ms(1), REPLY, ip_address(CLIENT))]
    client, server = pair.at_client.segments(), pair.at_server.segments()
    assert [(when, each.flags) for when, each in client[:3]] == [
        (ms(2), SYN),
        (ms(4), ACK),
        (ms(4), ACK | PSH),
    ]
    assert [(when, each.flags) for when, each in server[:1]] == [(ms(3), SYN | ACK)]
    assert client[2][1].payload == b"LOGON user=ann client=ws1\r\n"
    assert pair.server_user.told == [(ms(5), "opened")]
    assert pair.server_user.messages == [LOG_ON]
    assert pair.client_user.told == [(ms(4), "opened")]
    assert pair.server_connection.peer == "10.0.0.2:1025"


def test_requests_are_a_second_apart_and_the_latest_segment_goes_out() -> None:
    """SYN at 0 and again at 3 and 9 s with nobody there; the server appears at 10 s."""
    pair = Pair()
    pair.wire.cut = True
    pair.client.connect(LOG_ON, 0)
    pair.wire.run(s(10))
    assert [when for when, _, _ in pair.at_client.arps()] == [0, s(3), s(9)]
    assert pair.at_client.segments() == []
    pair.wire.cut = False
    pair.wire.run(s(22))
    assert [when for when, _, _ in pair.at_client.arps()] == [0, s(3), s(9), s(21)]
    assert pair.at_client.segments()[0][0] == s(21) + ms(2)
    assert pair.server_user.messages == [LOG_ON]


def test_an_arp_lifetime_asks_again_and_never_does_not() -> None:
    """Data at 0.5 s and at 700 s, entries good for 600 s: one more request, held one round trip."""
    for lifetime, requests in ((None, 1), (s(600), 2)):
        pair = Pair(replace(NT4, arp_lifetime_ns=lifetime, keepalive=False))
        connection = pair.connected()
        pair.wire.run(s(700))
        connection.send(Keystroke(text="k"), s(700))
        pair.wire.run(s(700) + ms(100))
        asked = [arp for arp in pair.at_client.arps() if arp[1] == REQUEST]
        assert len(asked) == requests
        when = pair.at_client.segments()[-1][0]
        assert when == s(700) + (0 if lifetime is None else ms(2))
        assert pair.server_user.messages[-1] == Keystroke(text="k")


@pytest.mark.parametrize("at", [24, 36, 42, 50, 53])
def test_a_wrong_checksum_is_dropped_and_counted(at: int) -> None:
    """24: IPv4's own checksum; 36..50: ports, numbers, TCP's; the frame before it was fine."""
    pair = Pair()
    pair.connected()
    octets = bytearray(frame(Segment(5, 5, ACK, 100)))
    octets[at] ^= 1
    sent = len(pair.at_server.sent)
    pair.server.receive(bytes(octets), s(1))
    assert (pair.server.dropped, len(pair.at_server.sent)) == (1, sent)


@pytest.mark.parametrize("cut", [0, 13, 14, 33, 53])
def test_a_frame_cut_short_is_dropped_and_counted(cut: int) -> None:
    pair = Pair()
    pair.server.receive(frame(Segment(5, 5, ACK, 100))[:cut], 0)
    assert (pair.server.dropped, pair.at_server.sent) == (1, [])


STRAYS = [
    (Segment(100, 555, ACK, 10), Segment(555, 0, RST, 0)),
    (Segment(100, 555, SYN | ACK, 10), Segment(555, 0, RST, 0)),
    (Segment(100, 555, FIN | ACK, 10), Segment(555, 0, RST, 0)),
    (Segment(100, 0, SYN, 10), Segment(0, 101, RST | ACK, 0)),
    (Segment(0xFFFF_FFFF, 0, FIN | PSH, 10, b"ab"), Segment(0, 2, RST | ACK, 0)),
    (Segment(100, 0, RST, 10), None),
    (Segment(100, 555, RST | ACK, 10), None),
]


@pytest.mark.parametrize(("segment", "answer"), STRAYS)
def test_a_stray_draws_the_reset_of_rfc_793(segment: Segment, answer: Segment | None) -> None:
    """RFC 793 p. 36: with ACK, SEQ = SEG.ACK; without, ACK = SEG.SEQ + SEG.LEN; a RST nothing."""
    pair = Pair()
    pair.connected()
    before = len(pair.at_server.segments())
    pair.server.receive(frame(segment, port=1495), s(1))
    assert [each for _, each in pair.at_server.segments()[before:]] == (
        [] if answer is None else [answer]
    )


@pytest.mark.parametrize(
    ("letters", "port", "taken"),
    [(SYN, PORT, True), (SYN, 23, False), (SYN | ACK, PORT, False), (ACK, PORT, False),
     (SYN | RST, PORT, False)],
)  # fmt: skip
def test_the_listener_takes_a_syn_on_its_port_and_nothing_else(
    letters: int, port: int, taken: bool
) -> None:
    pair = Pair()
    pair.server.receive(frame(Segment(9, 9, letters, 10), port=port), 0)
    assert bool(pair.server.connections) == taken


def test_a_client_listens_to_nothing() -> None:
    pair = Pair()
    pair.connected()
    server_frame = TcpFlow(
        source_mac=mac(SERVER),
        destination_mac=mac(CLIENT),
        source_ip=ip_address(SERVER),
        destination_ip=ip_address(CLIENT),
        source_port=3000,
        destination_port=PORT,
    ).encode(Segment(9, 0, SYN, 10), 1)
    pair.client.receive(server_frame, s(1))
    assert flags(pair.at_client)[-1] == RST | ACK


def test_frames_for_another_address_draw_nothing() -> None:
    pair = Pair()
    pair.connected()
    octets = TcpFlow(
        source_mac=mac(CLIENT),
        destination_mac=mac(SERVER),
        source_ip=ip_address(CLIENT),
        destination_ip=ip_address(77),
        source_port=2000,
        destination_port=PORT,
    ).encode(Segment(9, 9, ACK, 10), 1)
    before = len(pair.at_server.sent)
    pair.server.receive(octets, s(1))
    assert len(pair.at_server.sent) == before


STREAM = b"KEY a\r\n\xff\xfe?\r\nKEY b\r\nNONSENSE\r\nKEY c\r\n"


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_lines_are_the_same_wherever_the_stream_is_cut(cut: int) -> None:
    """Three keystrokes, two lines that nobody can read: dropped, counted, and nothing else."""
    pair = Pair()
    connection = pair.connected()
    pair.server_user.messages.clear()
    server = pair.server_connection
    for octets in (STREAM[:cut], STREAM[cut:]):
        server._read(octets, s(1))
    assert pair.server_user.messages == [Keystroke(text=text) for text in "abc"]
    assert pair.server.dropped == 2
    assert connection.machine.state is State.ESTABLISHED


def test_an_answer_given_at_once_comes_behind_the_frames_before_it() -> None:
    """The user answers inside ``opened``: its octets follow the ACK that was already due."""
    user = User({"opened": lambda connection, now: connection.send(Screen(text="hello"), now)})
    pair = Pair(replace(NT4, ack_delay_ns=0), server_user=user)
    pair.connected()
    sequences = [each.sequence for _, each in pair.at_server.segments()]
    assert sequences == sorted(sequences)
    assert pair.client_user.messages == [Screen(text="hello")]
    assert "retransmission" not in [kind for _, kind in pair.at_server.notes]


def test_work_and_log_off_end_in_order() -> None:
    """LOGOFF and FIN; the server closes as well; the client waits out 240 s, then forgets."""
    user = User({"message": lambda c, now: c.send(Welcome(session=1, how="new"), now)})
    pair = Pair(server_user=user)
    connection = pair.connected()
    assert pair.client_user.messages == [Welcome(session=1, how="new")]
    connection.send(LogOff(), s(1))
    pair.wire.run(s(2))
    assert pair.server_user.messages[-1] == LogOff()
    assert [told[1:] for told in pair.server_user.told] == [
        ("opened",),
        ("ended", "connection closed by FIN"),
    ]
    assert pair.server.connections == {}
    assert connection.machine.state is State.TIME_WAIT
    connection.send(Keystroke(text="late"), s(2))
    connection.close(s(2))
    pair.wire.run(s(250))
    assert pair.client.connections == {}


def test_keepalive_is_the_servers_alone_and_counts_on_the_wire() -> None:
    """Last segment of the client's: its delayed ACK or log-on; nothing of its own after that."""
    pair = Pair(replace(NT4, keepalive_idle_ns=s(300)))
    pair.connected()
    heard = pair.server_connection.last_octet_ns
    before = len(pair.at_client.segments())
    pair.at_client.alive = False
    pair.wire.run(heard + s(305) - 1)
    assert [told[1] for told in pair.server_user.told] == ["opened"]
    probes = [when for when, kind in pair.at_server.notes if kind == "probe"]
    assert probes == [heard + s(300 + number) for number in range(5)]
    pair.wire.run(heard + s(305))
    assert pair.server_user.told[-1] == (heard + s(305), "lost", "5 keepalive probes unanswered")
    assert len(pair.at_client.segments()) == before
    assert pair.server.connections == {}


def reboot(pair: Pair, boot: int = 1):
    pair.at_client.alive = False
    del pair.wire.stations[pair.at_client]
    return pair.wire.station(TcpClientStation, CLIENT, User(), boot=boot)


def test_a_rebooted_client_answers_the_probe_with_rst_after_arp() -> None:
    """Probe out 300 s after the last octet; 1 ms, ARP 2 ms, RST 1 ms.  The RST is no octet."""
    pair = Pair(replace(NT4, keepalive_idle_ns=s(300)))
    pair.connected()
    heard = pair.server_connection.last_octet_ns
    connection = pair.server_connection
    _, at_client = reboot(pair)
    pair.wire.run(s(400))
    assert [arp[1] for arp in at_client.arps()] == [REQUEST]
    assert flags(at_client) == [RST]
    assert pair.server_user.told[-1] == (heard + s(300) + ms(4), "lost", "RST received")
    assert connection.last_octet_ns == heard
    assert [kind for _, kind in pair.at_server.notes] == ["probe", "probe-answered"]


def test_a_syn_of_the_next_life_is_no_octet_of_this_connection() -> None:
    pair = Pair()
    pair.connected()
    connection = pair.server_connection
    heard = connection.last_octet_ns
    port = int.from_bytes(connection.key[8:10], "big")
    outside = (connection.machine.rcv_nxt + 1_000_000) % (1 << 32)
    pair.server.receive(frame(Segment(outside, 0, SYN, 10), source_port=port), s(9))
    assert connection.last_octet_ns == heard
    assert flags(pair.at_server)[-1] == ACK


def test_ports_and_sequences_differ_between_boots_and_connections() -> None:
    wire = Wire()
    seen = []
    for boot in range(3):
        client, _ = wire.station(TcpClientStation, 10 + boot, User(), boot=boot)
        for _ in range(2):
            made = client.connect(LOG_ON, 0)
            seen.append((made.key[10:12], made.machine.snd_una))
    assert [int.from_bytes(port, "big") for port, _ in seen] == [1025, 1026, 1089, 1090, 1153, 1154]
    assert len({sequence for _, sequence in seen}) == 6


def test_pinned_port_and_sequence() -> None:
    """The next connection takes the next port; behind 65535 comes 1."""
    wire = Wire()
    pinned = {"port": 65_535, "sequence": 1_000_000}
    client, _ = wire.station(TcpClientStation, CLIENT, User(), pinned=pinned)
    made = [client.connect(LOG_ON, 0) for _ in range(2)]
    assert [int.from_bytes(each.key[10:12], "big") for each in made] == [65_535, 1]
    assert {each.machine.snd_una for each in made} == {1_000_000}
    server, _ = wire.station(TcpServerStation, SERVER, User(), pinned={"sequence": 500_000})
    server.receive(frame(Segment(7, 0, SYN, 10)), 0)
    (connection,) = server.connections.values()
    assert connection.machine.snd_una == 500_000


def test_frames_follow_an_address_that_moved() -> None:
    """RFC 826: the pair is merged; what is sent next goes to the new adapter."""
    pair = Pair()
    pair.connected()
    _, moved = pair.wire.station(TcpClientStation, CLIENT, User())
    moved.mac = mac(9)
    pair.wire.stations[moved].neighbours.find(ip_address(SERVER), pair.wire.now)
    pair.wire.run(s(1))
    pair.server_connection.send(Screen(text="x"), s(1))
    assert pair.at_server.sent[-1][1][:6] == mac(9)


def test_a_client_that_is_refused_is_told() -> None:
    wire = Wire()
    user = User()
    client, _ = wire.station(TcpClientStation, CLIENT, user)
    wire.station(TcpClientStation, SERVER, User())  # a host, and no listener
    client.connect(LOG_ON, 0)
    wire.run(s(1))
    assert user.told == [(ms(4), "lost", "connection refused by RST")]
    assert client.connections == {}


def test_a_connection_closed_before_it_opened_says_so() -> None:
    wire = Wire()
    user = User()
    client, _ = wire.station(TcpClientStation, CLIENT, user)
    client.connect(LOG_ON, 0).close(0)
    assert user.told == [(0, "ended", "closed before it opened")]
