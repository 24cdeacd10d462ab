"""NetBIOS Frames: names, session numbers, options."""

from __future__ import annotations

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.nbf import (
    DATA_ACK_WITH_DATA_ALLOWED,
    END_ABNORMAL,
    NAME_COMMANDS,
    SESSION_COMMANDS,
    NameFrame,
    NbfCommand,
    NbfPdu,
    SessionFrame,
)
from emu.pdu.netbios_name import netbios_name
from emu.wire.llc2 import decode_llc2, information_field
from emu.wire.nbf import decode_nbf, encode_nbf
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.vectors import NETBEUI

CLIENT = netbios_name("CLIENT01", 0x00)
SERVER = netbios_name("SERVER01", 0x20)

UP = {"destination": 0x15, "source": 0x03}
DOWN = {"destination": 0x03, "source": 0x15}

#: facts/netbeui.md 1.5.
EXPECTED: dict[str, NbfPdu] = {
    "add-name-query": NameFrame(
        kind=NbfCommand.ADD_NAME_QUERY, source=CLIENT, response_correlator=1
    ),
    "add-name-response": NameFrame(
        kind=NbfCommand.ADD_NAME_RESPONSE,
        destination=CLIENT,
        source=CLIENT,
        transmit_correlator=1,
    ),
    "name-query": NameFrame(
        kind=NbfCommand.NAME_QUERY,
        destination=SERVER,
        source=CLIENT,
        data2=0x0003,
        response_correlator=3,
    ),
    "name-recognized": NameFrame(
        kind=NbfCommand.NAME_RECOGNIZED,
        destination=CLIENT,
        source=SERVER,
        data2=0x0015,
        transmit_correlator=3,
        response_correlator=0x15,
    ),
    "session-initialize": SessionFrame(
        kind=NbfCommand.SESSION_INITIALIZE,
        data1=0x8F,
        data2=1482,
        transmit_correlator=0x15,
        response_correlator=3,
        **UP,
    ),
    "session-confirm": SessionFrame(
        kind=NbfCommand.SESSION_CONFIRM,
        data1=0x81,
        data2=1468,
        transmit_correlator=3,
        response_correlator=0x15,
        **DOWN,
    ),
    "data-only-last": SessionFrame(
        kind=NbfCommand.DATA_ONLY_LAST,
        data1=DATA_ACK_WITH_DATA_ALLOWED,
        response_correlator=1,
        data=b"PING",
        **UP,
    ),
    "data-ack": SessionFrame(kind=NbfCommand.DATA_ACK, transmit_correlator=1, **DOWN),
    "session-alive": SessionFrame(kind=NbfCommand.SESSION_ALIVE, **UP),
    "session-end": SessionFrame(kind=NbfCommand.SESSION_END, **UP),
    "session-end-abnormal": SessionFrame(kind=NbfCommand.SESSION_END, data2=END_ABNORMAL, **DOWN),
}


def octets_of(name: str) -> bytes:
    """What a vector's LLC frame carries."""
    return information_field(decode_llc2(NETBEUI[name])[2])


@pytest.mark.parametrize("name", EXPECTED)
def test_the_vectors_of_the_facts(name: str) -> None:
    assert decode_nbf(octets_of(name)) == EXPECTED[name]
    assert encode_nbf(EXPECTED[name]) == octets_of(name)


def test_every_command_of_the_facts_has_one_form() -> None:
    """facts/netbeui.md 1.4: 22 codes, those from DATA_ACK on are the session's."""
    assert len(NAME_COMMANDS) == 12
    assert len(SESSION_COMMANDS) == 10
    assert frozenset(NbfCommand) == NAME_COMMANDS | SESSION_COMMANDS
    for command in NbfCommand:
        pdu = (
            NameFrame(kind=command)
            if command in NAME_COMMANDS
            else SessionFrame(kind=command, destination=1, source=2)
        )
        assert decode_nbf(encode_nbf(pdu)) == pdu
        assert encode_nbf(pdu)[4] == command


def test_session_number_and_name_type_share_two_octets() -> None:
    """Low octet first on the wire (facts/netbeui.md 1.4, NAME_QUERY)."""
    query = NameFrame(kind=NbfCommand.NAME_QUERY, data2=0x0103)
    assert encode_nbf(query)[6:8] == b"\x03\x01"
    assert (query.session, query.name_type) == (3, 1)


def test_reserved_octets_are_kept() -> None:
    """Windows 98 writes 17 into a reserved DATA1 (facts/netbeui.md 1.3)."""
    octets = octets_of("name-query")
    scrap = octets[:5] + b"\x17" + octets[6:]
    assert decode_nbf(scrap).data1 == 0x17
    assert encode_nbf(decode_nbf(scrap)) == scrap


def test_scrap_in_place_of_no_name_is_kept() -> None:
    """Capture 21, frame 8: an ADD_NAME_QUERY whose destination is not zero."""
    scrap = bytes.fromhex("02a3685a0bc07403e968fbff36c471e8")
    octets = octets_of("add-name-query")
    octets = octets[:12] + scrap + octets[28:]
    pdu = decode_nbf(octets)
    assert isinstance(pdu, NameFrame)
    assert (pdu.destination, pdu.source) == (scrap, CLIENT)
    assert encode_nbf(pdu) == octets


def _changed(at: int, octets: bytes, name: str = "session-alive") -> bytes:
    whole = octets_of(name)
    return whole[:at] + octets + whole[at + len(octets) :]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        octets_of("session-alive")[:13],
        octets_of("name-query")[:43],
        _changed(2, b"\xef\xff"),
        _changed(0, b"\x0d\0"),
        _changed(0, b"\0\x0e"),
        _changed(4, b"\x1e"),
        _changed(4, b"\x0a"),
        _changed(4, b"\x1f", "name-query"),
        b"\0" + octets_of("session-alive"),
    ],
    ids=["nothing", "13 octets", "43 octets", "delimiter", "length 13", "length swapped",
         "unknown command", "name command of 14", "alive of 44", "stray octet"],
)  # fmt: skip
def test_malformed_headers_are_refused(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode_nbf(octets)


@pytest.mark.parametrize(
    "pdu",
    [
        NameFrame(kind=NbfCommand.NAME_QUERY, destination=b"SERVER01", source=CLIENT),
        NameFrame(kind=NbfCommand.NAME_QUERY, destination=SERVER, source=b""),
        NameFrame(kind=NbfCommand.SESSION_ALIVE, destination=SERVER, source=CLIENT),
        SessionFrame(kind=NbfCommand.NAME_QUERY, destination=1, source=2),
    ],
)
def test_names_and_forms_that_do_not_fit_are_our_own_error(pdu: NbfPdu) -> None:
    with pytest.raises(LocalProtocolError, match="NBF"):
        encode_nbf(pdu)


@thorough
@given(pdu=of.nbf_pdus)
def test_round_trip(pdu: NbfPdu) -> None:
    assert decode_nbf(encode_nbf(pdu)) == pdu
