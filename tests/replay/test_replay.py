"""Our captures, replayed through fresh machines: the same frames, octet for octet, to the ns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emu.policy.loader import load_policy
from emu.scenario.loader import load_scenario
from tests import reader
from tests.contract.worlds import POLICIES, made, playable_terminals
from tests.replay.machinery import differences
from tests.replay.story import Story, lives, tell


def story_of(scenario: str, policy: str) -> Story:
    return tell(load_scenario(scenario), load_policy(policy))


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "policy"), playable_terminals())
def test_every_run_can_be_replayed(scenario: str, policy: str) -> None:
    story = story_of(scenario, policy)
    assert differences(story) == []
    assert len(story.trace.frames) > 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_run_on_a_lossy_link_can_be_replayed(policy: str, seed: int, tmp_path: Path) -> None:
    """Frames that never reach the tap are in the ledger."""
    scenario = made(
        tmp_path,
        'kind = "power-loss"\nat = "400s"\noff_for = "60s"',
        program="""{ at = "0s", do = "log-on" },
            { from = "0s", until = "300s", every = "7s", do = "work" }""",
        after_restart='{ after = "5s", do = "log-on" }, { after = "90s", do = "log-off" }',
        link="loss = 0.15",
        horizon="3h",
    )
    assert differences(tell(scenario, load_policy(policy), seed=seed)) == []


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_two_transports_and_a_crowd_can_be_replayed(policy: str, tmp_path: Path) -> None:
    """Ten people at once, so that frames wait for one another at the server's port.

    Half of them speak NetWare (SPX where the others do): searches for a server are heard by
    all, and two stations of the server share one IPX framing.
    """
    other = "spx-nwlink" if policy.startswith("ncp") else "ncp-netware"
    crowd = "\n".join(
        f"""
[clients.pc{number}]
user = "user{number}"
boot_time = "20s"
{f'policy = "{other}"' if number % 2 else ""}
program = [
    {{ at = "1s", do = "log-on" }},
    {{ from = "1s", until = "60s", every = "2s", do = "work" }},
    {{ at = "70s", do = "log-off" }}, {{ at = "70s", do = "log-on" }},
]
after_restart = [{{ after = "1s", do = "log-on" }}]
[[faults]]
client = "pc{number}"
kind = "reboot"
at = "{80 + number}s"
"""
        for number in range(10)
    )
    story = tell(made(tmp_path, more=crowd, horizon="1h"), load_policy(policy))
    assert differences(story) == []
    assert len(lives(story)) == 1 + 1 + 2 * 10
    # Replay would agree with a server that hears nobody; so everybody must have got in.
    assert {move.session for move in story.trace.moves() if move.after == "ACTIVE"} >= {
        *range(1, 12)
    }


def corrupted(story: Story, number: int, place: int) -> Story:
    """The same, one bit of one frame of the file flipped."""
    frames = list(story.trace.frames)
    octets = bytearray(frames[number - 1].octets)
    octets[place] ^= 1
    frames[number - 1] = replace(frames[number - 1], octets=bytes(octets))
    return replace(story, trace=replace(story.trace, frames=frames))


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["ncp-netware", "tcp-keepalive-nt4-5min"])
def test_one_flipped_bit_anywhere_makes_replay_fail(policy: str) -> None:
    """Every frame of the wire once, at a place that moves through the frame."""
    story = story_of("client-power-loss", policy)
    wire = [frame for frame in story.trace.frames if frame.link_type == 1]
    for count, frame in enumerate(wire):
        place = (count * 7 + 6) % len(frame.octets)
        assert differences(corrupted(story, frame.number, place)), (frame.number, place)


@pytest.mark.parametrize("policy", ["ncp-mars-nwe", "tcp-keepalive-nt4"])
def test_a_frame_a_nanosecond_late_makes_replay_fail(policy: str) -> None:
    story = story_of("client-power-loss", policy)
    frames = list(story.trace.frames)
    index = next(n for n in reversed(range(len(frames))) if frames[n].link_type == 1)
    frames[index] = replace(frames[index], at_ns=frames[index].at_ns + 1)
    assert differences(replace(story, trace=replace(story.trace, frames=frames)))


def test_a_frame_that_is_missing_or_one_too_many_makes_replay_fail() -> None:
    story = story_of("client-power-loss", "ncp-netware")
    entries = [e for e in story.entries if not (e[1] == "sent" and e[2]["host"] == "server")]
    assert differences(replace(story, entries=entries))
    event = next(f for f in story.trace.frames if f.link_type == 1)
    again = reader.Trace(**{**vars(story.trace), "frames": [*story.trace.frames, event]})
    assert differences(replace(story, trace=again))


def test_an_event_row_that_nobody_lived_through_makes_replay_fail() -> None:
    story = story_of("client-power-loss", "ncp-netware")
    events = [e for e in story.trace.events if "DISCONNECTED" not in e.text]
    assert differences(replace(story, trace=replace(story.trace, events=events)))
