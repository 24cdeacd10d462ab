"""Link types: PPP is read as what it carries, signalling is read and is no flow.

Frames are built octet by octet: RFC 1661 2 (protocol numbers), RFC 1662 3.1 (FF 03), RFC 2878
4.2 (bridged frames), Q.921 2.2 (LAPD); link types of tcpdump.org/linktypes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emu.capture import pcapng
from emu.capture.recording import Direction, Interface, Recording
from emu.check import Report, check_file
from emu.check.rules import FlowClass
from emu.units import NS_PER_S
from tests.check.frames import Stamped, pcap
from tests.check.test_tcp import given_up

IP, BRIDGED, NBF = (bytes.fromhex(each) for each in ("0021", "0031", "003f"))
#: LCP Echo-Request 1 with magic number 0 (RFC 1661 5.8).
LCP = bytes.fromhex("c021 0901 0008 00000000")
#: SABME, TEI 64 (Q.921 3.6.2), and a Compression Control request (RFC 1962 2), not known here.
SABME, CCP = bytes.fromhex("00817f"), bytes.fromhex("80fd 0101 0004")


def judged(folder: Path, frames: list[Stamped], link_type: int) -> Report:
    path = folder / "made.pcap"
    path.write_bytes(pcap(frames, link_type=link_type))
    return check_file(path)


def over(header: bytes) -> Callable[[bytes], bytes]:
    """An Ethernet II frame's datagram behind another header."""
    return lambda frame: header + frame[14:]


@pytest.mark.parametrize(
    ("link_type", "header"),
    [
        (9, b"\xff\x03" + IP),
        (9, IP),
        (9, IP[1:]),
        (50, b"\xff\x03" + IP),
        (204, b"\x01\xff\x03" + IP),
        (204, b"\0" + IP),
    ],
    ids=["FF 03", "bare", "compressed", "HDLC", "direction", "direction, bare"],
)
def test_tcp_over_ppp_is_judged(tmp_path: Path, link_type: int, header: bytes) -> None:
    frames = [(at_s, over(header)(octets)) for at_s, octets in given_up(5).frames]
    report = judged(tmp_path, frames, link_type)
    (flow,) = report.flows
    assert (flow.flow_class, flow.dead, flow.probes_unanswered) == (FlowClass.GAVE_UP, 1, 5)
    assert report.unread == 0


def test_a_bridged_frame_has_its_own_addresses(tmp_path: Path) -> None:
    """Flags 0, MAC type 1 (802.3)."""
    frames = [
        (at_s, b"\xff\x03" + BRIDGED + b"\0\x01" + octets) for at_s, octets in given_up(5).frames
    ]
    (flow,) = judged(tmp_path, frames, 9).flows
    assert flow.flow_class is FlowClass.GAVE_UP


def test_control_protocols_are_read_and_are_no_flows(tmp_path: Path) -> None:
    """Known or not: "8***" and above are control (RFC 1661 2); 00FD is data, and compressed."""
    frames = [(0.0, b"\xff\x03" + LCP), (1.0, CCP), (2.0, b"\x00\xfd\x12\x34"), (3.0, b"\xff")]
    report = judged(tmp_path, frames, 9)
    assert (report.frames, report.unread, report.flows) == (4, 2, ())
    assert dict(report.without_flow) == {"ppp-control": 2}


def test_cisco_s_hdlc_is_not_ppp(tmp_path: Path) -> None:
    """SLARP behind 8F 00 8035 (real-captures 31)."""
    slarp = bytes.fromhex("8f008035 00000002 00000001 00000000 ffff")
    report = judged(tmp_path, [(0.0, slarp)], 50)
    assert (report.unread, dict(report.without_flow)) == (1, {})


def test_lapd_is_read_and_is_no_flow(tmp_path: Path) -> None:
    report = judged(tmp_path, [(0.0, SABME), (1.0, b"\xff\xff\xff")], 203)
    assert (report.unread, report.flows) == (1, ())
    assert dict(report.without_flow) == {"lapd": 1}


#: Control fields (IEEE 802.2 5.4, facts/netbeui.md 1.2) behind DSAP and SSAP F0: SABME P, UA F,
#: and RR polls with N(R) 0.
NBF_SABME, NBF_UA = bytes.fromhex("f0f07f"), bytes.fromhex("f0f173")
NBF_POLL = bytes.fromhex("f0f00101")


def nbf_calls() -> list[tuple[float, Direction, bytes]]:
    """A caller comes in, its host polls it eight times in vain."""
    polls = [(30.0 + turn, Direction.OUTBOUND, NBF_POLL) for turn in range(8)]
    return [(0.0, Direction.INBOUND, NBF_SABME), (0.1, Direction.OUTBOUND, NBF_UA), *polls]


def nbf_report(folder: Path, *, directions: bool) -> Report:
    recording = Recording()
    line = recording.add_interface(Interface(name="line", link_type=9))
    for at_s, direction, octets in nbf_calls():
        number = recording.frame(line, round(at_s * NS_PER_S), NBF + octets)
        if directions:
            recording.direction(number, direction)
    recording.ended_ns = 100 * NS_PER_S
    path = folder / "nbf.pcapng"
    path.write_bytes(pcapng.encode(recording))
    return check_file(path)


def test_netbeui_without_addresses_is_told_apart_by_direction(tmp_path: Path) -> None:
    (flow,) = nbf_report(tmp_path, directions=True).flows
    assert (flow.flow_class, flow.dead, flow.probes_unanswered) == (FlowClass.SILENT, 1, 8)


def test_netbeui_without_addresses_or_direction_is_unread(tmp_path: Path) -> None:
    report = nbf_report(tmp_path, directions=False)
    assert (report.unread, report.flows) == (10, ())
