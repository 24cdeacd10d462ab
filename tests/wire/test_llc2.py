"""LLC type 2: control fields, commands and responses, FRMR."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.ethernet import EthernetFrame, EthernetII, Llc, Raw8023
from emu.pdu.llc2 import (
    REJECT_RECEIVE_NUMBER,
    FrameReject,
    Information,
    Llc2Pdu,
    Supervisory,
    SupervisoryKind,
    Unnumbered,
    UnnumberedKind,
    is_final,
    is_poll,
)
from emu.wire.ethernet import decode_ethernet
from emu.wire.llc2 import (
    decode_fields,
    decode_frame_reject,
    decode_llc2,
    encode_frame_reject,
    encode_llc2,
    llc2_frame,
    llc2_framing,
    llc2_of_frame,
)
from tests.wire import strategies as of
from tests.wire.strategies import thorough
from tests.wire.vectors import NETBEUI

CLIENT_MAC = bytes.fromhex("02000000000a")
SERVER_MAC = bytes.fromhex("02000000000b")


def u(kind: UnnumberedKind, *, response: bool, info: bytes = b"") -> Unnumbered:
    return Unnumbered(kind=kind, poll_final=True, response=response, info=info)


def s(kind: SupervisoryKind, nr: int, *, poll_final: bool, response: bool) -> Supervisory:
    return Supervisory(kind=kind, nr=nr, poll_final=poll_final, response=response)


#: facts/netbeui.md 1.5; the frames without NBF inside.
EXPECTED: dict[str, Llc2Pdu] = {
    "sabme": u(UnnumberedKind.SABME, response=False),
    "ua": u(UnnumberedKind.UA, response=True),
    "disc": u(UnnumberedKind.DISC, response=False),
    "dm": u(UnnumberedKind.DM, response=True),
    "frmr": u(UnnumberedKind.FRMR, response=True, info=bytes.fromhex("01fb0a0808")),
    "rr-poll-0": s(SupervisoryKind.RR, 0, poll_final=True, response=False),
    "rr-final-0": s(SupervisoryKind.RR, 0, poll_final=True, response=True),
    "rr-final-1": s(SupervisoryKind.RR, 1, poll_final=True, response=True),
    "rr-2": s(SupervisoryKind.RR, 2, poll_final=False, response=True),
    "idle-poll": s(SupervisoryKind.RR, 4, poll_final=True, response=False),
    "idle-answer": s(SupervisoryKind.RR, 5, poll_final=True, response=True),
    "rnr-final-5": s(SupervisoryKind.RNR, 5, poll_final=True, response=True),
    "rej-5": s(SupervisoryKind.REJ, 5, poll_final=False, response=True),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_vectors_of_the_facts(name: str) -> None:
    assert decode_llc2(NETBEUI[name]) == (0xF0, 0xF0, EXPECTED[name])
    assert encode_llc2(EXPECTED[name]) == NETBEUI[name]


@pytest.mark.parametrize("name", NETBEUI)
def test_every_vector_is_rebuilt(name: str) -> None:
    dsap, ssap, pdu = decode_llc2(NETBEUI[name])
    assert encode_llc2(pdu, dsap=dsap, ssap=ssap) == NETBEUI[name]


@pytest.mark.parametrize(
    ("name", "ns", "nr", "poll"),
    [
        ("session-initialize", 0, 0, False),
        ("session-confirm", 0, 1, True),
        ("data-only-last", 1, 1, False),
        ("data-ack", 1, 3, False),
        ("session-alive", 3, 5, False),
        ("session-end", 4, 5, True),
        ("session-end-abnormal", 5, 4, True),
    ],
)
def test_the_numbers_of_the_facts(name: str, ns: int, nr: int, poll: bool) -> None:
    """I frames are commands, polled or not (facts/netbeui.md 1.2)."""
    octets = NETBEUI[name]
    expected = Information(ns=ns, nr=nr, poll=poll, data=octets[4:], response=False)
    assert decode_llc2(octets)[2] == expected


@pytest.mark.parametrize(
    ("kind", "bare", "with_poll"),
    [
        (UnnumberedKind.UI, 0x03, 0x13),
        (UnnumberedKind.SABME, 0x6F, 0x7F),
        (UnnumberedKind.DISC, 0x43, 0x53),
        (UnnumberedKind.UA, 0x63, 0x73),
        (UnnumberedKind.DM, 0x0F, 0x1F),
        (UnnumberedKind.FRMR, 0x87, 0x97),
        (UnnumberedKind.XID, 0xAF, 0xBF),
        (UnnumberedKind.TEST, 0xE3, 0xF3),
    ],
)
def test_the_control_octets_of_the_facts(kind: UnnumberedKind, bare: int, with_poll: int) -> None:
    """facts/netbeui.md 1.2, the table of U frames."""
    for control, poll_final in ((bare, False), (with_poll, True)):
        pdu = Unnumbered(kind=kind, poll_final=poll_final, response=False)
        assert encode_llc2(pdu) == bytes((0xF0, 0xF0, control))


def test_a_poll_is_a_command_and_a_final_a_response() -> None:
    poll = s(SupervisoryKind.RR, 0, poll_final=True, response=False)
    data = Information(ns=0, nr=0, poll=True, data=b"")
    assert is_poll(poll)
    assert is_poll(data)
    assert is_final(replace(poll, response=True))
    for neither in (replace(poll, poll_final=False), replace(data, poll=False)):
        assert not is_poll(neither)
        assert not is_final(neither)
    assert not is_final(poll)
    assert not is_poll(replace(poll, response=True))


def test_a_whole_frame_is_padded_outside_its_length() -> None:
    """Sizes of facts/netbeui.md 1.1: 17 octets and 43 of padding, 18 and 42, 22 and 38."""
    for name, length in (("sabme", 3), ("idle-poll", 4), ("frmr", 8), ("session-alive", 18)):
        pdu = decode_llc2(NETBEUI[name])[2]
        frame = llc2_frame(pdu, destination=SERVER_MAC, source=CLIENT_MAC)
        start = SERVER_MAC + CLIENT_MAC + length.to_bytes(2, "big") + NETBEUI[name]
        assert frame == start.ljust(60, b"\0")
        assert llc2_of_frame(decode_ethernet(frame)) == pdu


def test_padding_may_be_anything() -> None:
    """Every padded NetBEUI frame of capture 02 is padded with scrap (facts/netbeui.md 1.1)."""
    frame = llc2_frame(EXPECTED["idle-poll"], destination=SERVER_MAC, source=CLIENT_MAC)
    scrap = frame[:18] + b"\xf0\xf0\x53".ljust(42, b"\xa5")
    assert llc2_of_frame(decode_ethernet(scrap)) == EXPECTED["idle-poll"]
    assert llc2_of_frame(decode_ethernet(scrap[:18])) == EXPECTED["idle-poll"]


@pytest.mark.parametrize(
    "framing",
    [
        Llc(dsap=0xE0, ssap=0xE0, control=b"\x03"),
        Llc(dsap=0xF1, ssap=0xF0, control=b"\x03"),
        Llc(dsap=0xF0, ssap=0xE0, control=b"\x03"),
        Raw8023(),
        EthernetII(ethertype=0xF0F0),
    ],
)
def test_other_framings_are_none_of_netbios(framing: object) -> None:
    frame = EthernetFrame(destination=SERVER_MAC, source=CLIENT_MAC, framing=framing, body=b"")
    assert llc2_of_frame(frame) is None


@pytest.mark.parametrize(
    "text",
    ["", "f0f0", "f0f0 01", "f0f0 0d01", "f0f0 1101", "f0f0 0101 00", "f0f0 2f", "f0f0 ff"],
    ids=["nothing", "no control", "half a control", "SREJ", "reserved bits", "RR with information",
         "SABM", "unknown U"],
)  # fmt: skip
def test_what_type_2_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(PeerProtocolError):
        decode_llc2(bytes.fromhex(text))


@pytest.mark.parametrize("control", [b"", b"\x01", b"\x03\x03", b"\x01\x01\x01"])
def test_a_control_field_of_the_wrong_size_is_refused(control: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="control"):
        decode_fields(ssap=0xF0, control=control, info=b"")


def test_numbers_and_addresses_that_do_not_fit_are_our_own_error() -> None:
    for pdu in (
        s(SupervisoryKind.RR, 128, poll_final=False, response=True),
        Information(ns=-1, nr=0, poll=False, data=b""),
        Information(ns=0, nr=128, poll=False, data=b""),
    ):
        with pytest.raises(LocalProtocolError, match="0 to 127"):
            encode_llc2(pdu)
    with pytest.raises(LocalProtocolError, match="individual"):
        encode_llc2(EXPECTED["ua"], ssap=0xF1)


def test_the_framing_says_command_or_response() -> None:
    assert llc2_framing(EXPECTED["ua"]) == Llc(dsap=0xF0, ssap=0xF1, control=b"\x73")
    assert llc2_framing(EXPECTED["idle-poll"]) == Llc(dsap=0xF0, ssap=0xF0, control=b"\x01\x09")


REJECT = FrameReject(control=b"\x01\xfb", vs=5, vr=4, response=False, reasons=REJECT_RECEIVE_NUMBER)


def test_the_reason_of_the_facts() -> None:
    """RR with N(R) = 125, which was never sent; V(S) = 5, V(R) = 4 (facts/netbeui.md 1.5)."""
    octets = NETBEUI["frmr"][3:]
    assert decode_frame_reject(octets) == REJECT
    assert encode_frame_reject(REJECT) == octets
    assert encode_frame_reject(replace(REJECT, response=True)) == bytes.fromhex("01fb0a0908")


@pytest.mark.parametrize("octets", [b"", bytes(4), bytes(6)])
def test_a_reason_has_five_octets(octets: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="5 octets"):
        decode_frame_reject(octets)


def test_a_rejected_control_of_one_octet_is_our_own_error() -> None:
    with pytest.raises(LocalProtocolError, match="2 octets"):
        encode_frame_reject(replace(REJECT, control=b"\x7f"))


@thorough
@given(pdu=of.llc2_pdus)
def test_round_trip(pdu: Llc2Pdu) -> None:
    assert decode_llc2(encode_llc2(pdu)) == (0xF0, 0xF0, pdu)


@thorough
@given(reject=of.frame_rejects)
def test_reasons_round_trip(reject: FrameReject) -> None:
    assert decode_frame_reject(encode_frame_reject(reject)) == reject
