"""Any octets decode to a PDU or raise PeerProtocolError; nothing else ever comes out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emu.errors import PeerProtocolError
from emu.wire import (
    arp,
    ethernet,
    frame,
    ip_tcp,
    ipx,
    llc2,
    nbf,
    nbipx,
    nbss,
    ncp,
    nmpi,
    rip_sap,
    serialization,
    spx,
    tcp_flow,
)
from emu.wire.smb import message as smb
from tests.wire.smb.carriers import over_direct_ipx
from tests.wire.smb.values import EXPECTED, SMB
from tests.wire.strategies import thorough
from tests.wire.test_tcp_flow import FRAME
from tests.wire.vectors import FRAMES, IPX, NETBEUI

DECODERS: tuple[tuple[Callable[[bytes], Any], bytes], ...] = (
    (ethernet.decode_ethernet, b""),
    (arp.decode_arp, bytes.fromhex("0001080006040001")),
    (ip_tcp.decode_ipv4, b"\x45\0"),
    (ip_tcp.decode_tcp, b""),
    (tcp_flow.decode_tcp_frame, FRAME[:16]),
    (ipx.decode_ipx, b"\xff\xff\0"),
    (ncp.decode_ncp, b""),
    (ncp.decode_ncp, b"\x22\x22"),
    (ncp.decode_ncp, b"\x33\x33"),
    (ncp.decode_login, b"\0"),
    (ncp.decode_date_and_time, b""),
    (rip_sap.decode_rip, b"\0\x02"),
    (rip_sap.decode_sap, b"\0"),
    (llc2.decode_llc2, b"\xf0\xf0"),
    (llc2.decode_llc2, b"\xf0\xf1\x01"),
    (llc2.decode_frame_reject, b"\x01\xfb"),
    (nbf.decode_nbf, b"\x0e\0\xff\xef\x1f"),
    (nbf.decode_nbf, b"\x2c\0\xff\xef\x0a"),
    (spx.decode_spx, b"\xc0\0"),
    (spx.decode_spx, b"\xcc\0"),
    (partial(nbipx.decode_nbipx, packet_type=4), b"\xc0\x06"),
    (partial(nbipx.decode_nbipx, packet_type=20), bytes(33)),
    (nmpi.decode_nmpi, bytes(32)),
    (serialization.decode_serialization, b""),
    (nbss.decode_nbss, b"\x81\0\0\x44"),
    *((smb.decode_smb, octets[:33]) for octets in SMB.values()),
)


(SMB_FRAME,) = over_direct_ipx([(True, EXPECTED["read"])])
#: Nothing; addresses; and as far as each family's own octets begin.
STARTS = (
    b"",
    bytes(12),
    bytes(13) + b"\x2f\xf0\xf0\x03\x2c\0\xff\xef",
    bytes(13) + b"\x12\xf0\xf0\0\0\x0e\0\xff\xef",
    bytes(13) + b"\x04\xf0\xf1",
    FRAMES["ethernet-ii"][:14] + IPX["spx-watchdog"][:30],
    FRAMES["ethernet-ii"][:14] + IPX["nbipx-probe"][:30],
    SMB_FRAME[:-11],
)


@pytest.mark.parametrize(("decode", "start"), DECODERS)
@thorough
@given(octets=st.binary(max_size=80))
def test_octets_decode_or_are_the_peers_fault(
    decode: Callable[[bytes], Any], start: bytes, octets: bytes
) -> None:
    for candidate in (octets, start + octets):
        try:
            decode(candidate)
        except PeerProtocolError as error:
            assert str(error)


@thorough
@given(octets=st.binary(max_size=100), start=st.sampled_from(STARTS))
@example(octets=b"", start=b"")
def test_dissect_never_fails_and_loses_nothing(octets: bytes, start: bytes) -> None:
    whole = start + octets
    assert frame.rebuild(frame.dissect(whole)) == whole
    assert frame.summary(whole)
    assert len(frame.describe(whole)) == len(frame.dissect(whole))


@pytest.mark.parametrize("name", [*FRAMES, *IPX])
def test_a_vector_cut_anywhere_is_rebuilt(name: str) -> None:
    whole = FRAMES.get(name) or FRAMES["ethernet-ii"][:14] + IPX[name]
    for end in range(len(whole) + 1):
        assert frame.rebuild(frame.dissect(whole[:end])) == whole[:end]


@pytest.mark.parametrize("name", NETBEUI)
def test_a_netbeui_vector_cut_anywhere_is_rebuilt(name: str) -> None:
    """Cut by the capture's limit, its length as it was; and cut with its length."""
    octets = NETBEUI[name]
    whole = bytes(12) + len(octets).to_bytes(2, "big") + octets
    for end in range(len(whole) + 1):
        assert frame.rebuild(frame.dissect(whole[:end])) == whole[:end]
    for end in range(len(octets) + 1):
        shorter = bytes(12) + end.to_bytes(2, "big") + octets[:end]
        assert frame.rebuild(frame.dissect(shorter)) == shorter
