"""NetWare's serialization packet."""

from __future__ import annotations

import pytest

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.serialization import Serialization
from emu.wire.ipx import decode_ipx
from emu.wire.serialization import decode_serialization, encode_serialization
from tests.wire.vectors import IPX


def test_the_vector_of_the_facts() -> None:
    octets = decode_ipx(IPX["serialization"]).payload
    packet = Serialization(number=bytes.fromhex("123456780001"))
    assert decode_serialization(octets) == packet
    assert encode_serialization(packet) == octets


@pytest.mark.parametrize("octets", [b"", bytes(5), bytes(7)])
def test_a_number_has_six_octets(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="6 octets"):
        decode_serialization(octets)
    with pytest.raises(LocalProtocolError, match="6 octets"):
        encode_serialization(Serialization(number=octets))
