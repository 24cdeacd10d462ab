"""What is said for the absent end of a TCP connection, and when nothing is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emu.machines.spoof import TcpKeepalives
from emu.pdu.ip_tcp import ACK, FIN, PSH, RST, SYN, Extensions, Segment

KEY = b"near and far"


def established(*, near: int = 1_000, far: int = 5_000) -> TcpKeepalives:
    """The far end has called: SYN, SYN ACK, ACK.  Next numbers near + 1, far + 1."""
    keepalives = TcpKeepalives()
    keepalives.from_far(KEY, Segment(far, 0, SYN, 8_192, mss=1460))
    opening = Segment(near, (far + 1) % 2**32, SYN | ACK, 8_192, mss=1460)
    assert keepalives.from_near(KEY, opening) is None
    keepalives.from_far(KEY, Segment((far + 1) % 2**32, (near + 1) % 2**32, ACK, 8_760))
    return keepalives


PROBE = Segment(1_000, 5_001, ACK, 8_192)
ANSWER = Segment(5_001, 1_001, ACK, 8_760)


@pytest.mark.parametrize("payload", [b"", b"\0"])
def test_a_probe_is_answered_as_the_far_end_would(payload: bytes) -> None:
    """SEQ = its SND.NXT, ACK = its RCV.NXT, no data, its window (facts/tcp.md 4.1)."""
    keepalives = established()
    probe = replace(PROBE, payload=payload)
    assert [keepalives.from_near(KEY, probe) for _ in range(3)] == [ANSWER] * 3


def test_it_follows_data_both_ways() -> None:
    """100 octets out, 30 in: next are 1101 and 5031; the window is the last one heard."""
    keepalives = established()
    assert keepalives.from_near(KEY, Segment(1_001, 5_001, ACK | PSH, 8_192, b"x" * 100)) is None
    keepalives.from_far(KEY, Segment(5_001, 1_101, ACK | PSH, 8_660, b"y" * 30))
    assert keepalives.from_near(KEY, Segment(1_101, 5_031, ACK, 8_162)) is None
    assert keepalives.from_near(KEY, Segment(1_100, 5_031, ACK, 8_162)) == Segment(
        5_031, 1_101, ACK, 8_660
    )


def test_numbers_wrap() -> None:
    """The near end's first number is 2^32 - 1, so its next is 0 and the probe's 2^32 - 1."""
    keepalives = established(near=2**32 - 1, far=2**32 - 1)
    probe = Segment(2**32 - 1, 0, ACK, 8_192)
    assert keepalives.from_near(KEY, probe) == Segment(0, 0, ACK, 8_760)


@pytest.mark.parametrize(
    "segment",
    [
        replace(PROBE, sequence=1_001),
        replace(PROBE, sequence=999),
        replace(PROBE, payload=b"ab"),
        replace(PROBE, flags=PSH),
        replace(PROBE, acknowledgement=5_000),
    ],
    ids=["an acknowledgement", "older", "data again", "no ACK", "has not heard all"],
)
def test_other_segments_go_on(segment: Segment) -> None:
    assert established().from_near(KEY, segment) is None


def test_data_on_its_way_is_the_far_ends_business() -> None:
    """One octet sent and not acknowledged: the same octets again look just like a probe."""
    keepalives = established()
    data = Segment(1_001, 5_001, ACK | PSH, 8_192, b"x")
    assert [keepalives.from_near(KEY, data) for _ in range(3)] == [None] * 3
    keepalives.from_far(KEY, Segment(5_001, 1_002, ACK, 8_760))
    assert keepalives.from_near(KEY, data) == Segment(5_001, 1_002, ACK, 8_760)


def test_a_shut_window_is_the_far_ends_business() -> None:
    keepalives = established()
    keepalives.from_far(KEY, Segment(5_001, 1_001, ACK, 0))
    assert keepalives.from_near(KEY, PROBE) is None


@pytest.mark.parametrize("flag", [FIN, RST])
@pytest.mark.parametrize("by_far", [True, False])
def test_an_ended_flow_is_forgotten(flag: int, by_far: bool) -> None:
    keepalives = established()
    assert KEY in keepalives
    if by_far:
        keepalives.from_far(KEY, Segment(5_001, 1_001, ACK | flag, 8_760))
    else:
        assert keepalives.from_near(KEY, Segment(1_001, 5_001, ACK | flag, 8_192)) is None
    assert KEY not in keepalives
    assert keepalives.from_near(KEY, PROBE) is None


def test_a_flow_that_was_not_seen_both_ways_is_not_answered_for() -> None:
    keepalives = TcpKeepalives()
    assert keepalives.from_near(KEY, Segment(1_000, 5_001, ACK, 8_192, b"x")) is None
    assert keepalives.from_near(KEY, PROBE) is None
    keepalives = TcpKeepalives()
    keepalives.from_far(KEY, Segment(5_001, 1_001, ACK, 8_760))
    assert keepalives.from_near(KEY, PROBE) is None


def test_a_new_syn_begins_a_new_flow() -> None:
    """The same ports again after a restart: nothing of the old numbers is left."""
    keepalives = established()
    keepalives.from_far(KEY, Segment(70_000, 0, SYN, 8_192, mss=1460))
    assert keepalives.from_near(KEY, PROBE) is None


def test_a_late_segment_does_not_turn_the_far_end_back() -> None:
    keepalives = established()
    assert keepalives.from_near(KEY, Segment(1_001, 5_001, ACK, 8_192, b"x" * 9)) is None
    keepalives.from_far(KEY, Segment(5_001, 1_010, ACK, 8_000))
    keepalives.from_far(KEY, Segment(5_001, 1_001, ACK, 7_000))
    assert keepalives.from_near(KEY, replace(PROBE, sequence=1_009)) == Segment(
        5_001, 1_010, ACK, 8_000
    )


def stamped(segment: Segment, value: int, echo: int) -> Segment:
    return replace(segment, extensions=Extensions(timestamps=(value, echo)))


def test_timestamps_are_the_far_ends_last_and_the_probes_own() -> None:
    """RFC 7323 3.2: TSecr is the TSval that is answered; TSval must not run ahead (5.3)."""
    keepalives = established()
    keepalives.from_far(KEY, stamped(Segment(5_001, 1_001, ACK, 8_760), 333, 111))
    probe = stamped(PROBE, 9_000, 333)
    assert keepalives.from_near(KEY, probe) == stamped(ANSWER, 333, 9_000)


def test_no_timestamps_where_one_end_has_none() -> None:
    keepalives = established()
    assert keepalives.from_near(KEY, stamped(PROBE, 9_000, 0)) == ANSWER
    keepalives.from_far(KEY, stamped(Segment(5_001, 1_001, ACK, 8_760), 333, 111))
    assert keepalives.from_near(KEY, PROBE) == ANSWER
