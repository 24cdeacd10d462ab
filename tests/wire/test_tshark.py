"""Our frames before another judge: tshark reads what we meant, and finds nothing wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.pdu.ethernet import EthernetFrame, EthernetII, Framing
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN, Segment
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.pdu.ncp import DateAndTime, NcpReply, NcpRequest, NcpType, Watchdog
from emu.pdu.rip_sap import Rip, RipEntry, Sap, SapEntry
from emu.wire import ethernet
from emu.wire.arp import encode_arp
from emu.wire.ipx import ipx_frame
from emu.wire.ncp import NcpPdu, encode_date_and_time, encode_login, encode_ncp
from emu.wire.rip_sap import encode_rip, encode_sap, encode_service_name
from emu.wire.tcp_flow import TcpFlow
from tests.wire.outside import Tshark
from tests.wire.test_arp import ARP
from tests.wire.test_tcp_flow import ENDS

pytestmark = pytest.mark.slow

CLIENT_MAC = bytes.fromhex("00a0c9112233")
SERVER_MAC = bytes.fromhex("00a0c9445566")
CLIENT = IpxAddress(network=0x0A, node=CLIENT_MAC, socket=0x4003)
SERVER = IpxAddress(network=0xDEADBEEF, node=b"\0\0\0\0\0\x01", socket=0x0451)
FRAMINGS = (
    ethernet.ETHERNET_II_IPX,
    ethernet.RAW_IPX,
    ethernet.LLC_IPX,
    ethernet.SNAP_IPX,
)
#: What every frame is asked: what it is, and whether anything is wrong with it.
VERDICT = ("_ws.col.Protocol", "_ws.malformed", "_ws.expert.message")

each_framing = pytest.mark.parametrize("framing", FRAMINGS, ids=("II", "raw", "LLC", "SNAP"))


def up(packet_type: int, payload: bytes, framing: Framing, *, socket: int = 0x0451) -> bytes:
    """From the client to the server."""
    datagram = IpxDatagram(
        destination=replace(SERVER, socket=socket),
        source=replace(CLIENT, socket=0x4004 if socket == 0x4001 else 0x4003),
        packet_type=packet_type,
        payload=payload,
    )
    return ipx_frame(datagram, framing=framing, destination=SERVER_MAC, source=CLIENT_MAC)


def down(packet_type: int, payload: bytes, framing: Framing, *, socket: int = 0x0451) -> bytes:
    """From the server to the client."""
    datagram = IpxDatagram(
        destination=replace(CLIENT, socket=0x4004 if socket == 0x4001 else 0x4003),
        source=replace(SERVER, socket=socket),
        packet_type=packet_type,
        payload=payload,
    )
    return ipx_frame(datagram, framing=framing, destination=CLIENT_MAC, source=SERVER_MAC)


def request(function: int | None, data: bytes = b"", **other: object) -> NcpRequest:
    values = {"kind": NcpType.REQUEST, "sequence": 1, "connection": 5, "task": 1, **other}
    return NcpRequest(**values, function=function, data=data)


def reply(data: bytes = b"", **other: object) -> NcpReply:
    values = {"kind": NcpType.REPLY, "sequence": 1, "connection": 5, "task": 1, **other}
    return NcpReply(completion=0, status=0, data=data, **values)


CLOCK = DateAndTime(year=1996, month=2, day=3, hour=4, minute=5, second=6, weekday=6)

#: A session as it is spoken: tshark must see the connection made to follow it.
SESSION: tuple[tuple[NcpPdu, str, str], ...] = (
    (
        request(0, kind=NcpType.CREATE, sequence=0, connection=0xFFFF, task=0),
        "up",
        "C Create Connection Service",
    ),
    (reply(sequence=0, task=0), "down", "R OK"),
    (request(0x17, encode_login("SMITH")), "up", "C Login Object: SMITH"),
    (reply(), "down", "R OK"),
    (request(0x14, sequence=2), "up", "C Get File Server Date And Time"),
    (reply(encode_date_and_time(CLOCK), sequence=2), "down", "R OK"),
    (request(0, kind=NcpType.DESTROY, sequence=3), "up", "C Destroy Connection Service"),
    (reply(sequence=3), "down", "R OK"),
    (
        request(None, kind=NcpType.CREATE, sequence=0, connection=0xFFFF, task=0),
        "up",
        "C Create Connection Service",
    ),
)


@each_framing
def test_a_netware_session(tshark: Tshark, framing: Framing) -> None:
    frames = [(up if way == "up" else down)(17, encode_ncp(p), framing) for p, way, _ in SESSION]
    rows = tshark.fields(
        frames, *VERDICT, "_ws.col.Info", "ipx.len", "ncp.type", "ncp.seq", "ncp.connection"
    )
    for (pdu, _, info), row in zip(SESSION, rows, strict=True):
        assert (row["_ws.col.Protocol"], row["_ws.col.Info"]) == ("NCP", info)
        assert (row["_ws.malformed"], row["_ws.expert.message"]) == ("", "")
        assert isinstance(pdu, NcpRequest | NcpReply)
        assert int(row["ncp.type"], 16) == pdu.kind
        assert (int(row["ncp.seq"]), int(row["ncp.connection"])) == (pdu.sequence, pdu.connection)
        assert int(row["ipx.len"]) == 30 + len(encode_ncp(pdu))


def test_login_and_clock_are_read_as_meant(tshark: Tshark) -> None:
    """The stand-in password of no octets is read as an empty one, with nothing to remark."""
    frames = [
        (up if way == "up" else down)(17, encode_ncp(pdu), FRAMINGS[0])
        for pdu, way, _ in SESSION[:6]
    ]
    login = ("client_name", "object_type", "subfunc", "length")
    clock = ("year", "s_month", "s_day", "s_hour", "s_minute", "s_second", "s_day_of_week")
    rows = tshark.fields(frames, *(f"ncp.{name}" for name in login + clock))
    read = [rows[2][f"ncp.{name}"] for name in login]
    assert (read[0], [int(value, 0) for value in read[1:]]) == ("SMITH", [1, 0x14, 10])
    octets = encode_date_and_time(CLOCK)
    assert [int(rows[5][f"ncp.{name}"], 0) for name in clock] == list(octets)


@each_framing
def test_busy_is_called_busy(tshark: Tshark, framing: Framing) -> None:
    """tshark reports it as an expert error of its own, "Server Busy": that is its name."""
    frames = [
        up(17, encode_ncp(request(0x14)), framing),
        down(17, encode_ncp(reply(kind=NcpType.BUSY)), framing),
    ]
    row = tshark.fields(frames, *VERDICT, "_ws.col.Info")[1]
    assert row["_ws.col.Protocol"] == "NCP"
    assert row["_ws.malformed"] == ""
    assert "Request Being Processed" in row["_ws.col.Info"]


@each_framing
def test_watchdogs_are_called_ipx_messages(tshark: Tshark, framing: Framing) -> None:
    """facts/ipx.md 1.5: one side must be 4001 or 4003 for tshark to name them."""
    poll = encode_ncp(Watchdog(connection_low=5, mark=0x3F))
    answer = encode_ncp(Watchdog(connection_low=5, mark=0x59))
    frames = [down(17, poll, framing, socket=0x4001), up(17, answer, framing, socket=0x4001)]
    rows = tshark.fields(frames, *VERDICT, "ipxmsg.conn", "ipxmsg.sigchar", "ipx.len")
    for row, mark in zip(rows, "?Y", strict=True):
        assert row == {
            "_ws.col.Protocol": "IPX MSG",
            "_ws.malformed": "",
            "_ws.expert.message": "",
            "ipxmsg.conn": "5",
            "ipxmsg.sigchar": f"'{mark}'",
            "ipx.len": "32",
        }


@each_framing
def test_sap_and_rip(tshark: Tshark, framing: Framing) -> None:
    server = SapEntry(
        service=4,
        name=encode_service_name("FS1"),
        network=0xDEADBEEF,
        node=b"\0\0\0\0\0\x01",
        socket=0x0451,
        hops=1,
    )
    route = RipEntry(network=0xDEADBEEF, hops=1, ticks=2)
    frames = [
        up(4, encode_sap(Sap(operation=3, service=4)), framing, socket=0x0452),
        down(4, encode_sap(Sap(operation=4, entries=(server,))), framing, socket=0x0452),
        up(1, encode_rip(Rip(operation=1, entries=(route,))), framing, socket=0x0453),
        down(1, encode_rip(Rip(operation=2, entries=(route,))), framing, socket=0x0453),
    ]
    rows = tshark.fields(frames, *VERDICT, "_ws.col.Info")
    protocols = [row["_ws.col.Protocol"] for row in rows]
    assert protocols == ["IPX SAP", "IPX SAP", "IPX RIP", "IPX RIP"]
    assert all(row["_ws.malformed"] == row["_ws.expert.message"] == "" for row in rows)
    assert rows[0]["_ws.col.Info"].startswith("Nearest Query")
    assert rows[1]["_ws.col.Info"].startswith("Nearest Response")


def test_tcp_numbers_and_checksums(tshark: Tshark) -> None:
    flow = TcpFlow(**ENDS)
    segments = [
        Segment(0xFFFFFFFE, 0, SYN, 8192, mss=1460),
        Segment(0xFFFFFFFF, 77, ACK, 8760),
        Segment(0xFFFFFFFF, 77, PSH | ACK, 8760, b"LOGON user=ann client=ws1\r\n"),
        Segment(0xFFFFFFFF + 27 - 2**32, 77, PSH | ACK, 0, b"odd"),
        Segment(29, 77, FIN | ACK, 65535),
        Segment(30, 0, RST, 0),
    ]
    frames = [flow.encode(segment, number) for number, segment in enumerate(segments)]
    rows = tshark.fields(
        frames,
        "_ws.malformed",
        "ip.checksum.status",
        "tcp.checksum.status",
        "ip.id",
        "ip.len",
        "ip.ttl",
        "ip.flags.df",
        "tcp.seq_raw",
        "tcp.ack_raw",
        "tcp.flags",
        "tcp.window_size_value",
        "tcp.len",
        "tcp.options.mss_val",
        "frame.len",
    )
    for number, (segment, row) in enumerate(zip(segments, rows, strict=True)):
        octets = 40 + len(segment.payload) + 4 * (segment.mss is not None)
        assert row == {
            "_ws.malformed": "",
            "ip.checksum.status": "1",
            "tcp.checksum.status": "1",
            "ip.id": f"0x{number:04x}",
            "ip.len": str(octets),
            "ip.ttl": "128",
            "ip.flags.df": "1",
            "tcp.seq_raw": str(segment.sequence),
            "tcp.ack_raw": str(segment.acknowledgement),
            "tcp.flags": f"0x{segment.flags:04x}",
            "tcp.window_size_value": str(segment.window),
            "tcp.len": str(len(segment.payload)),
            "tcp.options.mss_val": "" if segment.mss is None else str(segment.mss),
            "frame.len": str(max(60, 14 + octets)),
        }


def test_arp(tshark: Tshark) -> None:
    arp = EthernetII(ethertype=0x0806)
    frames = [
        ethernet.encode_ethernet(
            EthernetFrame(
                destination=b"\xff" * 6, source=CLIENT_MAC, framing=arp, body=encode_arp(packet)
            )
        )
        for packet in (ARP, replace(ARP, operation=2))
    ]
    rows = tshark.fields(frames, *VERDICT, "_ws.col.Info", "arp.opcode", "frame.len")
    assert [row["_ws.col.Info"] for row in rows] == [
        "Who has 10.0.0.2? Tell 10.0.0.1",
        "10.0.0.1 is at 00:a0:c9:11:22:33",
    ]
    assert all(row["_ws.malformed"] == "" and row["frame.len"] == "60" for row in rows)


@each_framing
def test_lengths_and_padding(tshark: Tshark, framing: Framing) -> None:
    """The 802.3 length counts LLC or SNAP and IPX; zeros fill up to 60 outside of it."""
    poll = encode_ncp(Watchdog(connection_low=5, mark=0x3F))
    frame = down(17, poll, framing, socket=0x4001)
    row = tshark.fields([frame], "frame.len", "eth.len", "eth.type", "eth.padding", "llc.control")[
        0
    ]
    header = {"raw": 0, "LLC": 3, "SNAP": 8}.get(_name(framing))
    if header is None:
        assert (row["eth.type"], row["eth.len"]) == ("0x8137", "")
    else:
        assert row["eth.len"] == str(header + 32)
    assert row["frame.len"] == "60"
    padding = row["eth.padding"].replace(":", "")
    assert padding == "00" * (60 - 14 - (header or 0) - 32)


def _name(framing: Framing) -> str:
    return dict(zip(FRAMINGS, ("II", "raw", "LLC", "SNAP"), strict=True))[framing]
