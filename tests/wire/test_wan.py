"""LAPD, Q.931 and PPP: vectors by hand, round trips, Scapy, and octets that mean nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.lapd import SAPI_CALL_CONTROL, TEI_FIRST_AUTOMATIC, LapdFrame
from emu.pdu.llc2 import (
    Information,
    Llc2Pdu,
    Supervisory,
    SupervisoryKind,
    Unnumbered,
    UnnumberedKind,
)
from emu.pdu.ppp import (
    PROTOCOL_BCP,
    PROTOCOL_IPCP,
    PROTOCOL_IPX,
    PROTOCOL_IPXCP,
    PROTOCOL_LCP,
    PROTOCOL_NBF,
    PROTOCOL_NBFCP,
    Configure,
    Control,
    ControlPacket,
    PppCode,
    PppFrame,
    ip_address,
    ipx_network,
    ipx_node,
    line_identification,
    mac_address_required,
    mac_support,
    magic_number,
    maximum_receive_unit,
    multicast_filtering,
    name_projection,
)
from emu.pdu.q931 import (
    CalledNumber,
    Cause,
    Channel,
    Element,
    MessageKind,
    Q931Message,
    SendingComplete,
    UnrestrictedDigital,
)
from emu.wire import lapd_frame, ppp_frame, scapy_layers
from emu.wire.lapd import decode_lapd, encode_lapd
from emu.wire.ppp import (
    control_frame,
    decode_control,
    decode_ppp,
    encode_control,
    encode_ppp,
    with_direction,
)
from emu.wire.q931 import decode_q931, encode_q931
from emu.wire.scapy_layers.lapd import lapd_class_of
from tests.wire import wan
from tests.wire.strategies import thorough, with_scapy
from tests.wire.vectors import IPX, NETBEUI
from tests.wire.wan import WAN


def u(kind: UnnumberedKind, *, response: bool = False) -> Unnumbered:
    return Unnumbered(kind=kind, poll_final=True, response=response)


RR_1 = Supervisory(kind=SupervisoryKind.RR, nr=1, poll_final=False, response=True)
LAPD: dict[str, tuple[bool, Llc2Pdu]] = {
    "sabme": (False, u(UnnumberedKind.SABME)),
    "ua": (True, u(UnnumberedKind.UA, response=True)),
    "rr-1-of-network": (True, RR_1),
    "rr-1-of-user": (False, RR_1),
    "disc-of-network": (True, u(UnnumberedKind.DISC)),
}


@pytest.mark.parametrize("name", LAPD)
def test_lapd_by_hand(name: str) -> None:
    from_network, pdu = LAPD[name]
    frame = LapdFrame(
        sapi=SAPI_CALL_CONTROL, tei=TEI_FIRST_AUTOMATIC, from_network=from_network, pdu=pdu
    )
    assert encode_lapd(frame) == WAN[name]
    assert decode_lapd(WAN[name], from_network=from_network) == frame


def said(kind: MessageKind, *elements: Any, answer: bool = False) -> Q931Message:
    return Q931Message(kind=kind, reference=1, from_destination=answer, elements=elements)


Q931 = {
    "setup": said(
        MessageKind.SETUP,
        SendingComplete(),
        UnrestrictedDigital(),
        Channel(number=3, exclusive=False),
        CalledNumber(digits="040123"),
    ),
    "call-proceeding": said(
        MessageKind.CALL_PROCEEDING, Channel(number=1, exclusive=True), answer=True
    ),
    "alerting": said(MessageKind.ALERTING, answer=True),
    "connect": said(MessageKind.CONNECT, answer=True),
    "connect-ack": said(MessageKind.CONNECT_ACKNOWLEDGE),
    "disconnect": said(MessageKind.DISCONNECT, Cause(value=16, location=0)),
    "disconnect-busy": said(MessageKind.DISCONNECT, Cause(value=17, location=4), answer=True),
    "release": said(MessageKind.RELEASE, Cause(value=16, location=2), answer=True),
    "release-complete": said(MessageKind.RELEASE_COMPLETE),
    "release-complete-41": said(
        MessageKind.RELEASE_COMPLETE, Cause(value=41, location=2), answer=True
    ),
}


@pytest.mark.parametrize("name", Q931)
def test_q931_by_hand(name: str) -> None:
    assert encode_q931(Q931[name]) == WAN[name]
    assert decode_q931(WAN[name]) == Q931[name]


def test_a_cause_has_words() -> None:
    assert str(Q931["disconnect-busy"].cause) == "17 user busy"
    assert Q931["connect"].cause is None


def lcp(code: PppCode, identifier: int, *options: Any) -> Configure:
    return Configure(protocol=PROTOCOL_LCP, code=code, identifier=identifier, options=options)


USUAL = (maximum_receive_unit(1500), magic_number(0x12345678))
PPP: dict[str, ControlPacket] = {
    "lcp-request": lcp(PppCode.CONFIGURE_REQUEST, 1, *USUAL),
    "lcp-ack": lcp(PppCode.CONFIGURE_ACK, 1, *USUAL),
    "lcp-nak": lcp(PppCode.CONFIGURE_NAK, 2, maximum_receive_unit(576)),
    "lcp-terminate": Control(protocol=PROTOCOL_LCP, code=PppCode.TERMINATE_REQUEST, identifier=7),
    "lcp-terminated": Control(protocol=PROTOCOL_LCP, code=PppCode.TERMINATE_ACK, identifier=7),
    "lcp-echo": Control(
        protocol=PROTOCOL_LCP,
        code=PppCode.ECHO_REQUEST,
        identifier=5,
        data=bytes.fromhex("12345678"),
    ),
    "ipcp-request": Configure(
        protocol=PROTOCOL_IPCP,
        code=PppCode.CONFIGURE_REQUEST,
        identifier=2,
        options=(ip_address(b"\x0a\0\0\x01"),),
    ),
    "ipxcp-request": Configure(
        protocol=PROTOCOL_IPXCP,
        code=PppCode.CONFIGURE_REQUEST,
        identifier=3,
        options=(ipx_network(0x1234), ipx_node(bytes.fromhex("00001b123456"))),
    ),
    "nbfcp-request": Configure(
        protocol=PROTOCOL_NBFCP,
        code=PppCode.CONFIGURE_REQUEST,
        identifier=4,
        options=(
            name_projection(((b"CLIENT01".ljust(15) + b"\0", 1),)),
            multicast_filtering(period_s=0xFFFF, priority=0),
        ),
    ),
    "bcp-request": Configure(
        protocol=PROTOCOL_BCP,
        code=PppCode.CONFIGURE_REQUEST,
        identifier=5,
        options=(mac_support(1),),
    ),
    "bcp-line": Configure(
        protocol=PROTOCOL_BCP,
        code=PppCode.CONFIGURE_REQUEST,
        identifier=6,
        options=(line_identification(segment=0xABC, bridge=1),),
    ),
}


@pytest.mark.parametrize("name", PPP)
def test_ppp_by_hand(name: str) -> None:
    packet = PPP[name]
    assert control_frame(packet) == WAN[name]
    frame = decode_ppp(WAN[name])
    assert decode_control(frame.payload, protocol=frame.protocol) == packet
    assert ppp_frame.dissect(WAN[name]) == (frame, packet)


def test_direction_and_an_option_without_data() -> None:
    assert with_direction(b"\xff\x03", sent=True) == b"\x01\xff\x03"
    assert with_direction(b"\xff\x03", sent=False) == b"\0\xff\x03"
    assert mac_address_required().data == b""


@thorough
@given(frame=wan.lapd_frames)
def test_lapd_round_trip(frame: LapdFrame) -> None:
    assert decode_lapd(encode_lapd(frame), from_network=frame.from_network) == frame


@thorough
@given(message=wan.messages)
def test_q931_round_trip(message: Q931Message) -> None:
    assert decode_q931(encode_q931(message)) == message


@thorough
@given(packet=wan.control_packets, padding=st.binary(max_size=5))
def test_control_round_trip_and_padding(packet: ControlPacket, padding: bytes) -> None:
    octets = encode_control(packet)
    assert decode_control(octets + padding, protocol=packet.protocol) == packet


@thorough
@given(frame=wan.ppp_frames)
def test_ppp_round_trip(frame: PppFrame) -> None:
    assert decode_ppp(encode_ppp(frame)) == frame


# --- Scapy is the definition ------------------------------------------------------------------


@pytest.mark.slow
@with_scapy
@given(frame=wan.lapd_frames)
def test_scapy_reads_and_builds_lapd(frame: LapdFrame) -> None:
    octets = encode_lapd(frame)
    layer = lapd_class_of(octets)
    assert layer is not None
    packet = layer(octets)
    marked = frame.pdu.response != frame.from_network
    assert (packet.sapi, packet.tei, packet.command_response) == (frame.sapi, frame.tei, marked)
    if isinstance(frame.pdu, Information):
        assert (packet.send_number, packet.receive_number) == (frame.pdu.ns, frame.pdu.nr)
    packet.clear_cache()
    assert bytes(packet) == octets


@pytest.mark.slow
@with_scapy
@given(message=wan.messages)
def test_scapy_reads_and_builds_q931(message: Q931Message) -> None:
    octets = encode_q931(message)
    packet = scapy_layers.Q931Layer(octets)
    assert (packet.message_type, len(packet.elements)) == (message.kind, len(message.elements))
    flag = 0x80 if message.from_destination else 0
    assert packet.reference[0] & 0x80 == flag
    packet.clear_cache()
    assert bytes(packet) == octets
    rebuilt = scapy_layers.Q931Layer(
        reference=packet.reference,
        message_type=packet.message_type,
        elements=[
            scapy_layers.Q931ElementLayer(identifier=each.identifier, content=each.content)
            for each in packet.elements
        ],
    )
    assert bytes(rebuilt) == octets, "lengths are computed"


@pytest.mark.slow
@with_scapy
@given(packet=wan.control_packets)
def test_scapy_reads_and_builds_ppp(packet: ControlPacket) -> None:
    octets = control_frame(packet)
    read = scapy_layers.PppLayer(octets)
    control = read[scapy_layers.PppControlLayer]
    assert (read.protocol, control.code) == (packet.protocol, packet.code)
    assert control.identifier == packet.identifier
    if isinstance(packet, Configure):
        assert [(each.kind, each.content) for each in control.options] == [
            (option.kind, option.data) for option in packet.options
        ]
    read.clear_cache()
    assert bytes(read) == octets
    control.length = None
    for option in control.options or []:
        option.length = None
    assert bytes(read) == octets, "lengths are computed"


# --- octets that mean nothing -----------------------------------------------------------------


@thorough
@given(octets=st.binary(max_size=60), start=st.sampled_from(sorted(WAN)))
@example(octets=b"", start="setup")
def test_any_octets_decode_or_are_the_peers_fault(octets: bytes, start: str) -> None:
    for candidate in (octets, WAN[start][:6] + octets, WAN[start] + octets):
        for decode in (
            lambda o: decode_lapd(o, from_network=True),
            decode_q931,
            decode_ppp,
            lambda o: decode_control(o, protocol=PROTOCOL_LCP),
        ):
            try:
                decode(candidate)
            except PeerProtocolError as error:
                assert str(error)
        assert ppp_frame.summary(candidate)
        assert len(ppp_frame.describe(candidate)) >= 1
        assert lapd_frame.summary(candidate)


@pytest.mark.parametrize("name", WAN)
def test_a_vector_cut_anywhere_is_no_traceback(name: str) -> None:
    for end in range(len(WAN[name]) + 1):
        cut = WAN[name][:end]
        assert ppp_frame.describe(cut)
        assert lapd_frame.describe(cut)


def test_what_cannot_be_said_is_refused() -> None:
    """Ours to get right: numbers that do not fit their field."""
    with pytest.raises(LocalProtocolError):
        encode_lapd(LapdFrame(sapi=64, tei=0, from_network=False, pdu=RR_1))
    with pytest.raises(LocalProtocolError):
        encode_q931(Q931Message(kind=MessageKind.SETUP, reference=128, from_destination=False))
    with pytest.raises(LocalProtocolError):
        encode_q931(said(MessageKind.SETUP, Element(identifier=0x04, content=bytes(256))))
    with pytest.raises(LocalProtocolError):
        encode_ppp(PppFrame(protocol=0x0020, payload=b""))
    with pytest.raises(LocalProtocolError):
        encode_ppp(PppFrame(protocol=PROTOCOL_LCP, payload=b"", compressed=True))
    with pytest.raises(LocalProtocolError):
        encode_control(lcp(PppCode.ECHO_REQUEST, 1))


# --- in words ---------------------------------------------------------------------------------


def test_a_d_channel_in_words() -> None:
    frame = LapdFrame(
        sapi=0,
        tei=64,
        from_network=True,
        pdu=Information(ns=0, nr=1, poll=False, data=WAN["disconnect-busy"]),
    )
    octets = encode_lapd(frame)
    busy = "Q.931 DISCONNECT, call 1 of the other side, cause 17 user busy"
    assert lapd_frame.describe(octets) == ["LAPD SAPI 0 TEI 64 I N(S)=0 N(R)=1", busy]
    assert lapd_frame.summary(octets) == busy
    assert lapd_frame.summary(WAN["sabme"]) == "LAPD SAPI 0 TEI 64 SABME"


def test_ppp_in_words() -> None:
    assert ppp_frame.summary(WAN["lcp-request"]) == (
        "PPP LCP Configure-Request 1: maximum receive unit 05dc, magic number 12345678"
    )
    poll = encode_ppp(PppFrame(protocol=PROTOCOL_IPX, payload=IPX["watchdog-poll"]))
    assert "NCP watchdog poll" in ppp_frame.summary(poll)
    alive = encode_ppp(PppFrame(protocol=PROTOCOL_NBF, payload=NETBEUI["session-alive"]))
    assert ppp_frame.describe(alive)[0] == "PPP NBF"
    assert "alive" in ppp_frame.describe(alive)[-1].lower()
    assert ppp_frame.summary(WAN["bcp-request"]) == "PPP BCP Configure-Request 5: MAC type 01"
    bridged = ppp_frame.describe(WAN["bridged-sabme"])
    assert bridged[0] == "PPP bridged"
    assert "SABME" in bridged[-1]
    assert ppp_frame.describe(WAN["bridged-sabme"][:12])[0] == "PPP bridged"
