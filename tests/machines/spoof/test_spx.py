"""What is said for the absent end of an SPX connection, and when nothing is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.machines.spoof import SpxEnds, SpxKeepalives
from emu.pdu.ipx import IpxAddress
from emu.pdu.spx import Spx
from emu.units import seconds as s

#: The ends of facts/ipx.md 1.13, the server near: its id is 9774, the client's E8A2.
SERVER = IpxAddress(network=0xDEADBEEF, node=bytes(5) + b"\1", socket=0x8104)
CLIENT = IpxAddress(network=10, node=bytes.fromhex("00a0c9112233"), socket=0x4010)
ENDS = SpxEnds(near=SERVER, near_id=0x9774, far=CLIENT, far_id=0xE8A2)


def near(control: int = 0xC0, *, sequence: int = 0, ack: int = 0, stream: int = 0) -> Spx:
    return Spx(control=control, stream=stream, source_id=0x9774, destination_id=0xE8A2,
               sequence=sequence, acknowledgement=ack, allocation=ack + 3)  # fmt: skip


def far(
    control: int = 0x80, *, sequence: int = 0, ack: int = 0, stream: int = 0, window: int = 3
) -> Spx:
    return Spx(control=control, stream=stream, source_id=0xE8A2, destination_id=0x9774,
               sequence=sequence, acknowledgement=ack,
               allocation=(ack + window) % 65536)  # fmt: skip


def seen(*packets: Spx, at: int = 0) -> SpxKeepalives:
    """What passed from the far side at one instant."""
    keepalives = SpxKeepalives()
    for packet in packets:
        keepalives.from_far(ENDS, packet, at)
    return keepalives


def test_the_answer_has_the_absent_ends_ids_and_numbers() -> None:
    """It had sent 8 packets (next is 8), heard 7, and let us send up to 10."""
    keepalives = seen(far(0x50, sequence=7, ack=7))
    answer = keepalives.from_near(ENDS, near(sequence=7, ack=8), s(60))
    assert answer == Spx(control=0x80, source_id=0xE8A2, destination_id=0x9774, sequence=8,
                         acknowledgement=7, allocation=10)  # fmt: skip


def test_every_request_is_answered_the_same_for_ever() -> None:
    keepalives = seen(far())
    answers = [keepalives.from_near(ENDS, near(), s(60 + 6 * n)) for n in range(1_000)]
    assert answers == [far()] * 1_000


def test_it_waits_a_minute_behind_data_of_either_end() -> None:
    keepalives = seen(far(), at=0)
    assert keepalives.from_near(ENDS, near(), s(60) - 1) is None
    assert keepalives.from_near(ENDS, near(), s(60)) is not None
    assert keepalives.from_near(ENDS, near(0x50), s(100)) is None
    keepalives.from_far(ENDS, far(ack=1), s(101))
    assert keepalives.from_near(ENDS, near(sequence=1), s(160) - 1) is None
    assert keepalives.from_near(ENDS, near(sequence=1), s(160)) == far(ack=1)
    keepalives.from_far(ENDS, far(0x50, ack=1), s(200))
    assert keepalives.from_near(ENDS, near(sequence=1, ack=1), s(260) - 1) is None
    assert keepalives.from_near(ENDS, near(sequence=1, ack=1), s(260)) == far(sequence=1, ack=1)


def test_system_packets_do_not_count_as_data() -> None:
    keepalives = seen(far(), at=0)
    keepalives.from_far(ENDS, far(0xC0), s(59))
    assert keepalives.from_near(ENDS, near(0x80), s(59)) is None
    assert keepalives.from_near(ENDS, near(), s(60)) == far()


def test_a_connection_that_was_not_seen_is_not_spoofed() -> None:
    keepalives = SpxKeepalives()
    assert keepalives.from_near(ENDS, near(), s(1_000)) is None
    keepalives.from_far(ENDS._replace(far_id=1), replace(far(), source_id=1), 0)
    assert keepalives.from_near(ENDS, near(), s(1_000)) is None


def test_a_connection_request_makes_nothing_known() -> None:
    request = replace(far(0xC0), destination_id=0xFFFF)
    keepalives = SpxKeepalives()
    asked = ENDS._replace(near_id=0xFFFF)
    keepalives.from_far(asked, request, 0)
    assert keepalives.from_near(asked, near(), s(60)) is None


@pytest.mark.parametrize("stream", [0xFC, 0xFD, 0xFE, 0xFF])
@pytest.mark.parametrize("by_far", [True, False])
def test_an_ended_connection_is_forgotten(stream: int, by_far: bool) -> None:
    keepalives = seen(far())
    if by_far:
        keepalives.from_far(ENDS, far(0x50, stream=stream), s(1))
    else:
        assert keepalives.from_near(ENDS, near(0x50, stream=stream), s(1)) is None
    assert keepalives.from_near(ENDS, near(), s(1_000)) is None


@pytest.mark.parametrize(
    "packet",
    [near(sequence=1), near(ack=1), near(0x80), near(0x40), near(0xE0), near(0xD0)],
    ids=["our data on its way", "theirs lost", "asks nothing", "data", "attention", "end"],
)
def test_other_packets_go_on(packet: Spx) -> None:
    assert seen(far()).from_near(ENDS, packet, s(1_000)) is None


def test_spx_ii_is_answered_with_88_and_the_far_ends_size() -> None:
    """C8 is answered by 88 (facts/ipx.md 1.4); CC negotiates a size and is no keepalive."""
    known = replace(far(0x88), negotiation_size=1466)
    keepalives = seen(known)
    asked = replace(near(0xC8), negotiation_size=576)
    assert keepalives.from_near(ENDS, asked, s(60)) == known
    assert keepalives.from_near(ENDS, replace(asked, control=0xCC), s(60)) is None


def test_a_repeated_packet_does_not_turn_the_numbers_back() -> None:
    """Past 65535 as well: 65535 is one packet, 0 and 1 the next two."""
    keepalives = seen(far(0x50, sequence=0xFFFF, ack=0xFFFF), far(0x50, sequence=0, ack=1))
    keepalives.from_far(ENDS, far(0x50, sequence=0xFFFF, ack=0xFFFF), s(1))
    assert keepalives.from_near(ENDS, near(sequence=1, ack=1), s(61)) == far(sequence=1, ack=1)


@given(
    packets=st.lists(
        st.builds(
            Spx,
            control=st.sampled_from((0x40, 0x50, 0x80, 0xC0)),
            stream=st.integers(0, 255),
            source_id=st.just(0xE8A2),
            destination_id=st.just(0x9774),
            sequence=st.integers(0, 65535),
            acknowledgement=st.integers(0, 65535),
            allocation=st.integers(0, 65535),
        ),
        max_size=12,
    ),
    sequence=st.integers(0, 65535),
    ack=st.integers(0, 65535),
)
def test_an_answer_never_says_what_the_far_end_did_not(
    packets: list[Spx], sequence: int, ack: int
) -> None:
    """Its acknowledgement and allocation are those of one packet that came."""
    answer = seen(*packets).from_near(ENDS, near(sequence=sequence, ack=ack), s(60))
    if answer is not None:
        assert (answer.acknowledgement, answer.sequence) == (sequence, ack)
        said = {(packet.acknowledgement, packet.allocation) for packet in packets}
        assert (answer.acknowledgement, answer.allocation) in said
