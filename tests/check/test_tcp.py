"""TCP captures made by hand: one for each class this issue knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.check import Verdict
from emu.check.rules import Confidence, FlowClass
from emu.check.timeline import How, Mechanism
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN
from emu.units import NS_PER_MS, NS_PER_S
from tests.check.frames import CLIENT, CLIENT_MAC, SERVER, Tcp, judged, only


def s(value: float) -> int:
    return round(value * NS_PER_S)


def near(found: int | None, wanted_s: float) -> bool:
    return found is not None and abs(found - s(wanted_s)) < 2 * NS_PER_MS


def given_up(probes: int, *, octets: bytes = b"", client_port: int = 1025) -> Tcp:
    """Last heard at 10.2; probes from 17.2 on (idle 7), one a second; RST a second later."""
    tcp = Tcp(client_port=client_port).opened().exchange(10)
    for turn in range(probes):
        tcp.probe(17.2 + turn, octets=octets)
    return tcp.server_reset(17.2 + probes)


@pytest.mark.parametrize("octets", [b"", b"\0"], ids=["empty probes", "probes with an octet"])
def test_unanswered_keepalives_and_a_reset_are_a_give_up(tmp_path: Path, octets: bytes) -> None:
    """7 s idle + 5 probes at 1 s: noticed 17.2 + 5 = 22.2, 12.0 s after the last octet."""
    found = only(tmp_path, given_up(5, octets=octets).frames)
    assert (found.flow_class, found.confidence) == (FlowClass.GAVE_UP, Confidence.CERTAIN)
    assert (found.a, found.b, found.dead) == (SERVER, CLIENT, 1)
    assert (found.mechanism, found.prober) == (Mechanism.TCP_KEEPALIVE, 0)
    assert found.probes_unanswered == 5
    assert near(found.idle_ns, 7.0)
    assert near(found.interval_ns, 1.0)
    assert near(found.last_heard_ns, 10.2)
    assert near(found.silent_since_ns, 17.2)
    assert near(found.disconnected_at_ns, 22.2)
    assert found.how is How.RST
    assert found.host_alive is False
    # Six frames to the last octet: then five probes (7 to 11) and the reset.
    assert found.evidence == (6, 7, 11, 12)


def test_one_answered_probe_starts_the_count_anew(tmp_path: Path) -> None:
    tcp = Tcp().opened().exchange(10)
    tcp.probe(17.2).probe(18.2).from_client(18.201)
    for turn in range(3):
        tcp.probe(25.2 + turn)
    found = only(tmp_path, tcp.server_reset(28.2).frames)
    assert found.probes_unanswered == 3
    assert near(found.last_heard_ns, 18.201)
    assert found.flow_class is FlowClass.GAVE_UP


def test_two_probes_in_vain_when_the_file_ends_are_silence_not_yet_an_end(tmp_path: Path) -> None:
    tcp = Tcp().opened().exchange(10).probe(17.2).probe(18.2)
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.dead) == (FlowClass.SILENT, 1)
    assert (found.disconnected_at_ns, found.how) == (None, How.STILL_OPEN)


def test_one_probe_in_vain_is_no_death(tmp_path: Path) -> None:
    """RFC 1122 4.2.3.6: no single probe.  Long afterwards it is not life either."""
    tcp = Tcp().opened().exchange(10).probe(17.2)
    assert only(tmp_path, tcp.frames).flow_class is FlowClass.ALIVE
    assert only(tmp_path, tcp.frames, until_s=500).flow_class is FlowClass.UNKNOWN


def pushed_in_vain() -> Tcp:
    """Data at 20, again after 0.5, 1.5, 3.5, 7.5, 15.5 s (facts/tcp.md 5, NT), then nothing."""
    tcp = Tcp().opened().exchange(10)
    for after in (0, 0.5, 1.5, 3.5, 7.5, 15.5):
        tcp.from_server(20 + after, PSH | ACK, payload=b"clock")
    return tcp


def test_a_retransmission_abort_is_not_on_the_wire(tmp_path: Path) -> None:
    found = only(tmp_path, pushed_in_vain().frames, until_s=600)
    assert (found.flow_class, found.how) == (FlowClass.SILENT, How.NOT_ON_THE_WIRE)
    assert found.disconnected_at_ns is None
    assert (found.mechanism, found.prober) == (Mechanism.TCP_RETRANSMISSION, 0)
    assert found.probes_unanswered == 5
    assert near(found.silent_since_ns, 20.0)
    assert near(found.interval_ns, 1.0)


def test_the_same_with_the_file_ending_on_the_last_try_is_unresolved(tmp_path: Path) -> None:
    assert only(tmp_path, pushed_in_vain().frames).how is How.STILL_OPEN


def test_a_host_heard_on_another_connection_means_a_lossy_path(tmp_path: Path) -> None:
    other = Tcp(client_port=1026).opened(5)
    for turn in range(20):
        other.exchange(6.0 + turn * 2)
    frames = sorted(pushed_in_vain().frames + other.frames)
    found = {each.b: each for each in judged(tmp_path, frames).flows}
    assert found[CLIENT].flow_class is FlowClass.PATH_DROP
    assert (found[CLIENT].dead, found[CLIENT].host_alive) == (None, True)
    assert found["10.0.0.11:1026"].flow_class is FlowClass.ALIVE


def test_two_hosts_behind_one_gateway_that_go_silent_together_are_the_path(tmp_path: Path) -> None:
    """INDEX 09.  Clients with adapters of their own on the LAN may share a power strip."""
    for mac, wanted in ((CLIENT_MAC, FlowClass.PATH_DROP), (b"\2\0\0\0\0\x0c", FlowClass.SILENT)):
        other = Tcp(client_ip=bytes((10, 0, 1, 12)), client_mac=mac)
        other.opened().exchange(10)
        for after in (0, 0.5, 1.5, 3.5):
            other.from_server(20 + after, PSH | ACK, payload=b"clock")
        found = judged(tmp_path, sorted(pushed_in_vain().frames + other.frames)).flows
        assert [each.flow_class for each in found] == [wanted, wanted]


def test_a_reset_without_memory_is_a_reboot(tmp_path: Path) -> None:
    """The RST carries the number the probe asked for and no ACK (facts/tcp.md 11.10)."""
    tcp = Tcp().opened().exchange(10).probe(100)
    tcp.from_client(100.001, RST, acknowledgement=0)
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.dead) == (FlowClass.REBOOTED, 1)
    assert near(found.last_heard_ns, 10.2)
    assert near(found.disconnected_at_ns, 100.001)
    assert found.host_alive is True


def test_a_syn_with_a_new_number_in_an_open_connection_is_a_certain_reboot(tmp_path: Path) -> None:
    tcp = Tcp().opened().exchange(10)
    tcp.from_client(50, SYN, sequence=90_000, acknowledgement=0).from_server(50.001)
    tcp.from_client(50.002, RST, acknowledgement=0)
    tcp.from_client(53, SYN, sequence=90_000, acknowledgement=0)
    tcp.client = 90_001
    tcp.from_server(53.001, SYN | ACK, sequence=7000).from_client(53.002, acknowledgement=7001)
    old, new = judged(tmp_path, tcp.frames).flows
    assert (old.flow_class, old.confidence) == (FlowClass.REBOOTED, Confidence.CERTAIN)
    assert near(old.last_heard_ns, 10.2)
    assert near(old.disconnected_at_ns, 50.002)
    assert (new.flow_class, new.frames) == (FlowClass.ALIVE, 3)


def test_a_reset_by_somebody_whose_peer_is_alive_is_an_abort(tmp_path: Path) -> None:
    tcp = Tcp().opened().exchange(10)
    found = only(tmp_path, tcp.from_client(11, RST | ACK).frames)
    assert (found.flow_class, found.dead, found.how) == (FlowClass.ABORTED, None, How.RST)
    assert near(found.disconnected_at_ns, 11.0)


def test_an_orderly_end_is_closed_at_its_first_fin(tmp_path: Path) -> None:
    found = only(tmp_path, Tcp().opened().exchange(10).close(12).frames)
    assert (found.flow_class, found.how, found.dead) == (FlowClass.CLOSED, How.FIN, None)
    assert near(found.disconnected_at_ns, 12.0)


def test_a_missing_last_acknowledgement_is_no_death(tmp_path: Path) -> None:
    """INDEX 11 and 16: whoever said goodbye first may go away."""
    tcp = Tcp().opened().exchange(10).from_client(12, FIN | ACK)
    tcp.client += 1
    for after in (0.001, 0.3, 0.9, 2.1):
        tcp.from_server(12 + after, FIN | ACK)
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.dead, found.probes_unanswered) == (FlowClass.CLOSED, None, 3)


def test_a_goodbye_to_somebody_already_silent_is_silence(tmp_path: Path) -> None:
    """INDEX 10: data in vain first, the program's FIN later."""
    tcp = pushed_in_vain()
    tcp.server += 5
    tcp.from_server(36, FIN | ACK)
    assert only(tmp_path, tcp.frames).flow_class is FlowClass.SILENT


def test_a_window_shut_with_answered_probes_is_a_stalled_program(tmp_path: Path) -> None:
    tcp = Tcp().opened().exchange(10).from_client(11, window=0)
    for at_s in (14.4, 21.2, 34.7):
        tcp.probe(at_s).from_client(at_s + 0.001, window=0)
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.dead) == (FlowClass.APP_STALLED, None)
    assert found.mechanism is Mechanism.TCP_ZERO_WINDOW
    tcp.from_client(40, window=8760)
    assert only(tmp_path, tcp.frames).flow_class is FlowClass.ALIVE


def test_a_connection_that_never_came_up(tmp_path: Path) -> None:
    tcp = Tcp()
    for at_s in (0, 3, 9):
        tcp.from_client(at_s, SYN, sequence=1000, acknowledgement=0)
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.dead) == (FlowClass.SYN_TIMEOUT, None)
    assert found.probes_unanswered == 2


def test_a_refused_connection_is_an_abort(tmp_path: Path) -> None:
    tcp = Tcp().from_client(0, SYN, sequence=1000, acknowledgement=0)
    found = only(tmp_path, tcp.from_server(0.001, RST | ACK, sequence=0).frames)
    assert (found.flow_class, found.disconnected_at_ns) == (FlowClass.ABORTED, s(0.001))


def test_an_idle_flow_is_alive_for_a_minute_and_then_unknown(tmp_path: Path) -> None:
    frames = Tcp().opened().exchange(10).frames
    assert only(tmp_path, frames, until_s=60).flow_class is FlowClass.ALIVE
    found = only(tmp_path, frames, until_s=7200)
    assert (found.flow_class, found.dead, found.host_alive) == (FlowClass.UNKNOWN, None, None)


def test_answered_keepalives_keep_an_idle_flow_alive(tmp_path: Path) -> None:
    tcp = Tcp().opened().exchange(10)
    for turn in range(1, 4):
        tcp.probe(10.2 + 300 * turn).from_client(10.201 + 300 * turn)
    found = only(tmp_path, tcp.frames, until_s=1100)
    assert (found.flow_class, found.prober) == (FlowClass.ALIVE, 0)
    assert near(found.idle_ns, 300)
    assert (found.interval_ns, found.probes_unanswered) == (None, 0)


def test_an_empty_segment_right_behind_a_data_octet_is_no_keepalive(tmp_path: Path) -> None:
    """INDEX 15: seq - 1, but milliseconds after data."""
    tcp = Tcp().opened()
    for turn in range(5):
        tcp.from_client(10 + turn, PSH | ACK, payload=b"k")
        tcp.client += 1
        tcp.from_server(10.0005 + turn)
        tcp.from_client(10.0015 + turn, PSH | ACK, sequence=tcp.client - 1)
    assert only(tmp_path, tcp.frames).mechanism is Mechanism.NONE


def test_sequence_numbers_wrap(tmp_path: Path) -> None:
    tcp = Tcp(isn=0xFFFF_FFFA).opened()
    tcp.from_client(1, PSH | ACK, payload=b"x" * 10)
    tcp.client = (tcp.client + 10) & 0xFFFF_FFFF
    tcp.from_server(1.1).probe(20).from_client(20.001)
    found = only(tmp_path, tcp.frames)
    assert (found.flow_class, found.mechanism) == (FlowClass.ALIVE, Mechanism.TCP_KEEPALIVE)


def test_a_capture_that_starts_in_the_middle(tmp_path: Path) -> None:
    """Without a SYN the lower port is the server's."""
    frames = given_up(5, client_port=2000).frames[3:]
    found = only(tmp_path, frames)
    assert (found.a, found.flow_class, found.dead) == (SERVER, FlowClass.GAVE_UP, 1)


def classes(found: tuple[Verdict, ...]) -> list[FlowClass]:
    return [each.flow_class for each in found]


def test_the_dead_come_first(tmp_path: Path) -> None:
    closed = Tcp(client_port=1030).opened().close(1)
    alive = Tcp(client_port=1031).opened(20).exchange(21)
    frames = sorted(closed.frames + alive.frames + given_up(5).frames)
    found = judged(tmp_path, frames).flows
    assert classes(found) == [FlowClass.GAVE_UP, FlowClass.CLOSED, FlowClass.ALIVE]
