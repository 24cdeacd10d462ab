"""NBF stations on real octets: names, calls, links, sessions, faults, both ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.llc2.control import Busy, State
from emu.pdu.llc2 import Supervisory, SupervisoryKind
from emu.pdu.nbf import MULTICAST
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Screen, Welcome
from emu.stations.nbf import NbfClientStation, NbfServerStation
from emu.stations.nbf.client import client_name
from emu.transports.base import Fault
from emu.transports.nbf import NBF
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.llc2 import llc2_frame

from .nbf_lan import CLIENT, POLICIES, SERVER, Lan, Office, params
from .tcp_parts import LOG_ON, User, mac

IBM = params("nbf-ibm")
OTHER = LogOn(user="bob", client="ws1")


def answering() -> User:
    """A server program: a welcome, then every keystroke is shown."""
    return User({"message": lambda c, now: c.send(Screen(text="shown"), now)})


def test_a_log_on_as_in_the_real_capture() -> None:
    """ADD_NAME x 3, 0.5 s apart; then facts/netbeui.md 2.1, steps 1 to 8, 1 ms a step."""
    office = Office(IBM)
    office.logged_on()
    t = ms(1500)
    assert office.at_client.said()[:8] == [
        (0, "UI ADD_NAME_QUERY"),
        (ms(500), "UI ADD_NAME_QUERY"),
        (ms(1000), "UI ADD_NAME_QUERY"),
        (t, "UI NAME_QUERY"),
        (t + ms(2), "SABME P"),
        (t + ms(4), "RR 0 P"),
        (t + ms(6), "I 0 0 SESSION_INITIALIZE 1->1"),
        (t + ms(8), "RR 1 F"),
    ]
    assert office.at_server.said()[:5] == [
        (t + ms(1), "UI NAME_RECOGNIZED"),
        (t + ms(3), "UA F"),
        (t + ms(5), "RR 0 F"),
        (t + ms(7), "RR 1"),
        (t + ms(7), "I 0 1 P SESSION_CONFIRM 1->1"),
    ]
    assert [octets[:6] for _, octets in office.at_client.sent[:5]] == [MULTICAST] * 4 + [
        mac(SERVER)
    ]
    assert office.server_user.told == [(t + ms(7), "opened")]
    assert office.client_user.told == [(t + ms(8), "opened")]
    assert office.server_user.messages == [LOG_ON]
    assert office.server_connection.peer == f"WS1<00> {mac(CLIENT).hex(':')}"


def test_nt_looks_for_the_name_first() -> None:
    """KB Q102942: a NAME_QUERY without a session, then one with."""
    office = Office()
    office.logged_on()
    assert [said for _, said in office.at_client.said()][3:6] == [
        "UI NAME_QUERY",
        "UI NAME_QUERY",
        "SABME P",
    ]


def test_a_name_is_claimed_once_a_boot() -> None:
    office = Office(IBM)
    office.logged_on()
    office.client.connect(OTHER, office.lan.now)
    office.lan.run(s(4))
    assert [said for _, said in office.at_client.said()].count("UI ADD_NAME_QUERY") == 3


def test_a_name_in_use_is_objected_to() -> None:
    """Real-captures 21, frame 10: ADD_NAME_RESPONSE, unicast, and the log-on fails."""
    office = Office(IBM)
    office.logged_on()
    user = User()
    twin, at_twin = office.lan.station(NbfClientStation, 3, user, IBM)
    twin.connect(LOG_ON, office.lan.now)
    office.lan.run(office.lan.now + s(5))
    assert user.told == [(ms(2502), "lost", "the name is in use")]
    assert [said for _, said in at_twin.said()] == ["UI ADD_NAME_QUERY"]
    assert office.at_client.said()[-1] == (ms(2501), "UI ADD_NAME_RESPONSE")
    assert office.at_client.sent[-1][1][:6] == mac(3)


def test_a_server_that_is_not_there() -> None:
    """3 x 0.5 s for the name, 3 x 0.5 s for the call."""
    lan, user = Lan(), User()
    client, _ = lan.station(NbfClientStation, CLIENT, user, IBM)
    connection = client.connect(LOG_ON, 0)
    lan.run(s(10))
    assert user.told == [(s(3), "lost", "NAME_QUERY unanswered")]
    connection.send(Keystroke(text="late"), s(10))
    connection.close(s(10))
    assert len(user.told) == 1


def test_work_goes_both_ways_and_acknowledgements_ride_along() -> None:
    office = Office(IBM, server_user=answering())
    connection = office.logged_on(s(5))
    connection.send(Keystroke(text="k"), s(5))
    office.lan.run(s(6))
    assert office.server_user.messages[-1] == Keystroke(text="k")
    assert office.client_user.messages[-1] == Screen(text="shown")
    assert office.at_server.said(s(5)) == [
        (s(5) + ms(1), "RR 4"),
        (s(5) + ms(1), "I 2 4 DATA_ONLY_LAST 1->1"),
        (s(5) + ms(103), "RR 5 F"),
    ]
    assert office.at_client.said(s(5)) == [
        (s(5), "I 3 2 DATA_ONLY_LAST 1->1"),
        (s(5) + ms(2), "RR 3"),
        (s(5) + ms(102), "I 4 3 P DATA_ACK 1->1"),
    ]


def test_a_push_of_the_servers_reaches_an_idle_client() -> None:
    office = Office(IBM)
    office.logged_on()
    office.server_connection.send(Screen(text="12:00"), s(20))
    office.lan.now = s(20)
    office.lan.run(s(21))
    assert office.client_user.messages == [Screen(text="12:00")]


def test_a_long_message_is_cut_and_put_together() -> None:
    """1482 octets a frame (facts/netbeui.md 1.1): 3 of DATA_FIRST_MIDDLE and the last."""
    office = Office(IBM)
    connection = office.logged_on(s(5))
    connection.send(Keystroke(text="k" * 4_000), s(5))
    connection.send(Keystroke(text="after"), s(5))
    office.lan.run(s(6))
    assert office.server_user.messages[1:] == [
        Keystroke(text="k" * 4_000),
        Keystroke(text="after"),
    ]
    kinds = [said.split()[3] for _, said in office.at_client.said(s(5)) if said[0] == "I"]
    assert kinds == ["DATA_FIRST_MIDDLE"] * 2 + ["DATA_ONLY_LAST"] * 2
    assert max(len(octets) for _, octets in office.at_client.sent) == 1514


def test_log_off_ends_session_and_link_as_in_the_real_captures() -> None:
    """SESSION_END P -> RR F -> DISC -> UA, by the end that ends."""
    office = Office(IBM)
    connection = office.logged_on(s(5))
    connection.send(LogOff(), s(5))
    office.lan.run(s(6))
    assert office.server_user.messages[-1] == LogOff()
    assert [told[1:] for told in office.server_user.told] == [
        ("opened",),
        ("ended", "SESSION_END received"),
    ]
    assert [said for _, said in office.at_client.said(s(5))][-2:] == [
        "I 3 3 P SESSION_END 1->1",
        "DISC P",
    ]
    assert [said for _, said in office.at_server.said(s(5))][-2:] == ["RR 4 F", "UA F"]
    assert (office.server.ports, office.client.ports) == ({}, {})
    assert office.client_user.told[-1][1:] == ("ended", "session ended")


def test_a_killed_program_says_goodbye_at_once() -> None:
    office = Office(IBM)
    connection = office.logged_on(s(5))
    connection.send(Keystroke(text="unread"), s(5))
    connection.abort(s(5))
    office.lan.run(s(6))
    assert office.server_user.told[-1][1:] == ("ended", "SESSION_END, abnormal")
    assert office.server.ports == {}


def test_the_server_may_hang_up() -> None:
    office = Office(IBM)
    office.logged_on(s(5))
    office.server_connection.close(s(5))
    office.lan.run(s(6))
    assert office.client_user.told[-1][1:] == ("ended", "SESSION_END received")
    assert office.at_server.said(s(5))[-1][1] == "DISC P"
    assert (office.server.ports, office.client.ports) == ({}, {})


def test_logging_on_again_while_the_link_goes_down() -> None:
    """The second call's SABME waits for the end of the first link's DISC."""
    office = Office(IBM)
    connection = office.logged_on(s(5))
    connection.send(LogOff(), s(5))
    for step in range(300):
        office.lan.run(s(5) + ms(step))
        if any(port.link.state is State.DISCONNECTING for port in office.client.ports.values()):
            break
    office.client.connect(LOG_ON, office.lan.now)
    office.lan.run(s(10))
    assert office.server_user.messages[-1] == LOG_ON
    assert len(office.port.connections) == 1


def test_several_sessions_on_one_link_die_together() -> None:
    office = Office(IBM)
    office.logged_on(s(5))
    office.client.connect(OTHER, s(5))
    office.lan.run(s(6))
    assert len(office.port.connections) == 2
    assert [said for _, said in office.at_client.said()].count("SABME P") == 1
    serials = [connection.serial for connection in office.port.connections.values()]
    assert serials == [1, 2]
    last = office.port.connections[1].last_octet_ns
    assert last == office.port.connections[2].last_octet_ns
    office.at_client.alive = False
    office.lan.run(s(100))
    told = [each for each in office.server_user.told if each[1] == "lost"]
    assert told == [(last + s(38), "lost", "8 LLC polls unanswered")] * 2


def test_one_of_two_sessions_may_end_and_the_link_stays() -> None:
    office = Office(IBM)
    connection = office.logged_on(s(5))
    office.client.connect(OTHER, s(5))
    office.lan.run(s(6))
    connection.close(s(6))
    office.lan.run(s(7))
    assert len(office.port.connections) == 1
    assert office.port.link.state is State.UP


# --- faults ----------------------------------------------------------------------------------

#: By hand, from the last octet heard: facts/netbeui.md 2.5.  LAN Manager: 30 s from the
#: SESSION_ALIVE whose acknowledgement (T2, and 2 ms of wire) was the last octet, + 23.5 s.
SILENCES = {
    "nbf-nt4": s(49.9),
    "nbf-lan-manager": s(53.5) - ms(200) - ms(2),
    "nbf-win9x": s(53.5) - ms(350) - ms(2),
    "nbf-ibm": s(38),
    "nbf-802.2": None,
}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_client_that_loses_power_while_idle(policy: str) -> None:
    made = params(policy)
    office = Office(made)
    office.logged_on()
    office.lan.run(s(100))
    connection = office.server_connection
    office.at_client.alive = False
    office.lan.run(s(400))
    told = office.server_user.told[-1]
    if SILENCES[policy] is None:
        assert told[1] == "opened"
        return
    assert told[1] == "lost"
    assert told[0] - connection.last_octet_ns == SILENCES[policy]
    fault = Fault(
        kind="power-loss",
        lost_at_ns=s(100),
        unacknowledged_since_ns=connection.unacknowledged_since_ns,
        idle_since_ns=connection.idle_since_ns,
    )
    assert NBF.delay(made, fault, connection.last_octet_ns) == told[0] - s(100)
    silence = NBF.silence(made, connection.last_octet_ns)
    assert silence is not None and 0 <= silence - (told[0] - connection.last_octet_ns) <= ms(2)
    assert office.at_server.said()[-1][1] == "DISC P"
    # What came before the power failed was answered, probe for probe.
    probes = [at for at in office.at_server.noted("probe") if at < s(100)]
    assert len(office.at_server.noted("probe-answered")) == len(probes) > 0


@pytest.mark.parametrize("policy", POLICIES)
def test_data_in_flight_when_the_power_fails(policy: str) -> None:
    """NT 29.95 s after the push, LAN Manager 23.5, IBM 9, 802.2 7 s."""
    made = params(policy)
    office = Office(made)
    office.logged_on()
    office.lan.run(s(10))
    office.at_client.alive = False
    connection = office.server_connection
    connection.send(Screen(text="12:00"), s(10))
    office.lan.run(s(100))
    after = {"nbf-nt4": s(29.95), "nbf-lan-manager": s(23.5), "nbf-win9x": s(23.5)}
    after |= {"nbf-ibm": s(9), "nbf-802.2": s(7)}
    assert office.server_user.told[-1][:2] == (s(10) + after[policy], "lost")
    assert connection.unacknowledged_since_ns == s(10)
    fault = Fault(kind="power-loss", lost_at_ns=s(10), unacknowledged_since_ns=s(10))
    assert NBF.delay(made, fault, connection.last_octet_ns) == after[policy]


@pytest.mark.parametrize("policy", ["nbf-nt4", "nbf-lan-manager", "nbf-win9x", "nbf-ibm"])
def test_a_rebooted_client_answers_the_next_poll_with_dm(policy: str) -> None:
    office = Office(params(policy))
    office.logged_on()
    office.lan.run(s(40))
    connection = office.server_connection
    at_client = office.reboot()
    heard = connection.last_octet_ns
    office.lan.run(s(100))
    assert office.server_user.told[-1][1:] == ("lost", "DM received")
    first = next(at for at, said in office.at_server.said(s(40)) if " P" in said)
    assert office.server_user.told[-1][0] == first + ms(2)
    assert [said for _, said in at_client.said()] == ["DM F"]
    assert connection.last_octet_ns == heard, "a DM is no octet of this connection"
    assert office.server.ports == {}


@pytest.mark.parametrize("live", ["ua-reset", "dm-then-accept", "silence"])
def test_a_rebooted_client_logs_on_again_over_its_old_link(live: str) -> None:
    """It claims its name for 1.5 s first; nt4 asks twice before its SABME."""
    made = params("nbf-nt4", live_sabme=live)
    office = Office(made)
    office.logged_on()
    office.lan.run(s(5))
    old = office.server_connection
    heard = old.last_octet_ns
    office.reboot()
    office.client.connect(LOG_ON, s(5))
    office.lan.run(s(100))
    sabme = s(5) + ms(1500) + ms(4)
    assert office.at_client.said()[5] == (sabme, "SABME P")
    lost = next(told for told in office.server_user.told if told[1] == "lost")
    fault = Fault(
        kind="reboot",
        lost_at_ns=s(5),
        back_at_ns=s(5),
        attaches_at_ns=s(5),
        same_address=True,
    )
    delay = NBF.delay(made, fault, heard)
    assert delay is not None
    if live == "silence":
        # Deaf from 6.5 to 26.4 s; Ti ends at 32.x s: the first poll meets no link.
        assert lost[2] == "DM received"
        assert office.client_user.told[0][1:] == ("lost", "8 SABME unanswered")
    else:
        assert lost[0] == sabme + ms(1)
        assert office.server_user.messages == [LOG_ON, LOG_ON]
        assert len(office.port.connections) == 1
    assert 0 <= lost[0] - s(5) - delay <= ms(10)
    assert old.last_octet_ns == heard


def test_dm_to_a_live_sabme_costs_the_caller_half_a_second() -> None:
    """KB Q115887: patience cures it.  DM at 6.506, NAME_QUERY again at 7.006 s."""
    office = Office(params("nbf-nt4"))
    office.logged_on()
    office.lan.run(s(5))
    office.reboot()
    office.client.connect(LOG_ON, s(5))
    office.lan.run(s(9))
    said = [
        (at, each) for at, each in office.at_client.said() if "QUERY" in each or "SABME" in each
    ]
    assert said[-2:] == [(s(7.006), "UI NAME_QUERY"), (s(7.008), "SABME P")]
    assert office.client_user.told[-1][1] == "opened"


def test_a_cable_back_in_time_loses_nobody() -> None:
    office = Office(params("nbf-nt4"))
    connection = office.logged_on()
    office.lan.run(s(32))
    office.lan.cut = True
    office.lan.run(s(45))
    office.lan.cut = False
    office.lan.run(s(100))
    assert [told[1] for told in office.server_user.told] == ["opened"]
    connection.send(Keystroke(text="here"), s(100))
    office.lan.run(s(101))
    assert office.server_user.messages[-1] == Keystroke(text="here")


def test_a_client_whose_receiver_is_busy_is_alive() -> None:
    """facts/netbeui.md 3: RNR F=1, and a push waits for as long as it takes."""
    office = Office(params("nbf-nt4"))
    office.logged_on(s(5))
    (port,) = office.client.ports.values()
    port.ask(Busy(True), s(5))
    office.server_connection.send(Screen(text="12:00"), s(5))
    office.lan.run(s(300))
    assert [told[1] for told in office.server_user.told] == ["opened"]
    assert office.client_user.messages == []
    port.ask(Busy(False), s(300))
    office.lan.run(s(301))
    assert office.client_user.messages == [Screen(text="12:00")]


# --- what others send ------------------------------------------------------------------------


def test_garbage_is_dropped_and_counted() -> None:
    office = Office(IBM)
    office.logged_on(s(5))
    good = llc2_frame(
        Supervisory(kind=SupervisoryKind.RR, nr=0, poll_final=False, response=True),
        destination=mac(SERVER),
        source=mac(CLIENT),
    )
    for octets in (b"", good[:13], good[:16], good[:14] + b"\xf0\xf0\x0d\x00"):
        before = office.server.dropped
        office.server.receive(octets, s(5))
        assert office.server.dropped == before + 1
    office.server.receive(good[:18], s(5))  # not padded yet: captured inside its sender
    assert office.server.dropped == 4


def test_a_source_routed_frame_is_dropped() -> None:
    """KB Q105282: a stack that took one answered with a storm of SABMEs."""
    office = Office(IBM)
    source = bytes((mac(CLIENT)[0] | 1,)) + mac(CLIENT)[1:]
    frame = llc2_frame(
        Supervisory(kind=SupervisoryKind.RR, nr=0, poll_final=True, response=False),
        destination=mac(SERVER),
        source=source,
    )
    office.server.receive(frame, 0)
    assert (office.server.dropped, office.at_server.sent) == (1, [])


def test_padding_may_be_anything_and_other_stations_frames_are_not_ours() -> None:
    office = Office(IBM)
    poll = Supervisory(kind=SupervisoryKind.RR, nr=0, poll_final=True, response=False)
    frame = llc2_frame(poll, destination=mac(SERVER), source=mac(CLIENT))
    office.server.receive(frame[:18] + b"\xff" * 42, 0)
    assert [said for _, said in office.at_server.said()] == ["DM F"]
    office.server.receive(llc2_frame(poll, destination=mac(9), source=mac(CLIENT)), 0)
    assert len(office.at_server.sent) == 1


def test_lines_nobody_can_read_are_counted() -> None:
    user = User({"message": lambda c, now: c.send(Welcome(session=1, how="new"), now)})
    office = Office(IBM, server_user=user)
    office.logged_on(s(5))
    connection = office.server_connection
    connection._read(b"NONSENSE\r\nKEY a\r\n", s(5))
    assert office.server.dropped == 1
    assert office.server_user.messages[-1] == Keystroke(text="a")


def test_session_numbers_run_out() -> None:
    """254 calls that never come to a session: the next is told so (NAME_RECOGNIZED, FF)."""
    lan = Lan()
    _server, at_server = lan.station(NbfServerStation, SERVER, User(), IBM)
    client, _ = lan.station(NbfClientStation, CLIENT, User(), IBM)
    from emu.pdu.nbf import NameFrame, NbfCommand
    from emu.stations.nbf.station import SERVER_NAME

    for number in range(1, 257):
        caller = client_name(f"ws{number}")
        query = NameFrame(
            kind=NbfCommand.NAME_QUERY,
            destination=SERVER_NAME,
            source=caller,
            data2=1,
            response_correlator=number,
        )
        client.send_name(query)
        lan.run(ms(10 * number))
    answers = [octets[14 + 3 + 6] for _, octets in at_server.sent]
    assert answers == [*range(1, 255), 0xFF, 0xFF]


def test_names() -> None:
    assert client_name("ws1") == b"WS1            \x00"
    assert client_name("a-very-long-computer-name") == b"A-VERY-LONG-COM\x00"
    assert client_name("büro") == b"B?RO           \x00"
    assert replace(IBM, find_first=True).find_first
