"""Captures made by hand: frames at instants, written as pcap, judged."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from emu.check import Report, Verdict, check_file
from emu.pdu.ethernet import EthernetFrame, EthernetII
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN, Segment
from emu.pdu.ipx import IpxAddress, IpxDatagram
from emu.pdu.llc2 import Llc2Pdu
from emu.wire.ethernet import encode_ethernet
from emu.wire.ipx import encode_ipx
from emu.wire.llc2 import llc2_frame
from emu.wire.tcp_flow import TcpFlow

#: Seconds and octets.
Stamped = tuple[float, bytes]

SERVER_MAC, CLIENT_MAC = bytes.fromhex("020000000001"), bytes.fromhex("02000000000b")
SERVER_IP, CLIENT_IP = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 11))
SERVER, CLIENT = "10.0.0.1:1494", "10.0.0.11:1025"


def pcap(frames: Iterable[Stamped], *, link_type: int = 1, order: str = "<") -> bytes:
    """A classic pcap file with nanoseconds."""
    blocks = [struct.pack(order + "IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, link_type)]
    for at_s, frame in frames:
        second, fraction = divmod(round(at_s * 1e9), 10**9)
        head = struct.pack(order + "IIII", second, fraction, len(frame), len(frame))
        blocks.append(head + frame)
    return b"".join(blocks)


def judged(folder: Path, frames: Sequence[Stamped], *, until_s: float | None = None) -> Report:
    """Write, check.  ``until_s``: a last frame that belongs to nobody (ARP between strangers)."""
    path = folder / "made.pcap"
    more = [] if until_s is None else [(until_s, stranger())]
    path.write_bytes(pcap([*frames, *more]))
    return check_file(path)


def only(folder: Path, frames: Sequence[Stamped], *, until_s: float | None = None) -> Verdict:
    (verdict,) = judged(folder, frames, until_s=until_s).flows
    return verdict


def stranger() -> bytes:
    """An ARP request between two hosts nobody asks about."""
    body = bytes.fromhex("0001080006040001 0200000000ee 0a0000ee 000000000000 0a0000ef")
    head = b"\xff" * 6 + bytes.fromhex("0200000000ee") + b"\x08\x06"
    return (head + body).ljust(60, b"\0")


class Tcp:
    """Both directions of one connection; sequence numbers count from 1000 and 5000."""

    def __init__(
        self,
        *,
        client_ip: bytes = CLIENT_IP,
        client_mac: bytes = CLIENT_MAC,
        server_ip: bytes = SERVER_IP,
        client_port: int = 1025,
        isn: int = 1000,
    ) -> None:
        self._to_server = TcpFlow(
            source_mac=client_mac,
            destination_mac=SERVER_MAC,
            source_ip=client_ip,
            destination_ip=server_ip,
            source_port=client_port,
            destination_port=1494,
        )
        self._to_client = TcpFlow(
            source_mac=SERVER_MAC,
            destination_mac=client_mac,
            source_ip=server_ip,
            destination_ip=client_ip,
            source_port=1494,
            destination_port=client_port,
        )
        self.frames: list[Stamped] = []
        self.client = isn + 1
        self.server = 5001
        self._isn = isn

    def from_client(self, at_s: float, flags: int = ACK, **changes: object) -> Tcp:
        values = {"sequence": self.client, "acknowledgement": self.server, **changes}
        return self._add(self._to_server, at_s, flags, values)

    def from_server(self, at_s: float, flags: int = ACK, **changes: object) -> Tcp:
        values = {"sequence": self.server, "acknowledgement": self.client, **changes}
        return self._add(self._to_client, at_s, flags, values)

    def _add(self, flow: TcpFlow, at_s: float, flags: int, values: dict[str, object]) -> Tcp:
        segment = Segment(flags=flags, **{"window": 8760, **values})  # type: ignore[arg-type]
        self.frames.append((at_s, flow.encode(segment, 1)))
        return self

    def opened(self, at_s: float = 0.0) -> Tcp:
        self.from_client(at_s, SYN, sequence=self._isn, acknowledgement=0)
        self.from_server(at_s + 0.001, SYN | ACK, sequence=5000)
        return self.from_client(at_s + 0.002)

    def exchange(self, at_s: float) -> Tcp:
        """Ten octets each way, all acknowledged; the client is heard last, 0.2 s later."""
        self.from_client(at_s, PSH | ACK, payload=b"x" * 10)
        self.client += 10
        self.from_server(at_s + 0.001, PSH | ACK, payload=b"y" * 10)
        self.server += 10
        return self.from_client(at_s + 0.2)

    def probe(self, at_s: float, *, octets: bytes = b"") -> Tcp:
        """The server's keepalive."""
        return self.from_server(at_s, sequence=self.server - 1, payload=octets)

    def server_reset(self, at_s: float) -> Tcp:
        return self.from_server(at_s, RST | ACK)

    def close(self, at_s: float) -> Tcp:
        self.from_client(at_s, FIN | ACK)
        self.client += 1
        self.from_server(at_s + 0.001, FIN | ACK)
        self.server += 1
        return self.from_client(at_s + 0.002)


def ipx(source: IpxAddress, destination: IpxAddress, payload: bytes, *, packet_type: int) -> bytes:
    """A datagram in an Ethernet II frame; nodes are MAC addresses here."""
    datagram = IpxDatagram(
        destination=destination, source=source, packet_type=packet_type, payload=payload
    )
    frame = EthernetFrame(
        destination=destination.node,
        source=source.node,
        framing=EthernetII(ethertype=0x8137),
        body=encode_ipx(datagram),
    )
    return encode_ethernet(frame)


def llc(pdu: Llc2Pdu, *, from_client: bool) -> bytes:
    stations = (SERVER_MAC, CLIENT_MAC) if from_client else (CLIENT_MAC, SERVER_MAC)
    return llc2_frame(pdu, destination=stations[0], source=stations[1])
