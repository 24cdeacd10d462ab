"""NetBIOS over IPX: names, datagrams, sessions, and how they are told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ipx import TYPE_BROADCAST_20, TYPE_PEP
from emu.pdu.nbipx import (
    CONNECTION_NONE,
    CONTROL_ACK_WANTED,
    CONTROL_SYSTEM,
    NAME_IN_USE,
    NAME_REGISTERED,
    SETUP_LIMITS,
    NbipxDatagram,
    NbipxDatagramKind,
    NbipxName,
    NbipxNameKind,
    NbipxPdu,
    NbipxSession,
    NbipxSessionKind,
)
from emu.pdu.netbios_name import netbios_name
from emu.wire.ipx import decode_ipx
from emu.wire.nbipx import decode_nbipx, encode_nbipx
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.vectors import IPX

CLIENT = netbios_name("CLIENT01", 0x00)
SERVER = netbios_name("SERVER01", 0x20)
SETUP_DATA = CLIENT + SERVER + SETUP_LIMITS

#: facts/ipx.md 1.13 and, for the set-up, 1.9.
EXPECTED: dict[str, NbipxSession] = {
    "nbipx-probe": NbipxSession(
        kind=NbipxSessionKind.DATA,
        control=CONTROL_SYSTEM | CONTROL_ACK_WANTED,
        source_id=0x10,
        destination_id=0x21,
        send_sequence=4,
        receive_sequence=3,
    ),
    "nbipx-probe-ok": NbipxSession(
        kind=NbipxSessionKind.DATA,
        control=CONTROL_SYSTEM,
        source_id=0x21,
        destination_id=0x10,
        send_sequence=3,
        receive_sequence=4,
    ),
    "nbipx-setup": NbipxSession(
        kind=NbipxSessionKind.DATA,
        control=CONTROL_ACK_WANTED,
        source_id=0x04D8,
        destination_id=CONNECTION_NONE,
        total_length=38,
        data_length=38,
        data=SETUP_DATA,
    ),
    "nbipx-setup-reply": NbipxSession(
        kind=NbipxSessionKind.DATA,
        control=CONTROL_SYSTEM,
        source_id=0x034E,
        destination_id=0x04D8,
        receive_sequence=1,
        data=SETUP_DATA,
    ),
}
NAME = NbipxName(kind=NbipxNameKind.RECOGNIZED, flags=NAME_IN_USE | NAME_REGISTERED, name=SERVER)
#: Laid out by hand after facts/ipx.md 1.9: 32 octets of networks, flags, type, name.
NAME_OCTETS = bytes(32) + b"\x44\x02" + b"SERVER01        "
#: Source name first, whatever tshark's labels say (facts/ipx.md 1.9).
DATAGRAM_OCTETS = b"\0\x0b" + CLIENT + SERVER + b"hello"


@pytest.mark.parametrize("name", EXPECTED)
def test_the_vectors_of_the_facts(name: str) -> None:
    datagram = decode_ipx(IPX[name])
    assert decode_nbipx(datagram.payload, packet_type=datagram.packet_type) == EXPECTED[name]
    assert encode_nbipx(EXPECTED[name]) == datagram.payload


@pytest.mark.parametrize("packet_type", [TYPE_PEP, TYPE_BROADCAST_20])
def test_a_name_packet(packet_type: int) -> None:
    assert decode_nbipx(NAME_OCTETS, packet_type=packet_type) == NAME
    assert encode_nbipx(NAME) == NAME_OCTETS


def test_networks_passed_are_big_endian() -> None:
    passed = replace(NAME, networks=(0x0A, 0xDEADBEEF, 0, 0, 0, 0, 0, 0))
    octets = bytes.fromhex("0000000a deadbeef") + NAME_OCTETS[8:]
    assert encode_nbipx(passed) == octets
    assert decode_nbipx(octets, packet_type=TYPE_BROADCAST_20) == passed


def test_a_datagram_names_its_source_first() -> None:
    datagram = NbipxDatagram(
        kind=NbipxDatagramKind.DIRECTED, source=CLIENT, destination=SERVER, data=b"hello"
    )
    assert decode_nbipx(DATAGRAM_OCTETS, packet_type=TYPE_PEP) == datagram
    assert encode_nbipx(datagram) == DATAGRAM_OCTETS
    heard = replace(datagram, kind=NbipxDatagramKind.BROADCAST)
    assert decode_nbipx(encode_nbipx(heard), packet_type=TYPE_BROADCAST_20) == heard


@pytest.mark.parametrize("packet_type", [TYPE_PEP, TYPE_BROADCAST_20])
def test_a_network_with_06_in_it_makes_no_session(packet_type: int) -> None:
    """What NT 3.5 got wrong (KB Q128335): the second octet of the first network is 06."""
    octets = bytes.fromhex("00060000") + NAME_OCTETS[4:]
    pdu = decode_nbipx(octets, packet_type=packet_type)
    assert pdu == replace(NAME, networks=(0x00060000, 0, 0, 0, 0, 0, 0, 0))


@pytest.mark.parametrize("mark", [0, 1, 5, 6])
def test_session_data_of_32_octets_make_no_name(mark: int) -> None:
    """18 + 32 is as long as a name packet, and octet 33 is the sixteenth of the data."""
    data = bytes(15) + bytes((mark,)) + bytes(16)
    session = replace(EXPECTED["nbipx-setup"], total_length=32, data_length=32, data=data)
    assert decode_nbipx(encode_nbipx(session), packet_type=TYPE_PEP) == session


@pytest.mark.parametrize(
    "octets",
    [b"", b"\0", b"\xc0\x06" + bytes(15), b"\0\x0b" + bytes(31), NAME_OCTETS[:49], bytes(50),
     b"\0\x0d" + bytes(60)],
    ids=["nothing", "one octet", "17 of a session", "33 of a datagram", "49 of a name",
         "name of no type", "unknown type"],
)  # fmt: skip
def test_malformed_packets_are_refused(octets: bytes) -> None:
    for packet_type in (TYPE_PEP, TYPE_BROADCAST_20):
        with pytest.raises(PeerProtocolError):
            decode_nbipx(octets, packet_type=packet_type)


@pytest.mark.parametrize(
    "pdu",
    [
        replace(NAME, name=b"SERVER01"),
        replace(NAME, networks=(1,)),
        NbipxDatagram(kind=NbipxDatagramKind.DIRECTED, source=b"", destination=SERVER),
    ],
)
def test_names_and_networks_that_do_not_fit_are_our_own_error(pdu: NbipxPdu) -> None:
    with pytest.raises(LocalProtocolError):
        encode_nbipx(pdu)


@thorough
@given(name=of.nbipx_names)
def test_names_round_trip(name: NbipxName) -> None:
    assert decode_nbipx(encode_nbipx(name), packet_type=TYPE_BROADCAST_20) == name


@thorough
@given(pdu=of.nbipx_datagrams | of.nbipx_sessions)
def test_the_others_round_trip(pdu: NbipxPdu) -> None:
    assert decode_nbipx(encode_nbipx(pdu), packet_type=TYPE_PEP) == pdu
