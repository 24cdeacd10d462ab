"""What each stack does with a silent peer, idle and with data in flight (facts/tcp.md 3 and 5).

The numbers are worked out here by hand; what the machines have is that of the shipped policies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emu.machines.base import Lost, Note, Received
from emu.machines.tcp.control import Send
from emu.machines.tcp.linux.machine import LinuxTcp
from emu.machines.tcp.params import TcpParams
from emu.pdu.ip_tcp import ACK, PSH, RST, Extensions, Segment
from emu.policy.loader import load_policy
from emu.stations.tcp_stacks import make_machine
from emu.transports.tcp import TCP
from emu.units import milliseconds as ms
from emu.units import seconds as s

from .dialogue import Dialogue
from .tcp_parts import IRS, ISS, Ends, again

E = Ends()
ZERO = b"\0"


def shipped(name: str) -> Any:
    policy = load_policy(name)
    return TCP.make_params(policy.stack, policy.values)


def of_probe(octets: bytes = b"") -> Segment:
    """SEQ = SND.NXT - 1 and, nothing being outstanding, SND.UNA - 1."""
    return E.ours("A", 0, 1, octets)


def probe(number: int, of: int) -> Note:
    return Note("probe", {"number": number, "of": of})


#: Policy, octets of a probe, when the probes go out, when it is over (s after the last octet).
SILENT = {
    # 7200 + 10 x 1 s.
    "tcp-keepalive-windows": (ZERO, [7200 + n for n in range(10)], 7210),
    # 7200 + 8 x 75 s.
    "tcp-keepalive-freebsd": (b"", [7200 + 75 * n for n in range(8)], 7800),
    "tcp-keepalive-macos": (b"", [7200 + 75 * n for n in range(8)], 7800),
    # Gaps 1, 2, 4 .. 32 s, then 60 s; cut at 7200 + 480.
    "tcp-keepalive-solaris": (
        ZERO,
        [7200, 7201, 7203, 7207, 7215, 7231, 7263, 7323, 7383, 7443, 7503, 7563, 7623],
        7680,
    ),
    # Strictly more than 7200 s on a tick of 0.5 s, heard on a tick: 7200.5; then 75 s each.
    "tcp-keepalive-lwip": (b"", [7200.5 + 75 * n for n in range(9)], 7875.5),
}


@pytest.mark.parametrize("policy", SILENT)
def test_a_silent_peer_is_probed_and_given_up(policy: str) -> None:
    octets, probes, end = SILENT[policy]
    d = Dialogue(E.established(shipped(policy)))
    for number, at in enumerate(probes, 1):
        d.quiet_until(s(at) - 1)
        d.at(s(at)).sends(of_probe(octets), about=probe(number, len(probes)))
    d.quiet_until(s(end) - 1)
    d.at(s(end)).sends(E.ours("RA", 1, 1))
    d.delivers(Lost(f"{len(probes)} keepalive probes unanswered")).armed({})


@pytest.mark.parametrize("policy", SILENT)
def test_an_answer_starts_everything_anew(policy: str) -> None:
    """Answered after the third probe; lwIP counts from the tick below 0.25 s."""
    octets, probes, _end = SILENT[policy]
    d = Dialogue(E.established(shipped(policy)))
    for number, at in enumerate(probes[:3], 1):
        d.at(s(at)).sends(of_probe(octets), about=probe(number, len(probes)))
    heard = s(probes[2]) + ms(250)
    d.at(heard).receives(E.theirs("A", 1, 1)).notes("probe-answered", by="ACK")
    again_at = heard + s(7200)
    if policy == "tcp-keepalive-lwip":
        again_at += ms(250)
    d.quiet_until(again_at - 1)
    d.at(again_at).sends(of_probe(octets), about=probe(1, len(probes)))
    d.at(again_at + s(probes[1] - probes[0])).sends(of_probe(octets), about=probe(2, len(probes)))
    d.armed({"keepalive": again_at + s(probes[2] - probes[0])})


@pytest.mark.parametrize(
    ("policy", "beside"),
    [
        ("tcp-keepalive-windows", False),
        ("tcp-keepalive-freebsd", True),
        ("tcp-keepalive-solaris", False),
        ("tcp-keepalive-lwip", True),
    ],
)
def test_who_probes_beside_data(policy: str, *, beside: bool) -> None:
    """RFC 9293 MUST-26; BSD and lwIP probe all the same, lwIP from SND.NXT (facts/tcp.md 5)."""
    params = replace(shipped(policy), keepalive_idle_ns=s(10))
    d = Dialogue(E.established(params))
    d.at(s(9.75)).asked(Send(b"xyz")).sends(E.ours("PA", 1, 1, b"xyz"))
    if policy == "tcp-keepalive-freebsd":
        d.at(s(10)).sends(E.ours("A", 0, 1), about=probe(1, 8))
    elif policy == "tcp-keepalive-lwip":  # SND.NXT is 3 octets on
        d.at(s(10.5)).sends(E.ours("A", 3, 1), about=probe(1, 9))
    else:
        d.quiet_until(s(10.6))
    d.at(s(10.7)).receives(E.theirs("A", 1, 4))
    if beside:
        d.notes("probe-answered", by="ACK")
    d.quiet_until(s(20.6))


#: Policy, first wait, repeats and end, s after the data went out at an instant 0.2 s behind a tick.
DATA = {
    # 1 s x (1+2+4+8+16+32).
    "tcp-keepalive-windows": (1, [1, 3, 7, 15, 31], 63, True),
    # 12 repeats, waits 1, 2 .. 32, then 64 s, the ceiling.
    "tcp-keepalive-freebsd": (
        1,
        [1, 3, 7, 15, 31, 63, 127, 191, 255, 319, 383, 447],
        511,
        True,
    ),
    # From 30 ms waits grow to 64 times: 1.92 s; 12 repeats.
    "tcp-keepalive-macos": (
        0.03,
        [0.03, 0.09, 0.21, 0.45, 0.93, 1.89, 3.81, 5.73, 7.65, 9.57, 11.49, 13.41],
        15.33,
        True,
    ),
    # Doubling to 60 s until 480 s are over.
    "tcp-keepalive-solaris": (
        1,
        [1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363, 423],
        480,
        True,
    ),
    # On ticks: the begun one counts, so 2.8 s; then 6, 12 .. 384 s (2**7 x 3).
    "tcp-keepalive-lwip": (
        3,
        [2.8, 8.8, 20.8, 44.8, 92.8, 188.8, 380.8, 764.8, 1148.8, 1532.8, 1916.8, 2300.8],
        2684.8,
        False,
    ),
}


@pytest.mark.parametrize("policy", DATA)
def test_data_in_flight_is_repeated_and_given_up(policy: str) -> None:
    first, repeats, end, reset = DATA[policy]
    params = replace(shipped(policy), first_rto_ns=s(first))
    d = Dialogue(E.established(params))
    sent = E.ours("PA", 1, 1, b"x")
    start = s(0.2)
    d.at(start).asked(Send(b"x")).sends(sent)
    of = 0 if policy == "tcp-keepalive-solaris" else len(repeats)  # Solaris does not count
    for number, at in enumerate(repeats, 1):
        d.quiet_until(start + s(at) - 1)
        d.at(start + s(at)).sends(sent, about=again(number, of))
    d.quiet_until(start + s(end) - 1)
    d.at(start + s(end))
    if reset:
        d.sends(E.ours("RA", 2, 1))
    d.delivers(Lost(f"{len(repeats)} retransmissions unanswered")).armed({})


def test_freebsd_waits_grow_to_512_times() -> None:
    """From 30 ms: the tenth after 0.03 x (2**10 - 1) = 30.69 s, then 0.03 x 512 = 15.36 s each."""
    params: TcpParams = replace(shipped("tcp-keepalive-freebsd"), first_rto_ns=ms(30))
    d = Dialogue(E.established(params))
    sent = E.ours("PA", 1, 1, b"x")
    d.at(0).asked(Send(b"x")).sends(sent)
    at = 0
    for number in range(1, 11):
        at += ms(30) * 2 ** (number - 1)
        d.at(at).sends(sent, about=again(number, 12))
    assert at == s(30.69)
    d.at(s(46.05)).sends(sent, about=again(11, 12))
    d.at(s(61.41)).sends(sent, about=again(12, 12)).quiet_until(s(76.77) - 1)
    d.at(s(76.77)).sends(E.ours("RA", 2, 1)).delivers(Lost("12 retransmissions unanswered"))
    d.armed({})


def test_solaris_with_threshold_0_probes_for_ever() -> None:
    """facts/tcp.md 5: threshold 0 = probe for ever; here it is spelt never."""
    params = shipped("tcp-keepalive-solaris")
    endless = replace(params, personality=replace(params.personality, keepalive_abort_ns=None))
    d = Dialogue(E.established(endless))
    for number, at in enumerate([0, 1, 3, 7, 15, 31, *range(63, 1000, 60)], 1):
        d.at(s(7200 + at)).sends(of_probe(ZERO), about=probe(number, 0))
    d.quiet_until(s(8220))


# --- linux: the wheel at 0, 250 jiffies a second -----------------------------------------------


def linux(policy: str = "tcp-keepalive-linux", **changes: Any) -> LinuxTcp:
    """Accepted at 0; the handshake's round trip takes 0.2 ms, so RTO is 51 jiffies, 204 ms."""
    params = replace(shipped(policy), **changes)
    tcp = make_machine(params, initial_sequence=ISS, server=True)
    assert isinstance(tcp, LinuxTcp)
    syn = replace(E.theirs("S", 0, mss=1460), extensions=Extensions(sack_permitted=True))
    tcp.step(Received(syn), 0)
    tcp.step(Received(E.theirs("A", 1, 1)), ms(0.2))
    return tcp


def linux_ours(flags: int, at: int, octets: bytes = b"") -> Segment:
    return Segment(ISS + at, IRS + 1, flags, 65_535, octets)


#: Options, probes, end.  First timers are late by a granule, gaps of probes are fixed (3.4).
IDLE = {
    # 7200 s = 1,800,000 jiffies on the grid of 131.072 s: 55 x; then 75 s becomes 75.776.
    "defaults": ({}, [7208.96 + 75.776 * n for n in range(9)], 7890.944),
    # 5 s on the grid of 0.256 s: 5.12; then 3.072 (measured, facts/tcp.md 3.4).
    "5/3/3": (
        {"keepalive_idle_s": 5, "keepalive_interval_s": 3, "keepalive_count": 3},
        [5.12, 8.192, 11.264],
        14.336,
    ),
    # 60 s on the grid of 2.048 s: 61.44; then 10.24; the user timeout of 90 s is over at 92.16.
    "user timeout": (
        {"keepalive_idle_s": 60, "keepalive_interval_s": 10, "user_timeout_ms": 90_000},
        [61.44, 71.68, 81.92],
        92.16,
    ),
    # facts/tcp.md 3.1: U needs one probe; U = 1 s with 2/1/3 ends at the third second.
    "short user timeout": (
        {"keepalive_idle_s": 2, "keepalive_interval_s": 1, "user_timeout_ms": 1_000},
        [2.016],
        3.04,
    ),
}


@pytest.mark.parametrize("name", IDLE)
def test_linux_gives_an_idle_peer_up(name: str) -> None:
    changes, probes, end = IDLE[name]
    d = Dialogue(linux(**changes), start_ns=ms(0.2))
    for number, at in enumerate(probes, 1):
        d.quiet_until(s(at) - 1)
        d.at(s(at)).sends(linux_ours(ACK, 0), about=probe(number, len(probes)))
    d.quiet_until(s(end) - 1)
    d.at(s(end)).sends(linux_ours(RST | ACK, 1))
    count = f"{len(probes)} keepalive probe{'s'[: len(probes) != 1]} unanswered"
    d.delivers(Lost(count, "ETIMEDOUT")).armed({})


def test_linux_repeats_data_for_its_budget_and_says_nothing_at_the_end() -> None:
    """By ticks of 4 ms, RTO 51.  Written at tick 250; loss probe 250+51+1, R1 51+1 later; then
    102 and 204 on the grid of 8, 408 too, 816 to 3264 on 64, from 6528 on 512; 120 s is 30000.
    Over at the first expiry 924.6 s behind R1 (facts/tcp.md 3.2; measured 938.64 s there)."""
    ticks = [302, 354, 464, 672, 1088, 1920, 3584, 6912, 13_824, 27_136, 53_760,
             83_968, 114_176, 144_384, 174_592, 204_800]  # fmt: skip
    d = Dialogue(linux(), start_ns=ms(0.2))
    sent = linux_ours(ACK | PSH, 1, b"x")
    d.at(s(1)).asked(Send(b"x")).sends(sent)
    for number, tick in enumerate(ticks, 1):
        d.quiet_until(ms(4 * tick) - 1)
        why = "loss probe" if number == 1 else "time-out"
        note = Note("retransmission", {"number": number, "of": 0, "why": why})
        d.at(ms(4 * tick)).sends(sent, about=note)
    d.quiet_until(ms(4 * 235_008) - 1)
    d.at(ms(4 * 235_008)).delivers(Lost("15 retransmissions unanswered", "ETIMEDOUT")).armed({})
