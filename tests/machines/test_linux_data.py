"""Data in flight under the linux stack (facts/tcp.md 3.2), worked out on paper.

Writes are made in jiffy 0, where the connection opened; its time-out is 51 jiffies = 204 ms.
"""

from __future__ import annotations

import pytest

from emu.machines.base import Lost
from emu.machines.tcp.control import Abort, Close, Send
from emu.machines.tcp.linux.block import Route, RouteChanged, SetOption, Unreachable
from emu.machines.tcp.linux.transmission import budget_ms
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST

from .linux_parts import MS, TICK_NS, Run, S, established, gaps, jiffies, ours, policy, theirs

WRITE = 20_000


def written(run: Run, octets: bytes = b"x") -> Run:
    return run.ask(Send(octets), WRITE)


@pytest.mark.parametrize(
    ("retries", "ms"), [(3, 3_000), (5, 12_600), (8, 102_200), (15, 924_600)], ids=str
)
def test_the_budget_is_time_not_a_count(retries: int, ms: int) -> None:
    """facts/tcp.md 3.2: (2^(r+1) - 1) * 0.2 s up to r = 9, then 120 s each."""
    assert budget_ms(retries, 120_000) == ms


def test_a_ceiling_of_two_seconds_makes_thirteen_of_eight() -> None:
    """facts/tcp.md 3.2: retries2=8, rto_max 2 s: B = 13.0."""
    assert budget_ms(8, 2_000) == 13_000


def test_loss_probe_then_doubling_retransmissions() -> None:
    """Write at 0.  TLP: d=51 -> 52 (0.208).  R1: 51 from 52 -> 104 (0.416).  Then RTO 102:
    g=8: (floor(206/8)+1)*8 = 208; 204: (floor(412/8)+1)*8 = 416; 408: 824 -> 832;
    816 (g=64): (floor(1648/64)+1)*64 = 1664; 1632: 3296 -> 3328."""
    run = written(Run(established(policy(retries2=15)))).until(14 * S)
    assert jiffies(run) == [0, 52, 104, 208, 416, 832, 1664, 3328]
    assert {segment.payload for _, segment in run.sent} == {b"x"}


@pytest.mark.parametrize(
    ("params", "transmissions", "after_r1_s"),
    [
        ({"retries2": 3}, 1 + 1 + 4, 6.24),
        ({"retries2": 5}, 1 + 1 + 5, 12.896),
        ({"user_timeout_ms": 2_000}, 1 + 1 + 3, 2.016),
        ({"user_timeout_ms": 5_000}, 1 + 1 + 4, 5.216),
    ],
    ids=str,
)
def test_the_table_of_facts_3_2(
    params: dict[str, int], transmissions: int, after_r1_s: float
) -> None:
    """Counts are the table's; times from R1 by paper, within the table's ranges.

    retries2=3: 104 -> 208 -> 416 -> 832 -> expiry 1664 = 6.24 s after R1, B = 3.0 passed at 832?
    832-104 = 2.912 s, no; so 1664.  retries2=5: 3328-104 = 12.896 s.  U=2 s: the timer is cut to
    the rest: at 416 (1.248 s after R1) 0.752 s are left: d=188 (g=8): 604 -> 608, 2.016 s.
    U=5: at 832 (2.912) 2.088 s left: d=522 (g=64): 1354 -> 1408: 5.216 s.
    """
    run = written(Run(established(policy(**params)))).until(60 * S)
    assert len(run.sent) == transmissions
    assert run.ended_ns is not None
    assert run.ended_ns - 104 * TICK_NS == round(after_r1_s * S)
    count = transmissions - 2
    assert run.lost == Lost(f"{count} retransmissions unanswered", "ETIMEDOUT")
    assert not any(segment.flags & RST for _, segment in run.sent)  # trap 5: no last word


def test_the_default_budget_ends_938_s_after_the_write() -> None:
    """facts/tcp.md 3.2: 1 + 15 transmissions again, death at the first expiry past 924.6 s after
    R1, about 938.2 s after it and 938.6 s after the write."""
    run = written(Run(established())).until(2_000 * S)
    # 3264 (g=64): 3328+3264 -> 6656; g=512 from here: 13312, 26624, 53248; then 30,000 each:
    # (floor(83248/512)+1)*512 = 83456 and 30208 more; 231,150 jiffies after R1 (104) is 231,254.
    doubling = [0, 52, 104, 208, 416, 832, 1664, 3328, 6656, 13_312, 26_624, 53_248]
    assert jiffies(run) == [*doubling, 83_456, 113_664, 143_872, 174_080, 204_288]
    assert run.ended_ns == 234_496 * TICK_NS  # 937.568 s after R1; 938.23 where it was measured


def test_a_one_way_heartbeat_does_not_help() -> None:
    """An octet a second: they queue behind the lost one, and the end comes as for one write."""
    run = written(Run(established(policy(retries2=5))))
    for second in range(1, 13):
        run.ask(Send(b"y"), second * S + 1)
    run.until(60 * S)
    assert {segment.payload for _, segment in run.sent} == {b"x"}
    assert run.ended_ns == 3328 * TICK_NS


def test_a_user_timeout_cures_the_heartbeat() -> None:
    """facts/tcp.md 3.2: U=5 dies 5.54-5.64 s after the first lost octet."""
    run = written(Run(established(policy(user_timeout_ms=5_000))))
    for second in range(1, 6):
        run.ask(Send(b"y"), second * S + 1)
    run.until(60 * S)
    assert run.ended_ns is not None and 5.4 < run.ended_ns / S < 5.7


def test_the_late_acknowledgement_settles_it() -> None:
    """Back before the end: the next time-out after the return brings it through."""
    run = written(Run(established())).until(208 * TICK_NS)
    run.hear(theirs(ACK, ack=2), 209 * TICK_NS).until(4_000 * S)
    assert jiffies(run) == [0, 52, 104, 208]
    assert run.lost is None and run.machine.due() is None


def test_nagle_holds_a_small_write_and_nodelay_does_not() -> None:
    held = written(Run(established(policy(nodelay=False)))).ask(Send(b"y"), MS)
    assert [segment.payload for _, segment in held.sent] == [b"x"]
    assert [s.payload for _, s in written(Run(established())).ask(Send(b"y"), MS).sent] == [
        b"x",
        b"y",
    ]


def test_the_loss_probe_sends_what_nagle_held() -> None:
    """RFC 8985 7.3: new data before old."""
    run = written(Run(established(policy(nodelay=False)))).ask(Send(b"y"), MS).until(300 * MS)
    assert [segment.payload for _, segment in run.sent] == [b"x", b"y"]


def test_without_selective_acknowledgements_there_is_no_loss_probe() -> None:
    run = written(Run(established(policy(early_retrans=False)))).until(S)
    assert jiffies(run) == [0, 52, 160]  # d=51 -> 52; d=102 (g=8) from 52: (floor(154/8)+1)*8


# --- ICMP and ARP (RFC 6069; facts/tcp.md 3.5) ------------------------------------------------


def test_icmp_undoes_one_doubling_and_is_the_error_at_the_end() -> None:
    """With an error 1 ms after every repeat the gaps stay what they are: 102 jiffies, not 204."""
    run = written(Run(established(policy(retries2=5)))).until(104 * TICK_NS)
    for _ in range(4):
        run.ask(Unreachable("EHOSTUNREACH", 1_001, True), run.now + MS)
        due = run.machine.due()
        assert due is not None
        run.until(due)
    repeats = jiffies(run)[2:]
    assert all(48 <= gap <= 60 for gap in gaps(repeats))
    run.until(60 * S)
    assert run.lost is not None and run.lost.error == "EHOSTUNREACH"


def test_an_error_that_is_not_of_codes_0_and_1_leaves_the_back_off() -> None:
    run = written(Run(established(policy(retries2=5)))).until(104 * TICK_NS)
    run.ask(Unreachable("ECONNREFUSED", 1_001, False), run.now + MS).until(60 * S)
    assert jiffies(run) == [0, 52, 104, 208, 416, 832, 1664]
    assert run.lost == Lost("5 retransmissions unanswered", "ECONNREFUSED")


def test_an_error_about_what_is_not_in_flight_is_dropped() -> None:
    run = written(Run(established(policy(retries2=3)))).until(S)
    run.ask(Unreachable("EHOSTUNREACH", 1_000, True), S).until(60 * S)
    assert run.lost is not None and run.lost.error == "ETIMEDOUT"


def test_a_write_without_a_route_waits_for_the_persist_timer() -> None:
    """facts/tcp.md 1: interface deleted, ETIMEDOUT after the same sort of budget."""
    run = Run(established(policy(retries2=5))).ask(RouteChanged(Route.NONE), 0)
    written(run).until(60 * S)
    assert run.sent == []
    # 51 -> 52; 102: 154 -> 160; 204: 364 -> 368; 408: 776 -> 784 (g=8); 816 (g=64): 1600 -> 1664;
    # 1632: 3296 -> 3328 and five have failed.
    assert run.ended_ns == 3328 * TICK_NS


# --- closing (facts/tcp.md 3.2 orphan row) ----------------------------------------------------


def test_an_orphan_has_eight_retries_and_its_fin_joins_the_data() -> None:
    run = written(Run(established())).ask(Close(), 16 * MS).until(200 * S)
    fin, loss_probe, first = (segment for _, segment in run.sent[1:4])
    assert fin == ours(FIN | ACK, 2) == loss_probe
    assert first == ours(FIN | PSH | ACK, 1, octets=b"x")
    assert len(run.sent) == 2 + 1 + 8
    assert run.ended_ns is not None and 106 < run.ended_ns / S < 109


def test_an_orphan_retry_sysctl_is_obeyed() -> None:
    run = written(Run(established(policy(orphan_retries=2)))).ask(Close(), 16 * MS).until(99 * S)
    assert run.ended_ns is not None and 1.4 < run.ended_ns / S < 4  # B = 1.4 s


def test_unread_octets_turn_a_close_into_a_reset() -> None:
    """RFC 1122 4.2.2.13."""
    run = Run(established())
    run.machine.reading = False
    run.hear(theirs(ACK | PSH, octets=b"unread"), MS)
    run.sent.clear()
    run.ask(Close(), 2 * MS)
    assert [s.flags for _, s in run.sent] == [RST | ACK]
    assert run.machine.due() is None


def test_data_for_an_orphan_is_answered_with_a_reset() -> None:
    run = Run(established()).ask(Close(), 0)
    run.hear(theirs(ACK, ack=2), MS).hear(theirs(ACK | PSH, ack=2, octets=b"late"), 2 * MS)
    _, reset = run.sent[-1]
    assert (reset.flags, reset.sequence, reset.acknowledgement) == (RST, 1_002, 0)


def test_fin_wait_2_of_an_orphan_ends_after_tcp_fin_timeout() -> None:
    run = Run(established()).ask(Close(), 0).hear(theirs(ACK, ack=2), MS)
    assert run.machine.due() == 60 * S + MS
    run.until(61 * S)
    assert run.machine.state.value == "CLOSED"


def test_simultaneous_close() -> None:
    """RFC 793 figure 14: FINs cross, both acknowledge, both wait."""
    run = Run(established()).ask(Close(), 0)
    run.hear(theirs(FIN | ACK), MS).hear(theirs(ACK, at=2, ack=2), 2 * MS)
    assert run.machine.state.value == "TIME-WAIT"
    assert [s.flags for _, s in run.sent] == [FIN | ACK, ACK]


def test_a_fin_is_repeated_like_data() -> None:
    run = Run(established()).ask(Close(), 0).until(2 * S)
    assert jiffies(run) == [0, 52, 104, 208, 416]
    assert {s.flags for _, s in run.sent} == {FIN | ACK}


def test_abort_says_one_word() -> None:
    run = Run(established()).ask(Abort(), 0)
    assert [s.flags for _, s in run.sent] == [RST | ACK] and run.machine.due() is None


def test_a_lowered_user_timeout_counts_for_what_is_in_flight() -> None:
    """The next expiry sees it, though data went out before (tcp_write_timeout)."""
    run = written(Run(established())).until(208 * TICK_NS)
    run.ask(SetOption("user_timeout_ms", 1_000), 209 * TICK_NS).until(60 * S)
    assert run.ended_ns == 416 * TICK_NS
