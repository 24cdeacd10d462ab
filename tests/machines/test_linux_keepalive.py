"""Keepalive of the linux stack (facts/tcp.md 3.1, 3.4); every instant worked out on paper."""

from __future__ import annotations

import pytest

from emu.machines.base import Lost
from emu.machines.tcp.control import Send
from emu.machines.tcp.linux.block import Reading, Route, RouteChanged, SetOption, Unreachable
from emu.pdu.ip_tcp import ACK, PSH, RST

from .linux_parts import MS, TICK_NS, Run, S, established, gaps, jiffies, keepalive, ours, theirs


def test_a_silent_peer_gets_its_probes_and_a_reset() -> None:
    """2/1/3.  d=500: level 1, g=8: (floor(500/8)+1)*8 = 504 = 2.016 s; d=250 from 504: 94.25 -> 95,
    760; 1016; 1272 = 5.088 s.  Gaps of 1.024 s, as measured (facts/tcp.md 3.4)."""
    run = Run(established(keepalive(2, 1, 3))).until(60 * S)
    assert jiffies(run) == [504, 760, 1016, 1272]
    probe = ours(ACK, 0)  # SND.NXT is ISS+1: SEQ = SND.NXT-1, nothing in it
    assert [segment for _, segment in run.sent] == [probe, probe, probe, ours(RST | ACK, 1)]
    assert run.lost == Lost("3 keepalive probes unanswered", "ETIMEDOUT")
    assert run.ended_ns == 1272 * TICK_NS


def test_the_published_default() -> None:
    """7200/75/9, silent since accept: first timer d=1,800,000 (level 5, g=32768): 55*32768 =
    1,802,240 = 7208.96 s; then 75.776 s each (g=512: 37*512 = 18,944 jiffies); 7890.944 s."""
    run = Run(established(keepalive(7200, 75, 9))).until(20_000 * S)
    assert jiffies(run)[0] == 1_802_240
    assert gaps(jiffies(run)) == [18_944] * 9
    assert run.ended_ns == (1_802_240 + 9 * 18_944) * TICK_NS


def test_five_three_three_dies_after_fourteen_seconds() -> None:
    """d=1250: g=64 -> 20*64 = 1280 = 5.12 s; d=750: g=64 -> gaps 768 = 3.072 s: 14.336 s."""
    run = Run(established(keepalive(5, 3, 3))).until(60 * S)
    assert jiffies(run) == [1280, 2048, 2816, 3584]


def test_traffic_does_not_touch_the_timer() -> None:
    """Heard at 1 s (jiffy 250): the timer comes at 504, finds 246 left of 500, d=246 from 504:
    (floor(750/8)+1)*8 = 752 = 3.008 s."""
    run = Run(established(keepalive(2, 1, 3)))
    run.hear(theirs(ACK | PSH, octets=b"x"), 1 * S)
    run.sent.clear()
    run.until(60 * S)
    assert jiffies(run) == [752, 1008, 1264, 1520]


def test_an_answer_clears_the_count_and_the_next_probe_is_the_longer_time_later() -> None:
    """Interval 3 s longer than idle 1 s: answered probes are 3.072 s apart (facts/tcp.md 3.1)."""
    run = Run(established(keepalive(1, 3, 2)))
    for _ in range(6):
        at = run.machine.due()
        assert at is not None
        run.until(at).hear(theirs(ACK), at + 50_000)
    run.until(run.now)
    probes = [at // TICK_NS for at, _ in run.sent]
    # d=250: 32*8 = 256.  d=750 from 256: (floor(1006/64)+1)*64 = 1024; then 768 each.
    assert probes == [256, 1024, 1792, 2560, 3328, 4096]
    assert run.lost is None


def test_keepalive_is_silent_while_data_is_in_flight() -> None:
    """Traps 3 (facts/tcp.md 11): retransmissions only, though 2/1/3 would have probed."""
    run = Run(established(keepalive(2, 1, 3))).ask(Send(b"x"), S).until(8 * S)
    assert all(segment.payload == b"x" for _, segment in run.sent)
    assert len(run.sent) > 4


@pytest.mark.parametrize(
    ("user_timeout_ms", "probes"), [(1_000, 1), (3_500, 2), (10_000, 8)], ids=str
)
def test_the_user_timeout_replaces_the_count(user_timeout_ms: int, probes: int) -> None:
    """Measured with 2/1/3 (facts/tcp.md 3.1): U=1 -> 1 probe, U=3.5 -> 2, U=10 -> 8."""
    params = keepalive(2, 1, 3, user_timeout_ms=user_timeout_ms)
    run = Run(established(params)).until(60 * S)
    assert len(run.sent) == probes + 1
    assert run.lost is not None and run.lost.error == "ETIMEDOUT"


def test_a_user_timeout_alone_does_nothing_to_an_idle_connection() -> None:
    run = Run(established(keepalive(2, 1, 3, user_timeout_ms=2_000)))
    run.ask(SetOption("keepalive", False), 0).until(100_000 * S)
    assert run.sent == [] and run.lost is None


def test_60_10_90_is_92_point_16_s() -> None:
    """I=60, V=10, U=90: probes from 61.44 s (d=15000, g=512: 30*512 = 15360), 10.24 s apart
    (d=2500, g=64: 40*64 = 2560); dead at the first expiry with 90 s gone: 92.16 s."""
    run = Run(established(keepalive(60, 10, 6, user_timeout_ms=90_000))).until(200 * S)
    assert run.ended_ns == 92_160 * MS
    assert jiffies(run) == [15_360, 17_920, 20_480, 23_040]


# --- options set late (facts/tcp.md 3.1, trap 7) ----------------------------------------------


def test_keepidle_and_then_keepalive_counts_from_the_call() -> None:
    """Idle 3 s (jiffy 750), then on with I=2: d=500 from 750: (floor(1250/8)+1)*8 = 1256."""
    run = Run(established(keepalive(7200, 1, 3)))
    run.ask(SetOption("keepalive", False), 0)
    run.ask(SetOption("idle_s", 2), 3 * S).ask(SetOption("keepalive", True), 3 * S).until(6 * S)
    assert jiffies(run)[0] == 1256


def test_keepalive_and_then_keepidle_probes_at_once() -> None:
    run = Run(established(keepalive(7200, 1, 3)))
    run.ask(SetOption("keepalive", False), 0)
    run.ask(SetOption("keepalive", True), 3 * S).ask(SetOption("idle_s", 2), 3 * S).until(6 * S)
    assert jiffies(run)[0] == 751


def test_interval_and_count_take_effect_at_the_next_timer() -> None:
    """After the first probe at 504 a longer interval waits for the timer that is running."""
    run = Run(established(keepalive(2, 1, 5))).until(504 * TICK_NS)
    run.ask(SetOption("interval_s", 2), 505 * TICK_NS).ask(SetOption("count", 2), 506 * TICK_NS)
    run.until(60 * S)
    # 760 was armed before; d=500 from 760: (floor(1260/8)+1)*8 = 1264, and the count is used up.
    assert jiffies(run) == [504, 760, 1264]


def test_turned_off_it_is_silent() -> None:
    run = Run(established(keepalive(2, 1, 3))).ask(SetOption("keepalive", False), S).until(99 * S)
    assert run.sent == [] and run.machine.due() is None


# --- errors on the way (facts/tcp.md 3.5) -----------------------------------------------------


def test_icmp_about_a_probe_is_dropped() -> None:
    """The quoted SEQ is left of SND.UNA, so errno stays ETIMEDOUT."""
    run = Run(established(keepalive(2, 1, 3))).until(504 * TICK_NS)
    run.ask(Unreachable("EHOSTUNREACH", 1_000, True), 505 * TICK_NS).until(60 * S)
    assert run.lost == Lost("3 keepalive probes unanswered", "ETIMEDOUT")
    assert jiffies(run) == [504, 760, 1016, 1272]


def test_probes_without_a_route_are_counted_all_the_same() -> None:
    """Interface gone: nothing on the wire, ETIMEDOUT at the same time (facts/tcp.md 1)."""
    run = Run(established(keepalive(2, 1, 3))).ask(RouteChanged(Route.NONE), 0).until(60 * S)
    assert run.sent == [] and run.ended_ns == 1272 * TICK_NS


def test_a_congested_queue_is_tried_again_after_half_a_second() -> None:
    """TCP_RESOURCE_PROBE_INTERVAL; such a probe is not counted."""
    run = Run(established(keepalive(2, 1, 1))).ask(RouteChanged(Route.CONGESTED), 0)
    run.until(600 * TICK_NS).ask(RouteChanged(Route.UP), 601 * TICK_NS).until(60 * S)
    # d=125 from 504: (floor(629/8)+1)*8 = 632; d=250: 888.
    assert jiffies(run) == [632, 888]


def test_a_program_that_does_not_read_is_alive_for_keepalive() -> None:
    """The kernel answers probes whatever the program does (facts/tcp.md 1)."""
    run = Run(established()).ask(Reading(False), 0)
    run.hear(theirs(ACK, 0), S)
    assert [segment for _, segment in run.sent] == [ours(ACK, 1)]
