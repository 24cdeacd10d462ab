"""Data link switching in words."""

from __future__ import annotations

import pytest

from emu.pdu.dlsw import PORT_READ, SspControl, SspType
from emu.pdu.ip_tcp import ACK, PSH, Segment
from emu.wire import frame
from emu.wire.describe_dlsw import describe_ssp
from emu.wire.dlsw import encode_ssp
from emu.wire.tcp_flow import TcpFlow
from tests.wire.dlsw import DLSW

WORDS = {
    "canureach-cs": "DLSw CANUREACH_cs 02:00:00:00:00:0a -> 02:00:00:00:00:0b",
    "icanreach-cs": "DLSw ICANREACH_cs 02:00:00:00:00:0b -> 02:00:00:00:00:0a",
    "halt-dl": "DLSw HALT_DL 02:00:00:00:00:0a -> 02:00:00:00:00:0b",
    "infoframe": "DLSw INFOFRAME to circuit 2/9: NBF Session Alive, session 3 -> 21",
    "keepalive": "DLSw KEEPALIVE",
    "cap-request": "DLSw CAP_EXCHANGE request",
    "cap-response": "DLSw CAP_EXCHANGE response",
}


@pytest.mark.parametrize("name", WORDS)
def test_messages_in_words(name: str) -> None:
    assert describe_ssp(DLSW[name]) == WORDS[name]


def test_a_name_query_and_what_it_asks_for() -> None:
    words = describe_ssp(DLSW["netbios-nq"])
    assert words is not None
    assert words.startswith("DLSw NETBIOS_NQ_ex: NBF Name Query, ")
    assert "SERVER01<20>" in words


def test_a_datagram_that_is_no_nbf_is_counted() -> None:
    message = SspControl(kind=SspType.DATAFRAME, data=b"xyz")
    assert describe_ssp(encode_ssp(message)) == "DLSw DATAFRAME: 3 octets"


@pytest.mark.parametrize("octets", [b"", b"\x31", b"GET / HTTP", DLSW["keepalive"][5:]])
def test_what_is_no_message_has_no_words(octets: bytes) -> None:
    assert describe_ssp(octets) is None


@pytest.mark.parametrize("port", [PORT_READ, 2099])
def test_a_segment_of_several_messages(port: int) -> None:
    """In one line of the capture's list, on the switches' port only."""
    flow = TcpFlow(
        source_mac=bytes(6),
        destination_mac=bytes(6),
        source_ip=b"\x0a\0\0\1",
        destination_ip=b"\x0a\0\0\2",
        source_port=11000,
        destination_port=port,
    )
    payload = DLSW["keepalive"] + DLSW["halt-dl"]
    octets = flow.encode(Segment(1, 1, ACK | PSH, 8192, payload), 1)
    both = f"{WORDS['keepalive']}; {WORDS['halt-dl']}"
    assert frame.summary(octets).endswith(both) is (port == PORT_READ)
    assert (frame.describe(octets)[-1] == both) is (port == PORT_READ)
