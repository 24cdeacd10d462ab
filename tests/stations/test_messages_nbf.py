"""Whole messages over NetBEUI: first-middle and only-last, names from the spec, a dead client."""

from __future__ import annotations

import pytest

from emu.errors import LocalProtocolError
from emu.machines.nbf.session import Send
from emu.units import seconds as s

from .messages_lan import (
    Kept,
    Office,
    aborts,
    carries_whole_messages,
    echoes_a_first_message,
    text,
    told,
)

POLICY = "nbf-nt4"


def test_messages_arrive_whole_and_in_order() -> None:
    office = carries_whole_messages(POLICY)
    said = [what for _, what in office.at_server.said()]
    assert sum("DATA_ONLY_LAST" in what for what in said) == 6  # one end a message
    assert sum("DATA_FIRST_MIDDLE" in what for what in said) > 40


def test_a_first_message() -> None:
    echoes_a_first_message(POLICY)


def test_who_is_at_the_other_end() -> None:
    user = Kept()
    office = Office(POLICY, server_user=user)
    connection = office.connected()
    (at_server,) = user.connections
    assert (at_server.caller, at_server.address) == ("WS1", "02:00:00:00:00:02")
    assert (connection.caller, connection.address) == ("SERVER", "02:00:00:00:00:01")
    assert at_server.peer == "WS1<00> 02:00:00:00:00:02"


def test_a_computer_without_a_name_cannot_call() -> None:
    office = Office(POLICY, host="")
    with pytest.raises(LocalProtocolError, match="of nobody"):
        office.client.connect(None, office.lan.now)


def test_an_abort_is_said_and_heard() -> None:
    office, _ = aborts(POLICY)
    assert office.client_user.told[-1][1:] == ("ended", "SESSION_END, abnormal")


def test_a_message_that_is_too_long_is_refused_here() -> None:
    office = Office(POLICY)
    connection = office.connected()
    with pytest.raises(LocalProtocolError, match="65535 octets"):
        connection.send(bytes(65536), office.lan.now)


def test_a_message_without_an_end_is_dropped_and_the_next_one_is_not() -> None:
    """A peer that goes on for ever costs no more than one message's room."""
    user = Kept()
    office = Office(POLICY, server_user=user)
    connection = office.connected()
    connection.ask(Send(bytes(70_000)), office.lan.now)
    connection.send(b"next", office.lan.now)
    office.run(s(10))
    assert user.messages == [b"next"]
    assert office.server.dropped == 1


@pytest.mark.parametrize("quiet_s", [10, 1000])
def test_a_client_without_power_is_noticed_by_the_links_polls_in_under_a_minute(
    quiet_s: int,
) -> None:
    """T_i, then the polls of nbf-nt4; NetBT's hour has no part in it (issue 6, acceptance)."""
    user = Kept()
    office = Office(POLICY, server_user=user)
    connection = office.connected()
    connection.send(text(500), office.lan.now)
    office.run(s(quiet_s))
    last = user.connections[0].last_octet_ns
    office.at_client.alive = False
    silence = office.transport.silence(office.params, last)
    assert silence is not None and silence < s(60)
    office.lan.run(last + silence - 1)
    assert told(user) == ["opened"]
    office.run(1)
    assert user.told[-1][:2] == (last + silence, "lost")
