"""The remote bridge: what crosses, what stays, and what a slow or dead line does to LLC type 2."""

from __future__ import annotations

from typing import Any

import pytest

from emu.pdu.llc2 import Llc2Pdu, Supervisory, SupervisoryKind, Unnumbered, UnnumberedKind
from emu.pdu.nbf import MULTICAST
from emu.stations.nbf import NbfClientStation, NbfServerStation
from emu.stations.router.bridge import RemoteBridge
from emu.units import milliseconds as ms
from emu.units import seconds as s
from emu.wire.ethernet import FRAME_MIN_OCTETS
from emu.wire.llc2 import llc2_frame

from .dlsw_parts import CLIENT_MAC, SERVER_MAC, Segment, World
from .nbf_lan import CLIENT, SERVER, params
from .tcp_parts import LOG_ON, User, mac

POLL = Supervisory(kind=SupervisoryKind.RR, nr=0, poll_final=True, response=False)
ANSWER = Supervisory(kind=SupervisoryKind.RR, nr=0, poll_final=True, response=True)
UI = Unnumbered(kind=UnnumberedKind.UI, poll_final=False, response=False, info=b"ui")
HERE, ALSO_HERE, FAR = mac(7), mac(8), mac(9)


def frame(pdu: Llc2Pdu, source: bytes, destination: bytes) -> bytes:
    return llc2_frame(pdu, source=source, destination=destination)


def over(octets: bytes) -> bytes:
    """RFC 2878 4.2: flags 0, MAC type 1, the frame."""
    return b"\0\x01" + octets


def test_group_frames_always_cross() -> None:
    octets = frame(UI, HERE, MULTICAST)
    bridge = RemoteBridge(floods_unknown=False)
    assert bridge.outbound(octets, 0) == over(octets)


def test_frames_for_a_far_station_cross_and_their_padding_with_them() -> None:
    bridge = RemoteBridge(floods_unknown=False)
    poll = frame(POLL, FAR, HERE)
    assert bridge.inbound(over(poll), 0) == poll
    answer = frame(ANSWER, HERE, FAR)
    assert len(answer) == FRAME_MIN_OCTETS
    assert bridge.outbound(answer, 1) == over(answer)


def test_frames_between_local_stations_stay() -> None:
    bridge = RemoteBridge()
    bridge.outbound(frame(UI, ALSO_HERE, MULTICAST), 0)
    assert bridge.outbound(frame(POLL, HERE, ALSO_HERE), 1) is None
    assert bridge.is_far(HERE, 1) is False


@pytest.mark.parametrize("floods", [True, False])
def test_frames_for_unknown_stations(floods: bool) -> None:
    bridge = RemoteBridge(floods_unknown=floods)
    octets = frame(POLL, HERE, FAR)
    assert bridge.outbound(octets, 0) == (over(octets) if floods else None)


def test_a_station_is_forgotten_after_the_ageing_time() -> None:
    """300 s behind its last frame, not at 299.999 s; one that moves is learnt anew."""
    bridge = RemoteBridge(floods_unknown=False)
    bridge.inbound(over(frame(UI, FAR, MULTICAST)), 0)
    octets = frame(POLL, HERE, FAR)
    assert bridge.outbound(octets, s(300) - 1) == over(octets)
    assert bridge.is_far(FAR, s(300)) is None
    assert bridge.outbound(octets, s(300)) is None
    bridge.outbound(frame(UI, FAR, MULTICAST), s(301))
    assert bridge.is_far(FAR, s(301)) is False


def test_without_ageing_nothing_is_forgotten() -> None:
    bridge = RemoteBridge(ageing_ns=None, floods_unknown=False)
    bridge.inbound(over(frame(UI, FAR, MULTICAST)), 0)
    assert bridge.is_far(FAR, s(86400)) is True


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        bytes(12) + b"\x08\x06" + bytes(46),  # ARP
        bytes(12) + b"\0\x03\xe0\xe0\x03" + bytes(43),  # IPX in LLC
        MULTICAST + b"\x03" + bytes(5) + b"\0\x03\xf0\xf0\x03" + bytes(43),  # source-routed
    ],
)
def test_only_netbeui_is_bridged(octets: bytes) -> None:
    bridge = RemoteBridge()
    assert bridge.outbound(octets, 0) is None
    assert bridge.inbound(over(octets), 0) is None
    assert bridge.dropped == 1
    assert bridge.is_far(octets[6:12], 0) is None


def test_a_payload_that_is_none_is_dropped() -> None:
    bridge = RemoteBridge()
    assert bridge.inbound(b"\0\x03" + frame(POLL, FAR, HERE), 0) is None
    assert bridge.dropped == 1
    assert bridge.is_far(FAR, 0) is None


def test_a_frame_whose_padding_was_left_out_is_padded_again() -> None:
    short = frame(POLL, FAR, HERE)[:18]
    assert RemoteBridge().inbound(over(short), 0) == short.ljust(60, b"\0")


# --- with real stations ----------------------------------------------------------------------


class Bridged:
    """Two LANs with half a bridge each, and a line of so much delay between them."""

    def __init__(self, policy: str, line_ns: int) -> None:
        self.world = World()
        self.line_ns = line_ns
        self.cut = False
        self.crossed: list[tuple[int, bytes]] = []
        self.near, self.far = Segment(self.world), Segment(self.world)
        self.bridges = {id(self.near): RemoteBridge(), id(self.far): RemoteBridge()}
        for lan, other in ((self.near, self.far), (self.far, self.near)):
            lan.router = lambda octets, now, a=lan, b=other: self._cross(a, b, octets, now)
        self.user = User()
        made = params(policy)
        self.server, _ = self.far.add(NbfServerStation, SERVER, self.user, made)
        self.client_user = User()
        self.client, self.at_client = self.near.add(
            NbfClientStation, CLIENT, self.client_user, made
        )

    def _cross(self, lan: Segment, other: Segment, octets: bytes, now: int) -> None:
        payload = self.bridges[id(lan)].outbound(octets, now)
        if payload is None:
            return
        self.crossed.append((now, payload))
        if not self.cut:
            self.world.push(now + self.line_ns, 0, lambda: self._arrive(other, payload))

    def _arrive(self, lan: Segment, payload: bytes) -> None:
        octets = self.bridges[id(lan)].inbound(payload, self.world.now)
        assert octets is not None
        lan.carry(None, octets)

    def logged_on(self) -> Any:
        connection = self.client.connect(LOG_ON, 0)
        self.world.run(s(10))
        assert [what for _, what, *_ in self.user.told] == ["opened"]
        return connection


def test_a_log_on_crosses_and_the_polls_of_an_idle_server_too() -> None:
    """LLC stays end to end: a poll and its answer every 30 s, which a dialled line pays for."""
    pair = Bridged("nbf-ibm", ms(20))
    pair.logged_on()
    pair.world.run(s(310))
    idle = [payload for at, payload in pair.crossed if at > s(10)]
    assert len(idle) == 20, "ten polls, ten answers"
    assert {payload[8:14] for payload in idle} == {CLIENT_MAC, SERVER_MAC}


def test_a_dead_client_is_noticed_by_the_server_itself() -> None:
    """Ti + N2 x T1 = 38 s behind the client's last frame, which took two LANs and the line."""
    pair = Bridged("nbf-ibm", ms(20))
    pair.logged_on()
    pair.world.run(s(100))
    pair.at_client.alive = False
    last = max(at for at, _ in pair.at_client.sent) + ms(1) + ms(20) + ms(1)
    pair.world.run(s(200))
    assert [(at, what) for at, what, *_ in pair.user.told[1:]] == [(last + s(38), "lost")]


def test_a_line_that_is_cut_looks_like_a_power_cut() -> None:
    """facts/netbeui.md 4: a healthy client is thrown out."""
    pair = Bridged("nbf-nt4", ms(20))
    pair.logged_on()
    pair.cut = True
    pair.world.run(s(70))
    assert [what for _, what, *_ in pair.user.told] == ["opened", "lost"]
    assert [what for _, what, *_ in pair.client_user.told] == ["opened"]


@pytest.mark.parametrize(("line_ms", "polls"), [(20, 1), (215, 2)])
def test_a_line_slower_than_t1_draws_needless_polls(line_ms: int, polls: int) -> None:
    """RFC 1795 1.  There and back is 434 ms, and the acknowledgement waits up to 150 ms (T2):
    more than NT's first wait of 450 ms.  The one poll without need of it follows the set-up."""
    pair = Bridged("nbf-nt4", ms(line_ms))
    pair.logged_on()
    said = pair.near.said(CLIENT_MAC) + pair.far.said(SERVER_MAC)
    assert len([text for _, text in said if text.startswith("RR") and text.endswith("P")]) == polls


def test_a_line_still_slower_lets_no_call_succeed() -> None:
    """464 ms: the repeated SABME hits the link that the first one set up, and NT says DM."""
    pair = Bridged("nbf-nt4", ms(230))
    pair.client.connect(LOG_ON, 0)
    pair.world.run(s(60))
    assert pair.user.told == []
    assert [what for _, what, *_ in pair.client_user.told] == ["lost"]
