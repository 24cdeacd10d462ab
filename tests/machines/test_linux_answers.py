"""What an ESTABLISHED socket of the linux stack answers (facts/tcp.md 4.1, 3.3; RFC 5961).

The first half is ``answers.json`` row by row: what a real kernel answered to hand-made segments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.base import Lost
from emu.machines.tcp.control import Connect, Send
from emu.machines.tcp.linux.machine import LinuxTcp
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN, Extensions, Segment

from .linux_parts import ISS, MS, Run, S, established, ours, policy, theirs

ANSWERS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "kernel" / "answers.json").read_text()
)

#: The recorder's words for what it sent: (flags, SEQ from RCV.NXT, octets).
SENT = {
    "ACK, seq RCV.NXT-1, 0 bytes (keepalive as Linux sends it)": (ACK, -1, b""),
    "ACK, seq RCV.NXT-1, 1 garbage byte (old BSD / Windows style)": (ACK, -1, b"\0"),
    "ACK, seq RCV.NXT, 0 bytes (plain duplicate ACK)": (ACK, 0, b""),
    "two 0-byte probes 0.2 s apart": (ACK, -1, b""),
    "two 1-byte probes 0.2 s apart": (ACK, -1, b"\0"),
    "two 0-byte probes 0.6 s apart": (ACK, -1, b""),
    "RST, seq RCV.NXT+10 (in window, not exact)": (RST, 10, b""),
    "RST, seq RCV.NXT-1 (below window)": (RST, -1, b""),
    "SYN on the open connection, seq RCV.NXT+1000": (SYN, 1000, b""),
    "RST, seq RCV.NXT exactly": (RST, 0, b""),
}


def in_talk() -> Run:
    """Five octets each way, as the recorder's connection: RCV.NXT and SND.NXT are 6."""
    run = Run(established())
    run.hear(theirs(ACK | PSH, octets=b"hello"), MS).ask(Send(b"world"), 2 * MS)
    run.hear(theirs(ACK, at=6, ack=6), 3 * MS)
    run.sent.clear()
    return run


def instants(step: dict[str, object]) -> Iterator[int]:
    """When its segments were sent: one, or two so far apart as its words say."""
    words = str(step["sent"])
    spacing_ms = 200 if "0.2 s" in words else 600
    yield from (n * spacing_ms * MS for n in range(int(str(step["n_sent"]))))


@pytest.mark.parametrize("step", ANSWERS["steps"], ids=[step["sent"] for step in ANSWERS["steps"]])
def test_the_kernel_s_answers_row_by_row(step: dict[str, object]) -> None:
    """Rows were a second and more apart, so the limit of 500 ms does not reach across them."""
    flags, offset, octets = SENT[str(step["sent"])]
    run = in_talk()
    segment = theirs(flags, at=6 + offset, ack=6 if flags & ACK else -ISS, octets=octets)
    start = 2 * S
    for at in instants(step):
        run.hear(segment, start + at)
    expected = [
        (round(answer["t"] * 1000, -2), answer["seq"], answer["ack"], answer["len"])
        for answer in step["answers"]  # type: ignore[attr-defined]
    ]
    found = [
        (round((at - start) / MS, -2), s.sequence - ISS, s.acknowledgement - 70_000, len(s.payload))
        for at, s in run.sent
    ]
    assert found == expected
    assert all(s.flags == ACK for _, s in run.sent)
    reset = "exactly" in str(step["sent"])
    assert run.lost == (Lost("RST received", "ECONNRESET") if reset else None)


def test_the_limit_is_shared_by_probes_and_challenges() -> None:
    """One clock a connection (last_oow_ack_time): a probe's answer silences a challenge."""
    run = in_talk().hear(theirs(ACK, at=5, ack=6), S).hear(theirs(SYN, at=1006, ack=-ISS), S + MS)
    assert len(run.sent) == 1
    run.hear(theirs(RST, at=16, ack=-ISS), S + 504 * MS)
    assert len(run.sent) == 2


def test_an_acknowledgement_of_what_was_never_sent_is_dropped() -> None:
    run = in_talk().hear(theirs(ACK, at=6, ack=7), S)
    assert run.sent == [] and run.lost is None


def test_a_gap_is_told_and_a_repeat_is_acknowledged() -> None:
    run = in_talk().hear(theirs(ACK | PSH, at=16, ack=6, octets=b"later"), S)
    assert run.sent[-1][1] == ours(ACK, 6, 6)
    run.hear(theirs(ACK | PSH, at=1, ack=6, octets=b"hello"), 2 * S)
    assert run.sent[-1][1] == ours(ACK, 6, 6)
    assert len(run.sent) == 2


def test_a_reset_in_close_wait_is_a_broken_pipe() -> None:
    run = in_talk().hear(theirs(FIN | ACK, at=6, ack=6), S).hear(theirs(RST, at=7, ack=-ISS), 2 * S)
    assert run.lost == Lost("RST received", "EPIPE")


def test_the_first_answer_to_a_request_waits_40_ms_and_leaves_the_talking_mode() -> None:
    """Recorded in ka_idle_after_traffic: 41 ms, then at once (pingpong, tcp_delack_timer)."""
    run = in_talk().hear(theirs(ACK | PSH, at=6, ack=6, octets=b"1"), S)
    assert run.sent == []
    run.until(2 * S)
    assert [at - S for at, _ in run.sent] == [44 * MS]  # 10 jiffies from jiffy 250: 261
    run.hear(theirs(ACK | PSH, at=7, ack=6, octets=b"2"), 2 * S)
    assert run.sent[-1][0] == 2 * S


def test_a_syn_from_the_same_port_is_challenged() -> None:
    """The client answers the challenge with RST, and its next SYN finds a listener."""
    run = in_talk().hear(Segment(123_456, 0, SYN, 60_000, mss=1460), S)
    assert run.sent == [(S, ours(ACK, 6, 6))]
    run.hear(theirs(RST, at=6, ack=-ISS), S + MS)
    assert run.lost == Lost("RST received", "ECONNRESET")


def test_a_refused_connection() -> None:
    machine = LinuxTcp(policy(), initial_sequence=ISS, options=policy().options(keepalive=False))
    run = Run(machine).ask(Connect(), 0)
    run.hear(Segment(0, ISS + 1, RST | ACK, 0), MS)
    assert run.lost == Lost("connection refused by RST", "ECONNREFUSED")


def test_a_syn_is_repeated_every_second_four_times_and_then_less_often() -> None:
    """tcp_syn_linear_timeouts 4: d=250 (g=8) from 0: 256, 512, 768, 1024; then doubling:
    d=250 -> 1280, d=500 -> 1784."""
    machine = LinuxTcp(policy(), initial_sequence=ISS, options=policy().options(keepalive=False))
    run = Run(machine).ask(Connect(), 0).until(1_000 * S)
    at = [round(t * 250) for t in run.times()]
    assert at[:7] == [0, 256, 512, 768, 1024, 1280, 1784]
    assert len(at) == 1 + 4 + 6
    assert run.lost is not None and run.lost.error == "ETIMEDOUT"
    assert run.sent[0][1].extensions == Extensions(None, True)


segments = st.builds(
    Segment,
    st.integers(0, 2**32 - 1) | st.integers(70_000, 70_020),
    st.integers(0, 2**32 - 1) | st.integers(1_000, 1_020),
    st.integers(0, 63),
    st.integers(0, 65_535),
    st.binary(max_size=30),
)


@given(st.lists(st.tuples(segments, st.integers(0, 10 * S)), max_size=30), st.booleans())
def test_no_segment_makes_it_fall_over_or_say_more_than_two_things(
    heard: list[tuple[Segment, int]], data: bool
) -> None:
    """Whatever comes: no exception, no RST for a RST, no timer in the past."""
    run = Run(established())
    if data:
        run.ask(Send(b"x" * 3_000), MS)
    at = 2 * MS
    for segment, later in heard:
        at += later
        if run.machine.state.value == "CLOSED":
            break
        run.until(at - 1)
        before = len(run.sent)
        run.hear(segment, at)
        if segment.flags & RST:  # a challenge at most (RFC 5961 3.2)
            assert [s.flags for _, s in run.sent[before:]] in ([], [ACK])
        due = run.machine.due()
        assert due is None or due >= at
