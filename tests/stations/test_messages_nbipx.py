"""Whole messages over NetBIOS over IPX: cut at 528 octets and put together again."""

from __future__ import annotations

import pytest

from emu.pdu.nbipx import NbipxSession, NbipxSessionKind
from emu.units import seconds as s
from emu.wire.ethernet import decode_ethernet
from emu.wire.ipx import ipx_of_frame
from emu.wire.nbipx import decode_nbipx

from .messages_lan import (
    Kept,
    Office,
    aborts,
    carries_whole_messages,
    echoes_a_first_message,
    text,
)

POLICIES = ("nbipx-nwlink", "nbipx-novell")


def sessions(office: Office, since: int = 0) -> list[NbipxSession]:
    """The session packets on the wire."""
    found = []
    for _, octets in office.lan.frames[since:]:
        datagram = ipx_of_frame(decode_ethernet(octets))
        assert datagram is not None
        pdu = decode_nbipx(datagram.payload, packet_type=datagram.packet_type)
        if isinstance(pdu, NbipxSession):
            found.append(pdu)
    return found


@pytest.mark.parametrize("policy", POLICIES)
def test_messages_arrive_whole_and_in_order(policy: str) -> None:
    carries_whole_messages(policy)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_first_message(policy: str) -> None:
    echoes_a_first_message(policy)


def test_each_packet_says_where_it_stands_in_its_message() -> None:
    """facts/ipx.md 1.9: total length, offset, length; 4 x 528 + 88 = 2200."""
    office = Office("nbipx-nwlink")
    connection = office.connected()
    count = len(office.lan.frames)
    connection.send(text(2200), office.lan.now)
    office.run(s(1))
    parts = [p for p in sessions(office, count) if p.data]
    assert [(p.total_length, p.offset, p.data_length, len(p.data)) for p in parts] == [
        (2200, 0, 528, 528), (2200, 528, 528, 528), (2200, 1056, 528, 528),
        (2200, 1584, 528, 528), (2200, 2112, 88, 88)]  # fmt: skip
    assert {p.control for p in parts} == {0x40}


def test_who_is_at_the_other_end() -> None:
    user = Kept()
    office = Office("nbipx-nwlink", server_user=user)
    connection = office.connected()
    (at_server,) = user.connections
    assert (at_server.caller, at_server.address) == ("WS1", "0000000A:020000000002")
    assert (connection.caller, connection.address) == ("SERVER1", "0000000A:020000000001")


def test_an_abort_is_said_and_heard() -> None:
    office, _ = aborts("nbipx-nwlink")
    kinds = [p.kind for p in sessions(office)]
    assert kinds.count(NbipxSessionKind.END) == kinds.count(NbipxSessionKind.END_ACK) == 1
    assert office.client_user.told[-1][1:] == ("ended", "the peer ended the connection")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_client_without_power_is_noticed_by_the_watchdog(policy: str) -> None:
    user = Kept()
    office = Office(policy, server_user=user)
    office.connected()
    office.run(s(3))
    last = user.connections[0].last_octet_ns
    office.at_client.alive = False
    silence = office.transport.silence(office.params, last)
    office.run(s(1000))
    assert user.told[-1][:2] == (last + silence, "lost")
