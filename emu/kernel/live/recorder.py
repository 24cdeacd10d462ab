"""The capture at the server's interface, and the two files of a recording."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

from emu.kernel.live.namespaces import Namespace
from emu.kernel.packets import Packet, PacketReader
from emu.kernel.trace import SERVER_IP, SERVER_MAC
from emu.units import NS_PER_S

_ALL = 0x0003  # ETH_P_ALL
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("=qq")
_SNAP_OCTETS = 256
#: Nanosecond magic, version 2.4, Ethernet (draft-ietf-opsawg-pcap).
_HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, _SNAP_OCTETS, 1)
_RECORD = struct.Struct("<IIII")
#: More than any scenario makes.
_FRAMES_MAX = 20_000
_ASIDE = ("arp", "icmp", "other-conn")


class Capture:
    """All frames at an interface of a namespace."""

    def __init__(self, namespace: Namespace, interface: str) -> None:
        with namespace.entered():
            self.tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
        self.tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.tap.bind((interface, _ALL))
        self.tap.setblocking(False)
        self.frames: list[tuple[int, int, bytes]] = []

    def take(self) -> None:
        """Read what is there.  The end of the interface is the end of the capture."""
        while len(self.frames) < _FRAMES_MAX:
            try:
                frame, extra, _, _ = self.tap.recvmsg(_SNAP_OCTETS, 128)
            except OSError:  # nothing more to read, or (told once) the interface went down
                return
            self._keep(frame, extra)

    def _keep(self, frame: bytes, extra: list[tuple[int, int, bytes]]) -> None:
        second, rest = next(_TIMESPEC.unpack(d) for _, kind, d in extra if kind == _SO_TIMESTAMPNS)
        whole = len(frame)
        if frame[12:14] == b"\x08\x00":
            whole = max(whole, 14 + int.from_bytes(frame[16:18], "big"))
        self.frames.append((second * NS_PER_S + rest, whole, frame))

    def packets(self) -> list[Packet]:
        reader = PacketReader(SERVER_IP, SERVER_MAC)
        return reader.read((at_ns, frame) for at_ns, _, frame in self.frames)

    def last_heard(self) -> int | None:
        """L: when the client's last segment so far came."""
        heard = [
            p.at_ns for p in self.packets() if not p.from_server and p.kind not in _ASIDE
        ]  # fmt: skip
        return heard[-1] if heard else None

    def close(self) -> None:
        self.tap.close()


def listed(packets: list[Packet], start_ns: int) -> list[dict[str, Any]]:
    """Packets after L as the JSON has them."""
    return [_listed(p, start_ns) for p in packets if p.at_ns > start_ns]


def _listed(packet: Packet, start_ns: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "t": round((packet.at_ns - start_ns) / NS_PER_S, 6),
        "dir": "server>" if packet.from_server else ">server",
        "kind": packet.kind,
    }
    if packet.about:
        return row | {"about": packet.about}
    return row | {
        "flags": packet.flags,
        "seq": packet.sequence,
        "ack": packet.acknowledgement,
        "len": packet.length,
        "win": packet.window,
    }


def write(folder: Path, facts: dict[str, Any], frames: list[tuple[int, int, bytes]]) -> Path:
    """NAME.pcap, then NAME.json; the JSON's path."""
    path = folder / f"{facts['scenario']}.json"
    records = b"".join(
        _RECORD.pack(at // NS_PER_S, at % NS_PER_S, len(frame), whole) + frame
        for at, whole, frame in frames
    )
    path.with_suffix(".pcap").write_bytes(_HEADER + records)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(facts, indent=1) + "\n")
    return part.replace(path)
