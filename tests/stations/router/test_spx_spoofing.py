"""SPX watchdog requests through a spoofing router: the octets, and what becomes of sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.spoof import Always, Forward, SpoofThenDrop
from emu.stations.router.inspector import PASS, Ruling
from emu.stations.router.spoofing import SpxSpoofer
from emu.transports.spx import SPX
from emu.units import milliseconds as ms
from emu.units import seconds as s
from tests.machines.spx_parts import NWLINK
from tests.stations.ncp_lan import CLIENT_MAC, SERVER_MAC, Frame
from tests.stations.spx_lan import World
from tests.wire.outside import find_tshark

from .parts import ROUTER, SERVER

#: Client E8A2 behind the router, server 9774 on the LAN.  Request and answer are facts/ipx.md
#: 1.13, "SPX watchdog rq" and "ok" with the ends' roles exchanged; the data by hand.
TO_SERVER = "deadbeef0000000000018104 0000000a00a0c91122334010"
TO_CLIENT = "0000000a00a0c91122334010 deadbeef0000000000018104"
DATA = f"ffff 002b 00 05 {TO_SERVER} 50 00 e8a2 9774 0006 0008 0009 61"
REQUEST = f"ffff 002a 00 05 {TO_CLIENT} c0 00 9774 e8a2 0008 0007 000a"
ANSWER = f"ffff 002a 00 05 {TO_SERVER} 80 00 e8a2 9774 0007 0008 0009"
STARTS = {"ethernet-ii": "8137", "raw-802.3": "{:04x}", "802.2": "{:04x} e0e003",
          "snap": "{:04x} aaaa03 000000 8137"}  # fmt: skip
EXTRA = {"ethernet-ii": 0, "raw-802.3": 0, "802.2": 3, "snap": 8}


def frame(name: str, datagram: str, *, to: bytes, by: bytes) -> bytes:
    octets = bytes.fromhex(datagram)
    start = bytes.fromhex(STARTS[name].format(len(octets) + EXTRA[name]))
    return (to + by + start + octets).ljust(60, b"\0")


@pytest.mark.parametrize("name", STARTS)
def test_the_answer_octet_by_octet(name: str) -> None:
    """The client has sent 6 with one octet, expects 8 and lets the server send up to 9."""
    spoofer = SpxSpoofer(Always())
    assert spoofer.inbound(frame(name, DATA, to=SERVER, by=ROUTER), 0) == PASS
    request = frame(name, REQUEST, to=ROUTER, by=SERVER)
    assert spoofer.outbound(request, s(60) - 1) == PASS
    assert spoofer.outbound(request, s(60)) == Ruling(
        forward=False,
        answers=(frame(name, ANSWER, to=SERVER, by=ROUTER),),
        why="SPX watchdog request answered for 0000000A:00A0C9112233:4010",
    )


def test_the_idle_time_is_a_parameter() -> None:
    spoofer = SpxSpoofer(Always(), idle_ns=s(5))
    spoofer.inbound(frame("802.2", DATA, to=SERVER, by=ROUTER), 0)
    request = frame("802.2", REQUEST, to=ROUTER, by=SERVER)
    assert spoofer.outbound(request, s(5) - 1) == PASS
    assert not spoofer.outbound(request, s(5)).forward


@given(octets=st.binary(max_size=80))
def test_any_octets_pass_a_router_that_knows_nobody(octets: bytes) -> None:
    spoofer = SpxSpoofer(Always(), idle_ns=1)
    assert spoofer.inbound(octets, 0) == PASS == spoofer.outbound(octets, s(1))


@pytest.mark.slow
@pytest.mark.parametrize("name", STARTS)
def test_tshark_reads_a_spoofed_answer_as_it_reads_a_real_one(name: str, tmp_path: Path) -> None:
    spoofer = SpxSpoofer(Always())
    spoofer.inbound(frame(name, DATA, to=SERVER, by=ROUTER), 0)
    (spoofed,) = spoofer.outbound(frame(name, REQUEST, to=ROUTER, by=SERVER), s(60)).answers
    real = frame(name, ANSWER.replace("002a 00", "002a 02", 1), to=SERVER, by=ROUTER)
    fields = ("_ws.col.Protocol", "_ws.col.Info", "spx.ctl", "spx.seq", "spx.ack",
              "spx.alloc", "ipx.src", "_ws.malformed", "_ws.expert.severity")  # fmt: skip
    mine, theirs = find_tshark(str(tmp_path)).fields([spoofed, real], *fields)
    assert mine == theirs
    assert (mine["spx.seq"], mine["spx.ack"], mine["spx.alloc"]) == ("7", "8", "9")
    assert (mine["_ws.malformed"], mine["_ws.expert.severity"]) == ("", "")


class Routed:
    """``passed``: instants at which a frame of the server's went on to the client."""

    def __init__(self, spoofer: SpxSpoofer) -> None:
        self.spoofer = spoofer
        self.passed: list[int] = []
        self.ruled: list[tuple[int, Ruling]] = []
        self.world = World(SPX, NWLINK, lose=self._is_lost)
        self.world.log_on()

    def lost(self) -> list[int]:
        return [at for at, what, *_rest in self.world.table.said if what == "lost"]

    def last_octet(self) -> int:
        connection: Any = self.world.table.connections[1]
        return connection.last_octet_ns

    def _is_lost(self, sent: Frame) -> bool:
        lan = self.world.lan
        to, by = sent.octets[:6], sent.octets[6:12]
        if by == CLIENT_MAC:
            assert self.spoofer.inbound(sent.octets, lan.now) == PASS
        if (to, by) != (CLIENT_MAC, SERVER_MAC):
            return False
        ruling = self.spoofer.outbound(sent.octets, lan.now)
        if ruling.forward:
            self.passed.append(lan.now)
            return False
        self.ruled.append((lan.now, ruling))
        for answer in ruling.answers:
            lan.schedule(lan.now + ms(1), 0, lambda a=answer: self._reaches_server(a))
        return True

    def _reaches_server(self, octets: bytes) -> None:
        self.world.server_box.receive(Frame(0, self.world.lan.now, octets, lost=False))


def test_without_spoofing_a_dead_client_is_noticed_after_54_s() -> None:
    routed = Routed(SpxSpoofer(Forward()))
    routed.world.lan.run(s(200))
    routed.world.power_off()
    routed.world.lan.run(s(1_000))
    assert routed.lost() == [routed.last_octet() + s(54)]


def test_a_client_that_dies_idle_is_never_noticed() -> None:
    """NWLink asks every 6 s; a day later the router still answers, and nothing goes on."""
    routed = Routed(SpxSpoofer(Always()))
    routed.world.lan.run(s(200))
    routed.world.power_off()
    routed.passed.clear()
    routed.ruled.clear()
    routed.world.lan.run(s(86_400))
    assert routed.lost() == routed.passed == []
    # (86400 - 200) / 6.001 = 14364.
    assert abs(len(routed.ruled) - 14_364) <= 1


def test_a_client_that_dies_at_work_is_noticed_before_spoofing_begins() -> None:
    """54 s < 60 s: the requests within the idle time go to the far side."""
    routed = Routed(SpxSpoofer(Always()))
    routed.world.power_off()
    routed.world.lan.run(s(1_000))
    assert routed.lost() == [routed.last_octet() + s(54)]
    assert routed.ruled == []


def test_spoofing_ends_with_the_time_after_the_hang_up() -> None:
    """CyberSWITCH's rule, T 600 s from 200 s on: dropped from 800 s, lost 54 s after the last
    answer, which came less than 6 s before that."""
    routed = Routed(SpxSpoofer(SpoofThenDrop(spoof_ns=s(600))))
    routed.spoofer.link_changed(up=True, now=routed.world.lan.now)
    routed.world.lan.run(s(200))
    assert routed.ruled == []
    routed.spoofer.link_changed(up=False, now=s(200))
    routed.world.power_off()
    routed.world.lan.run(s(2_000))
    (lost,) = routed.lost()
    assert s(800 + 54 - 7) < lost < s(800 + 54)
    dropped = [at for at, ruling in routed.ruled if not ruling.answers]
    assert len(dropped) == 8
    assert dropped[0] >= s(800)
