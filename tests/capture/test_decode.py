"""Frames in words: server events, unknown link types, whatever octets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.capture import decode
from emu.capture.recording import LINKTYPE_UPPER_PDU, exported_pdu
from tests.capture.recordings import ARP_REQUEST


def test_an_event_is_its_host_message_id_and_message() -> None:
    line = "<134>1 1998-06-01T00:00:00.000000Z server emu - SESSION - session 1 ACTIVE"
    octets = exported_pdu("syslog", line.encode())
    assert decode.event_line(octets) == line
    assert decode.summary(LINKTYPE_UPPER_PDU, octets) == "server SESSION: session 1 ACTIVE"
    assert decode.describe(LINKTYPE_UPPER_PDU, octets) == [f"syslog: {line}"]


def test_another_exported_pdu_is_no_event() -> None:
    octets = exported_pdu("dns", b"x")
    assert decode.event_line(octets) is None
    assert decode.summary(LINKTYPE_UPPER_PDU, octets).startswith("upper PDU: 00 0c 00 04 64 6e 73")


def test_a_line_that_is_no_rfc_5424_is_shown_whole() -> None:
    assert decode.event_text("<13>Jun  1 00:00:00 x y") == "<13>Jun  1 00:00:00 x y"


def test_an_unknown_link_type_is_shown_as_octets() -> None:
    assert decode.summary(147, b"\x01\x02") == "link type 147: 01 02"
    assert decode.describe(147, b"\x01\x02") == ["link type 147: 01 02"]
    assert decode.summary(147, bytes(17)).endswith("00 ... 17 octets")


def test_ethernet_is_put_in_words_by_the_wire_layer() -> None:
    pytest.importorskip("emu.wire.frame")
    assert "ARP" in decode.summary(1, ARP_REQUEST)
    assert len(decode.describe(1, ARP_REQUEST)) == 2


@settings(deadline=None)
@given(st.sampled_from([1, 9, 203, LINKTYPE_UPPER_PDU, 147]), st.binary(max_size=90))
def test_any_octets_can_be_shown(link_type: int, octets: bytes) -> None:
    assert decode.describe(link_type, octets)
    assert "\n" not in decode.printable(decode.summary(link_type, octets))
