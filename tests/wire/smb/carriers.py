"""The four ways of SMB to a server, frame by frame: NBF, NBIPX, direct IPX, TCP 139."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from emu.pdu.ip_tcp import ACK, PSH, SYN, Segment
from emu.pdu.ipx import TYPE_PEP, IpxAddress, IpxDatagram
from emu.pdu.llc2 import Information
from emu.pdu.nbf import NbfCommand, SessionFrame
from emu.pdu.nbipx import SOCKET_NETBIOS, NbipxSession, NbipxSessionKind
from emu.pdu.nbss import PORT_NETBIOS_SESSION, NbssMessage, NbssPositive, NbssRequest
from emu.pdu.netbios_name import netbios_name
from emu.pdu.smb.header import SOCKET_SMB_CLIENT, SOCKET_SMB_SERVER
from emu.pdu.smb.message import Smb
from emu.wire import ethernet
from emu.wire.ipx import ipx_frame
from emu.wire.llc2 import llc2_frame
from emu.wire.nbf import encode_nbf
from emu.wire.nbipx import encode_nbipx
from emu.wire.nbss import encode_nbss
from emu.wire.smb.message import encode_smb
from emu.wire.tcp_flow import TcpFlow

CLIENT_MAC, SERVER_MAC = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")
CLIENT_IP, SERVER_IP = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
CLIENT_PORT = 1027

#: Messages in an order of their own; False: from the server.
Talk = Iterable[tuple[bool, Smb]]


def _ends(up: bool) -> dict[str, bytes]:
    if up:
        return {"destination": SERVER_MAC, "source": CLIENT_MAC}
    return {"destination": CLIENT_MAC, "source": SERVER_MAC}


def over_nbf(talk: Talk) -> list[bytes]:
    """Numbered I frames, an NBF data frame in each (facts/netbeui.md 1.4)."""
    frames: list[bytes] = []
    sent = {True: 0, False: 0}
    for up, message in talk:
        to, of = (0x15, 0x03) if up else (0x03, 0x15)
        data = SessionFrame(
            kind=NbfCommand.DATA_ONLY_LAST, destination=to, source=of, data=encode_smb(message)
        )
        numbers = {"ns": sent[up] % 128, "nr": sent[not up] % 128}
        link = Information(poll=False, data=encode_nbf(data), **numbers)
        frames.append(llc2_frame(link, **_ends(up)))
        sent[up] += 1
    return frames


def _over_ipx(up: bool, sockets: tuple[int, int], payload: bytes) -> bytes:
    client = IpxAddress(network=0, node=CLIENT_MAC, socket=sockets[0])
    server = IpxAddress(network=0, node=SERVER_MAC, socket=sockets[1])
    destination, source = (server, client) if up else (client, server)
    datagram = IpxDatagram(
        destination=destination, source=source, packet_type=TYPE_PEP, payload=payload
    )
    return ipx_frame(datagram, framing=ethernet.LLC_IPX, **_ends(up))


def over_nbipx(talk: Talk) -> list[bytes]:
    """Session data, whole messages (facts/ipx.md 1.9)."""
    frames: list[bytes] = []
    sent = {True: 0, False: 0}
    for up, message in talk:
        octets = encode_smb(message)
        session = NbipxSession(
            kind=NbipxSessionKind.DATA,
            control=0x50,
            source_id=0x04D8 if up else 0x034E,
            destination_id=0x034E if up else 0x04D8,
            send_sequence=sent[up],
            receive_sequence=sent[not up],
            total_length=len(octets),
            data_length=len(octets),
            data=octets,
        )
        frames.append(_over_ipx(up, (SOCKET_NETBIOS,) * 2, encode_nbipx(session)))
        sent[up] += 1
    return frames


def over_direct_ipx(talk: Talk) -> list[bytes]:
    """No length before the message; CID and sequence in the header (facts/ipx.md 1.11)."""
    frames: list[bytes] = []
    for number, (up, message) in enumerate(talk):
        header = replace(message.header, cid=3, sequence=1 + number // 2)
        octets = encode_smb(replace(message, header=header))
        frames.append(_over_ipx(up, (SOCKET_SMB_CLIENT, SOCKET_SMB_SERVER), octets))
    return frames


def over_tcp(talk: Talk, *, extra: Iterable[bytes] = ()) -> list[bytes]:
    """Handshake, session request, a segment a message; ``extra`` from the server."""
    macs = {"source_mac": CLIENT_MAC, "destination_mac": SERVER_MAC}
    ips = {"source_ip": CLIENT_IP, "destination_ip": SERVER_IP}
    ports = {"source_port": CLIENT_PORT, "destination_port": PORT_NETBIOS_SESSION}
    back = {
        "source_mac": SERVER_MAC, "destination_mac": CLIENT_MAC, "source_ip": SERVER_IP,
        "destination_ip": CLIENT_IP, "source_port": PORT_NETBIOS_SESSION,
        "destination_port": CLIENT_PORT,
    }  # fmt: skip
    flows = {True: TcpFlow(**macs, **ips, **ports), False: TcpFlow(**back)}
    at = {True: 1001, False: 5001}

    def frame(up: bool, flags: int, payload: bytes = b"", *, early: int = 0) -> bytes:
        acknowledged = at[not up] if flags & ACK else 0
        segment = Segment(
            sequence=at[up] - early, acknowledgement=acknowledged, flags=flags, window=8760,
            payload=payload,
        )  # fmt: skip
        at[up] += len(payload)
        return flows[up].encode(segment, identification=at[up] & 0xFFFF)

    frames = [frame(True, SYN, early=1), frame(False, SYN | ACK, early=1), frame(True, ACK)]
    names = NbssRequest(called=netbios_name("SERVER01", 0x20), calling=netbios_name("CLIENT01", 0))
    frames.append(frame(True, PSH | ACK, encode_nbss(names)))
    frames.append(frame(False, PSH | ACK, encode_nbss(NbssPositive())))
    for up, message in talk:
        octets = encode_nbss(NbssMessage(data=encode_smb(message)))
        frames.append(frame(up, PSH | ACK, octets))
    return frames + [frame(False, PSH | ACK, octets) for octets in extra]


CARRIERS: dict[str, Callable[[Talk], list[bytes]]] = {
    "NBF": over_nbf,
    "NBIPX": over_nbipx,
    "direct IPX": over_direct_ipx,
    "TCP 139": over_tcp,
}
