"""The connection between two switches: how it opens, fails, and what the stations hear of it."""

from __future__ import annotations

from dataclasses import replace

from emu.machines.dlsw import CISCO
from emu.pdu.dlsw import (
    PORT_READ,
    DataLinkId,
    DlcHeader,
    SspControl,
    SspType,
)
from emu.pdu.ip_tcp import ACK, RST, SYN, Ipv4Datagram, TcpSegment
from emu.pdu.llc2 import Unnumbered, UnnumberedKind
from emu.pdu.terminal import Keystroke
from emu.units import seconds as s
from emu.wire.dlsw import encode_ssp
from emu.wire.ip_tcp import decode_ipv4, decode_tcp, encode_ipv4, encode_tcp
from emu.wire.llc2 import llc2_frame

from .dlsw_parts import (
    FAR_IP,
    NEAR_IP,
    SERVER_MAC,
    WAN_NS,
    Alone,
    Wide,
    silent,
)
from .nbf_lan import DELAY_NS, params
from .tcp_parts import LOG_ON, mac

IBM = params("nbf-ibm")


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


# --- a WAN that is dialled -------------------------------------------------------------------


def test_a_session_behind_isdn() -> None:
    """2 s to dial: the first claim of the name raises the line, the query finds it up.

    An idle day costs nothing more; the death of the client costs one call, and the server hears
    of it later by what the call takes to be set up.
    """
    wide = Wide(IBM)
    wide.wan.dial_ns = s(2)
    wide.logged_on(s(10))
    wide.run(s(86400))
    assert wide.wan.calls == [DELAY_NS]
    wide.power_cut()
    dead = wide.last_of_client_ns() + s(18)
    wide.run(s(86500))
    assert wide.wan.calls == [DELAY_NS, dead]
    assert [at for at, *_ in wide.server_user.told[1:]] == [dead + s(2) + WAN_NS + DELAY_NS]


def test_a_modem_is_too_slow_for_the_first_call() -> None:
    """30 s to dial, three queries of 0.5 s: the user tries again.  The SYNs of the wait (3 s, 9 s,
    21 s) arrive all at once and do no harm; a dead client is told of through a modem too."""
    wide = Wide(IBM)
    wide.wan.dial_ns = s(30)
    wide.client.connect(LOG_ON, 0)
    wide.run(s(40))
    assert [what for _, what, *_ in wide.client_user.told] == ["lost"]
    wide.client.connect(LOG_ON, s(40))
    wide.run(s(50))
    assert [what for _, what, *_ in wide.server_user.told] == ["opened"]
    wide.run(s(1000))
    assert len(wide.wan.calls) == 1
    wide.power_cut()
    dead = wide.last_of_client_ns() + s(18)
    wide.run(s(1200))
    assert wide.wan.calls[1:] == [dead]
    assert [at for at, *_ in wide.server_user.told[1:]] == [dead + s(30) + WAN_NS + DELAY_NS]
