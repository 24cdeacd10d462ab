"""The struct codecs and the Scapy layers are one definition written twice.

Two rules a protocol: what the codec encodes is what Scapy builds, and what the codec decodes
is what Scapy dissects.  ``Case`` lists the protocols; a new one is one line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.packet import Raw

from emu.errors import PeerProtocolError
from emu.pdu.ip_tcp import Ipv4Datagram, TcpSegment
from emu.wire import (
    arp,
    dlsw,
    ethernet,
    ip_tcp,
    ipx,
    llc2,
    nbf,
    nbipx,
    ncp,
    nmpi,
    rip_sap,
    scapy_layers,
    serialization,
    spx,
)
from emu.wire.scapy_layers.dlsw import class_of as dlsw_class_of
from emu.wire.scapy_layers.llc2 import class_of as llc2_class_of
from emu.wire.scapy_layers.nbf import class_of as nbf_class_of
from emu.wire.scapy_layers.nbipx import class_of as nbipx_class_of
from emu.wire.scapy_layers.nbipx import nmpi_class_of
from emu.wire.scapy_layers.ncp import class_of as ncp_class_of
from emu.wire.scapy_layers.spx import class_of as spx_class_of
from tests.wire import dlsw as dlsw_values
from tests.wire import scapy_bridge as bridge
from tests.wire import scapy_bridge_netbios as netbios_bridge
from tests.wire import strategies as of
from tests.wire.strategies import with_scapy

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """``dissect``: octets to a Scapy packet."""

    name: str
    pdus: st.SearchStrategy[Any]
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    to_scapy: Callable[[Any], Any]
    from_scapy: Callable[[Any], Any]
    dissect: Callable[[bytes], Any]


def _dissect_ncp(octets: bytes) -> Any:
    return ncp_class_of(octets)(octets)


def _dissect_by(class_of: Callable[[bytes], type | None]) -> Callable[[bytes], Any]:
    """As a layer below would: first the class, then the packet."""

    def dissect(octets: bytes) -> Any:
        layer = class_of(octets)
        assert layer is not None
        return layer(octets)

    return dissect


def _nbipx_case(name: str, pdus: st.SearchStrategy[Any], packet_type: int) -> Case:
    return Case(
        name,
        pdus,
        nbipx.encode_nbipx,
        partial(nbipx.decode_nbipx, packet_type=packet_type),
        netbios_bridge.scapy_of_nbipx,
        netbios_bridge.nbipx_of,
        _dissect_by(partial(nbipx_class_of, packet_type=packet_type)),
    )


CASES = (
    Case(
        "ethernet",
        of.ethernet_frames,
        ethernet.encode_ethernet,
        ethernet.decode_ethernet,
        bridge.scapy_of_frame,
        bridge.frame_of,
        scapy_layers.EthernetLayer,
    ),
    Case(
        "arp",
        of.arps,
        arp.encode_arp,
        arp.decode_arp,
        bridge.scapy_of_arp,
        bridge.arp_of,
        scapy_layers.ArpLayer,
    ),
    Case(
        "ipv4",
        of.datagrams,
        ip_tcp.encode_ipv4,
        ip_tcp.decode_ipv4,
        bridge.scapy_of_ipv4,
        bridge.ipv4_of,
        scapy_layers.Ipv4Layer,
    ),
    Case(
        "ipx",
        of.ipx_datagrams,
        ipx.encode_ipx,
        ipx.decode_ipx,
        bridge.scapy_of_ipx,
        bridge.ipx_of,
        scapy_layers.IpxLayer,
    ),
    Case(
        "ncp",
        of.ncp_pdus,
        ncp.encode_ncp,
        ncp.decode_ncp,
        bridge.scapy_of_ncp,
        bridge.ncp_of,
        _dissect_ncp,
    ),
    Case(
        "rip",
        of.rips,
        rip_sap.encode_rip,
        rip_sap.decode_rip,
        bridge.scapy_of_rip,
        bridge.rip_of,
        scapy_layers.RipLayer,
    ),
    Case(
        "sap",
        of.saps,
        rip_sap.encode_sap,
        rip_sap.decode_sap,
        bridge.scapy_of_sap,
        bridge.sap_of,
        scapy_layers.SapLayer,
    ),
    Case(
        "llc2",
        of.llc2_pdus,
        llc2.encode_llc2,
        llc2.decode_llc2,
        netbios_bridge.scapy_of_llc2,
        netbios_bridge.llc2_of,
        _dissect_by(llc2_class_of),
    ),
    Case(
        "frame-reject",
        of.frame_rejects,
        llc2.encode_frame_reject,
        llc2.decode_frame_reject,
        netbios_bridge.scapy_of_frame_reject,
        netbios_bridge.frame_reject_of,
        scapy_layers.LlcFrameRejectLayer,
    ),
    Case(
        "nbf",
        of.nbf_pdus,
        nbf.encode_nbf,
        nbf.decode_nbf,
        netbios_bridge.scapy_of_nbf,
        netbios_bridge.nbf_of,
        _dissect_by(nbf_class_of),
    ),
    Case(
        "dlsw",
        dlsw_values.messages,
        dlsw.encode_ssp,
        dlsw.decode_ssp,
        dlsw_values.scapy_of_ssp,
        dlsw_values.ssp_of,
        _dissect_by(dlsw_class_of),
    ),
    Case(
        "spx",
        of.spx_packets,
        spx.encode_spx,
        spx.decode_spx,
        netbios_bridge.scapy_of_spx,
        netbios_bridge.spx_of,
        _dissect_by(spx_class_of),
    ),
    _nbipx_case("nbipx-name", of.nbipx_names, 20),
    _nbipx_case("nbipx-datagram", of.nbipx_datagrams, 4),
    _nbipx_case("nbipx-session", of.nbipx_sessions, 4),
    Case(
        "nmpi",
        of.nmpis,
        nmpi.encode_nmpi,
        nmpi.decode_nmpi,
        netbios_bridge.scapy_of_nmpi,
        netbios_bridge.nmpi_of,
        _dissect_by(nmpi_class_of),
    ),
    Case(
        "serialization",
        of.serializations,
        serialization.encode_serialization,
        serialization.decode_serialization,
        netbios_bridge.scapy_of_serialization,
        netbios_bridge.serialization_of,
        scapy_layers.SerializationLayer,
    ),
)

#: Kinds that look alike: the struct decoders and the Scapy layers must choose the same.
CHOOSERS = (
    (llc2.decode_llc2, llc2_class_of, b"\xf0\xf0", 4),
    (nbf.decode_nbf, nbf_class_of, b"\x0e\0\xff\xef", 1),
    (nbf.decode_nbf, nbf_class_of, b"\x2c\0\xff\xef", 1),
    (spx.decode_spx, spx_class_of, b"\xcc\0", 0),
    (partial(nbipx.decode_nbipx, packet_type=4), partial(nbipx_class_of, packet_type=4), b"", 0),
    (partial(nbipx.decode_nbipx, packet_type=20), partial(nbipx_class_of, packet_type=20), b"", 0),
    (nmpi.decode_nmpi, nmpi_class_of, bytes(32), 0),
)


@pytest.mark.parametrize(("decode", "class_of", "start", "octets_min"), CHOOSERS)
@with_scapy
@given(data=st.data())
def test_both_refuse_the_same_octets(
    decode: Callable[[bytes], Any],
    class_of: Callable[[bytes], Any],
    start: bytes,
    octets_min: int,
    data: st.DataObject,
) -> None:
    """``octets_min``: how much the layer below has made sure of, behind ``start``."""
    kinds = st.sampled_from((b"", b"\0\x06", b"\0\x0b", bytes(33) + b"\x01"))
    tail = st.builds(bytes.__add__, kinds, st.binary(min_size=octets_min, max_size=60))
    octets = start + data.draw(tail | st.binary(min_size=50, max_size=50))
    try:
        decode(octets)
        decoded = True
    except PeerProtocolError:
        decoded = False
    assert decoded == (class_of(octets) not in (None, Raw))


each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
@with_scapy
@given(data=st.data())
def test_struct_encode_is_scapy_build(case: Case, data: st.DataObject) -> None:
    pdu = data.draw(case.pdus)
    assert case.encode(pdu) == bytes(case.to_scapy(pdu))


@each_case
@with_scapy
@given(data=st.data())
def test_struct_decode_is_scapy_dissect(case: Case, data: st.DataObject) -> None:
    octets = case.encode(data.draw(case.pdus))
    assert case.decode(octets) == case.from_scapy(case.dissect(octets))


@each_case
@with_scapy
@given(data=st.data())
def test_scapy_builds_again_what_it_dissected(case: Case, data: st.DataObject) -> None:
    octets = case.encode(data.draw(case.pdus))
    packet = case.dissect(octets)
    packet.clear_cache()
    assert bytes(packet) == octets


@with_scapy
@given(segment=of.tcp_segments, source=of.ip, destination=of.ip)
def test_tcp_over_ipv4_is_what_scapy_builds_and_dissects(
    segment: TcpSegment, source: bytes, destination: bytes
) -> None:
    """TCP needs the addresses below it for its checksum, so it is compared inside IPv4."""
    octets = ip_tcp.encode_tcp(segment, source, destination)
    below = Ipv4Datagram(
        source=source, destination=destination, protocol=6, identification=1, ttl=64, payload=b""
    )
    packet = bridge.scapy_of_ipv4(below) / bridge.scapy_of_tcp(segment)
    assert bytes(packet)[20:] == octets
    dissected = scapy_layers.Ipv4Layer(bytes(packet)).getlayer(scapy_layers.TcpLayer)
    assert ip_tcp.decode_tcp(octets) == bridge.tcp_of(dissected)
