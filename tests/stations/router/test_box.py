"""A box between two LANs, octet by octet: what goes on, what it makes itself, what ends here.

Frames are built and summed here, by RFC 791 3.1, RFC 793 3.1 and RFC 826, without our encoders.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import Note
from emu.machines.forget import BoxParams, Forgot, Learnt, Refused
from emu.stations.base import Timer
from emu.stations.router.box import INSIDE, OUTSIDE, BoxPortSpec, ForgetfulBox
from emu.units import seconds as s
from tests.outside import tool

SERVER_IP, BOX_IP, CLIENT_IP = bytes((10, 0, 0, 1)), bytes((10, 0, 254, 254)), bytes((10, 1, 0, 11))
BOX_INSIDE_IP = bytes((10, 1, 255, 254))
SERVER, CLIENT = bytes.fromhex("020000000001"), bytes.fromhex("02000001000b")
OUT_MAC, IN_MAC = bytes.fromhex("02000000fefe"), bytes.fromhex("02000001fffe")
SYN, RST, PSH, ACK = 2, 4, 8, 16


def summed(octets: bytes) -> int:
    """RFC 1071, the long way."""
    total = sum(struct.unpack(f"!{(len(octets) + 1) // 2}H", octets + b"\0" * (len(octets) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(
    source: tuple[bytes, int],
    to: tuple[bytes, int],
    numbers: tuple[int, int],
    flags: int,
    payload: bytes = b"",
    *,
    ttl: int = 128,
    window: int = 8760,
    identification: int = 7,
) -> bytes:
    """A datagram with one TCP segment."""
    bare = struct.pack("!HHIIBBHHH", source[1], to[1], *numbers, 0x50, flags, window, 0, 0)
    pseudo = source[0] + to[0] + struct.pack("!HH", 6, 20 + len(payload))
    tcp = bare[:16] + struct.pack("!H", summed(pseudo + bare + payload)) + bare[18:] + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), identification, 0x4000, ttl, 6, 0)
    head += source[0] + to[0]
    return head[:10] + struct.pack("!H", summed(head)) + head[12:] + tcp


def frame(by: bytes, to: bytes, datagram: bytes) -> bytes:
    return (to + by + b"\x08\x00" + datagram).ljust(60, b"\0")


def arp(operation: int, by: tuple[bytes, bytes], to: tuple[bytes, bytes]) -> bytes:
    """RFC 826; a request is to everybody."""
    destination = b"\xff" * 6 if operation == 1 else to[0]
    head = destination + by[0] + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, operation)
    return (head + by[0] + by[1] + to[0] + to[1]).ljust(60, b"\0")


class Port:
    """One side's surroundings."""

    def __init__(self, mac: bytes) -> None:
        self.mac = mac
        self.sent: list[bytes] = []

    def transmit(self, octets: bytes) -> int:
        self.sent.append(octets)
        return 0

    def arm(self, timer: Timer, due: int) -> None:
        raise AssertionError("a port of a box has no timers")

    def note(self, note: Note, connection: int, frame: int | None) -> None:
        raise AssertionError("a port of a box has no connections")

    def arriving(self) -> int:
        return 0

    def take(self) -> list[bytes]:
        sent, self.sent = self.sent, []
        return sent


class Bench:
    """A box whose two ports know their neighbours."""

    def __init__(self, params: BoxParams) -> None:
        self.outside, self.inside = Port(OUT_MAC), Port(IN_MAC)
        self.told: list[object] = []
        self.box = ForgetfulBox(
            params,
            outside=BoxPortSpec(address=0xFEFE, beyond=(1,)),
            inside=BoxPortSpec(address=0x1FFFE, beyond=(0,)),
            surroundings={OUTSIDE: self.outside, INSIDE: self.inside},
            tell=lambda happened, _now: self.told.append(happened),
            later=self._at_once,
        )

    @staticmethod
    def _at_once(do: Callable[[int], None], now: int) -> None:
        do(now)

    def hear(self, side: str, octets: bytes, now: int = 0) -> None:
        self.box.ports[side].receive(octets, now)

    def meet(self) -> None:
        """The neighbours ask for the box, and it learns who they are."""
        self.hear(OUTSIDE, arp(1, (SERVER, SERVER_IP), (bytes(6), BOX_IP)))
        self.hear(INSIDE, arp(1, (CLIENT, CLIENT_IP), (bytes(6), BOX_INSIDE_IP)))
        assert self.outside.take() == [arp(2, (OUT_MAC, BOX_IP), (SERVER, SERVER_IP))]
        assert self.inside.take() == [arp(2, (IN_MAC, BOX_INSIDE_IP), (CLIENT, CLIENT_IP))]

    def syn(self) -> None:
        self.hear(INSIDE, frame(CLIENT, IN_MAC, segment(INNER, REMOTE, (99, 0), SYN)))


INNER, REMOTE, OUTER = (CLIENT_IP, 1025), (SERVER_IP, 1494), (BOX_IP, 49152)
NAT = BoxParams(idle_ns=s(350), afterwards="reset", translates=True)
FIREWALL = BoxParams(idle_ns=s(350))


def met(params: BoxParams) -> Bench:
    bench = Bench(params)
    bench.meet()
    return bench


def test_a_nat_changes_address_port_hops_and_both_checksums() -> None:
    bench = met(NAT)
    bench.syn()
    translated = segment(OUTER, REMOTE, (99, 0), SYN, ttl=127)
    assert bench.outside.take() == [frame(OUT_MAC, SERVER, translated)]
    bench.hear(OUTSIDE, frame(SERVER, OUT_MAC, segment(REMOTE, OUTER, (899, 100), SYN | ACK)))
    back = segment(REMOTE, INNER, (899, 100), SYN | ACK, ttl=127)
    assert bench.inside.take() == [frame(IN_MAC, CLIENT, back)]
    odd = segment(INNER, REMOTE, (100, 900), PSH | ACK, b"ann 1")
    bench.hear(INSIDE, frame(CLIENT, IN_MAC, odd))
    wanted = segment(OUTER, REMOTE, (100, 900), PSH | ACK, b"ann 1", ttl=127)
    assert bench.outside.take() == [frame(OUT_MAC, SERVER, wanted)]
    assert (bench.box.crossed, [type(each) for each in bench.told]) == (3, [Learnt])


def test_a_firewall_changes_the_hops_only() -> None:
    bench = met(FIREWALL)
    bench.syn()
    wanted = segment(INNER, REMOTE, (99, 0), SYN, ttl=127)
    assert bench.outside.take() == [frame(OUT_MAC, SERVER, wanted)]


def test_the_reset_of_a_nat_that_forgot_octet_by_octet() -> None:
    """facts/tcp.md 4.1: SEQ = the segment's ACK number, no ACK flag, window 0; from the box."""
    bench = met(NAT)
    bench.syn()
    bench.box.expire(s(350))
    bench.outside.take()
    bench.told.clear()
    probe = frame(SERVER, OUT_MAC, segment(REMOTE, OUTER, (899, 100), ACK))
    bench.hear(OUTSIDE, probe, s(7200))
    reset = segment(OUTER, REMOTE, (100, 0), RST, ttl=64, window=0, identification=0)
    assert bench.outside.take() == [frame(OUT_MAC, SERVER, reset)]
    assert bench.inside.take() == []
    facts = {"name_of": "10.0.254.254:49152", "to": "10.0.0.1:1494"}
    assert isinstance(bench.told[0], Refused)
    assert bench.told[1] == Note("reset", facts)


def test_what_waits_for_arp_goes_on_when_it_is_known() -> None:
    bench = Bench(NAT)
    bench.syn()
    assert bench.outside.take() == [arp(1, (OUT_MAC, BOX_IP), (bytes(6), SERVER_IP))]
    bench.hear(OUTSIDE, arp(2, (SERVER, SERVER_IP), (OUT_MAC, BOX_IP)))
    translated = segment(OUTER, REMOTE, (99, 0), SYN, ttl=127)
    assert bench.outside.take() == [frame(OUT_MAC, SERVER, translated)]


def test_expiry_is_told_and_nothing_is_sent() -> None:
    bench = met(FIREWALL)
    bench.syn()
    bench.outside.take()
    bench.box.expire(s(350))
    assert [type(each) for each in bench.told] == [Learnt, Forgot]
    assert bench.outside.take() == bench.inside.take() == []


@pytest.mark.parametrize(
    ("place", "what"),
    [(14 + 8, "hops"), (14 + 10, "IPv4 checksum"), (14 + 9, "protocol"), (14 + 36, "TCP checksum")],
)
def test_what_is_broken_ends_here(place: int, what: str) -> None:
    bench = met(NAT)
    octets = bytearray(frame(CLIENT, IN_MAC, segment(INNER, REMOTE, (99, 0), SYN)))
    octets[place] ^= 0x40
    bench.hear(INSIDE, bytes(octets))
    assert (bench.outside.take(), bench.told, bench.box.crossed) == ([], [], 0), what


def test_what_is_for_another_address_of_the_lan_is_not_the_boxs() -> None:
    bench = met(NAT)
    bench.hear(INSIDE, frame(CLIENT, SERVER, segment(INNER, REMOTE, (99, 0), SYN)))
    assert bench.outside.take() == []


@given(st.sampled_from([INSIDE, OUTSIDE]), st.binary(max_size=80))
def test_any_octets_end_here(side: str, octets: bytes) -> None:
    bench = met(NAT)
    bench.hear(side, octets)
    bench.hear(side, (OUT_MAC if side == OUTSIDE else IN_MAC) + SERVER + b"\x08\x00" + octets)
    assert (bench.told, bench.box.crossed) == ([], 0)


@pytest.mark.slow
def test_tshark_finds_every_checksum_good(tmp_path: Path) -> None:
    bench = met(NAT)
    bench.syn()
    bench.box.expire(s(350))
    bench.hear(OUTSIDE, frame(SERVER, OUT_MAC, segment(REMOTE, OUTER, (899, 100), ACK)), s(360))
    frames = bench.outside.take()
    path = tmp_path / "box.pcap"
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    records = [struct.pack("<IIII", 0, 0, len(each), len(each)) + each for each in frames]
    path.write_bytes(header + b"".join(records))
    options = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-T", "fields"]
    wanted = ["ip.checksum.status", "tcp.checksum.status", "tcp.flags.reset", "_ws.malformed"]
    fields = [part for each in wanted for part in ("-e", each)]
    rows = [line.split("\t") for line in tool("tshark")("-r", path, *options, *fields).splitlines()]
    assert rows == [["1", "1", "0", ""], ["1", "1", "1", ""]]
