"""One connection at two interfaces, made by hand: which one is believed, what is said of the other.

The client sits at ``office``, the server at ``server-lan``; a frame takes 10 ms from one to the
other, so whose frame it is shows where it is seen first.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emu.capture import pcapng
from emu.capture.recording import Interface, Recording
from emu.check import Report, check_file, report_json
from emu.check.report import report_lines
from emu.check.rules import FlowClass
from emu.pdu.ip_tcp import ACK, PSH
from emu.units import NS_PER_S
from tests.check.frames import CLIENT_MAC, SERVER_MAC, Stamped, Tcp
from tests.check.test_tcp import given_up

TRIP_S = 0.01
OFFICE, SERVER_LAN = "office", "server-lan"


def at_taps(
    folder: Path, office: Iterable[Stamped], server_lan: Iterable[Stamped], *, until_s: float = 60
) -> Report:
    recording = Recording()
    taps = {
        name: recording.add_interface(Interface(name=name, link_type=1))
        for name in (OFFICE, SERVER_LAN)
    }
    frames = [(at_s, taps[OFFICE], octets) for at_s, octets in office]
    frames += [(at_s, taps[SERVER_LAN], octets) for at_s, octets in server_lan]
    for at_s, tap, octets in sorted(frames):
        recording.frame(tap, round(at_s * NS_PER_S), octets)
    recording.ended_ns = round(until_s * NS_PER_S)
    path = folder / "taps.pcapng"
    path.write_bytes(pcapng.encode(recording))
    return check_file(path)


def at_office(frames: Iterable[Stamped]) -> list[Stamped]:
    """What the office sees of frames stamped at the server: routed, so from other stations."""
    return [
        (at_s + (TRIP_S if octets[6:12] == SERVER_MAC else -TRIP_S), b"\x02" * 12 + octets[12:])
        for at_s, octets in frames
    ]


def later(frames: Iterable[Stamped], seconds: float = 1.0) -> list[Stamped]:
    return [(at_s + seconds, octets) for at_s, octets in frames]


def test_of_two_that_saw_the_same_the_server_s_tap_is_believed(tmp_path: Path) -> None:
    """Although the client's SYN was seen at the office first."""
    frames = later(given_up(5).frames)
    (flow,) = at_taps(tmp_path, at_office(frames), frames).flows
    assert (flow.flow_class, flow.interface) == (FlowClass.GAVE_UP, SERVER_LAN)
    assert (flow.probes_unanswered, flow.frames) == (5, 12)
    assert flow.seen_elsewhere == ()


def test_probes_that_a_line_delays_are_counted_where_they_are_sent(tmp_path: Path) -> None:
    """Five probes a second apart, three of which arrive in one burst."""
    frames = later(given_up(5).frames)
    line = at_office(frames)
    line[6:9] = [(line[8][0], octets) for _, octets in line[6:9]]
    (flow,) = at_taps(tmp_path, line, frames).flows
    assert (flow.probes_unanswered, flow.interval_ns) == (5, NS_PER_S)
    assert flow.interface == SERVER_LAN


def spoofed() -> tuple[list[Stamped], list[Stamped]]:
    """A client dark since 12 s; a router beside the server answers five probes in its name."""
    tcp = Tcp().opened(1).exchange(10)
    both = list(tcp.frames)
    for turn in range(5):
        tcp.probe(20 + 10 * turn).from_client(20.001 + 10 * turn)
    return both, tcp.frames


def test_where_a_router_answers_the_server_s_tap_says_alive(tmp_path: Path) -> None:
    both, near = spoofed()
    (flow,) = at_taps(tmp_path, at_office(both), near, until_s=100).flows
    assert (flow.flow_class, flow.dead, flow.interface) == (FlowClass.ALIVE, None, SERVER_LAN)
    assert flow.seen_elsewhere == (("office", FlowClass.UNKNOWN),)


def test_what_others_say_is_in_the_json_and_in_the_text(tmp_path: Path) -> None:
    both, near = spoofed()
    report = at_taps(tmp_path, at_office(both), near, until_s=100)
    (flow,) = report_json(report)["flows"]  # type: ignore[misc]
    assert flow["interface"] == "server-lan"
    assert flow["seen_elsewhere"] == [{"interface": "office", "class": "unknown"}]
    _, (_, line) = report_lines(report)
    assert line.endswith(" at server-lan; at office: unknown]")


def test_a_router_that_asks_the_dead_itself_is_not_the_server(tmp_path: Path) -> None:
    """Both LANs are asked in the other end's name, the office more often: it gives up, and the
    server is answered on."""
    _, near = spoofed()
    office = Tcp().opened(1).exchange(10)
    for turn in range(9):
        office.probe(20 + turn)
    office.server_reset(30)
    (flow,) = at_taps(tmp_path, at_office(office.frames), near, until_s=100).flows
    assert (flow.flow_class, flow.interface) == (FlowClass.ALIVE, SERVER_LAN)
    assert flow.seen_elsewhere == (("office", FlowClass.GAVE_UP),)


def test_an_answer_in_its_name_is_no_sign_of_life_at_home(tmp_path: Path) -> None:
    """What the server's LAN hears from a client is believed of the client's own LAN only."""
    _, near = spoofed()
    office = Tcp().opened(1).exchange(10)
    for turn in range(3):
        office.probe(20 + turn)
    (flow,) = at_taps(tmp_path, at_office(office.frames), near, until_s=100).flows
    assert flow.seen_elsewhere == (("office", FlowClass.SILENT),)


def test_a_client_heard_at_home_is_cut_off_and_not_dead(tmp_path: Path) -> None:
    """Retries of the server in vain, while the client talks to somebody else at the office."""
    tcp = Tcp().opened(1).exchange(10)
    both = list(tcp.frames)
    for after in (0, 0.5, 1.5, 3.5, 7.5):
        tcp.from_server(20 + after, PSH | ACK, payload=b"x")
    office = at_office(both)
    other = Tcp(client_port=2000, client_mac=CLIENT_MAC).opened(22).exchange(25).frames
    report = at_taps(tmp_path, [*office, *at_office(other)], tcp.frames, until_s=300)
    (flow,) = [flow for flow in report.flows if flow.b.endswith(":1025")]
    assert (flow.flow_class, flow.dead, flow.host_alive) == (FlowClass.PATH_DROP, None, True)
    assert flow.interface == SERVER_LAN


def test_a_client_that_asks_a_dead_server_is_believed_where_it_asks(tmp_path: Path) -> None:
    tcp = Tcp().opened(1).exchange(10)
    both = list(tcp.frames)
    for after in (0, 0.5, 1.5, 3.5, 7.5):
        tcp.from_client(20 + after, PSH | ACK, payload=b"x")
    (flow,) = at_taps(tmp_path, at_office(tcp.frames), both, until_s=300).flows
    assert (flow.flow_class, flow.dead, flow.interface) == (FlowClass.SILENT, 0, OFFICE)
    assert flow.seen_elsewhere == ((SERVER_LAN, FlowClass.UNKNOWN),)


def test_ports_used_again_are_paired_by_time(tmp_path: Path) -> None:
    """The server's tap missed the first of two connections between the same ports."""
    first = Tcp().opened(1).exchange(10).close(12).frames
    second = Tcp(isn=9000).opened(400).exchange(410).frames
    report = at_taps(tmp_path, [*at_office(first), *at_office(second)], second, until_s=420)
    found = {(flow.flow_class, flow.interface): flow for flow in report.flows}
    assert set(found) == {(FlowClass.CLOSED, OFFICE), (FlowClass.ALIVE, SERVER_LAN)}
    assert [flow.seen_elsewhere for flow in report.flows] == [(), ()]
