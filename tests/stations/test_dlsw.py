"""Data link switching with real NBF stations: local acknowledgement, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.dlsw import CISCO
from emu.machines.dlsw.params import SOURCES, DlswParams
from emu.pdu.dlsw import (
    PORT_READ,
    CircuitId,
    DataLinkId,
    DlcHeader,
    SspControl,
    SspInformation,
    SspMessage,
    SspType,
)
from emu.pdu.ip_tcp import ACK, RST, SYN, Ipv4Datagram, TcpSegment
from emu.pdu.llc2 import Supervisory, SupervisoryKind, Unnumbered, UnnumberedKind
from emu.pdu.terminal import Keystroke, LogOff, Screen
from emu.stations.router.dlsw import DlswSwitch
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.dlsw import encode_ssp
from emu.wire.ip_tcp import decode_ipv4, decode_tcp, encode_ipv4, encode_tcp
from emu.wire.llc2 import llc2_frame
from tests.wire.dlsw import messages
from tests.wire.strategies import thorough

from .dlsw_parts import (
    CLIENT_MAC,
    FAR_IP,
    NEAR_IP,
    SERVER_MAC,
    WAN_NS,
    Wide,
    silent,
)
from .nbf_lan import DELAY_NS, POLICIES, params
from .tcp_parts import LOG_ON, User, mac

IBM = params("nbf-ibm")
#: facts/netbeui.md 2.5, the Cisco-style row: 8 s behind the idle time of 10 s.
CISCO_IDLE_NS, CISCO_POLLS_NS = s(10), s(8)
#: From HALT_DL at the near switch to the DISC at the server: the WAN and the far LAN.
TO_SERVER_NS = WAN_NS + DELAY_NS


def polls(wide: Wide, source: bytes, since_ns: int) -> list[int]:
    lan = wide.near_lan if source == SERVER_MAC else wide.far_lan
    return [at for at, said in lan.said(source, since_ns) if said.endswith("P")]


# --- set-up ----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_a_log_on_works_with_every_stack(policy: str) -> None:
    user = User({"message": lambda c, now: c.send(Screen(text="shown"), now)})
    wide = Wide(params(policy), server_user=user)
    wide.logged_on()
    assert wide.server_user.messages == [LOG_ON]
    assert wide.client_user.messages == [Screen(text="shown")]
    assert wide.server_connection.peer == f"WS1<00> {CLIENT_MAC.hex(':')}"


def test_the_messages_of_a_log_on() -> None:
    """RFC 1795 7.3 (capabilities first), 5.4.2 and 3.2's picture: 20 ms a crossing.

    The name's query crosses and is answered (1.5 s, three claims of 0.5 s before it); the SABME
    begins the circuit.
    """
    wide = Wide(IBM)
    wide.logged_on()
    t = ms(1501)
    assert wide.wan.kinds() == [
        (ms(41), "> CAP_EXCHANGE"),
        (ms(61), "< CAP_EXCHANGE"),
        (ms(61), "< CAP_EXCHANGE"),
        (ms(81), "> CAP_EXCHANGE"),
        (ms(81), "> NETBIOS_ANQ"),
        (ms(501), "> NETBIOS_ANQ"),
        (ms(1001), "> NETBIOS_ANQ"),
        (t, "> NETBIOS_NQ"),
        (t + ms(22), "< NETBIOS_NR"),
        (t + ms(44), "> CANUREACH"),
        (t + ms(64), "< ICANREACH"),
        (t + ms(84), "> REACH_ACK"),
        (t + ms(84), "> CONTACT"),
        (t + ms(108), "< CONTACTED"),
        (t + ms(130), "> INFOFRAME"),
        (t + ms(152), "< INFOFRAME"),
        (t + ms(174), "> INFOFRAME"),
        (t + ms(296), "< INFOFRAME"),
    ]


def test_the_station_that_calls_is_kept_waiting_by_rnr() -> None:
    """RFC 1795 5.1: RNR until CONTACTED, then RR; nothing of the client's is lost."""
    wide = Wide(IBM)
    wide.logged_on()
    t = ms(1545)
    assert wide.near_lan.said(SERVER_MAC, t)[:4] == [
        (t, "UA F"),
        (t, "RNR 0"),
        (t + ms(2), "RNR 0 F"),
        (t + ms(84), "RR 0"),
    ]


def test_each_station_sees_the_others_address() -> None:
    wide = Wide(IBM)
    wide.logged_on()
    for lan in (wide.near_lan, wide.far_lan):
        assert {octets[6:12] for _, octets in lan.frames} == {CLIENT_MAC, SERVER_MAC}


def test_circuits_are_named_at_both_ends() -> None:
    """RFC 1795 3.2, 3.3: INFOFRAME has only the receiver's end; it is the one it gave out."""
    wide = Wide(IBM)
    wide.logged_on()
    messages = wide.wan.messages()
    (reached,) = [m for _, _, m in messages if m.kind is SspType.ICANREACH]
    assert isinstance(reached, SspControl)
    assert reached.link == DataLinkId(target_mac=SERVER_MAC, origin_mac=CLIENT_MAC)
    assert not reached.from_origin
    for _, near, message in messages:
        if message.kind is SspType.INFOFRAME:
            assert message.remote == (reached.target if near else reached.origin)


def test_data_crosses_both_ways() -> None:
    user = User({"message": lambda c, now: c.send(Screen(text="shown"), now)})
    wide = Wide(IBM, server_user=user)
    connection = wide.logged_on()
    connection.send(Keystroke(text="k" * 3000), s(5))
    wide.run(s(8))
    assert wide.server_user.messages == [LOG_ON, Keystroke(text="k" * 3000)]
    assert wide.client_user.messages == [Screen(text="shown")] * 2


def test_a_log_off_ends_both_links() -> None:
    wide = Wide(IBM)
    connection = wide.logged_on()
    connection.send(LogOff(), s(5))
    wide.run(s(9))
    assert [kind for _, kind in wide.wan.kinds(s(5))][-2:] == ["> HALT_DL", "< DL_HALTED"]
    assert (wide.near.switch.attachments, wide.far.switch.attachments) == ({}, {})
    assert (wide.server.ports, wide.client.ports) == ({}, {})


# --- local acknowledgement -------------------------------------------------------------------


@pytest.mark.parametrize("switches", [CISCO, silent()])
def test_an_idle_session_never_crosses_the_wan(switches: DlswParams) -> None:
    """Ten minutes: both LANs are polled, by the station or the switch; the WAN stays quiet."""
    wide = Wide(IBM, near=switches, far=switches)
    wide.logged_on()
    wide.run(s(605))
    assert wide.wan.since(s(5)) == []
    assert len(wide.server_user.told) == 1
    by_switch = polls(wide, CLIENT_MAC, s(5))
    by_server = [at for at, said in wide.far_lan.said(SERVER_MAC, s(5)) if said == "RR 2 P"]
    if switches.idle_polling:
        assert (len(by_switch), by_server) == (60, [])
    else:
        assert (by_switch, len(by_server)) == ([], 20)


def test_a_dead_client_is_noticed_by_its_own_switch() -> None:
    """Ti + N2 x T1 = 18 s behind the client's last frame, HALT_DL; then WAN, DISC."""
    wide = Wide(IBM)
    wide.logged_on()
    wide.run(s(100))
    wide.power_cut()
    dead = wide.last_of_client_ns() + CISCO_IDLE_NS + CISCO_POLLS_NS
    wide.run(s(300))
    assert polls(wide, SERVER_MAC, s(100)) == [dead - s(8) + s(n) for n in range(8)] + [
        dead + s(n) for n in range(8)
    ], "eight polls, then DISC eight times"
    assert wide.wan.kinds(s(100)) == [
        (dead, "> HALT_DL"),
        (dead + WAN_NS + 2 * DELAY_NS, "< DL_HALTED"),
    ]
    assert wide.server_user.told[1:] == [
        (dead + TO_SERVER_NS, "ended", "link disconnected by DISC")
    ]
    assert (wide.near.switch.attachments, wide.far.switch.attachments) == ({}, {})


@pytest.mark.parametrize(("ti", "t1", "n2"), [(5, 1, 3), (30, 2, 8)])
def test_detection_is_the_near_switchs_law_alone(ti: int, t1: int, n2: int) -> None:
    """The server polls every 30 s by its own numbers, the far switch by others: no matter."""
    law = replace(CISCO.link.reply, first_ns=s(t1), then_ns=s(t1))
    link = replace(CISCO.link, inactivity_ns=s(ti), n2=n2, reply=law, set_up=law)
    wide = Wide(IBM, near=replace(CISCO, link=link))
    wide.logged_on()
    wide.run(s(100))
    wide.power_cut()
    dead = wide.last_of_client_ns() + s(ti) + n2 * s(t1)
    wide.run(s(300))
    assert [at for at, *_ in wide.server_user.told[1:]] == [dead + TO_SERVER_NS]


def test_without_idle_polling_a_dead_client_stays_hidden_until_data_is_sent() -> None:
    """A day of silence; then one I frame, its own wait of T1 and N2 polls: 9 s at the switch."""
    wide = Wide(IBM, near=silent())
    wide.logged_on()
    wide.power_cut()
    wide.run(s(86400))
    assert wide.wan.since(s(5)) == []
    assert len(wide.server_user.told) == 1
    wide.server_connection.send(Screen(text="12:00"), s(86400))
    arrives = s(86400) + DELAY_NS + WAN_NS
    wide.run(s(86500))
    assert wide.wan.kinds(s(86400)) == [
        (s(86400) + DELAY_NS, "< INFOFRAME"),
        (arrives + s(9), "> HALT_DL"),
        (arrives + s(9) + WAN_NS + 2 * DELAY_NS, "< DL_HALTED"),
    ]
    assert [at for at, *_ in wide.server_user.told[1:]] == [arrives + s(9) + TO_SERVER_NS]


def test_session_alive_is_carried_and_acknowledged_by_the_near_switch() -> None:
    """facts/netbeui.md 4: its acknowledgement proves nothing about the far client.

    It is data all the same: at the client's switch nobody acknowledges it, and 9 s later the
    server hears of it although nobody polls an idle link.
    """
    wide = Wide(params("nbf-win9x"), near=silent(), far=silent())
    wide.logged_on()
    wide.power_cut()
    wide.run(s(60))
    alive = next(at for at, said in wide.far_lan.said(SERVER_MAC, s(5)) if "SESSION_ALIVE" in said)
    acknowledged = [at for at, said in wide.far_lan.said(CLIENT_MAC, alive) if "RR" in said]
    at_switch = alive + DELAY_NS + WAN_NS
    noticed = at_switch + s(9) + TO_SERVER_NS
    assert acknowledged and acknowledged[0] < at_switch + s(9), "in the dead client's name"
    assert [at for at, *_ in wide.server_user.told[1:]] == [noticed]


def test_a_cut_wan_is_hidden_from_both() -> None:
    """Nothing is said, so TCP has nothing to miss: an hour without a WAN, and nobody knows."""
    wide = Wide(IBM)
    wide.logged_on()
    wide.wan.cut = True
    wide.run(s(3605))
    assert (len(wide.server_user.told), len(wide.client_user.told)) == (1, 1)


# --- the end of the connection ---------------------------------------------------------------


def test_when_tcp_gives_up_the_near_station_hears_disc() -> None:
    """The client's data is acknowledged by its switch, whose TCP gives up: 3 s x (1+2+...+32)."""
    wide = Wide(IBM)
    connection = wide.logged_on()
    wide.wan.cut = True
    connection.send(Keystroke(text="x"), s(5))
    gives_up = s(5) + DELAY_NS + s(189)
    wide.run(gives_up - 1)
    assert len(wide.client_user.told) == 1
    wide.run(s(400))
    assert wide.client_user.told[1:] == [
        (gives_up + DELAY_NS, "ended", "link disconnected by DISC")
    ]


def test_when_tcp_fails_both_stations_hear_disc() -> None:
    """A RST from the partner (a router that was restarted): DISC at both ends, XPORT_FAILURE."""
    wide = Wide(IBM)
    wide.logged_on()
    t = s(5)
    for router, mine in ((wide.near, NEAR_IP), (wide.far, FAR_IP)):
        last = [octets for _, octets in wide.wan.packets if octets[16:20] == mine][-1]
        ip = decode_ipv4(last)
        tcp = decode_tcp(ip.payload)
        router.from_wan(reset(ip, tcp, tcp.sequence + len(tcp.payload)), t)
    wide.run(t + s(3))
    for told in (wide.server_user.told, wide.client_user.told):
        assert told[1:] == [(t + DELAY_NS, "ended", "link disconnected by DISC")]
    assert (wide.near.switch.attachments, wide.far.switch.attachments) == ({}, {})


def reset(ip: Ipv4Datagram, tcp: TcpSegment, sequence: int) -> bytes:
    segment = replace(
        tcp, flags=RST | ACK, sequence=sequence, payload=b"", options=b"", checksum=None
    )
    octets = encode_tcp(segment, ip.source, ip.destination)
    return encode_ipv4(replace(ip, payload=octets, checksum=None, total_length=None))


def test_the_client_may_log_on_again_after_a_failure() -> None:
    """A router that was restarted knows of no connection: its RST ends the old one, and the
    next call opens a new one from another port."""
    wide = Wide(IBM)
    connection = wide.logged_on()
    old = wide.far
    old.alive = False
    wide.far = type(old)(wide.wan, wide.far_lan, CISCO, FAR_IP, NEAR_IP)
    wide.wan.routers = [wide.near, wide.far]
    connection.send(Keystroke(text="x"), s(5))
    wide.run(s(6))
    assert [what for _, what, *_ in wide.client_user.told] == ["opened", "ended"]
    wide.client.connect(LOG_ON, s(60))
    wide.run(s(70))
    assert [what for _, what, *_ in wide.client_user.told][-1] == "opened"
    ports = {decode_tcp(decode_ipv4(p).payload).source_port for _, p in wide.wan.packets}
    assert ports >= {11000, 11001, PORT_READ}


def test_a_partner_that_opens_anew_has_lost_the_old_connection() -> None:
    """The near end gave up while the WAN was cut; the far one, with nothing to say, noticed
    nothing.  The new connection tells it: DISC to the server, whose session was long dead."""
    wide = Wide(IBM)
    connection = wide.logged_on()
    wide.wan.cut = True
    connection.send(Keystroke(text="x"), s(5))
    wide.run(s(400))
    assert [len(wide.server_user.told), len(wide.client_user.told)] == [1, 2]
    wide.wan.cut = False
    wide.client.connect(LOG_ON, s(400))
    wide.run(s(410))
    assert [what for _, what, *_ in wide.server_user.told] == ["opened", "ended", "opened"]


def test_a_circuit_that_is_not_answered_is_taken_back() -> None:
    """The far router is dead: CIRCUIT_START runs out after 60 s, and the station hears DISC."""
    wide = Wide(IBM, near=silent())
    wide.logged_on()
    wide.far.alive = False
    sabme = Unnumbered(kind=UnnumberedKind.SABME, poll_final=True, response=False)
    wide.near.from_lan(llc2_frame(sabme, destination=SERVER_MAC, source=mac(9)), s(5))
    wide.run(s(65))
    heard = [(at, octets[14:18]) for at, octets in wide.near_lan.frames if octets[:6] == mac(9)]
    assert heard == [
        (s(5), b"\xf0\xf1\x73\x00"),
        (s(5), b"\xf0\xf1\x05\x00"),
        (s(65), b"\xf0\xf0\x53\x00"),
    ], "UA, RNR; a minute later DISC"


# --- a client that comes back ----------------------------------------------------------------


def test_a_rebooted_client_resets_the_far_link() -> None:
    """RFC 1795 5.1, DLC_RESET: DM, RESTART_DL, DISC at the server; the next SABME is accepted."""
    wide = Wide(IBM, near=silent(), far=silent())
    wide.logged_on()
    wide.reboot()
    wide.client.connect(LOG_ON, s(5))
    wide.run(s(20))
    kinds = [kind for _, kind in wide.wan.kinds(s(5))]
    assert "> RESTART_DL" in kinds and "< DL_RESTARTED" in kinds
    assert "DM F" in [said for _, said in wide.near_lan.said(SERVER_MAC, s(5))]
    assert [what for _, what, *_ in wide.server_user.told] == ["opened", "ended", "opened"]
    assert [what for _, what, *_ in wide.client_user.told] == ["opened"]


def test_a_rebooted_client_that_is_polled_says_dm() -> None:
    """facts/netbeui.md 3.1, at the switch: noticed at its next poll, HALT_DL."""
    wide = Wide(IBM)
    wide.logged_on()
    wide.run(s(100))
    wide.reboot()
    wide.run(s(120))
    ((at, kind), _) = wide.wan.kinds(s(100))
    assert kind == "> HALT_DL"
    assert s(100) < at <= s(110)
    assert [what for _, what, *_ in wide.server_user.told] == ["opened", "ended"]


# --- what a switch leaves alone, and what it drops --------------------------------------------


class Alone:
    """One switch that keeps what it says."""

    def __init__(self) -> None:
        self.lan: list[bytes] = []
        self.packets: list[bytes] = []
        self.switch = DlswSwitch(
            CISCO, self, ip=NEAR_IP, peer_ip=FAR_IP, randomness=Random("alone")
        )

    def to_lan(self, frame: bytes) -> None:
        self.lan.append(frame)

    def to_wan(self, packet: bytes) -> None:
        self.packets.append(packet)

    def arm(self, timer: object, due: int) -> None:
        pass


POLL = Supervisory(kind=SupervisoryKind.RR, nr=0, poll_final=True, response=False)


def test_frames_between_local_stations_are_left_alone() -> None:
    alone = Alone()
    alone.switch.from_lan(llc2_frame(POLL, destination=mac(8), source=mac(7)), 0)
    alone.lan.clear()
    assert alone.switch.from_lan(llc2_frame(POLL, destination=mac(7), source=mac(8)), 0)
    assert (alone.lan, alone.packets) == ([], [])


def test_other_protocols_are_not_taken() -> None:
    alone = Alone()
    arp = bytes(12) + b"\x08\x06" + bytes(46)
    assert not alone.switch.from_lan(arp, 0)
    assert not alone.switch.from_lan(b"", 0)
    routed = b"\x02" * 6 + b"\x03" + bytes(5) + b"\0\x03\xf0\xf0\x7f"
    assert not alone.switch.from_lan(routed, 0), "source-routed (KB Q105282)"
    assert not alone.switch.from_wan(b"\x45" + bytes(39), 0)
    assert (alone.lan, alone.packets) == ([], [])


def test_a_poll_for_a_link_that_is_not_there_draws_dm_at_once() -> None:
    alone = Alone()
    alone.switch.from_lan(llc2_frame(POLL, destination=SERVER_MAC, source=CLIENT_MAC), 0)
    assert [frame[14:17] for frame in alone.lan] == [b"\xf0\xf1\x1f"]
    assert alone.packets == []
    assert alone.switch.attachments == {}


def test_nothing_is_opened_before_there_is_something_to_say() -> None:
    wide = Wide(IBM)
    wide.run(s(1000))
    assert wide.wan.packets == []


def test_messages_about_no_circuit() -> None:
    """RFC 1795 3.3: HALT_DL_NOACK to what needs a circuit, silence to the rest."""
    wide = Wide(IBM)
    wide.logged_on()
    link = DataLinkId(target_mac=SERVER_MAC, origin_mac=mac(9))
    far = wide.far.switch
    for message in (
        SspControl(kind=SspType.HALT_DL_NOACK, link=link),
        SspInformation(data=b"x"),
        SspInformation(kind=SspType.KEEPALIVE),
        SspControl(kind=SspType.CANUREACH, explorer=True, link=link),
        SspControl(kind=SspType.DATAFRAME, link=link),
    ):
        far.from_peer(message, s(5))
    wide.run(s(6))
    assert wide.wan.kinds(s(5)) == []
    far.from_peer(SspControl(kind=SspType.HALT_DL, link=link), s(6))
    wide.run(s(7))
    assert wide.wan.kinds(s(6)) == [(s(6), "< HALT_DL_NOACK")]
    assert len(wide.server_user.told) == 1


def test_datagrams_are_put_on_the_lan_as_they_were() -> None:
    wide = Wide(IBM)
    wide.logged_on()
    before = len(wide.far_lan.frames)
    header = DlcHeader(destination=SERVER_MAC, source=mac(9))
    wide.far.switch.from_peer(
        SspControl(kind=SspType.DATAFRAME, header=header, data=b"datagram"), s(5)
    )
    ((_, frame),) = wide.far_lan.frames[before:]
    wanted = SERVER_MAC + mac(9) + b"\0\x0b\xf0\xf0\x03datagram"
    assert frame == wanted.ljust(60, b"\0")


@thorough
@given(st.lists(st.binary(max_size=80), max_size=5), st.lists(messages, max_size=8))
def test_nothing_that_arrives_breaks_a_switch(frames: list[bytes], said: list[SspMessage]) -> None:
    alone = Alone()
    between = DataLinkId(target_mac=SERVER_MAC, origin_mac=CLIENT_MAC)
    alone.switch.from_peer(SspControl(kind=SspType.CANUREACH, link=between), 0)
    for frame in frames:
        for start in (b"", SERVER_MAC + CLIENT_MAC + b"\0\x2f\xf0\xf0"):
            alone.switch.from_lan(start + frame, 0)
        alone.switch.from_wan(b"\x45" + bytes(11) + FAR_IP + NEAR_IP + frame, 0)
        alone.switch.from_wan(frame, 0)
    for message in said:
        if isinstance(message, SspControl):  # about the circuit that there is, or its stations
            ours = CircuitId(port=1, correlator=1)
            about = replace(message, link=between, origin=ours, target=ours)
        else:
            about = replace(message, remote=CircuitId(port=1, correlator=1))
        alone.switch.from_peer(message, 0)
        alone.switch.from_peer(about, 0)


# --- two that open at once -------------------------------------------------------------------


def test_of_two_connections_opened_at_once_the_higher_address_stays() -> None:
    """RFC 2166 6.2.1.3: 10.0.2.1 is higher than 10.0.1.1; what was to be said is said on it."""
    wide = Wide(IBM)
    for router in (wide.near, wide.far):
        link = DataLinkId(target_mac=mac(8), origin_mac=mac(9))
        header = DlcHeader(destination=mac(8), source=mac(9))
        message = SspControl(kind=SspType.DATAFRAME, link=link, header=header, data=b"d")
        router.switch.to_peer(message, 0)
    wide.run(s(60))
    carrying = {
        (ip.source, tcp.destination_port if ip.source == FAR_IP else tcp.source_port)
        for ip in (decode_ipv4(packet) for _, packet in wide.wan.packets)
        if (tcp := decode_tcp(ip.payload)).payload
    }
    assert carrying == {(NEAR_IP, PORT_READ), (FAR_IP, PORT_READ)}
    assert sorted(kind for _, kind in wide.wan.kinds()) == sorted(
        ["> CAP_EXCHANGE", "< CAP_EXCHANGE"] * 2 + ["> DATAFRAME", "< DATAFRAME"]
    )
    assert wide.near.switch.transport.ready and wide.far.switch.transport.ready
    assert wide.wan.since(s(2)) == []


def test_a_stray_segment_draws_a_rst_and_a_wrong_one_nothing() -> None:
    alone = Alone()
    segment = TcpSegment(
        source_port=PORT_READ,
        destination_port=11000,
        sequence=1,
        acknowledgement=7,
        flags=ACK,
        window=0,
        payload=b"",
    )

    def packet(tcp: TcpSegment) -> bytes:
        return encode_ipv4(
            Ipv4Datagram(
                source=FAR_IP,
                destination=NEAR_IP,
                protocol=6,
                identification=1,
                ttl=9,
                payload=encode_tcp(tcp, FAR_IP, NEAR_IP),
            )
        )

    assert alone.switch.from_wan(packet(segment), 0)
    (answer,) = alone.packets
    tcp = decode_tcp(decode_ipv4(answer).payload)
    assert (tcp.flags, tcp.sequence) == (RST, 7)
    assert alone.switch.from_wan(packet(segment)[:-1], 0), "cut short"
    assert alone.switch.transport.dropped == 1
    other = replace(segment, source_port=80, flags=SYN)
    assert not alone.switch.from_wan(packet(other), 0), "another program's"
    assert len(alone.packets) == 1


def test_a_stream_that_is_no_ssp_ends_the_connection() -> None:
    wide = Wide(IBM)
    wide.logged_on()
    leg = wide.far.switch.transport._leg  # what only a wrong partner could do
    assert leg is not None
    wide.far.switch.transport._write(leg, b"GET / HTTP/1.0\r\n", s(5))
    wide.run(s(8))
    assert wide.near.switch.transport.dropped == 1
    for told in (wide.server_user.told, wide.client_user.told):
        assert [what for _, what, *_ in told] == ["opened", "ended"]


def test_an_unknown_message_is_passed_over() -> None:
    """RFC 1795 3.5: quietly, and the connection goes on."""
    wide = Wide(IBM)
    wide.logged_on()
    unknown = bytearray(encode_ssp(SspControl(kind=SspType.HALT_DL)))
    unknown[14] = 0x7A
    leg = wide.far.switch.transport._leg
    assert leg is not None
    wide.far.switch.transport._write(leg, bytes(unknown), s(5))
    wide.run(s(8))
    assert wide.near.switch.transport.dropped == 1
    assert wide.near.switch.transport.ready


def test_every_number_has_a_source() -> None:
    names = {f"link.{name}" for name in type(CISCO.link).__slots__}
    names |= {"idle_polling", "circuit_start_ns", "pacing_window"}
    assert names - set(SOURCES) == {"link.resets"}, "how 802.2 gives up; not a number"
    assert {source.grade for source in SOURCES.values()} <= {"A", "B", "C", "assumption"}
