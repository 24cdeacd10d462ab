"""A capture that breaks: a hole in it, a clock that was set, and what only looks like them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from emu.check import Verdict
from emu.check.breaks import Break, Breaks, Lull, Mark
from emu.check.rules import Confidence, FlowClass
from emu.pdu.ip_tcp import ACK, PSH
from emu.units import NS_PER_S
from tests.check.frames import Stamped, Tcp, judged, only

#: The flow that is judged is seen up to 60 s; the others go on after the break at 1000 s.
BREAK_S, BACK_S = 60.0, 1000.0


def beating(port: int, *, until_s: float, at_s: float = 0.0) -> Tcp:
    """Data both ways every 2 s."""
    tcp = Tcp(client_port=port, client_ip=bytes((10, 0, 0, port - 1000))).opened(at_s)
    for turn in range(1, int((until_s - at_s) / 2)):
        tcp.exchange(at_s + turn * 2)
    return tcp


def going_on(tcp: Tcp, at_s: float, *, unseen: int = 0) -> Tcp:
    """A minute more; ``unseen`` octets of the client are not in the file."""
    tcp.client += unseen
    for turn in range(30):
        tcp.exchange(at_s + turn * 2)
    return tcp


def lost(folder: Path, *others: Tcp) -> Verdict:
    """The verdict on a flow that is not seen any more after 60 s."""
    judged_one = beating(1099, until_s=BREAK_S)
    frames = sorted(sum((each.frames for each in others), judged_one.frames))
    return named(judged(folder, frames).flows)


def named(flows: Sequence[Verdict]) -> Verdict:
    (found,) = [flow for flow in flows if flow.b.endswith(":1099")]
    return found


def test_octets_missing_after_a_pause_of_everybody_are_a_hole(tmp_path: Path) -> None:
    other = going_on(beating(1050, until_s=BREAK_S), BACK_S, unseen=500)
    found = lost(tmp_path, other)
    assert (found.flow_class, found.confidence) == (FlowClass.GAP, Confidence.LIKELY)
    assert (found.dead, found.disconnected_at_ns) == (None, None)
    assert found.sentence == (
        "10.0.0.1:1494 and 10.0.0.99:1099 were alive at 58.2 s and are not seen after it;"
        " the capture has a hole from 58.2 s to 1000 s"
    )


def test_the_same_pause_without_missing_octets_is_the_quiet_of_one_flow(tmp_path: Path) -> None:
    """One connection may rest for as long as it likes."""
    other = going_on(beating(1050, until_s=BREAK_S), BACK_S)
    assert lost(tmp_path, other).flow_class is FlowClass.UNKNOWN


def test_beats_that_stop_and_go_on_together_are_a_hole(tmp_path: Path) -> None:
    """Two flows of answered keepalives, every 10 s: nothing in them is numbered."""
    others: list[Tcp] = []
    for port in (1050, 1051):
        tcp = Tcp(client_port=port).opened()
        for at_s in (*range(10, 60, 10), *range(1000, 1060, 10)):
            tcp.probe(at_s + 0.1).from_client(at_s + 0.2)
        others.append(tcp)
    found = lost(tmp_path, *others)
    assert (found.flow_class, found.confidence) == (FlowClass.GAP, Confidence.POSSIBLE)


def test_a_beat_of_one_flow_that_stops_is_no_hole(tmp_path: Path) -> None:
    tcp = Tcp(client_port=1050).opened()
    for at_s in (*range(10, 60, 10), *range(1000, 1060, 10)):
        tcp.probe(at_s + 0.1).from_client(at_s + 0.2)
    assert lost(tmp_path, tcp).flow_class is FlowClass.UNKNOWN


def test_a_hole_that_others_fill_is_none(tmp_path: Path) -> None:
    """Somebody is seen all the time: the octets were lost one by one, not with all others."""
    other = going_on(beating(1050, until_s=BREAK_S), BACK_S, unseen=500)
    assert lost(tmp_path, other, beating(1051, until_s=1100)).flow_class is FlowClass.UNKNOWN


def test_whole_flows_that_jump_together_are_a_clock_that_was_set(tmp_path: Path) -> None:
    """Data every 2 s before and after, not an octet is missing: nobody sent for 940 s?"""
    others = [going_on(beating(port, until_s=BREAK_S), BACK_S) for port in (1050, 1051)]
    found = lost(tmp_path, *others)
    assert (found.flow_class, found.confidence) == (FlowClass.CLOCK_STEP, Confidence.POSSIBLE)
    assert found.sentence.endswith("; the clock jumps from 58.2 s to 1000 s")


def test_one_missing_octet_makes_it_a_hole(tmp_path: Path) -> None:
    whole = going_on(beating(1050, until_s=BREAK_S), BACK_S)
    torn = going_on(beating(1051, until_s=BREAK_S), BACK_S, unseen=1)
    assert lost(tmp_path, whole, torn).flow_class is FlowClass.GAP


def backward(by_s: float) -> list[Stamped]:
    """The clock is set back once; what was judged before it is not seen any more."""
    early = beating(1099, until_s=BREAK_S, at_s=0).frames
    late = going_on(beating(1050, until_s=8), BREAK_S + 40).frames
    return [*early, *((at_s + 500 - by_s, octets) for at_s, octets in late)]


def test_stamps_that_run_backwards_are_a_clock_that_was_set(tmp_path: Path) -> None:
    """The file goes on at once by frames; by stamps a time before its beginning."""
    found = named(judged(tmp_path, backward(490)).flows)
    assert (found.flow_class, found.confidence) == (FlowClass.CLOCK_STEP, Confidence.LIKELY)


def test_frames_in_the_wrong_order_are_no_step(tmp_path: Path) -> None:
    """Queues of adapters swap frames by less than a second."""
    tcp = beating(1099, until_s=BREAK_S).frames
    other = beating(1050, until_s=500).frames
    frames = sorted([*tcp, *other])
    frames[100], frames[101] = frames[101], frames[100]
    assert named(judged(tmp_path, frames).flows).flow_class is FlowClass.UNKNOWN


def test_probes_cut_off_by_a_hole_are_silence_whose_end_nobody_saw(tmp_path: Path) -> None:
    asked = beating(1099, until_s=40)
    for turn in range(4):
        asked.probe(50 + turn * 2)
    other = going_on(beating(1050, until_s=BREAK_S), BACK_S, unseen=500)
    found = named(judged(tmp_path, sorted(asked.frames + other.frames)).flows)
    assert (found.flow_class, found.how.value) == (FlowClass.SILENT, "still-open")
    assert found.sentence.endswith("the capture breaks off while 10.0.0.1:1494 still asks")


def test_an_end_that_was_seen_is_not_shaken_by_a_break(tmp_path: Path) -> None:
    ended = beating(1099, until_s=BREAK_S - 2).close(BREAK_S - 1)
    other = going_on(beating(1050, until_s=BREAK_S), BACK_S, unseen=500)
    found = named(judged(tmp_path, sorted(ended.frames + other.frames)).flows)
    assert found.flow_class is FlowClass.CLOSED


def test_an_idle_flow_alone_is_unknown_however_long(tmp_path: Path) -> None:
    tcp = Tcp().opened().exchange(10)
    assert only(tmp_path, tcp.frames, until_s=90_000).flow_class is FlowClass.UNKNOWN


@pytest.mark.parametrize("rhythm_s", [1, 235, 236], ids=["4 rhythms", "just", "too slow"])
def test_a_pause_counts_from_four_times_the_rhythm(rhythm_s: int) -> None:
    """940 s are 4 times 235 s."""
    pause = Break(Mark(60 * NS_PER_S, 1), Mark(1000 * NS_PER_S, 2))
    lull = Lull(60 * NS_PER_S, 1000 * NS_PER_S, rhythm_s * NS_PER_S)
    assert pause.interrupts(lull) == (rhythm_s <= 235)


def test_breaks_do_not_grow_with_the_file() -> None:
    breaks = Breaks()
    for turn in range(1000):
        breaks.tick(-turn * 10 * NS_PER_S, turn)
        breaks.tick(-turn * 10 * NS_PER_S + 5 * NS_PER_S, turn)
    assert len(breaks._kept) == 16
    assert len(breaks._recent) == 8


def test_data_acknowledged_but_never_seen_is_missing(tmp_path: Path) -> None:
    other = beating(1050, until_s=BREAK_S)
    other.client += 40
    other.from_server(BACK_S, PSH | ACK, payload=b"z").server += 1
    assert lost(tmp_path, other).flow_class is FlowClass.GAP
