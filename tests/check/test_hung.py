"""Who was given up and came back: hung, cut off with others, or only deaf."""

from __future__ import annotations

from pathlib import Path

from emu.check import Verdict
from emu.check.rules import Confidence, FlowClass
from emu.check.timeline import How
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN
from emu.pdu.llc2 import UnnumberedKind
from emu.pdu.ncp import NcpType
from tests.check.frames import CLIENT, SERVER, Stamped, Tcp, judged, only
from tests.check.test_ipx import (
    busy,
    nbipx,
    nbipx_session,
    polled,
    reply,
    request,
    spx,
    spx_session,
)
from tests.check.test_nbf import polls, set_up, unnumbered
from tests.check.test_sentences import gratuitous
from tests.check.test_tcp import given_up, near, pushed_in_vain


def spx_asks(count: int = 8) -> list[Stamped]:
    """The server's, from 7 s on, every 6 s (facts/ipx.md 2.2)."""
    return [spx(7.0 + 6 * turn, up=False, control=0xC0) for turn in range(count)]


def woken(at_s: float = 500.0, count: int = 8) -> list[Stamped]:
    """The client's own, in vain: the server has cleared the connection without a word."""
    return [spx(at_s + 6 * turn, up=True, control=0xC0) for turn in range(count)]


def spx_sleeper(folder: Path, more: list[Stamped] | None = None) -> Verdict:
    frames = sorted([*spx_session(), *spx_asks(), *woken(), *(more or [])])
    return only(folder, frames, until_s=900)


def test_the_sleeper_is_the_one_who_was_lost(tmp_path: Path) -> None:
    """8 requests of the server unanswered to 49 s; the client comes back at 500 s."""
    found = spx_sleeper(tmp_path)
    assert (found.flow_class, found.confidence, found.dead) == (
        FlowClass.HUNG,
        Confidence.LIKELY,
        1,
    )
    assert (found.how, found.disconnected_at_ns) == (How.NOT_ON_THE_WIRE, None)
    assert (found.probes_unanswered, found.prober, found.host_alive) == (8, 0, True)
    assert near(found.last_heard_ns, 1)
    assert near(found.silent_since_ns, 7)
    assert found.sentence == (
        f"{found.b} was last heard at 1 s; 8 watchdog requests unanswered (first gap 6 s),"
        f" {found.a} gave up without a word; it goes on where it stopped at 500 s: it hung,"
        " slept or was cut off"
    )


def test_a_server_that_speaks_again_had_not_given_up(tmp_path: Path) -> None:
    found = spx_sleeper(tmp_path, [spx(500.001, up=False, control=0x80)])
    assert (found.flow_class, found.dead) == (FlowClass.SILENT, 0)


def test_one_request_answered_late_is_no_give_up(tmp_path: Path) -> None:
    """The series has not stopped when the client answers, so the server is who fell silent."""
    frames = sorted([*spx_session(), *spx_asks(3), *woken(24)])
    found = only(tmp_path, frames, until_s=900)
    assert (found.flow_class, found.dead) == (FlowClass.SILENT, 0)


def test_two_requests_are_too_few_for_a_give_up(tmp_path: Path) -> None:
    found = only(tmp_path, sorted([*spx_session(), *spx_asks(2), *woken()]), until_s=900)
    assert (found.flow_class, found.dead) == (FlowClass.SILENT, 0)


def test_a_sleeper_that_says_nothing_in_vain_leaves_it_open(tmp_path: Path) -> None:
    """One frame after the wake-up: the server may have kept silent because it was content."""
    found = only(tmp_path, sorted([*spx_session(), *spx_asks(), *woken(count=1)]), until_s=520)
    assert found.flow_class is not FlowClass.HUNG


def test_an_nbipx_sleeper(tmp_path: Path) -> None:
    asks = [nbipx(31.0 + 30 * turn, up=False, control=0xC0) for turn in range(8)]
    back = [nbipx(2400.0 + 30 * turn, up=True, control=0xC0) for turn in range(8)]
    found = only(tmp_path, [*nbipx_session(), *asks, *back], until_s=3000)
    assert (found.flow_class, found.dead, found.probes_unanswered) == (FlowClass.HUNG, 1, 8)


def test_an_ncp_sleeper_is_told_that_its_connection_is_gone(tmp_path: Path) -> None:
    """Ten polls to 940 s, a request at 2400 s, "bad connection" (facts/ipx.md 1.6)."""
    back = [
        (2400.0, request(NcpType.REQUEST, sequence=2)),
        (2400.001, reply(sequence=2, status=1)),
    ]
    found = only(tmp_path, [*busy(), *polled(10), *back])
    assert (found.flow_class, found.dead) == (FlowClass.HUNG, 1)
    assert found.disconnected_at_ns is None
    assert near(found.last_heard_ns, 100)


def test_a_reset_to_who_comes_back_is_no_reboot_of_the_server(tmp_path: Path) -> None:
    """The server gave up its data silently (facts/tcp.md 5); its RST at 600 s has no memory."""
    tcp = pushed_in_vain()
    tcp.from_client(600, PSH | ACK, payload=b"back")
    tcp.from_server(600.001, RST, acknowledgement=0)
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.dead, found.how) == (FlowClass.HUNG, 1, How.NOT_ON_THE_WIRE)
    assert near(found.last_heard_ns, 10.2)


def test_who_goes_on_after_it_was_reset_had_hung(tmp_path: Path) -> None:
    """INDEX, PEER_HUNG: silence with evidence of a freeze with later wake-up."""
    tcp = given_up(5)
    tcp.from_client(60, PSH | ACK, payload=b"hello?")
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.dead, found.host_alive) == (FlowClass.HUNG, 1, True)
    assert near(found.disconnected_at_ns, 22.2)
    assert found.how is How.RST
    assert found.sentence == (
        f"{CLIENT} was last heard at 10.2 s; 5 keepalive probes unanswered (first gap 1 s),"
        f" {SERVER} gave up at 22.2 s (rst); it goes on where it stopped at 60 s: it hung,"
        " slept or was cut off"
    )


def test_an_address_claimed_on_waking_is_no_reboot(tmp_path: Path) -> None:
    """RFC 5227 2.3 asks for it whenever a link comes up; the old numbers prove the old state."""
    tcp = given_up(5)
    tcp.from_client(60, PSH | ACK, payload=b"hello?")
    found = only(tmp_path, sorted([*tcp.frames, gratuitous(59)]))
    assert (found.flow_class, found.dead) == (FlowClass.HUNG, 1)


def test_a_station_that_knows_of_no_link_after_the_give_up_has_not_hung(tmp_path: Path) -> None:
    """DM to a repeated DISC comes from a new start; UA comes from the old one."""
    for kind, wanted in (
        (UnnumberedKind.DM, FlowClass.GAVE_UP),
        (UnnumberedKind.UA, FlowClass.HUNG),
    ):
        disc = [unnumbered(at_s, UnnumberedKind.DISC, up=False) for at_s in (59.9, 70)]
        frames = [*set_up(), *polls(), *disc, unnumbered(70.001, kind, up=True)]
        assert only(tmp_path, frames).flow_class is wanted


def test_who_comes_back_without_its_state_has_not_hung(tmp_path: Path) -> None:
    tcp = given_up(5)
    tcp.from_client(60, SYN, sequence=90_000, acknowledgement=0)
    old, _ = judged(tmp_path, tcp.frames).flows
    assert old.flow_class is FlowClass.GAVE_UP


def test_who_had_said_goodbye_is_deaf_and_not_hung(tmp_path: Path) -> None:
    """INDEX 20: its FIN before, the other's FIN in vain, then the same FIN again."""
    tcp = Tcp().opened().exchange(10).from_client(12, FIN | ACK)
    tcp.client += 1
    for at_s in (12.1, 12.5, 13.3, 14.9):
        tcp.from_server(at_s, FIN | ACK)
    tcp.server_reset(34)
    tcp.from_client(76, FIN | ACK, sequence=tcp.client - 1)
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.dead) == (FlowClass.HALF_OPEN, None)


def test_the_other_end_that_goes_on_after_a_reset_is_half_open(tmp_path: Path) -> None:
    """Nothing was asked in vain before it."""
    tcp = Tcp().opened().exchange(10).server_reset(22.2)
    tcp.from_client(60, PSH | ACK, payload=b"hello?")
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.dead, found.host_alive) == (FlowClass.HALF_OPEN, None, True)
    assert near(found.disconnected_at_ns, 22.2)


def cut(back_s: tuple[float, float], apart_s: float = 0.0, other: int = 12) -> list[Stamped]:
    """Two clients reset in vain; both go on with their state."""
    frames: list[Stamped] = []
    for host, at_s, shift_s in ((11, back_s[0], 0.0), (other, back_s[1], apart_s)):
        tcp = Tcp(client_ip=bytes((10, 0, 0, host)), client_port=1025 + host)
        tcp.opened(shift_s).exchange(10 + shift_s)
        for turn in range(5):
            tcp.probe(17.2 + shift_s + turn)
        tcp.server_reset(22.2 + shift_s).from_client(at_s, PSH | ACK, payload=b"hello?")
        frames += tcp.frames
    return sorted(frames)


def classes(folder: Path, frames: list[Stamped]) -> set[FlowClass]:
    return {flow.flow_class for flow in judged(folder, frames).flows}


def test_hosts_that_leave_and_come_back_together_share_a_link(tmp_path: Path) -> None:
    flows = judged(tmp_path, cut((60, 90), 0.5)).flows
    assert {flow.flow_class for flow in flows} == {FlowClass.LINK_DOWN}
    assert {(flow.dead, flow.host_alive) for flow in flows} == {(None, True)}
    assert flows[0].sentence.endswith("as another host does: their link was down")


def test_hosts_that_come_back_each_in_its_time_do_not(tmp_path: Path) -> None:
    """64 s is the longest that a repeating sender lets pass (INDEX 16)."""
    assert classes(tmp_path, cut((60, 125))) == {FlowClass.HUNG}
    assert classes(tmp_path, cut((60, 123))) == {FlowClass.LINK_DOWN}


def test_hosts_that_leave_each_in_its_time_do_not(tmp_path: Path) -> None:
    assert classes(tmp_path, cut((60, 61), apart_s=5)) == {FlowClass.HUNG}


def test_two_flows_of_one_host_are_that_host(tmp_path: Path) -> None:
    one = cut((60, 61), other=12)
    tcp = Tcp(client_ip=bytes((10, 0, 0, 11)), client_port=1099).opened().exchange(10)
    for turn in range(5):
        tcp.probe(17.2 + turn)
    tcp.server_reset(22.2).from_client(61, PSH | ACK, payload=b"hello?")
    alone = [each for each in one if bytes((10, 0, 0, 12)) not in each[1]]
    assert classes(tmp_path, sorted([*alone, *tcp.frames])) == {FlowClass.HUNG}
