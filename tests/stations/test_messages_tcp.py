"""Whole messages over TCP 139: the NetBIOS session service, its keepalive, hostile streams."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError
from emu.pdu.ip_tcp import RST, Segment
from emu.pdu.netbios_name import netbios_name
from emu.stations.base import StationSpec
from emu.stations.service import MESSAGES
from emu.stations.tcp import TcpClientStation
from emu.transports.tcp import TCP
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.ip_tcp import decode_tcp_frame
from tests.transports.nbt import silence

from .messages_lan import (
    CLIENT,
    HOUR,
    Kept,
    Office,
    aborts,
    carries_whole_messages,
    echoes_a_first_message,
    params,
    text,
    told,
)
from .tcp_parts import User

POLICY = "tcp-no-keepalive"
#: Octet by octet (facts/redirector.md 4.1; RFC 1001 14.1): SERVER<20>, WS1<00>, *SMBSERVER<20>.
SERVER_LETTERS = b"\x20FDEFFCFGEFFCCACACACACACACACACACA\x00"
WS1_LETTERS = b"\x20FHFDDBCACACACACACACACACACACACAAA\x00"
WILDCARD_LETTERS = b"\x20CKFDENECFDEFFCFGEFFCCACACACACACA\x00"
REQUEST = b"\x81\x00\x00\x44"
POSITIVE, KEEPALIVE = b"\x82\x00\x00\x00", b"\x85\x00\x00\x00"


def segments(at: Any, since_ns: int = 0) -> list[tuple[int, Segment]]:
    """(when, segment) of every TCP frame sent."""
    return [
        (when, decode_tcp_frame(octets)[1])
        for when, octets in at.sent
        if octets[12:14] == b"\x08\x00" and when >= since_ns
    ]


def stream(at: Any, since_ns: int = 0) -> bytes:
    """The octets sent, repeats and all."""
    return b"".join(segment.payload for _, segment in segments(at, since_ns))


class Raw:
    """A server of ours, and a client that says what it likes on port 139."""

    def __init__(self) -> None:
        self.office = Office(POLICY, server_user=Kept())
        self.user = User()
        _, made = params(POLICY)
        self.office.lan.stations.pop(self.office.at_client)
        spec = StationSpec(
            params=made, surroundings=self.office.at_client, user=self.user, address=CLIENT,
            server_address=1, boot=0, randomness=self.office.client.spec.randomness, pinned={},
            service=replace(MESSAGES, encode=bytes),
        )  # fmt: skip
        client = TcpClientStation(spec)
        self.office.lan.stations[self.office.at_client] = client
        self.connection = client.connect(None, self.office.lan.now)
        self.office.run(s(1))

    def says(self, octets: bytes) -> bytes:
        """What comes back."""
        count = len(self.user.messages)
        self.connection.send(octets, self.office.lan.now)
        self.office.run(s(1))
        return b"".join(self.user.messages[count:])


def test_messages_arrive_whole_and_in_order() -> None:
    carries_whole_messages(POLICY)


@pytest.mark.parametrize(
    "policy", ["tcp-keepalive-linux", "tcp-keepalive-freebsd", "tcp-keepalive-lwip"]
)
def test_on_every_stack(policy: str) -> None:
    carries_whole_messages(policy)


def test_a_first_message() -> None:
    echoes_a_first_message(POLICY)


def test_the_set_up_octet_by_octet() -> None:
    office = Office(POLICY)
    connection = office.connected()
    assert stream(office.at_client) == REQUEST + SERVER_LETTERS + WS1_LETTERS
    assert stream(office.at_server) == POSITIVE
    connection.send(b"hello", office.lan.now)
    office.run(s(1))
    assert stream(office.at_client)[72:] == b"\x00\x00\x00\x05hello"
    ports = {octets[36:38] for _, octets in office.at_client.sent if octets[12:14] == b"\x08\x00"}
    assert ports == {b"\x00\x8b"}


def test_who_is_at_the_other_end() -> None:
    user = Kept()
    office = Office(POLICY, server_user=user)
    connection = office.connected()
    (at_server,) = user.connections
    assert (at_server.caller, at_server.address) == ("WS1", "10.0.0.2")
    assert (connection.caller, connection.address) == ("SERVER", "10.0.0.1")
    assert at_server.peer == "10.0.0.2:1025"


def test_an_abort_is_a_reset() -> None:
    office, _ = aborts(POLICY)
    assert office.client_user.told[-1][1:] == ("lost", "RST received")
    assert segments(office.at_server)[-1][1].flags & RST


@pytest.mark.parametrize("who", ["client", "server"])
def test_an_orderly_end(who: str) -> None:
    user = Kept()
    office = Office(POLICY, server_user=user)
    connection = office.connected()
    closing = connection if who == "client" else user.connections[0]
    closing.send(text(4356), office.lan.now)
    closing.close(office.lan.now)
    closing.send(b"late", office.lan.now)
    office.run(s(300))
    assert told(user) == told(office.client_user) == ["opened", "ended"]
    heard = user.messages if who == "client" else office.client_user.messages
    assert heard == [text(4356)]
    assert not office.server.sessions and not office.client.sessions


def test_a_dead_programs_connection_is_closed_or_reset() -> None:
    for unread, last in ((False, "ended"), (True, "lost")):
        user = Kept()
        office = Office(POLICY, server_user=user)
        connection = office.connected()
        office.client.killed(connection, unread=unread, now=office.lan.now)
        office.run(s(1))
        assert told(user) == ["opened", last]


def test_nobody_is_there() -> None:
    office = Office(POLICY)
    office.at_server.alive = False
    office.client.connect(None, office.lan.now)
    office.run(s(200))
    assert told(office.client_user) == ["lost"]


def test_closed_before_it_opened() -> None:
    office = Office(POLICY)
    connection = office.client.connect(b"never", office.lan.now)
    connection.close(office.lan.now)
    office.run(s(300))
    assert "opened" not in told(office.client_user)
    assert office.server_user.told == [] and office.server_user.messages == []


# --- the keepalive -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first_rto_ns", "noticed_ns"),
    [(ms(500), ms(3_631_500)), (s(1), s(3663)), (s(3), s(3789))],
    ids=["0.5s", "1s", "3s"],
)
def test_an_idle_client_without_power_is_noticed_by_the_hours_keepalive_and_tcp(
    first_rto_ns: int, noticed_ns: int
) -> None:
    """facts/redirector.md 3.7: 3600 + 31.5, 63 or 189 s after the last octet, exactly."""
    user = Kept()
    _, made = params(POLICY)
    made = replace(made, first_rto_ns=first_rto_ns)
    office = Office(POLICY, made=made, server_user=user)
    connection = office.connected()
    connection.send(text(4356), office.lan.now)
    office.run(s(17))
    last = user.connections[0].last_octet_ns
    assert silence(made, HOUR) == noticed_ns
    office.at_client.alive = False
    office.lan.run(last + HOUR - 1)
    assert segments(office.at_server, last + s(1)) == []
    office.lan.run(last + HOUR)
    assert stream(office.at_server, last + s(1)) == KEEPALIVE
    office.lan.run(last + noticed_ns - 1)
    assert told(user) == ["opened"]
    assert len(segments(office.at_server, last + s(1))) == 6  # and five repeats
    office.run(1)
    assert user.told[-1] == (last + noticed_ns, "lost", "5 retransmissions unanswered")
    assert not office.server.sessions
    frames = len(office.lan.frames)
    office.run(3 * HOUR)
    assert len(office.lan.frames) == frames


def test_the_ledger_has_the_keepalive_and_its_answer() -> None:
    """Once an hour behind the answer to the one before; the answer is TCP's, 200 ms late."""
    office = Office(POLICY, server_user=Kept())
    office.connected()
    office.run(3 * HOUR + s(30))
    probes = office.at_server.noted("probe")
    answers = office.at_server.noted("probe-answered")
    assert len(probes) == len(answers) == 3
    round_trip = ms(2) + ms(200)
    assert [b - a for a, b in zip(probes, answers, strict=True)] == [round_trip] * 3
    assert [b - a for a, b in pairwise(probes)] == [HOUR + round_trip] * 2
    assert {"number": 1, "of": 1, "connection": 1} in [
        facts for _, _, facts in office.at_server.notes
    ]
    assert office.at_client.notes == []


def test_both_ends_keep_alive_and_take_turns() -> None:
    """Who hears an acknowledgement 200 ms late is idle later: so the other asks next."""
    office = Office(POLICY, server_user=Kept(), keepalive_ns=(HOUR, HOUR))
    office.connected()
    office.run(3 * HOUR + s(30))
    first, third = office.at_client.noted("probe")
    assert office.at_server.noted("probe") == [first + ms(1) + HOUR]
    assert third == first + 2 * (ms(1) + HOUR)


def test_never_is_never() -> None:
    user = Kept()
    office = Office(POLICY, server_user=user, keepalive_ns=(None, None))
    office.connected()
    office.at_client.alive = False
    frames = len(office.lan.frames)
    office.run(100 * HOUR)
    assert len(office.lan.frames) == frames and told(user) == ["opened"]
    assert silence(office.params, None) is None


def test_traffic_puts_the_keepalive_off() -> None:
    """A message of the client's every half hour: none in a day."""
    office = Office(POLICY, server_user=Kept())
    connection = office.connected()
    for _ in range(10):
        office.run(HOUR // 2)
        connection.send(b"x", office.lan.now)
    assert office.at_server.noted("probe") == []


def test_a_send_that_is_not_complete_is_not_idleness() -> None:
    """A minute's keepalive, and data that TCP repeats for 189 s: no keepalive behind it."""
    user = Kept()
    _, made = params(POLICY)
    office = Office(
        POLICY, made=replace(made, first_rto_ns=s(3)), server_user=user, keepalive_ns=(s(60), None)
    )
    office.connected()
    office.at_client.alive = False
    sent_ns = office.lan.now
    user.connections[0].send(b"x", sent_ns)
    office.run(s(500))
    assert user.told[-1][:2] == (sent_ns + s(189), "lost")
    assert office.at_server.noted("probe") == []


def test_a_rebooted_client_resets_at_the_keepalive() -> None:
    user = Kept()
    office = Office(POLICY, server_user=user)
    office.connected()
    last = user.connections[0].last_octet_ns
    spec = office.client.spec
    office.client = TCP.client(replace(spec, boot=1))
    office.lan.stations[office.at_client] = office.client
    office.run(2 * HOUR)
    assert user.told[-1] == (last + HOUR + ms(4), "lost", "RST received")  # ARP, then the RST


# --- who calls wrongly ---------------------------------------------------------------------------


def test_the_wildcard_name_is_the_server_too() -> None:
    raw = Raw()
    assert raw.says(REQUEST + WILDCARD_LETTERS + WS1_LETTERS) == POSITIVE
    assert told(raw.office.server_user) == ["opened"]


def test_another_name_is_refused_and_the_connection_closed() -> None:
    raw = Raw()
    assert raw.says(REQUEST + WS1_LETTERS + WS1_LETTERS) == b"\x83\x00\x00\x01\x82"
    assert told(raw.user) == ["opened", "ended"]
    assert raw.office.server_user.told == []


def test_a_refused_client_is_told_so() -> None:
    office = Office(POLICY)
    connection = office.client.connect(None, office.lan.now)
    connection.machine.called = netbios_name("OTHER", 0x20)
    office.run(s(300))
    cause = "session refused: called name absent (82)"
    assert [row[1:] for row in office.client_user.told] == [("lost", cause)]
    assert not office.client.sessions and office.server_user.told == []


@pytest.mark.parametrize(
    "first",
    [KEEPALIVE, POSITIVE, b"\x00\x00\x00\x01x", b"GET / HTTP/1.0\r\n\r\n",
     REQUEST + SERVER_LETTERS[:-1] + b"\x01" + WS1_LETTERS],
    ids=["keepalive", "positive", "message", "http", "scope"],
)  # fmt: skip
def test_a_wrong_first_packet_is_reset_and_nobody_hears_of_it(first: bytes) -> None:
    raw = Raw()
    assert raw.says(first) == b""
    assert told(raw.user) == ["opened", "lost"]
    assert raw.office.server_user.told == []
    assert not raw.office.server.sessions


def test_a_stream_that_breaks_off_its_grammar_loses_the_session() -> None:
    raw = Raw()
    raw.says(REQUEST + SERVER_LETTERS + WS1_LETTERS)
    raw.says(b"\x00\x00\x00\x02hi\x7f\x00\x00\x00")
    user = raw.office.server_user
    assert user.messages == [b"hi"]
    assert told(user) == ["opened", "lost"] and "session aborted" in user.told[-1][2]
    assert told(raw.user) == ["opened", "lost"]
    assert raw.office.server.dropped == 1


@given(st.binary(max_size=300), st.booleans())
def test_no_stream_of_a_strangers_breaks_the_server(octets: bytes, polite: bool) -> None:
    """Whatever comes, nobody is told twice of an end, and the next caller is served."""
    raw = Raw()
    if polite:
        raw.says(REQUEST + SERVER_LETTERS + WS1_LETTERS)
    raw.says(octets)
    told_of = told(raw.office.server_user)
    assert told_of in ([], ["opened"], ["opened", "lost"], ["opened", "ended"])
    assert told_of[:1] == ["opened"] if polite else True
    count = len(raw.office.server_user.connections)
    another = TCP.client(replace(raw.office.client.spec, boot=1))
    raw.office.lan.stations[raw.office.at_client] = another
    another.connect(None, raw.office.lan.now)
    raw.office.run(s(1))
    assert len(raw.office.server_user.connections) == count + 1


def test_a_client_without_a_name_cannot_call() -> None:
    office = Office(POLICY, host="")
    with pytest.raises(LocalProtocolError, match="1 to 15 characters"):
        office.client.connect(None, office.lan.now)
    office.run(s(10))
    assert office.lan.frames == []
