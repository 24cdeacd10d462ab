"""tshark judges the D channel and PPP: message names shown, nothing malformed, no expert words.

tshark 4.0 has no dissector for IPXCP, NBFCP and NBF over PPP (product.md, "The capture"): there
our decoder and the vectors stand in, and tshark must at least not call them malformed.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from emu.capture import pcapng
from emu.capture.recording import (
    LINKTYPE_LAPD,
    LINKTYPE_PPP,
    Direction,
    Interface,
    Recording,
)
from emu.pdu.lapd import LapdFrame
from emu.pdu.llc2 import Information, Llc2Pdu, Supervisory, SupervisoryKind
from emu.pdu.ppp import PROTOCOL_IPX, PROTOCOL_NBF, PppFrame
from emu.wire import lapd, ppp
from emu.wire.lapd import encode_lapd
from emu.wire.ppp import encode_ppp
from tests import outside
from tests.wire.test_wan import LAPD
from tests.wire.vectors import IPX, NETBEUI
from tests.wire.wan import WAN

pytestmark = pytest.mark.slow

Sent = tuple[bytes, Direction]
OUT, IN = Direction.OUTBOUND, Direction.INBOUND


def read(folder: Path, link_type: int, frames: Sequence[Sent], *names: str) -> list[list[str]]:
    """Fields of frames with which nothing is wrong."""
    recording = Recording()
    interface = recording.add_interface(Interface(name="wan", link_type=link_type))
    for second, (octets, direction) in enumerate(frames):
        number = recording.frame(interface, second * 10**9, octets)
        recording.direction(number, direction)
    path = folder / "wan.pcapng"
    pcapng.write(recording, path)
    wanted = ("_ws.malformed", "_ws.expert.message", *names)
    fields = [part for name in wanted for part in ("-e", name)]
    how = ("-T", "fields", "-E", "separator=,", "-E", "quote=d")
    output = outside.tool("tshark")("-n", "-r", path, *how, *fields)
    rows = list(csv.reader(output.splitlines()))
    assert len(rows) == len(frames)
    assert [row[:2] for row in rows] == [["", ""]] * len(rows), rows
    return [row[2:] for row in rows]


def in_lapd(message: str, *, from_network: bool, ns: int, nr: int) -> Sent:
    pdu = Information(ns=ns, nr=nr, poll=False, data=WAN[message])
    return of_lapd(pdu, from_network=from_network)


def of_lapd(pdu: Llc2Pdu, *, from_network: bool) -> Sent:
    frame = LapdFrame(sapi=0, tei=64, from_network=from_network, pdu=pdu)
    return encode_lapd(frame), IN if from_network else OUT


def rr(nr: int, *, from_network: bool) -> Sent:
    pdu = Supervisory(kind=SupervisoryKind.RR, nr=nr, poll_final=False, response=True)
    return of_lapd(pdu, from_network=from_network)


def test_link_types_are_one() -> None:
    assert (lapd.LINKTYPE_LAPD, ppp.LINKTYPE_PPP) == (LINKTYPE_LAPD, LINKTYPE_PPP)


def test_a_whole_call_on_the_d_channel(tmp_path: Path) -> None:
    """SABME to RELEASE COMPLETE, commands and responses told apart by the direction."""
    frames = [
        (WAN["sabme"], OUT),
        (WAN["ua"], IN),
        in_lapd("setup", from_network=False, ns=0, nr=0),
        rr(1, from_network=True),
        in_lapd("call-proceeding", from_network=True, ns=0, nr=1),
        in_lapd("alerting", from_network=True, ns=1, nr=1),
        in_lapd("connect", from_network=True, ns=2, nr=1),
        in_lapd("connect-ack", from_network=False, ns=1, nr=3),
        in_lapd("disconnect", from_network=False, ns=2, nr=3),
        in_lapd("release", from_network=True, ns=3, nr=3),
        in_lapd("release-complete", from_network=False, ns=3, nr=4),
    ]
    names = ("q931.message_type", "lapd.address", "lapd.direction", "_ws.col.Info")
    rows = read(tmp_path, LINKTYPE_LAPD, frames, *names)
    labels = [row[3].split("|")[-1].strip() for row in rows]
    assert labels[4:] == [
        "CALL PROCEEDING",
        "ALERTING",
        "CONNECT",
        "CONNECT ACKNOWLEDGE",
        "DISCONNECT",
        "RELEASE",
        "RELEASE COMPLETE",
    ]
    assert labels[2] == "SETUP"
    assert [row[3] for row in rows[:2]] == ["TEI:64 U P, func=SABME | ", "TEI:64 U F, func=UA | "]
    assert [row[2] for row in rows[:3]] == ["0", "1", "0"]
    assert rows[2][1] == "0x0081", "a command of the user's"
    assert rows[4][1] == "0x0281", "a command of the network's"


def test_elements_are_read(tmp_path: Path) -> None:
    frames = [
        in_lapd("setup", from_network=False, ns=0, nr=0),
        in_lapd("disconnect-busy", from_network=True, ns=0, nr=1),
        in_lapd("release-complete-41", from_network=True, ns=1, nr=1),
    ]
    names = (
        "q931.called_party_number.digits",
        "q931.information_transfer_capability",
        "q931.information_transfer_rate",
        "q931.call_ref",
        "q931.call_ref_flag",
        "q931.cause_value",
        "q931.cause_location",
    )
    rows = read(tmp_path, LINKTYPE_LAPD, frames, *names)
    assert rows[0] == ["040123", "0x08", "0x10", "01", "0", "", ""]
    assert [row[3:] for row in rows[1:]] == [["01", "1", "17", "4"], ["01", "1", "41", "2"]]


@pytest.mark.parametrize("name", LAPD)
def test_each_link_frame_is_clean(tmp_path: Path, name: str) -> None:
    from_network, pdu = LAPD[name]
    ((info,),) = read(
        tmp_path, LINKTYPE_LAPD, [of_lapd(pdu, from_network=from_network)], "_ws.col.Info"
    )
    assert not isinstance(pdu, Information)
    assert f"func={pdu.kind.name}" in info


PPP_LABELS = {
    "lcp-request": ("PPP LCP", "Configuration Request"),
    "lcp-ack": ("PPP LCP", "Configuration Ack"),
    "lcp-nak": ("PPP LCP", "Configuration Nak"),
    "lcp-terminate": ("PPP LCP", "Termination Request"),
    "lcp-terminated": ("PPP LCP", "Termination Ack"),
    "lcp-echo": ("PPP LCP", "Echo Request"),
    "ipcp-request": ("PPP IPCP", "Configuration Request"),
}


def test_control_packets_are_named(tmp_path: Path) -> None:
    frames = [(WAN[name], OUT) for name in PPP_LABELS]
    names = ("_ws.col.Protocol", "_ws.col.Info", "lcp.opt.mru", "ipcp.opt.ip_address")
    rows = read(tmp_path, LINKTYPE_PPP, frames, *names)
    assert [tuple(row[:2]) for row in rows] == [*PPP_LABELS.values()]
    assert (rows[0][2], rows[-1][3]) == ("1500", "10.0.0.1")


def test_packets_over_ppp(tmp_path: Path) -> None:
    """IPX is read to its end; what tshark has no words for is at least clean."""
    frames = [
        (encode_ppp(PppFrame(protocol=PROTOCOL_IPX, payload=IPX["watchdog-poll"])), OUT),
        (WAN["ipxcp-request"], IN),
        (WAN["nbfcp-request"], IN),
        (encode_ppp(PppFrame(protocol=PROTOCOL_NBF, payload=NETBEUI["session-alive"])), IN),
    ]
    rows = read(tmp_path, LINKTYPE_PPP, frames, "_ws.col.Protocol", "ppp.protocol")
    assert rows[0][0] == "IPX MSG"
    assert [row[1] for row in rows] == ["0x002b", "0x802b", "0x803f", "0x003f"]


def test_bridging_over_ppp(tmp_path: Path) -> None:
    """tshark knows BCP and what it bridges, down to the LLC frame."""
    frames = [(WAN[name], OUT) for name in ("bcp-request", "bcp-line", "bridged-sabme")]
    names = ("bcp_ncp.opt.mac_sup", "bcp_ncp.lcp.lan_seg_no", "bcp_bpdu.mac_type", "_ws.col.Info")
    rows = read(tmp_path, LINKTYPE_PPP, frames, *names)
    assert rows[0][3] == "Configuration Request"
    assert rows[1][1] == "2748"
    assert rows[2][2] == "1"
    assert "func=SABME" in rows[2][3]


def test_a_tinygram_is_read(tmp_path: Path) -> None:
    """FCS, zero fill and pads; the FCS of the vector is not one, which tshark may say."""
    names = ("bcp_bpdu.flags.fcs_present", "bcp_bpdu.flags.zeropad", "bcp_bpdu.pads")
    fcs_is_not_judged = WAN["bridged-tinygram"]
    rows = read(tmp_path, LINKTYPE_PPP, [(fcs_is_not_judged, IN)], *names)
    assert rows == [["1", "1", "2"]]
