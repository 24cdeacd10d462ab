"""NCP: requests, replies, watchdog, login, date and time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ncp import (
    CONNECTION_NONE,
    WATCHDOG_ANSWER,
    WATCHDOG_POLL,
    DateAndTime,
    NcpReply,
    NcpRequest,
    NcpType,
    Watchdog,
)
from emu.wire.ipx import decode_ipx
from emu.wire.ncp import (
    decode_date_and_time,
    decode_login,
    decode_ncp,
    encode_date_and_time,
    encode_login,
    encode_ncp,
)
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.vectors import IPX

EXPECTED: dict[str, NcpRequest | NcpReply | Watchdog] = {
    "watchdog-poll": Watchdog(connection_low=5, mark=WATCHDOG_POLL),
    "watchdog-answer": Watchdog(connection_low=5, mark=WATCHDOG_ANSWER),
    "ncp-create": NcpRequest(
        kind=NcpType.CREATE, sequence=0, connection=CONNECTION_NONE, task=0, function=0
    ),
    "ncp-create-ok": NcpReply(
        kind=NcpType.REPLY, sequence=0, connection=5, task=0, completion=0, status=0
    ),
    "ncp-request-14h": NcpRequest(
        kind=NcpType.REQUEST, sequence=1, connection=5, task=1, function=0x14
    ),
    "ncp-busy": NcpReply(
        kind=NcpType.BUSY, sequence=1, connection=5, task=1, completion=0, status=0
    ),
    "ncp-destroy": NcpRequest(kind=NcpType.DESTROY, sequence=2, connection=5, task=1, function=0),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_vectors_of_the_facts(name: str) -> None:
    octets = decode_ipx(IPX[name]).payload
    assert decode_ncp(octets) == EXPECTED[name]
    assert encode_ncp(EXPECTED[name]) == octets


def test_the_header_of_a_real_reply() -> None:
    """facts/ipx.md 6, T2: connection 318 = 3E low, 01 high; completion D5."""
    octets = bytes.fromhex("3333 c0 3e 01 01 d5 00")
    reply = NcpReply(
        kind=NcpType.REPLY, sequence=0xC0, connection=318, task=1, completion=0xD5, status=0
    )
    assert decode_ncp(octets) == reply
    assert encode_ncp(reply) == octets


@pytest.mark.parametrize("kind", [NcpType.CREATE, NcpType.DESTROY])
def test_create_and_destroy_may_stop_after_six_octets(kind: NcpType) -> None:
    octets = int(kind).to_bytes(2, "big") + bytes.fromhex("00 ff 00 ff")
    request = NcpRequest(kind=kind, sequence=0, connection=0xFFFF, task=0, function=None)
    assert decode_ncp(octets) == request
    assert encode_ncp(request) == octets


@pytest.mark.parametrize(
    "text",
    ["", "05", "05 3f 00", "2222 01 05 01 00", "3333 01 05 01 00 00", "7777 01 05 01 00 00 00"],
    ids=["nothing", "one", "three", "no function", "no status", "burst"],
)
def test_malformed_octets_are_refused(text: str) -> None:
    with pytest.raises(PeerProtocolError):
        decode_ncp(bytes.fromhex(text))


@pytest.mark.parametrize("kind", [NcpType.REQUEST, NcpType.CREATE])
def test_a_request_with_data_needs_a_function(kind: NcpType) -> None:
    with pytest.raises(LocalProtocolError):
        encode_ncp(
            NcpRequest(kind=kind, sequence=1, connection=5, task=1, function=None, data=b"x")
        )


@thorough
@given(pdu=of.ncp_pdus)
def test_round_trip(pdu: NcpRequest | NcpReply | Watchdog) -> None:
    assert decode_ncp(encode_ncp(pdu)) == pdu


def test_date_and_time_counts_years_from_1900_and_weekdays_from_sunday() -> None:
    """facts/ipx.md 1.6.  3 February 1996 was a Saturday."""
    value = DateAndTime(year=1996, month=2, day=3, hour=4, minute=5, second=6, weekday=6)
    assert encode_date_and_time(value) == bytes((96, 2, 3, 4, 5, 6, 6))


@thorough
@given(value=of.dates)
def test_date_and_time_round_trip(value: DateAndTime) -> None:
    assert decode_date_and_time(encode_date_and_time(value)) == value


def test_a_clock_of_another_length_is_refused() -> None:
    with pytest.raises(PeerProtocolError, match="7 octets"):
        decode_date_and_time(bytes(8))


def test_login_is_laid_out_as_tshark_reads_it() -> None:
    """Length 10 = subfunction 1, type 2, name 1 + 5, password 1 + 0."""
    assert encode_login("SMITH") == b"\x00\x0a\x14\x00\x01\x05SMITH\x00"
    assert decode_login(b"\x00\x0a\x14\x00\x01\x05SMITH\x00") == "SMITH"


def test_a_login_with_a_password_is_read() -> None:
    assert decode_login(b"\x00\x08\x14\x00\x01\x01A\x02pw") == "A"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x0a\x14\x00\x01",
        b"\x00\x0a\x15\x00\x01\x05SMITH\x00",
        b"\x00\x0a\x14\x00\x02\x05SMITH\x00",
        b"\x00\x0b\x14\x00\x01\x05SMITH\x00",
        b"\x00\x09\x14\x00\x01\x05SMITH",
        b"\x00\x0a\x14\x00\x01\x05SMITH\x01",
        b"\x00\x0a\x14\x00\x01\x05SM\xcfTH\x00",
    ],
)
def test_a_malformed_login_is_refused(data: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_login(data)


@pytest.mark.parametrize("name", ["", "x" * 48])
def test_a_login_needs_a_name_that_the_bindery_can_hold(name: str) -> None:
    with pytest.raises(LocalProtocolError):
        encode_login(name)


@thorough
@given(name=st.text(st.characters(max_codepoint=127), min_size=1, max_size=47))
def test_login_round_trip(name: str) -> None:
    assert decode_login(encode_login(name)) == name
