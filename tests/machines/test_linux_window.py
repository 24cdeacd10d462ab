"""A shut window under the linux stack (facts/tcp.md 3.3), worked out on paper."""

from __future__ import annotations

from emu.machines.base import Lost
from emu.machines.tcp.control import Send
from emu.machines.tcp.linux.block import Reading
from emu.machines.tcp.linux.params import LinuxParams
from emu.pdu.ip_tcp import ACK, PSH

from .linux_parts import (
    MS,
    TICK_NS,
    Run,
    S,
    established,
    gaps,
    jiffies,
    keepalive,
    ours,
    policy,
    theirs,
)


def shut(params: LinuxParams) -> Run:
    """The peer acknowledges one octet, takes its window back, and another octet waits."""
    run = Run(established(params)).ask(Send(b"x"), 20_000)
    run.hear(theirs(ACK, ack=2, window=0), 40_000).ask(Send(b"y"), 40_000)
    run.sent.clear()
    return run


def test_probes_begin_one_time_out_later_and_double() -> None:
    """51 -> 52; 102: 154 -> 160; 204: 364 -> 368; 408: 776 -> 784; 816 (g=64): 1600 -> 1664."""
    run = shut(policy()).until(7 * S)
    assert jiffies(run) == [52, 160, 368, 784, 1664]
    assert {segment for _, segment in run.sent} == {ours(ACK, 1)}  # SND.UNA-1, nothing in it


def test_answered_probes_keep_the_connection_for_ever_and_the_back_off_too() -> None:
    """Each answer starts the wait anew, and never shortens it; keepalive is silent meanwhile."""
    run = shut(keepalive(2, 1, 3))
    while run.now < 900 * S:
        due = run.machine.due()
        assert due is not None
        before = len(run.sent)
        run.until(due)
        if len(run.sent) > before:
            run.hear(theirs(ACK, ack=2, window=0), due + 50_000)
    assert run.lost is None
    assert {segment for _, segment in run.sent} == {ours(ACK, 1)}
    assert gaps(jiffies(run))[-1] == 30_208  # 120 s by now (g=512: 59*512)


def test_unanswered_probes_end_it_and_the_exponent_is_capped_too() -> None:
    """retries2=5: gaps stop at RTO*32, five in a row end it, without a word."""
    run = shut(policy(retries2=5)).until(999 * S)
    # 1632 (g=64) from 1664: 3296 -> 3328, and five are out by then.
    assert jiffies(run) == [52, 160, 368, 784, 1664]
    assert run.ended_ns == 3328 * TICK_NS
    assert run.lost == Lost("5 window probes unanswered", "ETIMEDOUT")


def test_the_user_timeout_ends_it_though_every_probe_is_answered() -> None:
    """U after the first probe (facts/tcp.md 3.3: 5.03 with U=5), never earlier."""
    run = shut(policy(user_timeout_ms=5_000))
    while run.lost is None and run.now < 100 * S:
        due = run.machine.due()
        assert due is not None
        before = len(run.sent)
        run.until(due)
        if len(run.sent) > before:
            run.hear(theirs(ACK, ack=2, window=0), due + 50_000)
    # First probe at 52; the one at 784 leaves 1250 - 732 = 518 (g=64): (floor(1302/64)+1)*64.
    assert run.ended_ns == 1344 * TICK_NS  # 5.168 s; 5.03 where the wheel stood when measured


def test_an_opened_window_ends_the_probing() -> None:
    run = shut(policy()).until(160 * TICK_NS)
    run.sent.clear()
    run.hear(theirs(ACK, ack=2, window=1_000), 161 * TICK_NS)
    assert [segment for _, segment in run.sent] == [ours(ACK | PSH, 2, octets=b"y")]
    run.hear(theirs(ACK, ack=3), 162 * TICK_NS).until(999 * S)
    assert run.machine.due() is None


def test_a_window_taken_back_under_data_is_probed_by_the_repeats() -> None:
    """tcp_retransmit_timer: repeats go on while the peer answers with a shut window."""
    run = Run(established()).ask(Send(b"x"), 0)
    run.hear(theirs(ACK, at=1, ack=1, octets=b"", window=0), MS)
    run.machine.snd_wnd = 0
    while run.now < 2_000 * S and run.lost is None:
        due = run.machine.due()
        assert due is not None
        run.until(due).hear(theirs(ACK, ack=1, window=0), due + 50_000)
    assert run.lost is None


def test_our_own_window_shuts_when_nobody_reads_and_opens_again() -> None:
    run = Run(established(policy(window=4_000))).ask(Reading(False), 0)
    offered = []
    for number in range(4):
        octets = bytes(1_000)
        run.hear(theirs(ACK | PSH, at=1 + 1_000 * number, octets=octets), (1 + number) * MS)
        offered.append(run.sent[-1][1].window)
    assert offered == [3_000, 2_000, 1_000, 0]
    run.sent.clear()
    run.hear(theirs(ACK, at=4_000), 5 * MS)  # a window probe: SEQ left of RCV.NXT
    assert [s.window for _, s in run.sent] == [0]
    run.ask(Reading(True), 6 * MS)
    assert [s.window for _, s in run.sent] == [0, 4_000]
