"""The Scapy layers as classes: names that do not clash, bindings that stay ours."""

from __future__ import annotations

import subprocess
import sys

import pytest
from scapy.packet import Packet

from emu.wire import scapy_layers
from emu.wire.scapy_layers import (
    EthernetIILayer,
    EthernetLayer,
    Ieee8023Layer,
    IpxLayer,
    LlcInformationLayer,
    LlcSupervisoryLayer,
    LlcUnnumberedLayer,
    NbfNameLayer,
    NbfSessionLayer,
    NbipxNameLayer,
    NbipxSessionLayer,
    NcpReplyLayer,
    NcpRequestLayer,
    NcpWatchdogLayer,
    RipLayer,
    SapLayer,
    SerializationLayer,
    SpxLayer,
)
from emu.wire.scapy_layers.ipx import IpxLayer as _Ipx
from tests.wire.test_frame import in_ipx, netbeui
from tests.wire.vectors import FRAMES, IPX, NETBEUI

LAYERS = tuple(
    layer
    for name in scapy_layers.__all__
    if isinstance(layer := getattr(scapy_layers, name), type) and issubclass(layer, Packet)
)


def test_all_layers_are_looked_at() -> None:
    assert len(LAYERS) == len(scapy_layers.__all__) - 1


@pytest.mark.parametrize("layer", LAYERS)
def test_no_field_is_named_like_an_attribute_of_packet(layer: type[Packet]) -> None:
    """Such a field (``command``, ``name``, ``time``) could not be read: the attribute wins."""
    taken = set(dir(Packet)) | set(Packet.__slots__)
    assert not {field.name for field in layer.fields_desc} & taken


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_says_where_it_is_defined(layer: type[Packet]) -> None:
    documents = ("RFC", "IEEE", "ITU-T", "facts/")
    assert layer.__doc__ is not None
    assert any(document in layer.__doc__ for document in documents)


@pytest.mark.parametrize("name", ["ethernet-ii", "raw", "llc", "snap"])
def test_the_root_layer_tells_the_four_framings(name: str) -> None:
    packet = EthernetLayer(FRAMES[name])
    expected = EthernetIILayer if name == "ethernet-ii" else Ieee8023Layer
    assert type(packet) is expected
    watchdog = packet[IpxLayer].payload
    assert isinstance(watchdog, NcpWatchdogLayer)
    assert (watchdog.connection_low, watchdog.mark) == (5, 0x3F)


@pytest.mark.parametrize("name", FRAMES)
def test_what_the_root_dissects_it_builds_again(name: str) -> None:
    packet = EthernetLayer(FRAMES[name])
    for layer in packet.iterpayloads():
        layer.raw_packet_cache = None
    assert bytes(packet) == FRAMES[name]


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("ncp-create", NcpRequestLayer),
        ("ncp-request-14h", NcpRequestLayer),
        ("ncp-destroy", NcpRequestLayer),
        ("ncp-create-ok", NcpReplyLayer),
        ("ncp-busy", NcpReplyLayer),
        ("watchdog-answer", NcpWatchdogLayer),
    ],
)
def test_ncp_is_told_by_length_and_type(name: str, layer: type[Packet]) -> None:
    assert type(EthernetLayer(in_ipx(IPX[name]))[IpxLayer].payload) is layer


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("sabme", ["LlcUnnumberedLayer"]),
        ("idle-poll", ["LlcSupervisoryLayer"]),
        ("frmr", ["LlcUnnumberedLayer", "LlcFrameRejectLayer"]),
        ("name-query", ["LlcUnnumberedLayer", "NbfNameLayer"]),
        ("session-alive", ["LlcInformationLayer", "NbfSessionLayer"]),
        ("data-only-last", ["LlcInformationLayer", "NbfSessionLayer", "Raw"]),
    ],
)
def test_the_root_layer_goes_on_into_netbeui(name: str, layers: list[str]) -> None:
    """With the padding of a frame behind it, which is none of the layers' business."""
    packet = EthernetLayer(netbeui(NETBEUI[name]))
    found = [type(layer).__name__ for layer in packet.iterpayloads()]
    padding = ["Padding"] if len(NETBEUI[name]) < 46 else []
    assert found == ["Ieee8023Layer", *layers, *padding]


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("spx-watchdog", SpxLayer),
        ("nbipx-probe", NbipxSessionLayer),
        ("nbipx-setup", NbipxSessionLayer),
        ("serialization", SerializationLayer),
    ],
)
def test_the_ipx_family_is_told_by_type_and_socket(name: str, layer: type[Packet]) -> None:
    assert type(EthernetLayer(in_ipx(IPX[name]))[IpxLayer].payload) is layer


def test_netbeui_by_hand() -> None:
    """A poll, a session alive and a name query as a person would write them."""
    poll = Ieee8023Layer() / LlcSupervisoryLayer(receive_number=4, poll_final=1)
    assert bytes(poll)[14:18] == NETBEUI["idle-poll"]
    alive = Ieee8023Layer() / LlcInformationLayer(send_number=3, receive_number=5)
    alive = alive / NbfSessionLayer(destination_session=0x15, source_session=3)
    assert bytes(alive)[14:32] == NETBEUI["session-alive"]
    query = Ieee8023Layer() / LlcUnnumberedLayer() / NbfNameLayer(destination_name=b"SERVER01")
    assert EthernetLayer(bytes(query))[NbfNameLayer].kind == 0x0A
    assert EthernetLayer(bytes(query)).length == 3 + 44


def test_spx_and_netbios_over_ipx_by_hand() -> None:
    """Packet types and sockets follow the layer on top."""
    connect = EthernetLayer(bytes(EthernetIILayer() / IpxLayer() / SpxLayer()))
    assert (connect[IpxLayer].packet_type, connect[IpxLayer].length) == (5, 42)
    find = EthernetLayer(bytes(EthernetIILayer() / IpxLayer() / NbipxNameLayer()))[IpxLayer]
    assert (find.packet_type, find.source_socket, find.length) == (20, 0x0455, 80)
    data = EthernetLayer(bytes(EthernetIILayer() / IpxLayer() / NbipxSessionLayer()))[IpxLayer]
    assert (data.packet_type, data.destination_socket, data.length) == (4, 0x0455, 48)


def test_layers_on_top_fill_in_what_is_below() -> None:
    """Building by hand in an interactive session: types, sockets, lengths follow."""
    poll = Ieee8023Layer() / IpxLayer() / NcpWatchdogLayer(connection_low=5)
    assert EthernetLayer(bytes(poll))[IpxLayer].packet_type == 17
    assert EthernetLayer(bytes(poll)).length == 32
    assert EthernetLayer(bytes(EthernetIILayer() / IpxLayer() / SapLayer()))[SapLayer].service == 4
    assert EthernetLayer(bytes(EthernetIILayer() / IpxLayer() / RipLayer()))[RipLayer]
    assert _Ipx is IpxLayer


#: Prints how Scapy's own layers read a frame of type 8137 and a TCP frame, and all bindings.
_STOCK = """
import sys
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import ARP, LLC, SNAP, Dot3, Ether
def state():
    ipx = Ether(bytes(12) + bytes.fromhex('8137ffff') + bytes(44))
    llc = Dot3(bytes(12) + bytes.fromhex('0023e0e003ffff') + bytes(44))
    tcp = Ether() / IP(dst='10.0.0.2', src='10.0.0.1') / TCP()
    kinds = [type(layer).__name__ for p in (ipx, llc) for layer in p.iterpayloads()]
    stock = (Ether, Dot3, LLC, SNAP, ARP, IP, TCP, UDP)
    bindings = [(c.__name__, c.payload_guess, c._overload_fields) for c in stock]
    return repr((kinds, bindings, tcp.fields))
before = state()
"""


def _run(program: str) -> None:
    subprocess.run([sys.executable, "-c", _STOCK + program], check=True, timeout=60)


@pytest.mark.slow
def test_importing_the_layers_leaves_scapys_own_alone() -> None:
    _run("import emu.wire, emu.wire.frame, emu.wire.scapy_layers\nassert state() == before")


@pytest.mark.slow
def test_register_teaches_scapys_own_layers_ipx() -> None:
    """Twice is as good as once."""
    _run(
        "import emu.wire\n"
        "emu.wire.register()\n"
        "after = state()\n"
        "emu.wire.register()\n"
        "assert before != after == state()\n"
        "assert 'IpxLayer' in after\n"
        "poll = Ether(bytes(12) + bytes.fromhex('8137') + bytes.fromhex("
        f"'{IPX['watchdog-poll'].hex()}'))\n"
        "assert poll.lastlayer().name == 'NCP watchdog'\n"
    )
