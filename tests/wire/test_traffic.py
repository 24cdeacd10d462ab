"""What dialer lists see in the octets of a frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN
from emu.pdu.ppp import PROTOCOL_IPX, PROTOCOL_NBF, PppFrame
from emu.pdu.traffic import IP, IPX, NBF, OTHER, Kind, Traffic
from emu.wire.ppp import encode_ppp
from emu.wire.tcp_flow import TcpFlow
from emu.wire.traffic import Classifier
from tests.wire.strategies import thorough
from tests.wire.test_frame import in_ipx, netbeui
from tests.wire.vectors import FRAMES, NETBEUI
from tests.wire.vectors import IPX as IPX_VECTORS

KINDS = {
    "watchdog-poll": {Kind.WATCHDOG},
    "watchdog-answer": {Kind.WATCHDOG_ANSWER},
    "ncp-request-14h": {Kind.NCP},
    "spx-watchdog": {Kind.SPX_KEEPALIVE},
    "spx-watchdog-ok": {Kind.SPX_SYSTEM},
    "nbipx-probe": {Kind.NBIPX_KEEPALIVE},
    "serialization": {Kind.SERIALIZATION},
}


@pytest.mark.parametrize("name", KINDS)
def test_the_ipx_family(name: str) -> None:
    traffic = Classifier().ethernet(in_ipx(IPX_VECTORS[name]))
    assert (traffic.protocol, traffic.kinds) == (IPX, KINDS[name])
    over_ppp = encode_ppp(PppFrame(protocol=PROTOCOL_IPX, payload=IPX_VECTORS[name]))
    assert Classifier().ppp(over_ppp) == traffic


def datagram(*, socket: int, packet_type: int, node: str = "ff" * 6) -> bytes:
    """An IPX packet without data from socket 4003 to another."""
    text = f"ffff001e00{packet_type:02x}0000000a{node}{socket:04x}0000000a00a0c91122334003"
    return in_ipx(bytes.fromhex(text))


@pytest.mark.parametrize(
    ("socket", "packet_type", "kinds"),
    [
        (0x0453, 1, {Kind.RIP}),
        (0x0452, 4, {Kind.SAP}),
        (0x0457, 0, {Kind.SERIALIZATION}),
        (0x0455, 20, {Kind.TYPE_20}),
        (0x5000, 4, set[Kind]()),
    ],
)
def test_sockets_and_type_20_count_whatever_is_inside(
    socket: int, packet_type: int, kinds: set[Kind]
) -> None:
    traffic = Classifier().ethernet(datagram(socket=socket, packet_type=packet_type))
    assert traffic.kinds == kinds
    assert traffic.sockets == (socket, 0x4003)
    assert traffic.broadcast
    to_one = datagram(socket=socket, packet_type=packet_type, node="00a0c9112233")
    assert not Classifier().ethernet(to_one).broadcast


def test_netbeui() -> None:
    alive = Classifier().ethernet(netbeui(NETBEUI["session-alive"]))
    assert alive == Traffic(protocol=NBF, kinds=frozenset({Kind.SESSION_ALIVE}))
    poll = Classifier().ethernet(netbeui(NETBEUI["idle-poll"]))
    assert poll.kinds == {Kind.LLC_POLL}
    over_ppp = encode_ppp(PppFrame(protocol=PROTOCOL_NBF, payload=NETBEUI["session-alive"]))
    assert Classifier().ppp(over_ppp) == alive
    # Behind the MAC addresses of RFC 2097's option 4 it is the same.
    addressed = PppFrame(protocol=PROTOCOL_NBF, payload=bytes(12) + NETBEUI["session-alive"])
    assert Classifier().ppp(encode_ppp(addressed)) == alive
    polled = PppFrame(protocol=PROTOCOL_NBF, payload=bytes(12) + NETBEUI["idle-poll"])
    assert Classifier().ppp(encode_ppp(polled)) == poll


@given(st.lists(st.sampled_from(sorted(IPX_VECTORS)), max_size=12), st.data())
@thorough
def test_a_classifier_over_ppp_says_what_one_on_ethernet_says(
    names: list[str], data: st.DataObject
) -> None:
    """What is remembered by its octets is what a dissection finds, whole or with a bit turned."""
    ppp, ethernet = Classifier(), Classifier()
    for name in names:
        octets = bytearray(IPX_VECTORS[name])
        if data.draw(st.booleans()):
            octets[data.draw(st.integers(4, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
        framed = bytes(12) + b"\x81\x37" + bytes(octets)
        over_ppp = encode_ppp(PppFrame(protocol=PROTOCOL_IPX, payload=bytes(octets)))
        assert ppp.ppp(over_ppp) == ethernet.ethernet(framed)


class Flow:
    """One direction of a TCP connection, and what a classifier makes of it."""

    def __init__(self) -> None:
        self.classifier = Classifier()
        self.flow = TcpFlow(
            source_mac=b"\2\0\0\0\0\1",
            destination_mac=b"\2\0\0\0\0\2",
            source_ip=b"\x0a\0\0\1",
            destination_ip=b"\x0a\0\0\2",
            source_port=1044,
            destination_port=139,
        )

    def traffic(self, sequence: int, flags: int = ACK, payload: bytes = b"") -> Traffic:
        from emu.pdu.ip_tcp import new_segment

        segment = new_segment(sequence, 1, flags, 8760, payload)
        return self.classifier.ethernet(self.flow.encode(segment, 1))

    def kind(self, sequence: int, flags: int = ACK, payload: bytes = b"") -> Kind:
        (kind,) = self.traffic(sequence, flags, payload).kinds
        return kind


def test_tcp_segments_and_the_probe_one_below() -> None:
    """RFC 1122 4.2.3.6: one below the next number, at most one octet; again and again."""
    flow = Flow()
    assert flow.kind(99, SYN) is Kind.TCP_SYN
    assert flow.kind(100) is Kind.TCP_ACK
    assert flow.kind(100, ACK | PSH, b"hello") is Kind.TCP_DATA
    assert flow.kind(104, ACK, b"\0") is Kind.TCP_KEEPALIVE
    assert flow.kind(104) is Kind.TCP_KEEPALIVE
    assert flow.kind(104, ACK, b"oh") is Kind.TCP_DATA, "two octets are data sent again"
    assert flow.kind(106, FIN | ACK) is Kind.TCP_FIN
    assert flow.kind(107, RST) is Kind.TCP_RST


def test_ports_and_flags_are_told() -> None:
    traffic = Flow().traffic(1, SYN)
    assert (traffic.protocol, traffic.ports, traffic.tcp_flags) == (IP, (139, 1044), SYN)


def test_numbers_wrap() -> None:
    flow = Flow()
    assert flow.kind(0xFFFFFFFF, ACK, b"x") is Kind.TCP_DATA
    assert flow.kind(0xFFFFFFFF) is Kind.TCP_KEEPALIVE


@thorough
@given(octets=st.binary(max_size=80), start=st.sampled_from(sorted(FRAMES)))
def test_anything_is_some_traffic(octets: bytes, start: str) -> None:
    for candidate in (octets, FRAMES[start][:14] + octets):
        assert Classifier().ethernet(candidate).protocol
        assert Classifier().ppp(candidate).protocol
    assert Classifier().ethernet(b"").protocol == OTHER
