"""Data link switching with real NBF stations: local acknowledgement, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.dlsw import CISCO
from emu.machines.dlsw.params import SOURCES, DlswParams
from emu.pdu.dlsw import (
    CircuitId,
    DataLinkId,
    DlcHeader,
    SspControl,
    SspInformation,
    SspMessage,
    SspType,
)
from emu.pdu.llc2 import Supervisory, SupervisoryKind
from emu.pdu.terminal import Keystroke, LogOff, Screen
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.llc2 import llc2_frame
from tests.wire.dlsw import messages
from tests.wire.strategies import thorough

from .dlsw_parts import (
    CLIENT_MAC,
    FAR_IP,
    NEAR_IP,
    SERVER_MAC,
    WAN_NS,
    Alone,
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


def test_every_number_has_a_source() -> None:
    names = {f"link.{name}" for name in type(CISCO.link).__slots__}
    names |= {"idle_polling", "circuit_start_ns", "pacing_window"}
    assert names - set(SOURCES) == {"link.resets"}, "how 802.2 gives up; not a number"
    assert {source.grade for source in SOURCES.values()} <= {"A", "B", "C", "assumption"}
