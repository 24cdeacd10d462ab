"""The struct codec and the Scapy layers are one definition written twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from scapy.packet import NoPayload, Packet, Raw

from emu.pdu.smb.message import EmptyResponse, Smb
from emu.wire.scapy_layers import EthernetLayer, SmbHeaderLayer
from emu.wire.smb.message import encode_smb
from tests.wire.smb.carriers import over_direct_ipx
from tests.wire.smb.values import EXPECTED, SMB, messages
from tests.wire.strategies import with_scapy

pytestmark = pytest.mark.slow

#: Where the layer cannot have the PDU's name, or has one field for several bodies.
OTHER_NAMES = {
    "smb_flags": "flags", "smb_flags2": "flags2", "tree_flags": "flags", "create_flags": "flags",
    "open_flags": "flags", "transaction_flags": "flags", "system_time": "time",
    "create_options": "options",
}  # fmt: skip


def blocks_of(header: SmbHeaderLayer) -> list[Packet]:
    """The chain; nothing may be left over."""
    found: list[Packet] = []
    layer = header.payload
    while not isinstance(layer, NoPayload):
        assert not isinstance(layer, Raw), header.show(dump=True)
        found.append(layer)
        layer = layer.payload
    return found


def agree(layer: Packet, value: object) -> int:
    """How many numbers the two have under one name: each must be the same."""
    compared = 0
    for field in layer.fields_desc:
        mine = getattr(value, OTHER_NAMES.get(field.name, field.name), None)
        theirs = layer.getfieldval(field.name)
        if isinstance(mine, int) and isinstance(theirs, int) and field.name != "offset":
            assert int(theirs) == mine, field.name
            compared += 1
    return compared


def check(message: Smb, octets: bytes) -> None:
    header = SmbHeaderLayer(octets)
    assert agree(header, message.header) == 12
    assert header.smb_command == message.bodies[0].command
    blocks = blocks_of(header)
    assert len(blocks) == len(message.bodies)
    for block, body in zip(blocks, message.bodies, strict=True):
        if not isinstance(body, EmptyResponse):
            agree(block, body)
        block.word_count = block.byte_count = None
    for layer in header.iterpayloads():
        layer.raw_packet_cache = None
    assert bytes(header) == octets


@with_scapy
@given(message=messages())
def test_scapy_dissects_what_the_codec_encodes_and_builds_it_again(message: Smb) -> None:
    """Field by field; counts of words and octets left to Scapy."""
    check(message, encode_smb(message))


@pytest.mark.parametrize("name", EXPECTED)
def test_the_vectors(name: str) -> None:
    check(EXPECTED[name], SMB[name])


def test_the_root_layer_goes_on_into_smb_on_ipx() -> None:
    """Both directions, by the sockets."""
    up, down = over_direct_ipx([(True, EXPECTED["close"]), (False, EXPECTED["close-ok"])])
    for frame, name in ((up, "SmbCloseRequestLayer"), (down, "SmbEmptyLayer")):
        packet = EthernetLayer(frame)
        assert SmbHeaderLayer in packet
        assert type(packet[SmbHeaderLayer].payload).__name__ == name
