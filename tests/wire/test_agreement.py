"""The struct codecs and the Scapy layers are one definition written twice.

Two rules a protocol: what the codec encodes is what Scapy builds, and what the codec decodes
is what Scapy dissects.  ``Case`` lists the protocols; a new one is one line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.pdu.ip_tcp import Ipv4Datagram, TcpSegment
from emu.wire import arp, ethernet, ip_tcp, ipx, ncp, rip_sap, scapy_layers
from emu.wire.scapy_layers.ncp import class_of as ncp_class_of
from tests.wire import scapy_bridge as bridge
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
)

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
